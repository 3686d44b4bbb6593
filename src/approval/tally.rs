//! What became of a session's questions, for its end.

/// Numbers, and what was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Questions that were put.
    pub asked: u64,
    /// Those that were granted.
    pub granted: u64,
    /// Calls that went on by an earlier yes.
    pub used: u64,
    /// Those that were not granted: the first few, oldest first.
    pub refused: Vec<Refused>,
    /// How many were not granted in all.
    pub not_granted: u64,
}

/// A question that was not granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The question in one line.
    pub question: String,
    /// Why, as a sentence without a full stop.
    pub why: String,
}

/// As many as are remembered by name.
pub(super) const MOST_REFUSED: usize = 20;
