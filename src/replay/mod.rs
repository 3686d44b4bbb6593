//! The viewer: a list of sessions, and one of them played on an emulated screen beside its calls and commands.
//!
//! `input` turns keys, mouse and news into [`action::Action`]s; `update` changes the `state` and names effects; `runtime`
//! carries them out with the threads of `deck`; `view` draws the state and nothing else.

mod action;
mod ascii;
mod back;
mod commands;
mod deck;
mod decode;
mod entries;
mod finder;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is how a test reports")]
mod fixture;
mod follow;
mod going;
mod guard;
mod help;
mod index;
mod input;
mod keyframes;
mod keymap;
mod keys;
mod layout;
mod links;
mod listen;
mod look;
mod message;
mod moments;
mod play;
mod player;
mod prepare;
mod press;
mod project;
mod questions;
mod rewind;
mod runtime;
mod search;
mod sessions;
mod state;
mod still;
mod tape;
mod theme;
mod update;
mod view;

pub use ascii::apply as draw_in_ascii;
pub use ascii::is_wanted as needs_ascii;
pub use ascii::text as in_ascii;
pub use deck::Source;
pub use decode::Answer;
pub use finder::librarian::Library;
pub use finder::queries::saved as saved_query;
pub use going::Place;
pub use guard::Guard;
pub use guard::PanicGuard;
pub use keys::Keys;
pub use keys::read as read_keys;
pub use listen::Heard;
pub use listen::listen;
pub use look::Look;
pub use play::Speed;
pub use runtime::Setup;
pub use runtime::Start;
pub use runtime::run;
pub use state::Pacing;
pub use state::moment;
pub use still::index;
pub use still::still;
pub use tape::Tape;
pub use theme::Depth;
pub use theme::Ground;
pub use theme::Meaning;
pub use theme::Shelf;
pub use theme::Theme;
pub use theme::Wanted;
pub use view::Pen;
pub use view::wrapped;
