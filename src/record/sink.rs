//! A file of a recording that only grows: its length and hash are known at any moment.

use std::fs::File;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;

use sha2::Digest as _;
use sha2::Sha256;

use super::private;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::sys::disk;

/// A file that this process alone writes, from its start.
#[derive(Debug)]
pub(super) struct Sink {
    file: File,
    path: PathBuf,
    bytes: u64,
    hash: Option<Sha256>,
    /// Room is promised up to this offset; none where the file system promises nothing.
    reserved: Option<u64>,
}

/// Room is taken in steps of this many bytes.
const STEP: u64 = 256 << 10;

impl Sink {
    /// A new file whose bytes are hashed as they are written.
    pub(super) fn hashed(path: &Path) -> Result<Self> {
        Ok(Self { hash: Some(Sha256::new()), ..Self::plain(path)? })
    }

    /// A new file.
    pub(super) fn plain(path: &Path) -> Result<Self> {
        Ok(Self {
            file: private::new_file(path)?,
            path: path.to_owned(),
            bytes: 0,
            hash: None,
            reserved: Some(0),
        })
    }

    /// How many bytes it has.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// SHA-256 of what it holds so far, in hexadecimal.
    pub(super) fn sha256(&self) -> String {
        hex::encode(self.hash.clone().unwrap_or_default().finalize())
    }

    /// Makes sure that `more` bytes can be written later: the file is still ours, and there is room for them.
    pub(super) fn reserve(&mut self, more: u64) -> Result<()> {
        self.check()?;
        let end = self.bytes + more;
        let Some(reserved) = self.reserved.filter(|reserved| *reserved < end) else { return Ok(()) };
        let from = reserved.max(self.bytes);
        let exact = end - from;
        let take =
            |bytes| disk::reserve(&self.file, from, bytes).map(|promised| promised.then_some(from + bytes));
        // A step at once; just what is needed where there is no room for a step.
        let taken = take(exact.next_multiple_of(STEP)).or_else(|_| take(exact));
        self.reserved = taken.map_err(|cause| cannot_record(&self.path, &cause))?;
        Ok(())
    }

    /// Gives room back that was not needed.
    pub(super) fn end(&mut self) {
        if self.reserved.is_some_and(|reserved| reserved > self.bytes) {
            // The room is the disk's loss, not the record's.
            drop(self.file.set_len(self.bytes));
        }
    }

    /// Writes all of `bytes`; when it fails a part of them may be in the file.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.check()?;
        self.file.write_all(bytes).map_err(|cause| cannot_record(&self.path, &cause))?;
        self.bytes += bytes.len() as u64;
        if let Some(hash) = &mut self.hash {
            hash.update(bytes);
        }
        Ok(())
    }

    /// A file that was removed still takes bytes, and one that another program wrote to is no record any more.
    fn check(&self) -> Result<()> {
        let found = self.file.metadata().map_err(|cause| cannot_record(&self.path, &cause))?;
        let why = match (found.nlink(), found.len() == self.bytes) {
            (0, _) => "it was removed while the session was running",
            (_, false) => "another program changed it while the session was running",
            _ => return Ok(()),
        };
        Err(stopped(&self.path).why(why).fix("find out who did that; then start again"))
    }
}

/// The error that ends a session.
pub(super) fn cannot_record(path: &Path, cause: &io::Error) -> Error {
    let error = stopped(path).why(crate::error::plain(cause));
    match cause.kind() {
        io::ErrorKind::StorageFull => error.fix("make room on that file system, then start again"),
        io::ErrorKind::QuotaExceeded => error.fix("your disk quota is used up: make room, then start again"),
        io::ErrorKind::FileTooLarge => {
            error.fix("raise the limit on file size (ulimit -f), then start again")
        }
        _ => error.fix("look at the disk; or set `state_dir` to a folder on another one"),
    }
}

fn stopped(path: &Path) -> Error {
    Error::new(Kind::Record, format!("the session cannot be recorded any more: {}", path.display()))
}
