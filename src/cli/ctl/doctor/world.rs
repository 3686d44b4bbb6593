//! What the checks look at, gathered once.

use std::collections::HashMap;
use std::env;
use std::io;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::Duration;

use super::terminal::Face;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::Sources;
use crate::creds;
use crate::creds::Origin;
use crate::error::Error;
use crate::sandbox::hide::Hidden;
use crate::sandbox::hide::Owner;
use crate::sandbox::probe;
use crate::sandbox::probe::Probed;
use crate::sys::tty;
use crate::sys::user;
use crate::sys::user::Person;

/// How long a sandbox may take to be made: usually two milliseconds.
const MADE_WITHIN: Duration = Duration::from_secs(3);

/// Everything around us, as values.
pub struct World {
    /// The variables that are text.
    pub environment: HashMap<String, String>,
    /// Where the configuration comes from.
    pub sources: Sources,
    /// The configuration; where it is wrong, as much of it as can be known.
    pub config: Config,
    /// What is wrong with it.
    pub fault: Option<Error>,
    /// Who asks.
    pub person: Person,
    /// The machine's clock.
    pub clock: Clock,
    /// The program that runs.
    pub exe: Option<PathBuf>,
    /// The terminal.
    pub face: Face,
    /// We run in a session of hoop-run.
    pub is_nested: bool,
}

impl World {
    /// Looks around.
    #[must_use]
    pub fn look(sources: &Sources) -> Self {
        let environment = env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect::<HashMap<_, _>>();
        let (config, fault) = match Config::load(sources) {
            Ok(config) => (config, None),
            Err(error) => (in_part(sources), Some(error)),
        };
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        let sizes = [stdout.as_fd(), stderr.as_fd(), stdin.as_fd()];
        let face = Face {
            is_terminal: [stdin.is_terminal(), stdout.is_terminal(), stderr.is_terminal()],
            is_controlled: tty::has_controlling_terminal(),
            size: sizes.into_iter().find_map(tty::size_of),
        };
        let is_nested = environment.contains_key("HOOP_SESSION");
        Self {
            environment,
            sources: sources.clone(),
            config,
            fault,
            person: user::current(),
            clock: Clock::system(),
            exe: env::current_exe().ok(),
            face,
            is_nested,
        }
    }

    /// The profile that hoop uses, if one is named.
    #[must_use]
    pub fn profile(&self) -> Option<String> {
        let named = self.config.upstream_profile().map(str::to_owned);
        named.or_else(|| self.environment.get("AWS_PROFILE").filter(|name| !name.is_empty()).cloned())
    }

    /// The region that hoop uses.
    #[must_use]
    pub fn region(&self) -> Option<String> {
        let set = self.config.upstream_region().map(str::to_owned);
        set.or_else(|| creds::region_of(&self.environment, self.config.upstream_profile()))
    }

    /// Where the AWS chain would take its credential from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        creds::survey(&self.environment, self.config.upstream_profile(), self.clock.unix_seconds())
    }

    /// The path of another of our programs, in our own folder.
    #[must_use]
    pub fn sibling(&self, name: &str) -> String {
        let own = self.exe.as_ref().map(|exe| exe.with_file_name(name)).filter(|file| file.is_file());
        own.map_or_else(|| name.to_owned(), |file| file.display().to_string())
    }

    /// Makes a sandbox as a session would, and lets it go. No thread may exist yet.
    #[must_use]
    pub fn probe_sandbox(&self) -> Option<Probed> {
        if self.is_nested {
            return None;
        }
        let variable =
            |name: &str| self.environment.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = variable("HOME").filter(|home| home.is_absolute());
        let own: Vec<PathBuf> = [Some(self.config.state_dir()), self.sources.user.clone()]
            .into_iter()
            .flatten()
            .filter(|folder| folder.is_dir())
            .collect();
        let owner = Owner { home: home.as_deref(), uid: self.person.uid };
        let mut hidden = Hidden::of(&owner, &variable, &own, &[], &self.config.sandbox_allow());
        // Looking makes no folder: what is not there needs not be hidden.
        hidden.made.clear();
        hidden.pinned.retain(|folder| folder.is_dir());
        probe::probe(hidden, MADE_WITHIN).ok().flatten()
    }
}

/// As much of the configuration as can be had where the whole is wrong: what is compiled in, the store's place where a variable
/// sets it, and the user's own places.
fn in_part(sources: &Sources) -> Config {
    let places = Sources {
        home: sources.home.clone(),
        state_home: sources.state_home.clone(),
        variables: sources.variables.iter().filter(|(name, _)| name == "HOOP_STATE_DIR").cloned().collect(),
        ..Sources::default()
    };
    Config::load(&places).or_else(|_| Config::load(&Sources::default())).unwrap_or_else(|error| {
        // What is compiled in is tested.
        unreachable!("the defaults are sound: {error}")
    })
}
