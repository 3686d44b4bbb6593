//! What every call shares.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Map;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::approval::Broker;
use crate::audit::Event;
use crate::aws::Call;
use crate::aws::sigv4::Key;
use crate::clock::Clock;
use crate::error::Result;
use crate::gateway::Setup;
use crate::gateway::channels::Channels;
use crate::gateway::inside::Inside;
use crate::gateway::look;
use crate::gateway::minted::Minted;
use crate::gateway::own;
use crate::gateway::own::Further;
use crate::gateway::own::Making;
use crate::gateway::own::Own;
use crate::gateway::own::Tell;
use crate::gateway::patience::Patience;
use crate::gateway::queue_url::QueueUrls;
use crate::gateway::returned::Starred;
use crate::gateway::skew::Skew;
use crate::gateway::upload::Ahead;
use crate::mask::BodyContext;
use crate::mask::Direction;
use crate::mask::Engine;
use crate::mask::Masks;
use crate::net::Authority;
use crate::net::Carried;
use crate::net::Override;
use crate::net::Upstream;
use crate::policy::Egress;
use crate::policy::Limits;
use crate::policy::PolicySet;
use crate::policy::Principal;
use crate::record::Recorder;
use crate::types::Caller;
use crate::types::Effect;

/// Stands for an account that is not known.
pub const ANY_ACCOUNT: &str = "*";

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
    /// How long clients wait for a person.
    pub patience: Patience,
    /// For what is read of uploads while they wait for a person.
    pub ahead: Ahead,
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
    /// Room for look-ups, of all questions together.
    pub looks: Semaphore,
    find_caller: Option<FindCaller>,
    command_lines: Option<CommandLines>,
    is_running: Option<IsRunning>,
    /// The session's own identities; the first is what programs have without doing anything.
    pub own: Vec<Arc<Own>>,
    pub(super) tell: Option<Tell>,
    over: AtomicBool,
    calls: AtomicU64,
}

/// What a gateway makes for itself at the start.
pub struct Made {
    pub port: u16,
    pub placeholder: Key,
    pub authority: Authority,
    pub region: Option<String>,
    pub instead: Option<Override>,
    pub inside: Option<Inside>,
    pub further: Vec<Further>,
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

/// The masked command lines of a command, by its number, and of those above it in the process tree, nearest first.
pub type CommandLines = Arc<dyn Fn(u64) -> Vec<String> + Send + Sync>;

/// Whether a command, by its number, still runs.
pub type IsRunning = Arc<dyn Fn(u64) -> bool + Send + Sync>;

impl Core {
    pub fn new(setup: Setup, made: Made) -> Self {
        let bundle = setup.environment.get("AWS_CA_BUNDLE").filter(|bundle| !bundle.is_empty());
        let upstream = Arc::new(Upstream::new(made.instead).trusting(bundle.map(PathBuf::from)));
        let making = Making {
            environment: &setup.environment,
            profile: setup.profile,
            region: made.region.clone(),
            policies: &setup.policies,
            principal: &setup.principal,
            upstream: &upstream,
            clock: &setup.clock,
        };
        let own = own::all(&making, &setup.upstreams, &made.placeholder, made.further);
        Self {
            own,
            tell: setup.upstreams.tell,
            over: AtomicBool::new(false),
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
            patience: Patience::default(),
            ahead: Ahead::default(),
            skew: Arc::new(Skew::new(setup.clock.clone())),
            clock: setup.clock,
            upstream,
            queue_urls: QueueUrls::new(made.port),
            channels: Channels::default(),
            starred: Starred::default(),
            inside: made.inside,
            looks: Semaphore::new(look::IN_A_SESSION),
            egress: setup.egress,
            find_caller: setup.find_caller,
            command_lines: setup.command_lines,
            is_running: setup.is_running,
            calls: AtomicU64::new(0),
        }
    }

    /// Who makes a call, as far as can be told. It attributes; it does not authenticate.
    pub fn caller(&self, asker: &Asker<'_>) -> Caller {
        self.find_caller.as_ref().and_then(|find| find(asker)).unwrap_or_default()
    }

    /// The command line of a caller and those above it, nearest first, masked.
    pub fn command_lines(&self, caller: &Caller) -> Vec<String> {
        let lines = self.command_lines.as_ref().zip(caller.command);
        lines.map(|(lines, command)| lines(command)).unwrap_or_default()
    }

    /// Whether the process of a caller is known to have ended.
    pub fn has_ended(&self, caller: &Caller) -> bool {
        self.is_running.as_ref().zip(caller.command).is_some_and(|(is_running, command)| !is_running(command))
    }

    /// What the policy, else the session, says about connections to a host that is not AWS's, and which rule says so.
    pub fn egress(&self, host: &str, port: u16) -> Egress {
        let verdict = self.policies.egress(host, port);
        match verdict.effect == Effect::Allow && verdict.rule.is_empty() && self.egress != Effect::Allow {
            true => Egress::by(self.egress, format!("--egress {}", self.egress)),
            false => verdict,
        }
    }

    /// The number of the next call, from 1.
    pub fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
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

    /// Whether the session is over: nothing is signed any more.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// From now on nothing is signed, whatever is under way.
    pub fn close(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// The gateway has stopped: the credentials go with it.
    pub fn ended(&self) {
        self.close();
        self.minted.wipe();
        self.end_own();
    }
}
