//! `hoopctl search`: where words occur in all recordings.

use std::path::Path;

use serde_json::Value;
use serde_json::json;

use super::approvals_log;
use super::commands;
use super::conditions;
use super::conditions::Conditions;
use super::console::Console;
use super::console::brief;
use super::console::place;
use crate::error::Result;
use crate::query;
use crate::query::Field;
use crate::query::Node;
use crate::query::Query;
use crate::query::Term;
use crate::query::Test;
use crate::record::Place;
use crate::record::index;
use crate::store::ApprovalSearch;
use crate::store::Found;
use crate::store::Hit;
use crate::store::Index;
use crate::store::Page;
use crate::store::Search;
use crate::store::SessionRow;
use crate::store::Source;
use crate::term::safe;
use crate::types::Micros;
use crate::types::SessionId;

/// Find places in everything that was recorded: screens, commands, AWS calls, approvals.
#[derive(Debug, clap::Args)]
#[command(after_help = help())]
pub struct Args {
    /// Words and fields; all must hold.
    #[arg(required = true, value_name = "QUERY")]
    pub words: Vec<String>,
    /// Only in this session (the start of its id is enough, or `last`).
    #[arg(long)]
    pub session: Option<String>,
    /// At most so many places.
    #[arg(long, short = 'n', default_value_t = 50)]
    pub limit: u32,
    /// After passing over so many.
    #[arg(long, default_value_t = 0)]
    pub offset: u32,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// Most places of one session that are looked for.
const MOST: u32 = 10_000;

fn help() -> String {
    format!(
        "\
Examples:
  hoopctl search AccessDenied
  hoopctl search '\"connection refused\" redis* after:2d'
  hoopctl search 'user:ana action:s3:Delete* not decision:deny'
  hoopctl search 'exit:!0 took:>5s command:make' --json
  hoopctl search 'approval:denied approver:ana'

Words must occur near each other; quotes keep words together; `*` at the end of a word
stands for any end. Conditions are joined by a space or `and`, `or`, `not` (or `-`), ( ).

{}
Names are in letters of either case, `*` stands for anything. Numbers, lengths and times
have ranges: status:400..499, took:>5s, duration:1m..1h, after:2026-07-01 before:2d.
With conditions on commands (approvals) alone, words must be in the command line (the
question, its rule, its reason or the names of the people).

All of it, with examples: docs/search.md
Open a session that was found: hoop-replay SESSION, then / and the words",
        query::help()
    )
}

/// Does it; gives the exit status: 1 when nothing was found, as grep does.
pub fn run(args: &Args, state: &Path, console: &mut Console<'_>) -> Result<u8> {
    let query = conditions::query(&args.words.join(" "), &console.query_time())?;
    let session = args.session.as_ref().map(|name| session(state, name)).transpose()?;
    let (index, notices) = index::open(state)?;
    notices.iter().for_each(|notice| console.notice(notice));
    let page = Page { limit: args.limit, offset: args.offset };
    let Some(Conditions { words, commands, approvals }) = conditions::of(&query) else {
        let hits = places(&index, query, session, page)?;
        return show(&hits, args.json, console);
    };
    if let Some(filter) = approvals {
        let search = ApprovalSearch { filter, words, commands, session, ..ApprovalSearch::default() };
        return approvals_log::show(&index.approvals(&search, page)?, args.json, console);
    }
    let search = Search { words, session, commands: commands.unwrap_or_default() };
    let hits = index.commands(&search, page)?;
    if args.json || hits.is_empty() {
        return show(&hits, args.json, console);
    }
    let rows: Vec<Vec<String>> = hits.iter().map(command_cells).collect();
    console.table(&["SESSION", "TIME", "TOOK", "END", "COMMAND"], &[1, 2], &rows)?;
    Ok(0)
}

/// The places of a page, those of the newest session first; a session that fits by itself is one place.
fn places(index: &Index, query: Query, session: Option<SessionId>, page: Page) -> Result<Vec<Hit>> {
    let only =
        session.map(|id| Node::Field(Term { field: Field::Session, test: Test::Begins(id.to_string()) }));
    let query = match (query.node, only) {
        (Some(Node::All(mut nodes)), Some(only)) => {
            nodes.push(only);
            Query { node: Some(Node::All(nodes)) }
        }
        (Some(node), Some(only)) => Query { node: Some(Node::All(vec![node, only])) },
        (node, only) => Query { node: node.or(only) },
    };
    let wanted = page.limit.saturating_add(page.offset).min(MOST) as usize;
    let mut hits = Vec::new();
    let mut offset = 0;
    while hits.len() < wanted {
        let found = index.find_places(&query, Page { limit: page.limit.clamp(1, 100), offset }, wanted)?;
        offset += found.len() as u32;
        if found.is_empty() {
            break;
        }
        for Found { session, hits: places, .. } in found {
            match places.is_empty() {
                true => hits.push(whole(&session)),
                false => hits.extend(places),
            }
        }
    }
    Ok(hits.into_iter().skip(page.offset as usize).take(page.limit as usize).collect())
}

/// A session as a place.
fn whole(session: &SessionRow) -> Hit {
    let text = session.title.as_ref().unwrap_or(&session.command);
    Hit {
        session: session.id,
        at: Micros(0),
        source: Source::Session,
        snippet: format!("{}@{}: {text}", session.user, session.host),
        found: Vec::new(),
        command: None,
        call: None,
        question: None,
    }
}

fn show(hits: &[Hit], is_json: bool, console: &mut Console<'_>) -> Result<u8> {
    match is_json {
        true => hits.iter().try_for_each(|hit| console.json(&as_json(hit)))?,
        false if hits.is_empty() => console.notice("nothing found"),
        false => {
            let rows: Vec<Vec<String>> = hits.iter().map(cells).collect();
            console.table(&["SESSION", "TIME", "WHERE", "TEXT"], &[1], &rows)?;
        }
    }
    Ok(u8::from(hits.is_empty()))
}

/// The session that a person means by its id's beginning, `last`, or its folder.
pub(super) fn session(state: &Path, name: &str) -> Result<SessionId> {
    let folder = Place::new(state).find(name)?;
    let id = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    id.unwrap_or_default().parse()
}

fn cells(hit: &Hit) -> Vec<String> {
    vec![
        hit.session.to_string(),
        place(hit.at),
        hit.source.as_str().to_owned(),
        safe(&hit.snippet).into_owned(),
    ]
}

fn command_cells(hit: &Hit) -> Vec<String> {
    let command = hit.command.map(|found| commands::as_found(&found)).unwrap_or_default();
    vec![
        hit.session.to_string(),
        place(hit.at),
        command.took.map(brief).unwrap_or_default(),
        commands::end(&command, true),
        format!("{}{}", commands::sign(&command), safe(&hit.snippet)),
    ]
}

fn as_json(hit: &Hit) -> Value {
    let mut object = json!({
        "session": hit.session,
        "t_us": hit.at,
        "where": hit.source.as_str(),
        "text": hit.snippet,
        "found": hit.found.iter().map(|range| [range.start, range.end]).collect::<Vec<_>>(),
    });
    if let Some(call) = hit.call {
        object["call"] = json!(call);
    }
    if let Some(question) = &hit.question {
        object["question"] = json!(question);
    }
    if let Some(command) = &hit.command {
        object["command"] = json!({
            "number": command.number,
            "kind": command.kind.as_str(),
            "pid": command.pid,
            "took_us": command.took,
            "status": command.status,
            "signal": command.signal,
            "replaced_by": command.replaced_by,
        });
    }
    object
}
