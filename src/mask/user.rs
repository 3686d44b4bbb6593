//! Rules from policies: regular expressions, field paths, column names.

use regex_automata::Anchored;
use regex_automata::dfa::Automaton;
use regex_automata::dfa::StartKind;
use regex_automata::dfa::dense;
use regex_automata::util::start;
use regex_automata::util::syntax;
use regex_syntax::hir::literal::Extractor;

use super::alphabet::Set;
use super::check::Check;
use super::fields::FieldPath;
use super::rules::Confidence;
use super::rules::RuleInfo;
use super::view::View;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;

/// The longest match of an expression that no literal announces: so much would have to wait.
const LONGEST_UNPREFIXED: usize = 256;
/// The shortest literal worth looking for.
const SHORTEST_LITERAL: usize = 3;
/// The most memory an expression's automaton may take.
const AUTOMATON_BYTES: usize = 1 << 20;

/// A `[[mask]]` entry of a policy.
#[derive(Clone, Debug, Default)]
pub struct UserRule {
    /// Its name: the policy's, or file and line.
    pub name: String,
    /// The calls it applies to, as in a statement (`dynamodb:Get*`); none means all.
    pub actions: Vec<String>,
    /// Members to hide: `Items[].ssn`, `**.password`.
    pub fields: Vec<String>,
    /// Columns, attributes or keys to hide, wherever they stand.
    pub columns: Vec<String>,
    /// Text to hide.
    pub regex: Option<String>,
    /// Masks that come back in requests of `actions` are put back, in the fields and columns if there are any.
    pub restore: bool,
}

/// The structural part of a user's rule.
#[derive(Clone, Debug)]
pub struct UserFields {
    actions: Vec<String>,
    /// Members to hide.
    pub paths: Vec<FieldPath>,
    /// Whether masks are put back.
    pub restore: bool,
    has_columns: bool,
}

impl UserFields {
    /// Reads the fields and columns of a rule; a column is a field at any depth.
    pub fn new(rule: &UserRule) -> Result<Self> {
        let fields = rule.fields.iter().map(|field| FieldPath::parse(field));
        let columns = rule.columns.iter().map(|column| FieldPath::parse(&format!("**.{column}")));
        let paths =
            fields.chain(columns).collect::<Result<Vec<_>>>().map_err(|cause| refused(rule, cause.what()))?;
        Ok(Self {
            actions: rule.actions.clone(),
            paths,
            restore: rule.restore,
            has_columns: !rule.columns.is_empty(),
        })
    }

    /// Whether it applies to `action`, such as `s3:GetObject`.
    pub fn applies_to(&self, action: &str) -> bool {
        self.actions.is_empty() || self.actions.iter().any(|pattern| glob(pattern, action))
    }

    /// Whether a mask at `members` may be put back in a request of `action`. A rule for every action puts nothing back.
    pub fn restores_to(&self, action: &str, members: &[String]) -> bool {
        let named = || self.paths.is_empty() || self.paths.iter().any(|path| path.leads_to(members));
        self.restore && self.actions.iter().any(|pattern| glob(pattern, action)) && named()
    }

    /// Whether it hides columns of exactly this action's results.
    pub fn names_columns(&self, action: &str) -> bool {
        self.has_columns && self.names(action)
    }

    /// Whether it applies to `action` because it says so, and not because it applies to everything.
    pub fn names(&self, action: &str) -> bool {
        let by_name = |pattern: &String| !pattern.trim_matches('*').is_empty() && glob(pattern, action);
        !self.paths.is_empty() && self.actions.iter().any(by_name)
    }
}

fn refused(rule: &UserRule, why: &str) -> Error {
    Error::new(Kind::Config, format!("mask rule `{}` is refused", rule.name.escape_debug()))
        .why(why)
        .fix("correct the rule; nothing runs with a mask that does not work")
}

/// `*` stands for anything; case does not matter.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(part) = last.replace(part) {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
    }
    match last {
        None => rest.is_empty(),
        Some(last) => rest.ends_with(last),
    }
}

/// A compiled expression of a user.
pub struct UserRegex {
    id: String,
    kind: String,
    confidence: Confidence,
    check: Option<Check>,
    automaton: dense::DFA<Vec<u32>>,
    literals: Vec<Vec<u8>>,
}

impl std::fmt::Debug for UserRegex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserRegex").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a user's expression says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserMatch {
    /// Nothing here.
    No,
    /// It may match, or match more.
    More,
    /// It matches up to here.
    Hit(usize),
}

impl UserRegex {
    /// Compiles the expression of `rule`.
    ///
    /// Refused: what does not compile, what can match nothing at all, what needs too large an automaton, and what can
    /// match any length without a literal of at least three letters at its beginning.
    pub fn new(rule: &UserRule, pattern: &str) -> Result<Self> {
        let parsed = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern);
        let hir = parsed.map_err(|cause| refused(rule, &cause.to_string()))?;
        let properties = hir.properties();
        if properties.minimum_len().unwrap_or(0) == 0 {
            return Err(refused(rule, "the expression matches the empty text"));
        }
        let found = Extractor::new().extract(&hir);
        let mut literals: Vec<Vec<u8>> =
            found.literals().unwrap_or_default().iter().map(|literal| literal.as_bytes().to_vec()).collect();
        if literals.len() > 64 || literals.iter().any(|literal| literal.len() < SHORTEST_LITERAL) {
            literals.clear();
        }
        let bounded = properties.maximum_len().is_some_and(|longest| longest <= LONGEST_UNPREFIXED);
        if bounded {
            // Tried wherever it can begin, so that all of a match is hidden. Longer matches show their literal.
            literals.clear();
        }
        if literals.is_empty() && !bounded {
            let why = format!(
                "the expression can match more than {LONGEST_UNPREFIXED} bytes, and no literal of \
                 {SHORTEST_LITERAL} letters or more stands at its beginning"
            );
            return Err(refused(rule, &why));
        }
        let config = dense::Config::new()
            .start_kind(StartKind::Anchored)
            .dfa_size_limit(Some(AUTOMATON_BYTES))
            .determinize_size_limit(Some(4 * AUTOMATON_BYTES));
        let automaton = dense::Builder::new()
            .configure(config)
            .syntax(syntax::Config::new().unicode(false).utf8(false))
            .build(pattern)
            .map_err(|cause| refused(rule, &cause.to_string()))?;
        let (id, kind) = (rule.name.clone(), rule.name.clone());
        Ok(Self { id, kind, confidence: Confidence::High, check: None, automaton, literals })
    }

    /// A built-in rule that is an expression.
    pub fn built_in(info: &RuleInfo) -> Result<Self> {
        let named = UserRule { name: info.id.to_owned(), ..UserRule::default() };
        let (kind, confidence, check) = (info.kind.to_owned(), info.confidence, info.check);
        Ok(Self { kind, confidence, check, ..Self::new(&named, info.regex)? })
    }

    /// What it finds.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// How sure a hit is.
    pub fn confidence(&self) -> Confidence {
        self.confidence
    }

    /// The rule's name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The texts it begins with, which are shown; none if it has to be tried everywhere.
    pub fn literals(&self) -> &[Vec<u8>] {
        &self.literals
    }

    /// The bytes a match can begin with, after any byte.
    pub fn first_bytes(&self) -> Set {
        let mut never = Vec::new();
        for byte in 0..=u8::MAX {
            let alive = [None, Some(b' '), Some(b'a'), Some(b'\n'), Some(b'-')].into_iter().any(|before| {
                let start = self.automaton.start_state(&config(before));
                start.is_ok_and(|state| !self.automaton.is_dead_state(self.automaton.next_state(state, byte)))
            });
            if !alive {
                never.push(byte);
            }
        }
        Set::ALL.without(&never)
    }

    /// Reads from `at`; what it can say without more bytes. `spent`: there will be no more patience.
    pub fn look(&self, view: View<'_>, at: usize, spent: bool) -> UserMatch {
        let Ok(mut state) = self.automaton.start_state(&config(view.before(at).last().copied())) else {
            return UserMatch::No;
        };
        let mut longest = None;
        let accepted = |end: usize| match self.check {
            Some(check) => check.accepts(view, at, end).map(|length| at + length),
            None => Some(end),
        };
        let found = |longest: Option<usize>| longest.and_then(accepted).map_or(UserMatch::No, UserMatch::Hit);
        for (index, byte) in view.from(at).iter().enumerate() {
            state = self.automaton.next_state(state, *byte);
            // A match is seen one byte late.
            if self.automaton.is_match_state(state) {
                longest = Some(at + index);
            } else if self.automaton.is_dead_state(state) || self.automaton.is_quit_state(state) {
                return found(longest);
            }
        }
        if view.is_last() || spent {
            state = self.automaton.next_eoi_state(state);
            if self.automaton.is_match_state(state) {
                longest = Some(view.end());
            }
            return found(longest);
        }
        UserMatch::More
    }
}

fn config(before: Option<u8>) -> start::Config {
    start::Config::new().anchored(Anchored::Yes).look_behind(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(regex: &str) -> Result<UserRegex> {
        UserRegex::new(&UserRule { name: "staff-number".into(), ..UserRule::default() }, regex)
    }

    #[test]
    fn a_rule_that_cannot_work_is_refused_by_name() {
        for regex in ["(", "a*", "[0-9]+", "(?:x|yy).*", r"\w{3,}secret"] {
            let error = rule(regex).unwrap_err();
            assert!(error.what().contains("staff-number"), "{regex}");
            assert!(!error.causes().is_empty(), "{regex}");
        }
        assert!(rule(r"EMP-\d+").is_ok());
        assert!(rule(r"\b\d{3}-\d{2}-\d{4}\b").is_ok_and(|rule| rule.literals().is_empty()));
    }

    #[test]
    fn an_action_pattern_has_stars() {
        assert!(glob("dynamodb:Get*", "dynamodb:GetItem") && glob("*:Get*Value", "x:GetSecretValue"));
        assert!(!glob("dynamodb:Get*", "s3:GetItem") && !glob("s3:GetObject", "s3:GetObjectAcl"));
    }
}
