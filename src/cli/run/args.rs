//! What can be typed after `hoop-run`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;

use crate::net::Connect;
use crate::net::Publish;

const AFTER_HELP: &str = "\
Examples:
  hoop-run -- aws s3 ls                  your AWS profile, policy `guarded`
  hoop-run -p readonly -- claude         an agent that may look, not touch
  hoop-run                               your shell
  hoop-run -- aws s3 ls | wc -l          in a pipe: byte for byte, recorded
  hoop-run --headless -c 'make deploy'   on a terminal that nobody sees
  hoop-run -o demo.cast -- bash          a copy for any asciinema player

Secrets in its output become stars, in AWS's answers hoopmask:KIND:TAG. Tell an agent so:
  hoop-run -- claude --append-system-prompt \"$(hoopctl mask explain --for-agents)\"

A call that needs your yes waits: a line on the last row says so, Ctrl-] opens it
(settings approval.key and approval.prompt; more: man hoop-approvals).

Recordings: ~/.local/state/hoop ($XDG_STATE_HOME/hoop); watch with hoop-replay.
Exit status: the program's, or its signal; 123 it ended with 0, but a question
that held a call or command was not answered with yes (only where --approve-via
is given), 125 hoop-run itself failed, a part of it died and took the session
along, or somebody ended the session at a question, 126 the program cannot run,
127 there is no such program.";

/// Run a program with its AWS calls gated, its secrets masked and everything recorded
#[derive(Clone, Debug, Parser)]
#[command(
    name = "hoop-run",
    version,
    after_help = AFTER_HELP,
    max_term_width = 110,
    disable_help_flag = true,
    disable_version_flag = true
)]
pub struct Args {
    /// The program and its arguments [default: your shell]
    #[arg(value_name = "CMD", trailing_var_arg = true, num_args = 0..)]
    pub command: Vec<OsString>,

    /// Run a shell command instead, by $SHELL -c
    #[arg(short = 'c', long, value_name = "COMMAND", conflicts_with = "command", help_heading = "Program")]
    pub shell: Option<OsString>,

    /// Run it in this directory
    #[arg(short = 'C', long, value_name = "DIR", help_heading = "Program")]
    pub cwd: Option<PathBuf>,

    /// Set an environment variable of the program; may be repeated
    #[arg(
        short = 'E',
        long = "env",
        value_name = "KEY=VALUE",
        value_parser = variable,
        help_heading = "Program"
    )]
    pub env: Vec<(String, String)>,

    /// What may be done: guarded, readonly, observe, or a policy file
    #[arg(short = 'p', long, value_name = "NAME|FILE", help_heading = "AWS")]
    pub policy: Option<String>,

    /// Nothing but listing and reading, whatever the policy allows
    #[arg(long, help_heading = "AWS")]
    pub read_only: bool,

    /// The AWS profile whose credentials hoop-run signs with
    #[arg(long, value_name = "NAME", help_heading = "AWS")]
    pub profile: Option<String>,

    /// The role hoop-run signs with: an ARN, or a name of the policy's
    #[arg(long, value_name = "NAME|ARN", help_heading = "AWS")]
    pub role: Option<String>,

    /// The code of your MFA device, where the profile or the policy wants one [default: asked for]
    #[arg(long, value_name = "CODE", help_heading = "AWS")]
    pub mfa: Option<String>,

    /// Who you are: an identity provider of the configuration, `ci` or `local`
    #[arg(long, value_name = "NAME", help_heading = "AWS")]
    pub identity: Option<String>,

    /// Sign in first, where nobody has or the login has ended
    #[arg(long, help_heading = "AWS")]
    pub login: bool,

    /// How questions that hold a call are answered; several, apart by commas [default: auto]
    #[arg(
        long,
        value_name = "WAY",
        value_delimiter = ',',
        value_parser = ["auto", "terminal", "hoopctl", "webhook", "none"],
        help_heading = "Approvals"
    )]
    pub approve_via: Vec<String>,

    /// The default AWS region of the program
    #[arg(long, value_name = "REGION", help_heading = "AWS")]
    pub region: Option<String>,

    /// Record and mask only: the program keeps its own way to AWS, and its own credentials
    #[arg(long, help_heading = "AWS")]
    pub no_gateway: bool,

    /// auto: the best there is; require: full or no session; off: none
    #[arg(long, value_name = "MODE", value_parser = ["auto", "require", "off"], help_heading = "Sandbox")]
    pub sandbox: Option<String>,

    /// Do not hide it from the program: ssh-agent, docker, x11 ..., or a path; may be repeated
    #[arg(long, value_name = "NAME|PATH", help_heading = "Sandbox")]
    pub allow: Vec<String>,

    /// Let a port inside be reached from outside, as a server's of the program; may be repeated
    #[arg(long, value_name = "[HOST:]PORT", help_heading = "Sandbox")]
    pub publish: Vec<Publish>,

    /// Let a port outside be reached inside, at 127.0.0.1, as a local database; may be repeated
    #[arg(long, value_name = "[HOST:]PORT", help_heading = "Sandbox")]
    pub connect: Vec<Connect>,

    /// What happens to connections to other hosts than AWS that no [[egress]] rule names
    #[arg(long, value_name = "EFFECT", value_parser = ["allow", "ask", "deny"], help_heading = "Sandbox")]
    pub egress: Option<String>,

    /// A title for the recording
    #[arg(short = 't', long, value_name = "TEXT", help_heading = "Recording")]
    pub title: Option<String>,

    /// Record what you type, too; never while the terminal does not echo, as for passwords
    #[arg(short = 'I', long, aliases = ["stdin", "capture-input", "log-in"], help_heading = "Recording")]
    pub record_input: bool,

    /// Copy the finished recording to this file (asciicast 3)
    #[arg(
        short = 'o',
        short_alias = 'O',
        long,
        alias = "log-out",
        value_name = "FILE.cast",
        help_heading = "Recording"
    )]
    pub output: Option<PathBuf>,

    /// Let --output replace a file
    #[arg(long, requires = "output", help_heading = "Recording")]
    pub overwrite: bool,

    /// Give the program a terminal that nobody sees
    #[arg(short = 'H', long, help_heading = "Terminal")]
    pub headless: bool,

    /// Columns of the program's terminal [default: yours; headless: 80]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000), help_heading = "Terminal")]
    pub cols: Option<u16>,

    /// Rows of the program's terminal [default: yours; headless: 24]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000), help_heading = "Terminal")]
    pub rows: Option<u16>,

    /// Both at once, as 120x30
    #[arg(
        long,
        value_name = "COLSxROWS",
        alias = "tty-size",
        value_parser = window,
        conflicts_with_all = ["cols", "rows"],
        help_heading = "Terminal"
    )]
    pub window_size: Option<(u16, u16)>,

    /// Say nothing but errors
    #[arg(short = 'q', long)]
    pub quiet: bool,

    /// Taken for the sake of script(1) and asciinema: the program's exit status is always given
    #[arg(short = 'e', long = "return", hide = true)]
    pub give_status: bool,

    /// Print help
    #[arg(short = 'h', long, action = clap::ArgAction::Help)]
    pub help: Option<bool>,

    /// Print version
    #[arg(short = 'V', long, action = clap::ArgAction::Version)]
    pub version: Option<bool>,
}

impl Args {
    /// The columns and rows that were asked for.
    #[must_use]
    pub fn wanted_size(&self) -> (Option<u16>, Option<u16>) {
        match self.window_size {
            Some((cols, rows)) => (Some(cols), Some(rows)),
            None => (self.cols, self.rows),
        }
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("not of the form KEY=VALUE".to_owned()),
    }
}

fn window(text: &str) -> Result<(u16, u16), String> {
    let number = |text: &str| text.parse::<u16>().ok().filter(|number| (1..=1000).contains(number));
    text.split_once('x')
        .and_then(|(cols, rows)| Some((number(cols)?, number(rows)?)))
        .ok_or_else(|| "not of the form COLSxROWS, such as 120x30".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Args {
        Args::try_parse_from(text.split(' ').map(OsString::from)).unwrap()
    }

    #[test]
    fn the_arguments_are_consistent() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn everything_after_the_program_is_its_own() {
        let args = parse("hoop-run -q aws s3 ls --region eu-west-1 --help");
        assert_eq!(args.command, ["aws", "s3", "ls", "--region", "eu-west-1", "--help"]);
        assert_eq!((args.region, args.quiet), (None, true));
        assert_eq!(parse("hoop-run --region r -- -strange name").command, ["-strange", "name"]);
    }

    #[test]
    fn a_mistyped_option_is_not_taken_for_a_program() {
        assert!(Args::try_parse_from(["hoop-run", "--polcy", "x", "--", "true"]).is_err());
    }

    #[test]
    fn what_users_of_script_and_asciinema_type_works() {
        let args = parse("hoop-run -q -e -c true -O a.cast --stdin --tty-size 120x30");
        assert_eq!(args.wanted_size(), (Some(120), Some(30)));
        assert_eq!((args.shell, args.record_input), (Some("true".into()), true));
    }
}
