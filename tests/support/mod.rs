//! Drives programs on a terminal of our own, with a home of their own.

#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]
#![allow(clippy::disallowed_methods, reason = "tests wait in real time for real programs")]

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use nix::pty::Winsize;
use nix::pty::openpty;
use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::unistd::Pid;

/// How long a test waits for what must come; a busy machine needs some of it.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A home folder of its own, gone at the end.
pub struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.path().join(name);
        fs::write(&file, text).unwrap();
        file
    }

    /// hoop-run with `arguments` and nothing of our environment.
    pub fn hoop_run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        self.program(env!("CARGO_BIN_EXE_hoop-run"), arguments)
    }

    pub fn program<A: AsRef<OsStr>>(&self, program: &str, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().current_dir(self.path());
        command.env("HOME", self.path()).env("PATH", "/usr/local/bin:/usr/bin:/bin").env("SHELL", "/bin/sh");
        command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8").env("PS1", "$ ");
        command
    }

    /// The folders of all recordings, oldest first.
    pub fn recordings(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.path().join(".local/state/hoop/sessions")];
        while let Some(folder) = folders.pop() {
            if folder.join("terminal.cast").exists() {
                found.push(folder);
                continue;
            }
            let Ok(entries) = fs::read_dir(folder) else { continue };
            folders.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()));
        }
        found.sort();
        found
    }

    /// The only recording.
    pub fn recording(&self) -> PathBuf {
        let mut all = self.recordings();
        assert_eq!(all.len(), 1, "recordings: {all:?}");
        all.remove(0)
    }

    /// What the only recording has of one kind: `o` output, `i` input, `r` sizes.
    pub fn recorded(&self, kind: &str) -> String {
        recorded(&self.recording(), kind)
    }
}

/// What the recording in `folder` has of one kind.
pub fn recorded(folder: &Path, kind: &str) -> String {
    let text = fs::read_to_string(folder.join("terminal.cast")).unwrap();
    let events = text.lines().skip(1).filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    events.filter(|event| event[1] == kind).map(|event| event[2].as_str().unwrap().to_owned()).collect()
}

/// A program on a terminal.
pub struct Session {
    master: OwnedFd,
    child: Child,
    /// Everything that it has shown.
    pub shown: Vec<u8>,
    /// How much of it earlier waits have used up.
    used: usize,
    /// Columns and rows, each from a place in what it has shown on.
    sizes: Vec<(usize, u16, u16)>,
    /// How much has been looked through for questions to the terminal.
    heard: usize,
    /// The terminal tells where its cursor is, when it is asked.
    pub answers: bool,
}

impl Session {
    /// Starts `command` as the leader of a session on a terminal of 80x24.
    pub fn start(command: Command) -> Self {
        Self::start_with(command, [true, true, true])
    }

    /// As `start`, but only those of standard input, output and error are the terminal for which it is said.
    pub fn start_with(command: Command, on_terminal: [bool; 3]) -> Self {
        Self::start_sized(command, on_terminal, (80, 24))
    }

    /// The same on a terminal of so many columns and rows.
    pub fn start_sized(mut command: Command, on_terminal: [bool; 3], (cols, rows): (u16, u16)) -> Self {
        let size = Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 };
        let pair = openpty(&size, None).unwrap();
        let terminal = |on: bool| on.then(|| Stdio::from(pair.slave.try_clone().unwrap()));
        let [stdin, stdout, stderr] = on_terminal.map(terminal);
        stdin.map(|stdin| command.stdin(stdin));
        stdout.map(|stdout| command.stdout(stdout));
        stderr.map(|stderr| command.stderr(stderr));
        let slave = pair.slave.try_clone().unwrap();
        let lead = move || {
            nix::unistd::setsid()?;
            // A shell that put the tests into the background has them ignore these two.
            for signal in [Signal::SIGINT, Signal::SIGQUIT] {
                // SAFETY: the usual disposition runs no code of ours.
                unsafe { nix::sys::signal::signal(signal, nix::sys::signal::SigHandler::SigDfl) }?;
            }
            // SAFETY: TIOCSCTTY takes an integer; async-signal-safe.
            match unsafe { libc::ioctl(slave.as_raw_fd(), libc::TIOCSCTTY, 0) } {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            }
        };
        nix::fcntl::fcntl(&pair.master, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC))
            .unwrap();
        nix::fcntl::fcntl(&pair.slave, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC))
            .unwrap();
        // SAFETY: the closure makes system calls only.
        unsafe { command.pre_exec(lead) };
        let child = command.spawn().unwrap();
        // The parent's copies, which the command holds, would keep the terminal open.
        drop(command);
        Self {
            master: pair.master,
            child,
            shown: Vec::new(),
            used: 0,
            sizes: vec![(0, cols, rows)],
            heard: 0,
            answers: true,
        }
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub fn send(&mut self, keys: &str) {
        let mut rest = keys.as_bytes();
        while !rest.is_empty() {
            rest = &rest[nix::unistd::write(&self.master, rest).unwrap()..];
        }
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.sizes.push((self.shown.len(), cols, rows));
        let size = Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: TIOCSWINSZ reads one winsize.
        assert_eq!(unsafe { libc::ioctl(self.master.as_raw_fd(), libc::TIOCSWINSZ, &size) }, 0);
    }

    /// Whether the terminal echoes, as before any program made it raw.
    pub fn is_cooked(&self) -> bool {
        let modes = nix::sys::termios::tcgetattr(&self.master).unwrap();
        modes.local_flags.contains(nix::sys::termios::LocalFlags::ECHO)
    }

    /// Reads what comes within `time`; false at the end.
    pub fn read_for(&mut self, time: Duration) -> bool {
        let mut set = [nix::poll::PollFd::new(self.master.as_fd(), nix::poll::PollFlags::POLLIN)];
        let millis = u16::try_from(time.as_millis()).unwrap();
        if nix::poll::poll(&mut set, millis).unwrap() == 0 {
            return true;
        }
        let mut buffer = [0; 65_536];
        match nix::unistd::read(&self.master, &mut buffer) {
            Ok(0) | Err(nix::errno::Errno::EIO) => false,
            Ok(count) => {
                self.shown.extend_from_slice(&buffer[..count]);
                self.answer();
                true
            }
            Err(errno) => panic!("{errno}"),
        }
    }

    /// Answers what the terminal was asked for, as every terminal does: where the cursor is.
    fn answer(&mut self) {
        const QUESTION: &[u8] = b"\x1b[6n";
        while let Some(at) = memchr::memmem::find(&self.shown[self.heard..], QUESTION) {
            self.heard += at + QUESTION.len();
            let (cursor, cols) = {
                let terminal = self.emulated(self.heard);
                (terminal.cursor(), terminal.size().0)
            };
            if self.answers {
                self.send(&format!("\x1b[{};{}R", cursor.row + 1, cursor.col.min(cols - 1) + 1));
            }
        }
        self.heard = self.heard.max(self.shown.len().saturating_sub(QUESTION.len() - 1));
    }

    /// Waits until a question is announced on the last row, and opens it.
    pub fn open_question(&mut self) {
        self.wait_until("a question is announced", |session| {
            session.screen().iter().rev().take(1).any(|row| row.contains("Ctrl-]"))
        });
        self.send("\x1d");
    }

    /// Waits until the terminal shows `text` after what earlier waits have found.
    pub fn wait_for(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let rest = &self.shown[self.used..];
            if let Some(at) = memchr::memmem::find(rest, text.as_bytes()) {
                self.used += at + text.len();
                return;
            }
            assert!(Instant::now() < deadline, "no {text:?} in:\n{}", self.last());
            let open = self.read_for(Duration::from_millis(50));
            let found = memchr::memmem::find(&self.shown[self.used..], text.as_bytes()).is_some();
            assert!(open || found, "ended without {text:?}:\n{}", self.last());
        }
    }

    /// Waits until `what` is so.
    pub fn wait_until(&mut self, what: &str, mut is_so: impl FnMut(&mut Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            assert!(Instant::now() < deadline, "never: {what}; shown:\n{}", self.last());
            // A terminal that is closed gives no time: what is typed again and again would fill it.
            if !self.read_for(Duration::from_millis(10)) {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }

    /// Waits for the end, reading all that is shown.
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        while self.read_for(Duration::from_millis(50)) {
            if self.child.try_wait().unwrap().is_some() {
                while self.read_for(Duration::ZERO) && self.has_more() {}
                break;
            }
            assert!(Instant::now() < deadline, "does not end; shown:\n{}", self.last());
        }
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "closed its terminal and does not end:\n{}", self.last());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn has_more(&self) -> bool {
        let mut set = [nix::poll::PollFd::new(self.master.as_fd(), nix::poll::PollFlags::POLLIN)];
        nix::poll::poll(&mut set, 0_u16).unwrap() > 0
    }

    /// The terminal goes away, as when a window is closed.
    pub fn close_terminal(&mut self) {
        self.master = fs::File::open("/dev/null").unwrap().into();
    }

    /// What was shown, as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.shown).into_owned()
    }

    /// The last of what was shown, for messages.
    fn last(&self) -> String {
        let text = self.text().escape_debug().to_string();
        text.chars().skip(text.chars().count().saturating_sub(2000)).collect()
    }

    /// The screen as a person sees it.
    pub fn screen(&self) -> Vec<String> {
        let terminal = self.emulated(self.shown.len());
        terminal.screen().visible_lines().map(|line| line.text().trim_end().to_owned()).collect()
    }

    /// The row and the column of the cursor, from 0.
    pub fn cursor(&self) -> (usize, usize) {
        let cursor = self.emulated(self.shown.len()).cursor();
        (cursor.row, cursor.col)
    }

    /// The terminal after the first `end` bytes.
    fn emulated(&self, end: usize) -> avt::Terminal {
        let mut terminal = avt::Terminal::new(80, 24).unwrap();
        for (number, (from, cols, rows)) in self.sizes.iter().enumerate() {
            let to = self.sizes.get(number + 1).map_or(end, |(to, ..)| *to).min(end);
            terminal.resize(usize::from(*cols), usize::from(*rows));
            terminal.feed(String::from_utf8_lossy(&self.shown[(*from).min(to)..to]).as_ref());
        }
        terminal
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a program without a terminal wrote, and how it ended.
pub struct Output {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

/// Runs `command` without a terminal; `input` is its standard input.
pub fn run(mut command: Command, input: &[u8]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(io::Write::write_all(&mut stdin, &input)));
    let mut stderr = child.stderr.take().unwrap();
    let errors = std::thread::spawn(move || {
        let mut text = Vec::new();
        stderr.read_to_end(&mut text).unwrap();
        String::from_utf8_lossy(&text).into_owned()
    });
    let mut stdout = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut stdout).unwrap();
    writer.join().unwrap();
    Output { status: child.wait().unwrap(), stdout, stderr: errors.join().unwrap() }
}
