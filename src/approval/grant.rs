//! A yes that reaches further than one call.

use crate::approval::question::Question;
use crate::approval::question::QuestionId;
use crate::approval::question::Scope;
use crate::types::Approvers;
use crate::types::Micros;

/// What it covers: the same rule, action, identity, account and region; for the session also the same resources.
#[derive(Debug)]
pub(super) struct Grant {
    /// The question that it answered.
    pub(super) id: QuestionId,
    pub(super) scope: Scope,
    /// Who said so.
    pub(super) by: String,
    /// How often it was used after the first time.
    pub(super) used: u64,
    /// When it ends; none: with the session.
    pub(super) until: Option<Micros>,
    /// None: any.
    resources: Option<Vec<String>>,
    action: String,
    rule: String,
    identity: Option<String>,
    account: Option<String>,
    region: String,
    needs: Vec<Approvers>,
}

impl Grant {
    /// The grant that a yes of this scope to `question` makes; none for a yes to one call.
    pub(super) fn new(
        id: QuestionId,
        question: &Question,
        scope: Scope,
        by: &str,
        now: Micros,
    ) -> Option<Self> {
        let (until, resources) = match scope {
            Scope::Once => return None,
            Scope::Session => (None, Some(question.resources.clone())),
            Scope::For(time) => (Some(Micros(now.0.saturating_add(Micros::from(time).0))), None),
        };
        Some(Self {
            id,
            scope,
            by: by.to_owned(),
            used: 0,
            until,
            resources,
            action: question.action.clone(),
            rule: question.rule.clone(),
            identity: question.identity.clone(),
            account: question.account.clone(),
            region: question.region.clone(),
            needs: question.needs.clone(),
        })
    }

    pub(super) fn covers(&self, question: &Question) -> bool {
        self.action == question.action
            && self.rule == question.rule
            && self.identity == question.identity
            && self.account == question.account
            && self.region == question.region
            && self.needs == question.needs
            && self.resources.as_ref().is_none_or(|resources| *resources == question.resources)
    }

    pub(super) fn is_over(&self, now: Micros) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}
