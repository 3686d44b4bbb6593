//! The terminal side.

mod modes;
mod screen;
