//! An ordinary user to run as, where the tests run as root: root is not held by a sandbox, and agents refuse to work
//! unasked as root.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use nix::unistd::Uid;

/// Nobody's number: no files on the machine, and no name.
const USER: u32 = 12_021;

/// A program that has not finished by then is stopped.
const SECONDS: u32 = 120;

/// Gives root's home, where the clients are installed, to be read by everybody, for the process that comes next alone.
const OPEN_HOME: &str = r#"
set -e
mount -t tmpfs none /mnt
mkdir /mnt/upper /mnt/work
mount -t overlay -o "lowerdir=$HOOP_TEST_ROOT,upperdir=/mnt/upper,workdir=/mnt/work" none "$HOOP_TEST_ROOT"
chmod 755 "$HOOP_TEST_ROOT"
umount --lazy /mnt
"#;

/// How programs are started: as whom, and for how long at most.
pub struct Ordinary {
    prefix: Vec<String>,
    dropped: bool,
}

impl Ordinary {
    /// Finds out by doing.
    pub fn find() -> Self {
        let limit =
            ["timeout", "--foreground", "--kill-after=10", &SECONDS.to_string()].map(str::to_owned).to_vec();
        if Uid::effective().is_root() {
            let script =
                format!("{OPEN_HOME}\nexec setpriv --reuid={USER} --regid={USER} --clear-groups -- \"$@\"");
            let drop = ["unshare", "--mount", "sh", "-c", script.as_str(), "sh"].map(str::to_owned);
            let prefix: Vec<String> = limit.iter().cloned().chain(drop).collect();
            let python = crate::support::home::cache().join("venv/bin/python3");
            let mut trial = Command::new(&prefix[0]);
            trial.args(&prefix[1..]).arg(python).arg("--version").env("HOOP_TEST_ROOT", root_home());
            let works = trial.stdout(Stdio::null()).stderr(Stdio::null()).status();
            if works.is_ok_and(|status| status.success()) {
                return Self { prefix, dropped: true };
            }
        }
        Self { prefix: limit, dropped: false }
    }

    /// `command`, started so.
    pub fn command(&self, command: &Command) -> Command {
        let mut wrapped = Command::new(&self.prefix[0]);
        wrapped.args(&self.prefix[1..]).arg(command.get_program()).args(command.get_args());
        wrapped.env_clear();
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                wrapped.env(name, value);
            }
        }
        wrapped.env("HOOP_TEST_ROOT", root_home());
        wrapped.current_dir(command.get_current_dir().unwrap_or_else(|| Path::new("/")));
        wrapped.stdin(Stdio::null());
        wrapped
    }

    /// Lets that user have `folder` and all that is in it.
    pub fn own(&self, folder: &Path) {
        if !self.dropped {
            return;
        }
        chown(folder, Some(USER), Some(USER)).unwrap();
        if folder.is_dir() && !folder.is_symlink() {
            for entry in fs::read_dir(folder).unwrap() {
                self.own(&entry.unwrap().path());
            }
        }
    }
}

fn root_home() -> String {
    std::env::var("HOME").unwrap_or_else(|_| "/root".to_owned())
}
