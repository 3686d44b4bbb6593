//! A line that was edited or goes over several rows, and what its edits may cost.

use super::cells::Cells;
use super::follow::LINE;
use super::follow::Tools;
use super::fork::Fork;

/// As far as a line is read again at each of its first edits, at later ones, and once the credit is spent.
const READ_AGAIN: [usize; 3] = [LINE, 256, 16];
/// Edits that may cost much.
const COSTLY_EDITS: u32 = 32;
/// Columns that edits may move or have read again, all in all, and how many more for each byte and edit that came: what
/// a program writes must not cost more than in proportion.
const CREDIT: usize = 1 << 17;
const EARNED: usize = 16;
/// A line with more edits than this is given up.
pub const MOST_EDITS: u32 = 1 << 16;

/// What edits may still cost.
#[derive(Debug)]
pub struct Credit {
    left: usize,
    /// It has been earned up to this byte.
    at: usize,
}

impl Default for Credit {
    fn default() -> Self {
        Self { left: CREDIT, at: 0 }
    }
}

impl Credit {
    /// Takes what `columns` cost, with `end` bytes come; `false` if there is not so much.
    pub fn spend(&mut self, columns: usize, end: usize) -> bool {
        let earned = (1 + end.saturating_sub(self.at)).saturating_mul(EARNED);
        self.at = end;
        self.left = self.left.saturating_add(earned).min(CREDIT);
        let left = self.left.checked_sub(columns);
        self.left = left.unwrap_or(0);
        left.is_some()
    }
}

/// A line that was edited or goes over several rows.
#[derive(Debug)]
pub struct Edited {
    /// The line as it stands.
    pub cells: Cells,
    /// What reads it.
    pub fork: Fork,
    /// The columns that the fork has read.
    pub read: usize,
    /// They are still what it has read.
    pub is_current: bool,
    /// The beginning of a letter of several bytes.
    pub partial: Vec<u8>,
    /// A blank behind a full row, which a shell prints to get to the next: it is read once it is known to stay.
    pub blank: Option<usize>,
    /// How often it was edited.
    pub edits: u32,
}

impl Edited {
    /// Whether the next letter goes on with what the fork has read.
    pub fn is_at_end(&self) -> bool {
        let goes_on = self.is_current && self.cells.cursor() == self.read && self.partial.is_empty();
        goes_on && self.edits < MOST_EDITS && !self.cells.is_too_long()
    }

    /// The line is not what was read: what stands before the cursor is read once more.
    pub fn read_anew(&mut self, number: u64, credit: &mut Credit, tools: &mut Tools<'_>) {
        let cursor = self.cells.cursor();
        self.fork.scan(tools.rules, tools.exact, false, tools.marks);
        let is_last = cursor + 1 == self.cells.cells().len() && self.is_current;
        let underlined = is_last && self.cells.cells()[cursor].letter() == b"_";
        let waiting = self.fork.hold().unwrap_or(usize::MAX);
        // Letters that waited and are no more on the line could not be judged later.
        if waiting != usize::MAX && !underlined {
            self.fork.settle(tools.marks);
        }
        let own = tools.scanner.scan(tools.rules, tools.exact, false);
        let floor = waiting.min(own);
        self.fork = Fork::new(number, floor);
        let most = READ_AGAIN[usize::from(self.edits > COSTLY_EDITS)];
        let most = if credit.spend(most.min(cursor), tools.scanner.end()) { most } else { READ_AGAIN[2] };
        let from = cursor.saturating_sub(most);
        let end = cursor.min(self.cells.cells().len());
        for cell in &mut self.cells.cells_mut()[from.min(end)..end] {
            cell.read_at = self.fork.end();
            if cell.at == usize::MAX {
                self.fork.read_blank(cell.letter());
                continue;
            }
            self.fork.read(cell.letter(), cell.at);
        }
        self.fork.scan(tools.rules, tools.exact, false, tools.marks);
        self.edits += 1;
        self.read = cursor;
        self.is_current = true;
    }
}
