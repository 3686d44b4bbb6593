//! Answers and metadata of SAML providers.

use hoop::identity::saml::examine;

/// The provider's metadata, and an answer that it has signed; nobody has its key any more.
const METADATA: &str = include_str!("../../tests/fixtures/saml/metadata.xml");
const ANSWER: &str = include_str!("../../tests/fixtures/saml/response.xml");

/// 2026-11-21T12:00:00Z, when the answer was given.
const NOON: u64 = 1_795_262_400;

/// Whatever an answer is, it is refused or says what the provider has signed. Whatever metadata is, an answer of another
/// provider's is refused by it.
pub fn saml(data: &[u8]) {
    if let Ok(identity) = examine(METADATA, data, NOON) {
        let signed = examine(METADATA, ANSWER.as_bytes(), NOON).expect("the answer is good");
        assert_eq!(identity, signed, "somebody else");
    }
    if let Ok(metadata) = std::str::from_utf8(data)
        && let Ok(identity) = examine(metadata, ANSWER.as_bytes(), NOON)
    {
        let signed = examine(METADATA, ANSWER.as_bytes(), NOON).expect("the answer is good");
        assert_eq!(identity.subject, signed.subject);
    }
}
