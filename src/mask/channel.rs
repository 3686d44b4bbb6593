//! A text as it leaves: what is decided, with stars, and the bytes in between that are no text.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::Masks;
use super::cells::Edit;
use super::compiled::Compiled;
use super::exact::Exact;
use super::follow::Follower;
use super::follow::Tools;
use super::scan::Mark;
use super::scan::Named;
use super::scan::Scanner;
use super::stars::Stars;
use super::stars::unfinished;

/// Escape bytes that may wait behind held text; beyond it the text is hidden as in a pause.
const ASIDE: usize = 16 * 1024;
/// What a hidden byte becomes.
pub const STAR: u8 = b'*';

/// A text with bytes in between that are not part of it.
#[derive(Debug, Default)]
pub struct Channel {
    scanner: Scanner,
    /// Reads the line as it stands on the screen, where there is one.
    follower: Option<Follower>,
    /// The position up to which the text has been shown.
    shown: usize,
    marks: Vec<Mark>,
    /// Marks before this one have been shown.
    first_mark: usize,
    /// Where bytes stand that are not text: the text position, and how many.
    asides: VecDeque<Aside>,
    aside_bytes: Vec<u8>,
    /// How many of them have been shown.
    aside_shown: usize,
    aside_since_text: usize,
    /// The last secret that was counted, and the position up to which it was masked.
    counted: (u64, usize),
    stars: Stars,
}

#[derive(Clone, Copy, Debug)]
struct Aside {
    at: usize,
    bytes: usize,
    /// The byte of the text at `at` is not of the stream: a line end that only the scanner sees.
    unseen: bool,
}

impl Channel {
    /// A text that is written on a screen.
    pub fn on_screen() -> Self {
        Self { follower: Some(Follower::default()), ..Self::default() }
    }

    /// A text that goes on after `shown`, which has left already.
    pub fn after(shown: &[u8]) -> Self {
        let mut channel = Self { shown: shown.len(), ..Self::default() };
        channel.scanner.feed(shown);
        channel
    }

    /// Takes text.
    pub fn text(&mut self, bytes: &[u8], rules: &Compiled, exact: &Exact) {
        self.aside_since_text = 0;
        let Self { scanner, follower, marks, .. } = self;
        match follower {
            Some(follower) => follower.text(bytes, &mut Tools { rules, exact, scanner, marks }),
            None => scanner.feed(bytes),
        }
    }

    /// A sequence edits the line; `false` if it leads out of it.
    pub fn edit(&mut self, edit: Edit, rules: &Compiled, exact: &Exact) -> bool {
        let Self { scanner, follower, marks, .. } = self;
        follower
            .as_mut()
            .is_none_or(|follower| follower.edit(edit, &mut Tools { rules, exact, scanner, marks }))
    }

    /// The screen is `columns` wide now.
    pub fn resize(&mut self, columns: usize, rules: &Compiled, exact: &Exact) {
        let Self { scanner, follower, marks, .. } = self;
        if let Some(follower) = follower {
            let tools = &mut Tools { rules, exact, scanner, marks };
            follower.gather(tools);
            follower.resize(columns, tools);
        }
    }

    /// No letter waits outside the scanner any more.
    fn gather(&mut self, rules: &Compiled, exact: &Exact) {
        let Self { scanner, follower, marks, .. } = self;
        if let Some(follower) = follower {
            follower.gather(&mut Tools { rules, exact, scanner, marks });
        }
    }

    /// Puts bytes that are not text behind the text so far. If too many of them wait, the text in front is hidden.
    pub fn aside(&mut self, bytes: &[u8], rules: &Compiled, exact: &Exact) {
        if bytes.is_empty() {
            return;
        }
        self.gather(rules, exact);
        let mut rest = bytes;
        while self.aside_since_text + rest.len() >= ASIDE {
            let part = ASIDE - self.aside_since_text;
            self.put_aside(&rest[..part]);
            rest = &rest[part..];
            self.aside_since_text = 0;
            self.scan(rules, exact, false);
            self.settle(rules, exact);
        }
        self.put_aside(rest);
    }

    fn put_aside(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let at = self.scanner.end();
        self.aside_since_text += bytes.len();
        self.aside_bytes.extend_from_slice(bytes);
        match self.asides.back_mut() {
            Some(aside) if aside.at == at && !aside.unseen => aside.bytes += bytes.len(),
            _ => self.asides.push_back(Aside { at, bytes: bytes.len(), unseen: false }),
        }
    }

    /// What follows stands elsewhere on the screen; in its first column, if `at_edge`. What waits is hidden, and the
    /// scanner sees a line end that is not there.
    pub fn leave(&mut self, at_edge: bool, rules: &Compiled, exact: &Exact) {
        self.gather(rules, exact);
        self.scan(rules, exact, false);
        self.settle(rules, exact);
        self.asides.push_back(Aside { at: self.scanner.end(), bytes: 0, unseen: true });
        self.scanner.feed(b"\n");
        let Self { scanner, follower, marks, .. } = self;
        if let Some(follower) = follower {
            follower.leave(at_edge, &mut Tools { rules, exact, scanner, marks });
        }
    }

    /// Looks at what is new; gives the position up to which it can be shown.
    pub fn scan(&mut self, rules: &Compiled, exact: &Exact, last: bool) -> usize {
        if last {
            self.gather(rules, exact);
        }
        let Self { scanner, follower, marks, .. } = self;
        let limit = scanner.scan(rules, exact, last);
        let Some(follower) = follower else { return limit };
        let tools = &mut Tools { rules, exact, scanner, marks };
        if last {
            follower.end(tools);
            return limit;
        }
        follower.scan(tools);
        limit.min(follower.hold(self.scanner.end()))
    }

    /// Hides what waits.
    pub fn settle(&mut self, rules: &Compiled, exact: &Exact) {
        if self.follower.as_ref().is_some_and(Follower::is_waiting) {
            self.gather(rules, exact);
            self.scan(rules, exact, false);
        }
        let Self { scanner, follower, marks, .. } = self;
        scanner.settle();
        if let Some(follower) = follower {
            follower.settle(&mut Tools { rules, exact, scanner, marks });
        }
    }

    /// Whether bytes wait.
    pub fn is_holding(&self) -> bool {
        self.shown < self.scanner.end() || self.follower.as_ref().is_some_and(Follower::is_waiting)
    }

    /// The position after the last byte.
    pub fn end(&self) -> usize {
        self.scanner.end()
    }

    /// `limit`, or a little less where it would cut a letter that is to be hidden: how many stars stand for it is told by
    /// all of it.
    pub fn between_letters(&mut self, limit: usize) -> usize {
        self.sort_marks();
        if !self.counts_columns() || self.marks.is_empty() || limit <= self.shown {
            return limit;
        }
        let cut = unfinished(self.scanner.bytes(limit.saturating_sub(3).max(self.shown)..limit));
        let is_hidden = |at: usize| self.marks.iter().any(|mark| mark.range.contains(&at));
        if cut > 0 && is_hidden(limit - cut) { limit - cut } else { limit }
    }

    /// Whether the text is on a screen whose width is known.
    fn counts_columns(&self) -> bool {
        self.follower.as_ref().is_some_and(|follower| follower.width.is_some())
    }

    fn sort_marks(&mut self) {
        self.marks.extend(self.scanner.take_marks());
        if !self.marks.is_empty() {
            self.marks.retain(|mark| mark.range.end > self.shown);
            self.marks.sort_by_key(|mark| mark.range.start);
        }
    }

    /// Appends the text up to `limit` to `out`, with stars, and what stands in between.
    pub fn show(&mut self, limit: usize, rules: &Compiled, out: &mut Vec<u8>, masks: &mut Masks) {
        self.sort_marks();
        let limit = limit.max(self.shown);
        while let Some(aside) = self.asides.front().copied() {
            if aside.at > limit || aside.unseen && aside.at >= limit {
                break;
            }
            self.show_text(aside.at, rules, out, masks);
            let from = self.aside_shown;
            self.aside_shown += aside.bytes;
            out.extend_from_slice(&self.aside_bytes[from..self.aside_shown]);
            self.shown += usize::from(aside.unseen);
            self.asides.pop_front();
        }
        self.show_text(limit, rules, out, masks);
        if self.asides.is_empty() {
            self.aside_bytes.clear();
            self.aside_shown = 0;
        } else if self.aside_shown > ASIDE {
            self.aside_bytes.drain(..self.aside_shown);
            self.aside_shown = 0;
        }
        self.marks.retain(|mark| mark.range.end > limit);
        self.first_mark = 0;
        let keep = self.follower.as_ref().map_or(usize::MAX, |follower| follower.keep(self.scanner.end()));
        self.scanner.let_go(limit, keep);
    }

    fn show_text(&mut self, to: usize, rules: &Compiled, out: &mut Vec<u8>, masks: &mut Masks) {
        if to <= self.shown {
            return;
        }
        let range = self.shown..to;
        let first = out.len();
        let counts_columns = self.counts_columns();
        out.extend_from_slice(self.scanner.bytes(range.clone()));
        while self.marks.get(self.first_mark).is_some_and(|mark| mark.range.end <= self.shown) {
            self.first_mark += 1;
        }
        // Marks may overlap or touch in the middle of a letter: what they hide together is hidden once.
        let mut hidden: Vec<Range<usize>> = Vec::new();
        for mark in self.marks.get(self.first_mark..).unwrap_or_default() {
            if mark.range.start >= to {
                break;
            }
            let (from, to) = (mark.range.start.max(range.start), mark.range.end.min(to));
            if from >= to {
                continue;
            }
            match hidden.last_mut() {
                Some(last) if from <= last.end => last.end = last.end.max(to),
                _ => hidden.push(from..to),
            }
            let (secret, end) = &mut self.counted;
            if mark.secret != *secret && from >= *end {
                masks.add(rule_of(mark, rules), 1);
                *secret = mark.secret;
            }
            *end = (*end).max(to);
        }
        for part in hidden {
            let bytes = &mut out[first + part.start - range.start..first + part.end - range.start];
            match counts_columns && !bytes.is_ascii() {
                true => self.stars.hide(bytes, part.start),
                false => hide(bytes),
            }
        }
        self.shown = to;
    }
}

/// Line ends and tabs stay, so that the screen keeps its shape.
fn hide(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|byte| **byte >= 0x20) {
        *byte = STAR;
    }
}

/// The name under which a mark is counted.
pub fn rule_of(mark: &Mark, rules: &Compiled) -> Arc<str> {
    match &mark.rule {
        Named::Rule(number) => rules.rule(*number).map_or_else(|| "unknown".into(), |rule| rule.id().into()),
        Named::Known(_) => "known-value".into(),
    }
}
