//! What the first screen of a recording does not need, made in the background: its calls, its length, keyframes.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::cast::Kind as EventKind;
use crate::clock::Clock;
use crate::error::Result;
use crate::replay::deck::Desk;
use crate::replay::deck::Source;
use crate::replay::deck::Wanted;
use crate::replay::entries;
use crate::replay::follow;
use crate::replay::index;
use crate::replay::index::Found;
use crate::replay::index::Index;
use crate::replay::keyframes::Keyframes;
use crate::replay::message::News;
use crate::replay::message::Overview;
use crate::replay::player::Player;
use crate::replay::tape::Mark;
use crate::replay::tape::Tape;
use crate::term::Screen;

/// Most named places kept from a recording, and longest name, in bytes.
const MAX_MARKERS: usize = 10_000;
const MAX_NAME: usize = 4 << 10;
/// Screens on disk may take this much, or a fraction of the recording.
const ALWAYS: u64 = 64 << 20;
const FRACTION: u64 = 4;

/// What the threads of an open recording share.
#[derive(Clone)]
pub struct Works {
    /// Where it is.
    pub source: Source,
    /// The open recording.
    pub tape: Tape,
    /// Its keyframes.
    pub keyframes: Arc<Keyframes>,
    /// What is asked for, and whether to stop.
    pub wanted: Arc<Wanted>,
    /// The time.
    pub clock: Clock,
    /// Whether it is watched while it grows.
    pub follows: bool,
}

/// Does it all. `cache` is the folder of indexes; without one keyframes are kept in memory.
pub fn prepare(works: &Works, cache: Option<&Path>, desk: &Desk) -> Result<()> {
    let stop = || works.wanted.stopped();
    let opened = cache.zip(works.tape.file()).map(|(cache, file)| open(works, cache, file));
    let (mut index, found) = match opened {
        Some(Ok((index, found))) => (Some(index), found),
        // Another viewer makes it, or there is no place for it: it would only have saved time.
        Some(Err(_)) | None => (None, Found::default()),
    };
    match works.source.audit.as_deref().map(entries::read).transpose() {
        Ok(read) => {
            read.into_iter().for_each(|read| desk.send(News::Told(Box::new(read.into()))));
        }
        // The terminal recording is worth seeing without its audit log.
        Err(error) => desk.send(News::Failed(error)),
    }
    let (mut mark, mut overview) = (works.tape.start(), Overview::default());
    if found.is_same
        && let Some((line, known)) = &found.overview
    {
        (mark, overview) = (line.mark, known.clone());
        desk.send(News::Overview(overview.clone()));
    }
    if let (Some(made), Some(cache)) = (&mut index, cache) {
        let good = made.check(&found.lines, &stop);
        if stop() {
            return Ok(());
        }
        match good {
            Ok(good) if good == found.lines.len() => {
                if !found.is_same {
                    works.keyframes.push_stored(found.screens.iter().copied());
                    if let Some((line, known)) = &found.overview {
                        (mark, overview) = (line.mark, known.clone());
                    }
                }
            }
            good => {
                (mark, overview) = (works.tape.start(), Overview::default());
                forget(works, &found, good.as_ref().map_or(0, |good| *good), desk);
                index = match (index, good) {
                    (Some(index), Ok(0)) => begun_again(works, index, cache),
                    // What cannot be compared is not used.
                    (index, good) => index.filter(|_| good.is_ok()),
                };
            }
        }
    }
    let before = mark;
    survey(&works.tape, &mut mark, &mut overview, &stop)?;
    desk.send(News::Overview(overview.clone()));
    if works.follows {
        let (works, overview) = (works.clone(), overview.clone());
        desk.clone().spawn(move |desk| follow::follow(&works, mark, overview, desk));
    }
    // That pass is written down last: where it has nothing to add, all screens are there.
    let is_whole = index.is_some() && before.offset == mark.offset && before != works.tape.start();
    if works.follows || !is_whole {
        make_keyframes(works, &mut index)?;
    }
    if let Some(index) = &mut index
        && !works.follows
        && !stop()
    {
        if mark.offset != before.offset {
            let _ = index.add_overview(mark, &overview);
        }
        cache.iter().for_each(|cache| index::tidy(cache));
    }
    Ok(())
}

/// Opens the index and lets what it holds be used at once if the file is the one that was indexed, as far as can be
/// told without reading it.
fn open(works: &Works, cache: &Path, file: &Path) -> io::Result<(Index, Found)> {
    let (index, found) = Index::open(cache, file)?;
    works.keyframes.set_screens(index.screens()?);
    if found.is_same {
        works.keyframes.push_stored(found.screens.iter().copied());
    }
    Ok((index, found))
}

/// The recording is another one than was indexed, from line `good` of the index on: says so, and forgets what came from
/// there.
fn forget(works: &Works, found: &Found, good: usize, desk: &Desk) {
    let screens = found.lines[..good].iter().filter(|line| found.screens.contains(line)).count();
    if !found.is_same {
        return works.keyframes.push_stored(found.screens[..screens].iter().copied());
    }
    works.keyframes.truncate(screens);
    works.wanted.grow_old();
    let words = "this recording is not the one that was indexed: its index is made anew";
    desk.send(News::Notice(words.to_owned()));
}

/// An index of which nothing was left, begun again.
fn begun_again(works: &Works, index: Index, cache: &Path) -> Option<Index> {
    drop(index);
    let (index, _) = Index::open(cache, works.tape.file()?).ok()?;
    works.keyframes.set_screens(index.screens().ok()?);
    Some(index)
}

/// Reads on through the recording from `mark`, without emulating it.
pub fn survey(tape: &Tape, mark: &mut Mark, overview: &mut Overview, stop: &dyn Fn() -> bool) -> Result<()> {
    let mut cursor = tape.read_from(*mark)?;
    for event in cursor.by_ref() {
        if stop() {
            break;
        }
        match event {
            Ok(event) => {
                overview.events += 1;
                overview.duration = overview.duration.max(event.time);
                if event.kind == EventKind::Marker && overview.markers.len() < MAX_MARKERS {
                    let mut name = event.data;
                    name.truncate(name.floor_char_boundary(MAX_NAME));
                    overview.markers.push((event.time, name));
                }
                overview.exited |= event.kind == EventKind::Exit;
            }
            Err(error) => {
                overview.unread += 1;
                overview.first_fault.get_or_insert_with(|| error.to_string());
            }
        }
    }
    overview.truncated = cursor.truncated();
    *mark = cursor.mark();
    Ok(())
}

/// Emulates the recording from the last keyframe on and keeps a screen from time to time.
pub fn make_keyframes(works: &Works, index: &mut Option<Index>) -> Result<()> {
    let Works { tape, keyframes, wanted, clock, .. } = works;
    let mut player = match keyframes.nearest(super::player::Goal::Step(u64::MAX), None) {
        Some((mark, frame)) => Player::resume(tape, mark, Screen::restore(&frame))?,
        None => Player::new(tape)?,
    };
    let (mut fed, mut began, mut work) = (0, clock.elapsed().0, 0);
    while !wanted.stopped() {
        let Some(length) = player.play_next(None, &|| wanted.stopped()) else {
            if !works.follows || wanted.stopped() {
                break;
            }
            work += clock.elapsed().0 - began;
            wanted.rest();
            began = clock.elapsed().0;
            player = player.refreshed(tape)?;
            continue;
        };
        // An event costs something even if nothing is in it.
        fed += length as u64 + 32;
        let worked = work + clock.elapsed().0 - began;
        let mark = player.mark();
        let is_crowded =
            index.as_ref().is_some_and(|index| index.bytes() > ALWAYS.max(mark.offset / FRACTION));
        if !keyframes.is_due(if is_crowded { fed / FRACTION } else { fed }, worked, mark.offset) {
            continue;
        }
        keep(keyframes, index, mark, &player.screen, wanted);
        (fed, began, work) = (0, clock.elapsed().0, 0);
    }
    Ok(())
}

fn keep(keyframes: &Keyframes, index: &mut Option<Index>, mark: Mark, screen: &Screen, wanted: &Wanted) {
    let frame = screen.keyframe();
    let Some(open) = index else { return keyframes.push(mark, frame) };
    match open.add(mark, &frame, &|| wanted.stopped()) {
        Ok(line) => keyframes.push_stored(line),
        Err(_) if wanted.stopped() => {}
        // A full disk: what is there stays, the rest is kept in memory.
        Err(_) => {
            *index = None;
            keyframes.push(mark, frame);
        }
    }
}
