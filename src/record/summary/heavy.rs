//! Counting by name in bounded memory.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::record::open::MAX_TEXT;
use crate::record::open::clipped;

/// What is counted for each name; with at most `most` names in memory.
///
/// Exact for as long as there are no more names than that. With more, the rare ones are dropped so that the frequent
/// ones stay: every name that makes up more than one part in `most` of all (Misra and Gries, "Finding repeated
/// elements", 1982).
#[derive(Clone, Debug)]
pub(super) struct Heavy<T> {
    kept: HashMap<String, Kept<T>>,
    most: usize,
    is_exact: bool,
}

#[derive(Clone, Debug, Default)]
struct Kept<T> {
    weight: u64,
    value: T,
}

impl<T: Default> Heavy<T> {
    /// Nothing counted; room for `most` names.
    pub(super) fn new(most: usize) -> Self {
        Self { kept: HashMap::new(), most, is_exact: true }
    }

    /// Counts `name` once more; gives what is kept for it. None: there is no room for it.
    pub(super) fn count(&mut self, name: &str) -> Option<&mut T> {
        let name = &*short(name);
        if !self.kept.contains_key(name) {
            if self.kept.len() >= self.most {
                self.is_exact = false;
                self.kept.retain(|_, kept| {
                    kept.weight -= 1;
                    kept.weight > 0
                });
                if self.kept.len() >= self.most {
                    return None;
                }
            }
            self.kept.insert(name.to_owned(), Kept::default());
        }
        let kept = self.kept.get_mut(name)?;
        kept.weight += 1;
        Some(&mut kept.value)
    }

    /// Takes one count of `name` back; it is gone with its last one.
    pub(super) fn take_back(&mut self, name: &str, change: impl FnOnce(&mut T)) {
        let name = &*short(name);
        if let Some(kept) = self.kept.get_mut(name) {
            kept.weight -= 1;
            change(&mut kept.value);
            if kept.weight == 0 {
                self.kept.remove(name);
            }
        }
    }

    /// What is kept for `name`.
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.kept.get_mut(&*short(name)).map(|kept| &mut kept.value)
    }

    /// Whether nothing was ever dropped.
    pub(super) fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// All that is kept, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.kept.iter().map(|(name, kept)| (name.as_str(), &kept.value))
    }
}

/// A name as it is kept.
pub(super) fn short(name: &str) -> Cow<'_, str> {
    if name.len() > MAX_TEXT { Cow::Owned(clipped(name.to_owned())) } else { Cow::Borrowed(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_names_stay_when_there_are_too_many() {
        let mut heavy: Heavy<u64> = Heavy::new(10);
        let mut add = |name: &str| {
            if let Some(count) = heavy.count(name) {
                *count += 1;
            }
        };
        for number in 0..5_000 {
            add("often");
            add(&format!("once {number}"));
            add("often too");
        }
        let mut kept: Vec<&str> = heavy.iter().map(|(name, _)| name).collect();
        kept.sort_unstable();
        assert!(kept.len() <= 10 && !heavy.is_exact());
        assert!(kept.contains(&"often") && kept.contains(&"often too"), "{kept:?}");
    }

    #[test]
    fn what_is_taken_back_was_never_there() {
        let mut heavy: Heavy<u64> = Heavy::new(10);
        heavy.count("a");
        heavy.count("a");
        heavy.take_back("a", |_| ());
        assert_eq!(heavy.iter().count(), 1);
        heavy.take_back("a", |_| ());
        heavy.take_back("a", |_| ());
        assert_eq!(heavy.iter().count(), 0);
        assert!(heavy.is_exact());
    }
}
