//! The normal AWS chain (environment, profile, SSO, web identity, process, container, instance), fetched on first
//! use and renewed ahead of its end.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::UNIX_EPOCH;

use aws_config::BehaviorVersion;
use aws_config::Region;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::env_config::file::EnvConfigFileKind;
use aws_runtime::env_config::file::EnvConfigFiles;
use tokio::sync::OnceCell;

use crate::aws::sigv4::Key;
use crate::clock::Clock;
use crate::creds::LONGEST_CAUSE;
use crate::creds::account;
use crate::creds::account::Who;
use crate::creds::assume::Assume;
use crate::creds::assume::Assumed;
use crate::creds::assume::Failure;
use crate::creds::assume::Fitting;
use crate::creds::sts::Sts;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::net::Upstream;
use crate::types::Secret;

/// A credential with less life than this is renewed before it is used: no call is signed with one that ends
/// while it is under way.
const RENEW_AHEAD: Duration = Duration::from_secs(5 * 60);

/// While another caller renews, one with at least this much life is used on.
const LIVES_A_CALL: Duration = Duration::from_secs(30);

/// How long the chain may take. SSO, STS and instance metadata answer in a second; a `credential_process` may
/// ask a person.
const FETCH_TIMEOUT: Duration = Duration::from_secs(60);

/// After a failure the chain is left alone this long, so that an agent's retries do not hammer it.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Where to look for the credential.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    profile: Option<String>,
    region: Option<String>,
    /// Keys that stand in the environment itself.
    keys: Option<Key>,
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
            profile: profile.or_else(|| variable("AWS_PROFILE").cloned()),
            region,
            keys,
            config_file: file("AWS_CONFIG_FILE", ".aws/config"),
            credentials_file: file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
        }
    }
}

/// A credential, and what may be told about it.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Signs for AWS.
    pub key: Key,
    /// When it ends, in seconds since the Unix epoch; `None`: never.
    pub expires: Option<u64>,
    /// The account it belongs to, if the source says so.
    pub account: Option<String>,
    /// The session of the role that was assumed for it.
    pub arn: Option<String>,
    /// What AWS enforces of the policy, in one line, where a role was assumed.
    pub enforced: Option<String>,
    /// Counts up with every renewal, from 1.
    pub generation: u64,
}

/// The session's real credential. One chain per session; callers that come while it is being fetched wait for it.
pub struct Chain {
    sources: Sources,
    upstream: Arc<Upstream>,
    clock: Clock,
    provider: OnceCell<SharedCredentialsProvider>,
    /// The role that is assumed with what the sources give.
    assume: Option<Assume>,
    fitting: Fitting,
    state: Mutex<State>,
    /// Held by the one that fetches.
    turn: tokio::sync::Mutex<()>,
    account: OnceCell<String>,
    who: OnceCell<Who>,
}

#[derive(Default)]
struct State {
    current: Option<Arc<Fetched>>,
    failed: Option<(u64, Error)>,
}

impl Chain {
    /// Fetches nothing yet.
    #[must_use]
    pub fn new(sources: Sources, upstream: Arc<Upstream>, clock: Clock) -> Self {
        let (provider, account, who) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        let (state, turn, fitting) = (Mutex::default(), tokio::sync::Mutex::default(), Fitting::default());
        Self { sources, upstream, clock, provider, assume: None, fitting, state, turn, account, who }
    }

    /// With a role that is assumed with what the sources give: the credential is the role's then.
    #[must_use]
    pub fn assuming(mut self, assume: Option<Assume>) -> Self {
        self.assume = assume;
        self
    }

    /// Where the credential comes from, for messages and the record: `profile dev`.
    #[must_use]
    pub fn source(&self) -> String {
        match &self.sources {
            Sources { keys: Some(_), .. } => "environment".to_owned(),
            Sources { profile: Some(profile), .. } => format!("profile {profile}"),
            _ => "default AWS credential chain".to_owned(),
        }
    }

    /// The credential to sign with now; fetched or renewed if need be.
    ///
    /// While an old one still lives, a failed renewal is no error, and only one caller waits for the new one.
    pub async fn fetch(&self) -> Result<Arc<Fetched>> {
        let now = self.clock.unix_seconds();
        if let Some(current) = self.living(now + RENEW_AHEAD.as_secs()) {
            return Ok(current);
        }
        let _turn = match (self.living(now + LIVES_A_CALL.as_secs()), self.turn.try_lock()) {
            (_, Ok(turn)) => turn,
            (Some(current), Err(_)) => return Ok(current),
            (None, Err(_)) => self.turn.lock().await,
        };
        // Whoever had the turn before may have fetched it.
        if let Some(current) = self.living(now + RENEW_AHEAD.as_secs()) {
            return Ok(current);
        }
        let before = self.state().failed.clone();
        let outcome = match before {
            Some((at, error)) if now < at + RETRY_AFTER.as_secs() => Err(error),
            _ => self.load().await,
        };
        let mut state = self.state();
        match outcome {
            Ok(fetched) => {
                let generation = state.current.as_ref().map_or(1, |old| old.generation + 1);
                let fetched = Arc::new(Fetched { generation, ..fetched });
                *state = State { current: Some(fetched.clone()), failed: None };
                Ok(fetched)
            }
            Err(error) => {
                state.failed.get_or_insert_with(|| (now, error.clone())).0 = now;
                let usable = state.current.clone().filter(|current| lives(current, now));
                usable.ok_or(error)
            }
        }
    }

    /// The credential, if it still lives at `at`.
    fn living(&self, at: u64) -> Option<Arc<Fetched>> {
        self.state().current.clone().filter(|current| lives(current, at))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account of the credential, 12 digits: from its source, else asked of STS, once.
    pub async fn account(&self) -> Result<String> {
        let account = self.account.get_or_try_init(|| async {
            let fetched = self.fetch().await?;
            match &fetched.account {
                Some(account) => Ok(account.clone()),
                None => Ok(self.who().await?.account.clone()),
            }
        });
        account.await.cloned()
    }

    /// Whose the credential is: asked of STS, once.
    pub async fn who(&self) -> Result<&Who> {
        let who = self.who.get_or_try_init(|| async {
            let fetched = self.fetch().await?;
            if let (Some(account), Some(_)) = (&fetched.account, &fetched.arn) {
                return Ok(Who { account: account.clone(), arn: fetched.arn.clone() });
            }
            let region = self.sources.region.as_deref();
            account::ask_sts(&self.upstream, &fetched.key, region, self.clock.unix_seconds()).await
        });
        who.await
    }

    /// The ARN of the user or role session, if it is known already.
    #[must_use]
    pub fn known_arn(&self) -> Option<String> {
        let asked = self.who.get().and_then(|who| who.arn.clone());
        let given = asked.or_else(|| self.state().current.as_ref()?.arn.clone());
        given.or_else(|| self.assume.as_ref()?.session_arn())
    }

    /// The role that is assumed for the session: known before there is a credential of it.
    #[must_use]
    pub fn assumed_role(&self) -> Option<&str> {
        self.assume.as_ref().map(|assume| assume.role.as_str())
    }

    /// The account, if it is known already.
    #[must_use]
    pub fn known_account(&self) -> Option<String> {
        let told = self.account.get().cloned();
        let told = told.or_else(|| self.who.get().map(|who| who.account.clone()));
        told.or_else(|| self.assume.as_ref()?.account())
    }

    /// Forgets the credential; its memory is wiped when the last signature with it is done. For the end of the
    /// session, when nobody fetches any more.
    pub fn wipe(&self) {
        *self.state() = State::default();
    }

    /// What the sources give, or a credential of the role that is assumed with it.
    async fn load(&self) -> Result<Fetched> {
        let base = self.base().await?;
        let Some(assume) = &self.assume else { return Ok(base) };
        let region = Some(self.sources.region.as_deref().unwrap_or_else(|| assume.usual_region()));
        let now_unix = self.clock.unix_seconds();
        let sts = Sts { upstream: &self.upstream, key: &base.key, region, now_unix };
        let asked = tokio::time::timeout(FETCH_TIMEOUT, assume.ask(&sts, &self.fitting)).await;
        let asked = asked.unwrap_or_else(|_| Err(Failure::Unreached(no_answer())));
        let Assumed { key, expires, arn, enforced } =
            asked.map_err(|failure| assume.explain(&failure, &self.source(), &self.login()))?;
        Ok(Fetched {
            key,
            expires: Some(expires),
            account: assume.account(),
            arn,
            enforced: Some(enforced),
            generation: 0,
        })
    }

    /// The command that renews what the sources give.
    fn login(&self) -> String {
        match &self.sources {
            Sources { keys: Some(_), .. } => "and set the AWS_… variables anew".to_owned(),
            Sources { profile: Some(profile), .. } => format!("aws sso login --profile {profile}"),
            _ => "aws sso login".to_owned(),
        }
    }

    async fn base(&self) -> Result<Fetched> {
        let provider = self.provider.get_or_try_init(|| self.provider());
        let fetch = async { Ok(provider.await?.provide_credentials().await) };
        match tokio::time::timeout(FETCH_TIMEOUT, fetch).await {
            Ok(Ok(Ok(credentials))) => Ok(fetched(&credentials)),
            Ok(Ok(Err(cause))) => Err(self.explain(&cause)),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(self.failed().why(no_answer())),
        }
    }

    async fn provider(&self) -> Result<SharedCredentialsProvider> {
        let region = self.sources.region.clone().map(Region::new);
        if let Some(keys) = &self.sources.keys {
            let token = keys.token.as_ref().map(|token| token.expose().to_owned());
            let fixed =
                Credentials::new(&keys.access_key_id, keys.secret.expose(), token, None, "environment");
            return Ok(SharedCredentialsProvider::new(fixed));
        }
        // A profile that was named wins over what else the libraries' own default chain would take first.
        if let Some(profile) = &self.sources.profile {
            let config = ProviderConfig::default().with_region(region);
            let builder = ProfileFileCredentialsProvider::builder().configure(&config);
            let provider = builder.profile_name(profile).profile_files(self.files()).build();
            return Ok(SharedCredentialsProvider::new(provider));
        }
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).profile_files(self.files());
        if let Some(region) = region {
            loader = loader.region(region);
        }
        loader.load().await.credentials_provider().ok_or_else(|| self.failed().why("the chain is empty"))
    }

    /// The user's files, and on top of them where STS is to be asked, if not AWS.
    fn files(&self) -> EnvConfigFiles {
        let mut files = EnvConfigFiles::builder();
        if let Some(path) = &self.sources.config_file {
            files = files.with_file(EnvConfigFileKind::Config, path);
        }
        if let Some(path) = &self.sources.credentials_file {
            files = files.with_file(EnvConfigFileKind::Credentials, path);
        }
        if let Some(instead) = self.upstream.instead() {
            let section = match self.sources.profile.as_deref() {
                Some(name) if name != "default" => format!("[profile {name}]"),
                _ => "[default]".to_owned(),
            };
            let text = format!("{section}\nendpoint_url = {}\n", instead.url());
            files = files.with_contents(EnvConfigFileKind::Config, text);
        } else if self.sources.config_file.is_none() && self.sources.credentials_file.is_none() {
            // The library takes no empty set.
            files = files.with_contents(EnvConfigFileKind::Config, String::new());
        }
        files.build()
    }

    fn failed(&self) -> Error {
        Error::new(Kind::Upstream, format!("no AWS credential from {}", self.source()))
    }

    /// What the chain said, and the command that helps.
    fn explain(&self, cause: &CredentialsError) -> Error {
        let why = innermost(cause);
        let profile = self.sources.profile.as_deref();
        let with_profile = profile.map(|name| format!(" --profile {name}")).unwrap_or_default();
        let sso = why.to_lowercase().contains("sso") || why.to_lowercase().contains("token");
        let fix = match cause {
            CredentialsError::CredentialsNotLoaded(_) if profile.is_none() => {
                "set one up: aws configure, or aws configure sso; or name a profile: hoop-run --profile NAME"
                    .to_owned()
            }
            _ if sso => format!("sign in again, outside of the session: aws sso login{with_profile}"),
            _ => format!(
                "try it outside of the session: aws sts get-caller-identity{with_profile}; or ask hoopctl doctor aws"
            ),
        };
        self.failed().why(why).fix(fix)
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain").field("sources", &self.sources).finish_non_exhaustive()
    }
}

fn lives(fetched: &Fetched, at: u64) -> bool {
    fetched.expires.is_none_or(|expires| at < expires)
}

fn no_answer() -> String {
    format!("no answer within {} s", FETCH_TIMEOUT.as_secs())
}

fn fetched(credentials: &Credentials) -> Fetched {
    let seconds = |time: std::time::SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Fetched {
        key: Key {
            access_key_id: credentials.access_key_id().to_owned(),
            secret: Secret::new(credentials.secret_access_key()),
            token: credentials.session_token().map(Secret::new),
        },
        expires: credentials.expiry().map(seconds),
        account: credentials.account_id().map(|account| account.as_str().to_owned()),
        arn: None,
        enforced: None,
        generation: 0,
    }
}

/// The causes, joined: the outermost words of the AWS libraries alone say nothing.
fn innermost(cause: &dyn std::error::Error) -> String {
    let mut words = Vec::<String>::new();
    let mut next = Some(cause);
    while let Some(error) = next {
        let text = error.to_string();
        if !words.iter().any(|known| known.contains(&text)) {
            words.push(text);
        }
        next = error.source();
    }
    words.join(": ").chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_CAUSE).collect()
}
