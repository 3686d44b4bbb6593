//! `hoop-replay summary`: a session in numbers, as plain text or JSON.

use clap::Args;

use super::place;
use super::printing::on_console;
use crate::cli::ctl::console::Console;
use crate::cli::ctl::console::brief;
use crate::cli::ctl::console::length;
use crate::error::Result;
use crate::record::summary;
use crate::record::summary::Cell;
use crate::record::summary::LEVELS;
use crate::record::summary::Named;
use crate::record::summary::Summing;
use crate::replay::bytes;
use crate::term::safe;
use crate::term::spark;
use crate::types::Micros;

/// Columns of the calls over time.
const SPARK: usize = 72;

/// What `summary` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
A cell of the first table is a number of calls; `✗` says how many of them were denied.
Times (FIRST, START) are those since the session began: hoop-replay --at TIME SESSION shows that moment.

Examples:
  hoop-replay summary last
  hoop-replay summary 01J9ZK --rows 50 | less
  hoop-replay summary last --json | jq '.services[] | {name, calls, denied}'")]
pub struct Summary {
    /// A session id or its beginning, `last`, or its folder
    #[arg(value_name = "SESSION")]
    pub session: String,

    /// At most so many rows of each table
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 10)]
    pub rows: usize,

    /// All of it as one JSON object; times in microseconds since the session began
    #[arg(long, conflicts_with = "rows")]
    pub json: bool,
}

/// Does it.
pub fn run(wish: &Summary) -> Result<()> {
    let mut summing = Summing::new(&place::audit_log(&wish.session)?);
    summing.read(&|| true)?;
    let summary = summing.summary();
    on_console(|console| match wish.json {
        true => console.json(&serde_json::json!(summary)),
        false => print(&summary, wish.rows, console),
    })
}

fn print(sum: &summary::Summary, rows: usize, console: &mut Console<'_>) -> Result<()> {
    for (name, value) in facts(sum, console) {
        console.line(&format!("{name:<11}{}", safe(&value)))?;
    }
    services(sum, rows, console)?;
    tempo(sum, console)?;
    let decided = sum.decisions.iter().map(|row| {
        let name = row.effect.as_str().to_owned();
        Named { name, count: row.count, first: row.first }
    });
    named("DECISION", "CALLS", &decided.collect::<Vec<_>>(), rows, console)?;
    named("RULE", "CALLS", &sum.rules, rows, console)?;
    let answers = sum.approvals.questions.iter().map(|asked| {
        let answer = asked.answer.map_or("waiting", |answer| answer.as_str());
        let after = asked.took.map(length).unwrap_or_default();
        let by = asked.by.as_deref().unwrap_or("-");
        vec![moment(asked.at), answer.to_owned(), cell(by), after, cell(&asked.question)]
    });
    table(&["ASKED", "ANSWER", "BY", "AFTER", "QUESTION"], &[0, 3], answers.collect(), rows, console)?;
    let masks = sum.masks.iter().map(|row| {
        vec![cell(&row.rule), row.count.to_string(), moment(row.first), cell(&row.places.join(", "))]
    });
    table(&["MASKED BY", "SECRETS", "FIRST", "WHERE"], &[1, 2], masks.collect(), rows, console)?;
    named("ERROR", "CALLS", &sum.errors, rows, console)?;
    named("RESOURCE", "CALLS", &sum.resources, rows, console)?;
    let longest = sum
        .longest
        .iter()
        .map(|ran| vec![brief(ran.took), moment(ran.at), ran.end.words(), line(ran.typed, &ran.line)]);
    table(&["RAN", "START", "END", "LONGEST COMMANDS"], &[0, 1], longest.collect(), rows, console)?;
    let failed = sum.failed.iter().map(|row| {
        vec![row.count.to_string(), moment(row.first), row.end.words(), line(row.typed, &row.line)]
    });
    table(&["TIMES", "FIRST", "END", "COMMANDS THAT FAILED"], &[0, 1], failed.collect(), rows, console)?;
    named("ALERT", "TIMES", &sum.alerts, rows, console)
}

/// What stands above the tables.
fn facts(sum: &summary::Summary, console: &Console<'_>) -> Vec<(&'static str, String)> {
    let id = sum.session.map_or_else(|| "unknown".to_owned(), |id| id.to_string());
    let agent = sum.agent.as_ref().map(|agent| format!("  (agent {agent})")).unwrap_or_default();
    let mut facts = vec![
        ("session", id),
        ("command", sum.command.clone()),
        ("who", format!("{}@{}{agent}", sum.user, sum.host)),
        ("began", format!("{}, {}", console.moment(sum.started), ending(sum))),
    ];
    let when = match (sum.first_call, sum.last_call) {
        (Some(first), Some(last)) => {
            format!("; the first at {}, the last at {}", moment(first), moment(last))
        }
        _ => String::new(),
    };
    let denied = if sum.denied > 0 { format!(", {} denied", sum.denied) } else { String::new() };
    let unfinished =
        if sum.unfinished > 0 { format!(", {} without an end", sum.unfinished) } else { String::new() };
    facts.push(("calls", format!("{}{denied}{unfinished}{when}", sum.calls)));
    if sum.look_ups > 0 {
        facts.push(("look-ups", format!("{} by hoop itself, for questions to people", sum.look_ups)));
    }
    facts.push(("bytes", format!("{} sent, {} received", bytes(sum.sent), bytes(sum.received))));
    facts.push(("commands", sum.commands.to_string()));
    facts.push(("approvals", approvals(&sum.approvals)));
    facts.push(("masked", format!("{} {}", sum.masked, if sum.masked == 1 { "secret" } else { "secrets" })));
    if sum.lost > 0 {
        facts.push(("lost", format!("{} times something could not be recorded", sum.lost)));
    }
    if sum.unreadable > 0 {
        facts.push((
            "damaged",
            format!("{} lines of its audit log cannot be read: hoopctl verify", sum.unreadable),
        ));
    }
    if !sum.cut.is_empty() {
        facts.push(("not all", format!("only the most frequent were counted of: {}", sum.cut.join(", "))));
    }
    facts
}

/// How long it took and how it ended.
fn ending(sum: &summary::Summary) -> String {
    let took = length(sum.last);
    let Some(end) = &sum.end else { return format!("{took} so far, no end recorded") };
    let how = match (end.status, end.signal) {
        (_, Some(signal)) => format!("signal {signal}"),
        (Some(status), None) => format!("exit {status}"),
        (None, None) => end.reason.as_str().to_owned(),
    };
    format!("took {took}, {how}")
}

/// `3 asked: 2 granted, 1 denied`.
fn approvals(asked: &summary::Approvals) -> String {
    let counted = [
        (asked.granted, "granted"),
        (asked.denied, "denied"),
        (asked.expired, "not answered in time"),
        (asked.nobody, "with nobody to answer"),
        (asked.withdrawn, "withdrawn"),
        (asked.waiting(), "waiting"),
    ];
    let words: Vec<String> = counted
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let used = if asked.used > 0 { format!("; used {} times more", asked.used) } else { String::new() };
    match asked.asked {
        0 => "none asked".to_owned(),
        all => format!("{all} asked: {}{used}", words.join(", ")),
    }
}

fn services(sum: &summary::Summary, rows: usize, console: &mut Console<'_>) -> Result<()> {
    let levels = LEVELS.map(|level| level.as_str().to_uppercase());
    let used = sum.levels();
    let mut titles = vec!["SERVICE"];
    titles.extend(used.iter().map(|level| levels[*level].as_str()));
    titles.extend(["CALLS", "SENT", "RECEIVED", "FIRST"]);
    let numbers: Vec<usize> = (1..titles.len()).collect();
    let cells = sum.services.iter().map(|service| {
        let mut row = vec![cell(&service.name)];
        row.extend(used.iter().map(|level| counted(service.levels[*level])));
        row.extend([counted(service.all), bytes(service.sent), bytes(service.received)]);
        row.push(moment(service.all.first));
        row
    });
    table(&titles, &numbers, cells.collect(), rows, console)
}

/// `3`, `3 ✗1` with one denied, `-` for none.
fn counted(cell: Cell) -> String {
    match (cell.calls, cell.denied) {
        (0, _) => "-".to_owned(),
        (calls, 0) => calls.to_string(),
        (calls, denied) => format!("{calls} ✗{denied}"),
    }
}

fn tempo(sum: &summary::Summary, console: &mut Console<'_>) -> Result<()> {
    if sum.calls == 0 {
        return Ok(());
    }
    let columns = console.width.map_or(SPARK, |width| width.min(SPARK));
    let parts = sum.tempo.parts(sum.last, columns);
    let most = parts.iter().map(|beat| beat.calls).max().unwrap_or(0);
    let part = brief(Micros(sum.last.0 / columns.max(1) as u64));
    console.line(&format!("\nCALLS OVER TIME  at most {most} in {part}"))?;
    let calls: Vec<u64> = parts.iter().map(|beat| beat.calls).collect();
    console.line(&spark(&calls, false))?;
    if sum.denied > 0 {
        let marks: String = parts.iter().map(|beat| if beat.denied > 0 { '✗' } else { ' ' }).collect();
        console.line(marks.trim_end())?;
    }
    Ok(())
}

fn named(title: &str, unit: &str, all: &[Named], rows: usize, console: &mut Console<'_>) -> Result<()> {
    let cells = all.iter().map(|row| vec![row.count.to_string(), moment(row.first), cell(&row.name)]);
    table(&[unit, "FIRST", title], &[0, 1], cells.collect(), rows, console)
}

/// A table with an empty line before it; none when it has no rows.
fn table(
    titles: &[&str],
    numbers: &[usize],
    mut cells: Vec<Vec<String>>,
    rows: usize,
    console: &mut Console<'_>,
) -> Result<()> {
    if cells.is_empty() {
        return Ok(());
    }
    let more = cells.len().saturating_sub(rows);
    cells.truncate(rows);
    console.line("")?;
    console.table(titles, numbers, &cells)?;
    match more {
        0 => Ok(()),
        more => console.line(&format!("… and {more} more: --rows {}", rows + more)),
    }
}

fn cell(text: &str) -> String {
    safe(text).into_owned()
}

/// A command line; one that was typed has the sign that it has everywhere.
fn line(typed: bool, line: &str) -> String {
    format!("{}{}", if typed { "» " } else { "" }, safe(line))
}

/// A moment as `--at` takes it: `0:33.1`, `1:02:33.1`.
fn moment(at: Micros) -> String {
    let (seconds, tenth) = (at.0 / 1_000_000, at.0 / 100_000 % 10);
    match seconds / 3_600 {
        0 => format!("{}:{:02}.{tenth}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}.{tenth}", seconds / 60 % 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_moments_read_well() {
        assert_eq!(
            [0, 1_023, 1_024, 1_536, 5 << 30].map(bytes),
            ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "5.0 GiB"]
        );
        assert_eq!(bytes(u64::MAX), "15.9 EiB");
        assert_eq!(moment(Micros(33_190_000)), "0:33.1");
        assert_eq!(moment(Micros(3_753_190_000)), "1:02:33.1");
        assert_eq!(moment(Micros(u64::MAX)).len(), 18);
    }
}
