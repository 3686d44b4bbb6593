//! `hoopctl approvals log`: the questions of past sessions, and who answered them.

use std::path::Path;

use serde_json::Value;
use serde_json::json;

use super::conditions;
use super::console::Console;
use super::console::brief;
use super::console::fitted;
use super::console::rfc3339;
use super::search::session;
use super::sessions::moment;
use crate::audit;
use crate::error::Result;
use crate::record::index;
use crate::store::ApprovalFilter;
use crate::store::ApprovalRow;
use crate::store::ApprovalSearch;
use crate::store::Became;
use crate::store::Page;
use crate::term::safe;

/// Columns from which a question stands in one line.
const WIDE: usize = 150;
/// Columns of the people who answered, and of the question, in that line.
const PEOPLE: usize = 20;
const QUESTION: usize = 60;

/// List the questions of past sessions, newest first: who approved what, when, how long it took, how often it was used.
///
/// What waits now is shown by `hoopctl approvals`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hoopctl approvals log --since 7d
  hoopctl approvals log --answer granted --approver bo
  hoopctl approvals log --session last
  hoopctl approvals log --answer used --json | jq '{question, by, used}'
  hoopctl approvals log --user ana DeleteBucket

Words are looked for in the question, its rule, the reason and the names of the people.
Answers: granted, denied, expired (nobody answered in time), nobody (nobody could have
answered), withdrawn (the client or the session went away), used (granted, and later
calls went on because of it), waiting (not answered, or not yet).")]
pub struct Args {
    /// Words that must occur in the question, its rule, the reason or the names.
    #[arg(value_name = "QUERY")]
    pub words: Vec<String>,
    /// Only those that ended so; may be repeated.
    #[arg(long, value_name = "ANSWER", value_parser = conditions::answers())]
    pub answer: Vec<Became>,
    /// Only those that this person had a part in answering; `*` stands for anything; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub approver: Vec<String>,
    /// Only in sessions of this person.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Only in this session (the start of its id is enough, or `last`).
    #[arg(long)]
    pub session: Option<String>,
    /// Asked at or after this time.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Asked before this time.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// At most so many.
    #[arg(long, short = 'n', default_value_t = 50)]
    pub limit: u32,
    /// After passing over so many.
    #[arg(long, default_value_t = 0)]
    pub offset: u32,
    /// One JSON object a line, with all that is known.
    #[arg(long)]
    pub json: bool,
}

/// Does it; gives the exit status: 1 when there is no such question.
pub fn run(args: &Args, state: &Path, console: &mut Console<'_>) -> Result<u8> {
    let moment = |text: &Option<String>| text.as_ref().map(|text| moment(text, console)).transpose();
    let search = ApprovalSearch {
        filter: ApprovalFilter { became: args.answer.clone(), approvers: args.approver.clone() },
        words: args.words.join(" "),
        commands: None,
        session: args.session.as_ref().map(|name| session(state, name)).transpose()?,
        user: args.user.clone(),
        since: moment(&args.since)?,
        until: moment(&args.until)?,
    };
    let (index, notices) = index::open(state)?;
    notices.iter().for_each(|notice| console.notice(notice));
    let rows = index.approvals(&search, Page { limit: args.limit, offset: args.offset })?;
    show(&rows, args.json, console)
}

/// Writes questions that were found; gives the exit status: 1 when there are none.
pub fn show(rows: &[ApprovalRow], is_json: bool, console: &mut Console<'_>) -> Result<u8> {
    match console.width {
        _ if is_json => rows.iter().try_for_each(|row| console.json(&as_json(row)))?,
        _ if rows.is_empty() => console.notice("no such question was put to anybody"),
        Some(width) if width < WIDE => {
            let lines: Vec<String> = rows.iter().flat_map(|row| lines(row, console)).collect();
            lines.iter().try_for_each(|line| console.line(fitted(line, width).trim_end()))?;
        }
        _ => {
            let titles =
                ["ASKED", "SESSION", "ID", "ANSWER", "BY", "VIA", "TOOK", "REACH", "USED", "QUESTION", "WHY"];
            let cells: Vec<Vec<String>> = rows.iter().map(|row| cells(row, console)).collect();
            console.table(&titles, &[6, 8], &cells)?;
        }
    }
    Ok(u8::from(rows.is_empty()))
}

fn cells(row: &ApprovalRow, console: &Console<'_>) -> Vec<String> {
    let text = |text: &Option<String>| safe(text.as_deref().unwrap_or("")).into_owned();
    let question = safe(&row.question).into_owned();
    vec![
        console.moment(row.at),
        row.session.to_string(),
        safe(&row.id).into_owned(),
        row.answer.as_deref().map_or("waiting".into(), safe).into_owned(),
        fitted(&text(&row.person), PEOPLE),
        text(&row.via),
        row.took.map(brief).unwrap_or_default(),
        text(&row.scope),
        if row.used > 0 { row.used.to_string() } else { String::new() },
        if console.width.is_some() { fitted(&question, QUESTION) } else { question },
        approval(row).why().map(|why| safe(why).into_owned()).unwrap_or_default(),
    ]
}

/// A question in lines for a narrow terminal: what it was, what became of it, where it stands.
fn lines(row: &ApprovalRow, console: &Console<'_>) -> Vec<String> {
    let used = match row.used {
        0 => String::new(),
        1 => " · used once more".to_owned(),
        times => format!(" · used {times} times more"),
    };
    let rule = row.rule.as_ref().map(|rule| format!(" · {}", safe(rule))).unwrap_or_default();
    vec![
        format!("{}  {}", console.moment(row.at), safe(&row.question)),
        format!("    {}", safe(&approval(row).outcome(brief))),
        format!("    {} of {} in {}{used}{rule}", safe(&row.id), safe(&row.user), row.session),
    ]
}

/// The question as its recording would give it, for its words.
fn approval(row: &ApprovalRow) -> audit::Approval {
    let answers = [
        audit::Answer::Granted,
        audit::Answer::Denied,
        audit::Answer::Expired,
        audit::Answer::Nobody,
        audit::Answer::Withdrawn,
    ];
    audit::Approval {
        answer: answers.into_iter().find(|answer| Some(answer.as_str()) == row.answer.as_deref()),
        by: row.person.clone(),
        via: row.via.clone(),
        reason: row.reason.clone(),
        scope: row.scope.clone(),
        took: row.took,
        ..audit::Approval::default()
    }
}

/// Everything that is known of a question, for machines.
fn as_json(row: &ApprovalRow) -> Value {
    json!({
        "session": row.session,
        "user": row.user,
        "id": row.id,
        "asked": rfc3339(row.at),
        "t_us": row.asked,
        "question": row.question,
        "rule": row.rule,
        "needs": row.needs,
        "call": row.call,
        "joined": row.joined,
        "answer": row.answer.as_deref().unwrap_or("waiting"),
        "by": row.person,
        "identity": row.identity,
        "via": row.via,
        "reason": row.reason,
        "scope": row.scope,
        "answered_us": row.answered,
        "took_us": row.took,
        "shown": row.shown,
        "unreached": row.unreached,
        "used": row.used,
        "expired_us": row.expired,
        "expired": row.expiry,
    })
}
