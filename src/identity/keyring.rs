//! The desktop's keyring, by libsecret's `secret-tool`: no library of ours speaks D-Bus, and a machine without a keyring
//! (a server, a container) costs one program that is not there.

use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use sha2::Digest;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity::seal::KEY_BYTES;

/// How long the keyring may take: a person may have to unlock it.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Why the keyring gave or took nothing.
enum Trouble {
    /// There is none.
    Missing,
    /// It did not answer, or refused.
    Failed,
}

/// Puts `secret` into the keyring for the store in `folder`; whether it is there afterwards.
pub(super) fn store(folder: &Path, secret: &[u8; KEY_BYTES]) -> bool {
    let text = Zeroizing::new(hex::encode(secret));
    let label = ["store", "--label=hoop: the key of logins"];
    ask(&label, folder, Some(&text)).is_ok() && find(folder).is_ok_and(|found| *found == *secret)
}

/// What the keyring has for the store in `folder`.
///
/// # Errors
/// There is no keyring, it is locked, or it has nothing.
pub(super) fn find(folder: &Path) -> Result<Zeroizing<[u8; KEY_BYTES]>> {
    let unusable = |why: &str| {
        Error::new(Kind::System, "the key of the logins is in your keyring, and cannot be read from there").why(why).fix(
            format!(
                "unlock the keyring (try: secret-tool search application hoop); or begin anew: rm -r {}; hoopctl login",
                folder.display()
            ),
        )
    };
    let text = ask(&["lookup"], folder, None).map_err(|trouble| match trouble {
        Trouble::Missing => unusable("secret-tool is not there (Debian: libsecret-tools)"),
        Trouble::Failed => unusable("it is locked, cannot be reached from here, or no longer has the key"),
    })?;
    let mut secret = Zeroizing::new([0; KEY_BYTES]);
    let read = hex::decode_to_slice(text.trim(), secret.as_mut());
    read.map(|()| secret).map_err(|_| unusable("what it has is no key of hoop's"))
}

/// Runs `secret-tool` with `words` and the attributes of the store; the secret goes in and comes out by pipes.
fn ask(words: &[&str], folder: &Path, secret: Option<&str>) -> Result<Zeroizing<String>, Trouble> {
    let place = hex::encode(Sha256::digest(folder.as_os_str().as_encoded_bytes()));
    let mut command = Command::new("secret-tool");
    command.args(words).args(["application", "hoop", "store", place.get(..32).unwrap_or(&place)]);
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = started.map_err(|_| Trouble::Missing)?;
    if let (Some(mut pipe), Some(secret)) = (child.stdin.take(), secret) {
        pipe.write_all(secret.as_bytes()).map_err(|_| Trouble::Failed)?;
    }
    let Some(mut pipe) = child.stdout.take() else { return Err(Trouble::Failed) };
    let (sender, answer) = mpsc::channel();
    let reading = thread::Builder::new().name("keyring".to_owned()).spawn(move || {
        let mut text = Zeroizing::new(String::with_capacity(1_024));
        let read = pipe.by_ref().take(1_024).read_to_string(&mut text);
        // Nobody waits any more: the person took too long.
        let _ = sender.send(read.is_ok().then_some(text));
    });
    reading.map_err(|_| Trouble::Failed)?;
    let text = answer.recv_timeout(TIMEOUT);
    finish(&mut child, text.is_ok()).then_some(()).ok_or(Trouble::Failed)?;
    text.ok().flatten().ok_or(Trouble::Failed)
}

/// Waits for the program, or ends it; whether it did well.
fn finish(child: &mut Child, has_answered: bool) -> bool {
    if !has_answered {
        // It may have ended by itself just now.
        let _ = child.kill();
    }
    child.wait().is_ok_and(|status| status.success())
}
