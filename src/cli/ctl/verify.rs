//! `hoopctl verify`: are recordings whole and unchanged?

use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use super::console::Console;
use super::console::rfc3339;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::record;
use crate::record::Place;
use crate::record::Report;
use crate::record::State;
use crate::record::Tombstone;
use crate::term::safe;

/// Check that recordings are whole and unchanged.
///
/// Checks the hash chain of the audit log, the terminal recording against its checkpoints, the bodies and the
/// signed seal, and that every call that went on was allowed by a rule or a person. Exits with 1 if anything is wrong.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hoopctl verify 01KAHX3V            a session, by the start of its id
  hoopctl verify ./copied-recording  a folder from anywhere
  hoopctl verify --all               everything of this user, and that no sealed recording is missing;
                                     what was pruned is told with who did it, and why

A session that is still running is `unsealed`; what is there can be checked all the same.")]
pub struct Args {
    /// Session ids (their start is enough), `last`, or folders.
    #[arg(required_unless_present = "all", value_name = "SESSION|PATH")]
    pub recordings: Vec<String>,
    /// Check every recording, and the chain of this host's seals.
    #[arg(long, conflicts_with = "recordings")]
    pub all: bool,
    /// Count a recording without a seal as wrong.
    #[arg(long)]
    pub require_seal: bool,
    /// One JSON object for each recording.
    #[arg(long)]
    pub json: bool,
}

/// Does it; gives the exit status.
pub fn run(args: &Args, state: &std::path::Path, console: &mut Console<'_>) -> Result<u8> {
    let place = Place::new(state);
    let folders: Vec<PathBuf> = match args.all {
        true => place.all()?.into_iter().map(|id| place.folder(id)).collect(),
        false => args.recordings.iter().map(|name| find(&place, name, console)).collect::<Result<_>>()?,
    };
    let key = record::public_key(&place)?;
    let mut links = record::SealChain::default();
    let mut is_wrong = false;
    for folder in &folders {
        let report = record::verify(folder)?;
        is_wrong |= report.state == State::Damaged || args.require_seal && report.state == State::Unsealed;
        links.add(&report);
        match args.json {
            true => console.json(&as_json(&report, key.as_deref()))?,
            false => as_text(&report, key.as_deref(), console)?,
        }
    }
    if args.all {
        let (tombstones, faults) = record::tombstones(state);
        for found in &tombstones {
            links.add_tombstone(found);
            match args.json {
                true => pruned_as_json(&found.tombstone, console)?,
                false => console.line(&pruned_line(&found.tombstone, console))?,
            }
        }
        is_wrong |= !faults.is_empty();
        for note in faults.into_iter().chain(links.notes(&place)?) {
            console.notice(&note);
        }
        if !args.json && folders.is_empty() {
            console.line("no recordings")?;
        }
    }
    Ok(u8::from(is_wrong))
}

/// The folder that `name` means. One that was pruned is told as that.
fn find(place: &Place, name: &str, console: &Console<'_>) -> Result<PathBuf> {
    place.find(name).map_err(|error| {
        let wanted = name.to_ascii_uppercase();
        let is_meant = |tombstone: &Tombstone| {
            wanted.len() >= 4
                && tombstone.sessions.iter().any(|it| it.session.to_string().starts_with(&wanted))
        };
        let (tombstones, _) = record::tombstones(place.state());
        match tombstones.iter().find(|found| is_meant(&found.tombstone)) {
            Some(found) => Error::new(Kind::NotFound, format!("the recording `{}` was pruned", safe(name)))
                .why(by_whom(&found.tombstone, console))
                .fix("see all that were: hoopctl verify --all"),
            None => error,
        }
    })
}

/// `by ana on host, 2026-07-01 12:30:05, --older-than 90d`
fn by_whom(tombstone: &Tombstone, console: &Console<'_>) -> String {
    let Tombstone { user, host, why, pruned, .. } = tombstone;
    safe(&format!("by {user} on {host}, {}, {why}", console.moment(*pruned))).into_owned()
}

fn pruned_line(tombstone: &Tombstone, console: &Console<'_>) -> String {
    let number = match tombstone.sessions.len() {
        1 => "1 recording".to_owned(),
        number => format!("{number} recordings"),
    };
    format!("{}  pruned       {number} {}", tombstone.pruning, by_whom(tombstone, console))
}

fn pruned_as_json(tombstone: &Tombstone, console: &mut Console<'_>) -> Result<()> {
    tombstone.sessions.iter().try_for_each(|session| {
        console.json(&json!({
            "session": session.session,
            "state": "pruned",
            "pruning": tombstone.pruning,
            "pruned": rfc3339(tombstone.pruned),
            "by": tombstone.user,
            "host": tombstone.host,
            "why": tombstone.why,
            "bytes": session.bytes,
        }))
    })
}

fn as_text(report: &Report, key: Option<&str>, console: &mut Console<'_>) -> Result<()> {
    let name = match report.session {
        Some(session) => session.to_string(),
        None => safe(&report.folder.display().to_string()).into_owned(),
    };
    let mut line = format!(
        "{name}  {:<11}  {} events, {} calls, {}{} terminal bytes",
        report.state.as_str(),
        report.lines,
        report.counts.calls,
        approvals(&report.counts),
        report.cast_bytes
    );
    if let Some(seal) = report.seal.as_ref().filter(|_| report.state != State::Damaged) {
        let whose = if key == Some(seal.key.as_str()) { "this host" } else { "another key" };
        line.push_str(&format!(
            ", sealed {} by {whose} ({})",
            console.moment(seal.sealed),
            fingerprint(&seal.key)
        ));
    } else if report.state == State::Unsealed {
        let behind = report.cast_bytes - report.cast_checked;
        line.push_str(&format!(", the last {behind} of them not yet vouched for"));
    }
    console.line(&line)?;
    for fault in &report.faults {
        let place = match (fault.line, fault.offset) {
            (Some(line), _) => format!(" line {line}"),
            (None, Some(offset)) => format!(" byte {offset}"),
            (None, None) => String::new(),
        };
        console.line(&format!("  {}{place}: {}", safe(&fault.file), safe(&fault.reason)))?;
    }
    Ok(())
}

fn as_json(report: &Report, key: Option<&str>) -> Value {
    let faults: Vec<_> = report
        .faults
        .iter()
        .map(|fault| json!({"file": fault.file, "line": fault.line, "offset": fault.offset, "reason": fault.reason}))
        .collect();
    let seal = report.seal.as_ref();
    json!({
        "session": report.session,
        "folder": report.folder.display().to_string(),
        "state": report.state.as_str(),
        "faults": faults,
        "events": report.lines,
        "counts": report.counts,
        "terminal_bytes": report.cast_bytes,
        "terminal_bytes_checked": report.cast_checked,
        "bodies": report.bodies,
        "sealed": seal.map(|seal| rfc3339(seal.sealed)),
        "key": seal.map(|seal| &seal.key),
        "own_key": seal.map(|seal| key == Some(seal.key.as_str())),
    })
}

/// `3 approvals (1 granted, used 2 times), `; nothing where nobody was asked.
fn approvals(counts: &record::Counts) -> String {
    let record::Counts { asked, granted, used, .. } = counts;
    let used = if *used > 0 { format!(", used {used} times") } else { String::new() };
    match asked {
        0 => String::new(),
        1 => format!("1 approval ({granted} granted{used}), "),
        asked => format!("{asked} approvals ({granted} granted{used}), "),
    }
}

/// Enough of a key to tell it from others.
fn fingerprint(key: &str) -> String {
    safe(key).chars().take(12).collect()
}
