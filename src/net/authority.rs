//! The session's own certificate authority: trusted by the child alone, its key never leaves this memory.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertifiedIssuer;
use rcgen::DistinguishedName;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::IsCa;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;
use rcgen::PublicKeyData;
use rcgen::SignatureAlgorithm;
use ring::rand::SystemRandom;
use ring::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
use ring::signature::EcdsaKeyPair;
use ring::signature::KeyPair as _;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::PrivatePkcs8KeyDer;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;

/// Hosts whose certificates are kept; a session that talks to more starts over.
const LEAF_CACHE_HOSTS: usize = 512;

/// Longer than any session, shorter than the 398 days some clients accept at most.
const VALID_DAYS: i64 = 365;

/// Signs certificates for AWS hosts, so that the gateway can open the child's TLS.
pub struct Authority {
    issuer: CertifiedIssuer<'static, AuthorityKey>,
    validity: Validity,
    leafs: Mutex<Leafs>,
}

impl Authority {
    /// Makes a new authority, valid from a day before `unix_seconds` for a year.
    ///
    /// The key comes from ring, because the first random number of aws-lc takes 20 ms (it gathers its own entropy),
    /// which a session without AWS calls must not pay.
    pub fn new(unix_seconds: u64) -> Result<Self> {
        let validity = Validity::from(unix_seconds)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = named("hoop session authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        validity.apply(&mut params);
        let issuer = CertifiedIssuer::self_signed(params, AuthorityKey::generate()?).map_err(broken)?;
        Ok(Self { issuer, validity, leafs: Mutex::default() })
    }

    /// The authority's certificate, as the child's trust store wants it.
    #[must_use]
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// How to accept TLS as `host` (a DNS name or an IP address): HTTP/2 and HTTP/1.1, a certificate made on
    /// first use.
    pub fn server_config(&self, host: &str) -> Result<Arc<ServerConfig>> {
        let mut leafs = self.leafs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = leafs.configs.get(host) {
            return Ok(config.clone());
        }
        let config = Arc::new(self.issue(host, leafs.key()?)?);
        if leafs.configs.len() >= LEAF_CACHE_HOSTS {
            leafs.configs.clear();
        }
        leafs.configs.insert(host.to_owned(), config.clone());
        Ok(config)
    }

    fn issue(&self, host: &str, key: &KeyPair) -> Result<ServerConfig> {
        let mut params = CertificateParams::new(vec![host.to_owned()]).map_err(broken)?;
        // A common name holds 64 characters at most; the subject alternative name is what counts.
        params.distinguished_name = named(host.get(..64).unwrap_or(host));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        self.validity.apply(&mut params);
        let leaf = params.signed_by(key, &*self.issuer).map_err(broken)?;
        let chain = vec![leaf.der().clone(), self.issuer.der().clone()];
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(broken)?
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .map_err(broken)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority")
    }
}

/// One key for all hosts of the session, and what was made with it.
#[derive(Default)]
struct Leafs {
    key: Option<KeyPair>,
    configs: HashMap<String, Arc<ServerConfig>>,
}

impl Leafs {
    fn key(&mut self) -> Result<&KeyPair> {
        if self.key.is_none() {
            self.key = Some(KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(broken)?);
        }
        self.key.as_ref().ok_or_else(|| Error::new(Kind::System, "cannot make a certificate key"))
    }
}

/// First and last day of every certificate of the session.
struct Validity {
    first: (i32, u8, u8),
    last: (i32, u8, u8),
}

impl Validity {
    fn from(unix_seconds: u64) -> Result<Self> {
        let day = |offset: i64| {
            let seconds = i64::try_from(unix_seconds).unwrap_or(i64::MAX).saturating_add(offset * 86_400);
            let date = jiff::Timestamp::from_second(seconds)
                .map_err(broken)?
                .to_zoned(jiff::tz::TimeZone::UTC)
                .date();
            let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
            Ok::<_, Error>((i32::from(date.year()), month, day))
        };
        Ok(Self { first: day(-1)?, last: day(VALID_DAYS)? })
    }

    fn apply(&self, params: &mut CertificateParams) {
        let (year, month, day) = self.first;
        params.not_before = rcgen::date_time_ymd(year, month, day);
        let (year, month, day) = self.last;
        params.not_after = rcgen::date_time_ymd(year, month, day);
    }
}

/// A P-256 key, which every TLS client knows.
struct AuthorityKey(EcdsaKeyPair);

impl AuthorityKey {
    fn generate() -> Result<Self> {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(broken)?;
        EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).map(Self).map_err(broken)
    }
}

impl PublicKeyData for AuthorityKey {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for AuthorityKey {
    fn sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, rcgen::Error> {
        let signature =
            self.0.sign(&SystemRandom::new(), message).map_err(|_| rcgen::Error::RemoteKeyError)?;
        Ok(signature.as_ref().to_vec())
    }
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn broken(cause: impl fmt::Display) -> Error {
    Error::new(Kind::System, "cannot make the session's certificates").why(cause.to_string())
}

#[cfg(test)]
mod tests {
    use rustls::ClientConfig;
    use rustls::ClientConnection;
    use rustls::RootCertStore;
    use rustls::ServerConnection;
    use rustls::pki_types::ServerName;

    use super::*;

    const NOW: u64 = 1_763_700_000;

    fn shake_hands(authority: &Authority, host: &str, trusted: &Authority) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.issuer.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut server = ServerConnection::new(authority.server_config(host).unwrap()).unwrap();
        for _ in 0..8 {
            let mut wire = Vec::new();
            client.write_tls(&mut wire).unwrap();
            let mut wire = &wire[..];
            while !wire.is_empty() {
                server.read_tls(&mut wire).unwrap();
                if server.process_new_packets().is_err() {
                    return false;
                }
            }
            let mut wire = Vec::new();
            server.write_tls(&mut wire).unwrap();
            let mut wire = &wire[..];
            while !wire.is_empty() {
                client.read_tls(&mut wire).unwrap();
                if client.process_new_packets().is_err() {
                    return false;
                }
            }
        }
        !client.is_handshaking() && !server.is_handshaking()
    }

    #[test]
    fn a_client_that_trusts_the_authority_accepts_its_hosts() {
        let authority = Authority::new(crate::clock::Clock::system().unix_seconds()).unwrap();
        assert!(shake_hands(&authority, "sts.eu-central-1.amazonaws.com", &authority));
        assert!(shake_hands(&authority, "127.0.0.1", &authority));
    }

    #[test]
    fn another_session_does_not_trust_it() {
        let now = crate::clock::Clock::system().unix_seconds();
        let (ours, theirs) = (Authority::new(now).unwrap(), Authority::new(now).unwrap());
        assert!(!shake_hands(&ours, "s3.amazonaws.com", &theirs));
    }

    #[test]
    fn a_host_is_given_one_certificate() {
        let authority = Authority::new(NOW).unwrap();
        let first = authority.server_config("s3.amazonaws.com").unwrap();
        assert!(Arc::ptr_eq(&first, &authority.server_config("s3.amazonaws.com").unwrap()));
    }
}
