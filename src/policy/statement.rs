//! One statement, and whether it is about a call.

use std::borrow::Cow;
use std::time::Duration;

use crate::pattern;
use crate::policy::arn;
use crate::policy::condition::Condition;
use crate::policy::request::Principal;
use crate::policy::request::Request;
use crate::policy::variables;
use crate::policy::variables::Expanded;
use crate::types::AccessLevel;
use crate::types::Approvers;
use crate::types::Effect;

/// The operation name of a call that was not identified.
const UNIDENTIFIED: &str = "unknown";

/// A list of patterns that names what is meant, or what is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns {
    /// The patterns.
    pub list: Vec<String>,
    /// Whether everything but them is meant.
    pub inverted: bool,
}

/// Whom a statement is about. Empty lists mean anybody; every list that is not empty must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrincipalRule {
    /// Patterns for user names.
    pub users: Vec<String>,
    /// Patterns for groups, of which the person is in at least one.
    pub groups: Vec<String>,
    /// Patterns for whoever vouches for the person.
    pub issuers: Vec<String>,
    /// Patterns for repositories or folders.
    pub repositories: Vec<String>,
    /// Patterns for agents.
    pub agents: Vec<String>,
    /// Patterns for hosts.
    pub hosts: Vec<String>,
    /// Patterns for the ARN of the role a call is made with.
    pub roles: Vec<String>,
}

/// A `[[statement]]`. What is left out does not narrow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its name.
    pub sid: Option<String>,
    /// The line it begins at.
    pub line: usize,
    /// What it says about the calls it matches.
    pub effect: Effect,
    /// Why, in its author's words; shown to whoever is held or refused.
    pub reason: Option<String>,
    /// Whom it is about.
    pub principal: PrincipalRule,
    /// Action patterns in lower case; `None`: every action.
    pub actions: Option<Patterns>,
    /// Access levels; empty: every level.
    pub access: Vec<AccessLevel>,
    /// Resource patterns; `None`: every resource.
    pub resources: Option<Patterns>,
    /// All of them must hold.
    pub conditions: Vec<Condition>,
    /// Who may answer, where the effect is `ask`.
    pub approvers: Option<Approvers>,
    /// How long to wait for an answer.
    pub ttl: Option<Duration>,
}

/// One action of a call with one of its resources.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// The action as the request wrote it.
    pub action: &'a str,
    /// The action in lower case.
    pub lower: &'a str,
    /// What the action does.
    pub access: AccessLevel,
    /// The resource; `None`: it could not be told.
    pub resource: Option<&'a str>,
}

impl Pair<'_> {
    /// Whether hoop knows which operation this is.
    #[must_use]
    pub fn is_identified(&self) -> bool {
        self.lower.split_once(':').is_some_and(|(_, operation)| operation != UNIDENTIFIED)
    }
}

/// Why a statement is not about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// Another user, group, issuer, repository, agent, host or role.
    Principal(&'static str),
    /// Another action.
    Action,
    /// It allows, and nobody knows what this operation is.
    Unidentified,
    /// Another access level.
    Access,
    /// Another resource.
    Resource,
    /// The condition with this index does not hold.
    Condition(usize),
}

impl Statement {
    /// Whether the statement is about this action and resource, leaving aside who calls and with which parameters.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn fits(&self, pair: &Pair<'_>) -> Result<(), Mismatch> {
        let allows = self.effect == Effect::Allow;
        if let Some(actions) = &self.actions
            && actions.inverted == actions.list.iter().any(|action| pattern::matches(action, pair.lower))
        {
            return Err(Mismatch::Action);
        }
        if allows && !pair.is_identified() {
            return Err(Mismatch::Unidentified);
        }
        if !self.access.is_empty() && !self.access.contains(&pair.access) {
            // A level nobody knows may be the one that is meant.
            if allows || pair.access != AccessLevel::Unknown {
                return Err(Mismatch::Access);
            }
        }
        if self.fits_resource(pair) { Ok(()) } else { Err(Mismatch::Resource) }
    }

    fn fits_resource(&self, pair: &Pair<'_>) -> bool {
        let Some(patterns) = &self.resources else { return true };
        let strict = self.effect != Effect::Allow;
        let Some(resource) = pair.resource.filter(|_| pair.is_identified()) else {
            return strict || !patterns.inverted && patterns.list.iter().any(|pattern| pattern == "*");
        };
        if !patterns.inverted {
            return patterns.list.iter().any(|pattern| arn::applies(pattern, resource, self.effect));
        }
        // Turned round, the exceptions of a rule that denies must cover, those of one that allows may only meet.
        let other = if strict { Effect::Allow } else { Effect::Deny };
        !patterns.list.iter().any(|pattern| arn::applies(pattern, resource, other))
    }

    /// The statement with its variables as they are in this call. A resource that cannot be told is none where the
    /// statement allows, and any where it asks or denies.
    #[must_use]
    pub fn expanded(&self, request: &Request<'_>) -> Cow<'_, Self> {
        let Some(patterns) = self.resources.as_ref().filter(|it| it.list.iter().any(|it| variables::any(it)))
        else {
            return Cow::Borrowed(self);
        };
        let strict = self.effect != Effect::Allow;
        let expand = |pattern: &String| match variables::expand(pattern, request, true) {
            Expanded::Text(text) => Some(text.into_owned()),
            // Turned round, what is named is excepted.
            Expanded::Unknown => (strict != patterns.inverted).then(|| "*".to_owned()),
            Expanded::Absent => None,
        };
        let list = patterns.list.iter().filter_map(expand).collect();
        let resources = Some(Patterns { list, inverted: patterns.inverted });
        Cow::Owned(Self { resources, ..self.clone() })
    }

    /// Whether the statement is about this caller and these parameters.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn concerns(&self, request: &Request<'_>) -> Result<(), Mismatch> {
        self.principal.fits(request.principal, self.effect)?;
        match self.conditions.iter().position(|condition| !condition.holds(request, self.effect)) {
            Some(index) => Err(Mismatch::Condition(index)),
            None => Ok(()),
        }
    }

    /// Whether an operation of this service that nobody could identify might be one the statement means.
    #[must_use]
    pub fn might_mean_service_of(&self, lower_action: &str) -> bool {
        let service = lower_action.split(':').next().unwrap_or_default();
        match &self.actions {
            Some(actions) if !actions.inverted => actions
                .list
                .iter()
                .any(|action| pattern::matches(action.split(':').next().unwrap_or_default(), service)),
            _ => true,
        }
    }
}

impl PrincipalRule {
    /// Whether the caller is meant. A name that is not known may be the one a strict rule means, and is never the one
    /// a rule that allows means.
    pub(super) fn fits(&self, principal: &Principal, effect: Effect) -> Result<(), Mismatch> {
        let mut groups: Vec<&str> = principal.groups.iter().map(String::as_str).collect();
        groups.extend(principal.groups_unknown.then_some(""));
        let agent = principal.agent.as_deref().unwrap_or_default();
        let repository = principal.repository.as_deref().unwrap_or_default();
        // Nobody vouches for a local user: that is known.
        let issuers: Vec<&str> = principal.issuer.iter().map(String::as_str).collect();
        for (kind, patterns, names) in [
            ("user", &self.users, &[principal.user.as_str()][..]),
            ("group", &self.groups, &groups),
            ("issuer", &self.issuers, &issuers),
            ("repository", &self.repositories, &[repository]),
            ("agent", &self.agents, &[agent]),
            ("host", &self.hosts, &[principal.host.as_str()]),
        ] {
            let is_meant = |name: &&str| match name.is_empty() {
                true => effect != Effect::Allow,
                false => patterns.iter().any(|pattern| pattern::matches(pattern, name)),
            };
            if !patterns.is_empty() && !names.iter().any(is_meant) {
                return Err(Mismatch::Principal(kind));
            }
        }
        if !self.roles.is_empty() && !self.roles.iter().any(|role| principal.role.fits(role, effect)) {
            return Err(Mismatch::Principal("role"));
        }
        Ok(())
    }
}
