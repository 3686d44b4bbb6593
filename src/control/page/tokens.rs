//! What a form carries: good for one answer, to the question that it was made for, from the page that it stood on.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::PoisonError;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use crate::approval::Card;
use crate::control::links::random;
use crate::control::links::request;
use crate::error::Result;

/// Bytes that make a token different from all others.
const NONCE_BYTES: usize = 12;

/// Makes and takes tokens; those of another process are none.
pub(super) struct Tokens {
    key: hmac::Key,
    /// Those that were used, until their time is over.
    used: Mutex<BTreeMap<String, u64>>,
}

impl Tokens {
    /// # Errors
    /// The system has no random numbers.
    pub(super) fn new() -> Result<Self> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, random::<32>()?.as_slice());
        Ok(Self { key, used: Mutex::default() })
    }

    /// A token for `card`, on the page `place`.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub(super) fn make(&self, card: &Card, place: &str) -> Result<String> {
        let nonce = URL_SAFE_NO_PAD.encode(*random::<NONCE_BYTES>()?);
        let signature = hmac::sign(&self.key, signed(card, place, &nonce).as_bytes());
        Ok(format!("{nonce}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Takes a token, once; `now` is in microseconds since the Unix epoch. Whether it was good.
    pub(super) fn take(&self, token: &str, card: &Card, place: &str, now: u64) -> bool {
        let Some((nonce, signature)) = token.split_once('.') else { return false };
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        if hmac::verify(&self.key, signed(card, place, nonce).as_bytes(), &signature).is_err() {
            return false;
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, deadline| *deadline > now);
        // Made for a question that waits no longer, it is good for nothing anyway.
        now < card.deadline && used.insert(nonce.to_owned(), card.deadline).is_none()
    }
}

fn signed(card: &Card, place: &str, nonce: &str) -> String {
    format!("hoop form 1\n{}\n{}\n{}\n{place}\n{nonce}", card.session, card.id, request(card))
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}
