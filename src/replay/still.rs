//! One screen of a recording, without a viewer.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;

use crate::clock::Clock;
use crate::error::Result;
use crate::replay::deck::Desk;
use crate::replay::deck::Source;
use crate::replay::going;
use crate::replay::going::Place;
use crate::replay::index::Index;
use crate::replay::keyframes::Keyframes;
use crate::replay::message::Overview;
use crate::replay::player::Goal;
use crate::replay::player::Player;
use crate::replay::prepare::Works;
use crate::replay::prepare::prepare;
use crate::replay::prepare::survey;
use crate::replay::tape::Tape;
use crate::term::Screen;
use crate::term::Snapshot;
use crate::types::Micros;

/// The screen of a recording at a moment. If the folder `cache` has an index of it that fits, it is used; none is
/// made.
pub fn still(cast: &Path, cache: Option<&Path>, place: Place) -> Result<Snapshot> {
    let tape = Tape::open(cast)?;
    let goal = match place {
        Place::At(at) => Goal::Time(at),
        Place::Event(number) => Goal::Step(number),
        Place::End => Goal::Time(Micros(u64::MAX)),
        Place::Percent(percent) => {
            let (mut mark, mut overview) = (tape.start(), Overview::default());
            survey(&tape, &mut mark, &mut overview, &|| false)?;
            Goal::Time(going::part(overview.duration, percent))
        }
    };
    let mut player =
        match cache.and_then(|cache| indexed(&tape, cache)).and_then(|all| all.nearest(goal, None)) {
            Some((mark, frame)) => Player::resume(&tape, mark, Screen::restore(&frame))?,
            None => Player::new(&tape)?,
        };
    while player.play_next(Some(goal), &|| false).is_some() {}
    Ok(player.screen.snapshot())
}

/// What an index holds of this very recording.
fn indexed(tape: &Tape, cache: &Path) -> Option<Keyframes> {
    let file = tape.file().filter(|_| cache.is_dir())?;
    let (mut index, found) = Index::open(cache, file).ok()?;
    let good = index.check(&found.lines, &|| false).ok()?;
    let keyframes = Keyframes::default();
    keyframes.set_screens(index.screens().ok()?);
    let known = &found.lines[..good];
    keyframes.push_stored(found.screens.into_iter().filter(|line| known.contains(line)));
    Some(keyframes)
}

/// Makes the index of a recording in the folder `cache`, or brings it up to date, before anybody asks; gives how many
/// screens it holds.
pub fn index(cast: &Path, cache: &Path) -> Result<usize> {
    let source = Source { cast: cast.to_owned(), audit: None };
    let (keyframes, wanted) = (Arc::default(), Arc::default());
    let works =
        Works { source, tape: Tape::open(cast)?, keyframes, wanted, clock: Clock::system(), follows: false };
    // Nobody listens.
    let (news, _) = mpsc::channel();
    prepare(&works, Some(cache), &Desk::new(0, news))?;
    Ok(works.keyframes.count())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_still_is_the_same_with_an_index_and_without() {
        let folder = tempfile::tempdir().unwrap();
        let (cast, cache) = (folder.path().join("a.cast"), folder.path().join("cache"));
        let lines = (0..9_000).map(|n| format!("[0.001, \"o\", \"\\u001b[3{}m{n:0100}\\r\\n\"]\n", n % 8));
        let text: String = std::iter::once("{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n".to_owned())
            .chain(lines)
            .collect();
        fs::write(&cast, text).unwrap();
        let places = ["5.5", "50%", "#8000", "end", "0"].map(|text| Place::parse(text).unwrap());
        let without = places.map(|place| still(&cast, None, place).unwrap());
        assert!(without[3].row_text(22).ends_with("8999"));
        assert!(index(&cast, &cache).unwrap() >= 3);
        for (place, screen) in places.into_iter().zip(without) {
            assert!(still(&cast, Some(&cache), place).unwrap() == screen, "{place:?}");
        }
    }
}
