//! What every call shares.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Map;
use serde_json::Value;

use crate::approval::Broker;
use crate::audit::Credential;
use crate::audit::Event;
use crate::aws::Call;
use crate::aws::sigv4::Key;
use crate::clock::Clock;
use crate::creds::Chain;
use crate::creds::Fetched;
use crate::creds::Sources;
use crate::creds::Unfetched;
use crate::error::Result;
use crate::gateway::Setup;
use crate::gateway::channels::Channels;
use crate::gateway::inside::Inside;
use crate::gateway::minted::Minted;
use crate::gateway::queue_url::QueueUrls;
use crate::gateway::returned::Starred;
use crate::gateway::session_role;
use crate::gateway::skew::Skew;
use crate::mask::BodyContext;
use crate::mask::Direction;
use crate::mask::Engine;
use crate::mask::Masks;
use crate::net::Authority;
use crate::net::Carried;
use crate::net::Override;
use crate::net::Upstream;
use crate::policy::Limits;
use crate::policy::PolicySet;
use crate::policy::Principal;
use crate::record::Recorder;
use crate::types::Caller;
use crate::types::Effect;

/// Stands for an account that is not known.
pub const ANY_ACCOUNT: &str = "*";

/// After STS could not tell the account it is left alone this long.
const ACCOUNT_RETRY_SECONDS: u64 = 60;

/// The parts of a gateway that live as long as it does.
pub struct Core {
    pub port: u16,
    pub placeholder: Key,
    pub authority: Authority,
    pub policies: PolicySet,
    pub principal: Principal,
    pub masks: Arc<Engine>,
    pub recorder: Recorder,
    pub broker: Broker,
    pub approval_ttl: Duration,
    pub clock: Clock,
    pub skew: Arc<Skew>,
    pub upstream: Arc<Upstream>,
    pub queue_urls: QueueUrls,
    pub channels: Channels,
    /// Objects that were shown with stars.
    pub starred: Starred,
    /// What leads out of the sandbox, where there is one with a network of its own.
    pub inside: Option<Inside>,
    pub egress: Effect,
    /// The default region.
    pub region: Option<String>,
    /// What AWS gave to programs inside.
    pub minted: Minted,
    /// A rule is about the role that a call is made with.
    pub roles_matter: bool,
    pub limits: Limits,
    /// A rule is about the account that a call is made from.
    pub accounts_matter: bool,
    find_caller: Option<FindCaller>,
    command_line: Option<CommandLine>,
    chain: Chain,
    calls: AtomicU64,
    /// When the account could last not be found out, in seconds since the Unix epoch; 0: never.
    account_failed: AtomicU64,
    /// The generation of the credential that was last recorded.
    recorded: AtomicU64,
}

/// What a gateway makes for itself at the start.
pub struct Made {
    pub port: u16,
    pub placeholder: Key,
    pub authority: Authority,
    pub region: Option<String>,
    pub instead: Option<Override>,
    pub inside: Option<Inside>,
}

/// What is known of a client before it is asked who it is.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The number of its socket, where that can be told.
    pub inode: Option<u64>,
    /// The key that it signs with; empty: none.
    pub access_key_id: &'a str,
}

/// A connection to a host that is not AWS's, for the record.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Host and port.
    pub target: String,
    /// The name that the client gave in its TLS greeting, where that is another one.
    pub named: Option<String>,
    /// The rule that decided.
    pub rule: String,
    /// Who connects.
    pub caller: Caller,
}

/// Finds the process and command behind a call.
pub type FindCaller = Arc<dyn Fn(&Asker<'_>) -> Option<Caller> + Send + Sync>;

/// The masked command line of a command, by its number.
pub type CommandLine = Arc<dyn Fn(u64) -> Option<String> + Send + Sync>;

impl Core {
    pub fn new(setup: Setup, made: Made) -> Self {
        let bundle = setup.environment.get("AWS_CA_BUNDLE").filter(|bundle| !bundle.is_empty());
        let upstream = Arc::new(Upstream::new(made.instead).trusting(bundle.map(PathBuf::from)));
        let sources = Sources::new(&setup.environment, setup.profile, made.region.clone());
        let assume = session_role::of(&setup.policies, &setup.principal);
        Self {
            region: made.region,
            minted: Minted::default(),
            roles_matter: setup.policies.speaks_of_identities(),
            limits: setup.policies.limits(),
            accounts_matter: setup.policies.speaks_of_accounts(),
            port: made.port,
            placeholder: made.placeholder,
            authority: made.authority,
            policies: setup.policies,
            principal: setup.principal,
            masks: setup.masks,
            recorder: setup.recorder,
            broker: setup.broker,
            approval_ttl: setup.approval_ttl,
            chain: Chain::new(sources, upstream.clone(), setup.clock.clone()).assuming(assume),
            skew: Arc::new(Skew::new(setup.clock.clone())),
            clock: setup.clock,
            upstream,
            queue_urls: QueueUrls::new(made.port),
            channels: Channels::default(),
            starred: Starred::default(),
            inside: made.inside,
            egress: setup.egress,
            find_caller: setup.find_caller,
            command_line: setup.command_line,
            calls: AtomicU64::new(0),
            account_failed: AtomicU64::new(0),
            recorded: AtomicU64::new(0),
        }
    }

    /// Who makes a call, as far as can be told. It attributes; it does not authenticate.
    pub fn caller(&self, asker: &Asker<'_>) -> Caller {
        self.find_caller.as_ref().and_then(|find| find(asker)).unwrap_or_default()
    }

    /// The command line of a caller, masked.
    pub fn command_line(&self, caller: &Caller) -> Option<String> {
        self.command_line.as_ref().and_then(|line| line(caller.command?))
    }

    /// What the policy, else the session, says about connections to a host that is not AWS's, and which rule says so.
    pub fn egress(&self, host: &str, port: u16) -> (Effect, String) {
        match self.policies.egress(host, port) {
            (Effect::Allow, rule) if rule.is_empty() && self.egress != Effect::Allow => {
                (self.egress, "--egress deny".to_owned())
            }
            verdict => verdict,
        }
    }

    /// The number of the next call, from 1.
    pub fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The real credential. Each one is recorded, and masked everywhere from then on, before it is used.
    pub async fn fetch_credential(&self) -> Result<Arc<Fetched>, Unfetched> {
        let fetched = match self.chain.fetch().await {
            Ok(fetched) => fetched,
            Err(error) => {
                let reason = Some(self.masks.text(&error.error.to_string()).into_owned());
                self.credential(Credential { what: "failed".to_owned(), reason, ..Credential::default() })?;
                return Err(error);
            }
        };
        let before = self.recorded.fetch_max(fetched.generation, Ordering::SeqCst);
        if before < fetched.generation {
            self.masks.learn("aws-secret-access-key", fetched.key.secret.expose());
            if let Some(token) = &fetched.key.token {
                self.masks.learn("aws-session-token", token.expose());
            }
            let what = if before == 0 { "fetched" } else { "refreshed" };
            self.credential(Credential {
                what: what.to_owned(),
                arn: fetched.arn.clone(),
                role: self.session_role().map(str::to_owned),
                account: fetched.account.clone(),
                expires: fetched.expires,
                enforced: fetched.enforced.clone(),
                ..Credential::default()
            })?;
        }
        Ok(fetched)
    }

    /// Whether the session has had a credential before.
    pub fn has_fetched(&self) -> bool {
        self.recorded.load(Ordering::SeqCst) > 0
    }

    /// The account of the real credential; `*` where it cannot be found out: rules that deny then match any account,
    /// rules that allow only if they name none.
    pub async fn fetch_account(&self) -> String {
        let now = self.clock.unix_seconds();
        if now < self.account_failed.load(Ordering::SeqCst).saturating_add(ACCOUNT_RETRY_SECONDS) {
            return ANY_ACCOUNT.to_owned();
        }
        let account = match self.fetch_credential().await {
            Ok(_) => self.chain.account().await,
            Err(unfetched) => Err(unfetched.into()),
        };
        account.unwrap_or_else(|_| {
            self.account_failed.store(now, Ordering::SeqCst);
            ANY_ACCOUNT.to_owned()
        })
    }

    /// The account, if it is known already.
    pub fn known_account(&self) -> Option<String> {
        self.chain.known_account()
    }

    /// The ARN of the real credential's owner, if it is known already.
    pub fn known_arn(&self) -> Option<String> {
        self.chain.known_arn()
    }

    /// The role that hoop assumes for the session.
    pub fn session_role(&self) -> Option<&str> {
        self.chain.assumed_role()
    }

    /// Asks whose the real credential is. That nobody can say is no error here: it stays unknown.
    pub async fn ask_who(&self) {
        let now = self.clock.unix_seconds();
        if now < self.account_failed.load(Ordering::SeqCst).saturating_add(ACCOUNT_RETRY_SECONDS) {
            return;
        }
        let failed = match self.fetch_credential().await {
            Ok(_) => self.chain.who().await.is_err(),
            Err(_) => true,
        };
        if failed {
            self.account_failed.store(now, Ordering::SeqCst);
        }
    }

    /// The parameters of a call as they may be shown and recorded, the same as a text, and what was masked. What a model or
    /// rule calls secret is masked in every later output too.
    pub fn masked_params(&self, call: &Call) -> (Value, Vec<u8>, Masks) {
        if call.params.is_null() {
            return (Value::Null, b"null".to_vec(), Masks::default());
        }
        let what = BodyContext {
            service: &call.service,
            operation: &call.operation,
            action: &call.action,
            content_type: "application/json",
            direction: Direction::Request,
        };
        let masked = self.masks.body(&what, call.params.to_string().as_bytes()).ok();
        let read = masked.and_then(|masked| {
            let params = match masked.changed {
                true => serde_json::from_slice(&masked.bytes).ok()?,
                false => call.params.clone(),
            };
            Some((params, masked.bytes, masked.masks))
        });
        // What cannot be masked is not shown.
        read.unwrap_or_else(|| (Value::from("(could not be masked)"), Vec::new(), Masks::default()))
    }

    /// Writes down that something (`placeholder`, `fetched`, `refreshed`, `failed`, `wiped`) happened to a credential.
    pub fn credential(&self, event: Credential) -> Result<()> {
        self.recorder.event(&Event::Credential(Credential { source: self.chain.source(), ..event })).map(drop)
    }

    /// Writes down that a connection past AWS begins (`tunnel.start`), is refused (`tunnel.refused`) or has ended
    /// (`tunnel.end`).
    pub fn tunnel(&self, kind: &str, about: &About, carried: Option<Carried>) -> Result<()> {
        let mut fields = Map::new();
        let masked = |text: &str| Value::from(self.masks.text(text).into_owned());
        fields.insert("type".to_owned(), Value::from(kind));
        fields.insert("host".to_owned(), masked(&about.target));
        if let Some(named) = &about.named {
            fields.insert("sni".to_owned(), masked(named));
        }
        if !about.rule.is_empty() {
            fields.insert("origin".to_owned(), Value::from(about.rule.as_str()));
        }
        if let Some(command) = about.caller.command {
            fields.insert("command".to_owned(), Value::from(command));
        }
        if about.caller.pid != 0 {
            fields.insert("pid".to_owned(), Value::from(about.caller.pid));
        }
        if let Some(carried) = carried {
            fields.insert("bytes_in".to_owned(), Value::from(carried.sent));
            fields.insert("bytes_out".to_owned(), Value::from(carried.received));
        }
        self.recorder.event(&Event::Other(fields)).map(drop)
    }

    /// The gateway has stopped: the credentials go with it.
    pub fn ended(&self) {
        if self.has_fetched() {
            // The recorder tells of its own failure; there is no call left to refuse.
            drop(self.credential(Credential { what: "wiped".to_owned(), ..Credential::default() }));
        }
        self.minted.wipe();
        self.chain.wipe();
    }
}
