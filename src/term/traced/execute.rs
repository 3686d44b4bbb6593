//! Carrying out what was read, and seeing beforehand what it would take from the screen.

use avt::ScreenKind;
use avt::parser::AnsiMode;
use avt::parser::DecMode;
use avt::parser::EdScope;
use avt::parser::ElScope;
use avt::parser::Function;
use avt::parser::SgrOp;
use avt::parser::SgrOps;

use super::Modes;
use super::Pen;
use super::Print;
use super::Saved;
use super::Traced;
use super::coloured;

impl Traced {
    /// Whether `function` takes something from the screen that has not been looked at.
    pub(super) fn loses(&self, function: &Function) -> bool {
        let (cols, rows) = self.terminal.size();
        let cursor = self.terminal.cursor();
        let (row, col) = (cursor.row, cursor.col);
        let (top, bottom) = (self.modes.top, self.modes.bottom);
        match function {
            Function::Print(c) if col < cols => self.is_fresh_and_not(row, col, *c),
            Function::Print(_) if !self.modes.wrap => false,
            Function::Print(_) if row == bottom => self.is_fresh_in(top, 0, cols),
            Function::Print(c) => self.is_fresh_and_not(row + 1, 0, *c),
            Function::Lf | Function::Nel => row == bottom && self.is_fresh_in(top, 0, cols),
            Function::Ri => row == top && self.is_fresh_in(bottom, 0, cols),
            Function::El(ElScope::ToRight) | Function::Dch(_) | Function::Ich(_) => {
                self.is_fresh_in(row, col, cols)
            }
            Function::El(_) => self.is_fresh_in(row, 0, cols),
            Function::Ech(count) | Function::Rep(count) => {
                self.is_fresh_in(row, col, col + usize::from((*count).max(1)))
            }
            Function::Ed(EdScope::Below) => {
                self.is_fresh_in(row, col, cols) || (row + 1..rows).any(|row| self.is_fresh_in(row, 0, cols))
            }
            Function::Ed(EdScope::SavedLines) => false,
            Function::Ed(_)
            | Function::Ris
            | Function::Decaln
            | Function::Su(_)
            | Function::Sd(_)
            | Function::Il(_)
            | Function::Dl(_) => true,
            Function::Decset(modes) | Function::Decrst(modes) => modes.as_slice().iter().any(switches),
            _ => false,
        }
    }

    fn is_fresh_and_not(&self, row: usize, col: usize, c: char) -> bool {
        let Some(cell) = self.terminal.screen().line(row).and_then(|line| line.cells().get(col)) else {
            return false;
        };
        let place = self.place(cell);
        place.print.is_some_and(|print| self.is_new(print) && print.shown != c && print.shown != ' ')
    }

    fn is_fresh_in(&self, row: usize, from: usize, to: usize) -> bool {
        let Some(line) = self.terminal.screen().line(row) else { return false };
        let cells = line.cells();
        let to = to.min(cells.len());
        cells[from.min(to)..to]
            .iter()
            .any(|cell| self.place(cell).print.is_some_and(|print| self.is_new(print) && print.shown != ' '))
    }

    /// Carries `function` out; `print` says what a character is made of.
    pub(super) fn execute(&mut self, function: &Function, print: Option<Print>) {
        if let (Function::Print(_), Some(print)) = (function, print) {
            return self.draw(function, print);
        }
        if let Function::Sgr(operations) = function {
            self.pen.change(operations.as_slice(), self.parameters.text());
            self.terminal.execute(function.clone());
            self.numbered = false;
            return;
        }
        if self.numbered {
            // What this erases or repeats is nobody's.
            let plain = SgrOps::from(&[SgrOp::ResetForegroundColor][..]);
            self.terminal.execute(Function::Sgr(plain));
            self.numbered = false;
        }
        let row = self.terminal.cursor().row;
        let screen = self.screen();
        self.terminal.execute(function.clone());
        self.follow(function, row, screen);
    }

    fn draw(&mut self, function: &Function, mut print: Print) {
        if self.prints.len() >= self.room() {
            self.renumber();
        }
        let before = self.terminal.cursor();
        self.terminal.execute(coloured(self.prints.len()));
        self.numbered = true;
        self.terminal.execute(function.clone());
        let after = self.terminal.cursor();
        if (before.col, before.row) == (after.col, after.row) && after.col + 1 < self.terminal.size().0 {
            // It has no width of its own, and the emulator keeps none of those.
            return;
        }
        print.columns = if after.col >= before.col + 2 && before.row == after.row { 2 } else { 1 };
        if before.row != after.row && after.col == 2 {
            print.columns = 2;
        }
        self.fresh = true;
        self.prints.push(print);
    }

    /// Main screen 0, alternate screen 1.
    fn screen(&self) -> usize {
        usize::from(self.terminal.active_screen_kind() == ScreenKind::Alternate)
    }

    /// Keeps up what the emulator does not tell: pens, modes, and what rows count from. `row` and `screen` are those
    /// before it.
    fn follow(&mut self, function: &Function, row: usize, screen: usize) {
        match function {
            Function::Cup(..) | Function::Vpa(_) => self.anchor.set(),
            Function::Cuu(count) | Function::Cpl(count) if usize::from(*count).max(1) > row => {
                self.anchor.slip();
            }
            Function::Ri if row == 0 => self.anchor.slip(),
            Function::Decsc | Function::Scosc => self.save(screen),
            Function::Decrc | Function::Scorc => {
                self.bring_back(screen);
                self.anchor.slip();
            }
            Function::Decstbm(top, bottom) => self.margins(usize::from(*top), usize::from(*bottom)),
            Function::Sm(modes) => self.ansi(modes.as_slice(), true),
            Function::Rm(modes) => self.ansi(modes.as_slice(), false),
            Function::Decset(modes) => {
                modes.as_slice().iter().for_each(|mode| self.private(mode, true, screen));
            }
            Function::Decrst(modes) => {
                modes.as_slice().iter().for_each(|mode| self.private(mode, false, screen));
            }
            Function::Decstr => {
                self.modes.origin = false;
                self.modes.insert = false;
                self.modes.wrap = true;
                self.margins(0, 0);
                self.pen = Pen::default();
                self.saved[screen] = Saved::default();
            }
            Function::Ris => {
                self.modes = Modes::new(self.terminal.size().1);
                self.pen = Pen::default();
                self.saved = Default::default();
                self.anchor.lose();
                self.anchor.set();
                self.main_anchor = self.anchor;
            }
            _ => {}
        }
    }

    fn save(&mut self, screen: usize) {
        let (origin, wrap) = (self.modes.origin, self.modes.wrap);
        self.saved[screen] = Saved { pen: self.pen.clone(), origin, wrap };
    }

    fn bring_back(&mut self, screen: usize) {
        let saved = self.saved[screen].clone();
        self.pen = saved.pen;
        (self.modes.origin, self.modes.wrap) = (saved.origin, saved.wrap);
    }

    fn margins(&mut self, top: usize, bottom: usize) {
        let rows = self.terminal.size().1;
        let bottom = if bottom == 0 { rows } else { bottom };
        let top = top.max(1);
        if top < bottom && bottom <= rows {
            (self.modes.top, self.modes.bottom) = (top - 1, bottom - 1);
            // It moves the cursor to the first row.
            self.anchor.set();
        }
    }

    fn ansi(&mut self, modes: &[AnsiMode], on: bool) {
        if modes.contains(&AnsiMode::Insert) {
            self.modes.insert = on;
        }
    }

    fn private(&mut self, mode: &DecMode, on: bool, screen: usize) {
        match mode {
            DecMode::Origin => {
                self.modes.origin = on;
                self.anchor.set();
            }
            DecMode::AutoWrap => self.modes.wrap = on,
            DecMode::SaveCursor if on => self.save(screen),
            DecMode::SaveCursor => {
                self.bring_back(screen);
                self.anchor.slip();
            }
            DecMode::AltScreenBuffer | DecMode::SaveCursorAltScreenBuffer => {
                let saves = *mode == DecMode::SaveCursorAltScreenBuffer;
                let now = self.screen();
                if saves && on {
                    self.save(screen);
                }
                match (screen, now) {
                    (0, 1) => {
                        self.main_anchor = self.anchor;
                        self.anchor = self.anchor.other_screen();
                    }
                    (1, 0) => self.anchor = self.main_anchor,
                    _ => {}
                }
                if saves && !on {
                    self.bring_back(0);
                }
            }
            DecMode::CursorKeys | DecMode::TextCursorEnable => {}
        }
    }
}

fn switches(mode: &DecMode) -> bool {
    matches!(mode, DecMode::AltScreenBuffer | DecMode::SaveCursorAltScreenBuffer)
}
