//! Finding what belongs together in two sequences.

use std::collections::HashMap;
use std::collections::VecDeque;

use imara_diff::Algorithm;
use imara_diff::Diff;
use imara_diff::Token;

use super::Row;
use super::State;
use super::side::Item;

/// The rows of a comparison, in the order of both.
///
/// Takes time in proportion to the number of items where they are much alike, and never the product of both numbers: the
/// algorithm gives up the longest common subsequence for a good one before that.
pub(super) fn align(a: &[Item], b: &[Item]) -> Vec<Row> {
    let mut numbers = HashMap::new();
    let mut tokens = |items: &[Item]| -> Vec<Token> {
        let mut number = |item: &Item| {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            Token(*numbers.entry(item.coarse).or_insert(next))
        };
        items.iter().map(&mut number).collect()
    };
    let (before, after) = (tokens(a), tokens(b));
    let mut diff = Diff::default();
    let kinds = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    diff.compute_with(Algorithm::Histogram, &before, &after, kinds);
    let mut rows = Vec::with_capacity(a.len().max(b.len()));
    let (mut at_a, mut at_b) = (0, 0);
    let both = |rows: &mut Vec<Row>, at_a: &mut usize, at_b: &mut usize, until: usize| {
        while *at_a < until && *at_b < b.len() {
            let state = if a[*at_a].is_like(&b[*at_b]) { State::Same } else { State::Changed };
            rows.push(Row { a: Some(*at_a), b: Some(*at_b), state });
            (*at_a, *at_b) = (*at_a + 1, *at_b + 1);
        }
    };
    for hunk in diff.hunks() {
        both(&mut rows, &mut at_a, &mut at_b, hunk.before.start as usize);
        let removed = (hunk.before.start as usize)..(hunk.before.end as usize);
        let added = (hunk.after.start as usize)..(hunk.after.end as usize);
        (at_a, at_b) = (removed.end, added.end);
        rows.extend(removed.map(|index| Row { a: Some(index), b: None, state: State::OnlyA }));
        rows.extend(added.map(|index| Row { a: None, b: Some(index), state: State::OnlyB }));
    }
    both(&mut rows, &mut at_a, &mut at_b, a.len());
    moved(&mut rows, a, b);
    rows
}

/// What is in both, but not in the same order.
fn moved(rows: &mut [Row], a: &[Item], b: &[Item]) {
    let mut waiting: HashMap<u64, VecDeque<usize>> = HashMap::new();
    for (place, row) in rows.iter().enumerate() {
        if let (State::OnlyA, Some(index)) = (row.state, row.a) {
            waiting.entry(a[index].coarse).or_default().push_back(place);
        }
    }
    for place in 0..rows.len() {
        let (State::OnlyB, Some(index)) = (rows[place].state, rows[place].b) else { continue };
        let Some(from) = waiting.get_mut(&b[index].coarse).and_then(VecDeque::pop_front) else { continue };
        (rows[from].b, rows[from].state) = (Some(index), State::MovedFrom);
        (rows[place].a, rows[place].state) = (rows[from].a, State::MovedTo);
    }
}

impl Item {
    /// Whether nothing that counts differs.
    fn is_like(&self, other: &Self) -> bool {
        (self.fine, self.params_digest) == (other.fine, other.params_digest)
            && (self.decision, &self.result) == (other.decision, &other.result)
            && (&self.region, &self.accounts) == (&other.region, &other.accounts)
    }
}
