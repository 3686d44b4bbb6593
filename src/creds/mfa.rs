//! Multi-factor authentication: AWS gives the credential only with a code from the person's device.
//!
//! A profile with `role_arn` and `mfa_serial` is assumed here, since the AWS libraries cannot ask. A serial number in the
//! policy makes one `GetSessionToken`, with whose credential the session's role is assumed and renewed without further codes.

use std::collections::HashMap;

use serde_json::Value;
use serde_json::json;

use crate::aws::sigv4::Key;
use crate::creds::account::is_account;
use crate::creds::assume::credential;
use crate::creds::cli_cache::Arguments;
use crate::creds::cli_cache::Cached;
use crate::creds::cli_cache::CliCache;
use crate::creds::files;
use crate::creds::files::Profile;
use crate::creds::sts::Fault;
use crate::creds::sts::Sts;
use crate::types::Secret;

/// Follows `source_profile` no further.
const LONGEST_CHAIN: usize = 5;

/// How long the credential of a `GetSessionToken` lasts: a working day.
const TOKEN_SECONDS: u64 = 12 * 60 * 60;

/// A cached credential with less life than this is not begun with.
const BEGINS_WITH: u64 = 5 * 60;

/// A code that a person has to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The device: `arn:aws:iam::123456789012:mfa/ana`.
    pub serial: String,
    /// What it is for: `profile admin`.
    pub purpose: String,
}

/// How the credential that everything begins with is had, where that needs a code.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The profile whose credential signs the first call; `None`: the usual chain.
    pub base: Option<String>,
    /// Keys that stand in that profile itself.
    pub keys: Option<Key>,
    hops: Vec<Hop>,
    cache: Option<CliCache>,
    purpose: String,
}

/// One call.
#[derive(Clone, Debug)]
enum Hop {
    /// `AssumeRole` with what the hop before gave.
    Role { arguments: Arguments, serial: Option<String>, account: Option<String> },
    /// `GetSessionToken` with a device.
    Token { arguments: Arguments, serial: String },
}

/// Why a hop failed.
pub(super) enum Failed {
    /// The code is needed, and there is none.
    NoCode,
    /// STS could not be reached.
    Unreached(String),
    /// STS refused.
    Refused(Fault),
}

/// The code that is wanted for the profile in use, or for the device that a policy names; none where there is a credential
/// in the AWS CLI's cache.
#[must_use]
pub fn code_wanted(
    environment: &HashMap<String, String>,
    profile: Option<&str>,
    serial: Option<&str>,
    now_unix: u64,
) -> Option<Wanted> {
    let plan = Plan::of(environment, profile, serial)?;
    let hop = plan.hops.iter().rev().find(|hop| hop.serial().is_some())?;
    let is_cached = plan.hops.last().is_some_and(|last| plan.cached(last, now_unix).is_some())
        || plan.cached(hop, now_unix).is_some();
    let serial = hop.serial()?.to_owned();
    (!is_cached).then(|| Wanted { serial, purpose: plan.purpose.clone() })
}

impl Plan {
    /// None where no code is ever wanted.
    pub(super) fn of(
        environment: &HashMap<String, String>,
        profile: Option<&str>,
        serial: Option<&str>,
    ) -> Option<Self> {
        let variable =
            |name: &str| environment.get(name).filter(|value| !value.is_empty()).map(String::as_str);
        let has_keys = variable("AWS_ACCESS_KEY_ID").is_some() && profile.is_none();
        let cache = variable("HOME").map(CliCache::below);
        let name = profile.or_else(|| variable("AWS_PROFILE")).unwrap_or("default");
        let found = if has_keys { Vec::new() } else { files::profiles(environment) };
        let (base, keys, mut hops) = chain_of(name, &found).unwrap_or((None, None, Vec::new()));
        if hops.iter().any(|hop| hop.serial().is_some()) {
            hops.reverse();
            return Some(Self { base, keys, hops, cache, purpose: format!("profile {name}") });
        }
        let serial = serial?.to_owned();
        let arguments =
            Arguments::from([("DurationSeconds", json!(TOKEN_SECONDS)), ("SerialNumber", json!(serial))]);
        let hops = vec![Hop::Token { arguments, serial }];
        Some(Self { base: None, keys: None, hops, cache, purpose: "the session's role".to_owned() })
    }

    /// The credential at the end of the plan, if it is cached and lives long enough to begin with.
    pub(super) fn ready(&self, now_unix: u64) -> Option<Cached> {
        self.cached(self.hops.last()?, now_unix)
    }

    fn cached(&self, hop: &Hop, now_unix: u64) -> Option<Cached> {
        self.cache.as_ref()?.get(hop.arguments(), now_unix + BEGINS_WITH)
    }

    /// Makes all calls that the cache does not have the answers of, beginning with the credential that `sts` has.
    pub(super) async fn follow(&self, code: Option<&Secret>, sts: &Sts<'_>) -> Result<Cached, Failed> {
        let mut have: Option<Cached> = None;
        for hop in &self.hops {
            if let Some(cached) = self.cached(hop, sts.now_unix) {
                have = Some(cached);
                continue;
            }
            let key = have.as_ref().map(|have| &have.key).or(sts.key);
            let fields = hop.fields(code, sts.now_unix).ok_or(Failed::NoCode)?;
            let answer = Sts { key, ..*sts }.call(hop.action(), &fields).await.map_err(Failed::Unreached)?;
            if answer.status != 200 {
                return Err(Failed::Refused(answer.fault()));
            }
            let unreadable =
                || Failed::Unreached("the answer holds no credential that can be read".to_owned());
            let (key, expires) = credential(&answer).ok_or_else(unreadable)?;
            let arn = answer.text("Arn").filter(|arn| arn.starts_with("arn:"));
            let given = Cached { key, expires, account: hop.account(), arn };
            if let Some(cache) = &self.cache {
                cache.put(hop.arguments(), &given);
            }
            have = Some(given);
        }
        have.ok_or(Failed::NoCode)
    }
}

/// Base profile, its own keys, and the roles from the last to the first.
type Found = (Option<String>, Option<Key>, Vec<Hop>);

fn chain_of(name: &str, all: &[Profile]) -> Option<Found> {
    let mut hops = Vec::new();
    let mut at = all.iter().find(|profile| profile.name == name)?;
    for _ in 0..LONGEST_CHAIN {
        hops.push(hop_of(at)?);
        let source = at.get("source_profile")?;
        let next = all.iter().find(|profile| profile.name == source)?;
        if source == at.name || next.get("role_arn").is_none() {
            return Some((Some(source.to_owned()), keys_of(next), hops));
        }
        at = next;
    }
    None
}

fn hop_of(profile: &Profile) -> Option<Hop> {
    let role = profile.get("role_arn")?;
    let mut arguments = Arguments::from([("RoleArn", json!(role))]);
    let named = [
        ("role_session_name", "RoleSessionName"),
        ("external_id", "ExternalId"),
        ("mfa_serial", "SerialNumber"),
    ];
    for (setting, argument) in named {
        if let Some(value) = profile.get(setting) {
            arguments.insert(argument, json!(value));
        }
    }
    if let Some(seconds) = profile.get("duration_seconds").and_then(|seconds| seconds.parse::<u64>().ok()) {
        arguments.insert("DurationSeconds", json!(seconds));
    }
    let account = role.split(':').nth(4).filter(|account| is_account(account)).map(str::to_owned);
    Some(Hop::Role { arguments, serial: profile.get("mfa_serial").map(str::to_owned), account })
}

fn keys_of(profile: &Profile) -> Option<Key> {
    Some(Key {
        access_key_id: profile.get("aws_access_key_id")?.to_owned(),
        secret: Secret::new(profile.get("aws_secret_access_key")?),
        token: profile.get("aws_session_token").map(Secret::new),
    })
}

impl Hop {
    fn arguments(&self) -> &Arguments {
        match self {
            Self::Role { arguments, .. } | Self::Token { arguments, .. } => arguments,
        }
    }

    fn action(&self) -> &'static str {
        match self {
            Self::Role { .. } => "AssumeRole",
            Self::Token { .. } => "GetSessionToken",
        }
    }

    fn account(&self) -> Option<String> {
        match self {
            Self::Role { account, .. } => account.clone(),
            Self::Token { serial, .. } => serial.split(':').nth(4).map(str::to_owned),
        }
    }

    /// None where a code is needed and there is none.
    fn fields(&self, code: Option<&Secret>, now_unix: u64) -> Option<Vec<(String, String)>> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let arguments = self.arguments();
        let mut fields: Vec<_> =
            arguments.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect();
        if let (Self::Role { .. }, None) = (self, arguments.get("RoleSessionName")) {
            fields.push(("RoleSessionName".to_owned(), format!("hoop-{now_unix}")));
        }
        if self.serial().is_some() {
            fields.push(("TokenCode".to_owned(), code?.expose().to_owned()));
        }
        Some(fields)
    }

    fn serial(&self) -> Option<&str> {
        match self {
            Self::Role { serial, .. } => serial.as_deref(),
            Self::Token { serial, .. } => Some(serial),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const CONFIG: &str = "\
[profile base]
aws_access_key_id = AKIABASE
aws_secret_access_key = s
[profile admin]
role_arn = arn:aws:iam::123456789012:role/admin
source_profile = base
mfa_serial = arn:aws:iam::123456789012:mfa/ana
duration_seconds = 3600
[profile audit]
role_arn = arn:aws:iam::210987654321:role/audit
source_profile = admin
external_id = x
[profile plain]
role_arn = arn:aws:iam::123456789012:role/plain
source_profile = base
[profile loop]
role_arn = arn:aws:iam::123456789012:role/loop
source_profile = pool
mfa_serial = m
[profile pool]
role_arn = arn:aws:iam::123456789012:role/pool
source_profile = loop
";

    #[test]
    fn a_code_is_wanted_where_a_profile_or_the_policy_names_a_device() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(".aws")).unwrap();
        fs::write(home.path().join(".aws/config"), CONFIG).unwrap();
        let own = ("HOME".to_owned(), home.path().display().to_string());
        let environment = HashMap::from([own]);
        let wanted = |profile, serial| code_wanted(&environment, profile, serial, 0);
        let device = "arn:aws:iam::123456789012:mfa/ana";
        assert_eq!(wanted(Some("admin"), None).unwrap().serial, device);
        assert_eq!(wanted(Some("audit"), None).unwrap().purpose, "profile audit");
        assert_eq!(wanted(Some("audit"), Some("other")).unwrap().serial, device);
        assert_eq!(wanted(Some("plain"), None), None);
        assert_eq!(wanted(Some("loop"), None), None);
        assert_eq!(wanted(Some("plain"), Some(device)).unwrap().purpose, "the session's role");
        // What the CLI has cached needs no code.
        let plan = Plan::of(&environment, Some("admin"), None).unwrap();
        let key = Key {
            access_key_id: "ASIA1".to_owned(),
            secret: Secret::new("s"),
            token: Some(Secret::new("t")),
        };
        let cached = Cached { key, expires: 3_600, account: None, arn: None };
        plan.cache.as_ref().unwrap().put(plan.hops[0].arguments(), &cached);
        assert_eq!((wanted(Some("admin"), None), wanted(Some("audit"), None)), (None, None));
        assert!(code_wanted(&environment, Some("admin"), None, 3_500).is_some());
        // Keys in the environment are nobody's profile.
        let mut keys = environment.clone();
        keys.extend([
            ("AWS_PROFILE".to_owned(), "admin".to_owned()),
            ("AWS_ACCESS_KEY_ID".to_owned(), "A".to_owned()),
        ]);
        assert_eq!(code_wanted(&keys, None, None, 3_500), None);
    }
}
