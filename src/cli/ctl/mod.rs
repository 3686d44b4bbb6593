//! `hoopctl`: one file for each subcommand, with its arguments and what it does.

mod approvals;
pub mod approvals_log;
pub mod calls;
pub mod commands;
pub mod conditions;
mod config;
pub mod console;
mod doctor;
pub mod identify;
pub mod index;
mod login;
mod mask;
mod mask_check;
mod mask_explain;
mod mask_scan;
mod pack;
mod policy;
mod policy_compile;
pub mod prune;
pub mod search;
pub mod sessions;
pub mod verify;

use std::ffi::OsString;
use std::io;
use std::io::IsTerminal;
use std::process::ExitCode;

use clap::CommandFactory;
use clap::Parser;
use jiff::tz::TimeZone;

use super::saying;
use super::sign_in;
use super::surroundings;
use crate::clock::Clock;
use crate::config::load::Config;
use crate::config::load::Sources;
use crate::error::Kind;
use crate::error::Result;
use crate::policy::actions::AwsActions;
use crate::policy::request::Principal;
use crate::sys::harden;
use crate::sys::user;
use console::Console;

/// Check policies, settings and recordings of hoop.
#[derive(Debug, Parser)]
#[command(
    name = "hoopctl",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  hoopctl policy check team.toml
  hoopctl policy explain s3:DeleteObject arn:aws:s3:::reports/july.csv
  hoopctl login corp
  hoopctl approvals
  hoopctl sessions --since 2d --decision deny
  hoopctl search AccessDenied
  hoopctl search 'approval:denied approver:ana'
  hoopctl commands last --tree
  hoopctl calls last --decision deny
  hoopctl verify --all
  hoopctl identify request.txt
  hoopctl mask scan .
  hoopctl doctor
  hoopctl prune --older-than 90d --dry-run
  hoopctl pack

Exit status: 0 well; 1 something was found wrong, or nothing was found; 2 wrong usage."
)]
struct Cli {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Debug, clap::Subcommand)]
enum Subcommands {
    /// Check, explain, show and list policies
    Policy(policy::PolicyArgs),
    /// Show settings and where they come from
    Config(config::ConfigArgs),
    Login(login::LoginArgs),
    Logout(login::LogoutArgs),
    Whoami(login::WhoamiArgs),
    Approvals(approvals::Args),
    Sessions(sessions::Args),
    Search(search::Args),
    Commands(commands::Args),
    Calls(calls::Args),
    Verify(verify::Args),
    Index(index::Args),
    Prune(prune::Args),
    Pack(pack::Args),
    Identify(identify::Args),
    /// Find secrets in files; show, list and check what is masked
    Mask(mask::Args),
    Doctor(doctor::Args),
}

/// The program's definition, for man pages and completions.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the program; gives its exit status.
#[must_use]
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    saying::mask_panics();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come as errors too; they go to standard output.
            saying::misused(&error);
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match run(&cli.command) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            saying::complain("hoopctl", &error);
            ExitCode::from(if error.kind() == Kind::Usage { 2 } else { 1 })
        }
    }
}

fn run(command: &Subcommands) -> Result<u8> {
    let sources = surroundings::sources();
    let clock = Clock::system();
    if let Subcommands::Login(_) | Subcommands::Logout(_) | Subcommands::Whoami(_) = command {
        return asker(command, &sources, &clock);
    }
    // Standard error stays open to other threads: one that panics says so there.
    let (mut out, mut err) = (io::stdout().lock(), io::stderr());
    match command {
        Subcommands::Config(args) => return config::run(args, &sources, &mut out),
        Subcommands::Policy(args) => {
            let person = user::current();
            let (user, groups, host) = (person.name, person.groups, user::host());
            let principal = Principal { user, groups, host, ..Principal::default() };
            let context = policy::Context {
                sources: &sources,
                actions: &AwsActions,
                principal,
                now: clock.unix_seconds(),
            };
            return policy::run(args, &context, &mut out);
        }
        _ => {}
    }
    let width = if io::stdout().is_terminal() { terminal_width() } else { None };
    let mut console =
        Console { out: &mut out, err: &mut err, width, zone: TimeZone::system(), now: clock.unix_micros() };
    if let Subcommands::Mask(args) = command {
        return mask::run(args, &sources, &mut console);
    }
    if let Subcommands::Doctor(args) = command {
        return doctor::run(args, &sources, &mut console);
    }
    if let Subcommands::Approvals(args) = command {
        // Whoever could look into or steer this process could answer in its name.
        let _ = harden::harden();
        return approvals::run(args, Config::load(&sources)?, &clock, &mut console);
    }
    let state = Config::load(&sources)?.state_dir();
    match command {
        Subcommands::Sessions(args) => sessions::run(args, &state, &mut console),
        Subcommands::Search(args) => search::run(args, &state, &mut console),
        Subcommands::Commands(args) => commands::run(args, &state, &mut console),
        Subcommands::Calls(args) => calls::run(args, &state, &mut console),
        Subcommands::Verify(args) => verify::run(args, &state, &mut console),
        Subcommands::Index(args) => index::run(args, &state, &mut console),
        Subcommands::Prune(args) => prune::run(args, &state, &mut console),
        Subcommands::Pack(args) => pack::run(args, &state, &mut console),
        Subcommands::Identify(args) => identify::run(args, &mut console),
        Subcommands::Policy(_) | Subcommands::Config(_) | Subcommands::Mask(_) | Subcommands::Doctor(_) => {
            Ok(0)
        }
        Subcommands::Login(_)
        | Subcommands::Logout(_)
        | Subcommands::Whoami(_)
        | Subcommands::Approvals(_) => Ok(0),
    }
}

/// Who is asking. A login speaks from a thread of its own: the streams are not held meanwhile.
fn asker(command: &Subcommands, sources: &Sources, clock: &Clock) -> Result<u8> {
    // Tokens are in our memory for a while. A browser that is started needs nothing of what this takes away.
    let _ = harden::harden();
    let config = Config::load(sources)?;
    let around = sign_in::around(clock);
    let context = login::Context { config: &config, around: &around };
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let width = if out.is_terminal() { terminal_width() } else { None };
    let now = clock.unix_micros();
    let mut console = Console { out: &mut out, err: &mut err, width, zone: TimeZone::system(), now };
    match command {
        Subcommands::Login(args) => login::login(args, &context, &mut console),
        Subcommands::Logout(args) => login::logout(args, &context, &mut console),
        Subcommands::Whoami(args) => login::whoami(args, &context, &mut console),
        _ => Ok(0),
    }
}

fn terminal_width() -> Option<usize> {
    crossterm::terminal::size().ok().map(|(columns, _)| usize::from(columns))
}
