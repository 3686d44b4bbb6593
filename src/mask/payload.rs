//! Strings inside escape sequences: titles, links, the clipboard, pictures, and what only the terminal reads.

use super::Masks;
use super::channel::Channel;
use super::clipboard::Clipboard;
use super::compiled::Compiled;
use super::exact::Exact;
use super::notes::Doing;
use super::picture::Grammar;
use super::picture::Picture;

/// As much of a title as is shown. Terminals show less; the rest becomes blanks.
const TITLE: usize = 4096;
/// The longest number of an operating system command that is known, and a few digits.
const NUMBER: usize = 8;
/// What a string begins with instead that is not to be carried out: a command that no terminal knows.
const NOTHING: &[u8] = b"5252;";

/// What happens to what programs do with the clipboard of the person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClipboardPolicy {
    /// What they write is masked as text; what is in it they do not learn.
    #[default]
    Mask,
    /// Nothing passes.
    Block,
    /// All passes as it is.
    Allow,
}

/// How a string was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// An operating system command: a number and what it is about.
    Command,
    /// A device control string.
    Device,
    /// An application program command.
    Application,
    /// Any other.
    Other,
}

impl Sort {
    /// By the byte after ESC, or the last of a control character.
    pub fn of(byte: u8) -> Self {
        match byte {
            b']' | 0x9d => Self::Command,
            b'P' | 0x90 => Self::Device,
            b'_' | 0x9f => Self::Application,
            _ => Self::Other,
        }
    }
}

/// A string inside an escape sequence; scanned as a text of its own.
#[derive(Debug)]
pub struct Payload {
    sort: Sort,
    policy: ClipboardPolicy,
    content: Content,
    bytes: u64,
}

#[derive(Debug)]
enum Content {
    /// Its kind is not known yet: these bytes have come.
    Unknown(Vec<u8>),
    Text(Channel),
    /// So many more bytes of it are shown.
    Title(Channel, usize),
    Clipboard(Clipboard),
    /// It is replaced by a command that does nothing; so many bytes of that have left.
    Blocked(Doing, usize),
    /// It passes as it is.
    Allowed,
    Picture(Picture),
}

impl Payload {
    /// A string of `sort` begins.
    pub fn new(sort: Sort, policy: ClipboardPolicy) -> Self {
        Self { sort, policy, content: Content::Unknown(Vec::new()), bytes: 0 }
    }

    /// Takes bytes; appends to `out` what of them, and of what waited, can be shown. As many bytes leave as have come.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>, masks: &mut Masks, tools: (&Compiled, &Exact)) {
        self.bytes += bytes.len() as u64;
        self.take(bytes, out, masks, tools);
    }

    fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>, masks: &mut Masks, tools: (&Compiled, &Exact)) {
        let (rules, exact) = tools;
        match &mut self.content {
            Content::Unknown(known) => {
                known.extend_from_slice(bytes);
                let Some((head, content)) = content(self.sort, self.policy, known) else { return };
                let known = std::mem::take(known);
                if head > 0 {
                    // No more than a few letters, but they may be anybody's.
                    scan_alone(&known[..head], out, masks, tools);
                }
                self.content = content;
                self.take(&known[head..], out, masks, tools);
            }
            Content::Text(channel) => {
                channel.text(bytes, rules, exact);
                let limit = channel.scan(rules, exact, false);
                channel.show(limit, rules, out, masks);
            }
            Content::Title(channel, left) => {
                let (shown, cut) = bytes.split_at(bytes.len().min(*left));
                *left -= shown.len();
                channel.text(shown, rules, exact);
                let limit = channel.scan(rules, exact, !cut.is_empty());
                channel.show(limit, rules, out, masks);
                out.resize(out.len() + cut.len(), b' ');
            }
            Content::Clipboard(clipboard) => clipboard.push(bytes, out, masks, tools),
            Content::Blocked(_, done) => {
                let nothing = NOTHING.iter().copied().chain(std::iter::repeat(b'*'));
                out.extend(nothing.skip((*done).min(NOTHING.len())).take(bytes.len()));
                *done += bytes.len();
            }
            Content::Allowed => out.extend_from_slice(bytes),
            Content::Picture(picture) => {
                let taken = picture.push(bytes, out, masks, tools);
                if taken < bytes.len() {
                    let channel = picture.give_up(out, masks, tools);
                    self.content = Content::Text(channel);
                    self.take(&bytes[taken..], out, masks, tools);
                }
            }
        }
    }

    /// A pause: what waits is hidden.
    pub fn settle(&mut self, out: &mut Vec<u8>, masks: &mut Masks, tools: (&Compiled, &Exact)) {
        let (rules, exact) = tools;
        match &mut self.content {
            Content::Unknown(_) | Content::Blocked(..) | Content::Allowed => {}
            Content::Text(channel) | Content::Title(channel, _) => {
                channel.settle(rules, exact);
                let end = channel.end();
                channel.show(end, rules, out, masks);
            }
            Content::Clipboard(clipboard) => clipboard.settle(out, masks, tools),
            Content::Picture(picture) => picture.settle(out, masks, tools),
        }
    }

    /// Nothing follows.
    pub fn finish(&mut self, out: &mut Vec<u8>, masks: &mut Masks, tools: (&Compiled, &Exact)) {
        let (rules, exact) = tools;
        match &mut self.content {
            Content::Unknown(known) => {
                let known = std::mem::take(known);
                // An empty text clears the clipboard.
                let is_clipboard = self.sort == Sort::Command && known.starts_with(b"52;");
                self.content = match self.policy {
                    ClipboardPolicy::Block if is_clipboard => Content::Blocked(Doing::ClipboardBlocked, 0),
                    _ => Content::Text(Channel::default()),
                };
                self.take(&known, out, masks, tools);
                self.finish(out, masks, tools);
            }
            Content::Text(channel) | Content::Title(channel, _) => {
                let limit = channel.scan(rules, exact, true);
                channel.show(limit, rules, out, masks);
            }
            Content::Clipboard(clipboard) => clipboard.finish(out, masks, tools),
            Content::Blocked(..) | Content::Allowed => {}
            Content::Picture(picture) => picture.finish(out, masks, tools),
        }
    }

    /// Whether bytes wait.
    pub fn is_holding(&self) -> bool {
        match &self.content {
            Content::Unknown(known) => !known.is_empty(),
            Content::Text(channel) | Content::Title(channel, _) => channel.is_holding(),
            Content::Clipboard(clipboard) => clipboard.is_holding(),
            Content::Blocked(..) | Content::Allowed => false,
            Content::Picture(picture) => picture.is_holding(),
        }
    }

    /// Whether it is a picture so far.
    pub fn is_picture(&self) -> bool {
        matches!(self.content, Content::Picture(_))
    }

    /// What it does, for the record, and how many bytes it has; `None` for what is only a text.
    pub fn doing(&self) -> Option<(Doing, u64)> {
        let doing = match &self.content {
            Content::Clipboard(_) => Doing::ClipboardMasked,
            Content::Blocked(doing, _) => *doing,
            Content::Allowed => Doing::ClipboardAllowed,
            Content::Picture(picture) => picture.doing(),
            Content::Title(_, 0) => Doing::TitleCut,
            Content::Title(..) | Content::Text(_) | Content::Unknown(_) => return None,
        };
        Some((doing, self.bytes))
    }
}

/// Shows the beginning of a string, masked for itself.
fn scan_alone(bytes: &[u8], out: &mut Vec<u8>, masks: &mut Masks, (rules, exact): (&Compiled, &Exact)) {
    let mut channel = Channel::default();
    channel.text(bytes, rules, exact);
    let limit = channel.scan(rules, exact, true);
    channel.show(limit, rules, out, masks);
}

/// Tells by the first bytes of a string what it is, the same however many follow, and how many of them are a head of their
/// own; `None` while more are needed.
fn content(sort: Sort, policy: ClipboardPolicy, known: &[u8]) -> Option<(usize, Content)> {
    let text = || Some((0, Content::Text(Channel::default())));
    match sort {
        Sort::Command => command(policy, known),
        Sort::Device => {
            // Sixels: numbers, then `q`.
            let numbers = known.iter().take(64).take_while(|byte| byte.is_ascii_digit() || **byte == b';');
            let numbers = numbers.count();
            match known.get(numbers) {
                None => None,
                Some(b'q') => Some((numbers + 1, Content::Picture(Picture::new(Grammar::Sixel)))),
                Some(_) => text(),
            }
        }
        Sort::Application => match known.first() {
            None => None,
            Some(b'G') => Some((1, Content::Picture(Picture::new(Grammar::Kitty)))),
            Some(_) => text(),
        },
        Sort::Other => text(),
    }
}

fn command(policy: ClipboardPolicy, known: &[u8]) -> Option<(usize, Content)> {
    let text = Some((0, Content::Text(Channel::default())));
    let digits = known.iter().take(NUMBER).take_while(|byte| byte.is_ascii_digit()).count();
    let after = known.get(digits)?;
    if *after != b';' {
        return text;
    }
    match &known[..digits] {
        b"0" | b"1" | b"2" => Some((digits + 1, Content::Title(Channel::default(), TITLE))),
        b"52" => {
            /// Terminals know a letter for each clipboard.
            const MOST_LETTERS: usize = 32;
            let which = &known[digits + 1..];
            let letters = which.iter().take(MOST_LETTERS).take_while(|byte| byte.is_ascii_alphanumeric());
            let letters = letters.count();
            match which.get(letters) {
                None => None,
                Some(b';') => clipboard(policy, known, digits + letters + 2),
                Some(_) => text,
            }
        }
        // The clipboard of kitty: what is to be done, then the text in base64.
        b"5522" => {
            /// As much as may be said about a piece of the clipboard.
            const MOST_SAID: usize = 1024;
            let said = &known[digits + 1..];
            let Some(end) = said.iter().take(MOST_SAID).position(|byte| *byte == b';') else {
                return if said.len() < MOST_SAID { None } else { block(policy, Doing::ClipboardBlocked) };
            };
            let asks = said[..end].windows(9).any(|word| word == b"type=read");
            match policy {
                ClipboardPolicy::Mask if asks => block(policy, Doing::QuestionBlocked),
                ClipboardPolicy::Mask => Some((digits + end + 2, Content::Clipboard(Clipboard::default()))),
                ClipboardPolicy::Block if asks => block(policy, Doing::QuestionBlocked),
                ClipboardPolicy::Block => block(policy, Doing::ClipboardBlocked),
                ClipboardPolicy::Allow => Some((0, Content::Allowed)),
            }
        }
        // iTerm2's own commands.
        b"1337" => {
            let rest = &known[digits + 1..];
            let name = rest.iter().take(20).take_while(|byte| byte.is_ascii_alphanumeric()).count();
            match (&rest[..name], rest.get(name)) {
                (_, None) => None,
                (b"File" | b"FilePart", Some(b'=')) => {
                    Some((digits + name + 2, Content::Picture(Picture::new(Grammar::Iterm))))
                }
                (b"Copy", Some(b'=')) => match rest.get(name + 1) {
                    None => None,
                    Some(b':') => clipboard(policy, known, digits + name + 3),
                    Some(_) => clipboard(policy, known, digits + name + 2),
                },
                _ => text,
            }
        }
        _ => text,
    }
}

/// A command whose first `head` bytes say that what follows goes to the clipboard, or asks for it.
fn clipboard(policy: ClipboardPolicy, known: &[u8], head: usize) -> Option<(usize, Content)> {
    let asks = *known.get(head)? == b'?';
    match policy {
        ClipboardPolicy::Allow => Some((0, Content::Allowed)),
        _ if asks => block(policy, Doing::QuestionBlocked),
        ClipboardPolicy::Block => block(policy, Doing::ClipboardBlocked),
        ClipboardPolicy::Mask => Some((head, Content::Clipboard(Clipboard::default()))),
    }
}

fn block(policy: ClipboardPolicy, doing: Doing) -> Option<(usize, Content)> {
    match policy {
        ClipboardPolicy::Allow => Some((0, Content::Allowed)),
        _ => Some((0, Content::Blocked(doing, 0))),
    }
}
