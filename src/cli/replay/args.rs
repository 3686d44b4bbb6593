//! What can be typed after `hoop-replay`.

use std::time::Duration;

use clap::Args;
use clap::Parser;
use clap::Subcommand;

use super::diff::Diff;
use super::export_args::Export;
use super::import::Import;
use super::summary::Summary;
use crate::replay;
use crate::types::Micros;

const AFTER_HELP: &str = "\
Examples:
  hoop-replay                          find a session, press Enter
  hoop-replay user:ana decision:deny   those that fit; also words, after:2d, (a or b), not c
  hoop-replay @denied                  a query saved as `denied`
  hoop-replay last                     the newest one
  hoop-replay 01J9ZK                   the one whose id begins so
  hoop-replay demo.cast                any asciinema recording, version 1, 2 or 3
  hoop-replay --speed 4 --idle-limit 0.5s last
  hoop-replay --follow last            what is running now, as it goes on
  hoop-replay --at 1:02 last           from that moment on; also 50%, #120 (an event), end
  hoop-replay --plain last             the same as lines of text: facts, what happened, the last screen
  hoop-replay --plain last | grep '^call .* decision: deny'
  hoop-replay --plain 'action:s3:Delete* decision:deny'
  hoop-replay list --since 2d --json | jq .id
  hoop-replay export last --format jsonl | jq 'select(.decision.effect == \"deny\")'
  hoop-replay export last --at 0:12 -o moment.png
  hoop-replay export last --mask pii -o session.html
  hoop-replay import demo.cast         into the store, to be found and watched like the others
  hoop-replay summary last             what it did, in numbers; the same in the viewer: S
  hoop-replay diff 01J9ZK 01J9ZM       what this run did differently
  hoop-replay play last                in this terminal, without the viewer

In the viewer press ? for the keys. Recordings are kept below $XDG_STATE_HOME/hoop (~/.local/state/hoop).
NO_COLOR switches colours off. Exit status: 0, 1 for a failure, 2 for a wrong command line.";

/// Find, watch, search and export recorded sessions
#[derive(Debug, Parser)]
#[command(
    name = "hoop-replay",
    version,
    after_help = AFTER_HELP,
    max_term_width = 110,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// A session id or its beginning, `last`, or a file: the viewer opens with it. Anything else is a query for the list
    /// of sessions, `@NAME` a saved one [default: the list]
    #[arg(value_name = "RECORDING|QUERY")]
    pub recording: Option<String>,

    /// More words of a query
    #[arg(value_name = "QUERY", hide = true)]
    pub words: Vec<String>,

    /// Open the list of sessions with this query
    #[arg(short, long, value_name = "QUERY", conflicts_with = "recording", allow_hyphen_values = true)]
    pub query: Option<String>,

    /// Watch a running session, or a file that is still written, as it goes on; Space holds it, End catches up
    #[arg(short = 'F', long, requires = "recording")]
    pub follow: bool,

    /// Begin at this moment: seconds, 1:02.5, 50%, #120 (an event) or `end`; with --plain, show its screen: may be repeated
    #[arg(long, value_name = "TIME", value_parser = replay::Place::parse, requires = "recording")]
    pub at: Vec<replay::Place>,

    /// Print what the viewer shows as plain lines, one fact a line, for screen readers and pipes
    #[arg(long)]
    pub plain: bool,

    /// How it is played.
    #[command(flatten)]
    pub pacing: PacingArgs,

    /// How it looks: dark, light, high-contrast, solarized, or a theme file [default: `replay.theme`, dark]
    #[arg(long, value_name = "NAME|FILE")]
    pub theme: Option<String>,

    /// What else to do.
    #[command(subcommand)]
    pub command: Option<Subcommands>,
}

/// Speed and pauses.
#[derive(Clone, Debug, Default, Args)]
pub struct PacingArgs {
    /// Play so many times as fast; the viewer takes 0.5, 1, 2, 4, 8 or 16
    #[arg(short = 's', long, value_name = "FACTOR", value_parser = speed)]
    pub speed: Option<f64>,

    /// Shorten pauses to this: 2s, 500ms, or `off` to keep them
    #[arg(short = 'i', long, value_name = "TIME|off", value_parser = pause)]
    pub idle_limit: Option<Pause>,
}

/// What `--idle-limit` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Pauses are kept.
    Kept,
    /// Longer ones are shortened to this.
    AtMost(Micros),
}

impl Pause {
    /// The longest pause, if there is one.
    #[must_use]
    pub fn limit(self) -> Option<Micros> {
        match self {
            Self::Kept => None,
            Self::AtMost(limit) => Some(limit),
        }
    }
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Subcommands {
    /// List recorded sessions, newest first
    List(crate::cli::ctl::sessions::Args),
    /// A session in numbers: services, decisions, secrets masked, errors, commands
    Summary(Summary),
    /// Which calls and commands differ between two sessions
    Diff(Diff),
    /// Write a recording, or a part of it, for others: asciicast, text, calls, a picture
    Export(Export),
    /// Take an asciinema recording into the store
    Import(Import),
    /// Play a recording in this terminal, without the viewer
    Play(Play),
}

/// What `play` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Only what draws is let through: titles, clipboard writes and questions to the terminal are dropped.
Ctrl-C ends it.

Examples:
  hoop-replay play last --speed 2
  hoop-replay play demo.cast --idle-limit off")]
pub struct Play {
    /// A session id or its beginning, `last`, or a file
    #[arg(value_name = "RECORDING")]
    pub recording: String,

    /// How it is played.
    #[command(flatten)]
    pub pacing: PacingArgs,
}

fn speed(text: &str) -> Result<f64, String> {
    let factor: f64 = text.parse().map_err(|_| "give a number, such as 2 or 0.5".to_owned())?;
    if (0.01..=1_000.0).contains(&factor) {
        Ok(factor)
    } else {
        Err("give a number from 0.01 to 1000".to_owned())
    }
}

fn pause(text: &str) -> Result<Pause, String> {
    if text == "off" {
        return Ok(Pause::Kept);
    }
    let wrong = || "give a time such as 2s, 500ms or 1.5, or `off`".to_owned();
    let (number, unit) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 0.001),
        (None, Some(number)) => (number, 1.0),
        (None, None) => (text, 1.0),
    };
    let seconds: f64 = number.parse().map_err(|_| wrong())?;
    let time = Duration::try_from_secs_f64(seconds * unit).map_err(|_| wrong())?;
    Ok(Pause::AtMost(Micros::from(time)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_are_understood_as_people_write_them() {
        assert_eq!(pause("2s"), Ok(Pause::AtMost(Micros(2_000_000))));
        assert_eq!(pause("500ms"), Ok(Pause::AtMost(Micros(500_000))));
        assert_eq!(pause("off"), Ok(Pause::Kept));
        for wrong in ["", "-1", "1:x", "101%", "nan", "1e30"] {
            assert!(pause(wrong).is_err(), "{wrong}");
        }
        assert!(speed("0").is_err() && speed("inf").is_err() && speed("2").is_ok());
    }

    #[test]
    fn a_recording_and_a_subcommand_are_told_apart() {
        let parse = |arguments: &[&str]| Cli::try_parse_from([&["hoop-replay"], arguments].concat());
        assert_eq!(parse(&["last", "--speed", "4"]).unwrap().recording.as_deref(), Some("last"));
        assert!(matches!(parse(&["export", "last"]).unwrap().command, Some(Subcommands::Export(_))));
        assert!(parse(&["--nonsense"]).is_err());
    }
}
