//! Files of a recording, as somebody else may have written them.

use hoop::audit;
use hoop::audit::Chain;
use hoop::cast;
use hoop::cast::Form;
use hoop::cast::Writer;
use hoop::types::SessionId;

/// A recording of a terminal is read to its end; what was read is written and read again as the same.
pub fn cast(data: &[u8]) {
    let Ok(mut reader) = cast::Reader::new(data) else { return };
    let mut events = Vec::new();
    let mut time = reader.time();
    for event in reader.by_ref() {
        let Ok(event) = event else { continue };
        assert!(event.time >= time, "time goes back");
        time = event.time;
        events.push(event);
    }
    assert!(reader.offset() <= data.len() as u64);
    let mut again = Vec::new();
    let mut writer = Writer::new(Form::V3);
    writer.header(reader.header(), &mut again);
    for event in &events {
        writer.event(event, &mut again);
    }
    let read = cast::Reader::new(&again[..]).expect("a header of ours is read");
    let read: Vec<_> = read.map(|event| event.expect("an event of ours is read")).collect();
    let kinds = |events: &[cast::Event]| -> Vec<_> {
        events.iter().map(|event| (event.kind, event.data.clone())).collect()
    };
    assert_eq!(kinds(&read), kinds(&events));
    drop(cast::exact_output(events));
}

/// An audit log is read to its end; its events, chained anew, verify.
pub fn audit(data: &[u8]) {
    let session = SessionId::new(1_795_231_868_000_000, 7);
    let summary = audit::verify(data, session).expect("memory can be read");
    assert!(summary.bytes + summary.truncated <= data.len() as u64);
    let mut reader = audit::Reader::new(data, 0);
    let (mut chain, mut again, mut count) = (Chain::new(session), Vec::new(), 0);
    for line in reader.by_ref() {
        let Ok(line) = line else { continue };
        chain.append(&line.event, line.t, &mut again).expect("what was read can be written");
        count += 1;
    }
    assert!(reader.offset() <= data.len() as u64);
    // Not the same events: one with a member twice was another kind before it was written.
    let lines = audit::Reader::new(&again[..], 0);
    assert_eq!(lines.filter(Result::is_ok).count(), count);
}
