//! Making any text safe to draw or print: nothing in it can move the cursor, change colours, or turn the
//! direction of what stands around it.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether `c` must not reach a terminal as it is.
///
/// Control characters (C0, DEL, C1), bidirectional controls ("Trojan Source", CVE-2021-42574), line and paragraph
/// separators, invisible characters without a use in text, and the deprecated tag characters.
#[must_use]
pub fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// The text on one line with every unsafe character written out: `\n`, `\e`, `\x07`, `\u{202e}`.
#[must_use]
pub fn safe(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        push_safe(&mut out, c);
    }
    Cow::Owned(out)
}

/// Like [`safe`], but line ends stay line ends and a tab becomes spaces: for text of several lines.
#[must_use]
pub fn safe_lines(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| is_unsafe(c) && c != '\n') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push('\n'),
            '\t' => out.push_str("    "),
            _ => push_safe(&mut out, c),
        }
    }
    Cow::Owned(out)
}

fn push_safe(out: &mut String, c: char) {
    // Writing to a String cannot fail.
    let _ = match c {
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        '\u{1b}' => out.write_str("\\e"),
        c if !is_unsafe(c) => out.write_char(c),
        c if u32::from(c) < 0x100 => write!(out, "\\x{:02x}", u32::from(c)),
        c => write!(out, "\\u{{{:x}}}", u32::from(c)),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_and_direction_marks_are_written_out() {
        assert_eq!(safe("a\u{1b}[31mb\u{7}\u{9b}2J"), "a\\e[31mb\\x07\\x9b2J");
        assert_eq!(safe("x\u{202e}y\n\tz"), "x\\u{202e}y\\n\\tz");
        assert_eq!(safe_lines("a\n\tb\r"), "a\n    b\\r");
    }

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(safe("héllo 世界 👩‍🚀"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn prop_nothing_unsafe_is_left(text in ".*") {
            prop_assert!(!safe(&text).chars().any(is_unsafe));
            prop_assert!(!safe_lines(&text).chars().any(|c| is_unsafe(c) && c != '\n'));
        }
    }
}
