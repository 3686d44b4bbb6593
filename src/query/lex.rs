//! Cutting a query into tokens. Nothing is wrong here yet: what makes no sense is found by the parser.

use std::ops::Range;

use super::fields::Field;

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) range: Range<usize>,
    pub(super) what: What,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Open,
    Close,
    And,
    Or,
    Not,
    /// `name:` of a field, and its value.
    Field {
        field: Field,
        value: Quoted,
    },
    /// Free text; whether it was in quotes.
    Text(Quoted),
}

/// A text that may have stood in quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quoted {
    /// The text, without quotes.
    pub(super) text: String,
    /// Where it stands, quotes included.
    pub(super) range: Range<usize>,
    pub(super) is_quoted: bool,
    /// Whether a `*` follows the closing quote.
    pub(super) has_star: bool,
}

struct Lexer<'a> {
    query: &'a str,
    at: usize,
    depth: usize,
}

/// The tokens of a query. A quote that is not closed ends with the query.
pub(super) fn tokens(query: &str) -> Vec<Token> {
    let mut lexer = Lexer { query, at: 0, depth: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next() {
        tokens.push(token);
    }
    tokens
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.query[self.at..]
    }

    fn next(&mut self) -> Option<Token> {
        let skipped = self.rest().len() - self.rest().trim_start().len();
        self.at += skipped;
        let start = self.at;
        let what = match self.rest().chars().next()? {
            '(' => {
                self.depth += 1;
                self.at += 1;
                What::Open
            }
            ')' => {
                self.depth = self.depth.saturating_sub(1);
                self.at += 1;
                What::Close
            }
            '-' if self.is_minus() => {
                self.at += 1;
                What::Not
            }
            '"' => What::Text(self.quoted()),
            _ => self.word(),
        };
        Some(Token { range: start..self.at, what })
    }

    /// A `-` right before something, and not a second one, means `not`.
    fn is_minus(&self) -> bool {
        let next = self.rest().chars().nth(1);
        next.is_some_and(|letter| letter.is_alphanumeric() || matches!(letter, '"' | '('))
    }

    fn word(&mut self) -> What {
        if let Some(colon) = self.field_end() {
            let name = &self.rest()[..colon];
            if let Some(field) = Field::named(name) {
                self.at += colon + 1;
                let value = if self.rest().starts_with('"') { self.quoted() } else { self.bare() };
                return What::Field { field, value };
            }
        }
        let word = self.bare();
        match word.text.as_str() {
            "and" | "AND" => What::And,
            "or" | "OR" => What::Or,
            "not" | "NOT" => What::Not,
            _ => What::Text(word),
        }
    }

    /// Where the colon of a possible `name:` stands.
    fn field_end(&self) -> Option<usize> {
        let rest = self.rest();
        let end = rest.find(|letter: char| !letter.is_ascii_alphabetic())?;
        (end > 0 && rest[end..].starts_with(':')).then_some(end)
    }

    /// Up to a space, or to a parenthesis that closes a group. Parentheses that the word itself opens belong to it.
    fn bare(&mut self) -> Quoted {
        let start = self.at;
        let mut inner = 0_usize;
        let mut end = self.query.len();
        for (at, letter) in self.rest().char_indices() {
            match letter {
                '(' => inner += 1,
                ')' if inner > 0 => inner -= 1,
                ')' if self.depth > 0 => {
                    end = start + at;
                    break;
                }
                letter if letter.is_whitespace() => {
                    end = start + at;
                    break;
                }
                _ => {}
            }
        }
        self.at = end;
        let text = self.query[start..end].to_owned();
        Quoted { text, range: start..end, is_quoted: false, has_star: false }
    }

    /// From a quote to the next; `\"` and `\\` stand for themselves.
    fn quoted(&mut self) -> Quoted {
        let start = self.at;
        let mut text = String::new();
        let mut letters = self.query[start + 1..].char_indices().peekable();
        let mut end = self.query.len();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    end = start + 1 + at + 1;
                    break;
                }
                '\\' => match letters.next_if(|(_, next)| matches!(next, '"' | '\\')) {
                    Some((_, next)) => text.push(next),
                    None => text.push('\\'),
                },
                letter => text.push(letter),
            }
        }
        let has_star = self.query[end..].starts_with('*');
        self.at = end + usize::from(has_star);
        Quoted { text, range: start..self.at, is_quoted: true, has_star }
    }
}
