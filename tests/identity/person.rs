//! People with homes of their own, and the certified provider they sign in with.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use hoop::identity::LoginStore;
use tempfile::TempDir;

/// How long what must come may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The certified provider; ends with its owner.
pub struct Real {
    pub issuer: String,
    process: Child,
}

impl Real {
    /// `None` where scripts/setup.sh could not install it.
    #[allow(clippy::print_stderr, reason = "a test that is left out says why")]
    pub fn start() -> Option<Self> {
        let folder = cache().join("oidc");
        if !folder.join("node_modules/oidc-provider").exists() {
            eprintln!("left out: there is no OpenID provider; run scripts/setup.sh test");
            return None;
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/identity/provider.mjs");
        let mut process = Command::new("node")
            .arg(script)
            .arg(folder)
            .env("NODE_NO_WARNINGS", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let issuer = lines.map_while(Result::ok).find(|line| line.starts_with("http://127.0.0.1:"));
        Some(Self { issuer: issuer.expect("the provider starts"), process })
    }

    pub fn change_keys(&self) {
        assert_eq!(crate::stub::get(&format!("{}/test/rotate", self.issuer)).0, 200);
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A person's home.
pub struct Home {
    folder: TempDir,
}

impl Home {
    /// One whose configuration has these providers: name and issuer.
    pub fn new(providers: &[(&str, &str)]) -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        let tables: String = providers
            .iter()
            .map(|(name, issuer)| {
                format!("[identity.{name}]\nkind = \"oidc\"\nissuer = \"{issuer}\"\nclient_id = \"hoop\"\n\n")
            })
            .collect();
        fs::create_dir_all(home.path().join(".config/hoop")).unwrap();
        fs::write(home.path().join(".config/hoop/config.toml"), tables).unwrap();
        home
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn store(&self) -> LoginStore {
        LoginStore::open(&self.path().join(".local/state/hoop")).unwrap()
    }

    /// The last page of this person's browser.
    pub fn page(&self) -> String {
        wait_for(|| {
            fs::read_to_string(self.path().join("page")).ok().filter(|page| page.contains("close this page"))
        })
    }

    /// `program` in this home; its browser is that of `user`.
    pub fn command(&self, program: &str, arguments: &[&str], user: &str) -> Command {
        let own = match program {
            "hoop-run" => env!("CARGO_BIN_EXE_hoop-run"),
            _ => env!("CARGO_BIN_EXE_hoopctl"),
        };
        let mut command = Command::new(own);
        command.args(arguments).env_clear().current_dir(self.path()).stdin(Stdio::null());
        command.env("HOME", self.path()).env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LANG", "C.UTF-8");
        command.env(
            "BROWSER",
            format!("python3 {} {user} {}", script().display(), self.path().join("page").display()),
        );
        command
    }

    pub fn hoopctl(&self, arguments: &[&str], user: &str) -> Output {
        let output = self.command("hoopctl", arguments, user).output().unwrap();
        for told in [&output.stdout, &output.stderr] {
            assert!(!String::from_utf8_lossy(told).contains("eyJ"), "a token: {output:?}");
        }
        output
    }
}

/// Goes to `url` as `user`; the last page goes into `out`.
pub fn browse(user: &str, out: &Path, url: &str) {
    let status = Command::new("python3").arg(script()).args([user]).arg(out).arg(url).status().unwrap();
    assert!(status.success());
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Asks until there is something.
pub fn wait_for<T>(find: impl Fn() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "it has not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/identity/browser.py")
}

/// Where scripts/setup.sh puts what tests need.
pub fn cache() -> PathBuf {
    let named = std::env::var_os("HOOP_CACHE").map(PathBuf::from);
    named.unwrap_or_else(|| Path::new(&std::env::var("HOME").unwrap()).join(".cache/hoop"))
}
