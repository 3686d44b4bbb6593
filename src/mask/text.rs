//! Masks whole texts: command lines, titles, parameters, error messages.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::Engine;
use super::Masks;
use super::awscli;
use super::channel::rule_of;
use super::compiled::Compiled;
use super::names;
use super::rules::Confidence;
use super::scan::Mark;
use super::scan::Named;
use super::scan::Scanner;

/// A secret in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its bytes, public prefix included.
    pub range: Range<usize>,
    /// The rule that found it.
    pub rule: Arc<str>,
    /// What it is.
    pub kind: Arc<str>,
    /// How sure it is.
    pub confidence: Confidence,
}

impl Engine {
    /// Finds the secrets of a whole text, in order, none overlapping another.
    #[must_use]
    pub fn find(&self, text: &[u8]) -> Vec<Found> {
        let rules = self.rules();
        let (exact, _) = self.known();
        // Most texts are short, and nothing begins in them.
        let announced = rules.filter().find(text, 0).is_some() || exact.find(text, 0).is_some();
        if !announced && rules.unprefixed().is_empty() {
            return Vec::new();
        }
        let marks = Scanner::default().scan_whole(text, rules, &exact);
        merge(text, marks, rules)
    }

    /// `text` with each secret replaced by `hoopmask:<kind>:<tag>`; borrowed if there is none.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.text_counted(text, &mut Masks::default())
    }

    /// Like [`Engine::text`]; counts what it masks.
    #[must_use]
    pub fn text_counted<'a>(&self, text: &'a str, masks: &mut Masks) -> Cow<'a, str> {
        let found = self.find(text.as_bytes());
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut masked = String::with_capacity(text.len());
        let mut at = 0;
        for found in found {
            let range = whole_letters(text, found.range);
            if range.start < at {
                continue;
            }
            let secret = &text[range.clone()];
            masked.push_str(&text[at..range.start]);
            masked.push_str(&self.tag(&found.kind, secret.as_bytes()));
            masks.add(found.rule, 1);
            at = range.end;
        }
        masked.push_str(&text[at..]);
        Cow::Owned(masked)
    }

    /// A command's arguments, masked one by one; `--password X`, `-u name:X` and their like are understood.
    #[must_use]
    pub fn argv(&self, argv: &[String]) -> Vec<String> {
        // The whole line shows which program `-p` belongs to.
        let line = argv.join(" ");
        let found = self.find(line.as_bytes());
        let of_operation = awscli::secrets(argv);
        let mut masked = Vec::with_capacity(argv.len());
        let mut start = 0;
        for (index, argument) in argv.iter().enumerate() {
            let own = start..start + argument.len();
            start = own.end + 1;
            let flag = index.checked_sub(1).map(|before| argv[before].as_str());
            if flag.is_some_and(takes_secret) && !argument.starts_with('-') && !argument.is_empty() {
                masked.push(self.tag("argument", argument.as_bytes()));
                continue;
            }
            if let Some((_, from)) = of_operation.iter().find(|(number, _)| *number == index)
                && *from < argument.len()
            {
                masked.push(format!(
                    "{}{}",
                    &argument[..*from],
                    self.tag("argument", &argument.as_bytes()[*from..])
                ));
                continue;
            }
            let alone = self.line(argument);
            if alone != *argument {
                masked.push(alone);
                continue;
            }
            let mut text = String::new();
            let mut at = 0;
            for found in &found {
                let from = found.range.start.clamp(own.start, own.end) - own.start;
                let to = found.range.end.clamp(own.start, own.end) - own.start;
                let range = whole_letters(argument, from..to);
                if range.start >= range.end || range.start < at {
                    continue;
                }
                text.push_str(&argument[at..range.start]);
                text.push_str(&self.tag(&found.kind, argument[range.clone()].as_bytes()));
                at = range.end;
            }
            text.push_str(&argument[at..]);
            masked.push(text);
        }
        masked
    }
}

/// Whether the argument after `flag` is a secret.
fn takes_secret(flag: &str) -> bool {
    let name = flag.trim_start_matches('-');
    name.len() < flag.len() && !flag.contains('=') && name.len() > 2 && names::is_sensitive_name(name)
        || matches!(flag, "--secret-string" | "--secret-binary" | "--private-key" | "--plaintext")
}

/// A range that cuts no letter in two.
fn whole_letters(text: &str, range: Range<usize>) -> Range<usize> {
    let (mut start, mut end) = (range.start.min(text.len()), range.end.min(text.len()));
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

/// Puts marks of one secret together, and secrets that overlap.
fn merge(text: &[u8], mut marks: Vec<Mark>, rules: &Compiled) -> Vec<Found> {
    marks.sort_by_key(|mark| mark.secret);
    let mut found: Vec<Found> = Vec::new();
    for same in marks.chunk_by(|one, other| one.secret == other.secret) {
        let start = same.iter().map(|mark| mark.whole.min(mark.range.start)).min().unwrap_or_default();
        let mut end = same.iter().map(|mark| mark.range.end).max().unwrap_or_default();
        let mark = &same[0];
        let (kind, confidence): (Arc<str>, _) = match &mark.rule {
            Named::Known(kind) => (Arc::clone(kind), Confidence::Certain),
            Named::Rule(number) => match rules.rule(*number) {
                Some(rule) => (rule.kind().into(), rule.confidence()),
                None => continue,
            },
        };
        if &*kind == "private-key" {
            end = end_of_block(text, end);
        }
        found.push(Found { range: start..end, rule: rule_of(mark, rules), kind, confidence });
    }
    joined(found)
}

/// Secrets in their order, those that overlap put together; the surer rule gives the name.
pub(super) fn joined(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|found| (found.range.start, found.range.end));
    let mut merged: Vec<Found> = Vec::new();
    for next in found {
        match merged.last_mut() {
            Some(last) if next.range.start < last.range.end => {
                last.range.end = last.range.end.max(next.range.end);
                if next.confidence > last.confidence {
                    (last.rule, last.kind, last.confidence) = (next.rule, next.kind, next.confidence);
                }
            }
            _ => merged.push(next),
        }
    }
    merged
}

/// After a key block's last letter: its end line, if it comes next.
fn end_of_block(text: &[u8], end: usize) -> usize {
    let rest = &text[end..];
    let gap = rest.iter().take_while(|byte| b"\r\n \\nr\t".contains(byte)).count();
    let line = &rest[gap..rest.len().min(gap + 80)];
    let Some(body) = line.strip_prefix(b"-----END ") else { return end };
    match body.windows(5).position(|five| five == b"-----") {
        Some(at) => end + gap + 9 + at + 5,
        None => end,
    }
}
