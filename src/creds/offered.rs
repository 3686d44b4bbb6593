//! The configuration file that programs inside find: the user's profiles as far as they work here, and no secret.
//!
//! The session's own profile has the placeholder's keys. A profile that assumes a role does so with the session's
//! credential, whatever its `source_profile` holds: AWS then says whether that may. Other identities (keys, SSO, processes)
//! are left out, for nothing here could sign with them.

use std::collections::HashMap;
use std::fmt::Write;

use crate::aws::sigv4::Key;
use crate::creds::files;
use crate::creds::files::Profile;

/// What is taken over from a profile: nothing that is secret, leads elsewhere or names a program.
const SETTINGS: &[&str] = &[
    "region",
    "output",
    "account_id_endpoint_mode",
    "api_versions",
    "cli_auto_prompt",
    "cli_binary_format",
    "cli_follow_urlparam",
    "cli_help_output",
    "cli_history",
    "cli_timestamp_format",
    "defaults_mode",
    "disable_request_compression",
    "ec2_metadata_service_endpoint_mode",
    "max_attempts",
    "parameter_validation",
    "request_checksum_calculation",
    "retry_mode",
    "s3_disable_multiregion_access_points",
    "s3_us_east_1_regional_endpoint",
    "s3_use_arn_region",
    "sts_regional_endpoints",
    "tcp_keepalive",
    "use_dualstack_endpoint",
    "use_fips_endpoint",
];

/// As `SETTINGS`, below `s3 =`.
const S3_SETTINGS: &[&str] = &[
    "addressing_style",
    "io_chunksize",
    "max_bandwidth",
    "max_concurrent_requests",
    "max_queue_size",
    "multipart_chunksize",
    "multipart_threshold",
    "payload_signing_enabled",
    "preferred_transfer_client",
    "signature_version",
    "target_bandwidth",
    "use_accelerate_endpoint",
    "use_dualstack_endpoint",
];

/// What belongs to assuming a role.
const ROLE_SETTINGS: &[&str] =
    &["role_arn", "role_session_name", "external_id", "mfa_serial", "duration_seconds"];

/// Follows `source_profile` no further; a circle has no end.
const LONGEST_CHAIN: usize = 8;

/// The text of the file. `profile` is the one that hoop was told to use, `key` the session's placeholder, `roles` are further
/// roles of the session: their names come before the user's profiles.
#[must_use]
pub fn offered_profiles(
    environment: &HashMap<String, String>,
    profile: Option<&str>,
    key: &Key,
    roles: &[(&str, &Key)],
) -> String {
    let variable = |name: &str| environment.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let settings = profile.or_else(|| variable("AWS_PROFILE")).or_else(|| variable("AWS_DEFAULT_PROFILE"));
    let settings = settings.unwrap_or("default");
    let has_keys = variable("AWS_ACCESS_KEY_ID").is_some() && variable("AWS_SECRET_ACCESS_KEY").is_some();
    // Keys in the environment are nobody's profile, unless one was named outright.
    let own = (profile.is_some() || !has_keys).then_some(settings);
    let found = files::profiles(environment);
    let mut text = String::from(
        "# Made by hoop from your AWS files, without what is secret. The session's credential is a placeholder that only\n\
         # hoop knows; roles are assumed with it. What is written here ends with the session.\n",
    );
    let mut left_out = Vec::new();
    // Clients that are told no profile take the settings of `default`; here that is the session's own.
    let default = found.iter().find(|profile| profile.name == settings).cloned().unwrap_or_default();
    text.push_str("\n[default]\n");
    put_settings(&mut text, &default);
    if own == Some("default") {
        put_keys(&mut text, key);
    }
    for (name, key) in roles {
        put_role(&mut text, name, found.iter().find(|profile| profile.name == *name), key);
    }
    let is_role = |profile: &Profile| roles.iter().any(|(name, _)| profile.name == *name);
    for profile in found.iter().filter(|profile| profile.name != "default" && !is_role(profile)) {
        let Some(header) = header(&profile.name) else { continue };
        let source = match own == Some(profile.name.as_str()) {
            true => Some(Source::Own),
            false => source(profile, &found, own),
        };
        let Some(source) = source else {
            left_out.push(profile.name.as_str());
            continue;
        };
        let _ = write!(text, "\n{header}\n");
        put_settings(&mut text, profile);
        if let Source::Own = source {
            put_keys(&mut text, key);
            continue;
        }
        for name in ROLE_SETTINGS {
            put(&mut text, name, profile.get(name));
        }
        match source {
            Source::Role(name) => put(&mut text, "source_profile", Some(name)),
            _ => put(&mut text, "credential_source", Some("Environment")),
        }
    }
    if !left_out.is_empty() {
        let _ = write!(
            text,
            "\n# Left out, since their credentials are not in this session: {}\n",
            left_out.join(", ")
        );
    }
    text
}

/// The text of a file with nothing but further roles of the session.
#[must_use]
pub fn offered_roles(roles: &[(&str, &Key)]) -> String {
    let mut text = String::new();
    for (name, key) in roles {
        put_role(&mut text, name, None, key);
    }
    text
}

fn put_role(text: &mut String, name: &str, like: Option<&Profile>, key: &Key) {
    let Some(header) = header(name) else { return };
    let _ = write!(text, "\n{header}\n");
    if let Some(profile) = like {
        put_settings(text, profile);
    }
    put_keys(text, key);
}

/// What a profile signs with.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// The session's placeholder, itself.
    Own,
    /// A role, assumed with the session's credential.
    Session,
    /// A role, assumed with that of another profile.
    Role(&'a str),
}

/// What the role of `profile` is assumed with; none if there is no role, or no way to it.
fn source<'a>(profile: &'a Profile, all: &'a [Profile], own: Option<&str>) -> Option<Source<'a>> {
    let mut first = None;
    let mut at = profile;
    for _ in 0..LONGEST_CHAIN {
        is_plain(at.get("role_arn")?).then_some(())?;
        let Some(name) = at.get("source_profile") else {
            at.get("credential_source")?;
            return Some(first.unwrap_or(Source::Session));
        };
        let next = all.iter().find(|other| other.name == name)?;
        // A profile that names itself has keys of its own beside the role.
        if Some(name) == own || name == at.name || next.get("role_arn").is_none() {
            return Some(first.unwrap_or(Source::Session));
        }
        header(name)?;
        first = first.or(Some(Source::Role(name)));
        at = next;
    }
    None
}

/// A section's header; none for a name that would need more than quotes.
fn header(name: &str) -> Option<String> {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b" _.@:/+-".contains(&byte);
    (name.len() <= 256 && name.bytes().all(is_known)).then(|| match name.contains(' ') {
        true => format!("[profile \"{name}\"]"),
        false => format!("[profile {name}]"),
    })
}

fn put_settings(text: &mut String, profile: &Profile) {
    for name in SETTINGS {
        put(text, name, profile.get(name));
    }
    let below = profile.below("s3").filter(|(name, value)| S3_SETTINGS.contains(name) && is_plain(value));
    let lines: String = below.map(|(name, value)| format!("  {name} = {value}\n")).collect();
    if !lines.is_empty() {
        let _ = write!(text, "s3 =\n{lines}");
    }
}

fn put_keys(text: &mut String, key: &Key) {
    put(text, "aws_access_key_id", Some(&key.access_key_id));
    put(text, "aws_secret_access_key", Some(key.secret.expose()));
    put(text, "aws_session_token", key.token.as_ref().map(|token| token.expose()));
}

fn put(text: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| is_plain(value)) {
        let _ = writeln!(text, "{name} = {value}");
    }
}

/// A value in which nothing else can hide.
fn is_plain(value: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b" _.,@:/+=-".contains(&byte);
    (1..=2_048).contains(&value.len()) && value.bytes().all(is_known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Secret;

    const CONFIG: &str = "\
[default]
region = eu-west-1
output = table
[profile base]
region = eu-central-1 # the office: hunter2
cli_pager = less
credential_process = /bin/secret-tool hunter2
s3 =
  max_concurrent_requests = 4
  endpoint_url = http://elsewhere
[profile deploy]
role_arn = arn:aws:iam::123456789012:role/deploy
source_profile = base
external_id = shop-7
mfa_serial = arn:aws:iam::123456789012:mfa/ana
endpoint_url = http://elsewhere
[profile audit]
role_arn = arn:aws:iam::210987654321:role/audit
source_profile = deploy
[profile machine]
role_arn = arn:aws:iam::210987654321:role/machine
credential_source = Ec2InstanceMetadata
[profile single]
sso_session = corp
sso_account_id = 123456789012
[profile web]
role_arn = arn:aws:iam::123456789012:role/web
web_identity_token_file = /run/token
[profile round]
role_arn = arn:aws:iam::123456789012:role/round
source_profile = trip
[profile trip]
role_arn = arn:aws:iam::123456789012:role/trip
source_profile = round
[profile lost]
role_arn = arn:aws:iam::123456789012:role/lost
source_profile = nowhere
[profile keyed]
role_arn = arn:aws:iam::123456789012:role/keyed
source_profile = keyed
[sso-session corp]
sso_start_url = https://hunter2.example
";
    const CREDENTIALS: &str = "\
[base]
aws_access_key_id = AKIAREALREALREALREAL
aws_secret_access_key = hunter2
[keyed]
aws_access_key_id = AKIAREALREALREALREAL
aws_secret_access_key = hunter2
[other]
aws_session_token = hunter2
";

    fn offered(variables: &[(&str, &str)], profile: Option<&str>) -> String {
        let dir = tempfile::tempdir().unwrap();
        let mut environment: HashMap<_, _> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        for (name, text) in [("AWS_CONFIG_FILE", CONFIG), ("AWS_SHARED_CREDENTIALS_FILE", CREDENTIALS)] {
            let file = dir.path().join(name);
            std::fs::write(&file, text).unwrap();
            environment.insert(name.to_owned(), file.display().to_string());
        }
        let key = Key {
            access_key_id: "ASIAPLACEHOLDER".to_owned(),
            secret: Secret::new("made"),
            token: Some(Secret::new("up")),
        };
        let text = offered_profiles(&environment, profile, &key, &[]);
        for hidden in ["hunter2", "AKIAREAL", "elsewhere", "less", "sso_", "web_identity", "process"] {
            assert!(!text.contains(hidden), "{hidden} in:\n{text}");
        }
        text
    }

    #[test]
    fn roles_are_assumed_with_the_sessions_credential_and_chained() {
        let text = offered(&[("AWS_PROFILE", "base")], None);
        let section = |name: &str| text.split("\n\n").find(|part| part.starts_with(name)).unwrap_or_default();
        assert_eq!(
            section("[profile deploy]"),
            "[profile deploy]\nrole_arn = arn:aws:iam::123456789012:role/deploy\nexternal_id = shop-7\n\
             mfa_serial = arn:aws:iam::123456789012:mfa/ana\ncredential_source = Environment"
        );
        assert!(section("[profile audit]").ends_with("source_profile = deploy"), "{text}");
        assert!(section("[profile machine]").ends_with("credential_source = Environment"), "{text}");
        assert!(section("[profile keyed]").ends_with("credential_source = Environment"), "{text}");
        assert!(text.ends_with("in this session: single, web, round, trip, lost, other\n"), "{text}");
    }

    #[test]
    fn the_sessions_own_profile_has_the_placeholder_and_gives_the_defaults() {
        let text = offered(&[("AWS_PROFILE", "base")], None);
        let own = "region = eu-central-1\ns3 =\n  max_concurrent_requests = 4\n";
        assert!(text.contains(&format!("[default]\n{own}\n")), "{text}");
        let keys =
            "aws_access_key_id = ASIAPLACEHOLDER\naws_secret_access_key = made\naws_session_token = up\n";
        assert!(text.contains(&format!("[profile base]\n{own}{keys}\n")), "{text}");
        assert_eq!(text.matches("ASIAPLACEHOLDER").count(), 1, "{text}");
        // A role that the session has already is not assumed again.
        let text = offered(&[("AWS_PROFILE", "base")], Some("deploy"));
        assert!(text.contains(&format!("[profile deploy]\n{keys}")), "{text}");
        assert!(text.contains("role/audit\ncredential_source = Environment\n"), "{text}");
        assert!(!text.contains("[profile base]"), "{text}");
    }

    #[test]
    fn keys_in_the_environment_are_nobodys_profile() {
        let keys = [("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "x")];
        let text = offered(&keys, None);
        assert!(!text.contains("ASIAPLACEHOLDER") && text.contains("[profile audit]"), "{text}");
        assert!(text.contains("[default]\nregion = eu-west-1\noutput = table\n\n"), "{text}");
        let text = offered(&[], None);
        assert_eq!(
            text.matches("[default]\nregion = eu-west-1\noutput = table\naws_access_key_id").count(),
            1
        );
        assert!(offered(&keys, Some("base")).contains("ASIAPLACEHOLDER"));
    }

    #[test]
    fn without_files_there_is_an_own_profile_only() {
        let key = Key { access_key_id: "ASIAX".to_owned(), secret: Secret::new("s"), token: None };
        let text = offered_profiles(&HashMap::new(), None, &key, &[]);
        assert!(
            text.ends_with("[default]\naws_access_key_id = ASIAX\naws_secret_access_key = s\n"),
            "{text}"
        );
    }
}
