//! Holding a connection to a host that is not AWS's until a person has answered.

use sha2::Digest;
use sha2::Sha256;

use crate::approval::Outcome;
use crate::approval::Question;
use crate::approval::Subject;
use crate::gateway::core::About;
use crate::gateway::core::Core;
use crate::gateway::readable;
use crate::policy::Egress;
use crate::term::shortened;

/// Command lines above the one that connects.
const SHOWN_ABOVE: usize = 8;

/// Characters of a command line.
const SHOWN_CHARACTERS: usize = 400;

/// Asks, and waits for the answer; an error is why it was not allowed, a sentence without a full stop. Given up, the
/// question stays for a while: clients try again.
pub async fn ask(core: &Core, about: &About, verdict: &Egress) -> Result<(), String> {
    let question = question(core, about, verdict);
    let line = question.line();
    let mut pending = core.broker.ask(question);
    match pending.answer().await {
        Outcome::Allowed { .. } => Ok(()),
        Outcome::Denied(refusal) => {
            let told = format!("{line} was not approved ({}): {refusal}", rule(verdict));
            Err(core.masks.text(&told).into_owned())
        }
    }
}

/// `rule policy.toml:60`, `--egress ask`.
fn rule(verdict: &Egress) -> String {
    let is_flag = verdict.rule.starts_with("--");
    if is_flag { verdict.rule.clone() } else { format!("rule {}", verdict.rule) }
}

fn question(core: &Core, about: &About, verdict: &Egress) -> Question {
    let masked = |text: &str| core.masks.text(text).into_owned();
    let mut lines = core.command_lines(&about.caller).into_iter();
    let mut next = || lines.next().map(|line| shortened(&masked(&line), SHOWN_CHARACTERS));
    let named = about.named.as_deref();
    let reason =
        verdict.reason.clone().unwrap_or_else(|| "no AWS host: what is sent there is not seen".to_owned());
    Question {
        subject: Subject::Connection,
        action: "connect".to_owned(),
        resources: vec![masked(&about.target)],
        who: core.principal.user.clone(),
        agent: core.principal.agent.clone(),
        repository: core.principal.repository.clone().filter(|repository| !repository.is_empty()),
        command: next(),
        above: std::iter::from_fn(next).take(SHOWN_ABOVE).collect(),
        rule: masked(&rule(verdict)),
        reason: masked(&reason),
        parameters: named.map(|named| readable::fact(&core.masks, "TLS name", named)).into_iter().collect(),
        needs: verdict.approvers.clone(),
        fingerprint: fingerprint(about),
        ttl: verdict.ttl.unwrap_or(core.approval_ttl),
        ..Question::default()
    }
}

/// The same for the connections that one command opens to one host at once.
fn fingerprint(about: &About) -> String {
    let mut hash = Sha256::new();
    let command = about.caller.command.unwrap_or_default().to_string();
    for part in [about.target.as_str(), about.named.as_deref().unwrap_or_default(), &command] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    format!("connect {}", hex::encode(hash.finalize()))
}
