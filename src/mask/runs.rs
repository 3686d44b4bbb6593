//! What hides on and on once a secret has begun: letters of a token, a quoted text, a key block, a table's column.

use super::alphabet::BASE64;
use super::alphabet::Set;
use super::benign;
use super::tuples::Tuples;
use super::tuples::Verdict;
use super::users::Users;
use super::view::View;

/// A machine that goes over the text once and says which bytes to hide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// As long as bytes of the set come.
    Letters(Set),
    /// To the closing quote, which has `slashes` backslashes before it.
    Quoted { quote: u8, slashes: usize },
    /// To the end marker of a key block.
    Pem(Pem),
    /// One column of the rows that follow a table's header.
    Column(Column),
    /// The values of a Kubernetes secret.
    Kubernetes(Kubernetes),
    /// The fields of a tab-separated row.
    Fields,
    /// A list of users and passwords.
    Users(Users),
    /// One column of an insert's rows.
    Tuples(Tuples),
    /// Words of the form of an AWS secret key, up to a position.
    NearKeyId { until: usize, skipping: bool },
}

/// Where a key block stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pem {
    /// Letters in a row.
    letters: usize,
    /// The body has begun: only letters of base64 and line ends from here on.
    strict: bool,
}

/// Which column to hide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Counted from 0.
    pub index: usize,
    /// `,` or `|`.
    pub separator: u8,
    /// What a line that is read in pieces goes on with.
    pub rest: Rest,
}

/// How the next piece of a line is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rest {
    /// It is a line's beginning.
    #[default]
    Fresh,
    /// Nothing of it is hidden.
    Shown,
    /// It goes on with what was hidden.
    Hidden,
}

/// Where a Kubernetes manifest stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kubernetes {
    /// How far `data:` is indented, while in it.
    section: Option<usize>,
    rest: Rest,
}

/// What a run found in one step.
pub struct Step<'s> {
    /// Where it stands.
    pub at: &'s mut usize,
    /// Takes each piece to hide; `true` if it begins a secret of its own.
    pub hide: &'s mut dyn FnMut(usize, usize, bool),
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It goes on; bytes from here on wait.
    Going(usize),
    /// It is over.
    Over,
}

/// The longest line or cell a run looks at as a whole.
const LINE: usize = 1024;

impl Run {
    /// Goes over what is known from `step.at` on.
    pub fn step(&mut self, view: View<'_>, step: &mut Step<'_>) -> After {
        match self {
            Self::Letters(set) => {
                let rest = view.from(*step.at);
                let count = set.span(rest);
                (step.hide)(*step.at, *step.at + count, false);
                *step.at += count;
                if count < rest.len() { After::Over } else { After::Going(*step.at) }
            }
            Self::Quoted { quote, slashes } => quoted(*quote, *slashes, view, step),
            Self::Pem(pem) => pem.step(view, step),
            Self::Column(column) => lines(column, view, step),
            Self::Kubernetes(state) => lines(state, view, step),
            Self::Users(users) => lines(users, view, step),
            Self::Fields => fields(view, step),
            Self::Tuples(tuples) => rows(tuples, view, step),
            Self::NearKeyId { until, skipping } => near_key_id(*until, skipping, view, step),
        }
    }
}

/// Where a quoted value that begins `bytes` ends: its length without the closing backslashes, if the quote has come.
pub fn quoted_end(bytes: &[u8], quote: u8, slashes: usize) -> QuotedEnd {
    let mut count = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'\\' {
            count += 1;
            continue;
        }
        if *byte == quote && count >= slashes && (count - slashes).is_multiple_of(2 * (slashes + 1)) {
            return QuotedEnd::At(at - slashes);
        }
        if *byte == b'\n' {
            return QuotedEnd::At(at);
        }
        count = 0;
    }
    QuotedEnd::NotYet(bytes.len() - count)
}

/// See [`quoted_end`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotedEnd {
    /// The value has this length.
    At(usize),
    /// It has at least this length: backslashes at the end may belong to the quote.
    NotYet(usize),
}

fn quoted(quote: u8, slashes: usize, view: View<'_>, step: &mut Step<'_>) -> After {
    let (count, over) = match quoted_end(view.from(*step.at), quote, slashes) {
        QuotedEnd::At(count) => (count, true),
        QuotedEnd::NotYet(count) => (count, false),
    };
    (step.hide)(*step.at, *step.at + count, false);
    *step.at += count;
    // A long row of backslashes is hidden rather than held, by a number that does not change what the quote means.
    while !over && view.end() - *step.at >= 72 {
        (step.hide)(*step.at, *step.at + 64, false);
        *step.at += 64;
    }
    if over { After::Over } else { After::Going(*step.at) }
}

impl Pem {
    /// Letters are hidden, line ends (real or written as `\n`) are not; ends at `-----END` or at what is no base64.
    fn step(&mut self, view: View<'_>, step: &mut Step<'_>) -> After {
        loop {
            let rest = view.from(*step.at);
            let letters = BASE64.span(rest);
            if letters > 0 {
                self.letters += letters;
                self.strict |= self.letters >= 32;
                (step.hide)(*step.at, *step.at + letters, false);
                *step.at += letters;
                continue;
            }
            if rest.is_empty() {
                return After::Going(*step.at);
            }
            self.letters = 0;
            match rest {
                [b'\n' | b'\r' | b' ' | b'\t', ..] => *step.at += 1,
                [b'\\'] if !view.is_last() => return After::Going(*step.at),
                [b'\\', b'n' | b'r' | b't', ..] => *step.at += 2,
                [b'\\', ..] => *step.at += 1,
                [b'-', ..] if !self.strict && rest.len() < 5 && !view.is_last() => {
                    return After::Going(*step.at);
                }
                // `Proc-Type: 4,ENCRYPTED` and its like stand before the body.
                [b'-' | b':' | b',', ..] if !self.strict && !rest.starts_with(b"-----") => *step.at += 1,
                _ => return After::Over,
            }
        }
    }
}

/// Reads lines, each as a whole (at most [`LINE`] bytes of it), and says from where an unfinished one must wait.
pub trait Lines {
    /// Hides what is to be hidden of a line that stands at `at`; `false` if the run ends before it.
    fn line(&mut self, line: &[u8], at: usize, hide: &mut dyn FnMut(usize, usize, bool)) -> bool;
    /// How much of an unfinished line can be shown already.
    fn shown(&self, line: &[u8]) -> usize;
}

fn lines(reader: &mut dyn Lines, view: View<'_>, step: &mut Step<'_>) -> After {
    loop {
        let rest = view.from(*step.at);
        let known = &rest[..rest.len().min(LINE)];
        let line = match known.iter().position(|byte| *byte == b'\n') {
            Some(end) => &known[..=end],
            None if known.len() == LINE || view.is_last() && !known.is_empty() => known,
            None => return After::Going(*step.at + reader.shown(known)),
        };
        if !reader.line(line, *step.at, step.hide) {
            return After::Over;
        }
        *step.at += line.len();
    }
}

fn trimmed(bytes: &[u8]) -> (usize, usize) {
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| !byte.is_ascii_whitespace()).map_or(start, |at| at + 1);
    (start, end)
}

impl Lines for Column {
    fn line(&mut self, line: &[u8], at: usize, hide: &mut dyn FnMut(usize, usize, bool)) -> bool {
        let whole = line.ends_with(b"\n");
        if self.rest != Rest::Fresh {
            let end = line.iter().position(|byte| *byte == self.separator || *byte == b'\n');
            if self.rest == Rest::Hidden {
                hide(at, at + end.unwrap_or(line.len()), false);
            }
            self.rest = match end {
                _ if whole => Rest::Fresh,
                Some(_) => Rest::Shown,
                None => self.rest,
            };
            return true;
        }
        self.rest = if whole { Rest::Fresh } else { Rest::Shown };
        let ruler = line.iter().all(|byte| b"-+|= \r\n".contains(byte));
        if ruler && self.separator == b'|' && line.contains(&b'-') {
            return true;
        }
        let mut start = 0;
        for (index, cell) in line.split(|byte| *byte == self.separator).enumerate() {
            if index == self.index {
                let (mut from, mut to) = trimmed(cell);
                if to > from + 1 && cell[from] == b'"' && cell[to - 1] == b'"' {
                    (from, to) = (from + 1, to - 1);
                }
                if !whole && start + cell.len() == line.len() {
                    self.rest = Rest::Hidden;
                }
                if from < to && !benign::value(&cell[from..to], true) {
                    hide(at + start + from, at + start + to, true);
                }
                return true;
            }
            start += cell.len() + 1;
        }
        false
    }

    fn shown(&self, line: &[u8]) -> usize {
        match self.rest {
            Rest::Hidden => return 0,
            Rest::Shown => return line.len(),
            Rest::Fresh => {}
        }
        let mut before = line.split(|byte| *byte == self.separator).map(<[u8]>::len);
        let start: usize = before.by_ref().take(self.index).map(|length| length + 1).sum();
        start.min(line.len())
    }
}

impl Lines for Kubernetes {
    fn line(&mut self, line: &[u8], at: usize, hide: &mut dyn FnMut(usize, usize, bool)) -> bool {
        let whole = line.ends_with(b"\n");
        if self.rest != Rest::Fresh {
            if self.rest == Rest::Hidden {
                hide(at, at + line.trim_ascii_end().len(), false);
            }
            self.rest = if whole { Rest::Fresh } else { self.rest };
            return true;
        }
        self.rest = if whole { Rest::Fresh } else { Rest::Shown };
        let (start, end) = trimmed(line);
        let text = &line[start..end];
        if text.is_empty() || text.starts_with(b"#") {
            return true;
        }
        if text == b"---" {
            return false;
        }
        if self.section.is_some_and(|indent| start <= indent) {
            self.section = None;
        }
        if self.section.is_none() {
            if text == b"data:" || text == b"stringData:" {
                self.section = Some(start);
            }
            return true;
        }
        if let Some(colon) = text.windows(2).position(|pair| pair == b": ") {
            let value = &text[colon + 2..];
            if value.len() >= 2 && !matches!(value, b"|" | b"|-" | b">" | b"\"\"") {
                hide(at + start + colon + 2, at + end, true);
                self.rest = if whole { Rest::Fresh } else { Rest::Hidden };
            }
        } else if !text.ends_with(b":") {
            // A line of a block value.
            hide(at + start, at + end, true);
            self.rest = if whole { Rest::Fresh } else { Rest::Hidden };
        }
        true
    }

    fn shown(&self, line: &[u8]) -> usize {
        match self.rest {
            Rest::Hidden => return 0,
            Rest::Shown => return line.len(),
            Rest::Fresh => {}
        }
        let (start, _) = trimmed(line);
        match self.section {
            Some(indent) if start > indent => match line.windows(2).position(|pair| pair == b": ") {
                Some(colon) => colon + 2,
                None => start,
            },
            _ => line.len(),
        }
    }
}

/// Every field of a tab-separated row that is no date.
fn fields(view: View<'_>, step: &mut Step<'_>) -> After {
    loop {
        let rest = view.from(*step.at);
        let known = &rest[..rest.len().min(LINE)];
        let end = known.iter().position(|byte| matches!(byte, b'\t' | b'\n' | b'\r'));
        let (length, over) = match end {
            Some(end) => (end, known[end] != b'\t'),
            None if view.is_last() && rest.len() <= LINE => (rest.len(), true),
            None if known.len() == LINE => {
                (step.hide)(*step.at, *step.at + LINE, false);
                *step.at += LINE;
                continue;
            }
            None => return After::Going(*step.at),
        };
        let field = &rest[..length];
        if !benign::date(field) && !benign::value(field, true) {
            (step.hide)(*step.at, *step.at + length, true);
        }
        if over {
            return After::Over;
        }
        *step.at += length + 1;
    }
}

/// The quoted texts of one column, as they come.
fn rows(tuples: &mut Tuples, view: View<'_>, step: &mut Step<'_>) -> After {
    for byte in view.from(*step.at) {
        match tuples.take(*byte) {
            Verdict::End => return After::Over,
            Verdict::Hide(own) => (step.hide)(*step.at, *step.at + 1, own),
            Verdict::Show => {}
        }
        *step.at += 1;
    }
    After::Going(*step.at)
}

/// Words of exactly 40 letters of base64 that look random.
fn near_key_id(until: usize, skipping: &mut bool, view: View<'_>, step: &mut Step<'_>) -> After {
    const LENGTH: usize = 40;
    loop {
        let rest = view.from(*step.at);
        if *skipping {
            let count = BASE64.span(rest);
            *step.at += count;
            if count == rest.len() {
                return if view.is_last() { After::Over } else { After::Going(*step.at) };
            }
            *skipping = false;
            continue;
        }
        if *step.at >= until {
            return After::Over;
        }
        let count = BASE64.span(&rest[..rest.len().min(LENGTH + 1)]);
        *skipping = count > LENGTH;
        if count == rest.len() && !view.is_last() && !*skipping {
            return After::Going(*step.at);
        }
        if count == LENGTH && benign::looks_random(&rest[..LENGTH]) {
            (step.hide)(*step.at, *step.at + LENGTH, true);
        }
        if rest.is_empty() {
            return After::Over;
        }
        *step.at += count.max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_ends_only_at_its_own_level() {
        assert_eq!(quoted_end(br#"ab" "#, b'"', 0), QuotedEnd::At(2));
        assert_eq!(quoted_end(br#"a\"b" "#, b'"', 0), QuotedEnd::At(4));
        assert_eq!(quoted_end(br#"a\\" "#, b'"', 0), QuotedEnd::At(3));
        assert_eq!(quoted_end(br#"ab\" "#, b'"', 1), QuotedEnd::At(2));
        assert_eq!(quoted_end(br#"a\\\"b\" "#, b'"', 1), QuotedEnd::At(6));
        assert_eq!(quoted_end(br#"ab\"#, b'"', 1), QuotedEnd::NotYet(2));
    }
}
