//! Secrets that only the screen shows, on a real terminal: gone from what a person sees and from the disk.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]
#![allow(clippy::disallowed_methods, reason = "tests wait in real time for real programs")]

mod support;

use std::fs;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use support::Home;
use support::Session;

const TOKEN: &str = "ghp_Zq8Rk2Lm9Xc4Vb7Nt1Yw5Ps3Dj6Hf0aG3fKe";

/// A program on a terminal of ours, in a session without gateway and sandbox: this is about the terminal.
fn start(home: &Home, arguments: &[&str]) -> Session {
    let mut all = vec!["--no-gateway", "--sandbox", "off", "--"];
    all.extend_from_slice(arguments);
    Session::start(home.hoop_run(all))
}

fn python(home: &Home, program: &str) -> Session {
    let program = format!(
        "import sys, time\nT = '{TOKEN}'\ndef out(text):\n    sys.stdout.write(text)\n    sys.stdout.flush()\n{program}"
    );
    let file = home.file("program.py", &program);
    start(home, &["/usr/bin/python3", file.to_str().unwrap()])
}

/// Pieces of eight letters of the token's secret part that are in `text`.
fn leaks(text: &str) -> Vec<&'static str> {
    let windows = TOKEN.as_bytes()[4..].windows(8);
    windows.map(|piece| str::from_utf8(piece).unwrap()).filter(|piece| text.contains(piece)).collect()
}

/// Every file below `folder`, as text.
fn on_disk(folder: &Path) -> String {
    let mut text = String::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                text.push_str(&String::from_utf8_lossy(&fs::read(path).unwrap()));
            }
        }
    }
    text
}

/// The same, of what the session has recorded; output is taken out of its lines, so that no event's end hides a leak.
fn assert_never_written(home: &Home) {
    let disk = on_disk(&home.path().join(".local/state/hoop"));
    assert_eq!(leaks(&disk), Vec::<&str>::new());
    assert_eq!(leaks(&home.recorded("o")), Vec::<&str>::new());
}

/// The screen that the recording ends with.
fn replayed(home: &Home) -> Vec<String> {
    let mut terminal = avt::Terminal::new(80, 24).unwrap();
    terminal.feed(home.recorded("o").as_str());
    terminal.screen().visible_lines().map(|line| line.text().trim_end().to_owned()).collect()
}

#[test]
fn a_tail_that_is_drawn_first_is_painted_over_and_never_written() {
    let home = Home::new();
    let mut session = python(
        &home,
        "out('\\x1b[2J\\x1b[H')\nout('\\x1b[3;25H' + T[17:])\ntime.sleep(0.05)\nout('\\x1b[3;1Hshown: ' + T[:17] + '\\x1b[5;1H')\ntime.sleep(0.1)\nout('\\x1b[7;1Hdone\\r\\n')\n",
    );
    session.wait();
    let row = format!("shown: ghp_{}", "*".repeat(36));
    assert_eq!(session.screen()[2], row);
    assert_eq!(session.screen()[6], "done");
    assert_never_written(&home);
    assert_eq!(replayed(&home)[2], row);
}

#[test]
fn a_secret_found_when_the_recording_had_a_part_of_it_is_told() {
    let home = Home::new();
    let mut session = python(
        &home,
        "out('\\x1b[2J\\x1b[H')\nout('\\x1b[3;25H' + T[17:])\ntime.sleep(1)\nout('\\x1b[3;1Hshown: ' + T[:17] + '\\x1b[5;1H')\ntime.sleep(0.1)\nout('\\x1b[7;1Hdone\\r\\n')\n",
    );
    session.wait();
    assert_eq!(session.screen()[2], format!("shown: ghp_{}", "*".repeat(36)));
    let audit = fs::read_to_string(home.recording().join("audit.jsonl")).unwrap();
    let events = audit.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let alerts: Vec<_> = events.filter(|event| event["type"] == "alert").collect();
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert_eq!(alerts[0]["name"], "masked-too-late");
    assert!(alerts[0]["message"].as_str().unwrap().contains("when 23 of its characters"), "{alerts:?}");
}

#[test]
fn stars_painted_behind_a_question_do_not_end_it() {
    let home = Home::new();
    let program = format!(
        "import os, sys, time, tty\nT = '{TOKEN}'\ntty.setraw(0)\ndef out(text):\n    os.write(1, text.encode())\n\
         out('\\x1b[2J\\x1b[3;25H' + T[17:])\ntime.sleep(0.05)\n\
         out('\\x1b[3;1Hshown: ' + T[:17] + '\\x1b[5;1HPassword: ')\nos.read(0, 1)\ntime.sleep(0.05)\n\
         os.read(0, 100)\nout('\\r\\ndone\\r\\n')\n"
    );
    let file = home.file("program.py", &program);
    let arguments = ["-q", "--record-input", "--no-gateway", "--sandbox", "off", "--", "/usr/bin/python3"];
    let mut session = Session::start(home.hoop_run(arguments.into_iter().chain(file.to_str())));
    session.wait_for("Password: ");
    session.wait_until("the stars", |session| session.screen()[2].ends_with(&"*".repeat(36)));
    session.send("hunter2-Zz");
    session.wait_for("done");
    session.wait();
    assert_eq!(session.screen()[4], "Password:");
    let typed = home.recorded("i");
    assert!(!typed.contains("hunter2"), "{typed:?}");
}

#[test]
fn a_frame_that_never_ends_does_not_keep_the_screen_from_being_read() {
    let home = Home::new();
    let mut session = python(
        &home,
        "import select\nout('\\x1b[2J\\x1b[H\\x1b[?2026h')\nout('\\x1b[3;25H' + T[17:])\ntime.sleep(0.005)\nout('\\x1b[3;1Hshown: ' + T[:17])\nwhile not select.select([0], [], [], 0.003)[0]:\n    out('\\x1b[9;1H.')\n",
    );
    let row = format!("shown: ghp_{}", "*".repeat(36));
    session.wait_until("the stars", |session| session.screen()[2] == row);
    session.send("\r");
    session.wait();
    assert_never_written(&home);
}

#[test]
fn a_cell_left_out_and_a_redraw_in_another_place_are_hidden_too() {
    let home = Home::new();
    let mut session = python(
        &home,
        "out('\\x1b[?1049h\\x1b[2J\\x1b[2;21H' + T[20])\ntime.sleep(0.03)\nout('\\x1b[2;1H' + T[:20] + '\\x1b[C' + T[21:])\ntime.sleep(0.1)\nout('\\x1b[10;1H' + T[4:])\ntime.sleep(0.1)\nout('\\x1b[12;1Hend')\ntime.sleep(0.1)\n",
    );
    session.wait_for("end");
    let screen = session.screen();
    assert_eq!(screen[1].get(..40).unwrap(), format!("ghp_{}", "*".repeat(36)));
    assert_eq!(screen[9], "*".repeat(36));
    session.wait();
    assert_never_written(&home);
}

#[test]
fn an_editor_with_line_numbers_shows_stars_where_it_breaks_a_value() {
    let home = Home::new();
    home.file(
        "notes.txt",
        &format!(
            "first\nsome words in front of what follows, which is long: {TOKEN}{}\nlast\n",
            "x".repeat(20)
        ),
    );
    let mut session =
        start(&home, &["/usr/bin/vim", "-u", "NONE", "-N", "-c", "set number nocompatible", "notes.txt"]);
    session
        .wait_until("the file is shown", |session| session.screen().iter().any(|row| row.contains("last")));
    session.wait_until("the token is hidden", |session| {
        leaks(&session.screen().concat().replace("    ", "")).is_empty()
    });
    assert!(session.screen()[1].starts_with("  2 some words in front"), "{:?}", session.screen());
    session.send(":q!\r");
    session.wait();
    assert_never_written(&home);
}

#[test]
fn full_screen_programs_show_what_they_show_without_us() {
    let text: String = (0..200)
        .map(|line| format!("line {line} of a text without secrets, e\u{301} 世界 \u{2502}\n"))
        .collect();
    let programs: [(&[&str], &str, &str); 5] = [
        (
            &["/usr/bin/vim", "-u", "NONE", "-N", "-c", "set number wrap", "text.txt"],
            "3\u{6}20j:split\r",
            ":qa!\r",
        ),
        (&["/usr/bin/less", "-S", "text.txt"], "  jjk/line 150\r", "q"),
        (&["/usr/bin/less", "-N", "text.txt"], "GGggd", "q"),
        (
            &["/usr/bin/tmux", "-L", "grid", "-f", "/dev/null", "new", "cat text.txt; exec sh"],
            "\u{2}%",
            "exit\r\u{2}:kill-server\r",
        ),
        (&["/bin/sh", "-c", "/usr/bin/fzf --no-mouse < text.txt"], "150", "\u{1b}"),
    ];
    for (arguments, keys, end) in programs {
        if !Path::new(arguments[0]).exists()
            || arguments.iter().any(|one| one.contains("fzf")) && !Path::new("/usr/bin/fzf").exists()
        {
            continue;
        }
        let mut screens = Vec::new();
        for wrapped in [false, true] {
            let home = Home::new();
            home.file("text.txt", &text);
            let mut session = if wrapped {
                start(&home, arguments)
            } else {
                Session::start(home.program(arguments[0], &arguments[1..]))
            };
            settle(&mut session);
            session.send(keys);
            settle(&mut session);
            let mut screen = session.screen();
            // tmux tells the time and the host's name.
            if arguments[0].ends_with("tmux") {
                screen.pop();
            }
            screens.push(screen);
            session.send(end);
            settle(&mut session);
        }
        assert_eq!(screens[1], screens[0], "{arguments:?}");
        assert!(!screens[0].concat().is_empty());
    }
}

/// Waits until nothing has come for a while.
fn settle(session: &mut Session) {
    let deadline = Instant::now() + support::PATIENCE;
    let mut quiet = 0;
    while quiet < 8 && Instant::now() < deadline {
        let before = session.shown.len();
        if !session.read_for(Duration::from_millis(100)) {
            return;
        }
        quiet = if session.shown.len() == before && !session.shown.is_empty() { quiet + 1 } else { 0 };
    }
}

#[test]
fn a_kill_while_output_waits_leaves_a_readable_beginning() {
    let home = Home::new();
    let mut session = python(
        &home,
        "out('\\x1b[2J\\x1b[Hbefore')\ntime.sleep(0.6)\nout('\\x1b[3;25H' + T[17:])\nout('\\x1b[3;1Hshown: ' + T[:17] + '\\x1b[5;1Hlast')\ntime.sleep(60)\n",
    );
    session.wait_for("last");
    session.child().kill().unwrap();
    session.child().wait().unwrap();
    assert!(home.recorded("o").contains("before"));
    assert_never_written(&home);
    let cast = fs::read_to_string(home.recording().join("terminal.cast")).unwrap();
    assert!(cast.ends_with('\n'), "{cast:?}");
}

#[test]
fn what_waits_is_written_within_a_moment_and_at_the_end() {
    let home = Home::new();
    let mut session = python(&home, "out('\\x1b[2;2Hfirst')\ntime.sleep(60)\n");
    session.wait_for("first");
    let deadline = Instant::now() + support::PATIENCE;
    while !home.recorded("o").contains("first") {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(20));
    }
    session.signal(nix::sys::signal::Signal::SIGTERM);
    session.wait();
    assert!(home.recording().join("seal.json").exists());
}

#[test]
fn a_resize_in_the_middle_of_a_secret_leaks_nothing_later() {
    let home = Home::new();
    let mut session = python(
        &home,
        "out('\\x1b[?1049h\\x1b[2J\\x1b[3;18H' + T[17:] + 'ready')\ntime.sleep(0.5)\nout('\\x1b[2J\\x1b[3;18H' + T[17:])\nout('\\x1b[3;1H' + T[:17] + '\\x1b[5;1Hend')\ntime.sleep(0.2)\n",
    );
    session.wait_for("ready");
    session.resize(60, 12);
    session.wait_for("end");
    session.wait();
    let (_, after) =
        session.text().rsplit_once("\x1b[2J").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let mut terminal = avt::Terminal::new(60, 12).unwrap();
    terminal.feed(after.as_str());
    let rows: Vec<String> = terminal.screen().visible_lines().map(avt::Line::text).collect();
    assert_eq!(leaks(&rows.concat()), Vec::<&str>::new(), "{rows:?}");
}
