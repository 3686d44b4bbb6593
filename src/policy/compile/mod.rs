//! The part of the policies that AWS itself can enforce, as the session policy of an assumed role.
//!
//! AWS lets through what the role and this document both allow. So the document must never be narrower than hoop: whatever
//! hoop lets pass or a person may let pass (of calls whose action and resource are known) is allowed by it. What IAM cannot
//! say, or what does not fit, is left to hoop and named.

mod document;
mod fold;
mod rows;

use std::collections::BTreeSet;

use crate::policy::actions::ListedActions;
use crate::policy::compile::rows::Rows;
use crate::policy::model::Policy;
use crate::policy::request::Principal;
use crate::policy::set::PolicySet;
use crate::types::Effect;

/// Characters STS takes as a session policy.
pub const LIMIT: usize = 2_048;

/// The session policy of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// An IAM policy in JSON; `None`: it would forbid nothing.
    pub json: Option<String>,
    /// ARNs of managed policies that stand for what did not fit: to be given together with the document.
    pub policy_arns: Vec<String>,
    /// What only hoop enforces, in few words each.
    pub left_out: Vec<String>,
}

impl Compiled {
    /// What only hoop enforces, in one line.
    #[must_use]
    pub fn line(&self) -> String {
        match self.left_out.is_empty() {
            true => "AWS enforces all of it".to_owned(),
            false => format!("enforced by hoop only: {}", self.left_out.join("; ")),
        }
    }
}

impl PolicySet {
    /// The session policy for calls of `principal`, of at most `limit` characters. What is not known of the principal
    /// (empty names) makes it wider, never narrower.
    #[must_use]
    pub fn compile(&self, principal: &Principal, actions: &ListedActions, limit: usize) -> Compiled {
        self.compile_with(principal, actions, limit, &[])
    }

    /// As [`PolicySet::compile`], but what is too long to be allowed exactly is left to managed policies, of which the
    /// caller says that they allow it. Their ARNs count towards `limit`.
    #[must_use]
    pub fn compile_with(
        &self,
        principal: &Principal,
        actions: &ListedActions,
        limit: usize,
        policy_arns: &[String],
    ) -> Compiled {
        let mut left_out = BTreeSet::new();
        let layers: Vec<Rows> =
            self.layers().iter().map(|layer| Rows::of(layer, principal, actions, &mut left_out)).collect();
        let folded = fold::fold(&layers, actions, limit, policy_arns);
        left_out.extend(folded.left_out);
        let policy_arns = if folded.with_managed { policy_arns.to_vec() } else { Vec::new() };
        let asks = |policy: &Policy| {
            policy.default == Effect::Ask || policy.statements.iter().any(|it| it.effect == Effect::Ask)
        };
        if self.layers().iter().any(|layer| layer.guard.is_some()) {
            left_out.insert("guards".to_owned());
        }
        if self.layers().iter().any(|layer| !layer.limits.is_empty()) {
            left_out.insert("limits".to_owned());
        }
        if self.layers().iter().any(asks) {
            left_out.insert("questions to a person (they count as allowed)".to_owned());
        }
        Compiled { json: folded.json, policy_arns, left_out: left_out.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests;
