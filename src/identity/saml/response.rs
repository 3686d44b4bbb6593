//! A response of the provider: what is checked before a word of it is believed.
//!
//! Source: SAML core 2.0 and profiles 2.0, section 4.1.4 (web browser SSO).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use uppsala::Document;
use uppsala::NodeId;
use zeroize::Zeroizing;

use crate::identity::saml::assertion::Assertion;
use crate::identity::saml::assertion::attributes;
use crate::identity::saml::instant::Instant;
use crate::identity::saml::instant::instant;
use crate::identity::saml::refusal::Checked;
use crate::identity::saml::refusal::refuse;
use crate::identity::saml::refusal::refuse_and;
use crate::identity::saml::refusal::shown;
use crate::identity::saml::signature::Certificates;
use crate::identity::saml::signature::signed;
use crate::identity::saml::xml;
use crate::identity::saml::xml::ASSERTION;
use crate::identity::saml::xml::PROTOCOL;

/// Characters of base64 that a response may have. STS takes 100,000.
pub(super) const CHARACTERS: usize = 256 * 1024;

/// How far the provider's clock may be off, in seconds.
pub(super) const SKEW: u64 = 60;

/// STS takes an assertion for so long after it was issued, in seconds, whatever it says itself.
const REDEEMED_WITHIN: u64 = 300;

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/// What a response must say.
#[derive(Clone, Debug)]
pub(super) struct Expected<'e> {
    /// The provider's entity ID.
    pub issuer: &'e str,
    /// Ours.
    pub audience: &'e str,
    /// The address it was to be sent to.
    pub consumer: &'e str,
    /// The ID of our request.
    pub request: &'e str,
    /// Seconds since the Unix epoch.
    pub now: u64,
}

/// The XML of a response in base64.
pub(super) fn decode(base64: &str) -> Checked<Zeroizing<String>> {
    if base64.len() > CHARACTERS {
        return refuse(format!("it has more than {CHARACTERS} characters"));
    }
    let packed = base64.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<u8>>();
    let Ok(bytes) = STANDARD.decode(Zeroizing::new(packed)) else { return refuse("it is not base64") };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(_) => refuse("it is not UTF-8"),
    }
}

/// Reads a response in base64. What comes back stands in the one assertion of it, which the provider has signed, by itself
/// or with the whole response.
pub(super) fn read(base64: &str, expected: &Expected<'_>, certificates: &Certificates) -> Checked<Assertion> {
    let text = decode(base64)?;
    let document = xml::parse(&text)?;
    let root = document.document_element().filter(|root| xml::is(&document, *root, PROTOCOL, "Response"));
    let Some(response) = root else { return refuse("it is not a SAML response") };
    check_envelope(&document, response, expected)?;
    let assertion = sole_assertion(&document, response)?;
    let signed = signed(&document, &text, &[response, assertion], certificates)?;
    if signed.is_empty() {
        return refuse_and(
            "neither it nor its assertion is signed",
            "let the provider sign the assertion, or the response, or both",
        );
    }
    check_assertion(&document, assertion, expected)
}

/// The assertion, whose signature has been looked at already or is not needed; of a response that was accepted before.
pub(super) fn sole_assertion(document: &Document<'_>, response: NodeId) -> Checked<NodeId> {
    if !xml::anywhere(document, &["EncryptedAssertion", "EncryptedID", "EncryptedAttribute"]).is_empty() {
        return refuse_and(
            "it is encrypted, and hoop has no key to read it with",
            "switch assertion encryption off for this application: it travels by TLS and on this machine only",
        );
    }
    let assertions = xml::named(document, response, ASSERTION, "Assertion");
    let all = xml::anywhere(document, &["Assertion", "Response"]).len();
    match assertions.as_slice() {
        [] => refuse("it has no assertion"),
        // With the response itself.
        [one] if all == 2 => Ok(*one),
        _ => refuse("it has more than one assertion or response in it"),
    }
}

/// What stands around the assertion. It may not be signed: it can only refuse.
fn check_envelope(document: &Document<'_>, response: NodeId, expected: &Expected<'_>) -> Checked<()> {
    version(document, response)?;
    let status = xml::only(document, response, PROTOCOL, "Status")?;
    let code = xml::only(document, status, PROTOCOL, "StatusCode")?;
    let value = xml::attribute(document, code, "Value").unwrap_or_default();
    if value != SUCCESS {
        let mut why = format!("the provider says {}", shown(last_word(value)));
        if let Some(more) = xml::optional(document, code, PROTOCOL, "StatusCode")? {
            let value = xml::attribute(document, more, "Value").unwrap_or_default();
            why.push_str(&format!(", {}", shown(last_word(value))));
        }
        if let Some(message) = xml::optional(document, status, PROTOCOL, "StatusMessage")? {
            let message = xml::text(document, message)?;
            if !message.is_empty() {
                why.push_str(&format!(": {}", shown(&message)));
            }
        }
        return refuse(why);
    }
    let destination = xml::attribute(document, response, "Destination");
    if let Some(other) = destination.filter(|destination| *destination != expected.consumer) {
        return refuse(format!("its destination is {}, not {}", shown(other), shown(expected.consumer)));
    }
    let answers = xml::attribute(document, response, "InResponseTo");
    if answers.is_some_and(|request| request != expected.request) {
        return refuse("it answers another request than ours");
    }
    if let Some(issuer) = xml::optional(document, response, ASSERTION, "Issuer")? {
        check_issuer(&xml::text(document, issuer)?, expected)?;
    }
    Ok(())
}

fn check_assertion(
    document: &Document<'_>,
    assertion: NodeId,
    expected: &Expected<'_>,
) -> Checked<Assertion> {
    version(document, assertion)?;
    let id = xml::attribute(document, assertion, "ID").unwrap_or_default();
    if id.is_empty() || id.len() > 256 {
        return refuse("its assertion has no ID, or a very long one");
    }
    let issuer = xml::text(document, xml::only(document, assertion, ASSERTION, "Issuer")?)?;
    check_issuer(&issuer, expected)?;
    let Some(issued) = instant(document, assertion, "IssueInstant")? else {
        return refuse("its assertion does not say when it was issued");
    };
    issued.check_begun(expected.now, "it was issued")?;
    let subject = xml::only(document, assertion, ASSERTION, "Subject")?;
    let name = xml::only(document, subject, ASSERTION, "NameID")?;
    let name_id = xml::text(document, name)?;
    if name_id.is_empty() {
        return refuse("its NameID is empty");
    }
    let confirmed = confirmation(document, subject, expected)?;
    let conditions = conditions(document, assertion, expected)?;
    let session = session(document, assertion, expected.now)?;
    let ends = [Some(confirmed), conditions, session].into_iter().flatten().map(|end| end.seconds).min();
    let expires = ends.unwrap_or_default().min(issued.seconds + REDEEMED_WITHIN);
    if expected.now >= expires.saturating_add(SKEW) {
        return refuse_and(
            "it was issued more than five minutes ago, and AWS takes none that is older",
            "sign in again; if it has just been issued, set the clock of this machine right",
        );
    }
    Ok(Assertion {
        id: id.to_owned(),
        issuer,
        name_id,
        name_format: xml::attribute(document, name, "Format").map(str::to_owned),
        attributes: attributes(document, assertion)?,
        expires,
    })
}

fn check_issuer(issuer: &str, expected: &Expected<'_>) -> Checked<()> {
    if issuer == expected.issuer {
        return Ok(());
    }
    refuse_and(
        format!("it is from {}, and the metadata is of {}", shown(issuer), shown(expected.issuer)),
        "if that is the same provider, get its metadata again",
    )
}

/// A bearer confirmation that is meant for us, now, as the answer to our request; gives its end.
fn confirmation(document: &Document<'_>, subject: NodeId, expected: &Expected<'_>) -> Checked<Instant> {
    let mut fault = refuse("its subject has no bearer confirmation");
    for confirmation in xml::named(document, subject, ASSERTION, "SubjectConfirmation") {
        if xml::attribute(document, confirmation, "Method") != Some(BEARER) {
            continue;
        }
        match bearer(document, confirmation, expected) {
            Ok(end) => return Ok(end),
            Err(refusal) => fault = Err(refusal),
        }
    }
    fault
}

fn bearer(document: &Document<'_>, confirmation: NodeId, expected: &Expected<'_>) -> Checked<Instant> {
    let data = xml::only(document, confirmation, ASSERTION, "SubjectConfirmationData")?;
    let recipient = xml::attribute(document, data, "Recipient").unwrap_or_default();
    if recipient != expected.consumer {
        return refuse_and(
            format!("its recipient is {}, not {}", shown(recipient), shown(expected.consumer)),
            format!("let the provider send it to {} (ACS URL, reply URL, recipient)", expected.consumer),
        );
    }
    match xml::attribute(document, data, "InResponseTo") {
        Some(request) if request == expected.request => {}
        Some(_) => return refuse("its assertion answers another request than ours"),
        None => {
            return refuse_and(
                "its assertion answers no request",
                "start at hoopctl login: an assertion that the provider sends by itself is not taken",
            );
        }
    }
    if let Some(begin) = instant(document, data, "NotBefore")? {
        begin.check_begun(expected.now, "its confirmation begins")?;
    }
    let Some(end) = instant(document, data, "NotOnOrAfter")? else {
        return refuse("its confirmation does not say when it ends");
    };
    end.check_lasting(expected.now, "its confirmation ended")?;
    Ok(end)
}

/// Audience and time; gives the end, where one is told.
fn conditions(
    document: &Document<'_>,
    assertion: NodeId,
    expected: &Expected<'_>,
) -> Checked<Option<Instant>> {
    let conditions = xml::only(document, assertion, ASSERTION, "Conditions")?;
    if let Some(begin) = instant(document, conditions, "NotBefore")? {
        begin.check_begun(expected.now, "it holds")?;
    }
    let end = instant(document, conditions, "NotOnOrAfter")?;
    if let Some(end) = &end {
        end.check_lasting(expected.now, "it ended")?;
    }
    let mut is_restricted = false;
    for condition in xml::elements(document, conditions) {
        let is = |name: &str| xml::is(document, condition, ASSERTION, name);
        if is("AudienceRestriction") {
            is_restricted = true;
            let named = xml::named(document, condition, ASSERTION, "Audience");
            let audiences = named.iter().map(|audience| xml::text(document, *audience));
            let audiences = audiences.collect::<Checked<Vec<String>>>()?;
            if !audiences.iter().any(|audience| audience == expected.audience) {
                let told: Vec<String> = audiences.iter().take(5).map(|audience| shown(audience)).collect();
                return refuse_and(
                    format!("it is meant for {}, not for {}", told.join(", "), shown(expected.audience)),
                    "make `entity_id` and the audience (SP entity ID, identifier) at the provider the same",
                );
            }
        } else if !is("OneTimeUse") && !is("ProxyRestriction") {
            return refuse("it has a condition that hoop does not know");
        }
    }
    if !is_restricted {
        return refuse("it does not say whom it is meant for");
    }
    Ok(end)
}

/// That somebody signed in; gives the end of the session, where one is told.
fn session(document: &Document<'_>, assertion: NodeId, now: u64) -> Checked<Option<Instant>> {
    let statements = xml::named(document, assertion, ASSERTION, "AuthnStatement");
    if statements.is_empty() {
        return refuse("it does not say that anybody signed in");
    }
    let mut first: Option<Instant> = None;
    for statement in statements {
        if let Some(end) = instant(document, statement, "SessionNotOnOrAfter")? {
            end.check_lasting(now, "its session ended")?;
            first = match first {
                Some(before) if before.seconds <= end.seconds => Some(before),
                _ => Some(end),
            };
        }
    }
    Ok(first)
}

fn version(document: &Document<'_>, node: NodeId) -> Checked<()> {
    match xml::attribute(document, node, "Version") {
        Some("2.0") => Ok(()),
        _ => refuse("it is not of SAML 2.0"),
    }
}

/// `AuthnFailed` of `urn:oasis:names:tc:SAML:2.0:status:AuthnFailed`.
fn last_word(status: &str) -> &str {
    status.rsplit(':').next().unwrap_or(status)
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
