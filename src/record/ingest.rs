//! One recording into the index: from where it was left last time, in pieces that others need not wait for.

use std::fs;
use std::io::BufReader;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::path::Path;

use serde_json::Value;

use super::counts::Counts;
use super::open::clipped;
use super::pack::open_cast;
use super::private;
use super::screen::Screen;
use super::seal;
use crate::audit;
use crate::audit::CommandFailure;
use crate::audit::Event;
use crate::audit::Start;
use crate::audit::command_line;
use crate::cast;
use crate::cast::Entry;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::store::Added;
use crate::store::Answered;
use crate::store::Asked;
use crate::store::Batch;
use crate::store::CallEnded;
use crate::store::CommandEnded;
use crate::store::CommandKind;
use crate::store::Decided;
use crate::store::Index;
use crate::store::NewCall;
use crate::store::NewCommand;
use crate::store::NewSession;
use crate::store::Progress;
use crate::store::SessionEnded;
use crate::types::Micros;
use crate::types::SessionId;

/// Most lines of the audit log in one batch.
const BATCH_LINES: u64 = 4_000;
/// Most bytes of the terminal recording in one batch.
const BATCH_CAST: u64 = 2 << 20;
/// Most screen text of one session that can be searched, in bytes; a session that shows more is flooded by a program.
const MAX_SCREEN: u64 = 64 << 20;
/// Most groups of a person.
const MOST_GROUPS: usize = 1_000;
/// Parameters of a call after which no more are taken, in bytes.
const MAX_PARAMS: usize = 1_000;

/// Brings one session up to date; says whether anything was new.
pub(super) fn session(index: &Index, folder: &Path, id: SessionId) -> Result<bool> {
    let mut was_new = false;
    let mut entry = Entry::default();
    if is_unchanged(index, folder, id)? {
        return Ok(false);
    }
    loop {
        // The seal is looked at first: what is read after it is then all there will ever be.
        let sealed = seal::read(folder).ok().flatten().map(|found| found.seal.sealed_as);
        let more = index.batch(|batch| {
            let mut at = match batch.progress(id)? {
                Some(at) if at.is_done => return Ok(false),
                Some(at) => at,
                None => begin(batch, folder, id)?,
            };
            let mut added = Added::default();
            let before = at;
            let more_lines = audit_lines(batch, folder, &mut at, &mut added)?;
            let more_screen = screen(batch, folder, &mut at, &mut entry)?;
            let more = more_lines || more_screen;
            was_new |= at != before;
            if let Some(sealed) = sealed.filter(|_| !more) {
                batch.set_sealed(at.row, sealed.as_str())?;
                at.is_done = true;
            }
            batch.set_progress(&at, &added)?;
            Ok(more)
        })?;
        if !more {
            return Ok(was_new);
        }
    }
}

/// A look at the lengths of the files, so that writers need not take turns for nothing.
fn is_unchanged(index: &Index, folder: &Path, id: SessionId) -> Result<bool> {
    let Some(at) = index.progress(id)? else { return Ok(false) };
    let length = |name: &str| fs::metadata(folder.join(name)).map_or(0, |found| found.len());
    let is_same = length("audit.jsonl") == at.audit_offset && length("terminal.cast") == at.cast_offset;
    Ok(at.is_done || is_same && length("seal.json") == 0)
}

/// Adds the session by its first line.
fn begin(batch: &Batch<'_>, folder: &Path, id: SessionId) -> Result<Progress> {
    let first = audit::Reader::open(&folder.join("audit.jsonl"))?.next().transpose()?;
    let Some(Event::SessionStart(start)) = first.map(|line| line.event) else {
        return Err(Error::new(Kind::Record, "its audit log has no first line `session.start`"));
    };
    if start.id != id {
        return Err(Error::new(Kind::Record, "its audit log is that of another session"));
    }
    let row = batch.add_session(&new_session(*start))?;
    Ok(Progress {
        row,
        audit_offset: 0,
        cast_offset: 0,
        cast_time: Micros(0),
        screen_bytes: 0,
        is_done: false,
    })
}

fn new_session(start: Start) -> NewSession {
    NewSession {
        id: start.id,
        started: start.started,
        user: clipped(start.user),
        identity: start.identity.map(|identity| clipped(identity.label())),
        host: clipped(start.host),
        agent: start.agent.map(clipped),
        command: clipped(command_line(&start.command)),
        title: start.title.map(clipped),
        cwd: clipped(start.cwd),
        profile: start.profile.map(clipped),
        region: start.region.map(clipped),
        groups: start.groups.into_iter().take(MOST_GROUPS).map(clipped).collect(),
    }
}

/// The texts and numbers of a call's parameters, in one line.
fn params(value: &Value) -> String {
    fn add(value: &Value, text: &mut String) {
        if text.len() > MAX_PARAMS {
            return;
        }
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => text.push_str(&format!(" {number}")),
            Value::String(word) => text.extend([" ", word]),
            Value::Array(values) => values.iter().for_each(|value| add(value, text)),
            Value::Object(map) => map.iter().for_each(|(name, value)| {
                text.extend([" ", name]);
                add(value, text);
            }),
        }
    }
    let mut text = String::new();
    add(value, &mut text);
    text.trim_start().to_owned()
}

/// Reads the next lines; says whether there are more. Lines that cannot be read are passed over: `verify` names them.
fn audit_lines(batch: &Batch<'_>, folder: &Path, at: &mut Progress, added: &mut Added) -> Result<bool> {
    let Some(source) = source(&folder.join("audit.jsonl"), at.audit_offset)? else { return Ok(false) };
    let mut reader = audit::Reader::new(source, at.audit_offset);
    let mut counts = Counts::default();
    let mut taken = 0;
    while taken < BATCH_LINES
        && let Some(line) = reader.next()
    {
        taken += 1;
        match line {
            Ok(line) => {
                counts.add(&line.event);
                added.last = added.last.max(line.t);
                match line.event {
                    Event::CommandStart(_)
                    | Event::CommandEnd(_)
                    | Event::CommandFailed(_)
                    | Event::CommandTyped(_) => add_command(batch, at.row, line)?,
                    event => add_event(batch, at.row, line.t, event)?,
                }
            }
            Err(error) if error.kind() == Kind::System => return Err(error),
            Err(_) => {}
        }
    }
    at.audit_offset = reader.offset();
    added.calls = counts.calls;
    added.denied = counts.denied;
    added.asked = counts.asked;
    added.granted = counts.granted;
    added.used = counts.used;
    added.commands = counts.commands;
    added.alerts = counts.alerts;
    added.masks = counts.masks;
    Ok(taken == BATCH_LINES)
}

fn add_event(batch: &Batch<'_>, row: i64, t: Micros, event: Event) -> Result<()> {
    match event {
        Event::CallBegin(call) => batch.begin_call(
            row,
            &NewCall {
                call: call.call,
                began: t,
                service: &clipped(call.service),
                action: &clipped(call.action),
                access: call.access.as_str(),
                region: &clipped(call.region),
                account: call.account.map(clipped).as_deref(),
                resource: &call.resources.into_iter().next().map(clipped).unwrap_or_default(),
                command: call.command,
                params: &clipped(params(&call.params)),
            },
        ),
        Event::Decision(decision) => {
            let (rule, call) = (decision.rule.map(clipped), decision.call);
            batch.decide(row, &Decided { call, effect: decision.effect.as_str(), rule: rule.as_deref() })
        }
        Event::CallEnd(end) => {
            batch.mask(row, end.masks.iter().map(|(rule, hits)| (rule.as_str(), *hits)))?;
            let (error, message) = (end.error.map(clipped), clipped(end.message.unwrap_or_default()));
            let (call, status, error) = (end.call, end.status, error.as_deref());
            batch.end_call(row, &CallEnded { call, status, error, ended: t, message: &message })
        }
        Event::Mask(mask) => batch.mask(row, mask.rules.iter().map(|(rule, hits)| (rule.as_str(), *hits))),
        Event::Alert(alert) => batch.alert(row, t, &clipped(alert.name), &clipped(alert.message)),
        Event::SessionEnd(end) => {
            let (reason, status, signal) = (end.reason.as_str(), end.status, end.signal);
            batch.end_session(row, &SessionEnded { ended: t, reason, status, signal })
        }
        event => add_approval(batch, row, t, event),
    }
}

/// Adds what a line says of a question to people.
fn add_approval(batch: &Batch<'_>, row: i64, t: Micros, event: Event) -> Result<()> {
    match event {
        Event::ApprovalAsked(asked) => batch.ask(
            row,
            &Asked {
                id: &clipped(asked.id),
                call: asked.call,
                asked: t,
                question: &clipped(asked.question),
                rule: asked.rule.map(clipped).as_deref(),
                needs: &clipped(asked.needs.join(", and ")),
            },
        ),
        Event::ApprovalJoined(joined) => batch.join(row, &clipped(joined.id), joined.call),
        Event::ApprovalShown(shown) => batch.show(row, &clipped(shown.id), shown.error.is_none()),
        Event::ApprovalVote(vote) => batch.vote(row, &clipped(vote.id), &clipped(vote.by)),
        Event::ApprovalAnswered(answered) => {
            let (id, person) = (clipped(answered.id), answered.by.map(clipped));
            let people = match &person {
                Some(by) => audit::people(by, &batch.voters(row, &id)?),
                None => Vec::new(),
            };
            batch.answer(
                row,
                &Answered {
                    id: &id,
                    answered: t,
                    answer: answered.answer.as_str(),
                    person: person.as_deref(),
                    people: &people,
                    identity: answered.identity.map(clipped).as_deref(),
                    via: answered.via.map(clipped).as_deref(),
                    reason: answered.reason.map(clipped).as_deref(),
                    scope: answered.scope.map(clipped).as_deref(),
                    took: answered.took,
                },
            )
        }
        Event::ApprovalUsed(used) => batch.use_yes(row, &clipped(used.id), used.call),
        Event::ApprovalExpired(expired) => {
            batch.expire(row, &clipped(expired.id), (t, &clipped(expired.reason), expired.used))
        }
        _ => Ok(()),
    }
}

/// Adds what a line says of a command.
fn add_command(batch: &Batch<'_>, row: i64, line: audit::Line) -> Result<()> {
    let (t, place) = (line.t, line.offset);
    match line.event {
        Event::CommandStart(start) => batch.start_command(
            row,
            &NewCommand {
                number: Some(start.id),
                place,
                kind: CommandKind::Ran,
                began: t,
                pid: Some(start.pid),
                ppid: start.ppid,
                parent: start.parent,
                line: &clipped(command_line(&start.argv)),
                exe: start.exe.map(clipped).as_deref(),
                cwd: start.cwd.map(clipped).as_deref(),
                rule: start.rule.map(clipped).as_deref(),
            },
        ),
        Event::CommandEnd(end) => {
            let (took, status, signal) = (end.took, end.status, end.signal);
            let ended = CommandEnded { ended: t, took, status, signal, replaced_by: end.replaced_by };
            batch.end_command(row, end.id, &ended)
        }
        Event::CommandFailed(failed) => batch.start_command(
            row,
            &NewCommand {
                place,
                kind: match failed.why {
                    CommandFailure::Refused => CommandKind::Refused,
                    CommandFailure::NotFound | CommandFailure::NotExecutable => CommandKind::Failed,
                },
                began: t,
                pid: Some(failed.pid),
                parent: failed.parent,
                line: &clipped(command_line(&failed.argv)),
                exe: failed.exe.map(clipped).as_deref(),
                cwd: failed.cwd.map(clipped).as_deref(),
                rule: failed.rule.map(clipped).as_deref(),
                ..NewCommand::default()
            },
        ),
        Event::CommandTyped(typed) => batch.add_typed(
            row,
            &NewCommand {
                place,
                kind: CommandKind::Typed,
                began: Micros(t.0.saturating_sub(typed.took.0)),
                line: &clipped(typed.line),
                cwd: typed.cwd.map(clipped).as_deref(),
                ..NewCommand::default()
            },
            &CommandEnded { ended: t, took: typed.took, status: typed.status, ..CommandEnded::default() },
        ),
        _ => Ok(()),
    }
}

/// Reads the next output; says whether there is more. `entry` is where a packed recording can be entered to go on.
fn screen(batch: &Batch<'_>, folder: &Path, at: &mut Progress, entry: &mut Entry) -> Result<bool> {
    let path = folder.join("terminal.cast");
    let Ok((source, _)) = open_cast(folder, *entry, at.cast_offset) else { return Ok(false) };
    if at.screen_bytes >= MAX_SCREEN {
        at.cast_offset = fs::metadata(&path).map_or(at.cast_offset, |found| found.len());
        return Ok(false);
    }
    let begin = at.cast_offset;
    let mut reader = match begin {
        0 => match cast::Reader::new(source) {
            Ok(reader) => reader,
            // Its header is not written yet, or damaged.
            Err(_) => return Ok(false),
        },
        _ => {
            let header = cast::Header { version: 3, ..cast::Header::default() };
            cast::Reader::resume(source, header, begin, at.cast_time)
        }
    };
    let mut text = Screen::new();
    let mut pieces = Vec::new();
    let mut is_end = false;
    while reader.offset() - begin < BATCH_CAST {
        match reader.next() {
            Some(Ok(event)) if event.kind == cast::Kind::Output => {
                text.push(event.time, &event.data, &mut pieces);
            }
            Some(Ok(_)) => {}
            Some(Err(error)) if error.kind() == Kind::System => return Err(error),
            Some(Err(_)) => {}
            None => {
                is_end = true;
                break;
            }
        }
    }
    pieces.extend(text.take());
    at.screen_bytes += pieces.iter().map(|piece| piece.text.len() as u64).sum::<u64>();
    batch.add_screen(at.row, &pieces)?;
    at.cast_offset = reader.offset();
    at.cast_time = reader.time();
    *entry = reader.entry();
    Ok(!is_end)
}

/// A file from `offset` on; none when it is missing.
fn source(path: &Path, offset: u64) -> Result<Option<BufReader<fs::File>>> {
    let Ok(mut file) = private::open(path) else { return Ok(None) };
    file.seek(SeekFrom::Start(offset)).map_err(|cause| private::cannot("read", path, &cause))?;
    Ok(Some(BufReader::with_capacity(128 << 10, file)))
}
