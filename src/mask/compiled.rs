//! The rules of one engine, ready to be looked for.

use std::sync::OnceLock;

use super::alphabet::Set;
use super::filter::Filter;
use super::rules;
use super::rules::Confidence;
use super::rules::RuleInfo;
use super::user::UserRegex;

/// A rule, built in or the user's.
#[derive(Debug)]
pub enum Rule {
    /// From the rule files.
    Built(&'static RuleInfo),
    /// From a policy.
    User(Box<UserRegex>),
}

impl Rule {
    /// Its name.
    pub fn id(&self) -> &str {
        match self {
            Self::Built(rule) => rule.id,
            Self::User(rule) => rule.id(),
        }
    }

    /// What it finds.
    pub fn kind(&self) -> &str {
        match self {
            Self::Built(rule) => rule.kind,
            Self::User(rule) => rule.kind(),
        }
    }

    /// How sure a hit is.
    pub fn confidence(&self) -> Confidence {
        match self {
            Self::Built(rule) => rule.confidence,
            Self::User(rule) => rule.confidence(),
        }
    }
}

/// A rule of the files as it is looked for. An expression that does not compile would be a fault of the files, which a
/// test would have found.
fn built(rule: &'static RuleInfo) -> Option<Rule> {
    if rule.regex.is_empty() {
        return Some(Rule::Built(rule));
    }
    UserRegex::built_in(rule).ok().map(|rule| Rule::User(Box::new(rule)))
}

/// A text that a rule begins with.
#[derive(Debug)]
pub struct Literal {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The rule's number.
    pub rule: usize,
    /// Whether it is part of the secret's own text.
    pub is_prefix: bool,
    ignore_case: bool,
}

impl Literal {
    /// Whether `text` begins with it, or is a beginning of it.
    pub fn begins(&self, text: &[u8]) -> bool {
        let common = text.len().min(self.bytes.len());
        let (text, literal) = (&text[..common], &self.bytes[..common]);
        if self.ignore_case { text.eq_ignore_ascii_case(literal) } else { text == literal }
    }
}

/// All rules of an engine.
#[derive(Debug)]
pub struct Compiled {
    rules: Vec<Rule>,
    literals: Vec<Literal>,
    filter: Filter,
    unprefixed: Vec<(usize, Set)>,
}

impl Compiled {
    /// The built-in rules; read at the first call.
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Compiled> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            let rules = rules::all().iter().filter(|rule| !rules::OFF.contains(&rule.pack));
            Self::of(rules.filter_map(built).collect())
        })
    }

    /// No rules at all.
    pub fn empty() -> &'static Self {
        static EMPTY: OnceLock<Compiled> = OnceLock::new();
        EMPTY.get_or_init(|| Self::of(Vec::new()))
    }

    /// These of the built-in rules, and a user's.
    pub fn new(chosen: impl Iterator<Item = &'static RuleInfo>, user: Vec<UserRegex>) -> Self {
        let user = user.into_iter().map(|rule| Rule::User(Box::new(rule)));
        Self::of(chosen.filter_map(built).chain(user).collect())
    }

    /// Whether a rule of this name is among them.
    pub fn has(&self, id: &str) -> bool {
        self.rules.iter().any(|rule| rule.id() == id)
    }

    fn of(rules: Vec<Rule>) -> Self {
        let mut literals = Vec::with_capacity(192);
        let mut unprefixed = Vec::new();
        for (number, rule) in rules.iter().enumerate() {
            match rule {
                Rule::Built(rule) => {
                    let prefixes = rule.prefix.iter().map(|text| (text, true));
                    let befores = rule.after.iter().map(|text| (text, false));
                    literals.extend(prefixes.chain(befores).map(|(text, is_prefix)| Literal {
                        bytes: text.as_bytes().to_vec(),
                        rule: number,
                        is_prefix,
                        ignore_case: rule.ignore_case,
                    }));
                }
                Rule::User(rule) if rule.literals().is_empty() => {
                    unprefixed.push((number, rule.first_bytes()))
                }
                Rule::User(rule) => literals.extend(rule.literals().iter().map(|bytes| Literal {
                    bytes: bytes.clone(),
                    rule: number,
                    is_prefix: true,
                    ignore_case: false,
                })),
            }
        }
        let filter = Filter::new(literals.iter().map(|literal| literal.bytes.as_slice()));
        Self { rules, literals, filter, unprefixed }
    }

    /// The rule of a number.
    pub fn rule(&self, number: usize) -> Option<&Rule> {
        self.rules.get(number)
    }

    /// The literal of a number that the filter gave.
    pub fn literal(&self, number: usize) -> &Literal {
        &self.literals[number]
    }

    /// What finds the literals.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// The rules that no literal announces, with the bytes they can begin with.
    pub fn unprefixed(&self) -> &[(usize, Set)] {
        &self.unprefixed
    }
}
