//! Folders and files that only their owner can read, and that no link planted before can redirect.

use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;

/// Makes a folder and those above it, each 0700 if it is new.
///
/// Fails when one of them cannot be made.
pub fn folders(path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|cause| cannot("make", path, &cause))
}

/// Makes a folder 0700 that must not exist yet; makes those above it only if they are missing.
pub(super) fn new_folder(path: &Path) -> Result<()> {
    let make = || DirBuilder::new().mode(0o700).create(path);
    match make() {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            path.parent().map_or(Ok(()), folders)?;
            make().map_err(|cause| cannot("make", path, &cause))
        }
        made => made.map_err(|cause| cannot("make", path, &cause)),
    }
}

/// Makes a file 0600 that must not exist yet, for writing.
pub(super) fn new_file(path: &Path) -> Result<File> {
    try_new_file(path).map_err(|cause| cannot("make", path, &cause))
}

/// As [`new_file`], with the operating system's own error.
pub(super) fn try_new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).custom_flags(OFlag::O_NOFOLLOW.bits()).open(path)
}

/// Opens a file that exists, without following a link.
pub(super) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits()).open(path)
}

/// Opens a file for reading and writing, and makes it 0600 if it is missing.
pub fn open_or_new(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.custom_flags(OFlag::O_NOFOLLOW.bits()).open(path).map_err(|cause| cannot("open", path, &cause))
}

/// Reads a small file whole; none when it is missing, an error when it is longer than `limit` bytes.
pub fn read_small(path: &Path, limit: u64) -> Result<Option<Vec<u8>>> {
    let file = match open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(cannot("open", path, &cause)),
    };
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|cause| cannot("read", path, &cause))?;
    match bytes.len() as u64 > limit {
        true => Err(Error::new(Kind::Record, format!("{} is too long", path.display()))
            .why(format!("it should have at most {limit} bytes"))),
        false => Ok(Some(bytes)),
    }
}

/// Puts a file 0600 in the place of `path`, whole or not at all.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = Path::new(&name);
    if let Err(cause) = fs::remove_file(new)
        && cause.kind() != io::ErrorKind::NotFound
    {
        return Err(cannot("remove", new, &cause));
    }
    let written = new_file(new)?.write_all(bytes).and_then(|()| fs::rename(new, path));
    written.map_err(|cause| cannot("write", path, &cause))
}

/// The error of a file that should have been made, read or written.
pub(super) fn cannot(verb: &str, path: &Path, cause: &io::Error) -> Error {
    let error = Error::io(format!("cannot {verb} {}", path.display()), cause);
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            error.fix("make room on that file system")
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            error.fix("give yourself the right to write there, or set `state_dir` to another folder")
        }
        _ => error,
    }
}
