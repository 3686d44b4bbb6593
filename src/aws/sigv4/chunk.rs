//! Signatures of aws-chunked bodies and of event messages: each one's is made over the one before it.
//!
//! Sources: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html> and, for events,
//! <https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html>.

use sha2::Digest;
use sha2::Sha256;

use super::Algorithm;
use super::Authorization;
use super::EMPTY_SHA256;
use super::Key;
use super::date;
use super::signer::LONGEST_ECDSA;
use super::signer::Signer;

/// A request's own signature, from which those of the pieces of its body go on.
pub struct Seed {
    pub(super) algorithm: Algorithm,
    pub(super) key: Key,
    pub(super) region: String,
    pub(super) service: String,
    /// `20150830T123600Z`.
    pub(super) timestamp: String,
    /// `20150830/us-east-1/s3/aws4_request`.
    pub(super) scope: String,
    pub(super) signature: String,
}

impl Seed {
    /// The signature of a request that [`super::verify`] has accepted with `key`.
    #[must_use]
    pub fn of(auth: &Authorization, key: &Key) -> Self {
        Self {
            algorithm: auth.algorithm,
            key: key.clone(),
            region: auth.region.clone(),
            service: auth.service.clone(),
            timestamp: auth.timestamp.clone(),
            scope: auth.scope(),
            signature: auth.signature.clone(),
        }
    }

    fn signer(&self, day: &str) -> Signer {
        Signer::derive(self.algorithm, &self.key, day, &self.region, &self.service)
    }
}

/// The running state of a signed chunk stream, seeded by the request's own signature: verifies one, or makes one.
pub struct ChunkKey {
    signer: Signer,
    algorithm: Algorithm,
    timestamp: String,
    scope: String,
    previous: String,
}

impl ChunkKey {
    /// For the body of a request that [`super::verify`] has accepted with `key`.
    #[must_use]
    pub fn new(auth: &Authorization, key: &Key) -> Self {
        Self::from(&Seed::of(auth, key))
    }

    /// Checks the signature of the next chunk, whose SHA-256 is `hash`.
    pub(crate) fn accept_chunk(&mut self, hash: &[u8], signature: &str) -> bool {
        let text = self.chunk_text(hash);
        self.accept(&text, signature)
    }

    /// Checks the signature of the trailer, given in canonical form: `name:value\n` for each.
    pub(crate) fn accept_trailer(&mut self, trailer: &[u8], signature: &str) -> bool {
        let text = self.trailer_text(trailer);
        self.accept(&text, signature)
    }

    /// Signs the next chunk; ECDSA's signatures are padded to one length.
    pub(crate) fn sign_chunk(&mut self, data: &[u8]) -> String {
        let text = self.chunk_text(&Sha256::digest(data));
        self.sign(&text)
    }

    /// Signs the trailer, given in canonical form.
    pub(crate) fn sign_trailer(&mut self, trailer: &[u8]) -> String {
        let text = self.trailer_text(trailer);
        self.sign(&text)
    }

    fn chunk_text(&self, hash: &[u8]) -> String {
        format!(
            "{}-PAYLOAD\n{}\n{}\n{}\n{EMPTY_SHA256}\n{}",
            self.algorithm.as_str(),
            self.timestamp,
            self.scope,
            self.previous,
            hex::encode(hash)
        )
    }

    fn trailer_text(&self, trailer: &[u8]) -> String {
        format!(
            "{}-TRAILER\n{}\n{}\n{}\n{}",
            self.algorithm.as_str(),
            self.timestamp,
            self.scope,
            self.previous,
            hex::encode(Sha256::digest(trailer))
        )
    }

    fn accept(&mut self, text: &str, signature: &str) -> bool {
        let signature = signature.trim_end_matches('*');
        let good = self.signer.accepts(text.as_bytes(), signature);
        signature.clone_into(&mut self.previous);
        good
    }

    fn sign(&mut self, text: &str) -> String {
        self.previous = self.signer.sign(text.as_bytes());
        match self.algorithm {
            Algorithm::Hmac => self.previous.clone(),
            Algorithm::Ecdsa => format!("{:*<LONGEST_ECDSA$}", self.previous),
        }
    }
}

impl From<&Seed> for ChunkKey {
    fn from(seed: &Seed) -> Self {
        Self {
            signer: seed.signer(seed.timestamp.get(..8).unwrap_or_default()),
            algorithm: seed.algorithm,
            timestamp: seed.timestamp.clone(),
            scope: seed.scope.clone(),
            previous: seed.signature.clone(),
        }
    }
}

/// The running state of a stream of signed event messages. Each carries its own time, which also is its scope's day.
pub struct EventKey {
    seed: Seed,
    signer: Option<(String, Signer)>,
    previous: String,
}

impl EventKey {
    /// Checks a message: `at` is its time in seconds since the Unix epoch, `date` its encoded `:date` header, `payload`
    /// the message inside.
    pub(crate) fn accept(&mut self, at: u64, date: &[u8], payload: &[u8], signature: &[u8]) -> bool {
        let text = self.text(at, date, payload);
        let signature = hex::encode(signature);
        let good = self.signer(at).accepts(text.as_bytes(), &signature);
        self.previous = signature;
        good
    }

    /// Signs a message made at `at`.
    pub(crate) fn sign(&mut self, at: u64, date: &[u8], payload: &[u8]) -> Vec<u8> {
        let text = self.text(at, date, payload);
        self.previous = self.signer(at).sign(text.as_bytes());
        hex::decode(&self.previous).unwrap_or_default()
    }

    fn signer(&mut self, at: u64) -> &Signer {
        let day = date::format(at).get(..8).unwrap_or_default().to_owned();
        let seed = &self.seed;
        if self.signer.as_ref().is_some_and(|(known, _)| *known != day) {
            self.signer = None;
        }
        &self
            .signer
            .get_or_insert_with(|| {
                let signer = seed.signer(&day);
                (day, signer)
            })
            .1
    }

    fn text(&self, at: u64, date: &[u8], payload: &[u8]) -> String {
        let time = date::format(at);
        let day = time.get(..8).unwrap_or_default();
        let scope = self.seed.scope.split_once('/').map_or("", |(_, rest)| rest);
        format!(
            "{}-PAYLOAD\n{time}\n{day}/{scope}\n{}\n{}\n{}",
            self.seed.algorithm.as_str(),
            self.previous,
            hex::encode(Sha256::digest(date)),
            hex::encode(Sha256::digest(payload))
        )
    }
}

impl From<Seed> for EventKey {
    fn from(seed: Seed) -> Self {
        let previous = seed.signature.clone();
        Self { seed, signer: None, previous }
    }
}
