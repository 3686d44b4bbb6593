//! `hoopctl mask check`: tries the examples of mask rules.

use std::sync::Arc;

use toml::de::DeTable;
use toml::de::DeValue;

use super::console::Console;
use crate::cli::mask_rules::user_rule;
use crate::config::diagnostic::Diagnostics;
use crate::config::diagnostic::Fault;
use crate::config::diagnostic::Place;
use crate::error::Result;
use crate::mask;
use crate::mask::Engine;
use crate::mask::FileType;
use crate::mask::Selection;
use crate::mask::UserRule;
use crate::policy::actions::AwsActions;
use crate::policy::load;
use crate::policy::model::MaskRule;
use crate::policy::model::Policy;
use crate::term::safe;

/// Check mask rules: that they work, and that they do to their examples what these say.
///
/// A file is a policy, or only its `[[mask]]` rules. Without files the built-in rules are checked.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hoopctl mask check
  hoopctl mask check rules.toml

A rule's `examples` are texts in which it must find something; mark the secret with «»
to say what. In its `counter_examples` it must find nothing. A rule with `field` or
`column` takes JSON texts.

Exit status: 0 all sound, 1 a fault, with its place.")]
pub struct Args {
    /// Policies, or files of mask rules.
    #[arg(value_name = "FILE")]
    files: Vec<String>,
}

/// Does it; gives the exit status: 1 where something is wrong.
pub fn run(args: &Args, console: &mut Console<'_>) -> Result<u8> {
    if args.files.is_empty() {
        return builtin(console);
    }
    let mut status = 0;
    for file in &args.files {
        let (text, origin) = load::text_of(file)?;
        let (faults, checked) = match Policy::check(&text, &origin, &AwsActions) {
            Err(faults) => (faults.faults().to_vec(), None),
            Ok(policy) => (faults_of(&policy.masks, &text, &origin), Some(policy.masks)),
        };
        if faults.is_empty() {
            let masks = checked.unwrap_or_default();
            let count = |list: fn(&MaskRule) -> &Vec<String>| {
                masks.iter().map(|rule| list(rule).len()).sum::<usize>()
            };
            let (examples, counters) = (count(|rule| &rule.examples), count(|rule| &rule.counter_examples));
            console.line(&format!(
                "{}: ok, mask rules: {}, examples: {examples}, counter-examples: {counters}",
                safe(&origin),
                masks.len()
            ))?;
            for rule in masks.iter().filter(|rule| rule.regex.is_some()) {
                let lacks = match (rule.examples.is_empty(), rule.counter_examples.is_empty()) {
                    (true, true) => "no examples and no counter-examples",
                    (true, false) => "no examples",
                    (false, true) => "no counter-examples",
                    (false, false) => continue,
                };
                console.line(&format!(
                    "  note: {}: `{}` has {lacks}",
                    safe(&rule.origin),
                    safe(&rule.name)
                ))?;
            }
        } else {
            status = 1;
            let places =
                if faults.len() == 1 { "1 place".to_owned() } else { format!("{} places", faults.len()) };
            console.line(&format!("{}\n\n{}: {places} wrong", Diagnostics::new(faults), safe(&origin)))?;
        }
    }
    Ok(status)
}

fn builtin(console: &mut Console<'_>) -> Result<u8> {
    let packs = mask::builtin_rules().map(|rule| rule.pack.to_owned()).collect();
    let engine = Engine::with_selection(&Selection { packs, ..Selection::default() }, &[])?;
    let examples = mask::builtin_examples();
    let mut wrong = 0;
    for example in &examples {
        if let Some(found) = example.fault(&engine) {
            wrong += 1;
            let told = format!(
                "{}: found {found:?} and not {:?} in: {}",
                example.rule, example.secrets, example.text
            );
            console.line(&safe(&told))?;
        }
    }
    let counters = examples.iter().filter(|example| example.secrets.is_empty()).count();
    let rules = mask::builtin_rules().count();
    let sound = if wrong == 0 { "ok".to_owned() } else { format!("{wrong} wrong") };
    console.line(&format!(
        "built-in rules: {sound}, rules: {rules}, examples: {}, counter-examples: {counters}",
        examples.len() - counters
    ))?;
    Ok(u8::from(wrong > 0))
}

/// Rules that do not work, and examples that do not come out.
pub(super) fn faults_of(rules: &[MaskRule], text: &str, origin: &str) -> Vec<Fault> {
    let places = places(text);
    let mut faults = Vec::new();
    for (number, rule) in rules.iter().enumerate() {
        let place = |key: &str, index: usize| {
            let known =
                places.iter().find(|place| place.rule == number && place.key == key && place.index == index);
            known
                .or_else(|| places.iter().find(|place| place.rule == number))
                .map(|known| Place::of(text, known.span.clone()))
        };
        let mut fault = |key: &str, index: usize, message: String, fix: &str| {
            let place = place(key, index);
            faults.push(Fault { origin: origin.to_owned(), place, message, fix: Some(fix.to_owned()) });
        };
        // Alone, so that no other rule finds what it should.
        let alone = UserRule { name: "checked".to_owned(), actions: Vec::new(), ..user_rule(rule) };
        let none = Selection { packs: vec!["pii".to_owned()], without: personal() };
        let engine = match Engine::with_selection(&none, &[alone]) {
            Ok(engine) => Arc::new(engine),
            Err(cause) => {
                fault("regex", 0, cause.causes().join(": "), "correct the rule; with it no session starts");
                continue;
            }
        };
        for (index, example) in rule.examples.iter().enumerate() {
            let example = mask::Example::marked("checked", example);
            let found = found(&engine, rule, &example.text);
            if found.is_empty() {
                fault(
                    "examples",
                    index,
                    "the rule finds nothing in this example".to_owned(),
                    "correct one of them",
                );
            } else if !example.secrets.is_empty() && found != example.secrets {
                let texts: Vec<&str> =
                    found.iter().filter_map(|range| example.text.get(range.clone())).collect();
                let message = format!("the rule finds something else in this example: {}", texts.join(", "));
                fault("examples", index, message, "move the «» or correct the rule");
            }
        }
        for (index, example) in rule.counter_examples.iter().enumerate() {
            if !found(&engine, rule, example).is_empty() {
                let message = "the rule finds something in this counter-example".to_owned();
                fault("counter_examples", index, message, "correct one of them");
            }
        }
    }
    faults
}

fn personal() -> Vec<String> {
    mask::builtin_rules().filter(|rule| rule.pack == "pii").map(|rule| rule.id.to_owned()).collect()
}

fn found(engine: &Arc<Engine>, rule: &MaskRule, text: &str) -> Vec<std::ops::Range<usize>> {
    let is_structural = !rule.fields.is_empty() || !rule.columns.is_empty();
    let kind = if is_structural { FileType::Json } else { FileType::Text };
    // A call that has no members of its own.
    let found = engine.find_in_file(kind, Some(("", "")), text.as_bytes());
    found.into_iter().map(|found| found.range).collect()
}

/// Where a value of a `[[mask]]` table stands.
struct Written<'t> {
    rule: usize,
    key: &'t str,
    index: usize,
    span: std::ops::Range<usize>,
}

fn places(text: &str) -> Vec<Written<'static>> {
    let Ok(table) = DeTable::parse(text) else { return Vec::new() };
    let Some(DeValue::Array(rules)) = table.get_ref().get("mask").map(|rules| rules.get_ref()) else {
        return Vec::new();
    };
    let mut places = Vec::new();
    for (rule, value) in rules.iter().enumerate() {
        let DeValue::Table(table) = value.get_ref() else { continue };
        for key in ["regex", "field", "column", "name", "examples", "counter_examples"] {
            let Some(value) = table.get(key) else { continue };
            match value.get_ref() {
                DeValue::Array(values) => {
                    places.extend(values.iter().enumerate().map(|(index, value)| Written {
                        rule,
                        key,
                        index,
                        span: value.span(),
                    }))
                }
                _ => places.push(Written { rule, key, index: 0, span: value.span() }),
            }
        }
    }
    places
}
