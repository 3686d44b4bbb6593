//! What happened in a session, line by line as the record has it.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::VecDeque;
use std::io;

use super::Plain;
use super::call;
use crate::audit::AlertAction;
use crate::audit::Answer;
use crate::audit::ApprovalAnswered;
use crate::audit::CommandFailed;
use crate::audit::CommandFailure;
use crate::audit::CommandStart;
use crate::audit::CommandTyped;
use crate::audit::Credential;
use crate::audit::End;
use crate::audit::Event as Told;
use crate::audit::Line;
use crate::audit::command_line;
use crate::audit::reach;
use crate::cast::Event;
use crate::cast::Kind;
use crate::export::is_told_by_audit;
use crate::record::Attempts;
use crate::replay::entries::duration;
use crate::replay::layout::clock;
use crate::types::Micros;

/// Most commands whose level is known; calls and commands below older ones begin anew at the first level.
const MAX_LEVELS: usize = 100_000;
/// How long a program that was not found waits for the next folder of its search, and most things that wait behind it.
const SEARCH: u64 = 200_000;
const MAX_HELD: usize = 1_000;

/// One thing that happened.
pub enum Happened {
    /// As the audit log tells it.
    Audit(Box<Line>),
    /// On the terminal.
    Terminal(Event),
}

impl Happened {
    fn at(&self) -> Micros {
        match self {
            Self::Audit(line) => line.t,
            Self::Terminal(event) => event.time,
        }
    }
}

struct Held {
    what: Happened,
    /// It is one folder of a search for a program, and another one came after it.
    is_step: bool,
}

/// Tells what happened. Holds the levels of commands, and for a moment what may be a step of a search along `PATH`.
pub struct Teller {
    is_ours: bool,
    levels: HashMap<u64, u32>,
    order: VecDeque<u64>,
    held: VecDeque<Held>,
    /// The number of the first one held.
    first: usize,
    newest: Micros,
    attempts: Attempts,
    told: u64,
}

impl Teller {
    /// For a session of hoop's (`is_ours`), whose markers tell of what its audit log tells, or any other recording.
    pub fn new(is_ours: bool) -> Self {
        Self {
            is_ours,
            levels: HashMap::new(),
            order: VecDeque::new(),
            held: VecDeque::new(),
            first: 0,
            newest: Micros(0),
            attempts: Attempts::default(),
            told: 0,
        }
    }

    /// How many things have been told.
    pub fn told(&self) -> u64 {
        self.told
    }

    /// Takes the next thing, in the order of time.
    pub fn take(&mut self, what: Happened, plain: &mut Plain<'_>) -> io::Result<()> {
        self.newest = self.newest.max(what.at());
        let number = self.first + self.held.len();
        let step = match &what {
            Happened::Audit(line) => match &line.event {
                Told::CommandFailed(failed) if failed.why != CommandFailure::Refused => {
                    self.attempts.failed(failed.pid, &failed.argv, number)
                }
                Told::CommandStart(start) => self.attempts.started(start.pid, &start.argv),
                _ => None,
            },
            Happened::Terminal(_) => None,
        };
        let step = step.and_then(|step| self.held.get_mut(step.checked_sub(self.first)?));
        if let Some(step) = step {
            step.is_step = true;
        }
        self.held.push_back(Held { what, is_step: false });
        self.release(false, plain)
    }

    /// Tells what is held: nothing more will come for now.
    pub fn finish(&mut self, plain: &mut Plain<'_>) -> io::Result<()> {
        self.release(true, plain)
    }

    fn release(&mut self, all: bool, plain: &mut Plain<'_>) -> io::Result<()> {
        while let Some(front) = self.held.front() {
            let waits = match &front.what {
                Happened::Audit(line) => {
                    matches!(&line.event, Told::CommandFailed(failed) if failed.why != CommandFailure::Refused)
                }
                Happened::Terminal(_) => false,
            };
            let is_new = self.newest.0.saturating_sub(front.what.at().0) < SEARCH;
            if waits && is_new && !front.is_step && !all && self.held.len() < MAX_HELD {
                break;
            }
            self.first += 1;
            match self.held.pop_front() {
                Some(Held { what, is_step: false }) => self.tell(&what, plain)?,
                _ => continue,
            }
        }
        Ok(())
    }

    fn tell(&mut self, what: &Happened, plain: &mut Plain<'_>) -> io::Result<()> {
        let (line, when) = match what {
            Happened::Terminal(event) => return self.terminal(event, plain),
            Happened::Audit(line) => (line, clock(line.t.0, true)),
        };
        self.told += 1;
        match &line.event {
            Told::CommandStart(start) => self.command(start, &when, plain),
            Told::CommandEnd(end) => {
                let result = match (end.status, end.signal, end.replaced_by) {
                    (_, _, Some(next)) => format!("its process went on as command {next}"),
                    (status, signal, None) => ending(status, signal),
                };
                let value = format!("{result}, after {}", duration(end.took));
                plain.fact(&format!("command {} ended at {when}", end.id), &value)
            }
            Told::CommandFailed(failed) => not_run(failed, &when, plain),
            Told::CommandTyped(typed) => typed_line(typed, line.t, plain),
            Told::CallBegin(begin) => call::begin(begin, &when, plain),
            Told::Decision(decision) => call::decision(decision, plain),
            Told::CallEnd(end) => call::end(end, &when, plain),
            Told::ApprovalAsked(asked) => {
                let label = |part: &str| format!("question {} {part}", asked.id);
                plain.fact(&label(&format!("asked at {when}")), &asked.question)?;
                plain.fact(&label("about call"), &number(asked.call))?;
                plain.fact(&label("rule"), asked.rule.as_deref().unwrap_or_default())?;
                for need in &asked.needs {
                    plain.fact(&label("needs"), need)?;
                }
                if asked.needs.is_empty() {
                    plain.fact(&label("needs"), "whoever the session belongs to")?;
                }
                plain.fact(&label("waits for at most"), &duration(asked.ttl))
            }
            Told::ApprovalJoined(joined) => {
                let call = joined.call.map_or("a retry".to_owned(), |call| format!("call {call}, a retry"));
                plain.fact(&format!("question {} joined at {when}", joined.id), &call)
            }
            Told::ApprovalShown(shown) => {
                let error = shown.error.as_ref().map(|error| format!(", did not get there: {error}"));
                let value = format!("{} on {}{}", shown.to, shown.via, error.unwrap_or_default());
                plain.fact(&format!("question {} shown at {when}", shown.id), &value)
            }
            Told::ApprovalVote(vote) => {
                let why = vote.reason.as_ref().map(|why| format!(", because {why}")).unwrap_or_default();
                let value = format!("yes of {} on {}{why}", vote.by, vote.via);
                plain.fact(&format!("question {} vote at {when}", vote.id), &value)
            }
            Told::ApprovalAnswered(answered) => answer(answered, &when, plain),
            Told::ApprovalUsed(used) => {
                let call = used.call.map(|call| format!("call {call} ")).unwrap_or_default();
                let value = format!("{call}went on because of its yes: {}", used.question);
                plain.fact(&format!("question {} used at {when}", used.id), &value)
            }
            Told::ApprovalExpired(expired) => {
                let value =
                    format!("its yes counts no longer, used {} times: {}", expired.used, expired.reason);
                plain.fact(&format!("question {} ended at {when}", expired.id), &value)
            }
            Told::Alert(alert) => {
                let then = match alert.then {
                    AlertAction::Note => "noted",
                    AlertAction::Ask => "a person is asked",
                    AlertAction::Stop => "the session is stopped",
                };
                let call = alert.call.map(|call| format!(", set off by call {call}")).unwrap_or_default();
                plain
                    .fact(&format!("alert {} at {when}", alert.name), &format!("{}{call}", alert.message))?;
                plain.fact(&format!("alert {} does", alert.name), then)
            }
            Told::Credential(credential) => tell_credential(credential, &when, plain),
            Told::Mask(mask) if mask.call.is_none() => {
                plain.fact(&format!("masked in {} at {when}", mask.place), &counted(&mask.rules))
            }
            Told::Terminal(note) => {
                let value = format!("{}, {} times, {} bytes", note.done, note.count, note.bytes);
                plain.fact(&format!("terminal {} at {when}", note.what), &value)
            }
            Told::Lost(lost) => {
                let value = format!("{}, {} bytes: {}", lost.what, lost.bytes, lost.reason);
                plain.fact(&format!("lost at {when}"), &value)
            }
            Told::SessionEnd(end) => plain.fact(&format!("session ended at {when}"), &ended(end)),
            Told::Other(fields) => {
                let kind = fields.get("type").and_then(|kind| kind.as_str()).unwrap_or("without a type");
                plain.fact(&format!("unknown event at {when}"), kind)
            }
            Told::Mask(_) | Told::SessionStart(_) | Told::Checkpoint(_) => {
                self.told -= 1;
                Ok(())
            }
        }
    }

    fn terminal(&mut self, event: &Event, plain: &mut Plain<'_>) -> io::Result<()> {
        let when = clock(event.time.0, true);
        match event.kind {
            Kind::Marker if !self.is_ours || !is_told_by_audit(&event.data) => {
                self.told += 1;
                let name = if event.data.is_empty() { "without a name" } else { &event.data };
                plain.fact(&format!("marker at {when}"), name)
            }
            Kind::Resize => match event.size() {
                Some((cols, rows)) => {
                    plain.fact(&format!("terminal size at {when}"), &format!("{cols} columns, {rows} rows"))
                }
                None => Ok(()),
            },
            Kind::Exit if !self.is_ours => {
                plain.fact(&format!("program ended at {when}"), &format!("exit status {}", event.data))
            }
            _ => Ok(()),
        }
    }

    fn command(&mut self, start: &CommandStart, when: &str, plain: &mut Plain<'_>) -> io::Result<()> {
        let level = self.level(start);
        let label = |part: &str| format!("command {} {part}", start.id);
        let cut = if start.truncated { " (some arguments are missing)" } else { "" };
        plain.fact(&label(&format!("began at {when}")), &format!("{}{cut}", command_line(&start.argv)))?;
        let above = match (start.replaces, start.parent) {
            (Some(before), _) => format!("in the place of command {before}"),
            (None, Some(parent)) => format!("below command {parent}, which started it"),
            (None, None) => "nothing recorded started it".to_owned(),
        };
        plain.fact(&label("level"), &format!("{level}, {above}"))?;
        plain.fact(&label("program"), start.exe.as_deref().unwrap_or_default())?;
        plain.fact(&label("folder"), start.cwd.as_deref().unwrap_or_default())?;
        plain.fact(&label("process"), &start.pid.to_string())?;
        plain.fact(&label("noted by rule"), start.rule.as_deref().unwrap_or_default())
    }

    /// The level of a command, from 1.
    fn level(&mut self, start: &CommandStart) -> u32 {
        let known = |id: Option<u64>| id.and_then(|id| self.levels.get(&id).copied());
        let level = match (known(start.replaces), known(start.parent)) {
            (Some(same), _) => same,
            (None, Some(above)) => above.saturating_add(1),
            (None, None) => 1,
        };
        if self.levels.insert(start.id, level).is_none() {
            self.order.push_back(start.id);
        }
        if self.order.len() > MAX_LEVELS
            && let Some(oldest) = self.order.pop_front()
        {
            self.levels.remove(&oldest);
        }
        level
    }
}

fn not_run(failed: &CommandFailed, when: &str, plain: &mut Plain<'_>) -> io::Result<()> {
    let what = match failed.why {
        CommandFailure::NotFound => "not found",
        CommandFailure::NotExecutable => "not executable",
        CommandFailure::Refused => "refused",
    };
    let below = failed.parent.map(|parent| format!(", wanted by command {parent}")).unwrap_or_default();
    let value = format!("{}{below}", command_line(&failed.argv));
    plain.fact(&format!("command {what} at {when}"), &value)?;
    plain.fact(&format!("command {what} by rule"), failed.rule.as_deref().unwrap_or_default())
}

fn typed_line(typed: &CommandTyped, ended: Micros, plain: &mut Plain<'_>) -> io::Result<()> {
    let began = clock(ended.0.saturating_sub(typed.took.0), true);
    let line = if typed.line.is_empty() { "kept out of the shell's history" } else { typed.line.as_str() };
    plain.fact(&format!("typed line at {began}"), line)?;
    let value = format!("{}, after {}", ending(typed.status, None), duration(typed.took));
    plain.fact(&format!("typed line ended at {}", clock(ended.0, true)), &value)
}

fn answer(answered: &ApprovalAnswered, when: &str, plain: &mut Plain<'_>) -> io::Result<()> {
    let label = |part: &str| format!("question {} {part}", answered.id);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let word = match answered.answer {
        Answer::Granted => "granted",
        Answer::Denied => "denied",
        Answer::Expired => "nobody answered in time",
        Answer::Nobody => "nobody could have answered",
        Answer::Withdrawn => "withdrawn",
    };
    plain.fact(
        &label(&format!("answered at {when}")),
        &format!("{word}, after {}", duration(answered.took)),
    )?;
    plain.fact(&label("answered by"), &text(&answered.by))?;
    plain.fact(&label("answered by known as"), &text(&answered.identity))?;
    plain.fact(&label("answered on"), &text(&answered.via))?;
    plain.fact(&label("answered because"), &text(&answered.reason))?;
    plain.fact(&label("answer reaches"), &answered.scope.as_deref().map(reach).unwrap_or_default())
}

fn tell_credential(credential: &Credential, when: &str, plain: &mut Plain<'_>) -> io::Result<()> {
    let label = |part: &str| format!("credential {} {part}", credential.what);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let source = if credential.source.is_empty() { "unknown source" } else { &credential.source };
    plain.fact(&label(&format!("at {when}")), source)?;
    plain.fact(&label("key"), &text(&credential.key))?;
    plain.fact(&label("role"), &text(&credential.role))?;
    plain.fact(&label("session"), &text(&credential.arn))?;
    let ends = credential.expires.and_then(|at| jiff::Timestamp::from_second(i64::try_from(at).ok()?).ok());
    plain.fact(&label("ends"), &ends.map(|at| at.to_string()).unwrap_or_default())?;
    plain.fact(&label("enforced by AWS"), &text(&credential.enforced))?;
    plain.fact(&label("remark"), &text(&credential.reason))
}

/// `exit status 1`, `signal 9`.
pub(super) fn ending(status: Option<i32>, signal: Option<i32>) -> String {
    match (status, signal) {
        (_, Some(signal)) => format!("signal {signal}"),
        (Some(0), None) => "exit status 0, success".to_owned(),
        (Some(status), None) => format!("exit status {status}"),
        (None, None) => "unknown exit status".to_owned(),
    }
}

/// How a session ended.
pub(super) fn ended(end: &End) -> String {
    let message = end.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    format!("{}, {}{message}", end.reason.as_str(), ending(end.status, end.signal))
}

/// `aws-secret-key 2 times, email once`.
pub(super) fn counted(rules: &BTreeMap<String, u64>) -> String {
    let times = |count: &u64| if *count == 1 { "once".to_owned() } else { format!("{count} times") };
    rules.iter().map(|(rule, count)| format!("{rule} {}", times(count))).collect::<Vec<_>>().join(", ")
}

fn number(number: Option<u64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}
