//! What a program did through strings that only the terminal reads: for the record, which shows nothing of it otherwise.

use std::collections::BTreeMap;

use super::payload::Payload;

/// What a string did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doing {
    /// It wrote to the clipboard, and was masked as text is.
    ClipboardMasked,
    /// It wrote to the clipboard, which was not let happen.
    ClipboardBlocked,
    /// It wrote to the clipboard, or asked for what is in it, and passed as it was.
    ClipboardAllowed,
    /// It asked for what is in the clipboard, which was not passed on.
    QuestionBlocked,
    /// It drew a picture, which nobody looked into: sixels.
    Sixel,
    /// The same by the protocol of kitty.
    KittyPicture,
    /// The same by the protocol of iTerm2, which also takes files to be downloaded.
    ItermFile,
    /// It set a title that was too long, and was cut.
    TitleCut,
}

impl Doing {
    /// What it was about, and what was done: the words of the record.
    #[must_use]
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::ClipboardMasked => ("clipboard", "masked"),
            Self::ClipboardBlocked => ("clipboard", "blocked"),
            Self::ClipboardAllowed => ("clipboard", "allowed"),
            Self::QuestionBlocked => ("clipboard question", "blocked"),
            Self::Sixel => ("sixel picture", "not looked into"),
            Self::KittyPicture => ("kitty picture", "not looked into"),
            Self::ItermFile => ("iterm2 file", "not looked into"),
            Self::TitleCut => ("title", "cut"),
        }
    }
}

/// Counts of what strings did: how many, and how many bytes they had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes(BTreeMap<Doing, (u64, u64)>);

impl Notes {
    pub(super) fn add(&mut self, payload: &Payload) {
        if let Some((doing, bytes)) = payload.doing() {
            self.count(doing, 1, bytes);
        }
    }

    fn count(&mut self, doing: Doing, count: u64, bytes: u64) {
        let counted = self.0.entry(doing).or_default();
        *counted = (counted.0 + count, counted.1 + bytes);
    }

    /// Counts all of `other` too.
    pub fn merge(&mut self, other: &Self) {
        other.iter().for_each(|(doing, count, bytes)| self.count(doing, count, bytes));
    }

    /// What was done, how often, and with how many bytes.
    pub fn iter(&self) -> impl Iterator<Item = (Doing, u64, u64)> + '_ {
        self.0.iter().map(|(doing, (count, bytes))| (*doing, *count, *bytes))
    }
}
