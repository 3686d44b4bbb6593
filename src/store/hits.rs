//! The places in a session that a query is about.

use rusqlite::OptionalExtension as _;
use rusqlite::Row;
use rusqlite::params;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::Index;
use super::condition;
use super::condition::Condition;
use super::find::Looking;
use super::query::command_hit;
use super::query::hit;
use super::rows::Hit;
use super::rows::SessionRow;
use super::rows::Source;
use super::texts::SCREEN_BITS;
use super::texts::Stretch;
use super::texts::TEXT_BITS;
use super::texts::numbers;
use super::words;
use super::write::unsigned;
use crate::error::Result;
use crate::query::About;
use crate::query::Node;
use crate::query::Plan;
use crate::types::Micros;

/// Stretches of one session's screens that are looked at for a text that has several words.
const STRETCHES: usize = 64;

impl Index {
    /// At most [`Looking::most`] places, by time, and whether there are more.
    pub(super) fn hits(&self, looking: &Looking, session: &SessionRow, row: i64) -> Result<(Vec<Hit>, bool)> {
        let mut hits = Vec::new();
        self.collect(looking, &looking.plan, (session, row), &mut hits)?;
        hits.sort_by_key(|hit: &Hit| hit.at);
        hits.dedup_by(|one, other| {
            one.at == other.at && one.source == other.source && one.snippet == other.snippet
        });
        // The command that a session was started with is told once, where it ran.
        let is_first =
            |hit: &Hit| hit.at == Micros(0) && hit.source == Source::Command && hit.command.is_none();
        if let [first, rest @ ..] = &hits[..]
            && is_first(first)
            && rest.iter().any(|hit| hit.source == Source::Command && hit.snippet == first.snippet)
        {
            hits.remove(0);
        }
        let has_more = hits.len() > looking.most;
        hits.truncate(looking.most);
        Ok((hits, has_more))
    }

    fn collect(
        &self,
        looking: &Looking,
        plan: &Plan,
        (session, row): (&SessionRow, i64),
        hits: &mut Vec<Hit>,
    ) -> Result<()> {
        match plan {
            Plan::All(plans) | Plan::Any(plans) => {
                plans.iter().try_for_each(|plan| self.collect(looking, plan, (session, row), hits))
            }
            Plan::Every | Plan::Not(_) | Plan::Session(_) => Ok(()),
            Plan::Item(about, node) => self.items(looking, (*about, node), (session, row), hits),
            Plan::Text(node) => {
                self.texts(looking, node, (session, row), hits)?;
                self.screens(looking, node, (session, row), hits)
            }
        }
    }

    /// Calls, commands or questions that fit.
    fn items(
        &self,
        looking: &Looking,
        (about, node): (About, &Node),
        (session, row): (&SessionRow, i64),
        hits: &mut Vec<Hit>,
    ) -> Result<()> {
        let Condition { sql, values } = condition::of(node);
        let (source, column, always) = Condition::source(about);
        let (columns, order) = match about {
            About::Call => ("k.began, k.call, d.action, k.resource, d.effect, d.status, d.error", "k.call"),
            About::Command => (
                "c.began, c.line, 1, 1, c.number, c.kind, c.pid, c.took, c.status, c.signal, c.replaced_by",
                "c.number",
            ),
            _ => ("a.asked, a.id, a.question, coalesce(a.answer, 'waiting'), a.person", "a.n"),
        };
        let sql = format!(
            "SELECT {columns} FROM {source} WHERE {column} = ? AND {always} AND ({sql}) ORDER BY {order} LIMIT ?"
        );
        let mut all = vec![Value::from(row)];
        all.extend(values);
        all.push(limit(looking));
        let read = |row: &Row<'_>| match about {
            About::Call => call(row, session, looking),
            About::Command => command(row, session, looking),
            _ => question(row, session, looking),
        };
        hits.extend(self.get(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_map(params_from_iter(all), read)?.collect::<rusqlite::Result<Vec<_>>>()
        })?);
        Ok(())
    }

    /// Command lines, calls and questions that say it.
    fn texts(
        &self,
        looking: &Looking,
        node: &Node,
        (session, row): (&SessionRow, i64),
        hits: &mut Vec<Hit>,
    ) -> Result<()> {
        let sql = "SELECT t.at, t.source, t.body, ?4, t.item,
                   CASE t.source WHEN 3 THEN (SELECT id FROM approvals WHERE n = t.item) END
                   FROM words JOIN texts t ON t.id = words.rowid
                   WHERE words MATCH ?1 AND words.rowid BETWEEN ?2 AND ?3 ORDER BY words.rowid LIMIT ?5";
        let (first, last) = numbers(row, TEXT_BITS);
        let id = session.id.to_string();
        let found: Vec<(Hit, Option<i64>)> = self.get(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let found = statement.query_map(
                params![words::expression(node), first, last, id, limit(looking)],
                |row| {
                    let mut hit = hit(row, &looking.wanted)?;
                    let item: Option<i64> = row.get(4)?;
                    hit.question = row.get(5)?;
                    if hit.source == Source::Call {
                        hit.call = item.map(unsigned);
                    }
                    Ok((hit, item))
                },
            )?;
            found.collect()
        })?;
        for (mut hit, item) in found {
            if let (Source::Command, Some(number)) = (hit.source, item) {
                hit.command = self.get(|connection| {
                    let sql = "SELECT 1, 1, 1, 1, number, kind, pid, took, status, signal, replaced_by
                               FROM commands WHERE session = ?1 AND number = ?2";
                    connection.prepare_cached(sql)?.query_row([row, number], command_hit).optional()
                })?;
            }
            hits.push(hit);
        }
        Ok(())
    }

    /// Pieces of screen that show it.
    fn screens(
        &self,
        looking: &Looking,
        node: &Node,
        (session, row): (&SessionRow, i64),
        hits: &mut Vec<Hit>,
    ) -> Result<()> {
        let (query, must_check) = words::loose_expression(node);
        let (first, last) = numbers(row, SCREEN_BITS);
        let most = if must_check { STRETCHES } else { looking.most + 1 };
        let sql = "SELECT rowid FROM screen_words WHERE screen_words MATCH ?1 AND rowid BETWEEN ?2 AND ?3
                   ORDER BY rowid LIMIT ?4";
        let rows: Vec<i64> = self.get(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![query, first, last, most as i64], |row| row.get(0))?;
            rows.collect()
        })?;
        let before = hits.len();
        let pattern = must_check.then(|| words::Pattern::new(node));
        for number in rows {
            if hits.len() - before > looking.most {
                break;
            }
            self.go_on()?;
            let stretch = self.stretch(number)?;
            if pattern.as_ref().is_some_and(|pattern| !pattern.fits(&stretch.text)) {
                continue;
            }
            // Where most of it stands together.
            let counts: Vec<usize> =
                stretch.pieces().map(|(_, text)| words::count(&looking.wanted, text)).collect();
            let best = counts.iter().max().copied().unwrap_or(0);
            if best == 0 {
                // It begins in one piece and ends in the next.
                let at = stretch.time(words::first(&looking.wanted, &stretch.text));
                let (snippet, found) = words::snippet(&stretch.text, &looking.wanted);
                hits.push(Hit { snippet, found, ..place(at, session, Source::Screen) });
                continue;
            }
            let pieces = stretch.pieces().zip(counts).filter(|(_, count)| *count == best);
            for ((at, text), _) in pieces.take(looking.most + 1) {
                let (snippet, found) = words::snippet(text, &looking.wanted);
                hits.push(Hit { snippet, found, ..place(at, session, Source::Screen) });
            }
        }
        Ok(())
    }

    /// A stretch of screen text; an empty one when it is gone.
    pub(super) fn stretch(&self, number: i64) -> Result<Stretch> {
        let found: Option<(Vec<u8>, Vec<u8>)> = self.get(|connection| {
            let mut statement = connection.prepare_cached("SELECT marks, body FROM screens WHERE id = ?1")?;
            statement.query_row([number], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })?;
        Ok(found.map(|(marks, body)| Stretch::unpack(&marks, &body)).unwrap_or_default())
    }
}

fn limit(looking: &Looking) -> Value {
    Value::from(i64::try_from(looking.most + 1).unwrap_or(i64::MAX))
}

fn call(row: &Row<'_>, session: &SessionRow, looking: &Looking) -> rusqlite::Result<Hit> {
    let text = |column: usize| row.get::<_, String>(column);
    let status: i64 = row.get(5)?;
    let status = if status == 0 { String::new() } else { status.to_string() };
    let parts = [text(2)?, text(3)?, text(4)?, status, text(6)?];
    let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let number = Some(unsigned(row.get(1)?));
    Ok(Hit { call: number, ..shown(row, session, Source::Call, &parts.join(" "), looking)? })
}

fn command(row: &Row<'_>, session: &SessionRow, looking: &Looking) -> rusqlite::Result<Hit> {
    let line: String = row.get(1)?;
    Ok(Hit { command: Some(command_hit(row)?), ..shown(row, session, Source::Command, &line, looking)? })
}

fn question(row: &Row<'_>, session: &SessionRow, looking: &Looking) -> rusqlite::Result<Hit> {
    let person: Option<String> = row.get(4)?;
    let by = person.map(|person| format!(" by {person}")).unwrap_or_default();
    let text = format!("{}: {}{by}", row.get::<_, String>(2)?, row.get::<_, String>(3)?);
    Ok(Hit { question: row.get(1)?, ..shown(row, session, Source::Approval, &text, looking)? })
}

/// Something at the time in column 0.
fn shown(
    row: &Row<'_>,
    session: &SessionRow,
    source: Source,
    text: &str,
    looking: &Looking,
) -> rusqlite::Result<Hit> {
    let (snippet, found) = words::snippet(text, &looking.wanted);
    Ok(Hit { snippet, found, ..place(Micros(unsigned(row.get(0)?)), session, source) })
}

fn place(at: Micros, session: &SessionRow, source: Source) -> Hit {
    Hit {
        session: session.id,
        at,
        source,
        snippet: String::new(),
        found: Vec::new(),
        command: None,
        call: None,
        question: None,
    }
}
