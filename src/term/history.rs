//! Lines that have left the top of the main screen: what a terminal keeps to scroll back to.

use std::collections::VecDeque;

use avt::Line;
use avt::Observation;
use avt::Observer;
use avt::Operation;
use avt::parser::Function;

use crate::term::Cell;
use crate::term::links::Linked;
use crate::term::links::Tracker;

/// What a line counts at least, in bytes.
const LEAST: usize = 512;

/// A line as it was when it left the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its cells, without empty ones at the end.
    pub cells: Box<[Cell]>,
    /// Whether the next line continues it.
    pub wrapped: bool,
    /// What [`History::stamp`] was then.
    pub stamp: u64,
    /// What of it is a link, from left to right.
    pub links: Box<[Linked]>,
}

impl Row {
    pub(super) fn of(line: &Line, stamp: u64, links: Vec<Linked>) -> Self {
        let cells = line.cells();
        let blank = Cell::from(&avt::Cell::default());
        let end = cells.iter().rposition(|cell| Cell::from(cell) != blank).map_or(0, |last| last + 1);
        let cells = cells[..end].iter().map(Cell::from).collect();
        Self { cells, wrapped: line.is_wrapped(), stamp, links: links.into() }
    }

    /// Bytes of memory it takes; empty ones count too, so that there are never too many of them to look through.
    #[must_use]
    pub fn bytes(&self) -> usize {
        // Of a target that several links share every link counts.
        let links: usize = self.links.iter().map(|link| size_of::<Linked>() + link.target.len()).sum();
        (size_of::<Self>() + size_of_val(&*self.cells)).max(LEAST) + links
    }
}

/// The newest of the lines that left a screen, as many as there is memory for.
#[derive(Clone, Debug)]
pub struct History {
    /// What the lines that leave from now on are stamped with.
    pub stamp: u64,
    rows: VecDeque<Row>,
    bytes: usize,
    most: usize,
    has_lost: bool,
}

impl History {
    /// None yet; at most `most` bytes of them.
    #[must_use]
    pub fn within(most: usize) -> Self {
        Self { stamp: 0, rows: VecDeque::new(), bytes: 0, most, has_lost: false }
    }

    /// The lines, oldest first.
    #[must_use]
    pub fn into_rows(self) -> VecDeque<Row> {
        self.rows
    }

    /// Bytes of memory that the lines take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether there were more lines than there is memory for.
    #[must_use]
    pub fn has_lost(&self) -> bool {
        self.has_lost
    }

    fn push(&mut self, line: &Line, links: Vec<Linked>) {
        let row = Row::of(line, self.stamp, links);
        self.bytes += row.bytes();
        self.rows.push_back(row);
        while self.bytes > self.most {
            let Some(row) = self.rows.pop_front() else { break };
            self.bytes -= row.bytes();
            self.has_lost = true;
        }
    }
}

/// Puts the lines that leave the main screen into a history, with their links.
pub(super) struct Leaving<'a> {
    history: &'a mut History,
    links: &'a mut Tracker,
    /// Whether what is printed is a link.
    is_open: bool,
    /// The links on the lines that leave next.
    next: VecDeque<Vec<Linked>>,
}

impl<'a> Leaving<'a> {
    pub(super) fn new(history: &'a mut History, links: &'a mut Tracker) -> Self {
        Self { is_open: links.is_open(), history, links, next: VecDeque::new() }
    }
}

impl Observer for Leaving<'_> {
    type Output = ();

    fn before(&mut self, context: &mut Observation<'_>, operation: &Operation) {
        if self.is_open {
            self.links.before(context, operation);
        }
        // A reset wipes the screen without scrolling; what stood there is not lost.
        if matches!(operation, Operation::Function(Function::Ris)) {
            let links = self.links.on_main(context.terminal());
            let lines: Vec<&Line> = context.terminal().primary_screen().visible_lines().collect();
            let last = lines.iter().rposition(|line| line.chars().any(|c| c != ' '));
            let lines = lines[..last.map_or(0, |last| last + 1)].iter();
            lines.zip(links).for_each(|(line, links)| self.history.push(line, links));
        }
    }

    fn after(&mut self, context: &mut Observation<'_>, operation: &Operation) {
        if self.is_open {
            self.links.after(context, operation);
        }
        // Now: a line that has left has no place any more that a link could be tied to.
        self.next = self.links.leaving(context.terminal()).into();
    }

    fn evicted(&mut self, _: &mut Observation<'_>, line: &Line) {
        self.history.push(line, self.next.pop_front().unwrap_or_default());
    }

    fn end(&mut self, _: &mut Observation<'_>) {}
}
