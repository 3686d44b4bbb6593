//! A file that appears whole or not at all: until it is done it has no name, so nothing of it is left whatever ends us.

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use nix::unistd::getpid;

/// A file that is being written.
#[derive(Debug)]
pub struct Draft {
    file: File,
    place: PathBuf,
    /// Its name until it is done, where files without one cannot be made.
    name: Option<PathBuf>,
}

impl Draft {
    /// Begins a file that will stand at `place`.
    ///
    /// # Errors
    /// When no file can be made in that folder.
    pub fn begin(place: &Path) -> io::Result<Self> {
        if let Some(file) = nameless(place) {
            return Ok(Self { file, place: place.to_owned(), name: None });
        }
        let name = part(place);
        remove(&name)?;
        Ok(Self { file: File::create_new(&name)?, place: place.to_owned(), name: Some(name) })
    }

    /// Where to write.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Shows it at its place. With `replace` instead of a file that stands there, whose permissions it takes.
    ///
    /// # Errors
    /// `AlreadyExists` when there is a file that may not be replaced; else what the system says.
    pub fn finish(mut self, replace: bool) -> io::Result<()> {
        if replace && let Ok(old) = fs::metadata(&self.place) {
            self.file.set_permissions(old.permissions())?;
        }
        match (self.name.take(), replace) {
            (None, false) => link(&self.file, &self.place),
            (None, true) => {
                let name = part(&self.place);
                remove(&name)?;
                link(&self.file, &name)?;
                renamed(&name, &self.place)
            }
            (Some(name), true) => renamed(&name, &self.place),
            (Some(name), false) => {
                // A link fails where a file is; a rename would take its place.
                let linked = fs::hard_link(&name, &self.place);
                match linked {
                    Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists && !self.place.exists() => {
                        renamed(&name, &self.place)
                    }
                    linked => linked.and(remove(&name)),
                }
            }
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            let _ = fs::remove_file(name);
        }
    }
}

/// A name beside `place`. The file's own is not in it: that may be as long as names can be.
fn part(place: &Path) -> PathBuf {
    place.with_file_name(format!(".hoop-{}.part", getpid()))
}

/// Removes what an earlier program of our number left.
fn remove(name: &Path) -> io::Result<()> {
    match fs::remove_file(name) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

fn renamed(name: &Path, place: &Path) -> io::Result<()> {
    fs::rename(name, place).inspect_err(|_| drop(fs::remove_file(name)))
}

/// A file without a name in the folder of `place`, where the file system has such and it can be named later.
#[cfg(target_os = "linux")]
fn nameless(place: &Path) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    use nix::fcntl::OFlag;

    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut options = File::options();
    options.write(true).mode(0o666).custom_flags(OFlag::O_TMPFILE.bits());
    let file = options.open(folder.unwrap_or(Path::new("."))).ok()?;
    fs::symlink_metadata(link_of(&file)).is_ok().then_some(file)
}

/// Other systems have no files without names.
#[cfg(not(target_os = "linux"))]
fn nameless(_: &Path) -> Option<File> {
    None
}

/// Gives a file without a name this one.
#[cfg(target_os = "linux")]
fn link(file: &File, place: &Path) -> io::Result<()> {
    use nix::fcntl::AT_FDCWD;
    use nix::fcntl::AtFlags;
    use nix::unistd::linkat;

    linkat(AT_FDCWD, &link_of(file), AT_FDCWD, place, AtFlags::AT_SYMLINK_FOLLOW).map_err(Into::into)
}

#[cfg(not(target_os = "linux"))]
fn link(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The name by which the system knows an open file.
#[cfg(target_os = "linux")]
fn link_of(file: &File) -> PathBuf {
    use std::os::fd::AsRawFd as _;

    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A draft with a name, as file systems have it that know no other.
    fn named(place: &Path) -> Draft {
        let name = part(place);
        Draft { file: File::create_new(&name).unwrap(), place: place.to_owned(), name: Some(name) }
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        for begin in [|place: &Path| Draft::begin(place).unwrap(), named] {
            let dir = tempfile::tempdir().unwrap();
            let names = || fs::read_dir(dir.path()).unwrap().count();
            let place = dir.path().join("out");
            begin(&place).file().write_all(b"half").unwrap();
            assert_eq!(names(), 0);
            let draft = begin(&place);
            draft.file().write_all(b"whole").unwrap();
            assert!(!place.exists());
            draft.finish(false).unwrap();
            assert_eq!((fs::read(&place).unwrap(), names()), (b"whole".to_vec(), 1));
        }
    }

    #[test]
    fn an_old_file_stays_until_the_new_one_is_done() {
        for begin in [|place: &Path| Draft::begin(place).unwrap(), named] {
            let dir = tempfile::tempdir().unwrap();
            let place = dir.path().join("a".repeat(255));
            fs::write(&place, "old").unwrap();
            fs::set_permissions(&place, fs::Permissions::from_mode(0o640)).unwrap();
            let refused = begin(&place).finish(false).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
            let draft = begin(&place);
            draft.file().write_all(b"new").unwrap();
            assert_eq!(fs::read(&place).unwrap(), b"old");
            draft.finish(true).unwrap();
            let mode = fs::metadata(&place).unwrap().permissions().mode() & 0o777;
            assert_eq!((fs::read(&place).unwrap(), mode), (b"new".to_vec(), 0o640));
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        }
    }
}
