//! Sealing what dead processes left behind.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

use super::active;
use super::active::Found;
use super::place::Place;
use super::private;
use super::seal;
use super::seal::Seal;
use super::seal::SealedAs;
use super::sink::cannot_record;
use super::verify;
use super::verify::Pass;
use crate::audit::Chain;
use crate::audit::Checkpoint;
use crate::audit::End;
use crate::audit::EndReason;
use crate::audit::Event;
use crate::audit::Lost;
use crate::clock::Clock;
use crate::error::Result;
use crate::types::SessionId;

/// What became of a session whose process had died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// It is sealed as interrupted now.
    Sealed(SessionId),
    /// It had ended, and only its seal was missing.
    Finished(SessionId),
    /// It is not what was written, so it is left unsealed; `hoopctl verify` says where.
    Damaged(SessionId),
    /// Nothing had been written yet, or it was removed.
    Empty(SessionId),
    /// It could not be sealed, with the reason; the next start tries again.
    Failed(SessionId, String),
}

/// Whether [`recover`] would find something to look at: one look into a folder.
#[must_use]
pub fn may_need_recovery(state: &Path) -> bool {
    !active::all(&Place::new(state)).is_empty()
}

/// Seals the sessions below `state` whose process died. Sessions that run, in this process or another, are left
/// alone.
///
/// Looks only at the marks in `active/`: with none there it costs one look into an empty folder. Else it reads the
/// recordings concerned (about 1 s for 1 GiB), so call it from a thread of its own where that matters.
pub fn recover(state: &Path, clock: &Clock) -> Vec<Recovered> {
    let place = Place::new(state);
    let mut done = Vec::new();
    for id in active::all(&place) {
        match active::look(&place, id) {
            Ok(None | Some(Found::Running)) => {}
            Ok(Some(Found::Dead(mark))) => match close(&place, id, clock) {
                Ok(closed) => {
                    mark.end();
                    done.push(closed);
                }
                Err(error) => done.push(Recovered::Failed(id, error.to_string())),
            },
            Err(error) => done.push(Recovered::Failed(id, error.to_string())),
        }
    }
    done
}

fn close(place: &Place, id: SessionId, clock: &Clock) -> Result<Recovered> {
    let folder = place.folder(id);
    if !folder.is_dir() {
        return Ok(Recovered::Empty(id));
    }
    if seal::read(&folder).ok().flatten().is_some() {
        return Ok(Recovered::Finished(id));
    }
    let pass = verify::pass(&folder)?;
    // Faults first: a recording whose very first line was changed has no sound line either, and is not empty.
    if !pass.faults.is_empty() {
        return Ok(Recovered::Damaged(id));
    }
    if pass.lines == 0 {
        return Ok(Recovered::Empty(id));
    }
    if pass.session != Some(id) {
        return Ok(Recovered::Damaged(id));
    }
    let ended = pass.ended;
    let seal = match ended {
        true => seal_of(id, &pass, SealedAs::Complete, clock),
        false => end(&folder, id, pass, clock)?,
    };
    seal::write(place, &folder, seal)?;
    Ok(if ended { Recovered::Finished(id) } else { Recovered::Sealed(id) })
}

/// Writes the end that the dead process could not write.
fn end(folder: &Path, id: SessionId, mut pass: Pass, clock: &Clock) -> Result<Seal> {
    let path = folder.join("audit.jsonl");
    let mut options = OpenOptions::new();
    let mut file = options
        .append(true)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(&path)
        .map_err(|cause| private::cannot("open", &path, &cause))?;
    let mut chain = Chain::resume(pass.lines, std::mem::take(&mut pass.head));
    let mut lines = Vec::new();
    let mut events = Vec::new();
    if pass.cut > 0 {
        // A line that was being written when the process died: what it was about had not happened yet.
        let (what, reason) = ("audit line".to_owned(), "it was cut off when the session died".to_owned());
        events.push(Event::Lost(Lost { what, bytes: pass.cut, reason }));
    }
    let (offset, sha256) = (pass.cast.bytes(), pass.cast.sha256());
    events.push(Event::Checkpoint(Checkpoint { offset, sha256 }));
    let message =
        Some("the process that recorded this session died; ended when hoop next started".to_owned());
    events.push(Event::SessionEnd(End { reason: EndReason::Interrupted, message, ..End::default() }));
    for event in &events {
        chain.append(event, pass.last, &mut lines)?;
        pass.counts.add(event);
    }
    let written = file.set_len(pass.bytes).and_then(|()| file.write_all(&lines));
    written.map_err(|cause| cannot_record(&path, &cause))?;
    pass.bytes += lines.len() as u64;
    pass.lines = chain.lines();
    pass.head = chain.head().to_owned();
    Ok(seal_of(id, &pass, SealedAs::Interrupted, clock))
}

fn seal_of(session: SessionId, pass: &Pass, sealed_as: SealedAs, clock: &Clock) -> Seal {
    Seal {
        format: 1,
        session,
        sealed_as,
        sealed: clock.unix_micros(),
        audit_lines: pass.lines,
        audit_bytes: pass.bytes,
        audit_head: pass.head.clone(),
        cast_bytes: pass.cast.bytes(),
        cast_sha256: pass.cast.sha256(),
        counts: pass.counts,
        previous: None,
        key: String::new(),
    }
}
