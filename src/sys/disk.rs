//! Room on a disk, taken before it is needed.

use std::fs::File;
use std::io;

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
}
