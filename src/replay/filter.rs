//! Which rows of a list are shown: words that must stand in them, or must not.

use regex::Regex;
use regex::RegexBuilder;

/// Words as they were typed: all must stand somewhere in a row, those behind a `-` nowhere. Case does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    text: String,
    wanted: Vec<Regex>,
    barred: Vec<Regex>,
}

impl Filter {
    /// Understands `text`; any text is a filter.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut filter = Self { text: text.to_owned(), ..Self::default() };
        for word in text.split_whitespace() {
            let (words, word) = match word.strip_prefix('-') {
                Some(word) => (&mut filter.barred, word),
                None => (&mut filter.wanted, word),
            };
            if !word.is_empty() {
                words.extend(RegexBuilder::new(&regex::escape(word)).case_insensitive(true).build());
            }
        }
        filter
    }

    /// As it was typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether every row fits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.barred.is_empty()
    }

    /// Whether a row of these cells fits.
    #[must_use]
    pub fn fits(&self, cells: &[&str]) -> bool {
        let stands = |word: &Regex| cells.iter().any(|cell| word.is_match(cell));
        self.wanted.iter().all(stands) && !self.barred.iter().any(stands)
    }

    /// Whether what fits is among what fitted `before`: only that needs to be looked at.
    #[must_use]
    pub fn narrows(&self, before: &Self) -> bool {
        self.text.starts_with(&before.text) && before.barred.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_must_stand_in_a_row_and_barred_ones_nowhere() {
        let row = ["deny", "s3:DeleteObject", "arn:aws:s3:::reports/07.csv", "403"];
        for (text, fits) in [
            ("", true),
            ("DELETE 403", true),
            ("s3:delete", true),
            ("delete 404", false),
            ("-get deny", true),
            ("-deny", false),
            ("-", true),
            ("07.csv", true),
            ("07xcsv", false),
            ("(", false),
        ] {
            assert_eq!(Filter::new(text).fits(&row), fits, "{text}");
        }
    }

    #[test]
    fn typing_on_narrows_unless_a_word_is_barred() {
        let narrows = |after: &str, before: &str| Filter::new(after).narrows(&Filter::new(before));
        assert!(narrows("de", "d") && narrows("d -x", "d ") && narrows("d", ""));
        assert!(!narrows("d", "de") && !narrows("-de", "-d"));
    }
}
