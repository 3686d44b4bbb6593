//! An open recording: title, screen, list, detail, timeline, hints.

use ratatui::layout::Rect;

use crate::replay::action::Action;
use crate::replay::keymap::Context;
use crate::replay::layout;
use crate::replay::layout::PlayLayout;
use crate::replay::play::Play;
use crate::replay::state::State;
use crate::replay::state::Typing;
use crate::replay::theme::Meaning;
use crate::replay::update;
use crate::replay::view::back;
use crate::replay::view::detail;
use crate::replay::view::entries;
use crate::replay::view::links;
use crate::replay::view::pen::Pen;
use crate::replay::view::pen::titled;
use crate::replay::view::screen;
use crate::replay::view::timeline;
use crate::term::fit;
use crate::term::safe;
use crate::term::width;

/// Columns from which the title bar says which part of a cut screen is shown.
const ROOMY: u16 = 60;

/// Draws the recording on `area`.
pub fn draw(state: &State, play: &Play, area: Rect, pen: &mut Pen<'_>) {
    let layout = layout::play(play, area);
    title(play, &layout, pen);
    match (&play.frame, &play.error) {
        (None, Some(error)) => pen.paragraph(layout.screen, &error.report("hoop-replay"), Meaning::Error),
        _ => match &play.back {
            Some(lines) => back::draw(play, lines, layout.screen, pen),
            None => screen::draw(play, layout.screen, pen),
        },
    }
    links::draw(play, layout.screen, pen);
    border(&layout, pen);
    entries::draw(play, &layout, pen);
    detail::draw(play, layout.detail, pen);
    timeline::draw(play, &layout, pen);
    footer(state, play, &layout, pen);
}

fn title(play: &Play, layout: &PlayLayout, pen: &mut Pen<'_>) {
    if layout.title.is_empty() {
        return;
    }
    let mut notes = Vec::new();
    if play.grows {
        notes.push(if play.live { "live".to_owned() } else { "running".to_owned() });
    }
    if let Some(overview) = &play.overview {
        if overview.truncated && !play.grows {
            notes.push("cut off".to_owned());
        }
        if overview.unread > 0 {
            notes.push(format!("{} bad lines", overview.unread));
        }
    }
    notes.extend(size_words(play, layout.screen, layout.title.width));
    let note = notes.join(", ");
    let room = usize::from(layout.title.width).saturating_sub(width(&note) + 3);
    let name =
        if play.title.is_empty() { play.source.cast.display().to_string() } else { play.title.clone() };
    let text = format!(" {} {note} ", titled(&name, room));
    pen.row(layout.title, Meaning::Bar, &[(&text, Meaning::Bar)]);
}

/// The recorded screen's size, and which part of it is shown when not all is.
fn size_words(play: &Play, pane: Rect, room: u16) -> Option<String> {
    let screen = &play.frame.as_ref().filter(|_| !pane.is_empty())?.screen;
    let cut = screen.cols > pane.width || screen.rows > pane.height;
    if room < ROOMY {
        return Some(format!("{}x{}{}", screen.cols, screen.rows, if cut { " cut" } else { "" }));
    }
    let (x, y) = layout::window(play, (pane.width, pane.height));
    let mut words = format!("{}x{}", screen.cols, screen.rows);
    if screen.cols > pane.width {
        words.push_str(&format!(", columns {}-{}", x + 1, x + pane.width));
    }
    if screen.rows > pane.height {
        words.push_str(&format!(", rows {}-{}", y + 1, y + pane.height));
    }
    Some(words)
}

fn border(layout: &PlayLayout, pen: &mut Pen<'_>) {
    if layout.beside {
        let x = layout.screen.x + layout.screen.width;
        for y in layout.screen.y..layout.screen.y + layout.screen.height {
            pen.text(Rect { x, y, width: 1, height: 1 }, "│", Meaning::Border);
        }
    }
}

fn footer(state: &State, play: &Play, layout: &PlayLayout, pen: &mut Pen<'_>) {
    let area = layout.footer;
    if area.is_empty() {
        return;
    }
    let bar = Meaning::Bar;
    if let Some(text) = &state.typed {
        let (sign, verb) = match state.typing {
            Typing::Moment => (" :", " go "),
            Typing::Search => (" /", " search "),
            Typing::Filter => (" &", " keep "),
            Typing::Find => (" find: ", " find "),
        };
        let keys = [("  Enter", Meaning::Key), (verb, bar), (" Esc", Meaning::Key), (" cancel", bar)];
        let why = state.notice.as_deref().map(|why| format!("  {why} ")).unwrap_or_default();
        let typed = [(sign, Meaning::Key), (text.as_str(), bar), ("▌", bar), (&why, Meaning::Error)];
        return pen.row(area, bar, &[typed.as_slice(), &keys].concat());
    }
    if let Some((words, meaning)) = timeline::words(play, layout) {
        return pen.row(area, bar, &[(words.as_str(), meaning)]);
    }
    if let Some(notice) = &state.notice {
        return pen.row(area, bar, &[(" ", bar), (notice, bar)]);
    }
    if let Some(lines) = &play.back {
        return back::footer(lines, layout.screen.height, area, pen);
    }
    if let (Some(error), true) = (&play.error, play.frame.is_some()) {
        return pen.row(area, bar, &[(" ! ", Meaning::Key), (&error.to_string(), bar)]);
    }
    if play.search.is_shown() {
        let words = format!(" {} ", search_words(play));
        let key = |action| format!(" {}", pen.keys.first(Context::Recording, action, pen.ascii));
        let [next, previous, end] = [Action::NextHit, Action::PreviousHit, Action::Back].map(key);
        let keys =
            [(next.as_str(), Meaning::Key), (" next ", bar), (&previous, Meaning::Key), (" previous ", bar)];
        let leave = if play.search.is_of_list { " back to the list" } else { " end search" };
        let end = [(end.as_str(), Meaning::Key), (leave, bar)];
        return pen.row(area, bar, &[[(words.as_str(), bar)].as_slice(), &keys, &end].concat());
    }
    pen.hints(area, update::context(state));
}

/// `"err" 2 of 17`, and a sign that more may come.
fn search_words(play: &Play) -> String {
    let search = &play.search;
    let here = search.hits.iter().position(|hit| hit.at == play.position);
    let place = here.map(|at| format!("{} of ", at + 1)).unwrap_or_default();
    let more = if search.done { "" } else { " …" };
    let hits = match (here, search.hits.len()) {
        (Some(_), _) => "",
        (None, 1) => " hit",
        (None, _) => " hits",
    };
    format!(
        "\"{}\" {place}{}{hits}{more}",
        fit(&safe(&search.text), width(&safe(&search.text)).min(20)),
        search.hits.len()
    )
}
