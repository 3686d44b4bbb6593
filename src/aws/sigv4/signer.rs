//! The two ways to sign a text: HMAC with a key for one day, region and service, or ECDSA with one key for all of them.
//!
//! Source of the ECDSA key's derivation: NIST SP 800-108 (counter mode) as AWS's own libraries use it,
//! <https://github.com/awslabs/aws-c-auth/blob/main/source/key_derivation.c>.

use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use p256::ecdsa::DerSignature;
use p256::ecdsa::Signature;
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::signature::Verifier as _;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Algorithm;
use super::Key;

/// An ECDSA signature in DER has at most 72 bytes; in chunk headers it is padded to as many hexadecimal digits.
pub(super) const LONGEST_ECDSA: usize = 144;

/// The order of P-256's group, minus two; big-endian.
const ORDER_MINUS_TWO: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x4f,
];

/// A derived key.
pub(super) enum Signer {
    /// SigV4.
    Hmac(Zeroizing<[u8; 32]>),
    /// SigV4a; wiped when dropped.
    Ecdsa(Box<SigningKey>),
    /// No key could be derived: signs nothing and accepts nothing.
    Nobody,
}

impl Signer {
    /// Derives the key; `day` (`20150830`), `region` and `service` count for SigV4 only.
    pub fn derive(algorithm: Algorithm, key: &Key, day: &str, region: &str, service: &str) -> Self {
        match algorithm {
            Algorithm::Hmac => Self::Hmac(signing_key(key, day, region, service)),
            Algorithm::Ecdsa => ecdsa_key(key).map_or(Self::Nobody, |signing| Self::Ecdsa(Box::new(signing))),
        }
    }

    /// The signature of `text`, in lower-case hexadecimal.
    pub fn sign(&self, text: &[u8]) -> String {
        match self {
            Self::Hmac(key) => hex::encode(hmac(&**key, text)),
            Self::Ecdsa(key) => {
                let signature: Signature = key.sign(text);
                hex::encode(signature.to_der().as_bytes())
            }
            Self::Nobody => String::new(),
        }
    }

    /// Whether `signature`, in hexadecimal, is this key's for `text`.
    pub fn accepts(&self, text: &[u8], signature: &str) -> bool {
        match self {
            Self::Hmac(key) => {
                bool::from(hex::encode(hmac(&**key, text)).as_bytes().ct_eq(signature.as_bytes()))
            }
            Self::Ecdsa(key) => {
                let Ok(bytes) = hex::decode(signature) else { return false };
                let Ok(signature) = DerSignature::from_bytes(&bytes) else { return false };
                key.verifying_key().verify(text, &signature).is_ok()
            }
            Self::Nobody => false,
        }
    }
}

/// Derives SigV4's key of one day, region and service.
pub(super) fn signing_key(key: &Key, day: &str, region: &str, service: &str) -> Zeroizing<[u8; 32]> {
    let start = Zeroizing::new(format!("AWS4{}", key.secret.expose()));
    let day = hmac(start.as_bytes(), day.as_bytes());
    let region = hmac(&*day, region.as_bytes());
    let service = hmac(&*region, service.as_bytes());
    hmac(&*service, b"aws4_request")
}

/// Derives SigV4a's key. A candidate that is no scalar of the curve gives way to the next one; the odds are 2⁻³².
pub(super) fn ecdsa_key(key: &Key) -> Option<SigningKey> {
    let start = Zeroizing::new(format!("AWS4A{}", key.secret.expose()));
    for counter in 1..=254_u8 {
        let mut input = 1_u32.to_be_bytes().to_vec();
        input.extend_from_slice(Algorithm::Ecdsa.as_str().as_bytes());
        input.push(0);
        input.extend_from_slice(key.access_key_id.as_bytes());
        input.push(counter);
        input.extend_from_slice(&256_u32.to_be_bytes());
        let mut candidate = hmac(start.as_bytes(), &input);
        if *candidate <= ORDER_MINUS_TWO {
            // One more, so that zero is none.
            for byte in candidate.iter_mut().rev() {
                let (sum, carry) = byte.overflowing_add(1);
                *byte = sum;
                if !carry {
                    break;
                }
            }
            return SigningKey::from_slice(&*candidate).ok();
        }
    }
    None
}

/// HMAC-SHA256.
pub(super) fn hmac(key: &[u8], text: &[u8]) -> Zeroizing<[u8; 32]> {
    // HMAC takes a key of any length: the error cannot happen, and an all-zero result would match nothing.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Zeroizing::new([0; 32]) };
    mac.update(text);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Secret;

    /// The example of aws-c-auth's own tests.
    #[test]
    fn the_published_key_is_derived() {
        let key = Key {
            access_key_id: "AKISORANDOMAASORANDOM".to_owned(),
            secret: Secret::new("q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom"),
            token: None,
        };
        let signing = ecdsa_key(&key).unwrap();
        let point = signing.verifying_key().to_sec1_point(false);
        assert_eq!(
            (hex::encode(point.x().unwrap()), hex::encode(point.y().unwrap())),
            (
                "15d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb".to_owned(),
                "0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0".to_owned()
            )
        );
    }

    #[test]
    fn an_altered_text_or_signature_is_refused() {
        let key = Key { access_key_id: "AKID".to_owned(), secret: Secret::new("secret"), token: None };
        for algorithm in [Algorithm::Hmac, Algorithm::Ecdsa] {
            let signer = Signer::derive(algorithm, &key, "20150830", "eu-west-1", "s3");
            let signature = signer.sign(b"text");
            assert!(signer.accepts(b"text", &signature));
            assert!(!signer.accepts(b"texts", &signature));
            assert!(!signer.accepts(b"text", &signature[2..]));
            assert!(!signer.accepts(b"text", "zz"));
        }
        assert!(!Signer::Nobody.accepts(b"", ""));
    }
}
