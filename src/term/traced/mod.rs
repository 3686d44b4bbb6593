//! A screen whose cells know which bytes of the output drew them.
//!
//! The emulator keeps a character and a pen in each cell, and nothing of ours. So the text colour of the pen is used
//! for a number that leads to our own list: where the byte stood, what it was before it was masked, and its true
//! colour. The emulator moves, wraps and erases cells with all that is in them.

mod anchor;
mod execute;
mod paint;
mod parameters;
mod pen;
mod row;

use avt::Color;
use avt::ScreenKind;
use avt::Terminal;
use avt::parser::Function;
use avt::parser::SgrOp;
use avt::parser::SgrOps;

use anchor::Anchor;
use parameters::Parameters;
use pen::Pen;

use crate::term::MAX_COLS;
use crate::term::MAX_ROWS;

/// Characters drawn before the list is made anew with those that are still on the screen, at least.
const LEAST_PRINTS: usize = 1 << 17;
/// Numbers that fit in a colour.
const MOST_PRINTS: usize = 1 << 24;

/// How a character on the screen stands to the mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Veil {
    /// It is shown.
    Open,
    /// It was a star already when it came.
    Starred,
    /// It has been hidden on this screen since.
    Hidden,
    /// It is to be hidden as soon as the output allows it.
    Owed,
}

/// A character that was drawn.
#[derive(Clone, Copy, Debug)]
pub struct Print {
    /// The position of its first byte.
    pub at: u64,
    raw: [u8; 4],
    length: u8,
    /// The character as it was shown.
    pub shown: char,
    /// Whether it is hidden.
    pub veil: Veil,
    /// Columns it takes.
    columns: u8,
    foreground: Option<Color>,
    /// When it was drawn, in [`Traced::settle`]s.
    epoch: u32,
    /// What its row counts from.
    anchor: u32,
}

impl Print {
    /// Its bytes before the mask.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw[..usize::from(self.length)]
    }

    /// How many columns it takes.
    #[must_use]
    pub fn columns(&self) -> u8 {
        self.columns
    }
}

/// Why feeding stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Everything has been taken.
    End,
    /// A synchronized update has ended.
    Frame,
    /// The next thing that happens takes something from the screen that was drawn since the last
    /// [`Traced::settle`].
    Losing,
}

/// One place of the screen.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The character shown; a space where there is none.
    pub shown: char,
    /// Columns: 0 for the right half of a wide character.
    pub columns: u8,
    /// The number of what drew it, for [`Traced::hide`].
    pub number: Option<usize>,
    /// What drew it; none for blanks and for what the terminal itself repeats.
    pub print: Option<&'a Print>,
}

/// See the module.
pub struct Traced {
    terminal: Terminal,
    parser: avt::Parser,
    parameters: Parameters,
    prints: Vec<Print>,
    epoch: u32,
    /// Something was drawn since the last settling.
    fresh: bool,
    /// The bytes of a character whose rest has not come: as shown, as it was, where.
    partial: Vec<(u8, u8, u64)>,
    /// Bytes before the mask for which a hidden letter has no columns.
    filled: Vec<u8>,
    /// Read, but not carried out yet: it would lose something.
    waiting: Option<(Function, Option<Print>)>,
    pen: Pen,
    saved: [Saved; 2],
    /// The emulator's pen carries a number.
    numbered: bool,
    anchor: Anchor,
    main_anchor: Anchor,
    modes: Modes,
    /// Characters that are [`Veil::Owed`].
    owed: usize,
}

/// What `ESC 7` keeps, besides the cursor.
#[derive(Clone, Debug)]
struct Saved {
    pen: Pen,
    origin: bool,
    wrap: bool,
}

impl Default for Saved {
    fn default() -> Self {
        Self { pen: Pen::default(), origin: false, wrap: true }
    }
}

#[derive(Clone, Copy, Debug)]
struct Modes {
    origin: bool,
    insert: bool,
    wrap: bool,
    /// Left and right margins, which the emulator does not know.
    sides: bool,
    /// Inside a synchronized update.
    synchronized: bool,
    top: usize,
    bottom: usize,
}

impl Modes {
    fn new(rows: usize) -> Self {
        Self {
            origin: false,
            insert: false,
            wrap: true,
            sides: false,
            synchronized: false,
            top: 0,
            bottom: rows - 1,
        }
    }
}

impl Traced {
    /// An empty screen, at least 1×1 and at most [`MAX_COLS`]×[`MAX_ROWS`]. Where its first row is on the terminal is
    /// not known.
    #[must_use]
    pub fn new(cols: u16, rows: u16) -> Self {
        let (cols, rows) = bounded(cols, rows);
        Self {
            terminal: new_terminal(cols, rows),
            parser: avt::Parser::new(),
            parameters: Parameters::default(),
            prints: Vec::new(),
            epoch: 1,
            fresh: false,
            partial: Vec::new(),
            filled: Vec::new(),
            waiting: None,
            pen: Pen::default(),
            saved: Default::default(),
            numbered: false,
            anchor: Anchor::default(),
            main_anchor: Anchor::default(),
            modes: Modes::new(rows),
            owed: 0,
        }
    }

    /// Takes output: as it is shown, as it was before the mask (the same length), and the position of its first byte.
    /// Gives how many bytes were taken, and why no more.
    pub fn feed(&mut self, shown: &[u8], raw: &[u8], at: u64) -> (usize, Stop) {
        if let Some((function, print)) = self.waiting.take() {
            self.execute(&function, print);
        }
        for (index, (byte, was)) in shown.iter().zip(raw).enumerate() {
            if let Some(stop) = self.take(*byte, *was, at + index as u64) {
                return (index + 1, stop);
            }
        }
        (shown.len(), Stop::End)
    }

    /// All that is on the screen has been looked at.
    pub fn settle(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        self.fresh = false;
    }

    /// Whether something was drawn since the last [`Traced::settle`].
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// Whether `print` was drawn since the last [`Traced::settle`].
    #[must_use]
    pub fn is_new(&self, print: &Print) -> bool {
        print.epoch == self.epoch
    }

    /// Changes the size. Terminals differ in what they do with text then: nothing that is there now is where we think.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        if let Some((function, print)) = self.waiting.take() {
            self.execute(&function, print);
        }
        let (cols, rows) = bounded(cols, rows);
        if (cols, rows) == self.terminal.size() {
            return;
        }
        self.terminal.resize(cols, rows);
        (self.modes.top, self.modes.bottom) = (0, rows - 1);
        self.anchor.lose();
        self.main_anchor.lose();
    }

    /// Columns and rows.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        self.terminal.size()
    }

    /// Whether a full-screen program has the alternate screen.
    #[must_use]
    pub fn is_alternate(&self) -> bool {
        self.terminal.active_screen_kind() == ScreenKind::Alternate
    }

    /// Whether part of the screen scrolls on its own.
    #[must_use]
    pub fn has_margins(&self) -> bool {
        (self.modes.top, self.modes.bottom + 1) != (0, self.terminal.size().1)
    }

    /// Whether the output stands inside a synchronized update.
    #[must_use]
    pub fn is_synchronized(&self) -> bool {
        self.modes.synchronized
    }

    /// The places of `row`, and whether the next row continues its line.
    pub fn row(&self, row: usize) -> (impl Iterator<Item = Place<'_>>, bool) {
        let line = self.terminal.screen().line(row);
        let cells = line.map(avt::Line::cells).unwrap_or_default();
        (cells.iter().map(|cell| self.place(cell)), line.is_some_and(avt::Line::is_wrapped))
    }

    /// What `number` has drawn.
    #[must_use]
    pub fn print(&self, number: usize) -> Option<&Print> {
        self.prints.get(number)
    }

    fn place(&self, cell: &avt::Cell) -> Place<'_> {
        let shown = cell.char();
        let number = number_of(cell).filter(|number| {
            // What erases leaves the pen behind, and with it a number.
            self.prints.get(*number).is_some_and(|print| shown != ' ' || print.shown == ' ')
        });
        Place { shown, columns: cell.width(), number, print: number.map(|number| &self.prints[number]) }
    }

    /// Hides what `number` has drawn: `now` if the bytes themselves have become stars before they were shown, or
    /// with the next [`Traced::paint`].
    pub fn hide(&mut self, number: usize, now: bool) {
        let Some(print) = self.prints.get_mut(number) else { return };
        match (print.veil, now) {
            (Veil::Open, true) => print.veil = Veil::Hidden,
            (Veil::Open, false) => {
                print.veil = Veil::Owed;
                self.owed += 1;
            }
            _ => {}
        }
    }

    /// One byte; the reason to stop, if there is one.
    fn take(&mut self, byte: u8, was: u8, at: u64) -> Option<Stop> {
        if byte == 0 && was != 0 {
            // A hidden letter had more bytes than it has columns: they belong to its star.
            self.filled.push(was);
            return None;
        }
        if self.partial.is_empty() && byte < 0x80 {
            let filled = std::mem::take(&mut self.filled);
            let mut raw = [0; 4];
            let mut length = 0;
            for (place, byte) in raw.iter_mut().zip(filled.into_iter().take(3).chain([was])) {
                *place = byte;
                length += 1;
            }
            let print = Print {
                at,
                raw,
                length,
                shown: char::from(byte),
                veil: if byte == was { Veil::Open } else { Veil::Starred },
                ..self.blank_print()
            };
            return self.character(char::from(byte), print);
        }
        self.partial.push((byte, was, at));
        let bytes: Vec<u8> = self.partial.iter().map(|(byte, ..)| *byte).collect();
        let c = match str::from_utf8(&bytes) {
            Ok(text) => text.chars().next(),
            Err(error) if error.error_len().is_none() => return None,
            Err(_) => None,
        };
        let partial = std::mem::take(&mut self.partial);
        let Some(c) = c else {
            // Not a character: the bytes before stand for a mark, and this one may begin something.
            let (first, last) = partial.split_at(partial.len() - 1);
            let (lost, again) = if first.is_empty() { (last, None) } else { (first, last.first()) };
            let stop = self.several(char::REPLACEMENT_CHARACTER, lost);
            let Some((byte, was, at)) = again.copied() else { return stop };
            if stop.is_some()
                && let Some((function, print)) = self.waiting.take()
            {
                self.execute(&function, print);
            }
            return self.take(byte, was, at);
        };
        self.several(c, &partial)
    }

    fn several(&mut self, c: char, bytes: &[(u8, u8, u64)]) -> Option<Stop> {
        let mut print = Print { shown: c, veil: Veil::Open, ..self.blank_print() };
        for (slot, (byte, was, _)) in print.raw.iter_mut().zip(bytes) {
            *slot = *was;
            if byte != was {
                print.veil = Veil::Starred;
            }
        }
        print.length = u8::try_from(bytes.len().min(4)).unwrap_or(4);
        print.at = bytes.first().map(|(_, _, at)| *at).unwrap_or_default();
        self.character(c, print)
    }

    fn blank_print(&self) -> Print {
        Print {
            at: 0,
            raw: [0; 4],
            length: 0,
            shown: ' ',
            veil: Veil::Open,
            columns: 1,
            foreground: self.pen.foreground,
            epoch: self.epoch,
            anchor: self.anchor.number(),
        }
    }

    fn character(&mut self, c: char, print: Print) -> Option<Stop> {
        let frame = self.parameters.feed(c).is_some_and(|last| self.private_mode(last));
        if let Some(function) = self.parser.feed(c) {
            let print = matches!(function, Function::Print(_)).then_some(print);
            if self.fresh && self.loses(&function) {
                self.waiting = Some((function, print));
                return Some(Stop::Losing);
            }
            self.execute(&function, print);
        }
        frame.then_some(Stop::Frame)
    }

    /// Modes that the emulator does not know; whether a synchronized update has ended.
    fn private_mode(&mut self, last: char) -> bool {
        if !matches!(last, 'h' | 'l') {
            return false;
        }
        if self.parameters.is_private(b"69") {
            self.modes.sides = last == 'h';
        }
        if self.parameters.is_private(b"2026") {
            let was = std::mem::replace(&mut self.modes.synchronized, last == 'h');
            return was && last == 'l';
        }
        false
    }

    /// The list is full: makes it anew from what is on the screens.
    fn renumber(&mut self) {
        let dump = self.terminal.dump();
        let (cols, rows) = self.terminal.size();
        let mut terminal = new_terminal(cols, rows);
        let mut parser = avt::Parser::new();
        let old = std::mem::take(&mut self.prints);
        let mut current = None;
        self.owed = 0;
        for function in dump.chars().filter_map(|c| parser.feed(c)) {
            if let Function::Sgr(operations) = &function {
                for operation in operations.as_slice() {
                    match operation {
                        SgrOp::Reset | SgrOp::ResetForegroundColor => current = None,
                        SgrOp::SetForegroundColor(colour) => current = number(*colour),
                        _ => {}
                    }
                }
            }
            if let Function::Print(c) = &function
                && let Some(print) = current.and_then(|number: usize| old.get(number))
                && (*c != ' ' || print.shown == ' ')
            {
                terminal.execute(coloured(self.prints.len()));
                self.owed += usize::from(print.veil == Veil::Owed);
                self.prints.push(*print);
            }
            terminal.execute(function);
        }
        self.terminal = terminal;
        self.numbered = true;
    }

    /// Prints that the list may hold.
    fn room(&self) -> usize {
        let (cols, rows) = self.terminal.size();
        (cols * rows * 8).clamp(LEAST_PRINTS, MOST_PRINTS)
    }
}

impl std::fmt::Debug for Traced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Traced").field("prints", &self.prints.len()).finish_non_exhaustive()
    }
}

/// A size that can be emulated is never zero.
fn bounded(cols: u16, rows: u16) -> (usize, usize) {
    (usize::from(cols.clamp(1, MAX_COLS)), usize::from(rows.clamp(1, MAX_ROWS)))
}

fn new_terminal(cols: usize, rows: usize) -> Terminal {
    Terminal::new(cols, rows).unwrap_or_else(|_| unreachable!("a bounded size is never zero"))
}

fn coloured(number: usize) -> Function {
    let [_, r, g, b] = u32::try_from(number).unwrap_or_default().to_be_bytes();
    Function::Sgr(SgrOps::from(&[SgrOp::SetForegroundColor(Color::rgb(r, g, b))][..]))
}

fn number(colour: Color) -> Option<usize> {
    let Color::RGB(avt::Rgb { r, g, b }) = colour else { return None };
    usize::try_from(u32::from_be_bytes([0, r, g, b])).ok()
}

fn number_of(cell: &avt::Cell) -> Option<usize> {
    cell.pen().foreground().and_then(number)
}

#[cfg(test)]
mod tests;
