//! Which sandbox a session gets: planned from the settings, begun early, finished beside everything else.

use std::net::Ipv4Addr;
use std::path::Path;
use std::path::PathBuf;

use crate::cli::run::args::Args;
use crate::config::Config;
use crate::error::Error;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;
use crate::identity;
use crate::net::Connect;
use crate::sandbox::hide;
use crate::sandbox::hide::Hidden;
use crate::sandbox::hide::Owner;
use crate::sandbox::launcher::Impossible;
use crate::sandbox::launcher::Launcher;
use crate::sandbox::launcher::Ready;
use crate::sandbox::level::Lack;
use crate::sandbox::level::Level;
use crate::sandbox::network::Network;
use crate::sandbox::network::Wanted;
use crate::sandbox::plan::Isolation;
use crate::sandbox::plan::Place;
use crate::sandbox::plan::Plan;
use crate::session::Surroundings;
use crate::session::environment::Environment;
use crate::sys::harden::Hardened;
use crate::sys::tty;
use crate::sys::tty::Size;
use crate::sys::user;

/// What the user wants of a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// The best there is.
    Auto,
    /// A full one or no session.
    Require,
    /// None.
    Off,
}

/// What a sandbox is made for.
pub(super) struct Purpose<'a> {
    pub(super) config: &'a Config,
    pub(super) environment: &'a Environment,
    pub(super) surroundings: &'a Surroundings,
    pub(super) size: Size,
    pub(super) hardened: Hardened,
    /// The program keeps its own way to AWS, and so its credentials and its network.
    pub(super) is_ungated: bool,
    /// What is not hidden, besides what the configuration says: words and paths.
    pub(super) allowed: &'a [String],
    /// Ports outside that are to be reached inside.
    pub(super) connects: &'a [Connect],
}

/// A sandbox that is being made.
pub(super) struct Begun {
    plan: Plan,
    launcher: Launcher,
    mode: Mode,
    allowed: Vec<String>,
    /// Why it is not what it could be.
    refused: Option<Impossible>,
}

/// A finished sandbox.
pub(super) struct Made {
    pub(super) launcher: Launcher,
    pub(super) ready: Ready,
    allowed: Vec<String>,
    pub(super) level: Level,
    /// What is not protected, a phrase each.
    pub(super) unprotected: Vec<String>,
    /// The program's network, where it has one of its own.
    pub(super) network: Option<Network>,
    /// The program is in a session of its own.
    pub(super) is_own_session: bool,
    /// The best was wanted and even namespaces were not to be had.
    pub(super) is_alarming: bool,
    /// Why it is not full, where a step did not work.
    pub(super) refused: Option<String>,
}

impl Begun {
    /// Forks the launcher. No thread may exist yet.
    ///
    /// # Errors
    /// When no process can be made.
    pub(super) fn new(purpose: &Purpose<'_>) -> Result<Self> {
        let mode = match purpose.config.sandbox_mode() {
            "require" => Mode::Require,
            "off" => Mode::Off,
            _ => Mode::Auto,
        };
        let isolates = mode != Mode::Off && !purpose.is_ungated && cfg!(target_os = "linux");
        let allowed = allowed(purpose)?;
        let plan = plan(purpose, mode, isolates, &allowed);
        match Launcher::fork(&plan)? {
            Ok(launcher) => Ok(Self { plan, launcher, mode, allowed, refused: None }),
            Err(refused) => Self::with_less(plan, mode, allowed, refused),
        }
    }

    /// The same without namespaces.
    fn with_less(mut plan: Plan, mode: Mode, allowed: Vec<String>, refused: Impossible) -> Result<Self> {
        if mode == Mode::Require {
            return Err(impossible(&refused));
        }
        plan.isolation = None;
        plan.place = place(plan.terminal.is_some(), false);
        match Launcher::fork(&plan)? {
            Ok(launcher) => Ok(Self { plan, launcher, mode, allowed, refused: Some(refused) }),
            Err(refused) => Err(impossible(&refused)),
        }
    }

    /// Waits until it is finished. Where namespaces turn out to be refused it is made once more, without.
    ///
    /// # Errors
    /// When there is none at all, or a full one is required and this one is not.
    pub(super) fn finish(mut self) -> Result<Made> {
        let mut ready = match self.launcher.ready(&self.plan) {
            Ok(ready) => ready,
            Err(refused) if self.plan.isolation.is_some() => {
                drop(self.launcher);
                return Self::with_less(self.plan, self.mode, self.allowed, refused)?.finish();
            }
            Err(refused) => return Err(impossible(&refused)),
        };
        let level = if self.mode == Mode::Off { Level::Off } else { Level::without(ready.lacks) };
        let unprotected: Vec<String> = ready.lacks.iter().map(|lack| lack.phrase().to_owned()).collect();
        if self.mode == Mode::Require && level != Level::Full {
            return Err(Error::new(Kind::System, "there is no full sandbox, and one is required")
                .why(unprotected.join("; "))
                .fix("what mends it: hoopctl doctor sandbox; or accept less: --sandbox auto"));
        }
        Ok(Made {
            is_alarming: self.mode == Mode::Auto && self.refused.is_some(),
            network: self.plan.isolation.is_some().then(|| network(&mut ready)).transpose()?.flatten(),
            is_own_session: self.plan.place != Place::OurGroup,
            refused: self.refused.map(|refused| format!("cannot {}: {}", refused.step, refused.why)),
            launcher: self.launcher,
            ready,
            allowed: self.allowed,
            level,
            unprotected,
        })
    }
}

impl Made {
    /// Takes out of the environment what leads to hidden things; `named` variables were set on purpose.
    pub(super) fn scrub(&self, environment: &mut Environment, named: &[(String, String)]) {
        if self.ready.lacks.has(Lack::Namespaces) {
            return;
        }
        for variable in hide::variables(&self.allowed) {
            if !named.iter().any(|(name, _)| name == variable) {
                environment.remove(variable);
            }
        }
    }

    /// Refuses ports that cannot lead anywhere.
    ///
    /// # Errors
    /// When they are asked for and the program has no network of its own.
    pub(super) fn check_forwards(&self, args: &Args) -> Result<()> {
        let flag = match (args.publish.is_empty(), args.connect.is_empty()) {
            (true, true) => return Ok(()),
            (false, _) => "--publish",
            (true, false) => "--connect",
        };
        if self.network.is_some() {
            return Ok(());
        }
        Err(Error::new(Kind::Usage, format!("{flag} leads nowhere"))
            .why(format!("with sandbox {} the program uses this machine's network as it is", self.level))
            .fix(format!("leave {flag} out")))
    }

    /// What is not protected, in one line; none for a full sandbox, and for one that was not wanted.
    pub(super) fn warning(&self) -> Option<String> {
        if self.unprotected.is_empty() || self.level == Level::Off {
            return None;
        }
        let because = self.refused.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        let mend = if self.refused.is_some() { "; what mends it: hoopctl doctor sandbox" } else { "" };
        Some(format!("hoop-run: sandbox {}{because}: {}{mend}", self.level, self.unprotected.join("; ")))
    }
}

/// Whether this hoop-run was started inside another's full sandbox, which records and gates everything already.
pub(super) fn is_nested(environment: &Environment) -> bool {
    environment.get("HOOP_SESSION").is_some()
        && std::fs::read_to_string("/proc/1/comm").is_ok_and(|name| name.trim_end() == Launcher::NAME)
        && std::fs::read_to_string("/proc/self/status").is_ok_and(|status| {
            let has = |line: &str| status.lines().any(|own| own.split_whitespace().eq(line.split(' ')));
            has("NoNewPrivs: 1") && has("Seccomp: 2")
        })
}

/// Takes out the tokens of CI, with and without a sandbox: whoever has one can go to AWS past the gateway. `named`
/// variables were set on purpose.
pub(super) fn hide_tokens(config: &Config, named: &[(String, String)], environment: &mut Environment) {
    let texts = environment.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
    for token in identity::variables_with_tokens(texts, config.identity_ci_token()) {
        if !named.iter().any(|(name, _)| *name == token) {
            environment.remove(token);
        }
    }
}

/// Our side of the sandbox's network.
fn network(ready: &mut Ready) -> Result<Option<Network>> {
    let Some(channel) = ready.sockets.take() else { return Ok(None) };
    let fds = std::mem::take(&mut ready.network);
    Network::from_fds(fds, channel).context(|| "cannot use the sandbox's network").map(Some)
}

/// What is allowed by the configuration and by flags: known words, and absolute paths.
fn allowed(purpose: &Purpose<'_>) -> Result<Vec<String>> {
    let home = purpose.environment.get("HOME").map(Path::new);
    let words = purpose.config.sandbox_allow().into_iter().chain(purpose.allowed.iter().cloned());
    words
        .map(|word| match (word.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => Ok(home.join(rest).display().to_string()),
            _ if word.starts_with('/') || hide::names().any(|name| name == word) => Ok(word),
            _ => {
                let names: Vec<&str> = hide::names().collect();
                Err(Error::new(
                    Kind::Usage,
                    format!("the sandbox hides nothing called `{}`", word.escape_debug()),
                )
                .fix(format!("allow one of {}, or an absolute path", names.join(", "))))
            }
        })
        .collect()
}

fn plan(purpose: &Purpose<'_>, mode: Mode, isolates: bool, allowed: &[String]) -> Plan {
    let terminal = purpose.surroundings.terminal(purpose.size);
    Plan {
        isolation: isolates
            .then(|| Isolation { hidden: hidden(purpose, allowed), network: Some(wanted(purpose)) }),
        is_watched: mode != Mode::Off && cfg!(target_os = "linux"),
        place: place(terminal.is_some(), isolates),
        terminal,
        hardened: Some(purpose.hardened),
    }
}

/// What the network has besides the captured ports.
fn wanted(purpose: &Purpose<'_>) -> Wanted {
    // Another host is reached by its own name, too.
    let at = |connect: &Connect| if connect.is_local() { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
    Wanted { more: purpose.connects.iter().map(|connect| (at(connect), connect.port)).collect() }
}

fn place(has_terminal: bool, isolates: bool) -> Place {
    match has_terminal {
        true => Place::Terminal,
        // In the sandbox nothing is typed past the record: there is no terminal to open.
        false if isolates || !tty::has_controlling_terminal() => Place::OwnSession,
        false => Place::OurGroup,
    }
}

fn hidden(purpose: &Purpose<'_>, allowed: &[String]) -> Hidden {
    let variable =
        |name: &str| purpose.environment.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = variable("HOME").filter(|home| home.is_absolute());
    let at_home = |path: String| match (path.strip_prefix("~/"), &home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    };
    let config_home = variable("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")));
    let own = [Some(purpose.config.state_dir()), config_home.map(|folder| folder.join("hoop"))];
    let own: Vec<PathBuf> = own.into_iter().flatten().filter(|folder| folder.is_absolute()).collect();
    let shared = purpose.config.approval_shared_dir().map(PathBuf::from);
    let mut more: Vec<PathBuf> = purpose.config.sandbox_hide().into_iter().map(at_home).collect();
    // Lists of values are nobody's business inside; a `.env` in the working folder is the program's own.
    let working = std::env::current_dir().unwrap_or_default();
    let lists = purpose.config.mask_values().into_iter().map(PathBuf::from);
    // Where others answer questions, nobody inside is to knock.
    more.extend(shared.filter(|folder| folder.is_absolute()));
    more.extend(lists.filter(|list| list.is_absolute() && !list.starts_with(&working)));
    // Nor is it to post in hoop's place, wherever those files are.
    let config = purpose.config;
    let secrets = [config.approval_webhook_secret_file(), config.approval_slack_file()];
    more.extend(secrets.into_iter().flatten().map(PathBuf::from).filter(|file| file.is_absolute()));
    let mut hidden = Hidden::of(
        &Owner { home: home.as_deref(), uid: user::current().uid },
        &variable,
        &own,
        &more,
        allowed,
    );
    // Made before the launcher looks: otherwise the first session ever could not hide it.
    hidden.made.extend(own);
    if let Ok(program) = std::env::current_exe() {
        hidden.unwritable.push(program);
    }
    hidden
}

fn impossible(refused: &Impossible) -> Error {
    Error::new(Kind::System, format!("there is no sandbox: cannot {}", refused.step))
        .why(&refused.why)
        .fix("what mends it: hoopctl doctor sandbox; or go without: --sandbox off")
}
