//! Finding secrets in the texts of a screen.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::rows::rows;
use super::texts::Text;
use super::texts::texts;
use crate::mask::Confidence;
use crate::mask::Engine;
use crate::mask::compiled::Compiled;
use crate::mask::compiled::Rule;
use crate::mask::exact::Exact;
use crate::mask::scan::Mark;
use crate::mask::scan::Named;
use crate::mask::scan::Scanner;
use crate::term::Traced;

/// A secret on the screen.
#[derive(Clone, Debug)]
pub struct Secret {
    /// The rule that found it.
    pub rule: Arc<str>,
    /// What it is.
    pub kind: Arc<str>,
    /// How sure it is.
    pub confidence: Confidence,
    /// What drew its public prefix.
    pub prefix: Vec<usize>,
    /// What drew the part to hide.
    pub hidden: Vec<usize>,
    /// The text to hide, piece by piece.
    pub values: Vec<Vec<u8>>,
}

/// The secrets that `screen` shows.
pub fn find(engine: &Engine, screen: &Traced) -> Vec<Secret> {
    let (exact, _) = engine.known();
    let rules = engine.rules();
    let rows = rows(screen);
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for text in texts(&rows, screen.size().0) {
        for secret in find_in(&text, rules, &exact) {
            // The same one in another view of the same rows.
            if seen.insert((Arc::clone(&secret.rule), secret.hidden.clone())) {
                found.push(secret);
            }
        }
    }
    found
}

fn find_in(text: &Text, rules: &Compiled, exact: &Exact) -> Vec<Secret> {
    let mut scanner = Scanner::default();
    let mut fed = 0;
    for cut in &text.cuts {
        scanner.feed(&text.bytes[fed..*cut]);
        fed = *cut;
        // What is cut off at the edge may be the beginning of a secret: it is hidden, as in a pause.
        scanner.scan(rules, exact, false);
        scanner.settle();
    }
    scanner.feed(&text.bytes[fed..]);
    scanner.scan(rules, exact, true);
    let mut marks = scanner.take_marks();
    marks.sort_by_key(|mark| (mark.secret, mark.range.start));
    marks
        .chunk_by(|one, other| one.secret == other.secret)
        .filter_map(|same| secret(text, same, rules))
        .collect()
}

fn secret(text: &Text, marks: &[Mark], rules: &Compiled) -> Option<Secret> {
    let first = marks.first()?;
    let (rule, kind, confidence): (Arc<str>, Arc<str>, _) = match &first.rule {
        Named::Known(kind) => ("known-value".into(), Arc::clone(kind), Confidence::Certain),
        Named::Rule(number) => match rules.rule(*number)? {
            Rule::Built(rule) => (rule.id.into(), rule.kind.into(), rule.confidence),
            rule => (rule.id().into(), rule.kind().into(), Confidence::High),
        },
    };
    let numbers = |from: usize, to: usize| {
        let mut numbers: Vec<usize> =
            text.numbers.get(from..to).unwrap_or_default().iter().flatten().copied().collect();
        numbers.dedup();
        numbers
    };
    let whole = marks.iter().map(|mark| mark.whole.min(mark.range.start)).min().unwrap_or_default();
    // What was hidden in a pause does not know yet where it begins, and says 0.
    let lead = text.bytes.get(..first.range.start).unwrap_or_default();
    let knows = whole > 0 || lead.starts_with(b"-----BEGIN ") || !lead.iter().any(u8::is_ascii_whitespace);
    let prefix = if knows { whole } else { first.range.start };
    let mut hidden = Vec::new();
    let mut values = Vec::new();
    for mark in marks {
        hidden.extend(numbers(mark.range.start, mark.range.end));
        values.push(text.bytes.get(mark.range.clone()).unwrap_or_default().to_vec());
    }
    hidden.sort_unstable();
    hidden.dedup();
    let prefix = numbers(prefix, first.range.start);
    Some(Secret { rule, kind, confidence, prefix, hidden, values })
}
