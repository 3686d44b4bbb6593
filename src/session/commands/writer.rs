//! Masks what the supervisor saw, and records it.

use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use super::words::Words;
use crate::audit::CommandEnd;
use crate::audit::CommandFailed;
use crate::audit::CommandFailure;
use crate::audit::CommandStart;
use crate::audit::Event;
use crate::record::command_line;
use crate::sandbox::process::Exit;
use crate::types::Micros;

/// The same refusal is told once within this time: a search along PATH is refused in every folder.
const TELL_AGAIN: Duration = Duration::from_secs(2);
/// Characters of a command line in a notice.
const SHOWN: usize = 120;

/// What is to be recorded.
pub(super) enum Fact {
    Started(Box<Started>),
    Ended {
        command: u64,
        exit: Option<Exit>,
        replaced_by: Option<u64>,
        took: Micros,
    },
    Failed(Box<Failed>),
    /// Masked already.
    Event(Box<Event>),
}

pub(super) struct Started {
    pub(super) command: u64,
    pub(super) pid: u32,
    pub(super) ppid: Option<u32>,
    pub(super) parent: Option<u64>,
    pub(super) replaces: Option<u64>,
    pub(super) words: Arc<Words>,
    pub(super) rule: Option<String>,
}

pub(super) struct Failed {
    pub(super) pid: u32,
    pub(super) parent: Option<u64>,
    pub(super) words: Arc<Words>,
    pub(super) why: CommandFailure,
    pub(super) rule: Option<String>,
    /// Why it was refused, for the person at the terminal; not masked.
    pub(super) told: Option<String>,
}

impl Fact {
    /// Bytes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Started(started) => 128 + started.words.bytes(),
            Self::Failed(failed) => 128 + failed.words.bytes(),
            Self::Ended { .. } => 64,
            Self::Event(_) => 1_024,
        }
    }
}

/// The thread that records.
pub(super) struct Writer {
    shared: Arc<Shared>,
    told: Option<(String, Micros)>,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, told: None }
    }

    /// Records until the queue is closed and empty. A recorder that fails tells so itself, and the session stops.
    pub(super) fn run(mut self) {
        while let Some(facts) = self.shared.queue.take() {
            for fact in facts {
                self.record(fact);
            }
        }
    }

    fn record(&mut self, fact: Fact) {
        let event = match fact {
            Fact::Started(started) => self.started(*started),
            Fact::Ended { command, exit, replaced_by, took } => {
                let (status, signal) = match exit {
                    Some(Exit::Status(status)) => (Some(status), None),
                    Some(Exit::Signal(signal)) => (None, Some(signal)),
                    None => (None, None),
                };
                Event::CommandEnd(CommandEnd { id: command, status, signal, replaced_by, took })
            }
            Fact::Failed(failed) => self.failed(*failed),
            Fact::Event(event) => *event,
        };
        drop(self.shared.setup.recorder.event(&event));
    }

    fn masked(&self, text: Option<String>) -> Option<String> {
        text.map(|text| self.shared.setup.masks.text(&text).into_owned())
    }

    fn started(&self, started: Started) -> Event {
        let words = &started.words;
        Event::CommandStart(CommandStart {
            id: started.command,
            pid: started.pid,
            ppid: started.ppid,
            parent: started.parent,
            replaces: started.replaces,
            argv: self.shared.setup.masks.argv(&words.argv_text()),
            truncated: words.truncated,
            exe: self.masked(words.exe_text()),
            cwd: self.masked(words.cwd_text()),
            rule: started.rule,
        })
    }

    fn failed(&mut self, failed: Failed) -> Event {
        let words = &failed.words;
        let argv = self.shared.setup.masks.argv(&words.argv_text());
        if let Some(reason) = failed.told {
            let reason = self.shared.setup.masks.text(&reason).into_owned();
            let rule = failed.rule.as_deref().unwrap_or_default();
            self.tell(&argv, rule, &reason);
        }
        Event::CommandFailed(CommandFailed {
            pid: failed.pid,
            parent: failed.parent,
            argv,
            exe: self.masked(words.exe_text()),
            cwd: self.masked(words.cwd_text()),
            why: failed.why,
            rule: failed.rule,
        })
    }

    fn tell(&mut self, argv: &[String], rule: &str, reason: &str) {
        let mut line: String = command_line(argv).chars().take(SHOWN).collect();
        if line.chars().count() == SHOWN {
            line.push('…');
        }
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        let notice = format!("hoop-run: refused: {line}\n  why: rule {rule}{reason}");
        let now = self.shared.setup.clock.elapsed();
        let again = self.told.as_ref().is_some_and(|(told, at)| {
            *told == notice && now.0.saturating_sub(at.0) < Micros::from(TELL_AGAIN).0
        });
        if !again {
            self.shared.setup.notices.tell(&notice);
            self.told = Some((notice, now));
        }
    }
}
