//! `hoopctl sessions`: the list of recordings.

use std::path::Path;

use jiff::Span;
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::Value;
use serde_json::json;

use super::conditions;
use super::console::Console;
use super::console::fitted;
use super::console::length;
use super::console::rfc3339;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::record::index;
use crate::store::ApprovalFilter;
use crate::store::Became;
use crate::store::Filter;
use crate::store::Page;
use crate::store::SessionRow;
use crate::term::safe;
use crate::types::Effect;

/// A longer name would leave no room for the command.
const USER_COLUMNS: usize = 12;

/// The same for how it is known who that is.
const IDENTITY_COLUMNS: usize = 20;

/// List recorded sessions, newest first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hoopctl sessions after:2d decision:deny
  hoopctl sessions 'user:ana action:s3:Delete* not error:*'
  hoopctl sessions 'AccessDenied duration:>5m' --json | jq .id
  hoopctl sessions --since 2d --approval granted --approver bo

A query has words and fields, joined by a space, `or`, `not` and ( ): hoopctl search --help
lists the fields, docs/search.md tells all of it. Options narrow it down further.
Times: 2026-07-01, 2026-07-01T12:30, RFC 3339, or a length of time ago: 90m, 2h, 3d, 1w.")]
pub struct Args {
    /// Words and fields that must hold of a session.
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,
    /// Of this person.
    #[arg(long)]
    pub user: Option<String>,
    /// Began at or after this time.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Began before this time.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Called this AWS service.
    #[arg(long)]
    pub service: Option<String>,
    /// Called this IAM action; `*` stands for anything.
    #[arg(long)]
    pub action: Option<String>,
    /// Had a call with this decision (of that action and service, if they are given).
    #[arg(long, value_parser = effect, value_name = "allow|ask|deny")]
    pub decision: Option<Effect>,
    /// Shows these words on its screen, in a command, a call or an approval.
    #[arg(long, value_name = "WORDS")]
    pub text: Option<String>,
    /// Ran a command with this in its line.
    #[arg(long, value_name = "PART")]
    pub command: Option<String>,
    /// Put a question to people that ended so; may be repeated.
    #[arg(long, value_name = "ANSWER", value_parser = conditions::answers())]
    pub approval: Vec<Became>,
    /// Had a question that this person had a part in answering; `*` stands for anything; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub approver: Vec<String>,
    /// At most so many.
    #[arg(long, short = 'n', default_value_t = 50)]
    pub limit: u32,
    /// After passing over so many.
    #[arg(long, default_value_t = 0)]
    pub offset: u32,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// Does it; gives the exit status.
pub fn run(args: &Args, state: &Path, console: &mut Console<'_>) -> Result<u8> {
    let moment = |text: &Option<String>| text.as_ref().map(|text| moment(text, console)).transpose();
    let approvals = ApprovalFilter { became: args.approval.clone(), approvers: args.approver.clone() };
    let filter = Filter {
        user: args.user.clone(),
        since: moment(&args.since)?,
        until: moment(&args.until)?,
        service: args.service.clone(),
        action: args.action.clone(),
        decision: args.decision,
        text: args.text.clone(),
        command: args.command.clone(),
        query: Some(conditions::query(&args.query.join(" "), &console.query_time())?),
        approvals: Some(approvals).filter(|approvals| *approvals != ApprovalFilter::default()),
    };
    let (index, notices) = index::open(state)?;
    notices.iter().for_each(|notice| console.notice(notice));
    let rows = index.sessions(&filter, Page { limit: args.limit, offset: args.offset })?;
    if args.json {
        rows.iter().try_for_each(|row| console.json(&as_json(row)))?;
        return Ok(0);
    }
    if rows.is_empty() {
        console.line("no sessions")?;
        return Ok(0);
    }
    let mut cells: Vec<Vec<String>> = rows.iter().map(|row| cells(row, console)).collect();
    let mut titles =
        vec!["SESSION", "BEGAN", "TOOK", "USER", "IDENTITY", "CALLS", "DENIED", "END", "COMMAND"];
    let mut to_the_right = [2, 5, 6];
    // Older recordings do not say.
    if rows.iter().all(|row| row.identity.is_none()) {
        titles.remove(4);
        cells.iter_mut().for_each(|row| drop(row.remove(4)));
        to_the_right = [2, 4, 5];
    }
    console.table(&titles, &to_the_right, &cells)?;
    Ok(0)
}

fn cells(row: &SessionRow, console: &Console<'_>) -> Vec<String> {
    vec![
        row.id.to_string(),
        console.moment(row.started),
        length(row.last),
        fitted(&safe(&row.user), USER_COLUMNS),
        fitted(&safe(row.identity.as_deref().unwrap_or_default()), IDENTITY_COLUMNS),
        row.calls.to_string(),
        row.denied.to_string(),
        end(row),
        safe(row.title.as_ref().unwrap_or(&row.command)).into_owned(),
    ]
}

/// How it ended, in a word or two.
fn end(row: &SessionRow) -> String {
    match (row.reason.as_deref(), row.status, row.signal) {
        (None, ..) => "open".to_owned(),
        (Some("exited"), Some(status), _) => format!("exit {status}"),
        (Some("killed"), _, Some(signal)) => format!("signal {signal}"),
        (Some(reason), ..) => safe(reason).into_owned(),
    }
}

fn as_json(row: &SessionRow) -> Value {
    json!({
        "id": row.id,
        "began": rfc3339(row.started),
        "took_us": row.last,
        "user": row.user,
        "identity": row.identity,
        "host": row.host,
        "agent": row.agent,
        "command": row.command,
        "title": row.title,
        "profile": row.profile,
        "region": row.region,
        "end": row.reason,
        "status": row.status,
        "signal": row.signal,
        "sealed": row.sealed,
        "calls": row.calls,
        "denied": row.denied,
        "asked": row.asked,
        "granted": row.granted,
        "used": row.used,
        "commands": row.commands,
        "alerts": row.alerts,
        "masks": row.masks,
    })
}

pub(super) fn effect(text: &str) -> Result<Effect, String> {
    match text {
        "allow" => Ok(Effect::Allow),
        "ask" => Ok(Effect::Ask),
        "deny" => Ok(Effect::Deny),
        _ => Err("expected `allow`, `ask` or `deny`".to_owned()),
    }
}

/// A time as people write it, in microseconds since the Unix epoch.
pub(super) fn moment(text: &str, console: &Console<'_>) -> Result<u64> {
    let now = i64::try_from(console.now).ok().and_then(|now| Timestamp::from_microsecond(now).ok());
    let now = now.unwrap_or_default().to_zoned(console.zone.clone());
    let ago = |span: Span| now.checked_sub(span.abs()).ok().map(|at| at.timestamp());
    let local = |at: DateTime| at.to_zoned(console.zone.clone()).ok().map(|at| at.timestamp());
    let parsed = (text.parse::<Timestamp>().ok())
        .or_else(|| text.parse::<DateTime>().ok().and_then(local))
        .or_else(|| text.parse::<Span>().ok().and_then(ago));
    parsed.and_then(|at| u64::try_from(at.as_microsecond()).ok()).ok_or_else(|| {
        Error::new(Kind::Usage, format!("`{}` is not a time", safe(text)))
            .fix("write 2026-07-01, 2026-07-01T12:30, or a length of time ago: 90m, 2h, 3d, 1w")
    })
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn times_are_understood_as_people_write_them() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let console = Console { out: &mut out, err: &mut err, width: None, zone, now: 1_763_726_400_000_000 };
        let at = |text| moment(text, &console).map(rfc3339).map_err(|error| error.to_string());
        assert_eq!(at("2026-07-01").unwrap(), "2026-06-30T23:00:00Z");
        assert_eq!(at("2026-07-01T12:30").unwrap(), "2026-07-01T11:30:00Z");
        assert_eq!(at("2026-07-01T12:30:00Z").unwrap(), "2026-07-01T12:30:00Z");
        assert_eq!(at("90m").unwrap(), "2025-11-21T10:30:00Z");
        assert_eq!(at("3d").unwrap(), "2025-11-18T12:00:00Z");
        assert_eq!(at("soon\x1b").unwrap_err(), "`soon\\e` is not a time");
    }
}
