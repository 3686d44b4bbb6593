//! What the programs find around them.

use std::env;

use crate::config::load::Sources;

/// The variables of this process that are text.
pub(super) fn variables() -> impl Iterator<Item = (String, String)> {
    env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Where the configuration of this process comes from. Variables that are not UTF-8 cannot be settings.
pub(super) fn sources() -> Sources {
    Sources::discover(variables(), &env::current_dir().unwrap_or_default())
}
