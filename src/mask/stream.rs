//! Masks a terminal's bytes as they come: the same length, in the same order, escapes where they were.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Engine;
use super::Masks;
use super::clipboard::Clipboard;
use super::compiled::Compiled;
use super::escape::Parser;
use super::escape::Part;
use super::exact::Exact;
use super::scan::Mark;
use super::scan::Named;
use super::scan::Scanner;

/// Input is worked on in blocks that stay in the second cache.
const BLOCK: usize = 32 * 1024;
/// Escape bytes that may wait behind held text; beyond it the text is hidden as in a pause.
const ASIDE: usize = 16 * 1024;
/// What a hidden byte becomes.
pub const STAR: u8 = b'*';

/// Masks one stream of bytes.
///
/// For any cut of the input the outputs put together are the same. Secrets come out as as many `*` as they had bytes;
/// all other bytes come out as they are. A byte is kept back only while it may turn out to be part of a secret.
#[derive(Debug)]
pub struct Stream {
    engine: Arc<Engine>,
    exact: Arc<Exact>,
    generation: u64,
    parser: Parser,
    screen: Channel,
    payload: Option<Payload>,
    masks: Masks,
}

/// A string inside an escape sequence; scanned as a text of its own.
#[derive(Debug)]
enum Payload {
    /// Its kind is not known yet: these bytes have come.
    Unknown(Vec<u8>),
    Text(Channel),
    Clipboard(Clipboard),
}

impl Stream {
    pub(super) fn new(engine: Arc<Engine>) -> Self {
        let (exact, generation) = engine.known();
        Self {
            engine,
            exact,
            generation,
            parser: Parser::default(),
            screen: Channel::default(),
            payload: None,
            masks: Masks::default(),
        }
    }

    /// Takes `input` and appends to `out` all that can be shown.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        if self.engine.generation() != self.generation {
            (self.exact, self.generation) = self.engine.known();
        }
        let engine = Arc::clone(&self.engine);
        let rules = engine.rules();
        for block in input.chunks(BLOCK) {
            self.take(block, rules);
            self.show(rules, out);
        }
    }

    /// Nothing has come for a while (10 ms or more): what may be part of a secret leaves as `*`, so that a prompt is
    /// not kept back.
    pub fn quiet(&mut self, out: &mut Vec<u8>) {
        let engine = Arc::clone(&self.engine);
        let rules = engine.rules();
        self.screen.settle();
        if let Some(payload) = &mut self.payload {
            let mut pieces = Vec::new();
            payload.settle(&mut pieces, &mut self.masks, rules);
            self.screen.aside(&pieces);
        }
        self.screen.show(self.screen.end(), rules, out, &mut self.masks);
    }

    /// Whether bytes wait for more.
    #[must_use]
    pub fn is_holding(&self) -> bool {
        self.screen.is_holding() || self.payload.as_ref().is_some_and(Payload::is_holding)
    }

    /// The input has ended: everything leaves.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let engine = Arc::clone(&self.engine);
        let rules = engine.rules();
        self.close_payload(rules);
        let limit = self.screen.scan(rules, &self.exact, true);
        self.screen.show(limit, rules, out, &mut self.masks);
    }

    /// What was masked since the last call.
    pub fn take_masks(&mut self) -> Masks {
        std::mem::take(&mut self.masks)
    }

    /// Sorts a block into text, escapes and payloads.
    fn take(&mut self, block: &[u8], rules: &Compiled) {
        let mut rest = block;
        while !rest.is_empty() {
            let text = self.parser.text(rest);
            if text > 0 {
                self.screen.text(&rest[..text]);
                rest = &rest[text..];
                continue;
            }
            let payload = self.parser.payload(rest);
            if payload > 0 {
                self.take_payload(&rest[..payload], rules);
                rest = &rest[payload..];
                continue;
            }
            // Escapes in a row are put aside together.
            let mut passing = 0;
            let mut part = Part::Passing;
            while part == Part::Passing && passing < rest.len() {
                passing += self.parser.parameters(&rest[passing..]);
                let Some(byte) = rest.get(passing) else { break };
                if self.parser.text(&rest[passing..]) > 0 {
                    break;
                }
                part = self.parser.step(*byte);
                passing += usize::from(part == Part::Passing);
            }
            self.aside(&rest[..passing], rules);
            rest = &rest[passing..];
            let Some(byte) = rest.first().copied().filter(|_| part != Part::Passing) else { continue };
            rest = &rest[1..];
            match part {
                Part::Text => self.screen.text(&[byte]),
                Part::Payload => self.take_payload(&[byte], rules),
                Part::Passing => {}
                Part::Opening => {
                    self.aside(&[byte], rules);
                    self.payload = Some(Payload::Unknown(Vec::new()));
                }
                Part::Closing => {
                    self.close_payload(rules);
                    self.aside(&[byte], rules);
                }
                Part::Break => {
                    self.aside(&[byte], rules);
                    self.screen.scan(rules, &self.exact, false);
                    self.screen.settle();
                    self.screen.unseen_newline();
                }
            }
        }
    }

    /// Puts bytes that are not text behind the text so far. If too many of them wait, the text in front is hidden.
    fn aside(&mut self, bytes: &[u8], rules: &Compiled) {
        let mut rest = bytes;
        while self.screen.aside_since_text + rest.len() >= ASIDE {
            let part = ASIDE - self.screen.aside_since_text;
            self.screen.aside(&rest[..part]);
            rest = &rest[part..];
            self.screen.aside_since_text = 0;
            self.screen.scan(rules, &self.exact, false);
            self.screen.settle();
        }
        self.screen.aside(rest);
    }

    fn take_payload(&mut self, bytes: &[u8], rules: &Compiled) {
        let mut pieces = Vec::with_capacity(bytes.len());
        if let Some(payload) = &mut self.payload {
            payload.push(bytes, &mut pieces, &mut self.masks, (rules, &self.exact));
        }
        self.aside(&pieces, rules);
    }

    fn close_payload(&mut self, rules: &Compiled) {
        let Some(mut payload) = self.payload.take() else { return };
        let mut pieces = Vec::new();
        payload.finish(&mut pieces, &mut self.masks, (rules, &self.exact));
        self.aside(&pieces, rules);
    }

    fn show(&mut self, rules: &Compiled, out: &mut Vec<u8>) {
        let limit = self.screen.scan(rules, &self.exact, false);
        self.screen.show(limit, rules, out, &mut self.masks);
    }
}

impl Payload {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>, masks: &mut Masks, tools: (&Compiled, &Exact)) {
        let (rules, exact) = tools;
        match self {
            Self::Unknown(known) => {
                known.extend_from_slice(bytes);
                const CLIPBOARD: &[u8] = b"52;";
                let common = known.len().min(CLIPBOARD.len());
                if known[..common] != CLIPBOARD[..common] {
                    let known = std::mem::take(known);
                    *self = Self::Text(Channel::default());
                    self.push(&known, out, masks, tools);
                } else if let Some(second) = known[common..].iter().position(|byte| *byte == b';')
                    && common == CLIPBOARD.len()
                {
                    let known = std::mem::take(known);
                    let head = common + second + 1;
                    out.extend_from_slice(&known[..head]);
                    *self = Self::Clipboard(Clipboard::default());
                    self.push(&known[head..], out, masks, tools);
                } else if known.len() > 32 {
                    let known = std::mem::take(known);
                    *self = Self::Text(Channel::default());
                    self.push(&known, out, masks, tools);
                }
            }
            Self::Text(channel) => {
                channel.text(bytes);
                let limit = channel.scan(rules, exact, false);
                channel.show(limit, rules, out, masks);
            }
            Self::Clipboard(clipboard) => clipboard.push(bytes, out, masks, tools),
        }
    }

    fn settle(&mut self, out: &mut Vec<u8>, masks: &mut Masks, rules: &Compiled) {
        match self {
            Self::Unknown(_) => {}
            Self::Text(channel) => {
                channel.settle();
                let end = channel.end();
                channel.show(end, rules, out, masks);
            }
            Self::Clipboard(clipboard) => clipboard.settle(out, masks, rules),
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>, masks: &mut Masks, tools: (&Compiled, &Exact)) {
        let (rules, exact) = tools;
        match self {
            Self::Unknown(known) => {
                let known = std::mem::take(known);
                *self = Self::Text(Channel::default());
                self.push(&known, out, masks, tools);
                self.finish(out, masks, tools);
            }
            Self::Text(channel) => {
                let limit = channel.scan(rules, exact, true);
                channel.show(limit, rules, out, masks);
            }
            Self::Clipboard(clipboard) => clipboard.finish(out, masks, tools),
        }
    }

    fn is_holding(&self) -> bool {
        match self {
            Self::Unknown(known) => !known.is_empty(),
            Self::Text(channel) => channel.is_holding(),
            Self::Clipboard(clipboard) => clipboard.is_holding(),
        }
    }
}

/// A text with bytes in between that are not part of it.
#[derive(Debug, Default)]
pub struct Channel {
    scanner: Scanner,
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
}

#[derive(Clone, Copy, Debug)]
struct Aside {
    at: usize,
    bytes: usize,
    /// The byte of the text at `at` is not of the stream: a line end that only the scanner sees.
    unseen: bool,
}

impl Channel {
    /// Takes text.
    pub fn text(&mut self, bytes: &[u8]) {
        self.aside_since_text = 0;
        self.scanner.feed(bytes);
    }

    fn aside(&mut self, bytes: &[u8]) {
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

    fn unseen_newline(&mut self) {
        self.asides.push_back(Aside { at: self.scanner.end(), bytes: 0, unseen: true });
        self.scanner.feed(b"\n");
    }

    /// Looks at what is new; gives the position up to which it can be shown.
    pub fn scan(&mut self, rules: &Compiled, exact: &Exact, last: bool) -> usize {
        self.scanner.scan(rules, exact, last)
    }

    /// Hides what waits.
    pub fn settle(&mut self) {
        self.scanner.settle();
    }

    /// Whether bytes wait.
    pub fn is_holding(&self) -> bool {
        self.shown < self.scanner.end()
    }

    /// The position after the last byte.
    pub fn end(&self) -> usize {
        self.scanner.end()
    }

    /// Appends the text up to `limit` to `out`, with stars, and what stands in between.
    pub fn show(&mut self, limit: usize, rules: &Compiled, out: &mut Vec<u8>, masks: &mut Masks) {
        if self.scanner.has_marks() {
            self.marks.extend(self.scanner.take_marks());
            self.marks.sort_by_key(|mark| mark.range.start);
        }
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
        self.scanner.let_go(limit);
    }

    fn show_text(&mut self, to: usize, rules: &Compiled, out: &mut Vec<u8>, masks: &mut Masks) {
        if to <= self.shown {
            return;
        }
        let range = self.shown..to;
        let first = out.len();
        out.extend_from_slice(self.scanner.bytes(range.clone()));
        while self.marks.get(self.first_mark).is_some_and(|mark| mark.range.end <= self.shown) {
            self.first_mark += 1;
        }
        for mark in self.marks.get(self.first_mark..).unwrap_or_default() {
            if mark.range.start >= to {
                break;
            }
            let (from, to) = (mark.range.start.max(range.start), mark.range.end.min(to));
            if from >= to {
                continue;
            }
            hide(&mut out[first + from - range.start..first + to - range.start]);
            let (secret, end) = &mut self.counted;
            if mark.secret != *secret && from >= *end {
                masks.add(rule_of(mark, rules), 1);
                *secret = mark.secret;
            }
            *end = (*end).max(to);
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
