//! AWS credentials in responses: found by the names of their members, and put in place of each other. Every service that
//! vends credentials calls them alike, but for letter case.

use std::ops::Range;

use jiff::Timestamp;

use super::body::Format;
use super::body::format_of;
use super::cbor;
use super::json;
use super::tree::Change;
use super::tree::New;
use super::tree::Node;
use super::xml;
use crate::types::Secret;

/// Names of the members, in lower case. Amazon Cognito says `SecretKey`.
const ID: &[&str] = &["accesskeyid"];
const SECRET: &[&str] = &["secretaccesskey", "secretkey"];
const TOKEN: &[&str] = &["sessiontoken"];
const EXPIRES: &[&str] = &["expiration", "expiresat", "expirationtime"];

/// Seconds since the epoch that are more than this are milliseconds.
const MILLISECONDS_FROM: f64 = 100_000_000_000.0;

/// A credential as it stands in a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vended {
    /// The access key id.
    pub access_key_id: String,
    /// The secret.
    pub secret: Secret,
    /// The session token; none: the key does not end by itself.
    pub token: Option<Secret>,
    /// When it ends, in seconds since the Unix epoch, where the response says it in a way that can be read.
    pub expires: Option<u64>,
    /// Whose it is, where the response says so: an ARN beside it, such as `AssumedRoleUser`'s.
    pub arn: Option<String>,
}

/// What is put into the place of a credential. `None`: that part stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Instead<'a> {
    /// The access key id.
    pub access_key_id: Option<&'a str>,
    /// The secret.
    pub secret: Option<&'a str>,
    /// The session token.
    pub token: Option<&'a str>,
}

/// The places of one credential.
struct Place<'n> {
    id: Text<'n>,
    secret: Text<'n>,
    token: Option<Text<'n>>,
    expires: Option<&'n Node>,
}

/// A text and where it stands.
#[derive(Clone, Copy)]
struct Text<'n> {
    range: &'n Range<usize>,
    text: &'n str,
}

/// The credentials in a body, in its order.
///
/// `None`: the body cannot be read, or something in it looks like a credential and is none (a part that is no text, a
/// member that comes twice), so that it could not be said what a client would make of it.
#[must_use]
pub fn vended_credentials(content_type: &str, body: &[u8]) -> Option<Vec<Vended>> {
    let format = format_of(content_type, body);
    let tree = parsed(format, body)?;
    let mut places = Vec::new();
    find(&tree, &mut places)?;
    let arn = arn(&tree).filter(|_| places.len() == 1);
    let only = places.len() == 1;
    let vended = places.iter().map(|place| Vended {
        access_key_id: place.id.text.to_owned(),
        secret: Secret::new(place.secret.text),
        token: place.token.map(|token| Secret::new(token.text)),
        expires: place.expires.and_then(|node| time(node, format, body)).or_else(|| {
            // Floating point numbers have no place in the tree.
            (only && format == Format::Cbor && place.expires.is_some()).then(|| cbor_time(body)).flatten()
        }),
        arn: arn.map(str::to_owned),
    });
    Some(vended.collect())
}

/// Puts `instead` in the place of the credentials in `body`, in their order. `None`: there are not as many of them.
#[must_use]
pub fn put_credentials(content_type: &str, body: &[u8], instead: &[Instead<'_>]) -> Option<Vec<u8>> {
    let format = format_of(content_type, body);
    let tree = parsed(format, body)?;
    let mut places = Vec::new();
    find(&tree, &mut places)?;
    if places.len() != instead.len() {
        return None;
    }
    let mut changes = Vec::new();
    for (place, new) in places.iter().zip(instead) {
        let token = place.token.map(|token| (token, new.token));
        for (old, new) in [(place.id, new.access_key_id), (place.secret, new.secret)].into_iter().chain(token)
        {
            if let Some(new) = new {
                changes.push(Change { range: old.range.clone(), new: New::Text(new.to_owned()) });
            }
        }
    }
    changes.sort_by_key(|change| change.range.start);
    Some(match format {
        Format::Json => json::apply(body, &changes),
        Format::Xml => xml::apply(body, &changes),
        Format::Cbor => cbor::apply(body, &changes),
        Format::Form | Format::Text | Format::Binary => return None,
    })
}

fn parsed(format: Format, body: &[u8]) -> Option<Node> {
    match format {
        Format::Json => json::parse(body).ok(),
        Format::Xml => xml::parse(body),
        Format::Cbor => cbor::parse(body),
        Format::Form | Format::Text | Format::Binary => None,
    }
}

/// Adds the credentials in `node`; `None` if one of them is not to be understood.
fn find<'n>(node: &'n Node, places: &mut Vec<Place<'n>>) -> Option<()> {
    match node {
        Node::Map(members) => {
            if let Some(place) = place(members)? {
                places.push(place);
            }
            members.iter().try_for_each(|(_, member)| find(member, places))
        }
        Node::List(elements) => elements.iter().try_for_each(|element| find(element, places)),
        _ => Some(()),
    }
}

/// The credential that these members are, if they are one; `None`: nobody can tell.
fn place(members: &[(String, Node)]) -> Option<Option<Place<'_>>> {
    let (id, secret) = (member(members, ID)?, member(members, SECRET)?);
    // An id alone is no secret; a secret without an id signs nothing, and is masked like any other.
    let (Some(id), Some(secret)) = (id, secret) else { return Some(None) };
    let (Some(id), Some(secret)) = (text(id)?, text(secret)?) else { return Some(None) };
    let token = match member(members, TOKEN)? {
        Some(token) => text(token)?,
        None => None,
    };
    Some(Some(Place { id, secret, token, expires: member(members, EXPIRES)? }))
}

/// The member with one of these names; `None`: there are two.
fn member<'n>(members: &'n [(String, Node)], names: &[&str]) -> Option<Option<&'n Node>> {
    let mut found = members.iter().filter(|(name, _)| names.contains(&name.to_ascii_lowercase().as_str()));
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => None,
        (first, _) => Some(first.map(|(_, node)| node)),
    }
}

/// A text; nothing, where there is a null or an empty text; `None`: something else.
fn text(node: &Node) -> Option<Option<Text<'_>>> {
    match node {
        Node::Text(_, text) if text.is_empty() => Some(None),
        Node::Text(range, text) => Some(Some(Text { range, text })),
        Node::Other => Some(None),
        _ => None,
    }
}

/// The ARN of an assumed role or federated user, at most two members deep in what wraps the answer.
fn arn(node: &Node) -> Option<&str> {
    let Node::Map(members) = node else { return None };
    members.iter().find_map(|(name, node)| {
        let name = name.to_ascii_lowercase();
        if matches!(name.as_str(), "assumedroleuser" | "federateduser")
            && let Node::Map(members) = node
            && let Some(Some(Node::Text(_, arn))) = member(members, &["arn"])
        {
            return Some(arn.as_str());
        }
        if matches!(name.as_str(), "assumedprincipal")
            && let Node::Text(_, arn) = node
        {
            return Some(arn.as_str());
        }
        (name.ends_with("response") || name.ends_with("result")).then(|| arn(node)).flatten()
    })
}

/// Seconds since the Unix epoch.
fn time(node: &Node, format: Format, body: &[u8]) -> Option<u64> {
    match node {
        Node::Text(_, text) => {
            let at = text.trim().parse::<Timestamp>().ok()?;
            u64::try_from(at.as_second()).ok()
        }
        Node::Number(range) if format == Format::Json => {
            seconds(std::str::from_utf8(body.get(range.clone())?).ok()?.parse().ok()?)
        }
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
fn seconds(number: f64) -> Option<u64> {
    let number = if number >= MILLISECONDS_FROM { number / 1_000.0 } else { number };
    (number.is_finite() && (0.0..MILLISECONDS_FROM).contains(&number)).then_some(number as u64)
}

/// The point in time (tag 1) after a member that says when something ends.
fn cbor_time(body: &[u8]) -> Option<u64> {
    let at = EXPIRES.iter().find_map(|name| {
        let heads = body.windows(name.len() + 1);
        let key = u8::try_from(name.len()).ok()? | 0x60;
        let mut found = heads.enumerate().filter(|(_, text)| {
            text.first() == Some(&key)
                && text.get(1..).is_some_and(|rest| rest.eq_ignore_ascii_case(name.as_bytes()))
        });
        found.next().map(|(at, text)| at + text.len())
    })?;
    let rest = body.get(at..)?.strip_prefix(&[0xc1])?;
    match rest.split_first()? {
        (0xfb, rest) => seconds(f64::from_be_bytes(*rest.first_chunk()?)),
        (0x1a, rest) => Some(u64::from(u32::from_be_bytes(*rest.first_chunk()?))),
        (0x1b, rest) => Some(u64::from_be_bytes(*rest.first_chunk()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = "text/xml";
    const JSON: &str = "application/json";

    fn instead() -> Instead<'static> {
        Instead { access_key_id: Some("ASIAN"), secret: Some("s&w"), token: Some("t") }
    }

    #[test]
    fn a_credential_in_xml_is_found_and_replaced() {
        let body = "<AssumeRoleResponse xmlns=\"x\"><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>A:b</AssumedRoleId>\
            <Arn>arn:aws:sts::1:assumed-role/r/b</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIAREAL</AccessKeyId>\
            <SecretAccessKey>a&amp;b</SecretAccessKey><SessionToken>tok</SessionToken>\
            <Expiration>2026-07-14T10:11:12Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
        let found = vended_credentials(XML, body.as_bytes()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].access_key_id.as_str(), found[0].secret.expose()), ("ASIAREAL", "a&b"));
        assert_eq!(found[0].expires, Some(1_784_023_872));
        assert_eq!(found[0].arn.as_deref(), Some("arn:aws:sts::1:assumed-role/r/b"));
        let new = put_credentials(XML, body.as_bytes(), &[instead()]).unwrap();
        let new = String::from_utf8(new).unwrap();
        let expected =
            body.replace("ASIAREAL", "ASIAN").replace("a&amp;b", "s&amp;w").replace(">tok<", ">t<");
        assert_eq!(new, expected);
        assert_eq!(put_credentials(XML, body.as_bytes(), &[]), None);
    }

    #[test]
    fn every_spelling_is_known() {
        for (body, expires) in [
            (
                r#"{"Credentials":{"AccessKeyId":"i","SecretKey":"s","SessionToken":"t","Expiration":1.7840238E9}}"#,
                Some(1_784_023_800),
            ),
            (
                r#"{"roleCredentials":{"accessKeyId":"i","secretAccessKey":"s","sessionToken":"t","expiration":1784023800123}}"#,
                Some(1_784_023_800),
            ),
            (r#"{"a":[{"data":{"secretAccessKey":"s","sessionToken":"t","accessKeyId":"i"}}]}"#, None),
            (r#"{"accessKeyId":"i","secretAccessKey":"s","sessionToken":"t","expiration":"soon"}"#, None),
        ] {
            let found = vended_credentials(JSON, body.as_bytes()).unwrap();
            assert_eq!((found.len(), found[0].expires), (1, expires), "{body}");
            let new = put_credentials(JSON, body.as_bytes(), &[instead()]).unwrap();
            let again = vended_credentials(JSON, &new).unwrap();
            assert_eq!(again[0].secret.expose(), "s&w");
            assert_eq!(again[0].token.as_ref().unwrap().expose(), "t");
        }
        let lasting = r#"{"AccessKey":{"AccessKeyId":"AKIA","SecretAccessKey":"s","SessionToken":null}}"#;
        assert_eq!(vended_credentials(JSON, lasting.as_bytes()).unwrap()[0].token, None);
    }

    #[test]
    fn what_is_no_credential_stays_and_what_cannot_be_told_is_refused() {
        for none in
            [r#"{"AccessKeyId":"i"}"#, r#"{"SecretKey":"s"}"#, "{}", r#"{"AccessKeyId":"","SecretKey":"s"}"#]
        {
            assert_eq!(vended_credentials(JSON, none.as_bytes()), Some(Vec::new()), "{none}");
        }
        for wrong in [
            r#"{"AccessKeyId":"i","accessKeyId":"j","SecretKey":"s"}"#,
            r#"{"AccessKeyId":"i","SecretKey":"s","SecretAccessKey":"r"}"#,
            r#"{"AccessKeyId":{"x":1},"SecretKey":"s"}"#,
            r#"{"AccessKeyId":"i","SecretKey":"s","SessionToken":["t"]}"#,
            "{",
            "AccessKeyId",
        ] {
            assert_eq!(vended_credentials(JSON, wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn cbor_says_when_it_ends_as_a_tagged_number() {
        let text = |text: &str| [&[0x60 | text.len() as u8][..], text.as_bytes()].concat();
        let mut body = vec![0xa4];
        for (name, value) in
            [("accessKeyId", "ASIAREAL"), ("secretAccessKey", "real"), ("sessionToken", "tok")]
        {
            body.extend([text(name), text(value)].concat());
        }
        body.extend(text("expiration"));
        let mut float = body.clone();
        float.extend([0xc1, 0xfb]);
        float.extend(1_784_023_800.5_f64.to_be_bytes());
        let mut whole = body;
        whole.extend([0xc1, 0x1a]);
        whole.extend(1_784_023_800_u32.to_be_bytes());
        for body in [float, whole] {
            let found = vended_credentials("application/cbor", &body).unwrap();
            assert_eq!(found[0].expires, Some(1_784_023_800));
            let new = put_credentials("application/cbor", &body, &[instead()]).unwrap();
            assert_eq!(vended_credentials("application/cbor", &new).unwrap()[0].secret.expose(), "s&w");
            assert!(new.ends_with(&body[body.len() - 16..]));
        }
    }
}
