//! Files of logins: only their owner can read them, no link redirects them, and they are replaced whole or not at all.

use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::Metadata;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use nix::fcntl::Flock;
use nix::fcntl::FlockArg;
use nix::fcntl::OFlag;
use nix::unistd::getuid;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;

/// Makes a folder 0700, and those above it; one that is there must be ours and closed to others.
pub(crate) fn folder(path: &Path) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|cause| Error::io(format!("cannot make {}", path.display()), &cause))?;
    let about = fs::symlink_metadata(path)
        .map_err(|cause| Error::io(format!("cannot look at {}", path.display()), &cause))?;
    if !about.is_dir() {
        return Err(untrusted(path, "it is not a folder").fix(format!("remove it: rm {}", path.display())));
    }
    check(path, &about, "chmod 700")
}

/// Reads a file of at most `limit` bytes that is ours and closed to others; `None`: there is none.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let cannot = |cause: &io::Error| Error::io(format!("cannot read {}", path.display()), cause);
    // Without waiting: it may be a FIFO.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = match OpenOptions::new().read(true).custom_flags(flags.bits()).open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) if cause.raw_os_error() == Some(nix::errno::Errno::ELOOP as i32) => {
            return Err(untrusted(path, "it is a link").fix(format!("remove it: rm {}", path.display())));
        }
        Err(cause) => return Err(cannot(&cause)),
    };
    let about = file.metadata().map_err(|cause| cannot(&cause))?;
    if !about.is_file() {
        return Err(untrusted(path, "it is not a file").fix(format!("remove {}", path.display())));
    }
    check(path, &about, "chmod 600")?;
    // Room for all of it at once: a buffer that grows would leave copies behind.
    let room = usize::try_from(about.len().min(limit) + 1).unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|cause| cannot(&cause))?;
    if bytes.len() as u64 > limit {
        return Err(untrusted(path, "it is too long").fix(format!("remove it: rm {}", path.display())));
    }
    Ok(Some(bytes))
}

/// Puts a file 0600 in the place of `path`, whole or not at all, also when the machine loses power.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let cannot = |cause: &io::Error| Error::io(format!("cannot write {}", path.display()), cause);
    let new = &beside(path)?;
    let written = new_file(new).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(new, path)
    });
    if let Err(cause) = written {
        let _ = fs::remove_file(new);
        return Err(cannot(&cause));
    }
    // The file is there; that its name also outlives a loss of power is as well as can be.
    let _ = path.parent().map(File::open).and_then(Result::ok).map(|folder| folder.sync_all());
    Ok(())
}

/// Makes a file 0600 with `bytes` that must not be there yet; `false`: it is.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<bool> {
    let new = &beside(path)?;
    // A link fails where there is one already, and is never half a file.
    let made = new_file(new).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::hard_link(new, path)
    });
    let _ = fs::remove_file(new);
    match made {
        Ok(()) => Ok(true),
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(cause) => Err(Error::io(format!("cannot make {}", path.display()), &cause)),
    }
}

/// Waits until no other process holds the lock file, which is made if it is missing; held until dropped.
pub(crate) fn lock(path: &Path) -> Result<Flock<File>> {
    let cannot = |cause: &io::Error| Error::io(format!("cannot lock {}", path.display()), cause);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600).custom_flags(OFlag::O_NOFOLLOW.bits());
    let file = options.open(path).map_err(|cause| cannot(&cause))?;
    Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, cause)| cannot(&io::Error::from(cause)))
}

/// A name beside `path` that nobody else has.
fn beside(path: &Path) -> Result<PathBuf> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|_| Error::new(Kind::System, "the system has no random numbers"))?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", hex::encode(random)));
    Ok(name.into())
}

fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).custom_flags(OFlag::O_NOFOLLOW.bits()).open(path)
}

fn check(path: &Path, about: &Metadata, mend: &str) -> Result<()> {
    let uid = getuid().as_raw();
    if about.uid() != uid {
        let why = format!("it belongs to user {}, and you are {uid}", about.uid());
        return Err(untrusted(path, &why).fix(format!("remove it: rm -r {}", path.display())));
    }
    let mode = about.mode() & 0o777;
    if mode & 0o077 != 0 {
        let why = format!("others may use it: its mode is {mode:03o}");
        return Err(untrusted(path, &why).fix(format!("{mend} {}", path.display())));
    }
    Ok(())
}

fn untrusted(path: &Path, why: &str) -> Error {
    Error::new(Kind::System, format!("{} is not used", path.display())).why(why)
}
