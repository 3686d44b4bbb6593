//! The built-in rules: data in `rules/*.toml`, read once, at the first byte that is scanned.

use std::sync::OnceLock;

use super::check::Check;
use super::pattern::Body;

/// The rule files, compiled in.
pub(super) const FILES: [&str; 3] =
    [include_str!("rules/tokens.toml"), include_str!("rules/context.toml"), include_str!("rules/pii.toml")];

/// The packs that are off unless they are switched on.
pub(super) const OFF: [&str; 1] = ["pii"];

/// How sure a hit of a rule is; the surer, the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// It stands where secrets stand.
    Medium,
    /// Its form or its neighbours leave little doubt.
    High,
    /// Its form says what it is.
    Certain,
}

impl Confidence {
    /// In a word, as rule files and findings have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::High => "high",
            Self::Medium => "medium",
        }
    }
}

/// What a hit is worth to a thief.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// It opens something by itself.
    Credential,
    /// It names a credential, or is made from one.
    Identifier,
    /// It says something about a person.
    Personal,
}

impl Tier {
    /// In a word, as rule files have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Identifier => "identifier",
            Self::Personal => "personal",
        }
    }
}

/// A rule as it is shown in lists.
#[derive(Clone, Debug)]
pub struct RuleInfo {
    /// Its name, once in the whole product.
    pub id: &'static str,
    /// The group by which it is switched on and off.
    pub pack: &'static str,
    /// What it finds; the middle part of `hoopmask:<kind>:<tag>`.
    pub kind: &'static str,
    /// How sure a hit is.
    pub confidence: Confidence,
    /// What a hit is worth.
    pub tier: Tier,
    /// The code that reads on from the literal.
    pub(super) matcher: Matcher,
    /// Public beginnings of the secret itself.
    pub prefix: Vec<&'static str>,
    /// Public text that stands before the secret.
    pub after: Vec<&'static str>,
    pub(super) ignore_case: bool,
    pub(super) boundary: bool,
    body: &'static str,
    tail: &'static str,
    /// An expression instead of literals; empty: none.
    pub(super) regex: &'static str,
    /// What its match must stand up to.
    pub(super) check: Option<Check>,
    compiled: OnceLock<Option<Body>>,
}

impl RuleInfo {
    /// The body, compiled when it is first needed.
    pub(super) fn body(&self) -> Option<&Body> {
        self.compiled.get_or_init(|| Body::parse(self.body, self.tail)).as_ref()
    }
}

/// Which code reads on from a rule's literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Matcher {
    Body,
    AwsKeyId,
    RdsToken,
    AzureSecret,
    TerraformToken,
    TelegramToken,
    Pem,
    UrlUserinfo,
    Authorization,
    Cookie,
    CredentialsRow,
    Kubernetes,
    Name,
    CliUser,
    CliPassword,
    SqlPassword,
    Putty,
    Pgpass,
    Prose,
    Pair,
    SecureString,
    Generated,
    Device,
    Option,
    Drawn,
    Users,
    Answer,
    Piped,
    Phrase,
    Redis,
    KeyLog,
    Encoded,
}

const MATCHERS: &[(&str, Matcher)] = &[
    ("aws-key-id", Matcher::AwsKeyId),
    ("rds-token", Matcher::RdsToken),
    ("azure-secret", Matcher::AzureSecret),
    ("terraform-token", Matcher::TerraformToken),
    ("telegram-token", Matcher::TelegramToken),
    ("pem", Matcher::Pem),
    ("url-userinfo", Matcher::UrlUserinfo),
    ("authorization", Matcher::Authorization),
    ("cookie", Matcher::Cookie),
    ("credentials-row", Matcher::CredentialsRow),
    ("kubernetes", Matcher::Kubernetes),
    ("name", Matcher::Name),
    ("cli-user", Matcher::CliUser),
    ("cli-password", Matcher::CliPassword),
    ("sql-password", Matcher::SqlPassword),
    ("putty", Matcher::Putty),
    ("pgpass", Matcher::Pgpass),
    ("prose", Matcher::Prose),
    ("pair", Matcher::Pair),
    ("secure-string", Matcher::SecureString),
    ("generated", Matcher::Generated),
    ("device", Matcher::Device),
    ("option", Matcher::Option),
    ("drawn", Matcher::Drawn),
    ("users", Matcher::Users),
    ("answer", Matcher::Answer),
    ("piped", Matcher::Piped),
    ("phrase", Matcher::Phrase),
    ("redis", Matcher::Redis),
    ("key-log", Matcher::KeyLog),
    ("encoded", Matcher::Encoded),
];

/// All built-in rules.
pub(super) fn all() -> &'static [RuleInfo] {
    static RULES: OnceLock<Vec<RuleInfo>> = OnceLock::new();
    RULES.get_or_init(|| FILES.iter().flat_map(|file| read(file)).collect())
}

/// Reads one rule file.
///
/// The files are TOML, but only this much of it: `[[rule]]`, and one `key = value` a line, where a value is a basic
/// string, `true`, or an array of basic strings. A tenth of the time of a full reader, which counts in a program that
/// starts in 4 ms; a test holds it against the full reader. Examples are skipped: only the test wants them.
fn read(file: &'static str) -> Vec<RuleInfo> {
    let mut rules: Vec<RuleInfo> = Vec::with_capacity(64);
    for line in file.lines() {
        if line == "[[rule]]" {
            rules.push(blank());
            continue;
        }
        let (Some((key, value)), Some(rule)) = (line.split_once(" = "), rules.last_mut()) else { continue };
        match key {
            "id" => rule.id = quoted(value),
            "pack" => rule.pack = quoted(value),
            "kind" => rule.kind = quoted(value),
            "confidence" => {
                rule.confidence = match quoted(value) {
                    "certain" => Confidence::Certain,
                    "high" => Confidence::High,
                    _ => Confidence::Medium,
                };
            }
            "tier" => {
                rule.tier = match quoted(value) {
                    "identifier" => Tier::Identifier,
                    "personal" => Tier::Personal,
                    _ => Tier::Credential,
                };
            }
            "regex" => rule.regex = value.trim_matches('\''),
            "check" => rule.check = Check::named(quoted(value)),
            "matcher" => {
                let named = MATCHERS.iter().find(|(name, _)| *name == quoted(value));
                rule.matcher = named.map_or(Matcher::Body, |(_, matcher)| *matcher);
            }
            "prefix" => rule.prefix = list(value),
            "after" => rule.after = list(value),
            "body" => rule.body = quoted(value),
            "tail" => rule.tail = quoted(value),
            "ignore_case" => rule.ignore_case = value == "true",
            "boundary" => rule.boundary = value == "true",
            _ => {}
        }
    }
    rules
}

fn blank() -> RuleInfo {
    RuleInfo {
        id: "",
        pack: "",
        kind: "",
        confidence: Confidence::Medium,
        tier: Tier::Credential,
        matcher: Matcher::Body,
        prefix: Vec::new(),
        after: Vec::new(),
        ignore_case: false,
        boundary: false,
        body: "",
        tail: "",
        regex: "",
        check: None,
        compiled: OnceLock::new(),
    }
}

fn quoted(value: &'static str) -> &'static str {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default()
}

fn list(value: &'static str) -> Vec<&'static str> {
    let inner = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or_default();
    inner.split(", ").map(|item| unescape(quoted(item))).filter(|item| !item.is_empty()).collect()
}

/// The only escapes that literals need.
fn unescape(item: &'static str) -> &'static str {
    match item {
        "SAMLResponse\\\" value=\\\"" => "SAMLResponse\" value=\"",
        "samlAssertion\\\": \\\"" => "samlAssertion\": \"",
        "SAMLAssertion\\\": \\\"" => "SAMLAssertion\": \"",
        " \\\"-p" => " \"-p",
        "horization \\\"Basic " => "horization \"Basic ",
        "SAMLResponse\\\": \\\"" => "SAMLResponse\": \"",
        "SAMLResponse\\\":\\\"" => "SAMLResponse\":\"",
        "\\\"Plaintext\\\": \\\"" => "\"Plaintext\": \"",
        "\\\"Plaintext\\\":\\\"" => "\"Plaintext\":\"",
        "CREDENTIALS\\t" => "CREDENTIALS\t",
        "SecureString\\t" => "SecureString\t",
        "kind: Secret\\n" => "kind: Secret\n",
        "kind: Secret\\r\\n" => "kind: Secret\r\n",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_reader_agrees_with_a_full_one() {
        let texts = |value: Option<&toml::Value>| -> Vec<String> {
            let items = value.and_then(|value| value.as_array()).cloned().unwrap_or_default();
            items.iter().map(|item| item.as_str().unwrap().to_owned()).collect()
        };
        let mut seen = std::collections::HashSet::new();
        for file in FILES {
            let full: toml::Table = file.parse().unwrap();
            let quick = read(file);
            let full = full["rule"].as_array().unwrap();
            assert_eq!(full.len(), quick.len());
            for (full, quick) in full.iter().zip(&quick) {
                let text = |key: &str| full.get(key).and_then(|value| value.as_str()).unwrap_or_default();
                let known = [
                    "id",
                    "pack",
                    "regex",
                    "check",
                    "kind",
                    "confidence",
                    "tier",
                    "matcher",
                    "prefix",
                    "after",
                    "ignore_case",
                    "boundary",
                    "body",
                    "tail",
                    "examples",
                    "benign",
                ];
                for key in full.as_table().unwrap().keys() {
                    assert!(known.contains(&key.as_str()), "{}: unknown key {key}", quick.id);
                }
                assert_eq!(quick.id, text("id"));
                assert!(seen.insert(quick.id), "{} twice", quick.id);
                assert_eq!(quick.pack, text("pack"));
                assert!(!quick.pack.is_empty());
                assert_eq!(quick.kind, text("kind"));
                assert_eq!(quick.confidence.as_str(), text("confidence"));
                assert!(text("tier").is_empty() || quick.tier.as_str() == text("tier"));
                assert_eq!(quick.regex, text("regex"));
                assert_eq!(quick.check.is_some(), !text("check").is_empty());
                assert!(quick.regex.is_empty() || quick.prefix.is_empty() && quick.after.is_empty());
                assert_eq!(quick.prefix, texts(full.get("prefix")), "{}", quick.id);
                assert_eq!(quick.after, texts(full.get("after")), "{}", quick.id);
                assert_eq!(quick.body, text("body"));
                assert_eq!(quick.tail, text("tail"));
                assert!(
                    quick.body.is_empty() || quick.body().is_some(),
                    "{}: body does not compile",
                    quick.id
                );
                assert!(
                    quick.matcher != Matcher::Body || !quick.body.is_empty() || !quick.regex.is_empty(),
                    "{}",
                    quick.id
                );
                assert!(text("matcher").is_empty() == (quick.matcher == Matcher::Body), "{}", quick.id);
                assert!(!texts(full.get("examples")).is_empty() && !texts(full.get("benign")).is_empty());
                for literal in quick.prefix.iter().chain(&quick.after) {
                    assert!(literal.len() >= 3, "{}: `{literal}` is too short to look for", quick.id);
                }
            }
        }
    }
}
