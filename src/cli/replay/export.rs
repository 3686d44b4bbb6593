//! `hoop-replay export`.

use std::io::Write;
use std::path::Path;

use jiff::tz::TimeZone;

use super::export_args::Export;
use super::export_args::Format;
use super::export_job::Job;
use super::output::Destination;
use super::output::Output;
use super::place;
use crate::cli::ctl::conditions;
use crate::cli::saying;
use crate::clock::Clock;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::export;
use crate::export::Failure;
use crate::export::Unread;
use crate::query::Now;
use crate::query::Query;
use crate::record::index;
use crate::store::Filter;
use crate::store::Index;
use crate::store::Page;
use crate::term::safe_lines;

/// Sessions of which calls are written, looked up at once.
const PAGE: u32 = 500;

/// Does it.
pub fn run(wish: &Export) -> Result<()> {
    let format = format(wish)?;
    let query = wish.query.as_deref().map(|text| query(text, format)).transpose()?;
    // Before a long recording is read.
    let to = Destination::of(wish.output.as_deref(), wish.overwrite, format)?;
    let state = place::state()?;
    to.spare(&[], Some(&state))?;
    let unread = match (&wish.recording, query) {
        (Some(recording), query) => {
            let job = Job::new(wish, format, recording, query)?;
            to.spare(&job.recording(), None)?;
            to.write(|out| job.write(out))?
        }
        (None, query) => {
            let (index, _) = index::open(&state)?;
            let filter = Filter { query: query.clone(), ..Filter::default() };
            to.write(|out| every(wish, format, (&index, &filter), out))?
        }
    };
    if let Some(sentence) = unread.sentence() {
        let is_ours = wish.recording.as_deref().is_none_or(|name| !Path::new(name).is_file());
        let fix = if is_ours { "\n  fix: see what is wrong: hoopctl verify" } else { "" };
        saying::say(&safe_lines(&format!("hoop-replay: {sentence}{fix}")));
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

/// The calls of all sessions that fit, the newest session first.
fn every(
    wish: &Export,
    format: Format,
    (index, filter): (&Index, &Filter),
    out: &mut Output<'_>,
) -> Result<Unread, Failure> {
    let (mut unread, mut offset, mut is_first) = (Unread::default(), 0, true);
    loop {
        let rows = index.sessions(filter, Page { limit: PAGE, offset })?;
        offset += PAGE;
        if rows.is_empty() {
            if is_first && format == Format::Csv {
                export::write_csv_titles(out)?;
            }
            return Ok(unread);
        }
        for row in rows {
            let job = match Job::new(wish, format, &row.id.to_string(), filter.query.clone()) {
                // Taken away or damaged since it was looked at: the others are written all the same.
                Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Record) => {
                    saying::say(&format!("hoop-replay: session {} is left out: {error}", row.id));
                    continue;
                }
                job => job?,
            };
            let mut bytes = Vec::new();
            match format == Format::Csv && !is_first {
                // One line of titles is enough.
                true => {
                    unread.join(job.write(&mut bytes)?);
                    let end = bytes.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                    out.write_all(&bytes[end..])?;
                }
                false => unread.join(job.write(out)?),
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
