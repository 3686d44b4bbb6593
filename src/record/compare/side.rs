//! One of two sessions that are compared: its calls and commands, as far as comparing needs them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::HashSet;
use std::hash::BuildHasher;
use std::hash::Hash as _;
use std::hash::Hasher;
use std::hash::RandomState;
use std::io::BufReader;
use std::path::Path;

use serde_json::Value;

use super::normal::Grain;
use super::normal::normal;
use crate::audit;
use crate::audit::CallBegin;
use crate::audit::CallEnd;
use crate::audit::CommandEnd;
use crate::audit::CommandFailure;
use crate::audit::Event;
use crate::audit::Via;
use crate::audit::command_line;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::record::Attempts;
use crate::record::open::clipped;
use crate::record::private;
use crate::record::summary::CommandEnded;
use crate::record::summary::error;
use crate::types::Effect;
use crate::types::Micros;
use crate::types::SessionId;

/// Most calls, and most commands, that are compared.
pub const MOST: usize = 200_000;
/// Longest parameters kept for saying which of them differ, and all together, in bytes of their JSON text.
const MAX_PARAMS: usize = 16 << 10;
const ALL_PARAMS: usize = 64 << 20;
/// ARNs of one call that are compared.
const RESOURCES: usize = 8;

/// How things are told apart.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// Whether times, random names and numbers count too.
    pub exact: bool,
    /// Both sides make their digests with it. Its key is a new one each time, so that nobody can have made two
    /// different things with the same digest.
    pub(super) digests: RandomState,
}

/// A session to compare.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// The session; none: its first line cannot be read.
    pub session: Option<SessionId>,
    /// Who.
    pub user: String,
    /// Where.
    pub host: String,
    /// The title given by a person, or the program and its arguments.
    pub command: String,
    /// When it began, in microseconds since the Unix epoch.
    pub started: u64,
    /// The last thing that was recorded.
    pub last: Micros,
    /// Whether its end is recorded.
    pub has_ended: bool,
    /// Its calls, in the order of their arrival; not those that hoop made by itself.
    pub calls: Vec<Item>,
    /// Its commands, in the order of their beginning. Where no program was recorded: the lines typed at a prompt.
    pub commands: Vec<Item>,
    /// Calls and commands that are not compared because there are too many.
    pub left_out: u64,
    /// Lines of its audit log that cannot be read.
    pub unreadable: u64,
}

/// A call or a command.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// When it began.
    pub at: Micros,
    /// The IAM action, or the command line.
    pub title: String,
    /// The ARNs of a call.
    pub subject: String,
    /// What was decided about a call.
    pub decision: Option<Effect>,
    /// How it ended: `200`, `403 AccessDenied`, `exit 1`.
    pub result: String,
    /// Region of a call.
    pub region: String,
    /// Accounts that a call was about.
    pub accounts: String,
    /// What belongs together has the same: action and resource, or command line, without anything volatile.
    pub(super) coarse: u64,
    /// What counts as the same has the same.
    pub(super) fine: u64,
    /// The same of the parameters.
    pub(super) params_digest: u64,
    /// The parameters of a call as JSON, if they were short enough to be kept.
    pub(super) params: Option<Box<str>>,
}

/// Reads the audit log at `path`. Ends early when `go_on` says no, which it is asked every line.
///
/// Fails when there is none or it cannot be read. Lines that are none are counted.
pub(super) fn read(path: &Path, manner: &Manner, go_on: &dyn Fn() -> bool) -> Result<Side> {
    let file = private::open(path).map_err(|cause| private::cannot("open", path, &cause))?;
    let mut reading = Reading::new(manner);
    for line in audit::Reader::new(BufReader::with_capacity(256 << 10, file), 0) {
        match line {
            Ok(line) => reading.take(line.t, line.event),
            Err(error) if error.kind() == Kind::System => return Err(error),
            Err(_) => reading.side.unreadable += 1,
        }
        if !go_on() {
            break;
        }
    }
    reading.finish(path)
}

struct Reading<'a> {
    side: Side,
    manner: &'a Manner,
    room: usize,
    open_calls: HashMap<u64, usize>,
    open_commands: HashMap<u64, usize>,
    typed: Vec<Item>,
    attempts: Attempts,
    steps: HashSet<usize>,
    executed: usize,
}

impl<'a> Reading<'a> {
    fn new(manner: &'a Manner) -> Self {
        Self {
            side: Side::default(),
            manner,
            room: ALL_PARAMS,
            open_calls: HashMap::new(),
            open_commands: HashMap::new(),
            typed: Vec::new(),
            attempts: Attempts::default(),
            steps: HashSet::new(),
            executed: 0,
        }
    }

    fn take(&mut self, at: Micros, event: Event) {
        self.side.last = self.side.last.max(at);
        match event {
            Event::SessionStart(start) => {
                let start = *start;
                self.side.session = Some(start.id);
                self.side.user = clipped(start.user);
                self.side.host = clipped(start.host);
                self.side.command = clipped(start.title.unwrap_or_else(|| command_line(&start.command)));
                self.side.started = start.started;
            }
            Event::SessionEnd(_) => self.side.has_ended = true,
            Event::CallBegin(begin) if begin.via != Via::Hoop => self.begin_call(at, *begin),
            Event::Decision(decision) => {
                if let Some(index) = self.open_calls.get(&decision.call) {
                    self.side.calls[*index].decision = Some(decision.effect);
                }
            }
            Event::CallEnd(end) => {
                if let Some(index) = self.open_calls.remove(&end.call) {
                    self.side.calls[index].result = call_result(&end);
                }
            }
            Event::CommandStart(start) => {
                if let Some(step) = self.attempts.started(start.pid, &start.argv) {
                    self.steps.insert(step);
                }
                self.executed += 1;
                let item = self.command(at, command_line(&start.argv), CommandEnded::Unknown);
                if let Some(index) = self.push_command(item) {
                    self.open_commands.insert(start.id, index);
                }
            }
            Event::CommandEnd(end) => {
                if let Some(index) = self.open_commands.remove(&end.id) {
                    self.side.commands[index].result = command_result(&end).words();
                }
            }
            Event::CommandFailed(failed) => {
                let item = self.command(at, command_line(&failed.argv), CommandEnded::Not(failed.why));
                let index = self.push_command(item);
                if let Some(index) = index.filter(|_| failed.why != CommandFailure::Refused) {
                    let before = self.attempts.failed(failed.pid, &failed.argv, index);
                    self.steps.extend(before);
                }
            }
            Event::CommandTyped(typed) => {
                let began = Micros(at.0.saturating_sub(typed.took.0));
                let ended = typed.status.map_or(CommandEnded::Unknown, CommandEnded::Status);
                let item = self.command(began, typed.line, ended);
                if self.typed.len() < MOST {
                    self.typed.push(item);
                }
            }
            _ => {}
        }
    }

    fn begin_call(&mut self, at: Micros, begin: CallBegin) {
        if self.side.calls.len() >= MOST {
            self.side.left_out += 1;
            return;
        }
        let number = begin.call;
        let mut accounts: Vec<&str> = begin.account.as_deref().into_iter().collect();
        let resources = &begin.resources[..begin.resources.len().min(RESOURCES)];
        let mut names = Vec::new();
        for resource in resources {
            let (account, name) = apart(resource);
            if !account.is_empty() && !accounts.contains(&account) {
                accounts.push(account);
            }
            names.push(name);
        }
        let digest = |grain| self.manner.digest([&*begin.action].into_iter().chain(names.clone()), grain);
        let (params_digest, params) = self.params(&begin.params);
        let item = Item {
            at,
            subject: clipped(begin.resources.join(" ")),
            decision: None,
            result: CommandEnded::Unknown.words(),
            accounts: clipped(accounts.join(" ")),
            coarse: digest(Grain::Coarse),
            fine: digest(Grain::Volatile),
            title: clipped(begin.action),
            region: clipped(begin.region),
            params_digest,
            params,
        };
        self.room -= item.params.as_ref().map_or(0, |params| params.len());
        self.side.calls.push(item);
        self.open_calls.insert(number, self.side.calls.len() - 1);
    }

    fn params(&self, params: &Value) -> (u64, Option<Box<str>>) {
        if params.is_null() {
            return (0, None);
        }
        let mut hasher = self.manner.digests.build_hasher();
        self.manner.hash_value(params, &mut hasher);
        let text = params.to_string();
        let kept = text.len() <= MAX_PARAMS.min(self.room);
        (hasher.finish(), kept.then(|| text.into_boxed_str()))
    }

    fn command(&self, at: Micros, line: String, ended: CommandEnded) -> Item {
        let digest = |grain| self.manner.digest([&*line].into_iter(), grain);
        let (coarse, fine) = (digest(Grain::Coarse), digest(Grain::Volatile));
        Item {
            at,
            title: clipped(line),
            subject: String::new(),
            decision: None,
            result: ended.words(),
            region: String::new(),
            accounts: String::new(),
            coarse,
            fine,
            params_digest: 0,
            params: None,
        }
    }

    fn push_command(&mut self, item: Item) -> Option<usize> {
        if self.side.commands.len() >= MOST {
            self.side.left_out += 1;
            return None;
        }
        self.side.commands.push(item);
        Some(self.side.commands.len() - 1)
    }

    fn finish(mut self, path: &Path) -> Result<Side> {
        if self.side.session.is_none() && self.side.calls.is_empty() && self.side.commands.is_empty() {
            return Err(Error::new(Kind::Record, format!("{} holds no recording", path.display()))
                .why("its audit log has no first line `session.start`")
                .fix("see what is left: hoopctl verify"));
        }
        let mut index = 0;
        self.side.commands.retain(|_| {
            index += 1;
            !self.steps.contains(&(index - 1))
        });
        // Where programs are recorded, lines that were typed would say the same again.
        if self.executed == 0 && self.side.commands.is_empty() {
            self.side.commands = self.typed;
        }
        Ok(self.side)
    }
}

impl Manner {
    /// A digest of texts without what is volatile.
    fn digest<'t>(&self, texts: impl Iterator<Item = &'t str>, grain: Grain) -> u64 {
        let mut hasher = self.digests.build_hasher();
        for text in texts {
            match self.exact {
                true => text.hash(&mut hasher),
                false => normal(text, grain).hash(&mut hasher),
            }
        }
        hasher.finish()
    }

    fn hash_value(&self, value: &Value, hasher: &mut impl Hasher) {
        match value {
            Value::Object(fields) => {
                // In any order: clients do not promise one.
                let mut names: Vec<&String> = fields.keys().collect();
                names.sort_unstable();
                names.len().hash(hasher);
                for name in names {
                    name.hash(hasher);
                    match name.as_str() {
                        // What stands for parameters that were too long: a digest of them, no random name.
                        "left-out" => fields[name].hash(hasher),
                        _ => self.hash_value(&fields[name], hasher),
                    }
                }
            }
            Value::Array(items) => {
                items.len().hash(hasher);
                items.iter().for_each(|item| self.hash_value(item, hasher));
            }
            Value::String(text) => self.parameter(text).hash(hasher),
            other => other.hash(hasher),
        }
    }

    /// A text among parameters as it is compared. A number stays: it may be a port or a limit.
    pub(super) fn parameter<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let is_short = text.len() < 10 && text.bytes().all(|byte| byte.is_ascii_digit());
        match self.exact || is_short {
            true => Cow::Borrowed(text),
            false => normal(text, Grain::Volatile),
        }
    }
}

/// The account in an ARN, and the ARN without account, region and partition.
fn apart(resource: &str) -> (&str, &str) {
    let mut parts = resource.splitn(6, ':');
    match (parts.next(), parts.nth(3), parts.next()) {
        (Some("arn"), Some(account), Some(name)) => (account, name),
        _ => ("", resource),
    }
}

fn call_result(end: &CallEnd) -> String {
    let status = end.status.map(|status| status.to_string());
    let error = error(end.outcome, None, end.error.as_deref());
    let words: Vec<String> = [status, error].into_iter().flatten().collect();
    if words.is_empty() { "ok".to_owned() } else { words.join(" ") }
}

fn command_result(end: &CommandEnd) -> CommandEnded {
    match (end.status, end.signal, end.replaced_by) {
        (Some(status), ..) => CommandEnded::Status(status),
        (None, Some(signal), _) => CommandEnded::Signal(signal),
        (None, None, Some(_)) => CommandEnded::WentOn,
        (None, None, None) => CommandEnded::Unknown,
    }
}

/// What would be read from a log of these events.
#[cfg(test)]
pub(super) fn of_events(events: impl IntoIterator<Item = (u64, Event)>, manner: &Manner) -> Side {
    let mut reading = Reading::new(manner);
    events.into_iter().for_each(|(at, event)| reading.take(Micros(at), event));
    reading.finish(Path::new("test")).unwrap()
}
