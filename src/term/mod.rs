//! Screens: emulating what a program wrote, and making any text safe to show.
//!
//! Nothing here reads or writes anything; bytes come in, cells and text go out.

mod colour;
mod escape;
mod filter;
mod history;
mod links;
mod screen;
mod spark;
mod traced;
mod width;

pub use colour::Colour;
pub use colour::Palette;
pub use colour::Rgb;
pub use escape::is_unsafe;
pub use escape::safe;
pub use escape::safe_lines;
pub use filter::Filter;
pub use history::History;
pub use history::Row;
pub use links::KeptLinks;
pub use links::Linked;
pub use links::Links;
pub use screen::Attributes;
pub use screen::Cell;
pub use screen::Keyframe;
pub use screen::MAX_COLS;
pub use screen::MAX_ROWS;
pub use screen::Screen;
pub use screen::Snapshot;
pub use screen::Watcher;
pub use spark::spark;
pub use traced::Place;
pub use traced::Print;
pub use traced::Stop;
pub use traced::Traced;
pub use traced::Veil;
pub use width::clip;
pub use width::fit;
pub use width::fit_right;
pub use width::shortened;
pub use width::tail;
pub use width::width;
