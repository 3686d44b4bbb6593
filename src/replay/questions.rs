//! Questions to people: a list of their own in the place of the calls, and the ways between the two.

use std::collections::HashMap;

use crate::audit::Answer;
use crate::audit::Approval;
use crate::audit::reach;
use crate::replay::action::Action;
use crate::replay::entries::Entry;
use crate::replay::entries::Kind;
use crate::replay::entries::duration;
use crate::replay::entries::trouble;
use crate::replay::layout;
use crate::replay::linked;
use crate::replay::play::Play;
use crate::replay::theme::Meaning;
use crate::replay::update::Effect;
use crate::types::Micros;

/// Questions held in memory, and lines of one's detail for each kind of thing that there can be many of.
pub const MAX_QUESTIONS: usize = 10_000;
const MAX_LINES: usize = 50;
/// Marks: it waits, a person said yes, it was not granted.
pub const WAITS: char = '◇';
pub const GRANTED: char = '◈';
pub const REFUSED: char = '⊘';

/// A question and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// As a row of a list, with its detail.
    pub entry: Entry,
    /// When it was settled.
    pub answered: Option<Micros>,
    /// Later calls went on because of the yes.
    pub is_used: bool,
    /// The calls that waited for it, then the first ones that the yes let through later.
    pub calls: Vec<u64>,
}

/// Which questions are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// All.
    #[default]
    All,
    /// Those that were granted.
    Granted,
    /// Those that were not.
    Refused,
    /// Those of which the yes was used again.
    Used,
    /// Those without an answer.
    Waiting,
}

impl Which {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Granted => "granted",
            Self::Refused => "not granted",
            Self::Used => "used again",
            Self::Waiting => "not answered",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::All => Self::Granted,
            Self::Granted => Self::Refused,
            Self::Refused => Self::Used,
            Self::Used => Self::Waiting,
            Self::Waiting => Self::All,
        }
    }

    fn fits(self, asked: &Asked) -> bool {
        match self {
            Self::All => true,
            Self::Granted => asked.entry.symbol == GRANTED,
            Self::Refused => asked.entry.symbol == REFUSED,
            Self::Used => asked.is_used,
            Self::Waiting => asked.entry.symbol == WAITS,
        }
    }
}

/// The questions of an open recording, and which of them is chosen.
#[derive(Debug, Default)]
pub struct Questions {
    /// Which are listed.
    pub which: Which,
    /// The chosen row of those that are.
    pub selected: usize,
    all: Vec<Asked>,
    shown: Vec<usize>,
    of_call: HashMap<u64, usize>,
    moments: Vec<(Micros, usize, bool)>,
    refused: usize,
}

impl Questions {
    /// Nothing chosen yet.
    #[must_use]
    pub fn new(mut all: Vec<Asked>) -> Self {
        all.sort_by_key(|asked| asked.entry.at);
        let mut of_call = HashMap::new();
        for (index, asked) in all.iter().enumerate() {
            of_call.extend(asked.calls.iter().map(|call| (*call, index)));
        }
        let shown = (0..all.len()).collect();
        let asked = all.iter().enumerate().map(|(index, asked)| (asked.entry.at, index, false));
        let answered = all.iter().enumerate();
        let answered = answered.filter_map(|(index, asked)| Some((asked.answered?, index, true)));
        let mut moments: Vec<_> = asked.chain(answered).collect();
        moments.sort_unstable();
        let refused = all.iter().filter(|asked| asked.entry.meaning == Meaning::Deny).count();
        Self { which: Which::All, selected: 0, all, shown, of_call, moments, refused }
    }

    /// When something was asked, or answered (`true`), by time, and the number of the question in [`Questions::all`].
    #[must_use]
    pub fn moments(&self) -> &[(Micros, usize, bool)] {
        &self.moments
    }

    /// Takes them anew, as more have been asked; what was chosen stays so.
    pub fn replace(&mut self, all: Vec<Asked>) {
        let (which, selected) = (self.which, self.selected);
        *self = Self::new(all);
        self.list(which);
        self.selected = selected.min(self.shown.len().saturating_sub(1));
    }

    /// All of them, by time.
    #[must_use]
    pub fn all(&self) -> &[Asked] {
        &self.all
    }

    /// Those that are listed.
    pub fn shown(&self) -> impl ExactSizeIterator<Item = &Asked> {
        self.shown.iter().map(|index| &self.all[*index])
    }

    /// One of those that are listed.
    #[must_use]
    pub fn shown_at(&self, row: usize) -> Option<&Asked> {
        self.all.get(*self.shown.get(row)?)
    }

    /// How many were not granted.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.refused
    }

    /// The chosen one.
    #[must_use]
    pub fn chosen(&self) -> Option<&Asked> {
        self.all.get(*self.shown.get(self.selected)?)
    }

    /// Lets the choice be the last one that has been asked at `at`.
    pub fn follow(&mut self, at: Micros) {
        let begun = self.shown.partition_point(|index| self.all[*index].entry.at <= at);
        self.selected = begun.saturating_sub(1);
    }

    fn list(&mut self, which: Which) {
        let chosen = self.shown.get(self.selected).copied();
        self.which = which;
        self.shown = (0..self.all.len()).filter(|index| which.fits(&self.all[*index])).collect();
        let again = chosen.and_then(|chosen| self.shown.iter().position(|index| *index == chosen));
        self.selected = again.unwrap_or(0);
    }

    /// Chooses the question of a call; whether there is one.
    pub fn choose_of(&mut self, call: Option<u64>) -> bool {
        let Some(index) = call.and_then(|call| self.of_call.get(&call)).copied() else { return false };
        if !self.shown.contains(&index) {
            self.list(Which::All);
        }
        self.selected = self.shown.iter().position(|shown| *shown == index).unwrap_or(0);
        true
    }
}

/// What an action means for the list of questions; none: nothing special. A `String` is a word for the person.
pub fn update(play: &mut Play, action: Action) -> Option<Result<Vec<Effect>, String>> {
    match action {
        Action::NextWhich => {
            play.questions.list(play.questions.which.next());
            play.follows = false;
            play.version += 1;
            play.rewind();
        }
        Action::Open => return Some(jump(play)),
        Action::ToCalls | Action::ToCommand => {
            let calls = play.questions.chosen().map(|asked| asked.calls.clone()).unwrap_or_default();
            if !calls.into_iter().any(|call| linked::show_call(play, call)) {
                return Some(Err("no call is known to have waited for this one".to_owned()));
            }
        }
        _ => return None,
    }
    Some(Ok(Vec::new()))
}

/// To the moment of the question; from there to that of its answer.
fn jump(play: &mut Play) -> Result<Vec<Effect>, String> {
    let Some(asked) = play.questions.chosen() else { return Err("no question is chosen".to_owned()) };
    let at = match asked.answered {
        Some(answered) if play.position == asked.entry.at => answered,
        _ => asked.entry.at,
    };
    play.playing = false;
    let selected = play.questions.selected;
    let effect = Effect::Goto(play.seek(at));
    play.questions.selected = selected;
    play.follows = false;
    Ok(vec![effect])
}

/// A question as the list shows it, with its detail.
#[must_use]
pub fn asked(asked: &Approval) -> Asked {
    let (symbol, meaning) = match asked.answer {
        None => (WAITS, Meaning::Ask),
        Some(Answer::Granted) => (GRANTED, Meaning::Ask),
        Some(_) => (REFUSED, Meaning::Deny),
    };
    // A command line may hold the word, too.
    let parts = asked.question.split_once(" on ").filter(|(action, _)| !action.contains(' '));
    let (title, subject) = parts.unwrap_or((&asked.question, ""));
    let calls = asked.call.into_iter().chain(asked.joined.iter().copied());
    let entry = Entry {
        kind: Kind::Question,
        symbol,
        meaning,
        subject: subject.to_owned(),
        result: asked.word().to_owned(),
        mood: meaning,
        took: asked.took,
        call: asked.call,
        detail: detail(asked),
        ..trouble(asked.asked, title, String::new())
    };
    Asked {
        entry,
        answered: asked.answered,
        is_used: asked.used > 0,
        calls: calls.chain(asked.uses.iter().filter_map(|used| used.call)).collect(),
    }
}

fn detail(asked: &Approval) -> Vec<(&'static str, String)> {
    let when = |at: Micros| layout::clock(at.0, true);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let lines = |all: Vec<String>| match all.len() {
        0..=MAX_LINES => all.join("\n"),
        count => format!("{}\n… and {} more", all[..MAX_LINES].join("\n"), count - MAX_LINES),
    };
    let needs = match asked.needs.is_empty() {
        true => "whoever the session belongs to".to_owned(),
        false => asked.needs.join("\n"),
    };
    let shown = asked.shown.iter().map(|shown| {
        let error =
            shown.error.as_ref().map(|error| format!(", did not get there: {error}")).unwrap_or_default();
        format!("{} on {} at {}{error}", shown.to, shown.via, when(shown.at))
    });
    let votes = asked.votes.iter().map(|vote| {
        let why = vote.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        format!("yes of {} on {} at {}{why}", vote.by, vote.via, when(vote.at))
    });
    let calls = asked.call.iter().chain(&asked.joined).map(u64::to_string).collect::<Vec<_>>();
    let calls = match calls.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first, again @ ..] => format!("{first}, and again {}", lines(again.to_vec()).replace('\n', ", ")),
    };
    let uses = asked.uses.iter().map(|used| {
        let call = used.call.map(|call| format!(" (call {call})")).unwrap_or_default();
        format!("at {} {}{call}", when(used.at), used.question)
    });
    let used = match asked.used {
        0 if asked.scope.as_deref().is_some_and(|scope| scope != "once") => "never again".to_owned(),
        0 => String::new(),
        1 => format!("once more\n{}", lines(uses.collect())),
        times => format!("{times} times more\n{}", lines(uses.collect())),
    };
    let ended = asked.expired.map(|at| format!("at {}: {}", when(at), text(&asked.expiry)));
    let answer = match (asked.answer, asked.answered) {
        (Some(answer), Some(at)) => format!("{} at {}", answer.as_str(), when(at)),
        _ => "none: the recording ends before".to_owned(),
    };
    let mut rows = vec![
        ("approval", asked.id.clone()),
        ("question", asked.question.clone()),
        ("rule", text(&asked.rule)),
        ("needs", needs),
        ("asked", format!("at {}, for at most {}", when(asked.asked), duration(asked.ttl))),
        ("shown to", lines(shown.collect())),
        ("votes", lines(votes.collect())),
        ("answer", answer),
        ("by", text(&asked.by)),
        ("known as", text(&asked.identity)),
        ("on", text(&asked.via)),
        ("why", asked.why().unwrap_or_default().to_owned()),
        ("reaches", asked.scope.as_deref().map(reach).unwrap_or_default()),
        ("took", asked.took.map(duration).unwrap_or_default()),
        ("calls", calls),
        ("used", used),
        ("ended", ended.unwrap_or_default()),
    ];
    rows.retain(|(_, value)| !value.is_empty());
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::fixture;
    use crate::replay::panes::Tab;
    use crate::replay::state::State;
    use crate::replay::update::update;

    fn play(state: &State) -> &Play {
        state.play.as_ref().unwrap()
    }

    fn titles(state: &State) -> Vec<&str> {
        play(state).questions.shown().map(|asked| asked.entry.title.as_str()).collect()
    }

    #[test]
    fn the_list_is_walked_and_leads_to_question_and_answer() {
        let mut state = fixture::asked();
        update(&mut state, Action::ToggleApprovals);
        assert_eq!(
            titles(&state),
            ["s3:DeleteObject", "s3:PutBucketPolicy", "command terraform destroy -auto-approve"]
        );
        update(&mut state, Action::Down);
        let to = |seconds: u64| vec![Effect::Goto(Micros(seconds * 1_000_000))];
        assert_eq!(update(&mut state, Action::Open), to(60));
        assert_eq!(update(&mut state, Action::Open), to(69));
        assert_eq!(update(&mut state, Action::Open), to(60));
        assert!(!play(&state).playing);
        for _ in 0..5 {
            update(&mut state, Action::Down);
        }
        assert_eq!(play(&state).questions.selected, 2);
        assert_eq!(update(&mut state, Action::Open), to(90));
        assert_eq!(update(&mut state, Action::Open), to(90), "it has no answer");
    }

    #[test]
    fn a_question_and_its_call_lead_to_each_other() {
        let mut state = fixture::asked();
        update(&mut state, Action::ToggleApprovals);
        update(&mut state, Action::Down);
        update(&mut state, Action::ToCalls);
        assert_eq!(play(&state).panes.tab, Tab::Calls);
        assert_eq!(play(&state).chosen().unwrap().title, "s3:DeleteObject");
        state.play.as_mut().unwrap().questions.selected = 0;
        update(&mut state, Action::ToggleApprovals);
        assert_eq!(play(&state).chosen().unwrap().title, "s3:PutBucketPolicy");
        update(&mut state, Action::Up);
        update(&mut state, Action::ToCalls);
        assert!(state.notice.is_some(), "its call is not in the list");
        assert_eq!(play(&state).panes.tab, Tab::Approvals);
        update(&mut state, Action::Back);
        assert_eq!(play(&state).panes.tab, Tab::All);
    }

    #[test]
    fn some_can_be_listed_alone_and_the_chosen_one_stays() {
        let mut state = fixture::asked();
        update(&mut state, Action::ToggleApprovals);
        update(&mut state, Action::Down);
        let mut seen = Vec::new();
        for _ in 0..5 {
            update(&mut state, Action::NextWhich);
            seen.push((play(&state).questions.which.words(), titles(&state).len()));
        }
        assert_eq!(
            seen,
            [("granted", 1), ("not granted", 1), ("used again", 1), ("not answered", 1), ("all", 3)]
        );
        let mut state = fixture::playing();
        update(&mut state, Action::ToggleApprovals);
        assert_eq!(state.notice.as_deref(), Some("nobody was asked anything in this recording"));
    }
}
