//! The terminal recording that an export reads.

use crate::cast::Event;
use crate::cast::Input;
use crate::cast::Reader;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;

/// The events of a recording; that its last line is cut off comes as an error at its end.
pub struct Whole {
    reader: Reader<Input>,
    is_told: bool,
}

impl Whole {
    /// Those that `reader` gives.
    pub fn new(reader: Reader<Input>) -> Self {
        Self { reader, is_told: false }
    }
}

impl Iterator for Whole {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.reader.next();
        if next.is_some() || self.is_told || !self.reader.truncated() {
            return next;
        }
        self.is_told = true;
        let line = self.reader.line() + 1;
        Some(Err(Error::new(Kind::Record, format!("line {line}, its last one, is cut off"))))
    }
}
