//! A provider's metadata: what it is called, where it signs people in, and which certificates it signs with.
//!
//! It is believed because of where it comes from: a file that somebody has chosen, or an https address. Certificates are
//! taken as keys and nothing more: neither who issued them nor when they end says anything (SAML metadata interoperability
//! profile, section 2.6.1).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use uppsala::Document;
use uppsala::NodeId;

use crate::identity::saml::instant::instant;
use crate::identity::saml::refusal::Checked;
use crate::identity::saml::refusal::refuse;
use crate::identity::saml::refusal::refuse_and;
use crate::identity::saml::refusal::shown;
use crate::identity::saml::signature::Certificates;
use crate::identity::saml::xml;
use crate::identity::saml::xml::METADATA;
use crate::identity::saml::xml::PROTOCOL;
use crate::identity::saml::xml::SIGNATURE;
use crate::types::is_loopback;

/// Bytes of a document: a provider's own has 2 to 100 KiB. That of a whole federation is too large on purpose.
pub(super) const BYTES: usize = 1024 * 1024;

/// Characters of an address.
const ADDRESS: usize = 4_096;

const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";

/// A provider as its metadata has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    pub entity_id: String,
    /// Where requests go, by redirect.
    pub sign_on: String,
    pub certificates: Certificates,
    /// What is to be said of it.
    pub remarks: Vec<String>,
}

/// Reads metadata of one provider; `now` in seconds since the Unix epoch.
pub(super) fn read(text: &str, now: u64) -> Checked<Metadata> {
    if text.len() > BYTES {
        return refuse_and("it is larger than 1 MiB", "take the metadata of your provider alone");
    }
    let document = xml::parse(text.strip_prefix('\u{feff}').unwrap_or(text))?;
    let Some(root) = document.document_element() else { return refuse("it is empty") };
    let entity = entity(&document, root)?;
    let role = xml::named(&document, entity, METADATA, "IDPSSODescriptor").into_iter().find(|role| {
        let spoken = xml::attribute(&document, *role, "protocolSupportEnumeration").unwrap_or_default();
        spoken.split_ascii_whitespace().any(|protocol| protocol == PROTOCOL)
    });
    let Some(role) = role else {
        return refuse("it is not that of a SAML 2.0 identity provider: it has no <IDPSSODescriptor> for it");
    };
    for node in [root, entity, role] {
        if let Some(end) = instant(&document, node, "validUntil")? {
            end.check_lasting(now, "its time ended")?;
        }
    }
    let entity_id = xml::attribute(&document, entity, "entityID").unwrap_or_default();
    if entity_id.is_empty() || entity_id.len() > 1_024 {
        return refuse("it has no entityID, or one that is too long");
    }
    let mut remarks = Vec::new();
    let certificates = certificates(&document, role, &mut remarks)?;
    if xml::attribute(&document, role, "WantAuthnRequestsSigned") == Some("true") {
        remarks.push("the provider wants signed requests, and hoop does not sign them".to_owned());
    }
    let sign_on = sign_on(&document, role)?;
    Ok(Metadata { entity_id: entity_id.to_owned(), sign_on, certificates, remarks })
}

fn entity(document: &Document<'_>, root: NodeId) -> Checked<NodeId> {
    if xml::is(document, root, METADATA, "EntityDescriptor") {
        return Ok(root);
    }
    if !xml::is(document, root, METADATA, "EntitiesDescriptor") {
        return refuse("it is not SAML metadata: it has no <EntityDescriptor>");
    }
    let entities = xml::named(document, root, METADATA, "EntityDescriptor").into_iter();
    let providers =
        entities.filter(|entity| !xml::named(document, *entity, METADATA, "IDPSSODescriptor").is_empty());
    match providers.collect::<Vec<NodeId>>().as_slice() {
        [one] => Ok(*one),
        several => refuse_and(
            format!("it is that of {} identity providers", several.len()),
            "take the metadata of your provider alone",
        ),
    }
}

fn certificates(document: &Document<'_>, role: NodeId, remarks: &mut Vec<String>) -> Checked<Certificates> {
    let mut certificates = Certificates::default();
    let mut unusable = 0;
    for key in xml::named(document, role, METADATA, "KeyDescriptor") {
        if !matches!(xml::attribute(document, key, "use"), None | Some("signing")) {
            continue;
        }
        for info in xml::named(document, key, SIGNATURE, "KeyInfo") {
            for data in xml::named(document, info, SIGNATURE, "X509Data") {
                for certificate in xml::named(document, data, SIGNATURE, "X509Certificate") {
                    let text = xml::text(document, certificate)?;
                    let packed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
                    let is_added = STANDARD.decode(packed).is_ok_and(|der| certificates.add(der));
                    unusable += usize::from(!is_added);
                }
            }
        }
    }
    if unusable > 0 {
        remarks.push(format!("{unusable} of the provider's signing certificates cannot be used"));
    }
    if certificates.len() == 0 {
        return refuse("it has no signing certificate that can be used");
    }
    Ok(certificates)
}

fn sign_on(document: &Document<'_>, role: NodeId) -> Checked<String> {
    let services = xml::named(document, role, METADATA, "SingleSignOnService");
    let redirect =
        services.iter().find(|service| xml::attribute(document, **service, "Binding") == Some(REDIRECT));
    let Some(redirect) = redirect else {
        return refuse_and(
            "it has no <SingleSignOnService> for HTTP-Redirect",
            "switch that binding on at the provider",
        );
    };
    let location = xml::attribute(document, *redirect, "Location").unwrap_or_default();
    let uri = location.parse::<Uri>().ok().filter(|_| location.len() <= ADDRESS && !location.contains('#'));
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    match uri.as_ref().and_then(Uri::scheme_str) {
        Some("https") => Ok(location.to_owned()),
        Some("http") if is_loopback(host) => Ok(location.to_owned()),
        _ => refuse(format!("its sign-on address is {}, which is no https address", shown(location))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::saml::forge::NOON;
    use crate::identity::saml::forge::provider;
    use crate::identity::saml::forge::stranger;

    fn key(der: &[u8], usage: &str) -> String {
        let text = STANDARD.encode(der);
        format!(
            "<md:KeyDescriptor{usage}><ds:KeyInfo xmlns:ds=\"{SIGNATURE}\"><ds:X509Data><ds:X509Certificate>\n{text}\n\
             </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        )
    }

    fn entity(attributes: &str, keys: &str, location: &str) -> String {
        format!(
            "<md:EntityDescriptor xmlns:md=\"{METADATA}\" entityID=\"https://idp.example.com\" {attributes}>\
             <md:IDPSSODescriptor protocolSupportEnumeration=\"{PROTOCOL}\">{keys}<md:SingleSignOnService \
             Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://idp.example.com/post\"/>\
             <md:SingleSignOnService Binding=\"{REDIRECT}\" Location=\"{location}\"/></md:IDPSSODescriptor>\
             </md:EntityDescriptor>"
        )
    }

    const SSO: &str = "https://idp.example.com/sso?tenant=1&amp;x=y";

    fn good() -> String {
        key(&provider().certificate, " use=\"signing\"")
    }

    #[test]
    fn name_address_and_every_signing_certificate_are_read() {
        let keys = format!(
            "{}{}{}",
            good(),
            key(&stranger().certificate, ""),
            key(b"not a certificate", " use=\"encryption\"")
        );
        let metadata = read(&entity("validUntil=\"2026-11-22T00:00:00Z\"", &keys, SSO), NOON).unwrap();
        assert_eq!(metadata.entity_id, "https://idp.example.com");
        assert_eq!(metadata.sign_on, "https://idp.example.com/sso?tenant=1&x=y");
        assert_eq!((metadata.certificates.len(), metadata.remarks.len()), (2, 0));
        let whole = format!(
            "<md:EntitiesDescriptor xmlns:md=\"{METADATA}\">{}</md:EntitiesDescriptor>",
            entity("", &good(), SSO)
        );
        assert!(read(&whole, NOON).is_ok());
    }

    #[test]
    fn what_cannot_be_relied_on_is_refused() {
        let two = format!(
            "<md:EntitiesDescriptor xmlns:md=\"{METADATA}\">{0}{0}</md:EntitiesDescriptor>",
            entity("", &good(), SSO)
        );
        let cases = [
            (entity("validUntil=\"2026-11-20T00:00:00Z\"", &good(), SSO), "its time ended at 2026-11-20"),
            (entity("", &key(&provider().certificate, " use=\"encryption\""), SSO), "no signing certificate"),
            (entity("", &key(b"junk", ""), SSO), "no signing certificate"),
            (entity("", &good(), "http://idp.example.com/sso"), "no https address"),
            (entity("", &good(), "javascript:alert(1)"), "no https address"),
            (entity("", &good(), SSO).replace(REDIRECT, "urn:x"), "for HTTP-Redirect"),
            (entity("", &good(), SSO).replace("IDPSSO", "SPSSO"), "not that of a SAML 2.0 identity provider"),
            (two, "that of 2 identity providers"),
            ("<html/>".to_owned(), "not SAML metadata"),
            ("{}".to_owned(), "not XML"),
            (" ".repeat(BYTES + 1), "larger than 1 MiB"),
        ];
        for (text, part) in cases {
            let why = read(&text, NOON).unwrap_err().why;
            assert!(why.contains(part), "{part}: {why}");
        }
        let local = entity("", &good(), "http://127.0.0.1:7021/sso");
        assert_eq!(read(&local, NOON).unwrap().sign_on, "http://127.0.0.1:7021/sso");
    }
}
