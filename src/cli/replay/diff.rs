//! `hoop-replay diff`: two sessions side by side on a screen, or what differs as text or JSON.

use std::io;
use std::io::IsTerminal;

use clap::Args;
use clap::ValueEnum;
use serde_json::Value;
use serde_json::json;

use super::place;
use super::printing::on_console;
use crate::cli::ctl::console::Console;
use crate::cli::ctl::console::rfc3339;
use crate::error::Result;
use crate::record::compare;
use crate::record::compare::Comparison;
use crate::record::compare::Counts;
use crate::record::compare::Item;
use crate::record::compare::Row;
use crate::record::compare::Side;
use crate::record::compare::State;
use crate::record::compare::Topic;
use crate::replay;
use crate::term::safe;

/// Rows that are the same shown before and after what differs.
const CONTEXT: usize = 3;

/// What `diff` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
On a terminal it is a screen with both sessions beside each other. In a pipe, or with --plain, it is text:
  -  in the first session only          !  in both, with the changes below it
  +  in the second session only         <  >  in both, but in another order: its place in the first, in the second

Calls belong together by action and resource, commands by their line, whatever the time. Times, random names
and long numbers differ in every run and do not count; where they do differ ‹time›, ‹id› or ‹n› stands for them.
--exact lets them count.

Exit status, as diff(1): 0 nothing differs, 1 something does, 2 trouble.

Examples:
  hoop-replay diff 01J9ZK 01J9ZM
  hoop-replay diff 01J9ZK last --plain --only calls
  hoop-replay diff 01J9ZK last --json | jq 'select(.state == \"only-b\") | .b.action'
  hoop-replay diff good.d last >/dev/null || echo 'the agent did something else this time'")]
pub struct Diff {
    /// The first session: an id or its beginning, `last`, or a folder
    #[arg(value_name = "A")]
    pub a: String,

    /// The second session
    #[arg(value_name = "B")]
    pub b: String,

    /// Text, also on a terminal
    #[arg(long)]
    pub plain: bool,

    /// One JSON object a line: first both sessions and how many differ, then each difference
    #[arg(long, conflicts_with = "plain")]
    pub json: bool,

    /// Only calls, or only commands
    #[arg(long, value_name = "WHAT", value_enum)]
    pub only: Option<Only>,

    /// What is the same too
    #[arg(long)]
    pub all: bool,

    /// Let times, random names and numbers count
    #[arg(long)]
    pub exact: bool,
}

/// What is to be compared alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Only {
    /// AWS calls.
    Calls,
    /// Commands.
    Commands,
}

impl Diff {
    fn topics(&self) -> &'static [Topic] {
        match self.only {
            None => &[Topic::Commands, Topic::Calls],
            Some(Only::Calls) => &[Topic::Calls],
            Some(Only::Commands) => &[Topic::Commands],
        }
    }
}

/// Does it; gives the exit status.
pub fn run(wish: &Diff) -> Result<u8> {
    let (a, b) = (place::audit_log(&wish.a)?, place::audit_log(&wish.b)?);
    if wants_screen(wish) {
        return show(wish);
    }
    let found = compare::compare(&a, &b, wish.exact, &|| true)?;
    on_console(|console| {
        match wish.json {
            true => as_json(&found, wish, console)?,
            false => as_text(&found, wish, console)?,
        }
        notices(&found, console);
        Ok(())
    })?;
    let is_same = wish.topics().iter().all(|topic| Counts::of(found.rows(*topic)).is_same());
    // Nobody may take a part for the whole.
    Ok(if !is_same {
        1
    } else if found.is_whole() {
        0
    } else {
        2
    })
}

fn notices(found: &Comparison, console: &mut Console<'_>) {
    let mut tell = |text: String| drop(writeln!(console.err, "hoop-replay: {}", safe(&text)));
    for (name, side) in [("the first session", &found.a), ("the second session", &found.b)] {
        if side.left_out > 0 {
            let most = compare::MOST;
            tell(format!(
                "{} calls and commands of {name} are not compared: at most {most} each are",
                side.left_out
            ));
        }
        if side.unreadable > 0 {
            tell(format!(
                "{} lines of the audit log of {name} cannot be read: hoopctl verify",
                side.unreadable
            ));
        }
        if !side.has_ended {
            tell(format!("{name} has no end: it still runs, or its record breaks off"));
        }
    }
}

fn topic(topic: Topic) -> &'static str {
    match topic {
        Topic::Calls => "calls",
        Topic::Commands => "commands",
    }
}

fn as_text(found: &Comparison, wish: &Diff, console: &mut Console<'_>) -> Result<()> {
    for (sign, side) in [("---", &found.a), ("+++", &found.b)] {
        console.line(&format!("{sign} {}", safe(&heading(side, console))))?;
    }
    for topic in wish.topics() {
        let rows = found.rows(*topic);
        console.line(&format!("{}: {}", self::topic(*topic), counted(Counts::of(rows))))?;
    }
    for topic in wish.topics() {
        let rows = found.rows(*topic);
        let wanted = if wish.all { vec![(0, rows.len())] } else { stretches(rows) };
        for (from, to) in wanted.into_iter().filter(|(from, to)| from < to) {
            console.line(&format!("@@ {} {} @@", self::topic(*topic), places(&rows[from..to])))?;
            for row in &rows[from..to] {
                row_text(found, *topic, *row, console)?;
            }
        }
    }
    Ok(())
}

/// Session, command, who, when.
fn heading(side: &Side, console: &Console<'_>) -> String {
    let id = side.session.map_or_else(|| "unknown".to_owned(), |id| id.to_string());
    format!("{id}  {}  {}@{}  {}", side.command, side.user, side.host, console.moment(side.started))
}

/// `12 the same, 1 changed, 2 only in the first`.
fn counted(counts: Counts) -> String {
    let words = [
        (counts.same, "the same"),
        (counts.changed, "changed"),
        (counts.only_a, "only in the first"),
        (counts.only_b, "only in the second"),
        (counts.moved, "in another order"),
    ];
    let told: Vec<String> =
        words.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if told.is_empty() { "none".to_owned() } else { told.join(", ") }
}

/// Where something differs, with what stands around it: from one row up to another, which is not in it.
fn stretches(rows: &[Row]) -> Vec<(usize, usize)> {
    let mut all: Vec<(usize, usize)> = Vec::new();
    for index in (0..rows.len()).filter(|index| rows[*index].state != State::Same) {
        let (from, to) = (index.saturating_sub(CONTEXT), (index + 1 + CONTEXT).min(rows.len()));
        match all.last_mut() {
            Some(last) if last.1 >= from => last.1 = to,
            _ => all.push((from, to)),
        }
    }
    all
}

/// `-3,5 +3,6`: the first row of each side and how many there are, as in a unified diff.
fn places(rows: &[Row]) -> String {
    let side = |index: fn(&Row) -> Option<usize>, absent: [State; 2]| {
        let mut there = rows.iter().filter(|row| !absent.contains(&row.state)).filter_map(index);
        let first = there.next();
        format!("{},{}", first.map_or(0, |first| first + 1), there.count() + usize::from(first.is_some()))
    };
    let a = side(|row| row.a, [State::OnlyB, State::MovedTo]);
    format!("-{a} +{}", side(|row| row.b, [State::OnlyA, State::MovedFrom]))
}

fn row_text(found: &Comparison, topic: Topic, row: Row, console: &mut Console<'_>) -> Result<()> {
    let (a, b) = found.items(topic, row);
    let line = |sign: char, item: &Item, title: &str, subject: &str| {
        let decision = item.decision.map(|effect| format!("{effect} ")).unwrap_or_default();
        let subject = if subject.is_empty() { String::new() } else { format!("  {subject}") };
        format!("{sign} {}{}  [{decision}{}]", safe(title), safe(&subject), safe(&item.result))
    };
    let of = |sign, item: &Item| line(sign, item, &item.title, &item.subject);
    match (row.state, a, b) {
        (State::Same, Some(a), Some(b)) => console.line(&line(
            ' ',
            a,
            &found.common(&a.title, &b.title),
            &found.common(&a.subject, &b.subject),
        )),
        (State::Changed, Some(a), Some(b)) => {
            console.line(&of('!', a))?;
            changed(found, a, b, console)
        }
        (State::OnlyA, Some(item), _) => console.line(&of('-', item)),
        (State::OnlyB, _, Some(item)) => console.line(&of('+', item)),
        (State::MovedFrom, Some(item), _) => console.line(&of('<', item)),
        (State::MovedTo, Some(a), Some(b)) => {
            console.line(&of('>', b))?;
            changed(found, a, b, console)
        }
        // A row always has the items of its state.
        _ => Ok(()),
    }
}

/// A line for each thing in which the two differ: `Port: 22 → 3389`.
fn changed(found: &Comparison, a: &Item, b: &Item, console: &mut Console<'_>) -> Result<()> {
    found
        .changes(a, b)
        .iter()
        .try_for_each(|change| console.line(&format!("!     {}", safe(&change.to_string()))))
}

fn as_json(found: &Comparison, wish: &Diff, console: &mut Console<'_>) -> Result<()> {
    let side = |side: &Side| {
        json!({
            "session": side.session,
            "command": side.command,
            "user": side.user,
            "host": side.host,
            "started": rfc3339(side.started),
            "ended": side.has_ended,
            "left_out": side.left_out,
            "unreadable": side.unreadable,
        })
    };
    let mut first = json!({ "a": side(&found.a), "b": side(&found.b) });
    for topic in wish.topics() {
        let counts = Counts::of(found.rows(*topic));
        first[self::topic(*topic)] = json!({
            "same": counts.same,
            "changed": counts.changed,
            "only_a": counts.only_a,
            "only_b": counts.only_b,
            "moved": counts.moved,
        });
    }
    console.json(&first)?;
    for topic in wish.topics() {
        for row in found.rows(*topic).iter().filter(|row| wish.all || row.state != State::Same) {
            // The other half of what moved says the same.
            if row.state != State::MovedTo {
                console.json(&row_json(found, *topic, *row))?;
            }
        }
    }
    Ok(())
}

fn row_json(found: &Comparison, topic: Topic, row: Row) -> Value {
    let item = |item: Option<&Item>| match (topic, item) {
        (_, None) => Value::Null,
        (Topic::Calls, Some(item)) => json!({
            "t": item.at,
            "action": item.title,
            "resource": item.subject,
            "region": item.region,
            "account": item.accounts,
            "decision": item.decision,
            "result": item.result,
        }),
        (Topic::Commands, Some(item)) => {
            json!({ "t": item.at, "line": item.title, "result": item.result })
        }
    };
    let (a, b) = found.items(topic, row);
    let changes: Vec<Value> = match (a, b) {
        (Some(a), Some(b)) if row.state != State::Same => {
            let changes = found.changes(a, b);
            changes.iter().map(|change| json!({"what": change.what, "a": change.a, "b": change.b})).collect()
        }
        _ => Vec::new(),
    };
    let state = match row.state {
        State::Same => "same",
        State::Changed => "changed",
        State::OnlyA => "only-a",
        State::OnlyB => "only-b",
        State::MovedFrom | State::MovedTo => "moved",
    };
    let kind = if topic == Topic::Calls { "call" } else { "command" };
    json!({ "kind": kind, "state": state, "a": item(a), "b": item(b), "changes": changes })
}

/// Shows them beside each other.
fn show(wish: &Diff) -> Result<u8> {
    let found = [place::find(&wish.a)?, place::find(&wish.b)?];
    let titles = [found[0].title(), found[1].title()];
    let sources = found.map(|found| found.source);
    super::show(None, replay::Start::Diff { sources, titles, exact: wish.exact })?;
    Ok(0)
}

/// Whether it is to be shown on a screen.
fn wants_screen(wish: &Diff) -> bool {
    !wish.plain && !wish.json && io::stdin().is_terminal() && io::stdout().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_near_each_other_stand_together() {
        let row = |state| Row { a: Some(0), b: Some(0), state };
        let mut rows = vec![row(State::Same); 30];
        assert_eq!(stretches(&rows), []);
        for index in [0, 6, 20] {
            rows[index] = row(State::Changed);
        }
        assert_eq!(stretches(&rows), [(0, 10), (17, 24)]);
    }
}
