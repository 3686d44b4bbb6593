//! Assertions that have been taken, by digest, until they no longer hold: none is taken twice.

use std::path::Path;

use sha2::Digest;
use sha2::Sha256;

use crate::error::Result;
use crate::identity::private;
use crate::identity::saml::refusal::Checked;
use crate::identity::saml::refusal::refuse;
use crate::identity::saml::response::SKEW;

/// Beside the logins; no login can have this name.
const FILE: &str = ".saml";

/// Bytes of the file: it keeps minutes, not days. One that is larger is refused, and so is every login then.
const BYTES: u64 = 1024 * 1024;

/// Notes an assertion in `folder`, where logins are kept; refused: it has been noted before.
pub(super) fn note(folder: &Path, issuer: &str, id: &str, expires: u64, now: u64) -> Result<Checked<()>> {
    let path = folder.join(FILE);
    let _lock = private::lock(&folder.join(".saml.lock"))?;
    let known = private::read(&path, BYTES)?;
    let known = known.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let digest = hex::encode(Sha256::digest(format!("{}:{issuer}{id}", issuer.len())));
    let mut kept = String::new();
    for line in known.lines() {
        let Some((end, noted)) = line.split_once(' ') else { continue };
        if noted == digest {
            return Ok(refuse("it has been taken before"));
        }
        if end.parse::<u64>().is_ok_and(|end| now <= end) {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    // As long as it could still be taken.
    kept.push_str(&format!("{} {digest}\n", expires.saturating_add(SKEW)));
    private::replace(&path, kept.as_bytes())?;
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_assertion_is_taken_once_until_it_has_ended() {
        let dir = tempfile::tempdir().unwrap();
        let note = |issuer: &str, id: &str, now: u64| note(dir.path(), issuer, id, 1_300, now).unwrap();
        assert!(note("idp", "_1", 1_000).is_ok());
        assert_eq!(note("idp", "_1", 1_001).unwrap_err().why, "it has been taken before");
        assert!(note("idp", "_2", 1_001).is_ok() && note("id", "p_1", 1_001).is_ok(), "others are others");
        assert!(note("idp", "_1", 1_360).is_err());
        assert!(note("idp", "_3", 1_361).is_ok());
        let left = fs::read_to_string(dir.path().join(FILE)).unwrap();
        assert_eq!(left.lines().count(), 1, "those that have ended are forgotten: {left}");
        assert!(!left.contains("_3"));
    }
}
