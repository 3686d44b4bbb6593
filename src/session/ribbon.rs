//! A line of hoop's own on the last row of the terminal, over the program's screen, while a question waits.
//!
//! The row that it covers is known from what the program has written: only while there is a line, an emulator follows
//! the output. Before the program's next bytes the row is put back, after them the line is drawn again, so that the
//! program scrolls and reads nothing but its own. On the main screen, nobody but the terminal knows where on it the
//! program began: it is asked for its cursor, once.

use crate::session::modes::Modes;
use crate::session::tail::Tail;
use crate::sys::tty::Size;
use crate::term::Stop;
use crate::term::Traced;

/// Answers of the terminal that do not fit what the program has written, before no further one is asked for.
const MOST_TRIES: u8 = 3;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Ribbon {
    /// What it says; safe, and narrower than the screen. None: there is none.
    text: Option<String>,
    /// The screen under it, if that is known.
    under: Option<Under>,
    is_drawn: bool,
    /// Where the cursor was when the terminal was asked for it.
    asked: Option<Asked>,
    tries: u8,
    /// The size has changed since the terminal has answered.
    is_lost: bool,
    /// It stands where a row was last before the size changed: so far below the cursor.
    stale: Option<usize>,
}

#[derive(Debug)]
struct Under {
    screen: Traced,
    /// The main screen is known, too, not only the alternate one.
    knows_main: bool,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    row: usize,
    col: usize,
    /// In the tail: how much there was, and how often it had been cut.
    at: (usize, u64),
    /// On the alternate screen.
    alternate: bool,
}

impl Ribbon {
    /// Whether there is a line, drawn or not.
    pub(super) fn is_on(&self) -> bool {
        self.text.is_some()
    }

    /// Whether the line stands on the terminal.
    pub(super) fn is_drawn(&self) -> bool {
        self.is_drawn
    }

    /// What it says from now on. It is to be lifted before.
    pub(super) fn say(&mut self, text: Option<String>) {
        if text.is_none() {
            *self = Self { tries: 0, asked: self.asked, ..Self::default() };
        }
        self.text = text;
    }

    /// Whether the terminal is to be asked for its cursor. `tail`: what the screen in use was painted with.
    pub(super) fn wants_position(&self, tail: &Tail, modes: &Modes) -> bool {
        let is_unknown = match modes.is_alternate() {
            true => (tail.begin().is_none() || self.is_lost) && !tail.is_cut(),
            false => self.under.is_none(),
        };
        let may = self.is_on() && self.asked.is_none() && self.tries < MOST_TRIES;
        may && is_unknown && modes.is_between_sequences()
    }

    /// Whether the line cannot be drawn, as far as is known.
    pub(super) fn is_hopeless(&self) -> bool {
        self.tries >= MOST_TRIES
    }

    /// The terminal is being asked for its cursor now. `tail`: what the screen in use was painted with.
    pub(super) fn ask(&mut self, tail: &Tail, alternate: bool) {
        let Some(screen) = emulate(tail, alternate, (0, 0), tail.len()) else {
            self.tries = MOST_TRIES;
            return;
        };
        let (row, col) = screen.cursor();
        self.asked = Some(Asked { row, col, at: (tail.len(), tail.cuts()), alternate });
    }

    /// The terminal has answered: row and column from 1. `tail`: what the screen in use was painted with.
    pub(super) fn place(&mut self, (row, col): (u16, u16), tail: &mut Tail, modes: &Modes) -> Vec<u8> {
        let alternate = modes.is_alternate();
        let Some(asked) = self.asked.take().filter(|asked| asked.alternate == alternate) else {
            return Vec::new();
        };
        if !self.is_on() {
            return Vec::new();
        }
        let (row, col) = (usize::from(row).saturating_sub(1), usize::from(col).saturating_sub(1));
        let found = find(asked, (row, col), tail).filter(|_| !(tail.is_cut() && modes.has_margins()));
        let Some((begin, screen)) = found else {
            self.tries += 1;
            return Vec::new();
        };
        (self.tries, self.is_lost) = (0, false);
        tail.began(begin);
        if alternate && self.under.as_ref().is_some_and(|under| under.screen.knows_rows()) {
            return Vec::new();
        }
        self.under = Some(Under { screen, knows_main: !alternate });
        let mut out = Vec::new();
        if let (Some(under), Some(below)) = (&self.under, self.stale.take())
            && row + below + 1 < under.screen.size().1
            && under.screen.takes_rows()
        {
            with_charsets(modes, &mut out, |out| under.screen.draw_row(row + below, out));
        }
        out
    }

    /// The program's screen is known from what it has written to the alternate screen.
    pub(super) fn know_alternate(&mut self, tail: &Tail) {
        if self.under.is_some() || !self.is_on() {
            return;
        }
        let screen = match tail.is_cut() {
            true => None,
            false => tail.first_size().map(|size| {
                let mut screen = Traced::new(size.cols, size.rows);
                feed(&mut screen, b"\x1b[?1049h");
                replay(&mut screen, tail, 0, tail.len());
                screen
            }),
        };
        self.under = screen.map(|screen| Under { screen, knows_main: false });
    }

    /// The row as the program has painted it, where the line stands on it.
    pub(super) fn lift(&mut self, modes: &Modes) -> Vec<u8> {
        let mut out = Vec::new();
        if !std::mem::take(&mut self.is_drawn) {
            return out;
        }
        if let Some(under) = &self.under {
            let last = under.screen.size().1 - 1;
            with_charsets(modes, &mut out, |out| under.screen.draw_row(last, out));
        }
        out
    }

    /// Follows what the program has written. `was_alternate`: which screen it began on.
    pub(super) fn follow(&mut self, bytes: &[u8], was_alternate: bool, modes: &Modes) {
        if was_alternate != modes.is_alternate() {
            (self.asked, self.tries) = (None, 0);
        }
        let Some(under) = &mut self.under else { return };
        feed(&mut under.screen, bytes);
        if was_alternate && !modes.is_alternate() && !under.knows_main {
            self.under = None;
        }
    }

    /// The line, if it can be drawn now.
    pub(super) fn draw(&mut self, modes: &Modes) -> Vec<u8> {
        let mut out = Vec::new();
        let (Some(text), Some(under)) = (&self.text, &self.under) else { return out };
        let is_free = modes.is_between_sequences() && under.screen.takes_rows();
        let (_, rows) = under.screen.size();
        if !is_free || rows < 2 {
            return out;
        }
        with_charsets(modes, &mut out, |out| under.screen.draw_over(rows - 1, text.as_bytes(), out));
        self.is_drawn = true;
        out
    }

    /// The terminal has another size: what stood where, it alone knows now.
    pub(super) fn resize(&mut self, size: Size, is_alternate: bool) {
        (self.asked, self.tries, self.is_lost) = (None, 0, true);
        let Some(under) = &mut self.under else { return };
        if is_alternate {
            under.screen.resize(size.cols, size.rows);
            under.knows_main = false;
        } else {
            if self.is_drawn {
                let (row, _) = under.screen.cursor();
                self.stale = Some((under.screen.size().1 - 1).saturating_sub(row));
            }
            self.under = None;
        }
        self.is_drawn = false;
    }
}

/// Where the output began, and the screen, if there is a row and a column from which the cursor comes to where the terminal
/// has it.
fn find(asked: Asked, (row, col): (usize, usize), tail: &Tail) -> Option<((usize, usize), Traced)> {
    if tail.cuts() != asked.at.1 {
        return None;
    }
    let first = row.checked_sub(asked.row)?;
    let at = asked.at.0;
    // The program may have begun in the middle of a line, and still be on it.
    let columns = [Some(0), col.checked_sub(asked.col).filter(|first| *first > 0)];
    let (begin, mut screen) = columns.into_iter().flatten().find_map(|first_col| {
        let screen = emulate(tail, asked.alternate, (first, first_col), at)?;
        let (cols, _) = screen.size();
        let (found_row, found_col) = screen.cursor();
        // A wrap that is due, the terminal tells as the last column.
        ((found_row, found_col.min(cols - 1)) == (row, col)).then_some(((first, first_col), screen))
    })?;
    screen.know_rows();
    replay(&mut screen, tail, at, tail.len());
    Some((begin, screen))
}

/// The screen after the first `to` bytes of `tail`, begun at a row and a column.
fn emulate(tail: &Tail, alternate: bool, (row, col): (usize, usize), to: usize) -> Option<Traced> {
    let size = tail.first_size()?;
    let mut screen = Traced::new(size.cols, size.rows);
    let switch = if alternate { "\x1b[?1049h" } else { "" };
    feed(&mut screen, format!("{switch}\x1b[{};{}H", row + 1, col + 1).as_bytes());
    replay(&mut screen, tail, 0, to);
    Some(screen)
}

/// Takes the bytes of `tail` from `from` to `to`, with the sizes that the screen had.
fn replay(screen: &mut Traced, tail: &Tail, from: usize, to: usize) {
    for (piece, size) in tail.pieces(from, to) {
        screen.resize(size.cols, size.rows);
        feed(screen, piece);
    }
}

fn feed(screen: &mut Traced, bytes: &[u8]) {
    let mut taken = 0;
    loop {
        let (count, stop) = screen.feed(&bytes[taken..], &bytes[taken..], 0);
        taken += count;
        if stop == Stop::End {
            break;
        }
        screen.settle();
    }
    screen.carry_on();
}

fn with_charsets(modes: &Modes, out: &mut Vec<u8>, draw: impl FnOnce(&mut Vec<u8>)) {
    let (before, after) = modes.plain_charsets();
    out.extend_from_slice(before.as_bytes());
    draw(out);
    out.extend_from_slice(after.as_bytes());
}
