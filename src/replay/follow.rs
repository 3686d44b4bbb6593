//! Watching a recording that is still being written.

use std::fs;
use std::path::Path;

use crate::cast::present;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::record;
use crate::record::Place;
use crate::record::SealedAs;
use crate::replay::deck::Desk;
use crate::replay::entries;
use crate::replay::message::News;
use crate::replay::message::Overview;
use crate::replay::prepare::Works;
use crate::replay::prepare::survey;
use crate::replay::tape::Mark;

/// The audit log is read again at most so often, and so many times as long as that took, in microseconds.
const AUDIT_EVERY: u64 = 1_000_000;
const AUDIT_SHARE: u64 = 20;
/// How often it is looked whether the recorder of a session still lives, in microseconds.
const ALIVE_EVERY: u64 = 2_000_000;

/// Tells what comes to the recording after `mark` until it has ended or the viewer leaves it.
pub fn follow(works: &Works, mut mark: Mark, mut overview: Overview, desk: &Desk) -> Result<()> {
    let stop = || works.wanted.stopped();
    let Some(file) = works.tape.file() else {
        desk.send(News::Ended);
        return Ok(());
    };
    let mut calls = Calls { path: works.source.audit.as_deref(), length: 0, due: 0 };
    let mut length = 0;
    let mut looked = works.clock.elapsed().0;
    while !stop() {
        let path = present(file);
        let now = match fs::metadata(&path) {
            Ok(meta) => meta.len(),
            // It may be about to come back, packed.
            Err(_) => length,
        };
        if path == file && now < mark.offset {
            return Err(Error::new(Kind::Record, "the recording has become shorter while it was followed")
                .why("something else has been written in its place")
                .fix("open it again"));
        }
        let before = (overview.events, overview.unread);
        if now != length {
            length = now;
            survey(&works.tape, &mut mark, &mut overview, &stop)?;
        }
        if (overview.events, overview.unread) != before {
            desk.send(News::Overview(overview.clone()));
        }
        calls.look(works, desk);
        let sealed =
            works.source.audit.as_ref().is_some_and(|audit| audit.with_file_name("seal.json").exists());
        // Sealed after the last look: its end has been read in any case when nothing came.
        if overview.exited || sealed && (overview.events, overview.unread) == before {
            calls.due = 0;
            calls.look(works, desk);
            desk.send(News::Ended);
            let folder = works.source.audit.as_deref().and_then(Path::parent);
            if folder.is_some_and(|folder| record::sealed_as(folder) == Some(SealedAs::Interrupted)) {
                desk.send(News::Notice("it was cut off: whatever recorded it was killed".to_owned()));
            }
            return Ok(());
        }
        if works.clock.elapsed().0.saturating_sub(looked) >= ALIVE_EVERY {
            looked = works.clock.elapsed().0;
            recover(works);
        }
        works.wanted.rest();
    }
    Ok(())
}

/// Seals the session if its recorder has died, as the list would do, so that it has an end.
fn recover(works: &Works) {
    let folder = works.source.audit.as_deref().and_then(Path::parent);
    // The state folder, above `sessions/YEAR/MONTH/DAY/ID`.
    let state = folder.and_then(|folder| folder.ancestors().nth(5));
    let id = folder.and_then(|folder| folder.file_name()?.to_str()?.parse().ok());
    if let (Some(folder), Some(state), Some(id)) = (folder, state, id)
        && Place::new(state).folder(id) == folder
        && record::may_need_recovery(state)
    {
        record::recover(state, &works.clock);
    }
}

/// The audit log beside the recording.
struct Calls<'a> {
    path: Option<&'a Path>,
    length: u64,
    due: u64,
}

impl Calls<'_> {
    /// Reads it if it has grown and enough time has passed.
    fn look(&mut self, works: &Works, desk: &Desk) {
        let began = works.clock.elapsed().0;
        let Some((path, length)) = self.path.and_then(|path| Some((path, fs::metadata(path).ok()?.len())))
        else {
            return;
        };
        if length == self.length || began < self.due {
            return;
        }
        self.length = length;
        // What cannot be read now was told when the recording was opened.
        if let Ok(read) = entries::read(path) {
            desk.send(News::Told(Box::new(read.into())));
        }
        let now = works.clock.elapsed().0;
        self.due = now + AUDIT_EVERY.max((now - began).saturating_mul(AUDIT_SHARE));
    }
}
