//! Answering a query: which sessions fit, newest first, and where.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use rusqlite::InterruptHandle;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::Index;
use super::condition;
use super::condition::Condition;
use super::query::COLUMNS;
use super::query::session_row;
use super::rows::Hit;
use super::rows::Page;
use super::rows::SessionRow;
use super::words;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::query::Plan;
use crate::query::Query;
use crate::query::plan;

/// A session that fits a query.
#[derive(Clone, Debug)]
pub struct Found {
    /// The session.
    pub session: SessionRow,
    /// Places in it that fit, at most [`Index::HITS`], by time; none when the query is about the session alone.
    pub hits: Vec<Hit>,
    /// Whether there are more such places.
    pub has_more: bool,
}

/// Stops the question that an index is answering, from another thread.
#[derive(Clone)]
pub struct Interrupter {
    handle: Arc<InterruptHandle>,
    is_stopped: Arc<AtomicBool>,
}

impl Interrupter {
    /// The question that is being answered ends with an error, of which [`Error::kind`] is `Usage` and the first line
    /// [`Interrupter::GIVEN_UP`]. When none is being answered, the next one does: ask it again.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        self.handle.interrupt();
    }

    /// What the error of a question that was stopped says.
    pub const GIVEN_UP: &'static str = "the question was given up";

    /// Whether an error means that a question was stopped.
    #[must_use]
    pub fn has_stopped(error: &Error) -> bool {
        error.what() == Self::GIVEN_UP
    }
}

pub(super) fn given_up() -> Error {
    Error::new(Kind::Usage, Interrupter::GIVEN_UP)
}

impl Index {
    /// Most places of one session that [`Index::find`] gives.
    pub const HITS: usize = 5;

    /// The sessions that fit `query`, newest first, with places in them that do.
    pub fn find(&self, query: &Query, page: Page) -> Result<Vec<Found>> {
        let plan = plan(query);
        let mut condition = Condition { sql: String::new(), values: Vec::new() };
        compile(&plan, &mut condition);
        let Condition { sql, mut values } = condition;
        let sql = format!(
            "SELECT {COLUMNS}, n FROM sessions s WHERE {sql} ORDER BY started DESC, id DESC LIMIT ? OFFSET ?"
        );
        values.extend([Value::from(page.limit), Value::from(page.offset)]);
        let rows: Vec<(SessionRow, i64)> = self.get(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            statement
                .query_map(params_from_iter(values), |row| Ok((session_row(row)?, row.get("n")?)))?
                .collect()
        })?;
        rows.into_iter()
            .map(|(session, row)| {
                self.go_on()?;
                let (hits, has_more) = self.hits(&plan, query, &session, row, Self::HITS)?;
                Ok(Found { session, hits, has_more })
            })
            .collect()
    }

    /// What stops a question from another thread.
    #[must_use]
    pub fn interrupter(&self) -> Interrupter {
        Interrupter {
            handle: Arc::new(self.connection.get_interrupt_handle()),
            is_stopped: Arc::clone(&self.is_stopped),
        }
    }

    /// Fails when the question is no longer wanted.
    pub(super) fn go_on(&self) -> Result<()> {
        match self.is_stopped.swap(false, Ordering::SeqCst) {
            true => Err(given_up()),
            false => Ok(()),
        }
    }
}

fn compile(plan: &Plan, out: &mut Condition) {
    let list = |plans: &[Plan], between: &str, out: &mut Condition| {
        out.sql.push('(');
        for (at, plan) in plans.iter().enumerate() {
            if at > 0 {
                out.sql.push_str(between);
            }
            compile(plan, out);
        }
        out.sql.push(')');
    };
    match plan {
        Plan::Every => out.sql.push('1'),
        Plan::All(plans) => list(plans, " AND ", out),
        Plan::Any(plans) => list(plans, " OR ", out),
        Plan::Not(plan) => {
            out.sql.push_str("NOT ");
            compile(plan, out);
        }
        Plan::Session(node) => {
            let Condition { sql, values } = condition::of(node);
            out.sql.push_str(&format!("coalesce(({sql}), 0)"));
            out.values.extend(values);
        }
        Plan::Item(about, node) => {
            let (source, session, always) = Condition::source(*about);
            let Condition { sql, values } = condition::of(node);
            out.sql.push_str(&format!(
                "EXISTS (SELECT 1 FROM {source} WHERE {session} = s.n AND {always} AND ({sql}))"
            ));
            out.values.extend(values);
        }
        Plan::Text(node) => {
            out.sql.push_str(
                "n IN (SELECT session FROM texts WHERE id IN (SELECT rowid FROM words WHERE words MATCH ?))",
            );
            out.values.push(Value::from(words::expression(node)));
        }
    }
}
