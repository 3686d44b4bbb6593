//! Answers questions for screens.

use crate::clock::Clock;
use crate::error::Result;
use crate::replay::deck::Desk;
use crate::replay::deck::Wanted;
use crate::replay::keyframes::Keyframes;
use crate::replay::message::Frame;
use crate::replay::message::News;
use crate::replay::player::Goal;
use crate::replay::player::Player;
use crate::replay::tape::Tape;
use crate::term::Screen;

/// Events fed between looks for a newer question and for a keyframe nearer to the moment.
const EVENTS_BETWEEN_LOOKS: u32 = 64;
/// A moment that takes longer than this is shown on the way there too, so often, in microseconds.
const PROGRESS: u64 = 250_000;

/// Answers questions for screens until told to stop.
pub fn project(
    tape: &Tape,
    keyframes: &Keyframes,
    wanted: &Wanted,
    clock: &Clock,
    desk: &Desk,
) -> Result<()> {
    let mut player = Player::new(tape)?;
    let mut age = wanted.age();
    while let Some(goal) = wanted.take() {
        // What was indexed turned out to be another recording: nothing made of it is shown again.
        let now = wanted.age();
        if std::mem::replace(&mut age, now) != now || player.is_torn() {
            player = Player::new(tape)?;
        }
        player = towards(player.refreshed(tape)?, goal, tape, keyframes)?;
        let mut told = clock.elapsed().0;
        let mut reached = true;
        let mut events = 0_u32;
        while player.play_next(Some(goal), &|| wanted.is_newer()).is_some() {
            events += 1;
            let now = clock.elapsed().0;
            let is_slow = now > told + PROGRESS;
            if !events.is_multiple_of(EVENTS_BETWEEN_LOOKS) && !is_slow {
                continue;
            }
            if wanted.is_newer() {
                reached = false;
                break;
            }
            if is_slow {
                desk.send(News::Frame(frame(&mut player, goal, false)));
                told = clock.elapsed().0;
            }
            // The thread that makes keyframes may be ahead by now.
            if let Some((mark, frame)) = keyframes.nearest(goal, Some(player.mark())) {
                player = Player::resume(tape, mark, Screen::restore(&frame))?;
            }
        }
        if !player.is_torn() {
            desk.send(News::Frame(frame(&mut player, goal, reached)));
        }
    }
    Ok(())
}

/// The player from which `goal` is nearest: this one, or one that begins at a keyframe.
fn towards(player: Player, goal: Goal, tape: &Tape, keyframes: &Keyframes) -> Result<Player> {
    let here = player.mark();
    let ahead = goal.is_past(&here);
    match keyframes.nearest(goal, ahead.then_some(here)) {
        Some((mark, frame)) => Player::resume(tape, mark, Screen::restore(&frame)),
        None if ahead => Ok(player),
        None => Player::new(tape),
    }
}

fn frame(player: &mut Player, goal: Goal, reached: bool) -> Frame {
    let mark = player.mark();
    let at = match goal {
        Goal::Time(at) if reached => at,
        _ => mark.time,
    };
    let next = player.peek();
    Frame { goal, reached, at, last: mark.time, step: mark.steps, next, screen: player.screen.snapshot() }
}
