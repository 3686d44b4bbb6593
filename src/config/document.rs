//! A TOML file read with places: typed access to its tables, collecting every fault instead of stopping at the first.

use std::cell::RefCell;
use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

use crate::config::diagnostic::Diagnostics;
use crate::config::diagnostic::Fault;
use crate::config::diagnostic::Place;
use crate::config::diagnostic::nearest;
use crate::config::diagnostic::shown;
use crate::config::duration;

/// Bytes a policy or configuration file may have.
pub const FILE_BYTES: usize = 1024 * 1024;

/// Faults collected from one file before the rest is left unread; far more than anybody reads.
const FAULTS: usize = 100;

/// Bytes of the file, for pointing at it.
pub type Span = Range<usize>;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// A TOML text being read. Holds the faults found so far.
pub struct Document<'i> {
    text: &'i str,
    origin: &'i str,
    line_starts: Vec<usize>,
    faults: RefCell<Vec<(usize, Fault)>>,
}

impl<'i> Document<'i> {
    /// Reads the syntax of `text`; `origin` is the file name that messages show.
    ///
    /// # Errors
    /// A text over [`FILE_BYTES`], or every syntax error found.
    pub fn parse(text: &'i str, origin: &'i str) -> Result<(Self, DeTable<'i>), Diagnostics> {
        if text.len() > FILE_BYTES {
            let fault =
                Fault::of(origin, format!("the file is too large: {} bytes, at most 1 MiB", text.len()));
            return Err(Diagnostics::new(vec![fault]));
        }
        let line_starts =
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
        let document =
            Self { text, origin, line_starts: line_starts.collect(), faults: RefCell::new(Vec::new()) };
        let (root, errors) = DeTable::parse_recoverable(text);
        if errors.is_empty() {
            return Ok((document, root.into_inner()));
        }
        let mut spans: Vec<(Span, &str)> =
            errors.iter().map(|error| (error.span().unwrap_or(0..0), error.message())).collect();
        spans.sort_by_key(|(span, _)| span.start);
        // A second error on a line is mostly the first one's echo.
        spans.dedup_by_key(|(span, _)| document.line(span.start));
        for (span, message) in spans {
            let (message, fix) = syntax(message);
            document.fault(span, message, fix);
        }
        Err(document.into_diagnostics())
    }

    /// The file name that messages show.
    #[must_use]
    pub fn origin(&self) -> &'i str {
        self.origin
    }

    /// The line a byte stands in, from 1.
    #[must_use]
    pub fn line(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at)
    }

    /// Notes a fault at a place.
    pub fn fault(&self, span: Span, message: impl Into<String>, fix: impl Into<Option<String>>) {
        let mut faults = self.faults.borrow_mut();
        if faults.len() < FAULTS {
            faults.push((span.start, self.make_fault(span, message, fix)));
        }
    }

    /// A fault at a place, without noting it: for warnings.
    #[must_use]
    pub fn make_fault(
        &self,
        span: Span,
        message: impl Into<String>,
        fix: impl Into<Option<String>>,
    ) -> Fault {
        let line = self.line(span.start);
        let start = self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let end = self.line_starts.get(line).map_or(self.text.len(), |next| next - 1).max(start);
        let mut place = Place::of(
            self.text.get(start..end).unwrap_or_default(),
            span.start.saturating_sub(start)..span.end.saturating_sub(start),
        );
        place.line = line;
        Fault { origin: self.origin.to_owned(), place: Some(place), message: message.into(), fix: fix.into() }
    }

    /// Whether nothing was wrong so far.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults.borrow().is_empty()
    }

    /// The faults noted, by place.
    #[must_use]
    pub fn into_diagnostics(self) -> Diagnostics {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|(at, _)| *at);
        Diagnostics::new(faults.into_iter().map(|(_, fault)| fault).collect())
    }
}

/// The parser's words in ours, with advice where the mistake is a usual one.
fn syntax(message: &str) -> (String, Option<String>) {
    let (message, fix) = match message {
        "string values must be quoted, expected literal string" => {
            ("a value is missing or not quoted", "texts stand in quotes: `key = \"text\"`")
        }
        "key with no value, expected `=`" => ("a key without a value", "write `key = value`"),
        "invalid unquoted key, expected letters, numbers, `-`, `_`" => (
            "this cannot stand in a key",
            "write `key = value`; a key with other characters stands in quotes",
        ),
        "duplicate key" => {
            ("this key was given before", "keep one; several values make a list: `key = [\"a\", \"b\"]`")
        }
        "unexpected key or value, expected newline, `#`" => {
            ("something follows the value", "one `key = value` a line; a comment begins with `#`")
        }
        "recursion limit" | "cannot recurse further; max recursion depth met" => {
            return ("nested too deeply".to_owned(), None);
        }
        other => return (other.to_owned(), None),
    };
    (message.to_owned(), Some(fix.to_owned()))
}

/// One table of the file. Every key it is asked for is a known one; [`Section::finish`] reports the others.
pub struct Section<'d, 'i> {
    document: &'d Document<'i>,
    table: &'d DeTable<'i>,
    /// What the table is called in messages: `[session]`, `a statement`.
    name: &'static str,
    /// Where the table begins.
    pub span: Span,
    known: Vec<&'static str>,
    missing: Vec<(&'static str, String)>,
}

impl<'d, 'i> Section<'d, 'i> {
    /// A table called `name` in messages, beginning at `span`.
    #[must_use]
    pub fn new(document: &'d Document<'i>, table: &'d DeTable<'i>, name: &'static str, span: Span) -> Self {
        Self { document, table, name, span, known: Vec::new(), missing: Vec::new() }
    }

    fn find(&mut self, key: &'static str) -> Option<&'d Spanned<DeValue<'i>>> {
        self.known.push(key);
        self.table.get(key)
    }

    /// Whether the key is there, of whatever type.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The key's own place, or the table's.
    #[must_use]
    pub fn key_span(&self, key: &str) -> Span {
        self.table.get_key_value(key).map_or(self.span.clone(), |(key, _)| key.span())
    }

    /// Notes that the table lacks a key, unless an unknown key turns out to be the same one misspelt.
    pub fn missing(&mut self, key: &'static str, advice: impl Into<String>) {
        self.missing.push((key, advice.into()));
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'i>>, wanted: &str, example: &str) {
        let found = kind(value.get_ref());
        self.document.fault(
            value.span(),
            format!("`{key}` is {wanted}, not {found}"),
            format!("write `{key} = {example}`"),
        );
    }

    /// A text.
    pub fn text(&mut self, key: &'static str) -> Option<At<&'d str>> {
        let value = self.find(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(At { value: text, span: value.span() }),
            _ => {
                self.wrong_type(key, value, "a text", "\"…\"");
                None
            }
        }
    }

    /// One text or a list of texts; an empty list is a fault.
    pub fn texts(&mut self, key: &'static str) -> Option<At<Vec<At<&'d str>>>> {
        let value = self.find(key)?;
        let found = texts_of(self.document, key, value)?;
        if found.value.is_empty() {
            self.document.fault(
                found.span,
                format!("`{key}` is an empty list: it would match nothing"),
                format!("leave `{key}` out, or name something"),
            );
            return None;
        }
        Some(found)
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, key: &'static str) -> Option<At<bool>> {
        let value = self.find(key)?;
        match value.get_ref() {
            DeValue::Boolean(truth) => Some(At { value: *truth, span: value.span() }),
            _ => {
                self.wrong_type(key, value, "true or false", "true");
                None
            }
        }
    }

    /// A whole number within `range`.
    pub fn number(&mut self, key: &'static str, range: std::ops::RangeInclusive<u64>) -> Option<At<u64>> {
        let value = self.find(key)?;
        let DeValue::Integer(number) = value.get_ref() else {
            self.wrong_type(key, value, "a whole number", &range.start().max(&1).to_string());
            return None;
        };
        match u64::from_str_radix(&number.as_str().replace('_', ""), number.radix()) {
            Ok(number) if range.contains(&number) => Some(At { value: number, span: value.span() }),
            _ => {
                let (least, most) = (range.start(), range.end());
                let fix = format!("write a number from {least} to {most}");
                self.document.fault(value.span(), format!("`{key}` is out of range"), fix);
                None
            }
        }
    }

    /// A duration within `range`, written as a text: `"5m"`.
    pub fn duration(
        &mut self,
        key: &'static str,
        range: std::ops::RangeInclusive<Duration>,
    ) -> Option<At<Duration>> {
        let value = self.find(key)?;
        let DeValue::String(text) = value.get_ref() else {
            self.wrong_type(key, value, "a duration", "\"5m\"");
            return None;
        };
        match duration::parse(text) {
            Ok(duration) if range.contains(&duration) => Some(At { value: duration, span: value.span() }),
            Ok(_) => {
                let (least, most) = (duration::format(*range.start()), duration::format(*range.end()));
                let message = format!("`{key}` is out of range: {}", shown(text));
                self.document.fault(value.span(), message, format!("give {least} to {most}"));
                None
            }
            Err(reason) => {
                let message = format!("`{}` is not a duration: a duration {reason}", shown(text));
                self.document.fault(
                    value.span(),
                    message,
                    "write it like \"90s\", \"5m\" or \"1h30m\"".to_owned(),
                );
                None
            }
        }
    }

    /// One word out of a list.
    pub fn choice<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<At<T>> {
        let text = self.text(key)?;
        choose(self.document, key, &text, words).map(|value| At { value, span: text.span })
    }

    /// A table below this one, called `name` in messages.
    pub fn table(&mut self, key: &'static str, name: &'static str) -> Option<Section<'d, 'i>> {
        let value = self.find(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(Section::new(self.document, table, name, value.span())),
            _ => {
                self.wrong_type(key, value, "a table", "{ … }");
                None
            }
        }
    }

    /// A list of tables, `[[key]]`, each called `name` in messages.
    pub fn tables(&mut self, key: &'static str, name: &'static str) -> Vec<Section<'d, 'i>> {
        let Some(value) = self.find(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.document.fault(
                self.key_span(key),
                format!("`{key}` is a list of tables, not {}", kind(value.get_ref())),
                format!("write `[[{key}]]`"),
            );
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Table(table) => {
                    sections.push(Section::new(self.document, table, name, item.span()));
                }
                other => self.document.fault(
                    item.span(),
                    format!("`{key}` is a list of tables, not of {}", kind(other)),
                    format!("write `[[{key}]]`"),
                ),
            }
        }
        sections
    }

    /// All keys with their values, whatever they are called; none is unknown then.
    pub fn entries(&self) -> impl Iterator<Item = (At<&'d str>, &'d Spanned<DeValue<'i>>)> {
        self.table.iter().map(|(key, value)| (At { value: key.get_ref().as_ref(), span: key.span() }, value))
    }

    /// The document the table belongs to.
    #[must_use]
    pub fn document(&self) -> &'d Document<'i> {
        self.document
    }

    /// Reports unknown and missing keys.
    pub fn finish(mut self) {
        for (key, _) in self.table {
            let word = key.get_ref().as_ref();
            if self.known.contains(&word) {
                continue;
            }
            let meant = nearest(word, self.known.iter().copied().filter(|known| !self.has(known)));
            let fix = match meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("{} has the keys {}", self.name, listed(&self.known)),
            };
            let message = format!("unknown key `{}` in {}", shown(word), self.name);
            self.document.fault(key.span(), message, fix);
            self.missing.retain(|(missing, _)| Some(*missing) != meant);
        }
        for (key, advice) in &self.missing {
            let message = format!("{} has no `{key}`", self.name);
            self.document.fault(self.span.clone(), message, advice.clone());
        }
    }
}

/// One text or a list of texts, from any value.
pub fn texts_of<'d>(
    document: &Document<'_>,
    key: &str,
    value: &'d Spanned<DeValue<'_>>,
) -> Option<At<Vec<At<&'d str>>>> {
    let wrong = |item: &Spanned<DeValue<'_>>| {
        let message = format!("`{}` is a text or a list of texts, not {}", shown(key), kind(item.get_ref()));
        document.fault(item.span(), message, format!("write `{} = [\"…\", \"…\"]`", shown(key)));
    };
    let items: Vec<_> = match value.get_ref() {
        DeValue::Array(items) => items.iter().collect(),
        _ => vec![value],
    };
    let mut texts = Vec::with_capacity(items.len());
    for item in &items {
        match item.get_ref() {
            DeValue::String(text) => texts.push(At { value: text.as_ref(), span: item.span() }),
            _ => wrong(item),
        }
    }
    (texts.len() == items.len()).then(|| At { value: texts, span: value.span() })
}

/// The value belonging to one word out of a list; a fault with the nearest word otherwise.
pub fn choose<T: Copy>(
    document: &Document<'_>,
    key: &str,
    text: &At<&str>,
    words: &[(&str, T)],
) -> Option<T> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text.value) {
        return Some(*value);
    }
    let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let fix = match nearest(text.value, all.iter().copied()) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => format!("`{key}` is one of {}", listed(&all)),
    };
    document.fault(text.span.clone(), format!("unknown `{key}`: \"{}\"", shown(text.value)), fix);
    None
}

/// `a`, `b`, `c`
fn listed(words: &[&str]) -> String {
    let mut words: Vec<&str> = words.to_vec();
    words.dedup();
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// What a value is, in words.
#[must_use]
pub fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
