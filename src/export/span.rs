//! A part of a recording: from one moment to another, said in the words of people.

use std::path::Path;

use crate::audit;
use crate::audit::Event as Told;
use crate::cast;
use crate::cast::Kind;
use crate::error::Error;
use crate::error::Kind as Trouble;
use crate::error::Result;
use crate::term::clip;
use crate::term::safe;
use crate::types::Micros;

/// Most names of markers that an error lists.
const MOST_NAMES: usize = 8;
/// Columns of such a name.
const LONGEST_NAME: usize = 60;

/// A moment, as a person names it.
#[derive(Clone, Debug, PartialEq)]
pub enum Spot {
    /// So long after the start.
    Time(Micros),
    /// At this part of the recording, in per cent.
    Percent(f64),
    /// The end.
    End,
    /// A named place: its number from 1, or a part of its name.
    Marker(String),
    /// A command, by its number.
    Command(u64),
    /// An AWS call, by its number.
    Call(u64),
}

/// Which end of something that lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Its beginning.
    Begin,
    /// Its end; for what never ended, that of the recording.
    End,
}

/// A stretch of time, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first moment.
    pub from: Micros,
    /// Its last one.
    pub to: Micros,
}

impl Span {
    /// Everything.
    pub const ALL: Self = Self { from: Micros(0), to: Micros(u64::MAX) };

    /// Whether a moment lies in it.
    #[must_use]
    pub fn has(self, at: Micros) -> bool {
        (self.from..=self.to).contains(&at)
    }
}

/// The files of a recording.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// The terminal recording.
    pub cast: &'a Path,
    /// The audit log, where there is one.
    pub audit: Option<&'a Path>,
}

impl Spot {
    /// The moment meant; reads the recording as far as is needed.
    ///
    /// # Errors
    /// When a file cannot be read, or there is no such marker, command or call.
    pub fn resolve(&self, edge: Edge, files: Files<'_>) -> Result<Micros> {
        match self {
            Self::Time(time) => Ok(*time),
            Self::End => Ok(Micros(u64::MAX)),
            Self::Percent(part) => {
                let length = cast::Reader::open(files.cast)?.filter_map(Result::ok).map(|event| event.time);
                #[expect(clippy::cast_precision_loss, reason = "exact to a microsecond for 285 years")]
                let at = length.max().unwrap_or_default().0 as f64 * part.clamp(0.0, 100.0) / 100.0;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "never negative; saturates"
                )]
                Ok(Micros(at as u64))
            }
            Self::Marker(name) => marker(name, files.cast),
            Self::Command(number) => {
                let is_begin =
                    |event: &Told| matches!(event, Told::CommandStart(start) if start.id == *number);
                let is_end = |event: &Told| matches!(event, Told::CommandEnd(end) if end.id == *number);
                told(edge, files, ("command", *number), is_begin, is_end)
            }
            Self::Call(number) => {
                let is_begin =
                    |event: &Told| matches!(event, Told::CallBegin(begin) if begin.call == *number);
                let is_end = |event: &Told| matches!(event, Told::CallEnd(end) if end.call == *number);
                told(edge, files, ("call", *number), is_begin, is_end)
            }
        }
    }
}

fn marker(name: &str, cast: &Path) -> Result<Micros> {
    let wanted = name.to_lowercase();
    let number: Option<usize> = name.parse().ok();
    let (mut count, mut names) = (0_usize, Vec::new());
    for event in cast::Reader::open(cast)?.filter_map(Result::ok).filter(|event| event.kind == Kind::Marker) {
        count += 1;
        if number.map_or_else(|| event.data.to_lowercase().contains(&wanted), |number| number == count) {
            return Ok(event.time);
        }
        if names.len() < MOST_NAMES {
            names.push(format!("{count} {}", clip(&safe(&event.data), LONGEST_NAME)));
        }
    }
    let error =
        Error::new(Trouble::NotFound, format!("the recording has no marker `{}`", name.escape_debug()));
    Err(match names.is_empty() {
        true => error.why("it has no markers").fix("give a time, such as 1:02, or per cent: 50%"),
        false => {
            let more = if count > names.len() {
                format!(", and {} more", count - names.len())
            } else {
                String::new()
            };
            error
                .why(format!("it has {}{more}", names.join(", ")))
                .fix("give the number or a part of the name")
        }
    })
}

/// When something in the audit log began or ended.
fn told(
    edge: Edge,
    files: Files<'_>,
    (what, number): (&str, u64),
    is_begin: impl Fn(&Told) -> bool,
    is_end: impl Fn(&Told) -> bool,
) -> Result<Micros> {
    let Some(audit) = files.audit else {
        return Err(Error::new(Trouble::NotFound, format!("this recording has no {what} {number}"))
            .why(
                "commands and calls are recorded in sessions of hoop-run; this is a terminal recording alone",
            )
            .fix("give a time, per cent or a marker"));
    };
    let mut began = None;
    for line in audit::Reader::open(audit)?.filter_map(Result::ok) {
        if began.is_none() && is_begin(&line.event) {
            if edge == Edge::Begin {
                return Ok(line.t);
            }
            began = Some(line.t);
        } else if began.is_some() && is_end(&line.event) {
            return Ok(line.t);
        }
    }
    match began {
        Some(_) => Ok(Micros(u64::MAX)),
        None => Err(Error::new(Trouble::NotFound, format!("the session has no {what} {number}"))
            .fix(format!("list them: hoopctl {what}s"))),
    }
}
