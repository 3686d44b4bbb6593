//! The examples and counter-examples of the built-in rules, as texts with known secrets.

use std::ops::Range;

use super::Engine;
use super::rules;

/// A text of a rule file, and what is to be found in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The rule's id.
    pub rule: String,
    /// The text.
    pub text: String,
    /// Where its secrets stand; none in a counter-example.
    pub secrets: Vec<Range<usize>>,
}

impl Example {
    /// A text with its secrets between `«` and `»`.
    #[must_use]
    pub fn marked(rule: &str, marked: &str) -> Self {
        let (mut text, mut secrets) = (String::new(), Vec::new());
        for (index, part) in marked.split(['«', '»']).enumerate() {
            if index % 2 == 1 {
                secrets.push(text.len()..text.len() + part.len());
            }
            text.push_str(part);
        }
        Self { rule: rule.to_owned(), text, secrets }
    }

    /// What `engine` finds instead of the secrets; `None`: just them.
    #[must_use]
    pub fn fault(&self, engine: &Engine) -> Option<Vec<Range<usize>>> {
        let found: Vec<_> = engine.find(self.text.as_bytes()).into_iter().map(|found| found.range).collect();
        (found != self.secrets).then_some(found)
    }
}

/// All of the built-in rules'.
#[must_use]
pub fn builtin() -> Vec<Example> {
    let mut examples = Vec::new();
    for file in rules::FILES {
        let file: toml::Table = file.parse().unwrap_or_default();
        for rule in file.get("rule").and_then(toml::Value::as_array).into_iter().flatten() {
            let id = rule.get("id").and_then(toml::Value::as_str).unwrap_or_default();
            let texts = ["examples", "benign"].into_iter().filter_map(|key| rule.get(key)?.as_array());
            examples.extend(
                texts
                    .flatten()
                    .filter_map(toml::Value::as_str)
                    .map(|text| Example::marked(id, &filled(text))),
            );
        }
    }
    examples
}

/// Letters for `{class:count}`: the same for each run, mixed enough to look like a secret.
pub(super) fn filled(text: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    let mut seed = 7u32;
    while let Some(open) = rest.find('{') {
        filled.push_str(&rest[..open]);
        rest = &rest[open..];
        let spec = rest.find('}').and_then(|close| {
            let (class, count) = rest[1..close].split_once(':')?;
            Some((close, class, count.parse::<usize>().ok()?))
        });
        let Some((close, class, count)) = spec else {
            filled.push('{');
            rest = &rest[1..];
            continue;
        };
        let letters: &[u8] = match class {
            "d" => b"0123456789",
            "hex" => b"0123456789abcdef",
            "b62" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            "b64" => b"0A1B2C3D4E5F6G7H8I9JKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+",
            "b64u" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_",
            "b32" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
            "low32" => b"abcdefghijklmnopqrstuvwxyz234567",
            "low36" => b"0123456789abcdefghijklmnopqrstuvwxyz",
            "up36" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            _ => b"?",
        };
        for index in 0..count {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223 + index as u32);
            filled.push(char::from(letters[(seed >> 16) as usize % letters.len()]));
        }
        rest = &rest[close + 1..];
    }
    filled + rest
}
