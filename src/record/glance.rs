//! A short look at a recording's files: how large they are, and what its seal says as far as that can be told without
//! reading them. [`super::verify`] reads them.

use std::fs;
use std::path::Path;

use super::seal;
use super::seal::Seal;
use super::seal::SealedAs;

/// Most files of bodies that are counted.
const MAX_BODIES: usize = 10_000;

/// Where an audit log ends that has been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogEnd {
    /// How many there were.
    pub lines: u64,
    /// The hash of the last one, as it says itself.
    pub head: String,
}

/// What a seal is worth, as far as was looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sealing {
    /// There is none: the session runs, or was cut off.
    Missing,
    /// Its signature is right, and lengths, lines and last hash are those that it names. The bytes were not compared.
    Fits(Box<Seal>),
    /// Something is wrong.
    Broken(Vec<String>),
}

/// What a short look tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// The seal.
    pub sealing: Sealing,
    /// Bytes of `audit.jsonl`.
    pub audit_bytes: u64,
    /// Bytes of `terminal.cast`; none when there is only a packed one.
    pub cast_bytes: Option<u64>,
    /// Bytes of `terminal.cast.zst`, where there is one.
    pub packed_bytes: Option<u64>,
    /// Files in `bodies/`, and their bytes.
    pub bodies: (usize, u64),
    /// There are more of them than were counted.
    pub more_bodies: bool,
}

/// Looks at the recording in `folder`, of whose audit log `read` is known. What cannot be read counts as missing.
#[must_use]
pub fn glance(folder: &Path, read: &LogEnd) -> Glance {
    let length = |name: &str| {
        let found = fs::symlink_metadata(folder.join(name)).ok().filter(fs::Metadata::is_file);
        found.map(|found| found.len())
    };
    let (cast_bytes, packed_bytes) = (length("terminal.cast"), length("terminal.cast.zst"));
    let audit_bytes = length("audit.jsonl").unwrap_or(0);
    let mut files = fs::read_dir(folder.join("bodies")).into_iter().flatten().flatten();
    let mut bodies = (0, 0_u64);
    for file in files.by_ref().take(MAX_BODIES) {
        let bytes = file.metadata().map_or(0, |found| found.len());
        bodies = (bodies.0 + 1, bodies.1.saturating_add(bytes));
    }
    let more_bodies = files.next().is_some();
    let sealing = match seal::read(folder) {
        Ok(None) => Sealing::Missing,
        Err(error) => Sealing::Broken(vec![error.causes().join(": ")]),
        Ok(Some(found)) => {
            let seal = found.seal;
            let mut wrong: Vec<String> = found.fault.into_iter().collect();
            let mut compare = |what: &str, is: u64, sealed: u64| {
                if is != sealed {
                    wrong.push(format!("{what}: {is}, {sealed} were sealed"));
                }
            };
            compare("bytes of the audit log", audit_bytes, seal.audit_bytes);
            compare("lines of the audit log", read.lines, seal.audit_lines);
            if let Some(bytes) = cast_bytes {
                compare("bytes of the terminal recording", bytes, seal.cast_bytes);
            }
            if read.head != seal.audit_head {
                wrong.push("the last line of the audit log is not the one that was sealed".to_owned());
            }
            if cast_bytes.or(packed_bytes).is_none() {
                wrong.push("the terminal recording is missing".to_owned());
            }
            if wrong.is_empty() { Sealing::Fits(Box::new(seal)) } else { Sealing::Broken(wrong) }
        }
    };
    Glance { sealing, audit_bytes, cast_bytes, packed_bytes, bodies, more_bodies }
}

impl Glance {
    /// `sealed`, `interrupted`, `unsealed`, `damaged`: the words of [`super::State`].
    #[must_use]
    pub fn word(&self) -> &'static str {
        match &self.sealing {
            Sealing::Missing => super::State::Unsealed.as_str(),
            Sealing::Broken(_) => super::State::Damaged.as_str(),
            Sealing::Fits(seal) if seal.sealed_as == SealedAs::Interrupted => {
                super::State::Interrupted.as_str()
            }
            Sealing::Fits(_) => super::State::Sealed.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit;
    use crate::audit::End;
    use crate::audit::Start;
    use crate::clock::Clock;
    use crate::record::Recorder;
    use crate::types::SessionId;

    fn read(folder: &Path) -> LogEnd {
        audit::Reader::open(&folder.join("audit.jsonl"))
            .unwrap()
            .fold(LogEnd::default(), |read, line| LogEnd { lines: read.lines + 1, head: line.unwrap().hash })
    }

    #[test]
    fn a_seal_fits_until_something_it_names_is_changed() {
        let dir = tempfile::tempdir().unwrap();
        let started = 1_763_695_080_000_000;
        let start = Start::new(SessionId::new(started, 1), started, vec!["true".to_owned()]);
        let recorder = Recorder::create(dir.path(), &start, Clock::fixed(started)).unwrap();
        recorder.output(b"something\r\n").unwrap();
        recorder.body(b"a body").unwrap();
        let folder = crate::record::Place::new(dir.path()).folder(start.id);
        assert_eq!(glance(&folder, &read(&folder)).word(), "unsealed");
        recorder.finish(&End::default()).unwrap();
        let (whole, known) = (glance(&folder, &read(&folder)), read(&folder));
        assert_eq!((whole.word(), whole.bodies.0), ("sealed", 1));
        assert!(
            matches!(&whole.sealing, Sealing::Fits(seal) if seal.cast_bytes == whole.cast_bytes.unwrap())
        );
        let cut = LogEnd { lines: known.lines - 1, ..known.clone() };
        let Sealing::Broken(wrong) = glance(&folder, &cut).sealing else { panic!("it fits") };
        assert!(wrong[0].starts_with("lines of the audit log: "), "{wrong:?}");
        fs::remove_file(folder.join("terminal.cast")).unwrap();
        assert_eq!(glance(&folder, &known).word(), "damaged");
        fs::write(folder.join("seal.json"), "{").unwrap();
        assert!(matches!(glance(&folder, &known).sealing, Sealing::Broken(_)));
    }
}
