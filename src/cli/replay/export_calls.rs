//! Which calls an export writes, and of which session.

use std::path::Path;

use crate::audit::Start;
use crate::export;
use crate::query::CallFacts;
use crate::query::Query;
use crate::types::SessionId;

/// Whether a call is one that a query is about.
pub fn fits(query: &Query, call: &export::Call) -> bool {
    let (begin, decision, end) = (&call.begin, call.decision.as_ref(), call.end.as_ref());
    query.fits_call(&CallFacts {
        service: &begin.service,
        action: &begin.action,
        access: begin.access.as_str(),
        resources: &begin.resources,
        account: begin.account.as_deref(),
        region: &begin.region,
        effect: decision.map(|decision| decision.effect.as_str()),
        rule: decision.and_then(|decision| decision.rule.as_deref()),
        status: end.and_then(|end| end.status),
        error: end.and_then(|end| end.error.as_deref()),
    })
}

/// What is known of a session whose first line is damaged: its id, and when that was made.
pub fn stand_in(audit: &Path) -> Option<Start> {
    let id: SessionId = audit.parent()?.file_name()?.to_str()?.parse().ok()?;
    Some(Start::new(id, id.unix_millis().saturating_mul(1_000), Vec::new()))
}
