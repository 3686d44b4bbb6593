//! What the arguments, the environment and the configuration come down to.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;

use crate::cli::run::args::Args;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::session::environment::Environment;

/// Everything decided before the session begins.
#[derive(Debug)]
pub(super) struct Settings {
    /// Where recordings are kept.
    pub(super) state: PathBuf,
    /// The program and its arguments, as typed.
    pub(super) argv: Vec<OsString>,
    /// The policy: a name or a path.
    pub(super) policy: String,
    /// Say nothing but errors.
    pub(super) quiet: bool,
    /// What is typed is recorded.
    pub(super) record_input: bool,
}

/// The policy when nobody says otherwise.
const USUAL_POLICY: &str = "guarded";

impl Settings {
    /// Settles everything.
    ///
    /// # Errors
    /// When there is no place for recordings, or the copy would replace a file.
    pub(super) fn settle(args: &Args, environment: &Environment) -> Result<Self> {
        if let Some(file) = args.output.as_deref().filter(|_| !args.overwrite) {
            must_be_new(file)?;
        }
        Ok(Self {
            state: state(environment)?,
            argv: argv(args, environment),
            policy: args.policy.clone().unwrap_or_else(|| USUAL_POLICY.to_owned()),
            quiet: args.quiet,
            record_input: args.record_input,
        })
    }
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

/// `$XDG_STATE_HOME/hoop`, or `~/.local/state/hoop`. Relative paths do not count (XDG base directories).
fn state(environment: &Environment) -> Result<PathBuf> {
    let absolute = |name: &str| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
    state.map(|state| state.join("hoop")).ok_or_else(|| {
        Error::new(Kind::Config, "there is no place for recordings")
            .why("neither XDG_STATE_HOME nor HOME is set to an absolute path")
            .fix("set one of them: HOME=/home/you hoop-run …")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn settle(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Settings> {
        let args = Args::try_parse_from([&["hoop-run"], arguments].concat()).unwrap();
        let variables = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Settings::settle(&args, &Environment::new(variables))
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
}
