//! Asking the index.

use rusqlite::Row;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::Index;
use super::approvals;
use super::rows::CommandFilter;
use super::rows::CommandHit;
use super::rows::CommandKind;
use super::rows::ExitFilter;
use super::rows::Filter;
use super::rows::Hit;
use super::rows::Length;
use super::rows::Page;
use super::rows::Search;
use super::rows::SessionRow;
use super::rows::Source;
use super::words;
use super::write::signed;
use super::write::unsigned;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::types::Micros;
use crate::types::SessionId;

/// Longest text that is unpacked for a snippet, in bytes; texts are a few KiB.
const MAX_TEXT: usize = 1 << 20;

pub(super) const COLUMNS: &str = "id, started, user, host, agent, command, title, profile, region, last, ended, reason, status, \
                       signal, sealed, calls, denied, asked, commands, alerts, masks, identity, granted, used";

impl Index {
    /// The sessions that `filter` lets through, newest first.
    pub fn sessions(&self, filter: &Filter, page: Page) -> Result<Vec<SessionRow>> {
        let (conditions, mut values) = conditions(filter)?;
        let sql = format!(
            "SELECT {COLUMNS} FROM sessions WHERE {conditions} ORDER BY started DESC, id DESC LIMIT ? OFFSET ?"
        );
        values.extend([Value::from(page.limit), Value::from(page.offset)]);
        self.get(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_map(params_from_iter(values), session_row)?.collect()
        })
    }

    /// One session; none when it is not in the index.
    pub fn session(&self, id: SessionId) -> Result<Option<SessionRow>> {
        let sql = format!("SELECT {COLUMNS} FROM sessions WHERE id = ?1");
        self.get(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_map([id.to_string()], session_row)?.next().transpose()
        })
    }

    /// All sessions in the index, and whether nothing more is expected of each.
    pub fn known(&self) -> Result<Vec<(SessionId, bool)>> {
        self.get(|connection| {
            let mut statement = connection.prepare_cached("SELECT id, done FROM sessions")?;
            statement.query_map([], |row| Ok((session_id(row, 0)?, row.get(1)?)))?.collect()
        })
    }

    /// The places where all the words occur, those indexed last first (which is newest first, but for sessions that
    /// ran side by side).
    ///
    /// Fails with `Usage` when there is no word in the query, unless commands are searched.
    pub fn search(&self, search: &Search, page: Page) -> Result<Vec<Hit>> {
        if let Some(filter) = &search.commands {
            return self.search_commands(search, filter, page);
        }
        let query = words::query(&search.words).ok_or_else(nothing_to_search)?;
        // Words first: the newest places with them are found without looking at the others.
        let sql = match search.session {
            None => {
                "SELECT s.id, t.at, t.source, t.body FROM
                 (SELECT rowid AS place FROM words WHERE words MATCH ?1 ORDER BY rowid DESC LIMIT ?2 OFFSET ?3)
                 JOIN texts t ON t.id = place JOIN sessions s ON s.n = t.session ORDER BY place DESC"
            }
            Some(_) => {
                "SELECT s.id, t.at, t.source, t.body FROM words JOIN texts t ON t.id = words.rowid
                 JOIN sessions s ON s.n = t.session WHERE words MATCH ?1 AND s.id = ?4
                 ORDER BY words.rowid DESC LIMIT ?2 OFFSET ?3"
            }
        };
        let mut values = vec![Value::from(query), Value::from(page.limit), Value::from(page.offset)];
        values.extend(search.session.map(|id| Value::from(id.to_string())));
        self.get(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map(params_from_iter(values), |row| hit(row, &search.words))?.collect()
        })
    }

    fn search_commands(&self, search: &Search, filter: &CommandFilter, page: Page) -> Result<Vec<Hit>> {
        let (mut conditions, mut values) = command_conditions(filter);
        if let Some(session) = search.session {
            conditions.push("c.session = (SELECT n FROM sessions WHERE id = ?)".to_owned());
            values.push(Value::from(session.to_string()));
        }
        let found = match words::query(&search.words) {
            Some(query) => {
                conditions.push("words MATCH ?".to_owned());
                values.push(Value::from(query));
                "words JOIN texts t ON t.id = words.rowid
                 JOIN commands c ON c.session = t.session AND c.number = t.item"
            }
            None if search.words.trim().is_empty() => "commands c",
            None => return Err(nothing_to_search()),
        };
        let sql = format!(
            "SELECT s.id, c.began, 1, c.line, c.number, c.kind, c.pid, c.took, c.status, c.signal, c.replaced_by
             FROM {found} JOIN sessions s ON s.n = c.session WHERE {}
             ORDER BY c.session DESC, c.number DESC LIMIT ? OFFSET ?",
            conditions.join(" AND ")
        );
        values.extend([Value::from(page.limit), Value::from(page.offset)]);
        let words = [search.words.as_str(), &filter.parts.join(" ")].join(" ");
        self.get(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let hits = statement.query_map(params_from_iter(values), |row| {
                Ok(Hit { command: Some(command_hit(row)?), ..hit(row, &words)? })
            })?;
            hits.collect()
        })
    }
}

/// Conditions on commands `c`, with their values. Two are there for the sake of the partial indexes.
pub(super) fn command_conditions(filter: &CommandFilter) -> (Vec<String>, Vec<Value>) {
    let mut conditions = vec!["c.kind <> 1".to_owned()];
    let mut values = Vec::new();
    match filter.exit {
        Some(ExitFilter::Failed) => {
            conditions.push("(c.status <> 0 OR c.signal IS NOT NULL)".to_owned());
        }
        Some(ExitFilter::Status(status)) => {
            if status != 0 {
                conditions.push("(c.status <> 0 OR c.signal IS NOT NULL)".to_owned());
            }
            conditions.push("c.status = ?".to_owned());
            values.push(Value::from(status));
        }
        None => {}
    }
    let bounds = [(filter.longer, ">"), (filter.shorter, "<")];
    for (Length { than, or_equal }, sign) in
        bounds.into_iter().filter_map(|(bound, sign)| bound.map(|bound| (bound, sign)))
    {
        if sign == ">" && than.0 >= 1_000_000 {
            conditions.push("c.took >= 1000000".to_owned());
        }
        conditions.push(format!("c.took {sign}{} ?", if or_equal { "=" } else { "" }));
        values.push(Value::from(signed(than.0)));
    }
    for part in &filter.parts {
        conditions.push("c.line LIKE ? ESCAPE '\\'".to_owned());
        values.push(Value::from(format!("%{}%", pattern(part))));
    }
    (conditions, values)
}

pub(super) fn command_hit(row: &Row<'_>) -> rusqlite::Result<CommandHit> {
    let number: i64 = row.get(4)?;
    Ok(CommandHit {
        number: (number > 0).then(|| unsigned(number)),
        kind: CommandKind::from_code(row.get(5)?),
        pid: row.get(6)?,
        took: row.get::<_, Option<i64>>(7)?.map(|took| Micros(unsigned(took))),
        status: row.get(8)?,
        signal: row.get(9)?,
        replaced_by: row.get::<_, Option<i64>>(10)?.map(unsigned),
    })
}

pub(super) fn nothing_to_search() -> Error {
    Error::new(Kind::Usage, "there is no word to search for")
        .fix("give at least one letter or digit: hoopctl search AccessDenied")
}

/// Every `?` has its value; texts of the user are never part of the SQL.
fn conditions(filter: &Filter) -> Result<(String, Vec<Value>)> {
    let mut conditions = vec!["1".to_owned()];
    let mut values = Vec::new();
    if let Some(user) = &filter.user {
        conditions.push("user = ?".to_owned());
        values.push(Value::from(user.clone()));
    }
    if let Some(since) = filter.since {
        conditions.push("started >= ?".to_owned());
        values.push(Value::from(signed(since)));
    }
    if let Some(until) = filter.until {
        conditions.push("started < ?".to_owned());
        values.push(Value::from(signed(until)));
    }
    if filter.service.is_some() || filter.action.is_some() || filter.decision.is_some() {
        conditions.push(
            "n IN (SELECT session FROM tallies WHERE effect = ? AND action LIKE ? ESCAPE '\\' AND service LIKE ? ESCAPE '\\')".to_owned(),
        );
        let effect = filter.decision.map_or("", |effect| effect.as_str());
        let action = filter.action.as_deref().map_or_else(|| "%".to_owned(), pattern);
        let service = filter.service.as_deref().map_or_else(|| "%".to_owned(), pattern);
        values.extend([effect.to_owned(), action, service].map(Value::from));
    }
    if let Some(text) = &filter.text {
        let query = words::query(text).ok_or_else(nothing_to_search)?;
        conditions.push(
            "n IN (SELECT session FROM texts WHERE id IN
             (SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT 20000))"
                .to_owned(),
        );
        values.push(Value::from(query));
    }
    if let Some(command) = &filter.command {
        conditions.push(
            "(command LIKE ? ESCAPE '\\' OR n IN (SELECT session FROM commands WHERE kind <> 1 AND line LIKE ? ESCAPE '\\'))".to_owned(),
        );
        let part = format!("%{}%", literal(command));
        values.extend([part.clone(), part].map(Value::from));
    }
    if let Some(approvals) = &filter.approvals {
        let (fits, more) = approvals::conditions(approvals);
        conditions.push(format!("n IN (SELECT a.session FROM approvals a WHERE {})", fits.join(" AND ")));
        values.extend(more);
    }
    Ok((conditions.join(" AND "), values))
}

/// `s3:Get*` as a pattern of LIKE.
pub(super) fn pattern(text: &str) -> String {
    literal(text).replace('*', "%")
}

pub(super) fn literal(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

pub(super) fn session_id(row: &Row<'_>, column: usize) -> rusqlite::Result<SessionId> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error: Error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

pub(super) fn session_row(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    let number = |column: usize| row.get(column).map(unsigned);
    Ok(SessionRow {
        id: session_id(row, 0)?,
        started: number(1)?,
        user: row.get(2)?,
        host: row.get(3)?,
        agent: row.get(4)?,
        command: row.get(5)?,
        title: row.get(6)?,
        profile: row.get(7)?,
        region: row.get(8)?,
        last: Micros(number(9)?),
        ended: row.get::<_, Option<i64>>(10)?.map(|at| Micros(unsigned(at))),
        reason: row.get(11)?,
        status: row.get(12)?,
        signal: row.get(13)?,
        sealed: row.get(14)?,
        calls: number(15)?,
        denied: number(16)?,
        asked: number(17)?,
        commands: number(18)?,
        alerts: number(19)?,
        masks: number(20)?,
        identity: row.get(21)?,
        granted: number(22)?,
        used: number(23)?,
    })
}

pub(super) fn hit(row: &Row<'_>, query: &str) -> rusqlite::Result<Hit> {
    let text = match row.get(3)? {
        Value::Text(text) => text,
        Value::Blob(packed) => {
            let text = zstd::bulk::decompress(&packed, MAX_TEXT).unwrap_or_default();
            String::from_utf8(text).unwrap_or_default()
        }
        _ => String::new(),
    };
    let source = match row.get(2)? {
        0 => Source::Screen,
        1 => Source::Command,
        3 => Source::Approval,
        _ => Source::Call,
    };
    let (snippet, found) = words::snippet(&text, query);
    let found = if found.is_empty() { Vec::new() } else { vec![found] };
    Ok(Hit {
        session: session_id(row, 0)?,
        at: Micros(unsigned(row.get(1)?)),
        source,
        snippet,
        found,
        command: None,
        call: None,
        question: None,
    })
}
