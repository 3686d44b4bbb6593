//! The page: opened from a file in a real browser and used by hand, with hostile data in it.

use std::io::Read as _;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hoop::audit::Alert;
use hoop::audit::Event;
use hoop::types::Effect;
use serde_json::Value;

use super::*;

/// The data in a page.
pub fn unpacked(page: &str) -> String {
    let packed = page.split("id=\"data\">").nth(1).unwrap().split('<').next().unwrap();
    let mut text = String::new();
    flate2::read::ZlibDecoder::new(&STANDARD.decode(packed).unwrap()[..]).read_to_string(&mut text).unwrap();
    text
}

const HOSTILE: &str =
    "</script><script>window.owned=1</script><img src=x onerror=window.owned=2>&#x27;\"`${1}";

fn hostile_session(state: &Path) {
    let mut session = store::Session::begin(state, 9, &["bash", HOSTILE], (80, 24));
    session.output(100, "\x1b[1;32m$\x1b[m aws s3 ls\r\n");
    session.start(10, 1, 0, "bash");
    session.start(10, 2, 1, &format!("echo {HOSTILE}"));
    session.called_by(Some(2));
    session.call(500, "s3:ListAllMyBuckets", HOSTILE, Effect::Allow);
    session.output(300, &format!("{HOSTILE}\r\n世界 \x1b[38;2;255;128;0mtrue colour\x1b[m\r\n"));
    session.stop(20, 2, 3);
    session.event(
        10,
        &Event::Alert(Alert { name: HOSTILE.to_owned(), message: HOSTILE.to_owned(), ..Alert::default() }),
    );
    session.output(20_000, "after a long pause\r\n");
    session.call(500, "s3:DeleteObject", "arn:aws:s3:::billing/a", Effect::Deny);
    session.output(500, "refused\r\n");
    session.end(0);
}

#[test]
fn nothing_in_a_page_is_markup_and_its_policy_lets_nothing_in() {
    let dir = tempfile::tempdir().unwrap();
    hostile_session(&dir.path().join("hoop"));
    let page = output(dir.path(), &["export", "last", "-f", "html", "--title", HOSTILE]);
    assert_eq!(page.matches("<script").count(), 2, "the data and the player");
    assert!(!page.contains("owned") && !page.contains("onerror"));
    assert!(unpacked(&page).contains("window.owned"), "it is there as data");
    assert!(page.contains("default-src 'none'; script-src 'sha256-"));
    for outside in ["http://", "https://", "//cdn", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn a_long_session_makes_a_page_of_bounded_size() {
    let dir = tempfile::tempdir().unwrap();
    let mut session = store::Session::begin(&dir.path().join("hoop"), 9, &["flood"], (80, 24));
    for n in 0..6_000 {
        session.output(200, &format!("\x1b[3{}mline {n} {:x}\x1b[m\r\n", n % 8, n * 7_919));
        session.call(1, "s3:GetObject", &format!("arn:aws:s3:::b/{n}"), Effect::Allow);
    }
    session.end(0);
    let page = output(dir.path(), &["export", "last", "-f", "html"]);
    let data: Value = serde_json::from_str(&unpacked(&page)).unwrap();
    assert!(page.len() < 4 << 20, "{} bytes", page.len());
    assert_eq!(data["tables"][0]["rows"].as_array().unwrap().len(), 5_000);
    assert_eq!(data["tables"][0]["left_out"], 1_000);
}

/// Chromium, where there is one: of the system, or as scripts/setup.sh could unpack it.
fn browser() -> Option<PathBuf> {
    ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
        .into_iter()
        .map(PathBuf::from)
        .chain(cache().map(|cache| cache.join("chromium/browser")))
        .find(|path| path.exists())
}

/// What a page exported with `more` shows to somebody who uses it; none where there is no browser.
fn used(more: &[&str]) -> Option<Value> {
    let browser = browser()?;
    let dir = tempfile::tempdir().unwrap();
    hostile_session(&dir.path().join("hoop"));
    let file = dir.path().join("session.html");
    let base = ["export", "last", "-o", file.to_str().unwrap(), "--title", HOSTILE];
    bytes(dir.path(), &[&base, more].concat());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export/browser.py");
    let mut arguments =
        vec![script.display().to_string(), browser.display().to_string(), file.display().to_string()];
    arguments.extend(std::env::var("HOOP_SCREENSHOTS").ok());
    let done = Command::new("python3").args(arguments).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Some(serde_json::from_slice(&done.stdout).unwrap())
}

#[test]
fn a_page_plays_as_fast_and_with_such_pauses_as_it_was_asked_for() {
    for (more, speed, skips, pause) in [
        (&["--speed", "3", "--idle-limit", "0.5s"][..], "3", true, "more than 0.5 s"),
        (&["--speed", "8", "--idle-limit", "off"], "8", false, "more than 2 s"),
    ] {
        let Some(seen) = used(more) else { return };
        assert_eq!((seen["speed"].as_str(), seen["skips"].as_bool()), (Some(speed), Some(skips)), "{seen}");
        assert!(seen["pause"].as_str().unwrap().contains(pause), "{seen}");
        assert_eq!(seen["errors"], serde_json::json!([]), "{seen}");
        // Times are as they were recorded: twenty seconds of pause, which take a second and more at 16 times the speed.
        assert!(seen["length_ms"].as_f64().unwrap() > 20_000.0, "{seen}");
        assert!(skips || seen["took_ms"].as_f64().unwrap() > 1_250.0, "{seen}");
    }
}

#[test]
fn a_page_is_used_in_a_browser() {
    let Some(seen) = used(&[]) else { return };
    assert_eq!((seen["speed"].as_str(), seen["skips"].as_bool()), (Some("1"), Some(true)), "{seen}");
    let text = |name: &str| seen[name].as_str().unwrap_or_else(|| panic!("{name}: {seen}")).to_owned();
    assert_eq!(seen["errors"], serde_json::json!([]), "{seen}");
    assert_eq!(seen["outside"], serde_json::json!([]), "{seen}");
    assert_eq!(seen["owned"], Value::Null, "{seen}");
    assert_eq!(text("title"), HOSTILE);
    assert!(text("first_screen").is_empty(), "{seen}");
    assert_eq!(text("tabs"), "calls 2|commands 2|alerts 1");
    // A click on the refused call shows it, its detail, and the screen of that moment.
    assert!(
        text("detail").contains("reading is allowed, deleting is not")
            && text("detail").contains("\"Bucket\": \"reports\""),
        "{seen}"
    );
    assert!(
        text("screen_at_call").contains("after a long pause") && !text("screen_at_call").contains("refused"),
        "{seen}"
    );
    assert!(
        text("screen_at_end").contains("refused") && text("screen_at_end").contains("世界 true colour"),
        "{seen}"
    );
    assert_eq!(text("found"), "1 of 2");
    assert_eq!(text("on_screen"), "on the screen once: Enter goes there");
    assert_eq!(text("row_found"), "after a long pause");
    assert!(
        text("screen_at_found").contains("after a long pause")
            && !text("screen_at_found").contains("refused")
    );
    assert!(
        seen["found_ms"].as_f64().unwrap() > 20_000.0 && seen["found_ms"] == seen["found_again_ms"],
        "{seen}"
    );
    assert!(
        text("command_detail").contains("exit 3") && text("command_detail").contains("onerror"),
        "{seen}"
    );
    // Twenty seconds of pause, passed over.
    assert!(
        seen["played_ms"].as_f64().unwrap() > 2_000.0 && text("after_play").contains("after a long pause"),
        "{seen}"
    );
    assert_eq!(text("paused"), "no");
    assert!(
        (seen["seek_ms"].as_f64().unwrap() / seen["length_ms"].as_f64().unwrap() - 0.5).abs() < 0.02,
        "{seen}"
    );
    assert_ne!(seen["look_before"], seen["look_after"]);
    assert!(text("orange").contains("255, 128, 0"), "{seen}");
}
