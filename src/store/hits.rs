//! The places in a session that a query is about.

use rusqlite::Row;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::Index;
use super::condition;
use super::condition::Condition;
use super::query::command_hit;
use super::query::hit;
use super::rows::Hit;
use super::rows::SessionRow;
use super::rows::Source;
use super::words;
use super::write::unsigned;
use crate::error::Result;
use crate::query::About;
use crate::query::Plan;
use crate::query::Query;
use crate::types::Micros;

impl Index {
    /// At most `most` places, by time, and whether there are more.
    pub(super) fn hits(
        &self,
        plan: &Plan,
        query: &Query,
        session: &SessionRow,
        row: i64,
        most: usize,
    ) -> Result<(Vec<Hit>, bool)> {
        let mut hits = Vec::new();
        self.collect(plan, query, session, row, most + 1, &mut hits)?;
        hits.sort_by_key(|hit: &Hit| hit.at);
        hits.dedup_by(|one, other| {
            one.at == other.at && one.source == other.source && one.snippet == other.snippet
        });
        let has_more = hits.len() > most;
        hits.truncate(most);
        Ok((hits, has_more))
    }

    fn collect(
        &self,
        plan: &Plan,
        query: &Query,
        session: &SessionRow,
        row: i64,
        most: usize,
        hits: &mut Vec<Hit>,
    ) -> Result<()> {
        match plan {
            Plan::All(plans) | Plan::Any(plans) => {
                plans.iter().try_for_each(|plan| self.collect(plan, query, session, row, most, hits))
            }
            Plan::Every | Plan::Not(_) | Plan::Session(_) => Ok(()),
            Plan::Item(about, node) => {
                let Condition { sql, values } = condition::of(node);
                let (source, column, always) = Condition::source(*about);
                let (columns, order) = match about {
                    About::Call => {
                        ("k.began, k.call, d.action, k.resource, d.effect, d.status, d.error", "k.call")
                    }
                    About::Command => (
                        "c.began, c.line, 1, 1, c.number, c.kind, c.pid, c.took, c.status, c.signal, c.replaced_by",
                        "c.number",
                    ),
                    _ => ("a.asked, a.id, a.question, coalesce(a.answer, 'waiting'), a.person", "a.n"),
                };
                let sql = format!(
                    "SELECT {columns} FROM {source} WHERE {column} = ? AND {always} AND ({sql}) ORDER BY {order} LIMIT {most}"
                );
                let mut all = vec![Value::from(row)];
                all.extend(values);
                let read = |row: &Row<'_>| match about {
                    About::Call => call(row, session),
                    About::Command => command(row, session),
                    _ => question(row, session),
                };
                hits.extend(self.get(|connection| {
                    let mut statement = connection.prepare_cached(&sql)?;
                    statement.query_map(params_from_iter(all), read)?.collect::<rusqlite::Result<Vec<_>>>()
                })?);
                Ok(())
            }
            Plan::Text(node) => {
                let texts: Vec<String> = query.texts().iter().map(|text| text.words.clone()).collect();
                let sql = format!(
                    "SELECT s.id, t.at, t.source, t.body, t.item FROM words JOIN texts t ON t.id = words.rowid
                     JOIN sessions s ON s.n = t.session WHERE words MATCH ? AND t.session = ?
                     ORDER BY words.rowid LIMIT {most}"
                );
                let values = [Value::from(words::expression(node)), Value::from(row)];
                hits.extend(self.get(|connection| {
                    let mut statement = connection.prepare_cached(&sql)?;
                    let found = statement.query_map(params_from_iter(values), |row| {
                        let mut hit = hit(row, &texts.join(" "))?;
                        if hit.source == Source::Call {
                            hit.call = row.get::<_, Option<i64>>(4)?.map(unsigned);
                        }
                        Ok(hit)
                    })?;
                    found.collect::<rusqlite::Result<Vec<_>>>()
                })?);
                Ok(())
            }
        }
    }
}

fn call(row: &Row<'_>, session: &SessionRow) -> rusqlite::Result<Hit> {
    let text = |column: usize| row.get::<_, String>(column);
    let status: i64 = row.get(5)?;
    let status = if status == 0 { String::new() } else { status.to_string() };
    let parts = [text(2)?, text(3)?, text(4)?, status, text(6)?];
    let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    Ok(Hit {
        call: row.get::<_, i64>(1).map(unsigned).map(Some)?,
        ..place(row, session, Source::Call, &parts.join(" "))?
    })
}

fn command(row: &Row<'_>, session: &SessionRow) -> rusqlite::Result<Hit> {
    let line: String = row.get(1)?;
    Ok(Hit { command: Some(command_hit(row)?), ..place(row, session, Source::Command, &line)? })
}

fn question(row: &Row<'_>, session: &SessionRow) -> rusqlite::Result<Hit> {
    let person: Option<String> = row.get(4)?;
    let by = person.map(|person| format!(" by {person}")).unwrap_or_default();
    let text = format!("{}: {}{by}", row.get::<_, String>(2)?, row.get::<_, String>(3)?);
    Ok(Hit { question: row.get(1)?, ..place(row, session, Source::Approval, &text)? })
}

fn place(row: &Row<'_>, session: &SessionRow, source: Source, text: &str) -> rusqlite::Result<Hit> {
    let (snippet, _) = words::snippet(text, "");
    Ok(Hit {
        session: session.id,
        at: Micros(unsigned(row.get(0)?)),
        source,
        snippet,
        found: Vec::new(),
        command: None,
        call: None,
        question: None,
    })
}
