//! The mouse in the list.

use ratatui::layout::Position;

use crate::replay::action::Action;
use crate::replay::finder::places;
use crate::replay::finder::places::Shown;
use crate::replay::finder::wishes;
use crate::replay::finder::wishes::effects;
use crate::replay::keymap::Context;
use crate::replay::state::State;
use crate::replay::update;
use crate::replay::update::Effect;

/// The left button at `at`: `pressed`, or held while it moves.
pub fn click(state: &mut State, at: Position, pressed: bool) -> Vec<Effect> {
    if !pressed {
        return Vec::new();
    }
    let all = places::places(state);
    if let Some(popup) = places::popup(state, &all).filter(|popup| popup.place.contains(at)) {
        let now = state.now();
        let row = popup.first + usize::from(at.y - popup.place.y);
        let Some(popup) = &mut state.sessions.popup else { return Vec::new() };
        if row < popup.items.len() {
            popup.chosen = Some(row);
            return effects(state.sessions.take_choice(&now));
        }
        return Vec::new();
    }
    let finder = &mut state.sessions;
    if all.line.contains(at) {
        let skipped = places::skipped(finder, all.line.width);
        finder.typing = true;
        finder.line.point(skipped + usize::from(at.x.saturating_sub(all.line.x + places::SIGN)));
        return Vec::new();
    }
    let rows = match at {
        _ if all.hits.contains(at) => places::hits_shown(finder, usize::from(all.hits.height)),
        _ if all.rows.contains(at) => places::rows_shown(finder, &all),
        _ => return Vec::new(),
    };
    match rows.get(usize::from(at.y - all.rows.y)) {
        Some(Shown::Session(index)) if *index == finder.selected && finder.hit.is_none() => {
            update::update(state, Action::Open)
        }
        Some(Shown::Session(index)) => effects(finder.select(*index)),
        Some(Shown::Hit(hit)) if finder.hit == Some(*hit) => update::update(state, Action::Open),
        Some(Shown::Hit(hit)) => {
            finder.hit = Some(*hit);
            Vec::new()
        }
        Some(Shown::More) | None => Vec::new(),
    }
}

/// The wheel at `at`; says whether the box below the query line took it.
pub fn scroll(state: &mut State, at: Position, down: bool) -> bool {
    let is_list = matches!(update::context(state), Context::Sessions | Context::Query);
    if !is_list || state.help.is_some() {
        return false;
    }
    let all = places::places(state);
    let is_there = places::popup(state, &all).is_some_and(|popup| popup.place.contains(at));
    if is_there {
        wishes::step_popup(&mut state.sessions, down);
    }
    is_there
}
