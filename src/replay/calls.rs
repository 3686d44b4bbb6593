//! What the list says of AWS calls: what was decided, and how they went.

use crate::audit::Answer;
use crate::audit::Approval;
use crate::audit::ApprovalAsked;
use crate::audit::Approvals;
use crate::audit::Event;
use crate::audit::Outcome;
use crate::export::Call;
use crate::record::Node;
use crate::replay::entries::Entry;
use crate::replay::entries::Kind;
use crate::replay::entries::duration;
use crate::replay::theme::Meaning;
use crate::types::Effect;

/// A call that is over, or was under way when the recording ended.
#[must_use]
pub fn call(call: &Call) -> Entry {
    let (symbol, meaning) = verdict(call);
    let begin = &call.begin;
    let status = call.end.as_ref().map(|end| match (end.outcome, end.status) {
        (Outcome::Answered | Outcome::Refused, Some(status)) => status.to_string(),
        (Outcome::Answered, None) => "ok".to_owned(),
        (Outcome::Refused, None) => "refused".to_owned(),
        (Outcome::Failed, _) => "failed".to_owned(),
        (Outcome::Cancelled, _) => "gone".to_owned(),
    });
    Entry {
        kind: Kind::Call,
        at: call.t,
        symbol,
        meaning,
        title: begin.action.clone(),
        subject: begin.resources.join(" "),
        result: status.unwrap_or_else(|| "no end".to_owned()),
        mood: Meaning::Text,
        took: call.end.as_ref().map(|end| end.took),
        node: Node { at: call.t, parent: begin.command, ..Node::default() },
        call: Some(begin.call),
        decision: decided(call),
        is_masked: call.end.as_ref().is_some_and(|end| !end.masks.is_empty()),
        lines: None,
        detail: detail(call),
    }
}

/// What was decided, in a word of at most eight columns: by a rule, or by people.
fn decided(call: &Call) -> &'static str {
    match (call.decision.as_ref().map(|decision| decision.effect), &call.answered) {
        (Some(Effect::Allow), _) => "allow",
        (Some(Effect::Deny), _) => "deny",
        (Some(Effect::Ask), _) if call.used.is_some() => "yes, old",
        (Some(Effect::Ask), Some(answered)) => match answered.answer {
            Answer::Granted => "granted",
            Answer::Denied => "refused",
            Answer::Expired => "expired",
            Answer::Nobody => "nobody",
            Answer::Withdrawn => "withdrew",
        },
        (Some(Effect::Ask), None) => "asked",
        (None, _) => "none",
    }
}

/// The sign and colour of a call: what was decided, then how it went.
fn verdict(call: &Call) -> (char, Meaning) {
    let refused = call.end.as_ref().is_some_and(|end| end.outcome == Outcome::Refused);
    let failed = call
        .end
        .as_ref()
        .is_some_and(|end| end.outcome == Outcome::Failed || end.status.is_some_and(|status| status >= 400));
    let effect = call.decision.as_ref().map(|decision| decision.effect);
    match (effect, refused) {
        (Some(Effect::Deny), _) | (_, true) => ('✗', Meaning::Deny),
        (Some(Effect::Ask), false) if call.answered.is_none() && call.used.is_none() => ('?', Meaning::Ask),
        (_, false) if failed => ('!', Meaning::Error),
        (Some(Effect::Ask), false) => ('+', Meaning::Ask),
        (Some(Effect::Allow), false) => ('✓', Meaning::Allow),
        (None, false) => ('?', Meaning::Muted),
    }
}

fn detail(call: &Call) -> Vec<(&'static str, String)> {
    let begin = &call.begin;
    let mut rows = vec![("action", begin.action.clone())];
    let operation = format!("{} {} ({})", begin.service, begin.operation, begin.access);
    rows.push(("operation", operation));
    rows.push(("resource", begin.resources.join("\n")));
    if let Some(decision) = &call.decision {
        let rule = decision.rule.as_deref().map(|rule| format!("\"{rule}\" ")).unwrap_or_default();
        rows.push(("decision", decision.effect.to_string()));
        rows.push(("rule", format!("{rule}{}", decision.origin)));
        rows.push(("reason", decision.reason.clone()));
    }
    if let Some(asked) = &call.asked {
        rows.push(("approval", approval(call, asked)));
    }
    if let Some(end) = &call.end {
        let status = end.status.map(|status| format!("HTTP {status}")).unwrap_or_default();
        let words = [status, end.error.clone().unwrap_or_default()];
        rows.push(("status", words.join(" ").trim().to_owned()));
        rows.push(("message", end.message.clone().unwrap_or_default()));
    }
    let place = [Some(begin.region.as_str()), begin.account.as_deref()];
    rows.push((
        "region",
        place.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  account "),
    ));
    rows.push(("made as", begin.role.clone().or_else(|| begin.identity.clone()).unwrap_or_default()));
    if let Some(end) = &call.end {
        rows.push(("took", duration(end.took)));
        rows.push(("bytes", format!("{} sent, {} received", end.bytes_in, end.bytes_out)));
        let masks = end.masks.iter().map(|(rule, count)| format!("{rule} ×{count}"));
        rows.push(("masked", masks.collect::<Vec<_>>().join(", ")));
        rows.push(("request id", end.request_id.clone().unwrap_or_default()));
    }
    let more = begin.more_actions.iter().map(|(action, on)| format!("{action} on {}", on.join(" ")));
    rows.push(("also needs", more.collect::<Vec<_>>().join("\n")));
    rows.push(("request", format!("{} {}{}", begin.method, begin.host, begin.path).trim().to_owned()));
    rows.push(("process", begin.pid.map(|pid| pid.to_string()).unwrap_or_default()));
    rows.push(("client", begin.agent.clone().unwrap_or_default()));
    rows.retain(|(_, value)| !value.is_empty());
    rows
}

/// What became of the question that a call waited for, or was let through by.
fn approval(call: &Call, asked: &ApprovalAsked) -> String {
    let how = match (&call.used, &call.joined) {
        (Some(_), _) => "an earlier yes",
        (None, Some(_)) => "joined as a retry",
        (None, None) => "asked",
    };
    let mut known = Approvals::default();
    known.take(call.t, &Event::ApprovalAsked(asked.clone()));
    if let Some(answered) = &call.answered {
        known.take(call.t, &Event::ApprovalAnswered(answered.clone()));
    }
    let outcome = known.all().first().map(|asked: &Approval| asked.outcome(duration)).unwrap_or_default();
    format!("{}, {how}: {outcome}", asked.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::CallBegin;
    use crate::audit::CallEnd;
    use crate::audit::Decision;
    use crate::types::Micros;

    fn recorded(effect: Option<Effect>, end: Option<CallEnd>) -> Call {
        let decision = effect.map(|effect| Decision {
            call: 1,
            effect,
            rule: Some("no deletes".to_owned()),
            origin: "policy.toml:41".to_owned(),
            reason: "because".to_owned(),
        });
        let begin = CallBegin::new(1, "s3", "DeleteObject", "s3:DeleteObject");
        Call { t: Micros(5), begin, decision, asked: None, joined: None, used: None, answered: None, end }
    }

    #[test]
    fn a_call_shows_what_was_decided_and_how_it_went() {
        let end = |status, outcome| Some(CallEnd { status: Some(status), outcome, ..CallEnd::default() });
        let signs = [
            (Some(Effect::Allow), end(200, Outcome::Answered), '✓'),
            (Some(Effect::Allow), end(404, Outcome::Answered), '!'),
            (Some(Effect::Deny), end(403, Outcome::Refused), '✗'),
            (Some(Effect::Ask), None, '?'),
            (None, end(403, Outcome::Refused), '✗'),
        ];
        for (effect, end, sign) in signs {
            assert_eq!(call(&recorded(effect, end)).symbol, sign);
        }
        let entry = call(&recorded(Some(Effect::Deny), None));
        assert!(entry.detail.contains(&("rule", "\"no deletes\" policy.toml:41".to_owned())));
        assert_eq!(entry.result, "no end");
    }
}
