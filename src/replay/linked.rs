//! What a wish means for the list beside the screen, and how call, command, question and moment lead to each other.

use ratatui::layout::Rect;

use crate::replay::action::Action;
use crate::replay::filter::Filter;
use crate::replay::layout;
use crate::replay::panes::Tab;
use crate::replay::panes::Which;
use crate::replay::play::Play;
use crate::replay::questions;
use crate::replay::state::State;
use crate::replay::state::Typing;
use crate::replay::update::Effect;
use crate::types::Micros;

/// What an action means for the pane; none: nothing special. A `String` is a word for the person.
pub fn update(state: &mut State, action: Action) -> Option<Result<Vec<Effect>, String>> {
    let page = layout::page(state);
    let area = Rect::new(0, 0, state.size.0, state.size.1);
    let play = state.play.as_mut()?;
    let (selected, _) = play.list_place();
    let tab = play.panes.tab;
    let detail_scrolls = play.shows_detail();
    match action {
        Action::NextTab | Action::PreviousTab => {
            if uncover(play, area) {
                play.show(tab.beside(action == Action::NextTab));
            }
        }
        Action::TurnTo(wanted) if wanted != tab => play.show(wanted),
        Action::ToggleApprovals if play.questions.all().is_empty() && tab != Tab::Approvals => {
            return Some(Err("nobody was asked anything in this recording".to_owned()));
        }
        Action::ToggleApprovals => toggle(play, Tab::Approvals, area),
        Action::ShowTab(wanted) => toggle(play, wanted, area),
        Action::StartFilter => {
            if !matches!(tab, Tab::Calls | Tab::Commands | Tab::Alerts) {
                play.show(Tab::Calls);
            }
            uncover(play, area);
            state.typed =
                Some(play.panes.list().map(|list| list.filter.text().to_owned()).unwrap_or_default());
            state.typing = Typing::Filter;
        }
        Action::StartFinding => {
            if !play.shows_detail() {
                return Some(Err("open the detail first: d".to_owned()));
            }
            state.typed = Some(String::new());
            state.typing = Typing::Find;
        }
        Action::NextHit | Action::PreviousHit
            if play.detail.as_ref().is_some_and(|open| open.find.is_some()) =>
        {
            play.next_found(action == Action::NextHit);
        }
        Action::NextWhich if tab == Tab::Calls => {
            play.panes.which = play.panes.which.next();
            play.narrow(tab, false);
            play.follows = false;
            play.rewind();
        }
        Action::NextWhich if tab != Tab::Approvals => {
            return Some(Err("calls and approvals can be shown by kind: turn to these first".to_owned()));
        }
        Action::Back => return back(play, area).then(|| Ok(Vec::new())),
        Action::Up => play.choose(selected.saturating_sub(1)),
        Action::Down => play.choose(selected + 1),
        Action::PageUp | Action::PageDown if detail_scrolls => {
            let by = page_of_detail(play, area);
            if let Some(detail) = &mut play.detail {
                let down = action == Action::PageDown;
                // What is too far is mended when it is laid out.
                detail.scroll = if down { detail.scroll + by } else { detail.scroll.saturating_sub(by) };
            }
        }
        Action::PageUp => play.choose(selected.saturating_sub(page)),
        Action::PageDown => play.choose(selected + page),
        Action::ToCommand | Action::ToCalls | Action::Open | Action::NextWhich if tab == Tab::Approvals => {
            return questions::update(play, action);
        }
        Action::ToCommand => return Some(to_command(play)),
        Action::ToCalls => return Some(to_calls(play)),
        Action::Open if tab == Tab::Alerts => {
            let Some(at) = play.chosen().map(|entry| entry.at) else {
                return Some(Err("nothing is chosen".to_owned()));
            };
            let selected = play.panes.alerts.selected;
            let effect = hold(play, at);
            play.panes.alerts.selected = selected;
            return Some(Ok(vec![effect]));
        }
        Action::Open if tab == Tab::Session => {}
        _ => return None,
    }
    Some(Ok(Vec::new()))
}

/// Goes to a moment and holds there, with the choice that was made.
fn hold(play: &mut Play, at: Micros) -> Effect {
    play.playing = false;
    let at = play.seek(at);
    play.follows = false;
    Effect::Goto(at)
}

/// Rows that the detail is scrolled by: all but two, which stay in sight.
fn page_of_detail(play: &Play, area: Rect) -> usize {
    usize::from(layout::play(play, area).detail.height.saturating_sub(3).max(1))
}

/// Brings the list into sight; whether it was.
fn uncover(play: &mut Play, area: Rect) -> bool {
    let is_there = |play: &Play| !layout::play(play, area).list.is_empty();
    if is_there(play) {
        return true;
    }
    (play.list, play.zoom) = (Some(true), false);
    if !is_there(play) {
        play.detail = None;
    }
    false
}

/// Shows a tab, or what was shown before it.
fn toggle(play: &mut Play, wanted: Tab, area: Rect) {
    let was_there = uncover(play, area);
    let tab = play.panes.tab;
    if tab != wanted {
        play.panes.before = tab;
        play.show(wanted);
    } else if was_there {
        play.show(if play.panes.before == wanted { Tab::All } else { play.panes.before });
    }
}

/// Closes what is innermost; whether anything was.
fn back(play: &mut Play, area: Rect) -> bool {
    if let Some(detail) = play.detail.as_mut().filter(|detail| detail.find.is_some()) {
        detail.find = None;
        return true;
    }
    if play.detail.take().is_some() {
        return true;
    }
    if play.zoom || layout::play(play, area).list.is_empty() {
        return false;
    }
    if play.panes.is_narrowed() {
        play.widen();
        return true;
    }
    if play.panes.tab != Tab::All {
        play.show(Tab::All);
        return true;
    }
    false
}

/// To the command behind what is chosen.
fn to_command(play: &mut Play) -> Result<Vec<Effect>, String> {
    let nothing = || "nothing is known to stand behind this one".to_owned();
    if play.panes.tab == Tab::All {
        let behind = play.chosen_entry().and_then(|entry| play.moments.behind(entry).next());
        let row = behind.and_then(|behind| play.moments.row_of(behind)).ok_or_else(nothing)?;
        play.choose(row);
        return Ok(Vec::new());
    }
    let call = play.chosen().and_then(|entry| entry.call);
    let entry = play.chosen_entry().or(call.and_then(|call| play.moments.entry_of_call(call)));
    let command = entry.and_then(|entry| play.moments.command_behind(entry)).ok_or_else(nothing)?;
    play.choose_in(Tab::Commands, command);
    Ok(Vec::new())
}

/// To the calls of what is chosen.
fn to_calls(play: &mut Play) -> Result<Vec<Effect>, String> {
    let nothing = || "no call is known to come from this one itself".to_owned();
    match play.panes.tab {
        Tab::All => {
            let first = play.chosen_entry().and_then(|entry| play.moments.calls_of(entry));
            let row = first.and_then(|(first, _)| play.moments.row_of(first)).ok_or_else(nothing)?;
            play.choose(row);
        }
        Tab::Commands => {
            let command = play.chosen_entry().ok_or_else(nothing)?;
            let first = play.moments.calls_below(command).first().copied();
            let first = first.ok_or_else(|| "no call is known to come from this one".to_owned())?;
            (play.panes.of, play.panes.which) = (Some(command), Which::All);
            play.panes.calls.filter = Filter::default();
            play.narrow(Tab::Calls, false);
            play.choose_in(Tab::Calls, first);
        }
        _ => {
            let call = play.chosen().and_then(|entry| entry.call);
            let entry = call.and_then(|call| play.moments.entry_of_call(call)).ok_or_else(nothing)?;
            play.choose_in(Tab::Calls, entry);
        }
    }
    Ok(Vec::new())
}

/// Shows the call of that number in the table.
pub fn show_call(play: &mut Play, call: u64) -> bool {
    let entry = play.moments.entry_of_call(call);
    entry.inspect(|entry| play.choose_in(Tab::Calls, *entry)).is_some()
}

/// Narrows the list by what is being typed.
pub fn filter(play: &mut Play, text: &str) {
    let tab = play.panes.tab;
    let Some(list) = play.panes.list_mut() else { return };
    let filter = Filter::new(text);
    let narrows = filter.narrows(&list.filter);
    list.filter = filter;
    play.narrow(tab, narrows);
    play.follows = false;
    play.rewind();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::CommandEnd;
    use crate::audit::CommandStart;
    use crate::record::Node;
    use crate::replay::alerts;
    use crate::replay::commands;
    use crate::replay::detail::Detail;
    use crate::replay::entries;
    use crate::replay::entries::Entry;
    use crate::replay::entries::Kind;
    use crate::replay::fixture;
    use crate::replay::moments::Moments;
    use crate::replay::tabs::tab_at;
    use crate::replay::tabs::words;
    use crate::replay::theme::Meaning;
    use crate::replay::update;
    use crate::term::width;

    fn command(at: u64, id: u64, parent: Option<u64>, line: &str) -> Entry {
        let argv = line.split(' ').map(str::to_owned).collect();
        let start = CommandStart { id, parent, argv, ..CommandStart::default() };
        let mut entry = commands::started(Micros(at), &start);
        commands::ended(
            &mut entry,
            &CommandEnd { id, status: Some(0), took: Micros(5), ..CommandEnd::default() },
        );
        entry
    }

    fn call(at: u64, call: u64, parent: u64, title: &str, meaning: Meaning) -> Entry {
        Entry {
            kind: Kind::Call,
            meaning,
            subject: format!("bucket-{call}"),
            call: Some(call),
            decision: if meaning == Meaning::Deny { "deny" } else { "allow" },
            node: Node { at: Micros(at), parent: Some(parent), ..Node::default() },
            ..entries::trouble(Micros(at), title, String::new())
        }
    }

    /// bash (1) runs `make` (2), which runs `aws` (3) with two calls; then `terraform` (4) with one.
    fn session() -> State {
        let mut state = fixture::playing();
        let moments = Moments::new(vec![
            command(1, 1, None, "bash"),
            command(10, 2, Some(1), "make deploy"),
            command(20, 3, Some(2), "aws s3 sync"),
            call(30, 1, 3, "s3:ListBucket", Meaning::Allow),
            call(40, 2, 3, "s3:DeleteObject", Meaning::Deny),
            command(50, 4, Some(1), "terraform apply"),
            call(60, 3, 4, "ec2:RunInstances", Meaning::Allow),
        ]);
        let fired = crate::audit::Alert {
            name: "harvest".to_owned(),
            call: Some(2),
            ..crate::audit::Alert::default()
        };
        let play = state.play.as_mut().unwrap();
        (play.has_audit, play.position) = (true, Micros(0));
        play.set_moments(moments, vec![alerts::alert(Micros(45), &fired)]);
        state
    }

    fn play(state: &State) -> &Play {
        state.play.as_ref().unwrap()
    }

    /// The tab that is shown, and what is chosen there.
    fn chosen(state: &State) -> (Tab, &str) {
        (play(state).panes.tab, play(state).chosen().map_or("", |entry| entry.title.as_str()))
    }

    #[test]
    fn moving_in_the_recording_moves_the_choice_of_every_list() {
        let mut state = session();
        for (at, all, calls, commands) in [
            (0, "bash", "s3:ListBucket", "bash"),
            (35, "s3:ListBucket", "s3:ListBucket", "aws s3 sync"),
            (47, "s3:DeleteObject", "s3:DeleteObject", "aws s3 sync"),
            (99, "ec2:RunInstances", "ec2:RunInstances", "terraform apply"),
            (12, "make deploy", "s3:ListBucket", "make deploy"),
        ] {
            state.play.as_mut().unwrap().seek(Micros(at));
            for (tab, title) in [(Tab::All, all), (Tab::Calls, calls), (Tab::Commands, commands)] {
                update::update(&mut state, Action::TurnTo(tab));
                assert_eq!(chosen(&state), (tab, title), "at {at}");
            }
            update::update(&mut state, Action::TurnTo(Tab::All));
        }
    }

    #[test]
    fn a_choice_leads_from_call_to_command_to_calls_and_to_the_screen() {
        let mut state = session();
        update::update(&mut state, Action::ShowTab(Tab::Calls));
        update::update(&mut state, Action::Down);
        assert_eq!(chosen(&state), (Tab::Calls, "s3:DeleteObject"));
        assert_eq!(update::update(&mut state, Action::Open), [Effect::Goto(Micros(40))]);
        assert_eq!(chosen(&state), (Tab::Calls, "s3:DeleteObject"));
        update::update(&mut state, Action::NextTab);
        assert_eq!(chosen(&state), (Tab::Commands, "aws s3 sync"), "its command is chosen there");
        update::update(&mut state, Action::PreviousTab);
        update::update(&mut state, Action::ToCommand);
        assert_eq!(chosen(&state), (Tab::Commands, "aws s3 sync"));
        update::update(&mut state, Action::ToCommand);
        assert_eq!(chosen(&state), (Tab::Commands, "make deploy"));
        update::update(&mut state, Action::ToCalls);
        assert_eq!(chosen(&state), (Tab::Calls, "s3:ListBucket"), "what it started made it");
        assert_eq!(play(&state).panes.calls.shown.len(), 2);
        update::update(&mut state, Action::Back);
        assert_eq!((play(&state).panes.calls.shown.len(), chosen(&state).1), (3, "s3:ListBucket"));
        update::update(&mut state, Action::ShowTab(Tab::Alerts));
        assert_eq!(chosen(&state), (Tab::Alerts, "alert harvest"));
        update::update(&mut state, Action::ToCalls);
        assert_eq!(chosen(&state), (Tab::Calls, "s3:DeleteObject"));
        // A command's own beginning, then its end.
        update::update(&mut state, Action::ToCommand);
        assert_eq!(update::update(&mut state, Action::Open), [Effect::Goto(Micros(20))]);
        assert_eq!(update::update(&mut state, Action::Open), [Effect::Goto(Micros(25))]);
        assert_eq!(chosen(&state), (Tab::Commands, "aws s3 sync"));
    }

    #[test]
    fn words_and_kinds_narrow_a_list_and_escape_shows_all_again() {
        let mut state = session();
        update::update(&mut state, Action::StartFilter);
        assert_eq!((play(&state).panes.tab, state.typing), (Tab::Calls, Typing::Filter));
        let shown = |state: &mut State, text: &str| {
            filter(state.play.as_mut().unwrap(), text);
            play(state).panes.calls.shown.len()
        };
        let counts = ["s3", "s3 d", "s3 de", "s3", "-s3", "-s3x", "bucket-3", "nothing", ""];
        assert_eq!(counts.map(|text| shown(&mut state, text)), [2, 1, 1, 2, 1, 3, 1, 0, 3]);
        shown(&mut state, "delete");
        assert_eq!(chosen(&state), (Tab::Calls, "s3:DeleteObject"));
        state.typed = None;
        update::update(&mut state, Action::Back);
        assert_eq!((play(&state).panes.calls.shown.len(), chosen(&state).1), (3, "s3:DeleteObject"));
        let mut counts = Vec::new();
        for _ in 0..5 {
            update::update(&mut state, Action::NextWhich);
            counts.push((play(&state).panes.which.word(), play(&state).panes.calls.shown.len()));
        }
        update::update(&mut state, Action::TurnTo(Tab::Commands));
        update::update(&mut state, Action::NextWhich);
        assert!(state.notice.take().is_some_and(|told| told.contains("kind")));
        update::update(&mut state, Action::TurnTo(Tab::Calls));
        assert_eq!(counts, [("denied", 1), ("asked", 0), ("failed", 0), ("masked", 0), ("all", 3)]);
        for tab in [Tab::All, Tab::Commands, Tab::Alerts] {
            update::update(&mut state, Action::TurnTo(tab));
            filter(state.play.as_mut().unwrap(), "deploy");
        }
        assert_eq!((play(&state).panes.commands.shown.len(), play(&state).panes.alerts.shown.len()), (1, 0));
    }

    #[test]
    fn keys_go_back_to_what_was_shown_and_tabs_go_round() {
        let mut state = session();
        state.size = (200, 50);
        let mut seen = Vec::new();
        for _ in 0..6 {
            update::update(&mut state, Action::NextTab);
            seen.push(play(&state).panes.tab);
        }
        assert_eq!(seen, [Tab::Calls, Tab::Commands, Tab::Approvals, Tab::Alerts, Tab::Session, Tab::All]);
        update::update(&mut state, Action::PreviousTab);
        assert_eq!(play(&state).panes.tab, Tab::Session);
        update::update(&mut state, Action::ShowTab(Tab::Calls));
        update::update(&mut state, Action::ShowTab(Tab::Calls));
        assert_eq!(play(&state).panes.tab, Tab::Session);
        update::update(&mut state, Action::Back);
        assert_eq!(play(&state).panes.tab, Tab::All);
        // On a small terminal there is one thing at a time: the first press shows the list.
        state.size = (40, 12);
        let play = state.play.as_mut().unwrap();
        (play.list, play.detail) = (None, Some(Detail::default()));
        update::update(&mut state, Action::NextTab);
        assert!(state.play.as_ref().unwrap().detail.is_none());
        assert_eq!(state.play.as_ref().unwrap().panes.tab, Tab::All);
    }

    #[test]
    fn tabs_are_found_where_they_stand() {
        let state = session();
        for columns in [34, 60, 100] {
            let area = Rect::new(7, 3, columns, 1);
            let words = words(play(&state), columns);
            assert!(words.iter().map(|(_, words)| width(words)).sum::<usize>() <= usize::from(columns));
            if words.len() == Tab::EVERY.len() {
                let mut x = area.x;
                for (tab, words) in words {
                    assert_eq!(tab_at(play(&state), area, x), Some(tab));
                    x += u16::try_from(width(&words)).unwrap();
                }
                assert_eq!(tab_at(play(&state), area, x), None);
            } else {
                assert_eq!(tab_at(play(&state), area, area.x), Some(Tab::Calls));
            }
        }
    }

    #[test]
    fn a_picture_costs_what_it_shows_however_much_there_is() {
        let mut state = session();
        let mut all = vec![command(0, 1, None, "bash")];
        for n in 0..50_000_u64 {
            all.push(command(2 * n, n + 2, Some(1), &format!("aws s3 cp {n}")));
            all.push(call(2 * n + 1, n, n + 2, "s3:PutObject", Meaning::Allow));
        }
        let play = state.play.as_mut().unwrap();
        play.set_moments(Moments::new(all), Vec::new());
        assert_eq!((play.panes.calls.shown.len(), play.panes.commands.shown.len()), (50_000, 50_001));
        assert_eq!(play.moments.made(0).calls, 50_000);
        play.detail = Some(Detail::default());
        play.settle(Rect::new(0, 0, 200, 50));
        let (before, selected) = (play.detail.as_ref().unwrap().rows().as_ptr(), play.selected);
        play.seek(Micros(60_000));
        play.follows = false;
        play.selected = selected;
        play.settle(Rect::new(0, 0, 200, 50));
        assert_eq!(
            play.detail.as_ref().unwrap().rows().as_ptr(),
            before,
            "nothing is laid out anew for nothing"
        );
        assert_eq!(play.panes.calls.chosen(), Some(60_000));
    }
}
