//! What `[[command]]` rules say about a command line.
//!
//! A courtesy, for an early and clear answer: arguments can change while they are looked at, and programs can be copied and
//! renamed. What reaches AWS is decided by the statements.

use crate::pattern;
use crate::policy::model::CommandEffect;
use crate::policy::model::CommandRule;
use crate::policy::set::PolicySet;

/// Bytes of a command line that are compared; the rest can only be matched by a final `*`.
const MOST_BYTES: usize = 32 << 10;

/// The rule that decides about a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandVerdict {
    /// What happens to it.
    pub effect: CommandEffect,
    /// The pattern that matched.
    pub pattern: String,
    /// Where the rule stands: `policy.toml:52`.
    pub origin: String,
    /// Why, in its author's words.
    pub reason: Option<String>,
}

impl CommandVerdict {
    /// The rule as records name it: `aws configure* (policy.toml:52)`.
    #[must_use]
    pub fn rule(&self) -> String {
        format!("{} ({})", self.pattern, self.origin)
    }
}

impl PolicySet {
    /// Whether there is any `[[command]]` rule: if not, command lines need not be looked at.
    #[must_use]
    pub fn has_commands(&self) -> bool {
        self.layers().iter().any(|layer| !layer.commands.is_empty())
    }

    /// What is said about a command line: the first of the strictest matching `[[command]]`, if any matches.
    ///
    /// A pattern is compared with the words joined by one space, as they are, with the program's path taken off, and with
    /// the name of the file `exe` that is executed for the first word, which may say anything.
    #[must_use]
    pub fn command(&self, argv: &[String], exe: Option<&str>) -> Option<CommandVerdict> {
        let lines = lines(argv, exe);
        let rules = self.layers().iter().flat_map(|layer| &layer.commands);
        let matching = rules.filter_map(|rule| Some((rule, rule.matching(&lines)?)));
        let (rule, pattern) =
            matching.reduce(|best, other| if other.0.effect > best.0.effect { other } else { best })?;
        Some(CommandVerdict {
            effect: rule.effect,
            pattern: pattern.to_owned(),
            origin: rule.origin.clone(),
            reason: rule.reason.clone(),
        })
    }
}

impl CommandRule {
    /// The first of its patterns that one of these lines matches.
    fn matching(&self, lines: &[String]) -> Option<&str> {
        let matches = |wanted: &&String| lines.iter().any(|line| pattern::matches(wanted, line));
        self.patterns.iter().find(matches).map(String::as_str)
    }

    /// Whether a command line, as a person writes it, is one of those that it is for.
    #[must_use]
    pub fn is_for(&self, line: &str) -> bool {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        self.matching(&lines(&words, None)).is_some()
    }
}

fn lines(argv: &[String], exe: Option<&str>) -> Vec<String> {
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let rest = argv.get(1..).unwrap_or_default();
    let line = |first: &str| {
        let mut line = first.to_owned();
        for word in rest {
            if line.len() > MOST_BYTES {
                break;
            }
            line.push(' ');
            line.push_str(word);
        }
        line
    };
    let mut lines: Vec<String> = Vec::with_capacity(4);
    let typed = argv.first().map(String::as_str);
    for first in [typed.map(str::to_owned), typed.map(name), exe.map(str::to_owned), exe.map(name)] {
        let Some(line) = first.map(|first| line(&first)) else { continue };
        if !line.is_empty() && !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::model::Policy;

    fn set(text: &str) -> PolicySet {
        PolicySet::new(vec![Policy::parse(&format!("version = 1\n{text}"), "p.toml").unwrap()])
    }

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_strictest_matching_rule_counts() {
        let set = set(
            "[[command]]\neffect = \"note\"\npattern = \"aws *\"\n[[command]]\neffect = \"deny\"\n\
             pattern = [\"rm -rf /*\", \"aws configure*\"]\nreason = \"hoop's\"\n[[command]]\neffect = \"ask\"\n\
             pattern = \"aws *\"",
        );
        let verdict = |line: &str, exe| set.command(&words(line), exe);
        let denied = verdict("/usr/local/bin/aws configure sso", None).unwrap();
        assert_eq!(
            (denied.effect, denied.rule().as_str()),
            (CommandEffect::Deny, "aws configure* (p.toml:5)")
        );
        assert_eq!(denied.reason.as_deref(), Some("hoop's"));
        assert_eq!(verdict("aws s3 ls", None).unwrap().effect, CommandEffect::Ask);
        assert_eq!(verdict("ls", None), None);
        let renamed = verdict("harmless -rf /etc", Some("/bin/rm")).unwrap();
        assert_eq!(renamed.effect, CommandEffect::Deny, "argv[0] is only what the caller says");
        assert_eq!(set.command(&[], Some("/usr/bin/aws")), None);
        assert!(set.has_commands());
    }

    #[test]
    fn a_line_without_end_is_compared_as_far_as_it_is_long() {
        let set = set("[[command]]\neffect = \"deny\"\npattern = \"echo *\"");
        let argv = [vec!["echo".to_owned()], vec!["x".repeat(1000); 2_000]].concat();
        assert!(set.command(&argv, None).is_some());
    }
}
