//! Words: how texts are cut for searching, how a query is understood, what is shown around a hit.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem::Finder;

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

/// Words as they stand in an option: parts that must all occur, those in quotes as they stand, `*` for any end.
pub(super) fn texts(words: &str) -> Vec<Text> {
    let quoted = words.split('"').enumerate();
    let parts = quoted.flat_map(|(number, part)| match number % 2 {
        0 => part.split_whitespace().collect(),
        _ => vec![part],
    });
    let parts = parts
        .filter(|part| part.contains(char::is_alphanumeric))
        .map(|part| Text { words: part.trim_end_matches('*').to_owned(), is_prefix: part.ends_with('*') });
    parts.collect()
}

/// The same in the words of FTS5. None when there is no letter or digit in it.
pub(super) fn query(words: &str) -> Option<String> {
    let parts: Vec<String> = texts(words).iter().map(phrase).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn phrase(text: &Text) -> String {
    format!("\"{}\"{}", cut(&text.words).replace('"', " "), if text.is_prefix { "*" } else { "" })
}

/// Texts of a query, none of them under `not`, in the words of FTS5.
pub(super) fn expression(node: &Node) -> String {
    let list = |nodes: &[Node], between: &str| {
        let parts: Vec<String> = nodes.iter().map(expression).collect();
        format!("({})", parts.join(between))
    };
    match node {
        Node::All(nodes) => list(nodes, " AND "),
        Node::Any(nodes) => list(nodes, " OR "),
        Node::Text(text) => phrase(text),
        Node::Not(_) | Node::Field(_) => "\"\"".to_owned(),
    }
}

/// Words of a text as the index has them, each with its place.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl Iterator for Tokens<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = &self.text[self.at..];
        let skipped = rest.find(char::is_alphanumeric)?;
        let rest = &rest[skipped..];
        let first = rest.chars().next()?;
        let length = match stands_alone(first) {
            true => first.len_utf8(),
            false => rest
                .find(|letter: char| !letter.is_alphanumeric() && !is_mark(letter) || stands_alone(letter))
                .unwrap_or(rest.len()),
        };
        let start = self.at + skipped;
        self.at = start + length;
        Some(start..self.at)
    }
}

/// Accents that stand after their letter.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

/// The words of a text, in small letters without accents.
pub(super) fn folded(text: &str) -> Vec<String> {
    Tokens { text, at: 0 }.map(|word| text[word].chars().filter_map(fold).collect()).collect()
}

/// A text in small letters without accents; its words are the same.
pub(super) fn fold_all(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}

/// The same in place of what `out` has.
pub(super) fn fold_into(text: &str, out: &mut String) {
    out.clear();
    let mut rest = text;
    while let Some(plain) = rest.bytes().position(|byte| !byte.is_ascii()) {
        out.push_str(&rest[..plain]);
        let mut letters = rest[plain..].chars();
        out.extend(letters.next().and_then(fold));
        rest = letters.as_str();
    }
    out.push_str(rest);
    out.make_ascii_lowercase();
}

/// A letter without its case and accent, as the index has it; none for an accent alone.
fn fold(letter: char) -> Option<char> {
    const PLAIN: &[(&str, char)] = &[
        ("àáâãäåāăą", 'a'),
        ("çćĉċč", 'c'),
        ("ďð", 'd'),
        ("èéêëēĕėęě", 'e'),
        ("ĝğġģ", 'g'),
        ("ĥ", 'h'),
        ("ìíîïĩīĭį", 'i'),
        ("ĵ", 'j'),
        ("ķ", 'k'),
        ("ĺļľ", 'l'),
        ("ñńņň", 'n'),
        ("òóôõöōŏő", 'o'),
        ("ŕŗř", 'r'),
        ("śŝşš", 's'),
        ("ţť", 't'),
        ("ùúûüũūŭůűų", 'u'),
        ("ŵ", 'w'),
        ("ýÿŷ", 'y'),
        ("źżž", 'z'),
    ];
    if letter.is_ascii() {
        return Some(letter.to_ascii_lowercase());
    }
    if is_mark(letter) {
        return None;
    }
    if letter > '\u{17f}' && !letter.is_alphabetic() {
        return Some(letter);
    }
    let small = letter.to_lowercase().next().unwrap_or(letter);
    if small > '\u{17f}' {
        return Some(small);
    }
    let plain = PLAIN.iter().find(|(letters, _)| letters.contains(small));
    Some(plain.map_or(small, |(_, plain)| *plain))
}

fn same(word: &str, wanted: &str, is_prefix: bool) -> bool {
    let mut letters = word.chars().filter_map(fold);
    for wanted in wanted.chars() {
        if letters.next() != Some(wanted) {
            return false;
        }
    }
    is_prefix || letters.next().is_none()
}

/// A text of a query, ready to be looked for.
pub(super) struct Wanted {
    words: Vec<String>,
    is_prefix: bool,
    first: Finder<'static>,
}

impl Wanted {
    pub(super) fn new(text: &Text) -> Self {
        let words = folded(&text.words);
        let first = words.first().map_or("", String::as_str);
        Self { first: Finder::new(first.as_bytes()).into_owned(), words, is_prefix: text.is_prefix }
    }

    /// Where it first stands in `text`.
    pub(super) fn first(&self, text: &str) -> Option<usize> {
        let found = self.find(&fold_all(text))?;
        match text.is_ascii() {
            true => Some(found),
            false => self.places(text, &tokens(text)).next().map(|place| place.start),
        }
    }

    /// Where it first stands in a text that is folded: there words can be looked for as they are, which is much faster
    /// than to look at each.
    fn find(&self, folded: &str) -> Option<usize> {
        if self.words.is_empty() {
            return None;
        }
        self.first.find_iter(folded.as_bytes()).find(|at| {
            let mut at = *at;
            self.words.iter().enumerate().all(|(number, word)| {
                let rest = &folded[at..];
                let start = at + rest.find(char::is_alphanumeric).unwrap_or(rest.len());
                at = start + word.len();
                let is_open = self.is_prefix && number + 1 == self.words.len();
                folded[start..].starts_with(word.as_str())
                    && is_edge(folded, start)
                    && (is_open || is_edge(folded, at))
            })
        })
    }

    /// Where it stands in `text`, whose words are `tokens`.
    fn places<'a>(
        &'a self,
        text: &'a str,
        tokens: &'a [Range<usize>],
    ) -> impl Iterator<Item = Range<usize>> + 'a {
        let count = self.words.len().max(1);
        tokens.windows(count).filter_map(move |window| {
            let is_here = window.iter().zip(&self.words).enumerate().all(|(at, (token, wanted))| {
                same(&text[token.clone()], wanted, self.is_prefix && at + 1 == count)
            });
            (is_here && !self.words.is_empty()).then(|| window[0].start..window[count - 1].end)
        })
    }
}

/// Whether a word can begin or end between two letters of a folded text.
fn is_edge(folded: &str, at: usize) -> bool {
    let is_part =
        |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() && !stands_alone(letter));
    !is_part(folded[..at].chars().next_back()) || !is_part(folded[at..].chars().next())
}

/// The words of a text, for looking for several things in it.
pub(super) fn tokens(text: &str) -> Vec<Range<usize>> {
    Tokens { text, at: 0 }.collect()
}

/// Texts of a query, none of them under `not`, ready to be looked for.
pub(super) enum Pattern {
    All(Vec<Pattern>),
    Any(Vec<Pattern>),
    One(Box<Wanted>),
}

impl Pattern {
    pub(super) fn new(node: &Node) -> Self {
        match node {
            Node::All(nodes) => Self::All(nodes.iter().map(Self::new).collect()),
            Node::Any(nodes) => Self::Any(nodes.iter().map(Self::new).collect()),
            Node::Text(text) => Self::One(Box::new(Wanted::new(text))),
            // There are none here.
            Node::Not(_) | Node::Field(_) => Self::Any(Vec::new()),
        }
    }

    /// Whether they stand in a text that is folded.
    pub(super) fn fits(&self, folded: &str) -> bool {
        match self {
            Self::All(patterns) => patterns.iter().all(|pattern| pattern.fits(folded)),
            Self::Any(patterns) => patterns.iter().any(|pattern| pattern.fits(folded)),
            Self::One(wanted) => wanted.find(folded).is_some(),
        }
    }
}

/// How many of some texts stand in `text`.
pub(super) fn count(wanted: &[Wanted], text: &str) -> usize {
    wanted.iter().filter(|wanted| wanted.first(text).is_some()).count()
}

/// Where the first of some texts stands in `text`; 0 when none does.
pub(super) fn first(wanted: &[Wanted], text: &str) -> usize {
    wanted.iter().filter_map(|wanted| wanted.first(text)).min().unwrap_or(0)
}

/// One line around the first hit in `text`, and where in it all hits are.
pub(super) fn snippet(text: &str, wanted: &[Wanted]) -> (String, Vec<Range<usize>>) {
    let firsts = wanted.iter().filter_map(|wanted| wanted.first(text));
    // The place that has most of what is wanted right after it.
    let near = |start: usize| {
        let end = text.ceil_char_boundary((start + SNIPPET / 2).min(text.len()));
        std::cmp::Reverse(count(wanted, &text[start..end]))
    };
    let first = firsts.min_by_key(|start| (near(*start), *start)).unwrap_or(0);
    let begin = text[..first].char_indices().rev().take(BEFORE).last().map_or(first, |(at, _)| at);
    let mut line = String::new();
    for letter in text[begin..].chars().take(SNIPPET) {
        let is_space = letter.is_whitespace();
        if !is_space || !(line.is_empty() || line.ends_with(' ')) {
            line.push(if is_space { ' ' } else { letter });
        }
    }
    line.truncate(line.trim_end().len());
    let words = tokens(&line);
    let mut found: Vec<Range<usize>> =
        wanted.iter().flat_map(|wanted| wanted.places(&line, &words)).collect();
    found.sort_by_key(|range| (range.start, range.end));
    found.dedup_by(|later, before| {
        let do_meet = later.start < before.end;
        if do_meet {
            before.end = before.end.max(later.end);
        }
        do_meet
    });
    (line, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(words: &str) -> Text {
        texts(words).remove(0)
    }

    fn wanted(words: &[&str]) -> Vec<Wanted> {
        words.iter().map(|words| Wanted::new(&text(words))).collect()
    }

    #[test]
    fn a_query_is_words_phrases_and_beginnings() {
        assert_eq!(query("s3:GetObject deny*").unwrap(), "\"s3:GetObject\" \"deny\"*");
        assert_eq!(query("\"access denied\" OR").unwrap(), "\"access denied\" \"OR\"");
        assert_eq!(query("中文 x").unwrap(), "\" 中  文 \" \"x\"");
        assert_eq!(query(" \" * "), None);
        let node = Node::All(vec![Node::Text(text("s3:GetObj*")), Node::Text(text("x"))]);
        assert_eq!(expression(&node), "(\"s3:GetObj\"* AND \"x\")");
    }

    #[test]
    fn a_snippet_shows_the_hits_in_one_line() {
        let long = format!("{}\nbefore\r\n  the Needle here\n{}", "x".repeat(100), "y".repeat(300));
        let (line, found) = snippet(&long, &wanted(&["needle", "other", "her*"]));
        let found: Vec<&str> = found.into_iter().map(|range| &line[range]).collect();
        assert_eq!(found, ["Needle", "here"]);
        assert!(line.contains("before the Needle here yyy") && line.chars().count() <= SNIPPET);
        assert_eq!(snippet("nothing", &wanted(&["else"])), ("nothing".to_owned(), Vec::new()));
        let (line, found) = snippet("Ａ é中needle Été", &wanted(&["NEEDLE", "ete"]));
        assert_eq!(found.into_iter().map(|range| &line[range]).collect::<Vec<_>>(), ["needle", "Été"]);
        let (line, found) = snippet("quota\nof 中文检索 reached", &wanted(&["检索"]));
        assert_eq!(&line[found[0].clone()], "检索");
    }

    #[test]
    fn a_text_is_found_at_whole_words_in_whatever_stands_around_it() {
        for (words, inside, place) in [
            ("error", "an error", Some(3)),
            ("error", "errors, terror", None),
            ("err*", "x_ERRORS", Some(2)),
            ("\"a b\"", "xa b a--B", Some(5)),
            ("error", "中error文", Some(3)),
            ("error", "éerror —error— ", Some("éerror —".len())),
            ("ete", "l'ÉTÉ", Some(2)),
            ("\"ete x\"", "été x", Some(0)),
        ] {
            assert_eq!(Wanted::new(&text(words)).first(inside), place, "{words} in {inside}");
        }
    }
}
