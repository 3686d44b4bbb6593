//! From claims to an identity: who, which groups, which tags.

use serde_json::Map;
use serde_json::Value;

use crate::config::providers::OidcSettings;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity::Provider;
use crate::identity::identity::Assurance;
use crate::identity::identity::Identity;
use crate::identity::oidc::verify::number;
use crate::identity::quote::quoted;

/// Groups that one person may have; Azure sends at most 200, Keycloak any number.
const MOST_GROUPS: usize = 2_000;

/// Characters of a name of a user or a group.
const NAME_CHARACTERS: usize = 256;

/// How deep groups may be nested.
const DEPTH: usize = 8;

/// Makes an identity of the checked claims of an ID token.
///
/// # Errors
/// When they do not say who it is, or what `user_claim` wants is not there.
pub(in crate::identity) fn identity(
    provider: &Provider,
    settings: &OidcSettings,
    claims: &Value,
) -> Result<Identity> {
    let missing = |why: String| {
        Error::new(Kind::Upstream, format!("{} does not say who you are", provider.name)).why(why)
    };
    let subject = text(claims.get("sub")).ok_or_else(|| missing("the ID token has no `sub`".to_owned()))?;
    let is_unverified = truth(claims.get("email_verified")) == Some(false);
    let is_verified = truth(claims.get("email_verified")) == Some(true);
    let email = text(claims.get("email")).filter(|_| !is_unverified);
    let user = match settings.user_claim.as_deref() {
        Some("email") if is_unverified => {
            return Err(missing(
                "the email address in the ID token is not verified (email_verified)".to_owned(),
            )
            .fix("have the address verified, or choose another `user_claim`"));
        }
        Some(claim) => text(find(claims, claim)).ok_or_else(|| {
            missing(format!("the ID token has no claim `{claim}` that could be a user name"))
                .fix(format!("look at `user_claim` in {}", provider.file.display()))
        })?,
        None => email.clone().filter(|_| is_verified).unwrap_or_else(|| subject.clone()),
    };
    let mut identity = Identity {
        email,
        issuer: text(claims.get("iss")),
        provider: Some(provider.name.clone()),
        assurance: Assurance::Verified,
        expires: number(claims, "exp"),
        user,
        subject: subject.clone(),
        ..Identity::local(subject)
    };
    read_groups(&mut identity, settings, claims);
    read_tags(&mut identity, provider, claims);
    Ok(identity)
}

/// Whether the token leaves the groups out, so that the provider may be asked for them.
pub(in crate::identity) fn lacks_groups(settings: &OidcSettings, claims: &Value) -> bool {
    find(claims, &settings.groups_claim).is_none() && !is_overage(settings, claims)
}

/// Azure leaves the groups out of a token where there are more than 200, and names a place to ask instead.
/// Source: <https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference>, groups overage claim.
fn is_overage(settings: &OidcSettings, claims: &Value) -> bool {
    let names = claims.get("_claim_names").and_then(Value::as_object);
    let is_named = |names: &Map<String, Value>| {
        names.contains_key("groups") || names.contains_key(&settings.groups_claim)
    };
    names.is_some_and(is_named) || truth(claims.get("hasgroups")) == Some(true)
}

fn read_groups(identity: &mut Identity, settings: &OidcSettings, claims: &Value) {
    let claim = quoted(&settings.groups_claim, &[]);
    let mut groups = Vec::new();
    let mut is_whole = true;
    match find(claims, &settings.groups_claim) {
        Some(value) => flatten(value, 0, &mut groups, &mut is_whole),
        None => is_whole = false,
    }
    identity.groups_known = is_whole && !is_overage(settings, claims);
    if is_overage(settings, claims) {
        identity.remarks.push(format!(
            "the provider left the groups out, because you are in too many (Azure's groups overage): until it sends \
             `{claim}`, nothing is allowed by group, and rules by group that refuse or ask hold; mend it with \
             \"groups assigned to the application\" or app roles (`groups_claim = \"roles\"`)"
        ));
    } else if find(claims, &settings.groups_claim).is_none() {
        identity.remarks.push(format!(
            "the provider sent no claim `{claim}`: it is not known which groups you are in, nothing is allowed by group, and \
             rules by group that refuse or ask hold; see `groups_claim` and `scopes`"
        ));
    } else if !is_whole {
        identity.remarks.push(format!(
            "not all of the claim `{claim}` could be read as groups: those that could not are left out, and rules by group \
             that refuse or ask hold"
        ));
    }
    groups.sort();
    groups.dedup();
    identity.groups = groups;
}

/// Groups come as a text, as a list of texts, as lists in lists, and as objects with a name.
fn flatten(value: &Value, depth: usize, groups: &mut Vec<String>, is_whole: &mut bool) {
    if depth > DEPTH || groups.len() >= MOST_GROUPS {
        *is_whole = false;
        return;
    }
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| flatten(item, depth + 1, groups, is_whole)),
        Value::Object(fields) => {
            let name = ["name", "displayName", "display", "value", "id"]
                .iter()
                .find_map(|key| text(fields.get(*key)));
            *is_whole &= name.is_some();
            groups.extend(name);
            // Of whom a group is a part; not those that are part of it.
            for inner in ["groups", "memberOf", "parents"].iter().filter_map(|key| fields.get(*key)) {
                flatten(inner, depth + 1, groups, is_whole);
            }
        }
        other => match text(Some(other)) {
            Some(name) => groups.push(name),
            None => *is_whole = false,
        },
    }
}

fn read_tags(identity: &mut Identity, provider: &Provider, claims: &Value) {
    /// Characters of a tag's value (AWS).
    const VALUE_CHARACTERS: usize = 256;
    let fits = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    for (claim, tag) in &provider.tags {
        let value = find(claims, claim).and_then(|value| match value {
            Value::Bool(truth) => Some(truth.to_string()),
            other => text(Some(other)),
        });
        match value {
            Some(value) if value.chars().count() <= VALUE_CHARACTERS && value.chars().all(fits) => {
                identity.tags.push((tag.clone(), value));
            }
            Some(_) => identity.remarks.push(format!(
                "the claim `{claim}` is no tag: AWS takes 256 letters, digits, spaces and _.:/=+-@"
            )),
            None => identity.remarks.push(format!("there is no claim `{claim}` for the tag `{tag}`")),
        }
    }
}

/// The claim at a dotted path. A name with dots in it (`https://example.com/groups`) is found as it is.
pub(in crate::identity) fn find<'c>(claims: &'c Value, path: &str) -> Option<&'c Value> {
    let fields = claims.as_object()?;
    if let Some(found) = fields.get(path) {
        return Some(found);
    }
    path.rmatch_indices('.').find_map(|(at, _)| {
        let (first, rest) = (path.get(..at)?, path.get(at + 1..)?);
        find(fields.get(first)?, rest)
    })
}

/// A name: a text or a number without control characters, not empty, not too long.
fn text(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let is_fit = !text.trim().is_empty()
        && text.chars().count() <= NAME_CHARACTERS
        && !text
            .chars()
            .any(|c| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'));
    is_fit.then_some(text)
}

/// Some providers write truths as texts.
fn truth(value: Option<&Value>) -> Option<bool> {
    match value? {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) if text == "true" => Some(true),
        Value::String(text) if text == "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;
