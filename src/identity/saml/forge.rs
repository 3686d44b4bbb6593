//! For tests: a provider that says what it is told to, and signs it.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bergshamra_dsig::DsigContext;
use bergshamra_dsig::sign::EnvelopedSignatureOptions;
use bergshamra_dsig::sign::sign_enveloped_document;
use bergshamra_keys::KeysManager;
use bergshamra_keys::loader::load_pem_auto;

use crate::identity::saml::response::Expected;
use crate::identity::saml::signature::Certificates;

pub(super) const ISSUER: &str = "https://idp.example.com/saml";
pub(super) const CONSUMER: &str = "http://127.0.0.1:7466/saml/acs";
pub(super) const AUDIENCE: &str = "urn:amazon:webservices";
pub(super) const REQUEST: &str = "_0123456789abcdef";
/// 2026-11-21T12:00:00Z
pub(super) const NOON: u64 = 1_795_262_400;
pub(super) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
pub(super) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
pub(super) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// A key pair of a provider.
pub(super) struct Keys {
    pub private_pem: String,
    pub certificate: Vec<u8>,
}

/// The provider's key, made once.
pub(super) fn provider() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(Keys::new)
}

/// Somebody else's.
pub(super) fn stranger() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(Keys::new)
}

impl Keys {
    pub(super) fn new() -> Self {
        let key =
            rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
        let params = rcgen::CertificateParams::new(vec!["idp.example.com".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap().der().to_vec();
        Self { private_pem: key.serialize_pem(), certificate }
    }

    pub(super) fn certificates(&self) -> Certificates {
        let mut certificates = Certificates::default();
        assert!(certificates.add(self.certificate.clone()));
        certificates
    }

    /// The metadata of a provider with this key.
    pub(super) fn metadata(&self) -> String {
        format!(
            "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{ISSUER}\"><IDPSSODescriptor \
             protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><KeyDescriptor><KeyInfo \
             xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data><X509Certificate>{}</X509Certificate></X509Data>\
             </KeyInfo></KeyDescriptor><SingleSignOnService \
             Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"https://idp.example.com/sso\"/>\
             </IDPSSODescriptor></EntityDescriptor>\n",
            STANDARD.encode(&self.certificate)
        )
    }

    /// Signs the document element by its ID.
    pub(super) fn sign(&self, xml: &str) -> String {
        self.sign_as(xml, RSA_SHA256, SHA256, EXCLUSIVE)
    }

    pub(super) fn sign_as(&self, xml: &str, method: &str, digest: &str, canonical: &str) -> String {
        let mut keys = KeysManager::new();
        keys.add_key(load_pem_auto(self.private_pem.as_bytes(), None).unwrap());
        sign_with(keys, xml, method, digest, canonical)
    }
}

pub(super) fn sign_with(keys: KeysManager, xml: &str, method: &str, digest: &str, canonical: &str) -> String {
    let mut document = uppsala::parse(xml).unwrap();
    let id = document.get_attribute(document.document_element().unwrap(), "ID").unwrap().to_owned();
    let options = EnvelopedSignatureOptions::new(Some(&id), method, digest, canonical, None);
    sign_enveloped_document(&DsigContext::new(keys), &mut document, options).unwrap();
    document.node_to_xml(document.document_element().unwrap())
}

/// What the provider says.
#[derive(Clone)]
pub(super) struct Said {
    pub id: &'static str,
    pub issuer: String,
    pub name: String,
    pub audience: String,
    pub recipient: String,
    pub destination: String,
    pub request: String,
    pub issued: String,
    pub not_before: String,
    pub ends: String,
    pub status: String,
    pub attributes: String,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            id: "_original",
            issuer: ISSUER.to_owned(),
            name: "ana".to_owned(),
            audience: AUDIENCE.to_owned(),
            recipient: CONSUMER.to_owned(),
            destination: CONSUMER.to_owned(),
            request: REQUEST.to_owned(),
            issued: "2026-11-21T11:59:58Z".to_owned(),
            not_before: "2026-11-21T11:58:00Z".to_owned(),
            ends: "2026-11-21T12:05:00Z".to_owned(),
            status: "urn:oasis:names:tc:SAML:2.0:status:Success".to_owned(),
            attributes: attribute("groups", &["dev", "sre"]),
        }
    }
}

pub(super) fn attribute(name: &str, values: &[&str]) -> String {
    let values: String =
        values.iter().map(|value| format!("<saml:AttributeValue>{value}</saml:AttributeValue>")).collect();
    format!("<saml:Attribute Name=\"{name}\">{values}</saml:Attribute>")
}

impl Said {
    /// The assertion, not signed.
    pub(super) fn assertion(&self) -> String {
        let Self {
            id, issuer, name, audience, recipient, request, issued, not_before, ends, attributes, ..
        } = self;
        format!(
            "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{id}\" Version=\"2.0\" \
             IssueInstant=\"{issued}\"><saml:Issuer>{issuer}</saml:Issuer><saml:Subject><saml:NameID>{name}\
             </saml:NameID><saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
             <saml:SubjectConfirmationData Recipient=\"{recipient}\" InResponseTo=\"{request}\" \
             NotOnOrAfter=\"{ends}\"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions \
             NotBefore=\"{not_before}\" NotOnOrAfter=\"{ends}\"><saml:AudienceRestriction><saml:Audience>{audience}\
             </saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement \
             AuthnInstant=\"{issued}\"><saml:AuthnContext/></saml:AuthnStatement><saml:AttributeStatement>\
             {attributes}</saml:AttributeStatement></saml:Assertion>"
        )
    }

    /// A response around `inside`.
    pub(super) fn response(&self, inside: &str) -> String {
        let Self { issuer, destination, request, issued, status, .. } = self;
        format!(
            "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_response\" Version=\"2.0\" \
             IssueInstant=\"{issued}\" Destination=\"{destination}\" InResponseTo=\"{request}\"><saml:Issuer \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{issuer}</saml:Issuer><samlp:Status>\
             <samlp:StatusCode Value=\"{status}\"/></samlp:Status>{inside}</samlp:Response>"
        )
    }

    /// A response whose assertion is signed.
    pub(super) fn signed_assertion(&self) -> String {
        self.response(&provider().sign(&self.assertion()))
    }

    /// A response that is signed, with an assertion that is not.
    pub(super) fn signed_response(&self) -> String {
        provider().sign(&self.response(&self.assertion()))
    }
}

pub(super) fn expected() -> Expected<'static> {
    Expected { issuer: ISSUER, audience: AUDIENCE, consumer: CONSUMER, request: REQUEST, now: NOON }
}

pub(super) fn base64(xml: &str) -> String {
    STANDARD.encode(xml)
}
