//! The mask rules in force: of the policies, and of the files that the configuration names.

use std::path::Path;

use crate::config::load::Config;
use crate::config::load::read_bounded;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::mask::UserRule;
use crate::policy::model::MaskRule;
use crate::policy::model::Policy;
use crate::policy::set::PolicySet;

/// The user's rules: those of `policy`, then those of `mask.rules`.
///
/// # Errors
/// A file that cannot be read or is wrong.
pub fn mask_rules(config: &Config, policy: &PolicySet) -> Result<Vec<UserRule>> {
    let mut rules: Vec<UserRule> = policy.masks().map(user_rule).collect();
    for file in config.mask_rules() {
        rules.extend(rules_of_file(&file)?);
    }
    Ok(rules)
}

/// A rule as the mask takes it.
#[must_use]
pub fn user_rule(rule: &MaskRule) -> UserRule {
    // Where it stands, for whoever has to correct it.
    let name = match rule.name == rule.origin {
        true => rule.name.clone(),
        false => format!("{} ({})", rule.name, rule.origin),
    };
    UserRule {
        name: rule.name.clone(),
        place: name,
        actions: rule.actions.clone(),
        fields: rule.fields.clone(),
        columns: rule.columns.clone(),
        regex: rule.regex.clone(),
        restore: rule.restore,
    }
}

/// The mask rules of one file.
///
/// # Errors
/// A file that cannot be read or is wrong, or that has more than mask rules: what else it says would not hold.
pub fn rules_of_file(file: &str) -> Result<Vec<UserRule>> {
    let text = read_bounded(Path::new(file), "mask rule")?;
    let policy = Policy::parse(&text, file)?;
    let others = policy.statements.len()
        + policy.commands.len()
        + policy.egress.len()
        + policy.records.len()
        + policy.alerts.len();
    if others > 0 {
        return Err(Error::new(Kind::Config, format!("{} has more than mask rules", file.escape_debug()))
            .why("what else it says would not hold")
            .fix("name it as `policy`, or leave only its [[mask]] tables"));
    }
    Ok(policy.masks.iter().map(user_rule).collect())
}
