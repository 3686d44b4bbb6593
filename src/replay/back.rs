//! Looking back at the lines that have left the screen.

use std::collections::HashSet;
use std::collections::VecDeque;

use ratatui::layout::Rect;

use crate::replay::action::Action;
use crate::replay::layout;
use crate::replay::play::Play;
use crate::replay::rewind::Stretch;
use crate::replay::search::Pattern;
use crate::replay::state::State;
use crate::replay::update::Effect;
use crate::term::Row;
use crate::types::Micros;

/// Lines that a turn of the wheel moves.
const WHEEL: usize = 3;
/// Rows that are joined to one line at most, when they are searched.
const JOINED: usize = 256;

/// The lines, and which of them are looked at.
#[derive(Debug, Default)]
pub struct Back {
    /// Whose answers it takes.
    pub number: u64,
    /// The lines, oldest first; what is still on the screen stands at their end.
    pub rows: VecDeque<Row>,
    /// How many of them are still on the screen.
    pub on_screen: usize,
    /// Whether a full-screen program covers that screen.
    pub is_covered: bool,
    /// Since when lines have been looked for.
    pub since: Micros,
    /// Whether all there are are there, or as many as there is room for.
    pub is_done: bool,
    /// Whether there were older ones.
    pub is_cut: bool,
    /// How many lines stand below the last one that is shown; more than there are: the first ones are shown.
    below: usize,
    /// Columns that are cut at the left.
    pub left: u16,
    /// What is searched, as it was typed and as it is meant.
    pub wanted: Option<(String, Pattern)>,
    /// How many lines stand from the hit on.
    hit: Option<usize>,
    /// So many lines have been searched when no hit was among them; older ones are searched when they come.
    searched: Option<usize>,
}

impl Back {
    /// Takes the next older lines.
    pub fn take(&mut self, stretch: Stretch) {
        self.on_screen += stretch.on_screen;
        self.is_covered |= stretch.is_covered;
        stretch.rows.into_iter().rev().for_each(|row| self.rows.push_front(row));
        (self.since, self.is_done, self.is_cut) = (stretch.since, stretch.is_last, stretch.is_cut);
        if let Some(searched) = self.searched.take() {
            self.find_older(searched);
        }
    }

    /// Which lines are shown on `height` rows.
    #[must_use]
    pub fn shown(&self, height: usize) -> std::ops::Range<usize> {
        let end = self.rows.len() - self.below.min(self.rows.len().saturating_sub(height));
        end.saturating_sub(height)..end
    }

    fn scroll(&mut self, by: isize, height: usize) {
        let most = self.rows.len().saturating_sub(height);
        // One that waits for older lines goes on waiting.
        let from = if self.is_done { self.below.min(most) } else { self.below };
        self.below = from.saturating_add_signed(by);
    }

    /// When the line left the screen that is looked at, that of the hit or the first one shown; none: it is still there.
    #[must_use]
    pub fn left_at(&self, height: usize) -> Option<Micros> {
        let shown = self.shown(height);
        let hit = self.hit.and_then(|hit| self.rows.len().checked_sub(hit)).filter(|row| shown.contains(row));
        let row = hit.unwrap_or(shown.start);
        let has_left = row + self.on_screen < self.rows.len();
        self.rows.get(row).filter(|_| has_left).map(|row| Micros(row.stamp))
    }

    /// Rows that are one line with `row`.
    #[must_use]
    pub fn line(&self, row: usize) -> std::ops::Range<usize> {
        let goes_on = |row: usize| self.rows.get(row).is_some_and(|row| row.wrapped);
        let lowest = row.saturating_sub(JOINED);
        let begin = (lowest..row).rev().find(|before| !goes_on(*before)).map_or(lowest, |before| before + 1);
        let last = (row..self.rows.len().min(row + JOINED)).find(|row| !goes_on(*row));
        begin..last.map_or(self.rows.len().min(row + JOINED), |last| last + 1)
    }

    /// Row and column of each cell that matches, in these rows.
    fn matches(&self, rows: std::ops::Range<usize>, pattern: &Pattern) -> Vec<(usize, u16)> {
        let (mut line, mut places) = (Vec::new(), Vec::new());
        for row in rows {
            let cells = self.rows.get(row).map(|row| &row.cells[..]).unwrap_or_default();
            for (col, cell) in (0_u16..).zip(cells).filter(|(_, cell)| cell.columns > 0) {
                line.push(cell.character);
                places.push((row, col));
            }
        }
        pattern.find(&line).into_iter().flat_map(|range| places[range].to_vec()).collect()
    }

    /// The cells of `rows` that match what is searched.
    #[must_use]
    pub fn found(&self, rows: std::ops::Range<usize>) -> HashSet<(usize, u16)> {
        let Some((_, pattern)) = &self.wanted else { return HashSet::new() };
        let mut found = HashSet::new();
        let mut row = rows.start;
        while row < rows.end {
            let line = self.line(row);
            found.extend(self.matches(line.clone(), pattern));
            row = line.end.max(row + 1);
        }
        found
    }

    /// Searches from the line on that stands `from` lines before the end, towards older ones.
    fn find_older(&mut self, from: usize) {
        let Some((_, pattern)) = self.wanted.clone() else { return };
        let mut row = self.rows.len().saturating_sub(from);
        while let Some(last) = row.checked_sub(1) {
            let line = self.line(last);
            if let Some((hit, _)) = self.matches(line.start..last + 1, &pattern).last() {
                return self.go_to(*hit);
            }
            row = line.start.min(last);
        }
        if !self.is_done {
            self.searched = Some(self.rows.len());
        }
    }

    fn find_newer(&mut self, from: usize) {
        let Some((_, pattern)) = self.wanted.clone() else { return };
        let mut row = (self.rows.len() + 1).saturating_sub(from);
        while row < self.rows.len() {
            let line = self.line(row);
            if let Some((hit, _)) = self.matches(row..line.end, &pattern).first() {
                return self.go_to(*hit);
            }
            row = line.end.max(row + 1);
        }
    }

    fn go_to(&mut self, row: usize) {
        self.hit = Some(self.rows.len() - row);
        // With lines around it.
        self.below = (self.rows.len() - row).saturating_sub(6);
    }

    /// Where the search stands, in words.
    #[must_use]
    pub fn search_words(&self) -> &'static str {
        match (self.hit, self.searched, self.is_done) {
            (_, Some(_), _) => "looking further back …",
            (None, None, _) => "not found",
            (Some(_), None, _) => "",
        }
    }
}

/// What `action` does where lines are looked back at, or where it begins that: effects, and whether nothing else is to be
/// done.
pub fn update(state: &mut State, action: Action) -> (Vec<Effect>, bool) {
    let height = height(state);
    let Some(play) = &mut state.play else { return (Vec::new(), false) };
    let Some(back) = &mut play.back else {
        return match action {
            Action::LookBack => (open(state, height.saturating_sub(1)), true),
            _ => (Vec::new(), false),
        };
    };
    let page = isize::try_from(height.saturating_sub(1)).unwrap_or(1).max(1);
    match action {
        Action::Up => back.scroll(1, height),
        Action::Down => back.scroll(-1, height),
        Action::PageUp => back.scroll(page, height),
        Action::PageDown => back.scroll(-page, height),
        Action::First | Action::SeekStart => back.below = usize::MAX,
        Action::Last | Action::SeekEnd => back.below = 0,
        Action::Pan(0, rows) => back.scroll(-isize::from(rows), height),
        Action::Pan(columns, _) => back.left = back.left.saturating_add_signed(columns.into()),
        Action::FollowCursor => back.left = 0,
        Action::NextHit => match back.hit {
            Some(hit) => back.find_older(hit),
            None => back.find_older(back.rows.len() - back.shown(height).end),
        },
        Action::PreviousHit => back.find_newer(back.hit.unwrap_or(0)),
        Action::Back if back.wanted.is_some() => (back.wanted, back.hit, back.searched) = (None, None, None),
        Action::Back | Action::LookBack => return (leave(play), true),
        Action::Open => {
            // Just before: there it is still to be seen.
            let at = back.left_at(height).map(|left| Micros(left.0.saturating_sub(1)));
            let mut effects = leave(play);
            effects.extend(at.map(|at| Effect::Goto(play.seek(at))));
            return (effects, true);
        }
        Action::StartTyping | Action::ToggleZoom | Action::ToggleList => return (Vec::new(), false),
        // Whatever goes elsewhere ends it.
        _ => return (leave(play), false),
    }
    (Vec::new(), true)
}

/// Turns the wheel over the screen.
pub fn wheel(state: &mut State, up: bool) -> Vec<Effect> {
    let height = height(state);
    let Some(play) = &mut state.play else { return Vec::new() };
    play.link = None;
    let by = isize::try_from(WHEEL).unwrap_or(1);
    match &mut play.back {
        None if up => open(state, WHEEL),
        None => Vec::new(),
        // Turned back to where it began.
        Some(back) if !up && back.shown(height).end == back.rows.len() => leave(play),
        Some(back) => {
            back.scroll(if up { by } else { -by }, height);
            Vec::new()
        }
    }
}

/// Begins a search among the lines; says whether there is a place for it.
pub fn search(state: &mut State, text: &str) -> bool {
    let height = height(state);
    let Some(back) = state.play.as_mut().and_then(|play| play.back.as_mut()) else { return false };
    if let Some(pattern) = Pattern::new(text) {
        (back.wanted, back.hit, back.searched) = (Some((text.to_owned(), pattern)), None, None);
        back.find_older(back.rows.len() - back.shown(height).end);
    }
    true
}

/// Looks at the lines before those that are shown; the recording is held.
fn open(state: &mut State, below: usize) -> Vec<Effect> {
    let area = Rect::new(0, 0, state.size.0, state.size.1);
    let Some(play) = &mut state.play else { return Vec::new() };
    let Some(steps) = play.frame.as_ref().map(|frame| frame.step) else { return Vec::new() };
    (play.playing, play.live) = (false, false);
    play.looks += 1;
    if layout::play(play, area).screen.is_empty() {
        (play.list, play.detail) = (Some(false), None);
    }
    play.back = Some(Back { number: play.looks, below, ..Back::default() });
    vec![Effect::Rewind(play.looks, steps)]
}

/// Looks at the screen again, if lines were looked back at.
pub fn end(play: &mut Play) -> Vec<Effect> {
    if play.back.is_some() { leave(play) } else { Vec::new() }
}

/// Looks at the screen again.
fn leave(play: &mut Play) -> Vec<Effect> {
    play.looks += 1;
    (play.back, play.link) = (None, None);
    vec![Effect::StopRewind(play.looks)]
}

/// Rows on which the lines are shown.
fn height(state: &State) -> usize {
    let area = Rect::new(0, 0, state.size.0, state.size.1);
    state.play.as_ref().map_or(1, |play| usize::from(layout::play(play, area).screen.height.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::fixture;
    use crate::replay::links;
    use crate::replay::update;
    use crate::term::History;
    use crate::term::Screen;

    /// Lines as they leave a screen of 10 columns and 2 rows, a second each.
    fn stretch(output: &[&str], is_last: bool) -> Stretch {
        let mut screen = Screen::new(10, 2);
        let mut history = History::within(1 << 20);
        for (text, time) in output.iter().zip(1..) {
            history.stamp = time * 1_000_000;
            screen.feed_into(text, &mut history);
        }
        let on_screen = screen.main_rows(99_000_000);
        let rows = history.into_rows().into_iter().chain(on_screen.clone()).collect();
        Stretch { rows, on_screen: on_screen.len(), is_last, ..Stretch::default() }
    }

    fn opened(output: &[&str], is_last: bool) -> State {
        let mut state = fixture::playing();
        let effects = update::update(&mut state, Action::LookBack);
        assert!(matches!(effects[..], [Effect::Rewind(1, _)]), "{effects:?}");
        state.play.as_mut().unwrap().back.as_mut().unwrap().take(stretch(output, is_last));
        state
    }

    fn back(state: &State) -> &Back {
        state.play.as_ref().unwrap().back.as_ref().unwrap()
    }

    fn text(row: &Row) -> String {
        row.cells.iter().map(|cell| cell.character).collect()
    }

    fn lines(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("line {n}\r\n")).collect()
    }

    #[test]
    fn the_lines_scroll_within_what_there_is() {
        let lines = lines(200);
        let mut state = opened(&lines.iter().map(String::as_str).collect::<Vec<_>>(), true);
        let height = height(&state);
        let shown = |state: &State| back(state).shown(height);
        let all = back(&state).rows.len();
        assert_eq!((all, back(&state).on_screen), (200, 1));
        assert_eq!(shown(&state).end, all - (height - 1), "a page up, as it opens");
        update::update(&mut state, Action::SeekStart);
        assert_eq!(shown(&state), 0..height);
        update::update(&mut state, Action::Up);
        update::update(&mut state, Action::Down);
        assert_eq!(shown(&state).start, 1);
        update::update(&mut state, Action::SeekEnd);
        assert_eq!(shown(&state).end, all);
        assert_eq!(wheel(&mut state, true), []);
        assert_eq!(shown(&state).end, all - 3);
        wheel(&mut state, false);
        assert!(matches!(wheel(&mut state, false)[..], [Effect::StopRewind(2)]), "down to where it began");
        assert!(state.play.as_ref().unwrap().back.is_none());
        // What is asked for now is not what comes from before.
        wheel(&mut state, true);
        assert_eq!(back(&state).number, 3);
    }

    #[test]
    fn a_search_goes_back_also_through_lines_that_come_later_and_joins_those_that_wrap() {
        let mut state = opened(
            &["one\r\n", "two needle\r\n", "three\r\n", "four\r\n", "12345678nee", "dle\r\n\r\n"],
            false,
        );
        update::update(&mut state, Action::SeekEnd);
        assert!(search(&mut state, "needle"));
        let hit = |state: &State| {
            let back = back(state);
            back.hit.map(|hit| text(&back.rows[back.rows.len() - hit]))
        };
        assert_eq!(hit(&state).unwrap(), "edle", "the last cell of it");
        assert_eq!(back(&state).found(0..back(&state).rows.len()).len(), 12);
        update::update(&mut state, Action::NextHit);
        assert_eq!(hit(&state).unwrap(), "two needle");
        update::update(&mut state, Action::NextHit);
        assert_eq!(back(&state).search_words(), "looking further back …");
        let older = stretch(&["needle zero\r\n", "x\r\n", "y\r\n"], true);
        state.play.as_mut().unwrap().back.as_mut().unwrap().take(Stretch { on_screen: 0, ..older });
        assert_eq!(hit(&state).unwrap(), "needle zer");
        update::update(&mut state, Action::PreviousHit);
        assert_eq!(hit(&state).unwrap(), "two needle");
        // Enter goes to the moment just before it left; the search ends with it.
        let effects = update::update(&mut state, Action::Open);
        assert!(
            matches!(effects[..], [Effect::StopRewind(_), Effect::Goto(Micros(2_999_999))]),
            "{effects:?}"
        );
        assert!(search(&mut state, "x") == state.play.as_ref().unwrap().back.is_some());
    }

    #[test]
    fn links_among_the_lines_are_looked_at_as_on_the_screen() {
        let link = |target: &str, text: &str| format!("\x1b]8;;{target}\x07{text}\x1b]8;;\x07");
        let first = format!("a {}\r\n", link("https://evil.example/", "github.com"));
        let second = format!("{}\r\nb\r\nc\r\n", link("https://a.example/", "here"));
        let mut state = opened(&[&first, &second], true);
        update::update(&mut state, Action::SeekStart);
        let links = |state: &State| links::shown(state.play.as_ref().unwrap(), 3);
        let all = links(&state);
        assert_eq!(
            all.iter().map(|link| link.text.as_str()).collect::<Vec<_>>(),
            ["github.com", "here"],
            "joined"
        );
        assert!(
            all[0].cells.contains(&(9, 0)) && all[0].cells.contains(&(1, 1)) && !all[0].doubts().is_empty()
        );
        // What stands above is not marked, and the text is read whole all the same.
        state.play.as_mut().unwrap().back.as_mut().unwrap().below = 1;
        let all = links(&state);
        assert_eq!((all[0].text.as_str(), &all[0].cells[..]), ("github.com", &[(0, 0), (1, 0)][..]));
        let number = |state: &State| state.play.as_ref().unwrap().link.map(|choice| choice.number);
        update::update(&mut state, Action::ShowLinks);
        assert_eq!(number(&state), Some(0), "the doubtful one first");
        update::update(&mut state, Action::Down);
        assert_eq!(number(&state), Some(1));
        update::update(&mut state, Action::Back);
        assert!(number(&state).is_none() && state.play.as_ref().unwrap().back.is_some());
        update::update(&mut state, Action::ShowLinks);
        wheel(&mut state, true);
        assert!(number(&state).is_none() && state.play.as_ref().unwrap().back.is_some());
        let mut state = opened(&["a\r\n", "b\r\n", "c\r\n"], true);
        update::update(&mut state, Action::ShowLinks);
        assert!(state.notice.unwrap().contains("no link on these lines"));
    }

    #[test]
    fn whatever_goes_elsewhere_ends_it() {
        for action in [Action::TogglePlay, Action::StepForward, Action::SeekPercent(10), Action::NextCall] {
            let mut state = opened(&["a\r\n", "b\r\n", "c\r\n"], true);
            let effects = update::update(&mut state, action);
            assert!(matches!(effects[0], Effect::StopRewind(2)), "{action:?}");
            assert!(state.play.as_ref().unwrap().back.is_none());
        }
        let mut state = opened(&[], true);
        for action in [Action::Up, Action::PageUp, Action::NextHit, Action::PreviousHit, Action::SeekStart] {
            update::update(&mut state, action);
        }
        assert!(search(&mut state, "x") && back(&state).search_words() == "not found");
        update::update(&mut state, Action::Back);
        assert!(back(&state).wanted.is_none());
        assert!(matches!(update::update(&mut state, Action::Back)[..], [Effect::StopRewind(2)]));
    }
}
