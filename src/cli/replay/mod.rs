//! `hoop-replay`: the viewer, and what it does without a screen.

use std::ffi::OsString;
use std::io;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::CommandFactory;
use clap::FromArgMatches;
use jiff::tz::TimeZone;

use crate::cli::beside::Beside;
use crate::cli::looking;
use crate::cli::saying;
use crate::cli::surroundings;
use crate::clock::Clock;
use crate::config::load::Config;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::replay;
use crate::replay::Pacing;
use crate::replay::Setup;
use crate::replay::Speed;
use crate::replay::Start;
use crate::types::Micros;

mod args;
mod diff;
mod export;
mod export_args;
mod export_calls;
mod export_events;
mod export_job;
mod export_mask;
mod import;
mod keys;
mod list;
mod output;
mod place;
mod plain;
mod play;
mod printing;
mod summary;
mod wanted;

use args::Cli;
use args::PacingArgs;
use args::Subcommands;
use place::Found;
use wanted::Wanted;

/// The program's definition, for man pages and completions.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command().mut_subcommand("list", |list| list.after_help(list::AFTER_HELP))
}

/// Runs the program; gives its exit status.
#[must_use]
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    saying::mask_panics();
    let parsed = command().try_get_matches_from(arguments).and_then(|found| Cli::from_arg_matches(&found));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come as errors too; they go to standard output.
            saying::misused(&error);
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match run(&cli) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            saying::complain("hoop-replay", &error);
            // As diff(1): there, 1 says that something differs.
            let is_diff = matches!(cli.command, Some(Subcommands::Diff(_)));
            ExitCode::from(if error.kind() == Kind::Usage || is_diff { 2 } else { 1 })
        }
    }
}

/// Does what is asked for; gives the exit status.
fn run(cli: &Cli) -> Result<u8> {
    let done = match &cli.command {
        Some(Subcommands::Diff(wish)) => return diff::run(wish),
        Some(Subcommands::List(list)) => list::run(list),
        Some(Subcommands::Summary(wish)) => summary::run(wish),
        Some(Subcommands::Export(wish)) => export::run(wish),
        Some(Subcommands::Import(wish)) => import::run(wish),
        Some(Subcommands::Play(wish)) => play::run(wish),
        Some(Subcommands::Keys) => keys::run(),
        None => view(cli),
    };
    done.map(|()| 0)
}

/// Opens the viewer.
fn view(cli: &Cli) -> Result<()> {
    let config = Config::load(&surroundings::sources())?;
    let state = config.state_dir();
    let wanted = wanted::wanted(cli, &state)?;
    if cli.plain || config.replay_plain() {
        return plain::run(cli, &config, &wanted);
    }
    let look = looking::look(cli.theme.as_deref(), cli.ascii, &config)?;
    let keys = looking::keys(&config)?;
    needs_terminal(&wanted)?;
    let (start, library): (Start, Option<replay::Library>) = match wanted {
        Wanted::Recording { found, .. } => (opening(*found)?, None),
        Wanted::List(query) => {
            let is_secret = Arc::new(|query: &str| saying::masked(query) != query);
            (Start::List(query), Some(replay::Library { state, is_secret }))
        }
    };
    // Whoever looks at recordings has time; nothing waits for it.
    let beside = Beside::packing(&config.state_dir(), &Clock::system(), config.record_pack());
    let shown = replay::run(Setup {
        look,
        keys,
        zone: TimeZone::system(),
        pacing: Pacing {
            follows: cli.follow,
            from: cli.at.last().copied(),
            ..pacing(&cli.pacing, config.replay_idle_limit())
        },
        clock: Clock::system(),
        library,
        cache: Some(config.state_dir().join("cache/replay")),
        start,
    });
    beside.end();
    shown
}

/// Shows `start`, played and looking as is usual.
fn show(start: Start) -> Result<()> {
    let config = Config::load(&surroundings::sources())?;
    replay::run(Setup {
        look: looking::look(None, false, &config)?,
        keys: looking::keys(&config)?,
        zone: TimeZone::system(),
        pacing: pacing(&PacingArgs::default(), config.replay_idle_limit()),
        clock: Clock::system(),
        library: None,
        cache: Some(config.state_dir().join("cache/replay")),
        start,
    })
}

fn opening(found: Found) -> Result<Start> {
    // Opened here too, so that trouble is told on the command line and not on a screen of its own.
    replay::Tape::open(&found.source.cast).map_err(|error| place::explained(error, &found.source.cast))?;
    Ok(Start::Recording { title: found.title(), expected: None, source: found.source })
}

/// How to play; `usual_pause` is the longest pause where nobody says otherwise.
fn pacing(wish: &PacingArgs, usual_pause: Option<Duration>) -> Pacing {
    let idle_limit = wish.idle_limit.map_or(usual_pause.map(Micros::from), args::Pause::limit);
    Pacing { speed: Speed::new(wish.speed.unwrap_or(1.0)), idle_limit, ..Pacing::default() }
}

fn needs_terminal(wanted: &Wanted) -> Result<()> {
    let (input, output) = (io::stdin().is_terminal(), io::stdout().is_terminal());
    if input && output {
        return Ok(());
    }
    let which = if input { "standard output" } else { "standard input" };
    let fix = match wanted {
        Wanted::List(query) if query.is_empty() => "without one, list them: hoop-replay --plain".to_owned(),
        Wanted::List(query) => {
            let query = query.escape_debug();
            format!("without one: hoop-replay list '{query}'   or as lines: hoop-replay --plain '{query}'")
        }
        Wanted::Recording { name, .. } => {
            let name = name.escape_debug();
            format!(
                "without one, as lines: hoop-replay --plain {name}   or its text alone: hoop-replay export {name} --format txt"
            )
        }
    };
    Err(Error::new(Kind::Usage, "the viewer needs a terminal").why(format!("{which} is none")).fix(fix))
}
