//! Signatures of webhooks, as the Standard Webhooks specification has them (standardwebhooks.com, 1.0.0): libraries for a
//! dozen languages check them.
//!
//! `webhook-signature: v1,BASE64(HMAC-SHA256(key, ID + "." + TIMESTAMP + "." + BODY))`. The time and the id are signed with
//! the body: a receiver that refuses old times and ids that it has seen cannot be made to hear the same thing twice.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use crate::types::Secret;

/// What a secret in the specification's own form begins with; base64 follows.
const PREFIX: &str = "whsec_";

/// Bytes that a key must have at least: shorter ones can be guessed.
const LEAST_BYTES: usize = 24;

/// Signs what is sent.
#[derive(Clone)]
pub(super) struct Signer(hmac::Key);

impl Signer {
    /// With `secret`: `whsec_` and base64, or any other text, which counts letter by letter.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence without a full stop.
    pub(super) fn new(secret: &Secret) -> Result<Self, String> {
        let text = secret.expose().trim();
        let key = match text.strip_prefix(PREFIX) {
            Some(encoded) => {
                STANDARD.decode(encoded).map_err(|_| format!("after {PREFIX} comes no base64"))?
            }
            None => text.as_bytes().to_vec(),
        };
        let key = zeroize::Zeroizing::new(key);
        if key.len() < LEAST_BYTES {
            return Err(format!("it has {} bytes, and a key needs {LEAST_BYTES}", key.len()));
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    /// The value of `webhook-signature` for a body that is sent as `id` at `timestamp` (seconds since the Unix epoch).
    pub(super) fn sign(&self, id: &str, timestamp: u64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_specification() {
        // The example of the specification's reference libraries.
        let signer = Signer::new(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).unwrap();
        let signature =
            signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_a_text_or_base64_and_long_enough() {
        let plain = Signer::new(&Secret::new("0123456789abcdef0123456789\n")).unwrap();
        let encoded = Signer::new(&Secret::new("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODk=")).unwrap();
        assert_eq!(plain.sign("a", 1, b"b"), encoded.sign("a", 1, b"b"));
        assert_ne!(plain.sign("a", 1, b"b"), plain.sign("a", 2, b"b"));
        for wrong in ["", "short", "whsec_", "whsec_???", "whsec_MDEy"] {
            assert!(Signer::new(&Secret::new(wrong)).is_err(), "{wrong}");
        }
    }
}
