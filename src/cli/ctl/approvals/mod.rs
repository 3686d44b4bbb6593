//! `hoopctl approvals`: what waits for a person, and answering it.

mod answering;
mod lines;
mod live;
mod names;
mod serve;
mod signed_in;

use std::io::IsTerminal;

use serde_json::Value;
use serde_json::json;

use super::approvals_log;
use super::console::Console;
use super::console::rfc3339;
use crate::approval::Card;
use crate::approval::Scope;
use crate::approval::Via;
use crate::cli::sign_in;
use crate::clock::Clock;
use crate::config::Config;
use crate::control::client;
use crate::control::client::Session;
use crate::control::wire::Word;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::sys::user;
use crate::term::safe;
use crate::types::SessionId;
use answering::Asked;
use names::Name;
use signed_in::Person;

/// Columns of the names in `show`.
const NAMES: usize = 10;

/// See what waits for a person, and answer it
///
/// Without a subcommand, a live list on the terminal: all questions of all your sessions, and those of your team where
/// `approval.shared_dir` is set.
#[derive(Debug, clap::Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
Examples:
  hoopctl approvals                                 the live list
  hoopctl approvals list
  hoopctl approvals show r0s1-3
  hoopctl approvals allow r0s1-3
  hoopctl approvals allow r0s1-3 --for 10m --reason 'release of 4 July'
  hoopctl approvals deny r0s1-3 --reason 'use the staging bucket'
  hoopctl approvals serve                           a page in the browser
  hoopctl approvals log --since 7d                  who approved what, in the past
  hoopctl approvals watch --json | jq .question.action

A question is named by the end of its session's id and a number; more of the id may be given. Who you are: your login
(hoopctl login), or the user of this machine.

Exit status: 0 done, the question is settled; 3 your yes counts, and others have to say yes too; 1 not done: it does not
wait any more, or you cannot answer it; 2 wrong usage."
)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Subcommands>,
    /// As whom you answer: an identity provider of the configuration, or `local` [default: `identity.default`, the only
    /// provider, or local]
    #[arg(long, value_name = "NAME", global = true)]
    identity: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
enum Subcommands {
    /// List what waits, oldest first
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Show all that is known of a question
    Show {
        /// Its name, such as r0s1-3
        name: String,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Let it go on
    Allow {
        /// Its name, such as r0s1-3
        name: String,
        /// How far the yes reaches: `once`, `session` (this action on these resources), or a time such as 10m (this
        /// action on anything)
        #[arg(long = "for", value_name = "SCOPE", default_value = "once")]
        scope: Scope,
        /// Why, for the record
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Refuse it
    Deny {
        /// Its name, such as r0s1-3
        name: String,
        /// Why: the agent reads it
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// End the session, too
        #[arg(long)]
        stop: bool,
    },
    Serve(serve::ServeArgs),
    Log(approvals_log::Args),
    /// Tell what waits now and whenever something is asked, one JSON object a line; until it is stopped
    Watch {
        /// As JSON, the only form there is
        #[arg(long, required = true)]
        json: bool,
    },
}

/// A question, and the session that it waits in.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) session: Session,
    pub(super) card: Card,
}

impl Found {
    /// The user that the session runs as, where that is somebody else.
    pub(super) fn owner(&self) -> Option<String> {
        let uid = self.session.uid;
        (!self.session.is_own())
            .then(|| user::by_uid(uid).map_or_else(|| format!("user {uid}"), |person| person.name))
    }
}

/// Does it; gives the exit status.
pub fn run(args: &Args, config: Config, clock: &Clock, console: &mut Console<'_>) -> Result<u8> {
    let person = Person { config, around: sign_in::around(clock), named: args.identity.clone() };
    match &args.command {
        None => live(&person, clock),
        Some(Subcommands::List { json }) => list(&person, *json, console),
        Some(Subcommands::Show { name, json }) => show(&person, name, *json, console),
        Some(Subcommands::Allow { name, scope, reason }) => {
            let reason = reason.clone().unwrap_or_default();
            answer(&person, name, Asked { word: Word::Allow, scope: Some(*scope), reason }, console)
        }
        Some(Subcommands::Deny { name, reason, stop }) => {
            let word = if *stop { Word::Stop } else { Word::Deny };
            answer(&person, name, Asked { word, scope: None, reason: reason.clone() }, console)
        }
        Some(Subcommands::Serve(args)) => serve::serve(args, &person, clock, console),
        Some(Subcommands::Log(args)) => approvals_log::run(args, &person.config.state_dir(), console),
        Some(Subcommands::Watch { .. }) => live::watch(&person, console),
    }
}

fn live(person: &Person, clock: &Clock) -> Result<u8> {
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        return live::run(person, clock);
    }
    Err(Error::new(Kind::Usage, "the live list needs a terminal")
        .why("standard input or output is none")
        .fix("for scripts: hoopctl approvals list --json"))
}

/// All that waits, oldest first, and the sessions that do not tell.
fn found(person: &Person) -> (Vec<Found>, Vec<(SessionId, Error)>) {
    let config = &person.config;
    let shared = config.approval_shared_dir().map(std::path::Path::new);
    let (mut all, mut silent) = (Vec::new(), Vec::new());
    for session in client::sessions(&config.state_dir(), shared) {
        match session.cards() {
            Ok(cards) => {
                all.extend(cards.into_iter().map(|card| Found { session: session.clone(), card }));
            }
            Err(error) => silent.push((session.id, error)),
        }
    }
    all.sort_by_key(|found| (found.card.asked, found.card.session, found.card.id));
    (all, silent)
}

/// The question of this name.
fn find(person: &Person, name: &str) -> Result<Found> {
    let name = Name::read(name)?;
    let (all, silent) = found(person);
    if let Some(found) = name.find(&all)? {
        return Ok(found.clone());
    }
    match silent.into_iter().find(|(session, _)| name.fits(*session)) {
        Some((_, error)) => Err(error),
        None => Err(answering::gone(person, &name)),
    }
}

fn list(person: &Person, as_json: bool, console: &mut Console<'_>) -> Result<u8> {
    let (all, silent) = found(person);
    for (_, error) in &silent {
        console.notice(&format!("{}: {}", error.what(), error.causes().join(": ")));
        error.advice().iter().for_each(|advice| console.notice(advice));
    }
    if as_json {
        all.iter().try_for_each(|found| console.json(&object(found)))?;
        return Ok(0);
    }
    if all.is_empty() {
        console.line("nothing waits")?;
        return Ok(0);
    }
    let now = person.around.clock.unix_micros();
    let row = |found: &Found| {
        let needs = match found.card.missing.as_slice() {
            [] => found.card.requester.clone(),
            missing => missing.join(", and "),
        };
        let who = lines::who(&found.card, found.owner().as_deref());
        [found.card.name(), lines::left_words(&found.card, now), who, needs, found.card.question.line()]
            .map(|cell| safe(&cell).into_owned())
            .to_vec()
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    console.table(&["NAME", "LEFT", "WHO", "NEEDS", "QUESTION"], &[1], &rows)?;
    Ok(0)
}

fn show(person: &Person, name: &str, as_json: bool, console: &mut Console<'_>) -> Result<u8> {
    let found = &find(person, name)?;
    if as_json {
        console.json(&object(found))?;
        return Ok(0);
    }
    for line in lines::lines(&found.card, found.owner().as_deref(), person.around.clock.unix_micros()) {
        console.line(&format!("{:<NAMES$}  {}", safe(&line.name), safe(&line.text)))?;
    }
    Ok(0)
}

fn answer(person: &Person, name: &str, asked: Asked, console: &mut Console<'_>) -> Result<u8> {
    let told = answering::answer(person, &find(person, name)?, asked, Via::Hoopctl)?;
    told.note.iter().for_each(|note| console.notice(note));
    console.line(&safe(&told.text))?;
    Ok(told.status)
}

/// A question for programs.
pub(super) fn object(found: &Found) -> Value {
    let card = &found.card;
    let mut object = serde_json::to_value(card).unwrap_or_default();
    if let Some(fields) = object.as_object_mut() {
        fields.insert("name".to_owned(), json!(card.name()));
        fields.insert("line".to_owned(), json!(card.question.line()));
        // Moments as everywhere else in hoopctl's output.
        fields.insert("asked".to_owned(), json!(rfc3339(card.asked)));
        fields.insert("deadline".to_owned(), json!(rfc3339(card.deadline)));
        fields.insert("uid".to_owned(), json!(found.session.uid));
    }
    object
}
