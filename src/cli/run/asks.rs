//! How questions are told on this terminal: the settings, and what the terminal can do.

use std::ffi::OsStr;

use crate::config::Config;
use crate::session::Asks;
use crate::session::environment::Environment;

/// From the settings and from `TERM` and `NO_COLOR`.
pub(super) fn of(config: &Config, environment: &Environment) -> Asks {
    let term = environment.get("TERM").and_then(OsStr::to_str).unwrap_or_default();
    let is_dumb = term.is_empty() || term == "dumb";
    Asks {
        at_once: config.approval_at_once(),
        key: config.approval_key(),
        colour: environment.get("NO_COLOR").is_none_or(OsStr::is_empty),
        // The others have no title, and may show one as text.
        title: !is_dumb && term != "linux" && !term.starts_with("vt"),
        row: !is_dumb,
    }
}
