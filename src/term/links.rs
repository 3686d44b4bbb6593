//! Links in output (OSC 8): which cells of the screen belong to which target.
//!
//! The emulator passes over them. So they are read beside it, and each piece of text that was printed as a link is tied
//! to the place where it began: the emulator moves that place as it moves the text. A cell counts as a part of the link
//! for as long as the character stands in it that the link put there.
//!
//! Format: <https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda>.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use avt::Anchor;
use avt::Line;
use avt::Observation;
use avt::Observer;
use avt::Operation;
use avt::Position;
use avt::ScreenKind;
use avt::Terminal;
use avt::parser::Function;
use serde::Deserialize;
use serde::Serialize;
use unicode_width::UnicodeWidthChar as _;

/// Longest target kept, in bytes; a presigned URL has up to 2,000. A longer one is no link.
const MAX_TARGET: usize = 4 << 10;
/// Longest piece of text tied to one place, in characters; what is longer is several pieces.
const MAX_TEXT: usize = 2 << 10;
/// Pieces of text kept, and bytes of them with their targets; then those go that are not on the screen any more, at last the
/// oldest.
const MAX_PIECES: usize = 512;
const MAX_BYTES: usize = 1 << 20;

/// The links on a screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// What they lead to, in the order in which they stand on the screen; as it came, not to be shown raw.
    pub targets: Vec<Arc<str>>,
    /// Row and column of each cell, and which target it has; in order.
    pub cells: Vec<((u16, u16), u16)>,
}

impl Links {
    /// Which target the cell at `col` and `row` has.
    #[must_use]
    pub fn at(&self, col: u16, row: u16) -> Option<usize> {
        let found = self.cells.binary_search_by_key(&(row, col), |(place, _)| *place).ok()?;
        Some(usize::from(self.cells[found].1))
    }
}

/// A stretch of a line that is a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Its columns.
    pub columns: Range<u16>,
    /// What it leads to; as it came, not to be shown raw.
    pub target: Arc<str>,
}

/// What a screen must remember of links to go on from a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLinks {
    open: Option<String>,
    /// An unfinished sequence.
    begun: Option<String>,
    pieces: Vec<KeptPiece>,
}

impl KeptLinks {
    /// Bytes of memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.pieces.iter().map(|piece| piece.text.len() + piece.target.len() + size_of::<KeptPiece>()).sum()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeptPiece {
    alternate: bool,
    col: u16,
    row: u16,
    text: String,
    target: String,
}

/// Text that was printed as a link.
#[derive(Debug)]
struct Piece {
    begin: Anchor,
    text: String,
    target: Arc<str>,
}

/// Follows output and knows what is a link.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    scan: Scan,
    open: Option<Arc<str>>,
    pieces: Vec<Piece>,
    /// Whether the last piece goes on with the next character, and the column and row where that has to stand.
    goes_on: bool,
    end: (usize, isize),
    bytes: usize,
    /// So many of the first pieces have left the main screen; they are not looked at again.
    gone: usize,
    /// Text of links that goes on below the line that left last, on the next one that leaves.
    rest: Vec<(String, Arc<str>)>,
}

/// Where in a sequence the output is.
#[derive(Clone, Debug, Default)]
enum Scan {
    #[default]
    Text,
    Escape,
    /// In an OSC: what it held so far, as far as it may be a link.
    Command(String),
}

/// What a link sequence changes.
pub(super) type Change = Option<Arc<str>>;

impl Tracker {
    /// Looks for the next link sequence in `text`: gives how many bytes come before its effect, those of the sequence
    /// included, and what it changes; all bytes when there is none.
    pub(super) fn scan(&mut self, text: &str) -> (usize, Option<Change>) {
        let mut at = 0;
        while at < text.len() {
            if let Scan::Text = self.scan {
                // ESC, and the first byte of U+0080 to U+00BF, among which is the other form of OSC.
                match memchr::memchr2(0x1b, 0xc2, &text.as_bytes()[at..]) {
                    Some(next) => at += next,
                    None => return (text.len(), None),
                }
            }
            let Some(c) = text[at..].chars().next() else { break };
            at += c.len_utf8();
            let mut ended = None;
            self.scan = match (std::mem::take(&mut self.scan), c) {
                (Scan::Command(command), '\u{7}' | '\u{9c}') => {
                    ended = Some(command);
                    Scan::Text
                }
                (Scan::Command(command), '\u{1b}') => {
                    ended = Some(command);
                    Scan::Escape
                }
                (_, '\u{1b}') => Scan::Escape,
                (Scan::Escape, ']') | (Scan::Text | Scan::Escape, '\u{9d}') => Scan::Command(String::new()),
                (Scan::Text | Scan::Escape, _) | (Scan::Command(_), '\u{18}' | '\u{1a}') => Scan::Text,
                (Scan::Command(mut command), c) => {
                    // One byte more than fits tells that it is too long.
                    if !c.is_control() && command.len() <= MAX_TARGET {
                        command.push(c);
                    }
                    Scan::Command(command)
                }
            };
            if let Some(change) = ended.as_deref().and_then(link) {
                return (at, Some(change));
            }
        }
        (text.len(), None)
    }

    /// Whether what is printed now is a link.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// A link sequence has taken effect.
    pub(super) fn change(&mut self, change: Change, terminal: &Terminal) {
        self.open = change;
        self.goes_on = false;
        if self.pieces.len() > MAX_PIECES || self.bytes > MAX_BYTES {
            self.forget(terminal);
        }
    }

    /// The links on the active screen.
    pub(super) fn shown(&self, terminal: &Terminal) -> Links {
        let mut cells: BTreeMap<(u16, u16), &Arc<str>> = BTreeMap::new();
        for piece in &self.pieces {
            let begin =
                terminal.resolve(&piece.begin).filter(|at| at.screen == terminal.active_screen_kind());
            if let Some(begin) = begin {
                let row = usize::try_from(begin.row).unwrap_or(terminal.size().1);
                let screen = terminal.screen();
                spread(
                    &piece.text,
                    (begin.col, row),
                    terminal.size().0,
                    &|row| screen.line(row),
                    &mut |row, col| {
                        cells.insert((narrow(row), narrow(col)), &piece.target);
                    },
                );
            }
        }
        let mut links = Links::default();
        let mut numbers: BTreeMap<&str, u16> = BTreeMap::new();
        for (place, target) in cells {
            let next = u16::try_from(numbers.len()).unwrap_or(u16::MAX);
            let number = *numbers.entry(target).or_insert(next);
            if usize::from(number) == links.targets.len() {
                links.targets.push(Arc::clone(target));
            }
            links.cells.push((place, number));
        }
        links
    }

    /// Whether nothing on the main screen can be a link.
    fn is_idle(&self) -> bool {
        self.gone == self.pieces.len() && self.rest.is_empty()
    }

    /// The links on the main screen, line by line; lines that are about to leave it stand first.
    pub(super) fn on_main(&self, terminal: &Terminal) -> Vec<Vec<Linked>> {
        let lines: Vec<&Line> = terminal.primary_screen().all_lines().collect();
        let mut found = vec![Vec::new(); lines.len()];
        if self.is_idle() {
            return found;
        }
        let cols = terminal.size().0;
        let mut cells: BTreeMap<(usize, usize), &Arc<str>> = BTreeMap::new();
        let mut put = |text: &str, begin, target| {
            spread(text, begin, cols, &|row| lines.get(row).copied(), &mut |row, col| {
                cells.insert((row, col), target);
            });
        };
        self.rest.iter().for_each(|(text, target)| put(text, (0, 0), target));
        for (piece, at) in self.pieces_on_main(terminal) {
            put(&piece.text, at, &piece.target);
        }
        for ((row, col), target) in cells {
            let (col, line): (u16, &mut Vec<Linked>) = (narrow(col), &mut found[row]);
            match line.last_mut().filter(|last| last.columns.end == col && last.target == *target) {
                Some(last) => last.columns.end = col + 1,
                None => line.push(Linked { columns: col..col + 1, target: Arc::clone(target) }),
            }
        }
        found
    }

    /// The pieces that begin on the main screen, with column and line.
    fn pieces_on_main(&self, terminal: &Terminal) -> Vec<(&Piece, (usize, usize))> {
        let waiting = waiting(terminal);
        let place = |piece: &Piece| {
            let at = terminal.resolve(&piece.begin).filter(|at| at.screen == ScreenKind::Primary)?;
            Some((at.col, waiting.checked_add_signed(at.row)?))
        };
        self.pieces[self.gone..].iter().filter_map(|piece| Some((piece, place(piece)?))).collect()
    }

    /// The links on the lines that are about to leave the main screen.
    pub(super) fn leaving(&mut self, terminal: &Terminal) -> Vec<Vec<Linked>> {
        // Asked after every character: what is known costs least.
        let leaving = if self.is_idle() { 0 } else { waiting(terminal) };
        if leaving == 0 {
            return Vec::new();
        }
        let mut found = self.on_main(terminal);
        found.truncate(leaving);
        let lines: Vec<&Line> = terminal.primary_screen().all_lines().take(leaving).collect();
        let cols = terminal.size().0;
        let rest_of = |text: &str, begin: (usize, usize), target: &Arc<str>| {
            let rest = spread(text, begin, cols, &|row| lines.get(row).copied(), &mut |_, _| ());
            let goes_on = !rest.is_empty() && begin.1 < leaving;
            goes_on.then(|| (rest.to_owned(), Arc::clone(target)))
        };
        let rest = self.rest.iter().filter_map(|(text, target)| rest_of(text, (0, 0), target));
        let pieces = self.pieces_on_main(terminal);
        let rest =
            rest.chain(pieces.iter().filter_map(|(piece, at)| rest_of(&piece.text, *at, &piece.target)));
        let rest: Vec<(String, Arc<str>)> = rest.collect();
        self.rest = rest;
        let has_left = |piece: &Piece| {
            let at = terminal.resolve(&piece.begin);
            at.is_none_or(|at| at.screen == ScreenKind::Primary && at.row < 0)
        };
        self.gone += self.pieces[self.gone..].iter().take_while(|piece| has_left(piece)).count();
        found
    }

    /// What is needed to go on from here.
    pub(super) fn keep(&self, terminal: &Terminal) -> KeptLinks {
        let piece = |piece: &Piece| {
            let at = terminal.resolve(&piece.begin)?;
            Some(KeptPiece {
                alternate: at.screen == ScreenKind::Alternate,
                col: u16::try_from(at.col).ok()?,
                row: u16::try_from(at.row).ok()?,
                text: piece.text.clone(),
                target: piece.target.to_string(),
            })
        };
        let begun = if let Scan::Command(command) = &self.scan { Some(command.clone()) } else { None };
        let open = self.open.as_deref().map(str::to_owned);
        KeptLinks { open, begun, pieces: self.pieces.iter().filter_map(piece).collect() }
    }

    /// Goes on from there; `terminal` has been drawn already, and this has followed its drawing.
    pub(super) fn restore(&mut self, kept: &KeptLinks, terminal: &mut Terminal) {
        self.open = kept.open.as_deref().map(Arc::from);
        if let (Some(begun), Scan::Command(command)) = (&kept.begun, &mut self.scan) {
            command.clone_from(begun);
        }
        for piece in kept.pieces.iter().take(MAX_PIECES * 2) {
            let screen = if piece.alternate { ScreenKind::Alternate } else { ScreenKind::Primary };
            let at = Position {
                screen,
                col: usize::from(piece.col),
                row: isize::try_from(piece.row).unwrap_or(0),
            };
            if let Some(begin) = terminal.anchor_at(at) {
                self.bytes += piece.text.len() + piece.target.len();
                self.pieces.push(Piece {
                    begin,
                    text: piece.text.clone(),
                    target: Arc::from(&*piece.target),
                });
            }
        }
    }

    /// A character was printed. A piece stays on one row, so that it is not lost with the row above.
    fn print(&mut self, c: char, context: &mut Observation<'_>) {
        let Some(target) = &self.open else { return };
        let at = context.terminal().cursor_position();
        let col = at.col.saturating_sub(columns(c));
        let is_beside = self.end == (col, at.row);
        self.end = (at.col, at.row);
        let is_full = self.pieces.last().is_none_or(|piece| piece.text.len() >= MAX_TEXT);
        if !self.goes_on || !is_beside || is_full {
            let Some(begin) = context.anchor_at(Position { col, ..at }) else { return };
            self.bytes += target.len();
            self.pieces.push(Piece { begin, text: String::new(), target: Arc::clone(target) });
            self.goes_on = true;
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.text.push(c);
            self.bytes += c.len_utf8();
        }
    }

    /// Forgets pieces that are on no screen any more, those in whose place others stand, and the oldest if there still are
    /// too many.
    fn forget(&mut self, terminal: &Terminal) {
        let mut places = std::collections::HashSet::new();
        let mut bytes = 0;
        let mut kept: Vec<Piece> = Vec::new();
        for piece in std::mem::take(&mut self.pieces).into_iter().rev() {
            let Some(at) = terminal.resolve(&piece.begin) else { continue };
            let is_new = places.insert((at.screen == ScreenKind::Alternate, at.col, at.row));
            bytes += piece.text.len() + piece.target.len();
            if is_new && kept.len() < MAX_PIECES / 2 && bytes <= MAX_BYTES / 2 {
                kept.push(piece);
            }
        }
        kept.reverse();
        self.bytes = kept.iter().map(|piece| piece.text.len() + piece.target.len()).sum();
        (self.pieces, self.gone) = (kept, 0);
    }
}

impl Observer for Tracker {
    type Output = ();

    fn before(&mut self, _: &mut Observation<'_>, operation: &Operation) {
        // Another colour moves nothing.
        if !matches!(operation, Operation::Function(Function::Print(_) | Function::Sgr(_))) {
            self.goes_on = false;
        }
    }

    fn after(&mut self, context: &mut Observation<'_>, operation: &Operation) {
        if let Operation::Function(Function::Print(c)) = operation {
            self.print(*c, context);
        }
    }

    fn end(&mut self, _: &mut Observation<'_>) {}
}

/// What an OSC command does to links: `8;PARAMETERS;TARGET` begins one, without target it ends; none for other commands.
fn link(command: &str) -> Option<Change> {
    let (_, target) = command.strip_prefix("8;")?.split_once(';')?;
    let is_whole = command.len() <= MAX_TARGET;
    Some((is_whole && !target.is_empty()).then(|| Arc::from(target)))
}

/// Columns that the emulator gives a character.
fn columns(c: char) -> usize {
    c.width().unwrap_or(1).max(1)
}

/// How many lines of the main screen are about to leave it.
fn waiting(terminal: &Terminal) -> usize {
    let screen = terminal.primary_screen();
    screen.all_lines().size_hint().0.saturating_sub(screen.visible_lines().len())
}

/// Gives row and column of the cells in which the characters of `text` stand, from `begin` (column and row) on. What comes back
/// is the text for which there are no more lines.
fn spread<'t, 'l>(
    text: &'t str,
    begin: (usize, usize),
    cols: usize,
    line: &dyn Fn(usize) -> Option<&'l Line>,
    put: &mut dyn FnMut(usize, usize),
) -> &'t str {
    let (mut col, mut row) = begin;
    for (at, c) in text.char_indices() {
        let columns = columns(c);
        if col + columns > cols {
            (col, row) = (0, row + 1);
        }
        let Some(line) = line(row) else { return &text[at..] };
        if line.cells().get(col).is_some_and(|cell| cell.char() == c) {
            (col..col + columns).for_each(|col| put(row, col));
        }
        col += columns;
    }
    ""
}

fn narrow(place: usize) -> u16 {
    u16::try_from(place).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::term::History;
    use crate::term::Row;
    use crate::term::Screen;

    /// The target of each cell of a row: its first character behind the scheme, or a space.
    fn row(screen: &Screen, row: u16) -> String {
        let shot = screen.snapshot();
        let of = |col| shot.links.at(col, row).and_then(|target| shot.links.targets[target].chars().nth(7));
        (0..shot.cols).map(|col| of(col).unwrap_or(' ')).collect::<String>().trim_end().to_owned()
    }

    fn screen(output: &str) -> Screen {
        let mut screen = Screen::new(10, 4);
        screen.feed(output);
        screen
    }

    const A: &str = "\x1b]8;;http://a.example/\x1b\\";
    const B: &str = "\x1b]8;id=7;http://b.example/\x07";
    const END: &str = "\x1b]8;;\x1b\\";

    #[test]
    fn linked_text_is_known_wherever_it_goes() {
        let mut shown = screen(&format!("x {A}li\x1b[31mnk{END} {B}世{END} y"));
        assert_eq!(row(&shown, 0), "  aaaa bb");
        assert_eq!(shown.snapshot().links.targets.len(), 2);
        shown.feed("\r\n\x1b[1;1H\x1b[L");
        assert_eq!((row(&shown, 0).as_str(), row(&shown, 1).as_str()), ("", "  aaaa bb"));
        shown.feed("\x1b[2;1H\x1b[2@");
        assert_eq!(row(&shown, 1), "    aaaa");
        shown.feed("\x1b[4;1H\n");
        assert_eq!(row(&shown, 0), "    aaaa");
        shown.feed("\x1b[1;6Hz");
        assert_eq!(row(&shown, 0), "    a aa", "what was written over is no link any more");
        shown.feed("\x1b[2J");
        assert!(shown.snapshot().links.cells.is_empty());
    }

    #[test]
    fn links_wrap_and_go_with_their_screen() {
        let mut shown = screen(&format!("1234567{A}abcdef{END}."));
        assert_eq!((row(&shown, 0).as_str(), row(&shown, 1).as_str()), ("       aaa", "aaa"));
        shown.resize(20, 4);
        assert_eq!(row(&shown, 0), "       aaaaaa");
        shown.feed(&format!("\x1b[?1049h{B}full{END}"));
        assert_eq!(shown.snapshot().links.targets.len(), 1);
        shown.feed("\x1b[?1049l");
        assert_eq!(row(&shown, 0), "       aaaaaa");
        // Text that begins where a line is full stands on the next one.
        assert_eq!(row(&screen(&format!("1234567890{A}a{END}")), 1), "a");
        // A link that is not ended, and one that another replaces.
        assert_eq!(row(&screen(&format!("{A}a{B}bc")), 0), "abb");
    }

    #[test]
    fn sequences_may_come_in_any_pieces_and_other_commands_are_none() {
        let output = format!("{A}one{END} \x1b]0;8;;http://no/\x07t\u{9d}8;;http://c.example/\u{9c}two{END}");
        let whole = screen(&output);
        let mut pieces = Screen::new(10, 4);
        output.chars().for_each(|c| pieces.feed(c.encode_utf8(&mut [0; 4])));
        assert_eq!(whole.snapshot(), pieces.snapshot());
        assert_eq!(row(&whole, 0), "aaa  ccc");
        for none in [
            "\x1b]8;;http://a/\x18text",
            "\x1b]8;http://a/\x07text",
            "\x1b]8\x07text",
            "\x1b]88;;http://a/\x07text",
            "\x1bP8;;http://a/\x1b\\text",
        ] {
            assert!(screen(none).snapshot().links.cells.is_empty(), "{none:?}");
        }
        let long = format!("\x1b]8;;http://{}\x07text", "a".repeat(5_000));
        assert!(screen(&long).snapshot().links.cells.is_empty());
    }

    /// The lines that leave, then those of the screen, each cell of a link as the first character of its target behind the
    /// scheme.
    fn lines(output: &str, size: (u16, u16)) -> Vec<String> {
        let (mut screen, mut history) = (Screen::new(size.0, size.1), History::within(1 << 20));
        // In pieces, so that what has left is remembered from one to the next.
        output.chars().for_each(|c| screen.feed_into(c.encode_utf8(&mut [0; 4]), &mut history));
        drawn(history.into_rows().into_iter().chain(screen.main_rows(0)))
    }

    fn drawn(rows: impl Iterator<Item = Row>) -> Vec<String> {
        let draw = |row: Row| {
            let mut line: Vec<char> = row.cells.iter().map(|cell| cell.character).collect();
            for link in &row.links {
                let sign = link.target.chars().nth(7).unwrap();
                link.columns.clone().for_each(|col| line[usize::from(col)] = sign.to_ascii_uppercase());
            }
            line.into_iter().collect()
        };
        rows.map(draw).collect()
    }

    #[test]
    fn lines_that_leave_take_their_links_along() {
        let output = format!("x {A}one{END} y\r\n{B}世{END}.\r\nplain\r\n{A}two{END}\r\nlast");
        for rows in 1..6 {
            assert_eq!(lines(&output, (10, rows)), ["x AAA y", "BB.", "plain", "AAA", "last"], "{rows}");
        }
        // Over lines that wrap, written over, cleared away, behind a full-screen program.
        assert_eq!(lines(&format!("1234567{A}abcdef{END}.\r\n\n\n"), (10, 2))[..2], ["1234567AAA", "AAA."]);
        assert_eq!(lines(&format!("{A}link{END}\r12\r\n\n\n"), (10, 2))[0], "12AA");
        assert_eq!(lines(&format!("{A}a{END}\r\n{B}b{END}\x1bc"), (10, 4)), ["A", "B"]);
        let covered = format!("{A}a{END}\r\n\x1b[?1049h{B}full{END}\r\n\n\n\n\x1b[?1049l\r\n\n\nz");
        assert_eq!(lines(&covered, (10, 2)), ["A", "", "", "", "z"]);
    }

    #[test]
    fn a_link_that_a_smaller_screen_breaks_is_one_on_all_its_lines() {
        let (mut screen, mut history) = (Screen::new(20, 3), History::within(1 << 20));
        screen.feed_into(&format!("12{A}abcdefghijkl{END}!\r\nz"), &mut history);
        screen.resize_into(5, 2, &mut history);
        screen.feed_into("\r\n\n\n", &mut history);
        assert_eq!(drawn(history.into_rows().into_iter())[..4], ["12AAA", "AAAAA", "AAAA!", "z"]);
    }

    #[test]
    fn memory_is_bounded_whatever_comes() {
        let mut shown = Screen::new(80, 24);
        for n in 0..20_000 {
            shown.feed(&format!(
                "\x1b[{};{}H\x1b]8;;http://{n}{}\x07x",
                n % 24 + 1,
                n % 80 + 1,
                "y".repeat(n % 4_000)
            ));
        }
        assert!(shown.keyframe().bytes() < 4 << 20);
        let links = shown.snapshot().links;
        assert!(links.cells.len() > 50 && links.cells.is_sorted());
    }

    fn output() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => "[a-z 世]{1,12}",
            2 => Just("\r\n".to_owned()),
            3 => Just(A.to_owned()),
            2 => Just(B.to_owned()),
            3 => Just(END.to_owned()),
            1 => Just("\x1b[31m".to_owned()),
            1 => Just("\x1b[H\x1b[L".to_owned()),
            1 => Just("\x1b[?1049h".to_owned()),
            1 => Just("\x1b[?1049l".to_owned()),
            1 => Just("\x1b]8;;http".to_owned()),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn prop_lines_that_leave_have_the_links_that_the_screen_had(output in output(), cols in 1u16..40, rows in 1u16..12) {
            let mut shown = Screen::new(cols, rows);
            shown.feed(&output);
            let (mut same, mut history) = (Screen::new(cols, rows), History::within(1 << 20));
            same.feed_into(&output, &mut history);
            prop_assert_eq!(shown.snapshot(), same.snapshot());
            // What is on the main screen is marked as the screen is.
            if !shown.is_alternate() {
                let shot = shown.snapshot();
                for (row, line) in (0..).zip(same.main_rows(0)) {
                    let columns: Vec<u16> = line.links.iter().flat_map(|link| link.columns.clone()).collect();
                    let marked: Vec<u16> = (0..cols).filter(|col| shot.links.at(*col, row).is_some()).collect();
                    // But for what goes on from lines that have left, which the screen does not know.
                    prop_assert!(marked.iter().all(|col| columns.contains(col)), "{marked:?} {columns:?}");
                }
            }
        }

        #[test]
        fn prop_a_restored_screen_has_the_same_links(before in output(), after in output(), cols in 1u16..40, rows in 1u16..12) {
            let mut played = Screen::new(cols, rows);
            played.feed(&before);
            let mut restored = Screen::restore(&played.keyframe());
            prop_assert_eq!(played.snapshot().links, restored.snapshot().links);
            played.feed(&after);
            restored.feed(&after);
            prop_assert_eq!(played.snapshot().links, restored.snapshot().links);
        }
    }
}
