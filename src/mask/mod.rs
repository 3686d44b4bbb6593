//! The secret mask: one set of rules for the terminal, for API bodies and for everything that is written down.
//!
//! [`Engine`] holds the rules and the values that are known; [`Stream`] masks a terminal's bytes as they come;
//! [`Engine::body`] masks an AWS request or response by its structure; [`Engine::text`] masks a line.

mod aligned;
mod alphabet;
mod answers;
mod awscli;
mod benign;
mod body;
mod cbor;
mod cells;
mod channel;
mod check;
mod clipboard;
mod code;
mod columns;
mod compiled;
mod cookies;
mod csv;
mod deltas;
mod doubts;
#[cfg(test)]
mod edit_trials;
mod edited;
mod encoded;
mod engine;
mod escape;
mod event_file;
mod exact;
mod examples;
mod fields;
mod filter;
mod follow;
mod fork;
mod form;
mod frames;
mod grams;
mod grid;
mod json;
mod lines;
mod listed;
mod loose;
mod mark;
mod masks;
mod matchers;
mod names;
mod near;
mod notes;
mod object;
mod pairs;
mod pattern;
mod payload;
#[cfg(test)]
mod payload_trials;
mod picture;
mod pieces;
#[cfg(test)]
mod properties;
mod returned;
mod rules;
mod runs;
mod scan;
mod selection;
mod stars;
mod stream;
#[cfg(test)]
mod stream_properties;
mod survey;
mod table;
mod tag;
mod text;
mod told;
mod tree;
#[cfg(test)]
mod trials;
mod tuples;
mod units;
mod user;
mod users;
mod values;
mod vault;
mod vended;
mod view;
mod words;
mod wrapped;
mod xml;

pub use body::BodyContext;
pub use body::Direction;
pub use body::MaskedBody;
pub use body::is_textual;
pub use engine::Engine;
pub use examples::Example;
pub use examples::builtin as builtin_examples;
pub use fields::FieldPath;
pub use frames::Frames;
pub use grid::Grid;
pub use grid::Hidden;
pub use grid::find_in_terminal;
pub use grid::starred;
pub use listed::Unfit;
pub use listed::Unlisted;
pub use masks::Hit;
pub use masks::Masks;
pub use notes::Doing;
pub use notes::Notes;
pub use payload::ClipboardPolicy;
pub use returned::Back;
pub use returned::Returned;
pub use returned::find_mask;
pub use rules::Confidence;
pub use rules::RuleInfo;
pub use rules::Tier;
pub use selection::Selection;
pub use stream::Stream;
pub use survey::FileType;
pub use text::Found;
pub use user::UserRule;
pub use vended::Instead;
pub use vended::Vended;
pub use vended::put_credentials;
pub use vended::vended_credentials;

/// What an agent has to know of masks, in a sentence or three: for its instructions and its environment.
pub const FOR_AGENTS: &str = "Values like hoopmask:KIND:TAG, and rows of * after a public beginning such as ghp_ or AKIA, stand for \
secrets that hoop hides from you. They are not the values: never write them back, never report them as errors. Equal tags mean equal \
values.";

/// The built-in rules, for lists.
pub fn builtin_rules() -> impl Iterator<Item = &'static RuleInfo> {
    rules::all().iter()
}
