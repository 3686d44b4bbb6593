//! The AWS CLI's cache of assumed roles (`~/.aws/cli/cache`), read and written as the CLI does, so that a code that was
//! typed for one of the two serves the other.
//!
//! Source: `CachedCredentialFetcher` and `JSONFileCache` in botocore's `credentials.py` and `utils.py`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use ring::digest;
use serde_json::Value;
use serde_json::json;
use zeroize::Zeroizing;

use crate::aws::sigv4::Key;
use crate::types::Secret;

/// A file of the cache is a few KiB.
const FILE_BYTES: u64 = 64 * 1024;

/// The arguments of a call, by name, as the CLI would give them.
pub(super) type Arguments = BTreeMap<&'static str, Value>;

/// The folder.
#[derive(Clone, Debug)]
pub(super) struct CliCache(PathBuf);

/// What a file holds.
pub(super) struct Cached {
    pub key: Key,
    /// Seconds since the Unix epoch.
    pub expires: u64,
    pub account: Option<String>,
    /// Of the role's session.
    pub arn: Option<String>,
}

impl CliCache {
    pub(super) fn below(home: &str) -> Self {
        Self(PathBuf::from(home).join(".aws/cli/cache"))
    }

    /// What the cache holds for a call with these arguments, if that lives at `at`. A file that cannot be read is none.
    pub(super) fn get(&self, arguments: &Arguments, at: u64) -> Option<Cached> {
        let mut text = Zeroizing::new(String::new());
        let file = fs::File::open(self.path(arguments)).ok()?;
        file.take(FILE_BYTES).read_to_string(&mut text).ok()?;
        read(&text).filter(|cached| at < cached.expires)
    }

    /// Keeps a credential, for us and for the CLI. That it cannot be kept is no harm but that the code is wanted again.
    pub(super) fn put(&self, arguments: &Arguments, cached: &Cached) {
        drop(self.try_put(arguments, cached));
    }

    fn try_put(&self, arguments: &Arguments, cached: &Cached) -> Result<(), std::io::Error> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        let Cached { key, expires, account, arn } = cached;
        let until = i64::try_from(*expires).ok().and_then(|at| jiff::Timestamp::from_second(at).ok());
        let until = until.map(|at| at.to_string().replace('Z', "UTC")).unwrap_or_default();
        let mut credentials = json!({
            "AccessKeyId": key.access_key_id,
            "SecretAccessKey": key.secret.expose(),
            "SessionToken": key.token.as_ref().map(Secret::expose),
            "Expiration": until,
        });
        if let (Some(account), Some(members)) = (account, credentials.as_object_mut()) {
            members.insert("AccountId".to_owned(), account.as_str().into());
        }
        let mut whole = json!({ "Credentials": credentials });
        if let (Some(arn), Some(members)) = (arn, whole.as_object_mut()) {
            members.insert("AssumedRoleUser".to_owned(), json!({ "Arn": arn }));
        }
        let text = Zeroizing::new(whole.to_string());
        let path = self.path(arguments);
        let new = path.with_extension(format!("{}.tmp", std::process::id()));
        // One that a process left that had this number before.
        drop(fs::remove_file(&new));
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .and_then(|()| fs::rename(&new, path))
            .inspect_err(|_| drop(fs::remove_file(&new)))
    }

    fn path(&self, arguments: &Arguments) -> PathBuf {
        self.0.join(format!("{}.json", name(arguments)))
    }
}

/// SHA-1 of the arguments as Python's `json.dumps(arguments, sort_keys=True)` writes them.
fn name(arguments: &Arguments) -> String {
    let members: Vec<String> = arguments.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
    let text = format!("{{{}}}", members.join(", "));
    hex::encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()))
}

fn read(text: &str) -> Option<Cached> {
    let whole: Value = serde_json::from_str(text).ok()?;
    let credentials = &whole["Credentials"];
    let text = |name: &str| credentials[name].as_str().filter(|text| !text.is_empty());
    // botocore writes `…UTC`, newer ones `…+00:00` or `…Z`.
    let until = text("Expiration")?.replace("UTC", "Z");
    let expires = until.parse::<jiff::Timestamp>().ok()?.as_second();
    Some(Cached {
        key: Key {
            access_key_id: text("AccessKeyId")?.to_owned(),
            secret: Secret::new(text("SecretAccessKey")?),
            token: Some(Secret::new(text("SessionToken")?)),
        },
        expires: u64::try_from(expires).ok()?,
        account: text("AccountId").map(str::to_owned),
        arn: whole["AssumedRoleUser"]["Arn"].as_str().map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn arguments() -> Arguments {
        Arguments::from([
            ("RoleArn", json!("arn:aws:iam::123456789012:role/admin")),
            ("SerialNumber", json!("arn:aws:iam::123456789012:mfa/ana")),
            ("DurationSeconds", json!(3600)),
        ])
    }

    #[test]
    fn the_names_of_files_are_botocores() {
        // python3: sha1(json.dumps({...}, sort_keys=True).encode()).hexdigest()
        assert_eq!(name(&arguments()), "b3fca2e5e05d157eaf14b7da3dc54922020694e2");
    }

    #[test]
    fn what_is_put_is_there_until_it_ends_and_is_nobody_elses() {
        let home = tempfile::tempdir().unwrap();
        let cache = CliCache::below(home.path().to_str().unwrap());
        assert!(cache.get(&arguments(), 0).is_none());
        let key = Key {
            access_key_id: "ASIA1".to_owned(),
            secret: Secret::new("s"),
            token: Some(Secret::new("t")),
        };
        let account = Some("123456789012".to_owned());
        cache.put(
            &arguments(),
            &Cached { key, expires: 1_767_225_600, account, arn: Some("arn:x".to_owned()) },
        );
        let found = cache.get(&arguments(), 1_767_225_599).unwrap();
        assert_eq!((found.key.secret.expose(), found.arn.as_deref()), ("s", Some("arn:x")));
        assert!(cache.get(&arguments(), 1_767_225_600).is_none());
        let mode = fs::metadata(cache.path(&arguments())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = fs::read_to_string(cache.path(&arguments())).unwrap();
        assert!(text.contains("\"Expiration\":\"2026-01-01T00:00:00UTC\""), "{text}");
        for text in ["", "{}", "[]", "{\"Credentials\": {\"AccessKeyId\": \"A\"}}"] {
            fs::write(cache.path(&arguments()), text).unwrap();
            assert!(cache.get(&arguments(), 0).is_none(), "{text}");
        }
    }
}
