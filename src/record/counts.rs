//! How much of what happened: kept while a session runs, checked afterwards.

use serde::Deserialize;
use serde::Serialize;

use crate::audit::Answer;
use crate::audit::Event;
use crate::audit::Via;
use crate::types::Effect;

/// Numbers of events of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// AWS calls of the program: hoop's own look-ups are not counted.
    pub calls: u64,
    /// Calls that a rule denied, and questions that were not answered with yes; a retry that waits for the same answer is
    /// not counted again.
    pub denied: u64,
    /// Questions to people. A retry joins one and is none.
    pub asked: u64,
    /// Questions answered with yes.
    pub granted: u64,
    /// Calls and commands that an earlier yes let through. Older seals do not say.
    pub used: u64,
    /// Programs executed.
    pub commands: u64,
    /// Alerts.
    pub alerts: u64,
    /// Masked secrets.
    pub masks: u64,
    /// Events that say something was lost.
    pub lost: u64,
}

impl Counts {
    /// Counts one event.
    pub fn add(&mut self, event: &Event) {
        match event {
            // Look-ups for a question are none of the program's.
            Event::CallBegin(call) => self.calls += u64::from(call.via != Via::Hoop),
            Event::Decision(decision) => self.denied += u64::from(decision.effect == Effect::Deny),
            Event::CallEnd(end) => self.add_masks(end.masks.values()),
            Event::ApprovalAsked(_) => self.asked += 1,
            Event::ApprovalAnswered(answer) => match answer.answer {
                Answer::Granted => self.granted += 1,
                _ => self.denied += 1,
            },
            Event::ApprovalUsed(_) => self.used += 1,
            Event::CommandStart(_) => self.commands += 1,
            Event::Alert(_) => self.alerts += 1,
            Event::Mask(mask) => self.add_masks(mask.rules.values()),
            Event::Lost(_) => self.lost += 1,
            _ => {}
        }
    }

    fn add_masks<'a>(&mut self, hits: impl Iterator<Item = &'a u64>) {
        self.masks = hits.fold(self.masks, |sum, hits| sum.saturating_add(*hits));
    }
}
