//! A key, and those before it that wait for it: what they mean together.

use crossterm::event::KeyEvent;

use crate::replay::keymap;
use crate::replay::keymap::Context;
use crate::replay::keys::Found;
use crate::replay::keys::label;
use crate::replay::state::State;
use crate::replay::update;
use crate::replay::update::Effect;

/// Where keys are pressed now: what lies on top decides.
#[must_use]
pub fn context(state: &State) -> Context {
    if state.help.is_some() { Context::Help } else { update::context(state) }
}

/// Takes a key that is no text; none: it means nothing here.
pub fn press(state: &mut State, key: &KeyEvent) -> Option<Vec<Effect>> {
    let name = keymap::name(key)?;
    let before = std::mem::take(&mut state.pending);
    match state.keys.resolve(context(state), &before, &name) {
        Found::Action(action) => Some(update::update(state, action)),
        Found::Prefix => {
            state.notice = None;
            state.pending = before;
            state.pending.push(name);
            Some(Vec::new())
        }
        Found::Nothing if before.is_empty() => None,
        Found::Nothing => {
            // Escape gives up what was begun, and does nothing else.
            if name != "esc" {
                let keys = label(&[before.join(" "), name].join(" "), state.look.ascii);
                state.notice = Some(format!("{keys} means nothing here"));
            }
            Some(Vec::new())
        }
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyCode;

    use super::*;
    use crate::replay::fixture;
    use crate::types::Micros;

    fn keys(state: &mut State, text: &str) -> Vec<Effect> {
        let keys = text.chars().map(|c| if c == '\u{1b}' { KeyCode::Esc } else { KeyCode::Char(c) });
        keys.flat_map(|code| press(state, &KeyEvent::from(code)).unwrap_or_default()).collect()
    }

    #[test]
    fn a_prefix_waits_for_what_follows() {
        let mut state = fixture::playing();
        assert_eq!(keys(&mut state, "'"), []);
        assert_eq!(state.pending, ["'"]);
        assert_eq!(keys(&mut state, "d"), [Effect::Goto(Micros(60_000_000))], "the denied call");
        assert!(state.pending.is_empty());
        assert_eq!(keys(&mut state, "'d"), []);
        assert_eq!(state.notice.as_deref(), Some("no more"));
    }

    #[test]
    fn what_does_not_follow_is_told_and_escape_gives_up() {
        let mut state = fixture::playing();
        assert_eq!(keys(&mut state, "'q"), [], "not the end of the program");
        assert_eq!(state.notice.as_deref(), Some("' q means nothing here"));
        assert_eq!(keys(&mut state, "'\u{1b}"), []);
        assert!(state.pending.is_empty() && state.play.is_some());
        assert_eq!(keys(&mut state, "q"), [Effect::Quit]);
    }
}
