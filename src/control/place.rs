//! Where a session is reached: `control/SESSION.sock` below the state folder, which no sandbox shows.

use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::Permissions;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::sys::fd;
use crate::sys::user;
use crate::types::SessionId;

/// What the name of a socket ends with.
const ENDING: &str = ".sock";
/// Bytes that the address of a socket has room for; macOS has 4 less than Linux.
const ADDRESS_BYTES: usize = 103;
/// Sockets that are looked at in one folder.
const MOST_SOCKETS: usize = 1_024;

/// The folder of a person's sockets below the state folder.
#[must_use]
pub fn folder(state: &Path) -> PathBuf {
    state.join("control")
}

/// A socket that listens; its name goes with it.
#[derive(Debug)]
pub(super) struct Listening {
    pub(super) listener: UnixListener,
    path: PathBuf,
    /// Of the file, so that nobody else's is removed.
    inode: u64,
}

impl Drop for Listening {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|file| file.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Listens for the person's own approvers.
///
/// # Errors
/// The folder is not ours or open to others; the socket cannot be made.
pub(super) fn listen(state: &Path, session: SessionId) -> Result<Listening> {
    let folder = folder(state);
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
    made.map_err(|cause| Error::io(format!("cannot make {}", folder.display()), &cause))?;
    check_own(&folder)?;
    bind(&folder, session, 0o600)
}

/// Listens for approvers of a team, in a folder that they share.
///
/// # Errors
/// The folder cannot be trusted; the socket cannot be made.
pub(super) fn listen_shared(shared: &Path, session: SessionId) -> Result<Listening> {
    check_shared(shared)?;
    bind(shared, session, 0o666)
}

fn bind(folder: &Path, session: SessionId, mode: u32) -> Result<Listening> {
    let path = folder.join(format!("{session}{ENDING}"));
    let cannot = |cause: &io::Error| Error::io(format!("cannot listen at {}", path.display()), cause);
    // Under another name first: nobody is to find one that does not listen yet, or that is not closed to others yet.
    let new = folder.join(format!(".{session}.new"));
    let _ = fs::remove_file(&new);
    let listener = at_address(&new, |address| UnixListener::bind(address))??;
    let settled = fs::set_permissions(&new, Permissions::from_mode(mode))
        .and_then(|()| listener.set_nonblocking(true))
        .and_then(|()| fs::symlink_metadata(&new))
        .and_then(|about| fs::rename(&new, &path).map(|()| about.ino()));
    match settled {
        Ok(inode) => Ok(Listening { listener, path, inode }),
        Err(cause) => {
            let _ = fs::remove_file(&new);
            Err(cannot(&cause))
        }
    }
}

/// Connects to the session behind `path`.
///
/// # Errors
/// As connect(2).
pub(super) fn connect(path: &Path) -> io::Result<UnixStream> {
    at_address(path, |address| UnixStream::connect(address))
        .map_err(|error| io::Error::other(error.what().to_owned()))?
        .map_err(|error| error.cause)
}

/// An error of a socket, with what it was at.
struct AtSocket {
    path: PathBuf,
    cause: io::Error,
}

impl From<AtSocket> for Error {
    fn from(at: AtSocket) -> Self {
        Self::io(format!("cannot listen at {}", at.path.display()), &at.cause)
    }
}

/// Does something at the address of a socket. One that is too long for the system is reached through a descriptor of its
/// folder, where the system has such names.
fn at_address<T>(path: &Path, does: impl FnOnce(&Path) -> io::Result<T>) -> Result<Result<T, AtSocket>> {
    let failed = |cause| AtSocket { path: path.to_owned(), cause };
    if path.as_os_str().len() <= ADDRESS_BYTES {
        return Ok(does(path).map_err(failed));
    }
    let too_long = || {
        Error::new(Kind::System, format!("the address {} is too long for a socket", path.display()))
            .why(format!(
                "sockets have room for {ADDRESS_BYTES} bytes, and this system has no shorter way to it"
            ))
            .fix("choose a `state_dir` with a shorter path")
    };
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Err(too_long()) };
    let folder = match File::open(folder) {
        Ok(folder) => folder,
        Err(cause) => return Ok(Err(failed(cause))),
    };
    let short = Path::new(&fd::path_of_own(folder.as_fd())).join(name);
    if short.as_os_str().len() > ADDRESS_BYTES || !short.parent().is_some_and(Path::exists) {
        return Err(too_long());
    }
    Ok(does(&short).map_err(failed))
}

/// The sockets of a folder: whose session, where, and which user's file it is.
pub(super) fn sockets(folder: &Path) -> Vec<(SessionId, PathBuf, u32)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let found = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        let name = entry.file_name().into_string().ok()?;
        let session: SessionId = name.strip_suffix(ENDING)?.parse().ok()?;
        let about = fs::symlink_metadata(entry.path()).ok()?;
        Some((session, entry.path(), about.uid()))
    });
    let mut found: Vec<_> = found.take(MOST_SOCKETS).collect();
    found.sort();
    found
}

/// Whether a folder is ours and closed to others.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check_own(folder: &Path) -> Result<()> {
    let about = fs::symlink_metadata(folder)
        .map_err(|cause| Error::io(format!("cannot look at {}", folder.display()), &cause))?;
    let untrusted = |why: String| {
        Error::new(Kind::System, format!("{} is not used for approvals", folder.display()))
            .why(why)
            .fix(format!("remove it: rm -r {}", folder.display()))
    };
    if !about.is_dir() {
        return Err(untrusted("it is not a folder".to_owned()));
    }
    let own = user::uid();
    if about.uid() != own {
        return Err(untrusted(format!("it belongs to user {}, and you are {own}", about.uid())));
    }
    match about.mode() & 0o077 {
        0 => Ok(()),
        _ => Err(untrusted(format!("others may use it: its mode is {:03o}", about.mode() & 0o777))
            .fix(format!("chmod 700 {}", folder.display()))),
    }
}

/// Whether a folder can be shared: nobody but root and we could put another in its place, and where others may write, they
/// cannot remove what is not theirs.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check_shared(folder: &Path) -> Result<()> {
    let untrusted = |why: String| {
        Error::new(Kind::Config, format!("{} cannot be shared for approvals", folder.display())).why(why).fix(
            format!(
                "as root: install -d -m 3770 -g TEAM {}; or unset `approval.shared_dir`",
                folder.display()
            ),
        )
    };
    if !folder.is_absolute() {
        return Err(untrusted("it is not an absolute path".to_owned()));
    }
    let own = user::uid();
    for (place, above) in folder.ancestors().zip([false].into_iter().chain(std::iter::repeat(true))) {
        let about = fs::symlink_metadata(place)
            .map_err(|cause| untrusted(format!("{}: {}", place.display(), crate::error::plain(&cause))))?;
        let (what, mode) = (place.display(), about.mode());
        if !about.is_dir() {
            return Err(untrusted(format!("{what} is not a folder, or is a link")));
        }
        if about.uid() != 0 && about.uid() != own {
            return Err(untrusted(format!("{what} belongs to user {}, not to root", about.uid())));
        }
        let is_sticky = mode & 0o1000 != 0;
        if mode & 0o022 != 0 && !is_sticky {
            let who = if above {
                "others could put another folder in its place"
            } else {
                "others could replace sockets in it"
            };
            return Err(untrusted(format!("{who}: {what} has mode {:04o}", mode & 0o7777)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> SessionId {
        SessionId::new(1_763_700_000_000_000, 7)
    }

    #[test]
    fn a_deep_state_folder_is_reached_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("d".repeat(120)).join("e".repeat(120));
        let listening = listen(&deep, session()).unwrap();
        let found = sockets(&folder(&deep));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].0, found[0].2), (session(), user::uid()));
        connect(&found[0].1).unwrap();
        drop(listening);
        assert_eq!(sockets(&folder(&deep)), []);
    }

    #[test]
    fn folders_that_others_could_use_are_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        drop(listen(&state, session()).unwrap());
        fs::set_permissions(folder(&state), Permissions::from_mode(0o755)).unwrap();
        assert!(listen(&state, session()).unwrap_err().to_string().contains("755"));
        let shared = dir.path().join("shared");
        fs::create_dir(&shared).unwrap();
        fs::set_permissions(&shared, Permissions::from_mode(0o777)).unwrap();
        let error = listen_shared(&shared, session()).unwrap_err();
        assert!(error.causes()[0].contains("replace sockets"), "{error:?}");
        fs::set_permissions(&shared, Permissions::from_mode(0o1777)).unwrap();
        drop(listen_shared(&shared, session()).unwrap());
        std::os::unix::fs::symlink(&shared, dir.path().join("link")).unwrap();
        assert!(listen_shared(&dir.path().join("link"), session()).is_err());
        assert!(listen_shared(Path::new("relative"), session()).is_err());
    }
}
