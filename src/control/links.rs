//! Addresses that are good for one answer to one question: signed, bound to session, question, request and time.
//!
//! `SESSION.NUMBER.REQUEST.NONCE.EXPIRES.SIGNATURE`, all of letters that need no escaping in an address. The signature is
//! HMAC-SHA256 with a key that only this person's processes can read, and that no sandbox shows. Whether a link was used
//! is kept beside the key, so that it holds for every page and also after a restart.

use std::fmt;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use sha2::Digest;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::approval::Card;
use crate::approval::QuestionId;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity::private;
use crate::types::SessionId;

/// Bytes of the key.
const KEY_BYTES: usize = 32;
/// Bytes of a link; a longer one is none of ours.
const LINK_BYTES: usize = 200;
/// Bytes of the digest that binds a link to the request.
const REQUEST_BYTES: usize = 16;
/// Bytes that make a link different from all others.
const NONCE_BYTES: usize = 12;
/// Marks of used links are kept as long as a link could be good at most (`ttl` is at most a day), and an hour.
const MARKS_KEPT: Duration = Duration::from_secs(25 * 3_600);
/// What is signed begins with it: a signature made for something else is none.
const PURPOSE: &str = "hoop approval link 1";

/// Makes and checks links.
#[derive(Clone)]
pub struct Links {
    key: hmac::Key,
    /// Where used links are marked.
    used: PathBuf,
}

/// What a link is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The session.
    pub session: SessionId,
    /// The question in it.
    pub question: QuestionId,
    /// What it asks: [`request`].
    pub request: String,
    /// Unlike that of every other link.
    pub nonce: String,
    /// Until when, in seconds since the Unix epoch.
    pub expires: u64,
}

/// Why a link is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is not as it was made, or was made elsewhere.
    Forged,
    /// Its time is over.
    Expired,
}

impl Links {
    /// The person's own key, made at the first time, below the state folder.
    ///
    /// # Errors
    /// The key cannot be made, or others can read it.
    pub fn open(state: &Path) -> Result<Self> {
        let folder = state.join("control");
        private::folder(&folder)?;
        let path = folder.join("links.key");
        let key = match private::read(&path, KEY_BYTES as u64)? {
            Some(key) => key,
            None => {
                private::create(&path, &*random::<KEY_BYTES>()?)?;
                // Another process may have been first.
                private::read(&path, KEY_BYTES as u64)?.unwrap_or_default()
            }
        };
        if key.len() != KEY_BYTES {
            return Err(Error::new(Kind::System, format!("{} is not used", path.display()))
                .why("it is no key")
                .fix(format!("remove it: rm {}", path.display())));
        }
        let used = folder.join("used");
        private::folder(&used)?;
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, &key), used })
    }

    /// A new link that is good for one answer to the question of `card`, as long as it waits.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn make(&self, card: &Card) -> Result<String> {
        let link = Link {
            session: card.session,
            question: card.id,
            request: request(card),
            nonce: URL_SAFE_NO_PAD.encode(*random::<NONCE_BYTES>()?),
            expires: card.deadline.div_ceil(1_000_000),
        };
        let text = link.to_string();
        let signature = hmac::sign(&self.key, signed(&text).as_bytes());
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// What `text` is good for at `now`, in seconds since the Unix epoch. Says nothing about whether it was used.
    ///
    /// # Errors
    /// It is none of ours, or too old.
    pub fn read(&self, text: &str, now: u64) -> Result<Link, Unfit> {
        let text = Some(text).filter(|text| text.len() <= LINK_BYTES).ok_or(Unfit::Forged)?;
        let (text, signature) = text.rsplit_once('.').ok_or(Unfit::Forged)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Unfit::Forged)?;
        hmac::verify(&self.key, signed(text).as_bytes(), &signature).map_err(|_| Unfit::Forged)?;
        let link = Link::parse(text).ok_or(Unfit::Forged)?;
        if now < link.expires { Ok(link) } else { Err(Unfit::Expired) }
    }

    /// Marks a link as used, for ever and for all; `false`: it was used before.
    ///
    /// # Errors
    /// It cannot be marked: then it must not be used.
    pub fn use_up(&self, link: &Link) -> Result<bool> {
        private::create(&self.used.join(&link.nonce), b"")
    }

    /// Makes a link good again whose answer had no effect.
    pub fn give_back(&self, link: &Link) {
        // One that cannot be given back stays used.
        let _ = fs::remove_file(self.used.join(&link.nonce));
    }

    /// Whether it was used.
    #[must_use]
    pub fn is_used(&self, link: &Link) -> bool {
        fs::symlink_metadata(self.used.join(&link.nonce)).is_ok()
    }

    /// Forgets marks of links whose time is over anyway; `now` is in seconds since the Unix epoch.
    pub fn forget_old(&self, now: u64) {
        let Ok(entries) = fs::read_dir(&self.used) else { return };
        for entry in entries.flatten() {
            let made = entry.metadata().and_then(|about| about.modified()).ok();
            let made = made.and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
            if made.is_some_and(|made| now.saturating_sub(made.as_secs()) > MARKS_KEPT.as_secs()) {
                // One that stays is tried again the next time.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Links")
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}.{}", self.session, self.question, self.request, self.nonce, self.expires)
    }
}

impl Link {
    /// A link whose signature was right.
    fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let [session, question, request, nonce, expires] = parts.as_slice() else { return None };
        // It becomes the name of a file.
        let is_plain = |text: &str| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        Some(Self {
            session: session.parse().ok()?,
            question: QuestionId(question.parse().ok()?),
            request: Some(*request).filter(|request| is_plain(request))?.to_owned(),
            nonce: Some(*nonce).filter(|nonce| is_plain(nonce))?.to_owned(),
            expires: expires.parse().ok()?,
        })
    }
}

/// What a card asks, as a short digest: another request under the same number has another one.
#[must_use]
pub fn request(card: &Card) -> String {
    let question = &card.question;
    let mut digest = Sha256::new();
    for part in [&question.fingerprint, &question.action].into_iter().chain(&question.resources) {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(&digest.finalize()[..REQUEST_BYTES])
}

/// Random bytes.
///
/// # Errors
/// The system has none.
pub(super) fn random<const COUNT: usize>() -> Result<Zeroizing<[u8; COUNT]>> {
    let mut bytes = Zeroizing::new([0; COUNT]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|cause| Error::new(Kind::System, "there are no random numbers").why(cause.to_string()))?;
    Ok(bytes)
}

fn signed(text: &str) -> String {
    format!("{PURPOSE}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::Question;
    use std::os::unix::fs::PermissionsExt;

    fn card(number: u64) -> Card {
        Card {
            session: SessionId::new(1_763_700_000_000_000, 7),
            id: QuestionId(number),
            host: "host".to_owned(),
            requester: "ana".to_owned(),
            asked: 1_000_000_000_000,
            deadline: 1_000_060_000_000,
            callers: 1,
            question: Question {
                action: "s3:DeleteObject".to_owned(),
                resources: vec!["arn:aws:s3:::b/k".to_owned()],
                fingerprint: "f".to_owned(),
                ..Question::default()
            },
            votes: Vec::new(),
            missing: Vec::new(),
            findings: Default::default(),
        }
    }

    #[test]
    fn a_link_says_what_it_is_good_for_until_its_time_is_over() {
        let state = tempfile::tempdir().unwrap();
        let links = Links::open(state.path()).unwrap();
        let text = links.make(&card(3)).unwrap();
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)), "{text}");
        let link = links.read(&text, 1_000_059).unwrap();
        assert_eq!((link.question, link.expires), (QuestionId(3), 1_000_060));
        assert_eq!(link.request, request(&card(3)));
        assert_eq!(links.read(&text, 1_000_060), Err(Unfit::Expired));
        // The same key another time, for every process of this person.
        assert_eq!(Links::open(state.path()).unwrap().read(&text, 0), Ok(link));
    }

    #[test]
    fn a_link_that_was_changed_or_made_elsewhere_is_none() {
        let state = tempfile::tempdir().unwrap();
        let links = Links::open(state.path()).unwrap();
        let text = links.make(&card(3)).unwrap();
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            // The last letter of base64 has bits without a meaning; a strict reader wants them to be zero.
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(links.read(&changed, 0), Err(Unfit::Forged), "{changed}");
        }
        for text in ["", ".", "a.b", &"a".repeat(10_000), &text[..text.len() - 1], &format!("{text}.")] {
            assert_eq!(links.read(text, 0), Err(Unfit::Forged));
        }
        let elsewhere = tempfile::tempdir().unwrap();
        assert_eq!(Links::open(elsewhere.path()).unwrap().read(&text, 0), Err(Unfit::Forged));
    }

    #[test]
    fn another_request_under_the_same_number_is_told_apart() {
        let mut other = card(3);
        assert_eq!(request(&other), request(&card(3)));
        other.question.fingerprint = "g".to_owned();
        assert_ne!(request(&other), request(&card(3)));
        // Texts do not run into each other.
        let (mut one, mut two) = (card(3), card(3));
        one.question.resources = vec!["ab".to_owned(), "c".to_owned()];
        two.question.resources = vec!["a".to_owned(), "bc".to_owned()];
        assert_ne!(request(&one), request(&two));
    }

    #[test]
    fn a_link_is_used_once_whoever_uses_it() {
        let state = tempfile::tempdir().unwrap();
        let (links, others) = (Links::open(state.path()).unwrap(), Links::open(state.path()).unwrap());
        let link = links.read(&links.make(&card(3)).unwrap(), 0).unwrap();
        let another = links.read(&links.make(&card(3)).unwrap(), 0).unwrap();
        assert!(!links.is_used(&link));
        assert!(links.use_up(&link).unwrap());
        assert!(others.is_used(&link) && !others.use_up(&link).unwrap());
        assert!(!others.is_used(&another));
        let now = std::fs::metadata(state.path().join("control/used").join(&link.nonce)).unwrap();
        let now = now.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        links.forget_old(now + 3_600);
        assert!(links.is_used(&link));
        links.forget_old(now + 26 * 3_600);
        assert!(!links.is_used(&link));
    }

    #[test]
    fn a_key_that_others_can_read_is_not_used() {
        let state = tempfile::tempdir().unwrap();
        drop(Links::open(state.path()).unwrap());
        let key = state.path().join("control/links.key");
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Links::open(state.path()).unwrap_err().causes()[0].contains("644"));
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&key, "short").unwrap();
        assert!(Links::open(state.path()).is_err());
    }
}
