//! What one policy says about a call: deny before ask before allow before the default.

use std::borrow::Cow;

use crate::policy::decision::Decision;
use crate::policy::model::Policy;
use crate::policy::request::Request;
use crate::policy::statement::Pair;
use crate::policy::statement::Statement;
use crate::types::AccessLevel;
use crate::types::Approvers;
use crate::types::Effect;

/// What one policy says, and because of what.
struct Verdict<'p, 'r> {
    effect: Effect,
    cause: Cause<'p>,
    pair: Pair<'r>,
}

#[derive(Clone, Copy)]
enum Cause<'p> {
    /// A statement matches.
    Rule(&'p Statement),
    /// None matches.
    Default,
    /// The operation was not identified, and this statement might mean it.
    Doubt(&'p Statement),
}

/// Calls `each` with every action of the request and each of its resources.
pub(super) fn pairs(request: &Request<'_>, mut each: impl FnMut(Pair<'_>)) {
    let mut with = |action: &str, access: AccessLevel, resources: &[String]| {
        let lower = action.to_ascii_lowercase();
        let pair = Pair { action, lower: &lower, access, resource: None };
        match resources {
            [] => each(pair),
            _ => resources.iter().for_each(|resource| each(Pair { resource: Some(resource), ..pair })),
        }
    };
    with(request.action, request.access, request.resources);
    for (action, resources) in request.more {
        with(action, request.actions.access(action), resources);
    }
}

impl Policy {
    /// What this policy alone says about a call.
    #[must_use]
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        // Caller and conditions are the same for every resource of a call; a call can have a thousand of them.
        if let Some(decision) = self.guarded(request) {
            return decision;
        }
        let concerned = self.statements.iter().filter(|statement| statement.concerns(request).is_ok());
        let concerned: Vec<Cow<'_, Statement>> =
            concerned.map(|statement| statement.expanded(request)).collect();
        let mut strictest: Option<Decision> = None;
        let mut asking: Vec<&Statement> = Vec::new();
        pairs(request, |pair| {
            let verdict = self.verdict(&concerned, pair, &mut asking);
            if strictest.as_ref().is_none_or(|so_far| verdict.effect > so_far.effect) {
                strictest = Some(self.decision(&verdict));
            }
        });
        let Some(mut decision) = strictest else {
            return Decision::denied(request.action, "the call names no action");
        };
        if decision.effect == Effect::Ask {
            // Several rules may ask: each keeps its own people, and the shortest wait counts.
            for statement in asking {
                decision.ttl = [decision.ttl, statement.ttl].into_iter().flatten().min();
                decision.need(statement.approvers.as_ref());
            }
        }
        decision
    }

    /// The guard's refusal.
    fn guarded(&self, request: &Request<'_>) -> Option<Decision> {
        let guard = self.guard.as_ref()?;
        let reason = guard.refuses(request)?;
        Some(Decision {
            origin: guard.origin.clone(),
            advice: format!("do not retry; a person can change the guard at {}", guard.origin),
            resource: request.resources.first().cloned().unwrap_or_else(|| "*".to_owned()),
            ..Decision::denied(request.action, &format!("the guard at {}: {reason}", guard.origin))
        })
    }

    fn verdict<'p, 'r>(
        &self,
        concerned: &'p [Cow<'_, Statement>],
        pair: Pair<'r>,
        asking: &mut Vec<&'p Statement>,
    ) -> Verdict<'p, 'r> {
        let mut best: Option<&Statement> = None;
        for statement in concerned.iter().map(AsRef::as_ref).filter(|statement| statement.fits(&pair).is_ok())
        {
            if statement.effect == Effect::Ask && !asking.iter().any(|known| std::ptr::eq(*known, statement))
            {
                asking.push(statement);
            }
            if best.is_none_or(|best| statement.effect > best.effect) {
                best = Some(statement);
            }
        }
        if let Some(statement) = best {
            return Verdict { effect: statement.effect, cause: Cause::Rule(statement), pair };
        }
        // A default of allow must not let an operation through that a rule might forbid by its name.
        if self.default == Effect::Allow && !pair.is_identified() {
            let doubt = concerned
                .iter()
                .map(AsRef::as_ref)
                .find(|rule| rule.effect != Effect::Allow && rule.might_mean_service_of(pair.lower));
            if let Some(statement) = doubt {
                return Verdict { effect: Effect::Ask, cause: Cause::Doubt(statement), pair };
            }
        }
        Verdict { effect: self.default, cause: Cause::Default, pair }
    }

    fn decision(&self, verdict: &Verdict<'_, '_>) -> Decision {
        let place = |statement: &Statement| format!("{}:{}", self.origin, statement.line);
        let named = |statement: &Statement| match &statement.sid {
            Some(sid) => format!("rule \"{sid}\", {}", place(statement)),
            None => format!("the rule at {}", place(statement)),
        };
        let (sid, origin, reason) = match verdict.cause {
            Cause::Rule(statement) => {
                let mut reason = named(statement);
                if let Some(words) = &statement.reason {
                    reason.push_str(&format!(": {words}"));
                }
                (statement.sid.clone(), place(statement), reason)
            }
            Cause::Default => {
                let what = if verdict.pair.is_identified() {
                    "no rule matches"
                } else {
                    "the operation is not known"
                };
                (
                    None,
                    self.origin.clone(),
                    format!("{what}, the default of {} is {}", self.origin, self.default),
                )
            }
            Cause::Doubt(statement) => {
                let reason =
                    format!("the operation is not known, and {} might be about it", named(statement));
                (statement.sid.clone(), place(statement), reason)
            }
        };
        Decision {
            effect: verdict.effect,
            sid,
            advice: advice(verdict.effect, &origin, &verdict.cause),
            origin,
            reason,
            action: verdict.pair.action.to_owned(),
            resource: verdict.pair.resource.unwrap_or("*").to_owned(),
            ttl: None,
            approvers: Vec::new(),
        }
    }
}

/// What the caller can do about it.
fn advice(effect: Effect, origin: &str, cause: &Cause<'_>) -> String {
    match (effect, cause) {
        (Effect::Allow, _) => String::new(),
        (Effect::Ask, _) => "wait: a person is asked in hoop-run's terminal".to_owned(),
        (Effect::Deny, Cause::Default) => {
            format!(
                "do not retry; a person can add a statement with `effect = \"ask\"` or \"allow\" to {origin}"
            )
        }
        (Effect::Deny, _) => {
            format!(
                "do not retry; a person can change the rule (`effect = \"ask\"` at {origin}), or make the call outside this session"
            )
        }
    }
}

impl Decision {
    /// A refusal for a reason that stands in no policy.
    #[must_use]
    pub fn denied(action: &str, reason: &str) -> Self {
        Self {
            effect: Effect::Deny,
            sid: None,
            origin: String::new(),
            reason: reason.to_owned(),
            advice: "do not retry; a person has to look at the session's policy".to_owned(),
            action: action.to_owned(),
            resource: "*".to_owned(),
            ttl: None,
            approvers: Vec::new(),
        }
    }

    /// Adds people who must agree.
    pub(super) fn need(&mut self, approvers: Option<&Approvers>) {
        if let Some(approvers) = approvers
            && !self.approvers.contains(approvers)
        {
            self.approvers.push(approvers.clone());
        }
    }

    /// The whole in one sentence, fit for an error message an agent reads.
    ///
    /// `s3:DeleteObject on arn:aws:s3:::billing/07.csv is denied: rule "no deletes", policy.toml:41. Do not retry; …`
    #[must_use]
    pub fn sentence(&self) -> String {
        let verb = match self.effect {
            Effect::Allow => "is allowed",
            Effect::Ask => "needs a person's approval",
            Effect::Deny => "is denied",
        };
        let resource = if self.resource == "*" { String::new() } else { format!(" on {}", self.resource) };
        let mut text = format!("{}{resource} {verb}: {}", self.action, self.reason);
        if !self.advice.is_empty() {
            text.push_str(&format!("; {}", self.advice));
        }
        text
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
