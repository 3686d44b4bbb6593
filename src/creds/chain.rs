//! The session's real credential: what the sources give, or that of a role, fetched on first use and renewed ahead of its
//! end.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::UNIX_EPOCH;

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;
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
use crate::creds::cli_cache::Cached;
use crate::creds::mfa::Failed;
use crate::creds::mfa::Plan;
use crate::creds::refused;
use crate::creds::revoke::Asking as RevokeAsking;
use crate::creds::revoke::Revoked;
use crate::creds::revoke::revoke;
use crate::creds::sources::Given;
use crate::creds::sources::Sources;
use crate::creds::sts::Sts;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::net::Upstream;
use crate::types::Secret;

/// A credential with less life than this is renewed before it is used: no call is signed with one that ends while it is
/// under way. Of a short-lived one, a third of its life.
const RENEW_AHEAD: u64 = 5 * 60;

/// While another caller renews, one with at least this much life is used on. Of a short-lived one, a sixth of its life.
const LIVES_A_CALL: u64 = 30;

/// How long the chain may take. SSO, STS and instance metadata answer in a second; a `credential_process` may
/// ask a person.
const FETCH_TIMEOUT: Duration = Duration::from_secs(60);

/// How long the end of a session waits for IAM.
const REVOKE_TIMEOUT: Duration = Duration::from_secs(10);

/// After a failure the chain is left alone this long, so that an agent's retries do not hammer it.
const RETRY_AFTER: u64 = 2;

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
    /// `aws:userid` of that session: `AROAEXAMPLE:ana-01J9…`.
    pub userid: Option<String>,
    /// What AWS enforces of the policy, in one line, where a role was assumed.
    pub enforced: Option<String>,
    /// What is not as it was wanted, for people.
    pub remark: Option<String>,
    /// Counts up with every renewal, from 1.
    pub generation: u64,
    /// When it was given, in seconds since the Unix epoch.
    obtained: u64,
}

/// Why there is no credential.
#[derive(Clone, Debug)]
pub struct Unfetched {
    /// What happened and what to do.
    pub error: Error,
    /// Whether it may well be over when it is tried again, without anybody doing anything.
    pub is_passing: bool,
}

/// The session's real credential. One chain per session and role; callers that come while it is being fetched wait for it.
pub struct Chain {
    sources: Sources,
    upstream: Arc<Upstream>,
    clock: Clock,
    provider: OnceCell<SharedCredentialsProvider>,
    /// The role that is assumed.
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
    failed: Option<(u64, Unfetched)>,
    /// Nothing is fetched any more.
    is_over: bool,
}

impl Chain {
    /// Fetches nothing yet.
    #[must_use]
    pub fn new(sources: Sources, upstream: Arc<Upstream>, clock: Clock) -> Self {
        let (provider, account, who) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        let (state, turn, fitting) = (Mutex::default(), tokio::sync::Mutex::default(), Fitting::default());
        Self { sources, upstream, clock, provider, assume: None, fitting, state, turn, account, who }
    }

    /// With a role that is assumed: the credential is the role's then.
    #[must_use]
    pub fn assuming(mut self, assume: Option<Assume>) -> Self {
        self.assume = assume;
        self
    }

    /// Where the credential comes from, for messages and the record: `profile dev`, `login corp`.
    #[must_use]
    pub fn source(&self) -> String {
        let token = self.assume.as_ref().and_then(|assume| assume.proof.token());
        token.map_or_else(|| self.sources.name(), |token| token.source.clone())
    }

    /// The credential to sign with now; fetched or renewed if need be.
    ///
    /// While an old one still lives, a failed renewal is no error, and only one caller waits for the new one.
    pub async fn fetch(&self) -> Result<Arc<Fetched>, Unfetched> {
        let now = self.clock.unix_seconds();
        if let Some(current) = self.living(now, RENEW_AHEAD, 3) {
            return Ok(current);
        }
        let _turn = match (self.living(now, LIVES_A_CALL, 6), self.turn.try_lock()) {
            (_, Ok(turn)) => turn,
            (Some(current), Err(_)) => return Ok(current),
            (None, Err(_)) => self.turn.lock().await,
        };
        // Whoever had the turn before may have fetched it.
        if let Some(current) = self.living(now, RENEW_AHEAD, 3) {
            return Ok(current);
        }
        let before = self.state().failed.clone();
        let outcome = match before {
            Some((at, failed)) if now < at + RETRY_AFTER => Err(failed),
            _ => self.load().await,
        };
        let mut state = self.state();
        if state.is_over {
            return Err(over());
        }
        match outcome {
            Ok(fetched) => {
                let generation = state.current.as_ref().map_or(1, |old| old.generation + 1);
                let fetched = Arc::new(Fetched { generation, ..fetched });
                (state.current, state.failed) = (Some(fetched.clone()), None);
                Ok(fetched)
            }
            Err(failed) => {
                // Counted from the first of those that were told the same.
                if state.failed.as_ref().is_none_or(|(at, _)| at + RETRY_AFTER <= now) {
                    state.failed = Some((now, failed.clone()));
                }
                let usable = state.current.clone().filter(|current| lives(current, now));
                usable.ok_or(failed)
            }
        }
    }

    /// Why the last renewal failed, if it did; the old credential may live still.
    #[must_use]
    pub fn trouble(&self) -> Option<Error> {
        self.state().failed.as_ref().map(|(_, failed)| failed.error.clone())
    }

    /// Does now what needs a person's code, which is good for half a minute. Without a code it does nothing.
    pub async fn use_code(&self) -> Result<(), Unfetched> {
        let Some(plan) = &self.sources.plan else { return Ok(()) };
        match self.assume.as_ref().is_some_and(|assume| assume.proof.token().is_some()) {
            true => Ok(()),
            false => self.planned(plan).await.map(drop),
        }
    }

    /// The credential, if it lives at least `seconds` longer, or of a short life at least so many parts.
    fn living(&self, now: u64, seconds: u64, parts: u64) -> Option<Arc<Fetched>> {
        self.state().current.clone().filter(|current| {
            let ahead = |expires: u64| seconds.min(expires.saturating_sub(current.obtained).div_ceil(parts));
            current.expires.is_none_or(|expires| now + ahead(expires) < expires)
        })
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

    /// The credential that there is now, living or not; nothing is fetched.
    #[must_use]
    pub fn current(&self) -> Option<Arc<Fetched>> {
        self.state().current.clone()
    }

    /// Has AWS refuse the credential of the role from now on; to be called before it is wiped. `None`: there is no role, or
    /// no credential was ever fetched.
    ///
    /// # Errors
    /// Why not, in words.
    pub async fn revoke(&self) -> Option<Result<Revoked, String>> {
        let (assume, ended) = (self.assume.as_ref()?, self.current()?);
        let base = match assume.proof.token() {
            // Nobody but the role itself can be asked for it.
            Some(_) => ended.key.clone(),
            None => match self.base().await {
                Ok(base) => base.key,
                Err(unfetched) => return Some(Err(unfetched.error.to_string())),
            },
        };
        let upstream = self.upstream.anew();
        let asking = RevokeAsking { upstream: &upstream, key: &base, now_unix: self.clock.unix_seconds() };
        let asked = tokio::time::timeout(REVOKE_TIMEOUT, revoke(&asking, &assume.role, &ended)).await;
        Some(asked.unwrap_or_else(|_| Err(format!("no answer within {} s", REVOKE_TIMEOUT.as_secs()))))
    }

    /// Forgets the credential; its memory is wiped when the last signature with it is done. Nobody gets one any more,
    /// whoever is just fetching it included.
    pub fn wipe(&self) {
        *self.state() = State { is_over: true, ..State::default() };
        *self.sources.given() = Given::default();
    }

    /// What the sources give, or a credential of the role that is assumed.
    async fn load(&self) -> Result<Fetched, Unfetched> {
        if self.state().is_over {
            return Err(over());
        }
        let Some(assume) = &self.assume else { return self.base().await };
        let base = match assume.proof.token() {
            Some(_) => None,
            None => Some(self.base().await?),
        };
        let sts = self.sts(base.as_ref().map(|base| &base.key));
        let asked = tokio::time::timeout(FETCH_TIMEOUT, assume.ask(&sts, &self.fitting)).await;
        let asked = asked.unwrap_or_else(|_| Err(Failure::Unreached(no_answer())));
        let Assumed { key, expires, arn, userid, enforced, remark } = asked.map_err(|failure| {
            let is_passing = failure.is_passing();
            let login =
                assume.proof.token().map_or_else(|| self.sources.login(), |token| token.login.clone());
            Unfetched { error: refused::explain(assume, failure, &self.source(), &login), is_passing }
        })?;
        Ok(Fetched {
            arn,
            userid,
            remark,
            enforced: Some(enforced),
            ..self.fetched(key, Some(expires), assume.account())
        })
    }

    fn sts<'a>(&'a self, key: Option<&'a Key>) -> Sts<'a> {
        let usual = self.assume.as_ref().map(Assume::usual_region);
        let region = self.sources.region.as_deref().or(usual);
        Sts { upstream: &self.upstream, key, region, now_unix: self.clock.unix_seconds() }
    }

    fn fetched(&self, key: Key, expires: Option<u64>, account: Option<String>) -> Fetched {
        let obtained = self.clock.unix_seconds();
        let (arn, userid, enforced, remark) = (None, None, None, None);
        Fetched { key, expires, account, arn, userid, enforced, remark, generation: 0, obtained }
    }

    /// What the sources give.
    async fn base(&self) -> Result<Fetched, Unfetched> {
        match &self.sources.plan {
            Some(plan) => self.planned(plan).await,
            None => self.provided().await,
        }
    }

    /// What a person gave a code for: while it lives, or what the AWS CLI has cached since, or by the code.
    async fn planned(&self, plan: &Plan) -> Result<Fetched, Unfetched> {
        let now = self.clock.unix_seconds();
        let held = self.sources.given().base.clone();
        if let Some(held) = held.filter(|held| held.expires.is_none_or(|end| now + LIVES_A_CALL < end)) {
            return Ok(held);
        }
        let cached = match plan.ready(now) {
            Some(cached) => cached,
            None => {
                let code = self.sources.given().code.take();
                let base = self.provided().await?;
                let sts = self.sts(Some(&base.key));
                let followed = tokio::time::timeout(FETCH_TIMEOUT, plan.follow(code.as_ref(), &sts)).await;
                followed
                    .unwrap_or_else(|_| Err(Failed::Unreached(no_answer())))
                    .map_err(|why| self.no_code(why))?
            }
        };
        let Cached { key, expires, account, arn } = cached;
        let fetched = Fetched { arn, ..self.fetched(key, Some(expires), account) };
        self.sources.given().base = Some(fetched.clone());
        Ok(fetched)
    }

    fn no_code(&self, failed: Failed) -> Unfetched {
        let error = self.failed();
        let profile = self.sources.profile.as_deref().unwrap_or("default");
        let again = "begin the session again: hoop-run asks for a code, or takes --mfa CODE";
        let elsewhere = format!(
            "in another terminal, aws sts get-caller-identity --profile {profile} asks for a code, and the session goes on; or \
             {again}"
        );
        match failed {
            Failed::NoCode => Unfetched {
                error: error.why("a new code of the MFA device is wanted").fix(elsewhere),
                is_passing: false,
            },
            Failed::Unreached(why) => Unfetched { error: error.why(why).fix(elsewhere), is_passing: true },
            Failed::Refused(fault) => {
                Unfetched { error: error.why(fault.sentence()).fix(again), is_passing: fault.is_passing() }
            }
        }
    }

    async fn provided(&self) -> Result<Fetched, Unfetched> {
        let provider = self.provider.get_or_try_init(|| async {
            let provider = self.sources.provider(self.upstream.instead()).await;
            provider.ok_or_else(|| self.failed().why("the chain is empty"))
        });
        let fetch = async { Ok(provider.await?.provide_credentials().await) };
        let (error, is_passing) = match tokio::time::timeout(FETCH_TIMEOUT, fetch).await {
            Ok(Ok(Ok(credentials))) => return Ok(self.taken_over(&credentials)),
            Ok(Ok(Err(cause))) => {
                (self.explain(&cause), matches!(cause, CredentialsError::ProviderTimedOut(_)))
            }
            Ok(Err(error)) => (error, false),
            Err(_) => (self.failed().why(no_answer()), true),
        };
        Err(Unfetched { error, is_passing })
    }

    fn taken_over(&self, credentials: &Credentials) -> Fetched {
        let seconds =
            |time: std::time::SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let key = Key {
            access_key_id: credentials.access_key_id().to_owned(),
            secret: Secret::new(credentials.secret_access_key()),
            token: credentials.session_token().map(Secret::new),
        };
        let account = credentials.account_id().map(|account| account.as_str().to_owned());
        self.fetched(key, credentials.expiry().map(seconds), account)
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

impl From<Unfetched> for Error {
    fn from(unfetched: Unfetched) -> Self {
        unfetched.error
    }
}

/// What has nothing to do with AWS does not pass by itself.
impl From<Error> for Unfetched {
    fn from(error: Error) -> Self {
        Self { error, is_passing: false }
    }
}

fn over() -> Unfetched {
    Unfetched::from(Error::new(Kind::Upstream, "the session has ended").fix("begin a new one"))
}

fn lives(fetched: &Fetched, at: u64) -> bool {
    fetched.expires.is_none_or(|expires| at < expires)
}

fn no_answer() -> String {
    format!("no answer within {} s", FETCH_TIMEOUT.as_secs())
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
