//! What is wrong with a file: where, the line itself, a caret under the place, and what to write instead.

use std::fmt;

use unicode_width::UnicodeWidthChar;

use crate::error::Error;
use crate::error::Kind;

/// Faults shown of one file; the rest is counted.
const SHOWN: usize = 20;

/// Columns of a source line that are shown around the fault.
const LINE_COLUMNS: usize = 120;

/// One fault, in the shape people know from compilers.
///
/// ```text
/// policy.toml:4:1: unknown key `efect`
///   4 | efect = "allow"
///     | ^^^^^
///   fix: did you mean `effect`?
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, variable or option at fault.
    pub origin: String,
    /// Where in the file; `None` for a variable, an option, or a file as a whole.
    pub place: Option<Place>,
    /// What is wrong, in lower case without a full stop.
    pub message: String,
    /// What to write instead.
    pub fix: Option<String>,
}

/// A stretch of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The line as it stands, cut around the fault, safe to show on a terminal.
    pub source: String,
    /// Terminal cells before the caret.
    pub indent: usize,
    /// Terminal cells under which the caret stands; at least 1.
    pub width: usize,
}

impl Place {
    /// The place of `span` (bytes) in `text`; a span over several lines is cut at the end of its first.
    #[must_use]
    pub fn of(text: &str, span: std::ops::Range<usize>) -> Self {
        let start = boundary(text, span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let end = boundary(text, span.end).clamp(start, line_end);
        let before: Vec<char> = text[line_start..start].chars().collect();
        let inside: Vec<char> = text[start..end].trim_end().chars().collect();
        let after = text[end..line_end].trim_end();
        let column = before.len() + 1;

        let keep = if before.len() + inside.len() > LINE_COLUMNS {
            before.len().min(LINE_COLUMNS / 4)
        } else {
            before.len()
        };
        let cut_before = keep < before.len();
        let mut source = String::new();
        if cut_before {
            source.push('…');
        }
        source.extend(before[before.len() - keep..].iter().copied().map(visible));
        let indent = cells(&source);
        let shown_inside = inside.iter().copied().map(visible).take(LINE_COLUMNS - keep);
        let inside_text: String = shown_inside.collect();
        let width = cells(&inside_text).max(1);
        source.push_str(&inside_text);
        let room = LINE_COLUMNS.saturating_sub(source.chars().count());
        let rest: Vec<char> = after.chars().take(room + 1).collect();
        source.extend(rest.iter().copied().take(room).map(visible));
        if rest.len() > room {
            source.push('…');
        }
        Self { line: text[..start].matches('\n').count() + 1, column, source, indent, width }
    }
}

/// The nearest character boundary not after `at`.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// A character that cannot steer a terminal or hide: tabs become a space, the rest of such characters `�`.
fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
            '\u{fffd}'
        }
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

fn cells(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// Text from a file made safe to stand in a message: one line, at most 80 characters, nothing that steers a terminal.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(80).map(visible).collect();
    if text.chars().nth(80).is_some() {
        short.push('…');
    }
    short
}

impl Fault {
    /// A fault of a variable, an option, or a file as a whole.
    #[must_use]
    pub fn of(origin: impl Into<String>, message: impl Into<String>) -> Self {
        Self { origin: origin.into(), place: None, message: message.into(), fix: None }
    }

    /// Says what to write instead.
    #[must_use]
    pub fn fix(mut self, advice: impl Into<String>) -> Self {
        self.fix = Some(advice.into());
        self
    }

    /// `policy.toml:4:1`, or the origin alone.
    #[must_use]
    pub fn position(&self) -> String {
        match &self.place {
            Some(place) => format!("{}:{}:{}", self.origin, place.line, place.column),
            None => self.origin.clone(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.position(), self.message)?;
        if let Some(place) = &self.place {
            let number = place.line.to_string();
            let margin = " ".repeat(number.len());
            write!(f, "\n  {number} | {}", place.source)?;
            write!(f, "\n  {margin} | {}{}", " ".repeat(place.indent), "^".repeat(place.width))?;
        }
        match &self.fix {
            Some(fix) => write!(f, "\n  fix: {fix}"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong with one file, or with one start; never empty when it is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    faults: Vec<Fault>,
}

impl Diagnostics {
    /// Faults in the order in which they are to be read.
    #[must_use]
    pub fn new(faults: Vec<Fault>) -> Self {
        Self { faults }
    }

    /// The faults, by place.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().take(SHOWN).enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            fault.fmt(f)?;
        }
        match self.faults.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            1 => f.write_str("\n\nand 1 more fault"),
            more => write!(f, "\n\nand {more} more faults"),
        }
    }
}

impl std::error::Error for Diagnostics {}

impl From<Diagnostics> for Error {
    fn from(diagnostics: Diagnostics) -> Self {
        match diagnostics.faults.as_slice() {
            [only] if only.place.is_none() => {
                let error = Self::new(Kind::Config, format!("{}: {}", only.origin, only.message));
                match &only.fix {
                    Some(fix) => error.fix(fix.clone()),
                    None => error,
                }
            }
            [] | [_] => Self::new(Kind::Config, "a file is wrong").why(diagnostics.to_string()),
            many => Self::new(Kind::Config, format!("{} faults in the settings", many.len()))
                .why(diagnostics.to_string()),
        }
    }
}

/// The candidate that `word` was probably meant to be: a third of its letters may be wrong.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > 100 {
        return None;
    }
    let lower = word.to_lowercase();
    let allowed = (lower.chars().count() / 3).clamp(1, 6);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str, span: std::ops::Range<usize>) -> String {
        let place = Some(Place::of(text, span));
        Fault { origin: "f.toml".to_owned(), place, message: "wrong".to_owned(), fix: None }.to_string()
    }

    #[test]
    fn the_caret_stands_under_the_place() {
        let text = "a = 1\n  efect = \"allow\"\n";
        let at = text.find("efect").unwrap();
        assert_eq!(fault(text, at..at + 5), "f.toml:2:3: wrong\n  2 |   efect = \"allow\"\n    |   ^^^^^");
    }

    #[test]
    fn wide_characters_and_tabs_keep_the_caret_in_place() {
        let text = "\t名 = x";
        let at = text.find('x').unwrap();
        assert_eq!(fault(text, at..at + 1), "f.toml:1:6: wrong\n  1 |  名 = x\n    |       ^");
    }

    #[test]
    fn nothing_from_the_file_steers_the_terminal() {
        let shown = fault("a = \u{1b}[31m\u{202e}x", 4..5);
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{shown:?}");
    }

    #[test]
    fn a_very_long_line_is_cut_around_the_place() {
        let text = format!("a = \"{}\" # {}", "x".repeat(500), "y".repeat(500));
        for span in [4..507, 509..510, 0..1, 900..901] {
            let shown = fault(&text, span);
            assert!(shown.lines().all(|line| line.chars().count() < 135), "{shown}");
        }
    }

    #[test]
    fn a_span_past_the_end_or_inside_a_character_is_survived() {
        assert_eq!(fault("é", 1..9), "f.toml:1:1: wrong\n  1 | é\n    | ^");
        assert_eq!(fault("", 4..9), "f.toml:1:1: wrong\n  1 | \n    | ^");
    }

    #[test]
    fn the_nearest_word_is_found_and_a_far_one_is_not() {
        assert_eq!(nearest("efect", ["action", "effect"]), Some("effect"));
        assert_eq!(nearest("Efect", ["action", "effect"]), Some("effect"));
        assert_eq!(nearest("colour", ["action", "effect"]), None);
    }
}
