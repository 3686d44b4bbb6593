//! The key the child is given: it looks like any temporary AWS key, and opens nothing but this gateway.

use crate::aws::key_id;
use crate::aws::sigv4::Key;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::types::Secret;

/// Letters and digits of access key ids.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Letters, digits and signs of secrets and tokens.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const SECRET_CHARACTERS: usize = 40;

/// How every session token of STS begins.
const TOKEN_START: &str = "IQoJb3JpZ2luX2Vj";

/// Random characters of a token; STS gives from 300 to over 1,000.
const TOKEN_CHARACTERS: usize = 340;

/// Makes a key: `ASIA` and 16 letters (the last 8 for an identity and the number of a command), a secret of 40, a session token. 240
/// random bits are secret.
pub fn generate() -> Result<Key> {
    let mut random = zeroize::Zeroizing::new([0; 16 + SECRET_CHARACTERS + TOKEN_CHARACTERS]);
    getrandom::fill(random.as_mut_slice())
        .map_err(|cause| Error::new(Kind::System, "no random numbers").why(cause.to_string()))?;
    let (id, rest) = random.split_at(16);
    let (secret, token) = rest.split_at(SECRET_CHARACTERS);
    Ok(Key {
        // The session's own identity, and number 0: each command gets the number of its own in there.
        access_key_id: key_id::of_identity(
            &key_id::numbered(&format!("ASIA{}", spelled(id, BASE32)), 0),
            "ASIA",
            0,
        ),
        secret: Secret::new(spelled(secret, BASE64)),
        token: Some(Secret::new(format!("{TOKEN_START}{}", spelled(token, BASE64)))),
    })
}

fn spelled(random: &[u8], alphabet: &[u8]) -> String {
    // Both alphabets are powers of two: every letter is as likely as every other.
    random.iter().map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()])).collect()
}

/// Twelve random letters and digits, for names that must be fresh.
pub fn fresh_name() -> Result<String> {
    let mut random = [0; 12];
    getrandom::fill(&mut random)
        .map_err(|cause| Error::new(Kind::System, "no random numbers").why(cause.to_string()))?;
    Ok(spelled(&random, BASE32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_looks_like_a_temporary_key() {
        let key = generate().unwrap();
        assert!(key.access_key_id.starts_with("ASIA") && key.access_key_id.len() == 20);
        assert_eq!(key.secret.expose().len(), 40);
        assert!(key.token.unwrap().expose().starts_with(TOKEN_START));
        assert_eq!(key_id::number(&key.access_key_id, &key.access_key_id), Some(0));
        assert_eq!(key_id::identity(&key.access_key_id, &key.access_key_id), Some(0));
        assert_ne!(key.access_key_id, generate().unwrap().access_key_id);
    }
}
