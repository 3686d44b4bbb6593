//! The audit log and the terminal recording side by side, read on in the order of time.

use std::fs::File;
use std::io::BufReader;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::path::PathBuf;

use super::Plain;
use super::output::Output;
use super::told::Happened;
use super::told::Teller;
use crate::audit;
use crate::audit::Event as Told;
use crate::audit::Line;
use crate::cast::Event;
use crate::cast::Header;
use crate::cast::Kind as EventKind;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;
use crate::export::Failure;
use crate::replay::deck::Source;
use crate::replay::tape::Cursor;
use crate::replay::tape::Mark;
use crate::replay::tape::Tape;

/// Both files, and how far they have been read.
pub struct Sources {
    audit: Option<PathBuf>,
    offset: u64,
    tape: Tape,
    mark: Mark,
    has_ended: bool,
    unread: u64,
    first_unread: Option<String>,
}

type Lines = audit::Reader<BufReader<File>>;

impl Sources {
    /// At the beginning of both.
    ///
    /// # Errors
    /// When the terminal recording cannot be opened.
    pub fn open(source: &Source) -> Result<Self> {
        let tape = Tape::open(&source.cast)?;
        let mark = tape.start();
        let (audit, first_unread) = (source.audit.clone(), None);
        Ok(Self { audit, offset: 0, tape, mark, has_ended: false, unread: 0, first_unread })
    }

    /// What the terminal recording says about itself.
    pub fn header(&self) -> &Header {
        self.tape.header()
    }

    /// Whether the recording says that it is over.
    pub fn has_ended(&self) -> bool {
        let is_sealed =
            || self.audit.as_ref().is_some_and(|audit| audit.with_file_name("seal.json").exists());
        self.has_ended || self.tape.file().is_none() || is_sealed()
    }

    /// Reads what has come since: things that happened go to `teller`, output to `output`. Says whether there was anything.
    ///
    /// # Errors
    /// When a file cannot be read, or nothing can be written.
    pub fn read(
        &mut self,
        teller: &mut Teller,
        mut output: Option<&mut Output>,
        plain: &mut Plain<'_>,
    ) -> Result<bool, Failure> {
        let mut lines = self.lines()?;
        let mut events = self.tape.read_from(self.mark)?;
        let (mut line, mut event) = (self.next_line(lines.as_mut())?, self.next_event(&mut events));
        let is_new = line.is_some() || event.is_some();
        loop {
            let is_line = match (&line, &event) {
                (None, None) => break,
                (Some(line), Some(event)) => line.t <= event.time,
                (line, _) => line.is_some(),
            };
            if is_line {
                let next = self.next_line(lines.as_mut())?;
                let Some(line) = std::mem::replace(&mut line, next) else { continue };
                self.has_ended |= matches!(line.event, Told::SessionEnd(_));
                // What stood on the screen before it was there before it.
                output.as_deref_mut().map_or(Ok(()), |output| output.tell(plain))?;
                teller.take(Happened::Audit(Box::new(line)), plain)?;
                continue;
            }
            let next = self.next_event(&mut events);
            let Some(event) = std::mem::replace(&mut event, next) else { continue };
            if let Some(output) = output.as_deref_mut() {
                output.take(&event);
            }
            self.has_ended |= event.kind == EventKind::Exit;
            if !matches!(event.kind, EventKind::Output | EventKind::Input) {
                teller.take(Happened::Terminal(event), plain)?;
            }
        }
        self.offset = lines.map_or(0, |lines| lines.offset());
        self.mark = events.mark();
        // Whoever follows waits for nothing that may never come.
        if let Some(output) = output {
            teller.finish(plain)?;
            output.tell(plain)?;
        }
        Ok(is_new)
    }

    /// Says what could not be read.
    pub fn tell_unread(&self, plain: &mut Plain<'_>) -> Result<(), Failure> {
        if let Some(first) = &self.first_unread {
            plain.fact("lines that cannot be read", &self.unread.to_string())?;
            plain.fact("the first of them", first)?;
        }
        Ok(())
    }

    fn lines(&self) -> Result<Option<Lines>> {
        let Some(path) = &self.audit else { return Ok(None) };
        let mut file = File::open(path).context(|| format!("cannot open {}", path.display()))?;
        file.seek(SeekFrom::Start(self.offset)).context(|| format!("cannot read {}", path.display()))?;
        Ok(Some(audit::Reader::new(BufReader::with_capacity(64 << 10, file), self.offset)))
    }

    fn next_line(&mut self, lines: Option<&mut Lines>) -> Result<Option<Line>> {
        let Some(lines) = lines else { return Ok(None) };
        loop {
            match lines.next() {
                None => return Ok(None),
                Some(Ok(line)) => return Ok(Some(line)),
                Some(Err(error)) if error.kind() == Kind::System => return Err(error),
                Some(Err(error)) => self.unread(&error.to_string()),
            }
        }
    }

    fn next_event(&mut self, events: &mut Cursor) -> Option<Event> {
        loop {
            match events.next()? {
                Ok(event) => return Some(event),
                Err(error) => self.unread(&error.to_string()),
            }
        }
    }

    fn unread(&mut self, reason: &str) {
        self.unread += 1;
        self.first_unread.get_or_insert_with(|| reason.to_owned());
    }
}
