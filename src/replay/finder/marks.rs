//! Sessions that are marked in the list, to be compared: at most two. They stay marked whatever the list shows.

use crate::replay::action::Action;
use crate::replay::diff;
use crate::replay::finder::Finder;
use crate::replay::finder::wishes::effects;
use crate::replay::keys::Keys;
use crate::replay::sessions::Session;
use crate::replay::state::State;
use crate::replay::update;
use crate::replay::update::Effect;

/// What marked sessions are called, here and where they are compared.
const LETTERS: [&str; 2] = ["A", "B"];

impl Finder {
    /// The letter of a marked session; none: it is not marked.
    #[must_use]
    pub fn letter(&self, session: &Session) -> Option<&'static str> {
        let at = self.marked.iter().position(|marked| marked.id == session.id)?;
        LETTERS.get(at).copied()
    }

    /// What comparing would do now, in words for the footer; empty: something is missing for it.
    #[must_use]
    pub fn comparing(&self) -> &'static str {
        match (&self.marked[..], self.chosen()) {
            ([_, _], _) => "compare A and B",
            ([a], Some(chosen)) if a.id != chosen.id => "compare with A",
            _ => "",
        }
    }

    /// What is marked, in words for the title; empty: nothing.
    #[must_use]
    pub fn marks(&self) -> String {
        match self.marked.len() {
            0 => String::new(),
            count => format!("{} marked ", LETTERS[..count.min(LETTERS.len())].join(" ")),
        }
    }
}

/// Marks the chosen session, or no longer. A third one takes the place of the one that was marked first.
pub fn mark(state: &mut State) {
    let keys = key_names(state);
    let finder = &mut state.sessions;
    let Some(session) = finder.chosen().cloned() else { return };
    if let Some(at) = finder.marked.iter().position(|marked| marked.id == session.id) {
        finder.marked.remove(at);
        return;
    }
    let is_full = finder.marked.len() == LETTERS.len();
    if is_full {
        finder.marked.remove(0);
    }
    finder.marked.push(session);
    let [_, compare] = keys;
    state.notice = Some(match (finder.marked.len(), is_full) {
        (1, _) => format!("marked; {compare} on another compares them"),
        (_, false) => format!("two are marked; {compare} compares them"),
        (_, true) => format!("older mark gone; {compare} compares the two"),
    });
}

/// Compares the two marked sessions, or the marked one with the chosen one; says what is missing for that.
pub fn compare(state: &mut State) -> Vec<Effect> {
    let [mark, compare] = key_names(state);
    let finder = &state.sessions;
    let pair = match (&finder.marked[..], finder.chosen()) {
        ([a, b], _) => Ok([a.clone(), b.clone()]),
        ([a], Some(b)) if a.id != b.id => Ok([a.clone(), b.clone()]),
        ([_], _) => Err("choose another to compare it with".to_owned()),
        _ => Err(format!("{mark} marks one, {compare} on another compares")),
    };
    let pair = match pair {
        Ok(pair) => pair,
        Err(words) => {
            state.notice = Some(words);
            return Vec::new();
        }
    };
    let kept = finder.remember();
    let titles = [pair[0].title(), pair[1].title()];
    let mut all = diff::open(state, pair.map(|session| session.source()), titles, false);
    all.extend(effects(kept));
    all
}

/// The keys that mark and compare, as people read them.
fn key_names(state: &State) -> [String; 2] {
    let context = update::context(state);
    let name = |action| match Keys::first(&state.keys, context, action, state.look.ascii) {
        name if name.is_empty() => format!("{} (which has no key)", action.name()),
        name => name,
    };
    [Action::MarkSession, Action::CompareSessions].map(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::finder;
    use crate::replay::finder::librarian::News;
    use crate::replay::fixture;
    use crate::replay::input::receive;
    use crate::replay::keymap::Context;
    use crate::replay::message::Message;
    use crossterm::event::Event;
    use crossterm::event::KeyCode;
    use crossterm::event::KeyEvent;

    fn press(state: &mut State, code: KeyCode) -> Vec<Effect> {
        receive(state, Message::Terminal(Event::Key(KeyEvent::from(code))))
    }

    fn letters(state: &State) -> String {
        let finder = &state.sessions;
        (0..finder.length())
            .map(|row| finder.rows.get(row).and_then(|row| finder.letter(&row.session)).unwrap_or("."))
            .collect()
    }

    const SPACE: KeyCode = KeyCode::Char(' ');
    const D: KeyCode = KeyCode::Char('d');

    #[test]
    fn two_marked_sessions_are_compared_wherever_the_cursor_is() {
        let mut state = fixture::list();
        press(&mut state, SPACE);
        assert!(state.notice.take().unwrap().contains("d on another compares"));
        press(&mut state, KeyCode::Down);
        press(&mut state, KeyCode::Down);
        press(&mut state, SPACE);
        assert_eq!(letters(&state), "A.B.");
        assert_eq!(state.sessions.comparing(), "compare A and B");
        press(&mut state, KeyCode::Down);
        let effects = press(&mut state, D);
        let [Effect::Compare(audits, false, _)] = &effects[..] else { panic!("{effects:?}") };
        let ids = audits.clone().map(|path| path.parent().unwrap().file_name().unwrap().to_owned());
        let id = |row| state.sessions.rows.get(row).unwrap().session.id.clone();
        assert_eq!(ids, [id(0).as_str(), id(2).as_str()]);
        assert_eq!(update::context(&state), Context::Diff);
        // News for the list are none for the comparison.
        finder::told(&mut state, News::CaughtUp(Ok(vec!["the index was made anew".to_owned()])));
        assert!(state.notice.is_none());
        assert!(press(&mut state, KeyCode::Esc).is_empty() && state.diff.is_none());
        assert_eq!((letters(&state).as_str(), state.sessions.selected), ("A.B.", 3), "as it was");
        // A third one, and none of them.
        press(&mut state, SPACE);
        assert_eq!(letters(&state), "..AB");
        press(&mut state, SPACE);
        assert_eq!(letters(&state), "..A.");
        assert!(press(&mut state, KeyCode::Esc).is_empty(), "first the marks go");
        assert_eq!(letters(&state), "....");
        assert_eq!(press(&mut state, KeyCode::Esc), [Effect::Quit]);
    }

    #[test]
    fn one_marked_session_is_compared_with_the_chosen_one_and_what_is_missing_is_said() {
        let mut state = fixture::list();
        assert!(press(&mut state, D).is_empty());
        assert!(state.notice.take().unwrap().contains("Space marks one"));
        press(&mut state, SPACE);
        assert!(press(&mut state, D).is_empty());
        assert!(state.notice.take().unwrap().contains("choose another"));
        assert_eq!(state.sessions.comparing(), "");
        press(&mut state, KeyCode::Down);
        assert_eq!(state.sessions.comparing(), "compare with A");
        for (size, is_told) in [((40, 12), false), ((80, 24), true), ((200, 50), true)] {
            let shown = crate::replay::view::text(&mut state, size);
            assert_eq!(shown.contains(" d compare with A "), is_told, "{size:?}:\n{shown}");
            assert!(
                shown.contains("A marked") && shown.contains(":18 A ") && shown.contains("q quit"),
                "{shown}"
            );
        }
        assert!(matches!(press(&mut state, D)[..], [Effect::Compare(..)]));
        assert_eq!(letters(&state), "A...", "the other one was only chosen");
    }

    #[test]
    fn marks_outlive_the_query_under_which_they_were_made() {
        let mut state = fixture::list();
        let first = state.sessions.chosen().unwrap().clone();
        press(&mut state, SPACE);
        press(&mut state, KeyCode::Char('/'));
        // One letter alone asks for nothing.
        press(&mut state, KeyCode::Char('z'));
        press(&mut state, KeyCode::Char('z'));
        fixture::answer(&mut state, vec![fixture::row("01Z", "make", Vec::new())], true);
        assert_eq!(letters(&state), ".");
        // Letters are text there.
        press(&mut state, KeyCode::F(2));
        assert_eq!((letters(&state).as_str(), state.sessions.line.text()), ("B", "zz"));
        let effects = press(&mut state, KeyCode::F(4));
        let [Effect::Compare(audits, ..), Effect::Library(_)] = &effects[..] else { panic!("{effects:?}") };
        assert!(audits[0].starts_with(first.folder) && audits[1].starts_with("sessions/01Z"));
        press(&mut state, KeyCode::Esc);
        assert!(state.sessions.typing, "as it was");
    }
}
