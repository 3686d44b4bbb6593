//! The viewer: a list of sessions, and one of them played on an emulated screen beside its calls and commands.
//!
//! `input` turns keys, mouse and news into [`action::Action`]s; `update` changes the `state` and names effects; `runtime`
//! carries them out with the threads of `deck`; `view` draws the state and nothing else.

mod action;
mod alerts;
mod back;
mod bodies;
mod calls;
mod commands;
mod deck;
mod detail;
mod diff;
mod entries;
mod facts;
mod filter;
mod finder;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is how a test reports")]
mod fixture;
mod follow;
mod going;
mod guard;
mod index;
mod input;
mod keyframes;
mod keymap;
mod layout;
mod linked;
mod links;
mod listen;
mod message;
mod moments;
mod panes;
mod plain;
mod play;
mod player;
mod prepare;
mod pretty;
mod project;
mod questions;
mod rewind;
mod runtime;
mod search;
mod sessions;
mod sheet;
mod state;
mod still;
mod summary;
mod summing;
mod tabs;
mod tape;
mod theme;
mod timeline;
mod update;
mod view;

pub use deck::Source;
pub use finder::librarian::Library;
pub use finder::queries::saved as saved_query;
pub use going::Place;
pub use guard::Guard;
pub use guard::PanicGuard;
pub use listen::Heard;
pub use listen::listen;
pub use plain::Plain;
pub use plain::Wish as PlainWish;
pub use plain::hit as plain_hit;
pub use plain::session as plain_session;
pub use plain::tell as plain_tell;
pub use play::Speed;
pub use runtime::Setup;
pub use runtime::Start;
pub use runtime::run;
pub use state::Pacing;
pub use state::moment;
pub use still::index;
pub use still::still;
pub use summary::bytes;
pub use tape::Tape;
pub use theme::Depth;
pub use theme::Meaning;
pub use theme::Theme;
pub use view::Pen;
pub use view::wrapped;
