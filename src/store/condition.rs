//! Conditions of a query as SQL. Every `?` has its value; texts of the user are never part of the SQL.

use rusqlite::types::Value;

use super::query::pattern;
use crate::query::About;
use crate::query::Bounds;
use crate::query::Field;
use crate::query::Node;
use crate::query::Pattern;
use crate::query::Term;
use crate::query::Test;

/// A condition and the values of its `?`, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Condition {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

impl Condition {
    fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), values: Vec::new() }
    }

    fn with(sql: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { sql: sql.into(), values: vec![value.into()] }
    }

    /// The table of things of this sort, under the name that conditions have for it, and what is always asked of them.
    pub(super) fn source(about: About) -> (&'static str, &'static str, &'static str) {
        match about {
            About::Session => ("sessions s", "s.n", "1"),
            About::Call => ("calls k JOIN kinds d ON d.n = k.kind", "k.session", "1"),
            About::Command => ("commands c", "c.session", "c.kind <> 1"),
            About::Question => ("approvals a", "a.session", "1"),
        }
    }
}

/// A condition whose leaves are all fields of one sort.
pub(super) fn of(node: &Node) -> Condition {
    match node {
        Node::All(nodes) => list(nodes, " AND "),
        Node::Any(nodes) => list(nodes, " OR "),
        Node::Not(node) => {
            let Condition { sql, values } = of(node);
            // What is not known is not so.
            Condition { sql: format!("NOT coalesce(({sql}), 0)"), values }
        }
        Node::Field(term) => field(term),
        Node::Text(_) => Condition::new("0"),
    }
}

fn list(nodes: &[Node], between: &str) -> Condition {
    let mut whole = Condition::default();
    for node in nodes {
        let Condition { sql, values } = of(node);
        if !whole.sql.is_empty() {
            whole.sql.push_str(between);
        }
        whole.sql.push_str(&format!("({sql})"));
        whole.values.extend(values);
    }
    whole
}

fn field(term: &Term) -> Condition {
    match term.field {
        Field::User => text("s.user", &term.test),
        Field::Agent => text("s.agent", &term.test),
        Field::Host => text("s.host", &term.test),
        Field::Group => within("groups", "name", &term.test),
        Field::Alert => within("alerts", "name", &term.test),
        Field::Secret => within("secrets", "rule", &term.test),
        Field::Session => match &term.test {
            Test::Last => Condition::new("s.n = (SELECT max(n) FROM sessions)"),
            Test::Begins(id) => {
                let end = format!("{id}\u{7f}");
                Condition {
                    sql: "s.id >= ? AND s.id < ?".to_owned(),
                    values: vec![id.clone().into(), end.into()],
                }
            }
            _ => Condition::new("0"),
        },
        Field::Title => {
            let (title, command) = (text("s.title", &term.test), text("s.command", &term.test));
            let values = [title.values, command.values].concat();
            Condition { sql: format!("coalesce({}, 0) OR {}", title.sql, command.sql), values }
        }
        Field::After => moment("s.started >= ?", &term.test),
        Field::Before => moment("s.started < ?", &term.test),
        Field::Duration => number("s.last", &term.test),
        Field::Service => text("d.service", &term.test),
        Field::Action => text("d.action", &term.test),
        Field::Access => text("d.access", &term.test),
        Field::Account => text("d.account", &term.test),
        Field::Region => text("d.region", &term.test),
        Field::Decision => text("d.effect", &term.test),
        Field::Rule => text("d.rule", &term.test),
        Field::Status => number("nullif(d.status, 0)", &term.test),
        Field::Error => text("d.error", &term.test),
        Field::Resource => text("k.resource", &term.test),
        Field::Command => text("c.line", &term.test),
        Field::Exit => exit(&term.test),
        Field::Took => took(&term.test),
        Field::Approval => match &term.test {
            Test::Word("used") => Condition::new("a.used > 0"),
            Test::Word("waiting") => Condition::new("a.answer IS NULL"),
            test => text("a.answer", test),
        },
        Field::Approver => {
            let Condition { sql, values } = text("person", &term.test);
            Condition { sql: format!("a.n IN (SELECT approval FROM approval_people WHERE {sql})"), values }
        }
    }
}

/// Sessions that have a row in a table of theirs.
fn within(table: &str, column: &str, test: &Test) -> Condition {
    let Condition { sql, values } = text(column, test);
    Condition { sql: format!("s.n IN (SELECT session FROM {table} WHERE {sql})"), values }
}

fn text(column: &str, test: &Test) -> Condition {
    match test {
        // An index helps here.
        Test::Word(word) => Condition::with(format!("{column} = ?"), (*word).to_owned()),
        Test::Is(wanted) if wanted.is_any() => Condition::new(format!("{column} <> ''")),
        Test::Is(wanted) => like(column, &wanted.0),
        Test::Has(Pattern(part)) => like(column, &format!("*{part}*")),
        _ => Condition::new("0"),
    }
}

fn like(column: &str, wanted: &str) -> Condition {
    match wanted.contains(['*', '%', '_', '\\']) {
        true => Condition::with(format!("{column} LIKE ? ESCAPE '\\'"), pattern(wanted)),
        false => Condition::with(format!("{column} = ? COLLATE NOCASE"), wanted.to_owned()),
    }
}

fn moment(sql: &str, test: &Test) -> Condition {
    match test {
        Test::Moment(at) => Condition::with(sql, super::write::signed(*at)),
        _ => Condition::new("0"),
    }
}

fn number(column: &str, test: &Test) -> Condition {
    let Test::Within(Bounds { low, high }) = test else { return Condition::new("0") };
    match (*low, *high) {
        (Some(low), Some(high)) if low == high => Condition::with(format!("{column} = ?"), low),
        (Some(low), Some(high)) => {
            Condition { sql: format!("{column} BETWEEN ? AND ?"), values: vec![low.into(), high.into()] }
        }
        (Some(low), None) => Condition::with(format!("{column} >= ?"), low),
        (None, Some(high)) => Condition::with(format!("{column} <= ?"), high),
        (None, None) => Condition::new("1"),
    }
}

/// The words of a partial index are repeated, so that it is used.
fn exit(test: &Test) -> Condition {
    const FAILED: &str = "(c.status <> 0 OR c.signal IS NOT NULL)";
    match test {
        Test::Other(0) => Condition::new(FAILED),
        Test::Other(status) => Condition::with("(c.status <> ? OR c.signal IS NOT NULL)", *status),
        Test::Within(Bounds { low: Some(1..), .. }) => {
            let Condition { sql, values } = number("c.status", test);
            Condition { sql: format!("{FAILED} AND {sql}"), values }
        }
        test => number("c.status", test),
    }
}

fn took(test: &Test) -> Condition {
    let Condition { sql, values } = number("c.took", test);
    match test {
        Test::Within(Bounds { low: Some(1_000_000..), .. }) => {
            Condition { sql: format!("c.took >= 1000000 AND {sql}"), values }
        }
        _ => Condition { sql, values },
    }
}
