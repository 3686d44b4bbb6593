//! Colours for a query while it is typed, right or wrong.

use std::ops::Range;

use super::fields::Field;
use super::lex;
use super::lex::What;

/// What a stretch of a query is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The name of a field with its colon.
    Field,
    /// Its value.
    Value,
    /// `and`, `or`, `not`, `-`, parentheses.
    Operator,
    /// A word of free text.
    Word,
    /// Words in quotes.
    Phrase,
}

/// The parts of a query, in order; spaces are in none of them.
#[must_use]
pub fn paint(text: &str) -> Vec<(Range<usize>, Part)> {
    let mut parts = Vec::new();
    for token in lex::tokens(text) {
        match token.what {
            What::Field { value, .. } => {
                parts.push((token.range.start..value.range.start, Part::Field));
                if !value.range.is_empty() {
                    parts.push((value.range, Part::Value));
                }
            }
            What::Text(text) if text.is_quoted => parts.push((token.range, Part::Phrase)),
            What::Text(_) => parts.push((token.range, Part::Word)),
            What::Open | What::Close | What::And | What::Or | What::Not => {
                parts.push((token.range, Part::Operator));
            }
        }
    }
    parts
}

/// What stands at a place of a query: the field whose value it is, or none in a word; and the token's range.
pub(super) fn at(text: &str, cursor: usize) -> Option<(Range<usize>, Option<Field>)> {
    lex::tokens(text).into_iter().find_map(|token| match token.what {
        What::Field { field, value } if (value.range.start..=value.range.end).contains(&cursor) => {
            Some((value.range, Some(field)))
        }
        // The name of a field that already has its colon.
        What::Field { value, .. } if (token.range.start..value.range.start).contains(&cursor) => {
            Some((token.range.start..value.range.start, None))
        }
        What::Text(text) if !text.is_quoted && (token.range.start..=token.range.end).contains(&cursor) => {
            Some((token.range, None))
        }
        What::And | What::Or | What::Not if token.range.len() > 1 && token.range.end == cursor => {
            Some((token.range, None))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        let text = "user:ana (err* or \"a b\") -x took:";
        let parts: Vec<(&str, Part)> =
            paint(text).into_iter().map(|(range, part)| (&text[range], part)).collect();
        assert_eq!(
            parts,
            [
                ("user:", Part::Field),
                ("ana", Part::Value),
                ("(", Part::Operator),
                ("err*", Part::Word),
                ("or", Part::Operator),
                ("\"a b\"", Part::Phrase),
                (")", Part::Operator),
                ("-", Part::Operator),
                ("x", Part::Word),
                ("took:", Part::Field),
            ]
        );
    }
}
