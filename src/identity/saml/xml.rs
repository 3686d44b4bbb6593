//! XML from outside, read once into one tree: signatures are checked on it and values read from it, so that there are not
//! two readers that could see two documents.

use uppsala::Document;
use uppsala::NodeId;
use uppsala::NodeKind;
use uppsala::Parser;

use crate::identity::saml::refusal::Checked;
use crate::identity::saml::refusal::refuse;

/// Namespace of SAML assertions.
pub(super) const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// Namespace of SAML requests and responses.
pub(super) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// Namespace of SAML metadata.
pub(super) const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
/// Namespace of XML signatures.
pub(super) const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Elements in elements; a response has about ten.
const DEPTH: u32 = 40;

/// Markup in a document: a response has a few hundred, metadata of one provider a few thousand.
const TAGS: usize = 20_000;

/// `=` between one `<` and the next. The parser compares each attribute of an element with each.
const ATTRIBUTES: usize = 400;

/// Parses a document: no DTD (so no entities but the five of XML), UTF-8 only, bounded in depth and number. The caller
/// bounds its length.
pub(super) fn parse(text: &str) -> Checked<Document<'_>> {
    if !text.trim_start().starts_with('<') {
        return refuse("it is not XML");
    }
    let mut tags = 0;
    for part in text.split('<') {
        tags += 1;
        if tags > TAGS || part.bytes().filter(|byte| *byte == b'=').take(ATTRIBUTES + 1).count() > ATTRIBUTES
        {
            return refuse("it has more elements or attributes than any that a provider sends");
        }
    }
    // Its own words may show what the document holds: an assertion is not to be told to anybody.
    let parsed = Parser::new().with_forbid_dtd(true).with_max_depth(DEPTH).parse(text);
    let Ok(document) = parsed else {
        return match text.contains("<!DOCTYPE") {
            true => refuse("it has a document type, which no provider sends and attackers do"),
            false => refuse("it is not well-formed XML, or elements stand too deep in elements"),
        };
    };
    let encoding = document.xml_declaration.as_ref().and_then(|declaration| declaration.encoding.as_deref());
    if encoding.is_some_and(|name| !name.eq_ignore_ascii_case("UTF-8")) {
        return refuse("it says that it is not in UTF-8");
    }
    Ok(document)
}

/// Whether the node is this element.
pub(super) fn is(document: &Document<'_>, node: NodeId, space: &str, name: &str) -> bool {
    document.element(node).is_some_and(|element| element.matches_name_ns(space, name))
}

/// Its elements, in order.
pub(super) fn elements(document: &Document<'_>, parent: NodeId) -> Vec<NodeId> {
    document.children_iter(parent).filter(|child| document.element(*child).is_some()).collect()
}

/// Every element below `node` whose name without prefix is one of `names`, whatever its namespace.
pub(super) fn anywhere(document: &Document<'_>, names: &[&str]) -> Vec<NodeId> {
    let named = |node: &NodeId| {
        document.element(*node).is_some_and(|element| names.contains(&element.name.local_name.as_ref()))
    };
    document.descendants(document.root()).into_iter().filter(named).collect()
}

/// The elements of this name directly below `parent`.
pub(super) fn named(document: &Document<'_>, parent: NodeId, space: &str, name: &str) -> Vec<NodeId> {
    document.child_elements_by_name_ns(parent, space, name)
}

/// The element of this name directly below `parent`; `None`: there is none. Two are refused.
pub(super) fn optional(
    document: &Document<'_>,
    parent: NodeId,
    space: &str,
    name: &str,
) -> Checked<Option<NodeId>> {
    match named(document, parent, space, name).as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        more => refuse(format!("it has {} <{name}> in one place, where there may be one", more.len())),
    }
}

/// The one element of this name directly below `parent`.
pub(super) fn only(document: &Document<'_>, parent: NodeId, space: &str, name: &str) -> Checked<NodeId> {
    match optional(document, parent, space, name)? {
        Some(node) => Ok(node),
        None => refuse(format!("it has no <{name}>")),
    }
}

/// The whole text of an element without the space around it, comments left out: what a comment cuts in two stays one
/// value. Elements in it are refused.
pub(super) fn text(document: &Document<'_>, node: NodeId) -> Checked<String> {
    let mut whole = String::new();
    for child in document.children_iter(node) {
        match document.node_kind(child) {
            Some(NodeKind::Text(text) | NodeKind::CData(text)) => whole.push_str(text),
            Some(NodeKind::Comment(_)) => {}
            _ => {
                let name = document.element(node).map(|element| element.name.local_name.to_string());
                return refuse(format!("its <{}> holds more than text", name.unwrap_or_default()));
            }
        }
    }
    Ok(whole.trim().to_owned())
}

/// An attribute without a namespace.
pub(super) fn attribute<'d>(document: &'d Document<'_>, node: NodeId, name: &str) -> Option<&'d str> {
    let element = document.element(node)?;
    let found = element.attributes.iter().find(|attribute| {
        attribute.name.local_name.as_ref() == name
            && attribute.name.namespace_uri.is_none()
            && attribute.name.prefix.is_none()
    })?;
    Some(found.value.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> String {
        parse(text).map(|_| ()).unwrap_err().why
    }

    #[test]
    fn what_no_provider_sends_is_not_read() {
        assert!(why("").contains("not XML"));
        assert!(why("eJyz").contains("not XML"));
        assert!(why("<a>").contains("not well-formed"));
        assert!(why("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>").contains("document type"));
        assert!(why("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>").contains("document type"));
        assert!(why("<a>&x;</a>").contains("not well-formed"));
        assert!(why("<?xml version='1.0' encoding='UTF-16'?><a/>").contains("UTF-8"));
        assert!(why(&format!("{}{}", "<a>".repeat(41), "</a>".repeat(41))).contains("too deep"));
        assert!(why(&format!("<a>{}</a>", "<b/>".repeat(TAGS))).contains("more elements"));
        let attributes: String = (0..500).map(|number| format!(" a{number}=''")).collect();
        assert!(why(&format!("<a{attributes}/>")).contains("more elements"));
    }

    #[test]
    fn a_comment_does_not_cut_a_value() {
        let document = parse("<a> admin@example.com<!-- x -->.evil<![CDATA[.com]]> </a>").unwrap();
        let root = document.document_element().unwrap();
        assert_eq!(text(&document, root).unwrap(), "admin@example.com.evil.com");
        let document = parse("<a>x<b/></a>").unwrap();
        assert!(text(&document, document.document_element().unwrap()).is_err());
    }

    #[test]
    fn an_attribute_of_another_namespace_is_another() {
        let document = parse("<a xmlns:x='urn:x' x:ID='one' ID='two'/>").unwrap();
        assert_eq!(attribute(&document, document.document_element().unwrap(), "ID"), Some("two"));
    }
}
