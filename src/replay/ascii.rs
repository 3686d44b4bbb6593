//! The viewer on a terminal that knows ASCII only: one table of what stands for what.
//!
//! It is laid over the finished picture, so that nothing that draws needs to think of it. A character of two columns leaves
//! a blank behind its sign: everything stays in its column.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What stands for a character that has no form of its own.
const UNKNOWN: char = '?';

/// The viewer's own signs, and those that programs use most. Marks that stand in one place differ from each other.
const SIGNS: &[(char, char)] = &[
    // What happened: in lists and on the timeline, where `!`, `+`, `?` and `$` stand for themselves.
    ('✓', 'v'),
    ('✗', 'x'),
    ('◇', 'q'),
    ('◈', 'y'),
    ('⊘', 'n'),
    ('▲', '^'),
    ('◆', '*'),
    ('∅', '0'),
    ('»', '%'),
    ('·', '.'),
    // The timeline.
    ('●', 'O'),
    ('━', '='),
    ('─', '-'),
    ('┷', ':'),
    ('┿', '|'),
    ('▪', '#'),
    ('▶', '>'),
    ('‖', '|'),
    // Choices, cuts, numbers.
    ('▸', '>'),
    ('▾', 'v'),
    ('▹', '>'),
    ('▿', 'v'),
    ('◂', '<'),
    ('▴', '^'),
    ('…', '~'),
    ('×', 'x'),
    ('≤', '<'),
    ('≥', '>'),
    ('≠', '#'),
    ('≈', '~'),
    ('−', '-'),
    ('±', '+'),
    ('↑', '^'),
    ('↓', 'v'),
    ('←', '<'),
    ('→', '>'),
    ('⇒', '>'),
    ('⇐', '<'),
    ('↳', '`'),
    ('↵', '<'),
    ('⏎', '<'),
    ('⏵', '>'),
    ('⏸', '|'),
    ('▌', '_'),
    ('▐', '|'),
    ('▏', '|'),
    ('▎', '|'),
    ('▕', '|'),
    // A sparkline, from low to high.
    ('▁', '_'),
    ('▂', '.'),
    ('▃', ':'),
    ('▄', '-'),
    ('▅', '='),
    ('▆', '+'),
    ('▇', '*'),
    ('█', '#'),
    ('░', '.'),
    ('▒', ':'),
    ('▓', '#'),
    ('▀', '"'),
    // Lines of two strokes, and slanted ones.
    ('═', '='),
    ('║', '|'),
    ('╱', '/'),
    ('╲', '\\'),
    ('╳', 'X'),
    // Other marks.
    ('✔', '+'),
    ('✘', 'x'),
    ('✕', 'x'),
    ('☐', 'o'),
    ('☑', '+'),
    ('★', '*'),
    ('☆', '*'),
    ('○', 'o'),
    ('◉', 'O'),
    ('◌', 'o'),
    ('◎', 'O'),
    ('◐', 'o'),
    ('■', '#'),
    ('□', 'o'),
    ('▫', '.'),
    ('△', '^'),
    ('▼', 'v'),
    ('▽', 'v'),
    ('◀', '<'),
    ('⚠', '!'),
    ('⚑', 'F'),
    ('•', '*'),
    ('∙', '.'),
    ('⋯', '~'),
    ('«', '<'),
    ('‹', '<'),
    ('›', '>'),
    ('“', '"'),
    ('”', '"'),
    ('„', '"'),
    ('‘', '\''),
    ('’', '\''),
    ('‚', ','),
    ('–', '-'),
    ('—', '-'),
    ('‐', '-'),
    ('‑', '-'),
    ('°', 'o'),
    ('µ', 'u'),
    ('μ', 'u'),
    ('©', 'c'),
    ('®', 'R'),
    ('\u{fffd}', '?'),
    ('\u{a0}', ' '),
];

/// The letters from U+00C0 to U+00FF without what stands above or below them.
const LATIN: &[u8; 64] = b"AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty";

/// Whether only ASCII can be shown, by `TERM` and the value of the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set. Where
/// none is set nobody said so: containers mostly have none, and the terminals that they are used from know UTF-8.
#[must_use]
pub fn is_wanted(term: Option<&str>, locale: Option<&str>) -> bool {
    let family = term.unwrap_or_default().split('-').next().unwrap_or_default();
    // The Linux console knows UTF-8, but has a font of 256 or 512 signs.
    let is_poor = matches!(family, "linux" | "dumb" | "cons25" | "ansi" | "sun") || family.starts_with("vt");
    let is_utf8 = |locale: &str| {
        let charset = locale.split('.').nth(1).unwrap_or_default().split('@').next().unwrap_or_default();
        charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
    };
    is_poor || locale.filter(|locale| !locale.is_empty()).is_some_and(|locale| !is_utf8(locale))
}

/// What stands for `c`.
#[must_use]
pub fn of(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    if let Some((_, sign)) = SIGNS.iter().find(|(known, _)| *known == c) {
        return *sign;
    }
    match c {
        'À'..='ÿ' => LATIN.get(c as usize - 'À' as usize).map_or(UNKNOWN, |letter| char::from(*letter)),
        '┄' | '┅' | '┈' | '┉' | '╌' | '╍' | '╴' | '╶' | '╸' | '╺' | '╼' | '╾' => '-',
        '│' | '┃' | '┆' | '┇' | '┊' | '┋' | '╎' | '╏' | '╵' | '╷' | '╹' | '╻' | '╽' | '╿' => {
            '|'
        }
        '\u{2500}'..='\u{257f}' => '+',
        '\u{2580}'..='\u{259f}' => '#',
        '\u{25a0}'..='\u{25ff}' => '*',
        '\u{2800}' => ' ',
        '\u{2801}'..='\u{28ff}' => '*',
        '\u{2000}'..='\u{200a}' | '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(UNKNOWN),
        _ => UNKNOWN,
    }
}

/// `text` in ASCII, in as many columns as far as its characters take one each.
#[must_use]
pub fn text(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.chars().map(of).collect()) }
}

/// Lays the table over what is drawn on `area`.
pub fn apply(buffer: &mut Buffer, area: Rect) {
    for position in area.intersection(buffer.area).positions() {
        let Some(cell) = buffer.cell_mut(position) else { continue };
        if !cell.symbol().is_ascii() {
            // A letter and the marks that belong to it are one cell: the letter is kept.
            let sign = cell.symbol().chars().next().map_or(' ', of);
            cell.set_char(sign);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fs;
    use std::path::Path;
    use std::path::PathBuf;

    use super::*;

    fn sources(dir: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
    }

    #[test]
    fn every_sign_that_the_viewer_draws_has_a_form() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = sources(&root.join("replay"));
        files.push(root.join("term/width.rs"));
        for file in files {
            let name = file.file_name().unwrap().to_str().unwrap();
            if matches!(name, "tests.rs" | "sweep.rs" | "fixture.rs" | "ascii.rs") {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
            for line in text.lines() {
                let code = line.split("//").next().unwrap();
                let is_known = |c: &char| SIGNS.iter().any(|(sign, _)| sign == c);
                let missing: String =
                    code.chars().filter(|c| !c.is_ascii() && !is_known(c) && of(*c) == UNKNOWN).collect();
                assert_eq!(missing, "", "{}: give these a form in replay/ascii.rs: {line}", file.display());
            }
        }
    }

    #[test]
    fn signs_that_stand_in_one_place_differ() {
        // In the lists, on the timeline.
        for marks in ["✓✗◇◈⊘▲◆∅»·$→▒!+?", "✗◇◈⊘▲◆∅»·$→!+?●━─┷┿▪"]
        {
            let forms: HashSet<char> = marks.chars().map(of).collect();
            assert_eq!(forms.len(), marks.chars().count(), "{forms:?}");
        }
        let spark: HashSet<char> = "▁▂▃▄▅▆▇█".chars().map(of).collect();
        assert_eq!(spark.len(), 8);
        let signs: HashSet<char> = SIGNS.iter().map(|(sign, _)| *sign).collect();
        assert_eq!(signs.len(), SIGNS.len(), "one stands twice");
        assert!(SIGNS.iter().all(|(_, form)| form.is_ascii() && !form.is_control()));
    }

    #[test]
    fn what_has_a_plain_form_keeps_it() {
        assert_eq!(text("Grüße, señor Ångström"), "Gruse, senor Angstrom");
        assert_eq!(text("╭─┐ │ └╯"), "+-+ | ++");
        assert_eq!(text("世 ＡＢ ⠋"), "? AB *");
        assert!(matches!(text("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn the_locale_and_the_terminal_say_whether_it_is_needed() {
        for (term, locale, wanted) in [
            (Some("xterm-256color"), Some("de_DE.UTF-8"), false),
            (Some("xterm-256color"), Some("C.utf8"), false),
            (Some("xterm-256color"), Some("sr_RS.UTF-8@latin"), false),
            (Some("xterm-256color"), None, false),
            (Some("xterm-256color"), Some(""), false),
            (Some("xterm-256color"), Some("C"), true),
            (Some("xterm-256color"), Some("POSIX"), true),
            (Some("xterm-256color"), Some("de_DE.ISO-8859-1"), true),
            (Some("linux"), Some("C.UTF-8"), true),
            (Some("vt220"), Some("C.UTF-8"), true),
            (None, Some("C.UTF-8"), false),
        ] {
            assert_eq!(is_wanted(term, locale), wanted, "{term:?} {locale:?}");
        }
    }
}
