//! What an assertion says of a person, once it is known to be the provider's.

use uppsala::Document;
use uppsala::NodeId;

use crate::config::providers::SamlSettings;
use crate::identity::identity::Assurance;
use crate::identity::identity::Identity;
use crate::identity::saml::refusal::Checked;
use crate::identity::saml::refusal::refuse_and;
use crate::identity::saml::refusal::shown;
use crate::identity::saml::xml;
use crate::identity::saml::xml::ASSERTION;

/// What AWS reads tags of the session from.
pub(super) const PRINCIPAL_TAG: &str = "https://aws.amazon.com/SAML/Attributes/PrincipalTag:";

/// Where groups stand as providers are usually set up.
const GROUPS: &[&str] = &[
    "groups",
    "Groups",
    "group",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
    "http://schemas.xmlsoap.org/claims/Group",
    "memberOf",
    "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
];

/// What Entra ID sends in place of groups when there are more than 150.
const OVERAGE: &str = "http://schemas.microsoft.com/claims/groups.link";

/// Where the email address stands.
const EMAILS: &[&str] = &[
    "email",
    "mail",
    "emailAddress",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "urn:oid:0.9.2342.19200300.100.1.3",
];

const EMAIL_FORMAT: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

/// An attribute and its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attribute {
    pub name: String,
    /// A second name, for people.
    pub friendly: Option<String>,
    pub values: Vec<String>,
}

/// An assertion that has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assertion {
    /// Unique among all assertions of the issuer.
    pub id: String,
    /// The provider's entity ID.
    pub issuer: String,
    pub name_id: String,
    pub name_format: Option<String>,
    pub attributes: Vec<Attribute>,
    /// Until when STS takes it, in seconds since the Unix epoch.
    pub expires: u64,
}

/// The attributes of an assertion, in order; of one name, together.
pub(super) fn attributes(document: &Document<'_>, assertion: NodeId) -> Checked<Vec<Attribute>> {
    let mut attributes: Vec<Attribute> = Vec::new();
    for statement in xml::named(document, assertion, ASSERTION, "AttributeStatement") {
        for attribute in xml::named(document, statement, ASSERTION, "Attribute") {
            let name = xml::attribute(document, attribute, "Name").unwrap_or_default();
            let nodes = xml::named(document, attribute, ASSERTION, "AttributeValue");
            // A structured value is no text that could be compared with anything.
            let is_text = |node: &&NodeId| xml::elements(document, **node).is_empty();
            let values = nodes.iter().filter(is_text).map(|node| xml::text(document, *node));
            let values = values.collect::<Checked<Vec<String>>>()?;
            match attributes.iter_mut().find(|known| known.name == name) {
                Some(known) => known.values.extend(values),
                None => attributes.push(Attribute {
                    name: name.to_owned(),
                    friendly: xml::attribute(document, attribute, "FriendlyName").map(str::to_owned),
                    values,
                }),
            }
        }
    }
    Ok(attributes)
}

impl Assertion {
    /// The values of an attribute, by its name, else by its friendly name; `None`: there is no such attribute.
    pub(super) fn values(&self, name: &str) -> Option<&[String]> {
        let named = self.attributes.iter().find(|attribute| attribute.name == name);
        let named = named
            .or_else(|| self.attributes.iter().find(|attribute| attribute.friendly.as_deref() == Some(name)));
        named.map(|attribute| attribute.values.as_slice())
    }

    /// Who it is, as the provider called `provider` is configured.
    pub(super) fn identity(
        &self,
        provider: &str,
        settings: &SamlSettings,
        tags: &[(String, String)],
    ) -> Checked<Identity> {
        let mut remarks = Vec::new();
        let user = match &settings.user_attribute {
            Some(name) => self.required(name)?,
            None => self.name_id.clone(),
        };
        let (groups, groups_known) = self.groups(settings, &mut remarks);
        let email = EMAILS.iter().find_map(|name| self.values(name)?.first().cloned());
        let is_email = self.name_format.as_deref() == Some(EMAIL_FORMAT);
        Ok(Identity {
            subject: self.name_id.clone(),
            user,
            email: email.or_else(|| is_email.then(|| self.name_id.clone())),
            groups,
            groups_known,
            issuer: Some(self.issuer.clone()),
            provider: Some(provider.to_owned()),
            assurance: Assurance::Verified,
            expires: Some(self.expires),
            tags: self.tags(tags),
            remarks,
        })
    }

    fn required(&self, name: &str) -> Checked<String> {
        match self.values(name).and_then(<[String]>::first).filter(|value| !value.is_empty()) {
            Some(value) => Ok(value.clone()),
            None => {
                let names: Vec<String> =
                    self.attributes.iter().take(30).map(|attribute| shown(&attribute.name)).collect();
                refuse_and(
                    format!("it has no attribute {}; it has {}", shown(name), names.join(", ")),
                    "correct `user_attribute`, or let the provider send it",
                )
            }
        }
    }

    /// The groups, and whether those are all.
    fn groups(&self, settings: &SamlSettings, remarks: &mut Vec<String>) -> (Vec<String>, bool) {
        let found = match &settings.groups_attribute {
            Some(name) => self.values(name),
            None => GROUPS.iter().find_map(|name| self.values(name)),
        };
        if let Some(groups) = found {
            let mut groups: Vec<String> = groups.iter().filter(|group| !group.is_empty()).cloned().collect();
            groups.sort();
            groups.dedup();
            return (groups, true);
        }
        remarks.push(match (&settings.groups_attribute, self.values(OVERAGE)) {
            (_, Some(_)) => {
                "the groups are not known: Entra ID sends a link in their place where there are more \
                             than 150; let it send only the groups assigned to the application"
                    .to_owned()
            }
            (Some(name), None) => {
                format!("the groups are not known: the provider sends no attribute {}", shown(name))
            }
            (None, None) => {
                "the groups are not known: the provider sends no attribute of a usual name for them; \
                             write `groups_attribute`"
                    .to_owned()
            }
        });
        (Vec::new(), false)
    }

    /// Those that AWS makes of `PrincipalTag:` attributes, and those that the configuration makes of others.
    fn tags(&self, configured: &[(String, String)]) -> Vec<(String, String)> {
        let mut tags: Vec<(String, String)> = Vec::new();
        for attribute in &self.attributes {
            if let (Some(tag), Some(value)) =
                (attribute.name.strip_prefix(PRINCIPAL_TAG), attribute.values.first())
            {
                tags.push((tag.to_owned(), value.clone()));
            }
        }
        for (name, tag) in configured {
            let value = self.values(name).and_then(<[String]>::first);
            if let Some(value) = value.filter(|_| !tags.iter().any(|(known, _)| known == tag)) {
                tags.push((tag.clone(), value.clone()));
            }
        }
        tags
    }
}
