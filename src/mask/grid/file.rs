//! Finding the secrets of terminal output that lies in a file.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::moves::Moves;
use super::moves::Part;
use super::scan;
use crate::mask::Confidence;
use crate::mask::Engine;
use crate::mask::Found;
use crate::mask::units::Units;
use crate::term::MAX_COLS;
use crate::term::MAX_ROWS;
use crate::term::Stop;
use crate::term::Traced;

/// The secrets in `raw`, what a program wrote to a terminal of `cols` × `rows`, by both layers: in the running text and
/// in titles, links and the clipboard, and on the screen at the end of each frame.
///
/// Ranges are bytes of `raw`, in order, none overlapping another. A secret between whose characters escape sequences
/// stand has one range for each piece.
#[must_use]
pub fn find_in_terminal(engine: &Arc<Engine>, raw: &[u8], cols: u16, rows: u16) -> Vec<Found> {
    let mut pieces = Pieces::default();
    text(engine, raw, &mut pieces);
    let (cols, rows) = size(raw, cols, rows);
    screen(engine, raw, cols, rows, &mut pieces);
    stars(engine, raw, &mut pieces);
    pieces.found(raw)
}

/// What was found, before overlaps are put together.
#[derive(Default)]
struct Pieces(Vec<Found>);

impl Pieces {
    fn add(&mut self, range: Range<usize>, like: &Found) {
        if range.start < range.end {
            self.0.push(Found { range, ..like.clone() });
        }
    }

    /// Puts together what overlaps, or has nothing but line ends in between; the surer rule gives the name.
    fn found(mut self, raw: &[u8]) -> Vec<Found> {
        self.0.sort_by_key(|found| (found.range.start, found.range.end));
        let mut merged: Vec<Found> = Vec::new();
        for next in self.0 {
            match merged.last_mut() {
                Some(last) if next.range.start < last.range.end || joins(raw, last, &next) => {
                    last.range.end = last.range.end.max(next.range.end);
                    if rank(next.confidence) > rank(last.confidence) {
                        (last.rule, last.kind, last.confidence) = (next.rule, next.kind, next.confidence);
                    }
                }
                _ => merged.push(next),
            }
        }
        merged
    }
}

fn joins(raw: &[u8], one: &Found, other: &Found) -> bool {
    let gap = raw.get(one.range.end..other.range.start).unwrap_or_default();
    one.rule == other.rule && gap.len() <= 4 && gap.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
}

fn rank(confidence: Confidence) -> u8 {
    match confidence {
        Confidence::Certain => 2,
        Confidence::High => 1,
        Confidence::Medium => 0,
    }
}

/// The text without its sequences, and what stands inside them.
fn text(engine: &Engine, raw: &[u8], pieces: &mut Pieces) {
    let mut moves = Moves::default();
    // A line end that only the text has stands nowhere.
    let mut text = Units::default();
    let mut payload: Option<usize> = None;
    for (at, byte) in raw.iter().enumerate() {
        let part = moves.part(*byte);
        if part == Part::Words {
            payload.get_or_insert(at);
        } else if let Some(from) = payload.take() {
            words(engine, raw, from..at, pieces);
        }
        match part {
            Part::Text => text.plain(&[*byte], at),
            Part::Move => text.written(b"\n", at..at),
            Part::Sequence | Part::Words => {}
        }
    }
    if let Some(from) = payload {
        words(engine, raw, from..raw.len(), pieces);
    }
    for found in engine.find(&text.text) {
        text.pieces(found.range.clone()).into_iter().for_each(|range| pieces.add(range, &found));
    }
}

/// A string inside a sequence; of the clipboard's, the base64 as a whole.
fn words(engine: &Engine, raw: &[u8], range: Range<usize>, pieces: &mut Pieces) {
    let payload = &raw[range.clone()];
    if let Some(clipboard) = payload.strip_prefix(b"52;")
        && let Some(after) = memchr::memchr(b';', clipboard)
    {
        let letters = &clipboard[after + 1..];
        let decoded = STANDARD.decode(letters.trim_ascii()).unwrap_or_default();
        if let Some(found) = engine.find(&decoded).first() {
            pieces.add(range.end - letters.len()..range.end, found);
        }
        return;
    }
    for found in engine.find(payload) {
        pieces.add(range.start + found.range.start..range.start + found.range.end, &found);
    }
}

/// What the screen shows whenever something of it is about to go.
fn screen(engine: &Engine, raw: &[u8], cols: u16, rows: u16, pieces: &mut Pieces) {
    let mut screen = Traced::new(cols, rows);
    let mut taken = 0;
    loop {
        let (count, stop) = screen.feed(&raw[taken..], &raw[taken..], taken as u64);
        taken += count;
        for secret in if screen.is_fresh() { scan::find(engine, &screen) } else { Vec::new() } {
            let numbers = secret.prefix.iter().chain(&secret.hidden);
            let prints = numbers.filter_map(|number| screen.print(*number));
            let mut places: Vec<(usize, usize)> = prints
                .filter_map(|print| Some((usize::try_from(print.at).ok()?, print.raw().len())))
                .collect();
            places.sort_unstable();
            let like =
                Found { range: 0..0, rule: secret.rule, kind: secret.kind, confidence: secret.confidence };
            runs(places.into_iter(), |range| pieces.add(range, &like));
        }
        screen.settle();
        if stop == Stop::End {
            return;
        }
    }
}

/// What the byte layer hides and nothing else has found: it reads edits and wraps in its own way.
fn stars(engine: &Arc<Engine>, raw: &[u8], pieces: &mut Pieces) {
    let mut stream = engine.stream();
    let mut out = Vec::with_capacity(raw.len());
    stream.push(raw, &mut out);
    stream.finish(&mut out);
    if out.len() != raw.len() {
        return;
    }
    let mut rules: Vec<Arc<str>> = stream.take_masks().iter().map(|hit| hit.rule).collect();
    let rule = if rules.len() == 1 { rules.remove(0) } else { "terminal".into() };
    let mut known = BTreeMap::new();
    for found in &pieces.0 {
        let end = known.entry(found.range.start).or_insert(found.range.end);
        *end = (*end).max(found.range.end);
    }
    let is_known = |at: usize| known.range(..=at).rev().take(8).any(|(_, end)| at < *end);
    let like = Found { range: 0..0, rule, kind: "secret".into(), confidence: Confidence::Medium };
    let places = raw.iter().zip(&out).enumerate();
    let hidden = places.filter(|(at, (was, is))| was != is && **is == b'*' && !is_known(*at));
    let mut found = Vec::new();
    runs(hidden.map(|(at, _)| (at, 1)), |range| found.push(range));
    found.into_iter().for_each(|range| pieces.add(range, &like));
}

/// Puts places, each with a length, together to ranges.
fn runs(places: impl Iterator<Item = (usize, usize)>, mut each: impl FnMut(Range<usize>)) {
    let mut run: Option<Range<usize>> = None;
    for (at, length) in places {
        match &mut run {
            Some(run) if run.end == at => run.end += length,
            Some(run) if at >= run.start && at < run.end => {}
            _ => {
                if let Some(run) = run.replace(at..at + length) {
                    each(run);
                }
            }
        }
    }
    if let Some(run) = run {
        each(run);
    }
}

/// The size the program must have seen: at least the one given, and room for every row and column it names.
fn size(raw: &[u8], cols: u16, rows: u16) -> (u16, u16) {
    let (mut most_cols, mut most_rows) = (cols, rows);
    let mut rest = raw;
    while let Some(at) = memchr::memmem::find(rest, b"\x1b[") {
        rest = &rest[at + 2..];
        let length = rest.iter().take(16).take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
        let (parameters, last) = (&rest[..length], rest.get(length));
        let mut numbers = parameters.split(|byte| *byte == b';').map(|digits| {
            str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u16>().ok()).unwrap_or(1)
        });
        match last {
            Some(b'H' | b'f') => {
                let (row, col) = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(1));
                // Far beyond any screen: a way to say "the last one".
                most_rows = most_rows.max(if row <= MAX_ROWS { row } else { 0 });
                most_cols = most_cols.max(if col <= MAX_COLS { col } else { 0 });
            }
            Some(b'd') => {
                let row = numbers.next().unwrap_or(1);
                most_rows = most_rows.max(if row <= MAX_ROWS { row } else { 0 });
            }
            _ => {}
        }
    }
    match wrapped_at(raw) {
        Some(width) if most_cols == cols => (width, most_rows),
        _ => (most_cols, most_rows),
    }
}

/// The width at which readline has wrapped what was typed: it writes a space and goes back to the first column. Every
/// such line is as wide as the terminal, and none is wider.
fn wrapped_at(raw: &[u8]) -> Option<u16> {
    let mut moves = Moves::default();
    let mut width = None;
    let (mut col, mut widest, mut last) = (0u16, 0u16, 0u8);
    let mut rest = raw.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        match moves.part(byte) {
            Part::Move => return None,
            Part::Text => {}
            _ => continue,
        }
        match byte {
            b'\r' if last == b' ' && rest.peek().is_some_and(|next| *next > b' ') => {
                let text = col.saturating_sub(1);
                if text < 20 || width.is_some_and(|width| width != text) {
                    return None;
                }
                width = Some(text);
                col = 0;
            }
            b'\r' | b'\n' => {
                widest = widest.max(col);
                col = 0;
            }
            // The other bytes of a character.
            0x80..=0xbf => {}
            _ => col = col.saturating_add(1),
        }
        last = byte;
    }
    width.filter(|width| widest <= *width)
}
