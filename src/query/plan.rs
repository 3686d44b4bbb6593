//! A query in the order in which it is answered: conditions about one thing are brought together.

use super::Node;
use super::Query;
use super::Text;
use super::fields::About;
use super::fields::Field;

/// A condition on a session, made of those on the things in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Every session.
    Every,
    /// All of them.
    All(Vec<Plan>),
    /// At least one of them.
    Any(Vec<Plan>),
    /// Not that.
    Not(Box<Plan>),
    /// The session itself is so; all leaves are fields about sessions.
    Session(Node),
    /// There is a call, a command or a question that is so; all leaves are fields about it.
    Item(About, Node),
    /// There is a text in which that stands; all leaves are texts, none under `not`.
    Text(Node),
}

/// What the leaves of a condition are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Text,
    Field(About),
}

/// What a query asks of a session.
///
/// - Beside each other (within one conjunction), all conditions about calls hold of the same call; the same for commands
///   and for questions. Words stand near each other in one text.
/// - `not` beside a condition about the same kind of thing is about that same thing. Alone it means that the session
///   has no such thing; `not word` always means that the word stands nowhere in the session.
/// - `approval:` given twice beside each other means one of both: a question has one answer.
#[must_use]
pub fn plan(query: &Query) -> Plan {
    query.node.as_ref().map_or(Plan::Every, |node| of(&either_answer(node)))
}

fn of(node: &Node) -> Plan {
    match (node, subject(node)) {
        (Node::Not(inner), Some(Subject::Field(About::Session))) => Plan::Session(Node::Not(inner.clone())),
        (Node::Not(inner), _) => Plan::Not(Box::new(of(inner))),
        (node, Some(Subject::Field(About::Session))) => Plan::Session(node.clone()),
        (Node::All(nodes), _) => all(nodes),
        (Node::Any(nodes), Some(Subject::Text)) if nodes.iter().all(|node| !has_not(node)) => {
            Plan::Text(node.clone())
        }
        // There is one that is this or that: there is one that is this, or one that is that.
        (Node::Any(nodes), _) => any(nodes),
        (node, Some(Subject::Field(about))) => Plan::Item(about, node.clone()),
        (node, _) => Plan::Text(node.clone()),
    }
}

fn any(nodes: &[Node]) -> Plan {
    Plan::Any(nodes.iter().map(of).collect())
}

fn all(nodes: &[Node]) -> Plan {
    let mut parts = Vec::new();
    let mut taken = vec![false; nodes.len()];
    for about in [About::Session, About::Call, About::Command, About::Question] {
        let mine: Vec<usize> =
            (0..nodes.len()).filter(|at| subject(&nodes[*at]) == Some(Subject::Field(about))).collect();
        let has_positive = mine.iter().any(|at| !matches!(nodes[*at], Node::Not(_)));
        if mine.is_empty() || !has_positive && about != About::Session {
            continue;
        }
        let together: Vec<Node> = mine.iter().map(|at| nodes[*at].clone()).collect();
        mine.iter().for_each(|at| taken[*at] = true);
        let node = one_or(together, Node::All);
        parts.push(match about {
            About::Session => Plan::Session(node),
            about => Plan::Item(about, node),
        });
    }
    let near: Vec<usize> = (0..nodes.len())
        .filter(|at| subject(&nodes[*at]) == Some(Subject::Text) && !has_not(&nodes[*at]))
        .collect();
    if !near.is_empty() {
        near.iter().for_each(|at| taken[*at] = true);
        parts.push(Plan::Text(one_or(near.iter().map(|at| nodes[*at].clone()).collect(), Node::All)));
    }
    parts.extend((0..nodes.len()).filter(|at| !taken[*at]).map(|at| of(&nodes[at])));
    match parts.len() {
        1 => parts.remove(0),
        _ => Plan::All(parts),
    }
}

fn one_or(mut nodes: Vec<Node>, join: fn(Vec<Node>) -> Node) -> Node {
    match nodes.len() {
        1 => nodes.remove(0),
        _ => join(nodes),
    }
}

/// What all leaves are about; none when they are about several things.
fn subject(node: &Node) -> Option<Subject> {
    let mut found = None;
    let mut is_one = true;
    node.leaves(false, &mut |leaf, _| {
        let subject = match leaf {
            Node::Field(term) => Subject::Field(term.field.info().about),
            _ => Subject::Text,
        };
        is_one &= *found.get_or_insert(subject) == subject;
    });
    found.filter(|_| is_one)
}

fn has_not(node: &Node) -> bool {
    match node {
        Node::Not(_) => true,
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().any(has_not),
        _ => false,
    }
}

/// Several `approval:` beside each other become alternatives.
fn either_answer(node: &Node) -> Node {
    match node {
        Node::All(nodes) => {
            let is_answer = |node: &&Node| matches!(node, Node::Field(term) if term.field == Field::Approval);
            let answers: Vec<Node> = nodes.iter().filter(is_answer).cloned().collect();
            let mut rest: Vec<Node> =
                nodes.iter().filter(|node| !is_answer(node)).map(either_answer).collect();
            if !answers.is_empty() {
                rest.push(one_or(answers, Node::Any));
            }
            one_or(rest, Node::All)
        }
        Node::Any(nodes) => Node::Any(nodes.iter().map(either_answer).collect()),
        Node::Not(node) => Node::Not(Box::new(either_answer(node))),
        leaf => leaf.clone(),
    }
}

impl Query {
    /// The texts that are wanted, for marking them: not those under `not`.
    #[must_use]
    pub fn texts(&self) -> Vec<&Text> {
        let mut texts = Vec::new();
        if let Some(node) = &self.node {
            node.leaves(false, &mut |leaf, is_not| match leaf {
                Node::Text(text) if !is_not => texts.push(text),
                _ => {}
            });
        }
        texts
    }
}

#[cfg(test)]
mod tests {
    use super::super::Now;
    use super::super::parse;
    use super::*;

    fn shown(text: &str) -> String {
        let now = Now { unix_micros: 1_763_726_400_000_000, zone: jiff::tz::TimeZone::UTC };
        show(&plan(&parse(text, &now).unwrap()))
    }

    fn show(plan: &Plan) -> String {
        let list = |plans: &[Plan], sign: &str| plans.iter().map(show).collect::<Vec<_>>().join(sign);
        match plan {
            Plan::Every => "every".to_owned(),
            Plan::All(plans) => format!("[{}]", list(plans, " & ")),
            Plan::Any(plans) => format!("[{}]", list(plans, " | ")),
            Plan::Not(plan) => format!("!{}", show(plan)),
            Plan::Session(node) => format!("S<{node}>"),
            Plan::Item(about, node) => format!("{about:?}<{node}>"),
            Plan::Text(node) => format!("T<{node}>"),
        }
    }

    #[test]
    fn conditions_about_one_thing_come_together() {
        for (text, wanted) in [
            ("", "every"),
            ("user:ana not host:x", "S<user:ana not host:x>"),
            ("not user:ana", "S<not user:ana>"),
            ("a user:x b action:s3:* status:403", "[S<user:x> & Call<action:s3:* status:403> & T<a b>]"),
            ("action:s3:* not status:200", "Call<action:s3:* not status:200>"),
            ("not status:200", "!Call<status:200>"),
            ("not status:200 not action:x", "[!Call<status:200> & !Call<action:x>]"),
            ("a -b", "[T<a> & !T<b>]"),
            ("(a or b) c", "T<(a or b) c>"),
            ("exit:1 or service:s3", "[Command<exit:1> | Call<service:s3>]"),
            ("action:x (status:4xx or error:E*)", "Call<action:x (status:400..499 or error:E*)>"),
            (
                "approval:denied approval:expired approver:bo",
                "Question<approver:bo (approval:denied or approval:expired)>",
            ),
            ("exit:1 approval:used", "[Command<exit:1> & Question<approval:used>]"),
        ] {
            assert_eq!(shown(text), wanted, "{text}");
        }
    }
}
