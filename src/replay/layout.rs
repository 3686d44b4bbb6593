//! Where things stand: worked out once, for drawing and for the mouse alike.

use ratatui::layout::Rect;

use crate::replay::finder::places;
use crate::replay::panes::Tab;
use crate::replay::play::Play;
use crate::replay::questions::Which;
use crate::replay::state::State;

/// Columns from which the list may stand beside the screen, if both fit; else it stands below.
const BESIDE: u16 = 100;
/// Columns of a list beside the screen.
const LIST_COLUMNS: (u16, u16) = (34, 150);
/// Columns and rows of a list from which its columns have names.
const NAMED: (u16, u16) = (40, 6);
/// Rows of the body from which the detail leaves room for the screen.
const TALL: u16 = 36;
/// Rows of the body from which a list below the screen leaves room for the screen.
const BELOW: u16 = 14;

/// An open recording.
#[derive(Clone, Copy, Debug)]
pub struct PlayLayout {
    /// Title bar.
    pub title: Rect,
    /// The recorded screen; empty when something covers it.
    pub screen: Rect,
    /// The list with all that belongs to it; empty when hidden.
    pub list: Rect,
    /// Its tabs.
    pub tabs: Rect,
    /// What narrows it; empty when nothing does.
    pub note: Rect,
    /// Names of its columns; empty when they have none.
    pub names: Rect,
    /// Its rows.
    pub rows: Rect,
    /// Whether the list stands beside the screen.
    pub beside: bool,
    /// All about the chosen entry; empty when hidden.
    pub detail: Rect,
    /// The line with the timeline.
    pub bar: Rect,
    /// The timeline in it.
    pub track: Rect,
    /// Hints.
    pub footer: Rect,
}

/// Cuts `rows` rows off the top of `area`.
pub fn take(area: &mut Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    let top = Rect { height: rows, ..*area };
    area.y += rows;
    area.height -= rows;
    top
}

/// Cuts `rows` rows off the bottom of `area`.
pub fn take_bottom(area: &mut Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    area.height -= rows;
    Rect { y: area.y + area.height, height: rows, ..*area }
}

/// An open recording on `area`.
#[must_use]
pub fn play(play: &Play, area: Rect) -> PlayLayout {
    let mut layout = panes(play, area);
    let mut list = layout.list;
    layout.tabs = take(&mut list, 1);
    if play.panes.is_narrowed() || play.panes.tab == Tab::Approvals && play.questions.which != Which::All {
        layout.note = take(&mut list, 1);
    }
    let is_named = matches!(play.panes.tab, Tab::Calls | Tab::Commands);
    if is_named && list.width >= NAMED.0 && list.height >= NAMED.1 {
        layout.names = take(&mut list, 1);
    }
    layout.rows = list;
    layout
}

fn panes(play: &Play, area: Rect) -> PlayLayout {
    let none = Rect { width: 0, height: 0, ..area };
    let mut layout = PlayLayout {
        title: none,
        screen: area,
        list: none,
        tabs: none,
        note: none,
        names: none,
        rows: none,
        beside: false,
        detail: none,
        bar: none,
        track: none,
        footer: none,
    };
    if play.zoom {
        return layout;
    }
    let mut body = area;
    layout.title = take(&mut body, 1);
    layout.footer = take_bottom(&mut body, 1);
    layout.bar = take_bottom(&mut body, 1);
    let (before, after) = bar_words(play, area.width);
    let track = area.width.saturating_sub(columns(&before) + columns(&after));
    layout.track = Rect { x: layout.bar.x + columns(&before), width: track, ..layout.bar };
    layout.screen = body;
    let cols = play.frame.as_ref().map_or(80, |frame| frame.screen.cols);
    let roomy = area.width >= cols.saturating_add(LIST_COLUMNS.0 + 1) && area.width >= BESIDE;
    let shown = play.list.unwrap_or(roomy && !play.moments.is_empty());
    if shown && roomy {
        let free = area.width.saturating_sub(cols.saturating_add(1));
        let width = free.clamp(LIST_COLUMNS.0, LIST_COLUMNS.1).min(area.width / 2);
        layout.beside = true;
        layout.screen.width = area.width - width - 1;
        layout.list = Rect { x: body.x + area.width - width, width, ..body };
        if play.shows_detail() {
            layout.detail = take_bottom(&mut layout.list, body.height * 3 / 5);
        }
        return layout;
    }
    if shown {
        if body.height >= BELOW {
            // Facts are read, not walked through.
            let part = if play.panes.tab == Tab::Session { body.height * 2 / 3 } else { body.height / 3 };
            layout.list = take_bottom(&mut layout.screen, part);
        } else {
            layout.list = body;
            layout.screen = none;
        }
    }
    if play.shows_detail() {
        layout.list = none;
        if body.height >= TALL {
            layout.screen = body;
            layout.detail = take_bottom(&mut layout.screen, body.height / 2);
        } else {
            layout.detail = body;
            layout.screen = none;
        }
    }
    layout
}

/// The words before and after the timeline.
#[must_use]
pub fn bar_words(play: &Play, width: u16) -> (String, String) {
    let sign = match play.playing {
        _ if play.is_behind() => '…',
        true => '▶',
        false => '‖',
    };
    let duration = clock(play.duration().0, false);
    let now = clock(play.position.0, width >= 60);
    let room = clock(play.duration().0, width >= 60).len();
    let before = format!(" {sign} {now:>room$} ");
    let mut after = format!(" {duration} {} ", play.speed.words());
    if width >= 60 {
        let seconds = play.idle_limit.0 / 1_000_000;
        let pauses =
            if play.short_pauses { format!("pauses≤{seconds}s ") } else { "all pauses ".to_owned() };
        after.push_str(&pauses);
    }
    (before, after)
}

fn columns(text: &str) -> u16 {
    u16::try_from(crate::term::width(text)).unwrap_or(u16::MAX)
}

/// `1:02:03`, without hours when there are none, with tenths if asked for.
#[must_use]
pub fn clock(micros: u64, tenths: bool) -> String {
    let (seconds, tenth) = (micros / 1_000_000, micros / 100_000 % 10);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let mut text = if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    };
    if tenths {
        text.push_str(&format!(".{tenth}"));
    }
    text
}

/// How many rows of a list a page is.
#[must_use]
pub fn page(state: &State) -> usize {
    let area = Rect::new(0, 0, state.size.0, state.size.1);
    let rows = match &state.play {
        Some(open) => play(open, area).rows.height,
        None => places::places(state).rows.height,
    };
    usize::from(rows.max(2)) - 1
}

/// The first row shown of a list of `total` rows, `height` of which fit, so that `selected` is among them and
/// stands in the middle where it can.
#[must_use]
pub fn top(selected: usize, total: usize, height: usize) -> usize {
    selected.saturating_sub(height / 2).min(total.saturating_sub(height))
}

/// The corner of what is shown in `pane` columns and rows: of the lines that are looked back at, else of the recorded screen.
#[must_use]
pub fn corner(play: &Play, pane: (u16, u16)) -> (u16, u16) {
    play.back.as_ref().map_or_else(|| window(play, pane), |back| (back.left, 0))
}

/// The corner of the recorded screen's part that is shown in `pane` columns and rows.
#[must_use]
pub fn window(play: &Play, pane: (u16, u16)) -> (u16, u16) {
    let Some(frame) = &play.frame else { return (0, 0) };
    let screen = &frame.screen;
    let most = (screen.cols.saturating_sub(pane.0), screen.rows.saturating_sub(pane.1));
    let (x, y) = play.pan.unwrap_or_else(|| {
        let (col, row) = play.search.place.unwrap_or(screen.focus);
        // The left edge stays in sight for as long as the cursor does too.
        let x = if col < pane.0 { 0 } else { col - pane.0 + 1 + pane.0 / 4 };
        (x, (row + 1).saturating_sub(pane.1))
    });
    (x.min(most.0), y.min(most.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::deck::Source;
    use crate::replay::detail::Detail;

    #[test]
    fn parts_never_overlap_or_leave_the_area() {
        let source = Source { cast: "x".into(), audit: None };
        let mut open = Play::new(1, source, String::new());
        for (width, height) in [(40, 12), (80, 24), (80, 50), (120, 30), (200, 50), (300, 80), (41, 13)] {
            for (list, detail) in [(false, false), (true, false), (true, true), (false, true)] {
                open.list = Some(list);
                open.detail = detail.then(Detail::default);
                let area = Rect::new(0, 0, width, height);
                let l = play(&open, area);
                let parts = [l.title, l.screen, l.list, l.detail, l.bar, l.footer];
                for (index, part) in parts.iter().enumerate() {
                    assert_eq!(part.intersection(area), *part, "{width}x{height} part {index}");
                    for other in &parts[index + 1..] {
                        assert!(part.is_empty() || other.is_empty() || !part.intersects(*other), "{l:?}");
                    }
                }
                assert!(l.track.width >= 12, "{l:?}");
            }
        }
    }

    #[test]
    fn the_chosen_row_is_always_shown() {
        for selected in 0..50 {
            let first = top(selected, 50, 7);
            assert!((first..first + 7).contains(&selected) && first + 7 <= 50);
        }
        assert_eq!(top(3, 4, 7), 0);
    }
}
