//! Pictures of the viewer at several sizes.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::buffer::Cell;
use ratatui::style::Color;
use ratatui::style::Modifier;

use super::draw;
use crate::error::Error;
use crate::error::Kind;
use crate::replay::action::Action;
use crate::replay::finder::librarian::News;
use crate::replay::finder::line::Line;
use crate::replay::fixture;
use crate::replay::layout;
use crate::replay::linked;
use crate::replay::panes::Tab;
use crate::replay::search::Pattern;
use crate::replay::state::State;
use crate::replay::theme::Depth;
use crate::replay::theme::Meaning;
use crate::replay::theme::Theme;
use crate::replay::update::update;
use crate::term::is_unsafe;

pub(super) const SIZES: [(u16, u16); 4] = [(40, 12), (80, 24), (120, 30), (200, 50)];

fn picture(state: &mut State, (cols, rows): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(cols, rows)).unwrap();
    state.size = (cols, rows);
    terminal.draw(|frame| draw(state, frame.area(), frame.buffer_mut())).unwrap();
    terminal.backend().buffer().clone()
}

pub(in crate::replay) fn text(state: &mut State, size: (u16, u16)) -> String {
    let buffer = picture(state, size);
    let rows = buffer.content.chunks(usize::from(size.0));
    rows.map(|row| row.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned() + "\n").collect()
}

#[test]
fn the_list_shows_who_when_and_what_at_every_size() {
    for size in SIZES {
        let shown = text(&mut fixture::list(), size);
        for part in ["11-21 03:18", "aws s3 ls", "vim \\e[31m", "help", "4 sessions", "COMMAND"] {
            assert!(shown.contains(part), "{part} at {size:?}:\n{shown}");
        }
    }
    let shown = text(&mut fixture::list(), (80, 24));
    assert!(shown.contains("▸11-21 03:18   1 min 23 s  ana       ok"), "{shown}");
    assert!(shown.contains("interrupted"), "{shown}");
}

#[test]
fn an_empty_store_says_what_to_do() {
    let mut state = fixture::list();
    state.sessions.begin(&state.now());
    let failed = |state: &mut State, error: fn(u64) -> News| {
        state.sessions.receive(News::CaughtUp(Ok(Vec::new())));
        let number = state.sessions.number();
        state.sessions.receive(error(number));
    };
    failed(&mut state, |number| News::Page { number, offset: 0, rows: Vec::new(), ended: true });
    assert!(text(&mut state, (40, 12)).contains("hoop-run -- aws s3 ls"));
    failed(&mut state, |number| News::Failed(number, Error::new(Kind::System, "cannot read x").fix("do y")));
    assert!(text(&mut state, (40, 12)).contains("fix: do y"));
}

#[test]
fn rows_that_are_found_first_are_shown_while_the_others_are_looked_for() {
    let mut state = fixture::list();
    let (chosen, now) = (state.sessions.chosen().unwrap().id.clone(), state.now());
    state.sessions.line = Line::new("deploy");
    assert_eq!(state.sessions.edited(&now).len(), 1);
    let number = state.sessions.number();
    let row = |name: &str| fixture::row(name, "make", Vec::new());
    let part = |number, offset, rows| News::Part { number, offset, rows };
    state.sessions.receive(part(number - 1, 0, vec![row("of another question")]));
    assert_eq!(state.sessions.chosen().unwrap().id, chosen);
    state.sessions.receive(part(number, 0, vec![row("a"), row("b")]));
    state.sessions.receive(part(number, 2, vec![row("c")]));
    assert!(text(&mut state, (80, 24)).contains("more than 2 sessions"));
    assert!(text(&mut state, (80, 24)).contains("searching"));
    // The choice stays where it is, and nothing is asked in between.
    assert!(state.sessions.select(1).is_empty());
    state.sessions.receive(News::Page { number, offset: 3, rows: vec![row("d")], ended: true });
    assert_eq!(state.sessions.chosen().unwrap().id, "b");
    let shown = text(&mut state, (80, 24));
    assert!(shown.contains("4 of 4 sessions") && !shown.contains("searching"), "{shown}");
}

#[test]
fn what_was_found_stands_below_its_session_or_beside_the_list() {
    for size in SIZES {
        let mut state = fixture::found();
        let shown = text(&mut state, size);
        for part in ["deploy user:ana", "3 of 4 sessions", "0:02.0", "make deploy"] {
            assert!(shown.contains(part), "{part} at {size:?}:\n{shown}");
        }
        let beside = shown.lines().any(|line| line.contains("make  ") && line.contains("command"));
        assert_eq!(beside, size.0 >= 140, "{size:?}:\n{shown}");
        update(&mut state, Action::Last);
        let shown = text(&mut state, size);
        assert!(shown.contains("before deploy") && shown.contains("0:04.0"), "{size:?}:\n{shown}");
    }
    let mut state = fixture::found();
    update(&mut state, Action::Into);
    update(&mut state, Action::Down);
    let shown = text(&mut state, (120, 30));
    assert!(shown.contains("▸ 1:02.0  screen   the \\e[2JDeployment 世"), "{shown}");
}

#[test]
fn a_wrong_query_is_underlined_and_explained() {
    let mut state = fixture::found();
    state.sessions.line = Line::new("ok decision:maybe");
    let now = state.now();
    state.sessions.edited(&now);
    let buffer = picture(&mut state, (100, 24));
    let wrong = buffer.content[100..200].iter().filter(|cell| cell.modifier.contains(Modifier::UNDERLINED));
    let wrong: String = wrong.map(Cell::symbol).collect();
    assert!(wrong.contains("maybe") && !wrong.contains("ok"), "{wrong}");
    let shown = text(&mut state, (100, 24));
    assert!(shown.lines().last().unwrap().contains('!'), "{shown}");
    assert!(shown.contains("make deploy"), "the rows stay:\n{shown}");
}

#[test]
fn what_is_wrong_with_a_query_is_told_whole_at_every_size() {
    for size in [(40, 12), (80, 24), (200, 50)] {
        let mut state = fixture::found();
        state.sessions.line = Line::new("deploy usr:ana");
        let now = state.now();
        state.sessions.edited(&now);
        let told = super::query::trouble(&state.sessions).unwrap();
        let shown = text(&mut state, size);
        let shown: Vec<&str> = shown.split_whitespace().collect();
        assert!(shown.join(" ").contains(&told), "{size:?} {told}\n{shown:?}");
    }
}

#[test]
fn completions_and_lists_of_queries_stand_below_the_line() {
    let mut state = fixture::found();
    for (line, wanted) in [("x dec", "decision:  "), ("decision:d", "deny"), ("took:", ">10s")] {
        state.sessions.line = Line::new(line);
        let now = state.now();
        state.sessions.edited(&now);
        let shown = text(&mut state, (80, 24));
        assert!(shown.lines().skip(2).take(3).any(|row| row.contains(wanted)), "{line}:\n{shown}");
    }
    update(&mut state, Action::History);
    assert!(text(&mut state, (80, 24)).contains("no query asked before fits"));
}

#[test]
fn a_screen_that_does_not_fit_is_cut_at_the_cursor_and_says_so() {
    let shown = text(&mut fixture::playing(), (80, 24));
    assert!(shown.contains("80x24, rows 4-24"), "{shown}");
    assert!(
        shown.contains("$ aws") && shown.contains("line 3 of") && !shown.contains("line 2 of"),
        "{shown}"
    );
    let mut state = fixture::playing();
    update(&mut state, Action::Pan(0, -100));
    let shown = text(&mut state, (80, 24));
    assert!(shown.contains("rows 1-21") && shown.contains("line 0 of"), "{shown}");
    let shown = text(&mut fixture::playing(), (40, 12));
    assert!(shown.contains("80x24 cut") && shown.contains("line 22"), "{shown}");
}

#[test]
fn a_screen_that_fits_stands_beside_its_calls() {
    let shown = text(&mut fixture::playing(), (200, 50));
    assert!(shown.contains("line 0 of the recorded screen 世"), "{shown}");
    for part in [
        " All 4, 1 denied  Calls 2  Commands 1  Approvals 0  Alerts 0  Session",
        "✓ s3:ListAllMyBuckets",
        "✗ s3:DeleteObject",
        "403",
        "◆ checkpoint",
    ] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
}

#[test]
fn the_detail_takes_no_room_where_there_is_nothing_to_tell() {
    for size in SIZES {
        let mut state = fixture::playing();
        state.size = size;
        update(&mut state, Action::Down);
        update(&mut state, Action::ToggleDetail);
        assert!(text(&mut state, size).contains(" Detail "), "{size:?}");
        state.play.as_mut().unwrap().show(Tab::Session);
        state.play.as_mut().unwrap().list = Some(true);
        let shown = text(&mut state, size);
        assert!(!shown.contains(" Detail ") && shown.contains("Session"), "{size:?}:\n{shown}");
        update(&mut state, Action::ToggleDetail);
        assert!(state.notice.take().is_some());
        state.play.as_mut().unwrap().show(Tab::Calls);
        assert!(text(&mut state, size).contains(" Detail "), "{size:?}");
    }
}

#[test]
fn the_list_and_the_detail_can_be_reached_at_every_size() {
    for size in SIZES {
        let mut state = fixture::playing();
        state.size = size;
        update(&mut state, Action::Down);
        update(&mut state, Action::Down);
        let shown = text(&mut state, size);
        assert!(shown.contains("✗ s3:DeleteObject"), "{size:?}:\n{shown}");
        update(&mut state, Action::ToggleDetail);
        let shown = text(&mut state, size);
        for part in ["decision    deny", "policy.toml:41"] {
            assert!(shown.contains(part), "{part} at {size:?}:\n{shown}");
        }
        fixture::read_call(&mut state);
        let mut seen = text(&mut state, size);
        for _ in 0..9 {
            update(&mut state, Action::PageDown);
            seen += &text(&mut state, size);
        }
        for part in [
            "parameters  JSON, 35 bytes",
            "\"Bucket\": \"reports\"",
            "\\e]0;x\\x07",
            "<Secret>hoopmask:jwt:abcdefgh",
        ] {
            assert!(seen.contains(part), "{part} at {size:?}:\n{seen}");
        }
    }
}

#[test]
fn the_timeline_shows_calls_where_they_were() {
    let shown = text(&mut fixture::playing(), (80, 24));
    let bar = shown.lines().nth(22).unwrap();
    assert!(bar.starts_with(" ▶ 0:00.0 ●") && bar.contains('✗'), "{bar}");
    assert!(bar.ends_with("1:40 1× pauses≤2s"), "{bar}");
}

#[test]
fn help_lists_every_key_of_the_place() {
    let mut state = fixture::playing();
    update(&mut state, Action::ToggleHelp);
    let shown = text(&mut state, (80, 66));
    for part in
        ["Space", "play, pause", "n N", "jump to the chosen one", "its next tab", "go to a place", "Ctrl-Z"]
    {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
    assert!(text(&mut state, (40, 12)).contains("keys 1-10 of"));
}

#[test]
fn a_terminal_that_is_too_small_says_so() {
    for size in [(39, 12), (40, 11), (10, 2), (1, 1)] {
        let shown = text(&mut fixture::playing(), size);
        assert!(size.0 < 20 || shown.contains("too small"), "{shown}");
    }
}

#[test]
fn search_hits_are_marked() {
    let mut state = fixture::playing();
    state.play.as_mut().unwrap().search.pattern = Pattern::new("line 7 of");
    let buffer = picture(&mut state, (200, 50));
    let marked = buffer.content.iter().filter(|cell| cell.bg == Color::Rgb(0xf2, 0xcc, 0x60));
    assert_eq!(marked.map(Cell::symbol).collect::<String>(), "line 7 of");
}

#[test]
fn nothing_unsafe_reaches_the_terminal_and_no_colour_means_none() {
    for size in SIZES {
        for mut state in [fixture::list(), fixture::playing(), fixture::asked()] {
            update(&mut state, Action::ToggleApprovals);
            state.theme = Theme::load("light", Depth::None).unwrap();
            update(&mut state, Action::Down);
            update(&mut state, Action::ToggleDetail);
            for cell in &picture(&mut state, size).content {
                assert!(!cell.symbol().chars().any(is_unsafe), "{:?}", cell.symbol());
                assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
            }
        }
    }
}

#[test]
fn every_tab_can_be_seen_at_every_size() {
    for size in [(40, 12), (80, 24), (80, 50), (120, 30), (200, 50), (300, 80)] {
        let mut state = fixture::asked();
        state.size = size;
        fixture::tell(&mut state);
        for (tab, parts) in [
            (Tab::Calls, ["Calls 2, 1 denied", "✗ ", "s3:DeleteObject", "403"]),
            (Tab::Commands, ["Commands 1", "$ aws s3 ls", "ok", "0:01"]),
            (Tab::Approvals, ["Approvals 3, 1 not granted", "◈ ", "⊘ ", "granted"]),
            (Tab::Alerts, ["Alerts 1, 1 masked", "▲ alert harvest", "▒ masked in terminal", "×2"]),
            (Tab::Session, [" Session", " session", "command     make deploy", "began       2025-11-21"]),
        ] {
            update(&mut state, Action::TurnTo(tab));
            let shown = text(&mut state, size);
            for part in parts {
                assert!(shown.contains(part), "{part} of {tab:?} at {size:?}:\n{shown}");
            }
            let named = tab == Tab::Calls && size.0 >= 80 && size.0 != 120;
            assert!(!named || shown.contains("TIME   DECISION ACTION"), "{size:?}:\n{shown}");
        }
        for _ in 0..60 {
            update(&mut state, Action::Down);
        }
        let end = text(&mut state, size);
        assert!(end.contains("bodies"), "the facts are scrolled to their end at {size:?}:\n{end}");
        update(&mut state, Action::TurnTo(Tab::Calls));
        linked::filter(state.play.as_mut().unwrap(), "delete");
        let shown = text(&mut state, size);
        assert!(
            shown.contains("only \"delete\": 1 of 2") && !shown.contains("ListAll"),
            "{size:?}:\n{shown}"
        );
    }
}

#[test]
fn a_search_in_the_detail_shows_its_hits() {
    for size in SIZES {
        let mut state = fixture::playing();
        state.size = size;
        update(&mut state, Action::TurnTo(Tab::Calls));
        update(&mut state, Action::ToggleDetail);
        fixture::read_call(&mut state);
        text(&mut state, size);
        let play = state.play.as_mut().unwrap();
        assert!(play.find("not in there").unwrap().contains("does not stand in it"));
        assert_eq!(play.find("secret"), None);
        let shown = text(&mut state, size);
        assert!(shown.contains("\"secret\" 1 of ") && shown.contains("<Secret>"), "{size:?}:\n{shown}");
        update(&mut state, Action::NextHit);
        assert!(state.play.as_ref().unwrap().detail.as_ref().unwrap().find.is_some());
        update(&mut state, Action::Back);
        assert!(!text(&mut state, size).contains("\"secret\""));
    }
}

#[test]
fn what_is_chosen_or_under_the_mouse_stands_out_on_the_timeline() {
    let mut state = fixture::playing();
    state.size = (80, 24);
    update(&mut state, Action::TurnTo(Tab::Calls));
    update(&mut state, Action::Last);
    update(&mut state, Action::Down);
    let selected = state.theme.style(Meaning::Selected).bg.unwrap();
    let buffer = picture(&mut state, (80, 24));
    let row = &buffer.content[80 * 22..80 * 23];
    let marked: String = row.iter().filter(|cell| cell.bg == selected).map(Cell::symbol).collect();
    assert_eq!(marked, "✗");
    let at = row.iter().position(|cell| cell.symbol() == "✗").unwrap();
    let area = ratatui::layout::Rect::new(0, 0, 80, 24);
    let track = layout::play(state.play.as_ref().unwrap(), area).track;
    state.play.as_mut().unwrap().hover = Some(u16::try_from(at).unwrap() - track.x);
    let shown = text(&mut state, (80, 24));
    assert!(shown.contains(" 1:00.0  ✗ s3:DeleteObject  403  arn:aws:s3:::reports"), "{shown}");
    state.play.as_mut().unwrap().hover = Some(3);
    assert!(text(&mut state, (80, 24)).contains("click: go there"));
}

#[test]
fn approvals_are_a_list_of_their_own_at_every_size() {
    for size in SIZES {
        let mut state = fixture::asked();
        state.size = size;
        update(&mut state, Action::ToggleApprovals);
        let shown = text(&mut state, size);
        for part in
            ["Approvals 3, 1 not granted", "◈ s3:DeleteObject", "⊘ s3:PutBucketPo", "◇ command", "granted"]
        {
            assert!(shown.contains(part), "{part} at {size:?}:\n{shown}");
        }
        assert!(shown.contains("denied") && shown.contains("waiting"), "{size:?}:\n{shown}");
        update(&mut state, Action::NextWhich);
        assert!(text(&mut state, size).contains("only granted: 1 of 3"), "{size:?}");
    }
    let mut state = fixture::asked();
    update(&mut state, Action::ToggleApprovals);
    let shown = text(&mut state, (120, 30));
    assert!(shown.contains("0:20 ◈ s3:DeleteObject"), "{shown}");
}

#[test]
fn the_detail_of_an_approval_tells_the_whole_story() {
    let mut state = fixture::asked();
    update(&mut state, Action::ToggleApprovals);
    update(&mut state, Action::ToggleDetail);
    let shown = text(&mut state, (200, 60));
    for part in [
        "approval    q1",
        "question    s3:DeleteObject on arn:aws:s3:::reports/2026/07.csv",
        "rule        rule \"destructive\" (policy.toml:41)",
        "needs       2 of group security",
        "shown to    bo on hoopctl at 0:21.0",
        "votes       yes of bo on hoopctl at 0:25.0",
        "answer      granted at 0:29.0",
        "by          bo and cy",
        "why         ticket 17",
        "reaches     for the session",
        "took        9.0 s",
        "used        once more",
        "at 0:50.0 s3:DeleteObject on arn:aws:s3:::reports/2026/08.csv (call 7)",
    ] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
    update(&mut state, Action::Down);
    let shown = text(&mut state, (80, 30));
    assert!(shown.contains("why         \\e[31mpublic"), "{shown}");
}

#[test]
fn the_timeline_marks_questions_and_answers_in_their_own_way() {
    for depth in [Depth::True, Depth::None] {
        let mut state = fixture::asked();
        state.theme = Theme::load("dark", depth).unwrap();
        let shown = text(&mut state, (120, 24));
        let bar = shown.lines().nth(22).unwrap();
        let marks: String = bar.chars().filter(|c| "◇◈⊘".contains(*c)).collect();
        assert_eq!(marks, "◇◈◇⊘◇", "{bar}");
    }
}
