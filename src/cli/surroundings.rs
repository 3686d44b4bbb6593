//! What the programs find around them: the configuration, the folder of recordings, the AWS actions there are.

use std::env;
use std::path::PathBuf;

use crate::aws::catalog::Catalog;
use crate::config::keys::Value;
use crate::config::load::Config;
use crate::config::load::Sources;
use crate::policy::actions::ListedActions;

/// Where the configuration of this process comes from. Variables that are not UTF-8 cannot be settings.
pub(super) fn sources() -> Sources {
    let variables = env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Sources::discover(variables, &env::current_dir().unwrap_or_default())
}

/// A setting as text; empty where it is not set.
pub(super) fn text(config: &Config, key: &str) -> String {
    config.entry(key).map(|entry| entry.value.to_plain()).unwrap_or_default()
}

/// A setting as text, if it is set.
pub(super) fn text_if_set(config: &Config, key: &str) -> Option<String> {
    Some(text(config, key)).filter(|text| !text.is_empty())
}

/// A setting that is true or false.
pub(super) fn truth(config: &Config, key: &str) -> bool {
    matches!(config.entry(key).map(|entry| &entry.value), Some(Value::Truth(true)))
}

/// The folder that holds recordings, index and keys.
pub(super) fn state_dir(config: &Config) -> PathBuf {
    PathBuf::from(text(config, "state_dir"))
}

/// Every IAM action that AWS's own models know. Loads the catalogue: some milliseconds.
pub(super) fn aws_actions() -> ListedActions {
    let catalog = Catalog::get();
    ListedActions::new(
        catalog
            .services()
            .iter()
            .flat_map(|service| service.operations().map(|operation| (operation.action(service), operation.access()))),
    )
}
