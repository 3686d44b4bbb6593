//! Pictures inside escape sequences: nobody looks into them, as long as they are what they say. Known values are hidden in
//! them all the same.

use std::sync::OnceLock;

use super::Masks;
use super::channel::Channel;
use super::compiled::Compiled;
use super::exact::Exact;
use super::notes::Doing;
use super::view::LOOK_BACK;

/// What a picture is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// Six dots a letter, with numbers after signs.
    Sixel,
    /// `a=T,f=100;` and base64.
    Kitty,
    /// `name=…;size=…:` and base64.
    Iterm,
}

/// A picture that goes by.
#[derive(Debug)]
pub struct Picture {
    grammar: Grammar,
    channel: Channel,
    /// What stands before the base64 is over.
    in_data: bool,
    last: u8,
    /// The last bytes as they came: what stands before something that is no picture may name it.
    tail: Vec<u8>,
}

/// No rules: only known values are looked for.
fn none() -> &'static Compiled {
    static NONE: OnceLock<Compiled> = OnceLock::new();
    NONE.get_or_init(|| Compiled::new(std::iter::empty(), Vec::new()))
}

impl Picture {
    /// A picture begins.
    pub fn new(grammar: Grammar) -> Self {
        let in_data = grammar == Grammar::Sixel;
        Self { grammar, channel: Channel::default(), in_data, last: b'"', tail: Vec::new() }
    }

    /// What it is, for the record.
    pub fn doing(&self) -> Doing {
        match self.grammar {
            Grammar::Sixel => Doing::Sixel,
            Grammar::Kitty => Doing::KittyPicture,
            Grammar::Iterm => Doing::ItermFile,
        }
    }

    /// Takes bytes, as far as they are a picture's; gives how many.
    pub fn push(
        &mut self,
        bytes: &[u8],
        out: &mut Vec<u8>,
        masks: &mut Masks,
        tools: (&Compiled, &Exact),
    ) -> usize {
        let mut taken = 0;
        if !self.in_data {
            // What stands before the data is read with all rules: it may name a file.
            let end = bytes.iter().position(|byte| *byte == self.grammar.end());
            let wanted = end.map_or(bytes.len(), |end| end + 1);
            taken = bytes[..wanted].iter().take_while(|byte| (0x20..0x7f).contains(*byte)).count();
            let is_over = end.is_some() && taken == wanted;
            self.take((&bytes[..taken], is_over), out, masks, tools);
            if !is_over {
                return taken;
            }
            self.in_data = true;
            self.channel = Channel::default();
        }
        let data = bytes[taken..].iter().take_while(|byte| self.fits(**byte)).count();
        self.take((&bytes[taken..taken + data], false), out, masks, tools);
        taken + data
    }

    fn take(
        &mut self,
        (bytes, last): (&[u8], bool),
        out: &mut Vec<u8>,
        masks: &mut Masks,
        (rules, exact): (&Compiled, &Exact),
    ) {
        let rules = self.rules(rules);
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(LOOK_BACK)..]);
        if self.tail.len() > 2 * LOOK_BACK {
            self.tail.drain(..self.tail.len() - LOOK_BACK);
        }
        self.channel.text(bytes, rules, exact);
        let limit = self.channel.scan(rules, exact, last);
        self.channel.show(limit, rules, out, masks);
    }

    /// What is looked for now.
    fn rules<'r>(&self, rules: &'r Compiled) -> &'r Compiled {
        if self.in_data { none() } else { rules }
    }

    /// Whether the next byte of the data is a picture's; then it is taken.
    fn fits(&mut self, byte: u8) -> bool {
        let last = std::mem::replace(&mut self.last, byte);
        match (self.grammar, byte) {
            (Grammar::Sixel, b'0'..=b'9' | b';') => {
                matches!(last, b'!' | b'"' | b'#' | b'0'..=b'9' | b';')
            }
            (Grammar::Sixel, b'!' | b'"' | b'#' | b'$' | b'-' | b'?'..=b'~' | b'\r' | b'\n' | b' ') => true,
            (Grammar::Sixel, _) => false,
            (_, b'+' | b'/' | b'=' | b'\r' | b'\n') => true,
            _ => byte.is_ascii_alphanumeric(),
        }
    }

    /// It is no picture after all: gives the text that goes on.
    pub fn give_up(&mut self, out: &mut Vec<u8>, masks: &mut Masks, tools: (&Compiled, &Exact)) -> Channel {
        self.finish(out, masks, tools);
        Channel::after(&self.tail)
    }

    /// A pause: what waits is hidden.
    pub fn settle(&mut self, out: &mut Vec<u8>, masks: &mut Masks, (rules, exact): (&Compiled, &Exact)) {
        let rules = self.rules(rules);
        self.channel.settle(rules, exact);
        let end = self.channel.end();
        self.channel.show(end, rules, out, masks);
    }

    /// Nothing follows.
    pub fn finish(&mut self, out: &mut Vec<u8>, masks: &mut Masks, (rules, exact): (&Compiled, &Exact)) {
        let rules = self.rules(rules);
        let limit = self.channel.scan(rules, exact, true);
        self.channel.show(limit, rules, out, masks);
    }

    /// Whether bytes wait.
    pub fn is_holding(&self) -> bool {
        self.channel.is_holding()
    }
}

impl Grammar {
    /// What stands before the data.
    fn end(self) -> u8 {
        if self == Self::Iterm { b':' } else { b';' }
    }
}
