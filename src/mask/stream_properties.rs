//! What must hold for every stream of a terminal: how it is cut makes no difference, pauses show nothing of a secret,
//! and what holds no secret comes out as it went in.

use std::ops::Range;
use std::sync::Arc;
use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;

use super::Engine;
use super::examples;

/// Values that are learnt; the second begins like the first.
const KNOWN: [&str; 3] = ["qx7-Falcon-Zz", "qx7-Fal/12_34567890", "aab-aac-Falcon+12345678901234567890"];

/// The built-in rules and the known values.
static ENGINE: LazyLock<Arc<Engine>> = LazyLock::new(|| {
    let engine = Arc::new(Engine::builtin());
    for value in KNOWN {
        engine.learn("secret", value);
    }
    engine
});

/// The built-in rules alone.
static BUILTIN: LazyLock<Arc<Engine>> = LazyLock::new(|| Arc::new(Engine::builtin()));

/// What comes out on a terminal of `columns`, pushed in pieces of these lengths, again and again.
fn masked(engine: &Arc<Engine>, input: &[u8], columns: u16, lengths: &[usize], pauses: bool) -> Vec<u8> {
    let mut stream = engine.stream();
    stream.resize(columns);
    let (mut out, mut rest) = (Vec::new(), input);
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*length).clamp(1, rest.len()));
        stream.push(piece, &mut out);
        if pauses {
            stream.quiet(&mut out);
            assert!(!stream.is_holding(), "{}", input.escape_ascii());
        }
        rest = after;
    }
    stream.finish(&mut out);
    out
}

/// Places at which it is looked what has left so far: at all of them where the input is short.
const LOOKS: usize = 16;

/// Pushes pieces of these lengths, again and again, and pauses once `pause` bytes have come. What has left after a
/// piece must be what leaves when all that has come so far comes at once, but that one may be ahead of the other until the
/// end; the fault, if it is not.
fn cut_fault(
    engine: &Arc<Engine>,
    input: &[u8],
    columns: u16,
    lengths: &[usize],
    pause: usize,
) -> Option<String> {
    let at_once = |count: usize, last: bool| {
        let mut stream = engine.stream();
        stream.resize(columns);
        let mut out = Vec::new();
        let (before, after) = input[..count].split_at(pause.min(count));
        stream.push(before, &mut out);
        if pause <= count {
            stream.quiet(&mut out);
        }
        stream.push(after, &mut out);
        if last {
            stream.finish(&mut out);
        }
        out
    };
    let mut stream = engine.stream();
    stream.resize(columns);
    let mut out = Vec::new();
    let (mut count, mut looks) = (0, 0);
    for length in lengths.iter().cycle() {
        let stop = if count < pause { pause.min(input.len()) } else { input.len() };
        let to = (count + length.max(&1)).min(stop);
        stream.push(&input[count..to], &mut out);
        if to == pause && count < pause {
            stream.quiet(&mut out);
        }
        count = to;
        let last = count == input.len();
        if last {
            stream.finish(&mut out);
        }
        if !last && looks * input.len() > count * LOOKS {
            continue;
        }
        looks += 1;
        let expected = at_once(count, last);
        let both = out.len().min(expected.len());
        if out[..both] != expected[..both] || last && out != expected {
            return Some(format!(
                "{:?} on {columns} columns, in pieces of {lengths:?}, with a pause at {pause}, after {count} bytes\n \
                 at once   {}\n in pieces {}",
                String::from_utf8_lossy(input),
                expected.escape_ascii(),
                out.escape_ascii()
            ));
        }
        if last {
            return None;
        }
    }
    None
}

fn whole(engine: &Arc<Engine>, input: &[u8], columns: u16) -> Vec<u8> {
    masked(engine, input, columns, &[input.len()], false)
}

/// A text with a secret: the rules' examples, and the known values.
fn secret() -> impl Strategy<Value = String> {
    let mut texts: Vec<String> = hidden_in_a_pause().into_iter().map(|example| example.text).collect();
    texts.extend(KNOWN.iter().map(|value| (*value).to_owned()));
    prop::sample::select(texts)
}

/// How a program or a person brings a text onto the screen.
fn written() -> impl Strategy<Value = String> {
    (secret(), 0..14usize, any::<prop::sample::Index>(), 20..60usize).prop_map(|(text, how, place, row)| {
        let letters: Vec<char> = text.chars().collect();
        let at = place.index(letters.len() + 1);
        let head: String = letters[..at].iter().collect();
        let tail: String = letters[at..].iter().collect();
        let each = |before: &str, after: &str| -> String {
            letters.iter().map(|letter| format!("{before}{letter}{after}")).collect()
        };
        let rows = |between: &str| -> String {
            let rows: Vec<String> = letters.chunks(row).map(|row| row.iter().collect()).collect();
            rows.join(between)
        };
        match how {
            0 => format!("{head}qz\x08 \x08\x08 \x08{tail}"),
            1 => format!("{head}q\x08\x1b[K{tail}"),
            2 => format!("{head}\x1b[1;31m{tail}\x1b[0m"),
            3 => format!("{head}\r{head}{tail}"),
            4 => format!("{tail}\x1b[{at}D\x1b[{at}@{head}"),
            5 => each("_\x08", ""),
            6 => letters.iter().map(|letter| format!("{letter}\x08{letter}")).collect(),
            7 => each("", "\x1b[K"),
            8 => rows("\r\n"),
            9 => rows(" \r"),
            10 => format!("\x1b]0;{head}\x07{tail}"),
            11 => format!("\x1b]52;{head};{tail}\x07"),
            12 => format!("\x1b]52;c;{text}\x1b\\"),
            _ => text,
        }
    })
}

fn between() -> impl Strategy<Value = String> {
    let pieces = [
        "",
        " ",
        "\r\n",
        "\n",
        "\r",
        "\x08",
        "_",
        "__",
        "_\x08",
        "\x1b[K",
        "\x1b[2K",
        "\x1b[5D",
        "\x1b[3C",
        "\x1b[2;5H",
        "\x1b[G",
        "\x1b[2P",
        "\x1b[2@",
        "\x1b[3X",
        "\x1b[m",
        "\x1b]8;;https://x/?token=",
        "\x1b]52;",
        "\x1b]52;c;",
        "\x07",
        "\x1b\\",
        "\0",
        "\t",
        "日本",
        "é",
        "\u{9b}",
        "qx7-Fal",
        "aab-aac-F",
        "password=",
        "ghp_",
        "\x1b[?1049h",
        "\x1b",
        "\"",
        "$ echo ",
    ];
    prop_oneof![
        4 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned),
        1 => "[a-z =:_]{1,50}".boxed(),
    ]
}

fn terminal_text() -> impl Strategy<Value = String> {
    vec(prop_oneof![written(), between()], 1..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cuts_make_no_difference(
        input in terminal_text(),
        columns in prop::sample::select(vec![20u16, 40, 80, 132]),
        lengths in vec(1usize..30, 1..8),
        pause in any::<prop::sample::Index>(),
    ) {
        let input = input.as_bytes();
        prop_assert_eq!(whole(&ENGINE, input, columns).len(), input.len());
        for (lengths, pause) in [(&lengths[..], usize::MAX), (&[1], usize::MAX), (&[1], pause.index(input.len() + 1))] {
            let fault = cut_fault(&ENGINE, input, columns, lengths, pause);
            prop_assert!(fault.is_none(), "{}", fault.unwrap_or_default());
        }
    }

    #[test]
    fn a_line_without_a_secret_stays(line in benign_line(), columns in 20u16..100, lengths in vec(1usize..30, 1..4)) {
        let out = masked(&BUILTIN, line.as_bytes(), columns, &lengths, false);
        prop_assert_eq!(String::from_utf8_lossy(&out), &line[..]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Byte by byte, with pauses here and there and a colour somewhere: all that is hidden without them stays hidden.
    #[test]
    fn pauses_anywhere_show_nothing_of_a_secret(
        example in prop::sample::select(hidden_in_a_pause()),
        place in any::<prop::sample::Index>(),
        colour in prop::sample::select(vec!["", "\x1b[1;31m", "\x1b[m\x1b[K"]),
        pauses in vec(any::<bool>(), 1..24),
    ) {
        let text = example.text;
        let letters: Vec<char> = text.chars().collect();
        let (head, tail) = letters.split_at(place.index(letters.len() + 1));
        let text: String = head.iter().copied().chain(colour.chars()).chain(tail.iter().copied()).collect();
        let mut stream = BUILTIN.stream();
        stream.resize(200);
        let mut out = Vec::new();
        for (at, byte) in text.bytes().enumerate() {
            stream.push(&[byte], &mut out);
            if pauses[at % pauses.len()] {
                stream.quiet(&mut out);
            }
        }
        stream.finish(&mut out);
        for at in bodies(&BUILTIN, &text).into_iter().flatten() {
            prop_assert_eq!(out[at], b'*', "{:?} became {:?}", text, String::from_utf8_lossy(&out));
        }
    }
}

/// Examples with secrets, but for two rules: what they read is text as a rule, and only what follows tells that it was a
/// secret. In a pause it is shown, and where a line is drawn over itself it may have left before.
fn hidden_in_a_pause() -> Vec<examples::Example> {
    let mut examples = examples::builtin();
    examples.retain(|example| {
        !example.secrets.is_empty() && !["piped-password", "recovery-phrase"].contains(&&*example.rule)
    });
    examples
}

/// Words in any of the world's letters, drawn in the ways of programs that show progress or manuals.
fn benign_line() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[a-z]{1,9}",
        "[一-龥]{1,12}",
        "[а-я]{1,9}",
        "[0-9]{1,4}%",
        "[#=>. ]{1,40}",
        "[🚀-🛸]{1,4}"
    ];
    let drawn = (word, 0..6usize).prop_map(|(word, how)| match how {
        0 => word.chars().map(|letter| format!("{letter}\x08{letter}")).collect(),
        1 => word.chars().map(|letter| format!("_\x08{letter}")).collect(),
        2 => format!("\r{word}\x1b[K"),
        3 => format!("\x1b[1;32m{word}\x1b[0m"),
        _ => word,
    });
    vec(drawn, 1..20).prop_map(|words| words.join(" ") + "\r\n")
}

/// The bytes of an example that are the secret alone, without its public prefix: what is hidden of it without pauses.
fn bodies(engine: &Arc<Engine>, text: &str) -> Vec<Range<usize>> {
    let out = whole(engine, text.as_bytes(), 200);
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (at, (before, after)) in text.bytes().zip(&out).enumerate() {
        match ranges.last_mut() {
            Some(last) if before != *after && last.end == at => last.end += 1,
            _ if before != *after => ranges.push(at..at + 1),
            _ => {}
        }
    }
    ranges
}

#[test]
fn pauses_after_every_byte_show_nothing_of_a_secret() {
    let engine = Arc::new(Engine::builtin());
    let mut faults = String::new();
    let mut count = 0;
    for example in hidden_in_a_pause() {
        let text = example.text;
        let out = masked(&engine, text.as_bytes(), 200, &[1], true);
        assert_eq!(out.len(), text.len());
        let shown: Vec<usize> =
            bodies(&engine, &text).into_iter().flatten().filter(|at| out[*at] != b'*').collect();
        count += 1;
        if !shown.is_empty() {
            faults += &format!("{}: {text:?}\n   became {:?}\n", example.rule, String::from_utf8_lossy(&out));
        }
    }
    assert!(faults.is_empty(), "{count} examples\n{faults}");
}

#[test]
fn texts_without_secrets_come_out_byte_for_byte() {
    let engine = Arc::new(Engine::builtin());
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = 0;
    for part in ["docs", "src/sys", "src/term", "src/record", "src/session"] {
        for entry in std::fs::read_dir(folder.join(part)).unwrap() {
            let path = entry.unwrap().path();
            let is_text = path.extension().is_some_and(|ending| ending == "md" || ending == "rs");
            if !is_text || path.ends_with("docs/masking.md") {
                continue;
            }
            let text = std::fs::read(&path).unwrap();
            let found = engine.find(&text);
            let out = whole(&engine, &text, 80);
            files += 1;
            // What the layer without a screen finds is an example of a secret; there must be none besides.
            for (at, (before, after)) in text.iter().zip(&out).enumerate() {
                let is_example = found.iter().any(|found| found.range.contains(&at));
                assert!(before == after || is_example, "{} at byte {at}", path.display());
            }
            assert!(found.len() <= 12, "{}: {found:?}", path.display());
        }
    }
    assert!(files > 20, "{files} files");
}

#[test]
fn inputs_that_were_once_read_by_their_cuts() {
    let token = examples::filled("ghp_{b62:36}");
    let (head, tail) = token.split_at(24);
    let typed: String =
        "<password>Falcon2019!</password>".chars().map(|letter| format!("{letter}\x1b[K")).collect();
    for (columns, input) in [
        // A sign that may begin a block, and may begin a value.
        (20, "  password: >qz\x08 \x08\x08 \x08-\n    Falcon2019!\n"),
        (80, &format!("{typed} {head}\x1b[A{tail}\n")),
        // A blank at the edge, before a letter of several bytes.
        (20, "DB_PASSWORD=qx7-Falc é"),
        (20, "DB_PASSWORD=qx7-Falc \r\nx"),
        // A letter of several bytes and two columns, of which a part has left in a pause.
        (20, "DB_PASSWORD=qx7-Falcon日本"),
        // What may be a table's header, and an option with its value.
        (80, "--password\to("),
        (80, "--secret\troject\n"),
        // A digit that tells how a value is written, or begins it.
        (80, "username secret 5)"),
        // A type, or a value.
        (80, "passwd\":Final[str] "),
        (80, "insert into t (password, \"password\", \"Falcon2019!\")"),
    ] {
        for pause in (0..=input.len()).chain([usize::MAX]) {
            let fault = (1..=input.len())
                .find_map(|end| cut_fault(&ENGINE, &input.as_bytes()[..end], columns, &[1], pause));
            assert!(fault.is_none(), "{}", fault.unwrap_or_default());
        }
    }
}
