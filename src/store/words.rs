//! Words: how texts are cut for searching, how a query is understood, what is shown around a hit.

use std::borrow::Cow;
use std::ops::Range;

use regex::RegexBuilder;

use crate::query::Node;
use crate::query::Text;

/// Characters of a snippet before the hit, and in all.
const BEFORE: usize = 40;
const SNIPPET: usize = 160;

/// The text as it is given to the index. Chinese and Japanese have no spaces: each of their letters is a word, so that
/// any part of a sentence can be found.
pub(super) fn cut(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.chars().any(stands_alone) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 2);
    for letter in text.chars() {
        match stands_alone(letter) {
            true => out.extend([' ', letter, ' ']),
            false => out.push(letter),
        }
    }
    Cow::Owned(out)
}

fn stands_alone(letter: char) -> bool {
    matches!(u32::from(letter), 0x2E80..=0x9FFF | 0xAC00..=0xD7AF | 0xF900..=0xFAFF | 0x2_0000..=0x3_FFFF)
}

/// The query in the words of FTS5: every part must occur, parts in quotes as they stand, `*` for any end. None when
/// there is no letter or digit in it.
pub(super) fn query(words: &str) -> Option<String> {
    let parts: Vec<String> = parts(words)
        .into_iter()
        .filter(|part| part.contains(char::is_alphanumeric))
        .map(|part| {
            let (word, star) = match part.strip_suffix('*') {
                Some(word) => (word, "*"),
                None => (part, ""),
            };
            format!("\"{}\"{star}", cut(word))
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// The same for texts of a query, none of them under `not`.
pub(super) fn expression(node: &Node) -> String {
    let list = |nodes: &[Node], between: &str| {
        let parts: Vec<String> = nodes.iter().map(expression).collect();
        format!("({})", parts.join(between))
    };
    match node {
        Node::All(nodes) => list(nodes, " AND "),
        Node::Any(nodes) => list(nodes, " OR "),
        Node::Text(Text { words, is_prefix }) => {
            format!("\"{}\"{}", cut(words).replace('"', " "), if *is_prefix { "*" } else { "" })
        }
        Node::Not(_) | Node::Field(_) => "\"\"".to_owned(),
    }
}

/// Words, and what stands in quotes as one.
fn parts(words: &str) -> Vec<&str> {
    let quoted = words.split('"').enumerate();
    let parts = quoted.flat_map(|(number, part)| match number % 2 {
        0 => part.split_whitespace().collect(),
        _ => vec![part],
    });
    parts.collect()
}

/// One line around the first hit in `text`, and where in it the hit is.
pub(super) fn snippet(text: &str, words: &str) -> (String, Range<usize>) {
    let hit = parts(words).into_iter().find_map(|part| {
        let word = part.trim_matches(|letter: char| !letter.is_alphanumeric());
        let pattern =
            RegexBuilder::new(&regex::escape(word)).case_insensitive(true).size_limit(1 << 20).build();
        pattern.ok().filter(|_| !word.is_empty())?.find(text).map(|hit| hit.range())
    });
    let hit = hit.unwrap_or(0..0);
    let begin = text[..hit.start].char_indices().rev().take(BEFORE).last().map_or(hit.start, |(at, _)| at);
    let mut line = String::new();
    let mut found = 0..0;
    for (at, letter) in text[begin..].char_indices().take(SNIPPET) {
        let at = begin + at;
        if at == hit.start && !hit.is_empty() {
            found = line.len()..line.len();
        }
        let is_space = letter.is_whitespace();
        if !is_space || !(line.is_empty() || line.ends_with(' ')) {
            line.push(if is_space { ' ' } else { letter });
        }
        if hit.contains(&at) {
            found.end = line.len();
        }
    }
    line.truncate(line.trim_end().len());
    found.end = found.end.min(line.len());
    found.start = found.start.min(found.end);
    (line, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_words_phrases_and_beginnings() {
        assert_eq!(query("s3:GetObject deny*").unwrap(), "\"s3:GetObject\" \"deny\"*");
        assert_eq!(query("\"access denied\" OR").unwrap(), "\"access denied\" \"OR\"");
        assert_eq!(query("中文 x").unwrap(), "\" 中  文 \" \"x\"");
        assert_eq!(query(" \" * "), None);
    }

    #[test]
    fn a_snippet_shows_the_hit_in_one_line() {
        let text = format!("{}\nbefore\r\n  the Needle here\n{}", "x".repeat(100), "y".repeat(300));
        let (line, found) = snippet(&text, "\"needle\" other");
        assert_eq!(&line[found.clone()], "Needle");
        assert!(line.contains("before the Needle here yyy") && line.chars().count() <= SNIPPET);
        assert_eq!(snippet("nothing", "else"), ("nothing".to_owned(), 0..0));
        let (line, found) = snippet("é中needle", "NEEDLE");
        assert_eq!(&line[found], "needle");
    }
}
