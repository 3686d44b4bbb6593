//! Questions to people, each put together from the lines of the audit log that tell of it.

use std::collections::HashMap;

use super::approval::Answer;
use super::approval::ApprovalAnswered;
use super::approval::ApprovalAsked;
use super::event::Event;
use crate::types::Micros;

/// Questions that are kept, and what belongs to them: further calls, votes, places where they were shown.
const MAX_QUESTIONS: usize = 200_000;
const MAX_PARTS: usize = 400_000;
/// Bytes of one text; the rest stands in the log.
const MAX_TEXT: usize = 1_024;

/// All that was recorded about one question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approval {
    /// Its name in the session.
    pub id: String,
    /// The call it was asked for.
    pub call: Option<u64>,
    /// Further calls that waited for the same answer: retries.
    pub joined: Vec<u64>,
    /// When it was asked.
    pub asked: Micros,
    /// The question in one line.
    pub question: String,
    /// The rule that asks.
    pub rule: Option<String>,
    /// Whose yes it needs, a phrase each; empty: whoever the session belongs to.
    pub needs: Vec<String>,
    /// How long it could wait.
    pub ttl: Micros,
    /// When it was settled.
    pub answered: Option<Micros>,
    /// The answer; none while it waits, and where the recording breaks off.
    pub answer: Option<Answer>,
    /// Who answered: one name, or several with ` and ` between them.
    pub by: Option<String>,
    /// What tells them apart.
    pub identity: Option<String>,
    /// Where they answered.
    pub via: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// How far a yes reaches: `once`, `session`, `10m`.
    pub scope: Option<String>,
    /// How long the answer took.
    pub took: Option<Micros>,
    /// Before whom it was put.
    pub shown: Vec<Shown>,
    /// The yeses before the last one, where several people had to say it.
    pub votes: Vec<Voted>,
    /// Calls that went on later because of the yes: the first of them.
    pub uses: Vec<Use>,
    /// How many there were.
    pub used: u64,
    /// When the yes ended.
    pub expired: Option<Micros>,
    /// Why it ended.
    pub expiry: Option<String>,
}

/// The question was put before somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// When.
    pub at: Micros,
    /// To whom.
    pub to: String,
    /// Where.
    pub via: String,
    /// Why it did not get there, where it did not.
    pub error: Option<String>,
}

/// One of several people said yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voted {
    /// When.
    pub at: Micros,
    /// Who.
    pub by: String,
    /// Where.
    pub via: String,
    /// Why.
    pub reason: Option<String>,
}

/// Something went on because of an earlier yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// When.
    pub at: Micros,
    /// The call, if it was one.
    pub call: Option<u64>,
    /// What it was, in one line.
    pub question: String,
}

/// What a call has to do with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It was asked for.
    Asked,
    /// A retry: it waited for the same answer.
    Joined,
    /// An earlier yes let it through.
    Used,
}

impl Part {
    /// The word shown to people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Joined => "joined",
            Self::Used => "used",
        }
    }
}

impl Approval {
    /// Everybody who answered, each by name.
    #[must_use]
    pub fn people(&self) -> Vec<String> {
        let mut names: Vec<String> = self.votes.iter().map(|vote| vote.by.clone()).collect();
        let others = self.by.as_deref().map(|by| people(by, &names));
        names.extend(others.unwrap_or_default());
        names
    }

    /// What became of it, in one word: the answer, or `waiting`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.answer.map_or("waiting", Answer::as_str)
    }

    /// Why, without what [`Approval::outcome`] says anyway.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        let reason = self.reason.as_deref()?;
        let rest = match self.answer? {
            Answer::Granted => reason,
            Answer::Denied => match self.by.as_deref().and_then(|by| reason.strip_prefix(by)) {
                Some(rest) => rest.strip_prefix(" denied it").unwrap_or(reason).trim_start_matches(": "),
                None => reason,
            },
            Answer::Expired if reason.starts_with("nobody answered within ") => "",
            Answer::Expired => reason,
            Answer::Nobody => reason.strip_prefix("it needs a person's approval, and ").unwrap_or(reason),
            Answer::Withdrawn => reason.strip_prefix("it waited for approval when ").unwrap_or(reason),
        };
        Some(rest).filter(|rest| !rest.is_empty())
    }

    /// What became of it in a line: who, why, where, how far, after how long (in the words of `length`).
    #[must_use]
    pub fn outcome(&self, length: impl Fn(Micros) -> String) -> String {
        let Some(answer) = self.answer else { return "not answered".to_owned() };
        let word = match answer {
            Answer::Granted => "granted",
            Answer::Denied => "denied",
            Answer::Expired => "nobody answered in time",
            Answer::Nobody => "nobody could have answered",
            Answer::Withdrawn => "withdrawn",
        };
        let by = self.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
        let why = self.why().map(|why| format!(": {why}")).unwrap_or_default();
        let took = self.took.filter(|took| took.0 > 0).map(|took| format!("after {}", length(took)));
        let via = self.via.as_ref().map(|via| format!("on {via}"));
        let aside: Vec<String> =
            [via, self.scope.as_deref().map(reach), took].into_iter().flatten().collect();
        let aside = if aside.is_empty() { String::new() } else { format!(" ({})", aside.join(", ")) };
        format!("{word}{by}{why}{aside}")
    }
}

/// How far a yes reaches, in words: `once`, `for the session`, `for 10m`.
#[must_use]
pub fn reach(scope: &str) -> String {
    match scope {
        "once" | "" => scope.to_owned(),
        "session" => "for the session".to_owned(),
        time => format!("for {time}"),
    }
}

/// The names in `by` after those of `before`, who said yes first and stand first in it, too.
#[must_use]
pub fn people(by: &str, before: &[String]) -> Vec<String> {
    let rest =
        before.iter().try_fold(by, |rest, name| rest.strip_prefix(name.as_str())?.strip_prefix(" and "));
    match rest {
        Some(rest) if !before.is_empty() => vec![rest.to_owned()],
        _ => by.split(" and ").map(str::to_owned).filter(|name| !before.contains(name)).collect(),
    }
}

/// All questions of a session. Takes the events of its log in order; bounded.
#[derive(Clone, Debug, Default)]
pub struct Approvals {
    all: Vec<Approval>,
    of_id: HashMap<String, usize>,
    of_call: HashMap<u64, (usize, Part)>,
    parts: usize,
    left_out: u64,
}

impl Approvals {
    /// The questions, in the order in which they were asked.
    #[must_use]
    pub fn all(&self) -> &[Approval] {
        &self.all
    }

    /// Questions that were not kept because there were too many.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The question that a call waited for or was let through by.
    #[must_use]
    pub fn of_call(&self, call: u64) -> Option<(&Approval, Part)> {
        let (at, part) = *self.of_call.get(&call)?;
        Some((self.all.get(at)?, part))
    }

    /// Takes the next event of the log.
    pub fn take(&mut self, at: Micros, event: &Event) {
        match event {
            Event::ApprovalAsked(asked) => self.ask(at, asked),
            Event::ApprovalAnswered(answered) => self.answer(at, answered),
            Event::ApprovalJoined(joined) => {
                let Some(call) = joined.call else { return };
                if let Some((index, _)) = self.part(&joined.id) {
                    self.all[index].joined.push(call);
                    self.of_call.insert(call, (index, Part::Joined));
                }
            }
            Event::ApprovalShown(shown) => {
                if let Some((index, _)) = self.part(&shown.id) {
                    let (to, via) = (clipped(&shown.to), clipped(&shown.via));
                    self.all[index].shown.push(Shown {
                        at,
                        to,
                        via,
                        error: shown.error.as_deref().map(clipped),
                    });
                }
            }
            Event::ApprovalVote(vote) => {
                if let Some((index, _)) = self.part(&vote.id) {
                    let (by, via) = (clipped(&vote.by), clipped(&vote.via));
                    self.all[index].votes.push(Voted {
                        at,
                        by,
                        via,
                        reason: vote.reason.as_deref().map(clipped),
                    });
                }
            }
            Event::ApprovalUsed(used) => {
                let Some(index) = self.of_id.get(&used.id).copied() else { return };
                self.all[index].used += 1;
                if self.part(&used.id).is_some() {
                    self.all[index].uses.push(Use { at, call: used.call, question: clipped(&used.question) });
                    if let Some(call) = used.call {
                        self.of_call.insert(call, (index, Part::Used));
                    }
                }
            }
            Event::ApprovalExpired(expired) => {
                if let Some(asked) = self.of_id.get(&expired.id).and_then(|index| self.all.get_mut(*index)) {
                    asked.expired = Some(at);
                    asked.expiry = Some(clipped(&expired.reason));
                    // A grant counts for itself; where lines are missing it knows better.
                    asked.used = asked.used.max(expired.used);
                }
            }
            _ => {}
        }
    }

    fn ask(&mut self, at: Micros, asked: &ApprovalAsked) {
        if self.all.len() >= MAX_QUESTIONS {
            self.left_out += 1;
            return;
        }
        let index = self.all.len();
        self.of_id.insert(asked.id.clone(), index);
        if let Some(call) = asked.call {
            self.of_call.insert(call, (index, Part::Asked));
        }
        self.all.push(Approval {
            id: clipped(&asked.id),
            call: asked.call,
            asked: at,
            question: clipped(&asked.question),
            rule: asked.rule.as_deref().map(clipped),
            needs: asked.needs.iter().take(16).map(|need| clipped(need)).collect(),
            ttl: asked.ttl,
            ..Approval::default()
        });
    }

    fn answer(&mut self, at: Micros, answered: &ApprovalAnswered) {
        let asked = self.of_id.get(&answered.id).and_then(|index| self.all.get_mut(*index));
        if let Some(asked) = asked {
            asked.answered = Some(at);
            asked.answer = Some(answered.answer);
            asked.by = answered.by.as_deref().map(clipped);
            asked.identity = answered.identity.as_deref().map(clipped);
            asked.via = answered.via.as_deref().map(clipped);
            asked.reason = answered.reason.as_deref().map(clipped);
            asked.scope = answered.scope.as_deref().map(clipped);
            asked.took = Some(answered.took);
        }
    }

    /// The place of a question that one more thing belongs to, while there is room.
    fn part(&mut self, id: &str) -> Option<(usize, &mut Approval)> {
        let index = *self.of_id.get(id)?;
        if self.parts >= MAX_PARTS {
            return None;
        }
        self.parts += 1;
        Some((index, self.all.get_mut(index)?))
    }
}

fn clipped(text: &str) -> String {
    if text.len() <= MAX_TEXT {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(MAX_TEXT - 3)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::ApprovalExpired;
    use crate::audit::ApprovalJoined;
    use crate::audit::ApprovalShown;
    use crate::audit::ApprovalUsed;
    use crate::audit::ApprovalVote;

    fn seconds(time: Micros) -> String {
        format!("{} s", time.0 / 1_000_000)
    }

    fn taken(events: &[Event]) -> Approvals {
        let mut approvals = Approvals::default();
        for (event, at) in events.iter().zip(1..) {
            approvals.take(Micros(at), event);
        }
        approvals
    }

    fn asked(id: &str, call: u64) -> Event {
        let (id, question) = (id.to_owned(), format!("s3:DeleteBucket on b{call}"));
        Event::ApprovalAsked(ApprovalAsked { id, call: Some(call), question, ..ApprovalAsked::default() })
    }

    fn answered(id: &str, answer: Answer, by: Option<&str>, reason: &str) -> Event {
        Event::ApprovalAnswered(ApprovalAnswered {
            id: id.to_owned(),
            answer,
            by: by.map(str::to_owned),
            via: by.map(|_| "hoopctl".to_owned()),
            reason: Some(reason.to_owned()),
            scope: (answer == Answer::Granted).then(|| "session".to_owned()),
            took: Micros(42_000_000),
            ..ApprovalAnswered::default()
        })
    }

    #[test]
    fn everything_about_a_question_comes_together() {
        let id = || "q1".to_owned();
        let vote = ApprovalVote { id: id(), by: "ana".to_owned(), ..ApprovalVote::default() };
        let shown = ApprovalShown { id: id(), to: "bo".to_owned(), ..ApprovalShown::default() };
        let used = ApprovalUsed { id: id(), call: Some(9), question: "s3:DeleteBucket on b9".to_owned() };
        let expired = ApprovalExpired { id: id(), reason: "its time is over".to_owned(), used: 1 };
        let approvals = taken(&[
            asked("q1", 3),
            Event::ApprovalShown(shown),
            Event::ApprovalJoined(ApprovalJoined { id: id(), call: Some(4) }),
            Event::ApprovalVote(vote),
            answered("q1", Answer::Granted, Some("ana and bo"), "ticket 17"),
            Event::ApprovalUsed(used),
            Event::ApprovalExpired(expired),
        ]);
        let one = &approvals.all()[0];
        assert_eq!(one.people(), ["ana", "bo"]);
        assert_eq!((one.joined.as_slice(), one.used, one.expired), (&[4][..], 1, Some(Micros(7))));
        let outcome = "granted by ana and bo: ticket 17 (on hoopctl, for the session, after 42 s)";
        assert_eq!(one.outcome(seconds), outcome);
        for (call, part) in [(3, Part::Asked), (4, Part::Joined), (9, Part::Used)] {
            assert_eq!(
                approvals.of_call(call).map(|(asked, part)| (asked.id.as_str(), part)),
                Some(("q1", part))
            );
        }
        assert_eq!(approvals.of_call(5), None);
    }

    #[test]
    fn a_refusal_says_nothing_twice() {
        for (answer, by, reason, wanted) in [
            (
                Answer::Denied,
                Some("bo"),
                "bo denied it: not now",
                "denied by bo: not now (on hoopctl, after 42 s)",
            ),
            (Answer::Denied, Some("bo"), "bo denied it", "denied by bo (on hoopctl, after 42 s)"),
            (Answer::Expired, None, "nobody answered within 42 s", "nobody answered in time (after 42 s)"),
            (
                Answer::Nobody,
                None,
                "it needs a person's approval, and there is no terminal to ask on",
                "nobody could have answered: there is no terminal to ask on (after 42 s)",
            ),
            (
                Answer::Withdrawn,
                None,
                "it waited for approval when hoop-run ended",
                "withdrawn: hoop-run ended (after 42 s)",
            ),
        ] {
            let approvals = taken(&[asked("q1", 1), answered("q1", answer, by, reason)]);
            assert_eq!(approvals.all()[0].outcome(seconds), wanted);
        }
    }

    #[test]
    fn names_that_hold_the_word_are_kept_together_where_the_votes_tell() {
        let names = |by, before: &[&str]| {
            people(by, &before.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(names("ana and bo", &[]), ["ana", "bo"]);
        assert_eq!(names("ana and Sales and Co", &["ana"]), ["Sales and Co"]);
        assert_eq!(names("ana and bo", &["cy"]), ["ana", "bo"]);
    }

    #[test]
    fn what_has_no_question_is_passed_over() {
        let approvals = taken(&[answered("q7", Answer::Granted, None, ""), asked("q1", 1)]);
        assert_eq!(approvals.all().len(), 1);
        assert_eq!(approvals.all()[0].word(), "waiting");
    }
}
