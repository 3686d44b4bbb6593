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
use crate::replay::back;
use crate::replay::diff;
use crate::replay::entries;
use crate::replay::facts;
use crate::replay::finder;
use crate::replay::finder::line;
use crate::replay::going;
use crate::replay::going::Place;
use crate::replay::help;
use crate::replay::keymap::Context;
use crate::replay::layout;
use crate::replay::linked;
use crate::replay::links;
use crate::replay::look;
use crate::replay::message::Message;
use crate::replay::message::News;
use crate::replay::message::Told;
use crate::replay::moments::Moments;
use crate::replay::panes::Tab;
use crate::replay::press::press;
use crate::replay::state::State;
use crate::replay::state::Typing;
use crate::replay::summary;
use crate::replay::tabs;
use crate::replay::timeline;
use crate::replay::timeline::Of;
use crate::replay::update;
use crate::replay::update::Effect;
use crate::types::Micros;

/// Longest search, in characters.
const MAX_TYPED: usize = 200;
/// Rows that the wheel moves the detail by.
const ROWS: usize = 3;
/// What a turn of the wheel over the timeline seeks.
const WHEEL: Micros = Micros(5_000_000);
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
        Message::ThemeKept(name, done) => {
            look::kept(state, name, done);
            Vec::new()
        }
        Message::Library(news) => finder::told(state, news),
        Message::Summary(ticket, found, is_done) => {
            summary::told(state, ticket, found, is_done);
            Vec::new()
        }
        Message::Compared(ticket, found) => {
            diff::told(state, ticket, found);
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
            play.facts = facts::rows(None, Some(&header), &state.zone);
            play.header = Some(*header);
            if let Some(from @ (Place::At(_) | Place::Event(_))) = state.pacing.from.filter(|_| !play.sought)
            {
                return begin_at(state, from);
            }
        }
        News::Failed(error) => {
            play.error = Some(error);
            // The list may still show what is gone.
            if state.sessions.caught_up {
                return vec![Effect::Library(finder::Wish::CatchUp)];
            }
        }
        News::Frame(frame) => play.receive(frame),
        News::Overview(overview) => {
            // With an audit log the markers say again what its calls and commands say.
            if !play.has_audit {
                let markers: Vec<_> =
                    overview.markers.iter().map(|(at, name)| entries::marker(*at, name)).collect();
                play.set_moments(Moments::new(markers), Vec::new());
            }
            let is_first = play.set_overview(overview);
            let may_go_live = play.grows && play.playing && !play.sought && state.pacing.from.is_none();
            if play.live || is_first && may_go_live {
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
        News::Told(told) => {
            let Told { moments, asked, alerts, facts } = *told;
            play.has_audit = true;
            play.facts = facts::rows(Some(&facts), play.header.as_ref(), &state.zone);
            play.questions.replace(asked);
            play.set_moments(moments, alerts);
        }
        News::Parts(number, lines, parts) => play.take_parts(number, lines, parts),
        News::LookedBack(number, stretch) => {
            if let Some(back) = play.back.as_mut().filter(|back| back.number == number) {
                back.take(stretch);
            }
        }
        News::Hits(number, hits) if number == play.search.number => {
            play.search.hits.extend(hits);
            return jump_to_hit(state);
        }
        News::SearchDone(number) if number == play.search.number => {
            play.search.done = true;
            return jump_to_hit(state);
        }
        News::Landed(number, Some(at)) if number == play.search.number => {
            return play.landed(at).map(Effect::Goto).into_iter().collect();
        }
        News::Hits(..) | News::SearchDone(_) | News::Landed(..) => {}
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
                let is_exact = play.search.text.chars().any(char::is_uppercase);
                let exact = if is_exact { "; capitals count: small letters find both" } else { "" };
                let text = &play.search.text;
                state.notice = Some(format!("`{text}` appears nowhere in this recording{exact}"));
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
        TerminalEvent::Paste(text) => pasted(state, &line::pasted(&text)),
        _ => Vec::new(),
    }
}

/// Takes pasted text where text is typed. Elsewhere its letters would be keys, of which nobody knows which.
fn pasted(state: &mut State, text: &str) -> Vec<Effect> {
    let is_covered = state.help.is_some() || state.picker.is_some();
    let in_list = matches!(update::context(state), Context::Sessions | Context::Query);
    if !is_covered && in_list {
        return finder::paste(state, text);
    }
    if state.help.as_ref().is_some_and(|help| help.typing) || !is_covered && state.typed.is_some() {
        return text.chars().flat_map(|c| self::key(state, KeyEvent::from(KeyCode::Char(c)))).collect();
    }
    state.notice = Some("pasted text goes where text is typed: / first".to_owned());
    Vec::new()
}

fn key(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    // The mouse may have left without a word.
    state.play.iter_mut().for_each(|play| play.hover = None);
    if help::typing(state, key) {
        return Vec::new();
    }
    let is_covered = state.help.is_some() || state.picker.is_some();
    if !is_covered && let Some(effects) = typing(state, key) {
        state.pending.clear();
        return effects;
    }
    press(state, &key).unwrap_or_default()
}

/// Takes the key as text, if text is being typed.
fn typing(state: &mut State, key: KeyEvent) -> Option<Vec<Effect>> {
    if matches!(update::context(state), Context::Sessions | Context::Query) && state.help.is_none() {
        return finder::key(state, key);
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let text = state.typed.as_mut()?;
    state.notice = None;
    match key.code {
        KeyCode::Char('u') if control => text.clear(),
        KeyCode::Char('w') if control => {
            let kept = text.trim_end().rfind(' ').map_or(0, |at| at + 1);
            text.truncate(kept);
        }
        KeyCode::Char('c' | 'z' | 'p' | 'n') if control => return None,
        KeyCode::Char(_) if key.modifiers.contains(KeyModifiers::ALT) => {}
        KeyCode::Char(c) if !control && text.chars().count() < MAX_TYPED => text.push(c),
        KeyCode::Backspace if !text.is_empty() => drop(text.pop()),
        KeyCode::Backspace | KeyCode::Esc => state.typed = None,
        KeyCode::Enter => {
            let text = state.typed.take().unwrap_or_default();
            return Some(typed(state, &text));
        }
        // The list that is narrowed can be walked meanwhile.
        KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown
            if state.typing == Typing::Filter =>
        {
            return None;
        }
        _ => {}
    }
    if let (Typing::Filter, Some(play)) = (state.typing, &mut state.play) {
        linked::filter(play, state.typed.as_deref().unwrap_or_default());
    }
    Some(Vec::new())
}

/// Does what a text was typed for.
fn typed(state: &mut State, text: &str) -> Vec<Effect> {
    match state.typing {
        Typing::Moment => update::go_to(state, text),
        Typing::Search => update::begin_search(state, text),
        Typing::Filter => Vec::new(),
        Typing::Find => {
            state.notice = state.play.as_mut().and_then(|play| play.find(text));
            Vec::new()
        }
    }
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
        MouseEventKind::ScrollUp if finder::scroll(state, at, false) => Vec::new(),
        MouseEventKind::ScrollDown if finder::scroll(state, at, true) => Vec::new(),
        MouseEventKind::ScrollUp | MouseEventKind::ScrollDown => {
            wheel(state, at, mouse.kind == MouseEventKind::ScrollUp)
        }
        MouseEventKind::Up(MouseButton::Left) => {
            state.play.iter_mut().for_each(|play| play.is_dragged = false);
            Vec::new()
        }
        MouseEventKind::Moved => {
            hover(state, at);
            Vec::new()
        }
        MouseEventKind::Down(MouseButton::Left) | MouseEventKind::Drag(MouseButton::Left) => {
            if state.help.take().is_some() {
                return Vec::new();
            }
            let pressed = matches!(mouse.kind, MouseEventKind::Down(_));
            match update::context(state) {
                Context::Summary => summary::click(state, at, pressed),
                Context::Diff => diff::click(state, at, pressed),
                Context::Recording => click_recording(state, at, pressed),
                _ => finder::click(state, at, pressed),
            }
        }
        _ => Vec::new(),
    }
}

/// Scrolls the detail if that is what the mouse is on.
fn scrolled_detail(state: &mut State, at: Position, up: bool) -> bool {
    let area = area(state);
    let is_help = state.help.is_some();
    let Some(play) = state.play.as_mut().filter(|_| !is_help) else { return false };
    let is_on = layout::play(play, area).detail.contains(at);
    let Some(detail) = play.detail.as_mut().filter(|_| is_on) else { return false };
    detail.scroll = if up { detail.scroll.saturating_sub(ROWS) } else { detail.scroll + ROWS };
    true
}

/// Remembers the column of the timeline that the mouse is on.
fn hover(state: &mut State, at: Position) {
    let area = area(state);
    if let Some(play) = &mut state.play {
        let track = layout::play(play, area).track;
        play.hover = track.contains(at).then(|| at.x.saturating_sub(track.x));
    }
}

/// Turns the wheel: what is below the mouse moves.
fn wheel(state: &mut State, at: Position, up: bool) -> Vec<Effect> {
    if scrolled_detail(state, at, up) {
        return Vec::new();
    }
    let area = area(state);
    let is_seen = state.help.is_none() && update::context(state) == Context::Recording;
    let over = state.play.as_ref().filter(|_| is_seen).map(|play| layout::play(play, area));
    let action = match over {
        Some(over) if over.screen.contains(at) => return back::wheel(state, up),
        Some(over) if over.bar.contains(at) && up => Action::SeekBack(WHEEL),
        Some(over) if over.bar.contains(at) => Action::SeekForward(WHEEL),
        _ if up => Action::Up,
        _ => Action::Down,
    };
    update::update(state, action)
}

fn click_recording(state: &mut State, at: Position, pressed: bool) -> Vec<Effect> {
    let area = area(state);
    let Some(play) = &mut state.play else { return Vec::new() };
    let layout = layout::play(play, area);
    if pressed {
        play.is_dragged = layout.track.contains(at);
    }
    if play.is_dragged && !layout.track.is_empty() {
        // Whoever holds the timeline need not stay on its row.
        let width = layout.track.width;
        let column = at.x.saturating_sub(layout.track.x).min(width - 1);
        let mut effects = back::end(play);
        play.link = None;
        if !play.knows_length() {
            play.seek_later(Place::Percent(100.0 * f64::from(column) / f64::from(width.max(2) - 1)));
            return effects;
        }
        // A press on a mark means what it stands for; the ends are the ends.
        let is_inside = pressed && column > 0 && column + 1 < width;
        let mark = timeline::mark(play, column, width).filter(|_| is_inside);
        let moment = timeline::moment(column, play.duration(), width);
        effects.push(Effect::Goto(play.seek(mark.as_ref().map_or(moment, |mark| mark.at))));
        if let Some(Of::Entry(entry)) = mark.map(|mark| mark.of) {
            play.choose_entry(entry);
        }
        return effects;
    }
    if pressed && layout.tabs.contains(at) {
        let tab = tabs::tab_at(play, layout.tabs, at.x);
        return tab.map(|tab| update::update(state, Action::TurnTo(tab))).unwrap_or_default();
    }
    if pressed && layout.rows.contains(at) && play.panes.tab != Tab::Session {
        let (selected, count) = play.list_place();
        let first = layout::top(selected, count, usize::from(layout.rows.height));
        let row = first + usize::from(at.y - layout.rows.y);
        if row == selected {
            return update::update(state, Action::Open);
        }
        if row < count {
            play.choose(row);
        }
        return Vec::new();
    }
    if pressed && layout.screen.contains(at) {
        let corner = layout::corner(play, (layout.screen.width, layout.screen.height));
        let (is_open, is_back) = (play.link.take().is_some(), play.back.is_some());
        let clicked = (corner.0 + at.x - layout.screen.x, corner.1 + at.y - layout.screen.y);
        if links::click(state, clicked) || is_open || is_back {
            return Vec::new();
        }
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
    use crate::replay::deck::Source;
    use crate::replay::fixture;
    use crate::replay::message::Hit;
    use crate::replay::message::Overview;

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
    fn pasted_text_is_typed_where_text_is_typed_and_never_means_keys() {
        let paste = |state: &mut State, text: &str| {
            receive(state, Message::Terminal(TerminalEvent::Paste(text.into())))
        };
        let mut state = fixture::list();
        paste(&mut state, "user:ana\r\ndecision:deny\n");
        assert!(state.play.is_none(), "its line ends are no Enter");
        assert_eq!((state.sessions.line.text(), state.sessions.typing), ("user:ana decision:deny", true));
        let mut state = fixture::playing();
        assert!(paste(&mut state, "quit").is_empty() && state.notice.take().is_some());
        press(&mut state, ":");
        paste(&mut state, " 1:02 \n");
        assert_eq!(state.typed.as_deref(), Some("1:02"));
    }

    #[test]
    fn a_moment_that_is_none_can_be_put_right() {
        let mut state = fixture::playing();
        assert!(press(&mut state, ":1x\n").is_empty() && state.notice.is_some());
        assert_eq!(press(&mut state, "\u{8}\n"), [Effect::Goto(Micros(1_000_000))]);
        assert!(state.notice.is_none());
    }

    #[test]
    fn the_list_is_read_again_when_what_it_showed_is_gone() {
        let mut state = opening();
        state.sessions.caught_up = false;
        let failed = || News::Failed(crate::error::Error::new(crate::error::Kind::NotFound, "gone"));
        assert!(news(&mut state, failed()).is_empty(), "no list was shown");
        state.sessions.caught_up = true;
        assert_eq!(news(&mut state, failed()), [Effect::Library(finder::Wish::CatchUp)]);
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
    fn the_timeline_can_be_held_and_dragged_beyond_its_ends() {
        let mut state = fixture::playing();
        let play = state.play.as_ref().unwrap();
        let (track, duration) = (layout::play(play, area(&state)).track, play.duration());
        let mut turn = |kind, column, row| {
            let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
            receive(&mut state, Message::Terminal(TerminalEvent::Mouse(event)))
        };
        let (down, drag) = (MouseEventKind::Down(MouseButton::Left), MouseEventKind::Drag(MouseButton::Left));
        assert_eq!(turn(down, track.x, track.y), [Effect::Goto(Micros(0))]);
        assert_eq!(turn(drag, track.x + track.width + 3, track.y - 5), [Effect::Goto(duration)]);
        assert_eq!(turn(drag, 0, 0), [Effect::Goto(Micros(0))]);
        turn(MouseEventKind::Up(MouseButton::Left), 0, 0);
        assert!(turn(drag, track.x + 4, track.y).is_empty(), "let go");
        assert_eq!(turn(MouseEventKind::ScrollDown, track.x, track.y), [Effect::Goto(WHEEL)]);
        assert_eq!(turn(MouseEventKind::ScrollUp, track.x, track.y), [Effect::Goto(Micros(0))]);
    }

    #[test]
    fn a_click_on_a_link_shows_where_it_leads_and_the_next_one_goes_back_to_the_screen() {
        let mut state = fixture::playing();
        let play = state.play.as_mut().unwrap();
        let mut screen = crate::term::Screen::new(80, 24);
        screen.feed("go \x1b]8;;https://evil.example/\x07github.com\x1b]8;;\x07 or \x1b]8;;https://a.example/\x07here");
        play.frame.as_mut().unwrap().screen = screen.snapshot();
        let pane = layout::play(state.play.as_ref().unwrap(), area(&state)).screen;
        click(&mut state, pane.x + 18, pane.y);
        assert_eq!(state.play.as_ref().unwrap().link.map(|choice| choice.number), Some(1));
        press(&mut state, "k");
        assert_eq!(state.play.as_ref().unwrap().link.map(|choice| choice.number), Some(0));
        let was = state.play.as_ref().unwrap().playing;
        click(&mut state, pane.x + 1, pane.y);
        assert!(state.play.as_ref().unwrap().link.is_none() && state.play.as_ref().unwrap().playing == was);
        press(&mut state, "l");
        assert_eq!(
            state.play.as_ref().unwrap().link.map(|choice| choice.number),
            Some(0),
            "the doubtful one first"
        );
        press(&mut state, "\u{1b}");
        assert!(state.play.as_ref().unwrap().link.is_none());
        state.play.as_mut().unwrap().frame.as_mut().unwrap().screen =
            crate::term::Screen::new(9, 2).snapshot();
        press(&mut state, "l");
        assert!(state.notice.unwrap().contains("no link"));
    }

    fn news(state: &mut State, news: News) -> Vec<Effect> {
        let ticket = state.play.as_ref().unwrap().ticket;
        receive(state, Message::Recording(ticket, news))
    }

    /// A recording that is being opened, of which nothing is known, with `--at 30`.
    fn opening() -> State {
        let mut state = fixture::list();
        state.pacing.from = Some(Place::At(Micros(30_000_000)));
        let source = Source { cast: "a.cast".into(), audit: None };
        update::open(&mut state, source, String::new(), None);
        state
    }

    #[test]
    fn a_moment_asked_for_before_it_is_open_counts_more_than_where_it_was_to_begin() {
        let opened = || News::Opened(Box::default());
        assert_eq!(news(&mut opening(), opened()), [Effect::Goto(Micros(30_000_000))]);
        let mut state = opening();
        assert_eq!(press(&mut state, ":12\n"), [Effect::Goto(Micros(12_000_000))]);
        assert!(news(&mut state, opened()).is_empty());
        assert_eq!(state.play.as_ref().unwrap().position, Micros(12_000_000));
        // Beyond the end, as it turns out.
        let overview = Overview { duration: Micros(5_000_000), ..Overview::default() };
        news(&mut state, News::Overview(overview.clone()));
        assert_eq!(state.play.as_ref().unwrap().position, Micros(5_000_000));
        // One that has to wait for the length.
        let mut state = opening();
        press(&mut state, "5");
        assert!(news(&mut state, opened()).is_empty());
        assert_eq!(news(&mut state, News::Overview(overview)), [Effect::Goto(Micros(2_500_000))]);
    }

    #[test]
    fn what_runs_is_shown_live_unless_somebody_holds_it_or_looks_elsewhere() {
        let overview = || News::Overview(Overview { duration: Micros(5_000_000), ..Overview::default() });
        for (keys, is_live) in [("", true), (" ", false), (":1\n", false)] {
            let mut state = fixture::list();
            press(&mut state, "j\n");
            press(&mut state, keys);
            news(&mut state, overview());
            assert_eq!(state.play.as_ref().unwrap().live, is_live, "{keys}");
        }
    }

    #[test]
    fn news_of_a_recording_closed_before_are_ignored() {
        let mut state = fixture::playing();
        assert!(receive(&mut state, Message::Recording(999, News::SearchDone(0))).is_empty());
    }
}
