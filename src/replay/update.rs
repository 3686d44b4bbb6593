//! What a wish does to the state. Nothing here reads, writes or waits: what is to be done outside comes back as
//! effects.

use std::path::PathBuf;

use crate::record::summary::Counted;
use crate::replay::action::Action;
use crate::replay::back;
use crate::replay::deck::Source;
use crate::replay::detail::Detail;
use crate::replay::diff;
use crate::replay::entries::Entry;
use crate::replay::entries::Lines;
use crate::replay::finder;
use crate::replay::going;
use crate::replay::going::Place;
use crate::replay::help;
use crate::replay::help::Help;
use crate::replay::keymap::Context;
use crate::replay::layout;
use crate::replay::linked;
use crate::replay::links;
use crate::replay::look;
use crate::replay::message::Ticket;
use crate::replay::play::Play;
use crate::replay::search::Pattern;
use crate::replay::state::State;
use crate::replay::state::Typing;
use crate::replay::summary;
use crate::replay::theme::Meaning;
use crate::types::Micros;

/// Something to be done outside.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// Open a recording.
    Open(Source, Ticket),
    /// Close it.
    Close,
    /// Ask for the screen at a moment.
    Goto(Micros),
    /// Ask for the screen after so many events that change it.
    Step(u64),
    /// Look for a pattern, as the search of that number.
    Search(u64, Pattern),
    /// Look for the moments that a row of the summary counts, as the search of that number.
    FindMoments(u64, Counted),
    /// Sum up the audit log, under that ticket.
    Summarise(PathBuf, Ticket),
    /// Compare two audit logs; whether times, random names and numbers count.
    Compare([PathBuf; 2], bool, Ticket),
    /// Read what the call at these lines of the audit log sent and got, as the question of that number.
    Look(u64, Lines),
    /// Look for what a hit of the index shows, from its moment on, for the search of that number.
    Land(u64, Pattern, Micros),
    /// Ask the index.
    Library(finder::Wish),
    /// Ask for what had left the screen after so many events that changed it, as the look of that number.
    Rewind(u64, u64),
    /// Want no more of the look before that number.
    StopRewind(u64),
    /// Stop as a shell job.
    Suspend,
    /// Enter the terminal anew and draw everything.
    Redraw,
    /// Read the list of themes.
    ListThemes,
    /// Keep the theme of that name for good.
    KeepTheme(String),
    /// Ask the terminal for its background, unless it has said so already.
    AskGround,
    /// Leave.
    Quit,
}

/// Where keys are pressed now.
#[must_use]
pub fn context(state: &State) -> Context {
    if state.picker.is_some() {
        return Context::Themes;
    }
    match (&state.play, state.sessions.typing) {
        _ if summary::is_open(state) => Context::Summary,
        (Some(_), _) => Context::Recording,
        (None, _) if state.diff.is_some() => Context::Diff,
        (None, true) => Context::Query,
        (None, false) => Context::Sessions,
    }
}

/// Opens `source` under a new ticket.
pub fn open(state: &mut State, source: Source, title: String, expected: Option<Micros>) -> Vec<Effect> {
    state.tickets += 1;
    let mut play = Play::new(state.tickets, source.clone(), title);
    play.speed = state.pacing.speed;
    play.short_pauses = state.pacing.idle_limit.is_some();
    play.idle_limit = state.pacing.idle_limit.unwrap_or(play.idle_limit);
    play.expected = expected;
    play.grows = state.pacing.follows;
    play.later = state.pacing.from.filter(|from| matches!(from, Place::Percent(_) | Place::End));
    state.play = Some(play);
    vec![Effect::Open(source, state.tickets)]
}

/// Does what was wished.
pub fn update(state: &mut State, action: Action) -> Vec<Effect> {
    state.notice = None;
    match action {
        Action::Quit => return vec![Effect::Quit],
        Action::Suspend => return vec![Effect::Suspend],
        _ => {}
    }
    if state.help.is_some() {
        help::update(state, action);
        return Vec::new();
    }
    match action {
        Action::ToggleHelp => {
            state.help = Some(Help::default());
            return Vec::new();
        }
        _ if state.picker.is_some() => return look::update(state, action),
        Action::ChooseTheme => return look::open(state),
        _ => {}
    }
    match context(state) {
        Context::Summary => return summary::update(state, action),
        Context::Diff => return diff::update(state, action),
        _ if action == Action::Summary => return summary::open(state),
        Context::Recording => {}
        _ => return finder::update(state, action),
    }
    if links::update(state, action) {
        return Vec::new();
    }
    let (mut effects, is_done) = back::update(state, action);
    if !is_done {
        effects.extend(recording(state, action));
    }
    effects
}

/// Goes to `at` of the open recording, holds there, and shows its screen.
pub fn hold_at(state: &mut State, at: Micros) -> Vec<Effect> {
    let screen = ratatui::layout::Rect::new(0, 0, state.size.0, state.size.1);
    let Some(play) = &mut state.play else { return Vec::new() };
    // How long it is may not be known yet.
    play.expected = play.expected.max(Some(at));
    play.playing = false;
    play.follows = true;
    play.link = None;
    let mut effects = back::end(play);
    uncover(play, screen);
    effects.push(Effect::Goto(play.seek(at)));
    effects
}

fn recording(state: &mut State, action: Action) -> Vec<Effect> {
    let screen = ratatui::layout::Rect::new(0, 0, state.size.0, state.size.1);
    match linked::update(state, action) {
        Some(Ok(effects)) => {
            if matches!(action, Action::Open)
                && let Some(play) = &mut state.play
            {
                uncover(play, screen);
            }
            return effects;
        }
        Some(Err(word)) => {
            state.notice = Some(word);
            return Vec::new();
        }
        None => {}
    }
    let Some(play) = &mut state.play else { return Vec::new() };
    let moment = match action {
        Action::Back => return back(state),
        Action::TogglePlay => return toggle_play(play),
        Action::Faster => return quietly(|| play.speed = play.speed.faster()),
        Action::Slower => return quietly(|| play.speed = play.speed.slower()),
        Action::ToggleIdle => return quietly(|| play.short_pauses = !play.short_pauses),
        Action::ToggleZoom => return quietly(|| play.zoom = !play.zoom),
        Action::FollowCursor => return quietly(|| play.pan = None),
        Action::Pan(x, y) => {
            let pane = layout::play(play, screen).screen;
            let from = layout::window(play, (pane.width, pane.height));
            play.pan = Some((
                from.0.saturating_add_signed(i16::from(x)),
                from.1.saturating_add_signed(i16::from(y)),
            ));
            // Kept within the screen, so that the way back is not longer than the way there.
            play.pan = Some(layout::window(play, (pane.width, pane.height)));
            return Vec::new();
        }
        Action::ToggleList => {
            let shown = !layout::play(play, screen).list.is_empty();
            play.list = Some(!shown);
            play.zoom = false;
            return Vec::new();
        }
        Action::ToggleDetail => {
            if play.chosen().is_none() {
                state.notice = Some("nothing is chosen that has a detail".to_owned());
                return Vec::new();
            }
            play.detail = if play.detail.is_none() { Some(Detail::default()) } else { None };
            play.zoom = false;
            return Vec::new();
        }
        Action::StartTyping | Action::StartGoing => {
            state.typed = Some(String::new());
            let is_moment = action == Action::StartGoing;
            state.typing = if is_moment { Typing::Moment } else { Typing::Search };
            return Vec::new();
        }
        Action::StepForward => return vec![Effect::Step(play.step(1))],
        Action::StepBack => return vec![Effect::Step(play.step(-1))],
        Action::PictureForward | Action::PictureBack => {
            play.playing = false;
            play.picture(action == Action::PictureForward)
        }
        Action::SeekForward(by) => Some(Micros(play.position.0.saturating_add(by.0))),
        Action::SeekBack(by) => Some(Micros(play.position.0.saturating_sub(by.0))),
        Action::SeekPercent(1..) | Action::SeekEnd if play.overview.is_none() && play.expected.is_none() => {
            let place = if let Action::SeekPercent(part) = action {
                Place::Percent(f64::from(part))
            } else {
                Place::End
            };
            return go_later(state, place);
        }
        Action::SeekPercent(part) => Some(Micros(play.duration().0 / 100 * u64::from(part))),
        Action::SeekStart => Some(Micros(0)),
        Action::SeekEnd if play.grows => return vec![Effect::Goto(play.go_live())],
        Action::SeekEnd => Some(play.duration()),
        Action::NextHit | Action::PreviousHit => {
            let Some(hit) = play.hit(action == Action::NextHit) else {
                state.notice = Some(no_hit(play));
                return Vec::new();
            };
            return vec![Effect::Goto(play.seek_hit(hit))];
        }
        Action::Open => {
            return jump_to_chosen(state);
        }
        Action::NextEntry => {
            let next = play.moments.entries().partition_point(|entry| entry.at <= play.position);
            return jump(state, Some(next));
        }
        Action::PreviousEntry => {
            let before = play.moments.entries().partition_point(|entry| entry.at < play.position);
            return jump(state, before.checked_sub(1));
        }
        Action::NextCommand => return jump_to(state, true, Entry::is_command),
        Action::PreviousCommand => return jump_to(state, false, Entry::is_command),
        Action::NextCall => return jump_to(state, true, Entry::is_call),
        Action::PreviousCall => return jump_to(state, false, Entry::is_call),
        Action::NextDenial => return jump_to(state, true, is_denial),
        Action::PreviousDenial => return jump_to(state, false, is_denial),
        Action::NextMarker => return jump_to(state, true, is_marker),
        Action::PreviousMarker => return jump_to(state, false, is_marker),
        _ => None,
    };
    moment.map(|at| Effect::Goto(play.seek(at))).into_iter().collect()
}

fn quietly(change: impl FnOnce()) -> Vec<Effect> {
    change();
    Vec::new()
}

fn toggle_play(play: &mut Play) -> Vec<Effect> {
    if play.live {
        // Held where it is; what comes meanwhile is caught up with later.
        let at = play.seek(play.position);
        play.playing = false;
        return vec![Effect::Goto(at)];
    }
    play.playing = !play.playing;
    let at_end = play.frame.as_ref().is_some_and(|frame| frame.next.is_none());
    if play.playing && at_end && !play.grows && play.position >= play.duration() {
        return vec![Effect::Goto(play.seek(Micros(0)))];
    }
    if play.playing {
        play.follows = true;
    }
    Vec::new()
}

fn is_denial(entry: &Entry) -> bool {
    entry.meaning == Meaning::Deny
}

fn is_marker(entry: &Entry) -> bool {
    entry.meaning == Meaning::Marker
}

/// Jumps to the next entry, or the one before, of a kind.
fn jump_to(state: &mut State, forward: bool, is_one: fn(&Entry) -> bool) -> Vec<Effect> {
    let Some(play) = &state.play else { return Vec::new() };
    let entries = play.moments.entries();
    let found = if forward {
        let after = entries.partition_point(|entry| entry.at <= play.position);
        entries[after..].iter().position(is_one).map(|index| after + index)
    } else {
        let before = entries.partition_point(|entry| entry.at < play.position);
        entries[..before].iter().rposition(is_one)
    };
    jump(state, found)
}

/// Goes there once the length is known.
fn go_later(state: &mut State, place: Place) -> Vec<Effect> {
    if let Some(play) = &mut state.play {
        play.seek_later(place);
        play.playing = false;
        state.notice = Some("still reading: it goes there as soon as its length is known".to_owned());
    }
    Vec::new()
}

/// Goes to the moment that was typed.
pub fn go_to(state: &mut State, text: &str) -> Vec<Effect> {
    let Some(play) = &mut state.play else { return Vec::new() };
    let known = play.knows_length();
    let at = match Place::parse(text) {
        Err(wrong) => {
            // What was typed stays, to be put right.
            state.typed = Some(text.to_owned());
            state.notice = Some(wrong);
            return Vec::new();
        }
        Ok(place @ (Place::Percent(_) | Place::End)) if !known => return go_later(state, place),
        Ok(Place::At(at)) => at,
        Ok(Place::Percent(percent)) => going::part(play.duration(), percent),
        Ok(Place::End) => play.duration(),
        Ok(Place::Event(number)) => {
            play.step(0);
            play.stepping = Some(number);
            return vec![Effect::Step(number)];
        }
    };
    play.playing = false;
    vec![Effect::Goto(play.seek(at))]
}

/// Jumps to entry `index` and holds there.
fn jump(state: &mut State, index: Option<usize>) -> Vec<Effect> {
    let screen = ratatui::layout::Rect::new(0, 0, state.size.0, state.size.1);
    let Some(play) = &mut state.play else { return Vec::new() };
    let Some((index, entry)) = index.and_then(|index| Some((index, play.moments.entries().get(index)?)))
    else {
        let nothing = if play.moments.is_empty() {
            "this recording has no calls, commands or markers"
        } else {
            "no more"
        };
        state.notice = Some(nothing.to_owned());
        return Vec::new();
    };
    let at = entry.at;
    hold(play, index, at, screen)
}

/// Jumps to what is chosen; from there to where it ended.
fn jump_to_chosen(state: &mut State) -> Vec<Effect> {
    let screen = ratatui::layout::Rect::new(0, 0, state.size.0, state.size.1);
    let Some(play) = &mut state.play else { return Vec::new() };
    let index = play.chosen_entry();
    let ended = play.chosen().filter(|entry| entry.at == play.position).and_then(|entry| {
        let took = entry.took.filter(|took| took.0 > 0)?;
        Some(Micros(entry.at.0.saturating_add(took.0)))
    });
    match index.zip(ended) {
        Some((index, ended)) => hold(play, index, ended, screen),
        None => jump(state, index),
    }
}

/// Holds at a moment of entry `index`, which is chosen in every list.
fn hold(play: &mut Play, index: usize, at: Micros, screen: ratatui::layout::Rect) -> Vec<Effect> {
    play.playing = false;
    uncover(play, screen);
    // The lists go where the moment is, but for what leads to the entry.
    let effect = Effect::Goto(play.seek(at));
    play.choose_entry(index);
    play.follows = false;
    vec![effect]
}

/// What covers the whole screen would hide the moment.
fn uncover(play: &mut Play, screen: ratatui::layout::Rect) {
    if layout::play(play, screen).screen.is_empty() {
        play.list = Some(false);
        play.detail = None;
    }
}

fn no_hit(play: &Play) -> String {
    let search = &play.search;
    match (&search.pattern, search.done) {
        (None, _) => "nothing is searched yet: type / and a text".to_owned(),
        (Some(_), true) => format!("`{}` appears nowhere in this recording", search.text),
        (Some(_), false) => format!("still searching for `{}`", search.text),
    }
}

/// Closes the innermost thing that is open.
fn back(state: &mut State) -> Vec<Effect> {
    let Some(play) = &mut state.play else { return Vec::new() };
    if play.zoom {
        play.zoom = false;
        return Vec::new();
    }
    if !play.search.is_of_list && play.search.is_shown() {
        play.search.pattern = None;
        play.search.hits.clear();
        return Vec::new();
    }
    if !state.has_list && state.diff.is_none() {
        return vec![Effect::Quit];
    }
    state.play = None;
    vec![Effect::Close]
}

/// Begins the search that was typed.
pub fn begin_search(state: &mut State, text: &str) -> Vec<Effect> {
    if back::search(state, text) {
        return Vec::new();
    }
    let Some(play) = &mut state.play else { return Vec::new() };
    let Some(pattern) = Pattern::new(text) else { return Vec::new() };
    play.playing = false;
    let effects = mark(play, pattern, text.to_owned());
    play.search.jump = true;
    effects
}

/// Marks `pattern`, called `text`, wherever it stands on the screen, and looks for it in the whole recording.
pub fn mark(play: &mut Play, pattern: Pattern, text: String) -> Vec<Effect> {
    let number = play.search.number + 1;
    let search = &mut play.search;
    (search.text, search.number, search.pattern) = (text, number, Some(pattern.clone()));
    (search.done, search.jump, search.landing, search.is_of_list) = (false, false, None, false);
    search.hits.clear();
    vec![Effect::Search(number, pattern)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::entries;
    use crate::replay::fixture;
    use crate::replay::moments::Moments;

    #[test]
    fn opening_asks_for_the_recording_and_back_closes_it() {
        let mut state = fixture::list();
        let effects = update(&mut state, Action::Open);
        assert!(matches!(&effects[..], [Effect::Open(_, 1)]), "{effects:?}");
        assert_eq!(update(&mut state, Action::Back), [Effect::Close]);
        assert!(state.play.is_none());
        assert_eq!(update(&mut state, Action::Back), [Effect::Quit]);
    }

    #[test]
    fn what_still_runs_is_followed_when_it_is_opened() {
        let mut state = fixture::list();
        update(&mut state, Action::Open);
        assert!(!state.play.as_ref().unwrap().grows, "the first one is over");
        let mut state = fixture::list();
        update(&mut state, Action::Down);
        update(&mut state, Action::Open);
        assert!(state.play.as_ref().unwrap().grows, "the second one runs");
    }

    #[test]
    fn seeking_stays_within_the_recording() {
        let mut state = fixture::playing();
        let end = state.play.as_ref().unwrap().duration();
        assert_eq!(update(&mut state, Action::SeekForward(Micros(u64::MAX))), [Effect::Goto(end)]);
        assert_eq!(update(&mut state, Action::SeekBack(Micros(u64::MAX))), [Effect::Goto(Micros(0))]);
        assert_eq!(update(&mut state, Action::SeekPercent(50)), [Effect::Goto(Micros(end.0 / 2))]);
    }

    #[test]
    fn jumping_to_a_call_holds_there_and_keeps_it_chosen() {
        let mut state = fixture::playing();
        update(&mut state, Action::Down);
        let play = state.play.as_ref().unwrap();
        let at = play.chosen().unwrap().at;
        assert_eq!(update(&mut state, Action::Open), [Effect::Goto(at)]);
        let play = state.play.as_ref().unwrap();
        assert!(!play.playing && play.position == at);
    }

    #[test]
    fn the_list_follows_playback_until_someone_chooses() {
        let mut state = fixture::playing();
        let play = state.play.as_mut().unwrap();
        let markers = [1, 2, 3].map(|n| entries::marker(Micros(n * 1_000_000), "m"));
        play.set_moments(Moments::new(markers.to_vec()), Vec::new());
        play.position = Micros(2_500_000);
        play.follow();
        assert_eq!(play.selected, 1);
        update(&mut state, Action::Up);
        let play = state.play.as_mut().unwrap();
        play.position = Micros(3_500_000);
        play.follow();
        assert_eq!(play.selected, 0);
    }

    #[test]
    fn a_moment_that_was_typed_is_gone_to() {
        let mut state = fixture::playing();
        let mut go = |text| go_to(&mut state, text);
        assert_eq!(go("0:50"), [Effect::Goto(Micros(50_000_000))]);
        assert_eq!(go("25%"), [Effect::Goto(Micros(25_000_000))]);
        assert_eq!(go("9:00:00"), [Effect::Goto(Micros(100_000_000))]);
        assert_eq!(go("#7"), [Effect::Step(7)]);
        assert_eq!(go("soon"), []);
        assert!(state.notice.unwrap().contains("#120"));
    }

    #[test]
    fn jumps_go_by_command_call_and_marker() {
        let mut state = fixture::playing();
        let mut jump = |action| match update(&mut state, action)[..] {
            [Effect::Goto(at)] => at.0 / 1_000_000,
            _ => 0,
        };
        assert_eq!([(); 3].map(|()| jump(Action::NextCall)), [10, 60, 0]);
        assert_eq!(jump(Action::NextMarker), 80);
        assert_eq!((jump(Action::PreviousCall), jump(Action::PreviousMarker)), (60, 0));
        assert_eq!((jump(Action::PreviousCommand), jump(Action::PreviousCommand)), (1, 0));
    }

    #[test]
    fn a_running_session_is_held_and_caught_up_with() {
        let mut state = fixture::playing();
        let play = state.play.as_mut().unwrap();
        play.grows = true;
        let end = play.duration();
        assert_eq!(update(&mut state, Action::SeekEnd), [Effect::Goto(end)]);
        assert!(state.play.as_ref().unwrap().live);
        update(&mut state, Action::TogglePlay);
        let play = state.play.as_ref().unwrap();
        assert!(!play.live && !play.playing && play.position == end);
        update(&mut state, Action::TogglePlay);
        assert!(state.play.as_ref().unwrap().playing);
    }

    #[test]
    fn on_a_small_terminal_a_jump_uncovers_the_screen() {
        let mut state = fixture::playing();
        state.size = (40, 12);
        update(&mut state, Action::ToggleList);
        let area = ratatui::layout::Rect::new(0, 0, 40, 12);
        assert!(layout::play(state.play.as_ref().unwrap(), area).screen.is_empty());
        update(&mut state, Action::Open);
        assert!(!layout::play(state.play.as_ref().unwrap(), area).screen.is_empty());
    }
}
