//! A recording for viewers: what happened, joined from the lines of the audit log, while it runs or afterwards.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::io::BufReader;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::path::Path;
use std::path::PathBuf;

use super::attempts::Attempts;
use super::counts::Counts;
use super::private;
use super::seal;
use super::seal::SealedAs;
use crate::audit;
use crate::audit::Approvals;
use crate::audit::BodyRef;
use crate::audit::CommandFailure;
use crate::audit::End;
use crate::audit::Event;
use crate::audit::Line;
use crate::audit::Outcome;
use crate::audit::Start;
use crate::cast;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
pub use crate::store::CommandKind;
use crate::types::AccessLevel;
use crate::types::Effect;
use crate::types::Micros;

/// Most calls, commands, approvals and alerts kept of one recording, each; about 100 MiB of calls.
const MAX_KEPT: usize = 200_000;
pub(super) const MAX_TEXT: usize = 1_024; // Bytes of one field; the rest stands in the audit log.
const MAX_RESOURCES: usize = 8; // Of one call.

/// One AWS call: its beginning, decision and end.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Its number in the session.
    pub number: u64,
    /// When it arrived.
    pub began: Micros,
    /// When it was over; none while it is open.
    pub ended: Option<Micros>,
    /// Service: `s3`.
    pub service: String,
    /// Operation: `GetObject`.
    pub operation: String,
    /// IAM action: `s3:GetObject`.
    pub action: String,
    /// What the action does.
    pub access: AccessLevel,
    /// Region.
    pub region: String,
    /// Account, where it is known.
    pub account: Option<String>,
    /// The role it was made with, where that is known.
    pub role: Option<String>,
    /// The first ARNs it is about.
    pub resources: Vec<String>,
    /// The command that made it.
    pub command: Option<u64>,
    /// Process id of the client, as seen inside.
    pub pid: Option<u32>,
    /// The question that hoop made it for, to tell people what would be hit; none: a program made it.
    pub looked_up_for: Option<String>,
    /// How long it took; none while it is open.
    pub took: Option<Micros>,
    /// Error message.
    pub message: Option<String>,
    /// The decision; none while there is none.
    pub effect: Option<Effect>,
    /// The rule that decided.
    pub rule: Option<String>,
    /// Where that rule stands.
    pub origin: String,
    /// Why, in words.
    pub reason: String,
    /// What became of it; none while it is open.
    pub outcome: Option<Outcome>,
    /// HTTP status that the client got.
    pub status: Option<u16>,
    /// Error code.
    pub error: Option<String>,
    /// Bytes of request body.
    pub bytes_in: u64,
    /// Bytes of response body.
    pub bytes_out: u64,
    /// How often each masking rule hit.
    pub masks: BTreeMap<String, u64>,
    /// The request body.
    pub request: Option<BodyRef>,
    /// The response body.
    pub response: Option<BodyRef>,
    /// Where its `call.begin` stands in the audit log: [`Recording::line_at`] gives the parameters.
    pub offset: u64,
}

/// One program that was executed, or was to be; or a line that was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// Its number in the session; none for what did not run.
    pub number: Option<u64>,
    /// What became of it.
    pub kind: CommandKind,
    /// Why it was not executed.
    pub why: Option<CommandFailure>,
    /// Whether the same process tried the same arguments again: a step of a search along `PATH`.
    pub was_step: bool,
    /// When it began.
    pub began: Micros,
    /// When it ended; none while it runs.
    pub ended: Option<Micros>,
    /// How long it ran.
    pub took: Option<Micros>,
    /// Program and arguments as a line (see [`super::command_line`]); of a typed line, that.
    pub line: String,
    /// Program file.
    pub exe: Option<String>,
    /// Working directory.
    pub cwd: Option<String>,
    /// Process id, as seen inside; none for a typed line.
    pub pid: Option<u32>,
    /// Process id of its parent.
    pub ppid: Option<u32>,
    /// The command that started it.
    pub parent: Option<u64>,
    /// The command whose place it took.
    pub replaces: Option<u64>,
    /// The command that took its place.
    pub replaced_by: Option<u64>,
    /// Exit status.
    pub status: Option<i32>,
    /// The signal that killed it.
    pub signal: Option<i32>,
    /// The rule that noted or refused it.
    pub rule: Option<String>,
    /// Where its line stands in the audit log: [`Recording::line_at`] gives the arguments one by one.
    pub offset: u64,
}

impl Command {
    /// Whether it did not do what was wanted: refused, not executed, ended with another status than 0.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        matches!(self.kind, CommandKind::Failed | CommandKind::Refused)
            || self.signal.is_some()
            || self.status.is_some_and(|status| status != 0)
    }
}

/// One alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertSeen {
    /// When.
    pub at: Micros,
    /// What.
    pub alert: audit::Alert,
}

/// What a recording holds, without its terminal bytes.
///
/// Bounded: at most 200,000 calls, commands, approvals and alerts each; `left_out` counts the others.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The folder.
    pub folder: PathBuf,
    /// Who, what, where.
    pub start: Start,
    /// The calls, in the order of their arrival.
    pub calls: Vec<Call>,
    /// The programs in the order of their start; lines typed at a prompt stand where they ended.
    pub commands: Vec<Command>,
    /// The questions, in order.
    pub approvals: Approvals,
    /// The alerts, in order.
    pub alerts: Vec<AlertSeen>,
    /// Numbers of events, those left out included.
    pub counts: Counts,
    /// When and how it ended; none while it runs or when it was cut off.
    pub end: Option<(Micros, End)>,
    /// Time of the last event.
    pub last: Micros,
    /// Who sealed it; none when it is not sealed. Whether the seal is true only [`super::verify`] says.
    pub sealed: Option<SealedAs>,
    /// Events not kept because there were too many.
    pub left_out: u64,
    /// Lines that could not be read.
    pub unreadable: u64,
    offset: u64,
    open_calls: HashMap<u64, usize>,
    open_commands: HashMap<u64, usize>,
    attempts: Attempts,
}

/// Opens the recording in `folder`, finished or not.
///
/// Fails when there is no audit log or it has no first line yet.
pub fn open(folder: &Path) -> Result<Recording> {
    let path = folder.join("audit.jsonl");
    let mut reader = audit::Reader::open(&path)?;
    let first = reader.next().transpose()?;
    let start = match first.map(|line| line.event) {
        Some(Event::SessionStart(start)) => *start,
        _ => {
            return Err(Error::new(Kind::Record, format!("{} holds no recording", folder.display()))
                .why("its audit log has no first line `session.start`")
                .fix("see what is left: hoopctl verify"));
        }
    };
    let mut recording = Recording {
        folder: folder.to_owned(),
        start,
        calls: Vec::new(),
        commands: Vec::new(),
        approvals: Approvals::default(),
        alerts: Vec::new(),
        counts: Counts::default(),
        end: None,
        last: Micros(0),
        sealed: None,
        left_out: 0,
        unreadable: 0,
        offset: reader.offset(),
        open_calls: HashMap::new(),
        open_commands: HashMap::new(),
        attempts: Attempts::default(),
    };
    recording.take_all(&mut reader)?;
    Ok(recording)
}

impl Recording {
    /// The terminal recording, packed or not.
    #[must_use]
    pub fn cast(&self) -> PathBuf {
        cast::present(&self.folder.join("terminal.cast"))
    }

    /// Reads what has been written since; says whether there was anything new.
    pub fn refresh(&mut self) -> Result<bool> {
        let before = self.offset;
        let mut reader = self.reader_at(self.offset)?;
        self.take_all(&mut reader)?;
        Ok(self.offset != before)
    }

    /// The line of the audit log that begins at `offset`.
    pub fn line_at(&self, offset: u64) -> Result<Line> {
        let line = self.reader_at(offset)?.next().transpose()?;
        line.ok_or_else(|| Error::new(Kind::Record, format!("the audit log has no line at byte {offset}")))
    }

    fn reader_at(&self, offset: u64) -> Result<audit::Reader<BufReader<std::fs::File>>> {
        let path = self.folder.join("audit.jsonl");
        let mut file = private::open(&path).map_err(|cause| private::cannot("open", &path, &cause))?;
        file.seek(SeekFrom::Start(offset)).map_err(|cause| private::cannot("read", &path, &cause))?;
        Ok(audit::Reader::new(BufReader::with_capacity(64 << 10, file), offset))
    }

    fn take_all(&mut self, reader: &mut audit::Reader<BufReader<std::fs::File>>) -> Result<()> {
        while let Some(line) = reader.next() {
            match line {
                Ok(line) => self.take(line),
                Err(error) if error.kind() == Kind::System => return Err(error),
                Err(_) => self.unreadable += 1,
            }
            self.offset = reader.offset();
        }
        if self.sealed.is_none() {
            self.sealed = seal::read(&self.folder).ok().flatten().map(|found| found.seal.sealed_as);
        }
        Ok(())
    }

    fn take(&mut self, line: Line) {
        self.counts.add(&line.event);
        self.last = self.last.max(line.t);
        let at = line.t;
        let before = self.approvals.left_out();
        self.approvals.take(at, &line.event);
        self.left_out += self.approvals.left_out() - before;
        match line.event {
            Event::CallBegin(begin) => self.begin_call(at, *begin, line.offset),
            Event::Decision(decision) => self.decide(decision),
            Event::CallEnd(end) => self.end_call(at, *end),
            Event::CommandStart(command) => self.start_command(at, command, line.offset),
            Event::CommandEnd(end) => self.end_command(at, &end),
            Event::CommandFailed(failed) => self.fail_command(at, failed, line.offset),
            Event::CommandTyped(typed) => self.take_typed(at, typed, line.offset),
            Event::Alert(alert) => keep(&mut self.alerts, AlertSeen { at, alert }, &mut self.left_out),
            Event::SessionEnd(end) => self.end = Some((at, end)),
            _ => {}
        }
    }

    fn begin_call(&mut self, began: Micros, begin: audit::CallBegin, offset: u64) {
        let call = Call {
            number: begin.call,
            began,
            ended: None,
            service: clipped(begin.service),
            operation: clipped(begin.operation),
            action: clipped(begin.action),
            access: begin.access,
            region: clipped(begin.region),
            account: begin.account.map(clipped),
            role: begin.role.map(clipped),
            resources: begin.resources.into_iter().take(MAX_RESOURCES).map(clipped).collect(),
            command: begin.command,
            pid: begin.pid,
            looked_up_for: begin.question.map(clipped),
            took: None,
            message: None,
            effect: None,
            rule: None,
            origin: String::new(),
            reason: String::new(),
            outcome: None,
            status: None,
            error: None,
            bytes_in: 0,
            bytes_out: 0,
            masks: BTreeMap::new(),
            request: begin.body,
            response: None,
            offset,
        };
        if keep_at(&mut self.calls, call, &mut self.left_out).is_some() {
            self.open_calls.insert(begin.call, self.calls.len() - 1);
        }
    }

    fn decide(&mut self, decision: audit::Decision) {
        let open = self.open_calls.get(&decision.call).and_then(|at| self.calls.get_mut(*at));
        if let Some(call) = open {
            call.effect = Some(decision.effect);
            call.rule = decision.rule.map(clipped);
            call.origin = clipped(decision.origin);
            call.reason = clipped(decision.reason);
        }
    }

    fn end_call(&mut self, at: Micros, end: audit::CallEnd) {
        let open = self.open_calls.remove(&end.call).and_then(|at| self.calls.get_mut(at));
        if let Some(call) = open {
            call.ended = Some(at);
            call.outcome = Some(end.outcome);
            call.status = end.status;
            call.error = end.error.map(clipped);
            call.message = end.message.map(clipped);
            call.took = Some(end.took);
            call.bytes_in = end.bytes_in;
            call.bytes_out = end.bytes_out;
            call.masks = end.masks;
            call.request = end.request.or_else(|| call.request.take());
            call.response = end.response;
        }
    }

    fn start_command(&mut self, began: Micros, start: audit::CommandStart, offset: u64) {
        if let Some(step) = self.attempts.started(start.pid, &start.argv) {
            self.commands[step].was_step = true;
        }
        let number = start.id;
        let command = Command {
            number: Some(number),
            began,
            line: clipped(super::command_line(&start.argv)),
            exe: start.exe.map(clipped),
            cwd: start.cwd.map(clipped),
            pid: Some(start.pid),
            ppid: start.ppid,
            parent: start.parent,
            replaces: start.replaces,
            rule: start.rule.map(clipped),
            offset,
            ..Command::default()
        };
        if keep_at(&mut self.commands, command, &mut self.left_out).is_some() {
            self.open_commands.insert(number, self.commands.len() - 1);
        }
    }

    fn end_command(&mut self, at: Micros, end: &audit::CommandEnd) {
        let open = self.open_commands.remove(&end.id).and_then(|at| self.commands.get_mut(at));
        if let Some(command) = open {
            command.ended = Some(at);
            command.took = Some(end.took);
            command.status = end.status;
            command.signal = end.signal;
            command.replaced_by = end.replaced_by;
        }
    }

    fn fail_command(&mut self, at: Micros, failed: audit::CommandFailed, offset: u64) {
        let kind = match failed.why {
            CommandFailure::Refused => CommandKind::Refused,
            CommandFailure::NotFound | CommandFailure::NotExecutable => CommandKind::Failed,
        };
        let command = Command {
            kind,
            why: Some(failed.why),
            began: at,
            line: clipped(super::command_line(&failed.argv)),
            exe: failed.exe.map(clipped),
            cwd: failed.cwd.map(clipped),
            pid: Some(failed.pid),
            parent: failed.parent,
            rule: failed.rule.map(clipped),
            offset,
            ..Command::default()
        };
        let is_kept = keep_at(&mut self.commands, command, &mut self.left_out).is_some();
        if is_kept && kind == CommandKind::Failed {
            let before = self.attempts.failed(failed.pid, &failed.argv, self.commands.len() - 1);
            if let Some(step) = before {
                self.commands[step].was_step = true;
            }
        }
    }

    fn take_typed(&mut self, at: Micros, typed: audit::CommandTyped, offset: u64) {
        let command = Command {
            kind: CommandKind::Typed,
            began: Micros(at.0.saturating_sub(typed.took.0)),
            ended: Some(at),
            took: Some(typed.took),
            line: clipped(typed.line),
            cwd: typed.cwd.map(clipped),
            status: typed.status,
            offset,
            ..Command::default()
        };
        keep(&mut self.commands, command, &mut self.left_out);
    }
}

fn keep<T>(list: &mut Vec<T>, item: T, left_out: &mut u64) {
    keep_at(list, item, left_out);
}

fn keep_at<T>(list: &mut Vec<T>, item: T, left_out: &mut u64) -> Option<()> {
    if list.len() >= MAX_KEPT {
        *left_out += 1;
        return None;
    }
    list.push(item);
    Some(())
}

/// At most [`MAX_TEXT`] bytes of a text.
pub(super) fn clipped(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT - 3));
        text.push('…');
    }
    text.shrink_to_fit();
    text
}
