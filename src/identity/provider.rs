//! The providers of the configuration, by name.

use crate::config::diagnostic::nearest;
pub use crate::config::providers::Provider;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;

/// The provider of this name.
///
/// # Errors
/// `NotFound`, with the names there are.
pub fn find<'p>(providers: &'p [Provider], name: &str) -> Result<&'p Provider> {
    if let Some(found) = providers.iter().find(|provider| provider.name == name) {
        return Ok(found);
    }
    let error =
        Error::new(Kind::NotFound, format!("there is no identity provider `{}`", name.escape_debug()));
    let names: Vec<&str> = providers.iter().map(|provider| provider.name.as_str()).collect();
    if names.is_empty() {
        return Err(error
            .why("the configuration has no [identity.NAME]")
            .fix("write one into ~/.config/hoop/config.toml; `man hoop-identity` has examples"));
    }
    let error = error.why(format!("the configuration has {}", names.join(", ")));
    Err(match nearest(name, names.iter().copied()) {
        Some(meant) => error.fix(format!("did you mean `{meant}`?")),
        None => error.fix("give one of those names"),
    })
}
