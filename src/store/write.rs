//! Filling the index.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::collections::HashMap;

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Params;
use rusqlite::Row;
use rusqlite::Transaction;
use rusqlite::params;

use super::Index;
use super::packing::Packing;
use super::rows::Added;
use super::rows::CallEnded;
use super::rows::CommandEnded;
use super::rows::CommandKind;
use super::rows::Decided;
use super::rows::NewCall;
use super::rows::NewCommand;
use super::rows::NewSession;
use super::rows::Progress;
use super::rows::SessionEnded;
use super::rows::Source;
use crate::error::Error;
use crate::error::Result;
use crate::types::Micros;
use crate::types::SessionId;

/// What calls have in common.
#[derive(Default)]
struct Kind {
    service: String,
    action: String,
    access: String,
    region: String,
    account: String,
    effect: String,
    rule: String,
    status: u16,
    error: String,
}

/// Changes that are kept together or not at all.
pub struct Batch<'a> {
    pub(super) transaction: Transaction<'a>,
    pub(super) fail: &'a dyn Fn(&rusqlite::Error) -> Error,
    /// Command lines and ARNs of sessions, that are found by their parts once the batch is over.
    pub(super) parts: RefCell<HashMap<i64, BTreeSet<String>>>,
    pub(super) packing: &'a RefCell<Packing>,
    /// Something was packed: there may be enough for another dictionary.
    pub(super) has_packed: Cell<bool>,
}

impl Batch<'_> {
    pub(super) fn get<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        read(&self.transaction).map_err(|cause| (self.fail)(&cause))
    }

    pub(super) fn run(&self, sql: &str, values: impl Params) -> Result<()> {
        self.get(|connection| connection.prepare_cached(sql)?.execute(values)).map(|_| ())
    }

    /// How far a session is; none when it is new.
    pub fn progress(&self, id: SessionId) -> Result<Option<Progress>> {
        self.get(|connection| progress(connection, id))
    }

    /// Adds a session; gives its row.
    pub fn add_session(&self, new: &NewSession) -> Result<i64> {
        let row = self.free_row(new.started)?;
        self.run(
            "INSERT INTO sessions (n, id, started, user, host, agent, command, title, cwd, profile, region, identity)
             VALUES (?12, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                new.id.to_string(),
                signed(new.started),
                new.user,
                new.host,
                new.agent,
                new.command,
                new.title,
                new.cwd,
                new.profile,
                new.region,
                new.identity,
                row
            ],
        )?;
        new.groups.iter().try_for_each(|group| {
            self.run("INSERT OR IGNORE INTO groups (session, name) VALUES (?1, ?2)", params![row, group])
        })?;
        // What it was started as, and is called, is found as the commands in it are.
        let named = new.title.as_ref().map(|title| format!("{title}\n")).unwrap_or_default();
        let text = format!("{named}{}", new.command);
        self.add_item(row, Micros(0), (Source::Command, None), (text.trim_end(), ""))?;
        Ok(row)
    }

    /// Says how far the session is now.
    pub fn set_progress(&self, at: &Progress, added: &Added) -> Result<()> {
        self.run(
            "UPDATE sessions SET audit_offset = ?2, cast_offset = ?3, cast_time = ?4, screen_bytes = ?5, done = ?6,
             calls = calls + ?7, denied = denied + ?8, asked = asked + ?9, commands = commands + ?10,
             alerts = alerts + ?11, masks = masks + ?12, last = max(last, ?13, ?4), granted = granted + ?14,
             used = used + ?15 WHERE n = ?1",
            params![
                at.row,
                signed(at.audit_offset),
                signed(at.cast_offset),
                signed(at.cast_time.0),
                signed(at.screen_bytes),
                at.is_done,
                signed(added.calls),
                signed(added.denied),
                signed(added.asked),
                signed(added.commands),
                signed(added.alerts),
                signed(added.masks),
                signed(added.last.0),
                signed(added.granted),
                signed(added.used)
            ],
        )
    }

    /// Says who sealed it.
    pub fn set_sealed(&self, session: i64, sealed: &str) -> Result<()> {
        self.run("UPDATE sessions SET sealed = ?2 WHERE n = ?1", params![session, sealed])
    }

    /// Says how it ended.
    pub fn end_session(&self, session: i64, end: &SessionEnded<'_>) -> Result<()> {
        self.run(
            "UPDATE sessions SET ended = ?2, reason = ?3, status = ?4, signal = ?5 WHERE n = ?1",
            params![session, signed(end.ended.0), end.reason, end.status, end.signal],
        )
    }

    /// Adds a call, which can then be found by its words.
    pub fn begin_call(&self, session: i64, call: &NewCall<'_>) -> Result<()> {
        let kind = self.kind(&Kind {
            service: call.service.to_owned(),
            action: call.action.to_owned(),
            access: call.access.to_owned(),
            region: call.region.to_owned(),
            account: call.account.unwrap_or_default().to_owned(),
            ..Kind::default()
        })?;
        self.run(
            "INSERT OR REPLACE INTO calls (session, call, began, kind, resource, command)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                session,
                signed(call.call),
                signed(call.began.0),
                kind,
                call.resource,
                call.command.map(signed)
            ],
        )?;
        self.note_part(session, call.resource);
        let text = format!("{} {} {}", call.action, call.resource, call.params);
        self.add_item(session, call.began, (Source::Call, Some(signed(call.call))), (text.trim_end(), ""))
            .map(drop)
    }

    /// Adds what was decided about a call.
    pub fn decide(&self, session: i64, decided: &Decided<'_>) -> Result<()> {
        let call = signed(decided.call);
        self.change_kind(session, call, |kind| {
            decided.effect.clone_into(&mut kind.effect);
            decided.rule.unwrap_or_default().clone_into(&mut kind.rule);
        })
    }

    /// Adds the end of a call.
    pub fn end_call(&self, session: i64, end: &CallEnded<'_>) -> Result<()> {
        self.change_kind(session, signed(end.call), |kind| {
            kind.status = end.status.unwrap_or_default();
            end.error.unwrap_or_default().clone_into(&mut kind.error);
        })?;
        let Some(error) = end.error else { return Ok(()) };
        let (item, text) = ((Source::Call, Some(signed(end.call))), format!("{error} {}", end.message));
        self.add_item(session, end.ended, item, (text.trim_end(), "")).map(drop)
    }

    /// The row of a kind of calls.
    fn kind(&self, kind: &Kind) -> Result<i64> {
        let Kind { service, action, access, region, account, effect, rule, status, error } = kind;
        let values = params![service, action, access, region, account, effect, rule, status, error];
        let found = self.get(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT n FROM kinds WHERE service = ?1 AND action = ?2 AND access = ?3 AND region = ?4
                 AND account = ?5 AND effect = ?6 AND rule = ?7 AND status = ?8 AND error = ?9",
            )?;
            statement.query_row(values, |row| row.get(0)).optional()
        })?;
        if let Some(found) = found {
            return Ok(found);
        }
        self.run(
            "INSERT INTO kinds (service, action, access, region, account, effect, rule, status, error)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            values,
        )?;
        Ok(self.transaction.last_insert_rowid())
    }

    /// More is known of a call.
    fn change_kind(&self, session: i64, call: i64, change: impl FnOnce(&mut Kind)) -> Result<()> {
        let found = self.get(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT service, action, access, region, account, effect, rule, status, error
                 FROM calls JOIN kinds ON n = kind WHERE session = ?1 AND call = ?2",
            )?;
            let read = |row: &Row<'_>| {
                Ok(Kind {
                    service: row.get(0)?,
                    action: row.get(1)?,
                    access: row.get(2)?,
                    region: row.get(3)?,
                    account: row.get(4)?,
                    effect: row.get(5)?,
                    rule: row.get(6)?,
                    status: row.get(7)?,
                    error: row.get(8)?,
                })
            };
            statement.query_row(params![session, call], read).optional()
        })?;
        let Some(mut kind) = found else { return Ok(()) };
        change(&mut kind);
        let kind = self.kind(&kind)?;
        self.run(
            "UPDATE calls SET kind = ?3 WHERE session = ?1 AND call = ?2 AND kind <> ?3",
            params![session, call, kind],
        )
    }

    /// Adds how often rules masked something.
    pub fn mask<'r>(&self, session: i64, rules: impl Iterator<Item = (&'r str, u64)>) -> Result<()> {
        for (rule, hits) in rules {
            self.run(
                "INSERT INTO secrets (session, rule, hits) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET hits = hits + excluded.hits",
                params![session, rule, signed(hits)],
            )?;
        }
        Ok(())
    }

    /// Adds a command, which can then be found by its words; but not one that could not be executed: a search along
    /// `PATH` makes many of these.
    pub fn start_command(&self, session: i64, new: &NewCommand<'_>) -> Result<()> {
        let number = name_of(new);
        self.run(
            "INSERT OR REPLACE INTO commands
             (session, number, kind, began, pid, ppid, parent, line, exe, cwd, rule)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                session,
                number,
                new.kind.code(),
                signed(new.began.0),
                new.pid,
                new.ppid,
                new.parent.map(signed),
                new.line,
                new.exe,
                new.cwd,
                new.rule
            ],
        )?;
        if new.kind == CommandKind::Failed {
            return Ok(());
        }
        self.note_part(session, new.line);
        self.add_item(session, new.began, (Source::Command, Some(number)), (new.line, "")).map(drop)
    }

    /// Adds a line that was typed, with its end.
    pub fn add_typed(&self, session: i64, new: &NewCommand<'_>, end: &CommandEnded) -> Result<()> {
        self.start_command(session, new)?;
        self.set_end(session, name_of(new), end)
    }

    /// Adds the end of a command.
    pub fn end_command(&self, session: i64, number: u64, end: &CommandEnded) -> Result<()> {
        self.set_end(session, signed(number), end)
    }

    fn set_end(&self, session: i64, number: i64, end: &CommandEnded) -> Result<()> {
        let CommandEnded { ended, took, status, signal, replaced_by } = end;
        self.run(
            "UPDATE commands SET ended = ?3, took = ?4, status = ?5, signal = ?6, replaced_by = ?7
             WHERE session = ?1 AND number = ?2",
            params![
                session,
                number,
                signed(ended.0),
                signed(took.0),
                status,
                signal,
                replaced_by.map(signed)
            ],
        )
    }

    /// Adds an alert.
    pub fn alert(&self, session: i64, at: Micros, name: &str, message: &str) -> Result<()> {
        self.run(
            "INSERT INTO alerts (session, at, name, message) VALUES (?1, ?2, ?3, ?4)",
            params![session, signed(at.0), name, message],
        )
    }

    /// Takes a session out of the index.
    pub fn forget(&self, id: SessionId) -> Result<()> {
        let Some(Progress { row, .. }) = self.progress(id)? else { return Ok(()) };
        self.forget_texts(row)?;
        self.forget_approvals(row)?;
        for table in ["calls", "commands", "alerts", "groups", "secrets"] {
            self.run(&format!("DELETE FROM {table} WHERE session = ?1"), [row])?;
        }
        self.run("DELETE FROM sessions WHERE n = ?1", [row])
    }
}

impl Index {
    /// How far a session is; none when it is not in the index.
    pub fn progress(&self, id: SessionId) -> Result<Option<Progress>> {
        self.get(|connection| progress(connection, id))
    }
}

fn progress(connection: &Connection, id: SessionId) -> rusqlite::Result<Option<Progress>> {
    let sql =
        "SELECT n, audit_offset, cast_offset, cast_time, screen_bytes, done FROM sessions WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let row = statement.query_row([id.to_string()], |row| {
        Ok(Progress {
            row: row.get(0)?,
            audit_offset: unsigned(row.get(1)?),
            cast_offset: unsigned(row.get(2)?),
            cast_time: Micros(unsigned(row.get(3)?)),
            screen_bytes: unsigned(row.get(4)?),
            is_done: row.get(5)?,
        })
    });
    row.optional()
}

/// What a command is called in its table: its number, or minus its place in the log, which is never 0.
fn name_of(new: &NewCommand<'_>) -> i64 {
    new.number.map_or_else(|| -signed(new.place), signed)
}

/// SQLite knows signed numbers only; none of ours comes near the end of them unless it is damage.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
