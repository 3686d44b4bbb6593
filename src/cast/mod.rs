//! The asciicast format, versions 1, 2 and 3: reading all, writing 2 and 3.
//!
//! A terminal recording is a header and a list of events. hoop adds one kind of event of its own, `b`, which
//! other players ignore: it stands directly after an `o` or `i` event whose text could not hold the bytes as they
//! were, and holds the exact bytes of that event in base64 ([`Exact`] puts them together again).
//!
//! Files may be packed with zstd; packed in several frames they can be entered in the middle ([`Input`]). [`Packer`] makes
//! such files.
//!
//! Format: <https://docs.asciinema.org/manual/asciicast/v3/>.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::types::Micros;

mod escape;
mod exact;
mod input;
mod pack;
mod parse;
mod reader;
mod writer;

pub use exact::Exact;
pub use exact::exact_output;
pub use input::Entry;
pub use input::Input;
pub use input::present;
pub use pack::FRAME;
pub use pack::Packer;
pub use reader::Reader;
pub use writer::Form;
pub use writer::Writer;

/// Longest line read, in bytes; longer ones are reported and skipped. Writers cut output at 64 KiB, which is at
/// most 384 KiB when every byte is escaped.
pub const MAX_LINE: usize = 8 << 20;

/// What a recording says about itself before its first event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Header {
    /// Version of the format: 1, 2 or 3.
    pub version: u8,
    /// Columns of the terminal at the start.
    pub cols: u16,
    /// Rows of the terminal at the start.
    pub rows: u16,
    /// When it began, in seconds since the Unix epoch.
    pub timestamp: Option<u64>,
    /// Pauses longer than this many seconds are to be shortened when it is played.
    pub idle_time_limit: Option<f64>,
    /// The command that was recorded.
    pub command: Option<String>,
    /// A title given by a person.
    pub title: Option<String>,
    /// The environment variables that were kept.
    pub env: BTreeMap<String, String>,
    /// The terminal type, as in `$TERM`.
    pub term_type: Option<String>,
    /// The colours of the recording terminal.
    pub theme: Option<Theme>,
}

/// The colours of a terminal, as `#rrggbb`; `palette` holds 8 or 16 of them, parted by colons.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Theme {
    /// Foreground.
    pub fg: String,
    /// Background.
    pub bg: String,
    /// The 8 or 16 basic colours.
    pub palette: String,
}

/// One thing that happened on the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, in microseconds since the recording began (whatever the version of the file).
    pub time: Micros,
    /// What sort of thing.
    pub kind: Kind,
    /// Its text; see [`Kind`] for what it means.
    pub data: String,
}

/// What sort of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `o`: the program wrote this.
    Output,
    /// `i`: the person typed this.
    Input,
    /// `r`: the terminal now has this size, `COLSxROWS`.
    Resize,
    /// `m`: a place with a name.
    Marker,
    /// `x`: the program ended with this status, in decimal.
    Exit,
    /// `b`: the exact bytes of the event directly before this one, in base64.
    Raw,
    /// A kind that this version does not know; to be ignored.
    Other(char),
}

impl Kind {
    /// The letter in the file.
    #[must_use]
    pub fn code(self) -> char {
        match self {
            Self::Output => 'o',
            Self::Input => 'i',
            Self::Resize => 'r',
            Self::Marker => 'm',
            Self::Exit => 'x',
            Self::Raw => 'b',
            Self::Other(code) => code,
        }
    }
}

impl From<char> for Kind {
    fn from(code: char) -> Self {
        match code {
            'o' => Self::Output,
            'i' => Self::Input,
            'r' => Self::Resize,
            'm' => Self::Marker,
            'x' => Self::Exit,
            'b' => Self::Raw,
            other => Self::Other(other),
        }
    }
}

impl Event {
    /// Columns and rows of a `Resize`; none for another kind or a size that is not one.
    #[must_use]
    pub fn size(&self) -> Option<(u16, u16)> {
        let (cols, rows) = self.data.split_once('x').filter(|_| self.kind == Kind::Resize)?;
        Some((cols.parse().ok()?, rows.parse().ok()?))
    }
}
