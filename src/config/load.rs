//! Puts the layers together: default < machine < user < project < environment < flag. Every value knows its source.

use std::fs::File;
use std::io::ErrorKind;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use crate::config::checks;
use crate::config::diagnostic::Diagnostics;
use crate::config::diagnostic::Fault;
use crate::config::diagnostic::nearest;
use crate::config::diagnostic::shown;
use crate::config::document::FILE_BYTES;
use crate::config::file::Contents;
use crate::config::file::Setting;
use crate::config::file::read_file;
use crate::config::file::read_settings;
use crate::config::keys::KEYS;
use crate::config::keys::Key;
use crate::config::keys::Kind;
use crate::config::keys::Value;
use crate::config::providers::Named;
use crate::config::providers::Provider;
use crate::error::Error;
use crate::error::Result;

/// The file in a project's folder.
pub const PROJECT_FILE: &str = ".hoop.toml";

/// Variables that begin with `HOOP_` and are no settings: what hoop-run tells the program it runs, and what tests use.
const OTHER_VARIABLES: &[&str] = &["HOOP_SESSION", "HOOP_MASK_HINT", "HOOP_TEST", "HOOP_BENCH", "HOOP_BLESS"];

/// Where the configuration comes from. All of it is a value, so that a test needs no machine.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The machine's folder, `/etc/hoop`.
    pub machine: Option<PathBuf>,
    /// The user's folder, `~/.config/hoop`.
    pub user: Option<PathBuf>,
    /// The project's file.
    pub project: Option<PathBuf>,
    /// The home folder, for `~/`.
    pub home: Option<PathBuf>,
    /// `XDG_STATE_HOME`.
    pub state_home: Option<PathBuf>,
    /// The variables beginning with `HOOP_`.
    pub variables: Vec<(String, String)>,
    /// Command-line flags: the flag as the user wrote it, the key, the value.
    pub flags: Vec<(String, &'static str, String)>,
}

impl Sources {
    /// The usual places, from the process's environment and working folder. Looks upwards for the project's file, but not
    /// in the home folder or above it.
    #[must_use]
    pub fn discover(environment: impl IntoIterator<Item = (String, String)>, working_dir: &Path) -> Self {
        let mut sources = Self { machine: Some(PathBuf::from("/etc/hoop")), ..Self::default() };
        let mut config_home = None;
        for (name, value) in environment {
            match name.as_str() {
                _ if value.is_empty() => {}
                "HOME" => sources.home = Some(PathBuf::from(value)),
                // Relative XDG paths are to be ignored (XDG Base Directory Specification).
                "XDG_CONFIG_HOME" if value.starts_with('/') => config_home = Some(PathBuf::from(value)),
                "XDG_STATE_HOME" if value.starts_with('/') => sources.state_home = Some(PathBuf::from(value)),
                _ if name.starts_with("HOOP_") => sources.variables.push((name, value)),
                _ => {}
            }
        }
        let config_home = config_home.or_else(|| sources.home.as_ref().map(|home| home.join(".config")));
        sources.user = config_home.map(|folder| folder.join("hoop"));
        sources.project = working_dir
            .ancestors()
            .take_while(|folder| sources.home.as_deref() != Some(folder))
            .map(|folder| folder.join(PROJECT_FILE))
            .find(|file| file.is_file());
        sources
    }

    /// Adds a command-line flag that sets a key: `flag("--policy", "policy", "readonly")`.
    #[must_use]
    pub fn flag(mut self, flag: &str, key: &'static str, value: impl Into<String>) -> Self {
        self.flags.push((flag.to_owned(), key, value.into()));
        self
    }
}

/// Where a value comes from, from the weakest to the strongest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Compiled in.
    Default,
    /// A file and the line in it.
    File(PathBuf, usize),
    /// An environment variable.
    Variable(String),
    /// A command-line flag.
    Flag(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// One key with its value in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The value.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
}

/// Whose policy it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyLayer {
    /// The machine's: nobody loosens it.
    Machine,
    /// The user's: a project cannot loosen it.
    User,
    /// The project's.
    Project,
}

/// A policy that is to be in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyChoice {
    /// Whose it is.
    pub layer: PolicyLayer,
    /// The name of a built-in one, or a path.
    pub policy: String,
    /// Who chose it.
    pub origin: Origin,
}

/// The configuration in force.
#[derive(Clone, Debug)]
pub struct Config {
    /// In the order of [`KEYS`].
    entries: Vec<Entry>,
    policies: Vec<PolicyChoice>,
    providers: Vec<Provider>,
    warnings: Vec<Fault>,
}

impl Config {
    /// Reads all layers.
    ///
    /// # Errors
    /// Every fault of every layer: an unknown key, a wrong value, a file that cannot be read.
    pub fn load(sources: &Sources) -> Result<Self> {
        let mut building = Building::new(sources)?;
        let machine = building.file(sources.machine.as_ref().map(|folder| folder.join("config.toml")));
        building.apply(machine, PolicyLayer::Machine);
        building.policy_file(sources.machine.as_deref(), PolicyLayer::Machine);
        let user = building.file(sources.user.as_ref().map(|folder| folder.join("config.toml")));
        building.policy_file(sources.user.as_deref(), PolicyLayer::User);
        building.apply(user, PolicyLayer::User);
        let project = building.file(sources.project.clone());
        building.apply(project, PolicyLayer::Project);
        building.variables();
        building.flags();
        building.finish()
    }

    /// The keys with their values and sources, in the order of the manual.
    pub fn list(&self) -> impl Iterator<Item = (&'static Key, &Entry)> {
        KEYS.iter().zip(&self.entries)
    }

    /// One key's value and source; `None`: there is no such key.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        let index = KEYS.iter().position(|key| key.name == name)?;
        self.entries.get(index)
    }

    /// The policies to be in force, the machine's first: for `PolicySet::load`.
    #[must_use]
    pub fn policies(&self) -> &[PolicyChoice] {
        &self.policies
    }

    /// The identity providers, the machine's first.
    #[must_use]
    pub fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// What was ignored, and is to be said at the start.
    #[must_use]
    pub fn warnings(&self) -> &[Fault] {
        &self.warnings
    }
}

struct Building<'s> {
    sources: &'s Sources,
    entries: Vec<Entry>,
    policies: Vec<PolicyChoice>,
    providers: Vec<Provider>,
    warnings: Vec<Fault>,
    faults: Vec<Fault>,
}

impl<'s> Building<'s> {
    /// Begins with the compiled-in values.
    fn new(sources: &'s Sources) -> Result<Self> {
        let settings = read_settings(include_str!("defaults.toml"), Path::new("the defaults"))?;
        let mut entries = Vec::with_capacity(KEYS.len());
        for key in KEYS {
            let setting = settings.iter().find(|setting| setting.key.name == key.name);
            let mut value = setting.map_or(Value::Text(String::new()), |setting| setting.value.clone());
            if let (Kind::Path, Value::Text(path)) = (key.kind, &mut value) {
                *path = at_home(path, sources.home.as_deref());
            }
            if let (Some(state_home), "state_dir") = (&sources.state_home, key.name) {
                value = Value::Text(state_home.join("hoop").display().to_string());
            }
            entries.push(Entry { value, origin: Origin::Default });
        }
        Ok(Self {
            sources,
            entries,
            policies: Vec::new(),
            providers: Vec::new(),
            warnings: Vec::new(),
            faults: Vec::new(),
        })
    }

    /// Reads a file that need not be there.
    fn file(&mut self, path: Option<PathBuf>) -> (Contents, PathBuf) {
        let nothing = || (Contents::default(), PathBuf::new());
        let Some(path) = path.filter(|path| is_there(path)) else { return nothing() };
        let text = match read_bounded(&path, "configuration") {
            Ok(text) => text,
            Err(error) => {
                let why = error.causes().join(", ");
                let origin = path.display().to_string();
                self.faults.push(Fault::of(origin, format!("the file cannot be read: {why}")));
                return nothing();
            }
        };
        match read_file(&text, &path) {
            Ok(contents) => (contents, path),
            Err(diagnostics) => {
                self.faults.extend_from_slice(diagnostics.faults());
                nothing()
            }
        }
    }

    fn apply(&mut self, (contents, path): (Contents, PathBuf), layer: PolicyLayer) {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        contents.providers.into_iter().for_each(|named| self.provider(named, &folder, layer));
        self.settings(contents.settings, &path, layer);
    }

    /// A project names no provider: it could say that anybody is anybody. Nobody takes the name of one of the machine's.
    fn provider(&mut self, Named { mut provider, mut fault }: Named, folder: &Path, layer: PolicyLayer) {
        let name = &provider.name;
        if layer == PolicyLayer::Project {
            fault.message =
                format!("[identity.{name}] is ignored: a project may not name identity providers");
            fault.fix = Some("write it into your own configuration".to_owned());
            return self.warnings.push(fault);
        }
        if self.providers.iter().any(|known| known.name == *name) {
            fault.message = format!("the machine's configuration has an identity provider `{name}` already");
            fault.fix = Some("give yours another name".to_owned());
            return self.faults.push(fault);
        }
        provider.is_machine = layer == PolicyLayer::Machine;
        provider
            .place(&|path| folder.join(at_home(&path.display().to_string(), self.sources.home.as_deref())));
        self.providers.push(provider);
    }

    fn settings(&mut self, settings: Vec<Setting>, path: &Path, layer: PolicyLayer) {
        for setting in settings {
            if layer == PolicyLayer::Project && !setting.key.project {
                let fix = format!(
                    "set `{}` in your own configuration, in its variable or by a flag",
                    setting.key.name
                );
                let mut warning = setting.fault;
                warning.message = format!("`{}` is ignored: a project may not set it", setting.key.name);
                warning.fix = Some(fix);
                self.warnings.push(warning);
                continue;
            }
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            let origin = Origin::File(path.to_owned(), setting.line);
            self.set(setting.key, setting.value, &origin, (layer, Some(&folder)));
        }
    }

    /// A `policy.toml` beside the configuration is in force without being named.
    fn policy_file(&mut self, folder: Option<&Path>, layer: PolicyLayer) {
        let Some(file) = folder.map(|folder| folder.join("policy.toml")).filter(|file| is_there(file)) else {
            return;
        };
        let policy = file.display().to_string();
        self.policies.push(PolicyChoice { layer, policy, origin: Origin::File(file, 1) });
    }

    fn variables(&mut self) {
        for (name, value) in &self.sources.variables {
            if OTHER_VARIABLES.iter().any(|other| name.starts_with(other)) || value.is_empty() {
                continue;
            }
            let Some(key) = KEYS.iter().find(|key| key.variable() == *name) else {
                let names: Vec<String> = KEYS.iter().map(Key::variable).collect();
                let fault = Fault::of(shown(name), "unknown variable: no setting has this name");
                let fix = match nearest(name, names.iter().map(String::as_str)) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "unset it; all settings: hoopctl config list".to_owned(),
                };
                self.faults.push(fault.fix(fix));
                continue;
            };
            self.read(key, value, Origin::Variable(name.clone()));
        }
    }

    fn flags(&mut self) {
        for (flag, name, value) in &self.sources.flags {
            match Key::find(name) {
                Some(key) => self.read(key, value, Origin::Flag(flag.clone())),
                None => self.faults.push(Fault::of(flag.clone(), format!("there is no key `{name}`"))),
            }
        }
    }

    fn read(&mut self, key: &'static Key, text: &str, origin: Origin) {
        match key.read(text) {
            Ok(value) => self.set(key, value, &origin, (PolicyLayer::User, None)),
            Err((message, fix)) => {
                let message = format!("`{}`: {message}", shown(text));
                self.faults.push(Fault::of(origin.to_string(), message).fix(fix));
            }
        }
    }

    /// `folder` is what a relative path is relative to.
    fn set(
        &mut self,
        key: &'static Key,
        mut value: Value,
        origin: &Origin,
        (layer, folder): (PolicyLayer, Option<&Path>),
    ) {
        if let Value::Text(text) = &mut value {
            let is_path = key.kind == Kind::Path || key.kind == Kind::Policy && text.contains(['/', '.']);
            let placed = |path: &str| {
                let path = at_home(path, self.sources.home.as_deref());
                folder.map_or(path.clone(), |folder| folder.join(&path).display().to_string())
            };
            if is_path && !text.is_empty() {
                *text = placed(text);
            }
            if key.kind == Kind::Paths {
                let paths = text.split(',').map(str::trim).filter(|path| !path.is_empty());
                *text = paths.map(placed).collect::<Vec<_>>().join(", ");
            }
            if key.kind == Kind::Policy {
                self.choose_policy(text, origin, layer);
                if layer == PolicyLayer::Project {
                    return;
                }
            }
        }
        let Some(entry) =
            KEYS.iter().position(|known| known.name == key.name).and_then(|at| self.entries.get_mut(at))
        else {
            return;
        };
        *entry = Entry { value, origin: origin.clone() };
    }

    /// The machine's and the project's policies hold besides the user's; among the user's own choices the last one does.
    fn choose_policy(&mut self, policy: &str, origin: &Origin, layer: PolicyLayer) {
        if layer == PolicyLayer::User {
            self.policies.retain(|choice| choice.layer != PolicyLayer::User);
        }
        if !policy.is_empty() {
            self.policies.push(PolicyChoice { layer, policy: policy.to_owned(), origin: origin.clone() });
        }
    }

    fn finish(mut self) -> Result<Config> {
        self.check_default_identity();
        self.faults.extend(checks::webhook(&self.entries));
        if !self.faults.is_empty() {
            return Err(Error::from(Diagnostics::new(self.faults)));
        }
        if self.policies.iter().all(|choice| choice.layer == PolicyLayer::Project) {
            let policy = "guarded".to_owned();
            self.policies.push(PolicyChoice { layer: PolicyLayer::User, policy, origin: Origin::Default });
        }
        self.policies.sort_by_key(|choice| match choice.layer {
            PolicyLayer::Machine => 0,
            PolicyLayer::User => 1,
            PolicyLayer::Project => 2,
        });
        Ok(Config {
            entries: self.entries,
            policies: self.policies,
            providers: self.providers,
            warnings: self.warnings,
        })
    }

    /// `identity.default` names something that there is.
    fn check_default_identity(&mut self) {
        let at = KEYS.iter().position(|key| key.name == "identity.default");
        let Some(Entry { value: Value::Text(name), origin }) = at.and_then(|at| self.entries.get(at)) else {
            return;
        };
        let is_known = ["", "ci", "local"].contains(&name.as_str())
            || self.providers.iter().any(|provider| provider.name == *name);
        if !is_known && self.faults.is_empty() {
            let message =
                format!("`identity.default` is `{}`, and there is no such [identity.NAME]", shown(name));
            let names = self.providers.iter().map(|provider| provider.name.as_str()).chain(["ci", "local"]);
            let fix = match nearest(name, names.clone()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("write one of {}", names.collect::<Vec<_>>().join(", ")),
            };
            self.faults.push(Fault::of(origin.to_string(), message).fix(fix));
        }
    }
}

/// Whether there is anything of this name. What cannot be looked at counts: reading it then fails, instead of the file
/// being passed over.
fn is_there(path: &Path) -> bool {
    match std::fs::symlink_metadata(path) {
        Ok(_) => true,
        Err(cause) => !matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    }
}

fn at_home(path: &str, home: Option<&Path>) -> String {
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest).display().to_string(),
        _ => path.to_owned(),
    }
}

/// The text of a `kind` file (`policy`, `configuration`) of at most 1 MiB.
///
/// # Errors
/// Not there, not a file, too large, not UTF-8.
pub fn read_bounded(path: &Path, kind: &str) -> Result<String> {
    let what = || format!("cannot read the {kind} file {}", path.display());
    let io = |cause: &std::io::Error| {
        let error = Error::io(what(), cause);
        if cause.kind() == ErrorKind::NotFound { error.fix("check the path") } else { error }
    };
    // Looked at first: opening a FIFO would wait for ever.
    let about = std::fs::metadata(path).map_err(|cause| io(&cause))?;
    let wrong = |why: &str| Error::new(crate::error::Kind::Config, what()).why(why);
    if !about.is_file() {
        return Err(wrong("it is not a file"));
    }
    let mut bytes = Vec::new();
    let limit = FILE_BYTES as u64 + 1;
    File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(|cause| io(&cause))?;
    if bytes.len() > FILE_BYTES {
        return Err(wrong("it is larger than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8 text"))
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
