//! The entries of a session, put in order once so that a picture of them costs the same however many there are: by time
//! for playing, as a tree for the list, and the gravest of any stretch for the timeline.

use std::collections::HashMap;
use std::ops::Range;

use crate::record;
use crate::record::Node;
use crate::replay::entries::Entry;
use crate::replay::theme::Meaning;
use crate::term::safe;
use crate::term::width;
use crate::types::Micros;

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
    denied_calls: usize,
    failed_commands: usize,
    placed: Vec<record::Placed>,
    place_of: Vec<usize>,
    /// The calls, and the commands, by time.
    calls: Vec<usize>,
    commands: Vec<usize>,
    /// The tree of commands alone, and each command's row in it.
    command_rows: Vec<Row>,
    command_row_of: HashMap<usize, usize>,
    made: HashMap<usize, Made>,
    made_by_row: Vec<Made>,
    widest_action: usize,
}

/// How many calls a command made, with all that it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// All.
    pub calls: usize,
    /// Those that were denied.
    pub denied: usize,
}

impl Made {
    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.denied += other.denied;
    }
}

impl Moments {
    /// Puts entries in order.
    #[must_use]
    pub fn new(mut entries: Vec<Entry>) -> Self {
        // The sort keeps the order of what began together.
        entries.sort_by_key(|entry| entry.at);
        let nodes = |of: &[usize]| -> Vec<Node> {
            of.iter().map(|index| Node { at: entries[*index].at, ..entries[*index].node }).collect()
        };
        let all: Vec<usize> = (0..entries.len()).collect();
        let placed = record::arrange(&nodes(&all));
        let mut place_of = vec![0; entries.len()];
        placed.iter().enumerate().for_each(|(place, placed)| place_of[placed.node] = place);
        let (rows, row_of) = rows(&entries, &placed);
        let of = |is_one: fn(&Entry) -> bool| -> Vec<usize> {
            all.iter().copied().filter(|index| is_one(&entries[*index])).collect()
        };
        let (calls, commands) = (of(Entry::is_call), of(Entry::is_command));
        let mut alone = record::arrange(&nodes(&commands));
        for placed in &mut alone {
            placed.node = commands[placed.node];
            placed.parent = placed.parent.map(|parent| commands[parent]);
        }
        let (command_rows, command_row_of) = self::rows(&entries, &alone);
        let command_row_of: HashMap<usize, usize> =
            commands.iter().map(|index| (*index, command_row_of[*index])).collect();
        let mut calls_of = HashMap::new();
        for row in rows.iter().filter(|row| entries[row.entry].is_call()) {
            if let Some(behind) = row.behind {
                calls_of.entry(behind).or_insert((row.entry, 0)).1 += row.times;
            }
        }
        let entry_of_call = calls.iter().filter_map(|index| Some((entries[*index].call?, *index))).collect();
        let count = |of: &[usize], is_one: fn(&Entry) -> bool| {
            of.iter().filter(|index| is_one(&entries[**index])).count()
        };
        let denied_calls = count(&calls, |entry| entry.meaning == Meaning::Deny);
        let failed_commands = count(&commands, |entry| matches!(entry.mood, Meaning::Error | Meaning::Deny));
        let denied = entries.iter().filter(|entry| entry.meaning == Meaning::Deny).count();
        let widest_action = calls.iter().map(|index| width(&safe(&entries[*index].title))).max().unwrap_or(0);
        let gravest = tournament(&entries);
        let made = made(&entries, &placed);
        let mut made_by_row = vec![Made::default(); command_rows.len()];
        for (index, row) in &command_row_of {
            made_by_row[*row].add(made.get(index).copied().unwrap_or_default());
        }
        Self {
            entries,
            rows,
            row_of,
            gravest,
            calls_of,
            entry_of_call,
            denied,
            denied_calls,
            failed_commands,
            placed,
            place_of,
            calls,
            commands,
            command_rows,
            command_row_of,
            made,
            made_by_row,
            widest_action,
        }
    }

    /// How many calls were denied.
    #[must_use]
    pub fn denied_calls(&self) -> usize {
        self.denied_calls
    }

    /// How many commands failed, or were refused.
    #[must_use]
    pub fn failed_commands(&self) -> usize {
        self.failed_commands
    }

    /// The calls, by time: indices of entries.
    #[must_use]
    pub fn calls(&self) -> &[usize] {
        &self.calls
    }

    /// Columns of the widest action.
    #[must_use]
    pub fn widest_action(&self) -> usize {
        self.widest_action
    }

    /// The commands, by time: indices of entries.
    #[must_use]
    pub fn commands(&self) -> &[usize] {
        &self.commands
    }

    /// The rows of the tree of commands alone.
    #[must_use]
    pub fn command_rows(&self) -> &[Row] {
        &self.command_rows
    }

    /// The row of a command in that tree.
    #[must_use]
    pub fn command_row_of(&self, entry: usize) -> Option<usize> {
        self.command_row_of.get(&entry).copied()
    }

    /// How many calls a command made, with all that it started.
    #[must_use]
    pub fn made(&self, entry: usize) -> Made {
        self.made.get(&entry).copied().unwrap_or_default()
    }

    /// The same for a row of the tree of commands: of those that are shown as one, all of them.
    #[must_use]
    pub fn made_by_row(&self, row: usize) -> Made {
        self.made_by_row.get(row).copied().unwrap_or_default()
    }

    /// The entry of the call of that number.
    #[must_use]
    pub fn entry_of_call(&self, call: u64) -> Option<usize> {
        self.entry_of_call.get(&call).copied()
    }

    /// The nearest command behind an entry.
    #[must_use]
    pub fn command_behind(&self, entry: usize) -> Option<usize> {
        self.behind(entry).find(|entry| self.entries[*entry].is_command())
    }

    /// The calls that a command made, with all that it started, by time.
    #[must_use]
    pub fn calls_below(&self, entry: usize) -> Vec<usize> {
        let Some(place) = self.place_of.get(entry).copied() else { return Vec::new() };
        let depth = self.placed[place].depth;
        let below = self.placed[place + 1..].iter().take_while(|placed| placed.depth > depth);
        let mut calls: Vec<usize> =
            below.map(|placed| placed.node).filter(|node| self.entries[*node].is_call()).collect();
        calls.sort_unstable();
        calls
    }

    /// The entry that began then and is called so.
    #[must_use]
    pub fn same(&self, (at, title): &(Micros, String)) -> Option<usize> {
        let first = self.entries.partition_point(|entry| entry.at < *at);
        let then = self.entries[first..].iter().take_while(|entry| entry.at == *at);
        then.enumerate().find(|(_, entry)| entry.title == *title).map(|(offset, _)| first + offset)
    }

    /// How many of a list of entries, by time, have begun at `at`.
    #[must_use]
    pub fn begun(&self, list: &[usize], at: Micros) -> usize {
        list.partition_point(|entry| self.entries[*entry].at <= at)
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

    /// The commands behind an entry, the nearest first.
    pub fn behind(&self, entry: usize) -> impl Iterator<Item = usize> {
        let behind = |entry: usize| self.placed.get(*self.place_of.get(entry)?)?.parent;
        // A parent began before what it started: the way up ends.
        std::iter::successors(behind(entry), move |entry| behind(*entry))
    }

    /// The first call that a command made itself, and how many it made.
    #[must_use]
    pub fn calls_of(&self, entry: usize) -> Option<(usize, usize)> {
        self.calls_of.get(&entry).copied()
    }

    /// The gravest of a stretch of entries, the first one of those that are equally grave.
    #[must_use]
    pub fn gravest(&self, range: Range<usize>) -> Option<(usize, &Entry)> {
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
        best.and_then(|best| Some((best, self.entries.get(best)?)))
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

/// What each command made, itself and through what it started.
fn made(entries: &[Entry], placed: &[record::Placed]) -> HashMap<usize, Made> {
    let mut made: HashMap<usize, Made> = HashMap::new();
    // A parent stands above what it started: from the end on, what is below has been summed up.
    for placed in placed.iter().rev() {
        let entry = &entries[placed.node];
        let own = match entry.is_call() {
            true => Made { calls: 1, denied: usize::from(entry.meaning == Meaning::Deny) },
            false => made.get(&placed.node).copied().unwrap_or_default(),
        };
        if let Some(parent) = placed.parent.filter(|_| own.calls > 0) {
            made.entry(parent).or_default().add(own);
        }
    }
    made
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
        assert_eq!(moments.behind(2_000).collect::<Vec<_>>(), [1_999, 0]);
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
            prop_assert_eq!(moments.gravest(begin..begin + length).map(|(_, entry)| entry.at), wanted);
        }
    }
}
