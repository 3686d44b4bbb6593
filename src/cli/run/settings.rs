//! What the arguments, the environment and the configuration come down to.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use sha2::Digest;
use sha2::Sha256;

use crate::audit::PolicyUsed;
use crate::cli::known_values;
use crate::cli::mask_rules;
use crate::cli::run::args::Args;
use crate::cli::run::notes;
use crate::config::Config;
use crate::config::Sources;
use crate::config::load::PolicyChoice;
use crate::config::load::PolicyLayer;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::mask::Engine;
use crate::policy::Policy;
use crate::policy::PolicySet;
use crate::policy::load::text_of;
use crate::session::environment::Environment;

/// Everything decided before the session begins.
#[derive(Debug)]
pub(super) struct Settings {
    /// The configuration in force, flags included.
    pub(super) config: Config,
    /// The policies in force.
    pub(super) policy: PolicySet,
    /// The built-in masks and those of the policies.
    pub(super) masks: Arc<Engine>,
    /// Variables with sensitive names whose values are too short or too common to be looked for everywhere.
    pub(super) unmasked: Vec<String>,
    /// What is to be said of listed values that are not masked.
    pub(super) remarks: Vec<String>,
    /// The program and its arguments, as typed.
    pub(super) argv: Vec<OsString>,
}

impl Settings {
    /// The program, as it was typed.
    pub(super) fn program(&self) -> String {
        self.argv.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Says what the user should know about what was read.
    pub(super) fn remark(&self) {
        let say = |line: &str| notes::say(&format!("hoop-run: {line}"));
        let layers = self.policy.layers();
        self.config.warnings().iter().for_each(|warning| say(&warning.to_string()));
        layers.iter().flat_map(|layer| &layer.warnings).for_each(|warning| say(&warning.to_string()));
        if !self.unmasked.is_empty() {
            let names = self.unmasked.join(", ");
            say(&format!(
                "{names}: too short or too common to be masked wherever it stands; masked next to its name"
            ));
        }
        self.remarks.iter().for_each(|remark| say(remark));
        for layer in layers {
            for section in layer.idle_sections() {
                say(&format!("{}: {section} is checked, but not acted on by this version", layer.origin));
            }
        }
    }

    /// Settles everything else.
    ///
    /// # Errors
    /// Faults of the policies.
    pub(super) fn settle(args: &Args, environment: &Environment, config: Config) -> Result<Self> {
        let mut policy = PolicySet::load(config.policies())?;
        if args.read_only {
            policy = policy.with_project(Policy::read_only("--read-only"));
        }
        let masks = Arc::new(mask_rules::engine(&config, None, &mask_rules::mask_rules(&config, &policy)?)?);
        let unfit = masks.learn_environment(
            environment.iter().filter_map(|(name, value)| name.to_str().zip(value.to_str())),
        );
        let unmasked = unfit.into_iter().map(str::to_owned).collect();
        let remarks = known_values::learn_files(&masks, &config, |name| environment.text(name))?;
        Ok(Self { config, policy, masks, unmasked, remarks, argv: argv(args, environment) })
    }

    /// The configuration in force.
    ///
    /// # Errors
    /// Its faults; no place for recordings; a copy that would replace a file.
    pub(super) fn configure(args: &Args, environment: &Environment, directory: &Path) -> Result<Config> {
        if let Some(file) = args.output.as_deref().filter(|_| !args.overwrite) {
            must_be_new(file)?;
        }
        let config = Config::load(&sources(args, environment, directory))?;
        if !config.state_dir().is_absolute() {
            return Err(Error::new(Kind::Config, "there is no place for recordings")
                .why("neither XDG_STATE_HOME nor HOME is set to an absolute path")
                .fix("set one of them, or `state_dir` in the configuration"));
        }
        Ok(config)
    }

    /// The policies' names, for the first line.
    pub(super) fn policy_names(&self) -> String {
        if self.policy.layers().iter().any(|layer| layer.guard.as_ref().is_some_and(|guard| guard.read_only))
        {
            return format!("{}, read-only", self.named_policies());
        }
        self.named_policies()
    }

    fn named_policies(&self) -> String {
        let names: Vec<&str> = self.config.policies().iter().map(|choice| choice.policy.as_str()).collect();
        if names.is_empty() { "none: every call is refused".to_owned() } else { names.join(" + ") }
    }

    /// The policies, for the record.
    ///
    /// # Errors
    /// When a file has gone since it was loaded.
    pub(super) fn policies_used(&self) -> Result<Vec<PolicyUsed>> {
        let used = |choice: &PolicyChoice| {
            let (text, name) = text_of(&choice.policy)?;
            let layer = match choice.layer {
                PolicyLayer::Machine => "/etc",
                PolicyLayer::User => "user",
                PolicyLayer::Project => "project",
            };
            let sha256 = hex::encode(Sha256::digest(text));
            Ok(PolicyUsed { name, origin: format!("{layer}: {}", choice.origin), sha256 })
        };
        self.config.policies().iter().map(used).collect()
    }
}

/// Where the configuration comes from; what was typed is its strongest layer.
fn sources(args: &Args, environment: &Environment, directory: &Path) -> Sources {
    let text = |value: &OsStr| value.to_str().map(str::to_owned);
    let variables = environment.iter().filter_map(|(name, value)| text(name).zip(text(value)));
    let mut sources = Sources::discover(variables, directory);
    let texts = [
        ("--policy", "policy", &args.policy),
        ("--profile", "upstream.profile", &args.profile),
        ("--region", "upstream.region", &args.region),
        ("--sandbox", "sandbox.mode", &args.sandbox),
        ("--egress", "sandbox.egress", &args.egress),
    ];
    let via = (!args.approve_via.is_empty()).then(|| args.approve_via.join(","));
    sources =
        via.into_iter().fold(sources, |sources, via| sources.flag("--approve-via", "approval.via", via));
    for (flag, key, value) in texts {
        if let Some(value) = value {
            sources = sources.flag(flag, key, value);
        }
    }
    for (flag, key, is_given) in
        [("--record-input", "record.input", args.record_input), ("--quiet", "quiet", args.quiet)]
    {
        if is_given {
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

/// The program and its arguments: those given, those of the shell command, or the user's shell.
pub(super) fn argv(args: &Args, environment: &Environment) -> Vec<OsString> {
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
        let variables = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let environment = Environment::new(variables);
        let config = Settings::configure(&args, &environment, Path::new("/"))?;
        Settings::settle(&args, &environment, config)
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
        let state = |environment: &[(&str, &str)]| {
            settle(&[], environment).map(|settings| settings.config.state_dir())
        };
        assert_eq!(state(&[("HOME", "/h")]).unwrap(), Path::new("/h/.local/state/hoop"));
        assert_eq!(state(&[("HOME", "/h"), ("XDG_STATE_HOME", "/s")]).unwrap(), Path::new("/s/hoop"));
        assert!(state(&[]).is_err());
    }

    #[test]
    fn what_is_typed_is_stronger_than_the_environment() {
        let environment = [("HOME", "/h"), ("HOOP_POLICY", "observe"), ("HOOP_RECORD_INPUT", "true")];
        assert_eq!(settle(&[], &environment).unwrap().policy_names(), "observe");
        let settings = settle(&["--policy", "readonly", "--region", "eu-west-1"], &environment).unwrap();
        assert_eq!(settings.policy_names(), "readonly");
        assert_eq!(settings.config.upstream_region(), Some("eu-west-1"));
        assert!(settings.config.record_input());
        assert_eq!(settings.policies_used().unwrap()[0].name, "built-in readonly");
        let settings = settle(&["--policy", "observe", "--read-only"], &environment).unwrap();
        assert_eq!(settings.policy_names(), "observe, read-only");
    }
}
