//! In which ways a session's questions are answered.

use std::path::PathBuf;
use std::sync::Arc;

use crate::approval;
use crate::approval::Broker;
use crate::approval::Requester;
use crate::approval::Ways;
use crate::audit::Journal;
use crate::audit::Start;
use crate::cli::run::gateway;
use crate::cli::run::notifying;
use crate::clock::Clock;
use crate::config::load::Config;
use crate::control;
use crate::control::Control;
use crate::control::notify;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::gateway::Tell;
use crate::identity::Surroundings;
use crate::mask::Engine;
use crate::session::environment::Environment;
use crate::sys::user::Person;

/// The words of `approval.via`.
const WORDS: &[&str] = &["auto", "terminal", "hoopctl", "webhook", "none"];

/// How the questions of a session can be answered, and why not where they cannot.
pub(super) struct Answering {
    ways: Ways,
    /// Completes "it needs a person's approval, and …".
    nobody: String,
    notify: notify::Settings,
}

/// What is needed to be reached from elsewhere.
pub(super) struct Reaching<'a> {
    pub(super) config: &'a Config,
    pub(super) broker: &'a Broker,
    pub(super) masks: &'a Arc<Engine>,
    pub(super) environment: &'a Environment,
    pub(super) clock: &'a Clock,
    pub(super) local: &'a Person,
    pub(super) tell: Tell,
}

impl Answering {
    /// Settles it by `approval.via`, where a person may sit at the terminal.
    ///
    /// # Errors
    /// A word that means nothing; ways that cannot be had.
    pub(super) fn settle(config: &Config, environment: &Environment, has_terminal: bool) -> Result<Self> {
        let notify = notifying::settings(config, environment)?;
        let words = config.approval_via();
        let origin = config.entry("approval.via").map(|entry| entry.origin.to_string()).unwrap_or_default();
        let wrong = |what: String| Error::new(Kind::Config, what).why(format!("it comes from {origin}"));
        for word in &words {
            if !WORDS.contains(&word.as_str()) {
                return Err(wrong(format!("`approval.via` has no value `{}`", word.escape_debug()))
                    .fix(format!("give one or several of {}", WORDS.join(", "))));
            }
        }
        let has = |wanted: &str| words.iter().any(|word| word == wanted);
        if words.len() > 1 && (has("none") || has("auto")) {
            return Err(
                wrong("`approval.via` contradicts itself".to_owned()).fix("give `none` and `auto` alone")
            );
        }
        if has("webhook") && !notify.is_configured() {
            return Err(wrong("questions are to be told elsewhere, and it is not said where".to_owned())
                .fix("set `approval.webhook` in the configuration; see `hoopctl config list approval`"));
        }
        let (ways, nobody) = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["none"] => {
                (Ways { terminal: false, remote: false }, "approvals are switched off (none in approval.via)")
            }
            [] | ["auto"] => (
                Ways { terminal: has_terminal, remote: has_terminal || notify.is_configured() },
                "there is no terminal to ask on, and no other way is set up (--approve-via hoopctl)",
            ),
            _ => (
                Ways { terminal: has("terminal") && has_terminal, remote: has("hoopctl") || has("webhook") },
                "there is no terminal to ask on",
            ),
        };
        Ok(Self { ways, nobody: nobody.to_owned(), notify })
    }

    /// The broker of the session that begins with `start`.
    pub(super) fn broker(
        &self,
        start: &Start,
        requester: Requester,
        clock: &Clock,
        journal: Arc<dyn Journal>,
    ) -> Broker {
        Broker::new(approval::Setup {
            clock: clock.clone(),
            session: start.id,
            host: start.host.clone(),
            requester,
            ways: self.ways,
            nobody: self.nobody.clone(),
            journal,
        })
    }

    /// Opens the way from elsewhere when the first question waits.
    pub(super) fn reach(&self, reaching: Reaching<'_>) -> Control {
        let Reaching { config, broker, masks, environment, clock, local, tell } = reaching;
        let around = Surroundings { clock: clock.clone(), environment: gateway::variables(environment) };
        let notify = notifying::equipped(self.notify.clone(), config, &around, &tell);
        control::attach(control::Setup {
            broker: broker.clone(),
            masks: Arc::clone(masks),
            person: local.clone(),
            state: config.state_dir(),
            shared: config.approval_shared_dir().map(PathBuf::from),
            providers: config.providers().to_vec(),
            around,
            tell,
            notify,
        })
    }
}
