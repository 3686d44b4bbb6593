//! The files that a program sees: credential folders covered, its own /proc and terminals, start-up files unwritable.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use nix::mount::MsFlags;
use nix::mount::mount;

use crate::sandbox::hide::Hidden;
use crate::sandbox::init::Failure;
use crate::sandbox::init::at;
use crate::sandbox::level::Lack;
use crate::sandbox::level::Lacks;

/// Nothing may be run, no device opened, no privilege gained.
const INERT: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV).union(MsFlags::MS_NOEXEC);
const NONE: Option<&str> = None;

/// Parts of /proc and /sys through which root could change the machine.
const ROOT_ONLY: &[&str] = &[
    "/proc/sys",
    "/proc/sysrq-trigger",
    "/proc/irq",
    "/proc/bus",
    "/proc/fs",
    "/proc/acpi",
    "/proc/scsi",
    "/sys",
];

/// Makes the mounts of a new namespace the program's own. Needs the capabilities in it.
pub(super) fn set_up(hidden: &Hidden, is_root: bool) -> Result<Lacks, Failure> {
    let mut lacks = Lacks::default();
    mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE).map_err(at("make mounts private"))?;
    for folder in &hidden.made {
        // Otherwise the program makes it, and its owner trusts what is in it afterwards.
        let _ = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    }
    for folder in &hidden.pinned {
        pin(folder).map_err(|cause| Failure::of("keep a folder in its place", &cause))?;
    }
    for folder in &hidden.folders {
        cover_folder(folder).map_err(|cause| Failure::of("cover a credential folder", &cause))?;
    }
    for folder in &hidden.emptied {
        empty_folder(folder).map_err(|cause| Failure::of("empty a credential folder", &cause))?;
    }
    for file in &hidden.files {
        cover_file(file).map_err(|cause| Failure::of("cover a credential file", &cause))?;
    }
    for path in &hidden.unwritable {
        protect(path).map_err(|cause| Failure::of("protect a start-up file", &cause))?;
    }
    if own_processes().is_err() {
        lacks.add(Lack::Processes);
    }
    if is_root {
        for path in ROOT_ONLY {
            protect(Path::new(path)).map_err(|cause| Failure::of("protect /proc and /sys", &cause))?;
        }
    }
    if own_terminals().is_err() {
        lacks.add(Lack::Terminals);
    }
    Ok(lacks)
}

/// Puts `what` in the place of `place`.
pub(super) fn bind(what: &Path, place: &Path) -> io::Result<()> {
    let place = fs::canonicalize(place)?;
    mount(Some(what), &place, NONE, MsFlags::MS_BIND, NONE)?;
    Ok(())
}

/// An empty folder that nobody may enter, in the place of `folder`. A link is followed: what it leads to is covered.
fn cover_folder(folder: &Path) -> io::Result<()> {
    let Some(folder) = there(folder)? else { return Ok(()) };
    mount(
        Some("hoop"),
        &folder,
        Some("tmpfs"),
        INERT | MsFlags::MS_RDONLY,
        Some("mode=0000,size=4k,nr_inodes=2"),
    )?;
    Ok(())
}

/// An empty folder in memory in the place of `folder`, for its owner alone: what is written there ends with the session.
fn empty_folder(folder: &Path) -> io::Result<()> {
    let Some(folder) = there(folder)? else { return Ok(()) };
    // The aws CLI's caches are some kilobytes; its history, where it is switched on, a few megabytes.
    mount(Some("hoop"), &folder, Some("tmpfs"), INERT, Some("mode=0700,size=16m,nr_inodes=4k"))?;
    Ok(())
}

/// An empty device in the place of a file or socket.
fn cover_file(file: &Path) -> io::Result<()> {
    match there(file)? {
        Some(file) => bind(Path::new("/dev/null"), &file),
        None => Ok(()),
    }
}

/// A folder that is a mount, of itself, cannot be renamed. (Nor can files be renamed or linked across its edge.)
fn pin(folder: &Path) -> io::Result<()> {
    if let Some(folder) = there(folder)? {
        mount(Some(&folder), &folder, NONE, MsFlags::MS_BIND | MsFlags::MS_REC, NONE)?;
    }
    Ok(())
}

/// Nothing below `path` can be changed, by this way.
fn protect(path: &Path) -> io::Result<()> {
    let Some(path) = there(path)? else { return Ok(()) };
    mount(Some(&path), &path, NONE, MsFlags::MS_BIND | MsFlags::MS_REC, NONE)?;
    // Flags that the place has already must be kept: in a user namespace they are locked.
    let kept = nix::sys::statvfs::statvfs(&path)?.flags();
    let mut flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
    for (has, flag) in [
        (nix::sys::statvfs::FsFlags::ST_NOSUID, MsFlags::MS_NOSUID),
        (nix::sys::statvfs::FsFlags::ST_NODEV, MsFlags::MS_NODEV),
        (nix::sys::statvfs::FsFlags::ST_NOEXEC, MsFlags::MS_NOEXEC),
        (nix::sys::statvfs::FsFlags::ST_NOATIME, MsFlags::MS_NOATIME),
        (nix::sys::statvfs::FsFlags::ST_RELATIME, MsFlags::MS_RELATIME),
    ] {
        if kept.contains(has) {
            flags |= flag;
        }
    }
    mount(NONE, &path, NONE, flags, NONE)?;
    Ok(())
}

fn own_processes() -> io::Result<()> {
    Ok(mount(Some("proc"), "/proc", Some("proc"), INERT, NONE)?)
}

/// Pseudo-terminals of its own: those outside cannot be named any more.
fn own_terminals() -> io::Result<()> {
    let options = Some("newinstance,ptmxmode=0666,mode=0620");
    mount(Some("devpts"), "/dev/pts", Some("devpts"), MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC, options)?;
    let multiplexer = Path::new("/dev/ptmx");
    if !fs::symlink_metadata(multiplexer)?.is_symlink() {
        mount(Some("/dev/pts/ptmx"), multiplexer, NONE, MsFlags::MS_BIND, NONE)?;
    }
    Ok(())
}

/// The path without links; none if nothing is there, or it lies in what is covered already.
fn there(path: &Path) -> io::Result<Option<std::path::PathBuf>> {
    match fs::canonicalize(path) {
        Ok(path) => Ok(Some(path)),
        Err(cause)
            if matches!(
                cause.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(cause) => Err(cause),
    }
}
