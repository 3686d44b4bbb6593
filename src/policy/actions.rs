//! What the policy needs to know about IAM actions, without knowing where the knowledge comes from.

use crate::types::AccessLevel;

/// A catalogue of IAM actions, such as `s3:GetObject`; names are compared without regard to case.
pub trait Actions: Send + Sync {
    /// Whether the action exists; `None`: this catalogue cannot say (and nothing is refused for it).
    fn is_known(&self, action: &str) -> Option<bool>;

    /// The existing action whose name is nearest to a misspelt one.
    fn suggest(&self, action: &str) -> Option<String>;

    /// How many actions a pattern with `*` and `?` matches; `None`: this catalogue cannot say.
    fn count(&self, pattern: &str) -> Option<usize>;

    /// What the action does; `Unknown` where that is not known.
    fn access(&self, action: &str) -> AccessLevel;
}

/// The catalogue that knows nothing: for reading a policy without checking its actions.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoActions;

impl Actions for NoActions {
    fn is_known(&self, _action: &str) -> Option<bool> {
        None
    }

    fn suggest(&self, _action: &str) -> Option<String> {
        None
    }

    fn count(&self, _pattern: &str) -> Option<usize> {
        None
    }

    fn access(&self, _action: &str) -> AccessLevel {
        AccessLevel::Unknown
    }
}
