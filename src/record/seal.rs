//! The seal of a finished recording: what it holds, signed by this host, tied to the seal before.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signature;
use ed25519_dalek::Signer as _;
use ed25519_dalek::SigningKey;
use ed25519_dalek::VerifyingKey;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest as _;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::counts::Counts;
use super::place::Place;
use super::private;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::types::SessionId;

/// Longest seal that is read, in bytes.
const MAX_SEAL: u64 = 64 << 10;

/// What `seal.json` says. The signature stands behind it in the file and covers the exact text before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Version of this format: 1.
    pub format: u32,
    /// The session.
    pub session: SessionId,
    /// Who closed it.
    pub sealed_as: SealedAs,
    /// When it was sealed, in microseconds since the Unix epoch.
    pub sealed: u64,
    /// Lines of `audit.jsonl`.
    pub audit_lines: u64,
    /// Bytes of `audit.jsonl`.
    pub audit_bytes: u64,
    /// Hash of the last line of `audit.jsonl`.
    pub audit_head: String,
    /// Bytes of `terminal.cast`.
    pub cast_bytes: u64,
    /// SHA-256 of `terminal.cast`, in hexadecimal.
    pub cast_sha256: String,
    /// Numbers of events.
    pub counts: Counts,
    /// This host's seal before this one; none for the first.
    pub previous: Option<Previous>,
    /// The host's public key, Ed25519, in base64.
    pub key: String,
}

/// Who closed a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SealedAs {
    /// The process that recorded it, at its end.
    Complete,
    /// A later process: the one that recorded it had died.
    Interrupted,
}

impl SealedAs {
    /// The word in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Another seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// Its session.
    pub session: SessionId,
    /// SHA-256 of its file, in hexadecimal.
    pub sha256: String,
}

/// A seal as it was found in a file.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) seal: Seal,
    /// SHA-256 of the file, in hexadecimal.
    pub(super) sha256: String,
    /// What is wrong with its signature.
    pub(super) fault: Option<String>,
}

/// Fills in `previous` and `key`, signs, and writes `seal.json` into `folder`. Many processes may do that at once.
pub(super) fn write(place: &Place, folder: &Path, mut seal: Seal) -> Result<Seal> {
    append(place, seal.session, &folder.join("seal.json"), |previous, key| {
        (seal.previous, seal.key) = (previous, key);
        serde_json::to_string(&seal)
    })?;
    Ok(seal)
}

/// Signs what `text` makes of this host's newest seal and its public key, a JSON object, and writes it to `path`: it is the
/// newest seal then, called `name`. Many processes may do that at once.
pub(super) fn append(
    place: &Place,
    name: SessionId,
    path: &Path,
    text: impl FnOnce(Option<Previous>, String) -> serde_json::Result<String>,
) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    private::folders(&place.seals())?;
    let lock_path = place.seals().join("lock");
    let lock = private::open_or_new(&lock_path)?;
    lock.lock().map_err(|cause| private::cannot("lock", &lock_path, &cause))?;
    let key = host_key(place)?;
    let text = text(last(place)?, STANDARD.encode(key.verifying_key().as_bytes()));
    let text = text.map_err(|error| cannot_seal(folder, error))?;
    let Some(signed) = text.strip_suffix('}') else { return Err(cannot_seal(folder, "no JSON object")) };
    let signature = STANDARD.encode(key.sign(signed.as_bytes()).to_bytes());
    let file = format!("{signed},\"signature\":\"{signature}\"}}\n");
    private::replace(path, file.as_bytes())?;
    let this = Previous { session: name, sha256: hex::encode(Sha256::digest(&file)) };
    let text = serde_json::to_vec(&this).map_err(|error| cannot_seal(folder, error))?;
    private::replace(&place.seals().join("last"), &text)
}

fn cannot_seal(folder: &Path, why: impl ToString) -> Error {
    Error::new(Kind::Record, format!("cannot seal {}", folder.display())).why(why.to_string())
}

/// The newest seal of this host; none when there is none yet.
pub(super) fn last(place: &Place) -> Result<Option<Previous>> {
    let text = private::read_small(&place.seals().join("last"), 1_024)?;
    Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
}

/// Reads the seal of `folder`; none when there is none. Fails when it is not a seal.
pub(super) fn read(folder: &Path) -> Result<Option<Found>> {
    let Some(file) = private::read_small(&folder.join("seal.json"), MAX_SEAL)? else { return Ok(None) };
    let wrong = |why: String| Error::new(Kind::Record, "seal.json is not a seal").why(why);
    let text = std::str::from_utf8(&file).map_err(|error| wrong(error.to_string()))?;
    let seal: Seal = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    if seal.format != 1 {
        return Err(wrong(format!("version {} of the format is not known", seal.format)));
    }
    Ok(Some(Found { fault: check(text, &seal.key).err(), sha256: hex::encode(Sha256::digest(&file)), seal }))
}

/// Who sealed the recording in `folder`; none when it has no seal that can be read. Whether the seal is true only
/// [`super::verify()`] says.
#[must_use]
pub fn sealed_as(folder: &Path) -> Option<SealedAs> {
    read(folder).ok().flatten().map(|found| found.seal.sealed_as)
}

/// Checks the signature of `key` that stands at the end of `text`.
pub(super) fn check(text: &str, key: &str) -> Result<(), String> {
    let parts = text.rsplit_once(",\"signature\":\"");
    let Some((signed, signature)) = parts else { return Err("it is not signed".to_owned()) };
    let Some(signature) = signature.strip_suffix("\"}\n") else {
        return Err("its end was changed".to_owned());
    };
    let bytes = |text: &str| STANDARD.decode(text).map_err(|error| error.to_string());
    let key = <[u8; 32]>::try_from(bytes(key)?).map_err(|_| "its key has not 32 bytes".to_owned())?;
    let key = VerifyingKey::from_bytes(&key).map_err(|_| "its key is not an Ed25519 key".to_owned())?;
    let signature =
        Signature::from_slice(&bytes(signature)?).map_err(|_| "its signature has not 64 bytes".to_owned())?;
    key.verify_strict(signed.as_bytes(), &signature)
        .map_err(|_| "its signature does not fit its text: it was changed".to_owned())
}

/// The host's signing key; made on first use. The caller holds the lock.
fn host_key(place: &Place) -> Result<SigningKey> {
    let path = place.host_key();
    if let Some(text) = private::read_small(&path, 256)?.map(Zeroizing::new) {
        let mut seed = Zeroizing::new([0_u8; 32]);
        return match hex::decode_to_slice(text.trim_ascii(), seed.as_mut()) {
            Ok(()) => Ok(SigningKey::from_bytes(&seed)),
            Err(_) => Err(Error::new(Kind::Record, format!("{} is not a signing key", path.display()))
                .why("it should hold 64 hexadecimal digits")
                .fix("put it back from a backup, or move it away: a new one is then made")),
        };
    }
    let mut seed = Zeroizing::new([0_u8; 32]);
    getrandom::fill(seed.as_mut()).map_err(|error| {
        Error::new(Kind::System, "no random bytes for a signing key").why(error.to_string())
    })?;
    path.parent().map_or(Ok(()), private::folders)?;
    private::replace(&path, Zeroizing::new(format!("{}\n", hex::encode(seed.as_ref()))).as_bytes())?;
    Ok(SigningKey::from_bytes(&seed))
}

/// The public key of this host in base64, as it stands in its seals; none when it has not sealed anything yet.
pub fn public_key(place: &Place) -> Result<Option<String>> {
    match fs::exists(place.host_key()) {
        Ok(true) => Ok(Some(STANDARD.encode(host_key(place)?.verifying_key().as_bytes()))),
        _ => Ok(None),
    }
}
