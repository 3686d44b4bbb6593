//! What a response offers to AWS: roles, the session's name and its length.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html>.

use std::time::Duration;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity::login::Proof;
use crate::identity::saml::assertion::Attribute;
use crate::identity::saml::assertion::attributes;
use crate::identity::saml::refusal::Checked;
use crate::identity::saml::refusal::refuse;
use crate::identity::saml::response;
use crate::identity::saml::xml;

const ROLE: &str = "https://aws.amazon.com/SAML/Attributes/Role";
const SESSION_NAME: &str = "https://aws.amazon.com/SAML/Attributes/RoleSessionName";
const SESSION_DURATION: &str = "https://aws.amazon.com/SAML/Attributes/SessionDuration";

/// A role that AWS gives for a response, and what vouches for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SamlRole {
    /// `arn:aws:iam::123456789012:role/dev`
    pub role: String,
    /// `arn:aws:iam::123456789012:saml-provider/corp`
    pub provider: String,
}

/// What the response makes of the session at AWS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SamlSession {
    /// `RoleSessionName`; AWS gives no role without one.
    pub name: Option<String>,
    /// How long a console session is to last; the same is sensible for credentials.
    pub duration: Option<Duration>,
}

/// The roles that a login's response offers, in its order, each once.
///
/// # Errors
/// When it is no SAML response, or offers none.
pub fn roles(proof: &Proof) -> Result<Vec<SamlRole>> {
    let attributes = offered(proof)?;
    let mut roles: Vec<SamlRole> = Vec::new();
    for value in values(&attributes, ROLE) {
        if let Some(role) = pair(value).filter(|role| !roles.contains(role)) {
            roles.push(role);
        }
    }
    if !roles.is_empty() {
        return Ok(roles);
    }
    let error = Error::new(Kind::Upstream, "the identity provider's answer offers no AWS role");
    Err(match values(&attributes, ROLE).first() {
        None => error.why(format!("it has no attribute {ROLE}")),
        Some(odd) => error.why(format!(
            "`{}` is not the ARNs of a role and of a SAML provider with a comma between",
            odd.chars().take(200).flat_map(char::escape_debug).collect::<String>()
        )),
    }
    .fix("let the provider send it, as `man hoop-saml` shows; or use another source of credentials"))
}

/// What else a login's response says to AWS.
///
/// # Errors
/// When it is no SAML response.
pub fn session(proof: &Proof) -> Result<SamlSession> {
    let attributes = offered(proof)?;
    let first = |name: &str| values(&attributes, name).first().map(|value| (*value).to_owned());
    let seconds = first(SESSION_DURATION).and_then(|text| text.parse().ok());
    Ok(SamlSession { name: first(SESSION_NAME), duration: seconds.map(Duration::from_secs) })
}

/// The attributes of a response that was checked when it came.
fn offered(proof: &Proof) -> Result<Vec<Attribute>> {
    let Proof::Saml(response) = proof else {
        return Err(Error::new(Kind::Usage, "this login was not by SAML: it offers no roles"));
    };
    let read = || -> Checked<Vec<Attribute>> {
        let text = response::decode(response.expose())?;
        let document = xml::parse(&text)?;
        let Some(root) = document.document_element() else { return refuse("it is empty") };
        attributes(&document, response::sole_assertion(&document, root)?)
    };
    read().map_err(|refusal| refusal.error("the identity provider's answer cannot be read"))
}

fn values<'a>(attributes: &'a [Attribute], name: &str) -> Vec<&'a str> {
    let found = attributes.iter().filter(|attribute| attribute.name == name);
    found.flat_map(|attribute| attribute.values.iter().map(String::as_str)).collect()
}

/// The role and the provider may stand in either order.
fn pair(value: &str) -> Option<SamlRole> {
    let (one, other) = value.split_once(',')?;
    let (one, other) = (one.trim(), other.trim());
    let made = |role: &str, provider: &str| SamlRole { role: role.to_owned(), provider: provider.to_owned() };
    if is_arn(one, "role/") && is_arn(other, "saml-provider/") {
        return Some(made(one, other));
    }
    (is_arn(other, "role/") && is_arn(one, "saml-provider/")).then(|| made(other, one))
}

/// `arn:aws:iam::123456789012:role/path/name`, in any partition.
fn is_arn(text: &str, sort: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, region, account, resource] = parts.as_slice() else { return false };
    let fits = |c: char| c.is_ascii_graphic() && c != ',' && c != ':';
    *arn == "arn"
        && partition.starts_with("aws")
        && *service == "iam"
        && region.is_empty()
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && resource.strip_prefix(sort).is_some_and(|name| !name.is_empty())
        && text.len() <= 2_048
        && resource.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::saml::forge::Said;
    use crate::identity::saml::forge::attribute;
    use crate::identity::saml::forge::base64;
    use crate::types::Secret;

    fn proof(attributes: &str) -> Proof {
        let said = Said { attributes: attributes.to_owned(), ..Said::default() };
        Proof::Saml(Secret::new(base64(&said.signed_assertion())))
    }

    #[test]
    fn pairs_are_read_in_both_orders_and_once() {
        let dev = "arn:aws:iam::123456789012:role/dev";
        let ops = "arn:aws-us-gov:iam::210987654321:role/team/ops";
        let (corp, gov) = (
            "arn:aws:iam::123456789012:saml-provider/corp",
            "arn:aws-us-gov:iam::210987654321:saml-provider/gov",
        );
        let written = [
            format!("{dev},{corp}"),
            format!(" {gov} , {ops} "),
            format!("{corp},{dev}"),
            "nonsense".to_owned(),
            format!("{dev},{dev}"),
            format!("{dev},{corp},{corp}"),
            format!("arn:aws:iam::1:role/x,{corp}"),
        ];
        let written: Vec<&str> = written.iter().map(String::as_str).collect();
        let roles = roles(&proof(&attribute(ROLE, &written))).unwrap();
        let found: Vec<(&str, &str)> =
            roles.iter().map(|role| (role.role.as_str(), role.provider.as_str())).collect();
        assert_eq!(found, [(dev, corp), (ops, gov)]);
    }

    #[test]
    fn no_role_is_said_with_what_there_was() {
        let error = roles(&proof("")).unwrap_err();
        assert!(error.to_string().contains("it has no attribute https://aws"), "{error}");
        let error = roles(&proof(&attribute(ROLE, &["dev"]))).unwrap_err();
        assert!(error.to_string().contains("`dev` is not the ARNs"), "{error}");
        assert!(roles(&Proof::WebIdentity(Secret::new("x"))).is_err());
        assert!(roles(&Proof::Saml(Secret::new("x"))).is_err());
    }

    #[test]
    fn what_the_session_is_to_be_is_read() {
        let said = [attribute(SESSION_NAME, &["ana@example.com"]), attribute(SESSION_DURATION, &["7200"])];
        let session = session(&proof(&said.concat())).unwrap();
        assert_eq!(session.name.as_deref(), Some("ana@example.com"));
        assert_eq!(session.duration, Some(Duration::from_secs(7_200)));
    }
}
