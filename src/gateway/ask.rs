//! Holding a call until a person has answered.

use std::borrow::Cow;
use std::time::Duration;

use sha2::Digest;
use sha2::Sha256;

use crate::approval::Broker;
use crate::approval::Fact;
use crate::approval::Outcome;
use crate::approval::Question;
use crate::approval::Refusal;
use crate::audit;
use crate::audit::ApprovalAnswered;
use crate::audit::ApprovalAsked;
use crate::audit::Event;
use crate::aws::Call;
use crate::aws::key_id;
use crate::gateway::core::Core;
use crate::gateway::entry::Entry;
use crate::gateway::stop::Stop;
use crate::gateway::whose::By;
use crate::gateway::whose::Whose;
use crate::net::Interim;
use crate::policy::Decision;
use crate::types::Micros;

/// How often a waiting client is told to go on waiting; SDKs give up a silent connection after 60 s, some users set
/// less.
const INTERIM_EVERY: Duration = Duration::from_secs(4);

/// After its time an unanswered question is refused by whoever shows it; this much later, here.
const GRACE: Duration = Duration::from_secs(2);

/// Parameters shown in a question, and the characters of each.
const SHOWN_FACTS: usize = 12;
const SHOWN_CHARACTERS: usize = 120;

/// A call that is held.
pub struct Hold<'a> {
    pub call: &'a Call,
    pub decision: &'a Decision,
    /// With what the call is signed.
    pub by: &'a By,
    /// Whose that is.
    pub whose: &'a Whose,
    /// The command line that made it, masked, where it is known.
    pub command: Option<String>,
}

/// Asks, and waits for the answer. A client that goes away meanwhile ends the question.
pub async fn ask(core: &Core, entry: &Entry, hold: Hold<'_>, interim: &Interim) -> Result<(), Stop> {
    let decision = hold.decision;
    let question = question(core, entry, &hold);
    let line = format!("{} on {}", question.action, named(&question.resources));
    let record = Held { core, entry, asked: core.clock.elapsed(), settled: false };
    record.asked(&line, decision, question.ttl).map_err(|error| Stop::unrecorded(&error))?;
    let ttl = question.ttl;
    // Who sits at this terminal is whose call it is; where the policy names people, that is not enough.
    let mut answer = match decision.approvers.is_empty() {
        true => core.broker.ask(question),
        false => {
            Broker::nobody("the rule names approvers, who cannot be reached from this session").ask(question)
        }
    };
    let give_up = tokio::time::sleep(ttl + GRACE);
    tokio::pin!(give_up);
    let mut remind = tokio::time::interval(INTERIM_EVERY);
    remind.tick().await;
    let outcome = loop {
        tokio::select! {
            answered = &mut answer => {
                break answered.unwrap_or(Outcome::Denied(Refusal::TimedOut(ttl)));
            }
            () = &mut give_up => break Outcome::Denied(Refusal::TimedOut(ttl)),
            _ = remind.tick() => interim.send(),
        }
    };
    record.answered(&outcome).map_err(|error| Stop::unrecorded(&error))?;
    match outcome {
        Outcome::Allowed { .. } => Ok(()),
        Outcome::Denied(refusal) => {
            let rule = rule(decision);
            // What a person typed as the reason may hold a secret, too.
            let told = format!("{line} was not approved ({rule}): {refusal}");
            Err(Stop::denied(core.masks.text(&told).into_owned()))
        }
    }
}

/// The rule in the words of every message: `rule "x" (policy.toml:41)`.
pub fn rule(decision: &Decision) -> String {
    match &decision.sid {
        Some(sid) => format!("rule \"{sid}\" ({})", decision.origin),
        None if decision.origin.is_empty() => decision.reason.clone(),
        None => format!("{} ({})", decision.reason, decision.origin),
    }
}

/// The first ARN, and how many more.
pub fn named(resources: &[String]) -> String {
    match resources {
        [] => "*".to_owned(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

fn question(core: &Core, entry: &Entry, hold: &Hold<'_>) -> Question {
    let Hold { call, decision, by, whose, command } = hold;
    let masked = |text: &str| core.masks.text(text).into_owned();
    let (params, ..) = core.masked_params(call);
    let shown = |value: &serde_json::Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.chars().take(SHOWN_CHARACTERS).collect::<String>()
    };
    let facts = params.as_object().into_iter().flatten().take(SHOWN_FACTS);
    // Names and values together, as they are shown: a name gives a value away, and the client has chosen both.
    let fact = |(name, value): (&String, &serde_json::Value)| {
        let value = shown(value);
        let text = format!("{name} = {value}");
        match core.masks.text(&text) {
            Cow::Borrowed(_) => Fact { name: name.clone(), value },
            Cow::Owned(masked) => match masked.split_once(" = ") {
                Some((name, value)) => Fact { name: name.to_owned(), value: value.to_owned() },
                None => Fact { name: masked, value: String::new() },
            },
        }
    };
    Question {
        action: masked(&call.action),
        resources: call.resources.iter().map(|resource| masked(resource)).collect(),
        who: match &core.principal.agent {
            Some(agent) => format!("{} ({agent})", core.principal.user),
            None => core.principal.user.clone(),
        },
        command: command.as_deref().map(masked),
        account: whose.account.clone(),
        region: masked(&call.region),
        rule: masked(&rule(decision)),
        reason: masked(&decision.reason),
        parameters: as_whom(by, whose).into_iter().chain(facts.map(fact)).collect(),
        call: Some(entry.number()),
        fingerprint: fingerprint(call, by, whose),
        ttl: decision.ttl.unwrap_or(core.approval_ttl),
    }
}

/// Whose credential it is, where it is not the session's own.
fn as_whom(by: &By, whose: &Whose) -> Option<Fact> {
    let value = match by {
        // The session's own.
        By::Session(own)
            if key_id::identity(&own.placeholder.access_key_id, &own.placeholder.access_key_id)
                == Some(0) =>
        {
            return None;
        }
        By::Session(own) => format!("role {}", own.name),
        By::Minted(identity) => {
            whose.arn.clone().unwrap_or_else(|| format!("a credential of {}", identity.source))
        }
        By::Nobody => "nobody: the call is not signed".to_owned(),
    };
    Some(Fact { name: "as".to_owned(), value })
}

/// The same for a retry, different for anything else, and for another identity.
fn fingerprint(call: &Call, by: &By, whose: &Whose) -> String {
    let identity = match by {
        By::Session(own) => own.name.as_str(),
        By::Minted(identity) => whose.arn.as_deref().unwrap_or(&identity.placeholder.access_key_id),
        By::Nobody => "nobody",
    };
    let mut hash = Sha256::new();
    let params = call.params.to_string();
    for part in [&call.service, &call.operation, &call.action, &call.region, &params, identity] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    for resource in &call.resources {
        hash.update((resource.len() as u64).to_be_bytes());
        hash.update(resource);
    }
    hex::encode(hash.finalize())
}

/// A question in the record; withdrawn if dropped without an answer.
struct Held<'a> {
    core: &'a Core,
    entry: &'a Entry,
    asked: Micros,
    settled: bool,
}

impl Held<'_> {
    fn id(&self) -> String {
        format!("call-{}", self.entry.number())
    }

    fn asked(&self, line: &str, decision: &Decision, ttl: Duration) -> crate::error::Result<()> {
        let event = ApprovalAsked {
            id: self.id(),
            call: Some(self.entry.number()),
            question: line.to_owned(),
            rule: decision.sid.clone().or_else(|| Some(decision.origin.clone())),
            ttl: Micros::from(ttl),
        };
        self.core.recorder.event(&Event::ApprovalAsked(event)).map(drop)
    }

    fn answered(mut self, outcome: &Outcome) -> crate::error::Result<()> {
        self.settled = true;
        self.write(outcome.recorded(|text| self.core.masks.text(text).into_owned()))
    }

    fn write(&self, answered: ApprovalAnswered) -> crate::error::Result<()> {
        let took = Micros(self.core.clock.elapsed().0.saturating_sub(self.asked.0));
        let call = Some(self.entry.number());
        let event = ApprovalAnswered { id: self.id(), call, took, ..answered };
        self.core.recorder.event(&Event::ApprovalAnswered(event)).map(drop)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if !self.settled {
            let answer = audit::Answer::Withdrawn;
            // The recorder tells of its own failure; the client is gone.
            drop(self.write(ApprovalAnswered { answer, ..ApprovalAnswered::default() }));
        }
    }
}
