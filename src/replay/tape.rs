//! A terminal recording that can be read from any place known before.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cast::Entry;
use crate::cast::Event;
use crate::cast::Header;
use crate::cast::Input;
use crate::cast::Kind as EventKind;
use crate::cast::Reader;
use crate::cast::present;
use crate::error::Error;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;
use crate::types::Micros;

/// A place between two events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Bytes of the content before it; for version 1, events.
    pub offset: u64,
    /// Time of the event before it.
    pub time: Micros,
    /// How many events before it changed the screen.
    pub steps: u64,
    /// Lines of the file before it.
    pub line: u64,
    /// Where the file can be entered to read on from here.
    pub entry: Entry,
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
    /// Opens a recording, plain or packed with zstd. Fails when the file is missing, is no file, or has no header of
    /// asciicast 1, 2 or 3.
    pub fn open(path: &Path) -> Result<Self> {
        let about = || format!("cannot open {}", path.display());
        let path = present(path);
        let meta = fs::metadata(&path).map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => Error::io(about(), &cause)
                .fix("it has been removed or moved; hoop-replay without a name lists what there is"),
            _ => Error::io(about(), &cause),
        })?;
        if !meta.is_file() {
            return Err(Error::new(Kind::NotFound, format!("{} is not a file", path.display()))
                .fix("give a recording: a .cast file, or a session id from `hoop-replay list`"));
        }
        let mut reader = Reader::open(&path)?;
        let header = reader.header().clone();
        let start =
            Mark { offset: reader.offset(), line: reader.line(), entry: reader.entry(), ..Mark::default() };
        if header.version != 1 {
            return Ok(Self { source: Source::File(path), header, start });
        }
        let events: Arc<[Event]> = reader.by_ref().collect::<Result<Vec<_>>>()?.into();
        Ok(Self { source: Source::Memory(events), header, start: Mark { line: 1, ..Mark::default() } })
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

    /// The file that is read from; none for a version 1 document, which is in memory.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.source {
            Source::File(path) => Some(path),
            Source::Memory(_) => None,
        }
    }

    /// Reads on from `mark`, which must come from this recording. The file may have grown since, or have been packed.
    pub fn read_from(&self, mark: Mark) -> Result<Cursor> {
        match &self.source {
            Source::File(path) => {
                let about = || format!("cannot read {}", path.display());
                let input = Input::open_at(path, mark.entry, mark.offset).context(about)?;
                let reader = Reader::resume(input, self.header.clone(), mark.offset, mark.time);
                let reader = Box::new(reader.after_lines(mark.line));
                Ok(Cursor { events: Events::File(reader), steps: mark.steps })
            }
            Source::Memory(events) => {
                let at = usize::try_from(mark.offset).unwrap_or(usize::MAX);
                let events = Events::Memory { events: Arc::clone(events), at, time: mark.time };
                Ok(Cursor { events, steps: mark.steps })
            }
        }
    }
}

/// Reads events one after another.
pub struct Cursor {
    events: Events,
    steps: u64,
}

enum Events {
    /// From the file.
    File(Box<Reader<Input>>),
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
        match &self.events {
            Events::File(reader) => Mark {
                offset: reader.offset(),
                time: reader.time(),
                steps: self.steps,
                line: reader.line(),
                entry: reader.entry(),
            },
            Events::Memory { at, time, .. } => {
                Mark { offset: *at as u64, time: *time, steps: self.steps, line: 1, entry: Entry::default() }
            }
        }
    }

    /// Whether the recording broke off in the middle of an event; known at its end.
    #[must_use]
    pub fn truncated(&self) -> bool {
        matches!(&self.events, Events::File(reader) if reader.truncated())
    }
}

/// Whether an event changes the screen: what stepping through a recording goes by.
#[must_use]
pub fn is_step(event: &Event) -> bool {
    matches!(event.kind, EventKind::Output | EventKind::Resize)
}

impl Iterator for Cursor {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = match &mut self.events {
            Events::File(reader) => reader.next(),
            Events::Memory { events, at, time } => {
                let event = events.get(*at)?.clone();
                *at += 1;
                *time = event.time;
                Some(Ok(event))
            }
        };
        self.steps += u64::from(matches!(&next, Some(Ok(event)) if is_step(event)));
        next
    }
}
