//! Encryption of logins at rest: AES-256-GCM, with a key that is made of a random file and of this machine.
//!
//! It protects a copy of the home folder (a backup, a synchronised or lent disk) that lacks the key file or this
//! machine's `/etc/machine-id`. It does not protect from programs of the same user on this machine, nor from root: those
//! can read what hoop reads.

use ring::aead::AES_256_GCM;
use ring::aead::Aad;
use ring::aead::LessSafeKey;
use ring::aead::NONCE_LEN;
use ring::aead::Nonce;
use ring::aead::UnboundKey;
use ring::hkdf::HKDF_SHA256;
use ring::hkdf::Salt;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;

/// Bytes of the key.
pub(super) const KEY_BYTES: usize = 32;

/// What a sealed file begins with.
const MAGIC: &[u8] = b"hoop login 1\n";

/// A key for sealing.
pub(super) struct Sealer(LessSafeKey);

impl Sealer {
    /// The key made of `secret` (random) and `machine` (this machine and user; not secret).
    pub(super) fn new(secret: &[u8; KEY_BYTES], machine: &str) -> Result<Self> {
        let broken = |_| Error::new(Kind::System, "cannot make the key that logins are sealed with");
        let derived = Salt::new(HKDF_SHA256, machine.as_bytes()).extract(secret);
        let info: [&[u8]; 1] = [b"hoop logins"];
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        derived.expand(&info, HKDF_SHA256).and_then(|made| made.fill(key.as_mut())).map_err(broken)?;
        Ok(Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_ref()).map_err(broken)?)))
    }

    /// Seals `text` as the login called `name`.
    pub(super) fn seal(&self, name: &str, text: &[u8]) -> Result<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce)
            .map_err(|_| Error::new(Kind::System, "the system has no random numbers"))?;
        // Sealed in place: what is left behind must not be the text.
        let mut sealed = Vec::with_capacity(MAGIC.len() + NONCE_LEN + text.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(MAGIC);
        sealed.extend_from_slice(&nonce);
        let start = sealed.len();
        sealed.extend_from_slice(text);
        let tag = self
            .0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(name.as_bytes()),
                sealed.get_mut(start..).unwrap_or_default(),
            )
            .map_err(|_| Error::new(Kind::System, "cannot seal the login"))?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// What was sealed as `name`; `None`: it was not, with this key, or it has been changed.
    pub(super) fn open(&self, name: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, rest) = sealed.strip_prefix(MAGIC)?.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = Zeroizing::new(rest.to_vec());
        let length = self.0.open_in_place(nonce, Aad::from(name.as_bytes()), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_name_and_machine_open_it() {
        let sealer = Sealer::new(&[7; KEY_BYTES], "machine 1000").unwrap();
        let sealed = sealer.seal("corp", b"a token").unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"a token"));
        assert_eq!(sealer.open("corp", &sealed).unwrap().as_slice(), b"a token");
        assert!(sealer.open("other", &sealed).is_none());
        assert!(Sealer::new(&[7; KEY_BYTES], "machine 1001").unwrap().open("corp", &sealed).is_none());
        assert!(Sealer::new(&[8; KEY_BYTES], "machine 1000").unwrap().open("corp", &sealed).is_none());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(sealer.open("corp", &changed).is_none(), "byte {at}");
            assert!(sealer.open("corp", &sealed[..at]).is_none(), "cut at {at}");
        }
    }
}
