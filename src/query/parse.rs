//! Tokens into a condition.

use super::MAX_BYTES;
use super::Node;
use super::Query;
use super::Term;
use super::Text;
use super::Trouble;
use super::fields::FIELDS;
use super::lex;
use super::lex::Quoted;
use super::lex::Token;
use super::lex::What;
use super::value;
use super::value::Now;

/// Deepest nesting of groups and `not`.
const MAX_DEPTH: usize = 64;

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    end: usize,
    now: &'a Now,
}

/// Understands a query.
///
/// # Errors
/// What is wrong and where: a value that its field does not have, a group that is not closed, a misspelt field.
pub fn parse(text: &str, now: &Now) -> Result<Query, Trouble> {
    if text.len() > MAX_BYTES {
        let range = text.floor_char_boundary(MAX_BYTES)..text.len();
        let why = format!("the query is longer than {MAX_BYTES} bytes");
        return Err(Trouble { range, why, fix: "leave something out".to_owned() });
    }
    let tokens = lex::tokens(text);
    let end = text.trim_end().len();
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0, end, now };
    let node = if tokens.is_empty() { None } else { parser.any()? };
    if let Some(token) = parser.peek() {
        return Err(Trouble {
            range: token.range.clone(),
            why: "nothing is open that this could close".to_owned(),
            fix: "leave it out, or put it in quotes".to_owned(),
        });
    }
    if node.is_none() && !tokens.is_empty() {
        let range = tokens[0].range.start..end;
        let why = "there is no letter or digit to search for".to_owned();
        return Err(Trouble { range, why, fix: "write a word, or a field such as user:ana".to_owned() });
    }
    Ok(Query { node })
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self, what: &What) -> Option<&'a Token> {
        let token = self.peek().filter(|token| token.what == *what)?;
        self.at += 1;
        Some(token)
    }

    /// None where only signs stood that cannot be searched for.
    fn any(&mut self) -> Result<Option<Node>, Trouble> {
        let mut nodes = vec![self.all()?];
        while self.take(&What::Or).is_some() {
            nodes.push(self.all()?);
        }
        Ok(joined(nodes.into_iter().flatten(), Node::Any, |node| match node {
            Node::Any(nodes) => Ok(nodes),
            other => Err(other),
        }))
    }

    fn all(&mut self) -> Result<Option<Node>, Trouble> {
        let mut nodes = vec![self.one()?];
        loop {
            let has_and = self.take(&What::And).is_some();
            match self.peek().map(|token| &token.what) {
                None | Some(What::Or | What::Close) if !has_and => break,
                _ => nodes.push(self.one()?),
            }
        }
        Ok(joined(nodes.into_iter().flatten(), Node::All, |node| match node {
            Node::All(nodes) => Ok(nodes),
            other => Err(other),
        }))
    }

    fn one(&mut self) -> Result<Option<Node>, Trouble> {
        let Some(token) = self.peek() else { return Err(self.missing(self.end..self.end)) };
        match &token.what {
            What::And | What::Or | What::Close => Err(self.missing(token.range.clone())),
            What::Not => {
                self.at += 1;
                self.deeper(token)?;
                let node = self.one()?;
                self.depth -= 1;
                Ok(node.map(|node| match node {
                    Node::Not(node) => *node,
                    node => Node::Not(Box::new(node)),
                }))
            }
            What::Open => {
                self.at += 1;
                self.deeper(token)?;
                let node = self.any()?;
                self.depth -= 1;
                if self.take(&What::Close).is_none() {
                    let why = "this group is not closed".to_owned();
                    return Err(Trouble {
                        range: token.range.clone(),
                        why,
                        fix: "write `)` at its end".to_owned(),
                    });
                }
                Ok(node)
            }
            What::Field { field, value } => {
                self.at += 1;
                let mut wanted = value.text.clone();
                if value.has_star {
                    wanted.push('*');
                }
                let test = value::read(*field, &wanted, self.now).map_err(|(why, fix)| {
                    let is_empty = value.range.is_empty();
                    let range = if is_empty { token.range.clone() } else { value.range.clone() };
                    Trouble { range, why, fix }
                })?;
                Ok(Some(Node::Field(Term { field: *field, test })))
            }
            What::Text(text) => {
                self.at += 1;
                misspelt(text)?;
                Ok(words(text).map(Node::Text))
            }
        }
    }

    fn deeper(&mut self, token: &Token) -> Result<(), Trouble> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let why = format!("there are more than {MAX_DEPTH} groups in each other");
            return Err(Trouble { range: token.range.clone(), why, fix: "leave some out".to_owned() });
        }
        Ok(())
    }

    /// Something must stand before this place.
    fn missing(&self, range: std::ops::Range<usize>) -> Trouble {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map(|token| &token.what);
        let why = match before {
            Some(What::And) => "something must follow `and`",
            Some(What::Or) => "something must follow `or`",
            Some(What::Not) => "something must follow `not`",
            Some(What::Open) => "there is nothing in this group",
            _ => "something must stand before this",
        };
        let fix = "to search for the word itself put it in quotes: \"or\"".to_owned();
        Trouble { range, why: why.to_owned(), fix }
    }
}

/// Some nodes as one; groups of the same kind become part of it.
fn joined(
    nodes: impl Iterator<Item = Node>,
    join: fn(Vec<Node>) -> Node,
    open: fn(Node) -> Result<Vec<Node>, Node>,
) -> Option<Node> {
    let mut all = Vec::new();
    for node in nodes {
        match open(node) {
            Ok(nodes) => all.extend(nodes),
            Err(node) => all.push(node),
        }
    }
    match all.len() {
        0 | 1 => all.pop(),
        _ => Some(join(all)),
    }
}

/// A text to search for; none when it has no letter or digit.
fn words(found: &Quoted) -> Option<Text> {
    let plain = found.text.replace('"', " ");
    let plain = plain.trim();
    // As many stars as there are, also apart: written out, they would be read as one after the words.
    let words = plain.trim_end_matches(|letter: char| letter == '*' || letter.is_whitespace());
    let signs = &plain[words.len()..];
    let has_star = signs.starts_with('*') || signs.is_empty() && found.has_star;
    // A star after a sign means nothing.
    let is_prefix = has_star && words.ends_with(char::is_alphanumeric);
    words.contains(char::is_alphanumeric).then(|| Text { words: words.to_owned(), is_prefix })
}

/// A word that looks like a field whose name has a fault.
fn misspelt(text: &Quoted) -> Result<(), Trouble> {
    let Some((name, value)) = text.text.split_once(':').filter(|_| !text.is_quoted) else { return Ok(()) };
    // `states:StartExecution`, `http://…`, `12:30` are texts.
    let is_text = value.starts_with(|letter: char| letter.is_uppercase() || letter == '/' || letter == ':');
    if is_text || value.is_empty() || name.len() < 3 || !name.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Ok(());
    }
    let name_lower = name.to_ascii_lowercase();
    let near = FIELDS.iter().map(|info| (strsim::osa_distance(&name_lower, info.name), info.name)).min();
    match near {
        Some((1, meant)) => Err(Trouble {
            range: text.range.start..text.range.start + name.len() + 1,
            why: format!("there is no field `{name}:`"),
            fix: format!(
                "did you mean `{meant}:`? To search for the text put it in quotes: \"{}\"",
                text.text
            ),
        }),
        _ => Ok(()),
    }
}
