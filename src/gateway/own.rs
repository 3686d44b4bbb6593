//! The session's own identities: the one that programs have without doing anything, and further roles that they reach as
//! profiles.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::audit::Credential;
use crate::audit::Event;
use crate::aws::key_id;
use crate::aws::sigv4::Key;
use crate::clock::Clock;
use crate::creds::Chain;
use crate::creds::Fetched;
use crate::creds::Proof;
use crate::creds::Sources;
use crate::creds::Unfetched;
use crate::error::Result;
use crate::gateway::core::ANY_ACCOUNT;
use crate::gateway::core::Core;
use crate::gateway::placeholder;
use crate::gateway::session_role;
use crate::net::Upstream;
use crate::policy::PolicySet;
use crate::policy::Principal;
use crate::policy::RoleRule;
use crate::types::Secret;

/// After STS could not tell the account it is left alone this long.
const ACCOUNT_RETRY_SECONDS: u64 = 60;

/// Numbers of identities, from the highest down, that are kept for further roles.
pub const FURTHER_ROLES: u16 = 64;

/// The highest number that fits into a key id.
pub const HIGHEST: u16 = (1 << (5 * key_id::IDENTITY_CHARACTERS)) - 1;

/// Says something to the person, once: masked already.
pub type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// Where the session's credentials come from.
#[derive(Clone, Default)]
pub struct Upstreams {
    /// The roles of the session: its own, then those that are profiles inside. None: what the AWS profile chain gives.
    pub roles: Vec<RoleRule>,
    /// What they are had with.
    pub proof: Proof,
    /// Session tags besides hoop's own.
    pub tags: Vec<(String, String)>,
    /// The code that a person gave for an MFA device.
    pub code: Option<Secret>,
    /// Hears what a person should know of the credentials.
    pub tell: Option<Tell>,
}

/// One of the session's own identities.
pub struct Own {
    /// The role's name in the policy; empty: what the AWS profile chain gives.
    pub name: String,
    /// What programs sign with.
    pub placeholder: Key,
    pub chain: Chain,
    /// When the account could last not be found out, in seconds since the Unix epoch; 0: never.
    account_failed: AtomicU64,
    /// The generation of the credential that was last recorded.
    recorded: AtomicU64,
    /// The trouble that was told last.
    told: Mutex<Option<String>>,
}

/// A role and the placeholder that programs have for it.
pub struct Further {
    pub role: RoleRule,
    pub placeholder: Key,
}

impl Further {
    /// Those of all roles but the session's own; `own` is its placeholder.
    pub fn of(roles: &[RoleRule], own: &Key) -> Result<Vec<Self>> {
        let numbers = (0..FURTHER_ROLES).map(|place| HIGHEST - place);
        let made = roles.iter().skip(1).zip(numbers).map(|(role, number)| {
            let fresh = placeholder::generate()?;
            let access_key_id = key_id::of_identity(&own.access_key_id, "ASIA", number);
            Ok(Self { role: role.clone(), placeholder: Key { access_key_id, ..fresh } })
        });
        made.collect()
    }
}

/// What all of them are made with.
pub struct Making<'a> {
    pub environment: &'a HashMap<String, String>,
    pub profile: Option<String>,
    pub region: Option<String>,
    pub policies: &'a PolicySet,
    pub principal: &'a Principal,
    pub upstream: &'a Arc<Upstream>,
    pub clock: &'a Clock,
}

/// The session's own, then the further ones.
pub fn all(
    making: &Making<'_>,
    upstreams: &Upstreams,
    placeholder: &Key,
    further: Vec<Further>,
) -> Vec<Arc<Own>> {
    let serial = making.policies.session().mfa_serial;
    let sources = Sources::new(making.environment, making.profile.clone(), making.region.clone());
    // A code is asked for where it is needed: for a role that the policy wants a device for, or a profile that has one.
    let serial = serial.filter(|_| !upstreams.roles.is_empty());
    let sources = sources.with_code(making.environment, serial.as_deref(), upstreams.code.clone());
    let make = |role: Option<&RoleRule>, placeholder: Key| {
        let assume = role.map(|role| session_role::of(making.policies, making.principal, role, upstreams));
        let chain = Chain::new(sources.clone(), making.upstream.clone(), making.clock.clone());
        Arc::new(Own {
            name: role.map(|role| role.name.clone()).unwrap_or_default(),
            placeholder,
            chain: chain.assuming(assume),
            account_failed: AtomicU64::new(0),
            recorded: AtomicU64::new(0),
            told: Mutex::default(),
        })
    };
    let mut all = vec![make(upstreams.roles.first(), placeholder.clone())];
    all.extend(further.into_iter().map(|one| make(Some(&one.role), one.placeholder)));
    all
}

impl Own {
    /// Whether there has been a credential before.
    pub fn has_fetched(&self) -> bool {
        self.recorded.load(Ordering::SeqCst) > 0
    }

    fn told(&self, trouble: Option<String>) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = trouble.is_some() && *told != trouble;
        *told = trouble;
        is_new
    }
}

impl Core {
    /// The real credential. Each one is recorded, and masked everywhere from then on, before it is used.
    pub async fn fetch_credential(&self, own: &Own) -> Result<Arc<Fetched>, Unfetched> {
        let fetched = match own.chain.fetch().await {
            Ok(fetched) => fetched,
            Err(unfetched) => {
                self.failed(own, &unfetched.error.to_string())?;
                if own.told(Some(unfetched.error.to_string())) {
                    self.tell(&unfetched.error.report("hoop-run"));
                }
                return Err(unfetched);
            }
        };
        // The old one is used on.
        let trouble = own.chain.trouble();
        if own.told(trouble.as_ref().map(ToString::to_string))
            && let Some(error) = trouble
        {
            self.failed(own, &error.to_string())?;
            let left = fetched.expires.unwrap_or_default().saturating_sub(self.clock.unix_seconds());
            self.tell(&format!(
                "{}\n  the credential there is holds for another {left} s",
                error.report("hoop-run")
            ));
        }
        let before = own.recorded.fetch_max(fetched.generation, Ordering::SeqCst);
        if before < fetched.generation {
            self.masks.learn_own("aws-secret-access-key", fetched.key.secret.expose());
            if let Some(token) = &fetched.key.token {
                self.masks.learn_own("aws-session-token", token.expose());
            }
            let what = if before == 0 { "fetched" } else { "refreshed" };
            self.about_own(own, Credential { expires: fetched.expires, ..self.of(own, what, &fetched) })?;
            if let Some(remark) = fetched.remark.as_ref().filter(|_| before == 0) {
                self.tell(&format!("hoop-run: {remark}"));
            }
        }
        Ok(fetched)
    }

    /// What is written down about a credential.
    fn of(&self, own: &Own, what: &str, fetched: &Fetched) -> Credential {
        Credential {
            what: what.to_owned(),
            key: Some(fetched.key.access_key_id.clone()),
            arn: fetched.arn.clone(),
            role: own.chain.assumed_role().map(str::to_owned),
            account: fetched.account.clone(),
            enforced: fetched.enforced.clone(),
            reason: fetched.remark.clone(),
            ..Credential::default()
        }
    }

    fn failed(&self, own: &Own, reason: &str) -> Result<()> {
        let reason = Some(self.masks.text(reason).into_owned());
        let role = own.chain.assumed_role().map(str::to_owned);
        self.about_own(own, Credential { what: "failed".to_owned(), reason, role, ..Credential::default() })
    }

    /// Writes down that something (`placeholder`, `fetched`, `refreshed`, `failed`, `wiped`, `revoked`) happened to one of the
    /// session's own credentials.
    pub fn about_own(&self, own: &Own, event: Credential) -> Result<()> {
        self.recorder.event(&Event::Credential(Credential { source: own.chain.source(), ..event })).map(drop)
    }

    pub(super) fn tell(&self, text: &str) {
        if let Some(tell) = &self.tell {
            tell(&self.masks.text(text));
        }
    }

    /// The account of a real credential; `*` where it cannot be found out: rules that deny then match any account,
    /// rules that allow only if they name none.
    pub async fn fetch_account(&self, own: &Own) -> String {
        let now = self.clock.unix_seconds();
        if now < own.account_failed.load(Ordering::SeqCst).saturating_add(ACCOUNT_RETRY_SECONDS) {
            return ANY_ACCOUNT.to_owned();
        }
        let account = match self.fetch_credential(own).await {
            Ok(_) => own.chain.account().await,
            Err(unfetched) => Err(unfetched.into()),
        };
        account.unwrap_or_else(|_| {
            own.account_failed.store(now, Ordering::SeqCst);
            ANY_ACCOUNT.to_owned()
        })
    }

    /// Asks whose a real credential is. That nobody can say is no error here: it stays unknown.
    pub async fn ask_who(&self, own: &Own) {
        let now = self.clock.unix_seconds();
        if now < own.account_failed.load(Ordering::SeqCst).saturating_add(ACCOUNT_RETRY_SECONDS) {
            return;
        }
        let failed = match self.fetch_credential(own).await {
            Ok(_) => own.chain.who().await.is_err(),
            Err(_) => true,
        };
        if failed {
            own.account_failed.store(now, Ordering::SeqCst);
        }
    }

    /// Has AWS refuse the credentials of the session's roles, where the policy wants that.
    fn revoke_own(&self) {
        if self.policies.session().revoke != Some(true) || !self.own.iter().any(|own| own.has_fetched()) {
            return;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        for own in self.own.iter().filter(|own| own.has_fetched()) {
            let outcome = match &runtime {
                Ok(runtime) => runtime.block_on(own.chain.revoke()),
                Err(cause) => own.chain.assumed_role().map(|_| Err(crate::error::plain(cause))),
            };
            let Some(outcome) = outcome else { continue };
            let role = own.chain.assumed_role().unwrap_or_default().to_owned();
            let (what, reason) = match outcome {
                Ok(done) => ("revoked", format!("inline policy {} of the role", done.policy)),
                Err(why) => {
                    self.tell(&format!(
                        "hoop-run: the session's credential of {role} lives on until its end: {why}"
                    ));
                    ("unrevoked", why)
                }
            };
            let reason = Some(self.masks.text(&reason).into_owned());
            let event =
                Credential { what: what.to_owned(), role: Some(role), reason, ..Credential::default() };
            // The recorder tells of its own failure.
            drop(self.about_own(own, event));
        }
        let _ = runtime.map(tokio::runtime::Runtime::shutdown_background);
    }

    /// Writes down that the credentials end, and forgets them.
    pub fn end_own(&self) {
        self.revoke_own();
        for own in &self.own {
            let current = own.chain.current();
            // Nobody who is just fetching one gets it, and nobody is told a later one.
            own.chain.wipe();
            if let Some(fetched) = current.filter(|_| own.has_fetched()) {
                let Credential { key, arn, role, account, .. } = self.of(own, "wiped", &fetched);
                let what = "wiped".to_owned();
                // The recorder tells of its own failure; there is no call left to refuse.
                drop(
                    self.about_own(
                        own,
                        Credential { what, key, arn, role, account, ..Credential::default() },
                    ),
                );
            }
        }
    }
}
