//! Our request, as an address for the browser (SAML bindings 2.0, section 3.4, HTTP-Redirect).

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use jiff::Timestamp;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use quick_xml::escape::escape;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request to sign somebody in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// What the answer must name: `_` and 128 random bits in hex.
    pub id: String,
    /// What comes back beside the answer, 128 other random bits: it says that the answer belongs to this login before the
    /// answer is looked at.
    pub relay: String,
}

/// What a request says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'w> {
    /// Our entity ID.
    pub entity_id: &'w str,
    /// Where the provider signs people in.
    pub sign_on: &'w str,
    /// Where the answer goes.
    pub consumer: &'w str,
    /// Seconds since the Unix epoch.
    pub now: u64,
}

impl Request {
    /// A new one, with new random numbers.
    pub(super) fn new() -> Result<Self> {
        let random = || -> Result<String> {
            let mut bytes = [0; 16];
            getrandom::fill(&mut bytes)
                .map_err(|_| Error::new(Kind::System, "the system has no random numbers"))?;
            Ok(hex::encode(bytes))
        };
        // An ID is an XML name: it does not begin with a digit.
        Ok(Self { id: format!("_{}", random()?), relay: random()? })
    }

    /// The address to open.
    pub(super) fn address(&self, wanted: &Wanted<'_>) -> Result<String> {
        let broken = |_| Error::new(Kind::System, "the request cannot be packed");
        let mut packer = DeflateEncoder::new(Vec::new(), Compression::best());
        packer.write_all(self.xml(wanted).as_bytes()).map_err(broken)?;
        let packed = STANDARD.encode(packer.finish().map_err(broken)?);
        let sign_on = wanted.sign_on;
        let join = if sign_on.contains('?') { '&' } else { '?' };
        Ok(format!(
            "{sign_on}{join}SAMLRequest={}&RelayState={}",
            utf8_percent_encode(&packed, UNRESERVED),
            self.relay
        ))
    }

    /// No format of the `NameID` is asked for: AD FS and others refuse what they are not set up for. The password is not
    /// asked for again (`ForceAuthn`) where the browser is signed in: whether that is enough is the provider's to say.
    fn xml(&self, wanted: &Wanted<'_>) -> String {
        let seconds = i64::try_from(wanted.now).unwrap_or_default();
        let issued = Timestamp::from_second(seconds).unwrap_or_default();
        format!(
            "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{}\" Version=\"2.0\" IssueInstant=\"{issued}\" \
             Destination=\"{}\" ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
             AssertionConsumerServiceURL=\"{}\"><saml:Issuer>{}</saml:Issuer><samlp:NameIDPolicy \
             AllowCreate=\"true\"/></samlp:AuthnRequest>",
            self.id,
            escape(wanted.sign_on),
            escape(wanted.consumer),
            escape(wanted.entity_id),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::DeflateDecoder;

    use super::*;
    use crate::identity::saml::xml;

    #[test]
    fn the_address_holds_the_request_deflated() {
        let request = Request::new().unwrap();
        assert_ne!(request, Request::new().unwrap());
        let wanted = Wanted {
            entity_id: "urn:amazon:webservices",
            sign_on: "https://idp.example.com/sso?a=1&b=<2>",
            consumer: "http://127.0.0.1:7466/saml/acs",
            now: 1_795_262_400,
        };
        let address = request.address(&wanted).unwrap();
        let query = address.strip_prefix("https://idp.example.com/sso?a=1&b=<2>&SAMLRequest=").unwrap();
        let (packed, relay) = query.split_once("&RelayState=").unwrap();
        assert_eq!((relay, relay.len()), (request.relay.as_str(), 32));
        assert!(packed.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'%'));
        let packed = percent_encoding::percent_decode_str(packed).decode_utf8().unwrap();
        let mut text = String::new();
        DeflateDecoder::new(STANDARD.decode(packed.as_ref()).unwrap().as_slice())
            .read_to_string(&mut text)
            .unwrap();
        let document = xml::parse(&text).unwrap();
        let root = document.document_element().unwrap();
        assert!(xml::is(&document, root, xml::PROTOCOL, "AuthnRequest"));
        let attribute = |name: &str| xml::attribute(&document, root, name).unwrap();
        assert_eq!(attribute("ID"), request.id);
        assert_eq!(attribute("IssueInstant"), "2026-11-21T12:00:00Z");
        assert_eq!(attribute("Destination"), wanted.sign_on);
        assert_eq!(attribute("AssertionConsumerServiceURL"), wanted.consumer);
        let issuer = xml::only(&document, root, xml::ASSERTION, "Issuer").unwrap();
        assert_eq!(xml::text(&document, issuer).unwrap(), "urn:amazon:webservices");
    }
}
