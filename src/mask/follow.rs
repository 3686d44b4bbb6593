//! Follows the line that is being written, so that a secret is found that was typed with mistakes, drawn again letter by
//! letter, or broken at the terminal's right edge.
//!
//! Most lines are written from left to right and end before the edge: for them this only watches out. Once the cursor
//! goes back, or a full row goes on in the next, a [`Fork`] reads the line as it stands on the screen. What either
//! reading hides is hidden, and a byte waits while either may hide it.

use memchr::memchr3;

use super::cells::Cells;
use super::cells::Edit;
use super::cells::USUAL_WIDTH;
use super::cells::columns_of;
use super::cells::letter_length;
use super::compiled::Compiled;
use super::edited::Credit;
use super::edited::Edited;
use super::edited::MOST_EDITS;
use super::exact::Exact;
use super::fork::Fork;
use super::scan::Mark;
use super::scan::Scanner;

/// The most bytes of a line that are kept for a second reading.
pub const LINE: usize = 4096;
/// After so many letters that repeat others what waits is hidden: it must not wait for ever.
const MOST_REPEATED: usize = 1024;
/// What a text is scanned with, and where the finds go.
pub struct Tools<'t> {
    /// The rules.
    pub rules: &'t Compiled,
    /// The known values.
    pub exact: &'t Exact,
    /// The scanner that reads the bytes as they come.
    pub scanner: &'t mut Scanner,
    /// What was found.
    pub marks: &'t mut Vec<Mark>,
}

/// The line that is being written.
#[derive(Debug)]
pub struct Follower {
    pub(super) width: Option<usize>,
    /// Where its text begins, unless that was too long ago.
    start: Option<usize>,
    /// It begins in the first column.
    from_edge: bool,
    /// The last byte was a carriage return, and what it means is told by the next.
    returned: bool,
    /// The last byte, which no scanner has yet.
    waiting: Option<Waiting>,
    edited: Option<Edited>,
    forks: u64,
    credit: Credit,
    /// Up to here the columns of the line have been counted, and how many they are.
    measured: (usize, usize),
}

/// A byte whose meaning is told by what follows it, and not by where a read ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    /// An underscore: the next letter may be printed over it.
    Underscore,
    /// A blank where a row may end: a shell prints it, and a carriage return, to get to the next.
    Blank,
    /// A carriage return: a line end may follow.
    Return,
}

impl Default for Follower {
    fn default() -> Self {
        Self {
            width: None,
            start: Some(0),
            from_edge: true,
            returned: false,
            waiting: None,
            edited: None,
            forks: 0,
            credit: Credit::default(),
            measured: (0, 0),
        }
    }
}

impl Follower {
    /// The terminal is `columns` wide now.
    pub fn resize(&mut self, columns: usize, tools: &mut Tools<'_>) {
        if self.width == Some(columns) {
            return;
        }
        self.width = Some(columns);
        if self.edited.is_some() {
            self.end(tools);
        }
    }

    /// The first byte that must wait, if any.
    pub fn hold(&self, end: usize) -> usize {
        let Some(edited) = &self.edited else { return usize::MAX };
        let partial = if edited.partial.is_empty() { usize::MAX } else { end - edited.partial.len() };
        edited.fork.hold().unwrap_or(usize::MAX).min(partial).min(edited.blank.unwrap_or(usize::MAX))
    }

    /// The first byte that may be asked for again.
    pub fn keep(&self, end: usize) -> usize {
        self.start.unwrap_or(end).max(end.saturating_sub(LINE))
    }

    /// Looks at what is new.
    pub fn scan(&mut self, tools: &mut Tools<'_>) {
        if let Some(edited) = &mut self.edited {
            edited.fork.scan(tools.rules, tools.exact, false, tools.marks);
        }
    }

    /// Nothing follows that could make a letter whole.
    fn end_letter(&mut self, tools: &mut Tools<'_>) {
        self.blank_stays(tools);
        if let Some(edited) = &mut self.edited {
            let partial = std::mem::take(&mut edited.partial);
            let first = tools.scanner.end() - partial.len();
            for (index, byte) in partial.iter().enumerate() {
                self.letter(&[*byte], first + index, tools);
            }
        }
    }

    /// Hides what waits.
    pub fn settle(&mut self, tools: &mut Tools<'_>) {
        self.end_letter(tools);
        if let Some(edited) = &mut self.edited {
            edited.fork.scan(tools.rules, tools.exact, false, tools.marks);
            if !edited.is_current || edited.cells.cursor() < edited.read {
                edited.fork.settle_doubts(tools.marks);
            }
            edited.fork.settle(tools.marks);
        }
    }

    /// Takes text, with what a terminal does at line ends, carriage returns and backspaces.
    pub fn text(&mut self, bytes: &[u8], tools: &mut Tools<'_>) {
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            self.go_on(Some(*first), tools);
            if self.returned && !matches!(first, b'\n' | b'\r') {
                self.carriage_return();
            }
            let count = memchr3(b'\n', b'\r', 0x08, rest).unwrap_or(rest.len());
            if count > 0 {
                self.letters_before(&rest[..count], rest.get(count).copied(), tools);
                rest = &rest[count..];
                continue;
            }
            match first {
                b'\n' => self.newline(tools),
                b'\r' => self.waiting = Some(Waiting::Return),
                _ => {
                    self.edit(Edit::Left(1), tools);
                    tools.scanner.feed(b"\x08");
                }
            }
            rest = &rest[1..];
        }
    }

    /// Letters in a row, the last of which may wait for `next`.
    fn letters_before(&mut self, letters: &[u8], next: Option<u8>, tools: &mut Tools<'_>) {
        let (before, last) = letters.split_at(letters.len() - 1);
        let waiting = match (last, next) {
            (b"_", None | Some(0x08)) => Waiting::Underscore,
            (b" ", None | Some(b'\r')) if self.edited.is_none() => Waiting::Blank,
            _ => return self.letters(letters, tools),
        };
        self.letters(before, tools);
        if waiting == Waiting::Blank && !(self.width.is_some() && self.is_full(tools)) {
            return self.letters(last, tools);
        }
        self.waiting = Some(waiting);
    }

    /// What waits is followed by `next`; by a sequence, or by nothing for a while, if there is none.
    fn go_on(&mut self, next: Option<u8>, tools: &mut Tools<'_>) {
        match self.waiting.take() {
            None => {}
            Some(Waiting::Underscore) if next == Some(0x08) => self.underline(tools),
            Some(Waiting::Underscore) => self.letters(b"_", tools),
            Some(Waiting::Blank) => {
                if next.is_none_or(|byte| byte == b'\r') {
                    self.begin(tools);
                }
                self.letters(b" ", tools);
            }
            Some(Waiting::Return) => self.goes_back(next != Some(b'\n'), tools),
        }
    }

    /// A carriage return: before a line end it matters only at the edge, before anything else the cursor goes back.
    fn goes_back(&mut self, is_alone: bool, tools: &mut Tools<'_>) {
        if self.edited.is_none() && (is_alone || self.is_full(tools)) {
            self.begin(tools);
        }
        tools.scanner.feed(b"\r");
        self.returned = true;
    }

    /// Whether a byte waits that no scanner has.
    pub fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// No text follows for now.
    pub fn gather(&mut self, tools: &mut Tools<'_>) {
        self.go_on(None, tools);
    }

    /// The letter after an underscore is printed over it: read as part of the line it would end every token.
    fn underline(&mut self, tools: &mut Tools<'_>) {
        if self.edited.is_none() {
            self.begin(tools);
        }
        self.blank_stays(tools);
        match &mut self.edited {
            Some(edited) if edited.is_at_end() => {
                edited.cells.print(b"_", tools.scanner.end(), edited.fork.end());
                tools.scanner.feed(b"_");
            }
            _ => self.letters(b"_", tools),
        }
    }

    /// A sequence edits the line; `false` if it leads out of it.
    pub fn edit(&mut self, edit: Edit, tools: &mut Tools<'_>) -> bool {
        if self.returned {
            self.carriage_return();
        }
        if self.edited.is_none() {
            match edit {
                Edit::Up(_) => return false,
                // The cursor stands at the end: there is nothing.
                Edit::EraseToEnd | Edit::Delete(_) | Edit::Insert(_) | Edit::Blank(_) => return true,
                Edit::Left(_) | Edit::Right(_) | Edit::Column(_) | Edit::Erase => self.begin(tools),
            }
        }
        self.blank_stays(tools);
        let Some(edited) = &mut self.edited else { return true };
        edited.edits += 1;
        let moves = matches!(edit, Edit::Delete(_) | Edit::Insert(_) | Edit::Blank(_) | Edit::Erase);
        edited.is_current &= !moves;
        let cost = match edit {
            Edit::Insert(count) => edited.cells.cells().len().saturating_add(count),
            _ if moves => edited.cells.cells().len(),
            _ => 0,
        };
        if self.credit.spend(cost, tools.scanner.end()) && edited.cells.edit(edit).is_some() {
            return true;
        }
        self.end(tools);
        false
    }

    /// What follows stands elsewhere; in the first column, if `at_edge`.
    pub fn leave(&mut self, at_edge: bool, tools: &mut Tools<'_>) {
        self.end(tools);
        self.start = Some(tools.scanner.end());
        self.from_edge = at_edge;
        self.returned = false;
    }

    /// The line is not followed any more.
    pub fn end(&mut self, tools: &mut Tools<'_>) {
        self.end_letter(tools);
        self.start = None;
        let Some(mut edited) = self.edited.take() else { return };
        edited.fork.scan(tools.rules, tools.exact, true, tools.marks);
    }

    fn newline(&mut self, tools: &mut Tools<'_>) {
        // After a carriage return it has been looked at.
        if self.edited.is_none() && !self.returned && self.is_full(tools) {
            self.begin(tools);
        }
        self.returned = false;
        self.blank_stays(tools);
        match &mut self.edited {
            Some(edited) if edited.cells.is_full() && edited.edits < MOST_EDITS => {
                edited.cells.next_row();
                tools.scanner.feed(b"\n");
            }
            _ => {
                self.end(tools);
                tools.scanner.feed(b"\n");
                self.start = Some(tools.scanner.end());
                self.from_edge = true;
            }
        }
    }

    fn carriage_return(&mut self) {
        self.returned = false;
        if let Some(edited) = &mut self.edited {
            if edited.blank.take().is_some() {
                edited.cells.next_row();
                return;
            }
            edited.edits += 1;
            edited.cells.carriage_return();
        }
    }

    /// What came after a blank is no carriage return.
    fn blank_stays(&mut self, tools: &mut Tools<'_>) {
        if let Some(at) = self.edited.as_mut().and_then(|edited| edited.blank.take()) {
            self.print(b" ", at, tools);
        }
    }

    /// Whether what was written fills its row to the edge.
    fn is_full(&mut self, tools: &Tools<'_>) -> bool {
        let width = self.width.unwrap_or(USUAL_WIDTH);
        self.columns(tools, width).is_some_and(|columns| columns > 0 && columns.is_multiple_of(width))
    }

    /// The column of the cursor, if it can be `least` or more.
    fn columns(&mut self, tools: &Tools<'_>, least: usize) -> Option<usize> {
        let start = self.start.filter(|_| self.from_edge)?;
        let end = tools.scanner.end();
        let length = end - start;
        if length * 8 < least || length > LINE {
            return None;
        }
        let text = tools.scanner.bytes(start..end);
        if length < least && memchr::memchr(b'\t', text).is_none() || text.len() != length {
            return None;
        }
        // What has been counted is not counted again with every piece of a line.
        let (from, before) = if self.measured.0 > start { self.measured } else { (start, 0) };
        let columns = columns_of(text.get(from - start..)?, before)?;
        if ends_whole(text) {
            self.measured = (end, columns);
        }
        Some(columns)
    }

    fn letters(&mut self, letters: &[u8], tools: &mut Tools<'_>) {
        match self.edited {
            Some(_) => self.edited_letters(letters, tools),
            None => tools.scanner.feed(letters),
        }
    }

    fn edited_letters(&mut self, letters: &[u8], tools: &mut Tools<'_>) {
        let mut rest = letters;
        while let Some(first) = rest.first() {
            let Some(edited) = &mut self.edited else { return tools.scanner.feed(rest) };
            if edited.blank.is_none() && edited.is_at_end() {
                let (at, read_at) = (tools.scanner.end(), edited.fork.end());
                let count = edited.cells.append(rest, at, read_at);
                if count > 0 {
                    edited.fork.read(&rest[..count], at);
                    edited.read = edited.cells.cursor();
                    tools.scanner.feed(&rest[..count]);
                    rest = &rest[count..];
                    continue;
                }
            }
            if edited.partial.is_empty() && first.is_ascii() {
                let at = tools.scanner.end();
                self.letter(&rest[..1], at, tools);
                tools.scanner.feed(&rest[..1]);
                rest = &rest[1..];
                continue;
            }
            // A letter of several bytes, which may have come in part.
            edited.partial.push(*first);
            tools.scanner.feed(&rest[..1]);
            rest = &rest[1..];
            self.whole_letters(tools);
        }
    }

    fn whole_letters(&mut self, tools: &mut Tools<'_>) {
        while let Some(edited) = &mut self.edited
            && let Some(length) = letter_length(&edited.partial)
        {
            let at = tools.scanner.end() - edited.partial.len();
            let letter: Vec<u8> = edited.partial.drain(..length).collect();
            self.letter(&letter, at, tools);
        }
    }

    /// Prints one letter of an edited line.
    fn letter(&mut self, letter: &[u8], at: usize, tools: &mut Tools<'_>) {
        self.blank_stays(tools);
        match &mut self.edited {
            Some(edited) if letter == b" " && edited.cells.is_full() => edited.blank = Some(at),
            _ => self.print(letter, at, tools),
        }
    }

    fn print(&mut self, letter: &[u8], at: usize, tools: &mut Tools<'_>) {
        let Some(edited) = &mut self.edited else { return };
        let cursor = edited.cells.cursor();
        if edited.edits >= MOST_EDITS || edited.cells.is_too_long() {
            return self.end(tools);
        }
        if !edited.cells.takes_column(letter) {
            if edited.is_current && cursor == edited.read {
                edited.fork.read(letter, at);
            }
            return;
        }
        if edited.is_current
            && cursor < edited.read
            && let Some(cell) = edited.cells.stands(letter)
        {
            edited.edits += 1;
            edited.fork.scan(tools.rules, tools.exact, false, tools.marks);
            edited.fork.read_again(cell.read_at, at, letter.len(), tools.marks);
            if edited.fork.repeated().is_multiple_of(MOST_REPEATED) {
                edited.fork.settle(tools.marks);
            }
            return edited.cells.pass(letter);
        }
        if !edited.is_current || cursor != edited.read {
            self.forks += 1;
            edited.read_anew(self.forks, &mut self.credit, tools);
        }
        let read_at = edited.fork.end();
        edited.cells.print(letter, at, read_at);
        edited.fork.read(letter, at);
        edited.read = edited.cells.cursor();
    }

    /// From now on the line is read in both ways.
    fn begin(&mut self, tools: &mut Tools<'_>) {
        let end = tools.scanner.end();
        let floor = tools.scanner.scan(tools.rules, tools.exact, false);
        let start = self.start.filter(|start| end - start <= LINE).unwrap_or(end.saturating_sub(LINE / 4));
        let text = tools.scanner.bytes(start..end).to_vec();
        let start = end - text.len();
        let is_placed = self.from_edge && self.start == Some(start);
        let mut cells = Cells::new(self.width.filter(|_| is_placed));
        self.forks += 1;
        let mut fork = Fork::new(self.forks, floor);
        let mut rest = text.as_slice();
        let mut at = start;
        while !rest.is_empty() {
            let count = cells.append(rest, at, fork.end());
            let length = letter_length(rest).unwrap_or(rest.len()).min(4);
            let (letter, after) = rest.split_at(if count > 0 { count } else { length });
            // A row that the terminal itself broke goes on in the next.
            if count == 0 {
                cells.print(letter, at, fork.end());
            }
            fork.read(letter, at);
            (rest, at) = (after, at + letter.len());
        }
        fork.scan(tools.rules, tools.exact, false, tools.marks);
        let read = cells.cursor();
        self.edited =
            Some(Edited { cells, fork, read, is_current: true, partial: Vec::new(), blank: None, edits: 0 });
    }
}

/// Whether a text ends with a letter that is not cut.
fn ends_whole(text: &[u8]) -> bool {
    let last = &text[text.len().saturating_sub(4)..];
    let first = last.iter().rposition(|byte| !(0x80..0xc0).contains(byte));
    first.is_some_and(|first| letter_length(&last[first..]) == Some(last.len() - first))
}
