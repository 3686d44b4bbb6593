//! `hoop-replay --plain`: what the viewer shows, as lines.

use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::args::Cli;
use super::list;
use super::place;
use super::place::Found;
use crate::clock::Clock;
use crate::config::load::Config;
use crate::error::Error;
use crate::error::Result;
use crate::export::Failure;
use crate::record;
use crate::record::Place;
use crate::record::index;
use crate::replay;
use crate::replay::Plain;
use crate::replay::PlainWish;
use crate::store::Filter;
use crate::store::Page;

/// How often a recording that is followed is looked at.
const REST: Duration = Duration::from_millis(200);
/// Sessions that are read from the index at once.
const AT_ONCE: u32 = 1_000;

/// Does it. Whoever reads may have gone away: that is no error.
pub fn run(cli: &Cli, config: &Config) -> Result<()> {
    let found = cli.recording.as_deref().map(place::find).transpose()?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut plain = Plain::new(&mut out);
    let told = match &found {
        None => sessions(config, &mut plain),
        Some(found) => recording(cli, config, found, &mut plain),
    };
    match told.and_then(|()| out.flush().map_err(Failure::from)) {
        Err(Failure::Output(cause)) if cause.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(Failure::Output(cause)) => Err(Error::io("cannot write the output", &cause)),
        Err(Failure::Recording(error)) => Err(error),
        Ok(()) => Ok(()),
    }
}

fn recording(cli: &Cli, config: &Config, found: &Found, plain: &mut Plain<'_>) -> Result<(), Failure> {
    let cast = &found.source.cast;
    replay::Tape::open(cast).map_err(|error| place::explained(error, cast))?;
    let cache = config.state_dir().join("cache/replay");
    let wish = PlainWish {
        zone: TimeZone::system(),
        at: &cli.at,
        follows: cli.follow,
        rest: REST,
        cache: Some(&cache),
    };
    replay::plain_tell(&found.source, &wish, plain)
}

/// The list, a page of it at a time.
fn sessions(config: &Config, plain: &mut Plain<'_>) -> Result<(), Failure> {
    let state = config.state_dir();
    record::recover(&state, &Clock::system());
    let (index, _) = index::open(&state)?;
    let (place, zone) = (Place::new(&state), TimeZone::system());
    let mut page = Page { limit: AT_ONCE, offset: 0 };
    let mut count = 0;
    loop {
        let rows = index.sessions(&Filter::default(), page)?;
        let is_last = rows.len() < AT_ONCE as usize;
        count +=
            replay::plain_sessions(rows.into_iter().map(|row| list::session(&place, row)), &zone, plain)?;
        if is_last {
            break;
        }
        page.offset += AT_ONCE;
    }
    plain.fact("sessions", &if count == 0 { "none yet".to_owned() } else { count.to_string() })?;
    Ok(())
}
