//! Where the person's own AWS credential is looked for: environment, profile, else the libraries' chain.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use aws_config::BehaviorVersion;
use aws_config::Region;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::env_config::file::EnvConfigFileKind;
use aws_runtime::env_config::file::EnvConfigFiles;

use crate::aws::sigv4::Key;
use crate::creds::chain::Fetched;
use crate::creds::mfa::Plan;
use crate::net::Override;
use crate::types::Secret;

/// What came of a person's code, for all who use the same sources.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// Not used yet.
    pub(super) code: Option<Secret>,
    /// What it was given for.
    pub(super) base: Option<Fetched>,
}

/// Where to look for the credential.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    pub(super) profile: Option<String>,
    pub(super) region: Option<String>,
    /// Keys that stand in the environment itself.
    pub(super) keys: Option<Key>,
    /// What needs a code.
    pub(super) plan: Option<Plan>,
    given: Arc<Mutex<Given>>,
    config_file: Option<PathBuf>,
    credentials_file: Option<PathBuf>,
}

impl Sources {
    /// What `environment` says, as AWS's own tools read it: `profile` wins over keys in it, keys win over
    /// `AWS_PROFILE`. `region` is for the calls that fetch a credential (STS, SSO).
    #[must_use]
    pub fn new(
        environment: &HashMap<String, String>,
        profile: Option<String>,
        region: Option<String>,
    ) -> Self {
        let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        let home = variable("HOME").map(PathBuf::from);
        let file = |name: &str, usual: &str| {
            let named = variable(name).map(PathBuf::from);
            named.or_else(|| home.as_ref().map(|home| home.join(usual))).filter(|path| path.is_file())
        };
        let keys = match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
            (Some(id), Some(secret)) if profile.is_none() => Some(Key {
                access_key_id: id.clone(),
                secret: Secret::new(secret.clone()),
                token: variable("AWS_SESSION_TOKEN").cloned().map(Secret::new),
            }),
            _ => None,
        };
        Self {
            plan: Plan::of(environment, profile.as_deref(), None),
            given: Arc::default(),
            profile: profile.or_else(|| variable("AWS_PROFILE").cloned()),
            region,
            keys,
            config_file: file("AWS_CONFIG_FILE", ".aws/config"),
            credentials_file: file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
        }
    }

    /// With the device that the policy names, and the code that a person gave. A code is good for one call.
    #[must_use]
    pub fn with_code(
        mut self,
        environment: &HashMap<String, String>,
        serial: Option<&str>,
        code: Option<Secret>,
    ) -> Self {
        let named = self.profile.clone().filter(|_| self.keys.is_none());
        self.plan = Plan::of(environment, named.as_deref(), serial);
        self.given = Arc::new(Mutex::new(Given { code, base: None }));
        self
    }

    pub(super) fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the credential comes from, for messages and the record: `profile dev`.
    pub(super) fn name(&self) -> String {
        match self {
            Self { keys: Some(_), .. } => "environment".to_owned(),
            Self { profile: Some(profile), .. } => format!("profile {profile}"),
            _ => "default AWS credential chain".to_owned(),
        }
    }

    /// The command that renews what they give.
    pub(super) fn login(&self) -> String {
        match self {
            Self { keys: Some(_), .. } => "and set the AWS_… variables anew".to_owned(),
            Self { profile: Some(profile), .. } => format!("aws sso login --profile {profile}"),
            _ => "aws sso login".to_owned(),
        }
    }

    /// What gives the credential; `None`: the chain is empty. STS is asked at `instead`, if there is one.
    pub(super) async fn provider(&self, instead: Option<&Override>) -> Option<SharedCredentialsProvider> {
        let region = self.region.clone().map(Region::new);
        if let Some(Key { access_key_id, secret, token }) = self.keys_of_base() {
            let token = token.as_ref().map(|token| token.expose().to_owned());
            let fixed = Credentials::new(access_key_id, secret.expose(), token, None, "environment");
            return Some(SharedCredentialsProvider::new(fixed));
        }
        let base = self.plan.as_ref().and_then(|plan| plan.base.as_ref());
        // A profile that was named wins over what else the libraries' own default chain would take first.
        if let Some(profile) = base.or(self.profile.as_ref()) {
            let config = ProviderConfig::default().with_region(region);
            let builder = ProfileFileCredentialsProvider::builder().configure(&config);
            let files = self.files(Some(profile), instead);
            let provider = builder.profile_name(profile).profile_files(files).build();
            return Some(SharedCredentialsProvider::new(provider));
        }
        let mut loader =
            aws_config::defaults(BehaviorVersion::latest()).profile_files(self.files(None, instead));
        if let Some(region) = region {
            loader = loader.region(region);
        }
        loader.load().await.credentials_provider()
    }

    fn keys_of_base(&self) -> Option<&Key> {
        self.plan.as_ref().and_then(|plan| plan.keys.as_ref()).or(self.keys.as_ref())
    }

    /// The user's files, and on top of them where STS is to be asked, if not AWS.
    fn files(&self, profile: Option<&str>, instead: Option<&Override>) -> EnvConfigFiles {
        let mut files = EnvConfigFiles::builder();
        if let Some(path) = &self.config_file {
            files = files.with_file(EnvConfigFileKind::Config, path);
        }
        if let Some(path) = &self.credentials_file {
            files = files.with_file(EnvConfigFileKind::Credentials, path);
        }
        if let Some(instead) = instead {
            let section = match profile {
                Some(name) if name != "default" => format!("[profile {name}]"),
                _ => "[default]".to_owned(),
            };
            let text = format!("{section}\nendpoint_url = {}\n", instead.url());
            files = files.with_contents(EnvConfigFileKind::Config, text);
        } else if self.config_file.is_none() && self.credentials_file.is_none() {
            // The library takes no empty set.
            files = files.with_contents(EnvConfigFileKind::Config, String::new());
        }
        files.build()
    }
}
