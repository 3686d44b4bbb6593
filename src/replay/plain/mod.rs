//! What the viewer shows, as plain lines for screen readers and pipes: one fact a line, its label before it, no drawing, no
//! colour, and no sign without a word.
//!
//! Labels stay as they are from version to version, so that scripts can look for them; docs/replay.md lists them.

use std::io;
use std::io::Write;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::error::Result;
use crate::export::Failure;
use crate::replay::deck::Source;
use crate::replay::going::Place;
use crate::term::clip;
use crate::term::safe;
use crate::term::width;

mod call;
mod facts;
mod list;
mod output;
mod screen;
mod sources;
mod told;

pub use list::hit;
pub use list::session;

use facts::Survey;
use output::Output;
use sources::Sources;
use told::Teller;

/// Longest value of a fact, in columns; the rest is counted.
const MAX_VALUE: usize = 4_096;
/// Longest label: parts of it can come from a recording.
const MAX_LABEL: usize = 160;

/// Writes facts.
pub struct Plain<'a> {
    out: &'a mut dyn Write,
    has_begun: bool,
}

impl<'a> Plain<'a> {
    /// Facts for `out`.
    pub fn new(out: &'a mut dyn Write) -> Self {
        Self { out, has_begun: false }
    }

    /// Begins a part: an empty line, and its name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn section(&mut self, name: &str) -> io::Result<()> {
        if std::mem::replace(&mut self.has_begun, true) {
            writeln!(self.out)?;
        }
        self.fact("section", name)
    }

    /// Writes `label: value`, safe to show whatever they hold. Nothing for an empty value.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn fact(&mut self, label: &str, value: &str) -> io::Result<()> {
        let (label, value) = (safe(label), safe(value));
        let value = value.trim_end();
        if value.is_empty() {
            return Ok(());
        }
        self.has_begun = true;
        let (label, shown) = (clip(&label, MAX_LABEL), clip(value, MAX_VALUE));
        match width(value) - width(shown) {
            0 => writeln!(self.out, "{label}: {shown}"),
            more => writeln!(self.out, "{label}: {shown} (and {more} characters more)"),
        }
    }

    /// Lets whoever reads have what was written.
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// How a recording is told.
pub struct Wish<'a> {
    /// The person's time zone.
    pub zone: TimeZone,
    /// The moments whose screens are shown; none: the last screen.
    pub at: &'a [Place],
    /// Whether it is told on while it is written.
    pub follows: bool,
    /// How long to wait before a recording that is followed is looked at again.
    pub rest: Duration,
    /// Where the viewer keeps its indexes.
    pub cache: Option<&'a std::path::Path>,
}

/// Tells a recording: what it is, what happened in order of time, and a screen. One that is followed is told until it ends, with
/// its output.
///
/// # Errors
/// When the recording cannot be read, or the facts cannot be written.
pub fn tell(source: &Source, wish: &Wish<'_>, plain: &mut Plain<'_>) -> Result<(), Failure> {
    let survey = Survey::of(source)?;
    plain.section("session")?;
    survey.tell(source, &wish.zone, plain)?;
    plain.section("what happened, in order of time")?;
    let mut sources = Sources::open(source)?;
    let mut teller = Teller::new(survey.is_ours());
    let header = sources.header();
    let mut output = wish.follows.then(|| Output::new(header.cols, header.rows));
    loop {
        let is_new = sources.read(&mut teller, output.as_mut(), plain)?;
        if !wish.follows {
            break;
        }
        plain.flush()?;
        if !is_new && sources.has_ended() {
            break;
        }
        std::thread::sleep(wish.rest);
    }
    teller.finish(plain)?;
    if let Some(output) = output {
        output.finish(plain)?;
    }
    if teller.told() == 0 {
        plain.fact("nothing", "no command, call, question, alert or marker was recorded")?;
    }
    sources.tell_unread(plain)?;
    plain.section("screen")?;
    let end = [Place::End];
    for place in if wish.at.is_empty() { &end } else { wish.at } {
        let shot = crate::replay::still(&source.cast, wish.cache, *place)?;
        screen::tell(*place, &shot, plain)?;
    }
    Ok(plain.flush()?)
}
