//! The list of keys: scrolled, and searched while it is open.

use crossterm::event::KeyCode;
use crossterm::event::KeyEvent;
use crossterm::event::KeyModifiers;
use ratatui::layout::Rect;

use crate::replay::action::Action;
use crate::replay::keymap::Context;
use crate::replay::keys::Line;
use crate::replay::state::State;
use crate::replay::timeline;
use crate::replay::update;
use crate::replay::view::wrapped;

/// Columns of the keys; the same where arrows are written out, if there is room; and of the whole box at most.
const KEYS: usize = 14;
const WRITTEN_KEYS: usize = 24;
const WIDEST: u16 = 72;
/// Longest search, in characters.
const MAX_SEARCH: usize = 40;

/// The list, open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Help {
    /// The first row shown.
    pub scroll: u16,
    /// Only lines that hold this are shown.
    pub search: String,
    /// Whether keys go into the search.
    pub typing: bool,
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// The title of a group.
    Title(&'static str),
    /// Keys, and what they do; the keys are empty where it goes on in another row.
    Keys(String, String),
}

/// Where the box stands on `area` with so many rows in it.
#[must_use]
pub fn place(area: Rect, rows: usize) -> Rect {
    let width = area.width.min(WIDEST);
    let height = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(2).min(area.height);
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}

/// Columns of the keys in a terminal of that width.
#[must_use]
pub fn keys_columns(state: &State, width: u16) -> usize {
    if state.look.ascii && width >= WIDEST { WRITTEN_KEYS } else { KEYS }
}

/// The rows as they fit `width` columns.
#[must_use]
pub fn rows(state: &State, width: u16) -> Vec<Row> {
    let Some(help) = &state.help else { return Vec::new() };
    let search = help.search.to_lowercase();
    let room = usize::from(width.min(WIDEST)).saturating_sub(keys_columns(state, width) + 5);
    let mut rows: Vec<Row> = Vec::new();
    let mut title = None;
    for line in state.keys.lines(update::context(state), state.look.ascii) {
        match line {
            Line::Title(words) => title = Some(words),
            Line::Keys { shown, help, .. } => {
                let fits = |text: &str| text.to_lowercase().contains(&search);
                if !(fits(&shown) || fits(help) || title.is_some_and(fits)) {
                    continue;
                }
                if let Some(words) = title.take_if(|_| search.is_empty()) {
                    rows.push(Row::Title(words));
                }
                let mut keys = if shown.is_empty() { "(no key)".to_owned() } else { shown };
                for piece in wrapped(help, room) {
                    rows.push(Row::Keys(std::mem::take(&mut keys), piece));
                }
            }
        }
    }
    if update::context(state) == Context::Recording {
        let fits = |(sign, words): &&(&str, &str)| {
            format!("{sign} {words} timeline").to_lowercase().contains(&search)
        };
        let mut legend = timeline::LEGEND.iter().filter(fits).peekable();
        if search.is_empty() && legend.peek().is_some() {
            rows.push(Row::Title("marks on the timeline"));
        }
        for (sign, words) in legend {
            let mut sign = (*sign).to_owned();
            for piece in wrapped(words, room) {
                rows.push(Row::Keys(std::mem::take(&mut sign), piece));
            }
        }
    }
    rows
}

/// Does what was wished while the list is open.
pub fn update(state: &mut State, action: Action) {
    let area = Rect::new(0, 0, state.size.0, state.size.1);
    let count = rows(state, area.width).len();
    let shown = place(area, count).height.saturating_sub(2);
    let most = u16::try_from(count).unwrap_or(u16::MAX).saturating_sub(shown);
    let Some(help) = &mut state.help else { return };
    let to = match action {
        Action::Back if !help.search.is_empty() => {
            help.search.clear();
            0
        }
        Action::Back | Action::ToggleHelp => {
            state.help = None;
            return;
        }
        Action::StartTyping => {
            help.typing = true;
            help.scroll
        }
        Action::Up => help.scroll.saturating_sub(1),
        Action::Down => help.scroll.saturating_add(1),
        Action::PageUp => help.scroll.saturating_sub(shown.max(2) - 1),
        Action::PageDown => help.scroll.saturating_add(shown.max(2) - 1),
        Action::First => 0,
        Action::Last => most,
        _ => help.scroll,
    };
    help.scroll = to.min(most);
}

/// Takes the key as text, if the list is being searched; says whether it did.
pub fn typing(state: &mut State, key: KeyEvent) -> bool {
    let Some(help) = state.help.as_mut().filter(|help| help.typing) else { return false };
    let is_plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match key.code {
        KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => help.search.clear(),
        KeyCode::Char(c) if is_plain && help.search.chars().count() < MAX_SEARCH => help.search.push(c),
        KeyCode::Char(_) if is_plain => {}
        KeyCode::Backspace if help.search.is_empty() => help.typing = false,
        KeyCode::Backspace => drop(help.search.pop()),
        KeyCode::Enter => help.typing = false,
        KeyCode::Esc => {
            help.typing = false;
            help.search.clear();
        }
        // Arrows scroll while the search is typed.
        _ => return false,
    }
    help.scroll = 0;
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::fixture;

    fn opened(size: (u16, u16)) -> State {
        let mut state = fixture::playing();
        state.size = size;
        update::update(&mut state, Action::ToggleHelp);
        state
    }

    #[test]
    fn the_list_is_grouped_and_scrolls_to_its_end() {
        let mut state = opened((40, 12));
        let rows = rows(&state, 40);
        assert_eq!(rows[0], Row::Title("play"));
        assert!(rows.iter().any(|row| matches!(row, Row::Keys(keys, _) if keys == "Ctrl-Z")));
        update(&mut state, Action::Last);
        assert_eq!(usize::from(state.help.as_ref().unwrap().scroll), rows.len() - 10);
        update(&mut state, Action::Down);
        assert_eq!(usize::from(state.help.as_ref().unwrap().scroll), rows.len() - 10);
        update(&mut state, Action::Back);
        assert!(state.help.is_none() && state.play.is_some());
    }

    #[test]
    fn the_marks_of_the_timeline_are_explained_where_there_is_one() {
        let mut state = opened((80, 24));
        let has = |state: &State, sign: &str| {
            rows(state, 80).iter().any(|row| matches!(row, Row::Keys(keys, _) if keys == sign))
        };
        assert!(has(&state, "▲") && has(&state, "┷ ┿"));
        state.help.as_mut().unwrap().search = "timeline".to_owned();
        assert!(has(&state, "▲"));
        state.play = None;
        state.help.as_mut().unwrap().search.clear();
        assert!(!has(&state, "▲"));
    }

    #[test]
    fn what_is_searched_is_all_that_is_shown() {
        let mut state = opened((80, 24));
        update(&mut state, Action::StartTyping);
        for c in "MARKER".chars() {
            assert!(typing(&mut state, KeyEvent::from(KeyCode::Char(c))));
        }
        let rows_shown = rows(&state, 80);
        assert!(!rows_shown.is_empty() && rows_shown.len() < 6, "{rows_shown:?}");
        assert!(typing(&mut state, KeyEvent::from(KeyCode::Enter)));
        assert!(!typing(&mut state, KeyEvent::from(KeyCode::Char('j'))));
        update(&mut state, Action::Back);
        assert!(rows(&state, 80).len() > 20, "the search is gone, the list is there");
        update(&mut state, Action::Back);
        assert!(state.help.is_none());
    }
}
