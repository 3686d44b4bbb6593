//! The calls of a session one after the other, with what an export says of each.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::io;
use std::io::Write;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use crate::audit::Event;
use crate::audit::Line;
use crate::audit::Start;
use crate::audit::command_line;
use crate::error::Result;
use crate::export::Call;
use crate::export::Cleaner;
use crate::export::Collector;
use crate::export::Span;
use crate::export::Statement;
use crate::export::Unread;
use crate::term::is_unsafe;
use crate::types::Micros;

/// Most commands whose lines are remembered; calls of later ones have their number only.
const MOST_COMMANDS: usize = 100_000;

/// A call, and what stands beside it.
#[derive(Clone, Debug)]
pub struct Told {
    /// The call.
    pub call: Call,
    /// The line of the command that made it, where that is known.
    pub command: Option<String>,
    /// What a second mask hid in it: rules, and how often.
    pub masked: BTreeMap<String, u64>,
}

/// What is the same for all calls of a session.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// Its beginning, masked as the calls are.
    pub start: &'a Start,
    /// What was masked.
    pub statement: &'a Statement,
}

impl Session<'_> {
    /// A moment of the session, in microseconds since the Unix epoch.
    #[must_use]
    pub fn at(&self, time: Micros) -> u64 {
        self.start.started.saturating_add(time.0)
    }

    /// A moment of the session as RFC 3339 in UTC.
    #[must_use]
    pub fn rfc3339(&self, time: Micros) -> String {
        let at = i64::try_from(self.at(time)).ok().and_then(|at| Timestamp::from_microsecond(at).ok());
        at.unwrap_or_default().to_string()
    }

    /// What a line says of the second mask; null where there was none.
    #[must_use]
    pub fn masked(&self, told: &Told) -> Value {
        match self.statement.is_second_pass() {
            true => json!({"packs": self.statement.packs, "rules": told.masked}),
            false => Value::Null,
        }
    }
}

/// The calls that began in a stretch of time, in the order in which they ended; those without an end come last.
///
/// Lines that cannot be read are counted and passed over.
pub struct Calls<'c, I> {
    lines: I,
    span: Span,
    cleaner: Option<&'c Cleaner>,
    collector: Option<Collector>,
    rest: std::vec::IntoIter<Call>,
    commands: HashMap<u64, String>,
    unread: Unread,
}

impl<'c, I: Iterator<Item = Result<Line>>> Calls<'c, I> {
    /// The calls in the lines of an audit log, through a second mask where there is one.
    pub fn new(lines: I, span: Span, cleaner: Option<&'c Cleaner>) -> Self {
        let (collector, rest) = (Some(Collector::new()), Vec::new().into_iter());
        Self { lines, span, cleaner, collector, rest, commands: HashMap::new(), unread: Unread::default() }
    }

    /// What could not be read; known after the last call.
    pub fn unread(&self) -> Unread {
        self.unread.clone()
    }

    fn call(&mut self) -> Result<Option<Call>> {
        loop {
            let Some(collector) = &mut self.collector else { return Ok(self.rest.next()) };
            match self.lines.next() {
                Some(Ok(Line { event: Event::CommandStart(start), .. })) => {
                    if self.commands.len() < MOST_COMMANDS {
                        let masked = match self.cleaner {
                            Some(cleaner) => cleaner.event(Event::CommandStart(start))?,
                            None => Event::CommandStart(start),
                        };
                        if let Event::CommandStart(start) = masked {
                            self.commands.insert(start.id, command_line(&start.argv));
                        }
                    }
                }
                Some(Ok(line)) => {
                    if let Some(call) = collector.push(line) {
                        return Ok(Some(call));
                    }
                }
                Some(Err(error)) => self.unread.add(&error),
                None => {
                    let open: Option<Vec<Call>> =
                        self.collector.take().map(|collector| collector.finish().collect());
                    self.rest = open.unwrap_or_default().into_iter();
                }
            }
        }
    }

    fn told(&mut self) -> Result<Option<Told>> {
        while let Some(call) = self.call()? {
            if !self.span.has(call.t) {
                continue;
            }
            let command = call.begin.command.and_then(|number| self.commands.get(&number).cloned());
            let Some(cleaner) = self.cleaner else {
                return Ok(Some(Told { call, command, masked: BTreeMap::new() }));
            };
            let before = cleaner.take_counts();
            let call = cleaner.value(call)?;
            let masked = cleaner.take_counts();
            cleaner.add_counts([&before, &masked]);
            return Ok(Some(Told { call, command, masked }));
        }
        Ok(None)
    }
}

impl<I: Iterator<Item = Result<Line>>> Iterator for Calls<'_, I> {
    type Item = Result<Told>;

    fn next(&mut self) -> Option<Self::Item> {
        self.told().transpose()
    }
}

/// Why calls could not be written.
#[derive(Debug)]
pub enum Failure {
    /// The recording.
    Recording(crate::error::Error),
    /// The place they are written to.
    Output(io::Error),
}

impl From<crate::error::Error> for Failure {
    fn from(error: crate::error::Error) -> Self {
        Self::Recording(error)
    }
}

impl From<io::Error> for Failure {
    fn from(cause: io::Error) -> Self {
        Self::Output(cause)
    }
}

/// Writes each call as one line of JSON: all that was recorded of it.
///
/// # Errors
/// When a call cannot be masked, or the output cannot be written.
pub fn write_jsonl(
    session: Session<'_>,
    calls: impl Iterator<Item = Result<Told>>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    for told in calls {
        let told = told?;
        let mut line = serde_json::to_value(&told.call).map_err(io::Error::from)?;
        let masked = session.masked(&told);
        if !masked.is_null() {
            line["masked_at_export"] = masked;
        }
        json_line(&line, out)?;
    }
    Ok(())
}

/// A JSON value as a line; hidden and control characters are `\u` escapes, so that the line is safe to show.
///
/// # Errors
/// When it cannot be written.
pub fn json_line(value: &Value, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", escaped(&value.to_string()))
}

/// A line of JSON with its hidden and control characters as `\u` escapes: they stand in texts only.
pub(super) fn escaped(json: &str) -> Cow<'_, str> {
    if !json.contains(is_unsafe) {
        return Cow::Borrowed(json);
    }
    let mut line = String::with_capacity(json.len() + 16);
    for letter in json.chars() {
        match is_unsafe(letter) {
            true => {
                let units = letter.encode_utf16(&mut [0; 2]).to_vec();
                units.iter().for_each(|unit| line.push_str(&format!("\\u{unit:04x}")));
            }
            false => line.push(letter),
        }
    }
    Cow::Owned(line)
}
