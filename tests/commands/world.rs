//! A command log on its own: programs that are watched, and what is recorded of them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::IoSlice;
use std::io::IoSliceMut;
use std::os::fd::AsRawFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use hoop::approval::Broker;
use hoop::approval::Ways;
use hoop::audit::End;
use hoop::audit::Start;
use hoop::clock::Clock;
use hoop::mask::Engine;
use hoop::policy::Policy;
use hoop::policy::PolicySet;
use hoop::record::Recorder;
use hoop::sandbox::process;
use hoop::sandbox::seccomp;
use hoop::sandbox::seccomp::Outsiders;
use hoop::session::commands::Commands;
use hoop::session::commands::Setup;
use hoop::session::notices::Notices;
use hoop::sys::wake;
use hoop::types::SessionId;

use crate::broker::NOBODY;
use crate::broker::broker;
use nix::sys::socket::ControlMessage;
use nix::sys::socket::ControlMessageOwned;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::recvmsg;
use nix::sys::socket::sendmsg;
use serde_json::Value;

/// How long a test waits for what must come; a busy machine needs some of it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A session's command log, in a folder of its own.
pub struct World {
    pub folder: tempfile::TempDir,
    pub commands: Commands,
    pub notices: Notices,
    pub broker: Broker,
    recorder: Recorder,
}

/// What a session's command log is made with.
pub struct Wish {
    pub policy: String,
    /// How people can be asked.
    pub ways: Ways,
    pub clock: Clock,
    pub key_id: Option<String>,
}

impl Default for Wish {
    fn default() -> Self {
        let clock = Clock::system();
        Self { policy: String::new(), ways: NOBODY, clock, key_id: None }
    }
}

impl World {
    pub fn new() -> Self {
        Self::with(Wish::default())
    }

    pub fn with(wish: Wish) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let Wish { policy, ways, clock, key_id } = wish;
        let id = SessionId::new(clock.unix_micros(), 7);
        let start = Start::new(id, clock.unix_micros(), vec!["test".to_owned()]);
        let recorder = Recorder::create(&folder.path().join("state"), &start, clock.clone()).unwrap();
        let broker = broker(&clock, &recorder, ways);
        let policy = Policy::parse(&format!("version = 1\n{policy}"), "policy.toml").unwrap();
        let (waker, _wakeups) = wake::channel().unwrap();
        let notices = Notices::new(waker);
        let commands = Commands::new(Setup {
            recorder: recorder.clone(),
            masks: Arc::new(Engine::builtin()),
            policies: PolicySet::new(vec![policy]),
            clock: clock.clone(),
            broker: broker.clone(),
            who: "ana".to_owned(),
            agent: None,
            repository: Some("github.com/shop/web".to_owned()),
            approval_ttl: Duration::from_secs(20),
            key_id,
            notices: notices.clone(),
        });
        Self { folder, commands, notices, broker, recorder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a program under watch. Once per world.
    pub fn start(&self, command: Command) -> Child {
        start_watched(command, |listener| self.commands.watch(listener).unwrap())
    }

    /// Runs a program under watch to its end. Once per world.
    pub fn run(&self, mut command: Command) -> Output {
        command.stdin(std::process::Stdio::null());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        self.start(command).wait_with_output().unwrap()
    }

    /// Runs a script of bash under watch to its end.
    pub fn bash(&self, script: &str) -> Output {
        let mut bash = Command::new("/bin/bash");
        bash.args(["--norc", "-c", script]).current_dir(self.folder.path());
        self.run(bash)
    }

    /// Ends the log, and gives what was recorded.
    pub fn finish(self) -> Log {
        self.commands.finish();
        let folder = self.recorder.finish(&End::default()).unwrap();
        let text = fs::read_to_string(folder.join("audit.jsonl")).unwrap();
        Log(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }
}

/// Starts a program with the filters in force; `watch` gets the listener while it waits.
pub fn start_watched(mut command: Command, watch: impl FnOnce(OwnedFd)) -> Child {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let with_exits = std::env::var_os("HOOP_TEST_TRAP_EXITS").is_some() || !process::exits_are_told();
    let filters = move || {
        nix::sys::prctl::set_no_new_privs()?;
        seccomp::harden(Outsiders::Visible)?;
        let listener = seccomp::watch_execs(with_exits)?;
        let fds = [listener.as_raw_fd()];
        let message = [ControlMessage::ScmRights(&fds)];
        sendmsg::<()>(theirs.as_raw_fd(), &[IoSlice::new(b"x")], &message, MsgFlags::empty(), None)?;
        Ok(())
    };
    // SAFETY: the child allocates a little, which the C library allows after fork; nothing of the tests' locks is taken.
    unsafe { command.pre_exec(filters) };
    // The start waits until the program runs, which waits for our answer.
    let starting = std::thread::spawn(move || command.spawn().unwrap());
    let mut byte = [0];
    let mut space = nix::cmsg_space!([i32; 1]);
    let mut slices = [IoSliceMut::new(&mut byte)];
    let received =
        recvmsg::<()>(ours.as_raw_fd(), &mut slices, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC).unwrap();
    let listener = received
        .cmsgs()
        .unwrap()
        .find_map(|message| match message {
            ControlMessageOwned::ScmRights(fds) => fds.first().copied(),
            _ => None,
        })
        .unwrap();
    // SAFETY: the descriptor came with the message and is nobody else's.
    watch(unsafe { OwnedFd::from_raw_fd(listener) });
    starting.join().unwrap()
}

/// The lines of an audit log.
pub struct Log(Vec<Value>);

impl Log {
    pub fn of(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |line| line["type"] == kind)
    }

    pub fn starts(&self) -> Vec<&Value> {
        self.of("command.start").collect()
    }

    /// The one command whose program has this name.
    pub fn start_of(&self, name: &str) -> &Value {
        let found: Vec<&Value> = self.of("command.start").filter(|line| program(line) == name).collect();
        assert_eq!(found.len(), 1, "{name}: {found:#?}");
        found[0]
    }

    pub fn end(&self, id: &Value) -> &Value {
        let found: Vec<&Value> = self.of("command.end").filter(|line| line["id"] == *id).collect();
        assert_eq!(found.len(), 1, "end of {id}: {found:#?}");
        found[0]
    }

    pub fn end_of(&self, name: &str) -> &Value {
        self.end(&self.start_of(name)["id"])
    }

    /// Every command has one beginning, then one end; numbers have no gaps; parents come before.
    pub fn check(&self) {
        let mut open: BTreeMap<u64, bool> = BTreeMap::new();
        let mut next = 1;
        for line in &self.0 {
            if line["type"] == "command.start" {
                let id = line["id"].as_u64().unwrap();
                assert_eq!(id, next, "{line}");
                next += 1;
                open.insert(id, true);
                assert!(line["parent"].as_u64().is_none_or(|parent| parent < id), "{line}");
            } else if line["type"] == "command.end" {
                let was = open.insert(line["id"].as_u64().unwrap(), false);
                assert_eq!(was, Some(true), "{line}");
            }
        }
        assert!(open.values().all(|open| !open), "without end: {open:?}");
    }
}

/// The name of the file that was executed.
pub fn program(line: &Value) -> &str {
    line["exe"].as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default()
}

pub fn argv(line: &Value) -> Vec<&str> {
    line["argv"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

/// A C program, compiled once, also where several tests want it at the same time.
pub fn compiled(name: &str, source: &str, flags: &[&str]) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    // One that failed has told why; the next may still try.
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("commands");
    fs::create_dir_all(&folder).unwrap();
    let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(format!("{flags:?}{source}")));
    let program = folder.join(format!("{name}-{}", &digest[..12]));
    if !program.exists() {
        let own = folder.join(format!("{name}-{}", std::process::id()));
        let text = own.with_extension("c");
        fs::write(&text, source).unwrap();
        let done = Command::new("cc").args(["-O1", "-o"]).arg(&own).arg(&text).args(flags).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        fs::rename(&own, &program).unwrap();
    }
    program
}

pub fn command(program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// Waits until something is so.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
