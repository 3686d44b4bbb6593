//! How many columns text takes, and cutting it to a number of columns.

use unicode_width::UnicodeWidthChar;

/// Columns that `text` takes on a terminal; control characters count as none.
#[must_use]
pub fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The longest beginning of `text` that takes at most `columns`.
#[must_use]
pub fn clip(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns {
            return &text[..at];
        }
    }
    text
}

/// The first `most` characters of `text`; what is left out is said, so that nobody takes a part for the whole:
/// `… (812 more characters)`.
#[must_use]
pub fn shortened(text: &str, most: usize) -> String {
    let mut rest = text.chars();
    let first: String = rest.by_ref().take(most).collect();
    match rest.count() {
        0 => first,
        more => format!("{first}… ({more} more characters)"),
    }
}

/// `text` in exactly `columns`: padded with spaces, or cut with `…` at its end.
#[must_use]
pub fn fit(text: &str, columns: usize) -> String {
    let all = width(text);
    if all <= columns {
        return format!("{text}{}", " ".repeat(columns - all));
    }
    if columns == 0 {
        return String::new();
    }
    let head = clip(text, columns - 1);
    // A wide character that did not fit leaves a column over.
    let left = columns - 1 - width(head);
    format!("{head}…{}", " ".repeat(left))
}

/// At most `columns` of `text`; if it is too long, its end behind `…`. The end of an ARN says more than its beginning.
#[must_use]
pub fn tail(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let backwards: String = text.chars().rev().collect();
    let kept: String = clip(&backwards, columns.saturating_sub(1)).chars().rev().collect();
    format!("…{kept}")
}

/// `text` in exactly `columns`, set to the right; cut at its end when too long.
#[must_use]
pub fn fit_right(text: &str, columns: usize) -> String {
    let all = width(text);
    if all <= columns { format!("{}{text}", " ".repeat(columns - all)) } else { fit(text, columns) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_said() {
        assert_eq!(shortened("héllo", 5), "héllo");
        assert_eq!(shortened("héllo wörld", 5), "héllo… (6 more characters)");
    }

    #[test]
    fn fitted_text_has_exactly_the_columns() {
        for text in ["", "abc", "abcdef", "世界世界", "a世界", "e\u{301}e\u{301}"] {
            for columns in 0..8 {
                assert_eq!(width(&fit(text, columns)), columns, "{text:?} in {columns}");
                assert_eq!(width(&fit_right(text, columns)), columns, "{text:?} in {columns}");
            }
        }
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(tail("arn:aws:s3:::reports/july.csv", 12), "…ts/july.csv");
        assert_eq!(tail("short", 12), "short");
        assert_eq!(fit("世界世", 4), "世… ");
    }
}
