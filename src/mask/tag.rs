//! Tags: the same value gives the same tag within one engine, and says nothing about the value outside it.

use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use sha2::Sha256;
use std::sync::OnceLock;
use zeroize::Zeroizing;

/// The letters of a tag, five bits each.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// What tags are made with; made at the first tag, never stored.
#[derive(Default)]
pub struct Tagger {
    key: OnceLock<Zeroizing<[u8; 32]>>,
}

impl Tagger {
    /// `hoopmask:<kind>:<tag>`, where the tag is 40 bits of a keyed hash of kind and value.
    pub fn mask(&self, kind: &str, value: &[u8]) -> String {
        let key = self.key.get_or_init(|| {
            let mut key = Zeroizing::new([0; 32]);
            // Without random bytes the tag is the same for all values: worse to read, not less safe.
            if getrandom::fill(key.as_mut()).is_err() {
                key.fill(0);
            }
            key
        });
        let usable = key.iter().any(|byte| *byte != 0);
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_ref()) else {
            return format!("hoopmask:{kind}:aaaaaaaa");
        };
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        if usable {
            mac.update(value);
        }
        let hash = mac.finalize().into_bytes();
        let bits = hash.iter().take(5).fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        let tag: String =
            (0..8).rev().map(|place| char::from(LETTERS[(bits >> (5 * place) & 31) as usize])).collect();
        format!("hoopmask:{kind}:{tag}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_stable_in_one_engine_and_different_in_another() {
        let (one, other) = (Tagger::default(), Tagger::default());
        assert_eq!(one.mask("secret", b"x"), one.mask("secret", b"x"));
        assert_ne!(one.mask("secret", b"x"), one.mask("secret", b"y"));
        assert_ne!(one.mask("secret", b"x"), other.mask("secret", b"x"));
        assert_eq!(one.mask("secret", b"x").len(), "hoopmask:secret:".len() + 8);
    }
}
