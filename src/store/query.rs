//! Asking the index.

use rusqlite::Row;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::Index;
use super::rows::CommandFilter;
use super::rows::CommandHit;
use super::rows::CommandKind;
use super::rows::ExitFilter;
use super::rows::Hit;
use super::rows::Length;
use super::rows::Page;
use super::rows::Search;
use super::rows::SessionRow;
use super::rows::Source;
use super::texts::unpack;
use super::words;
use super::words::Wanted;
use super::write::signed;
use super::write::unsigned;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::types::Micros;
use crate::types::SessionId;

/// Longest text that is unpacked for a snippet, in bytes; texts are a few KiB.
pub(super) const MAX_TEXT: usize = 1 << 20;

pub(super) const COLUMNS: &str = "id, started, user, host, agent, command, title, profile, region, last, ended, reason, status, \
                       signal, sealed, calls, denied, asked, commands, alerts, masks, identity, granted, used";

impl Index {
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

    /// The commands that fit `search`, newest first; their lines have all the words.
    ///
    /// Fails with `Usage` when words are given and none of them has a letter or digit.
    pub fn commands(&self, search: &Search, page: Page) -> Result<Vec<Hit>> {
        self.search_commands(search, &search.commands, page)
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
                "words JOIN texts t ON t.id = words.rowid AND t.source = 1
                 JOIN commands c ON c.session = t.id >> 24 AND c.number = t.item"
            }
            None if search.words.trim().is_empty() => "commands c",
            None => return Err(nothing_to_search()),
        };
        let sql = format!(
            "SELECT c.began, 1, c.line, s.id, c.number, c.kind, c.pid, c.took, c.status, c.signal, c.replaced_by
             FROM {found} JOIN sessions s ON s.n = c.session WHERE {}
             ORDER BY c.session DESC, c.number DESC LIMIT ? OFFSET ?",
            conditions.join(" AND ")
        );
        values.extend([Value::from(page.limit), Value::from(page.offset)]);
        let wanted: Vec<Wanted> = words::texts(&search.words)
            .iter()
            .chain(
                &filter
                    .parts
                    .iter()
                    .flat_map(|part| words::texts(&part.replace('*', " ")))
                    .collect::<Vec<_>>(),
            )
            .map(Wanted::new)
            .collect();
        self.get(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let hits = statement.query_map(params_from_iter(values), |row| {
                Ok(Hit { command: Some(command_hit(row)?), ..hit(row, &wanted)? })
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

/// A text as it is kept: as it is, or packed.
pub(super) fn body(kept: Value) -> String {
    match kept {
        Value::Text(text) => text,
        Value::Blob(packed) => unpack(&packed, MAX_TEXT),
        _ => String::new(),
    }
}

/// Columns 0 to 3: when, source, text, session.
pub(super) fn hit(row: &Row<'_>, wanted: &[Wanted]) -> rusqlite::Result<Hit> {
    let text = body(row.get(2)?);
    let source = match row.get(1)? {
        0 => Source::Screen,
        1 => Source::Command,
        3 => Source::Approval,
        _ => Source::Call,
    };
    let (snippet, found) = words::snippet(&text, wanted);
    Ok(Hit {
        session: session_id(row, 3)?,
        at: Micros(unsigned(row.get(0)?)),
        source,
        snippet,
        found,
        command: None,
        call: None,
        question: None,
    })
}
