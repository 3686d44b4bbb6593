//! Where logins are kept between two runs: `logins/NAME` below the state folder, which no sandbox shows.

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::OnceLock;

use nix::fcntl::Flock;
use nix::unistd::getuid;
use serde::Deserialize;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity::identity::Identity;
use crate::identity::keyring;
use crate::identity::login::Login;
use crate::identity::login::Proof;
use crate::identity::private;
use crate::identity::seal::KEY_BYTES;
use crate::identity::seal::Sealer;
use crate::types::Secret;

/// Bytes that a sealed login may have: STS takes assertions of 100,000 characters.
const LOGIN_BYTES: u64 = 512 * 1024;

/// Characters that the name of a login may have.
const NAME_CHARACTERS: usize = 40;

/// The logins of one person on one machine.
pub struct LoginStore {
    folder: PathBuf,
    /// Made when it is needed: the keyring may ask the person for it.
    sealer: OnceLock<Sealer>,
    uses_keyring: bool,
}

/// While it is held, no other process renews or replaces the login.
#[derive(Debug)]
pub struct Hold(#[expect(dead_code, reason = "held until dropped")] Flock<File>);

/// What is sealed.
#[derive(Serialize)]
struct Kept<'a> {
    identity: Identity,
    kind: String,
    proof: &'a str,
    renewal: Option<&'a str>,
    obtained: u64,
}

impl LoginStore {
    /// The store below hoop's state folder; it is made if it is missing. Its key is looked for when it is needed.
    ///
    /// # Errors
    /// When it belongs to somebody else or is open to others.
    pub fn open(state: &Path) -> Result<Self> {
        let folder = state.join("logins");
        private::folder(&folder)?;
        Ok(Self { folder, sealer: OnceLock::new(), uses_keyring: false })
    }

    /// Whether a new key is put into the desktop's keyring, too, where there is one. A key that is there is found there in
    /// any case.
    #[must_use]
    pub fn with_keyring(mut self, uses: bool) -> Self {
        self.uses_keyring = uses;
        self
    }

    fn sealer(&self) -> Result<&Sealer> {
        if let Some(sealer) = self.sealer.get() {
            return Ok(sealer);
        }
        let sealer = Sealer::new(&*key(&self.folder, self.uses_keyring)?, &machine())?;
        Ok(self.sealer.get_or_init(|| sealer))
    }

    /// Keeps a login in the place of the one before; whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, login: &Login) -> Result<()> {
        let path = self.path(&login.provider)?;
        let kept = Kept {
            identity: login.identity.clone(),
            kind: match login.proof {
                Proof::WebIdentity(_) => "oidc".to_owned(),
                Proof::Saml(_) => "saml".to_owned(),
            },
            proof: login.proof.secret().expose(),
            renewal: login.renewal.as_ref().map(Secret::expose),
            obtained: login.obtained,
        };
        let text = serde_json::to_vec(&kept).map(Zeroizing::new);
        let text = text.map_err(|_| Error::new(Kind::System, "the login cannot be written as JSON"))?;
        if text.len() as u64 + 1_024 > LOGIN_BYTES {
            return Err(Error::new(Kind::Upstream, "the login is too large to be kept").why(format!(
                "it has {} bytes, and {LOGIN_BYTES} are room enough for any that AWS takes",
                text.len()
            )));
        }
        private::replace(&path, &self.sealer()?.seal(&login.provider, &text)?)
    }

    /// The login of this name; `None`: there is none.
    ///
    /// # Errors
    /// When the file is damaged, sealed elsewhere, somebody else's, or open to others.
    pub fn load(&self, name: &str) -> Result<Option<Login>> {
        let path = self.path(name)?;
        let Some(sealed) = private::read(&path, LOGIN_BYTES)? else { return Ok(None) };
        let unreadable = |why: &str| {
            Error::new(Kind::System, format!("the login in {} cannot be opened", path.display()))
                .why(why)
                .fix(format!("sign in again: hoopctl login {name}"))
        };
        let text = self.sealer()?.open(name, &sealed).ok_or_else(|| {
            unreadable("it is damaged, or was sealed on another machine, by another user or with another key")
        })?;
        let kept = parse(&text).ok_or_else(|| unreadable("a newer hoop has written it, or it is damaged"))?;
        Ok(Some(Login { provider: name.to_owned(), ..kept }))
    }

    /// Forgets a login; whether there was one.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, name: &str) -> Result<bool> {
        let path = self.path(name)?;
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(cause) => Err(Error::io(format!("cannot remove {}", path.display()), &cause)),
        }
    }

    /// The names of the logins that are kept, sorted; some may no longer hold.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self) -> Result<Vec<String>> {
        let cannot = |cause| Error::io(format!("cannot read {}", self.folder.display()), &cause);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(cannot)? {
            let name = entry.map_err(cannot)?.file_name().into_string();
            names.extend(name.ok().filter(|name| is_name(name)));
        }
        names.sort();
        Ok(names)
    }

    /// Waits until no other process works on the login of this name.
    ///
    /// # Errors
    /// When there can be no lock.
    pub fn hold(&self, name: &str) -> Result<Hold> {
        let path = self.path(name)?;
        let mut lock = path.file_name().unwrap_or_default().to_owned();
        lock.push(".lock");
        private::lock(&path.with_file_name(lock)).map(Hold)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self, name: &str) -> Result<PathBuf> {
        match is_name(name) {
            true => Ok(self.folder.join(name)),
            false => Err(Error::new(Kind::Usage, format!("`{}` cannot be a provider", name.escape_debug()))
                .fix("the names: hoopctl whoami --all")),
        }
    }
}

impl std::fmt::Debug for LoginStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginStore").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// As the configuration has them: nothing in them leads out of the folder, or to its key and locks.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    !name.is_empty() && name.len() <= NAME_CHARACTERS && name.chars().all(fits)
}

fn parse(text: &[u8]) -> Option<Login> {
    #[derive(Deserialize)]
    struct Owned {
        identity: Identity,
        kind: String,
        proof: String,
        renewal: Option<String>,
        obtained: u64,
    }
    let kept: Owned = serde_json::from_slice(text).ok()?;
    let proof = Secret::new(kept.proof);
    Some(Login {
        provider: String::new(),
        identity: kept.identity,
        proof: match kept.kind.as_str() {
            "oidc" => Proof::WebIdentity(proof),
            "saml" => Proof::Saml(proof),
            _ => return None,
        },
        renewal: kept.renewal.map(Secret::new),
        obtained: kept.obtained,
    })
}

/// The secret part of the key; made once. `.key` is 32 random bytes; where there was a keyring when it was made, the
/// letter `k` follows, and 32 bytes in the keyring are needed, too.
fn key(folder: &Path, uses_keyring: bool) -> Result<Zeroizing<[u8; KEY_BYTES]>> {
    let path = folder.join(".key");
    loop {
        if let Some(bytes) = private::read(&path, KEY_BYTES as u64 + 1)? {
            return key_of(folder, &path, &bytes);
        }
        let random = |bytes: &mut [u8]| {
            getrandom::fill(bytes).map_err(|_| Error::new(Kind::System, "the system has no random numbers"))
        };
        let mut bytes = Zeroizing::new(vec![0; KEY_BYTES]);
        random(&mut bytes)?;
        let mut secret = Zeroizing::new([0; KEY_BYTES]);
        random(secret.as_mut())?;
        // Two first logins at once must not exchange the secret below each other.
        let _hold = private::lock(&folder.join(".key.lock"))?;
        if !path.exists() {
            if uses_keyring && keyring::store(folder, &secret) {
                bytes.push(b'k');
            }
            private::create(&path, &bytes)?;
        }
    }
}

fn key_of(folder: &Path, path: &Path, bytes: &[u8]) -> Result<Zeroizing<[u8; KEY_BYTES]>> {
    let damaged = || {
        Error::new(Kind::System, format!("the key in {} is damaged", path.display()))
            .why(format!("it has {} bytes, and should have {KEY_BYTES}", bytes.len()))
            .fix(format!("remove it, and sign in again: rm {}", path.display()))
    };
    let (own, rest) = bytes.split_at_checked(KEY_BYTES).ok_or_else(damaged)?;
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    key.copy_from_slice(own);
    match rest {
        [] => {}
        [b'k'] => {
            let other = keyring::find(folder)?;
            key.iter_mut().zip(other.iter()).for_each(|(byte, other)| *byte ^= other);
        }
        _ => return Err(damaged()),
    }
    Ok(key)
}

/// This machine and user: a copy of the state folder cannot be opened elsewhere.
fn machine() -> String {
    let id =
        ["/etc/machine-id", "/var/lib/dbus/machine-id"].iter().find_map(|file| fs::read_to_string(file).ok());
    format!("{} {}", id.unwrap_or_default().trim(), getuid())
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
