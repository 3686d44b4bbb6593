//! Strings inside escape sequences: titles, links, the clipboard, and what only the terminal reads.

use super::Masks;
use super::channel::Channel;
use super::clipboard::Clipboard;
use super::compiled::Compiled;
use super::exact::Exact;

/// A string inside an escape sequence; scanned as a text of its own.
#[derive(Debug)]
pub enum Payload {
    /// Its kind is not known yet: these bytes have come.
    Unknown(Vec<u8>),
    Text(Channel),
    Clipboard(Clipboard),
}

impl Payload {
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>, masks: &mut Masks, tools: (&Compiled, &Exact)) {
        let (rules, exact) = tools;
        match self {
            Self::Unknown(known) => {
                known.extend_from_slice(bytes);
                let Some(kind) = kind(known) else { return };
                let known = std::mem::take(known);
                let (head, rest) = match kind {
                    Kind::Text => (0, Self::Text(Channel::default())),
                    Kind::Clipboard { head } => (head, Self::Clipboard(Clipboard::default())),
                };
                if head > 0 {
                    // No more than a few letters, but they may be anybody's.
                    let mut title = Self::Text(Channel::default());
                    title.push(&known[..head], out, masks, tools);
                    title.finish(out, masks, tools);
                }
                *self = rest;
                self.push(&known[head..], out, masks, tools);
            }
            Self::Text(channel) => {
                channel.text(bytes, rules, exact);
                let limit = channel.scan(rules, exact, false);
                channel.show(limit, rules, out, masks);
            }
            Self::Clipboard(clipboard) => clipboard.push(bytes, out, masks, tools),
        }
    }

    pub fn settle(&mut self, out: &mut Vec<u8>, masks: &mut Masks, tools: (&Compiled, &Exact)) {
        let (rules, exact) = tools;
        match self {
            Self::Unknown(_) => {}
            Self::Text(channel) => {
                channel.settle(rules, exact);
                let end = channel.end();
                channel.show(end, rules, out, masks);
            }
            Self::Clipboard(clipboard) => clipboard.settle(out, masks, tools),
        }
    }

    pub fn finish(&mut self, out: &mut Vec<u8>, masks: &mut Masks, tools: (&Compiled, &Exact)) {
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

    pub fn is_holding(&self) -> bool {
        match self {
            Self::Unknown(known) => !known.is_empty(),
            Self::Text(channel) => channel.is_holding(),
            Self::Clipboard(clipboard) => clipboard.is_holding(),
        }
    }
}

/// What a string is.
enum Kind {
    Text,
    /// The clipboard's content begins after `head` bytes.
    Clipboard {
        head: usize,
    },
}

/// Tells by the first bytes of a string what it is, the same however many follow; `None` while more are needed.
fn kind(known: &[u8]) -> Option<Kind> {
    const CLIPBOARD: &[u8] = b"52;";
    /// Terminals know a letter for each clipboard.
    const MOST_LETTERS: usize = 32;
    let common = known.len().min(CLIPBOARD.len());
    if known[..common] != CLIPBOARD[..common] {
        return Some(Kind::Text);
    }
    let which = &known[common..];
    let letters = which.iter().take(MOST_LETTERS).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    match which.get(letters) {
        None => None,
        Some(b';') => Some(Kind::Clipboard { head: common + letters + 1 }),
        Some(_) => Some(Kind::Text),
    }
}
