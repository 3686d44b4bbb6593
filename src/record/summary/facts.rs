//! The lines of an audit log, turned into what a summary counts.

use std::collections::BTreeMap;
use std::collections::HashMap;

use crate::audit::Answer;
use crate::audit::CommandFailed;
use crate::audit::CommandFailure;
use crate::audit::CommandStart;
use crate::audit::Event;
use crate::audit::Outcome;
use crate::audit::Via;
use crate::audit::command_line;
use crate::record::Attempts;
use crate::record::open::clipped;
use crate::types::AccessLevel;
use crate::types::Effect;
use crate::types::Micros;

/// Calls and commands that may be under way at once; of more, the oldest are taken to have no end.
const MAX_OPEN: usize = 20_000;

/// Something that a summary counts.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fact<'a> {
    /// A program made an AWS call.
    Call {
        /// Its service.
        service: &'a str,
        /// What its action does.
        access: AccessLevel,
        /// The ARNs that it is about.
        resources: &'a [String],
    },
    /// hoop looked something up for a question.
    LookUp,
    /// That call was refused: by a rule, by people, or because it was none that hoop could forward.
    Denied {
        /// Its service.
        service: &'a str,
        /// What its action does.
        access: AccessLevel,
    },
    /// Policy decided about a call.
    Decided {
        /// What.
        effect: Effect,
        /// Name of the rule, or where it stands.
        rule: &'a str,
    },
    /// A call ended.
    Ended {
        /// Its service.
        service: &'a str,
        /// Bytes of its request body.
        sent: u64,
        /// Bytes of its response body.
        received: u64,
    },
    /// It did not succeed.
    Failed {
        /// The error code; else the HTTP status, or what became of it, in words.
        error: &'a str,
    },
    /// A rule masked so many secrets there: `terminal`, `call`, `command`.
    Masked {
        /// The rule.
        rule: &'a str,
        /// Where.
        place: &'a str,
        /// How many.
        times: u64,
    },
    /// A question to people was settled.
    Answered(Answer),
    /// A call went on because of an earlier yes.
    Used,
    /// A program was executed.
    Executed,
    /// It, or a line that was typed, is over, or the session is.
    Ran {
        /// Program and arguments, or the line.
        line: &'a str,
        /// Whether it was typed at a prompt.
        typed: bool,
        /// How long it ran.
        took: Micros,
        /// How it ended; none: not with a status of its own.
        end: CommandEnded,
    },
    /// A program was not executed, or not with success.
    Unsuccessful {
        /// Program and arguments, or the line.
        line: &'a str,
        /// Whether it was typed at a prompt.
        typed: bool,
        /// How it ended.
        end: CommandEnded,
    },
    /// The attempt to execute that program was a step of a search along `PATH`: it counts no longer.
    WasStep {
        /// Program and arguments.
        line: &'a str,
        /// How it had ended.
        end: CommandEnded,
    },
    /// An alert.
    Alert(&'a str),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandEnded {
    /// With this exit status.
    Status(i32),
    /// By this signal.
    Signal(i32),
    /// It was not executed.
    Not(CommandFailure),
    /// Its process went on as another command.
    WentOn,
    /// It still ran when the record ended, or its end was not told.
    Unknown,
}

impl CommandEnded {
    /// In a word or two: `ok`, `exit 2`, `signal 9`, `not found`.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Status(0) => "ok".to_owned(),
            Self::Status(status) => format!("exit {status}"),
            Self::Signal(signal) => format!("signal {signal}"),
            Self::Not(CommandFailure::NotFound) => "not found".to_owned(),
            Self::Not(CommandFailure::NotExecutable) => "not executable".to_owned(),
            Self::Not(CommandFailure::Refused) => "refused".to_owned(),
            Self::WentOn => "went on".to_owned(),
            Self::Unknown => "no end".to_owned(),
        }
    }

    /// Whether it did not do what was wanted.
    #[must_use]
    pub fn is_failure(self) -> bool {
        !matches!(self, Self::Status(0) | Self::WentOn | Self::Unknown)
    }
}

/// Joins the lines that tell of one thing. Give it all lines of a log in order.
#[derive(Debug, Default)]
pub(super) struct Facts {
    calls: BTreeMap<u64, OpenCall>,
    commands: BTreeMap<u64, OpenCommand>,
    attempts: Attempts,
    /// What the last failed attempt of each process was to execute.
    attempted: HashMap<u32, CommandFailure>,
}

#[derive(Debug)]
struct OpenCall {
    at: Micros,
    service: String,
    access: AccessLevel,
    denied: bool,
}

#[derive(Debug)]
struct OpenCommand {
    at: Micros,
    line: String,
}

impl Facts {
    /// Takes the next event; tells each fact with the moment it belongs to.
    pub(super) fn take(&mut self, at: Micros, event: &Event, tell: &mut dyn FnMut(Micros, Fact<'_>)) {
        match event {
            Event::CallBegin(begin) if begin.via == Via::Hoop => tell(at, Fact::LookUp),
            Event::CallBegin(begin) => {
                let (service, access) = (clipped(begin.service.clone()), begin.access);
                tell(at, Fact::Call { service: &service, access, resources: &begin.resources });
                self.calls.insert(begin.call, OpenCall { at, service, access, denied: false });
                if self.calls.len() > MAX_OPEN {
                    self.calls.pop_first();
                }
            }
            Event::Decision(decision) => {
                let Some(call) = self.calls.get_mut(&decision.call) else { return };
                let rule = decision.rule.as_deref().unwrap_or(&decision.origin);
                tell(call.at, Fact::Decided { effect: decision.effect, rule });
                if decision.effect == Effect::Deny {
                    call.deny(tell);
                }
            }
            Event::CallEnd(end) => {
                let Some(mut call) = self.calls.remove(&end.call) else { return };
                if end.outcome == Outcome::Refused {
                    call.deny(tell);
                }
                let service = &call.service;
                tell(call.at, Fact::Ended { service, sent: end.bytes_in, received: end.bytes_out });
                if let Some(error) = error(end.outcome, end.status, end.error.as_deref()) {
                    tell(call.at, Fact::Failed { error: &error });
                }
                for (rule, times) in &end.masks {
                    tell(call.at, Fact::Masked { rule, place: "call", times: *times });
                }
            }
            Event::Mask(mask) => {
                for (rule, times) in &mask.rules {
                    tell(at, Fact::Masked { rule, place: &mask.place, times: *times });
                }
            }
            Event::ApprovalAnswered(answered) => tell(at, Fact::Answered(answered.answer)),
            Event::ApprovalUsed(_) => tell(at, Fact::Used),
            Event::Alert(alert) => tell(at, Fact::Alert(&alert.name)),
            _ => self.take_command(at, event, tell),
        }
    }

    fn take_command(&mut self, at: Micros, event: &Event, tell: &mut dyn FnMut(Micros, Fact<'_>)) {
        match event {
            Event::CommandStart(start) => self.start(at, start, tell),
            Event::CommandFailed(failed) => self.fail(at, failed, tell),
            Event::CommandEnd(end) => {
                let Some(OpenCommand { at, line }) = self.commands.remove(&end.id) else { return };
                let ended = match (end.status, end.signal, end.replaced_by) {
                    (Some(status), ..) => CommandEnded::Status(status),
                    (None, Some(signal), _) => CommandEnded::Signal(signal),
                    (None, None, Some(_)) => CommandEnded::WentOn,
                    (None, None, None) => CommandEnded::Unknown,
                };
                tell(at, Fact::Ran { line: &line, typed: false, took: end.took, end: ended });
                if ended.is_failure() {
                    tell(at, Fact::Unsuccessful { line: &line, typed: false, end: ended });
                }
            }
            Event::CommandTyped(typed) => {
                let began = Micros(at.0.saturating_sub(typed.took.0));
                let ended = typed.status.map_or(CommandEnded::Unknown, CommandEnded::Status);
                let line = clipped(typed.line.clone());
                tell(began, Fact::Ran { line: &line, typed: true, took: typed.took, end: ended });
                if ended.is_failure() {
                    tell(began, Fact::Unsuccessful { line: &line, typed: true, end: ended });
                }
            }
            _ => {}
        }
    }

    fn start(&mut self, at: Micros, start: &CommandStart, tell: &mut dyn FnMut(Micros, Fact<'_>)) {
        let line = clipped(command_line(&start.argv));
        let was_step = self.attempts.started(start.pid, &start.argv).is_some();
        if let Some(why) = self.attempted.remove(&start.pid).filter(|_| was_step) {
            tell(at, Fact::WasStep { line: &line, end: CommandEnded::Not(why) });
        }
        tell(at, Fact::Executed);
        self.commands.insert(start.id, OpenCommand { at, line });
        if self.commands.len() > MAX_OPEN {
            self.commands.pop_first();
        }
    }

    fn fail(&mut self, at: Micros, failed: &CommandFailed, tell: &mut dyn FnMut(Micros, Fact<'_>)) {
        let line = clipped(command_line(&failed.argv));
        let end = CommandEnded::Not(failed.why);
        if failed.why != CommandFailure::Refused {
            let was_step = self.attempts.failed(failed.pid, &failed.argv, 0).is_some();
            let before = self.attempted.insert(failed.pid, failed.why);
            if let Some(why) = before.filter(|_| was_step) {
                tell(at, Fact::WasStep { line: &line, end: CommandEnded::Not(why) });
            }
        }
        tell(at, Fact::Unsuccessful { line: &line, typed: false, end });
    }

    /// The commands that have no end yet, as if they ended at `last`.
    pub(super) fn running(&self, last: Micros, tell: &mut dyn FnMut(Micros, Fact<'_>)) {
        for OpenCommand { at, line } in self.commands.values() {
            let took = Micros(last.0.saturating_sub(at.0));
            tell(*at, Fact::Ran { line, typed: false, took, end: CommandEnded::Unknown });
        }
    }

    /// Calls that have no end yet.
    pub(super) fn open_calls(&self) -> usize {
        self.calls.len()
    }
}

impl OpenCall {
    fn deny(&mut self, tell: &mut dyn FnMut(Micros, Fact<'_>)) {
        if !self.denied {
            self.denied = true;
            tell(self.at, Fact::Denied { service: &self.service, access: self.access });
        }
    }
}

/// What went wrong with a call, in the words of a table; none: nothing.
pub(in crate::record) fn error(outcome: Outcome, status: Option<u16>, code: Option<&str>) -> Option<String> {
    match (code, status, outcome) {
        (Some(code), ..) => Some(clipped(code.to_owned())),
        (None, _, Outcome::Failed) => Some("no whole answer".to_owned()),
        (None, _, Outcome::Cancelled) => Some("the client went away".to_owned()),
        (None, Some(status @ 400..), _) => Some(format!("HTTP {status}")),
        (None, _, Outcome::Refused) => Some("refused".to_owned()),
        (None, _, Outcome::Answered) => None,
    }
}
