//! The `[session]` table and the `[[role]]` tables.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::config::diagnostic::shown;
use crate::config::document::At;
use crate::config::document::Section;
use crate::pattern;
use crate::policy::parse::Reading;
use crate::policy::parse::owned;
use crate::policy::session::CredentialSource;
use crate::policy::session::RoleRule;
use crate::policy::session::SessionRule;
use crate::policy::session::is_role;

/// Managed policies that STS takes with one call.
const MOST_POLICY_ARNS: usize = 10;

/// Roles of one policy: each can be a profile inside.
const MOST_ROLES: usize = 50;

/// The longest name of a role.
const LONGEST_NAME: usize = 64;

/// Tags that hoop gives.
const TAGS: &[&str] = &["agent", "session", "repo"];

/// What `DurationSeconds` takes.
const DURATIONS: RangeInclusive<Duration> = Duration::from_secs(900)..=Duration::from_secs(43_200);

impl Reading<'_> {
    /// Reads `[session]` and all `[[role]]`.
    pub(super) fn session(&self, top: &mut Section<'_, '_>) -> SessionRule {
        let roles = self.roles(top);
        let Some(mut section) = top.table("session", "[session]") else {
            return SessionRule { roles, ..SessionRule::default() };
        };
        let source = section.choice("source", CredentialSource::WORDS).map(|source| source.value);
        let role = section.texts("role");
        for wanted in role.iter().flat_map(|role| &role.value) {
            if !is_role(wanted.value) && !roles.iter().any(|role| role.name == wanted.value) {
                let message = "this is neither the ARN of a role nor the name of a [[role]]";
                let fix = "write it like \"arn:aws:iam::123456789012:role/agent\"".to_owned();
                section.document().fault(wanted.span.clone(), message, fix);
            }
        }
        let role = role.map(owned).unwrap_or_default();
        let duration = section.duration("duration", DURATIONS).map(|duration| duration.value);
        let source_identity = section.boolean("source_identity").map(|wanted| wanted.value);
        let policy_arns = policy_arns(&mut section, role.first().map(String::as_str));
        let tags = section.boolean("tags").map(|wanted| wanted.value);
        let transitive_tags = transitive_tags(&mut section);
        let external_id = external_id(&mut section);
        let mfa_serial = device(&mut section);
        let saml_provider = section.text("saml_provider").map(|arn| {
            if arn.value.split(':').nth(5).and_then(|name| name.strip_prefix("saml-provider/")).is_none() {
                let fix = "write it like \"arn:aws:iam::123456789012:saml-provider/corp\"".to_owned();
                section.document().fault(arn.span, "this is not the ARN of a SAML provider", fix);
            }
            arn.value.to_owned()
        });
        let revoke = section.boolean("revoke").map(|wanted| wanted.value);
        section.finish();
        SessionRule {
            source,
            role,
            roles,
            duration,
            policy_arns,
            source_identity,
            tags,
            transitive_tags,
            external_id,
            mfa_serial,
            saml_provider,
            revoke,
        }
    }

    fn roles(&self, top: &mut Section<'_, '_>) -> Vec<RoleRule> {
        let mut roles = Vec::<RoleRule>::new();
        for mut section in top.tables("role", "a [[role]]") {
            if !section.has("arn") {
                section.missing("arn", "add `arn = \"arn:aws:iam::123456789012:role/agent\"`");
            }
            let arn = section.text("arn");
            if let Some(arn) = arn.as_ref().filter(|arn| !is_role(arn.value)) {
                let fix = "write it like \"arn:aws:iam::123456789012:role/agent\"".to_owned();
                section.document().fault(arn.span.clone(), "this is not the ARN of a role", fix);
            }
            let own = RoleRule::named_by(arn.map(|arn| arn.value).unwrap_or_default());
            let name = section.text("name");
            if let Some(name) = &name {
                role_name(&section, name);
            }
            let name = name.map_or(own.name, |name| name.value.to_owned());
            if roles.iter().any(|role| role.name == name) {
                let message = format!("a second role called \"{}\"", shown(&name));
                let fix = "give each a `name` of its own".to_owned();
                section.document().fault(section.key_span("name"), message, fix);
            }
            let principal = self.principal(&mut section);
            if !principal.roles.is_empty() {
                let message = "a role cannot be for those who have a role: nobody has one yet";
                let fix = "name a `user`, `group`, `issuer`, `agent`, `repository` or `host`".to_owned();
                section.document().fault(section.key_span("principal"), message, fix);
            }
            let duration = section.duration("duration", DURATIONS).map(|duration| duration.value);
            let external_id = external_id(&mut section);
            roles.push(RoleRule { name, arn: own.arn, principal, duration, external_id });
            if roles.len() == MOST_ROLES + 1 {
                let message = format!("more than {MOST_ROLES} roles");
                section.document().fault(section.span.clone(), message, "take some out".to_owned());
            }
            section.finish();
        }
        roles
    }
}

fn role_name(section: &Section<'_, '_>, name: &At<&str>) {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_name = (1..=LONGEST_NAME).contains(&name.value.len()) && name.value.bytes().all(fits);
    if !is_name || name.value == "default" {
        section.document().fault(
            name.span.clone(),
            format!("a role's name is 1 to {LONGEST_NAME} letters, digits or `-_.`, and not `default`"),
            "write it like `name = \"prod\"`".to_owned(),
        );
    }
}

fn policy_arns(section: &mut Section<'_, '_>, role: Option<&str>) -> Vec<String> {
    let policy_arns = section.texts("policy_arns");
    for arn in policy_arns.iter().flat_map(|arns| &arns.value) {
        if let Some(message) = managed_policy_fault(arn.value, role) {
            let fix = "write it like \"arn:aws:iam::aws:policy/ReadOnlyAccess\"".to_owned();
            section.document().fault(arn.span.clone(), message, fix);
        }
    }
    if let Some(arns) = policy_arns.as_ref().filter(|arns| arns.value.len() > MOST_POLICY_ARNS) {
        let message = format!("STS takes at most {MOST_POLICY_ARNS} managed policies");
        section.document().fault(arns.span.clone(), message, "take some out".to_owned());
    }
    policy_arns.map(owned).unwrap_or_default()
}

fn transitive_tags(section: &mut Section<'_, '_>) -> Vec<String> {
    let wanted = section.texts("transitive_tags");
    for tag in wanted.iter().flat_map(|tags| &tags.value).filter(|tag| !TAGS.contains(&tag.value)) {
        let message = format!("hoop gives no tag \"{}\"", shown(tag.value));
        let fix = format!("its tags are {}", TAGS.join(", "));
        section.document().fault(tag.span.clone(), message, fix);
    }
    wanted.map(owned).unwrap_or_default()
}

/// Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html> (`ExternalId`).
fn external_id(section: &mut Section<'_, '_>) -> Option<String> {
    let id = section.text("external_id")?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte);
    if !(2..=1_224).contains(&id.value.len()) || !id.value.bytes().all(fits) {
        let message = "an external id is 2 to 1,224 letters, digits or `_+=,.@:/-`";
        section.document().fault(id.span, message, "correct it".to_owned());
    }
    Some(id.value.to_owned())
}

/// Source: as above (`SerialNumber`); hardware devices have a plain number.
fn device(section: &mut Section<'_, '_>) -> Option<String> {
    let serial = section.text("mfa_serial")?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=/:,.@-".contains(&byte);
    if !(9..=256).contains(&serial.value.len()) || !serial.value.bytes().all(fits) {
        let fix = "write it like \"arn:aws:iam::123456789012:mfa/ana\"".to_owned();
        section.document().fault(serial.span, "this is not the serial number of an MFA device", fix);
    }
    Some(serial.value.to_owned())
}

/// What is wrong with the ARN of a managed policy for sessions of `role`.
fn managed_policy_fault(arn: &str, role: Option<&str>) -> Option<&'static str> {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", owner, name] = fields.as_slice() else {
        return Some("this is not the ARN of a managed policy");
    };
    let is_name = name.strip_prefix("policy/").is_some_and(|name| !name.is_empty())
        && name.bytes().all(|byte| byte.is_ascii_graphic())
        && !pattern::is_pattern(name);
    let is_account = owner.len() == 12 && owner.bytes().all(|byte| byte.is_ascii_digit());
    if !is_name || !(*owner == "aws" || is_account) {
        return Some("this is not the ARN of a managed policy");
    }
    let role: Vec<&str> = role?.splitn(6, ':').collect();
    let fits = role.get(1) == Some(partition) && (*owner == "aws" || role.get(4) == Some(owner));
    (!fits).then_some("a managed policy must be AWS's, or in the account of the role")
}
