//! Text from outside, made fit for a terminal: nothing in it can move the cursor, hide or reorder anything.

use unicode_width::UnicodeWidthChar;

/// `text` with everything that is not plainly visible shown as something that is.
#[must_use]
pub fn visible(text: &str) -> String {
    text.chars().map(visible_char).collect()
}

fn visible_char(character: char) -> char {
    match character {
        '\n' => '⏎',
        '\x7f' => '␡',
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('·'),
        // C1 controls; what turns the direction of text; what has no width and so could hide.
        '\u{80}'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => {
            '·'
        }
        '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' | '\u{ad}' | '\u{61c}' => '·',
        _ => character,
    }
}

/// `text`, which is visible, in lines of at most `width` columns; at least one line.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for character in text.chars() {
        let columns = character.width().unwrap_or(0);
        if used + columns > width && used > 0 {
            lines.push(String::new());
            used = 0;
        }
        used += columns;
        if let Some(line) = lines.last_mut() {
            line.push(character);
        }
    }
    lines
}

/// The same, broken after a blank where there is one in the second half of the line: nothing is left out.
pub(super) fn flowed(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    loop {
        let line = wrapped(rest, width).swap_remove(0);
        let blank =
            line.rfind(' ').map(|at| at + 1).filter(|at| *at > line.len() / 2 && line.len() < rest.len());
        let (line, after) = rest.split_at(blank.unwrap_or(line.len()));
        lines.push(line.to_owned());
        rest = after;
        if rest.is_empty() {
            return lines;
        }
    }
}

/// The first `width` columns of `text`, which is visible; a cut is marked.
#[must_use]
pub fn clipped(text: &str, width: usize) -> String {
    let columns = |text: &str| text.chars().filter_map(UnicodeWidthChar::width).sum::<usize>();
    if columns(text) <= width {
        return text.to_owned();
    }
    if width < 2 {
        return "…".repeat(width);
    }
    let mut short = wrapped(text, width.saturating_sub(1)).swap_remove(0);
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_or_hides_is_left() {
        assert_eq!(visible("a\x1b[2Jb\r\nc\u{202e}d\u{9b}e"), "a␛[2Jb␍⏎c·d·e");
    }

    #[test]
    fn lines_are_as_wide_as_the_screen_counts_them() {
        assert_eq!(wrapped("日本語ab", 4), ["日本", "語ab"]);
        assert_eq!(clipped("abcdef", 4), "abc…");
        assert_eq!(clipped("abcdef", 0), "");
        assert_eq!(flowed("ab cd efghijklm", 8), ["ab cd ", "efghijkl", "m"]);
        assert_eq!(flowed("日本語 ab", 7), ["日本語 ", "ab"]);
        assert_eq!(flowed("", 7), [""]);
        assert_eq!(clipped("abcd", 4), "abcd");
    }
}
