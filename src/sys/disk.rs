//! Room on a disk, taken before it is needed.

use std::fs::File;
use std::io;
#[cfg(target_os = "linux")]
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Takes room for `bytes` of `file` from offset `from` on, without making it longer: writing them later cannot fail for
/// want of room.
///
/// Gives `false` where the file system cannot promise that.
///
/// # Errors
/// No room, a quota used up, or a limit on the size of files.
#[cfg(target_os = "linux")]
pub fn reserve(file: &File, from: u64, bytes: u64) -> io::Result<bool> {
    use nix::errno::Errno;
    use nix::fcntl::FallocateFlags;
    use nix::fcntl::fallocate;
    use nix::sys::resource::Resource;
    use nix::sys::resource::getrlimit;

    let (soft, _) = getrlimit(Resource::RLIMIT_FSIZE)?;
    let end = from.saturating_add(bytes);
    if end > soft {
        return Err(Errno::EFBIG.into());
    }
    let (Ok(from), Ok(bytes)) = (i64::try_from(from), i64::try_from(bytes)) else {
        return Err(Errno::EFBIG.into());
    };
    match fallocate(file, FallocateFlags::FALLOC_FL_KEEP_SIZE, from, bytes) {
        Ok(()) => Ok(true),
        Err(Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EINVAL | Errno::ENODEV) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// Other systems have no such promise.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn reserve(_: &File, _: u64, _: u64) -> io::Result<bool> {
    Ok(false)
}

/// The disk below a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Bytes that an ordinary user may still write.
    pub free: u64,
    /// Files that can still be made; `None`: the file system has no such limit.
    pub free_files: Option<u64>,
    /// Nothing can be written.
    pub is_read_only: bool,
    /// What kind it is, for those that matter: `NFS`.
    pub kind: Option<&'static str>,
    /// Whether [`reserve`] works there; `None`: it could not be tried.
    pub reserves: Option<bool>,
}

/// Looks at the disk below `folder`. What is tried is tried with a file without a name, which leaves nothing.
///
/// # Errors
/// The folder is not there, or may not be looked at.
#[cfg(target_os = "linux")]
pub fn look(folder: &Path) -> io::Result<Disk> {
    use nix::sys::statvfs::FsFlags;

    let volume = nix::sys::statvfs::statvfs(folder)?;
    let unnamed = File::options().write(true).custom_flags(libc::O_TMPFILE).mode(0o600).open(folder);
    Ok(Disk {
        free: volume.blocks_available().saturating_mul(volume.fragment_size()),
        free_files: (volume.files() > 0).then(|| volume.files_available()),
        is_read_only: volume.flags().contains(FsFlags::ST_RDONLY),
        kind: kind(folder)?,
        reserves: unnamed.ok().and_then(|file| reserve(&file, 0, 4_096).ok()),
    })
}

/// File systems on which files behave in another way than on a disk of this machine (statfs(2)).
#[cfg(target_os = "linux")]
fn kind(folder: &Path) -> io::Result<Option<&'static str>> {
    let number = nix::sys::statfs::statfs(folder)?.filesystem_type().0;
    Ok(match number {
        libc::NFS_SUPER_MAGIC => Some("NFS"),
        0xff53_4d42 | 0xfe53_4d42 | 0x517b => Some("SMB"),
        0x0102_1997 => Some("9P"),
        0x6573_5546 => Some("FUSE"),
        libc::MSDOS_SUPER_MAGIC => Some("FAT"),
        _ => None,
    })
}

/// What is known of a disk elsewhere: the room on it.
///
/// # Errors
/// The folder is not there, or may not be looked at.
#[cfg(not(target_os = "linux"))]
pub fn look(folder: &Path) -> io::Result<Disk> {
    use nix::sys::statvfs::FsFlags;

    let volume = nix::sys::statvfs::statvfs(folder)?;
    let is_read_only = volume.flags().contains(FsFlags::ST_RDONLY);
    let free = u64::from(volume.blocks_available()).saturating_mul(volume.fragment_size());
    Ok(Disk { free, free_files: None, is_read_only, kind: None, reserves: None })
}

/// Whether we may make files in `folder`, by its permissions and those of its disk.
#[must_use]
pub fn is_writable(folder: &Path) -> bool {
    use nix::unistd::AccessFlags;

    nix::unistd::access(folder, AccessFlags::W_OK | AccessFlags::X_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_does_not_make_a_file_longer() {
        let file = tempfile::tempfile().unwrap();
        let _ = reserve(&file, 0, 100_000).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 0);
        assert!(reserve(&file, 0, u64::MAX).is_err());
    }

    #[test]
    fn looking_at_a_disk_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let disk = look(folder.path()).unwrap();
        assert!(disk.free > 0 && !disk.is_read_only && is_writable(folder.path()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(
            look(&folder.path().join("nowhere")).is_err() && !is_writable(&folder.path().join("nowhere"))
        );
    }
}
