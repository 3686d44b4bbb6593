//! Searching the text that was on the screen, moment by moment.

use std::ops::Range;

use crate::cast::Kind;
use crate::error::Result;
use crate::replay::message::Hit;
use crate::replay::tape::Tape;
use crate::term::Screen;
use crate::term::Snapshot;
use crate::term::Watcher;
use crate::types::Micros;

/// Most hits given; a search with more of them is not worth walking through.
const MAX_HITS: usize = 10_000;
/// Most texts of one pattern.
const MAX_TEXTS: usize = 16;
/// Longest line put together from wrapped rows, in characters.
const MAX_LINE: usize = 64 << 10;

/// A hit of the index appears at most so many microseconds after its moment: a stretch of text is no longer.
const NEAR: u64 = 10_000_000;

/// What is searched: plain texts; capitals count only when there are some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// None of them empty.
    texts: Vec<Vec<char>>,
    exact: bool,
}

impl Pattern {
    /// A pattern; none when `text` is empty.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let exact = text.chars().any(char::is_uppercase);
        Some(Self { exact, ..Self::any(&[text])? })
    }

    /// Any of `texts`, in letters of either case; none when all are empty.
    #[must_use]
    pub fn any(texts: &[impl AsRef<str>]) -> Option<Self> {
        let texts = texts.iter().map(|text| text.as_ref().chars().collect::<Vec<char>>());
        let texts: Vec<Vec<char>> = texts.filter(|text| !text.is_empty()).take(MAX_TEXTS).collect();
        (!texts.is_empty()).then_some(Self { texts, exact: false })
    }

    /// Ranges of `line`'s characters that match, from left to right, without overlap.
    #[must_use]
    pub fn find(&self, line: &[char]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < line.len() {
            let rest = &line[at..];
            let is_here = |text: &&Vec<char>| {
                text.len() <= rest.len() && text.iter().zip(rest).all(|(a, b)| self.same(*a, *b))
            };
            let length = self.texts.iter().filter(is_here).map(Vec::len).max();
            found.extend(length.map(|length| at..at + length));
            at += length.unwrap_or(1);
        }
        found
    }

    /// Columns and rows of the cells that match; lines that wrap are searched as one.
    #[must_use]
    pub fn find_on(&self, screen: &Snapshot) -> Vec<(u16, u16)> {
        let mut found = Vec::new();
        let mut line: Vec<char> = Vec::new();
        let mut places: Vec<(u16, u16)> = Vec::new();
        for row in 0..screen.rows {
            for (col, cell) in (0..).zip(screen.row(row)).filter(|(_, cell)| cell.columns > 0) {
                line.push(cell.character);
                places.push((col, row));
            }
            let wrapped = screen.wrapped.get(usize::from(row)).is_some_and(|wrapped| *wrapped);
            if !wrapped || row + 1 == screen.rows {
                found.extend(self.find(&line).into_iter().flat_map(|range| places[range].to_vec()));
                line.clear();
                places.clear();
            }
        }
        found
    }

    fn same(&self, wanted: char, found: char) -> bool {
        if wanted == found || self.exact {
            return wanted == found;
        }
        if wanted.is_ascii() && found.is_ascii() {
            return wanted.eq_ignore_ascii_case(&found);
        }
        found.to_lowercase().eq(wanted.to_lowercase())
    }
}

/// Walks through the recording and gives each moment at which an occurrence appears that was not there before.
///
/// `found` takes the hits of each event and says whether to go on. Text that wraps is searched as one line, text
/// that scrolls by within one event is seen too.
pub fn search(tape: &Tape, pattern: &Pattern, found: impl FnMut(Option<Hit>) -> bool) -> Result<()> {
    let mut found = found;
    search_from(tape, pattern, Micros(0), |_, hit| found(hit))
}

/// The first moment from `from` on, within [`NEAR`] of it, at which `pattern` appears. What stood on the screen before
/// is not looked at. Looks from time to time whether to `stop`.
pub fn first(
    tape: &Tape,
    pattern: &Pattern,
    from: Micros,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Micros>> {
    let mut first = None;
    search_from(tape, pattern, from, |at, hit| {
        first = hit.map(|hit| hit.at);
        first.is_none() && at.0 <= from.0.saturating_add(NEAR) && !stop()
    })?;
    Ok(first)
}

fn search_from(
    tape: &Tape,
    pattern: &Pattern,
    from: Micros,
    mut found: impl FnMut(Micros, Option<Hit>) -> bool,
) -> Result<()> {
    let header = tape.header();
    let mut screen = Screen::new(header.cols, header.rows);
    let mut before = 0;
    let mut hits = 0;
    for event in tape.read_from(tape.start())? {
        // A line that cannot be read hides nothing else.
        let Ok(event) = event else { continue };
        if event.time < from && event.kind == Kind::Output {
            // Passed over without emulating it, which takes ten times as long as reading.
            if !found(event.time, None) {
                break;
            }
            continue;
        }
        let mut passing = Passing { pattern, pending: Vec::new(), gone: 0, changed: false };
        match event.kind {
            Kind::Output => screen.feed_watched(&event.data, &mut passing),
            Kind::Resize => {
                if let Some((cols, rows)) = event.size() {
                    screen.resize(cols, rows);
                    before = visible(&screen, pattern, &mut Vec::new());
                }
                continue;
            }
            _ => continue,
        }
        let mut hit = None;
        if passing.changed || passing.gone > 0 {
            let gone = passing.gone;
            let now = visible(&screen, pattern, &mut passing.pending);
            if now + gone > before {
                hit = Some(Hit { at: event.time });
                hits += 1;
            }
            before = now;
        }
        if !found(event.time, hit) || hits == MAX_HITS {
            break;
        }
    }
    Ok(())
}

/// Occurrences on the screen; `line` is the beginning of a line whose rest is the top row.
fn visible(screen: &Screen, pattern: &Pattern, line: &mut Vec<char>) -> usize {
    let mut count = 0;
    for row in 0..screen.size().1 {
        let wrapped = screen.append_row(row, line);
        if !wrapped || line.len() > MAX_LINE {
            count += pattern.find(line).len();
            line.clear();
        }
    }
    count + pattern.find(line).len()
}

struct Passing<'a> {
    pattern: &'a Pattern,
    pending: Vec<char>,
    gone: usize,
    changed: bool,
}

impl Watcher for Passing<'_> {
    fn changed(&mut self, _: Range<usize>) {
        self.changed = true;
    }

    fn scrolled_off(&mut self, text: &str, wrapped: bool) {
        self.pending.extend(text.chars());
        if !wrapped || self.pending.len() > MAX_LINE {
            self.gone += self.pattern.find(&self.pending).len();
            self.pending.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn hits(pattern: &str, outputs: &[&str]) -> Vec<u64> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "{{\"version\":2,\"width\":10,\"height\":3}}").unwrap();
        for (text, time) in outputs.iter().zip(1..) {
            writeln!(file, "[{time}, \"o\", {}]", serde_json::to_string(text).unwrap()).unwrap();
        }
        let tape = Tape::open(file.path()).unwrap();
        let mut times = Vec::new();
        search(&tape, &Pattern::new(pattern).unwrap(), |hit| {
            times.extend(hit.map(|hit| hit.at.0 / 1_000_000));
            true
        })
        .unwrap();
        times
    }

    #[test]
    fn each_new_occurrence_is_one_moment() {
        assert_eq!(hits("err", &["err 1\r\n", "fine\r\n", "err 1\r\n", "fine\r\nfine\r\n", "ok"]), [1, 3]);
    }

    #[test]
    fn text_that_scrolls_by_or_wraps_is_found() {
        let flood = format!("needle\r\n{}", "hay\r\n".repeat(20));
        assert_eq!(hits("needle", &["start", &flood, "end"]), [2]);
        assert_eq!(hits("89abc", &["0123456789abcdef"]), [1]);
    }

    #[test]
    fn typing_on_in_the_line_is_not_a_new_hit_and_colours_do_not_part_a_word() {
        assert_eq!(hits("ls", &["$ l", "s", " -", "l"]), [2]);
        assert_eq!(hits("secret", &["se\x1b[31mcr\x1b[met"]), [1]);
    }

    #[test]
    fn any_of_several_texts_is_found_the_longest_first() {
        let line: Vec<char> = "access denied: Access".chars().collect();
        let pattern = Pattern::any(&["access", "", "access denied"]).unwrap();
        assert_eq!(pattern.find(&line), [0..13, 15..21]);
        assert_eq!(Pattern::any(&[""]), None);
    }

    #[test]
    fn capitals_count_only_when_there_are_some() {
        let find = |pattern: &str, line: &str| {
            Pattern::new(pattern).unwrap().find(&line.chars().collect::<Vec<_>>()).len()
        };
        assert_eq!(find("error", "Error ERROR error"), 3);
        assert_eq!(find("Error", "Error ERROR error"), 1);
        assert_eq!(find("ü", "Ü ü"), 2);
        assert!(Pattern::new("").is_none());
    }
}
