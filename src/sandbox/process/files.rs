//! Files as another process sees them: what it is about to execute.

use std::ffi::OsString;
use std::os::fd::AsRawFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::path::PathBuf;

use super::memory::c_path;

/// Links that are followed one by one.
const MOST_LINKS: usize = 40;

/// What a process names when it executes a program.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// The process or thread.
    pub thread: i32,
    /// Its path, as it was given.
    pub path: &'a [u8],
    /// The descriptor that a relative path counts from; none: the working directory.
    pub from: Option<i32>,
}

/// Whether there is such a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// There is, or it cannot be told: the kernel will say.
    Perhaps,
    /// There is no such file: the kernel gives `ENOENT` or `ENOTDIR`.
    Missing(i32),
    /// It is a folder, or has no right to be executed: the kernel gives `EACCES`.
    NotExecutable,
}

/// The path of the program, complete as far as it can be told. `cwd` is the process's working directory.
#[must_use]
pub fn locate(file: File<'_>, cwd: Option<&Path>) -> Option<PathBuf> {
    if file.path.starts_with(b"/") {
        return Some(path(file.path));
    }
    let base = match file.from {
        None => cwd.map(Path::to_path_buf),
        Some(descriptor) => std::fs::read_link(format!("/proc/{}/fd/{descriptor}", file.thread)).ok(),
    };
    match file.path {
        b"" => file.from.and(base),
        relative => {
            let relative = relative.strip_prefix(b"./").unwrap_or(relative);
            Some(base.unwrap_or_default().join(path(relative)))
        }
    }
}

fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes.to_vec()))
}

/// Looks for the program as its process will.
#[must_use]
pub fn find_program(file: File<'_>) -> Found {
    if file.path.is_empty() || depends_on_looker(file.path) {
        return Found::Perhaps;
    }
    let thread = file.thread;
    let near = match (file.path.starts_with(b"/"), file.from) {
        (true, _) => format!("/proc/{thread}/root"),
        (false, None) => format!("/proc/{thread}/cwd/"),
        (false, Some(descriptor)) => format!("/proc/{thread}/fd/{descriptor}/"),
    };
    let Some(quick) = c_path([near.as_bytes(), file.path].concat()) else { return Found::Perhaps };
    // Quick, and right but for links that count from the root: ours, not theirs.
    // SAFETY: all bytes of the structure may be zero.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: a path that ends in NUL and a structure to write to, both living here (stat(2)).
    if unsafe { libc::stat(quick.as_ptr(), &raw mut stat) } == 0 {
        return judge(&stat);
    }
    look_in_root(file)
}

/// Whether the path means another file for every process: `/proc/self/exe`, `/dev/fd/3`.
fn depends_on_looker(path: &[u8]) -> bool {
    path.starts_with(b"/proc/") || path.starts_with(b"/dev/")
}

/// Whether a link that leads nowhere for us ends where it can lead somewhere for them.
fn leads_to_themselves(root: &OwnedFd, mut path: Vec<u8>) -> bool {
    for _ in 0..MOST_LINKS {
        let Some(name) = c_path(path.clone()) else { return false };
        let Ok(link) = open_in(root, &name, libc::O_NOFOLLOW) else { return false };
        let Ok(target) = nix::fcntl::readlinkat(&link, "") else { return false };
        let target = target.as_bytes();
        path = match target.starts_with(b"/") {
            true => target.to_vec(),
            false => {
                let folder = path.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
                [&path[..folder], target].concat()
            }
        };
        if depends_on_looker(&path) {
            return true;
        }
    }
    // A chain of links that long is an error for the kernel, too, or soon one.
    true
}

fn judge(stat: &libc::stat) -> Found {
    if stat.st_mode & libc::S_IFMT != libc::S_IFREG || stat.st_mode & 0o111 == 0 {
        return Found::NotExecutable;
    }
    Found::Perhaps
}

/// Looks with their root as the root of everything.
fn look_in_root(file: File<'_>) -> Found {
    let thread = file.thread;
    let absolute = match file.path.starts_with(b"/") {
        true => file.path.to_vec(),
        false => {
            let base = match file.from {
                None => format!("/proc/{thread}/cwd"),
                Some(descriptor) => format!("/proc/{thread}/fd/{descriptor}"),
            };
            let Ok(base) = std::fs::read_link(base) else { return Found::Perhaps };
            let base = base.as_os_str().as_bytes();
            // A folder that was deleted holds nothing.
            if base.ends_with(b" (deleted)") {
                return Found::Missing(libc::ENOENT);
            }
            [base, b"/", file.path].concat()
        }
    };
    if depends_on_looker(&absolute) || !absolute.starts_with(b"/") {
        return Found::Perhaps;
    }
    let Some(root) = c_path(format!("/proc/{thread}/root").into_bytes()) else { return Found::Perhaps };
    // SAFETY: a path that ends in NUL and lives here; makes a descriptor (open(2)).
    let root = unsafe { libc::open(root.as_ptr(), libc::O_PATH | libc::O_CLOEXEC) };
    if root < 0 {
        return Found::Perhaps;
    }
    // SAFETY: the descriptor is new and nobody else's.
    let root = unsafe { OwnedFd::from_raw_fd(root) };
    let Some(name) = c_path(absolute.clone()) else { return Found::Perhaps };
    match open_in(&root, &name, 0) {
        Ok(found) => {
            // SAFETY: all bytes of the structure may be zero.
            let mut stat: libc::stat = unsafe { std::mem::zeroed() };
            // SAFETY: an open descriptor and a structure to write to, both living here (fstat(2)).
            match unsafe { libc::fstat(found.as_raw_fd(), &raw mut stat) } {
                0 => judge(&stat),
                _ => Found::Perhaps,
            }
        }
        Err(libc::ENOENT) if leads_to_themselves(&root, absolute) => Found::Perhaps,
        Err(errno @ (libc::ENOENT | libc::ENOTDIR)) => Found::Missing(errno),
        Err(_) => Found::Perhaps,
    }
}

fn open_in(root: &OwnedFd, path: &std::ffi::CStr, flags: libc::c_int) -> Result<OwnedFd, i32> {
    // SAFETY: all bytes of the structure may be zero.
    let mut how: libc::open_how = unsafe { std::mem::zeroed() };
    how.flags = u64::from((libc::O_PATH | libc::O_CLOEXEC | flags).cast_unsigned());
    how.resolve = libc::RESOLVE_IN_ROOT;
    // SAFETY: a path that ends in NUL and a structure of the size told, both living here (openat2(2)).
    let fd = unsafe {
        libc::syscall(
            libc::SYS_openat2,
            root.as_raw_fd(),
            path.as_ptr(),
            &raw const how,
            size_of::<libc::open_how>(),
        )
    };
    match i32::try_from(fd) {
        // SAFETY: the descriptor is new and nobody else's.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_as_their_process_finds_them() {
        let thread = i32::try_from(std::process::id()).unwrap();
        let look = |path: &str| find_program(File { thread, path: path.as_bytes(), from: None });
        assert_eq!(look("/bin/sh"), Found::Perhaps);
        assert_eq!(look("/proc/self/exe"), Found::Perhaps);
        assert_eq!(look("/no/such/thing"), Found::Missing(libc::ENOENT));
        assert_eq!(look("/bin/sh/x"), Found::Missing(libc::ENOTDIR));
        assert_eq!(look("no-such-thing"), Found::Missing(libc::ENOENT));
        assert_eq!(look("/etc"), Found::NotExecutable);
        assert_eq!(look("Cargo.toml"), Found::NotExecutable);
        assert_eq!(look(""), Found::Perhaps);
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("/proc/self/no-such-thing", &link).unwrap();
        assert_eq!(look(link.to_str().unwrap()), Found::Perhaps, "whether it is there depends on who looks");
        let (second, nowhere) = (dir.path().join("second"), dir.path().join("nowhere"));
        std::os::unix::fs::symlink("link", &second).unwrap();
        std::os::unix::fs::symlink("../no-such-thing", &nowhere).unwrap();
        assert_eq!(look(second.to_str().unwrap()), Found::Perhaps);
        assert_eq!(look(nowhere.to_str().unwrap()), Found::Missing(libc::ENOENT));
    }

    #[test]
    fn the_program_of_a_descriptor_has_a_path() {
        let thread = i32::try_from(std::process::id()).unwrap();
        let file = std::fs::File::open("/bin").unwrap();
        let from = Some(file.as_raw_fd());
        let bin = std::fs::canonicalize("/bin").unwrap();
        assert_eq!(locate(File { thread, path: b"sh", from }, None), Some(bin.join("sh")));
        assert_eq!(locate(File { thread, path: b"", from }, None), Some(bin));
        let cwd = Some(Path::new("/x"));
        assert_eq!(locate(File { thread, path: b"./a", from: None }, cwd), Some("/x/a".into()));
    }
}
