//! The query language: one line that finds sessions, and what happened in them, by words and fields.
//!
//! Pure: text in, a [`Query`] out. `store` answers it, exports filter calls by it, the viewer colours and completes it
//! while it is typed. `docs/search.md` tells people about it.
//!
//! ```text
//! query  = any
//! any    = all  { ("or" | "OR") all }
//! all    = one  { [ "and" | "AND" ] one }
//! one    = [ "not" | "NOT" | "-" ] ( "(" any ")" | field ":" value | word | "\"" words "\"" )
//! ```

mod calls;
mod fields;
mod lex;
mod paint;
mod parse;
mod plan;
mod show;
mod typing;
mod value;

pub use calls::CallFacts;
pub use fields::About;
pub use fields::FIELDS;
pub use fields::Field;
pub use fields::Sort;
pub use fields::help;
pub use paint::Part;
pub use paint::paint;
pub use parse::parse;
pub use plan::Plan;
pub use plan::plan;
pub use typing::Typing;
pub use typing::Want;
pub use typing::typing;
pub use value::Bounds;
pub use value::Now;
pub use value::Pattern;
pub use value::Test;

use std::ops::Range;

/// Longest query that is understood, in bytes.
pub const MAX_BYTES: usize = 4_096;

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The condition on a session; none: every session.
    pub node: Option<Node>,
}

/// A condition, made of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// All of them; at least two, none of them `All` itself.
    All(Vec<Node>),
    /// At least one of them; at least two, none of them `Any` itself.
    Any(Vec<Node>),
    /// Not that.
    Not(Box<Node>),
    /// Free text.
    Text(Text),
    /// `field:value`.
    Field(Term),
}

/// Words that stand one after the other in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The words, at least one letter or digit.
    pub words: String,
    /// Whether the last word may go on.
    pub is_prefix: bool,
}

/// `field:value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The field.
    pub field: Field,
    /// What its value must be.
    pub test: Test,
}

/// What is wrong with a query, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The place, in bytes of the query; empty at the end when something is missing.
    pub range: Range<usize>,
    /// Why, lower case without a full stop.
    pub why: String,
    /// What to write instead; may be empty.
    pub fix: String,
}

impl Trouble {
    /// The query with the place marked below it, in two lines for a fixed-width font. Letters that could move the cursor
    /// are shown as `·`.
    #[must_use]
    pub fn pointed(&self, query: &str) -> String {
        use unicode_width::UnicodeWidthStr as _;
        let shown = |text: &str| -> String {
            text.chars().map(|letter| if letter.is_control() { '·' } else { letter }).collect()
        };
        let start = query.floor_char_boundary(self.range.start.min(query.len()));
        let end = query.ceil_char_boundary(self.range.end.clamp(start, query.len()));
        let (before, there) = (shown(&query[..start]), shown(&query[start..end]));
        let carets = "^".repeat(there.width().max(1));
        format!("{}\n{}{carets}", shown(query), " ".repeat(before.width()))
    }
}

impl Node {
    /// Calls `see` with every leaf, and whether it stands under an odd number of `not`.
    pub fn leaves<'a>(&'a self, is_not: bool, see: &mut impl FnMut(&'a Node, bool)) {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().for_each(|node| node.leaves(is_not, see)),
            Self::Not(node) => node.leaves(!is_not, see),
            leaf => see(leaf, is_not),
        }
    }
}
