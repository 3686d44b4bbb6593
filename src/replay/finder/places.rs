//! Where the parts of the list stand: worked out once, for drawing and for the mouse alike.

use ratatui::layout::Rect;

use crate::replay::finder::Finder;
use crate::replay::finder::popup::Item;
use crate::replay::finder::popup::Kind;
use crate::replay::finder::popup::Popup;
use crate::replay::layout;
use crate::replay::layout::take;
use crate::replay::layout::take_bottom;
use crate::replay::state::State;
use crate::term::safe;
use crate::term::width;

/// Columns of the sign before the query.
pub const SIGN: u16 = 3;
/// Columns from which hits stand in a pane of their own.
const BESIDE: u16 = 140;
/// Columns of the sessions beside that pane, at least.
const SESSIONS: u16 = 72;
/// Most rows of the box below the query line, and most columns.
const POPUP: (u16, u16) = (12, 76);

/// The list of sessions: title, query line, headings, rows, footer.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// Title bar.
    pub title: Rect,
    /// The query line.
    pub line: Rect,
    /// Names of the columns.
    pub headings: Rect,
    /// The rows.
    pub rows: Rect,
    /// The hits of the chosen session with a heading above them; empty when they stand between the rows.
    pub hits: Rect,
    /// Hints.
    pub footer: Rect,
}

/// What stands on a row of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The session of that number.
    Session(usize),
    /// That hit of the chosen session.
    Hit(usize),
    /// That there are more hits than those.
    More,
}

/// The box below the query line.
#[derive(Clone, Copy, Debug)]
pub struct PopupPlace {
    /// Its cells.
    pub place: Rect,
    /// The first line that is shown.
    pub first: usize,
}

/// The list on the whole terminal.
#[must_use]
pub fn places(state: &State) -> Places {
    let mut area = state.area();
    let finder = &state.sessions;
    let title = take(&mut area, 1);
    let line = take(&mut area, 1);
    let headings = take(&mut area, 1);
    let footer = take_bottom(&mut area, 1);
    let mut all =
        Places { title, line, headings, rows: area, hits: Rect { width: 0, height: 0, ..area }, footer };
    if area.width >= BESIDE && finder.rows.any_hits() {
        let left = (area.width / 2).max(SESSIONS);
        all.rows.width = left;
        all.headings.width = left;
        all.hits = Rect { x: area.x + left + 1, width: area.width - left - 1, ..area };
    }
    all
}

/// What stands on the rows of the list, from the first on.
#[must_use]
pub fn rows_shown(finder: &Finder, places: &Places) -> Vec<Shown> {
    let height = usize::from(places.rows.height);
    let total = finder.length();
    // A third for them, or what the sessions leave free.
    let most = (height / 3).max(height.saturating_sub(total)).max(2);
    let hits = if places.hits.is_empty() { hits_shown(finder, most) } else { Vec::new() };
    let room = height.saturating_sub(hits.len()).max(1);
    let first = layout::top(finder.selected, total, room);
    let sessions = (first..total).take(room);
    let mut rows = Vec::with_capacity(height);
    for index in sessions {
        rows.push(Shown::Session(index));
        if index == finder.selected {
            rows.extend(&hits);
        }
    }
    rows
}

/// Which hits of the chosen session stand on `height` rows.
#[must_use]
pub fn hits_shown(finder: &Finder, height: usize) -> Vec<Shown> {
    let Some(row) = finder.row().filter(|row| !row.hits.is_empty()) else { return Vec::new() };
    let lines = row.hits.len() + usize::from(row.more);
    let first = layout::top(finder.hit.unwrap_or(0), lines, height);
    let line = |at: usize| if at < row.hits.len() { Shown::Hit(at) } else { Shown::More };
    (first..lines).take(height).map(line).collect()
}

/// Columns of the query that are cut off at the left, so that its cursor can be seen on a line of `columns`.
#[must_use]
pub fn skipped(finder: &Finder, columns: u16) -> usize {
    let room = usize::from(columns.saturating_sub(SIGN + 1)).max(1);
    let cursor = width(&safe(&finder.line.text()[..finder.line.cursor()]));
    if cursor < room { 0 } else { cursor + 1 - room + room / 4 }
}

/// Columns of what the lines of a box `wide` columns wide show, and of the words about them, each with a blank on either
/// side; where there is no room for both, the words have half of it at most.
#[must_use]
pub fn popup_columns(popup: &Popup, wide: usize) -> (usize, usize) {
    let widest = |text: fn(&Item) -> &String| {
        let most = popup.items.iter().map(|item| width(&safe(text(item)))).max().unwrap_or(0);
        if most == 0 { 0 } else { most + 2 }
    };
    let (shown, note) = (widest(|item| &item.shown), widest(|item| &item.note));
    (shown.min(wide.saturating_sub(note.min(wide / 2))), note)
}

/// The box below the query line, if there is one.
#[must_use]
pub fn popup(state: &State, places: &Places) -> Option<PopupPlace> {
    let finder = &state.sessions;
    let popup = finder.popup.as_ref()?;
    let most = (places.footer.y.saturating_sub(places.line.y + 1)).min(POPUP.0);
    let lines = u16::try_from(popup.items.len()).unwrap_or(u16::MAX).clamp(1, most.max(1));
    let wide = match popup.kind {
        // No wider than it needs, so that it stands below its word and covers little.
        Kind::Words(_) => {
            let (shown, note) = popup_columns(popup, usize::from(POPUP.1));
            u16::try_from(shown + note).unwrap_or(u16::MAX).min(POPUP.1).min(state.size.0)
        }
        Kind::Asked | Kind::Saved => state.size.0.saturating_sub(SIGN).max(1),
    };
    let column = match &popup.kind {
        Kind::Words(range) => {
            let before = finder.line.text().get(..range.start).unwrap_or_default();
            width(&safe(before)).saturating_sub(skipped(finder, places.line.width))
        }
        Kind::Asked | Kind::Saved => 0,
    };
    let x = u16::try_from(column).unwrap_or(u16::MAX).saturating_add(SIGN);
    let x = x.min(state.size.0.saturating_sub(wide));
    let place = Rect { x, y: places.line.y + 1, width: wide, height: lines };
    let first = layout::top(popup.chosen.unwrap_or(0), popup.items.len(), usize::from(lines));
    Some(PopupPlace { place, first })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::fixture;

    #[test]
    fn the_chosen_row_and_hit_are_always_shown() {
        let mut state = fixture::found();
        for size in [(40, 12), (80, 24), (200, 50), (300, 80)] {
            state.size = size;
            for selected in 0..state.sessions.length() {
                state.sessions.selected = selected;
                let hits = state.sessions.row().map_or(0, |row| row.hits.len());
                for hit in (0..hits).map(Some).chain([None]) {
                    state.sessions.hit = hit;
                    let all = places(&state);
                    let rows = rows_shown(&state.sessions, &all);
                    assert!(rows.len() <= usize::from(all.rows.height), "{size:?} {rows:?}");
                    assert!(rows.contains(&Shown::Session(selected)), "{size:?} {rows:?}");
                    let beside = hits_shown(&state.sessions, usize::from(all.hits.height.max(1)));
                    let place = if all.hits.is_empty() { rows } else { beside };
                    assert!(hit.is_none_or(|hit| place.contains(&Shown::Hit(hit))), "{size:?} {place:?}");
                }
            }
        }
    }

    #[test]
    fn the_box_stands_below_its_word_and_shows_whole_values_where_it_can() {
        let mut state = fixture::found();
        state.size = (80, 24);
        state.sessions.line = crate::replay::finder::line::Line::new("deploy user:ana and decision:");
        state.sessions.suggest_all();
        let place = popup(&state, &places(&state)).unwrap().place;
        assert_eq!((place.x, place.width), (SIGN + 29, 7));
        let item =
            |shown: &str, note: &str| Item { text: shown.into(), shown: shown.into(), note: note.into() };
        let arn = "arn:aws:s3:::".to_owned() + &"x".repeat(50);
        let boxed = |items| Popup::words(0..0, items).unwrap();
        assert_eq!(popup_columns(&boxed(vec![item(&arn, "")]), 76), (65, 0));
        assert_eq!(popup_columns(&boxed(vec![item(&arn, "9 sessions")]), 76), (64, 12));
        assert_eq!(popup_columns(&boxed(vec![item(&arn, &arn)]), 76), (38, 65));
        assert_eq!(popup_columns(&boxed(vec![item("user:", &arn)]), 76), (7, 65));
    }

    #[test]
    fn the_box_stays_on_the_terminal() {
        let mut state = fixture::found();
        for size in [(40, 12), (80, 24), (200, 50)] {
            state.size = size;
            for text in ["de", &"x ".repeat(200), "@", "user:"] {
                state.sessions.line = crate::replay::finder::line::Line::new(text);
                state.sessions.suggest_all();
                let all = places(&state);
                let Some(popup) = popup(&state, &all) else { continue };
                assert_eq!(popup.place.intersection(state.area()), popup.place);
                assert!(!popup.place.intersects(all.footer) && !popup.place.intersects(all.line));
            }
        }
    }
}
