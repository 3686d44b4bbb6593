//! What is shown of a recording is what another terminal, tmux, shows of the same output.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use hoop::cast::Form;
use hoop::cast::Header;
use hoop::cast::Writer;
use hoop::replay;
use hoop::replay::Place;
use hoop::types::Micros;

/// Pieces of output; after each of them the screens are compared.
const PIECES: &[&str] = &[
    "plain, \x1b[1;31mbold red\x1b[m, \x1b[38;2;10;200;30mtrue colour\x1b[m, 世界 wide 한글, e\u{301} combined\r\n",
    "a line that is wider than the screen is wrapped: 0123456789 0123456789 0123456789 0123456789 0123456789\r\n",
    "\x1b]8;;https://example.org/\x1b\\a link\x1b]8;;\x1b\\ and \x1b]0;a title\x07text\r\ntab\tstop\x1b[3Cforward\x1b[2Dback\r\n",
    "\x1b[3;10r\x1b[10;1Hone\r\ntwo\r\nthree\x1b[r\x1b[12;1H",
    "\x1b[?1049h\x1b[2J\x1b[H\x1b[7m full screen 中 \x1b[m\x1b[5;5Hin the middle\x1b[K\x1b[4;1H\x1b[2Ltwo lines more\x1b[1M",
    "\x1b[10;1H┌───┐ box\x1b[11;1Habcdef\x1b[11;2H\x1b[2P\x1b[3@\x1b[4X",
    "\x1b[?1049l after it",
    "\r\nrepeated x\x1b[9b\r\n\x1b[2;1H\x1bM\x1bM\x1bMup\x1b[20;70H世界世界世界",
    "\x1b[24;1H\r\nscrolled\r\nby\r\nlines\r\n\x1b[s\x1b[1;1Hhome\x1b[u back\x1b[1J",
];

#[test]
fn a_recording_is_shown_as_another_terminal_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let cast = folder.path().join("a.cast");
    let mut text = Vec::new();
    let mut writer = Writer::new(Form::V3);
    writer.header(&Header { cols: 80, rows: 24, ..Header::default() }, &mut text);
    for (at, piece) in (1..).zip(PIECES) {
        writer.output(Micros(at * 1_000_000), piece.as_bytes(), &mut text);
    }
    fs::write(&cast, text).unwrap();
    for (count, _) in (1..).zip(PIECES) {
        let shown = replay::still(&cast, None, Place::Event(count)).unwrap();
        let ours: Vec<String> = (0..24).map(|row| shown.row_text(row)).collect();
        let (theirs, cursor) = on_tmux(folder.path(), &PIECES[..usize::try_from(count).unwrap()].concat());
        assert_eq!(ours, theirs, "after piece {count}");
        assert_eq!(shown.focus, cursor, "the cursor after piece {count}");
    }
}

/// The rows and the cursor of a tmux of 80x24 to which `output` was written.
fn on_tmux(folder: &Path, output: &str) -> (Vec<String>, (u16, u16)) {
    let (bytes, done, settings) = (folder.join("output"), folder.join("done"), folder.join("settings"));
    fs::write(&bytes, output).unwrap();
    fs::write(&settings, "set -g status off\nset -g default-terminal tmux-256color\n").unwrap();
    let _ = fs::remove_file(&done);
    let socket = folder.join("tmux");
    let tmux = |arguments: &[&str]| {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&socket).arg("-f").arg(&settings).args(arguments);
        let output = command.env("LC_ALL", "C.UTF-8").env_remove("TMUX").output();
        let output = output.expect("tmux is installed by scripts/setup.sh");
        String::from_utf8(output.stdout).unwrap()
    };
    let program = format!("stty -echo; cat '{}'; touch '{}'; sleep 100", bytes.display(), done.display());
    tmux(&["-u", "new-session", "-d", "-x", "80", "-y", "24", &program]);
    let end = Instant::now() + Duration::from_secs(30);
    while !done.exists() {
        assert!(Instant::now() < end, "tmux did not write the output");
        thread::sleep(Duration::from_millis(10));
    }
    // The bytes are in the terminal's queue by then; tmux reads them in its own time.
    let mut before = String::new();
    let shown = loop {
        thread::sleep(Duration::from_millis(150));
        let now =
            tmux(&["capture-pane", "-p"]) + &tmux(&["display-message", "-p", "#{cursor_x} #{cursor_y}"]);
        if now == before {
            break now;
        }
        before = now;
    };
    tmux(&["kill-server"]);
    let mut rows: Vec<String> = shown.lines().map(|row| row.trim_end().to_owned()).collect();
    let cursor = rows.pop().unwrap();
    rows.resize(24, String::new());
    let (x, y) = cursor.split_once(' ').unwrap();
    (rows, (x.parse().unwrap(), y.parse().unwrap()))
}
