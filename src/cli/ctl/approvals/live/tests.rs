#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

use std::time::Duration;

use crossterm::event::Event as TerminalEvent;
use crossterm::event::KeyCode;
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::draw;
use super::state::Effect;
use super::state::GUARD;
use super::state::Mode;
use super::state::State;
use crate::approval::Card;
use crate::approval::Fact;
use crate::approval::Findings;
use crate::approval::Question;
use crate::approval::QuestionId;
use crate::approval::Scope;
use crate::cli::ctl::approvals::Found;
use crate::cli::ctl::approvals::names::Name;
use crate::control::client::Session;
use crate::control::wire::Word;
use crate::replay::Depth;
use crate::replay::Theme;
use crate::sys::user;
use crate::types::Micros;
use crate::types::SessionId;

const NOON: u64 = 1_763_700_000_000_000;

fn found(session: u128, id: u64) -> Found {
    let session = SessionId::new(NOON, session);
    let question = Question {
        action: "s3:DeleteObject".to_owned(),
        resources: vec![format!("arn:aws:s3:::billing/{id}.csv")],
        command: Some("aws s3 rm \u{1b}[2J s3://billing".to_owned()),
        rule: "rule \"x\" (policy.toml:41)".to_owned(),
        parameters: vec![Fact { name: "Bucket".to_owned(), value: "billing".to_owned() }],
        ..Question::default()
    };
    let card = Card {
        session,
        id: QuestionId(id),
        host: "h".to_owned(),
        requester: "ana".to_owned(),
        asked: NOON + id,
        deadline: NOON + 45_000_000,
        callers: 1,
        question,
        votes: Vec::new(),
        missing: Vec::new(),
        findings: Findings::default(),
    };
    Found { session: Session::at(session, user::uid()), card }
}

fn press(state: &mut State, code: KeyCode, now: Micros) -> Option<Effect> {
    state.terminal(&TerminalEvent::Key(KeyEvent::from(code)), now)
}

fn ready() -> Micros {
    Micros(Micros::from(GUARD).0 + 1)
}

fn picture(state: &mut State, cols: u16, rows: u16, depth: Depth) -> String {
    let area = Rect::new(0, 0, cols, rows);
    let mut buffer = Buffer::empty(area);
    draw::draw(state, &Theme::load("dark", depth).unwrap(), (ready(), NOON), area, &mut buffer);
    let row = |y: u16| (0..cols).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..rows).map(row).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_key_counts_only_after_a_silence() {
    let mut state = State::default();
    state.update(vec![found(7, 1)], Micros(0));
    assert!(press(&mut state, KeyCode::Char('a'), Micros(1_000)).is_none());
    // Too early again: the silence begins anew.
    assert!(press(&mut state, KeyCode::Char('a'), Micros(590_000)).is_none());
    assert!(press(&mut state, KeyCode::Char('a'), Micros(1_100_000)).is_none());
    let effect = press(&mut state, KeyCode::Char('a'), Micros(1_800_000));
    let Some(Effect::Answer(found, asked)) = effect else { panic!("{effect:?}") };
    assert_eq!((found.card.id, asked.word, asked.scope), (QuestionId(1), Word::Allow, Some(Scope::Once)));
    // Once is enough.
    assert!(press(&mut state, KeyCode::Char('a'), Micros(9_000_000)).is_none());
}

#[test]
fn what_is_pasted_answers_nothing() {
    let mut state = State::default();
    state.update(vec![found(7, 1)], Micros(0));
    assert!(state.terminal(&TerminalEvent::Paste("a\ny\n".to_owned()), ready()).is_none());
    press(&mut state, KeyCode::Char('d'), ready());
    assert!(state.terminal(&TerminalEvent::Paste("no\nway\u{1b}".to_owned()), ready()).is_none());
    assert_eq!(state.mode, Mode::Reason { stop: false, text: "noway".to_owned() });
}

#[test]
fn a_wide_yes_is_confirmed() {
    let mut state = State::default();
    state.update(vec![found(7, 1)], Micros(0));
    let now = ready();
    assert!(press(&mut state, KeyCode::Char('s'), now).is_none());
    assert!(press(&mut state, KeyCode::Char('y'), now).is_none(), "typed ahead");
    let later = Micros(now.0 + 2_000_000);
    let effect = press(&mut state, KeyCode::Char('y'), later);
    assert!(matches!(effect, Some(Effect::Answer(_, asked)) if asked.scope == Some(Scope::Session)));
    let mut state = State::default();
    state.update(vec![found(7, 1)], Micros(0));
    press(&mut state, KeyCode::Char('m'), now);
    let _ = [KeyCode::Backspace, KeyCode::Backspace, KeyCode::Char('x'), KeyCode::Char('5')]
        .map(|code| press(&mut state, code, now));
    let effect = press(&mut state, KeyCode::Enter, later);
    let five = Scope::For(Duration::from_secs(300));
    assert!(matches!(effect, Some(Effect::Answer(_, asked)) if asked.scope == Some(five)));
}

#[test]
fn a_question_that_comes_in_the_place_of_another_is_guarded() {
    let mut state = State::default();
    state.update(vec![found(7, 1), found(8, 2)], Micros(0));
    let now = ready();
    press(&mut state, KeyCode::Char('d'), now);
    state.update(vec![found(8, 2)], now);
    assert_eq!(state.mode, Mode::List);
    assert_eq!(state.chosen().unwrap().card.id, QuestionId(2));
    assert!(press(&mut state, KeyCode::Char('a'), Micros(now.0 + 1)).is_none());
    // One that comes above does not move the choice.
    state.update(vec![found(6, 0), found(8, 2)], now);
    assert_eq!(state.chosen().unwrap().card.id, QuestionId(2));
}

#[test]
fn it_can_be_read_on_any_terminal() {
    for (cols, rows) in [(40, 12), (80, 24), (200, 50)] {
        let mut state = State::default();
        state.update((1..=30).map(|id| found(7, id)).collect(), Micros(0));
        for depth in [Depth::None, Depth::True] {
            let picture = picture(&mut state, cols, rows, depth);
            assert!(picture.contains("s3:DeleteObject"), "{picture}");
            assert!(picture.contains("30 waiting in 1 session"), "{picture}");
            assert!(!picture.contains('\u{1b}'));
        }
        press(&mut state, KeyCode::Char('s'), ready());
        assert!(picture(&mut state, cols, rows, Depth::None).contains("until the"), "{cols}x{rows}");
    }
    assert!(picture(&mut State::default(), 20, 5, Depth::None).contains("36x10"));
    assert!(picture(&mut State::default(), 80, 24, Depth::None).contains("nothing waits"));
}

#[test]
fn names_are_found_and_never_guessed() {
    let all = [found(7, 1), found(7, 12), found(8, 1)];
    let name = |found: &Found| found.card.name();
    let find = |text: &str| {
        Name::read(text).and_then(|name| name.find(&all).map(|found| found.map(|f| f.card.name())))
    };
    assert_eq!(find(&name(&all[0])).unwrap(), Some(name(&all[0])));
    assert_eq!(find(&name(&all[1]).to_ascii_uppercase()).unwrap(), Some(name(&all[1])));
    let whole = format!("{}-12", all[1].card.session);
    assert_eq!(find(&whole).unwrap(), Some(name(&all[1])));
    // Both sessions began in the same millisecond: the beginning of the id tells neither from the other.
    let both = format!("{}-1", &all[0].card.session.to_string()[..10]);
    assert!(find(&both).unwrap_err().what().contains("names 2 questions"));
    assert_eq!(find("zzzz-1").unwrap(), None);
    for wrong in ["", "1", "r0s1", "r0s1-", "r0-1", "r0s1-x", "-1", "r0s1-1-1x", "é0s1-1"] {
        assert!(Name::read(wrong).is_err(), "{wrong}");
    }
}
