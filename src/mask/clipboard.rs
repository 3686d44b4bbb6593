//! What a program puts into the clipboard (OSC 52): base64, decoded, scanned as text, and encoded again.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::Masks;
use super::channel::Channel;
use super::compiled::Compiled;
use super::exact::Exact;
use super::view::LOOK_BACK;

/// Scans a clipboard's text without changing a letter of what holds no secret.
#[derive(Debug, Default)]
pub struct Clipboard {
    channel: Channel,
    /// Letters that have come and are not out yet.
    letters: VecDeque<u8>,
    /// The bytes that they stand for, as far as groups are complete.
    plain: VecDeque<u8>,
    /// Letters of the last, incomplete group.
    group: Vec<u8>,
    /// Masked bytes whose groups are not complete.
    masked: VecDeque<u8>,
    /// The last letters as they came: what stands before something that is no base64 may name it.
    tail: Vec<u8>,
    /// Something that is no base64 has come: the rest is scanned as it is.
    broken: bool,
}

impl Clipboard {
    /// Takes letters, and appends those that can be shown.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>, masks: &mut Masks, tools: (&Compiled, &Exact)) {
        let (rules, exact) = tools;
        let mut rest = bytes;
        while let Some((byte, after)) = rest.split_first() {
            if self.broken {
                self.channel.text(rest, rules, exact);
                break;
            }
            if !super::alphabet::BASE64.has(*byte) || *byte == b'=' {
                self.end_text(out, masks, tools);
                self.channel = Channel::after(&std::mem::take(&mut self.tail));
                self.broken = true;
                continue;
            }
            if self.tail.len() >= 2 * LOOK_BACK {
                self.tail.drain(..LOOK_BACK);
            }
            self.tail.push(*byte);
            self.group.push(*byte);
            if self.group.len() == 4 {
                self.decode_group(tools);
            }
            rest = after;
        }
        let limit = self.channel.scan(rules, exact, false);
        self.emit(limit, out, masks, rules);
    }

    fn decode_group(&mut self, (rules, exact): (&Compiled, &Exact)) {
        let letters = std::mem::take(&mut self.group);
        let plain = STANDARD_NO_PAD.decode(&letters).unwrap_or_default();
        self.channel.text(&plain, rules, exact);
        self.plain.extend(plain);
        self.letters.extend(letters);
    }

    /// Moves what the scanner has decided from letters to `out`, group by group.
    fn emit(&mut self, limit: usize, out: &mut Vec<u8>, masks: &mut Masks, rules: &Compiled) {
        let mut shown = Vec::new();
        self.channel.show(limit, rules, &mut shown, masks);
        if self.broken {
            out.extend(shown);
            return;
        }
        self.masked.extend(shown);
        while self.letters.len() >= 4 && self.masked.len() >= 3 {
            self.emit_group(4, 3, out);
        }
    }

    fn emit_group(&mut self, letters: usize, bytes: usize, out: &mut Vec<u8>) {
        let letters: Vec<u8> = self.letters.drain(..letters).collect();
        let plain: Vec<u8> = self.plain.drain(..bytes).collect();
        let masked: Vec<u8> = self.masked.drain(..bytes).collect();
        if plain == masked {
            out.extend(letters);
        } else {
            out.extend(STANDARD_NO_PAD.encode(&masked).into_bytes());
        }
    }

    /// The base64 ends here: its last group may be short.
    fn end_text(&mut self, out: &mut Vec<u8>, masks: &mut Masks, tools: (&Compiled, &Exact)) {
        let (rules, exact) = tools;
        let letters = std::mem::take(&mut self.group);
        // Bits that stand for nothing are no reason to give up.
        let plain = match letters.as_slice() {
            [a, b] => STANDARD_NO_PAD.decode([*a, *b, b'A', b'A']).map(|bytes| bytes[..1].to_vec()),
            [a, b, c] => STANDARD_NO_PAD.decode([*a, *b, *c, b'A']).map(|bytes| bytes[..2].to_vec()),
            _ => Ok(Vec::new()),
        }
        .unwrap_or_default();
        self.channel.text(&plain, rules, exact);
        let (count, bytes) = (letters.len(), plain.len());
        self.plain.extend(plain);
        self.letters.extend(letters);
        let limit = self.channel.scan(rules, exact, true);
        self.emit(limit, out, masks, rules);
        if self.letters.len() == count && self.masked.len() >= bytes {
            self.emit_group(count, bytes, out);
        }
        self.channel = Channel::default();
    }

    /// Hides what waits.
    pub fn settle(&mut self, out: &mut Vec<u8>, masks: &mut Masks, (rules, exact): (&Compiled, &Exact)) {
        self.channel.settle(rules, exact);
        let end = self.channel.end();
        self.emit(end, out, masks, rules);
    }

    /// Nothing follows.
    pub fn finish(&mut self, out: &mut Vec<u8>, masks: &mut Masks, tools: (&Compiled, &Exact)) {
        if self.broken {
            let (rules, exact) = tools;
            let limit = self.channel.scan(rules, exact, true);
            self.emit(limit, out, masks, rules);
        } else {
            self.end_text(out, masks, tools);
        }
    }

    /// Whether letters wait.
    pub fn is_holding(&self) -> bool {
        !self.letters.is_empty() || !self.group.is_empty() || self.channel.is_holding()
    }
}
