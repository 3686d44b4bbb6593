//! Names for the sandbox: each gets an address of ours, so that a connection tells which name it means. AWS's names
//! exist without a question outside; others if the policy lets them be reached and the machine knows them.

mod message;
mod serve;

use std::future::Future;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Semaphore;

pub use serve::serve_tcp;
pub use serve::serve_udp;

use crate::net::Names;
use crate::net::dns::message::Kind;
use crate::net::dns::message::Outcome;
use crate::net::dns::message::Query;
use crate::sys::lookup::Found;
use crate::sys::lookup::lookup;
use crate::types::Effect;

/// Names that are looked up at once: each may hold a thread for some seconds.
const LOOKUPS: usize = 256;
/// Names that are looked up or wait for it; more fail at once, and are asked again by whoever needs them.
const WAITING: usize = 1024;
/// Connections at once.
const CONNECTIONS: usize = 256;

/// Says whether a name exists outside.
pub type Lookup = Box<dyn Fn(String) -> Pin<Box<dyn Future<Output = Found> + Send>> + Send + Sync>;

/// What the resolver asks and tells the layers above.
pub struct Rules {
    /// Whether a name is one of AWS's API hosts.
    pub is_aws: fn(&str) -> bool,
    /// Whether the policy lets another name be reached, at any port. Where a person will be asked, the name stays here: who
    /// puts a question to the servers of a domain has told them its name, and whatever stands in it.
    pub may_reach: Box<dyn Fn(&str) -> Effect + Send + Sync>,
    /// Told of each question for a name that may not be reached. The name is printable ASCII.
    pub told: Box<dyn Fn(&str) + Send + Sync>,
}

/// Answers questions for names.
pub struct Resolver {
    names: Names,
    rules: Rules,
    lookup: Lookup,
    lookups: Semaphore,
    waiting: Arc<Semaphore>,
    connections: Semaphore,
}

/// A question that is answered, or that needs the outside.
enum Step {
    Done(Vec<u8>),
    Ask(Query),
}

impl Resolver {
    /// A resolver that gives addresses out of `names` and looks others' names up as the machine does.
    #[must_use]
    pub fn new(names: Names, rules: Rules) -> Self {
        Self::with_lookup(
            names,
            rules,
            Box::new(|name| {
                Box::pin(async move {
                    tokio::task::spawn_blocking(move || lookup(&name)).await.unwrap_or(Found::Failed)
                })
            }),
        )
    }

    /// A resolver with its own way to know names.
    #[must_use]
    pub fn with_lookup(names: Names, rules: Rules, lookup: Lookup) -> Self {
        Self {
            names,
            rules,
            lookup,
            lookups: Semaphore::new(LOOKUPS),
            waiting: Arc::new(Semaphore::new(WAITING)),
            connections: Semaphore::new(CONNECTIONS),
        }
    }

    /// The answer to `query`; `None` where none is due.
    pub async fn answer(&self, query: &[u8]) -> Option<Vec<u8>> {
        match self.step(query)? {
            Step::Done(bytes) => Some(bytes),
            Step::Ask(query) => {
                let Ok(_place) = self.waiting.clone().try_acquire_owned() else {
                    return Some(query.answer(Outcome::Failed));
                };
                Some(self.ask(&query).await)
            }
        }
    }

    /// All that can be said without waiting.
    fn step(&self, query: &[u8]) -> Option<Step> {
        let query = Query::parse(query)?;
        let done = match self.known(&query) {
            Some(Known::Is(outcome)) => query.answer(outcome),
            Some(Known::Named(name)) => query.answer_name(&name),
            None => return Some(Step::Ask(query)),
        };
        Some(Step::Done(done))
    }

    fn known(&self, query: &Query) -> Option<Known> {
        let name = query.name.as_str();
        let is = |outcome| Some(Known::Is(outcome));
        if let Some(fault) = query.fault {
            return is(fault);
        }
        if name.is_empty() {
            return is(Outcome::Nothing);
        }
        if name == "localhost" || name.ends_with(".localhost") {
            return is(match query.kind {
                Kind::A => Outcome::A(Ipv4Addr::LOCALHOST),
                Kind::Aaaa => Outcome::Aaaa(Ipv6Addr::LOCALHOST),
                Kind::Ptr | Kind::Other | Kind::Zone => Outcome::Nothing,
            });
        }
        if name.ends_with(".in-addr.arpa") || name.ends_with(".ip6.arpa") {
            return Some(match self.name_behind(name) {
                Some(name) if query.kind == Kind::Ptr => Known::Named(name),
                Some(_) => Known::Is(Outcome::Nothing),
                None => Known::Is(Outcome::NoName),
            });
        }
        if !is_host_name(name) {
            return is(Outcome::NoName);
        }
        if (self.rules.is_aws)(name) {
            return is(self.existing(query));
        }
        let may_reach = (self.rules.may_reach)(name);
        if may_reach == Effect::Ask {
            return is(self.existing(query));
        }
        if may_reach == Effect::Deny {
            (self.rules.told)(name);
            // Not REFUSED: resolvers take that for a server's trouble, ask again and elsewhere, and after seconds tell
            // their program of a failure that may pass. "No such name" is final, and told at once.
            return is(Outcome::NoName);
        }
        // A name that was found moments ago needs no second question for its other kinds.
        (query.kind != Kind::A && self.names.holds(name)).then_some(Known::Is(Outcome::Nothing))
    }

    /// The answer for a name that only the outside knows.
    async fn ask(&self, query: &Query) -> Vec<u8> {
        // Never closed.
        let Ok(_turn) = self.lookups.acquire().await else { return query.answer(Outcome::Failed) };
        query.answer(match (self.lookup)(query.name.clone()).await {
            Found::Address => self.existing(query),
            Found::NoAddress => Outcome::Nothing,
            Found::Missing => Outcome::NoName,
            Found::Failed => Outcome::Failed,
        })
    }

    /// An address for whoever wants one. Nothing else is told: a second way to a host (IPv6, HTTPS records) would only
    /// have to be given up by the client.
    fn existing(&self, query: &Query) -> Outcome {
        match query.kind {
            Kind::A => Outcome::A(self.names.address_of(&query.name)),
            Kind::Aaaa | Kind::Ptr | Kind::Other | Kind::Zone => Outcome::Nothing,
        }
    }

    /// The name of an address that is written the DNS's way; only of our own addresses.
    fn name_behind(&self, name: &str) -> Option<String> {
        if let Some(digits) = name.strip_suffix(".ip6.arpa") {
            let is_loopback = digits.strip_prefix('1').is_some_and(|rest| rest == ".0".repeat(31));
            return is_loopback.then(|| "localhost".to_owned());
        }
        let mut parts: Vec<&str> = name.strip_suffix(".in-addr.arpa")?.split('.').collect();
        parts.reverse();
        let address: Ipv4Addr = parts.join(".").parse().ok()?;
        if address.is_loopback() { Some("localhost".to_owned()) } else { self.names.name_of(address) }
    }
}

enum Known {
    Is(Outcome),
    Named(String),
}

/// Whether a host can have this name: nothing else is asked outside. A name that ends in a number would be read as an
/// address there.
fn is_host_name(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = match last.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => last.bytes().all(|byte| byte.is_ascii_digit()),
    };
    !is_number && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests;
