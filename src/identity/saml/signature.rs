//! Which elements of a document are signed by the provider.
//!
//! The cryptography, canonicalization and digests are `bergshamra`'s. It works on our own tree and names the element that a
//! signature covers. Around it stands what SAML asks for and a general verifier does not (SAML core 2.0, section 5.4): a
//! signature is a child of what it signs, signs it by its ID and nothing else, and cuts nothing out of it but itself.

use bergshamra_dsig::DsigContext;
use bergshamra_dsig::VerifyResult;
use bergshamra_dsig::verify::verify_all_document_with_source;
use bergshamra_keys::KeysManager;
use bergshamra_keys::loader::load_x509_cert_der;
use uppsala::Document;
use uppsala::NodeId;
use uppsala::NodeKind;

use crate::identity::saml::refusal::Checked;
use crate::identity::saml::refusal::refuse;
use crate::identity::saml::refusal::refuse_and;
use crate::identity::saml::refusal::shown;
use crate::identity::saml::xml;
use crate::identity::saml::xml::SIGNATURE;

/// Signatures with a public key and a hash that nobody breaks. No SHA-1, and no HMAC: a certificate is no secret.
const METHODS: &[&str] = &[
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
    "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1",
    "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
];

const DIGESTS: &[&str] = &[
    "http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512",
];

/// Without comments, all of them.
const CANONICAL: &[&str] = &[
    "http://www.w3.org/2001/10/xml-exc-c14n#",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/2006/12/xml-c14n11",
];

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// Characters of its list of prefixes; providers name one or two. Each element is compared with each of them.
const PREFIXES: usize = 200;

/// Namespace of the one element that may stand in a canonicalization.
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// Signing certificates of a provider; one is enough for a signature to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Certificates {
    /// DER.
    der: Vec<Vec<u8>>,
}

impl Certificates {
    /// Adds a certificate in DER; `false`: its key is of no kind that can be used.
    pub(super) fn add(&mut self, der: Vec<u8>) -> bool {
        let is_usable = load_x509_cert_der(&der).is_ok();
        if is_usable && !self.der.contains(&der) {
            self.der.push(der);
        }
        is_usable
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.der.len()
    }

    fn keys(&self) -> KeysManager {
        let mut keys = KeysManager::new();
        keys.add_keys(self.der.iter().filter_map(|der| load_x509_cert_der(der).ok()));
        keys
    }
}

/// The elements among `candidates` that have a signature of the provider. Every signature of the document must be one of
/// theirs and hold: one that does not, or that stands elsewhere, is refused and not passed over.
pub(super) fn signed(
    document: &Document<'_>,
    source: &str,
    candidates: &[NodeId],
    certificates: &Certificates,
) -> Checked<Vec<NodeId>> {
    let signatures = xml::anywhere(document, &["Signature"]);
    if signatures.is_empty() {
        return Ok(Vec::new());
    }
    let mut parents = Vec::new();
    for signature in &signatures {
        let parent = document.parent(*signature).filter(|parent| candidates.contains(parent));
        let Some(parent) = parent.filter(|_| xml::is(document, *signature, SIGNATURE, "Signature")) else {
            return refuse("it has a signature where none belongs");
        };
        if parents.contains(&parent) {
            return refuse("one of its elements has two signatures");
        }
        check_shape(document, *signature, parent)?;
        parents.push(parent);
    }
    // Only the provider's certificates count, not what the signature itself brings along.
    let context =
        DsigContext::new(certificates.keys()).with_trusted_keys_only(true).with_strict_verification(true);
    let Ok(results) = verify_all_document_with_source(&context, document, Some(source)) else {
        return refuse("its signatures cannot be checked: two elements have one ID");
    };
    if results.len() != signatures.len() {
        return refuse("its signatures cannot be told apart");
    }
    for (result, (signature, parent)) in results.iter().zip(signatures.iter().zip(&parents)) {
        let covered = match result {
            VerifyResult::Valid { signature_node, references, .. } if signature_node == signature => {
                match references.as_slice() {
                    [one] if one.digest_verified => one.resolved_node,
                    _ => None,
                }
            }
            VerifyResult::Valid { .. } => None,
            VerifyResult::Invalid { .. } => {
                return refuse_and(
                    "its signature does not hold with any certificate of the provider's metadata",
                    "if the provider has a new certificate, get its metadata again",
                );
            }
        };
        if covered != Some(*parent) {
            return refuse("its signature covers another element than it stands in");
        }
    }
    Ok(parents)
}

/// That the signature has the parts that SAML lets it have, each once, and covers `parent` by its ID.
fn check_shape(document: &Document<'_>, signature: NodeId, parent: NodeId) -> Checked<()> {
    for node in document.descendants(signature) {
        match document.node_kind(node) {
            Some(NodeKind::Comment(_) | NodeKind::ProcessingInstruction(_)) => {
                return refuse("its signature holds a comment or a processing instruction");
            }
            Some(NodeKind::Element(element)) => {
                let is_odd = |name: &uppsala::QName<'_>| name.prefix.is_some();
                if element.attributes.iter().any(|attribute| is_odd(&attribute.name)) {
                    return refuse("its signature has an attribute of a foreign namespace");
                }
            }
            _ => {}
        }
    }
    let parts = children(document, signature, &["SignedInfo", "SignatureValue", "KeyInfo"], 2)?;
    let (Some(info), Some(value)) = (parts.first(), parts.get(1)) else { return refuse(ODD) };
    one_text(document, *value)?;
    let parts = children(document, *info, &["CanonicalizationMethod", "SignatureMethod", "Reference"], 3)?;
    let [canonical, method, reference] = parts.as_slice() else { return refuse(ODD) };
    canonicalization(document, *canonical)?;
    algorithm(document, *method, METHODS, "signed")?;
    children(document, *method, &[], 0)?;
    let id = xml::attribute(document, parent, "ID").unwrap_or_default();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if id.is_empty() || !id.chars().all(is_name) {
        return refuse("a signed element has no ID, or an odd one");
    }
    if xml::attribute(document, *reference, "URI") != Some(&format!("#{id}")) {
        return refuse("its signature names another element than it stands in");
    }
    let parts = children(document, *reference, &["Transforms", "DigestMethod", "DigestValue"], 3)?;
    let [transforms, digest, value] = parts.as_slice() else { return refuse(ODD) };
    algorithm(document, *digest, DIGESTS, "digested")?;
    children(document, *digest, &[], 0)?;
    one_text(document, *value)?;
    let parts = children(document, *transforms, &["Transform", "Transform"], 1)?;
    let Some((enveloped, rest)) = parts.split_first() else { return refuse(ODD) };
    algorithm(document, *enveloped, &[ENVELOPED], "transformed")?;
    children(document, *enveloped, &[], 0)?;
    rest.iter().try_for_each(|transform| canonicalization(document, *transform))
}

const ODD: &str = "its signature has not the parts that SAML gives it";

/// The elements in `parent`, which must be those of `names` in this order; what is after the first `least` may be missing.
fn children(document: &Document<'_>, parent: NodeId, names: &[&str], least: usize) -> Checked<Vec<NodeId>> {
    let found = xml::elements(document, parent);
    let fits = found.len() >= least
        && found.len() <= names.len()
        && found.iter().zip(names).all(|(node, name)| xml::is(document, *node, SIGNATURE, name));
    if fits { Ok(found) } else { refuse(ODD) }
}

fn canonicalization(document: &Document<'_>, node: NodeId) -> Checked<()> {
    algorithm(document, node, CANONICAL, "made canonical")?;
    let fits = |child: &NodeId| xml::is(document, *child, EXCLUSIVE, "InclusiveNamespaces");
    match xml::elements(document, node).as_slice() {
        [] => Ok(()),
        [one] if fits(one) => {
            let prefixes = xml::attribute(document, *one, "PrefixList").unwrap_or_default();
            if prefixes.len() > PREFIXES { refuse(ODD) } else { children(document, *one, &[], 0).map(|_| ()) }
        }
        _ => refuse(ODD),
    }
}

fn algorithm(document: &Document<'_>, node: NodeId, allowed: &[&str], done: &str) -> Checked<()> {
    let name = xml::attribute(document, node, "Algorithm").unwrap_or_default();
    if allowed.contains(&name) {
        return Ok(());
    }
    refuse_and(
        format!("it is {done} with {}, which is not taken", shown(name)),
        "let the provider sign with RSA or ECDSA and SHA-256",
    )
}

/// The library reads the first piece of text: let there be no second.
fn one_text(document: &Document<'_>, node: NodeId) -> Checked<()> {
    let children: Vec<NodeId> = document.children_iter(node).collect();
    match children.as_slice() {
        [one] if matches!(document.node_kind(*one), Some(NodeKind::Text(_))) => Ok(()),
        _ => refuse(ODD),
    }
}
