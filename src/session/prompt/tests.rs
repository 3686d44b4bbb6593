use super::*;
use crate::approval::Difference;
use crate::approval::Fact;
use crate::approval::Findings;
use crate::approval::Question;
use crate::approval::Via;
use crate::approval::Vote;
use crate::types::Approvers;

const SECOND: u64 = 1_000_000;
const PLAIN: Look = Look { colour: false, asked_for: true };

fn waiting(id: u64) -> Waiting {
    let question = Question {
        action: "s3:DeleteObject".to_owned(),
        resources: vec!["arn:aws:s3:::billing/\x1b[2J07.csv".to_owned()],
        who: "ana".to_owned(),
        rule: "destructive (policy.toml:41)".to_owned(),
        ..Question::default()
    };
    Waiting {
        id: QuestionId(id),
        question,
        asked: Micros(0),
        deadline: Micros(60 * SECOND),
        callers: 1,
        votes: Vec::new(),
        missing: Vec::new(),
        findings: Findings::default(),
    }
}

/// One that others have to allow.
fn of_others(id: u64) -> Waiting {
    let mut waiting = waiting(id);
    waiting.question.needs =
        vec![Approvers { users: Vec::new(), groups: vec!["security".to_owned()], count: 2 }];
    waiting.missing = vec!["1 more of group security".to_owned()];
    waiting.votes = vec![Vote {
        by: "bo".to_owned(),
        groups: vec!["security".to_owned()],
        key: "uid 7".to_owned(),
        via: Via::Hoopctl,
        reason: "looks right".to_owned(),
    }];
    waiting
}

fn open(waiting: Vec<Waiting>) -> Prompt {
    let mut prompt = Prompt::new(PLAIN, Micros(0));
    assert!(prompt.update(waiting, Micros(0)));
    prompt
}

fn one() -> Prompt {
    open(vec![waiting(1)])
}

fn answered(id: u64, answer: Answer) -> Option<Did> {
    Some(Did::Answered(QuestionId(id), answer))
}

fn once(id: u64) -> Option<Did> {
    answered(id, Answer::Allow(Scope::Once, String::new()))
}

fn type_text(prompt: &mut Prompt, text: &str, now: u64) -> Option<Did> {
    let mut last = None;
    let mut buffer = [0; 4];
    for letter in text.chars() {
        last = prompt.typed(letter.encode_utf8(&mut buffer).as_bytes(), Micros(now));
    }
    last
}

fn screen(prompt: &mut Prompt, (cols, rows): (u16, u16)) -> Vec<String> {
    let drawn = prompt.draw(Size::new(cols, rows), Micros(SECOND), |id| format!("r0s1-{id}"));
    let mut terminal = avt::Terminal::new(usize::from(cols), usize::from(rows)).unwrap();
    terminal.feed(String::from_utf8(drawn).unwrap().as_str());
    terminal.screen().visible_lines().map(avt::Line::text).collect()
}

#[test]
fn a_key_counts_only_after_the_keyboard_was_silent() {
    let mut prompt = one();
    assert_eq!(prompt.typed(b"a", Micros(300_000)), None);
    // Still typing: the silence has to start again.
    assert_eq!(prompt.typed(b"a", Micros(700_000)), None);
    assert_eq!(prompt.typed(b"a", Micros(2 * SECOND)), once(1));
}

#[test]
fn the_hot_key_held_down_answers_and_leaves_nothing() {
    let mut prompt = one();
    for time in 0..40 {
        assert_eq!(prompt.typed(b"\x1d", Micros(time * 50_000)), None);
    }
    assert_eq!(prompt.typed(b"a", Micros(2 * SECOND + 100_000)), None, "too close to the last of them");
}

#[test]
fn the_next_question_has_a_guard_time_of_its_own() {
    let mut prompt = one();
    assert_eq!(prompt.typed(b"a", Micros(SECOND)), once(1));
    prompt.update(vec![waiting(2)], Micros(SECOND));
    assert_eq!(prompt.typed(b"a", Micros(SECOND + 100_000)), None);
    assert_eq!(prompt.typed(b"a", Micros(3 * SECOND)), once(2));
    assert!(!prompt.update(Vec::new(), Micros(3 * SECOND)));
}

#[test]
fn a_paste_or_keys_typed_ahead_never_answer() {
    let mut prompt = one();
    assert_eq!(prompt.typed(b"aa", Micros(SECOND)), None);
    assert_eq!(prompt.typed(b"\x1b[200~a", Micros(3 * SECOND)), None);
    assert_eq!(prompt.typed(b"a", Micros(5 * SECOND)), None, "still inside the paste");
    assert_eq!(prompt.typed(b"\x1b[201~", Micros(6 * SECOND)), None);
    assert_eq!(prompt.typed(b"a", Micros(8 * SECOND)), once(1));
}

#[test]
fn a_denial_carries_the_reason_that_was_typed() {
    let mut prompt = one();
    assert_eq!(prompt.typed(b"r", Micros(SECOND)), None);
    for byte in "use the stagin\u{7f}ng bücket".as_bytes() {
        assert_eq!(prompt.typed(&[*byte], Micros(SECOND)), None);
    }
    let deny = Answer::Deny("use the staging bücket".to_owned());
    assert_eq!(prompt.typed(b"\r", Micros(2 * SECOND)), answered(1, deny));
}

#[test]
fn minutes_and_the_end_of_the_session_need_enter() {
    let mut prompt = one();
    assert_eq!(prompt.typed(b"m", Micros(SECOND)), None);
    let ten = Answer::Allow(Scope::For(Duration::from_secs(600)), String::new());
    assert_eq!(prompt.typed(b"\r", Micros(SECOND)), answered(1, ten));
    assert_eq!(prompt.typed(b"m", Micros(SECOND)), None);
    assert_eq!(type_text(&mut prompt, "x25", SECOND), None);
    let answer = Answer::Allow(Scope::For(Duration::from_secs(1500)), String::new());
    assert_eq!(prompt.typed(b"\r", Micros(SECOND)), answered(1, answer));
    for (typed, is_right) in [("0", false), ("1441", false), ("1440", true)] {
        let mut prompt = one();
        prompt.typed(b"m", Micros(SECOND));
        type_text(&mut prompt, typed, SECOND);
        assert_eq!(prompt.typed(b"\r", Micros(SECOND)).is_some(), is_right, "{typed}");
    }
    let mut prompt = one();
    assert_eq!(prompt.typed(b"x", Micros(SECOND)), None);
    assert_eq!(prompt.typed(b"x", Micros(SECOND)), None);
    assert_eq!(prompt.typed(b"\x1b", Micros(SECOND)), None, "Esc goes back to the keys");
    assert_eq!(prompt.typed(b"\r", Micros(3 * SECOND)), None);
    assert_eq!(prompt.typed(b"x", Micros(4 * SECOND)), None);
    assert_eq!(prompt.typed(b"pasted\r", Micros(4 * SECOND)), None, "Enter has to be pressed by itself");
    assert_eq!(prompt.typed(b"\r", Micros(5 * SECOND)), answered(1, Answer::Stop("pasted".to_owned())));
}

#[test]
fn esc_goes_back_at_once_unless_the_prompt_came_by_itself() {
    assert_eq!(one().typed(b"\x1b", Micros(1000)), Some(Did::Left));
    let mut prompt = Prompt::new(Look { asked_for: false, ..PLAIN }, Micros(0));
    prompt.update(vec![waiting(1)], Micros(0));
    assert_eq!(prompt.typed(b"\x1b", Micros(1000)), None);
    assert_eq!(prompt.typed(b"\x1b", Micros(SECOND)), Some(Did::Left));
}

#[test]
fn what_others_must_allow_can_only_be_denied() {
    let mut prompt = open(vec![of_others(1)]);
    for key in [b"a", b"s", b"m"] {
        assert_eq!(prompt.typed(key, Micros(SECOND)), None);
    }
    assert!(prompt.typing.is_none());
    let text = screen(&mut prompt, (80, 24)).join("\n");
    for shown in
        ["bo (security), by hoopctl: looks right", "1 more of group security", "you cannot say yes", "r0s1-1"]
    {
        assert!(text.contains(shown), "{shown}:\n{text}");
    }
    assert!(!text.contains("allow once"), "{text}");
    assert_eq!(prompt.typed(b"d", Micros(SECOND)), answered(1, Answer::Deny(String::new())));
}

#[test]
fn several_are_chosen_from_a_list() {
    let mut prompt = open(vec![waiting(1), of_others(2), waiting(3)]);
    let text = screen(&mut prompt, (80, 24)).join("\n");
    assert!(text.contains(">    59 s  s3:DeleteObject on") && text.contains("(needs 1 more of"), "{text}");
    // In the list nothing is answered.
    assert_eq!(prompt.typed(b"a", Micros(SECOND)), None);
    prompt.typed(b"\x1b[B", Micros(SECOND));
    prompt.typed(b"\x1b[B", Micros(SECOND));
    assert_eq!(prompt.typed(b"\r", Micros(SECOND)), None);
    assert!(screen(&mut prompt, (80, 24))[0].contains("3 of 3"));
    assert_eq!(prompt.typed(b"a", Micros(SECOND + 1)), None, "it has just come");
    assert_eq!(prompt.typed(b"a", Micros(3 * SECOND)), once(3));
    prompt.typed(b"l", Micros(3 * SECOND));
    assert_eq!(prompt.shown(), None);
}

#[test]
fn one_that_is_answered_elsewhere_takes_the_typed_reason_along() {
    let mut prompt = one();
    prompt.typed(b"r", Micros(SECOND));
    type_text(&mut prompt, "no", SECOND);
    assert!(prompt.update(vec![waiting(2)], Micros(2 * SECOND)));
    assert_eq!(prompt.typed(b"\r", Micros(2 * SECOND)), None);
    let text = screen(&mut prompt, (80, 24)).join("\n");
    assert!(text.contains("answered elsewhere"), "{text}");
}

#[test]
fn everything_needed_is_on_every_screen_and_nothing_reaches_it_unescaped() {
    for size in [(40, 12), (80, 24), (200, 50), (300, 80)] {
        let text = screen(&mut one(), size).join("\n");
        for word in ["1 of 1", "s3:DeleteObject", "arn:aws:s3:::billing/", "59 s", "allow", "deny", "␛[2J07."]
        {
            assert!(text.contains(word), "{size:?} lacks {word}:\n{text}");
        }
    }
    let mut prompt = one();
    let text = screen(&mut prompt, (20, 5));
    assert!(text[0].contains("1 of 1 · 59 s"), "{text:?}");
    assert!(text[4].contains("a s m d r x Esc ?"), "{text:?}");
    prompt.typed(b"x", Micros(SECOND));
    assert!(screen(&mut prompt, (20, 5)).join("\n").contains("why"));
    for size in [(1, 1), (2, 3), (5, 2), (9, 9)] {
        screen(&mut prompt, size);
        screen(&mut open(vec![of_others(1), waiting(2)]), size);
    }
}

#[test]
fn what_changes_is_marked_with_and_without_colour() {
    let mut waiting = waiting(1);
    waiting.findings = Findings {
        facts: vec![Fact { name: "objects".to_owned(), value: "unknown: timed out".to_owned() }],
        compared: "bucket policy".to_owned(),
        difference: vec![
            Difference::Same("{".to_owned()),
            Difference::Removed("\"Principal\": \"me\"".to_owned()),
            Difference::Added("\"Principal\": \"*\" \x1b[2K世界".to_owned()),
        ],
        is_looking: true,
    };
    let mut prompt = open(vec![waiting.clone()]);
    let text = screen(&mut prompt, (80, 24)).join("\n");
    for shown in [
        "objects: unknown: timed out",
        "looking …",
        "- \"Principal\": \"me\"",
        "+ \"Principal\": \"*\" ␛[2K世界",
    ] {
        assert!(text.contains(shown), "{shown}:\n{text}");
    }
    let drawn = |colour| {
        let mut prompt = Prompt::new(Look { colour, ..PLAIN }, Micros(0));
        prompt.update(vec![waiting.clone()], Micros(0));
        String::from_utf8(prompt.draw(Size::new(80, 24), Micros(0), |_| String::new())).unwrap()
    };
    assert!(drawn(true).contains("\x1b[32m") && !drawn(false).contains("\x1b[31m"));
}

#[test]
fn a_line_that_fills_the_screen_is_whole() {
    let mut waiting = waiting(1);
    // Eleven columns and a blank for the name, and two lines of what is left.
    waiting.question.resources = vec![format!("{}A{}B", "x".repeat(67), "y".repeat(67))];
    let text = screen(&mut open(vec![waiting]), (80, 24)).join("\n");
    assert!(text.contains("xA\n") && text.contains("yB\n"), "{text}");
}
