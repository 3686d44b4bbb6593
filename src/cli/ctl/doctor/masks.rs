//! The mask rules in force: whether they work, and do to their examples what these say.

use super::finding::Finding;
use super::finding::counted;
use super::finding::quoted;
use crate::cli::ctl::mask_check;
use crate::cli::mask_rules;
use crate::config::Config;
use crate::config::diagnostic::Fault;
use crate::config::load::read_bounded;
use crate::mask;
use crate::policy::PolicySet;
use crate::policy::actions::AwsActions;
use crate::policy::load;
use crate::policy::model::Policy;

/// Faults told of one file; `hoopctl mask check` tells all.
const TOLD: usize = 5;

/// The built-in rules, those of the policies in force and those of `mask.rules`.
#[must_use]
pub fn findings(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    // A policy that is wrong is told elsewhere; the rules of files are looked at all the same.
    let policies = PolicySet::load(config.policies()).unwrap_or_else(|_| PolicySet::new(Vec::new()));
    let rules = mask_rules::mask_rules(config, &policies);
    let tried = rules.and_then(|rules| mask_rules::engine(config, None, &rules).map(|_| rules.len()));
    match tried {
        Ok(own) => {
            let own = match own {
                0 => String::new(),
                number => format!(", {} of your own", counted(number, "rule")),
            };
            let packs = config.mask_packs().join(", ");
            found.push(Finding::ok(
                "rules",
                format!("{} built in, packs {packs}{own}", counted(mask::builtin_rules().count(), "rule")),
            ));
        }
        Err(error) => {
            let fact = [&[error.what().to_owned()], error.causes()].concat().join(": ");
            let fact = fact.lines().next().unwrap_or_default().to_owned();
            let finding =
                Finding::fault("rules", format!("{fact}; no session starts")).fix("hoopctl mask rules");
            found.push(match error.advice() {
                Some(advice) => finding.advice(advice),
                None => finding,
            });
        }
    }
    let without = config.mask_without();
    if !without.is_empty() {
        let fact = format!("left out by mask.without: {}", without.join(", "));
        found.push(Finding::note("rules", fact).fix("hoopctl config get mask.without"));
    }
    let policies = config.policies().iter().map(|choice| choice.policy.clone());
    for file in config.mask_rules().into_iter().chain(policies) {
        found.extend(examples(&file));
    }
    found
}

/// What the examples of the rules in `file` say, if there are any.
fn examples(file: &str) -> Vec<Finding> {
    let text = match load::text_of(file) {
        Ok((text, _)) => text,
        Err(_) => match read_bounded(std::path::Path::new(file), "mask rule") {
            Ok(text) => text,
            // Told as a file that cannot be read.
            Err(_) => return Vec::new(),
        },
    };
    // Reading a file tries the examples of regular expressions already.
    let policy = match Policy::check(&text, file, &AwsActions) {
        Ok(policy) => policy,
        Err(diagnostics) => return told(file, diagnostics.faults()),
    };
    let tried: usize =
        policy.masks.iter().map(|rule| rule.examples.len() + rule.counter_examples.len()).sum();
    if tried == 0 {
        return Vec::new();
    }
    let faults = mask_check::faults_of(&policy.masks, &text, file);
    if faults.is_empty() {
        return vec![Finding::ok("examples", format!("{} of {file} come out", counted(tried, "example")))];
    }
    told(file, &faults)
}

fn told(file: &str, faults: &[Fault]) -> Vec<Finding> {
    let told = faults.iter().take(TOLD).map(|fault| {
        let line = fault.place.as_ref().map(|place| format!(":{}", place.line)).unwrap_or_default();
        Finding::fault("examples", format!("{file}{line}: {}", fault.message))
            .fix(format!("hoopctl mask check {}", quoted(file)))
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ctl::doctor::finding::State;
    use crate::config::Sources;

    fn found(rules: &str) -> Vec<Finding> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.toml");
        std::fs::write(&file, rules).unwrap();
        let sources = Sources::default().flag("test", "mask.rules", file.display().to_string());
        findings(&Config::load(&sources).unwrap())
    }

    #[test]
    fn rules_and_their_examples_are_tried() {
        let rule = |regex: &str| {
            format!(
                "version = 1\n[[mask]]\nname = \"ticket\"\nregex = '{regex}'\nexamples = [\"see «TICKET-12»\"]\n"
            )
        };
        let sound = found(&rule("TICKET-[0-9]+"));
        assert!(sound.iter().all(|finding| finding.state == State::Ok), "{sound:?}");
        assert_eq!(sound.len(), 2, "{sound:?}");
        let wrong = found(&rule("BILL-[0-9]+"));
        assert!(wrong.iter().any(|finding| finding.state == State::Fault), "{wrong:?}");
        assert_eq!(found(&rule("TICKET-[0-9+"))[0].state, State::Fault);
    }
}
