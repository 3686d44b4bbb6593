//! Going through the sessions that fit a condition, from the newest to the oldest, without looking at the others.
//!
//! Each [`Walk`] gives the newest session that fits and is not newer than a given one. Several are brought together by
//! asking them in turns, so that a rare condition lets the common ones be skipped. A walk is asked with ever older
//! sessions only.

use std::collections::HashMap;

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::Index;
use super::condition;
use super::condition::Condition;
use super::texts::PART_BITS;
use super::texts::SCREEN_BITS;
use super::texts::TEXT_BITS;
use super::texts::numbers;
use super::words;
use crate::error::Result;
use crate::query::About;
use crate::query::Field;
use crate::query::Node;
use crate::query::Pattern;
use crate::query::Plan;
use crate::query::Test;

/// Rows looked at first, when a walk goes on, and at most.
const FIRST: usize = 32;
const MOST: usize = 4_096;
/// Up to so many kinds of calls are gone through one by one.
const KINDS: usize = 4_096;
/// A condition on questions with fewer answers is answered at once.
const FEW: usize = 2_000;

/// Sessions that fit a condition.
pub(super) enum Walk {
    /// These, the newest first, and how many have been passed.
    Set(Vec<i64>, usize),
    /// Those that rows are about.
    Rows(Rows),
    /// Those whose screens show something that fits.
    Screens { rows: Rows, check: Option<words::Pattern> },
    /// Those with calls of these kinds; with each the newest such session that is not passed.
    Kinds(HashMap<i64, Option<i64>>),
    /// Those of the inner walk in which there is a row like that.
    Checked { inner: Box<Walk>, sql: String, values: Vec<Value> },
    /// Those of all.
    All(Vec<Walk>),
    /// Those of any.
    Any(Vec<Walk>),
    /// Those of the first that are not of the second.
    Without(Box<Walk>, Box<Walk>),
}

/// Rows in the order of their numbers, from the last; read in blocks.
pub(super) struct Rows {
    /// Gives numbers up to `?`, at most `?`; the values of the condition come before.
    sql: String,
    values: Vec<Value>,
    /// Bits of a number that do not belong to the session.
    bits: u32,
    block: std::collections::VecDeque<i64>,
    /// The lowest number that was asked for.
    low: Option<i64>,
    is_over: bool,
    size: usize,
}

impl Rows {
    fn new(sql: String, values: Vec<Value>, bits: u32) -> Self {
        Self { sql, values, bits, block: Default::default(), low: None, is_over: false, size: FIRST }
    }

    /// Texts that fit a query of FTS5.
    fn of_words(table: &str, query: String, bits: u32) -> Self {
        let sql = format!(
            "SELECT rowid FROM {table} WHERE {table} MATCH ? AND rowid <= ? ORDER BY rowid DESC LIMIT ?"
        );
        Self::new(sql, vec![Value::from(query)], bits)
    }

    /// The highest number up to `most`.
    fn last(&mut self, index: &Index, most: i64) -> Result<Option<i64>> {
        loop {
            while self.block.front().is_some_and(|number| *number > most) {
                self.block.pop_front();
            }
            if let Some(number) = self.block.front() {
                return Ok(Some(*number));
            }
            if self.is_over {
                return Ok(None);
            }
            index.go_on()?;
            let below = self.low.map(|low| low - 1);
            let goes_on = below.is_none_or(|below| below <= most);
            self.size = if goes_on && below.is_some() { (self.size * 2).min(MOST) } else { FIRST };
            let from = below.map_or(most, |below| below.min(most));
            let mut values = self.values.clone();
            values.extend([Value::from(from), Value::from(self.size as i64)]);
            self.block = index.get(|connection| {
                let mut statement = connection.prepare_cached(&self.sql)?;
                statement.query_map(params_from_iter(values), |row| row.get(0))?.collect()
            })?;
            self.is_over = self.block.len() < self.size;
            self.low = self.block.back().copied();
        }
    }

    /// The newest session up to `most`.
    fn session(&mut self, index: &Index, most: i64) -> Result<Option<i64>> {
        let (_, last) = numbers(most, self.bits);
        Ok(self.last(index, last)?.map(|number| number >> self.bits))
    }
}

impl Walk {
    /// The sessions that fit a plan.
    pub(super) fn new(index: &Index, plan: &Plan) -> Result<Self> {
        Ok(match plan {
            Plan::Every => Self::every(index)?,
            Plan::All(plans) => {
                let (not, rest): (Vec<&Plan>, Vec<&Plan>) =
                    plans.iter().partition(|plan| matches!(plan, Plan::Not(_)));
                let mut walk = match rest.len() {
                    0 => Self::every(index)?,
                    _ => {
                        Self::all(rest.into_iter().map(|plan| Self::new(index, plan)).collect::<Result<_>>()?)
                    }
                };
                for plan in not {
                    if let Plan::Not(plan) = plan {
                        walk = Self::Without(Box::new(walk), Box::new(Self::new(index, plan)?));
                    }
                }
                walk
            }
            Plan::Any(plans) => {
                Self::Any(plans.iter().map(|plan| Self::new(index, plan)).collect::<Result<_>>()?)
            }
            Plan::Not(plan) => {
                Self::Without(Box::new(Self::every(index)?), Box::new(Self::new(index, plan)?))
            }
            Plan::Session(node) => Self::sessions(index, &condition::of(node))?,
            Plan::Item(About::Call, node) => Self::calls(index, node)?,
            Plan::Item(About::Command, node) => Self::commands(index, node)?,
            Plan::Item(_, node) => Self::questions(index, node)?,
            Plan::Text(node) => {
                let (query, must_check) = words::loose_expression(node);
                let rows = Rows::of_words("screen_words", query, SCREEN_BITS);
                let screens = Self::Screens { rows, check: must_check.then(|| words::Pattern::new(node)) };
                let rest = Rows::of_words("words", words::expression(node), TEXT_BITS);
                Self::Any(vec![screens, Self::Rows(rest)])
            }
        })
    }

    /// Those that can be told at once first: they let the others be skipped.
    fn all(mut walks: Vec<Self>) -> Self {
        walks.sort_by_key(|walk| match walk {
            Self::Set(..) => 0,
            Self::Kinds(_) => 1,
            Self::Checked { .. } => 3,
            _ => 2,
        });
        match walks.len() {
            1 => walks.remove(0),
            _ => Self::All(walks),
        }
    }

    fn every(index: &Index) -> Result<Self> {
        Self::sessions(index, &Condition { sql: "1".to_owned(), values: Vec::new() })
    }

    fn sessions(index: &Index, condition: &Condition) -> Result<Self> {
        let sql = format!("SELECT n FROM sessions s WHERE {}", condition.sql);
        Self::set(index, &sql, &condition.values)
    }

    fn set(index: &Index, sql: &str, values: &[Value]) -> Result<Self> {
        Self::counted_set(index, sql, values).map(|(walk, _)| walk)
    }

    /// Also how many rows there were.
    fn counted_set(index: &Index, sql: &str, values: &[Value]) -> Result<(Self, usize)> {
        let mut found: Vec<i64> = index.get(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map(params_from_iter(values), |row| row.get(0))?.collect()
        })?;
        let count = found.len();
        found.sort_unstable_by(|one, other| other.cmp(one));
        found.dedup();
        Ok((Self::Set(found, 0), count))
    }

    fn calls(index: &Index, node: &Node) -> Result<Self> {
        let (about_arns, about_kinds): (Vec<&Node>, Vec<&Node>) =
            parts(node).into_iter().partition(|node| has_field(node, Field::Resource));
        let mut walks = Vec::new();
        if !about_kinds.is_empty() {
            let nodes: Vec<Node> = about_kinds.into_iter().cloned().collect();
            let Condition { sql, values } = condition::of(&Node::All(nodes));
            let kinds: Vec<i64> = index.get(|connection| {
                let mut statement =
                    connection.prepare_cached(&format!("SELECT n FROM kinds d WHERE {sql}"))?;
                statement.query_map(params_from_iter(&values), |row| row.get(0))?.collect()
            })?;
            walks.push(match kinds.len() {
                0..=KINDS => Self::Kinds(kinds.into_iter().map(|kind| (kind, Some(i64::MAX))).collect()),
                _ => Self::Rows(Rows::new(
                    format!(
                        "SELECT k.session FROM calls k JOIN kinds d ON d.n = k.kind WHERE ({sql}) AND k.session <= ?
                         ORDER BY k.session DESC, k.call DESC LIMIT ?"
                    ),
                    values,
                    0,
                )),
            });
        }
        walks.extend(about_arns.iter().filter_map(|node| by_parts(node)));
        match about_arns.is_empty() {
            true => Ok(Self::all(walks)),
            false => Self::checked(index, About::Call, node, walks),
        }
    }

    fn commands(index: &Index, node: &Node) -> Result<Self> {
        let (about_lines, about_ends): (Vec<&Node>, Vec<&Node>) =
            parts(node).into_iter().partition(|node| has_field(node, Field::Command));
        let mut walks = Vec::new();
        if !about_ends.is_empty() {
            let nodes: Vec<Node> = about_ends.into_iter().cloned().collect();
            let Condition { sql, values } = condition::of(&Node::All(nodes));
            walks.push(Self::Rows(Rows::new(
                format!(
                    "SELECT c.session FROM commands c WHERE c.kind <> 1 AND ({sql}) AND c.session <= ?
                     ORDER BY c.session DESC, c.number DESC LIMIT ?"
                ),
                values,
                0,
            )));
        }
        walks.extend(about_lines.iter().filter_map(|node| by_parts(node)));
        match about_lines.is_empty() {
            true => Ok(Self::all(walks)),
            false => Self::checked(index, About::Command, node, walks),
        }
    }

    fn questions(index: &Index, node: &Node) -> Result<Self> {
        let Condition { sql, values } = condition::of(node);
        let few = format!("SELECT a.session FROM approvals a WHERE {sql} LIMIT {FEW}");
        let (walk, count) = Self::counted_set(index, &few, &values)?;
        if count < FEW {
            return Ok(walk);
        }
        Ok(Self::Rows(Rows::new(
            format!(
                "SELECT a.session FROM approvals a WHERE ({sql}) AND a.session <= ?
                 ORDER BY a.session DESC LIMIT ?"
            ),
            values,
            0,
        )))
    }

    /// The sessions of `walks` in which there is one thing that fits wholly.
    fn checked(index: &Index, about: About, node: &Node, walks: Vec<Self>) -> Result<Self> {
        let inner = if walks.is_empty() { Self::every(index)? } else { Self::all(walks) };
        let Condition { sql, values } = condition::of(node);
        let (source, session, always) = Condition::source(about);
        let sql = format!("SELECT 1 FROM {source} WHERE {always} AND ({sql}) AND {session} = ? LIMIT 1");
        Ok(Self::Checked { inner: Box::new(inner), sql, values })
    }

    /// The newest session that fits and is not newer than `most`.
    pub(super) fn next(&mut self, index: &Index, most: i64) -> Result<Option<i64>> {
        match self {
            Self::Set(sessions, passed) => {
                *passed += sessions[*passed..].partition_point(|session| *session > most);
                Ok(sessions.get(*passed).copied())
            }
            Self::Rows(rows) => rows.session(index, most),
            Self::Screens { rows, check: None } => rows.session(index, most),
            Self::Screens { rows, check: Some(pattern) } => {
                let (_, mut last) = numbers(most, SCREEN_BITS);
                while let Some(number) = rows.last(index, last)? {
                    if pattern.fits(&index.stretch(number)?.text) {
                        return Ok(Some(number >> SCREEN_BITS));
                    }
                    last = number - 1;
                }
                Ok(None)
            }
            Self::Kinds(kinds) => {
                for (kind, newest) in kinds.iter_mut() {
                    if newest.is_some_and(|newest| newest > most) {
                        *newest = index.get(|connection| {
                            let mut statement = connection.prepare_cached(
                                "SELECT max(session) FROM calls WHERE kind = ?1 AND session <= ?2",
                            )?;
                            statement.query_row([*kind, most], |row| row.get(0))
                        })?;
                    }
                }
                kinds.retain(|_, newest| newest.is_some());
                Ok(kinds.values().flatten().max().copied())
            }
            Self::Checked { inner, sql, values } => {
                let mut most = most;
                while let Some(session) = inner.next(index, most)? {
                    index.go_on()?;
                    let values = values.iter().cloned().chain([Value::from(session)]);
                    let fits = index
                        .get(|connection| connection.prepare_cached(sql)?.exists(params_from_iter(values)))?;
                    if fits {
                        return Ok(Some(session));
                    }
                    most = session - 1;
                }
                Ok(None)
            }
            Self::All(walks) => {
                let mut most = most;
                'again: loop {
                    for walk in walks.iter_mut() {
                        match walk.next(index, most)? {
                            None => return Ok(None),
                            Some(session) if session < most => {
                                most = session;
                                continue 'again;
                            }
                            Some(_) => {}
                        }
                    }
                    return Ok(Some(most));
                }
            }
            Self::Any(walks) => {
                let mut newest = None;
                for walk in walks {
                    newest = newest.max(walk.next(index, most)?);
                }
                Ok(newest)
            }
            Self::Without(walk, not) => {
                let mut most = most;
                while let Some(session) = walk.next(index, most)? {
                    if not.next(index, session)? != Some(session) {
                        return Ok(Some(session));
                    }
                    most = session - 1;
                }
                Ok(None)
            }
        }
    }
}

/// What must hold beside each other.
fn parts(node: &Node) -> Vec<&Node> {
    match node {
        Node::All(nodes) => nodes.iter().collect(),
        node => vec![node],
    }
}

fn has_field(node: &Node, field: Field) -> bool {
    let mut has = false;
    node.leaves(false, &mut |leaf, _| has |= matches!(leaf, Node::Field(term) if term.field == field));
    has
}

/// Sessions that may hold a command line or an ARN with that part; none when its parts are too short to tell.
fn by_parts(node: &Node) -> Option<Walk> {
    let wanted = match node {
        Node::Any(nodes) => {
            return nodes.iter().map(by_parts).collect::<Option<Vec<Walk>>>().map(Walk::Any);
        }
        Node::All(nodes) => {
            let walks: Vec<Walk> = nodes.iter().filter_map(by_parts).collect();
            return (!walks.is_empty()).then(|| Walk::all(walks));
        }
        Node::Field(term) => match &term.test {
            Test::Has(Pattern(wanted)) => wanted,
            _ => return None,
        },
        _ => return None,
    };
    let mut grams: Vec<String> = Vec::new();
    for piece in wanted.split('*') {
        let letters: Vec<char> = piece.chars().collect();
        grams.extend(letters.windows(3).map(|three| three.iter().collect::<String>().replace('"', "\"\"")));
    }
    grams.sort();
    grams.dedup();
    if grams.is_empty() {
        return None;
    }
    let grams: Vec<String> = grams.into_iter().map(|gram| format!("\"{gram}\"")).collect();
    Some(Walk::Rows(Rows::of_words("grams", grams.join(" AND "), PART_BITS)))
}
