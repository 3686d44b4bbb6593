//! `hoopctl pack`: packs the terminal recordings of sessions that are over.

use std::path::Path;

use serde_json::json;

use super::console::Console;
use super::prune::in_units;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::record;
use crate::record::Packed;
use crate::record::Place;
use crate::types::SessionId;

/// Pack recordings (zstd).
///
/// A sealed session's terminal.cast becomes terminal.cast.zst, often a fifth of its size or less. It is verified, watched,
/// searched, exported and pruned as before, and `zstd -d` gives it back byte for byte. hoop does this by itself an hour after
/// a session has ended, beside a later one, unless `record.pack` is false.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hoopctl pack                  all that are sealed and not packed yet
  hoopctl pack last             the newest one

What runs or is not sealed yet, and what is not what was sealed, stays as it is. A recording is never
lost: the packed one is read back, compared with the seal and on the disk before the other one goes.

Exit status: 0 done, also where there was nothing to do; 1 something could not be packed.")]
pub struct Args {
    /// Session ids, their beginnings, or `last` [default: all]
    #[arg(value_name = "SESSION")]
    sessions: Vec<String>,
    /// One JSON object a line for each recording
    #[arg(long)]
    json: bool,
}

/// Does it; gives the exit status: 1 when something could not be packed.
pub fn run(args: &Args, state: &Path, console: &mut Console<'_>) -> Result<u8> {
    let place = Place::new(state);
    let all = args.sessions.is_empty();
    let sessions = match all {
        true => place.all()?,
        false => args.sessions.iter().map(|name| id(&place, name)).collect::<Result<Vec<_>>>()?,
    };
    let (mut count, mut before, mut after, mut failed) = (0_u64, 0, 0, 0_u64);
    for session in sessions {
        let packed = record::pack(state, session, &|| false);
        if let Ok(Packed::Done(was, is)) = packed {
            (count, before, after) = (count + 1, before + was, after + is);
        }
        let (word, why) = words(&packed);
        let is_wrong = matches!(packed, Err(_) | Ok(Packed::Damaged | Packed::Gone));
        failed += u64::from(is_wrong);
        // Of all of them only those are told that something was done with, or should have been.
        if all && matches!(packed, Ok(Packed::Before | Packed::Open | Packed::Unfit)) {
            continue;
        }
        if args.json {
            let sizes = if let Ok(Packed::Done(was, is)) = packed { Some((was, is)) } else { None };
            console.json(&json!({
                "session": session,
                "state": word,
                "reason": why,
                "bytes": sizes.map(|(was, _)| was),
                "packed_bytes": sizes.map(|(_, is)| is),
            }))?;
        } else if let Some(why) = why {
            console.notice(&format!("{session}: {why}"));
        }
    }
    if !args.json {
        let number = if count == 1 { "1 recording".to_owned() } else { format!("{count} recordings") };
        console.line(&match count {
            0 => "nothing was packed".to_owned(),
            _ => format!("packed {number}: {} became {}", in_units(before), in_units(after)),
        })?;
    }
    Ok(u8::from(failed > 0))
}

fn id(place: &Place, name: &str) -> Result<SessionId> {
    let folder = place.find(name)?;
    let id = folder.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
    id.filter(|id| place.folder(*id) == folder).ok_or_else(|| {
        Error::new(Kind::Usage, format!("{} is no session of this store", folder.display()))
            .fix("name a session: hoopctl sessions")
    })
}

/// A word for programs, and for people why it was not packed.
fn words(packed: &Result<Packed>) -> (&'static str, Option<String>) {
    let (word, why) = match packed {
        Ok(Packed::Done(..)) => return ("packed", None),
        Ok(Packed::Before) => ("packed", "it was packed already"),
        Ok(Packed::Open) => ("open", "it runs, or is not sealed yet"),
        Ok(Packed::Damaged) => ("damaged", "it is not what was sealed; see where: hoopctl verify"),
        Ok(Packed::Unfit) => ("unfit", "packing would not make it smaller"),
        Ok(Packed::Stopped) => ("stopped", "it was stopped"),
        Ok(Packed::Gone) => ("gone", "it was removed meanwhile"),
        Err(error) => return ("failed", Some(error.to_string())),
    };
    (word, Some(why.to_owned()))
}
