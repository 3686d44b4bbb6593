//! What the index of screens knows of a text: which words it has, but not where.
//!
//! Words that hardly ever come again (identifiers, hashes, times) would make up most of such an index: of these it has a
//! number out of a million, and their beginning. So what fits may fit, and is looked at.

use std::collections::HashSet;

use super::words;
use crate::query::Node;

/// From so many bytes on a word with a digit is an identifier …
const IDENTIFIER: usize = 7;
/// … and from so many on any word is.
const LONG: usize = 33;
/// Identifiers can be found by their beginning, of which so many characters are kept.
const BEGINNING: usize = 4;
/// Before what stands for an identifier, and before a beginning. As long as the beginnings of words that have an index
/// of their own, in which they would take much room.
const NUMBER: &str = "###";
const BEGUN: &str = "^^^";
/// Letters and digits that stand for an identifier, each for five bits.
const LETTERS: u32 = 4;

/// The words of `text`, each once, as they are given to the index.
pub(super) fn of_text(text: &str) -> String {
    let folded = words::fold_all(text);
    let (mut seen, mut out) = (HashSet::new(), String::with_capacity(text.len() / 4));
    let mut begun = HashSet::new();
    for word in words::tokens(&folded).into_iter().map(|place| &folded[place]) {
        if !seen.insert(word) {
            continue;
        }
        match is_identifier(word) {
            true => {
                out.push_str(&identifier(word));
                if begun.insert(beginning(word)) {
                    out.extend([" ", BEGUN, beginning(word)]);
                }
            }
            false => out.push_str(word),
        }
        out.push(' ');
    }
    out
}

/// A question to the index of screens, in the words of FTS5.
#[derive(Debug, PartialEq)]
pub(super) struct Lookup {
    /// What has all this may fit.
    pub(super) loose: String,
    /// What has this fits; none when that cannot be told.
    pub(super) sure: Option<String>,
    /// Beside what is sure, what has this may fit; none when all that fits is sure.
    pub(super) perhaps: Option<String>,
}

impl Lookup {
    /// Texts of a query, none of them under `not`.
    pub(super) fn new(node: &Node) -> Self {
        let (loose, sure) = (loose(node), sure(node));
        let perhaps = match (node, &sure) {
            (Node::Text(text), Some(_)) => words::folded(&text.words)
                .first()
                .filter(|word| text.is_prefix && is_kept(word))
                .map(|word| format!("\"{BEGUN}{}\"", beginning(word))),
            (_, sure) if sure.as_ref() == Some(&loose) => None,
            _ => Some(loose.clone()),
        };
        Self { loose, sure, perhaps }
    }

    /// Whether what fits must be looked at.
    pub(super) fn must_check(&self) -> bool {
        self.perhaps.is_some()
    }
}

/// Whether a question has words of which only the beginning is given.
pub(super) fn has_beginnings(node: &Node) -> bool {
    let mut has = false;
    node.leaves(false, &mut |leaf, _| has |= matches!(leaf, Node::Text(text) if text.is_prefix));
    has
}

fn loose(node: &Node) -> String {
    match node {
        Node::All(nodes) => list(nodes.iter().map(loose), " AND "),
        Node::Any(nodes) => list(nodes.iter().map(loose), " OR "),
        Node::Text(text) => {
            let words = words::folded(&text.words);
            let last = words.len().saturating_sub(1);
            let terms = words.iter().enumerate().map(|(at, word)| match at == last && text.is_prefix {
                true => begins(word),
                false if is_identifier(word) => format!("\"{}\"", identifier(word)),
                false => format!("\"{word}\""),
            });
            list(terms, " AND ")
        }
        Node::Not(_) | Node::Field(_) => "\"\"".to_owned(),
    }
}

/// Words that begin so; identifiers only when what is kept of them tells.
fn begins(word: &str) -> String {
    let kept = beginning(word);
    match (is_identifier(word), is_kept(word)) {
        (true, _) => format!("\"{BEGUN}{kept}\""),
        (false, true) => format!("(\"{word}\"* OR \"{BEGUN}{kept}\")"),
        (false, false) => format!("\"{word}\"*"),
    }
}

fn sure(node: &Node) -> Option<String> {
    match node {
        Node::All(nodes) => Some(list(nodes.iter().map(sure).collect::<Option<Vec<_>>>()?, " AND ")),
        Node::Any(nodes) => {
            let any: Vec<String> = nodes.iter().filter_map(sure).collect();
            (!any.is_empty()).then(|| list(any, " OR "))
        }
        Node::Text(text) => match &words::folded(&text.words)[..] {
            [word] if !is_identifier(word) => {
                Some(format!("(\"{word}\"{})", if text.is_prefix { "*" } else { "" }))
            }
            _ => None,
        },
        Node::Not(_) | Node::Field(_) => None,
    }
}

fn list(parts: impl IntoIterator<Item = String>, between: &str) -> String {
    let parts: Vec<String> = parts.into_iter().collect();
    match parts.is_empty() {
        true => "\"\"".to_owned(),
        false => format!("({})", parts.join(between)),
    }
}

fn is_identifier(word: &str) -> bool {
    word.len() >= LONG || word.len() >= IDENTIFIER && word.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether it has as many letters as the beginnings that are kept.
fn is_kept(word: &str) -> bool {
    word.chars().count() >= BEGINNING
}

fn identifier(word: &str) -> String {
    let number = crc32fast::hash(word.as_bytes());
    let digits = (0..LETTERS).map(|at| (number >> (at * 5)) as usize & 31);
    let letters = digits.map(|digit| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[digit]));
    NUMBER.chars().chain(letters).collect()
}

fn beginning(word: &str) -> &str {
    word.char_indices().nth(BEGINNING).map_or(word, |(end, _)| &word[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(words: &str) -> Lookup {
        Lookup::new(&Node::Text(words::texts(words).remove(0)))
    }

    #[test]
    fn a_text_is_its_words() {
        let words = of_text("Error: ÉTÉ error; id=0a1b2c3d4 0a1b999999 part-00123 中文");
        let (first, second) = (identifier("0a1b2c3d4"), identifier("0a1b999999"));
        assert_eq!(words, format!("error ete id {first} ^^^0a1b {second} part 00123 中 文 "));
        assert!(first != second && first.len() == 7);
        assert_eq!(of_text(""), "");
    }

    #[test]
    fn a_question_says_what_must_be_looked_at() {
        let word = one("Error");
        assert_eq!((word.loose.as_str(), word.must_check()), ("(\"error\")", false));
        let beginning = one("need*");
        assert_eq!(beginning.loose, "((\"need\"* OR \"^^^need\"))");
        assert_eq!(beginning.sure.as_deref(), Some("(\"need\"*)"));
        assert!(beginning.must_check());
        assert_eq!(beginning.perhaps.as_deref(), Some("\"^^^need\""));
        let short = one("ab*");
        assert_eq!((short.loose.as_str(), short.must_check()), ("(\"ab\"*)", false));
        assert_eq!(one("0a1b2c3d*").loose, "(\"^^^0a1b\")");
        let phrase = one("\"connection was reset\"");
        assert_eq!(phrase.loose, "(\"connection\" AND \"was\" AND \"reset\")");
        assert_eq!((phrase.sure.clone(), phrase.must_check()), (None, true));
        let id = one("0a1b2c3d4");
        assert_eq!((id.loose, id.sure), (format!("(\"{}\")", identifier("0a1b2c3d4")), None));
    }
}
