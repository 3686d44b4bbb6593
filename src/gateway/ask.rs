//! Holding a call until a person has answered.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

use crate::approval::Outcome;
use crate::approval::Question;
use crate::approval::QuestionId;
use crate::aws::Call;
use crate::aws::key_id;
use crate::gateway::content::Content;
use crate::gateway::core::ANY_ACCOUNT;
use crate::gateway::core::Core;
use crate::gateway::entry::Entry;
use crate::gateway::hold::Waits;
use crate::gateway::hold::hold as wait;
use crate::gateway::look;
use crate::gateway::look::Asked;
use crate::gateway::readable;
use crate::gateway::stop::Stop;
use crate::gateway::whose::By;
use crate::gateway::whose::Whose;
use crate::policy::Decision;
use crate::term::shortened;

/// Command lines above the one that made a call.
const SHOWN_ABOVE: usize = 8;

/// Characters of a command line.
const SHOWN_CHARACTERS: usize = 400;

/// How long a question may take to learn the account.
const ACCOUNT_TIMEOUT: Duration = Duration::from_secs(1);

/// A call that is held.
pub struct Hold<'a> {
    pub call: &'a Call,
    pub decision: &'a Decision,
    /// With what the call is signed.
    pub by: &'a By,
    /// Whose that is.
    pub whose: &'a Whose,
    /// The command line that made it and those above it, nearest first, where they are known.
    pub lines: Vec<String>,
    /// Its body.
    pub content: &'a Content,
}

/// Asks, and waits for the answer. A client that goes away meanwhile may come back for it.
pub async fn ask(core: &Arc<Core>, entry: &Entry, hold: Hold<'_>, waits: Waits<'_>) -> Result<(), Stop> {
    let decision = hold.decision;
    let (params, ..) = core.masked_params(hold.call);
    let mut question = question(core, entry, &hold, &params);
    if let Some(attempt) = &waits.attempt {
        question.invocation.clone_from(&attempt.invocation);
    }
    let (line, ttl) = (question.line(), question.ttl);
    let pending = core.broker.ask(question);
    let looking = pending.question().filter(|id| is_first(core, *id, entry)).and_then(|question| {
        let (call, by, whose) = (hold.call.clone(), hold.by.clone(), hold.whose.clone());
        look::begin(core, Asked { question, call, shown: params, by, whose })
    });
    // A client that is told to come back leaves its question, and what is looked up for it.
    let outcome = wait(core, &waits, pending, ttl).await.map_err(|back| {
        let told = format!("{line} waits for a person's approval; the same request again joins the question");
        Stop::later(back, core.masks.text(&told))
    })?;
    if let Some(looking) = looking {
        looking.stop();
    }
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

/// Whose a call is, with the account: people are told it. Where it cannot be had soon, they are not.
pub async fn named(core: &Core, by: &By, whose: Whose) -> Whose {
    if whose.account.is_some() || matches!(by, By::Nobody) {
        return whose;
    }
    match tokio::time::timeout(ACCOUNT_TIMEOUT, core.account_of(by)).await {
        Ok(account) if account != ANY_ACCOUNT => Whose { account: Some(account), ..whose },
        _ => whose,
    }
}

/// The rule in the words of every message: `rule "x" (policy.toml:41)`.
pub fn rule(decision: &Decision) -> String {
    match &decision.sid {
        Some(sid) => format!("rule \"{sid}\" ({})", decision.origin),
        None if words(decision).is_some() => format!("the rule at {}", decision.origin),
        None if decision.origin.is_empty() => decision.reason.clone(),
        None => format!("{} ({})", decision.reason, decision.origin),
    }
}

/// The rule's author's words, where a rule of the policy decided; may be empty.
fn words(decision: &Decision) -> Option<&str> {
    let origin = &decision.origin;
    let named = match &decision.sid {
        Some(sid) => format!("rule \"{sid}\", {origin}"),
        None => format!("the rule at {origin}"),
    };
    let words = decision.reason.strip_prefix(&named)?;
    words.strip_prefix(": ").or(Some(words).filter(|words| words.is_empty()))
}

/// Whether the question was put for this call: one that joins finds the look-ups under way, or done.
fn is_first(core: &Core, id: QuestionId, entry: &Entry) -> bool {
    core.broker
        .waiting()
        .iter()
        .any(|waiting| waiting.id == id && waiting.question.call == Some(entry.number()))
}

fn question(core: &Core, entry: &Entry, hold: &Hold<'_>, params: &Value) -> Question {
    let Hold { call, decision, by, whose, lines, content } = hold;
    let masked = |text: &str| core.masks.text(text).into_owned();
    let line = |line: &String| shortened(&masked(line), SHOWN_CHARACTERS);
    let mut parameters = readable::parameters(&core.masks, params);
    if let Some(said) = &content.said {
        parameters.push(readable::fact(&core.masks, "body", said));
    }
    let rule = rule(decision);
    // What decides without a rule has said why already.
    let why = words(decision).unwrap_or(&decision.reason);
    let why = if rule.contains(why) { "" } else { why };
    Question {
        action: masked(&call.action),
        resources: call.resources.iter().map(|resource| masked(resource)).collect(),
        who: core.principal.user.clone(),
        agent: core.principal.agent.clone(),
        repository: core.principal.repository.clone().filter(|repository| !repository.is_empty()),
        command: lines.first().map(line),
        above: lines.iter().skip(1).take(SHOWN_ABOVE).map(line).collect(),
        account: whose.account.clone(),
        region: masked(&call.region),
        rule: masked(&rule),
        reason: masked(why),
        parameters,
        identity: as_whom(by, whose),
        needs: decision.approvers.clone(),
        call: Some(entry.number()),
        fingerprint: fingerprint(call, (by, whose), content),
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

/// The same for a retry, different for anything else, and for another identity: what the request means, and what is known
/// of its body. Nothing that a client makes anew when it tries again: date, signature, the number of the attempt.
fn fingerprint(call: &Call, (by, whose): (&By, &Whose), content: &Content) -> String {
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
    let mut add = |part: &str| {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    };
    call.resources.iter().for_each(|resource| add(resource));
    for (name, value) in &content.known {
        add(name);
        add(value);
    }
    hex::encode(hash.finalize())
}
