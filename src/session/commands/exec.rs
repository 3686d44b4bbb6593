//! What a notification is about: who wants to execute what, where.

use super::Shared;
use super::lock;
use super::words::Words;
use crate::sandbox::notify::Execute;
use crate::sandbox::notify::errno;
use crate::sandbox::process;
use crate::sandbox::process::File;
use crate::sandbox::process::Found;
use crate::sandbox::process::Identity;
use crate::sandbox::process::Memory;

/// Bytes of arguments that are recorded.
const ARGV_BYTES: usize = 128 << 10;
/// Bytes of a path that the kernel takes (PATH_MAX without the NUL).
const PATH_BYTES: usize = 4_095;
/// Parents that are walked through to find a recorded command.
const MOST_PARENTS: usize = 64;

/// What the path leads to, before anything else is read.
pub(super) enum Program {
    /// Go on.
    There(Vec<u8>),
    /// It fails with this error, whatever else is the case.
    Fails(Vec<u8>, i32),
    /// Nothing of the process can be read.
    Unreadable,
}

/// Reads the path and looks for the program.
///
/// Where the kernel would fail, the caller does: a file that appears between our look and the kernel's must not run unseen.
pub(super) fn look(memory: &mut Memory, thread: i32, execute: &Execute) -> Program {
    memory.begin(thread);
    memory.fetch([execute.path, execute.argv, execute.envp]);
    let (path, whole) = memory.text(execute.path, PATH_BYTES);
    if !whole {
        return match (memory.is_forbidden(), path.len()) {
            (true, _) => Program::Unreadable,
            (false, PATH_BYTES) => Program::Fails(path, errno::ENAMETOOLONG),
            (false, _) => Program::Fails(path, errno::EFAULT),
        };
    }
    if path.is_empty() && !execute.may_be_empty {
        return Program::Fails(path, errno::ENOENT);
    }
    match process::find_program(File { thread, path: &path, from: execute.from }) {
        Found::Perhaps => Program::There(path),
        Found::Missing(errno) => Program::Fails(path, errno),
        Found::NotExecutable => Program::Fails(path, errno::EACCES),
    }
}

/// Reads the arguments and the place.
pub(super) fn words(memory: &mut Memory, thread: i32, execute: &Execute, path: Option<&[u8]>) -> Words {
    let argv = match path {
        Some(_) => memory.texts(execute.argv, execute.pointer_bytes, ARGV_BYTES),
        None => process::Texts { texts: Vec::new(), is_cut: true },
    };
    let cwd = process::working_directory(thread);
    let exe =
        path.and_then(|path| process::locate(File { thread, path, from: execute.from }, cwd.as_deref()));
    Words { argv: argv.texts, truncated: argv.is_cut, exe, cwd }
}

/// The command whose process this is, or whose it was when it forked: the nearest recorded one upwards.
pub(super) fn nearest_command(shared: &Shared, identity: Identity) -> Option<u64> {
    let mut pid = identity.process;
    let mut parent = identity.parent;
    for _ in 0..MOST_PARENTS {
        if let Some(process) = lock(&shared.table).get(pid) {
            return Some(process.command);
        }
        pid = parent;
        if pid <= 1 || pid == shared.own {
            break;
        }
        if let Some(process) = lock(&shared.table).get(pid) {
            return Some(process.command);
        }
        parent = process::parent_of(pid).unwrap_or(0);
    }
    // An orphan, as daemons are: whoever leads its group or its session is the next of kin.
    process::leaders_of(identity.process)
        .into_iter()
        .find_map(|leader| Some(lock(&shared.table).get(leader)?.command))
}
