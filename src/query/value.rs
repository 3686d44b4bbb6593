//! The values of fields: what they mean, and what is wrong with them.

use jiff::SignedDuration;
use jiff::Span;
use jiff::SpanRelativeTo;
use jiff::Timestamp;
use jiff::Zoned;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::fields::Field;
use super::fields::Sort;
use crate::pattern;

/// The time that relative times are counted from, and the zone of dates without one.
#[derive(Clone, Debug)]
pub struct Now {
    /// Microseconds since the Unix epoch.
    pub unix_micros: u64,
    /// The person's zone.
    pub zone: TimeZone,
}

/// What a value must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// The whole text is like this.
    Is(Pattern),
    /// A part of the text is like this.
    Has(Pattern),
    /// The id begins so; in capitals.
    Begins(String),
    /// It is the newest session.
    Last,
    /// This word.
    Word(&'static str),
    /// A number, or a length of time in microseconds.
    Within(Bounds),
    /// Not this exit status: another one, or a signal.
    Other(i64),
    /// At or after this, in microseconds since the Unix epoch; with `before:` before it.
    Moment(u64),
}

/// A text in which `*` stands for anything; letters of either case mean the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(pub String);

impl Pattern {
    /// Whether it fits the whole of a text.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        let wanted = self.0.to_ascii_lowercase();
        // A question mark is one like any other letter here.
        let text = text.to_ascii_lowercase();
        pieces_fit(&wanted, &text)
    }

    /// Whether it fits a part of a text.
    #[must_use]
    pub fn has(&self, text: &str) -> bool {
        Self(format!("*{}*", self.0)).is(text)
    }

    /// Whether it fits everything.
    #[must_use]
    pub fn is_any(&self) -> bool {
        !self.0.is_empty() && self.0.bytes().all(|byte| byte == b'*')
    }
}

fn pieces_fit(wanted: &str, text: &str) -> bool {
    if !wanted.contains('?') {
        return pattern::matches(wanted, text);
    }
    let mut pieces = wanted.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

/// From one number to another, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Not less than this.
    pub low: Option<i64>,
    /// Not more than this.
    pub high: Option<i64>,
}

impl Bounds {
    /// Whether it holds the number.
    #[must_use]
    pub fn hold(&self, number: i64) -> bool {
        self.low.is_none_or(|low| number >= low) && self.high.is_none_or(|high| number <= high)
    }
}

/// What is wrong with a value, and what to write.
pub(super) type Wrong = (String, String);

/// Reads a value.
pub(super) fn read(field: Field, text: &str, now: &Now) -> Result<Test, Wrong> {
    let info = field.info();
    let name = info.name;
    let like = || format!("for example {}", info.example);
    if text.is_empty() {
        return Err((format!("`{name}:` needs a value right after it"), like()));
    }
    let wrong = |what: &str| (format!("`{}` is no {what}", text.escape_debug()), like());
    match info.sort {
        Sort::Name => Ok(Test::Is(Pattern(text.to_owned()))),
        Sort::Part if text.bytes().all(|byte| byte == b'*') => {
            Err((format!("`{name}:` needs a part of a text, not only `*`"), like()))
        }
        Sort::Part => Ok(Test::Has(Pattern(text.to_owned()))),
        Sort::Id if text == "last" => Ok(Test::Last),
        Sort::Id if text.len() <= 26 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            Ok(Test::Begins(text.to_ascii_uppercase()))
        }
        Sort::Id => Err(wrong("beginning of a session id: these have digits and letters only")),
        Sort::Word(words) => word(words, text).map(Test::Word),
        Sort::Number => match hundred(text) {
            Some(bounds) => Ok(Test::Within(bounds)),
            None => bounds(text, &number, false).ok_or_else(|| wrong("number or range")).map(Test::Within),
        },
        Sort::Exit => match text.strip_prefix('!').map(number) {
            Some(Some(status @ 0..=255)) => Ok(Test::Other(status)),
            Some(_) => Err(exit(text)),
            None => match bounds(text, &number, false) {
                Some(bounds) if [bounds.low, bounds.high].iter().flatten().all(|at| (0..=256).contains(at)) => {
                    Ok(Test::Within(bounds))
                }
                _ => Err(exit(text)),
            },
        },
        Sort::Length => bounds(text, &length, true).map(Test::Within).ok_or_else(|| {
            let why = format!("`{}` is no length of time", text.escape_debug());
            (why, format!("write {name}:>5s, {name}:<=100ms or {name}:1m..1h, in ms, s, m, h, d, w"))
        }),
        Sort::Moment => moment(text, now).map(Test::Moment).ok_or_else(|| {
            let why = format!("`{}` is not a time", text.escape_debug());
            (why, format!("write {name}:2026-07-01, {name}:2026-07-01T12:30, today, yesterday, or how long ago: 90m, 2h, 3d, 1w"))
        }),
    }
}

fn exit(text: &str) -> Wrong {
    let why = format!("`{}` is no exit status", text.escape_debug());
    (why, "write a number up to 255, a range 1..127, or !0 for all but success".to_owned())
}

/// One of some words, or the one that was probably meant.
fn word(words: &'static [&'static str], text: &str) -> Result<&'static str, Wrong> {
    if let Some(word) = words.iter().find(|word| word.eq_ignore_ascii_case(text)) {
        return Ok(word);
    }
    let why = format!("`{}` is none of its values", text.escape_debug());
    let all = words.join(", ");
    Err((
        why,
        match nearest(text, words.iter().copied()) {
            Some(word) => format!("did you mean `{word}`? There are {all}"),
            None => format!("write one of {all}"),
        },
    ))
}

/// The one of some words that is nearly the same.
pub(super) fn nearest<'a>(text: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let text: String = text.to_lowercase().chars().take(32).collect();
    words
        .map(|word| (strsim::jaro_winkler(&text, word), word))
        .filter(|(near, _)| *near > 0.8)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, word)| word)
}

fn number(text: &str) -> Option<i64> {
    (text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// `4xx`.
fn hundred(text: &str) -> Option<Bounds> {
    let digit = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX"))?;
    let first = number(digit).filter(|first| *first <= 9)?;
    Some(Bounds { low: Some(first * 100), high: Some(first * 100 + 99) })
}

/// `>5`, `<=5`, `1..5`, `..5`, `5..`, `5`: that, or, with `is_least`, at least that.
fn bounds(text: &str, read: &dyn Fn(&str) -> Option<i64>, is_least: bool) -> Option<Bounds> {
    let at = |low: Option<i64>, high: Option<i64>| Some(Bounds { low, high });
    if let Some(rest) = text.strip_prefix(">=") {
        return at(Some(read(rest)?), None);
    }
    if let Some(rest) = text.strip_prefix("<=") {
        return at(None, Some(read(rest)?));
    }
    if let Some(rest) = text.strip_prefix('>') {
        return at(Some(read(rest)?.checked_add(1)?), None);
    }
    if let Some(rest) = text.strip_prefix('<') {
        return at(None, Some(read(rest)?.checked_sub(1)?));
    }
    if let Some((low, high)) = text.split_once("..") {
        let read = |text: &str| match text {
            "" => Some(None),
            text => read(text).map(Some),
        };
        return match (read(low)?, read(high)?) {
            (None, None) => None,
            (low, high) => at(low, high),
        };
    }
    let exact = read(text)?;
    at(Some(exact), (!is_least).then_some(exact))
}

/// A length of time in microseconds.
fn length(text: &str) -> Option<i64> {
    if text.starts_with(['-', '+']) || text.starts_with(char::is_whitespace) {
        return None;
    }
    let span: Span = text.parse().ok()?;
    if span.is_negative() || span.get_years() != 0 || span.get_months() != 0 {
        return None;
    }
    let length: SignedDuration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    i64::try_from(length.as_micros()).ok()
}

/// A time as people write it, in microseconds since the Unix epoch.
fn moment(text: &str, now: &Now) -> Option<u64> {
    let at = i64::try_from(now.unix_micros).ok().and_then(|now| Timestamp::from_microsecond(now).ok())?;
    let zoned = at.to_zoned(now.zone.clone());
    let day = |day: Zoned| day.start_of_day().ok().map(|at| at.timestamp());
    let local = |at: DateTime| at.to_zoned(now.zone.clone()).ok().map(|at| at.timestamp());
    let ago = |span: Span| zoned.checked_sub(span.abs()).ok().map(|at| at.timestamp());
    let found = match text {
        "now" => Some(at),
        "today" => day(zoned),
        "yesterday" => day(zoned.yesterday().ok()?),
        text => (text.parse::<Timestamp>().ok())
            .or_else(|| text.parse::<DateTime>().ok().and_then(local))
            .or_else(|| text.parse::<Span>().ok().and_then(ago)),
    };
    found.and_then(|at| u64::try_from(at.as_microsecond()).ok())
}
