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
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::record::Place;
use crate::record::index;
use crate::store::ApprovalSearch;
use crate::store::Hit;
use crate::store::Page;
use crate::store::Search;
use crate::term::safe;
use crate::types::SessionId;

/// Find words in everything that was recorded: screens, commands, AWS calls, approvals.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hoopctl search AccessDenied
  hoopctl search '\"connection refused\" redis*'
  hoopctl search --session 01KAHX3V secret --json
  hoopctl search 'exit:!0 took:>5s command:make'
  hoopctl search 'approval:denied approver:ana'

All words must occur near each other; quotes keep words together; `*` at the end
of a word stands for any end. With a condition on commands only these are searched,
and all words must be in the command line:
  exit:1          ended with that status; exit:!0 with another than 0, or killed
  took:>5s        ran longer; also >= < <=, in ms, s, m, h, d
  command:PART    has that in its line; `*` stands for anything;
                  quotes keep words together: command:\"git push\"
With a condition on approvals only questions to people are searched, and all words
must be in the question, its rule, its reason or the names of the people:
  approval:WORD   granted, denied, expired (nobody answered in time), nobody (nobody
                  could have answered), withdrawn (the client or the session went
                  away), used (granted, and used again later), waiting (not
                  answered); given twice, one of both
  approver:NAME   who had a part in the answer; `*` stands for anything; given
                  twice, both together
Both kinds together: questions about calls of such commands, or of what they started
Open a session that was found: hoop-replay SESSION, then / and the words")]
pub struct Args {
    /// The words.
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

/// Does it; gives the exit status: 1 when nothing was found, as grep does.
pub fn run(args: &Args, state: &Path, console: &mut Console<'_>) -> Result<u8> {
    let session = args.session.as_ref().map(|name| session(state, name)).transpose()?;
    let (index, notices) = index::open(state)?;
    notices.iter().for_each(|notice| console.notice(notice));
    let found = conditions::split(&args.words.join(" ")).map_err(|why| {
        Error::new(Kind::Usage, why).fix("a text that looks like a condition goes in quotes: '\"exit:1\"'")
    })?;
    let page = Page { limit: args.limit, offset: args.offset };
    let Conditions { words, commands, approvals } = found;
    if let Some(filter) = approvals {
        let search = ApprovalSearch { filter, words, commands, session, ..ApprovalSearch::default() };
        return approvals_log::show(&index.approvals(&search, page)?, args.json, console);
    }
    let is_of_commands = commands.is_some();
    let search = Search { words, session, commands };
    let hits = index.search(&search, page)?;
    match args.json {
        true => hits.iter().try_for_each(|hit| console.json(&as_json(hit)))?,
        false if hits.is_empty() => console.notice("nothing found"),
        false if is_of_commands => {
            let rows: Vec<Vec<String>> = hits.iter().map(command_cells).collect();
            console.table(&["SESSION", "TIME", "TOOK", "END", "COMMAND"], &[1, 2], &rows)?;
        }
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
    });
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
