//! Giving an answer, and what became of it in words.

use super::Found;
use super::names::Name;
use super::signed_in::Person;
use crate::approval::Answered;
use crate::approval::Scope;
use crate::approval::Via;
use crate::audit::Answer;
use crate::control::wire::Given;
use crate::control::wire::Word;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::record;
use crate::record::Place;
use crate::types::SessionId;

/// What a person wants to answer.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) word: Word,
    pub(super) scope: Option<Scope>,
    pub(super) reason: String,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) text: String,
    /// The exit status.
    pub(super) status: u8,
    /// What else is to be said.
    pub(super) note: Option<String>,
}

/// The exit status of a yes that needs others.
const COUNTED: u8 = 3;

/// Answers.
///
/// # Errors
/// The session cannot be reached, does not take the answer, or the question does not wait any more.
pub(super) fn answer(person: &Person, found: &Found, asked: Asked, via: Via) -> Result<Told> {
    let card = &found.card;
    let name = card.name();
    let (login, note) = person.claim(found.session.is_own(), !card.question.needs.is_empty())?;
    let Asked { word, scope, reason } = asked;
    let done = match (word, scope) {
        (Word::Allow, None | Some(Scope::Once)) => "allowed once".to_owned(),
        (Word::Allow, Some(Scope::Session)) => "allowed for the session".to_owned(),
        (Word::Allow, Some(time @ Scope::For(_))) => format!("allowed for {time}"),
        (Word::Deny, _) => "denied".to_owned(),
        (Word::Stop, _) => "denied, and the session ends".to_owned(),
    };
    let given = Given { id: card.id, answer: word, scope, reason, via, login };
    let line = card.question.line();
    match found.session.answer(given)? {
        Answered::Settled => Ok(Told { text: format!("{name} is {done}: {line}"), status: 0, note }),
        Answered::Counted(missing) => Ok(Told {
            text: format!("{name}: your yes counts, and it still needs {}", missing.join(", and ")),
            status: COUNTED,
            note,
        }),
        Answered::NotWaiting => Err(too_late(person, card.session, &name, card.id.0)),
        Answered::Refused(why) => {
            let error = Error::new(Kind::Upstream, format!("you cannot answer {name} so")).why(why);
            Err(note.into_iter().fold(error, Error::why))
        }
    }
}

/// The error of a name that waits nowhere.
pub(super) fn gone(person: &Person, name: &Name) -> Error {
    let place = Place::new(&person.config.state_dir());
    let session = place.all().ok().and_then(|all| all.into_iter().rev().find(|id| name.fits(*id)));
    match session {
        Some(session) => {
            let id = session.to_string().to_ascii_lowercase();
            let short = format!("{}-{}", &id[id.len().saturating_sub(4)..], name.id());
            too_late(person, session, &short, name.id().0)
        }
        None => Error::new(Kind::NotFound, "no such question waits")
            .why("no session has an id like that")
            .fix("what waits, with names: hoopctl approvals list"),
    }
}

/// The error of a question that does not wait any more, with what became of it where the record tells.
fn too_late(person: &Person, session: SessionId, name: &str, id: u64) -> Error {
    let fix = "what waits: hoopctl approvals list";
    let place = Place::new(&person.config.state_dir());
    let recording = record::open(&place.folder(session)).ok();
    let wanted = format!("q{id}");
    let asked = recording.and_then(|recording| {
        recording.approvals.all().iter().find(|approval| approval.id == wanted).cloned()
    });
    let Some(asked) = asked else {
        return Error::new(Kind::NotFound, format!("{name} does not wait"))
            .why("it was answered, its time was over, or there never was such a question")
            .fix(fix);
    };
    let by = asked.by.map(|by| format!(" by {by}")).unwrap_or_default();
    let outcome = match asked.answer {
        Some(Answer::Granted) => format!("it was allowed{by}"),
        Some(Answer::Denied) => format!("it was denied{by}"),
        Some(Answer::Expired) => "its time was over".to_owned(),
        Some(Answer::Withdrawn) => "its client went away, or the session ended".to_owned(),
        Some(Answer::Nobody) => "there was nobody who could have answered".to_owned(),
        None => "its session has ended".to_owned(),
    };
    let why = match asked.reason.filter(|reason| !reason.is_empty()) {
        Some(reason) => format!("{outcome} ({reason})"),
        None => outcome,
    };
    Error::new(Kind::NotFound, format!("{name} does not wait any more")).why(why).fix(fix)
}
