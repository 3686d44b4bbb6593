//! The beginning of a session: what the record says of it, who asks as policies see them, and what is said to the person.

use std::path::Path;

use crate::audit::Start;
use crate::cli::run::agent;
use crate::cli::run::args::Args;
use crate::cli::run::gateway;
use crate::cli::run::gateway::Gateway;
use crate::cli::run::identity::Who;
use crate::cli::run::notes;
use crate::cli::run::repository;
use crate::cli::run::sandbox::Made;
use crate::cli::run::settings::Settings;
use crate::clock::Clock;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity::Assurance;
use crate::policy::Principal;
use crate::session::Surroundings;
use crate::session::environment::Environment;
use crate::sys::tty::Size;
use crate::sys::user;
use crate::sys::user::Person;
use crate::types::SessionId;

/// All that is known when a session begins.
pub(super) struct Beginning<'a> {
    pub(super) args: &'a Args,
    pub(super) settings: &'a Settings,
    pub(super) environment: &'a Environment,
    pub(super) clock: &'a Clock,
    pub(super) program: &'a Path,
    pub(super) who: &'a Who,
    /// The user of this machine.
    pub(super) local: &'a Person,
    pub(super) sandbox: &'a Made,
    pub(super) surroundings: &'a Surroundings,
    pub(super) size: Size,
}

impl Beginning<'_> {
    /// What the record says first, masked; and where it works, as it is.
    ///
    /// # Errors
    /// No random numbers for its name; a policy that cannot be read any more.
    pub(super) fn recorded(&self) -> Result<(Start, String)> {
        let Self { args, settings, environment, who, sandbox, .. } = self;
        let (config, masks) = (&settings.config, &settings.masks);
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|cause| {
            Error::new(Kind::System, "there are no random numbers").why(cause.to_string())
        })?;
        let now = self.clock.unix_micros();
        let argv: Vec<String> =
            settings.argv.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
        let text = |name: &str| environment.get(name).map(|value| value.to_string_lossy().into_owned());
        let mut start = Start::new(SessionId::new(now, u128::from_ne_bytes(random)), now, masks.argv(&argv));
        (start.user, start.uid) = (who.identity.user.clone(), self.local.uid);
        start.groups.clone_from(&who.identity.groups);
        start.identity = Some(who.used(self.local));
        start.host = user::host();
        start.cwd = args
            .cwd
            .clone()
            .map_or_else(std::env::current_dir, std::path::absolute)
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        start.title = args.title.as_ref().map(|title| masks.text(title).into_owned());
        start.agent = agent::of(self.program, |name| environment.get(name));
        let repository = repository::of(Path::new(&start.cwd));
        start.repository = Some(masks.text(&repository).into_owned());
        start.profile = config.upstream_profile().map(str::to_owned).or_else(|| text("AWS_PROFILE"));
        let region = || text("AWS_REGION").or_else(|| text("AWS_DEFAULT_REGION"));
        start.region = config.upstream_region().map(str::to_owned).or_else(region);
        start.policies = settings.policies_used()?;
        start.term = text("TERM");
        start.record_input = config.record_input();
        start.capture = match (args.no_gateway, &sandbox.network) {
            (_, Some(_)) => "sandbox".to_owned(),
            (true, None) => "off".to_owned(),
            (false, None) => gateway::capture(config, &settings.program(), environment).to_owned(),
        };
        start.sandbox = sandbox.level.to_string();
        start.unprotected.clone_from(&sandbox.unprotected);
        (start.cols, start.rows) = (self.size.cols, self.size.rows);
        start.tty = self.surroundings.can_ask() || args.headless;
        start.env =
            ["SHELL", "TERM"].iter().filter_map(|name| Some(((*name).to_owned(), text(name)?))).collect();
        Ok((start, repository))
    }
}

/// Who asks, as policies see them.
pub(super) fn principal(start: &Start, who: &Who, repository: String) -> Principal {
    Principal {
        user: start.user.clone(),
        groups: start.groups.clone(),
        groups_unknown: !who.identity.groups_known,
        issuer: who.identity.issuer.clone(),
        verified: who.identity.assurance == Assurance::Verified,
        repository: Some(repository),
        agent: start.agent.clone(),
        host: start.host.clone(),
        session: start.id.to_string(),
        ..Principal::default()
    }
}

/// Says what the person should know before the program runs; `talks`: somebody sits at the terminal and has not asked for
/// silence.
pub(super) fn announce(
    id: SessionId,
    settings: &Settings,
    who: &Who,
    (gateway, sandbox): (&Gateway, &Made),
    talks: bool,
) {
    let config = &settings.config;
    if !config.quiet() {
        who.notes.iter().for_each(|note| notes::say(note));
        who.identity.remarks.iter().for_each(|remark| notes::say(&format!("hoop-run: {remark}")));
        settings.remark();
    }
    if talks {
        let (policy, level) = (settings.policy_names(), sandbox.level.to_string());
        let line = notes::Beginning { id, policy: &policy, gateway: gateway.word(), sandbox: &level }.line();
        notes::say(&line);
        // Where nobody can sign in, it goes without saying.
        if !config.providers().is_empty() || who.identity.assurance != Assurance::Local {
            notes::say(&format!("hoop-run: {}", who.identity.label()));
        }
    }
    if let Some(warning) = sandbox.warning().filter(|_| talks || (sandbox.is_alarming && !config.quiet())) {
        notes::say(&warning);
    }
}
