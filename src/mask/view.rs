//! What a matcher may see of a text that is still arriving, and what it may say about it.

use super::alphabet::Set;
use super::alphabet::VISIBLE;
use super::runs::Run;

/// As far from its literal a look must have come to an end.
pub const LONGEST_LOOK: usize = 4096;
/// How far back a matcher may look from its literal.
pub const LOOK_BACK: usize = 256;

/// How far back a matcher may look from a name, which itself begins a while before its literal.
pub const LINE_BACK: usize = LOOK_BACK - 80;

/// A window on the text, by absolute position.
#[derive(Clone, Copy)]
pub struct View<'a> {
    bytes: &'a [u8],
    base: usize,
    last: bool,
}

impl<'a> View<'a> {
    /// `bytes` begin at position `base`; `last` if nothing can follow them.
    pub fn new(bytes: &'a [u8], base: usize, last: bool) -> Self {
        Self { bytes, base, last }
    }

    /// The same, as if nothing after `end` had come yet.
    pub fn until(self, end: usize) -> Self {
        if end >= self.end() {
            return self;
        }
        Self { bytes: &self.bytes[..end.saturating_sub(self.base)], base: self.base, last: false }
    }

    /// The position after the last byte known.
    pub fn end(self) -> usize {
        self.base + self.bytes.len()
    }

    /// Whether nothing can follow.
    pub fn is_last(self) -> bool {
        self.last
    }

    /// Everything known from `at` on.
    pub fn from(self, at: usize) -> &'a [u8] {
        self.bytes.get(at.saturating_sub(self.base)..).unwrap_or_default()
    }

    /// The bytes from `from` to `to`, as far as they are known.
    pub fn slice(self, from: usize, to: usize) -> &'a [u8] {
        let rest = self.from(from);
        &rest[..rest.len().min(to.saturating_sub(from))]
    }

    /// At most [`LOOK_BACK`] bytes before `at`: the same ones however the text was cut.
    pub fn before(self, at: usize) -> &'a [u8] {
        let from = at.saturating_sub(LOOK_BACK).max(self.base);
        self.slice(from, at)
    }

    /// What stands before `at` on the same line.
    pub fn line_before(self, at: usize) -> &'a [u8] {
        let before = self.before(at);
        let start = memchr::memrchr2(b'\n', b'\r', before).map_or(0, |at| at + 1);
        &before[start..]
    }

    /// The byte at `at`, if it has come.
    pub fn at(self, at: usize) -> Option<u8> {
        self.bytes.get(at.checked_sub(self.base)?).copied()
    }
}

/// Where a literal was found.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Its first byte.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
}

/// Bytes that wait for a verdict.
#[derive(Clone, Debug)]
pub struct Hold {
    /// The first of them.
    pub from: usize,
    /// How to go on if they have to leave before there is one.
    pub otherwise: Run,
}

/// A secret, as far as it is known.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Where the secret's text begins, its public prefix included.
    pub whole: usize,
    /// The first byte to hide.
    pub start: usize,
    /// The byte after the last to hide.
    pub end: usize,
    /// What goes on from `end`.
    pub then: Option<Run>,
}

/// What a matcher says. But for [`Look::More`] it must be true whatever follows.
#[derive(Clone, Debug)]
pub enum Look {
    /// No secret here.
    No,
    /// Cannot be told yet; with a hold if bytes of the secret may be there already.
    More(Option<Hold>),
    /// A secret.
    Hit(Hit),
}

impl Look {
    /// Nothing to hide has come yet.
    pub const WAIT: Self = Self::More(None);

    /// Wait, and hold from `from`; if that takes too long, hide as long as bytes of `set` come.
    pub fn hold(from: usize, set: Set) -> Self {
        Self::More(Some(Hold { from, otherwise: Run::Letters(set) }))
    }

    /// A secret from `start` to `end` and no further.
    pub fn closed(whole: usize, start: usize, end: usize) -> Self {
        Self::Hit(Hit { whole, start, end, then: None })
    }

    /// A secret from `start` to `end`, and on as `run` says.
    pub fn open(whole: usize, start: usize, end: usize, run: Run) -> Self {
        Self::Hit(Hit { whole, start, end, then: Some(run) })
    }

    /// This look, or `other`'s if this one says no. While this one waits, what the other may hide waits too: what
    /// leaves must not depend on when either is asked.
    pub fn or(self, other: impl FnOnce() -> Self) -> Self {
        let own = match self {
            Self::No => return other(),
            Self::Hit(_) => return self,
            Self::More(hold) => hold,
        };
        let others = match other() {
            Self::No => None,
            Self::More(hold) => hold,
            Self::Hit(hit) => {
                Some(Hold { from: hit.start, otherwise: hit.then.unwrap_or(Run::Letters(VISIBLE)) })
            }
        };
        Self::More(own.into_iter().chain(others).min_by_key(|hold| hold.from))
    }
}
