//! What a policy answers.

use std::time::Duration;

use crate::types::Approvers;
use crate::types::Effect;

/// The verdict on one call, with what a person or an agent needs to understand it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Forward, hold or refuse.
    pub effect: Effect,
    /// The deciding statement's `sid`; `None`: it has none, or the default decided.
    pub sid: Option<String>,
    /// Where the deciding rule stands: `policy.toml:41`, `built-in guarded:12`.
    pub origin: String,
    /// The deciding rule in words: `rule "destructive-needs-a-human", policy.toml:41`.
    pub reason: String,
    /// What the refused or held caller can do, as a sentence; empty when allowed.
    pub advice: String,
    /// The action that decided, one of those the request named.
    pub action: String,
    /// The resource that decided; `*` when there was none.
    pub resource: String,
    /// How long to wait for an answer; `None`: the policy does not say, use `approval.ttl`.
    pub ttl: Option<Duration>,
    /// Every entry must be satisfied by itself (several rules may ask, each for its own people); empty: anyone who
    /// sits at hoop-run's own terminal.
    pub approvers: Vec<Approvers>,
}
