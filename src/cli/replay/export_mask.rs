//! The second mask of an export.

use crate::cli::known_values;
use crate::cli::mask_rules;
use crate::config::load::Config;
use crate::error::Result;
use crate::export::Cleaner;
use crate::policy::set::PolicySet;

/// The second mask with `packs` besides those of the configuration, and the names of all packs that it has.
pub fn cleaner(config: &Config, packs: &str) -> Result<(Cleaner, Vec<String>)> {
    let mut all = config.mask_packs();
    if all.is_empty() {
        all.push("default".to_owned());
    }
    for pack in packs.split(',').map(str::trim).filter(|pack| !pack.is_empty()) {
        if !all.iter().any(|known| known == pack) {
            all.push(pack.to_owned());
        }
    }
    let rules = mask_rules::mask_rules(config, &PolicySet::load(config.policies())?)?;
    let engine = mask_rules::engine(config, Some(all.clone()), &rules)?;
    known_values::learn_files(&engine, config, |name| std::env::var(name).ok())?;
    Ok((Cleaner::new(engine), all))
}
