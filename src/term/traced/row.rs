//! A row of the screen that something else is drawn over, and the row as it is under that.

use super::Traced;
use super::Veil;
use super::pen::write_cell;

impl Traced {
    /// Whether a row can be drawn over now: the output stands between sequences and outside a synchronized update, and
    /// rows are those of the terminal.
    #[must_use]
    pub fn takes_rows(&self) -> bool {
        let between = self.parameters.is_between() && self.partial.is_empty();
        between && self.anchor.is_absolute() && !self.modes.sides && !self.modes.synchronized
    }

    /// The row and the column that the cursor is in, from 0; behind the last column a wrap is due.
    #[must_use]
    pub fn cursor(&self) -> (usize, usize) {
        let cursor = self.terminal.cursor();
        (cursor.row, cursor.col)
    }

    /// Whether rows are those of the terminal.
    #[must_use]
    pub fn knows_rows(&self) -> bool {
        self.anchor.is_absolute()
    }

    /// Somebody has found out that rows are those of the terminal.
    pub fn know_rows(&mut self) {
        self.anchor.set();
        self.main_anchor = self.anchor;
    }

    /// Carries out what was read last, should it have been held back.
    pub fn carry_on(&mut self) {
        if let Some((function, print)) = self.waiting.take() {
            self.execute(&function, print);
        }
        self.settle();
    }

    /// Appends what writes `text`, which is safe and narrower than the screen, over the whole of `row`, and brings cursor,
    /// pen and modes back, without touching what the program has saved with `ESC 7`. See [`Traced::takes_rows`].
    pub fn draw_over(&self, row: usize, text: &[u8], out: &mut Vec<u8>) {
        self.set_aside(out);
        self.go(row, (row, 0), 0, out);
        out.extend_from_slice(b"\x1b[0m\x1b[2K");
        out.extend_from_slice(text);
        self.give_back(row, out);
    }

    /// Appends what writes `row` as it is on the emulated screen.
    pub fn draw_row(&self, row: usize, out: &mut Vec<u8>) {
        let mut text = Vec::new();
        let mut last = Vec::new();
        let mut pen = Vec::new();
        let line = self.terminal.screen().line(row);
        let cells = line.map(avt::Line::cells).unwrap_or_default();
        // What is blank up to the end is not written: terminals tell text from nothing.
        let is_drawn = |cell: &avt::Cell| {
            cell.char() != ' '
                || cell.pen().background().is_some()
                || cell.pen().is_inverse()
                || cell.pen().is_underline()
        };
        let end = cells.iter().rposition(is_drawn).map_or(0, |last| last + 1);
        for cell in cells[..end].iter().filter(|cell| cell.width() > 0) {
            let place = self.place(cell);
            pen.clear();
            write_cell(cell.pen(), place.print.and_then(|print| print.foreground), &mut pen);
            if pen != last {
                text.extend_from_slice(&pen);
                last.clone_from(&pen);
            }
            match place.print.map(|print| print.veil) {
                Some(Veil::Hidden | Veil::Owed) => text.resize(text.len() + usize::from(place.columns), b'*'),
                _ => text.extend_from_slice(place.shown.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        self.draw_over(row, &text, out);
    }
}
