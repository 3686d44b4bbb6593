//! Holding a call until a person has answered.

use std::borrow::Cow;
use std::sync::Arc;

use sha2::Digest;
use sha2::Sha256;

use crate::approval::Fact;
use crate::approval::Outcome;
use crate::approval::Question;
use crate::aws::Call;
use crate::aws::key_id;
use crate::gateway::core::Core;
use crate::gateway::entry::Entry;
use crate::gateway::hold::Waits;
use crate::gateway::hold::hold as wait;
use crate::gateway::stop::Stop;
use crate::gateway::whose::By;
use crate::gateway::whose::Whose;
use crate::policy::Decision;

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

/// Asks, and waits for the answer. A client that goes away meanwhile may come back for it.
pub async fn ask(core: &Arc<Core>, entry: &Entry, hold: Hold<'_>, waits: Waits<'_>) -> Result<(), Stop> {
    let decision = hold.decision;
    let mut question = question(core, entry, &hold);
    if let Some(attempt) = &waits.attempt {
        question.invocation.clone_from(&attempt.invocation);
    }
    let (line, ttl) = (question.line(), question.ttl);
    let pending = core.broker.ask(question);
    let outcome = wait(core, &waits, pending, ttl).await.map_err(|back| {
        let told = format!("{line} waits for a person's approval; the same request again joins the question");
        Stop::later(back, core.masks.text(&told))
    })?;
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
        who: core.principal.user.clone(),
        agent: core.principal.agent.clone(),
        repository: core.principal.repository.clone().filter(|repository| !repository.is_empty()),
        command: command.as_deref().map(masked),
        account: whose.account.clone(),
        region: masked(&call.region),
        rule: masked(&rule(decision)),
        reason: masked(&decision.reason),
        parameters: facts.map(fact).collect(),
        identity: as_whom(by, whose),
        needs: decision.approvers.clone(),
        call: Some(entry.number()),
        fingerprint: fingerprint(call, by, whose),
        ttl: decision.ttl.unwrap_or(core.approval_ttl),
        ..Question::default()
    }
}

/// Whose credential it is, where it is not the session's own.
fn as_whom(by: &By, whose: &Whose) -> Option<String> {
    Some(match by {
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
    })
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
