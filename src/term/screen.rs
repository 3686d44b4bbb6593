//! The emulated screen: what a terminal would show after the bytes fed so far.

use std::ops::Range;

use avt::Line;
use avt::Observation;
use avt::Observer;
use avt::Operation;
use avt::ScreenKind;
use avt::Terminal;
use avt::parser::DecMode;
use avt::parser::Function;

use crate::term::Colour;
use crate::term::Rgb;
use crate::term::history::History;
use crate::term::history::Leaving;
use crate::term::history::Row;
use crate::term::links::Change;
use crate::term::links::KeptLinks;
use crate::term::links::Links;
use crate::term::links::Tracker;

/// Widest screen emulated; a recording that asks for more gets this. Bounds memory: 1000 × 500 cells are 16 MiB.
pub const MAX_COLS: u16 = 1000;
/// Tallest screen emulated.
pub const MAX_ROWS: u16 = 500;

/// How a cell is drawn besides its colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Attributes(u8);

impl Attributes {
    /// Heavier.
    pub const BOLD: Self = Self(1);
    /// Lighter.
    pub const FAINT: Self = Self(2);
    /// Slanted.
    pub const ITALIC: Self = Self(4);
    /// A line below.
    pub const UNDERLINE: Self = Self(8);
    /// A line through.
    pub const STRUCK: Self = Self(16);
    /// Blinking.
    pub const BLINK: Self = Self(32);
    /// Text and background colour swapped.
    pub const INVERSE: Self = Self(64);

    /// Whether all of `other` is set.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    fn set(&mut self, other: Self, on: bool) {
        if on {
            self.0 |= other.0;
        }
    }
}

/// One place of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cell {
    /// The character; a space in an empty cell and in the right half of a wide character.
    pub character: char,
    /// Columns: 1, 2 for the left half of a wide character, 0 for its right half.
    pub columns: u8,
    /// Text colour; `None` is the terminal's default.
    pub foreground: Option<Colour>,
    /// Background colour; `None` is the terminal's default.
    pub background: Option<Colour>,
    /// Bold and the like.
    pub attributes: Attributes,
}

impl From<&avt::Cell> for Cell {
    fn from(cell: &avt::Cell) -> Self {
        let pen = cell.pen();
        let mut attributes = Attributes::default();
        attributes.set(Attributes::BOLD, pen.is_bold());
        attributes.set(Attributes::FAINT, pen.is_faint());
        attributes.set(Attributes::ITALIC, pen.is_italic());
        attributes.set(Attributes::UNDERLINE, pen.is_underline());
        attributes.set(Attributes::STRUCK, pen.is_strikethrough());
        attributes.set(Attributes::BLINK, pen.is_blink());
        attributes.set(Attributes::INVERSE, pen.is_inverse());
        Self {
            character: cell.char(),
            columns: cell.width(),
            foreground: pen.foreground().map(colour),
            background: pen.background().map(colour),
            attributes,
        }
    }
}

fn colour(colour: avt::Color) -> Colour {
    match colour {
        avt::Color::Indexed(index) => Colour::Indexed(index),
        avt::Color::RGB(avt::Rgb { r, g, b }) => Colour::Rgb(Rgb(r, g, b)),
    }
}

/// A copy of a screen at one moment, for drawing elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
    /// Row by row, `cols` cells each.
    pub cells: Vec<Cell>,
    /// For each row whether the next one continues its line.
    pub wrapped: Vec<bool>,
    /// Column and row of the cursor from 0; `None` when hidden.
    pub cursor: Option<(u16, u16)>,
    /// Column and row where the cursor is, hidden or not.
    pub focus: (u16, u16),
    /// Its links.
    pub links: Links,
}

impl Snapshot {
    /// The cells of `row`; none beyond the last row.
    #[must_use]
    pub fn row(&self, row: u16) -> &[Cell] {
        let start = usize::from(row) * usize::from(self.cols);
        self.cells.get(start..start + usize::from(self.cols)).unwrap_or_default()
    }

    /// The text of `row`, without spaces at its end.
    #[must_use]
    pub fn row_text(&self, row: u16) -> String {
        let shown = self.row(row).iter().filter(|cell| cell.columns > 0);
        let mut text: String = shown.map(|cell| cell.character).collect();
        text.truncate(text.trim_end().len());
        text
    }
}

/// Enough to go on from a moment: the screen's size, the output that draws it anew, and its links.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keyframe {
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
    /// Feeding this to an empty screen of that size gives the same screen, modes and unfinished sequences included.
    pub drawing: String,
    /// The links, which that output does not draw.
    pub links: KeptLinks,
}

impl Keyframe {
    /// Bytes of memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.drawing.len() + self.links.bytes() + size_of::<Self>()
    }
}

/// Follows changes of the visible text while bytes are fed.
pub trait Watcher {
    /// `rows` of the screen may have changed.
    fn changed(&mut self, rows: Range<usize>);
    /// A line left the top of the main screen, or was wiped by a reset; `wrapped`: the next line continues it.
    fn scrolled_off(&mut self, text: &str, wrapped: bool);
    /// A full-screen program gave the alternate screen back; `text` is what it showed last.
    fn left_alternate(&mut self, text: &str) {
        let _ = text;
    }
}

/// A terminal's screen without scrollback; [`Screen::feed_into`] gives what leaves it. Bytes go in, cells come out;
/// nothing is answered.
pub struct Screen {
    terminal: Terminal,
    links: Tracker,
    /// The beginning of a character whose other bytes have not come yet.
    partial: Vec<u8>,
}

impl Screen {
    /// An empty screen, at least 1×1 and at most [`MAX_COLS`]×[`MAX_ROWS`].
    #[must_use]
    pub fn new(cols: u16, rows: u16) -> Self {
        let (cols, rows) = bounded(cols, rows);
        let terminal =
            Terminal::new(cols, rows).unwrap_or_else(|_| unreachable!("a bounded size is never zero"));
        Self { terminal, links: Tracker::default(), partial: Vec::new() }
    }

    /// The screen that `keyframe` was taken of.
    #[must_use]
    pub fn restore(keyframe: &Keyframe) -> Self {
        let mut screen = Self::new(keyframe.cols, keyframe.rows);
        screen.feed(&keyframe.drawing);
        screen.links.restore(&keyframe.links, &mut screen.terminal);
        screen
    }

    /// What [`Screen::restore`] needs. About 1 KiB for text, 90 KiB for a screen of single-coloured cells.
    #[must_use]
    pub fn keyframe(&self) -> Keyframe {
        let (cols, rows) = self.size();
        Keyframe { cols, rows, drawing: self.terminal.dump(), links: self.links.keep(&self.terminal) }
    }

    /// Takes output that is text already.
    pub fn feed(&mut self, text: &str) {
        self.observed(text, &mut ());
    }

    /// Takes output, and adds the lines that leave the main screen to `history`.
    pub fn feed_into(&mut self, text: &str, history: &mut History) {
        let mut rest = text;
        while let Some((part, change)) = self.part(&mut rest) {
            self.terminal.feed_with(part, Leaving::new(history, &mut self.links));
            self.changed(change);
        }
    }

    /// As [`Screen::resize`]; adds the lines that leave the main screen to `history`.
    pub fn resize_into(&mut self, cols: u16, rows: u16, history: &mut History) {
        let (cols, rows) = bounded(cols, rows);
        self.terminal.resize_with(cols, rows, Leaving::new(history, &mut self.links));
    }

    /// Takes what comes before the next change of links off `text`, with that change; none at its end.
    fn part<'t>(&mut self, text: &mut &'t str) -> Option<(&'t str, Option<Change>)> {
        if text.is_empty() {
            return None;
        }
        let (taken, change) = self.links.scan(text);
        let (part, rest) = text.split_at(taken);
        *text = rest;
        Some((part, change))
    }

    fn changed(&mut self, change: Option<Change>) {
        if let Some(change) = change {
            self.links.change(change, &self.terminal);
        }
    }

    fn observed<O: Observer>(&mut self, mut text: &str, observer: &mut O) {
        while let Some((part, change)) = self.part(&mut text) {
            if self.links.is_open() {
                self.terminal.feed_with(part, (&mut self.links, &mut *observer));
            } else {
                self.terminal.feed_with(part, &mut *observer);
            }
            self.changed(change);
        }
    }

    /// Takes output as it comes: characters may be split between calls, bytes that are no text show as U+FFFD.
    pub fn feed_bytes(&mut self, bytes: &[u8]) {
        let joined;
        let mut rest = if self.partial.is_empty() {
            bytes
        } else {
            joined = [std::mem::take(&mut self.partial).as_slice(), bytes].concat();
            &joined
        };
        loop {
            match str::from_utf8(rest) {
                Ok(text) => return self.feed(text),
                Err(error) => {
                    let (good, bad) = rest.split_at(error.valid_up_to());
                    self.feed(str::from_utf8(good).unwrap_or_default());
                    let Some(length) = error.error_len() else {
                        self.partial = bad.to_vec();
                        return;
                    };
                    self.feed("\u{fffd}");
                    rest = &bad[length..];
                }
            }
        }
    }

    /// Takes output and tells `watcher` what changes.
    pub fn feed_watched(&mut self, text: &str, watcher: &mut dyn Watcher) {
        self.observed(text, &mut Watched { watcher, alternate: None });
    }

    /// Changes the size; text is wrapped anew as a terminal would.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        let (cols, rows) = bounded(cols, rows);
        self.terminal.resize(cols, rows);
    }

    /// Columns and rows.
    #[must_use]
    pub fn size(&self) -> (u16, u16) {
        let (cols, rows) = self.terminal.size();
        (narrow(cols), narrow(rows))
    }

    /// Whether a full-screen program has the alternate screen.
    #[must_use]
    pub fn is_alternate(&self) -> bool {
        self.terminal.active_screen_kind() == ScreenKind::Alternate
    }

    /// A copy to draw from.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let (cols, rows) = self.size();
        let lines = || self.terminal.screen().visible_lines();
        let cells = lines().flat_map(|line| line.cells().iter().map(Cell::from)).collect();
        let wrapped = lines().map(Line::is_wrapped).collect();
        let cursor = self.terminal.cursor();
        let position = self.terminal.cursor_position();
        let focus = (
            narrow(position.col).min(cols.saturating_sub(1)),
            narrow(usize::try_from(position.row).unwrap_or_default()).min(rows.saturating_sub(1)),
        );
        let links = self.links.shown(&self.terminal);
        Snapshot { cols, rows, cells, wrapped, cursor: cursor.position().map(|_| focus), focus, links }
    }

    /// The text of visible row `row` without spaces at its end; empty beyond the last row.
    #[must_use]
    pub fn row_text(&self, row: usize) -> String {
        self.terminal.screen().line(row).map(line_text).unwrap_or_default()
    }

    /// Appends the characters of visible row `row`, spaces at its end included; says whether the next row continues
    /// its line.
    pub fn append_row(&self, row: u16, out: &mut Vec<char>) -> bool {
        let Some(line) = self.terminal.screen().line(usize::from(row)) else { return false };
        out.extend(line.chars());
        line.is_wrapped()
    }

    /// The visible text, one line a row, without spaces at line ends and empty lines at the end.
    #[must_use]
    pub fn text(&self) -> String {
        shown_text(self.terminal.screen())
    }

    /// The rows of the main screen, also while a full-screen program covers it, without empty ones at the end.
    #[must_use]
    pub fn main_rows(&self, stamp: u64) -> Vec<Row> {
        let lines = self.terminal.primary_screen().visible_lines().zip(self.links.on_main(&self.terminal));
        let mut rows: Vec<Row> = lines.map(|(line, links)| Row::of(line, stamp, links)).collect();
        let last = rows.iter().rposition(|row| !row.cells.is_empty());
        rows.truncate(last.map_or(0, |last| last + 1));
        rows
    }

    /// The rows of the main screen as logical lines: a line that wrapped is one.
    #[must_use]
    pub fn main_lines(&self) -> Vec<(String, bool)> {
        let lines = self.terminal.primary_screen().visible_lines();
        lines.map(|line| (line.chars().collect(), line.is_wrapped())).collect()
    }
}

fn shown_text(screen: avt::Screen<'_>) -> String {
    let mut text = String::new();
    for line in screen.visible_lines() {
        text.push_str(&line_text(line));
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text
}

fn line_text(line: &Line) -> String {
    let mut text: String = line.chars().collect();
    text.truncate(text.trim_end().len());
    text
}

fn bounded(cols: u16, rows: u16) -> (usize, usize) {
    (usize::from(cols.clamp(1, MAX_COLS)), usize::from(rows.clamp(1, MAX_ROWS)))
}

fn narrow(size: usize) -> u16 {
    u16::try_from(size).unwrap_or(u16::MAX)
}

fn leaves_alternate(function: &Function) -> bool {
    let Function::Decrst(modes) = function else { return false };
    modes
        .as_slice()
        .iter()
        .any(|mode| matches!(mode, DecMode::AltScreenBuffer | DecMode::SaveCursorAltScreenBuffer))
}

struct Watched<'a> {
    watcher: &'a mut dyn Watcher,
    /// Text of the alternate screen before an operation that may leave it.
    alternate: Option<String>,
}

impl Observer for Watched<'_> {
    type Output = ();

    fn before(&mut self, context: &mut Observation<'_>, operation: &Operation) {
        let Operation::Function(function) = operation else { return };
        let reset = matches!(function, Function::Ris);
        if !reset && !leaves_alternate(function) {
            return;
        }
        let terminal = context.terminal();
        if terminal.active_screen_kind() == ScreenKind::Alternate {
            self.alternate = Some(shown_text(terminal.screen()));
        }
        if reset {
            for line in terminal.primary_screen().visible_lines() {
                let text: String = line.chars().collect();
                self.watcher.scrolled_off(&text, line.is_wrapped());
            }
        }
    }

    fn dirty(&mut self, rows: Range<usize>) {
        self.watcher.changed(rows);
    }

    fn after(&mut self, context: &mut Observation<'_>, _: &Operation) {
        if let Some(text) = self.alternate.take()
            && context.terminal().active_screen_kind() == ScreenKind::Primary
        {
            self.watcher.left_alternate(&text);
        }
    }

    fn evicted(&mut self, _: &mut Observation<'_>, line: &Line) {
        let text: String = line.chars().collect();
        self.watcher.scrolled_off(&text, line.is_wrapped());
    }

    fn end(&mut self, _: &mut Observation<'_>) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cells_carry_colours_and_attributes() {
        let mut screen = Screen::new(10, 2);
        screen.feed("\x1b[1;31;48;2;1;2;3mA\x1b[0;7m世");
        let shot = screen.snapshot();
        let cell = shot.row(0)[0];
        assert_eq!((cell.character, cell.columns), ('A', 1));
        assert_eq!(cell.foreground, Some(Colour::Indexed(1)));
        assert_eq!(cell.background, Some(Colour::Rgb(Rgb(1, 2, 3))));
        assert!(cell.attributes.has(Attributes::BOLD) && !cell.attributes.has(Attributes::INVERSE));
        assert_eq!((shot.row(0)[1].columns, shot.row(0)[2].columns), (2, 0));
        assert_eq!(shot.row_text(0), "A世");
        assert_eq!(shot.cursor, Some((3, 0)));
        assert!(shot.row(9).is_empty());
    }

    #[test]
    fn characters_split_between_reads_are_put_together() {
        let mut whole = Screen::new(20, 3);
        let bytes = "grün 世界\u{1f680}\r\n".as_bytes();
        whole.feed_bytes(bytes);
        let mut split = Screen::new(20, 3);
        bytes.iter().for_each(|byte| split.feed_bytes(&[*byte]));
        assert_eq!(split.text(), whole.text());
        assert_eq!(split.text(), "grün 世界\u{1f680}");
        split.feed_bytes(b"a\xffb");
        assert_eq!(split.row_text(1), "a\u{fffd}b");
    }

    #[test]
    fn a_hostile_size_is_bounded() {
        let mut screen = Screen::new(0, 0);
        assert_eq!(screen.size(), (1, 1));
        screen.resize(u16::MAX, u16::MAX);
        assert_eq!(screen.size(), (MAX_COLS, MAX_ROWS));
    }

    /// Output as terminals see it: text, wide and combining characters, sequences whole and cut.
    fn output() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => "[a-z ]{1,12}",
            1 => Just("世界é\u{301}\u{200d}🚀".to_owned()),
            2 => Just("\r\n".to_owned()),
            3 => "\x1b\\[[0-9;?]{0,6}[@-~]",
            1 => Just("\x1b[?1049h".to_owned()),
            1 => Just("\x1b[?1049l".to_owned()),
            1 => "\x1b\\[38;[25];[0-9]{1,3};[0-9]{1,3};[0-9]{1,3}m",
            1 => "\x1b[()78cDEHM#]",
            1 => "\x1b\\]0;[a-z]{0,5}(\x07|\x1b)?",
            1 => "[\\x00-\\x1f\\x7f-\\x9f]{1,3}",
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn prop_a_restored_screen_goes_on_the_same(before in output(), after in output(), cols in 1u16..40, rows in 1u16..12) {
            let mut played = Screen::new(cols, rows);
            played.feed(&before);
            let mut restored = Screen::restore(&played.keyframe());
            prop_assert_eq!(played.snapshot(), restored.snapshot());
            played.feed(&after);
            restored.feed(&after);
            prop_assert_eq!(played.snapshot(), restored.snapshot());
        }

        #[test]
        fn prop_any_bytes_and_sizes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..600), cols in 0u16..300, rows in 0u16..60) {
            let mut screen = Screen::new(80, 24);
            screen.feed_bytes(&bytes);
            screen.resize(cols, rows);
            screen.feed_bytes(&bytes);
            let shot = screen.snapshot();
            prop_assert_eq!(shot.cells.len(), usize::from(shot.cols) * usize::from(shot.rows));
        }
    }
}
