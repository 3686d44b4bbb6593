//! The rows of an insert: one column of `('a', 'b'), ('c', 'd');` is hidden, byte by byte.

/// Where the rows stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tuples {
    /// The column, counted from 0.
    index: usize,
    /// The column the next byte is in; `None`: between rows.
    column: Option<usize>,
    /// Brackets open inside a row: of a call.
    depth: usize,
    /// The quote that is open.
    quote: Option<u8>,
    /// The byte before was a backslash.
    escaped: bool,
    /// The next byte hidden begins a secret.
    first: bool,
}

/// What becomes of a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Shown.
    Show,
    /// Hidden; `true`: a secret begins.
    Hide(bool),
    /// The rows are over.
    End,
}

impl Tuples {
    /// Hides the column of this index.
    pub fn of(index: usize) -> Self {
        Self { index, column: None, depth: 0, quote: None, escaped: false, first: false }
    }

    /// Takes one byte.
    pub fn take(&mut self, byte: u8) -> Verdict {
        if let Some(quote) = self.quote {
            if byte == quote && !self.escaped {
                self.quote = None;
                return Verdict::Show;
            }
            self.escaped = byte == b'\\' && !self.escaped;
            if self.column == Some(self.index) {
                return Verdict::Hide(std::mem::take(&mut self.first));
            }
            return Verdict::Show;
        }
        match (self.column, byte) {
            (None, b'(') => self.column = Some(0),
            (None, b',' | b' ' | b'\t' | b'\r' | b'\n') => {}
            (None, _) | (Some(_), b';') => return Verdict::End,
            (Some(_), b'\'' | b'"') => {
                self.quote = Some(byte);
                self.escaped = false;
                self.first = true;
            }
            (Some(_), b'(') => self.depth += 1,
            (Some(_), b')') if self.depth > 0 => self.depth -= 1,
            (Some(_), b')') => self.column = None,
            (Some(column), b',') if self.depth == 0 => self.column = Some(column + 1),
            (Some(_), _) => {}
        }
        Verdict::Show
    }
}
