//! What was found: a piece of text to hide, and the rule that says so.

use std::ops::Range;
use std::sync::Arc;

/// A piece of text to hide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The secret it belongs to: pieces of one secret have one number.
    pub secret: u64,
    /// The rule that says so.
    pub rule: Named,
    /// Where the secret's text begins, its public prefix included.
    pub whole: usize,
    /// The bytes to hide.
    pub range: Range<usize>,
}

/// The rule behind a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// A rule of the set, by number.
    Rule(usize),
    /// A known value of this kind.
    Known(Arc<str>),
}
