//! Keys, the mouse and news of workers, turned into changes of the state.

use crossterm::event::Event as TerminalEvent;
use crossterm::event::KeyCode;
use crossterm::event::KeyEvent;
use crossterm::event::KeyEventKind;
use crossterm::event::KeyModifiers;
use crossterm::event::MouseButton;
use crossterm::event::MouseEvent;
use crossterm::event::MouseEventKind;
use ratatui::layout::Position;
use ratatui::layout::Rect;

use crate::replay::action::Action;
use crate::replay::entries;
use crate::replay::going;
use crate::replay::going::Place;
use crate::replay::help;
use crate::replay::layout;
use crate::replay::look;
use crate::replay::message::Message;
use crate::replay::message::News;
use crate::replay::moments::Moments;
use crate::replay::press::press;
use crate::replay::questions::Questions;
use crate::replay::state::State;
use crate::replay::update;
use crate::replay::update::Effect;
use crate::types::Micros;

/// Longest filter or search, in characters.
const MAX_TYPED: usize = 200;
/// Longest title taken from a recording, in characters.
const MAX_TITLE: usize = 500;

/// Takes one message.
pub fn receive(state: &mut State, message: Message) -> Vec<Effect> {
    match message {
        Message::Terminal(event) => terminal(state, event),
        Message::TerminalLost(_) | Message::Leave => vec![Effect::Quit],
        Message::Stop => vec![Effect::Suspend],
        Message::Continue => vec![Effect::Redraw],
        Message::Answer(answer) => look::answered(state, answer),
        Message::Themes(offers) => look::listed(state, offers),
        Message::Sessions(read) => {
            state.sessions.read = Some(read);
            state.sessions.refresh(&state.zone);
            Vec::new()
        }
        Message::Recording(ticket, news) => {
            if state.play.as_ref().is_some_and(|play| play.ticket == ticket) {
                told(state, news)
            } else {
                Vec::new()
            }
        }
    }
}

fn told(state: &mut State, news: News) -> Vec<Effect> {
    let Some(play) = &mut state.play else { return Vec::new() };
    match news {
        News::Opened(header) => {
            if play.title.is_empty() {
                let title = header.title.as_ref().or(header.command.as_ref());
                play.title = title.map(|title| title.chars().take(MAX_TITLE).collect()).unwrap_or_default();
            }
            play.header = Some(*header);
            if let Some(from @ (Place::At(_) | Place::Event(_))) = state.pacing.from {
                return begin_at(state, from);
            }
        }
        News::Failed(error) => play.error = Some(error),
        News::Frame(frame) => play.receive(frame),
        News::Overview(overview) => {
            // With an audit log the markers say again what its calls and commands say.
            if !play.has_audit {
                let markers: Vec<_> =
                    overview.markers.iter().map(|(at, name)| entries::marker(*at, name)).collect();
                play.set_moments(Moments::new(markers));
            }
            let is_first = play.overview.replace(overview).is_none();
            if play.live || is_first && play.grows && state.pacing.from.is_none() {
                return vec![Effect::Goto(play.go_live())];
            }
            if let Some(place) = play.later.take() {
                state.notice = None;
                return begin_at(state, place);
            }
            return told_of_damage(state, is_first);
        }
        News::Notice(words) => state.notice = Some(words),
        News::Ended => {
            play.grows = false;
            play.playing &= !play.live;
            play.live = false;
            state.notice = Some("it has ended".to_owned());
        }
        News::Moments(moments, asked) => {
            play.has_audit = true;
            play.questions = Questions::new(asked);
            play.set_moments(*moments);
        }
        News::Hits(number, hits) if number == play.search.number => {
            play.search.hits.extend(hits);
            return jump_to_hit(state);
        }
        News::SearchDone(number) if number == play.search.number => {
            play.search.done = true;
            return jump_to_hit(state);
        }
        News::Hits(..) | News::SearchDone(_) => {}
    }
    Vec::new()
}

/// Says what is wrong with lines that cannot be read, once.
fn told_of_damage(state: &mut State, is_first: bool) -> Vec<Effect> {
    let overview = state.play.as_ref().and_then(|play| play.overview.as_ref()).filter(|_| is_first);
    if let Some((overview, fault)) = overview.and_then(|all| Some((all, all.first_fault.as_ref()?))) {
        let more = overview.unread - 1;
        let others = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        state.notice = Some(format!("{fault}{others}"));
    }
    Vec::new()
}

/// Goes where it is to begin, and plays on from there.
fn begin_at(state: &mut State, from: Place) -> Vec<Effect> {
    let Some(play) = &mut state.play else { return Vec::new() };
    if let Place::Event(number) = from {
        play.stepping = Some(number);
        return vec![Effect::Step(number)];
    }
    let at = match from {
        Place::At(at) => at,
        Place::Percent(percent) => going::part(play.duration(), percent),
        Place::Event(_) | Place::End => play.duration(),
    };
    // How long it is may not be known yet.
    play.expected = play.expected.max(Some(at));
    vec![Effect::Goto(play.seek(at))]
}

/// Goes to the first hit from here on; around the end only when the search is through.
fn jump_to_hit(state: &mut State) -> Vec<Effect> {
    let Some(play) = &mut state.play else { return Vec::new() };
    if !play.search.jump {
        return Vec::new();
    }
    let ahead = play.search.hits.iter().find(|hit| hit.at >= play.position);
    let found = ahead.or_else(|| play.search.hits.first().filter(|_| play.search.done));
    match found.map(|hit| hit.at) {
        Some(at) => {
            play.search.jump = false;
            vec![Effect::Goto(play.seek_hit(at))]
        }
        None => {
            if play.search.done {
                play.search.jump = false;
                state.notice = Some(format!("`{}` appears nowhere in this recording", play.search.text));
            }
            Vec::new()
        }
    }
}

fn terminal(state: &mut State, event: TerminalEvent) -> Vec<Effect> {
    match event {
        TerminalEvent::Key(key) if key.kind != KeyEventKind::Release => self::key(state, key),
        TerminalEvent::Mouse(mouse) => self::mouse(state, mouse),
        TerminalEvent::Resize(cols, rows) => {
            state.size = (cols, rows);
            Vec::new()
        }
        TerminalEvent::Paste(text) => {
            let typed = text.chars().filter(|c| !c.is_control());
            typed.flat_map(|c| self::key(state, KeyEvent::from(KeyCode::Char(c)))).collect()
        }
        _ => Vec::new(),
    }
}

fn key(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    if help::typing(state, key) {
        return Vec::new();
    }
    let is_covered = state.help.is_some() || state.picker.is_some();
    if !is_covered && let Some(effects) = typing(state, key) {
        state.pending.clear();
        return effects;
    }
    match press(state, &key) {
        Some(effects) => effects,
        None if is_covered => Vec::new(),
        None => begin_filter(state, key),
    }
}

/// In the list, a letter that means nothing begins a filter.
fn begin_filter(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    let KeyCode::Char(c) = key.code else { return Vec::new() };
    let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    if plain && state.play.is_none() && state.help.is_none() && c.is_alphanumeric() {
        state.sessions.typing = true;
        state.sessions.filter.push(c);
        state.sessions.refresh(&state.zone);
    }
    Vec::new()
}

/// Takes the key as text, if text is being typed.
fn typing(state: &mut State, key: KeyEvent) -> Option<Vec<Effect>> {
    let searching = state.typed.is_some();
    let filtering = state.play.is_none() && state.sessions.typing;
    if !searching && !filtering {
        return None;
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let text = state.typed.as_mut().unwrap_or(&mut state.sessions.filter);
    match key.code {
        KeyCode::Char('u') if control => text.clear(),
        KeyCode::Char('w') if control => {
            let kept = text.trim_end().rfind(' ').map_or(0, |at| at + 1);
            text.truncate(kept);
        }
        KeyCode::Char('c' | 'z' | 'p' | 'n') if control => return None,
        KeyCode::Char(_) if key.modifiers.contains(KeyModifiers::ALT) => {}
        KeyCode::Char(c) if !control && text.chars().count() < MAX_TYPED => text.push(c),
        KeyCode::Backspace if text.is_empty() => return Some(cancel(state)),
        KeyCode::Backspace => drop(text.pop()),
        KeyCode::Esc => return Some(cancel(state)),
        KeyCode::Enter if searching => {
            let text = state.typed.take().unwrap_or_default();
            let going = std::mem::take(&mut state.going);
            let act = if going { update::go_to } else { update::begin_search };
            return Some(act(state, &text));
        }
        _ if searching => {}
        // Arrows and Enter work on the list while its filter is typed.
        _ => return None,
    }
    if !searching {
        state.sessions.refresh(&state.zone);
    }
    Some(Vec::new())
}

fn cancel(state: &mut State) -> Vec<Effect> {
    if state.typed.take().is_none() {
        state.sessions.typing = false;
        state.sessions.filter.clear();
        state.sessions.refresh(&state.zone);
    }
    Vec::new()
}

fn mouse(state: &mut State, mouse: MouseEvent) -> Vec<Effect> {
    if state.is_too_small() {
        return Vec::new();
    }
    if state.help.is_none()
        && let Some(effects) = look::mouse(state, mouse)
    {
        return effects;
    }
    let at = Position::new(mouse.column, mouse.row);
    match mouse.kind {
        MouseEventKind::ScrollUp => update::update(state, Action::Up),
        MouseEventKind::ScrollDown => update::update(state, Action::Down),
        MouseEventKind::Down(MouseButton::Left) | MouseEventKind::Drag(MouseButton::Left) => {
            if state.help.take().is_some() {
                return Vec::new();
            }
            let pressed = matches!(mouse.kind, MouseEventKind::Down(_));
            if state.play.is_some() {
                click_recording(state, at, pressed)
            } else {
                click_sessions(state, at, pressed)
            }
        }
        _ => Vec::new(),
    }
}

fn click_sessions(state: &mut State, at: Position, pressed: bool) -> Vec<Effect> {
    let rows = layout::sessions(area(state)).rows;
    let list = &mut state.sessions;
    if !pressed || !rows.contains(at) {
        return Vec::new();
    }
    let first = layout::top(list.selected, list.shown.len(), usize::from(rows.height));
    let row = first + usize::from(at.y - rows.y);
    if row == list.selected {
        return update::update(state, Action::Open);
    }
    if row < list.shown.len() {
        list.selected = row;
    }
    Vec::new()
}

fn click_recording(state: &mut State, at: Position, pressed: bool) -> Vec<Effect> {
    let area = area(state);
    let Some(play) = &mut state.play else { return Vec::new() };
    let layout = layout::play(play, area);
    if layout.track.contains(at) {
        let cells = u64::from(layout.track.width.max(2) - 1);
        if !play.knows_length() {
            let part = f64::from(at.x - layout.track.x) / f64::from(layout.track.width.max(2) - 1);
            play.later = Some(Place::Percent(100.0 * part));
            return Vec::new();
        }
        let moment = play.duration().0 / cells * u64::from(at.x - layout.track.x)
            + play.duration().0 % cells * u64::from(at.x - layout.track.x) / cells;
        return vec![Effect::Goto(play.seek(Micros(moment)))];
    }
    let rows = Rect { y: layout.list.y + 1, height: layout.list.height.saturating_sub(1), ..layout.list };
    if pressed && rows.contains(at) {
        let (selected, count) = play.list_place();
        let first = layout::top(selected, count, usize::from(rows.height));
        let row = first + usize::from(at.y - rows.y);
        if row == selected {
            return update::update(state, Action::Open);
        }
        if row < count {
            *play.list_choice() = row;
            play.follows = false;
        }
        return Vec::new();
    }
    if pressed && layout.screen.contains(at) {
        return update::update(state, Action::TogglePlay);
    }
    Vec::new()
}

fn area(state: &State) -> Rect {
    Rect::new(0, 0, state.size.0, state.size.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::fixture;
    use crate::replay::message::Hit;

    fn press(state: &mut State, text: &str) -> Vec<Effect> {
        text.chars()
            .flat_map(|c| {
                let code = match c {
                    '\n' => KeyCode::Enter,
                    '\u{1b}' => KeyCode::Esc,
                    '\u{8}' => KeyCode::Backspace,
                    c => KeyCode::Char(c),
                };
                receive(state, Message::Terminal(TerminalEvent::Key(KeyEvent::from(code))))
            })
            .collect()
    }

    fn click(state: &mut State, column: u16, row: u16) -> Vec<Effect> {
        let kind = MouseEventKind::Down(MouseButton::Left);
        let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
        receive(state, Message::Terminal(TerminalEvent::Mouse(event)))
    }

    #[test]
    fn typing_filters_the_list_and_escape_brings_it_back() {
        let mut state = fixture::list();
        let all = state.sessions.shown.len();
        press(&mut state, "vim");
        assert_eq!(state.sessions.shown.len(), 1);
        press(&mut state, "q");
        assert!(state.sessions.typing && state.sessions.shown.is_empty());
        press(&mut state, "\u{8}");
        assert!(matches!(&press(&mut state, "\n")[..], [Effect::Open(..)]));
        press(&mut state, "\u{1b}");
        assert_eq!(state.sessions.filter, "vim");
        press(&mut state, "\u{1b}");
        assert_eq!(state.sessions.shown.len(), all);
        assert_eq!(press(&mut state, "q"), [Effect::Quit]);
    }

    #[test]
    fn a_search_jumps_to_its_first_hit_from_here_on() {
        let mut state = fixture::playing();
        let ticket = state.play.as_ref().unwrap().ticket;
        state.play.as_mut().unwrap().position = Micros(5_000_000);
        let effects = press(&mut state, "/err\n");
        assert!(matches!(&effects[..], [Effect::Search(1, _)]), "{effects:?}");
        let hits = [1, 7, 9].map(|s| Hit { at: Micros(s * 1_000_000) }).to_vec();
        let effects = receive(&mut state, Message::Recording(ticket, News::Hits(1, hits)));
        assert_eq!(effects, [Effect::Goto(Micros(7_000_000))]);
        assert_eq!(press(&mut state, "n"), [Effect::Goto(Micros(9_000_000))]);
        assert_eq!(press(&mut state, "n"), [Effect::Goto(Micros(1_000_000))]);
        assert_eq!(press(&mut state, "N"), [Effect::Goto(Micros(9_000_000))]);
    }

    #[test]
    fn a_click_on_the_timeline_goes_there() {
        let mut state = fixture::playing();
        let play = state.play.as_ref().unwrap();
        let (track, duration) = (layout::play(play, area(&state)).track, play.duration());
        assert_eq!(click(&mut state, track.x, track.y), [Effect::Goto(Micros(0))]);
        assert_eq!(click(&mut state, track.x + track.width - 1, track.y), [Effect::Goto(duration)]);
    }

    #[test]
    fn news_of_a_recording_closed_before_are_ignored() {
        let mut state = fixture::playing();
        let news = News::SearchDone(0);
        assert!(receive(&mut state, Message::Recording(999, news)).is_empty());
    }
}
