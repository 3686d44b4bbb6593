//! Answering a query: which sessions fit, newest first, and where.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use rusqlite::InterruptHandle;

use super::Index;
use super::query::COLUMNS;
use super::query::session_row;
use super::rows::Filter;
use super::rows::Hit;
use super::rows::Page;
use super::rows::SessionRow;
use super::walk::Walk;
use super::words;
use super::words::Wanted;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::query::Field;
use crate::query::Node;
use crate::query::Pattern;
use crate::query::Plan;
use crate::query::Query;
use crate::query::Term;
use crate::query::Test;
use crate::query::plan;

/// A session that fits a query.
#[derive(Clone, Debug)]
pub struct Found {
    /// The session.
    pub session: SessionRow,
    /// Places in it that fit, by time; none when the query is about the session alone.
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
    /// The question that is being answered ends with an error for which [`Interrupter::has_stopped`] says yes. When none
    /// is being answered, the next one does: ask it again.
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

/// What the hits of a query are looked for with.
pub(super) struct Looking {
    pub(super) plan: Plan,
    pub(super) wanted: Vec<Wanted>,
    /// Most places of one session.
    pub(super) most: usize,
}

impl Index {
    /// Most places of one session that [`Index::find`] gives.
    pub const HITS: usize = 5;

    /// The sessions that fit `query`, newest first, each with at most [`Index::HITS`] places that do.
    pub fn find(&self, query: &Query, page: Page) -> Result<Vec<Found>> {
        self.find_places(query, page, Self::HITS)
    }

    /// The same with at most `most` places of each session.
    pub fn find_places(&self, query: &Query, page: Page, most: usize) -> Result<Vec<Found>> {
        let mut all = Vec::new();
        self.find_each(query, page, most, &mut |found| all.push(found))?;
        Ok(all)
    }

    /// The same; each is given as soon as it is found.
    pub fn find_each(
        &self,
        query: &Query,
        page: Page,
        most: usize,
        give: &mut dyn FnMut(Found),
    ) -> Result<()> {
        let plan = plan(query);
        let wanted = query.texts().into_iter().map(Wanted::new).collect();
        let looking = Looking { plan, wanted, most };
        self.fitting(&looking.plan, page, &mut |row| {
            let session = self.numbered(row)?;
            let (hits, has_more) = self.hits(&looking, &session, row)?;
            give(Found { session, hits, has_more });
            Ok(())
        })
    }

    /// The sessions that `filter` lets through, newest first.
    pub fn sessions(&self, filter: &Filter, page: Page) -> Result<Vec<SessionRow>> {
        let mut sessions = Vec::new();
        self.fitting(&plan(&filter.as_query()?), page, &mut |row| {
            sessions.push(self.numbered(row)?);
            Ok(())
        })?;
        Ok(sessions)
    }

    fn numbered(&self, row: i64) -> Result<SessionRow> {
        self.get(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM sessions WHERE n = ?1");
            connection.prepare_cached(&sql)?.query_row([row], session_row)
        })
    }

    /// Numbers of sessions.
    fn fitting(&self, plan: &Plan, page: Page, give: &mut dyn FnMut(i64) -> Result<()>) -> Result<()> {
        let mut walk = Walk::new(self, plan)?;
        let (mut passed, mut given, mut most) = (0, 0, i64::MAX >> super::texts::TEXT_BITS);
        while given < page.limit
            && let Some(row) = walk.next(self, most)?
        {
            self.go_on()?;
            most = row - 1;
            match passed < page.offset {
                true => passed += 1,
                false => {
                    given += 1;
                    give(row)?;
                }
            }
        }
        Ok(())
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

impl Filter {
    /// The same as a query. Fails with `Usage` when words are given and none of them has a letter or digit.
    fn as_query(&self) -> Result<Query> {
        let field = |field: Field, test: Test| Node::Field(Term { field, test });
        let is = |text: &String| Test::Is(Pattern(text.clone()));
        let mut nodes = Vec::new();
        nodes.extend(self.user.as_ref().map(|user| field(Field::User, is(user))));
        nodes.extend(self.since.map(|at| field(Field::After, Test::Moment(at))));
        nodes.extend(self.until.map(|at| field(Field::Before, Test::Moment(at))));
        nodes.extend(self.service.as_ref().map(|service| field(Field::Service, is(service))));
        nodes.extend(self.action.as_ref().map(|action| field(Field::Action, is(action))));
        nodes.extend(self.decision.map(|effect| field(Field::Decision, Test::Word(effect.as_str()))));
        if let Some(text) = &self.text {
            let texts = words::texts(text);
            if texts.is_empty() {
                return Err(super::query::nothing_to_search());
            }
            nodes.extend(texts.into_iter().map(Node::Text));
        }
        if let Some(part) = &self.command {
            let has = |name: Field| field(name, Test::Has(Pattern(part.clone())));
            nodes.push(Node::Any(vec![has(Field::Title), has(Field::Command)]));
        }
        if let Some(approvals) = &self.approvals {
            let became = approvals.became.iter();
            nodes.extend(became.map(|became| field(Field::Approval, Test::Word(became.as_str()))));
            nodes.extend(approvals.approvers.iter().map(|name| field(Field::Approver, is(name))));
        }
        if let Some(query) = &self.query {
            match query.node.clone() {
                Some(Node::All(more)) => nodes.extend(more),
                node => nodes.extend(node),
            }
        }
        let node = if nodes.len() > 1 { Some(Node::All(nodes)) } else { nodes.pop() };
        Ok(Query { node })
    }
}
