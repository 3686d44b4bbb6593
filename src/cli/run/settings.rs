//! What the arguments, the environment and the configuration come down to.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;

use crate::cli::run::args::Args;
use crate::config::load::Config;
use crate::config::load::Sources;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::policy::set::PolicySet;
use crate::session::environment::Environment;

/// Everything decided before the session begins.
#[derive(Debug)]
pub(super) struct Settings {
    /// All layers of the configuration, the flags on top.
    pub(super) config: Config,
    /// The policies in force.
    pub(super) policies: PolicySet,
    /// Where recordings are kept.
    pub(super) state: PathBuf,
    /// The program and its arguments, as typed.
    pub(super) argv: Vec<OsString>,
}

impl Settings {
    /// Settles everything.
    ///
    /// # Errors
    /// When a configuration or policy file is wrong, there is no place for recordings, or the copy would replace a file.
    pub(super) fn settle(args: &Args, environment: &Environment, sources: Sources) -> Result<Self> {
        if let Some(file) = args.output.as_deref().filter(|_| !args.overwrite) {
            must_be_new(file)?;
        }
        let config = Config::load(&with_flags(sources, args))?;
        let state = config.state_dir();
        if !state.is_absolute() {
            return Err(Error::new(Kind::Config, "there is no place for recordings")
                .why(format!("`{}` is not an absolute path: is HOME set?", state.display()))
                .fix("set one: HOOP_STATE_DIR=/home/you/.local/state/hoop hoop-run …"));
        }
        Ok(Self {
            policies: PolicySet::load(config.policies())?,
            config,
            state,
            argv: argv(args, environment),
        })
    }

    /// The names of the policies in force, for the first line.
    pub(super) fn policy_names(&self) -> String {
        let names: Vec<&str> = self.config.policies().iter().map(|choice| choice.policy.as_str()).collect();
        names.join(" + ")
    }
}

fn with_flags(mut sources: Sources, args: &Args) -> Sources {
    let texts = [
        ("--policy", "policy", &args.policy),
        ("--profile", "upstream.profile", &args.profile),
        ("--region", "upstream.region", &args.region),
    ];
    for (flag, key, value) in texts {
        if let Some(value) = value {
            sources = sources.flag(flag, key, value);
        }
    }
    for (flag, key, given) in
        [("--quiet", "quiet", args.quiet), ("--record-input", "record.input", args.record_input)]
    {
        if given {
            sources = sources.flag(flag, key, "true");
        }
    }
    sources
}

fn must_be_new(file: &Path) -> Result<()> {
    if file.symlink_metadata().is_err() {
        return Ok(());
    }
    Err(Error::new(Kind::Usage, format!("`{}` exists already", file.display()))
        .fix("give --overwrite to replace it, or another name"))
}

fn argv(args: &Args, environment: &Environment) -> Vec<OsString> {
    let shell =
        || environment.get("SHELL").filter(|shell| !shell.is_empty()).unwrap_or(OsStr::new("/bin/sh"));
    match &args.shell {
        Some(command) => vec![shell().to_owned(), "-c".into(), command.clone()],
        None if args.command.is_empty() => vec![shell().to_owned()],
        None => args.command.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn settle(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Settings> {
        let args = Args::try_parse_from([&["hoop-run"], arguments].concat()).unwrap();
        let text = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let sources = Sources { machine: None, ..Sources::discover(text, Path::new("/")) };
        let variables = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Settings::settle(&args, &Environment::new(variables), sources)
    }

    #[test]
    fn without_a_program_the_shell_runs() {
        let environment = [("HOME", "/h"), ("SHELL", "/bin/zsh")];
        assert_eq!(settle(&[], &environment).unwrap().argv, ["/bin/zsh"]);
        assert_eq!(settle(&["-c", "a | b"], &environment).unwrap().argv, ["/bin/zsh", "-c", "a | b"]);
        assert_eq!(settle(&[], &[("HOME", "/h")]).unwrap().argv, ["/bin/sh"]);
    }

    #[test]
    fn recordings_go_where_xdg_says() {
        assert_eq!(settle(&[], &[("HOME", "/h")]).unwrap().state, Path::new("/h/.local/state/hoop"));
        let both = [("HOME", "/h"), ("XDG_STATE_HOME", "/s")];
        assert_eq!(settle(&[], &both).unwrap().state, Path::new("/s/hoop"));
        assert!(settle(&[], &[("HOME", "relative")]).is_err());
    }

    #[test]
    fn flags_win_over_everything_but_a_missing_policy_stops_the_start() {
        let environment = [("HOME", "/h"), ("HOOP_POLICY", "observe"), ("HOOP_UPSTREAM_REGION", "eu-west-1")];
        let settings = settle(&["--policy", "readonly", "--region", "us-east-2"], &environment).unwrap();
        assert_eq!(settings.policy_names(), "readonly");
        assert_eq!(settings.config.upstream_region(), Some("us-east-2"));
        assert!(settle(&["--policy", "./missing.toml"], &environment).is_err());
    }
}
