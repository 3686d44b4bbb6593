//! Several policies at once: the strictest word counts.

use crate::pattern;
use crate::policy::arn;
use crate::policy::decision::Decision;
use crate::policy::egress;
use crate::policy::egress::Egress;
use crate::policy::limit::Limits;
use crate::policy::model::AlertRule;
use crate::policy::model::MaskRule;
use crate::policy::model::Policy;
use crate::policy::model::RecordLevel;
use crate::policy::model::RecordRule;
use crate::policy::request::Principal;
use crate::policy::request::Request;
use crate::policy::session::SessionRule;
use crate::types::Effect;

/// The policies in force, from the most to the least authoritative: the machine's, the user's, the project's.
#[derive(Clone, Debug)]
pub struct PolicySet {
    layers: Vec<Policy>,
    project_layers: usize,
}

impl PolicySet {
    /// Puts policies in force, the machine's first. None at all denies everything.
    #[must_use]
    pub fn new(layers: Vec<Policy>) -> Self {
        Self { layers, project_layers: 0 }
    }

    /// Adds a policy below the others, but above those of projects.
    #[must_use]
    pub fn with(mut self, policy: Policy) -> Self {
        self.layers.insert(self.layers.len() - self.project_layers, policy);
        self
    }

    /// Adds a project's policy below the others. It can make things stricter, nothing else.
    #[must_use]
    pub fn with_project(mut self, policy: Policy) -> Self {
        self.layers.push(policy);
        self.project_layers += 1;
        self
    }

    /// The policies, the most authoritative first.
    #[must_use]
    pub fn layers(&self) -> &[Policy] {
        &self.layers
    }

    /// The verdict on a call: the strictest of all layers. Does no I/O.
    #[must_use]
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        let mut strictest: Option<Decision> = None;
        for decision in self.layers.iter().map(|layer| layer.decide(request)) {
            match &mut strictest {
                Some(so_far) if decision.effect < so_far.effect => {}
                // Two layers ask: the people of both must agree.
                Some(so_far) if decision.effect == so_far.effect => {
                    so_far.ttl = [so_far.ttl, decision.ttl].into_iter().flatten().min();
                    decision.approvers.iter().for_each(|approvers| so_far.need(Some(approvers)));
                }
                _ => strictest = Some(decision),
            }
        }
        strictest.unwrap_or_else(|| Decision::denied(request.action, "no policy is in force"))
    }

    /// Every layer's `[[limit]]` rules, with nothing used up.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits::new(self.layers.iter().flat_map(|layer| layer.limits.iter().cloned()).collect())
    }

    /// Every layer's `[[mask]]` rules.
    pub fn masks(&self) -> impl Iterator<Item = &MaskRule> {
        self.layers.iter().flat_map(|layer| &layer.masks)
    }

    /// Every layer's `[[alert]]` rules.
    pub fn alerts(&self) -> impl Iterator<Item = &AlertRule> {
        self.layers.iter().flat_map(|layer| &layer.alerts)
    }

    /// How much of a call of `action` on `resources` is written down: what the first layer says (nothing said: all of it),
    /// unless a later one wants more.
    #[must_use]
    pub fn record_level(&self, action: &str, resources: &[String], principal: &Principal) -> RecordLevel {
        let lower = action.to_ascii_lowercase();
        let mut levels = self.layers.iter().map(|layer| {
            let fitting = layer.records.iter().filter(|rule| rule.fits(&lower, resources, principal));
            fitting.map(|rule| rule.level).max()
        });
        let first = levels.next().flatten().unwrap_or(RecordLevel::Full);
        levels.flatten().fold(first, RecordLevel::max)
    }

    /// Whether a connection to a host that is not AWS may be made, by which rule, and who is asked.
    ///
    /// In a layer, deny is stronger than ask, ask than allow; a layer that allows some hosts denies all others, and one
    /// that allows none by name has nothing against them. The strictest layer counts.
    #[must_use]
    pub fn egress(&self, host: &str, port: u16) -> Egress {
        egress::decide(&self.layers, host, port)
    }

    /// Which credential the session is to have: each setting from the most authoritative layer that gives it. A
    /// project's policy has no say in it.
    #[must_use]
    pub fn session(&self) -> SessionRule {
        let mut rule = SessionRule::default();
        for layer in self.layers.iter().take(self.layers.len() - self.project_layers) {
            let own = &layer.session;
            rule.source = rule.source.or(own.source);
            if !rule.assumes_a_role() {
                rule.role.clone_from(&own.role);
                rule.roles.clone_from(&own.roles);
            }
            rule.duration = rule.duration.or(own.duration);
            rule.source_identity = rule.source_identity.or(own.source_identity);
            rule.tags = rule.tags.or(own.tags);
            rule.external_id = rule.external_id.or_else(|| own.external_id.clone());
            rule.mfa_serial = rule.mfa_serial.or_else(|| own.mfa_serial.clone());
            rule.saml_provider = rule.saml_provider.or_else(|| own.saml_provider.clone());
            rule.revoke = rule.revoke.or(own.revoke);
            for (list, own) in
                [(&mut rule.policy_arns, &own.policy_arns), (&mut rule.transitive_tags, &own.transitive_tags)]
            {
                if list.is_empty() {
                    list.clone_from(own);
                }
            }
        }
        rule
    }
}

impl RecordRule {
    /// Whether the rule is about a call. One that has less written down must be sure of it, one that has all written down
    /// need not.
    fn fits(&self, lower_action: &str, resources: &[String], principal: &Principal) -> bool {
        let effect = if self.level == RecordLevel::Full { Effect::Deny } else { Effect::Allow };
        let covers =
            |resource: &String| self.resources.iter().any(|pattern| arn::applies(pattern, resource, effect));
        let on_resource = match effect {
            _ if self.resources.is_empty() => true,
            Effect::Allow => !resources.is_empty() && resources.iter().all(covers),
            _ => resources.is_empty() || resources.iter().any(covers),
        };
        any_matches(&self.actions, lower_action)
            && on_resource
            && self.principal.fits(principal, effect).is_ok()
    }
}

/// Whether one of the action patterns, in lower case, matches the action, in lower case.
#[must_use]
pub fn any_matches(patterns: &[String], lower_action: &str) -> bool {
    patterns.iter().any(|pattern| pattern::matches(pattern, lower_action))
}
