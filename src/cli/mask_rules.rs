//! The mask rules in force: of the policies, and of the files that the configuration names.

use std::path::Path;

use crate::config::load::Config;
use crate::config::load::read_bounded;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::mask::ClipboardPolicy;
use crate::mask::Engine;
use crate::mask::Selection;
use crate::mask::UserRule;
use crate::policy::model::MaskRule;
use crate::policy::model::Policy;
use crate::policy::set::PolicySet;

/// The user's rules: those of `policy`, then those of `mask.rules`.
///
/// # Errors
/// A file that cannot be read or is wrong.
pub fn mask_rules(config: &Config, policy: &PolicySet) -> Result<Vec<MaskRule>> {
    let mut rules: Vec<MaskRule> = policy.masks().cloned().collect();
    for file in config.mask_rules() {
        rules.extend(rules_of_file(&file)?);
    }
    Ok(rules)
}

/// An engine with the packs of the configuration, or `packs`, and a user's rules.
///
/// # Errors
/// A pack or rule that there is not, or a rule of the user that cannot work: which, where it stands, and why.
pub fn engine(config: &Config, packs: Option<Vec<String>>, rules: &[MaskRule]) -> Result<Engine> {
    let packs = packs.unwrap_or_else(|| config.mask_packs());
    let selection = Selection { packs, without: config.mask_without() };
    let user: Vec<UserRule> = rules.iter().map(user_rule).collect();
    let clipboard = match config.mask_clipboard() {
        "allow" => ClipboardPolicy::Allow,
        "block" => ClipboardPolicy::Block,
        _ => ClipboardPolicy::Mask,
    };
    let engine = Engine::with_selection(&selection, &user).map_err(|cause| {
        let is_wrong = |rule: &&MaskRule| Engine::with_rules(&[user_rule(rule)]).is_err();
        match rules.iter().find(is_wrong) {
            Some(rule) => cause.why(format!("it stands at {}", rule.origin)),
            None => cause,
        }
    })?;
    Ok(engine.with_clipboard(clipboard))
}

/// A rule as the mask takes it.
#[must_use]
pub fn user_rule(rule: &MaskRule) -> UserRule {
    UserRule {
        name: rule.name.clone(),
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
pub fn rules_of_file(file: &str) -> Result<Vec<MaskRule>> {
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
    Ok(policy.masks)
}
