//! A terminal recording that can be read from any place known before.

use std::fs;
use std::fs::File;
use std::io::BufReader;
use std::io::Seek;
use std::io::SeekFrom;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cast::Event;
use crate::cast::Header;
use crate::cast::Reader;
use crate::error::Error;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;
use crate::types::Micros;

/// Bytes read from the file at once.
const READ: usize = 128 << 10;

/// A place between two events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Bytes of the file before it; for version 1, events.
    pub offset: u64,
    /// Time of the event before it.
    pub time: Micros,
}

/// A recording on disk. Holds its header only; versions 2 and 3 stay in the file whatever their size.
#[derive(Clone)]
pub struct Tape {
    source: Source,
    header: Header,
    start: Mark,
}

#[derive(Clone)]
enum Source {
    File(PathBuf),
    /// Version 1 is one JSON document (at most 64 MiB) and cannot be entered in the middle.
    Memory(Arc<[Event]>),
}

impl Tape {
    /// Opens a recording. Fails when the file is missing, is no file, or has no header of asciicast 1, 2 or 3.
    pub fn open(path: &Path) -> Result<Self> {
        let about = || format!("cannot open {}", path.display());
        let meta = fs::metadata(path).context(about)?;
        if !meta.is_file() {
            return Err(Error::new(Kind::NotFound, format!("{} is not a file", path.display()))
                .fix("give a recording: a .cast file, or a session id from `hoop-replay list`"));
        }
        let mut reader = Reader::open(path)?;
        let header = reader.header().clone();
        let start = Mark { offset: reader.offset(), time: Micros(0) };
        if header.version != 1 {
            return Ok(Self { source: Source::File(path.to_owned()), header, start });
        }
        let events: Arc<[Event]> = reader.by_ref().collect::<Result<Vec<_>>>()?.into();
        let start = Mark { offset: 0, ..start };
        Ok(Self { source: Source::Memory(events), header, start })
    }

    /// What the recording says about itself.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The place before the first event.
    #[must_use]
    pub fn start(&self) -> Mark {
        self.start
    }

    /// Reads on from `mark`, which must come from this recording. Only a reading from the start knows the numbers of
    /// lines in its errors.
    pub fn read_from(&self, mark: Mark) -> Result<Cursor> {
        match &self.source {
            Source::File(path) if mark == self.start => Ok(Cursor::File(Box::new(Reader::open(path)?))),
            Source::File(path) => {
                let about = || format!("cannot read {}", path.display());
                let mut file = File::open(path).context(about)?;
                file.seek(SeekFrom::Start(mark.offset)).context(about)?;
                let source = BufReader::with_capacity(READ, file);
                let reader = Reader::resume(source, self.header.clone(), mark.offset, mark.time);
                Ok(Cursor::File(Box::new(reader)))
            }
            Source::Memory(events) => {
                let at = usize::try_from(mark.offset).unwrap_or(usize::MAX);
                Ok(Cursor::Memory { events: Arc::clone(events), at, time: mark.time })
            }
        }
    }
}

/// Reads events one after another.
pub enum Cursor {
    /// From the file.
    File(Box<Reader<BufReader<File>>>),
    /// From a version 1 document.
    Memory {
        /// All events.
        events: Arc<[Event]>,
        /// The next one.
        at: usize,
        /// Time of the one before.
        time: Micros,
    },
}

impl Cursor {
    /// The place after the event given last.
    #[must_use]
    pub fn mark(&self) -> Mark {
        match self {
            Self::File(reader) => Mark { offset: reader.offset(), time: reader.time() },
            Self::Memory { at, time, .. } => Mark { offset: *at as u64, time: *time },
        }
    }

    /// Whether the recording broke off in the middle of an event; known at its end.
    #[must_use]
    pub fn truncated(&self) -> bool {
        matches!(self, Self::File(reader) if reader.truncated())
    }
}

impl Iterator for Cursor {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::File(reader) => reader.next(),
            Self::Memory { events, at, time } => {
                let event = events.get(*at)?.clone();
                *at += 1;
                *time = event.time;
                Some(Ok(event))
            }
        }
    }
}
