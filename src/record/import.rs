//! Taking a recording of another program into the store.
//!
//! It can be watched, searched and exported like one of ours. It is none: its first line says where it came from, nothing
//! vouches for what happened before it got here, and it has no seal.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::head;
use super::place::Place;
use super::private;
use super::sink::Sink;
use crate::audit::Chain;
use crate::audit::Checkpoint;
use crate::audit::End;
use crate::audit::EndReason;
use crate::audit::Event;
use crate::audit::Start;
use crate::cast;
use crate::cast::Kind;
use crate::error::Error;
use crate::error::Kind as Trouble;
use crate::error::Result;
use crate::types::Micros;

/// Bytes gathered before they are written.
const BLOCK: usize = 256 << 10;

/// Writes a recording below the state folder `state`: `start`, which says where it was taken from, and `events`, both masked
/// by the caller. Gives its folder. It appears as a whole or not at all.
///
/// # Errors
/// When it is there already, when an event cannot be read, or the files cannot be written.
pub fn import(
    state: &Path,
    start: &Start,
    events: impl Iterator<Item = Result<cast::Event>>,
) -> Result<PathBuf> {
    let place = Place::new(state);
    let folder = place.folder(start.id);
    if folder.exists() {
        return Err(Error::new(Trouble::Usage, "this recording is in the store already")
            .fix(format!("watch it: hoop-replay {}", start.id)));
    }
    // Names that are no session ids are passed over by everybody.
    let unfinished = folder.with_file_name(format!(".{}.importing", start.id));
    if unfinished.exists() {
        drop(fs::remove_dir_all(&unfinished));
    }
    private::new_folder(&unfinished)?;
    let done = write(&unfinished, start, events).and_then(|()| {
        fs::rename(&unfinished, &folder).map_err(|cause| private::cannot("make", &folder, &cause))
    });
    if let Err(error) = done {
        drop(fs::remove_dir_all(&unfinished));
        return Err(error);
    }
    Ok(folder)
}

fn write(folder: &Path, start: &Start, events: impl Iterator<Item = Result<cast::Event>>) -> Result<()> {
    let mut sink = Sink::hashed(&folder.join("terminal.cast"))?;
    let mut writer = cast::Writer::new(cast::Form::V3);
    let mut block = Vec::with_capacity(2 * BLOCK);
    writer.header(&head::header(start), &mut block);
    let (mut last, mut status) = (Micros(0), None);
    for event in events {
        let event = event?;
        last = last.max(event.time);
        if event.kind == Kind::Exit {
            status = event.data.parse().ok();
        }
        writer.event(&event, &mut block);
        if block.len() >= BLOCK {
            sink.write(&block)?;
            block.clear();
        }
    }
    sink.write(&block)?;
    let mut chain = Chain::new(start.id);
    let mut lines = Vec::new();
    chain.append(&Event::SessionStart(Box::new(start.clone())), Micros(0), &mut lines)?;
    let checkpoint = Checkpoint { offset: sink.bytes(), sha256: sink.sha256() };
    chain.append(&Event::Checkpoint(checkpoint), last, &mut lines)?;
    let end = End { reason: EndReason::Exited, status, ..End::default() };
    chain.append(&Event::SessionEnd(end), last, &mut lines)?;
    Sink::plain(&folder.join("audit.jsonl"))?.write(&lines)
}
