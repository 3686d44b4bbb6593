//! One configuration file: its settings with their places.

use std::path::Path;

use toml::de::DeTable;
use toml::de::DeValue;

use crate::config::diagnostic::Diagnostics;
use crate::config::diagnostic::Fault;
use crate::config::diagnostic::nearest;
use crate::config::diagnostic::shown;
use crate::config::document::At;
use crate::config::document::Document;
use crate::config::document::Span;
use crate::config::document::kind;
use crate::config::keys::KEYS;
use crate::config::keys::Key;
use crate::config::keys::Kind;
use crate::config::keys::Value;
use crate::config::providers;
use crate::config::providers::Named;

/// A key set in a file.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The key.
    pub key: &'static Key,
    /// Its value.
    pub value: Value,
    /// The line it stands in.
    pub line: usize,
    /// A fault pointing at it, without a message yet.
    pub fault: Fault,
}

/// What stands in a configuration file.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The keys that it sets.
    pub settings: Vec<Setting>,
    /// The identity providers that it names.
    pub providers: Vec<Named>,
}

/// Reads a configuration file.
///
/// # Errors
/// Every fault found.
pub fn read_file(text: &str, path: &Path) -> Result<Contents, Diagnostics> {
    let origin = path.display().to_string();
    let (document, root) = Document::parse(text, &origin)?;
    let mut contents = Contents::default();
    walk(&document, "", &root, path, &mut contents);
    if document.is_sound() { Ok(contents) } else { Err(document.into_diagnostics()) }
}

/// As [`read_file`], the keys alone.
///
/// # Errors
/// Every fault found.
pub fn read_settings(text: &str, path: &Path) -> Result<Vec<Setting>, Diagnostics> {
    read_file(text, path).map(|contents| contents.settings)
}

fn walk(document: &Document<'_>, prefix: &str, table: &DeTable<'_>, path: &Path, contents: &mut Contents) {
    for (key, value) in table {
        let name = format!("{prefix}{}", key.get_ref());
        if let Some(known) = Key::find(&name) {
            if let Some(value) = read(document, known, value.get_ref(), value.span()) {
                let line = document.line(key.span().start);
                let fault = document.make_fault(key.span(), "", None);
                contents.settings.push(Setting { key: known, value, line, fault });
            }
            continue;
        }
        let section = format!("{name}.");
        let is_section = KEYS.iter().any(|known| known.name.starts_with(&section));
        match value.get_ref() {
            DeValue::Table(inner) if prefix == "identity." => {
                let name = At { value: key.get_ref().as_ref(), span: key.span() };
                contents.providers.extend(providers::read(document, &name, inner, path));
            }
            DeValue::Table(inner) if is_section => walk(document, &section, inner, path, contents),
            other if is_section => {
                let message = format!("`{}` is a table, not {}", shown(&name), kind(other));
                document.fault(value.span(), message, format!("write `[{name}]` and its keys below"));
            }
            other => unknown(document, &name, other, key.span()),
        }
    }
}

fn unknown(document: &Document<'_>, name: &str, value: &DeValue<'_>, span: Span) {
    let all = "all keys: hoopctl config list".to_owned();
    if matches!(value, DeValue::Table(_)) {
        let sections = KEYS.iter().filter_map(|key| key.name.split_once('.').map(|(section, _)| section));
        let fix = nearest(name, sections).map_or(all, |meant| format!("did you mean `[{meant}]`?"));
        return document.fault(span, format!("unknown table `{}`", shown(name)), fix);
    }
    let fix = Key::nearest(name).map_or(all, |meant| format!("did you mean `{meant}`?"));
    document.fault(span, format!("unknown key `{}`", shown(name)), fix);
}

fn read(document: &Document<'_>, key: &Key, value: &DeValue<'_>, span: Span) -> Option<Value> {
    let outcome = match (key.kind, value) {
        (Kind::Truth, DeValue::Boolean(truth)) => Ok(Value::Truth(*truth)),
        (Kind::Truth, other) => Err(wrong_type(key, kind(other))),
        (_, DeValue::String(text)) => key.read(text),
        (_, other) => Err(wrong_type(key, kind(other))),
    };
    outcome.map_err(|(message, fix)| document.fault(span, message, fix)).ok()
}

fn wrong_type(key: &Key, found: &str) -> (String, String) {
    let (wanted, example) = match key.kind {
        Kind::Truth => ("true or false", "true"),
        Kind::Duration(..) => ("a duration", "\"5m\""),
        _ => ("a text", "\"…\""),
    };
    (format!("`{}` is {wanted}, not {found}", key.name), format!("write `{} = {example}`", key.name))
}
