//! What the programs find around them.

use std::env;

use crate::config::load::Sources;

/// Where the configuration of this process comes from. Variables that are not UTF-8 cannot be settings.
pub(super) fn sources() -> Sources {
    let variables = env::vars_os();
    let variables =
        variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Sources::discover(variables, &env::current_dir().unwrap_or_default())
}
