//! Masks a terminal's bytes as they come: the same length, in the same order, escapes where they were.

use std::sync::Arc;

use super::Engine;
use super::Masks;
use super::channel::Channel;
use super::compiled::Compiled;
use super::escape::CONTROL_LEAD;
use super::escape::Parser;
use super::escape::Part;
use super::escape::is_control_character;
use super::exact::Exact;
use super::notes::Notes;
use super::payload::Payload;
use super::payload::Sort;
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
    notes: Notes,
    /// The last byte may be the first of a control character.
    lead: bool,
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
            notes: Notes::default(),
            lead: false,
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
        self.let_lead_go(rules);
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
        self.lead || self.screen.is_holding() || self.payload.as_ref().is_some_and(Payload::is_holding)
    }

    /// The input has ended: everything leaves.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let engine = Arc::clone(&self.engine);
        let rules = engine.rules();
        self.let_lead_go(rules);
        self.close_payload(rules);
        let limit = self.screen.scan(rules, &self.exact, true);
        self.screen.show(limit, rules, out, &mut self.masks);
    }

    /// What was masked since the last call.
    pub fn take_masks(&mut self) -> Masks {
        std::mem::take(&mut self.masks)
    }

    /// What programs did through strings that only the terminal reads, since the last call.
    pub fn take_notes(&mut self) -> Notes {
        std::mem::take(&mut self.notes)
    }

    /// Sorts a block into text, escapes and payloads.
    fn take(&mut self, block: &[u8], rules: &Compiled) {
        let mut rest = block;
        if let (true, Some(next)) = (self.lead, block.first().copied()) {
            if is_control_character(next) {
                self.lead = false;
                self.take_control(next, rules);
                rest = &rest[1..];
            } else {
                self.let_lead_go(rules);
            }
        }
        while !rest.is_empty() {
            match rest {
                [CONTROL_LEAD] => {
                    self.lead = true;
                    return;
                }
                [CONTROL_LEAD, next, after @ ..] if is_control_character(*next) => {
                    self.take_control(*next, rules);
                    rest = after;
                    continue;
                }
                _ => {}
            }
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
                if passing > 0 && *byte == CONTROL_LEAD || self.parser.is_text(*byte) {
                    break;
                }
                part = self.parser.step(*byte);
                passing += usize::from(part == Part::Passing);
            }
            self.aside(&rest[..passing], rules);
            rest = &rest[passing..];
            let Some(byte) = rest.first().copied().filter(|_| part != Part::Passing) else { continue };
            rest = &rest[1..];
            self.take_part(part, &[byte], rules);
        }
    }

    /// Takes `bytes`, which are `part`; if they begin a string, their last tells which.
    fn take_part(&mut self, part: Part, bytes: &[u8], rules: &Compiled) {
        match part {
            Part::Text => self.screen.text(bytes, rules, &self.exact),
            Part::Payload => self.take_payload(bytes, rules),
            Part::Passing => self.aside(bytes, rules),
            Part::Opening => {
                self.aside(bytes, rules);
                let sort = bytes.last().map_or(Sort::Other, |byte| Sort::of(*byte));
                self.payload = Some(Payload::new(sort, self.engine.clipboard()));
            }
            Part::Closing => {
                self.close_payload(rules);
                self.aside(bytes, rules);
            }
            Part::Break { at_edge } => {
                self.aside(bytes, rules);
                self.screen.leave(at_edge, rules, &self.exact);
            }
            Part::Edit(edit) => {
                self.aside(bytes, rules);
                if !self.screen.edit(edit, rules, &self.exact) {
                    self.screen.leave(false, rules, &self.exact);
                }
            }
        }
    }

    /// Takes a control character of two bytes, of which `byte` is the second.
    fn take_control(&mut self, byte: u8, rules: &Compiled) {
        // Whatever string there is, it has ended.
        self.close_payload(rules);
        let part = self.parser.control_character(byte);
        self.take_part(part, &[CONTROL_LEAD, byte], rules);
    }

    /// What might have become a control character is none.
    fn let_lead_go(&mut self, rules: &Compiled) {
        if std::mem::take(&mut self.lead) {
            let part = match self.parser.is_in_string() {
                true => Part::Payload,
                false => self.parser.step(CONTROL_LEAD),
            };
            self.take_part(part, &[CONTROL_LEAD], rules);
        }
    }

    fn aside(&mut self, bytes: &[u8], rules: &Compiled) {
        self.screen.aside(bytes, rules, &self.exact);
    }

    fn take_payload(&mut self, bytes: &[u8], rules: &Compiled) {
        let mut pieces = Vec::with_capacity(bytes.len());
        if let Some(payload) = &mut self.payload {
            payload.push(bytes, &mut pieces, &mut self.masks, (rules, &self.exact));
            if payload.is_picture() {
                self.parser.is_picture();
            }
        }
        self.aside(&pieces, rules);
    }

    fn close_payload(&mut self, rules: &Compiled) {
        let Some(mut payload) = self.payload.take() else { return };
        let mut pieces = Vec::new();
        payload.finish(&mut pieces, &mut self.masks, (rules, &self.exact));
        self.notes.add(&payload);
        self.aside(&pieces, rules);
    }

    fn show(&mut self, rules: &Compiled, out: &mut Vec<u8>) {
        let limit = self.screen.scan(rules, &self.exact, false);
        let limit = self.screen.between_letters(limit);
        self.screen.show(limit, rules, out, &mut self.masks);
    }
}
