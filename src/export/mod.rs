//! Recordings in other shapes: asciicast, text, calls as JSON lines, a picture.
//!
//! Everything reads a recording in one pass with flat memory and appends to a `Write`; nothing of what was recorded
//! is trusted.

mod calls;
mod cast;
mod pace;
mod svg;
mod text;

pub use calls::Call;
pub use calls::Collector;
pub use calls::write_calls;
pub use cast::write_cast;
pub use pace::Pace;
pub use svg::Still;
pub use svg::write_svg;
pub use text::write_text;
