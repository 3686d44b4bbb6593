//! The configuration: layers, keys, and the reading of TOML files with places and advice.

mod checks;
pub mod diagnostic;
pub mod document;
pub mod duration;
pub mod edit;
pub mod file;
pub mod hotkey;
pub mod keys;
pub mod load;
pub mod manual;
pub mod providers;
pub mod settings;
mod texts;

pub use diagnostic::Diagnostics;
pub use hotkey::HotKey;
pub use load::Config;
pub use load::Sources;
pub use providers::Provider;
