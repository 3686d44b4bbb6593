//! `hoop-replay export`.

use std::fs;
use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;

use jiff::tz::TimeZone;

use super::export_args::Export;
use super::export_args::Format;
use super::export_job::Job;
use super::place;
use crate::cli::ctl::conditions;
use crate::clock::Clock;
use crate::error::Error;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;
use crate::export::Failure;
use crate::query::Now;
use crate::query::Query;
use crate::record::index;
use crate::store::Filter;
use crate::store::Index;
use crate::store::Page;

/// Where it goes.
type Output = BufWriter<Box<dyn Write>>;

/// Sessions of which calls are written, looked up at once.
const PAGE: u32 = 500;

/// Does it.
pub fn run(wish: &Export) -> Result<()> {
    let format = format(wish)?;
    let query = wish.query.as_deref().map(|text| query(text, format)).transpose()?;
    let unread = match (&wish.recording, query) {
        (Some(recording), query) => {
            let job = Job::new(wish, format, recording, query)?;
            written(wish, |out| job.write(out))?
        }
        (None, query) => {
            let state = place::state()?;
            let (index, _) = index::open(&state)?;
            let filter = Filter { query: query.clone(), ..Filter::default() };
            written(wish, |out| every(wish, format, (&index, &filter), out))?
        }
    };
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

/// Calls one wants to have: what says so must fit the format.
fn query(text: &str, format: Format) -> Result<Query> {
    if !format.is_of_calls() {
        return Err(Error::new(Kind::Usage, "a --query picks calls, and this format has no list of them")
            .fix("write one of jsonl, csv, ocsf, cloudtrail: --format csv"));
    }
    let now = Now { unix_micros: Clock::system().unix_micros(), zone: TimeZone::system() };
    conditions::query(text, &now)
}

/// Writes to where it is wanted; gives how many lines could not be read.
fn written(wish: &Export, write: impl FnOnce(&mut Output) -> Result<u64, Failure>) -> Result<u64> {
    match &wish.output {
        None => {
            let mut out = BufWriter::new(Box::new(io::stdout().lock()) as Box<dyn Write>);
            match write(&mut out).and_then(|unread| Ok(out.flush().map(|()| unread)?)) {
                // Whoever read our output may have gone away (`| head`).
                Err(Failure::Output(cause)) if cause.kind() == io::ErrorKind::BrokenPipe => Ok(0),
                other => other.map_err(|failure| explained(failure, "standard output")),
            }
        }
        Some(path) => {
            let mut out = BufWriter::new(Box::new(create(path, wish.overwrite)?) as Box<dyn Write>);
            write(&mut out).and_then(|unread| Ok(out.flush().map(|()| unread)?)).map_err(|failure| {
                // Half a file would look like a whole one.
                let _ = fs::remove_file(path);
                explained(failure, &path.display().to_string())
            })
        }
    }
}

/// The calls of all sessions that fit, the newest session first.
fn every(
    wish: &Export,
    format: Format,
    (index, filter): (&Index, &Filter),
    out: &mut Output,
) -> Result<u64, Failure> {
    let (mut unread, mut offset, mut is_first) = (0, 0, true);
    loop {
        let rows = index.sessions(filter, Page { limit: PAGE, offset })?;
        offset += PAGE;
        if rows.is_empty() {
            return Ok(unread);
        }
        for row in rows {
            let job = Job::new(wish, format, &row.id.to_string(), filter.query.clone())?;
            let mut bytes = Vec::new();
            match format == Format::Csv && !is_first {
                // One line of titles is enough.
                true => {
                    unread += job.write(&mut bytes)?;
                    let end = bytes.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                    out.write_all(&bytes[end..])?;
                }
                false => unread += job.write(out)?,
            }
            is_first = false;
        }
    }
}

fn format(wish: &Export) -> Result<Format> {
    let by_name = || Format::of_extension(wish.output.as_ref()?.extension()?.to_str()?);
    wish.format.or_else(by_name).ok_or_else(|| {
        Error::new(Kind::Usage, "it is not said what to write")
            .fix("give a --format (hoop-replay export --help lists them), or an output file with such a name: -o demo.cast")
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

fn explained(failure: Failure, output: &str) -> Error {
    match failure {
        Failure::Recording(error) => error,
        Failure::Output(cause) => Error::io(format!("cannot write {output}"), &cause),
    }
}
