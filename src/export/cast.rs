//! A recording as asciicast, version 2 or 3.

use std::io;
use std::io::Write;

use serde_json::Value;

use super::told::escaped;
use super::told::json_line;
use crate::cast::Event;
use crate::cast::Form;
use crate::cast::Header;
use crate::cast::Kind;
use crate::cast::Writer;
use crate::export::Pace;

/// Bytes gathered before they are written.
const BLOCK: usize = 64 << 10;

/// Writes header and events in `form`, with times by `pace`; what `about` says stands in the header as `hoop`, which players
/// pass over. Exact-bytes events (`b`), which only hoop knows, stay in version 3 and are left out of version 2.
///
/// # Errors
/// When the output cannot be written.
pub fn write_cast(
    header: &Header,
    events: impl Iterator<Item = Event>,
    (form, mut pace): (Form, Pace),
    about: &Value,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut writer = Writer::new(form);
    let (mut block, mut line) = (Vec::with_capacity(2 * BLOCK), Vec::new());
    // Players would cut pauses by the old limit again.
    let header = Header { idle_time_limit: None, ..header.clone() };
    writer.header(&header, &mut block);
    if let Ok(mut line) = serde_json::from_slice::<Value>(&block) {
        line["hoop"] = about.clone();
        block.clear();
        json_line(&line, &mut block)?;
    }
    for event in events {
        if event.kind == Kind::Raw && form == Form::V2 {
            continue;
        }
        let time = pace.shown(event.time);
        writer.event(&Event { time, ..event }, &mut line);
        // Control characters above ASCII and turned directions are escapes here, so that the file is safe to look at.
        let text = String::from_utf8_lossy(&line);
        block.extend_from_slice(escaped(text.trim_end_matches('\n')).as_bytes());
        block.push(b'\n');
        line.clear();
        if block.len() >= BLOCK {
            out.write_all(&block)?;
            block.clear();
        }
    }
    out.write_all(&block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cast::Reader;
    use crate::types::Micros;

    fn round(form: Form, pace: Pace) -> Vec<Event> {
        let event = |time, kind, data: &str| Event { time: Micros(time), kind, data: data.to_owned() };
        let events = vec![
            event(100_000, Kind::Output, "a\u{1b}[31m世\r\n"),
            event(5_100_000, Kind::Marker, "here"),
            event(5_200_000, Kind::Resize, "100x30"),
            event(5_300_000, Kind::Exit, "3"),
        ];
        let header = Header { cols: 80, rows: 24, ..Header::default() };
        let mut out = Vec::new();
        let about = serde_json::json!({"mask": {"recorded": {}}});
        write_cast(&header, events.into_iter(), (form, pace), &about, &mut out).unwrap();
        Reader::new(out.as_slice()).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn both_versions_give_the_same_events_back() {
        let pace = Pace::new(None, 1.0);
        assert_eq!(round(Form::V2, pace), round(Form::V3, pace));
        assert_eq!(round(Form::V3, pace)[0].data, "a\u{1b}[31m世\r\n");
        assert_eq!(round(Form::V3, pace)[3].time, Micros(5_300_000));
    }

    #[test]
    fn nothing_in_a_file_can_move_a_terminal() {
        let event = Event { time: Micros(0), kind: Kind::Output, data: "a\u{9b}31m\u{202e}b".to_owned() };
        let (header, about) = (Header { cols: 80, rows: 24, ..Header::default() }, serde_json::json!({}));
        let mut out = Vec::new();
        let shape = (Form::V3, Pace::new(None, 1.0));
        write_cast(&header, [event.clone()].into_iter(), shape, &about, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("a\\u009b31m\\u202eb"), "{text}");
        assert_eq!(Reader::new(text.as_bytes()).unwrap().next().unwrap().unwrap(), event);
    }

    #[test]
    fn pauses_and_speed_change_the_times() {
        let events = round(Form::V3, Pace::new(Some(Micros(1_000_000)), 2.0));
        let times: Vec<u64> = events.iter().map(|event| event.time.0).collect();
        assert_eq!(times, [50_000, 550_000, 600_000, 650_000]);
    }
}
