//! Is a recording whole and unchanged? Needs nothing but its folder.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;

use sha2::Digest as _;
use sha2::Sha256;

use super::body;
use super::consent::Consent;
use super::counts::Counts;
use super::pack::open_cast;
use super::private;
use super::seal;
use super::seal::Previous;
use super::seal::Seal;
use super::seal::SealedAs;
use crate::audit;
use crate::audit::BodyRef;
use crate::audit::Event;
use crate::audit::Verifier;
use crate::cast::Entry;
use crate::cast::Input;
use crate::error::Kind;
use crate::error::Result;
use crate::types::Micros;
use crate::types::SessionId;

/// Most faults that are listed.
const MAX_FAULTS: usize = 50;

/// What a recording is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Whole, and sealed by the process that recorded it.
    Sealed,
    /// Whole as far as it goes, and sealed later: the process that recorded it had died.
    Interrupted,
    /// Not sealed: it is still running, or was cut off and not yet sealed. What is there is unchanged as far as the
    /// chain can tell: lines cut off at its end cannot be noticed.
    Unsealed,
    /// Something is wrong; see the faults.
    Damaged,
}

impl State {
    /// The word shown to people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Interrupted => "interrupted",
            Self::Unsealed => "unsealed",
            Self::Damaged => "damaged",
        }
    }
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, relative to the folder.
    pub file: String,
    /// Number of the line, from 1, where there are lines.
    pub line: Option<u64>,
    /// Byte at which it begins, where that is known.
    pub offset: Option<u64>,
    /// What is wrong.
    pub reason: String,
}

/// What [`verify`] found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The folder.
    pub folder: PathBuf,
    /// The session; none when nothing says which it is.
    pub session: Option<SessionId>,
    /// What the recording is.
    pub state: State,
    /// What is wrong; the first ones.
    pub faults: Vec<Fault>,
    /// Right lines of the audit log, from its start.
    pub lines: u64,
    /// Bytes of the terminal recording.
    pub cast_bytes: u64,
    /// How many of them the chain vouches for.
    pub cast_checked: u64,
    /// Body files that were checked.
    pub bodies: u64,
    /// Numbers of events.
    pub counts: Counts,
    /// The seal, if there is one that can be read.
    pub seal: Option<Seal>,
    /// SHA-256 of the seal's file: what the next seal of that host names.
    pub seal_sha256: Option<String>,
}

impl Report {
    /// The seal of the same host before this one.
    #[must_use]
    pub fn previous(&self) -> Option<&Previous> {
        self.seal.as_ref()?.previous.as_ref()
    }
}

/// Checks a recording: the chain, every checkpoint of the terminal recording, the bodies, the seal, and that every call
/// that went on had leave to.
///
/// Reads every file once, with flat memory. Fails only when a file cannot be read for another reason than that it is
/// missing or wrong.
pub fn verify(folder: &Path) -> Result<Report> {
    let mut pass = pass(folder)?;
    let seal = match seal::read(folder) {
        Ok(seal) => seal,
        Err(error) if error.kind() == Kind::System => return Err(error),
        Err(error) => {
            pass.fault("seal.json", None, None, error.causes().join(": "));
            None
        }
    };
    if let Some(found) = &seal {
        if let Some(reason) = &found.fault {
            pass.fault("seal.json", None, None, reason.clone());
        }
        compare(&mut pass, &found.seal);
    }
    let room = MAX_FAULTS.saturating_sub(pass.faults.len());
    pass.faults.extend(pass.without_leave.drain(..).take(room));
    let state = match &seal {
        _ if !pass.faults.is_empty() => State::Damaged,
        None => State::Unsealed,
        Some(found) if found.seal.sealed_as == SealedAs::Complete => State::Sealed,
        Some(_) => State::Interrupted,
    };
    Ok(Report {
        folder: folder.to_owned(),
        session: pass.session,
        state,
        faults: pass.faults,
        lines: pass.lines,
        cast_bytes: pass.cast.at,
        cast_checked: if seal.is_some() { pass.cast.at } else { pass.checked },
        bodies: pass.bodies.len() as u64,
        counts: pass.counts,
        seal_sha256: seal.as_ref().map(|found| found.sha256.clone()),
        seal: seal.map(|found| found.seal),
    })
}

/// The seal against what the files hold.
fn compare(pass: &mut Pass, seal: &Seal) {
    let audit = "audit.jsonl";
    if pass.session.is_some_and(|session| session != seal.session) {
        pass.fault("seal.json", None, None, "it belongs to another session".to_owned());
    }
    let end = (Some(pass.lines + 1), Some(pass.bytes));
    if pass.faults.iter().any(|fault| fault.file == audit) {
        // The first fault says it all; what follows from it would only hide it.
    } else if pass.lines != seal.audit_lines || pass.bytes + pass.cut != seal.audit_bytes {
        let reason = format!(
            "it ends after {} lines, {} were sealed: its end was cut off or added to",
            pass.lines, seal.audit_lines
        );
        pass.fault(audit, end.0, end.1, reason);
    } else if pass.head != seal.audit_head {
        pass.fault(audit, end.0, end.1, "its last hash is not the one sealed".to_owned());
    } else if pass.counts != seal.counts {
        pass.fault("seal.json", None, None, "its counts are not those of the audit log".to_owned());
    }
    let cast = pass.cast.name;
    if pass.faults.iter().any(|fault| fault.file == cast) {
        return;
    }
    if pass.cast.at != seal.cast_bytes {
        let reason = format!("it has {} bytes, {} were sealed", pass.cast.at, seal.cast_bytes);
        pass.fault(cast, None, Some(pass.cast.at.min(seal.cast_bytes)), reason);
    } else if pass.cast.sha256() != seal.cast_sha256 {
        let reason = "it was changed after the last checkpoint".to_owned();
        pass.fault(cast, None, Some(pass.checked), reason);
    }
}

/// What one reading of all files but the seal gives.
pub(super) struct Pass {
    pub(super) session: Option<SessionId>,
    /// Right lines, their bytes, the last hash, the last time.
    pub(super) lines: u64,
    pub(super) bytes: u64,
    pub(super) head: String,
    pub(super) last: Micros,
    /// Bytes after the last line feed.
    pub(super) cut: u64,
    pub(super) ended: bool,
    pub(super) counts: Counts,
    pub(super) cast: CastHash,
    /// How far the last checkpoint reaches.
    checked: u64,
    bodies: HashSet<String>,
    consent: Consent,
    /// Calls that had no leave: the log that tells of them is sound, and can be sealed.
    without_leave: Vec<Fault>,
    pub(super) faults: Vec<Fault>,
}

impl Pass {
    fn fault(&mut self, file: &str, line: Option<u64>, offset: Option<u64>, reason: String) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault { file: file.to_owned(), line, offset, reason });
        }
    }
}

/// Reads and checks everything but the seal.
pub(super) fn pass(folder: &Path) -> Result<Pass> {
    let cast = CastHash::open(folder)?;
    let mut pass = Pass {
        session: None,
        lines: 0,
        bytes: 0,
        head: String::new(),
        last: Micros(0),
        cut: 0,
        ended: false,
        counts: Counts::default(),
        cast,
        checked: 0,
        bodies: HashSet::new(),
        consent: Consent::default(),
        without_leave: Vec::new(),
        faults: Vec::new(),
    };
    if pass.cast.input.is_none() {
        pass.fault(pass.cast.name, None, None, "it is missing".to_owned());
    }
    let path = folder.join("audit.jsonl");
    let file = match private::open(&path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            pass.fault("audit.jsonl", None, None, "it is missing".to_owned());
            pass.cast.run_to_end()?;
            return Ok(pass);
        }
        Err(cause) => return Err(private::cannot("open", &path, &cause)),
    };
    check_lines(&mut pass, folder, file)?;
    pass.cast.run_to_end()?;
    if let Some(reason) = pass.cast.damage.take() {
        pass.fault(pass.cast.name, None, Some(pass.cast.at), reason);
    } else if pass.ended && pass.cast.at > pass.checked && pass.faults.is_empty() {
        let reason = "bytes were added after the session's end".to_owned();
        pass.fault(pass.cast.name, None, Some(pass.checked), reason);
    }
    Ok(pass)
}

fn check_lines(pass: &mut Pass, folder: &Path, file: File) -> Result<()> {
    let mut reader = audit::Reader::new(BufReader::with_capacity(128 << 10, file), 0);
    let mut verifier = None;
    while let Some(line) = reader.next() {
        let number = reader.line_number();
        let checked = match &line {
            Ok(line) => {
                if let (Event::SessionStart(start), None) = (&line.event, &verifier) {
                    pass.session = Some(start.id);
                    verifier = Some(Verifier::new(start.id));
                }
                match &mut verifier {
                    Some(verifier) => verifier.check(line, reader.text()),
                    None => Err("the first line is not `session.start`".to_owned()),
                }
            }
            Err(error) if error.kind() == Kind::System => return Err(error.clone()),
            Err(error) => Err(error.causes().join(": ")),
        };
        let line = match (line, checked) {
            (Ok(line), Ok(())) => line,
            (_, checked) => {
                let reason = checked.err().unwrap_or_default();
                pass.fault("audit.jsonl", Some(number), Some(pass.bytes), reason);
                return Ok(());
            }
        };
        pass.lines += 1;
        let at = pass.bytes;
        pass.bytes = reader.offset();
        pass.last = line.t;
        pass.counts.add(&line.event);
        if let Some(reason) = pass.consent.take(&line.event).filter(|_| pass.without_leave.len() < MAX_FAULTS)
        {
            let file = "audit.jsonl".to_owned();
            pass.without_leave.push(Fault { file, line: Some(number), offset: Some(at), reason });
        }
        check_event(pass, folder, &line.event, number)?;
        pass.head = line.hash;
        pass.ended = matches!(line.event, Event::SessionEnd(_));
    }
    pass.cut = reader.truncated();
    if pass.lines == 0 {
        pass.fault("audit.jsonl", Some(1), Some(0), "it has no whole line".to_owned());
    } else if pass.ended && pass.cut > 0 {
        let reason = "there are bytes after `session.end`".to_owned();
        pass.fault("audit.jsonl", Some(pass.lines + 1), Some(pass.bytes), reason);
    }
    Ok(())
}

/// What a right line says about other files.
fn check_event(pass: &mut Pass, folder: &Path, event: &Event, line: u64) -> Result<()> {
    match event {
        Event::Checkpoint(checkpoint) => check_cast(pass, checkpoint, line)?,
        Event::CallBegin(call) => check_body(pass, folder, call.body.as_ref()),
        Event::CallEnd(call) => {
            check_body(pass, folder, call.request.as_ref());
            check_body(pass, folder, call.response.as_ref());
        }
        _ => {}
    }
    Ok(())
}

fn check_cast(pass: &mut Pass, checkpoint: &audit::Checkpoint, line: u64) -> Result<()> {
    let before = pass.checked;
    let is_known = pass.cast.input.is_none() || pass.faults.iter().any(|fault| fault.file == pass.cast.name);
    if is_known {
        return Ok(());
    }
    if !pass.cast.run_to(checkpoint.offset)? {
        // What cannot be unpacked is told with its reason, at the end.
        if pass.cast.damage.is_some() {
            return Ok(());
        }
        let reason =
            format!("it was cut off: line {line} of the audit log says it has {} bytes", checkpoint.offset);
        pass.fault(pass.cast.name, None, Some(pass.cast.at), reason);
    } else if pass.cast.sha256() != checkpoint.sha256 {
        let reason = format!("it was changed somewhere from here to byte {}", checkpoint.offset);
        pass.fault(pass.cast.name, None, Some(before), reason);
    } else {
        pass.checked = checkpoint.offset;
    }
    Ok(())
}

fn check_body(pass: &mut Pass, folder: &Path, reference: Option<&BodyRef>) {
    let Some(reference) = reference else { return };
    let Some(name) = &reference.file else { return };
    if !pass.bodies.insert(name.clone()) {
        return;
    }
    if let Err(error) = body::read_body(folder, reference) {
        pass.fault(&format!("bodies/{}", name.escape_debug()), None, None, error.causes().join(": "));
    }
}

/// Hashes the terminal recording from its start, as far as is asked.
pub(super) struct CastHash {
    input: Option<Input>,
    /// What it is called in its folder.
    name: &'static str,
    /// Why the rest of it cannot be unpacked.
    damage: Option<String>,
    hash: Sha256,
    at: u64,
}

impl CastHash {
    fn open(folder: &Path) -> Result<Self> {
        let (input, name) = match open_cast(folder, Entry::default(), 0) {
            Ok((input, name)) => (Some(input), name),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => (None, "terminal.cast"),
            Err(cause) => return Err(private::cannot("open", &folder.join("terminal.cast"), &cause)),
        };
        Ok(Self { input, name, damage: None, hash: Sha256::new(), at: 0 })
    }

    /// How many bytes have been hashed.
    pub(super) fn bytes(&self) -> u64 {
        self.at
    }

    /// The hash of those bytes, in hexadecimal.
    pub(super) fn sha256(&self) -> String {
        hex::encode(self.hash.clone().finalize())
    }

    /// Says whether there were enough bytes. An offset that goes back is none that a recorder writes.
    fn run_to(&mut self, offset: u64) -> Result<bool> {
        let Some(input) = self.input.as_mut().filter(|_| self.damage.is_none()) else { return Ok(false) };
        while self.at < offset {
            let block = match input.fill_buf() {
                Ok([]) => return Ok(false),
                Ok(block) => block,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
                Err(cause)
                    if matches!(cause.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
                {
                    self.damage = Some(cause.to_string());
                    return Ok(false);
                }
                Err(cause) => return Err(private::cannot("read", Path::new(self.name), &cause)),
            };
            let taken = usize::try_from(offset - self.at).unwrap_or(usize::MAX).min(block.len());
            self.hash.update(&block[..taken]);
            self.at += taken as u64;
            input.consume(taken);
        }
        Ok(self.at == offset)
    }

    fn run_to_end(&mut self) -> Result<()> {
        self.run_to(u64::MAX).map(|_| ())
    }
}
