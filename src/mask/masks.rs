//! What was masked: rules and numbers, never values.

use std::collections::BTreeMap;
use std::sync::Arc;

/// One rule's count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The rule's id.
    pub rule: Arc<str>,
    /// How many secrets it found.
    pub count: u64,
}

/// Counts by rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Masks(BTreeMap<Arc<str>, u64>);

impl Masks {
    /// Counts `count` more for `rule`.
    pub fn add(&mut self, rule: Arc<str>, count: u64) {
        *self.0.entry(rule).or_default() += count;
    }

    /// Counts all of `other` too.
    pub fn merge(&mut self, other: Self) {
        for (rule, count) in other.0 {
            self.add(rule, count);
        }
    }

    /// Whether nothing was masked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All secrets counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// The counts, by rule id.
    pub fn iter(&self) -> impl Iterator<Item = Hit> + '_ {
        self.0.iter().map(|(rule, count)| Hit { rule: Arc::clone(rule), count: *count })
    }
}
