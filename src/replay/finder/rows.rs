//! The part of the answer that is held: rows around the chosen one, however long the answer is.

use std::collections::VecDeque;

use crate::replay::sessions::Session;
use crate::store::Hit;

/// Rows asked for at once.
pub const PAGE: usize = 100;
/// Most rows held.
const MOST: usize = 500;
/// So near to the end of what is held the next rows are asked for.
const MARGIN: usize = 50;

/// A session of the answer, and what in it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The session.
    pub session: Session,
    /// The first places in it that fit, in the order of time.
    pub hits: Vec<Hit>,
    /// Whether there are more of them.
    pub more: bool,
}

/// A stretch of the answer.
#[derive(Debug, Default)]
pub struct Rows {
    first: usize,
    held: VecDeque<Row>,
    /// Whether the answer ends with what is held.
    ended: bool,
}

impl Rows {
    /// The row of that number; none when it is not held.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Row> {
        self.held.get(index.checked_sub(self.first)?)
    }

    /// Where the held rows begin.
    #[must_use]
    pub fn first(&self) -> usize {
        self.first
    }

    /// The number behind the last held row.
    #[must_use]
    pub fn end(&self) -> usize {
        self.first + self.held.len()
    }

    /// Whether the answer ends with what is held, so that its length is known.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Whether anything was found inside a session that is held.
    #[must_use]
    pub fn any_hits(&self) -> bool {
        self.held.iter().any(|row| !row.hits.is_empty())
    }

    /// Whether a session that is held runs.
    #[must_use]
    pub fn any_running(&self) -> bool {
        self.held.iter().any(|row| row.session.state.is_running())
    }

    /// The number of the row with the session `id`.
    #[must_use]
    pub fn position(&self, id: &str) -> Option<usize> {
        self.held.iter().position(|row| row.session.id == id).map(|at| self.first + at)
    }

    /// Takes the rows from `offset` on; `ended` says that no more come after them.
    ///
    /// What does not join on to what is held takes its place.
    pub fn take(&mut self, offset: usize, rows: Vec<Row>, ended: bool) {
        if offset == self.end() && !self.held.is_empty() {
            self.held.extend(rows);
            self.ended = ended;
            let over = self.held.len().saturating_sub(MOST);
            self.held.drain(..over);
            self.first += over;
        } else if offset + rows.len() == self.first && !self.held.is_empty() {
            for row in rows.into_iter().rev() {
                self.held.push_front(row);
            }
            self.first = offset;
            self.ended &= self.held.len() <= MOST;
            self.held.truncate(MOST);
        } else {
            self.set(offset, rows, ended);
        }
    }

    /// Forgets what is held for these rows.
    pub fn set(&mut self, offset: usize, rows: Vec<Row>, ended: bool) {
        (self.first, self.held, self.ended) = (offset, rows.into(), ended);
    }

    /// From where on rows are missing if `selected` is chosen.
    #[must_use]
    pub fn missing(&self, selected: usize) -> Option<usize> {
        if selected < self.first || selected > self.end() {
            return Some(selected.saturating_sub(PAGE / 2));
        }
        if selected + MARGIN >= self.end() && !self.ended {
            return Some(self.end());
        }
        (self.first > 0 && selected < self.first + MARGIN).then(|| self.first.saturating_sub(PAGE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::fixture;

    fn rows(from: usize, count: usize) -> Vec<Row> {
        (from..from + count).map(|n| fixture::row(&n.to_string(), "x", Vec::new())).collect()
    }

    /// Answers as a store of `total` sessions would, until nothing is missing.
    fn fill(held: &mut Rows, selected: usize, total: usize) {
        while let Some(offset) = held.missing(selected) {
            let count = PAGE.min(total.saturating_sub(offset));
            held.take(offset, rows(offset, count), offset + count >= total);
        }
    }

    #[test]
    fn only_rows_around_the_chosen_one_are_held() {
        let mut held = Rows::default();
        fill(&mut held, 0, 10_000);
        assert!(held.get(MARGIN).is_some() && !held.ended());
        for selected in (0..10_000).chain((0..10_000).rev()).step_by(7).chain([9_999, 3, 5_000, 4_000, 0]) {
            fill(&mut held, selected, 10_000);
            assert_eq!(held.get(selected).unwrap().session.id, selected.to_string());
            assert!(held.end() - held.first() <= MOST);
        }
        fill(&mut held, 9_999, 10_000);
        assert!(held.ended() && held.end() == 10_000);
    }

    #[test]
    fn a_short_answer_is_held_whole() {
        let mut held = Rows::default();
        fill(&mut held, 0, 3);
        assert_eq!((held.first(), held.end(), held.ended()), (0, 3, true));
        assert_eq!(held.position("2"), Some(2));
        held.set(0, Vec::new(), true);
        assert_eq!(held.missing(0), None);
    }
}
