//! Masks a terminal's bytes as they come: the same length, in the same order, escapes where they were.

use std::sync::Arc;

use super::Engine;
use super::Masks;
use super::channel::Channel;
use super::compiled::Compiled;
use super::escape::Parser;
use super::escape::Part;
use super::exact::Exact;
use super::payload::Payload;
use super::scan::BLOCK;

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

impl Stream {
    pub(super) fn new(engine: Arc<Engine>) -> Self {
        let (exact, generation) = engine.known();
        Self {
            engine,
            exact,
            generation,
            parser: Parser::default(),
            screen: Channel::on_screen(),
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

    /// The screen that shows the text is `columns` wide from now on, so that it is known where lines are broken.
    pub fn resize(&mut self, columns: u16) {
        let engine = Arc::clone(&self.engine);
        self.screen.resize(usize::from(columns), engine.rules(), &self.exact);
    }

    /// Nothing has come for a while (10 ms or more): what may be part of a secret leaves as `*`, so that a prompt is
    /// not kept back.
    pub fn quiet(&mut self, out: &mut Vec<u8>) {
        let engine = Arc::clone(&self.engine);
        let rules = engine.rules();
        self.screen.settle(rules, &self.exact);
        if let Some(payload) = &mut self.payload {
            let mut pieces = Vec::new();
            payload.settle(&mut pieces, &mut self.masks, (rules, &self.exact));
            self.screen.aside(&pieces, rules, &self.exact);
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
                self.screen.text(&rest[..text], rules, &self.exact);
                rest = &rest[text..];
                continue;
            }
            let payload = self.parser.payload(rest);
            if payload > 0 {
                self.take_payload(&rest[..payload], rules);
                rest = &rest[payload..];
                if self.parser.gives_up() {
                    self.close_payload(rules);
                }
                continue;
            }
            // Escapes in a row are put aside together.
            let mut passing = 0;
            let mut part = Part::Passing;
            while part == Part::Passing && passing < rest.len() {
                passing += self.parser.parameters(&rest[passing..]);
                let Some(byte) = rest.get(passing) else { break };
                if self.parser.is_text(*byte) {
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
                Part::Text => self.screen.text(&[byte], rules, &self.exact),
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
                Part::Break { at_edge } => {
                    self.aside(&[byte], rules);
                    self.screen.leave(at_edge, rules, &self.exact);
                }
                Part::Edit(edit) => {
                    self.aside(&[byte], rules);
                    if !self.screen.edit(edit, rules, &self.exact) {
                        self.screen.leave(false, rules, &self.exact);
                    }
                }
            }
        }
    }

    fn aside(&mut self, bytes: &[u8], rules: &Compiled) {
        self.screen.aside(bytes, rules, &self.exact);
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
