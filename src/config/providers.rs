//! Identity providers of a configuration file: the `[identity.NAME]` tables.

use std::path::Path;
use std::path::PathBuf;

use toml::de::DeTable;

use crate::config::diagnostic::Fault;
use crate::config::diagnostic::shown;
use crate::config::document::At;
use crate::config::document::Document;
use crate::config::document::Section;
use crate::config::document::Span;
use crate::types::is_loopback;

/// Names that mean something else where a provider is named.
const TAKEN: &[&str] = &["all", "ci", "default", "local", "none"];

/// Characters that the name of a provider may have: it is part of file names.
const NAME_CHARACTERS: usize = 40;

/// Tags that a session may have (AWS: 50), and characters of a key (AWS: 128).
const TAGS: usize = 50;
const TAG_CHARACTERS: usize = 128;

/// One configured identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// The table's name: `corp` of `[identity.corp]`. Lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// What it speaks.
    pub kind: ProviderKind,
    /// Claim or attribute → AWS session tag. The claim may be a dotted path.
    pub tags: Vec<(String, String)>,
    /// PEM certificates that are trusted towards it besides the machine's.
    pub ca_file: Option<PathBuf>,
    /// Where the table stands.
    pub file: PathBuf,
    /// The table's line.
    pub line: usize,
    /// Whether the machine's configuration names it: nobody else's can take its name then.
    pub is_machine: bool,
}

/// What a provider speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// OpenID Connect.
    Oidc(OidcSettings),
    /// SAML 2.0.
    Saml(SamlSettings),
}

/// `kind = "oidc"`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OidcSettings {
    /// The issuer exactly as it calls itself; `https`, or `http` on this very machine.
    pub issuer: String,
    /// The client that hoop is registered as; empty where only tokens of CI are checked.
    pub client_id: String,
    /// A file with the client's secret, for the few providers that want one of a native client.
    pub client_secret_file: Option<PathBuf>,
    /// The scopes asked for; empty: `openid`, and of `email profile groups offline_access` those that the provider knows.
    pub scopes: Vec<String>,
    /// The claim with the groups, a dotted path: `groups`, `realm_access.roles`.
    pub groups_claim: String,
    /// The claim with the user name; `None`: the verified email address, else the subject.
    pub user_claim: Option<String>,
    /// The audience that tokens must be made for; `None`: `client_id`.
    pub audience: Option<String>,
    /// The port of the redirect, where the provider does not take any; `None`: a free one.
    pub redirect_port: Option<u16>,
}

/// `kind = "saml"`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SamlSettings {
    /// The provider's metadata.
    pub metadata: MetadataPlace,
    /// What hoop calls itself.
    pub entity_id: String,
    /// The port of the assertion consumer service on 127.0.0.1.
    pub acs_port: Option<u16>,
    /// The attribute with the groups; `None`: the usual names are tried.
    pub groups_attribute: Option<String>,
    /// The attribute with the user name; `None`: the `NameID`.
    pub user_attribute: Option<String>,
}

/// Where SAML metadata lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataPlace {
    /// A file.
    File(PathBuf),
    /// An address; `https`, or `http` on this very machine.
    Url(String),
}

/// A provider and a fault pointing at its name, without a message yet.
#[derive(Clone, Debug)]
pub struct Named {
    /// The provider.
    pub provider: Provider,
    /// Points at it.
    pub fault: Fault,
}

/// Reads `[identity.NAME]`; faults are noted in `document`. Paths are left as they are written.
pub(super) fn read(
    document: &Document<'_>,
    name: &At<&str>,
    table: &DeTable<'_>,
    path: &Path,
) -> Option<Named> {
    let span = name.span.clone();
    if let Err((message, fix)) = fit(name.value) {
        document.fault(span, message, fix);
        return None;
    }
    let mut section = Section::new(document, table, "[identity.NAME]", span.clone());
    let kind = section.choice("kind", &[("oidc", true), ("saml", false)]);
    let ca_file = section.text("ca_file").map(|file| PathBuf::from(file.value));
    let tags = tags(&mut section);
    let kind = match kind.map(|kind| kind.value) {
        Some(true) => oidc(&mut section).map(ProviderKind::Oidc),
        Some(false) => saml(&mut section).map(ProviderKind::Saml),
        None => {
            // Of which kind the other keys are cannot be told.
            if !section.has("kind") {
                let advice = "write `kind = \"oidc\"` or `kind = \"saml\"`".to_owned();
                document.fault(span, "[identity.NAME] has no `kind`", advice);
            }
            return None;
        }
    };
    section.finish();
    let provider = Provider {
        name: name.value.to_owned(),
        kind: kind?,
        tags,
        ca_file,
        file: path.to_owned(),
        line: document.line(span.start),
        is_machine: false,
    };
    Some(Named { provider, fault: document.make_fault(span, "", None) })
}

impl Provider {
    /// Makes every path in it whole.
    pub(super) fn place(&mut self, placed: &dyn Fn(&Path) -> PathBuf) {
        let place = |path: &mut PathBuf| *path = placed(path);
        self.ca_file.iter_mut().for_each(place);
        match &mut self.kind {
            ProviderKind::Oidc(oidc) => oidc.client_secret_file.iter_mut().for_each(place),
            ProviderKind::Saml(saml) => {
                if let MetadataPlace::File(file) = &mut saml.metadata {
                    place(file);
                }
            }
        }
    }
}

fn fit(name: &str) -> Result<(), (String, String)> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let is_fit = !name.is_empty()
        && name.len() <= NAME_CHARACTERS
        && name.chars().all(fits)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !is_fit {
        let message = format!("`{}` cannot be the name of a provider", shown(name));
        return Err((message, format!("use lower-case letters, digits, - and _; at most {NAME_CHARACTERS}")));
    }
    if TAKEN.contains(&name) {
        let message = format!("`{name}` cannot be the name of a provider: it has a meaning of its own");
        return Err((message, "give it another name, such as [identity.corp]".to_owned()));
    }
    Ok(())
}

fn tags(section: &mut Section<'_, '_>) -> Vec<(String, String)> {
    let Some(table) = section.table("tags", "`tags`") else { return Vec::new() };
    let document = table.document();
    let mut tags: Vec<(String, String)> = Vec::new();
    for (claim, value) in table.entries() {
        let Some(tag) = value.get_ref().as_str() else {
            let fix = "write `tags = { department = \"department\" }`: claim = tag".to_owned();
            document.fault(value.span(), "the name of a tag is a text", fix);
            continue;
        };
        let fits = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
        if tag.is_empty() || tag.chars().count() > TAG_CHARACTERS || !tag.chars().all(fits) {
            let fix = format!("use letters, digits, spaces and _.:/=+-@; at most {TAG_CHARACTERS}");
            document.fault(value.span(), "AWS takes no tag of this name", fix);
        } else if tag.to_ascii_lowercase().starts_with("aws:") {
            let fix = "choose another name".to_owned();
            document.fault(value.span(), "AWS keeps tags that begin with `aws:` to itself", fix);
        } else if tags.iter().any(|(_, known)| known.eq_ignore_ascii_case(tag)) {
            document.fault(value.span(), "two claims have the same tag", "keep one of them".to_owned());
        } else {
            tags.push((claim.value.to_owned(), tag.to_owned()));
        }
    }
    if tags.len() > TAGS {
        document.fault(table.span.clone(), format!("AWS takes at most {TAGS} tags"), None);
    }
    tags
}

fn oidc(section: &mut Section<'_, '_>) -> Option<OidcSettings> {
    let document = section.document();
    let issuer = section.text("issuer");
    if issuer.is_none() && !section.has("issuer") {
        section
            .missing("issuer", "write `issuer = \"https://…\"`, as the provider's discovery document has it");
    }
    let issuer = issuer.filter(|issuer| is_address(document, issuer, "an issuer"));
    let client_id = one_line(section, "client_id");
    let audience = one_line(section, "audience");
    if client_id.is_none() && !section.has("client_id") && audience.is_none() {
        section.missing(
            "client_id",
            "write `client_id = \"…\"`: the native (public) client that hoop is registered as",
        );
    }
    let scopes = section.texts("scopes");
    let mut wanted = Vec::new();
    for scope in scopes.into_iter().flat_map(|scopes| scopes.value) {
        // RFC 6749, section 3.3
        let fits = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if scope.value.is_empty() || !scope.value.bytes().all(fits) {
            let fix = "write one scope a text: [\"openid\", \"email\"]".to_owned();
            document.fault(scope.span, "this is not a scope", fix);
        } else if !wanted.iter().any(|known| known == scope.value) {
            wanted.push(scope.value.to_owned());
        }
    }
    if !wanted.is_empty() && !wanted.iter().any(|scope| scope == "openid") {
        wanted.insert(0, "openid".to_owned());
    }
    Some(OidcSettings {
        client_secret_file: section.text("client_secret_file").map(|file| PathBuf::from(file.value)),
        scopes: wanted,
        groups_claim: one_line(section, "groups_claim").unwrap_or_else(|| "groups".to_owned()),
        user_claim: one_line(section, "user_claim"),
        audience,
        redirect_port: port(section, "redirect_port"),
        client_id: client_id.unwrap_or_default(),
        issuer: issuer?.value.to_owned(),
    })
}

fn saml(section: &mut Section<'_, '_>) -> Option<SamlSettings> {
    let document = section.document();
    let metadata = section.text("metadata");
    if metadata.is_none() && !section.has("metadata") {
        section.missing("metadata", "write `metadata = \"FILE\"` or its https address");
    }
    let metadata = metadata.and_then(|metadata| match metadata.value.contains("://") {
        true => {
            is_address(document, &metadata, "metadata").then(|| MetadataPlace::Url(metadata.value.to_owned()))
        }
        false => Some(MetadataPlace::File(PathBuf::from(metadata.value))),
    });
    let settings = (
        one_line(section, "entity_id").unwrap_or_else(|| "hoop".to_owned()),
        port(section, "acs_port"),
        one_line(section, "groups_attribute"),
        one_line(section, "user_attribute"),
    );
    let (entity_id, acs_port, groups_attribute, user_attribute) = settings;
    Some(SamlSettings { metadata: metadata?, entity_id, acs_port, groups_attribute, user_attribute })
}

fn one_line(section: &mut Section<'_, '_>, key: &'static str) -> Option<String> {
    let text = section.text(key)?;
    if text.value.is_empty() || text.value.len() > 2_048 || text.value.chars().any(char::is_control) {
        let message = format!("`{key}` is empty, too long, or not one line");
        section.document().fault(text.span, message, None);
        return None;
    }
    Some(text.value.to_owned())
}

fn port(section: &mut Section<'_, '_>, key: &'static str) -> Option<u16> {
    section.number(key, 1..=65_535).and_then(|port| u16::try_from(port.value).ok())
}

/// Whether `text` may be asked: by `https`, or by `http` on this very machine, where nobody listens in.
fn is_address(document: &Document<'_>, text: &At<&str>, what: &str) -> bool {
    let fault = |message: String, fix: &str| {
        let span: Span = text.span.clone();
        document.fault(span, message, fix.to_owned());
        false
    };
    if text.value.chars().any(|c| c.is_control() || c.is_whitespace()) || text.value.len() > 2_048 {
        return fault(
            format!("this is not the address of {what}"),
            "write it like \"https://login.example.com\"",
        );
    }
    let Ok(uri) = text.value.parse::<http::Uri>() else {
        return fault(
            format!("this is not the address of {what}"),
            "write it like \"https://login.example.com\"",
        );
    };
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return fault(
            format!("the address of {what} has a scheme and a host"),
            "write it like \"https://login.example.com\"",
        );
    };
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) || text.value.contains('#') {
        return fault(format!("the address of {what} has no user name and no #"), "leave them out");
    }
    if uri.query().is_some() && what == "an issuer" {
        return fault("the address of an issuer has no query".to_owned(), "leave out what follows the ?");
    }
    match scheme {
        "https" => true,
        "http" if is_loopback(host) => true,
        "http" => fault(
            "http is not safe: whoever is on the way could say who you are".to_owned(),
            "write https://; http is taken only for 127.0.0.1, [::1] and localhost",
        ),
        _ => fault(format!("{what} is asked by https"), "write https://…"),
    }
}

#[cfg(test)]
#[path = "providers_tests.rs"]
mod tests;
