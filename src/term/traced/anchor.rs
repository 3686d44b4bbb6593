//! Whether a row of the emulated screen is known to be that row of the real one.

/// What rows count from.
///
/// A program begins wherever the shell's cursor was: its first row is any row of the terminal. Text that was drawn
/// since then is found from the cursor, by rows up and down. Once the program has said where the cursor is to be,
/// rows are those of the terminal, and what was drawn before stands in unknown places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anchor {
    number: u32,
    absolute: bool,
}

impl Anchor {
    /// Text drawn under one number stands at known places to each other.
    pub fn number(self) -> u32 {
        self.number
    }

    /// Whether rows are those of the terminal.
    pub fn is_absolute(self) -> bool {
        self.absolute
    }

    /// For the other screen, where the cursor is as well known as on this one.
    pub fn other_screen(self) -> Self {
        Self { number: self.number.wrapping_add(1), ..self }
    }

    /// The program has named the cursor's row.
    pub fn set(&mut self) {
        if !self.absolute {
            self.absolute = true;
            self.number = self.number.wrapping_add(1);
        }
    }

    /// The cursor is no more where it was to the text before.
    pub fn lose(&mut self) {
        self.absolute = false;
        self.number = self.number.wrapping_add(1);
    }

    /// As [`Anchor::lose`], unless rows are known anyway.
    pub fn slip(&mut self) {
        if !self.absolute {
            self.lose();
        }
    }
}
