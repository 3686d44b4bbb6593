//! `hoopctl commands`: what was executed in a session.

use std::path::Path;

use serde_json::Value;
use serde_json::json;

use super::conditions;
use super::conditions::Facts;
use super::conditions::Took;
use super::console::Console;
use super::console::brief;
use super::console::place;
use super::console::rfc3339;
use crate::audit;
use crate::audit::CommandFailure;
use crate::audit::Event;
use crate::error::Result;
use crate::record;
use crate::record::Command;
use crate::record::CommandKind;
use crate::record::Node;
use crate::record::Place;
use crate::record::Recording;
use crate::store::CommandFilter;
use crate::store::CommandHit;
use crate::store::ExitFilter;
use crate::term::safe;
use crate::types::Micros;

/// List the commands of a session: everything that any program in it executed.
///
/// Commands stand in the order in which they began. What a shell does by itself (`cd`, loops, functions) is no command
/// and is not here, unless its line was typed at a prompt (marked `»`).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hoopctl commands last --tree
  hoopctl commands 01KAHX3V --failed
  hoopctl commands last --text 'git*push' --took '>5s'
  hoopctl commands last --json | jq -r .argv[0] | sort | uniq -c

A program that is looked for along PATH is tried in one folder after the other;
attempts before the last one are counted and left out, unless --all is given.
In all sessions at once: hoopctl search 'exit:!0 command:make'")]
pub struct Args {
    /// The session: the start of its id, `last`, or its folder.
    #[arg(value_name = "SESSION")]
    pub session: String,
    /// Show who started what.
    #[arg(long, conflicts_with = "json")]
    pub tree: bool,
    /// One JSON object a line, with all that is known.
    #[arg(long)]
    pub json: bool,
    /// Only those that failed: refused, not found, ended by a signal or with another status than 0.
    #[arg(long)]
    pub failed: bool,
    /// Only those with this in their line; `*` stands for anything.
    #[arg(long, value_name = "PATTERN")]
    pub text: Option<String>,
    /// Only those that ended with this status; `!0` for all but success.
    #[arg(long, value_name = "STATUS", value_parser = conditions::exit)]
    pub exit: Option<ExitFilter>,
    /// Only those that ran that long: `>5s`, `<100ms`.
    #[arg(long, value_name = "TIME", value_parser = conditions::took)]
    pub took: Option<Took>,
    /// Every step of searches along `PATH` too.
    #[arg(long)]
    pub all: bool,
}

/// Does it; gives the exit status: 1 when there is no such command.
pub fn run(args: &Args, state: &Path, console: &mut Console<'_>) -> Result<u8> {
    let recording = record::open(&Place::new(state).find(&args.session)?)?;
    let filter = filter(args);
    let is_wanted = |command: &Command| {
        let Command { line, status, signal, took, .. } = command;
        let facts = Facts { line, status: *status, signal: *signal, took: *took };
        (args.all || !command.was_step)
            && (!args.failed || command.has_failed())
            && conditions::fits(&filter, &facts)
    };
    let wanted: Vec<bool> = recording.commands.iter().map(is_wanted).collect();
    let found = wanted.iter().filter(|is_wanted| **is_wanted).count();
    match args.json {
        true => as_json(&recording, &wanted, console)?,
        false if found == 0 => console.notice(if recording.commands.is_empty() {
            "no commands were recorded in this session"
        } else {
            "none of the commands is like that"
        }),
        false => {
            let rows = if args.tree { tree(&recording, wanted, console) } else { list(&recording, &wanted) };
            console.table(&["NR", "START", "TOOK", "PID", "END", "COMMAND"], &[0, 1, 2, 3], &rows)?;
        }
    }
    told(&recording, args, console);
    Ok(u8::from(found == 0))
}

fn filter(args: &Args) -> CommandFilter {
    let mut filter = CommandFilter {
        exit: args.exit,
        parts: args.text.iter().cloned().collect(),
        ..CommandFilter::default()
    };
    if let Some(took) = args.took {
        conditions::add_took(&mut filter, took);
    }
    filter
}

/// What is not shown.
fn told(recording: &Recording, args: &Args, console: &mut Console<'_>) {
    let steps = recording.commands.iter().filter(|command| command.was_step).count();
    if steps > 0 && !args.all && !args.json {
        let steps = if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") };
        console.notice(&format!("{steps} of searches along PATH not shown; show them: --all"));
    }
    if recording.left_out > 0 {
        console.notice(&format!(
            "{} later events of this session are not shown: there are too many; find them with: hoopctl search --session ID command:PART",
            recording.left_out
        ));
    }
    if recording.unreadable > 0 {
        console.notice(&format!(
            "{} lines of its audit log cannot be read; see: hoopctl verify",
            recording.unreadable
        ));
    }
}

fn list(recording: &Recording, wanted: &[bool]) -> Vec<Vec<String>> {
    let commands = &recording.commands;
    let mut order: Vec<usize> = (0..commands.len()).filter(|index| wanted[*index]).collect();
    // Typed lines are recorded when they end; the sort keeps the order of what began together.
    order.sort_by_key(|index| commands[*index].began);
    order.into_iter().map(|index| cells(recording, &commands[index], None)).collect()
}

/// The wanted commands and everything above them.
fn tree(recording: &Recording, mut wanted: Vec<bool>, console: &Console<'_>) -> Vec<Vec<String>> {
    let commands = &recording.commands;
    let mut order: Vec<usize> = (0..commands.len()).collect();
    order.sort_by_key(|index| commands[*index].began);
    let mut above = vec![None; commands.len()];
    for row in record::arrange(&nodes(commands, &order)) {
        above[order[row.node]] = row.parent.map(|parent| order[parent]);
    }
    for index in 0..commands.len() {
        let mut next = above[index].filter(|_| wanted[index]);
        while let Some(parent) = next.filter(|parent| !wanted[*parent]) {
            wanted[parent] = true;
            next = above[parent];
        }
    }
    order.retain(|index| wanted[*index]);
    let most = console.width.map_or(usize::MAX, |width| (width / 8).max(4));
    let mut open: Vec<bool> = Vec::new();
    let rows = record::arrange(&nodes(commands, &order));
    rows.iter()
        .map(|row| {
            let depth = usize::from(row.depth);
            open.resize(depth + 1, false);
            open[depth] = !row.is_last;
            cells(recording, &commands[order[row.node]], Some(guides(&open, most)))
        })
        .collect()
}

/// The lines before a row of the tree, given for each level whether another row of it follows.
fn guides(open: &[bool], most: usize) -> String {
    // The first level has no lines of its own.
    let Some((is_open, levels)) = open.get(1..).and_then(<[bool]>::split_last) else { return String::new() };
    let cut = levels.len().saturating_sub(most);
    let mut text = if cut > 0 { "… ".to_owned() } else { String::new() };
    text.extend(levels[cut..].iter().map(|is_open| if *is_open { "│ " } else { "  " }));
    text.push_str(if *is_open { "├ " } else { "└ " });
    text
}

fn nodes(commands: &[Command], order: &[usize]) -> Vec<Node> {
    order.iter().map(|index| node(&commands[*index])).collect()
}

fn node(command: &Command) -> Node {
    Node {
        at: command.began,
        id: command.number,
        parent: command.parent,
        replaces: command.replaces,
        typed_until: command.ended.filter(|_| command.kind == CommandKind::Typed),
    }
}

fn cells(recording: &Recording, command: &Command, guides: Option<String>) -> Vec<String> {
    let sign = if guides.is_some() && command.replaces.is_some() { "→ " } else { sign(command) };
    let guides = guides.unwrap_or_default();
    let line = match command.line.as_str() {
        "" if command.kind == CommandKind::Typed => "(kept out of the shell's history)",
        line => line,
    };
    let note = match (&command.rule, command.kind, &command.exe) {
        (Some(rule), CommandKind::Refused, _) => format!("  (refused by {rule})"),
        (Some(rule), ..) => format!("  (noted by {rule})"),
        (None, CommandKind::Failed, Some(exe)) => format!("  (tried {exe})"),
        (None, ..) => String::new(),
    };
    vec![
        command.number.map(|number| number.to_string()).unwrap_or_default(),
        place(command.began),
        command.took.map(brief).unwrap_or_default(),
        command.pid.map(|pid| pid.to_string()).unwrap_or_default(),
        end(command, recording.end.is_some() || recording.sealed.is_some()),
        format!("{guides}{sign}{}{}", safe(line), safe(&note)),
    ]
}

/// What tells a typed line from a command.
pub(super) fn sign(command: &Command) -> &'static str {
    if command.kind == CommandKind::Typed { "» " } else { "" }
}

/// How it ended, in a word or two.
pub(super) fn end(command: &Command, is_over: bool) -> String {
    match (command.why, command.status, command.signal, command.replaced_by) {
        (Some(CommandFailure::NotFound), ..) => "not found".to_owned(),
        (Some(CommandFailure::NotExecutable), ..) => "not run".to_owned(),
        (Some(CommandFailure::Refused), ..) => "refused".to_owned(),
        (None, Some(0), ..) => "ok".to_owned(),
        (None, Some(status), ..) => format!("exit {status}"),
        (None, None, Some(signal), _) => format!("signal {signal}"),
        (None, None, None, Some(next)) => format!("→ {next}"),
        (None, None, None, None) if command.ended.is_some() => "ended".to_owned(),
        (None, None, None, None) if is_over => "no end".to_owned(),
        (None, None, None, None) => "running".to_owned(),
    }
}

/// What the index knows of a command, as far as [`end`] needs it.
pub(super) fn as_found(hit: &CommandHit) -> Command {
    Command {
        number: hit.number,
        kind: hit.kind,
        why: (hit.kind == CommandKind::Refused).then_some(CommandFailure::Refused),
        took: hit.took,
        ended: hit.took,
        status: hit.status,
        signal: hit.signal,
        replaced_by: hit.replaced_by,
        ..Command::default()
    }
}

/// Reads the audit log once more: it has the arguments one by one, and whole.
fn as_json(recording: &Recording, wanted: &[bool], console: &mut Console<'_>) -> Result<()> {
    let mut commands = recording.commands.iter().zip(wanted).peekable();
    for line in audit::Reader::open(&recording.folder.join("audit.jsonl"))? {
        let Ok(line) = line else { continue };
        let Some((command, is_wanted)) = commands.next_if(|(command, _)| command.offset == line.offset)
        else {
            continue;
        };
        if *is_wanted {
            console.json(&object(recording, command, &line.event))?;
        }
    }
    Ok(())
}

fn object(recording: &Recording, command: &Command, event: &Event) -> Value {
    let (argv, line, is_cut) = match event {
        Event::CommandStart(start) => (Some(&start.argv), record::command_line(&start.argv), start.truncated),
        Event::CommandFailed(failed) => (Some(&failed.argv), record::command_line(&failed.argv), false),
        Event::CommandTyped(typed) => (None, typed.line.clone(), false),
        _ => (None, command.line.clone(), false),
    };
    let Micros(began) = command.began;
    json!({
        "number": command.number,
        "kind": command.kind.as_str(),
        "why": command.why,
        "step": command.was_step,
        "t_us": began,
        "began": rfc3339(recording.start.started.saturating_add(began)),
        "ended_us": command.ended,
        "took_us": command.took,
        "status": command.status,
        "signal": command.signal,
        "pid": command.pid,
        "ppid": command.ppid,
        "parent": command.parent,
        "replaces": command.replaces,
        "replaced_by": command.replaced_by,
        "line": line,
        "argv": argv,
        "truncated": is_cut,
        "exe": command.exe,
        "cwd": command.cwd,
        "rule": command.rule,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guides_join_the_levels_and_stay_narrow() {
        assert_eq!(guides(&[false], 4), "");
        assert_eq!(guides(&[true, true], 4), "├ ");
        assert_eq!(guides(&[false, true, false, false], 4), "│   └ ");
        assert_eq!(guides(&[true; 12], 4), "… │ │ │ │ ├ ");
    }
}
