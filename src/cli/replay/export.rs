//! `hoop-replay export`.

use std::fs;
use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;

use super::args::Export;
use super::args::Format;
use super::args::Moment;
use super::place;
use super::place::Found;
use super::theme;
use crate::audit;
use crate::cast::Form;
use crate::cast::Kind as EventKind;
use crate::cast::Reader;
use crate::cli::surroundings;
use crate::config::load::Config;
use crate::error::Error;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;
use crate::export;
use crate::export::Pace;
use crate::export::Still;
use crate::replay::Theme;
use crate::term::Screen;
use crate::term::Snapshot;
use crate::types::Micros;

/// Does it.
pub fn run(wish: &Export) -> Result<()> {
    let format = format(wish)?;
    let found = place::find(&wish.recording)?;
    let theme = theme(wish.theme.as_deref(), &Config::load(&surroundings::sources())?)?;
    let Some(path) = &wish.output else {
        let mut out = BufWriter::new(io::stdout().lock());
        return match write(wish, format, &found, &theme, &mut out) {
            // Whoever read our output may have gone away (`| head`).
            Err(Failure::Output(cause)) if cause.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(|failure| failure.explained("standard output")),
        };
    };
    let mut out = BufWriter::new(create(path, wish.overwrite)?);
    write(wish, format, &found, &theme, &mut out).map_err(|failure| {
        // Half a file would look like a whole one.
        let _ = fs::remove_file(path);
        failure.explained(&path.display().to_string())
    })
}

fn format(wish: &Export) -> Result<Format> {
    let by_name = || {
        let name = wish.output.as_ref()?.extension()?.to_str()?;
        match name {
            "cast" => Some(Format::Cast),
            "txt" | "log" => Some(Format::Txt),
            "jsonl" | "ndjson" => Some(Format::Jsonl),
            "svg" => Some(Format::Svg),
            _ => None,
        }
    };
    wish.format.or_else(by_name).ok_or_else(|| {
        Error::new(Kind::Usage, "it is not said what to write").fix(
            "give --format cast, cast2, txt, jsonl or svg, or an output file with such a name: -o demo.cast",
        )
    })
}

fn create(path: &Path, overwrite: bool) -> Result<File> {
    let made = if overwrite { File::create(path) } else { File::create_new(path) };
    match made {
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
            Err(Error::new(Kind::Usage, format!("`{}` exists already", path.display()))
                .fix("give --overwrite to replace it, or another name"))
        }
        made => made
            .context(|| format!("cannot write {}", path.display()))
            .map_err(|error| error.fix("choose a file in a folder that exists and that you may write to")),
    }
}

/// Why an export ended early.
enum Failure {
    /// The recording.
    Recording(Error),
    /// The place it is written to.
    Output(io::Error),
}

impl Failure {
    fn explained(self, output: &str) -> Error {
        match self {
            Self::Recording(error) => error,
            Self::Output(cause) => Error::io(format!("cannot write {output}"), &cause),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Recording(error)
    }
}

impl From<io::Error> for Failure {
    fn from(cause: io::Error) -> Self {
        Self::Output(cause)
    }
}

fn write(
    wish: &Export,
    format: Format,
    found: &Found,
    theme: &Theme,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let cast = &found.source.cast;
    let open = || Reader::open(cast).map_err(|error| place::explained(error, cast));
    let unread = match format {
        Format::Cast | Format::Cast2 => {
            let form = if format == Format::Cast { Form::V3 } else { Form::V2 };
            let limit = wish.pacing.idle_limit.and_then(super::args::Pause::limit);
            let pace = Pace::new(limit, wish.pacing.speed.unwrap_or(1.0));
            let mut reader = open()?;
            let header = reader.header().clone();
            export::write_cast(&header, reader.by_ref(), form, pace, out)?.1
        }
        Format::Txt => {
            let mut reader = open()?;
            let header = reader.header().clone();
            export::write_text(&header, reader.by_ref(), out)?
        }
        Format::Jsonl => {
            let audit = found.source.audit.as_deref().ok_or_else(|| {
                Error::new(Kind::NotFound, format!("{} has no calls", cast.display()))
                    .why("calls are recorded in sessions of hoop-run; this is a terminal recording alone")
                    .fix("name a session: hoop-replay list")
            })?;
            export::write_calls(audit::Reader::open(audit)?, out)?.1
        }
        Format::Svg => {
            let at = wish.at.unwrap_or(Moment::End);
            let (screen, header_title) = screen_at(cast, at)?;
            let own = found.title();
            let usual = if own.is_empty() { header_title } else { own };
            let title = wish.title.clone().unwrap_or(usual);
            let title = Some(title.as_str()).filter(|title| *title != "none" && !title.is_empty());
            export::write_svg(&Still { screen: &screen, palette: theme.palette(), title }, out)?;
            0
        }
    };
    out.flush()?;
    if unread > 0 {
        let lines = if unread == 1 { "line" } else { "lines" };
        let _ = writeln!(
            io::stderr(),
            "hoop-replay: {unread} {lines} of the recording could not be read and are left out\n  \
             fix: see what is wrong: hoopctl verify"
        );
    }
    Ok(())
}

/// The screen at a moment, and the title in the recording's header.
fn screen_at(cast: &Path, at: Moment) -> Result<(Snapshot, String)> {
    let open = || Reader::open(cast).map_err(|error| place::explained(error, cast));
    let until = match at {
        Moment::At(time) => time,
        Moment::End => Micros(u64::MAX),
        Moment::Percent(part) => {
            let length = open()?.filter_map(Result::ok).map(|event| event.time).max().unwrap_or_default();
            Micros(length.0 / 100 * u64::from(part) + length.0 % 100 * u64::from(part) / 100)
        }
    };
    let reader = open()?;
    let header = reader.header().clone();
    let mut screen = Screen::new(header.cols, header.rows);
    for event in reader.filter_map(Result::ok).take_while(|event| event.time <= until) {
        match (event.kind, event.size()) {
            (EventKind::Output, _) => screen.feed(&event.data),
            (EventKind::Resize, Some((cols, rows))) => screen.resize(cols, rows),
            _ => {}
        }
    }
    Ok((screen.snapshot(), header.title.or(header.command).unwrap_or_default()))
}
