use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::audit::CallBegin;
use crate::audit::CallEnd;
use crate::audit::CommandEnd;
use crate::audit::CommandFailed;
use crate::audit::CommandStart;
use crate::audit::CommandTyped;
use crate::audit::Decision;
use crate::audit::Event;
use crate::types::Micros;

/// A call: its action, its resource, what was decided, its HTTP status.
type Called<'t> = (&'t str, &'t str, Effect, u16);

fn called(calls: &[Called<'_>]) -> Vec<(u64, Event)> {
    calls.iter().zip(1..).flat_map(|(call, number)| with_params(number, *call, Value::Null)).collect()
}

fn with_params(
    number: u64,
    (action, resource, effect, status): Called<'_>,
    params: Value,
) -> [(u64, Event); 3] {
    let mut begin = CallBegin::new(number, action.split(':').next().unwrap(), action, action);
    begin.resources = vec![resource.to_owned()];
    begin.params = params;
    let decision =
        Decision { call: number, effect, rule: None, origin: String::new(), reason: String::new() };
    let end = CallEnd { call: number, status: Some(status), ..CallEnd::default() };
    let events =
        [Event::CallBegin(Box::new(begin)), Event::Decision(decision), Event::CallEnd(Box::new(end))];
    events.map(|event| (number * 1_000_000, event))
}

fn ran(lines: &[(&str, i32)]) -> Vec<(u64, Event)> {
    let event = |((line, status), id): (&(&str, i32), u64)| {
        let argv = line.split(' ').map(str::to_owned).collect();
        let pid = u32::try_from(id).unwrap() + 100;
        let start = CommandStart { id, pid, argv, ..CommandStart::default() };
        let end = CommandEnd { id, status: Some(*status), ..CommandEnd::default() };
        [(id, Event::CommandStart(start)), (id, Event::CommandEnd(end))]
    };
    lines.iter().zip(1..).flat_map(event).collect()
}

fn compared(a: Vec<(u64, Event)>, b: Vec<(u64, Event)>) -> Comparison {
    let manner = Manner::default();
    let (a, b) = (side::of_events(a, &manner), side::of_events(b, &manner));
    Comparison::new(a, b, manner)
}

fn states(rows: &[Row]) -> Vec<State> {
    rows.iter().map(|row| row.state).collect()
}

const GET: &str = "s3:GetObject";
const PUT: &str = "s3:PutObject";

#[test]
fn what_one_session_did_more_is_found_and_the_rest_still_belongs_together() {
    let allowed = |action, resource| (action, resource, Effect::Allow, 200);
    let one = [allowed(GET, "arn:aws:s3:::in/a"), allowed(PUT, "arn:aws:s3:::out/a")];
    let other = [
        allowed(GET, "arn:aws:s3:::in/a"),
        allowed("s3:DeleteObject", "arn:aws:s3:::in/a"),
        allowed(PUT, "arn:aws:s3:::out/a"),
    ];
    let more = compared(called(&one), called(&other));
    assert_eq!(states(&more.calls), [State::Same, State::OnlyB, State::Same]);
    assert_eq!(more.calls[1], Row { a: None, b: Some(1), state: State::OnlyB });
    let less = compared(called(&other), called(&one));
    assert_eq!(states(&less.calls), [State::Same, State::OnlyA, State::Same]);
    assert!(compared(called(&one), called(&one)).is_same() && !more.is_same());
}

#[test]
fn another_decision_or_status_is_a_change_and_not_another_call() {
    let one =
        [(GET, "arn:aws:s3:::in/a", Effect::Allow, 200), (GET, "arn:aws:s3:::in/b", Effect::Allow, 200)];
    let other =
        [(GET, "arn:aws:s3:::in/a", Effect::Deny, 403), (GET, "arn:aws:s3:::in/b", Effect::Allow, 200)];
    let found = compared(called(&one), called(&other));
    assert_eq!(states(&found.calls), [State::Changed, State::Same]);
    let (Some(a), Some(b)) = found.items(Topic::Calls, found.calls[0]) else { panic!() };
    let change = |what: &str, a: &str, b: &str| Change {
        what: what.to_owned(),
        a: Some(a.to_owned()),
        b: Some(b.to_owned()),
    };
    assert_eq!(found.changes(a, b), [change("decision", "allow", "deny"), change("result", "200", "403")]);
}

#[test]
fn times_and_random_names_are_no_difference_but_short_numbers_are() {
    let state = |one: &str, other: &str| {
        let calls = |resource| called(&[(GET, resource, Effect::Allow, 200)]);
        states(&compared(calls(one), calls(other)).calls)
    };
    let same = [State::Same];
    assert_eq!(state("arn:aws:s3:::logs/2026/07/01.gz", "arn:aws:s3:::logs/2026/07/02.gz"), same);
    assert_eq!(
        state("arn:aws:ec2:::instance/i-0abc1234def567890", "arn:aws:ec2:::instance/i-0ffc1234def567891"),
        same
    );
    assert_eq!(state("arn:aws:s3:::part-1", "arn:aws:s3:::part-2"), [State::Changed]);
    assert_eq!(state("arn:aws:s3:::red", "arn:aws:s3:::blue"), [State::OnlyA, State::OnlyB]);
    let account = ["arn:aws:sqs:eu-west-1:111111111111:q", "arn:aws:sqs:eu-west-1:222222222222:q"];
    assert_eq!(state(account[0], account[1]), [State::Changed]);
}

#[test]
fn parameters_tell_which_of_them_differ() {
    let call = |params| with_params(1, (GET, "arn:aws:s3:::in/a", Effect::Allow, 200), params).to_vec();
    let one = json!({"Bucket": "in", "Port": 22, "Token": "7b0e9c1a-3f52-4f0e-9a53-0c2f6a1d8e77", "Tags": [{"Key": "a"}]});
    let mut other = json!({"Token": "11119c1a-3f52-4f0e-9a53-0c2f6a1d8e77", "Port": 22, "Tags": [{"Key": "a"}], "Bucket": "in"});
    assert!(
        compared(call(one.clone()), call(other.clone())).is_same(),
        "the order of fields is no difference"
    );
    other["Port"] = json!(3389);
    other["Tags"][0]["Key"] = json!("b");
    other["Cidr"] = json!("0.0.0.0/0");
    let found = compared(call(one), call(other));
    let (Some(a), Some(b)) = found.items(Topic::Calls, found.calls[0]) else { panic!() };
    let told: Vec<String> = found
        .changes(a, b)
        .iter()
        .map(|change| format!("{}: {:?} {:?}", change.what, change.a.as_deref(), change.b.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            r#"Port: Some("22") Some("3389")"#,
            r#"Tags[0].Key: Some("a") Some("b")"#,
            r#"Cidr: None Some("0.0.0.0/0")"#
        ]
    );
}

#[test]
fn parameters_that_were_left_out_differ_by_their_digest() {
    let call = |digest: &str| {
        let params = json!({"left-out": {"bytes": 5_000_000, "sha256": digest}});
        with_params(1, (GET, "arn:aws:s3:::in/a", Effect::Allow, 200), params).to_vec()
    };
    let (one, other) = ("0a1b2c3d".repeat(8), "0a1b2c3e".repeat(8));
    assert!(compared(call(&one), call(&one)).is_same());
    let found = compared(call(&one), call(&other));
    assert_eq!(states(&found.calls), [State::Changed]);
    let (Some(a), Some(b)) = found.items(Topic::Calls, found.calls[0]) else { panic!() };
    assert!(!found.changes(a, b).is_empty());
}

#[test]
fn another_order_is_told_as_that() {
    let found = compared(
        ran(&[("make backup", 0), ("rm old", 0), ("make all", 0)]),
        ran(&[("rm old", 0), ("make backup", 0), ("make all", 0)]),
    );
    let counts = Counts::of(&found.commands);
    assert_eq!(counts, Counts { same: 2, moved: 1, ..Counts::default() });
    let from = found.commands.iter().find(|row| row.state == State::MovedFrom).unwrap();
    let to = found.commands.iter().find(|row| row.state == State::MovedTo).unwrap();
    assert_eq!((from.a, from.b), (to.a, to.b));
    assert!(!found.is_same());
}

#[test]
fn commands_are_told_apart_by_what_they_do_and_how_they_end() {
    let found = compared(
        ran(&[("curl -o /tmp/tmpab3d9z12 https://x", 0), ("make", 0)]),
        ran(&[("curl -o /tmp/tmpqq3d9z77 https://x", 0), ("make", 2)]),
    );
    assert_eq!(states(&found.commands), [State::Same, State::Changed]);
    let (Some(a), Some(b)) = found.items(Topic::Commands, found.commands[0]) else { panic!() };
    assert_eq!(found.common(&a.title, &b.title), "curl -o /tmp/tmp‹id› https://x");
}

#[test]
fn steps_of_a_search_are_no_commands_and_typed_lines_count_where_nothing_else_is_known() {
    let argv = vec!["ls".to_owned()];
    let step = Event::CommandFailed(CommandFailed { pid: 7, argv: argv.clone(), ..CommandFailed::default() });
    let found = Event::CommandStart(CommandStart { id: 1, pid: 7, argv, ..CommandStart::default() });
    let typed = Event::CommandTyped(CommandTyped { line: "ls".to_owned(), ..CommandTyped::default() });
    let lines = |events: Vec<Event>| {
        let events =
            events.into_iter().map(|event| (1, event)).chain(called(&[(GET, "*", Effect::Allow, 200)]));
        let side = side::of_events(events, &Manner::default());
        side.commands.into_iter().map(|item| item.title).collect::<Vec<_>>()
    };
    assert_eq!(lines(vec![step.clone(), step, found, typed.clone()]), ["ls"]);
    assert_eq!(lines(vec![typed]), ["ls"]);
}

#[test]
fn exactly_means_every_letter() {
    let manner = Manner { exact: true, ..Manner::default() };
    let side = |resource| side::of_events(called(&[(GET, resource, Effect::Allow, 200)]), &manner);
    let (a, b) = (side("arn:aws:s3:::logs/2026/07/01.gz"), side("arn:aws:s3:::logs/2026/07/02.gz"));
    assert_eq!(states(&Comparison::new(a, b, manner).calls), [State::OnlyA, State::OnlyB]);
}

/// Comparing each with each would take ten thousand million steps: this would not end.
#[test]
fn a_hundred_thousand_of_each_are_aligned_however_they_differ() {
    const COUNT: u64 = 100_000;
    let item = |coarse: u64| Item {
        at: Micros(0),
        title: String::new(),
        subject: String::new(),
        decision: None,
        result: String::new(),
        region: String::new(),
        accounts: String::new(),
        coarse,
        fine: coarse,
        params_digest: 0,
        params: None,
    };
    // A generator of numbers that look random (Steele, Lea, Flood: SplitMix64).
    let mixed = |number: u64| {
        let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 33
    };
    let items = |name: &dyn Fn(u64) -> u64| (0..COUNT).map(|number| item(name(number))).collect::<Vec<_>>();
    let one = items(&|number| number);
    let rows = align(&one, &one);
    assert!(Counts::of(&rows).is_same() && rows.len() == one.len());
    let rows = align(&one, &items(&|number| if number % 20 == 0 { COUNT + number } else { number }));
    let counts = Counts::of(&rows);
    assert_eq!((counts.same, counts.only_a, counts.only_b), (95_000, 5_000, 5_000));
    let rows = align(&one, &items(&|number| COUNT + number));
    assert_eq!(Counts::of(&rows).only_b, 100_000);
    let rows = align(&one, &items(&|number| COUNT - 1 - number));
    let counts = Counts::of(&rows);
    assert_eq!((counts.same + counts.moved, counts.only_a), (100_000, 0));
    // Few kinds of calls in any order, as of a program that polls.
    let few = align(&items(&|number| mixed(number) % 8), &items(&|number| mixed(number + COUNT) % 8));
    let counts = Counts::of(&few);
    assert_eq!(counts.same + counts.moved + counts.only_a, 100_000);
    assert!(counts.only_a < 2_000, "{counts:?}");
}

proptest! {
    #[test]
    fn every_call_stands_in_exactly_one_place_of_its_column(
        one in proptest::collection::vec(0_usize..5, 0..60),
        other in proptest::collection::vec(0_usize..5, 0..60),
    ) {
        const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
        let lines = |picked: &[usize]| {
            let lines: Vec<(&str, i32)> = picked.iter().map(|name| (NAMES[*name], 0)).collect();
            ran(&lines).into_iter().chain(called(&[(GET, "*", Effect::Allow, 200)])).collect()
        };
        let found = compared(lines(&one), lines(&other));
        let column = |is_there: fn(State) -> bool, index: fn(&Row) -> Option<usize>| -> Vec<usize> {
            found.commands.iter().filter(|row| is_there(row.state)).filter_map(index).collect()
        };
        let a = column(|state| !matches!(state, State::OnlyB | State::MovedTo), |row| row.a);
        let b = column(|state| !matches!(state, State::OnlyA | State::MovedFrom), |row| row.b);
        prop_assert_eq!(a, (0..one.len()).collect::<Vec<_>>());
        prop_assert_eq!(b, (0..other.len()).collect::<Vec<_>>());
        let mut sorted = (one.clone(), other.clone());
        sorted.0.sort_unstable();
        sorted.1.sort_unstable();
        let counts = Counts::of(&found.commands);
        prop_assert_eq!(counts.only_a + counts.only_b == 0, sorted.0 == sorted.1);
        prop_assert_eq!(counts.is_same(), one == other);
        for row in &found.commands {
            if let (Some(a), Some(b)) = found.items(Topic::Commands, *row) {
                prop_assert_eq!(&a.title, &b.title);
            }
        }
    }
}
