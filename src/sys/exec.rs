//! Finding a program and starting it, so that what is recorded as started is what runs.
//!
//! The child calls execve(2) itself. std would call execvp(3) there, and glibc's runs a file of unknown format
//! through `/bin/sh` without a word.

use std::ffi::CString;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::ptr;

use nix::unistd::AccessFlags;
use nix::unistd::Pid;
use nix::unistd::access;

use crate::error::Error;
use crate::error::Kind;
use crate::error::plain;
use crate::sys::child::Child;
use crate::sys::harden::Hardened;
use crate::sys::pty::Slave;
use crate::sys::signals::Dispositions;

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

/// What to start.
pub struct Start<'a> {
    /// The file to run, as [`find`] gave it.
    pub program: &'a Path,
    /// All arguments, the program's name first.
    pub argv: &'a [OsString],
    /// The whole environment.
    pub env: &'a [(OsString, OsString)],
    /// Where it runs; none: where we run.
    pub directory: Option<&'a Path>,
    /// Standard input, output and error; none: ours.
    pub stdio: [Option<OwnedFd>; 3],
    /// Which session and process group it belongs to.
    pub place: Place<'a>,
    /// The signal dispositions that it gets.
    pub dispositions: Dispositions,
    /// What it gets back of what we gave up.
    pub hardened: Option<Hardened>,
}

/// Which session and process group a program belongs to.
#[derive(Clone, Copy)]
pub enum Place<'a> {
    /// It leads a new session that this terminal controls.
    Terminal(&'a Slave),
    /// It leads a new process group of our session.
    OwnGroup,
    /// It stays in our process group, so that the terminal's Ctrl-C and Ctrl-Z reach it as they reach us.
    OurGroup,
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

/// Starts a program.
///
/// # Errors
/// `NotExecutable` when the kernel does not run the file: unknown format, missing interpreter, no permission.
/// `Ours` when there is no process to be had.
pub fn start(start: Start<'_>) -> Result<Child, Unstartable> {
    let shown = start.program.display().to_string().escape_debug().to_string();
    if let Some(directory) = start.directory
        && let Err(cause) = std::fs::read_dir(directory).map(drop)
    {
        let error = Error::io(format!("cannot start in `{}`", directory.display()), &cause);
        return Err(Unstartable {
            trouble: Trouble::Ours,
            error: error.fix("give a directory that exists with --cwd"),
        });
    }
    // A relative name means the file that was found, wherever the program is going to run.
    let program = std::path::absolute(start.program).unwrap_or_else(|_| start.program.to_path_buf());
    let image =
        Image::new(&program, start.argv, start.env).map_err(|cause| not_executable(&shown, &cause))?;
    let mut command = Command::new(&program);
    let [stdin, stdout, stderr] = start.stdio.map(|fd| fd.map_or_else(Stdio::inherit, Stdio::from));
    command.stdin(stdin).stdout(stdout).stderr(stderr);
    if let Some(directory) = start.directory {
        command.current_dir(directory);
    }
    let terminal = match start.place {
        Place::Terminal(slave) => Some(std::os::fd::AsFd::as_fd(slave).as_raw_fd()),
        Place::OwnGroup => {
            command.process_group(0);
            None
        }
        Place::OurGroup => None,
    };
    let leads = !matches!(start.place, Place::OurGroup);
    let (dispositions, hardened) = (start.dispositions, start.hardened);
    let in_child = move || {
        if let Some(terminal) = terminal {
            become_leader(terminal)?;
        }
        if let Some(hardened) = hardened {
            hardened.undo_in_child();
        }
        dispositions.apply();
        Err(image.run())
    };
    // SAFETY: the closure calls setsid, ioctl, setrlimit, sigaction and execve only, which are plain system calls and
    // async-signal-safe (signal-safety(7)); it allocates nothing and takes no lock.
    unsafe { command.pre_exec(in_child) };
    match command.spawn() {
        Ok(child) => Ok(Child::new(Pid::from_raw(i32::try_from(child.id()).unwrap_or(0)), leads)),
        Err(cause) => Err(refused(&shown, start.program, &cause)),
    }
}

/// Makes the calling process the leader of a new session that `terminal` controls.
fn become_leader(terminal: i32) -> io::Result<()> {
    nix::unistd::setsid()?;
    // SAFETY: TIOCSCTTY takes an integer, not a pointer; async-signal-safe.
    let result = unsafe { libc::ioctl(terminal, libc::TIOCSCTTY as _, 0) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Everything execve(2) needs, made before the fork.
struct Image {
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
    fn new(program: &Path, argv: &[OsString], env: &[(OsString, OsString)]) -> io::Result<Self> {
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
    fn run(&self) -> io::Error {
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

/// What the kernel's answer means.
fn refused(shown: &str, program: &Path, cause: &io::Error) -> Unstartable {
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
    use crate::sys::child::Change;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn script(directory: &Path, name: &str, text: &str, mode: u32) -> PathBuf {
        let file = directory.join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    fn run(file: &Path) -> Result<Change, Trouble> {
        let child = start(Start {
            program: file,
            argv: &[file.into()],
            env: &[("ANSWER".into(), "7".into())],
            directory: None,
            stdio: [None, None, None],
            place: Place::OwnGroup,
            dispositions: Dispositions::default(),
            hardened: None,
        })
        .map_err(|unstartable| unstartable.trouble)?;
        loop {
            if let Some(change) = child.change() {
                return Ok(change);
            }
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_file_of_unknown_format_does_not_run_through_a_shell() {
        let directory = tempfile::tempdir().unwrap();
        let proof = directory.path().join("ran");
        let file = script(directory.path(), "plain", &format!("touch {}\n", proof.display()), 0o755);
        assert_eq!(run(&file), Err(Trouble::NotExecutable));
        assert!(!proof.exists());
    }

    #[test]
    fn a_script_runs_with_the_environment_given_and_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let file = script(directory.path(), "s", "#!/bin/sh\n[ -z \"$HOME\" ] && exit $ANSWER\n", 0o755);
        assert_eq!(run(&file), Ok(Change::Exited(7)));
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

    #[test]
    fn a_missing_interpreter_is_named_as_such() {
        let directory = tempfile::tempdir().unwrap();
        let file = script(directory.path(), "s", "#!/no/such/interpreter\n", 0o755);
        assert_eq!(run(&file), Err(Trouble::NotExecutable));
    }
}
