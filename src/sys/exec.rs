//! Finding a program and becoming it, so that what is recorded as started is what runs.
//!
//! A child calls execve(2) itself. execvp(3) of glibc runs a file of unknown format through `/bin/sh` without a word.

use std::ffi::CString;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;
use std::ptr;

use nix::sys::signal::SaFlags;
use nix::sys::signal::SigAction;
use nix::sys::signal::SigHandler;
use nix::sys::signal::SigSet;
use nix::sys::signal::Signal;
use nix::sys::signal::sigaction;
use nix::unistd::AccessFlags;
use nix::unistd::access;

use crate::error::Error;
use crate::error::Kind;
use crate::error::plain;

/// Why a program did not start; decides the exit status as in env(1) and timeout(1).
#[derive(Clone, Debug)]
pub struct Unstartable {
    /// What sort of trouble it is.
    pub trouble: Trouble,
    /// What to tell.
    pub error: Error,
}

/// Sorts of trouble with starting a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no such program: 127.
    NotFound,
    /// It is there and cannot run: 126.
    NotExecutable,
    /// We failed, not the program: 125.
    Ours,
}

/// Finds the file that `name` means: itself if it has a slash, else the first executable file of that name on `path`.
///
/// # Errors
/// `NotFound`, or `NotExecutable` when there is only a file that may not be run; the error says where it looked.
pub fn find(name: &OsStr, path: Option<&OsStr>) -> Result<PathBuf, Unstartable> {
    let shown = name.to_string_lossy().escape_debug().to_string();
    if name.is_empty() {
        return Err(not_found(&shown, "the name is empty".to_owned(), "give a program: hoop-run -- bash"));
    }
    if name.as_bytes().contains(&b'/') {
        return check(Path::new(name)).map(|()| PathBuf::from(name)).map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => not_found(&shown, "no such file".to_owned(), "check the path"),
            _ => not_executable(&shown, &cause),
        });
    }
    let path = path.unwrap_or(OsStr::new("/usr/local/bin:/usr/bin:/bin"));
    let mut forbidden = None;
    for directory in std::env::split_paths(path) {
        let directory = if directory.as_os_str().is_empty() { PathBuf::from(".") } else { directory };
        let file = directory.join(name);
        match check(&file) {
            Ok(()) => return Ok(file),
            Err(cause) if file.is_file() => forbidden = forbidden.or(Some((file, cause))),
            Err(_) => {}
        }
    }
    match forbidden {
        Some((file, cause)) => Err(not_executable(&file.display().to_string(), &cause)),
        None => {
            let searched = path.to_string_lossy().replace(':', ", ").escape_debug().to_string();
            Err(not_found(&shown, format!("searched {searched}"), "give the full path, or install it"))
        }
    }
}

/// Becomes `program`; returns only if that does not work.
#[must_use]
pub fn replace(program: &Path, argv: &[OsString], env: &[(OsString, OsString)]) -> Unstartable {
    let shown = program.display().to_string().escape_debug().to_string();
    let cause = match Image::new(program, argv, env) {
        Ok(image) => {
            usual_pipes();
            image.run()
        }
        Err(cause) => cause,
    };
    refused(&shown, program, &cause)
}

/// Gives SIGPIPE its usual meaning, which Rust's runtime has taken away and programs expect.
pub(crate) fn usual_pipes() {
    let usual = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action has no handler.
    let _ = unsafe { sigaction(Signal::SIGPIPE, &usual) };
}

/// Everything execve(2) needs, made before the fork.
pub(crate) struct Image {
    program: CString,
    _strings: Vec<CString>,
    argv: Vec<*const libc::c_char>,
    envp: Vec<*const libc::c_char>,
}

// SAFETY: the pointers are to heap buffers that `_strings` owns, which move with the struct and are never written.
unsafe impl Send for Image {}
// SAFETY: as above; nothing is changed after `new`.
unsafe impl Sync for Image {}

impl Image {
    pub(crate) fn new(program: &Path, argv: &[OsString], env: &[(OsString, OsString)]) -> io::Result<Self> {
        let mut strings = Vec::with_capacity(argv.len() + env.len());
        let mut hold = |bytes: Vec<u8>| -> io::Result<*const libc::c_char> {
            let string = CString::new(bytes).map_err(|_| io::Error::other("an argument holds a NUL byte"))?;
            let pointer = string.as_ptr();
            strings.push(string);
            Ok(pointer)
        };
        let mut arguments =
            argv.iter().map(|arg| hold(arg.as_bytes().to_vec())).collect::<io::Result<Vec<_>>>()?;
        let mut variables = env
            .iter()
            .map(|(name, value)| hold([name.as_bytes(), b"=", value.as_bytes()].concat()))
            .collect::<io::Result<Vec<_>>>()?;
        arguments.push(ptr::null());
        variables.push(ptr::null());
        let program = CString::new(program.as_os_str().as_bytes())
            .map_err(|_| io::Error::other("the program's name holds a NUL byte"))?;
        Ok(Self { program, _strings: strings, argv: arguments, envp: variables })
    }

    /// Becomes the program; returns only why not.
    pub(crate) fn run(&self) -> io::Error {
        // SAFETY: both arrays end with a null pointer and point to strings that `self` owns.
        unsafe { libc::execve(self.program.as_ptr(), self.argv.as_ptr(), self.envp.as_ptr()) };
        io::Error::last_os_error()
    }
}

fn check(file: &Path) -> io::Result<()> {
    if !std::fs::metadata(file)?.is_file() {
        return Err(io::Error::other("is not a file"));
    }
    access(file, AccessFlags::X_OK).map_err(io::Error::from)
}

fn not_found(shown: &str, why: String, fix: &str) -> Unstartable {
    let error =
        Error::new(Kind::NotFound, format!("cannot start `{shown}`: no such program")).why(why).fix(fix);
    Unstartable { trouble: Trouble::NotFound, error }
}

fn not_executable(shown: &str, cause: &io::Error) -> Unstartable {
    let error = Error::io(format!("cannot start `{shown}`"), cause);
    let error = match cause.kind() {
        io::ErrorKind::PermissionDenied => error.fix(format!("make it executable: chmod +x {shown}")),
        _ => error,
    };
    Unstartable { trouble: Trouble::NotExecutable, error }
}

/// What the kernel's answer to execve(2) means.
pub(crate) fn refused(shown: &str, program: &Path, cause: &io::Error) -> Unstartable {
    let system = |fix: Option<&str>| {
        let error = Error::new(Kind::System, format!("cannot start `{shown}`")).why(plain(cause));
        Unstartable {
            trouble: Trouble::NotExecutable,
            error: match fix {
                Some(fix) => error.fix(fix),
                None => error,
            },
        }
    };
    match cause.raw_os_error() {
        Some(libc::ENOEXEC) => system(Some(
            "the file is neither a program nor a script with a first line such as #!/bin/sh: add that line, or run \
             it with its interpreter: hoop-run -- sh FILE",
        )),
        Some(libc::ENOENT) if program.exists() => {
            let mut trouble = system(Some("check the interpreter named in its first line (#!)"));
            trouble.error =
                Error::new(Kind::System, format!("cannot start `{shown}`: its interpreter does not exist"))
                    .fix("check the first line of the script (#!), or the architecture of the program");
            trouble
        }
        Some(libc::E2BIG) => system(Some("give fewer or shorter arguments, or a smaller environment")),
        Some(libc::EAGAIN | libc::ENOMEM) => Unstartable { trouble: Trouble::Ours, ..system(None) },
        _ => system(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn script(directory: &Path, name: &str, text: &str, mode: u32) -> PathBuf {
        let file = directory.join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn the_search_tells_missing_from_forbidden() {
        let directory = tempfile::tempdir().unwrap();
        script(directory.path(), "tool", "#!/bin/sh\n", 0o644);
        let path = OsString::from(directory.path());
        assert_eq!(find(OsStr::new("tool"), Some(&path)).unwrap_err().trouble, Trouble::NotExecutable);
        let missing = find(OsStr::new("no-such"), Some(&path)).unwrap_err();
        assert_eq!(missing.trouble, Trouble::NotFound);
        assert!(missing.error.causes()[0].contains(&directory.path().display().to_string()));
        script(directory.path(), "tool", "#!/bin/sh\n", 0o755);
        assert_eq!(find(OsStr::new("tool"), Some(&path)).unwrap(), directory.path().join("tool"));
    }
}
