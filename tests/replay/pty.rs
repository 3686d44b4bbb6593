//! A program on a terminal of its own, driven by keys and read by its screen.

use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use hoop::term::Colour;
use hoop::term::Screen;
use hoop::term::Snapshot;
use portable_pty::Child;
use portable_pty::CommandBuilder;
use portable_pty::MasterPty;
use portable_pty::PtySize;
use portable_pty::native_pty_system;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running program.
pub struct Driven {
    screen: Arc<Mutex<Screen>>,
    raw: Arc<Mutex<Vec<u8>>>,
    keys: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
}

impl Driven {
    /// Starts `hoop-replay` with `arguments` and the store `state`.
    pub fn start(arguments: &[&str], state: &Path, size: (u16, u16)) -> Self {
        Self::start_in(&[], &[&[env!("CARGO_BIN_EXE_hoop-replay")], arguments].concat(), state, size)
    }

    /// Starts `program` with its arguments, the store `state` and more variables.
    pub fn start_in(variables: &[(&str, &str)], program: &[&str], state: &Path, size: (u16, u16)) -> Self {
        let command = CommandBuilder::new(program[0]);
        Self::start_command(command, (&program[1..], variables), state, size)
    }

    /// The same, but it may ask for so many KiB of memory only.
    pub fn start_within(memory: u64, arguments: &[&str], state: &Path, size: (u16, u16)) -> Self {
        let mut command = CommandBuilder::new("/bin/sh");
        let limit = format!("export MALLOC_ARENA_MAX=2; ulimit -v {memory}; exec \"$0\" \"$@\"");
        command.args(["-c", &limit, env!("CARGO_BIN_EXE_hoop-replay")]);
        Self::start_command(command, (arguments, &[]), state, size)
    }

    fn start_command(
        mut command: CommandBuilder,
        (arguments, variables): (&[&str], &[(&str, &str)]),
        state: &Path,
        size: (u16, u16),
    ) -> Self {
        command.args(arguments);
        command.env_clear();
        command.env("XDG_STATE_HOME", state);
        command.env("TERM", "xterm-256color");
        command.env("TZ", "UTC");
        variables.iter().for_each(|(name, value)| command.env(name, value));
        Self::spawn(command, size)
    }

    /// Starts any program.
    pub fn spawn(command: CommandBuilder, (cols, rows): (u16, u16)) -> Self {
        let pair =
            native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(Screen::new(cols, rows)));
        let (mut output, shared) = (pair.master.try_clone_reader().unwrap(), Arc::clone(&screen));
        let raw: Arc<Mutex<Vec<u8>>> = Arc::default();
        let kept = Arc::clone(&raw);
        thread::spawn(move || {
            let mut bytes = [0; 65_536];
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                kept.lock().unwrap().extend_from_slice(&bytes[..length]);
                shared.lock().unwrap().feed_bytes(&bytes[..length]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { screen, raw, keys, master: pair.master, child }
    }

    /// All bytes that came to the terminal.
    pub fn raw(&self) -> Arc<Mutex<Vec<u8>>> {
        Arc::clone(&self.raw)
    }

    /// Types.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Changes the size of the terminal.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.screen.lock().unwrap().resize(cols, rows);
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// What the terminal shows.
    pub fn text(&self) -> String {
        self.screen.lock().unwrap().text()
    }

    /// Whether the alternate screen is shown.
    pub fn is_alternate(&self) -> bool {
        self.screen.lock().unwrap().is_alternate()
    }

    /// The process that was started.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.process_id().unwrap()).unwrap()
    }

    /// The cells of what the terminal shows.
    pub fn snapshot(&self) -> Snapshot {
        self.screen.lock().unwrap().snapshot()
    }

    /// The text of the cells with this background.
    pub fn on(&self, background: Colour) -> String {
        let snapshot = self.screen.lock().unwrap().snapshot();
        let rows = (0..snapshot.rows).flat_map(|row| snapshot.row(row).to_vec());
        rows.filter(|cell| cell.background == Some(background)).map(|cell| cell.character).collect()
    }

    /// Waits until `wanted` is shown; gives all that is shown then.
    pub fn wait_for(&self, wanted: &str) -> String {
        self.wait_until(wanted, |text| text.contains(wanted))
    }

    /// Waits until `is_there` says so of what is shown.
    pub fn wait_until(&self, what: &str, is_there: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let text = self.text();
            if is_there(&text) {
                // What is being drawn is seen half: only a picture that stays is one.
                thread::sleep(Duration::from_millis(25));
                if self.text() == text {
                    return text;
                }
            }
            assert!(Instant::now() < end, "{what} did not come:\n{text}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the end; gives the exit status and whether the main screen and the cursor are back.
    pub fn end(mut self) -> (u32, bool) {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.exit_code();
            }
            assert!(Instant::now() < end, "it does not end:\n{}", self.text());
            thread::sleep(Duration::from_millis(5));
        };
        drop(self.keys);
        drop(self.master);
        // The reader may still be busy with the last bytes.
        thread::sleep(Duration::from_millis(100));
        let screen = self.screen.lock().unwrap();
        (status, !screen.is_alternate() && screen.snapshot().cursor.is_some())
    }

    /// Sends a signal.
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.pid()), signal).unwrap();
    }
}
