//! What narrows a role's credential besides the role's own policies: a session policy.

use std::sync::Arc;

/// Characters that inline policy and the ARNs of managed ones may have together.
pub const POLICY_CHARACTERS: usize = 2_048;

/// What is tried in turn. STS packs policies, to a size that only it knows, and refuses what is too large when packed.
pub(super) const LIMITS: [usize; 5] = [POLICY_CHARACTERS, 1_536, 1_024, 640, 320];

/// Makes a narrowing whose policy and ARNs have at most so many characters together. It may take a while.
pub type Narrow = Arc<dyn Fn(usize) -> Narrowing + Send + Sync>;

/// What AWS refuses to a credential besides what its role may not do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// An IAM policy in JSON; `None`: it would refuse nothing.
    pub policy: Option<String>,
    /// ARNs of managed policies. What one of them or the inline policy allows passes, unless one denies it.
    pub policy_arns: Vec<String>,
    /// What only hoop enforces, in one line.
    pub remark: String,
}

impl Narrowing {
    /// None at all, because of `why`.
    pub(super) fn none(why: &str) -> Self {
        Self { remark: format!("enforced by hoop only: all of it ({why})"), ..Self::default() }
    }

    /// The members of the call that carry it.
    pub(super) fn fields(&self) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        if let Some(policy) = &self.policy {
            fields.push(("Policy".to_owned(), policy.clone()));
        }
        for (arn, number) in self.policy_arns.iter().zip(1..) {
            fields.push((format!("PolicyArns.member.{number}.arn"), arn.clone()));
        }
        fields
    }

    pub(super) fn is_empty(&self) -> bool {
        self.policy.is_none() && self.policy_arns.is_empty()
    }

    /// What AWS enforces and what only hoop does; `packed` is the share of STS's own limit, in per cent.
    pub(super) fn sentence(&self, packed: Option<&str>) -> String {
        let characters = self.policy.as_ref().map_or(0, |policy| policy.chars().count());
        let mut text = match self.is_empty() {
            true => "no session policy".to_owned(),
            false => format!("session policy of {characters} characters"),
        };
        if !self.policy_arns.is_empty() {
            text.push_str(&format!(" and {}", self.policy_arns.join(", ")));
        }
        if let Some(packed) = packed {
            text.push_str(&format!(" ({packed} % of what STS packs)"));
        }
        format!("{text}; {}", self.remark)
    }
}
