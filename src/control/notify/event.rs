//! What others are told: that a question waits, and how it ended.

use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use crate::approval::Card;
use crate::approval::Outcome;
use crate::control::facts;

/// The version of the payload: a reader that knows it can go on reading later ones of the same number, in which fields may
/// have been added.
pub(super) const VERSION: u32 = 1;

/// Bytes of a payload; of a card that is larger, what is long is left out.
const PAYLOAD_BYTES: usize = 256 * 1024;

/// Something to tell.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// The question as it was last seen.
    pub(super) card: Card,
    /// When it is told, in microseconds since the Unix epoch.
    pub(super) at: u64,
    /// Where it can be answered, for one answer.
    pub(super) link: Option<String>,
    /// How it ended; none: it waits.
    pub(super) outcome: Option<Outcome>,
}

impl Event {
    /// `approval.asked`, `approval.settled`
    pub(super) fn kind(&self) -> &'static str {
        if self.outcome.is_some() { "approval.settled" } else { "approval.asked" }
    }

    /// The same for every attempt to tell the same: `hoop_01J9ZK5WQ3H8V7T2M4N6P8R0S1_3_asked`.
    pub(super) fn id(&self) -> String {
        let kind = if self.outcome.is_some() { "settled" } else { "asked" };
        format!("hoop_{}_{}_{kind}", self.card.session, self.card.id)
    }

    /// How it ended, in words: `allowed once by ana`, `denied: ana denied it: not today`.
    pub(super) fn ending(&self) -> Option<String> {
        Some(match self.outcome.as_ref()? {
            Outcome::Allowed { scope, by } => match scope.to_string().as_str() {
                "once" => format!("allowed once by {by}"),
                "session" => format!("allowed for the session by {by}"),
                time => format!("allowed for {time} by {by}"),
            },
            Outcome::Denied(refusal) => format!("denied: {refusal}"),
        })
    }

    /// The whole of it as JSON, for webhooks and commands.
    pub(super) fn json(&self) -> Vec<u8> {
        let whole = self.value(&self.card).to_string();
        if whole.len() <= PAYLOAD_BYTES {
            return whole.into_bytes();
        }
        let mut card = self.card.clone();
        card.question.parameters.clear();
        card.findings.difference.clear();
        let shorter = self.value(&card);
        let shorter = with(shorter, "left_out", json!(["parameters", "difference"])).to_string();
        if shorter.len() <= PAYLOAD_BYTES {
            return shorter.into_bytes();
        }
        let kept = |texts: &mut Vec<String>| texts.truncate(1);
        kept(&mut card.question.resources);
        kept(&mut card.question.above);
        card.findings = Default::default();
        (card.question.command, card.question.reason) = (None, String::new());
        let bare = self.value(&card);
        with(bare, "left_out", json!(["parameters", "findings", "command", "reason", "resources"]))
            .to_string()
            .into_bytes()
    }

    fn value(&self, card: &Card) -> Value {
        let name = self.card.name();
        let mut value = json!({
            "version": VERSION,
            "type": self.kind(),
            "timestamp": moment(self.at),
            "name": name,
            "summary": card.question.line(),
            "subject": facts::subject(card),
            "expires": moment(card.deadline),
        });
        if self.outcome.is_none() {
            let commands = json!({
                "show": format!("hoopctl approvals show {name}"),
                "allow": format!("hoopctl approvals allow {name}"),
                "deny": format!("hoopctl approvals deny {name}"),
            });
            value = with(value, "commands", commands);
        }
        if let Some(link) = &self.link {
            value = with(value, "link", json!(link));
        }
        value = match &self.outcome {
            Some(Outcome::Allowed { scope, by }) => {
                with(value, "outcome", json!({"answer": "granted", "by": by, "scope": scope}))
            }
            Some(Outcome::Denied(refusal)) => {
                with(value, "outcome", json!({"answer": refusal.recorded(), "reason": refusal.to_string()}))
            }
            None => value,
        };
        with(value, "card", serde_json::to_value(card).unwrap_or_default())
    }
}

fn with(mut value: Value, name: &str, added: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.insert(name.to_owned(), added);
    }
    value
}

/// A moment as RFC 3339 in UTC.
pub(super) fn moment(unix_micros: u64) -> String {
    let moment = i64::try_from(unix_micros).ok().and_then(|at| Timestamp::from_microsecond(at).ok());
    moment.unwrap_or_default().to_string()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::approval::Fact;
    use crate::approval::Findings;
    use crate::approval::Question;
    use crate::approval::QuestionId;
    use crate::approval::Refusal;
    use crate::approval::Scope;
    use crate::types::SessionId;

    /// A question that has everything, hostile texts among it.
    pub fn event() -> Event {
        let question = Question {
            action: "s3:DeleteObject".to_owned(),
            resources: vec!["arn:aws:s3:::billing/2026/07.csv".to_owned()],
            who: "ana <!channel>".to_owned(),
            agent: Some("claude".to_owned()),
            command: Some("aws s3 rm `s3://billing` <b>&amp;\u{202e}".to_owned()),
            account: Some("123456789012".to_owned()),
            region: "eu-central-1".to_owned(),
            rule: "rule \"no deletes\" (policy.toml:41)".to_owned(),
            parameters: vec![Fact { name: "Bucket".to_owned(), value: "billing".to_owned() }],
            fingerprint: "f".to_owned(),
            ..Question::default()
        };
        let card = Card {
            session: SessionId::new(1_763_700_000_000_000, 7),
            id: QuestionId(3),
            host: "host".to_owned(),
            requester: "ana".to_owned(),
            asked: 1_763_700_000_000_000,
            deadline: 1_763_700_050_000_000,
            callers: 1,
            question,
            votes: Vec::new(),
            missing: Vec::new(),
            findings: Findings {
                facts: vec![Fact { name: "objects".to_owned(), value: "1,000 or more".to_owned() }],
                ..Findings::default()
            },
        };
        Event { card, at: 1_763_700_000_000_000, link: None, outcome: None }
    }

    #[test]
    fn the_payload_says_what_waits_and_how_it_ended() {
        let mut event = event();
        event.link = Some("http://127.0.0.1:7468/a/x".to_owned());
        let value: Value = serde_json::from_slice(&event.json()).unwrap();
        assert_eq!(value["version"], 1);
        assert_eq!(value["type"], "approval.asked");
        assert_eq!(value["expires"], "2025-11-21T04:40:50Z");
        assert_eq!(value["link"], "http://127.0.0.1:7468/a/x");
        let card: Card = serde_json::from_value(value["card"].clone()).unwrap();
        assert_eq!(card, event.card);
        event.outcome = Some(Outcome::Allowed { scope: Scope::Once, by: "ben".to_owned() });
        let value: Value = serde_json::from_slice(&event.json()).unwrap();
        assert_eq!((&value["type"], &value["outcome"]["by"]), (&json!("approval.settled"), &json!("ben")));
        assert!(value.get("commands").is_none() && event.id().ends_with("_settled"));
        event.outcome = Some(Outcome::Denied(Refusal::Gone));
        let value: Value = serde_json::from_slice(&event.json()).unwrap();
        assert_eq!(value["outcome"]["answer"], "withdrawn");
    }

    #[test]
    fn a_payload_is_bounded_and_says_what_it_lacks() {
        let mut event = event();
        let long = Fact { name: "Policy".to_owned(), value: "x".repeat(1 << 20) };
        event.card.question.parameters = vec![long];
        let value: Value = serde_json::from_slice(&event.json()).unwrap();
        assert_eq!(value["left_out"][0], "parameters");
        assert_eq!(value["card"]["findings"]["facts"][0]["name"], "objects");
        event.card.question.resources = vec!["r".repeat(2_000); 500];
        assert!(event.json().len() < PAYLOAD_BYTES);
    }
}
