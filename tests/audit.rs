//! The chain of the audit log: nothing can be changed in it without being found.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

use hoop::audit;
use hoop::audit::CallBegin;
use hoop::audit::CallEnd;
use hoop::audit::Chain;
use hoop::audit::End;
use hoop::audit::Event;
use hoop::audit::Reader;
use hoop::audit::Start;
use hoop::types::Micros;
use hoop::types::SessionId;
use proptest::prelude::*;

fn id() -> SessionId {
    SessionId::new(1_763_700_000_000_000, 1)
}

fn lines() -> Vec<Vec<u8>> {
    let mut chain = Chain::new(id());
    let mut call = CallBegin::new(1, "s3", "GetObject", "s3:GetObject");
    call.params = serde_json::json!({"Key": "a\"b\n", "hash": "x", "n": [1, 2.5, null]});
    let events = [
        Event::SessionStart(Box::new(Start::new(
            id(),
            1_763_700_000_000_000,
            vec!["aws".into(), "s3".into()],
        ))),
        Event::CallBegin(Box::new(call)),
        Event::CallEnd(Box::new(CallEnd { call: 1, status: Some(200), ..CallEnd::default() })),
        Event::CallEnd(Box::new(CallEnd { call: 1, status: Some(200), ..CallEnd::default() })),
        Event::SessionEnd(End::default()),
    ];
    let line = |(t, event): (usize, &Event)| {
        let mut line = Vec::new();
        assert_eq!(chain.append(event, Micros(t as u64), &mut line).unwrap(), t as u64);
        line
    };
    events.iter().enumerate().map(line).collect()
}

fn faults(file: &[u8]) -> Option<(u64, String)> {
    let summary = audit::verify(file, id()).unwrap();
    summary.fault.map(|fault| (fault.line, fault.reason))
}

#[test]
fn a_log_as_it_was_written_is_right() {
    let file = lines().concat();
    let summary = audit::verify(&file[..], id()).unwrap();
    assert_eq!((summary.lines, summary.bytes, summary.fault), (5, file.len() as u64, None));
    assert!(summary.ended);
    let read: Vec<_> = Reader::new(&file[..], 0).map(Result::unwrap).collect();
    assert_eq!(read.last().unwrap().hash, summary.head);
    assert_eq!(read[1].prev, read[0].hash);
    let Event::CallBegin(call) = &read[1].event else { panic!("{:?}", read[1]) };
    assert_eq!(call.params["Key"], "a\"b\n");
    assert_eq!(read[2].offset, (lines()[0].len() + lines()[1].len()) as u64);
}

#[test]
fn a_log_of_another_session_is_wrong() {
    let summary = audit::verify(&lines().concat()[..], SessionId::new(1_763_700_000_000_000, 2)).unwrap();
    assert_eq!(summary.fault.unwrap().reason, "it does not begin this session's chain");
}

#[test]
fn a_log_cut_at_any_byte_keeps_its_whole_lines() {
    let lines = lines();
    let file = lines.concat();
    for end in 0..file.len() {
        let summary = audit::verify(&file[..end], id()).unwrap();
        assert_eq!(summary.fault, None, "cut at {end}");
        assert!(!summary.ended);
        let whole = file[..end].iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(summary.lines, whole as u64);
        assert_eq!(summary.bytes + summary.truncated, end as u64);
    }
}

#[test]
fn every_kind_of_change_is_named_with_its_line() {
    let changed = |change: fn(&mut Vec<Vec<u8>>)| {
        let mut lines = lines();
        change(&mut lines);
        faults(&lines.concat()).unwrap().0
    };
    assert_eq!(changed(|lines| drop(lines.remove(0))), 1);
    assert_eq!(changed(|lines| drop(lines.remove(2))), 3);
    assert_eq!(changed(|lines| lines.swap(1, 2)), 2);
    assert_eq!(changed(|lines| lines.insert(2, lines[1].clone())), 3);
    assert_eq!(changed(|lines| lines.push(lines[4].clone())), 6);
    assert_eq!(changed(|lines| lines.push(b"{".to_vec())), 6);
    assert_eq!(changed(|lines| lines.insert(1, b"\n".to_vec())), 2);
}

#[test]
fn an_event_of_a_later_version_is_kept_as_it_is() {
    let mut chain = Chain::new(id());
    let mut line = Vec::new();
    let event: Event = serde_json::from_str(r#"{"type":"telepathy","thought":[1]}"#).unwrap();
    chain.append(&event, Micros(0), &mut line).unwrap();
    let read = Reader::new(&line[..], 0).next().unwrap().unwrap();
    assert_eq!(read.event, event);
    assert!(matches!(event, Event::Other(_)));
}

#[test]
fn parameters_too_long_for_a_line_are_described() {
    let mut chain = Chain::new(id());
    let mut line = Vec::new();
    let mut call = CallBegin::new(1, "lambda", "UpdateFunctionCode", "lambda:UpdateFunctionCode");
    call.params = serde_json::json!({"ZipFile": "x".repeat(3 << 20)});
    chain.append(&Event::CallBegin(Box::new(call.clone())), Micros(0), &mut line).unwrap();
    assert!(line.len() < 2_000);
    let read = Reader::new(&line[..], 0).next().unwrap().unwrap();
    let Event::CallBegin(read) = read.event else { panic!("{read:?}") };
    assert_eq!(read.params["left-out"]["bytes"], (3 << 20) + 14);
    call.path = "p".repeat(3 << 20);
    let before = chain.clone();
    assert!(chain.append(&Event::CallBegin(Box::new(call)), Micros(0), &mut line).is_err());
    assert_eq!(chain.head(), before.head());
}

proptest! {
    #[test]
    fn any_changed_byte_is_found(at in any::<prop::sample::Index>(), by in 1..=255_u8) {
        let mut file = lines().concat();
        let at = at.index(file.len());
        file[at] ^= by;
        let line = file[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
        let summary = audit::verify(&file[..], id()).unwrap();
        match summary.fault {
            Some(fault) => prop_assert!(fault.line <= line + 1, "line {line}: {fault:?}"),
            // The last line feed: the line before it is now one that was cut off.
            None => prop_assert!(at == file.len() - 1 && !summary.ended),
        }
    }

    #[test]
    fn any_inserted_or_removed_byte_is_found(at in any::<prop::sample::Index>(), byte in any::<u8>(), is_added in any::<bool>()) {
        let mut file = lines().concat();
        let at = at.index(file.len());
        let whole = file.clone();
        match is_added {
            true => file.insert(at, byte),
            false => assert!(u32::from(file.remove(at)) < 256),
        }
        prop_assume!(file != whole);
        let summary = audit::verify(&file[..], id()).unwrap();
        prop_assert!(summary.fault.is_some() || !summary.ended);
    }
}
