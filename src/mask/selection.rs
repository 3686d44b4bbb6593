//! Which of the built-in rules are in force.

use super::rules;
use super::rules::RuleInfo;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;

/// All packs that are on by default.
const DEFAULT: &str = "default";

/// Packs of rules, and single rules that are left out of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The packs in force; `default` stands for all that are on by default, and so does an empty list.
    pub packs: Vec<String>,
    /// Rules that are not in force, by id.
    pub without: Vec<String>,
}

impl Selection {
    /// The rules in force.
    pub(super) fn rules(&self) -> impl Iterator<Item = &'static RuleInfo> + '_ {
        rules::all().iter().filter(|rule| self.has(rule))
    }

    fn has(&self, rule: &RuleInfo) -> bool {
        let is_on = |pack: &String| pack == rule.pack || pack == DEFAULT && !rules::OFF.contains(&rule.pack);
        let by_pack = if self.packs.is_empty() {
            !rules::OFF.contains(&rule.pack)
        } else {
            self.packs.iter().any(is_on)
        };
        by_pack && !self.without.iter().any(|id| id == rule.id)
    }

    /// Whether it changes nothing; asks no rule, so that the rules are not read at the start.
    pub(super) fn is_default(&self) -> bool {
        self.without.is_empty() && self.packs.iter().all(|pack| pack == DEFAULT)
    }

    /// Fails with `Config` on a name that there is not: what was meant would be off, or on.
    pub(super) fn check(&self) -> Result<()> {
        let unknown = |what: &str, name: &str, setting: &str, known: Vec<&str>| {
            let error =
                Error::new(Kind::Config, format!("there is no mask {what} `{}`", name.escape_debug()));
            let error = error.why(format!("`{setting}` names it"));
            Err(match nearest(name, &known) {
                Some(meant) => error.fix(format!("did you mean `{meant}`?")),
                None => error.fix("list them: hoopctl mask rules"),
            })
        };
        for pack in self.packs.iter().filter(|pack| *pack != DEFAULT) {
            if !rules::all().iter().any(|rule| rule.pack == pack) {
                return unknown("pack", pack, "mask.packs", packs());
            }
        }
        for id in &self.without {
            if !rules::all().iter().any(|rule| rule.id == id) {
                return unknown(
                    "rule",
                    id,
                    "mask.without",
                    rules::all().iter().map(|rule| rule.id).collect(),
                );
            }
        }
        Ok(())
    }
}

/// The name that was probably meant: a third of its letters may be wrong.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let far = |known: &str| strsim::damerau_levenshtein(name, known);
    let best = known.iter().copied().min_by_key(|known| far(known))?;
    (name.len() < 100 && far(best) <= (name.len() / 3).max(1)).then_some(best)
}

/// The packs there are, in the order of the files.
fn packs() -> Vec<&'static str> {
    let mut packs: Vec<&str> = Vec::new();
    for rule in rules::all() {
        if !packs.contains(&rule.pack) {
            packs.push(rule.pack);
        }
    }
    packs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Engine;

    fn selection(packs: &[&str], without: &[&str]) -> Selection {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Selection { packs: owned(packs), without: owned(without) }
    }

    #[test]
    fn packs_and_rules_are_switched() {
        let engine = |packs: &[&str], without: &[&str]| {
            Engine::with_selection(&selection(packs, without), &[]).unwrap()
        };
        let plain = engine(&[], &[]);
        assert!(plain.has_rule("aws-key-id") && !plain.has_rule("email"));
        let people = engine(&["default", "pii"], &["jwt"]);
        assert!(people.has_rule("aws-key-id") && people.has_rule("email") && !people.has_rule("jwt"));
        assert_eq!(people.find(b"mail ana@example.com")[0].range, 5..20);
        let aws = engine(&["aws"], &[]);
        assert!(aws.has_rule("aws-key-id") && !aws.has_rule("github-token"));
        assert!(!aws.is_sensitive_name("password") && plain.is_sensitive_name("password"));
        assert!(aws.find(b"password=Falcon2019!").is_empty());
    }

    #[test]
    fn a_name_that_there_is_not_is_refused() {
        let wrong = selection(&["awss"], &[]).check().unwrap_err();
        assert!(wrong.what().contains("awss"));
        assert!(selection(&[], &["email-address"]).check().is_err());
    }
}
