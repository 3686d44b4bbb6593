//! Trials of the mask on lines that are written with mistakes, drawn again, underlined or broken, and on strings in
//! escape sequences, however they are cut.

use std::sync::Arc;

use super::Engine;
use super::examples::filled;
use super::trials::in_pieces;
use super::trials::learnt;
use super::trials::masked;

/// What comes out on a terminal of 40 columns: whole, letter by letter, and letter by letter with pauses.
fn on_screen(input: &str) -> [String; 3] {
    [(input.len().max(1), false), (1, false), (1, true)].map(|(length, pauses)| {
        let mut stream = learnt().stream();
        stream.resize(40);
        let mut out = Vec::new();
        for piece in input.as_bytes().chunks(length) {
            stream.push(piece, &mut out);
            if pauses {
                stream.quiet(&mut out);
                assert!(!stream.is_holding());
            }
        }
        stream.finish(&mut out);
        assert_eq!(out.len(), input.len());
        String::from_utf8_lossy(&out).into_owned()
    })
}

/// Each letter over an underscore, as `nroff` underlines.
fn underlined(text: &str) -> String {
    text.chars().map(|letter| format!("_\x08{letter}")).collect()
}

#[test]
fn a_line_is_read_as_it_stands_on_the_screen() {
    let token = filled("ghp_{b62:36}");
    let (head, tail) = token.split_at(14);
    let letters =
        |between: &str| token.chars().map(|letter| format!("{letter}{between}")).collect::<String>();
    let twice: String = token.chars().map(|letter| format!("{letter}\x08{letter}")).collect();
    let row = &token[..25];
    let rest = &token[25..];
    let known = "aab-aac-Falcon+12345678901234567890";
    for text in [
        // A mistake, taken back in the ways of shells.
        format!("$ x {head}qz\x08 \x08\x08 \x08{tail}\r\n"),
        format!("$ x {head}q\x08\x1b[K{tail}\r\n"),
        format!("$ x {head}q\x1b[D\x1b[P{tail}\r\n"),
        format!("$ x {head}q\x1b[1D{tail}\r\n"),
        // The line is drawn again, with the beginning as it was.
        format!("$ x {head}\r$ x {token}\x1b[K\r\n"),
        format!("$ x {head}\r\x1b[18C{tail}\r\n"),
        format!("$ x {head}\x1b[5G{token}\r\n"),
        // Each letter on its own.
        format!("$ x {}\r\n", letters("\x1b[0m\x1b[K")),
        format!("$ x {}\r\n", letters("\x1b[K\x1b[J")),
        // Printed over itself.
        format!("$ x {twice}\r\n"),
        // Broken at the edge, by the program and by a shell.
        format!("one two .. abc {row}\r\n{rest}\r\n"),
        format!("one two .. abc {row}\x1b[0m\r\n\x1b[1m{rest}\r\n"),
        format!("one two .. abc {row} \r{rest}\r\n"),
        format!("\t日本 x {}\r\n{}\r\n", &token[..25], &token[25..]),
        // A known value.
        format!("one two .. abcd {}\r\n{}\r\n", &known[..24], &known[24..]),
    ] {
        for out in on_screen(&text) {
            let shown: String = out.chars().filter(|letter| !letter.is_control()).collect();
            for piece in token.as_bytes()[4..].windows(5).chain(known.as_bytes().windows(6)) {
                let piece = std::str::from_utf8(piece).unwrap();
                assert!(!out.contains(piece) && !shown.contains(piece), "{text:?}\n became {out:?}");
            }
            assert!(out.matches('*').count() >= 30, "{text:?}\n became {out:?}");
        }
    }
}

#[test]
fn an_underlined_secret_is_hidden() {
    let token = filled("ghp_{b62:36}");
    for (text, secret) in [
        (format!("$ x {}\r\n", underlined(&token)), &token[4..]),
        (format!("$ x {} y\r\n", underlined(&token)), &token[4..]),
        (format!("ghp_{}\n", underlined(&token[4..])), &token[4..]),
        (format!("$ x {}{}\r\n", &token[..14], underlined(&token[14..])), &token[4..]),
        (format!("DB_PASSWORD={}\n", underlined("Falcon2019!")), "Falcon2019!"),
        (underlined("DB_PASSWORD=Falcon2019!\n"), "Falcon2019!"),
        (underlined("use aab-aac-Falcon+12345678901234567890 now"), "aab-aac-Falcon+12345678901234567890"),
    ] {
        for out in on_screen(&text) {
            let shown = out.replace("_\x08", "").replace("*\x08", "");
            for piece in secret.as_bytes().windows(4) {
                let piece = std::str::from_utf8(piece).unwrap();
                assert!(!shown.contains(piece), "{text:?}\n became {out:?}");
            }
        }
    }
}

#[test]
fn a_known_value_typed_with_a_mistake_is_hidden() {
    let known = "aab-aac-Falcon+12345678901234567890";
    for at in 4..known.len() - 1 {
        let (head, tail) = known.split_at(at);
        for text in [
            format!("$ x {head}qz\x08 \x08\x08 \x08{tail}\r\n"),
            format!("$ x {head}q\x08\x1b[K{tail}\r\n"),
            format!("$ x {head}q\x1b[D\x1b[P{tail}\r\n"),
            format!("$ x {head}q\x1b[1D{tail}\r\n"),
        ] {
            for out in on_screen(&text) {
                let shown: String = out.chars().filter(|letter| !letter.is_control()).collect();
                for piece in known.as_bytes().windows(6) {
                    let piece = std::str::from_utf8(piece).unwrap();
                    assert!(!shown.contains(piece), "{text:?}\n became {out:?}");
                }
            }
        }
    }
}

#[test]
fn benign_lines_are_not_changed_by_edits_and_edges() {
    for text in [
        "12345678901234567890 sequence: 123456789\r\nnext line\r\n",
        "progress 10%\rprogress 20%\rprogress 100%\r\n",
        "N\x08NA\x08AM\x08ME\x08E\n  _\x08l_\x08s - list\n",
        "$ echo helo\x08 \x08\x08lo\r\n$ \x1b[4D\x1b[2Cx\r\n",
        "|----------------------------------------|\r\n|--------------------------------------|\r\n",
        "日本語日本語日本語日本語日本語日本語日本\r\n日本 \r語\x08\x08x\r\n",
    ] {
        for out in on_screen(text) {
            assert_eq!(out, text);
        }
    }
}

#[test]
fn what_is_no_clipboard_is_a_text_however_it_is_cut() {
    let engine = Arc::new(Engine::builtin());
    for input in [
        "\x1b]52;]p_aTHUDB#PASSWORD=Falcon2\0\0\x0019!\r\nc;aGVsbG8=\x07",
        "\x1b]52;DB_PASSWORD=Falcon2019!;aGVsbG8=\x07",
        "\x1b]52;DB_PASSWORD=Falcon2019!",
        "\x1b]52;c;PASSWORD=Falcon2019!\x07",
        "\x1b]52;c;PASSWORD: Falcon2019!",
        "\x1b]52;AKIAQYLPMN5HFIQR7XYZ;aGVsbG8=\x07",
    ] {
        let whole = masked(&engine, input.as_bytes());
        let text = String::from_utf8_lossy(&whole).into_owned();
        assert!(!text.contains("alcon2") && !text.contains("QYLP"), "{text:?}");
        for size in 1..input.len() {
            let pieces = in_pieces(engine.stream(), input.as_bytes(), &vec![size; input.len() / size]);
            assert_eq!(pieces, whole, "in pieces of {size}");
        }
    }
}

#[test]
fn a_line_end_cut_in_two_is_one() {
    for text in
        ["\"auth\": \"QVdTOmV5SnO8Y6WS\r\nJ5kmR3V6kzee1TrgCc6dy3fpw\"\r\n", "DB_PASSWORD=Falcon2019!\r\nx\r"]
    {
        let [whole, pieces, _] = on_screen(text);
        assert_eq!(whole, pieces);
    }
}
