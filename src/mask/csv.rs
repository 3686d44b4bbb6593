//! Tables in text: where their cells are.

use std::ops::Range;

/// The cells of each row of `text`, without their quotes; a quoted cell may hold separators, newlines and doubled
/// quotes. Empty lines are no rows.
pub fn rows(text: &[u8], separator: u8) -> Vec<Vec<Range<usize>>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (cell, after) = cell(text, at, separator);
        let is_end = text.get(after) != Some(&separator);
        let is_blank = is_end && row.is_empty() && cell.is_empty();
        row.push(cell);
        at = after + 1;
        if is_end {
            if text.get(after) == Some(&b'\r') && text.get(at) == Some(&b'\n') {
                at += 1;
            }
            let whole = std::mem::take(&mut row);
            if !is_blank {
                rows.push(whole);
            }
        }
    }
    if !row.is_empty() {
        rows.push(row);
    }
    rows
}

/// A cell, and where its separator, newline or the text's end is.
fn cell(text: &[u8], start: usize, separator: u8) -> (Range<usize>, usize) {
    let ends = |byte: &u8| *byte == separator || matches!(byte, b'\r' | b'\n');
    let plain = |from: usize| from + text[from..].iter().take_while(|byte| !ends(byte)).count();
    if text.get(start) != Some(&b'"') {
        let end = plain(start);
        return (start..end, end);
    }
    let mut at = start + 1;
    while let Some(byte) = text.get(at) {
        if *byte == b'"' {
            if text.get(at + 1) != Some(&b'"') {
                return (start + 1..at, plain(at + 1));
            }
            at += 1;
        }
        at += 1;
    }
    // A quote that is not closed: the cell is all that is left.
    (start + 1..text.len(), text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_in_their_quotes() {
        let text = "a,\"b \"\"x\"\", c\",\r\n\n1,\"two\nlines\",3\n\"open";
        let found: Vec<Vec<&str>> = rows(text.as_bytes(), b',')
            .into_iter()
            .map(|row| row.into_iter().map(|cell| &text[cell]).collect())
            .collect();
        assert_eq!(found[0], ["a", "b \"\"x\"\", c", ""]);
        assert_eq!(found[1], ["1", "two\nlines", "3"]);
        assert_eq!(found[2], ["open"]);
        assert!(rows(b"", b',').is_empty());
    }
}
