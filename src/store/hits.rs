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
use super::query::body;
use super::query::command_hit;
use super::query::hit;
use super::rows::Hit;
use super::rows::SessionRow;
use super::rows::Source;
use super::screens::SCREEN_BITS;
use super::terms;
use super::terms::Lookup;
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
const STRETCHES: usize = 256;
/// Stretches, and texts, at the beginning of a session that are looked at for words that begin so.
const LOOKED: i64 = 16;
const TEXTS: usize = 2_000;

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
        let (first, last) = numbers(row, TEXT_BITS);
        let most = looking.most + 1;
        let numbers = match self.texts_by_looking(node, (first, last), most)? {
            Some(numbers) => numbers,
            None => self.get(|connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid LIMIT ?4",
                )?;
                let most = i64::try_from(most).unwrap_or(i64::MAX);
                let found =
                    statement.query_map(params![words::expression(node), first, last, most], |row| row.get(0))?;
                found.collect()
            })?,
        };
        let sql = "SELECT at, source, body, ?2, item, CASE source WHEN 3 THEN (SELECT id FROM approvals WHERE n = item) END
                   FROM texts WHERE id = ?1";
        let id = session.id.to_string();
        for number in numbers {
            let found = self.get(|connection| {
                let mut statement = connection.prepare_cached(sql)?;
                let read = |row: &Row<'_>| {
                    let mut hit = hit(row, &looking.wanted)?;
                    let item: Option<i64> = row.get(4)?;
                    hit.question = row.get(5)?;
                    if hit.source == Source::Call {
                        hit.call = item.map(unsigned);
                    }
                    Ok((hit, item))
                };
                statement.query_row(params![number, id], read).optional()
            })?;
            let Some((mut hit, item)) = found else { continue };
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

    /// The first texts of a session that fit. The index of words would bring together all words of all sessions that
    /// begin so, once more for each session; so for such a question the first texts are looked at. None for others, and
    /// when that does not tell.
    fn texts_by_looking(
        &self,
        node: &Node,
        (first, last): (i64, i64),
        most: usize,
    ) -> Result<Option<Vec<i64>>> {
        if !terms::has_beginnings(node) {
            return Ok(None);
        }
        let pattern = words::Pattern::new(node);
        self.get(|connection| {
            let sql = "SELECT id, body FROM texts WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query(params![first, last, TEXTS as i64])?;
            let (mut count, mut found) = (0, Vec::new());
            while let Some(row) = rows.next()? {
                count += 1;
                if pattern.fits(&words::fold_all(&body(row.get(1)?))) {
                    found.push(row.get(0)?);
                }
                if found.len() == most {
                    break;
                }
            }
            Ok((found.len() == most || count < TEXTS).then_some(found))
        })
    }

    /// Pieces of screen that show it.
    fn screens(
        &self,
        looking: &Looking,
        node: &Node,
        (session, row): (&SessionRow, i64),
        hits: &mut Vec<Hit>,
    ) -> Result<()> {
        let lookup = Lookup::new(node);
        let (mut first, last) = numbers(row, SCREEN_BITS);
        let before = hits.len();
        let has_beginnings = terms::has_beginnings(node);
        let must_look = has_beginnings || lookup.must_check();
        let pattern = must_look.then(|| words::Pattern::new(node));
        if has_beginnings {
            // As with texts.
            for number in first..first + LOOKED {
                self.in_stretch(looking, pattern.as_ref(), (session, number), hits)?;
                if hits.len() - before > looking.most {
                    return Ok(());
                }
            }
            first += LOOKED;
            let has_later = self.get(|connection| {
                let sql = "SELECT 1 FROM screens WHERE id BETWEEN ?1 AND ?2";
                connection.prepare_cached(sql)?.exists([first, last])
            })?;
            if !has_later {
                return Ok(());
            }
        }
        let most = if must_look { STRETCHES } else { looking.most + 1 };
        let sql = "SELECT rowid FROM screen_words WHERE screen_words MATCH ?1 AND rowid BETWEEN ?2 AND ?3
                   ORDER BY rowid LIMIT ?4";
        let rows: Vec<i64> = self.get(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows =
                statement.query_map(params![lookup.loose, first, last, most as i64], |row| row.get(0))?;
            rows.collect()
        })?;
        for number in rows {
            if hits.len() - before > looking.most {
                break;
            }
            self.in_stretch(looking, pattern.as_ref(), (session, number), hits)?;
        }
        Ok(())
    }

    /// The same in one stretch, if that fits.
    fn in_stretch(
        &self,
        looking: &Looking,
        pattern: Option<&words::Pattern>,
        (session, number): (&SessionRow, i64),
        hits: &mut Vec<Hit>,
    ) -> Result<()> {
        self.go_on()?;
        let stretch = self.stretch(number)?;
        if pattern.is_some_and(|pattern| !pattern.fits(&words::fold_all(&stretch.text))) {
            return Ok(());
        }
        // Where most of it stands together.
        let (mut best, mut pieces) = (1, Vec::new());
        for piece in stretch.pieces() {
            let count = words::count(&looking.wanted, piece.1);
            if count > best {
                (best, pieces) = (count, Vec::new());
            }
            if count == best {
                pieces.push(piece);
            }
            if best == looking.wanted.len() && pieces.len() > looking.most {
                break;
            }
        }
        if pieces.is_empty() {
            // It begins in one piece and ends in the next.
            let at = stretch.time(words::first(&looking.wanted, &stretch.text));
            let (snippet, found) = words::snippet(&stretch.text, &looking.wanted);
            hits.push(Hit { snippet, found, ..place(at, session, Source::Screen) });
            return Ok(());
        }
        for (at, text) in pieces.into_iter().take(looking.most + 1) {
            let (snippet, found) = words::snippet(text, &looking.wanted);
            hits.push(Hit { snippet, found, ..place(at, session, Source::Screen) });
        }
        Ok(())
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
