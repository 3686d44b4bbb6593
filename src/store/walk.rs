//! Going through the sessions that fit a condition, from the newest to the oldest, without looking at the others.
//!
//! Each [`Walk`] gives the newest session that fits and is not newer than a given one. Several are brought together by
//! asking them in turns, so that a rare condition lets the common ones be skipped. A walk is asked with ever older
//! sessions only.

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::Index;
use super::condition;
use super::condition::Condition;
use super::descent::Rows;
use super::screens::SCREEN_BITS;
use super::screens::Screens;
use super::terms;
use super::terms::Lookup;
use super::texts::PART_BITS;
use super::texts::TEXT_BITS;
use super::words;
use crate::error::Result;
use crate::query::About;
use crate::query::Field;
use crate::query::Node;
use crate::query::Pattern;
use crate::query::Plan;
use crate::query::Test;

/// Rows in a block, first and at most, where the words that begin so are brought together for each.
const BEGINNINGS: (usize, usize) = (4_096, 131_072);
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
    Screens(Box<Screens>),
    /// Those of the inner walk in which there is a row like that.
    Checked { inner: Box<Walk>, sql: String, values: Vec<Value> },
    /// Those of all.
    All(Vec<Walk>),
    /// Those of any.
    Any(Vec<Walk>),
    /// Those of the first that are not of the second.
    Without(Box<Walk>, Box<Walk>),
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
                let lookup = Lookup::new(node);
                let rows = |table: &str, query: String, bits: u32| {
                    let rows = Rows::of_words(table, query, bits);
                    match terms::has_beginnings(node) {
                        true => rows.in_blocks(BEGINNINGS),
                        false => rows,
                    }
                };
                let sure = lookup.sure.map(|query| Self::Rows(rows("screen_words", query, SCREEN_BITS)));
                let mut walks: Vec<Self> = sure.into_iter().collect();
                walks.push(Self::Rows(rows("words", words::expression(node), TEXT_BITS)));
                // Last: it looks only for what is newer than what the others have.
                walks.extend(lookup.perhaps.map(|query| {
                    Self::Screens(Box::new(Screens::new(rows("screen_words", query, SCREEN_BITS), node)))
                }));
                Self::Any(walks)
            }
        })
    }

    /// Those that can be told at once first: they let the others be skipped.
    fn all(mut walks: Vec<Self>) -> Self {
        walks.sort_by_key(|walk| match walk {
            Self::Set(..) => 0,
            Self::Checked { .. } => 2,
            _ => 1,
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
                0..=KINDS => Self::Any(kinds.into_iter().map(Self::kind).collect()),
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

    /// Those with calls of a kind.
    fn kind(kind: i64) -> Self {
        let sql = "SELECT DISTINCT session FROM calls WHERE kind = ? AND session <= ? ORDER BY session DESC LIMIT ?";
        Self::Rows(Rows::new(sql.to_owned(), vec![Value::from(kind)], 0).in_blocks((1, 4_096)))
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
            Self::Screens(screens) => screens.session(index, most, None),
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
                    newest = newest.max(match walk {
                        Self::Screens(screens) => screens.session(index, most, newest)?,
                        walk => walk.next(index, most)?,
                    });
                    if newest == Some(most) {
                        break;
                    }
                }
                Ok(newest)
            }
            Self::Without(walk, not) => {
                let mut most = most;
                while let Some(session) = walk.next(index, most)? {
                    index.go_on()?;
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
