//! Connections to hosts that are not AWS: which rule decides, and who is asked.

use std::time::Duration;

use crate::pattern;
use crate::policy::model::EgressRule;
use crate::policy::model::Policy;
use crate::types::Approvers;
use crate::types::Effect;

/// What the policies say about a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Egress {
    /// Whether it is made.
    pub effect: Effect,
    /// The rule that decides (`policy.toml:60`); empty: none speaks of it.
    pub rule: String,
    /// Why, in the rule's words.
    pub reason: Option<String>,
    /// Whose yes it needs, each by itself; empty: whoever sits at the session's terminal.
    pub approvers: Vec<Approvers>,
    /// How long they have; `None`: the policy does not say.
    pub ttl: Option<Duration>,
}

impl Egress {
    /// Decided by `rule`.
    #[must_use]
    pub fn by(effect: Effect, rule: impl Into<String>) -> Self {
        Self { effect, rule: rule.into(), reason: None, approvers: Vec::new(), ttl: None }
    }

    /// Two that ask: the people of both must agree, in the shorter time.
    fn and(&mut self, other: &Self) {
        for approvers in &other.approvers {
            if !self.approvers.contains(approvers) {
                self.approvers.push(approvers.clone());
            }
        }
        self.ttl = [self.ttl, other.ttl].into_iter().flatten().min();
        if self.reason.is_none() {
            self.reason.clone_from(&other.reason);
        }
    }
}

impl From<&EgressRule> for Egress {
    fn from(rule: &EgressRule) -> Self {
        Self {
            effect: rule.effect,
            rule: rule.origin.clone(),
            reason: rule.reason.clone(),
            approvers: rule.approvers.iter().cloned().collect(),
            ttl: rule.ttl,
        }
    }
}

/// In a layer, deny is stronger than ask, ask than allow; a layer that allows some hosts denies all others, and one that
/// allows none by name has nothing against them. The strictest layer counts.
pub(super) fn decide(layers: &[Policy], host: &str, port: u16) -> Egress {
    let host = host.trim_end_matches('.').trim_matches(['[', ']']).to_ascii_lowercase();
    let mut strictest = Egress::by(Effect::Allow, "");
    for layer in layers {
        let verdict = of_layer(layer, &host, port);
        if verdict.effect > strictest.effect
            || strictest.rule.is_empty() && verdict.effect == strictest.effect
        {
            strictest = verdict;
        } else if verdict.effect == strictest.effect {
            strictest.and(&verdict);
        }
    }
    strictest
}

fn of_layer(layer: &Policy, host: &str, port: u16) -> Egress {
    let is_for = |rule: &&EgressRule| {
        rule.hosts.iter().any(|pattern| {
            pattern.port.is_none_or(|wanted| wanted == port) && pattern::matches(&pattern.host, host)
        })
    };
    let mut strictest: Option<Egress> = None;
    for rule in layer.egress.iter().filter(is_for) {
        match &mut strictest {
            Some(so_far) if rule.effect < so_far.effect => {}
            Some(so_far) if rule.effect == so_far.effect => so_far.and(&rule.into()),
            _ => strictest = Some(rule.into()),
        }
    }
    strictest.unwrap_or_else(|| match layer.egress.iter().any(|rule| rule.effect == Effect::Allow) {
        true => Egress::by(Effect::Deny, format!("{}: no [[egress]] names it", layer.origin)),
        false => Egress::by(Effect::Allow, ""),
    })
}
