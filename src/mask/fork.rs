//! A second reading of a stream's bytes: in the order in which they stand on the line, not in which they came.

use std::ops::Range;

use super::compiled::Compiled;
use super::exact::Exact;
use super::scan::Mark;
use super::scan::Scanner;

/// Reads a line's letters and tells what it finds by their places in the stream.
#[derive(Debug)]
pub struct Fork {
    scanner: Scanner,
    /// Bytes of the stream before this one have been shown: nothing can be said about them any more.
    floor: usize,
    /// Runs of letters: where this scanner has them, where the stream has them, how many bytes.
    runs: Vec<(usize, usize, usize)>,
    /// Letters that were printed again over themselves.
    again: Vec<(usize, usize, usize)>,
    /// Up to here it is decided.
    decided: usize,
    /// Up to here it has been looked at.
    scanned: usize,
    /// What was found on this line, as this scanner has it.
    found: Vec<Mark>,
}

impl Fork {
    /// Nothing read yet. `number` sets its secrets apart from those of other readings.
    pub fn new(number: u64, floor: usize) -> Self {
        let mut scanner = Scanner::numbered_from(number << 32);
        // What is no line's beginning for the stream is one here, as far as is known.
        scanner.feed(b"\n");
        Self {
            scanner,
            floor,
            runs: Vec::new(),
            again: Vec::new(),
            decided: 1,
            scanned: 0,
            found: Vec::new(),
        }
    }

    /// The position at which the next letter will be read.
    pub fn end(&self) -> usize {
        self.scanner.end()
    }

    /// Reads a letter that stands at `at` in the stream.
    pub fn read(&mut self, letter: &[u8], at: usize) {
        let end = self.end();
        match self.runs.last_mut() {
            Some((read, from, length)) if *read + *length == end && *from + *length == at => {
                *length += letter.len();
            }
            _ => self.runs.push((end, at, letter.len())),
        }
        self.scanner.feed(letter);
    }

    /// Reads what stands on the line and nowhere in the stream.
    pub fn read_blank(&mut self, letter: &[u8]) {
        self.scanner.feed(letter);
    }

    /// A letter that was read at `read_at` came once more, at `at`.
    pub fn read_again(&mut self, read_at: usize, at: usize, length: usize, marks: &mut Vec<Mark>) {
        if read_at + length > self.decided {
            self.again.push((read_at, at, length));
        }
        for mark in &self.found {
            if mark.range.start < read_at + length && read_at < mark.range.end {
                marks.push(Mark { range: at..at + length, whole: at, ..mark.clone() });
            }
        }
    }

    /// How many letters came once more and wait.
    pub fn repeated(&self) -> usize {
        self.again.len()
    }

    /// Looks at what is new; appends what it finds, by its places in the stream.
    pub fn scan(&mut self, rules: &Compiled, exact: &Exact, last: bool, marks: &mut Vec<Mark>) {
        if !last && self.scanned == self.end() {
            return;
        }
        self.scanned = self.end();
        self.decided = self.scanner.scan(rules, exact, last).max(self.decided);
        self.take(marks);
        // What is decided will not be found any more.
        self.again.retain(|(read, _, length)| read + length > self.decided);
        self.scanner.let_go(self.decided, self.decided);
    }

    /// Hides what waits.
    pub fn settle(&mut self, marks: &mut Vec<Mark>) {
        self.scanner.settle();
        self.decided = self.end();
        self.take(marks);
        self.again.clear();
    }

    /// Hides the beginnings of known values in which a mistake is being taken back.
    pub fn settle_doubts(&mut self, marks: &mut Vec<Mark>) {
        self.scanner.settle_doubts();
        self.take(marks);
    }

    /// The first byte of the stream that must wait, if any.
    pub fn hold(&self) -> Option<usize> {
        if self.decided >= self.end() {
            return None;
        }
        let places = self.runs.iter().rev().take_while(|(read, _, length)| read + length > self.decided);
        let first = places.map(|(read, at, _)| at + self.decided.saturating_sub(*read));
        let again = self.again.iter().filter(|(read, _, _)| *read >= self.decided).map(|(_, at, _)| *at);
        first.chain(again).map(|at| at.max(self.floor)).min()
    }

    fn take(&mut self, marks: &mut Vec<Mark>) {
        if !self.scanner.has_marks() {
            return;
        }
        for mark in self.scanner.take_marks() {
            let runs =
                self.runs.iter().rev().take_while(|(read, _, length)| read + length > mark.range.start);
            for (read, at, length) in runs.chain(&self.again) {
                let range = overlap(&mark.range, *read..read + length);
                let from = (at + range.start - read.min(&range.start)).max(self.floor);
                let to = at + range.end - read.min(&range.end);
                if !range.is_empty() && from < to {
                    marks.push(Mark { range: from..to, whole: from, ..mark.clone() });
                }
            }
            match self.found.last_mut() {
                Some(last) if last.secret == mark.secret && last.range.end == mark.range.start => {
                    last.range.end = mark.range.end;
                }
                _ => self.found.push(mark),
            }
        }
    }
}

fn overlap(one: &Range<usize>, other: Range<usize>) -> Range<usize> {
    let start = one.start.max(other.start);
    start..one.end.min(other.end).max(start)
}
