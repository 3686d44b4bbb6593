//! Where the chain would take its credential from, told without taking it: nothing is fetched, started or renewed.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::creds::files;
use crate::creds::files::Profile;

/// Follows `source_profile` no further.
const LONGEST_CHAIN: usize = 5;

/// A sign-in's file has some KiB.
const SIGN_IN_BYTES: u64 = 256 * 1024;

/// The first source that has something to say, in the chain's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Keys in the environment; `is_long_lived`: those of an IAM user.
    Environment {
        /// They have no session token.
        is_long_lived: bool,
    },
    /// A profile of the files.
    Profile {
        /// Its name.
        name: String,
        /// Where it has its credential from.
        how: How,
    },
    /// A profile that is named and not there.
    MissingProfile {
        /// The name.
        name: String,
        /// The profiles that there are.
        known: Vec<String>,
    },
    /// A token in a file, named by `AWS_WEB_IDENTITY_TOKEN_FILE`.
    WebIdentity {
        /// The file.
        file: PathBuf,
    },
    /// A container's credential endpoint.
    Container,
    /// Nothing is left but the instance's metadata, which only EC2 has.
    Instance {
        /// The environment forbids to ask there.
        is_disabled: bool,
    },
}

/// Where a profile has its credential from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// Keys in the files.
    Keys {
        /// Those of an IAM user.
        is_long_lived: bool,
    },
    /// IAM Identity Center.
    Sso {
        /// What `aws sso login` has left.
        sign_in: SignIn,
    },
    /// A program that prints one.
    Process,
    /// A role, assumed with another source.
    Role {
        /// Its ARN.
        arn: String,
        /// It wants a code from the person's MFA device.
        needs_mfa: bool,
        /// What it is assumed with; `None`: `credential_source`, or a profile that is not there.
        with: Option<Box<How>>,
    },
    /// A token in a file.
    WebIdentity {
        /// The file.
        file: PathBuf,
    },
    /// Nothing of it is a credential.
    Nothing,
}

/// What is left of an `aws sso login`; times in seconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// There is none.
    Never,
    /// Its file is not what the CLI writes.
    Unreadable(PathBuf),
    /// It ends, or has ended, at a time; and can be renewed without a person, or not.
    Until {
        /// When.
        at: i64,
        /// A refresh token is there, whose registration still holds.
        is_renewable: bool,
    },
}

/// Tells where a chain in `environment` would take its credential from; `profile`: the one that hoop was told to use.
#[must_use]
pub fn survey(environment: &HashMap<String, String>, profile: Option<&str>, now: u64) -> Origin {
    let variable = |name: &str| environment.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let has_keys = variable("AWS_ACCESS_KEY_ID").is_some() && variable("AWS_SECRET_ACCESS_KEY").is_some();
    if profile.is_none() && has_keys {
        return Origin::Environment { is_long_lived: variable("AWS_SESSION_TOKEN").is_none() };
    }
    let found = files::profiles(environment);
    let named = profile.or_else(|| variable("AWS_PROFILE"));
    let name = named.unwrap_or("default");
    let known = found.iter().find(|profile| profile.name == name);
    match (known, named) {
        (Some(profile), _) => {
            let how = how(profile, &found, environment, now, LONGEST_CHAIN);
            if named.is_some() || how != How::Nothing {
                return Origin::Profile { name: name.to_owned(), how };
            }
        }
        (None, Some(name)) => {
            let known = found.iter().map(|profile| profile.name.clone()).collect();
            return Origin::MissingProfile { name: name.to_owned(), known };
        }
        (None, None) => {}
    }
    if let (Some(file), Some(_)) = (variable("AWS_WEB_IDENTITY_TOKEN_FILE"), variable("AWS_ROLE_ARN")) {
        return Origin::WebIdentity { file: PathBuf::from(file) };
    }
    if ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        .iter()
        .any(|name| variable(name).is_some())
    {
        return Origin::Container;
    }
    let is_disabled = variable("AWS_EC2_METADATA_DISABLED").is_some_and(|it| it.eq_ignore_ascii_case("true"));
    Origin::Instance { is_disabled }
}

fn how(
    profile: &Profile,
    all: &[Profile],
    environment: &HashMap<String, String>,
    now: u64,
    depth: usize,
) -> How {
    let keys = || {
        let id = profile.get("aws_access_key_id").filter(|id| !id.is_empty())?;
        profile.get("aws_secret_access_key").filter(|secret| !secret.is_empty())?;
        Some(How::Keys { is_long_lived: id.starts_with("AKIA") })
    };
    if let Some(arn) = profile.get("role_arn").filter(|arn| !arn.is_empty()) {
        if let Some(file) = profile.get("web_identity_token_file") {
            return How::WebIdentity { file: PathBuf::from(file) };
        }
        let source = profile.get("source_profile");
        let with = match source {
            Some(source) if source == profile.name => keys().map(Box::new),
            Some(source) if depth > 0 => all
                .iter()
                .find(|other| other.name == source)
                .map(|other| Box::new(how(other, all, environment, now, depth - 1))),
            _ => None,
        };
        let needs_mfa = profile.get("mfa_serial").is_some();
        return How::Role { arn: arn.to_owned(), needs_mfa, with };
    }
    if let Some(keys) = keys() {
        return keys;
    }
    let session = profile.get("sso_session").or_else(|| profile.get("sso_start_url"));
    if let Some(session) = session.filter(|_| profile.get("sso_account_id").is_some()) {
        return How::Sso { sign_in: sign_in(session, environment, now) };
    }
    match profile.get("credential_process") {
        Some(_) => How::Process,
        None => How::Nothing,
    }
}

/// What the CLI keeps of a sign-in: a file that is named by the SHA-1 of the session's name, or of the start URL.
fn sign_in(session: &str, environment: &HashMap<String, String>, now: u64) -> SignIn {
    let name = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, session.as_bytes());
    let Some(home) = environment.get("HOME") else { return SignIn::Never };
    let path = PathBuf::from(home).join(format!(".aws/sso/cache/{}.json", hex::encode(name)));
    let Ok(metadata) = fs::metadata(&path) else { return SignIn::Never };
    let text = if metadata.len() > SIGN_IN_BYTES { None } else { fs::read_to_string(&path).ok() };
    let value = text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let time = |name: &str| {
        let text = value.as_ref()?.get(name)?.as_str()?;
        // Old versions of the CLI wrote `UTC` where RFC 3339 has `Z`.
        text.replace("UTC", "Z").parse::<jiff::Timestamp>().ok().map(|at| at.as_second())
    };
    let Some(at) = time("expiresAt") else { return SignIn::Unreadable(path) };
    let has_refresh = value.as_ref().is_some_and(|value| value.get("refreshToken").is_some());
    let is_registered = time("registrationExpiresAt")
        .is_some_and(|registered| u64::try_from(registered).unwrap_or_default() > now);
    SignIn::Until { at, is_renewable: has_refresh && is_registered }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "\
[default]
region = eu-west-1
[profile corp]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = dev
[profile old]
sso_start_url = https://corp.example/start
sso_account_id = 123456789012
[profile deploy]
role_arn = arn:aws:iam::123456789012:role/deploy
source_profile = keys
mfa_serial = arn:aws:iam::123456789012:mfa/ana
[profile tool]
credential_process = /bin/false
[profile loop]
role_arn = arn:aws:iam::123456789012:role/loop
source_profile = loop
";
    const CREDENTIALS: &str = "[keys]\naws_access_key_id = AKIAX\naws_secret_access_key = x\n";
    const NOW: u64 = 1_763_726_400;

    fn asked(variables: &[(&str, &str)], profile: Option<&str>) -> Origin {
        let home = tempfile::tempdir().unwrap();
        let cache = home.path().join(".aws/sso/cache");
        fs::create_dir_all(&cache).unwrap();
        fs::write(home.path().join(".aws/config"), CONFIG).unwrap();
        fs::write(home.path().join(".aws/credentials"), CREDENTIALS).unwrap();
        let digest = |text: &str| {
            let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
            cache.join(format!("{}.json", hex::encode(digest)))
        };
        fs::write(digest("corp"), r#"{"accessToken":"secret","expiresAt":"2025-11-20T12:00:00Z","refreshToken":"r","registrationExpiresAt":"2026-02-01T00:00:00Z"}"#).unwrap();
        fs::write(digest("https://corp.example/start"), "{").unwrap();
        let mut environment: HashMap<String, String> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        environment.insert("HOME".to_owned(), home.path().display().to_string());
        match survey(&environment, profile, NOW) {
            Origin::Profile { name, how: How::Sso { sign_in: SignIn::Unreadable(_) } } => {
                Origin::Profile { name, how: How::Sso { sign_in: SignIn::Unreadable(PathBuf::new()) } }
            }
            origin => origin,
        }
    }

    #[test]
    fn the_chains_first_source_is_told() {
        let profile = |name: &str, how| Origin::Profile { name: name.to_owned(), how };
        let keys = [("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "x")];
        assert_eq!(asked(&keys, None), Origin::Environment { is_long_lived: true });
        assert_eq!(asked(&keys, Some("tool")), profile("tool", How::Process));
        let sign_in = SignIn::Until { at: 1_763_640_000, is_renewable: true };
        assert_eq!(asked(&[("AWS_PROFILE", "corp")], None), profile("corp", How::Sso { sign_in }));
        let sign_in = SignIn::Unreadable(PathBuf::new());
        assert_eq!(asked(&[], Some("old")), profile("old", How::Sso { sign_in }));
        let with = Some(Box::new(How::Keys { is_long_lived: true }));
        let arn = "arn:aws:iam::123456789012:role/deploy".to_owned();
        assert_eq!(asked(&[], Some("deploy")), profile("deploy", How::Role { arn, needs_mfa: true, with }));
        let arn = "arn:aws:iam::123456789012:role/loop".to_owned();
        assert_eq!(
            asked(&[], Some("loop")),
            profile("loop", How::Role { arn, needs_mfa: false, with: None })
        );
        assert!(
            matches!(asked(&[], Some("nowhere")), Origin::MissingProfile { known, .. } if known.len() == 7)
        );
    }

    #[test]
    fn a_default_profile_without_a_credential_leaves_the_rest_of_the_chain() {
        assert_eq!(asked(&[], None), Origin::Instance { is_disabled: false });
        let file = PathBuf::from("/run/token");
        let web = [("AWS_WEB_IDENTITY_TOKEN_FILE", "/run/token"), ("AWS_ROLE_ARN", "arn:r")];
        assert_eq!(asked(&web, None), Origin::WebIdentity { file });
        assert_eq!(asked(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://x")], None), Origin::Container);
        assert_eq!(
            asked(&[("AWS_EC2_METADATA_DISABLED", "true")], None),
            Origin::Instance { is_disabled: true }
        );
    }
}
