//! The configuration: layers, keys, and the reading of TOML files with places and advice.

pub mod diagnostic;
pub mod document;
pub mod duration;
