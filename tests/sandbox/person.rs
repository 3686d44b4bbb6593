//! Who runs hoop-run in these tests: an ordinary user, whoever runs the tests, or root.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::Output;
use crate::support::run;

/// Where programs that everybody may run are.
pub const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A user with a folder that only this test uses: a home, and the programs.
pub struct Person {
    folder: TempDir,
    pub uid: u32,
    pub gid: u32,
}

impl Person {
    /// Not root. Where root runs the tests, somebody with a number that nobody else has.
    pub fn ordinary() -> Self {
        let me = nix::unistd::geteuid();
        if me.is_root() {
            // Two runs at once are two users.
            let id = 64_000 + std::process::id() % 1_000;
            Self::with(id, id)
        } else {
            Self::with(me.as_raw(), nix::unistd::getegid().as_raw())
        }
    }

    /// Not root, and known by name to the machine: some programs insist.
    pub fn listed() -> Self {
        let nobody = nix::unistd::User::from_name("nobody").unwrap();
        match nobody.filter(|_| nix::unistd::geteuid().is_root()) {
            Some(nobody) => Self::with(nobody.uid.as_raw(), nobody.gid.as_raw()),
            None => Self::ordinary(),
        }
    }

    /// Root; none (and a word about it) where somebody else runs the tests.
    pub fn root() -> Option<Self> {
        let is_root = nix::unistd::geteuid().is_root();
        if !is_root {
            eprintln!("skipped: only root can look at what root gets");
        }
        is_root.then(|| Self::with(0, 0))
    }

    fn with(uid: u32, gid: u32) -> Self {
        let folder = tempfile::Builder::new().prefix("hoop-person-").tempdir().unwrap();
        let person = Self { folder, uid, gid };
        fs::set_permissions(person.folder(), fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["", "home", "bin", "scripts"] {
            let path = person.folder().join(name);
            fs::create_dir_all(&path).unwrap();
            chown(&path, Some(uid), Some(gid)).unwrap();
        }
        // The build may lie where only root may look.
        let own = Path::new(env!("CARGO_BIN_EXE_hoop-run"));
        if fs::hard_link(own, person.program()).is_err() {
            fs::copy(own, person.program()).unwrap();
        }
        for name in ["probe.py", "world.py", "denied.py"] {
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sandbox").join(name);
            fs::copy(source, person.script(name)).unwrap();
        }
        person
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn home(&self) -> PathBuf {
        self.folder().join("home")
    }

    pub fn program(&self) -> PathBuf {
        self.folder().join("bin/hoop-run")
    }

    pub fn script(&self, name: &str) -> PathBuf {
        self.folder().join("scripts").join(name)
    }

    /// A file of this user's, at home.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home().join(name);
        let mut folder = self.home();
        for part in Path::new(name).parent().unwrap() {
            folder.push(part);
            fs::create_dir_all(&folder).unwrap();
            chown(&folder, Some(self.uid), Some(self.gid)).unwrap();
        }
        fs::write(&path, text).unwrap();
        chown(&path, Some(self.uid), Some(self.gid)).unwrap();
        path
    }

    /// `program` as this user, at home, with nothing of our environment.
    pub fn command<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().current_dir(self.home());
        command.env("HOME", self.home()).env("PATH", PATH).env("SHELL", "/bin/sh");
        command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8").env("PS1", "$ ");
        command.env("AWS_ACCESS_KEY_ID", "AKIAREALKEY2TEST2345").env("AWS_REGION", "us-east-1");
        command.env("AWS_SECRET_ACCESS_KEY", "realSecretOfTheTestThatNoChildMayEverSee");
        if self.uid != nix::unistd::geteuid().as_raw() {
            // Also leaves every other group, as root may.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// hoop-run as this user.
    pub fn hoop_run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        self.command(self.program(), arguments)
    }

    /// hoop-run as this user, on a machine that denies something (see denied.py).
    pub fn hoop_run_denied<'a>(&self, denied: &str, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = self.command("/usr/bin/python3", [self.script("denied.py")]);
        command.args([denied, "--"]).arg(self.program()).args(arguments);
        command
    }

    /// Runs `sh -c script` in the sandbox, without a terminal.
    pub fn inside(&self, script: &str) -> Output {
        run(self.hoop_run(["-q", "--", "sh", "-c", script]), b"")
    }

    /// What `sh -c script` prints in the sandbox; it must succeed.
    #[track_caller]
    pub fn prints(&self, script: &str) -> String {
        let output = self.inside(script);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{script}\nstdout:\n{text}\nstderr:\n{}", output.stderr);
        text
    }

    /// Whether this user has `program`, at all.
    pub fn has(&self, program: &str) -> bool {
        let found = self.command("/bin/sh", ["-c", "command -v \"$0\"", program]).output().unwrap();
        if !found.status.success() {
            eprintln!("skipped: {program} is not installed here");
        }
        found.status.success()
    }

    /// Every recording's folder, oldest first.
    pub fn recordings(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.home().join(".local/state/hoop/sessions")];
        while let Some(folder) = folders.pop() {
            if folder.join("audit.jsonl").exists() {
                found.push(folder);
                continue;
            }
            let Ok(entries) = fs::read_dir(folder) else { continue };
            folders.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()));
        }
        found.sort();
        found
    }

    /// The events of the newest recording.
    pub fn events(&self) -> Vec<Value> {
        let newest = self.recordings().pop().expect("a recording");
        let text = fs::read_to_string(newest.join("audit.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The level and what is not protected, as recorded.
    pub fn recorded_level(&self) -> (String, Vec<String>) {
        let events = self.events();
        let start = events.iter().find(|event| event["type"] == "session.start").expect("a start");
        let unprotected = start["unprotected"].as_array().cloned().unwrap_or_default();
        let phrases = unprotected.iter().map(|phrase| phrase.as_str().unwrap().to_owned()).collect();
        (start["sandbox"].as_str().unwrap_or_default().to_owned(), phrases)
    }
}

/// Whether this machine lets an ordinary user have namespaces; CI in a container may not.
pub fn has_namespaces() -> bool {
    let person = Person::ordinary();
    let probe = "import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x78020000) and 1)";
    let has = person.command("/usr/bin/python3", ["-c", probe]).status().unwrap().success();
    if !has {
        eprintln!("skipped: this machine gives ordinary users no namespaces");
    }
    has
}
