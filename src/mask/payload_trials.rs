//! Titles, the clipboard, pictures and control characters, as streams mask them.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::ClipboardPolicy;
use super::Doing;
use super::Engine;

const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

fn engine(policy: ClipboardPolicy) -> Arc<Engine> {
    let engine = Engine::builtin().with_clipboard(policy);
    engine.learn("test", "Falcon2019-nest");
    engine.learn("test", "密码は秘密です");
    Arc::new(engine)
}

/// What comes out, the same for any cut, and as long as what goes in; and what is noted.
#[track_caller]
fn through(policy: ClipboardPolicy, input: &str) -> (String, Vec<(Doing, u64, u64)>) {
    through_columns(policy, input, None)
}

#[track_caller]
fn through_columns(
    policy: ClipboardPolicy,
    input: &str,
    columns: Option<u16>,
) -> (String, Vec<(Doing, u64, u64)>) {
    let engine = engine(policy);
    let mut results = Vec::new();
    for cut in [input.len().max(1), 1, 2, 3, 7] {
        let mut stream = engine.stream();
        if let Some(columns) = columns {
            stream.resize(columns);
        }
        let mut out = Vec::new();
        for piece in input.as_bytes().chunks(cut) {
            stream.push(piece, &mut out);
        }
        stream.finish(&mut out);
        assert_eq!(out.len(), input.len(), "{cut}: {:?}", String::from_utf8_lossy(&out));
        results.push((String::from_utf8(out).unwrap(), stream.take_notes().iter().collect::<Vec<_>>()));
    }
    for result in &results {
        assert_eq!(result, &results[0]);
    }
    results.swap_remove(0)
}

#[test]
fn the_clipboard_is_masked_blocked_or_left_alone() {
    let secret = STANDARD.encode(format!("the token is {TOKEN}"));
    let kitty = format!("\x1b]5522;type=wdata:mime=dGV4dC9wbGFpbg==;{secret}\x1b\\");
    let iterm = format!("\x1b]1337;Copy=:{secret}\x07");
    for command in [format!("\x1b]52;c;{secret}\x07"), format!("\u{9d}52;c;{secret}\u{9c}"), kitty, iterm] {
        let bytes =
            u64::try_from(command.trim_matches(['\x1b', ']', '\x07', '\u{9d}', '\u{9c}', '\\']).len());
        let bytes = bytes.unwrap();
        let (out, notes) = through(ClipboardPolicy::Mask, &format!("a{command}b"));
        assert!(!out.contains(&secret[24..]), "{out:?}");
        assert_eq!(notes, [(Doing::ClipboardMasked, 1, bytes)], "{command:?}");
        let (out, notes) = through(ClipboardPolicy::Block, &format!("a{command}b"));
        assert!(out.contains("5252;***") && !out.contains(&secret[..8]), "{out:?}");
        assert!(!out.contains("52;c") && !out.contains("5522") && !out.contains("1337"), "{out:?}");
        assert_eq!(notes, [(Doing::ClipboardBlocked, 1, bytes)]);
        let text = format!("a{command}b");
        let (out, notes) = through(ClipboardPolicy::Allow, &text);
        assert_eq!((out, notes), (text, vec![(Doing::ClipboardAllowed, 1, bytes)]));
    }
    for question in ["\x1b]52;c;?\x07", "\x1b]52;;?\x1b\\", "\x1b]5522;type=read;Lg==\x1b\\"] {
        for policy in [ClipboardPolicy::Mask, ClipboardPolicy::Block] {
            let (out, notes) = through(policy, question);
            assert!(
                out.starts_with("\x1b]5252;") && notes[0].0 == Doing::QuestionBlocked,
                "{out:?} {notes:?}"
            );
        }
        assert_eq!(through(ClipboardPolicy::Allow, question).0, question);
    }
    // Emptying it is writing, too.
    assert_eq!(through(ClipboardPolicy::Block, "\x1b]52;c;\x07").0, "\x1b]5252;\x07");
    assert_eq!(through(ClipboardPolicy::Mask, "\x1b]52;c;\x07"), ("\x1b]52;c;\x07".to_owned(), Vec::new()));
}

#[test]
fn a_title_has_an_end() {
    for number in ["0", "1", "2"] {
        let title = format!("\x1b]{number};{}{TOKEN}{}\x07$ ", "x".repeat(50), " word".repeat(2000));
        let (out, notes) = through(ClipboardPolicy::Mask, &title);
        let shown = out.split('\x07').next().unwrap();
        assert_eq!(shown.trim_end_matches(' ').len(), 4096 + 4 - 1, "the last letter is a blank");
        assert!(!out.contains(&TOKEN[4..]) && out.ends_with("\x07$ "));
        assert_eq!(notes[0].0, Doing::TitleCut);
    }
    let short = "\x1b]0;vim notes.txt\x07";
    assert_eq!(through(ClipboardPolicy::Mask, short), (short.to_owned(), Vec::new()));
}

#[test]
fn pictures_pass_and_are_noted_but_what_is_none_is_masked() {
    let data = STANDARD.encode((0..6000u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
    let sixel =
        format!("\x1bPq\"1;1;80;80#0;2;0;0;0#1~~@@vv@@~~$-{}\x1b\\", "#1!14~$-?@AghpAKIA".repeat(400));
    let kitty = format!("\x1b_Ga=T,f=100,m=0;eyJhbGciOi{data}\x1b\\");
    let iterm = format!("\x1b]1337;File=name=eC5wbmc=;size=12;inline=1:{data}\x07");
    for (picture, doing) in [(sixel, Doing::Sixel), (kitty, Doing::KittyPicture), (iterm, Doing::ItermFile)] {
        let (out, notes) = through(ClipboardPolicy::Mask, &format!("a{picture}b"));
        assert_eq!(out, format!("a{picture}b"));
        assert_eq!((notes[0].0, notes[0].1), (doing, 1));
        assert!(notes[0].2 >= 5000, "{notes:?}");
    }
    for fake in [
        format!("\x1b_Gtoken={TOKEN}\x1b\\"),
        format!("\x1b_Ga=T;abcd {TOKEN}\x1b\\"),
        format!("\x1b_Ga=T;{TOKEN}\x1b\\"),
        format!("\x1bPq{TOKEN}\x1b\\"),
        format!("\x1bP+q{TOKEN}\x1b\\"),
        format!("\x1b]1337;File=name={TOKEN}:AAAA\x07"),
        format!("\x1b]1337;SetUserVar={TOKEN}\x07"),
        "\x1bPqFalcon2019-nest\x1b\\".to_owned(),
        format!("\x1b_Ga=T;{}\x1b\\", STANDARD.encode("a Falcon2019-nest b")),
    ] {
        let (out, _) = through(ClipboardPolicy::Mask, &format!("a{fake}b"));
        let known = STANDARD.encode("a Falcon2019-nest b");
        for secret in [&TOKEN[4..], "Falcon2019-nest", &known[4..24]] {
            assert!(!out.contains(secret), "{out:?}");
        }
    }
}

#[test]
fn a_picture_may_be_longer_than_other_strings() {
    let engine = engine(ClipboardPolicy::Mask);
    let row = "#1!14~$-?@Agh".repeat(20_000);
    for (head, noted) in [("\x1bPq", true), ("\x1bPz", false)] {
        let mut stream = engine.stream();
        let mut out = Vec::new();
        stream.push(head.as_bytes(), &mut out);
        (0..10).for_each(|_| stream.push(row.as_bytes(), &mut out));
        stream.push(b"\x1b\\", &mut out);
        stream.finish(&mut out);
        let notes: Vec<_> = stream.take_notes().iter().collect();
        assert_eq!(notes.len(), usize::from(noted));
        assert_eq!(out.len(), 5 + 10 * row.len());
    }
}

#[test]
fn control_characters_stand_for_escapes_and_other_letters_of_two_bytes_do_not() {
    for (input, wanted) in [
        (format!("x ghp_{}\u{9b}1;31m{} y", &TOKEN[4..12], &TOKEN[12..]), None),
        (format!("\u{9d}0;deploy {TOKEN}\u{9c}$ "), None),
        (format!("\u{90}z{TOKEN}\u{9c}$ "), None),
        (format!("\x1b]0;{TOKEN}\u{9b}0m {TOKEN}"), None),
        (format!("é{TOKEN}"), None),
        // £ begins with the same byte.
        ("it costs £5 «x» and ©\u{a0}".to_owned(), Some("it costs £5 «x» and ©\u{a0}")),
        ("a\u{85}b\u{84}c\u{8d}d\u{9c}e\u{80}".to_owned(), Some("a\u{85}b\u{84}c\u{8d}d\u{9c}e\u{80}")),
    ] {
        let (out, _) = through(ClipboardPolicy::Mask, &input);
        assert!(!out.contains(&TOKEN[12..]) && !out.contains(&TOKEN[4..12]), "{out:?}");
        if let Some(wanted) = wanted {
            assert_eq!(out, wanted);
        }
    }
    // Alone such a byte is no control character where text is UTF-8.
    let engine = engine(ClipboardPolicy::Mask);
    let mut stream = engine.stream();
    let mut out = Vec::new();
    stream.push(b"\x9b1m \x9d0; \xc2", &mut out);
    assert!(stream.is_holding());
    stream.quiet(&mut out);
    stream.push(b"\x9b", &mut out);
    stream.finish(&mut out);
    assert_eq!(out, b"\x9b1m \x9d0; \xc2\x9b");
}

#[test]
fn a_wide_letter_becomes_two_stars_on_a_terminal() {
    let (out, _) = through_columns(ClipboardPolicy::Mask, "a 密码は秘密です b\r\n", Some(80));
    assert_eq!(out.replace('\0', ""), format!("a {} b\r\n", "*".repeat(14)));
    // In a pipe there are no columns: as many stars as there were bytes.
    let (out, _) = through(ClipboardPolicy::Mask, "a 密码は秘密です b\n");
    assert_eq!(out, format!("a {} b\n", "*".repeat(21)));
}
