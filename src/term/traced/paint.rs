//! Stars over characters that are on the screen already, and everything as it was afterwards.

use std::io::Write as _;

use super::Traced;
use super::Veil;
use super::pen::write_cell;

impl Traced {
    /// Appends what paints stars over all that is [`Veil::Owed`]; nothing if the output stands where nothing can be
    /// added. The cursor, the pen, a wrap that is due, insert and origin mode come back as they were; what the program
    /// has saved with `ESC 7` stays untouched, since the cursor is put back by its place, not by saving it again.
    pub fn paint(&mut self, out: &mut Vec<u8>) {
        if self.owed == 0 || !self.can_paint() {
            return;
        }
        let mut runs = self.owed_runs();
        self.owed = 0;
        runs.retain(|run| !run.numbers.is_empty());
        let numbers: Vec<usize> = runs.iter().flat_map(|run| run.numbers.iter().copied()).collect();
        let visible = runs.iter().any(|run| run.is_placed);
        if visible {
            self.write_runs(&runs, out);
        }
        for number in numbers {
            if let Some(print) = self.prints.get_mut(number) {
                print.veil = Veil::Hidden;
            }
        }
    }

    /// Whether stars wait to be painted.
    #[must_use]
    pub fn owes(&self) -> bool {
        self.owed > 0
    }

    fn can_paint(&self) -> bool {
        let between = self.parameters.is_between() && self.partial.is_empty() && self.waiting.is_none();
        between && !self.modes.sides && (self.anchor.is_absolute() || !self.modes.origin)
    }

    fn owed_runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for row in 0..self.terminal.size().1 {
            let Some(line) = self.terminal.screen().line(row) else { continue };
            for (col, cell) in line.cells().iter().enumerate() {
                let place = self.place(cell);
                let (Some(number), Some(print)) = (place.number, place.print) else { continue };
                if print.veil != Veil::Owed || place.columns == 0 {
                    continue;
                }
                let is_placed = print.anchor == self.anchor.number();
                let mut pen = Vec::new();
                write_cell(cell.pen(), print.foreground, &mut pen);
                let columns = usize::from(place.columns);
                match runs.last_mut() {
                    Some(run)
                        if run.row == row
                            && run.col + run.columns == col
                            && run.pen == pen
                            && run.is_placed == is_placed =>
                    {
                        run.columns += columns;
                        run.numbers.push(number);
                    }
                    _ => runs.push(Run { row, col, columns, pen, numbers: vec![number], is_placed }),
                }
            }
        }
        runs
    }

    fn write_runs(&self, runs: &[Run], out: &mut Vec<u8>) {
        self.set_aside(out);
        let mut at = self.terminal.cursor().row;
        for run in runs.iter().filter(|run| run.is_placed) {
            self.go(at, (run.row, run.col), 0, out);
            at = run.row;
            out.extend_from_slice(&run.pen);
            out.resize(out.len() + run.columns, b'*');
        }
        self.give_back(at, out);
    }

    /// Appends what puts the modes aside that would move or shift what is painted.
    pub(super) fn set_aside(&self, out: &mut Vec<u8>) {
        if !self.modes.synchronized {
            out.extend_from_slice(b"\x1b[?2026h");
        }
        if self.modes.origin {
            out.extend_from_slice(b"\x1b[?6l");
        }
        if self.modes.insert {
            out.extend_from_slice(b"\x1b[4l");
        }
    }

    /// Appends what gives them back, and the cursor and the pen; the cursor stands in row `at`.
    pub(super) fn give_back(&self, at: usize, out: &mut Vec<u8>) {
        let cursor = self.terminal.cursor();
        let (cols, _) = self.terminal.size();
        let mut base = 0;
        if self.modes.origin {
            out.extend_from_slice(b"\x1b[?6h");
            base = self.modes.top;
        }
        if cursor.col < cols {
            self.go(at, (cursor.row, cursor.col), base, out);
        } else {
            self.wrap_again(at, cursor.row, base, out);
        }
        self.pen.write(out);
        if self.modes.insert {
            out.extend_from_slice(b"\x1b[4h");
        }
        if !self.modes.synchronized {
            out.extend_from_slice(b"\x1b[?2026l");
        }
    }

    /// Draws the last character of the row once more: only that brings back a wrap that is due.
    fn wrap_again(&self, at: usize, row: usize, base: usize, out: &mut Vec<u8>) {
        let Some(line) = self.terminal.screen().line(row) else { return };
        let cells = line.cells();
        let last = cells.iter().rposition(|cell| cell.width() > 0).unwrap_or_default();
        let Some(cell) = cells.get(last) else { return };
        let place = self.place(cell);
        self.go(at, (row, last), base, out);
        let foreground = place.print.and_then(|print| print.foreground);
        write_cell(cell.pen(), foreground, out);
        let is_hidden = place.print.is_some_and(|print| matches!(print.veil, Veil::Hidden | Veil::Owed));
        let mut text = [0; 4];
        match place.print {
            _ if is_hidden => out.resize(out.len() + usize::from(place.columns), b'*'),
            Some(print) => out.extend_from_slice(print.shown.encode_utf8(&mut text).as_bytes()),
            None => out.extend_from_slice(place.shown.encode_utf8(&mut text).as_bytes()),
        }
    }

    /// Moves the cursor from row `at` to a place; rows are told from `base` on.
    pub(super) fn go(&self, at: usize, (row, col): (usize, usize), base: usize, out: &mut Vec<u8>) {
        // Writing to a Vec cannot fail.
        let _ = if self.anchor.is_absolute() {
            write!(out, "\x1b[{};{}H", row.saturating_sub(base) + 1, col + 1)
        } else {
            let _ = match row.checked_sub(at) {
                Some(0) => Ok(()),
                Some(down) => write!(out, "\x1b[{down}B"),
                None => write!(out, "\x1b[{}A", at - row),
            };
            write!(out, "\x1b[{}G", col + 1)
        };
    }
}

/// Characters in a row, all painted the same.
struct Run {
    row: usize,
    col: usize,
    columns: usize,
    pen: Vec<u8>,
    numbers: Vec<usize>,
    /// Their place on the terminal is known.
    is_placed: bool,
}
