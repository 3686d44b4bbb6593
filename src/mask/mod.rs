//! The secret mask: one set of rules for the terminal, for API bodies and for everything that is written down.
//!
//! [`Engine`] holds the rules and the values that are known; [`Stream`] masks a terminal's bytes as they come;
//! [`Engine::body`] masks an AWS request or response by its structure; [`Engine::text`] masks a line.

mod alphabet;
mod benign;
mod body;
mod cbor;
mod cells;
mod channel;
mod clipboard;
mod compiled;
mod csv;
mod engine;
mod escape;
mod exact;
mod fields;
mod filter;
mod follow;
mod fork;
mod form;
mod frames;
mod json;
mod lines;
mod masks;
mod matchers;
mod names;
mod object;
mod pattern;
mod payload;
#[cfg(test)]
mod properties;
mod returned;
mod rules;
mod runs;
mod scan;
mod stream;
mod table;
mod tag;
mod text;
mod tree;
#[cfg(test)]
mod trials;
mod user;
mod values;
mod vault;
mod vended;
mod view;
mod words;
mod xml;

pub use body::BodyContext;
pub use body::Direction;
pub use body::MaskedBody;
pub use body::is_textual;
pub use engine::Engine;
pub use fields::FieldPath;
pub use frames::Frames;
pub use masks::Hit;
pub use masks::Masks;
pub use returned::Back;
pub use returned::Returned;
pub use returned::find_mask;
pub use rules::Confidence;
pub use rules::RuleInfo;
pub use rules::Tier;
pub use stream::Stream;
pub use text::Found;
pub use user::UserRule;
pub use vended::Instead;
pub use vended::Vended;
pub use vended::put_credentials;
pub use vended::vended_credentials;

/// The built-in rules, for lists.
pub fn builtin_rules() -> impl Iterator<Item = &'static RuleInfo> {
    rules::all().iter()
}
