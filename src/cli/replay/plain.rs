//! `hoop-replay --plain`: what the viewer shows, as lines.

use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::args::Cli;
use super::place;
use super::wanted::Wanted;
use crate::clock::Clock;
use crate::config::load::Config;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::export::Failure;
use crate::query;
use crate::query::Now;
use crate::query::Query;
use crate::record;
use crate::record::Place;
use crate::record::index;
use crate::replay;
use crate::replay::Plain;
use crate::replay::PlainWish;
use crate::store::Found;
use crate::store::Page;

/// How often a recording that is followed is looked at.
const REST: Duration = Duration::from_millis(200);
/// Sessions that are read from the index at once.
const AT_ONCE: u32 = 1_000;

/// Does it. Whoever reads may have gone away: that is no error.
pub fn run(cli: &Cli, config: &Config, wanted: &Wanted) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut plain = Plain::new(&mut out);
    let told = match wanted {
        Wanted::Recording { found, .. } => recording(cli, config, found, &mut plain),
        Wanted::List(query) => sessions(config, &understood(query)?, &mut plain),
    };
    match told.and_then(|()| out.flush().map_err(Failure::from)) {
        Err(Failure::Output(cause)) if cause.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(Failure::Output(cause)) => Err(Error::io("cannot write the output", &cause)),
        Err(Failure::Recording(error)) => Err(error),
        Ok(()) => Ok(()),
    }
}

fn recording(cli: &Cli, config: &Config, found: &place::Found, plain: &mut Plain<'_>) -> Result<(), Failure> {
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

/// A query as people write it.
fn understood(text: &str) -> Result<Query> {
    let now = Now { unix_micros: Clock::system().unix_micros(), zone: TimeZone::system() };
    query::parse(text, &now).map_err(|trouble| {
        let fix =
            if trouble.fix.is_empty() { "list the sessions: hoop-replay --plain" } else { &trouble.fix };
        Error::new(Kind::Usage, "this is neither a recording nor a query that can be understood")
            .why(trouble.why.clone())
            .fix(fix)
    })
}

/// The sessions that fit, and where, a page of them at a time.
fn sessions(config: &Config, query: &Query, plain: &mut Plain<'_>) -> Result<(), Failure> {
    let state = config.state_dir();
    record::recover(&state, &Clock::system());
    let (index, _) = index::open(&state)?;
    let (place, zone) = (Place::new(&state), TimeZone::system());
    let mut page = Page { limit: AT_ONCE, offset: 0 };
    let mut count = 0_usize;
    loop {
        let found = index.find(query, page)?;
        let is_last = found.len() < AT_ONCE as usize;
        count += found.len();
        for Found { session, hits, has_more } in found {
            let id = session.id.to_string();
            replay::plain_session(session, &place, &zone, plain)?;
            for hit in hits {
                replay::plain_hit(&id, hit.at, hit.source.as_str(), &hit.snippet, plain)?;
            }
            plain.fact(&format!("found in {id}"), if has_more { "more than these" } else { "" })?;
        }
        if is_last {
            break;
        }
        page.offset += AT_ONCE;
    }
    let none = if query.node.is_some() { "none fit" } else { "none yet" };
    plain.fact("sessions", &if count == 0 { none.to_owned() } else { count.to_string() })?;
    Ok(())
}
