//! Signatures of aws-chunked bodies: each chunk's is made over the one before it.

use sha2::Digest;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Authorization;
use super::EMPTY_SHA256;
use super::Key;
use super::sign::hmac;
use super::sign::signing_key;

/// The running state that verifies a signed chunk stream, seeded by the request's own signature.
pub struct ChunkKey {
    signing: Zeroizing<[u8; 32]>,
    timestamp: String,
    scope: String,
    previous: String,
}

impl ChunkKey {
    /// For the body of a request that [`super::verify`] has accepted with `key`.
    #[must_use]
    pub fn new(auth: &Authorization, key: &Key) -> Self {
        Self {
            signing: signing_key(key, &auth.date, &auth.region, &auth.service),
            timestamp: auth.timestamp.clone(),
            scope: auth.scope(),
            previous: auth.signature.clone(),
        }
    }

    /// Checks the signature of the next chunk, whose SHA-256 is `hash`.
    pub(crate) fn accept_chunk(&mut self, hash: &[u8], signature: &str) -> bool {
        let text = format!(
            "AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{}\n{EMPTY_SHA256}\n{}",
            self.timestamp,
            self.scope,
            self.previous,
            hex::encode(hash)
        );
        self.accept(&text, signature)
    }

    /// Checks the signature of the trailer, given in canonical form: `name:value\n` for each.
    pub(crate) fn accept_trailer(&mut self, trailer: &[u8], signature: &str) -> bool {
        let text = format!(
            "AWS4-HMAC-SHA256-TRAILER\n{}\n{}\n{}\n{}",
            self.timestamp,
            self.scope,
            self.previous,
            hex::encode(Sha256::digest(trailer))
        );
        self.accept(&text, signature)
    }

    fn accept(&mut self, text: &str, signature: &str) -> bool {
        let expected = hex::encode(hmac(&*self.signing, text.as_bytes()));
        let good = bool::from(expected.as_bytes().ct_eq(signature.as_bytes()));
        self.previous = expected;
        good
    }
}
