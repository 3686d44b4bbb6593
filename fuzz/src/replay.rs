//! Files that the viewer opens: recordings, plain and packed, and the index that it keeps of them.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::OnceLock;

use hoop::cast;
use hoop::replay;
use hoop::replay::Place;
use hoop::replay::Tape;
use hoop::term::History;
use hoop::term::Screen;
use hoop::term::Snapshot;

/// Events looked at: a few bytes may be packed into very many.
const EVENTS: usize = 2_000;
/// Bytes of lines that have left a screen.
const ROOM: usize = 64 << 10;
/// Events of the recording that is indexed, and bytes of each: just enough output for two screens.
const LINES: u32 = 300;
const LINE: usize = 1_000;

/// A folder of this process's own; calls take turns with it.
fn folder() -> &'static Mutex<PathBuf> {
    static FOLDER: OnceLock<Mutex<PathBuf>> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("hoop-fuzz-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("there is a place for files");
        Mutex::new(folder)
    })
}

/// A recording of any content, plain or packed: it is read to its end, can be entered wherever a line ends, and what
/// comes then is the same.
pub fn replay(data: &[u8]) {
    let folder = folder().lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let path = folder.join("any.cast");
    fs::write(&path, data).expect("a file can be written");
    let Ok(tape) = Tape::open(&path) else { return };
    let mut cursor = tape.read_from(tape.start()).expect("it was opened before");
    let (mut events, mut marks) = (Vec::new(), vec![cursor.mark()]);
    while let Some(event) = cursor.by_ref().take(EVENTS - events.len()).next() {
        // A line that cannot be read is none the less a line.
        events.push(event.ok());
        marks.push(cursor.mark());
    }
    assert!(marks.is_sorted_by_key(|mark| (mark.offset, mark.steps)), "places go back");
    assert!(marks.is_sorted_by_key(|mark| mark.time), "time goes back");
    // What comes before damage in packed data depends on where it is entered.
    let is_damaged = data.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) && events.contains(&None);
    for at in [0, marks.len() / 3, marks.len() / 2, marks.len() - 1] {
        let mut again = tape.read_from(marks[at]).expect("it was opened before");
        if is_damaged {
            again.by_ref().take(EVENTS).for_each(drop);
            continue;
        }
        for (event, mark) in events[at..].iter().zip(&marks[at + 1..]) {
            let read = again.next().expect("it goes on").ok();
            assert_eq!(&read, event, "it goes on otherwise from {:?}", marks[at]);
            assert_eq!(again.mark().offset, mark.offset);
        }
    }
    draw(events.iter().flatten());
    pack(data, &folder.join("packed.cast"));
}

/// Output of any content, and changes of size: a screen that is kept and drawn anew is the same, with its links, and
/// goes on the same.
fn draw<'a>(events: impl Iterator<Item = &'a cast::Event>) {
    let (mut screen, mut history) = (Screen::new(20, 6), History::within(ROOM));
    let events: Vec<_> = events.take(200).collect();
    let mut again = None;
    for (count, event) in events.iter().enumerate() {
        if count == events.len() / 2 {
            again = Some(Screen::restore(&screen.keyframe()));
        }
        if let (cast::Kind::Resize, Some((cols, rows))) = (event.kind, event.size()) {
            let (cols, rows) = (cols.min(60), rows.min(20));
            screen.resize_into(cols, rows, &mut history);
            again.iter_mut().for_each(|again| again.resize(cols, rows));
        } else {
            let data = &event.data[..event.data.floor_char_boundary(4_096)];
            screen.feed_into(data, &mut history);
            again.iter_mut().for_each(|again| again.feed(data));
        }
        assert!(history.bytes() <= ROOM);
    }
    let shown = screen.snapshot();
    assert_eq!(shown, Screen::restore(&screen.keyframe()).snapshot(), "a screen that is kept is another one");
    again.iter().for_each(|again| {
        assert_eq!(shown, again.snapshot(), "a screen that is drawn anew goes on otherwise")
    });
    assert!(shown.links.cells.is_sorted());
}

/// Bytes of any content: packed and unpacked they are what they were.
fn pack(data: &[u8], path: &Path) {
    let mut packer = cast::Packer::new(Vec::new()).expect("there is memory");
    packer.write(data).expect("memory takes it");
    fs::write(path, packer.finish().expect("memory takes it")).expect("a file can be written");
    let mut again = Vec::new();
    cast::Input::open(path).expect("it is there").read_to_end(&mut again).expect("it was just packed");
    assert!(again == data, "what was packed is something else");
}

/// A recording, its index, and what it shows at some moments.
struct Known {
    cast: PathBuf,
    cache: PathBuf,
    files: Vec<(PathBuf, Vec<u8>)>,
    shown: Vec<(Place, Snapshot)>,
}

fn known(folder: &Path) -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let (cast, cache) = (folder.join("known.cast"), folder.join("cache"));
        let mut text = Vec::new();
        let mut writer = cast::Writer::new(cast::Form::V3);
        writer.header(&cast::Header { cols: 40, rows: 8, ..cast::Header::default() }, &mut text);
        for n in 0..LINES {
            let line = format!("\x1b[3{}m{}\r\n", n % 8, format!("\r{n:040}").repeat(LINE / 41));
            writer.output(hoop::types::Micros(u64::from(n) * 1_000), line.as_bytes(), &mut text);
        }
        fs::write(&cast, text).expect("a file can be written");
        assert!(replay::index(&cast, &cache).expect("an index can be made") >= 2);
        let entries = fs::read_dir(&cache).expect("the index is there");
        let mut files: Vec<_> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
        files.sort();
        let files =
            files.into_iter().map(|path| (path.clone(), fs::read(path).expect("it can be read"))).collect();
        // Before the first screen, after it, and after the second one.
        let places = [Place::Event(5), Place::Event(200), Place::End];
        let shown = places.map(|place| (place, replay::still(&cast, None, place).expect("it can be shown")));
        Known { cast, cache, files, shown: shown.into() }
    })
}

/// An index that has been changed in any way: what is shown is what the recording holds.
///
/// Each five bytes change one: which file, where (three bytes), and how; the last ones cut a file there.
pub fn replay_index(data: &[u8]) {
    let folder = folder().lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let known = known(&folder);
    let mut files = known.files.clone();
    let count = files.len();
    let edits = data.chunks_exact(5);
    let cut = edits.remainder();
    for edit in edits {
        let bytes = &mut files[usize::from(edit[0]) % count].1;
        let at = u32::from_le_bytes([edit[1], edit[2], edit[3], 0]) as usize;
        if !bytes.is_empty() {
            let at = at % bytes.len();
            bytes[at] ^= edit[4];
        }
    }
    if let [file, low, high, ..] = cut {
        let bytes = &mut files[usize::from(*file) % count].1;
        bytes.truncate(usize::from(u16::from_le_bytes([*low, *high])));
    }
    for (path, bytes) in &files {
        fs::write(path, bytes).expect("a file can be written");
    }
    for (place, screen) in &known.shown {
        let shown = replay::still(&known.cast, Some(&known.cache), *place).expect("it can be shown");
        assert!(shown == *screen, "a changed index shows another screen at {place:?}");
    }
}
