//! The entries of a session, put in order once so that a picture of them costs the same however many there are: by time
//! for playing, as a tree for the list, and the gravest of any stretch for the timeline.

use std::collections::HashMap;
use std::ops::Range;

use crate::record;
use crate::record::Node;
use crate::replay::entries::Entry;
use crate::replay::theme::Meaning;

/// Rows that are the same are shown as one from this many on.
const FOLD_FROM: usize = 3;

/// A row of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its entry, or the first of those that are shown as one.
    pub entry: usize,
    /// How many are shown as one.
    pub times: usize,
    /// Its level.
    pub depth: u16,
    /// The entry of the command behind it: the one that started the command, or made the call.
    pub behind: Option<usize>,
}

/// Everything worth jumping to.
#[derive(Debug, Default)]
pub struct Moments {
    entries: Vec<Entry>,
    rows: Vec<Row>,
    row_of: Vec<usize>,
    gravest: Vec<usize>,
    calls_of: HashMap<usize, (usize, usize)>,
    entry_of_call: HashMap<u64, usize>,
    denied: usize,
}

impl Moments {
    /// Puts entries in order.
    #[must_use]
    pub fn new(mut entries: Vec<Entry>) -> Self {
        // The sort keeps the order of what began together.
        entries.sort_by_key(|entry| entry.at);
        let nodes: Vec<Node> = entries.iter().map(|entry| Node { at: entry.at, ..entry.node }).collect();
        let (rows, row_of) = rows(&entries, &record::arrange(&nodes));
        let mut calls_of = HashMap::new();
        for row in rows.iter().filter(|row| entries[row.entry].is_call()) {
            if let Some(behind) = row.behind {
                calls_of.entry(behind).or_insert((row.entry, 0)).1 += row.times;
            }
        }
        let entry_of_call =
            entries.iter().enumerate().filter_map(|(index, entry)| Some((entry.call?, index))).collect();
        let denied = entries.iter().filter(|entry| entry.meaning == Meaning::Deny).count();
        let gravest = tournament(&entries);
        Self { entries, rows, row_of, gravest, calls_of, entry_of_call, denied }
    }

    /// All entries, by time.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The rows of the list.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many were refused.
    #[must_use]
    pub fn denied(&self) -> usize {
        self.denied
    }

    /// The row that shows an entry.
    #[must_use]
    pub fn row_of(&self, entry: usize) -> Option<usize> {
        self.row_of.get(entry).copied()
    }

    /// The row of the call of that number.
    #[must_use]
    pub fn row_of_call(&self, call: u64) -> Option<usize> {
        self.row_of(*self.entry_of_call.get(&call)?)
    }

    /// The entry that a row shows.
    #[must_use]
    pub fn at_row(&self, row: usize) -> Option<&Entry> {
        self.entries.get(self.rows.get(row)?.entry)
    }

    /// The commands behind what a row shows, the nearest first.
    pub fn behind(&self, row: usize) -> impl Iterator<Item = usize> {
        let behind = |row: &usize| self.rows.get(*row)?.behind.and_then(|entry| self.row_of(entry));
        // A parent stands above what it started: the way up ends.
        std::iter::successors(behind(&row), move |row| behind(row))
    }

    /// The row of the first call that a row's command made itself, and how many it made.
    #[must_use]
    pub fn calls_of(&self, row: usize) -> Option<(usize, usize)> {
        let (first, count) = *self.calls_of.get(&self.rows.get(row)?.entry)?;
        Some((self.row_of(first)?, count))
    }

    /// The gravest of a stretch of entries, the first one of those that are equally grave.
    #[must_use]
    pub fn gravest(&self, range: Range<usize>) -> Option<&Entry> {
        let count = self.entries.len();
        let (mut begin, mut end) = (range.start.min(count) + count, range.end.min(count) + count);
        let mut best: Option<usize> = None;
        let mut meet =
            |entry: usize| best = Some(best.map_or(entry, |best| graver(&self.entries, best, entry)));
        while begin < end {
            if begin % 2 == 1 {
                meet(self.gravest[begin]);
                begin += 1;
            }
            if end % 2 == 1 {
                end -= 1;
                meet(self.gravest[end]);
            }
            (begin, end) = (begin / 2, end / 2);
        }
        best.and_then(|best| self.entries.get(best))
    }
}

/// A tree in an array, each node the graver one of its two children: the leaves are the second half.
fn tournament(entries: &[Entry]) -> Vec<usize> {
    let count = entries.len();
    let mut tree = vec![0; 2 * count];
    for (leaf, entry) in tree[count..].iter_mut().zip(0..) {
        *leaf = entry;
    }
    for node in (1..count).rev() {
        tree[node] = graver(entries, tree[2 * node], tree[2 * node + 1]);
    }
    tree
}

fn graver(entries: &[Entry], one: usize, other: usize) -> usize {
    let rank = |entry: usize| (entries[entry].weight(), usize::MAX - entry);
    if rank(one) >= rank(other) { one } else { other }
}

/// The rows of the tree, runs of the same thing as one; and for each entry its row.
fn rows(entries: &[Entry], placed: &[record::Placed]) -> (Vec<Row>, Vec<usize>) {
    let mut rows: Vec<Row> = Vec::new();
    let mut row_of = vec![0; entries.len()];
    let mut at = 0;
    while let Some(first) = placed.get(at) {
        let same = placed[at..].windows(2).take_while(|pair| is_same(entries, pair)).count() + 1;
        // The last of a run may have something below it, which would seem to belong to all.
        let next = placed.get(at + same);
        let has_children = next
            .is_some_and(|next| next.depth > first.depth || next.parent == Some(placed[at + same - 1].node));
        let run = if has_children { same - 1 } else { same };
        let times = if run >= FOLD_FROM { run } else { 1 };
        for placed in &placed[at..at + times] {
            row_of[placed.node] = rows.len();
        }
        rows.push(Row { entry: first.node, times, depth: first.depth, behind: first.parent });
        at += times;
        // What is too short for one row is not looked at again for each of its members.
        for placed in placed.iter().take(at - times + run).skip(at) {
            row_of[placed.node] = rows.len();
            rows.push(Row { entry: placed.node, times: 1, depth: placed.depth, behind: placed.parent });
            at += 1;
        }
    }
    (rows, row_of)
}

fn is_same(entries: &[Entry], pair: &[record::Placed]) -> bool {
    let [one, other] = pair else { return false };
    let (a, b) = (&entries[one.node], &entries[other.node]);
    // Each named place and each trouble is one of its own.
    let is_one_of_many = !matches!(a.meaning, Meaning::Marker | Meaning::Error | Meaning::Deny);
    is_one_of_many
        && (one.depth, one.parent) == (other.depth, other.parent)
        && (a.symbol, a.meaning, a.mood) == (b.symbol, b.meaning, b.mood)
        && (&a.title, &a.subject, &a.result) == (&b.title, &b.subject, &b.result)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::CommandStart;
    use crate::replay::commands;
    use crate::replay::entries;
    use crate::types::Micros;

    fn command(at: u64, id: u64, parent: Option<u64>, name: &str) -> Entry {
        let argv = vec![name.to_owned()];
        commands::started(Micros(at), &CommandStart { id, parent, argv, ..CommandStart::default() })
    }

    #[test]
    fn runs_of_the_same_are_one_row_and_every_entry_has_a_row() {
        let mut all =
            vec![command(0, 1, None, "bash"), command(1, 2, Some(1), "ls"), command(2, 3, Some(1), "ls")];
        all.extend((3..2_000).map(|n| command(n, n + 1, Some(1), "true")));
        all.push(command(3_000, 5_000, Some(2_000), "below the last"));
        all.push(entries::marker(Micros(4_000), "m"));
        let moments = Moments::new(all);
        let shown: Vec<_> = moments
            .rows()
            .iter()
            .map(|row| (moments.entries()[row.entry].title.as_str(), row.times, row.depth))
            .collect();
        assert_eq!(
            shown,
            [
                ("bash", 1, 0),
                ("ls", 1, 1),
                ("ls", 1, 1),
                ("true", 1_996, 1),
                ("true", 1, 1),
                ("'below the last'", 1, 2),
                ("m", 1, 1)
            ]
        );
        assert_eq!([0, 3, 1_998, 1_999, 2_000].map(|entry| moments.row_of(entry)), [0, 3, 3, 4, 5].map(Some));
        assert_eq!(moments.behind(5).collect::<Vec<_>>(), [4, 0]);
    }

    proptest! {
        #[test]
        fn prop_the_gravest_of_any_stretch_is_found(weights in prop::collection::vec(0..4_u8, 0..40), begin in 0..45_usize, length in 0..45_usize) {
            let meanings = [Meaning::Allow, Meaning::Command, Meaning::Deny, Meaning::Error];
            let entries: Vec<Entry> = weights.iter().zip(0..).map(|(weight, at)| {
                Entry { meaning: meanings[usize::from(*weight)], ..entries::marker(Micros(at), "") }
            }).collect();
            let moments = Moments::new(entries.clone());
            let range = begin.min(entries.len())..(begin + length).min(entries.len());
            let wanted = entries[range].iter().rev().max_by_key(|entry| entry.weight()).map(|entry| entry.at);
            prop_assert_eq!(moments.gravest(begin..begin + length).map(|entry| entry.at), wanted);
        }
    }
}
