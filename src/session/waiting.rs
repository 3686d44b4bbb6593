//! Waiting for whatever comes first.

use std::os::fd::AsFd;
use std::time::Duration;

use crate::error::Result;
use crate::session::bridge::Bridge;
use crate::session::lane::Lane;
use crate::sys::poll::PollSet;
use crate::sys::poll::Want;

/// What a wait found.
#[derive(Default)]
pub(super) struct Ready {
    pub(super) signals: bool,
    pub(super) wakeups: bool,
    pub(super) changes: bool,
    pub(super) keys: bool,
    pub(super) deliver: bool,
    pub(super) read: [bool; 2],
    pub(super) show: [bool; 2],
    pub(super) gone: [bool; 2],
}

impl Bridge {
    /// Waits until there is something to do.
    pub(super) fn wait(&mut self) -> Result<Ready> {
        let timeout = self.next_deadline();
        let mut set = PollSet::new();
        let signals = set.add(self.signals.as_fd(), Want::Read);
        let wakeups = set.add(self.wakeups.as_fd(), Want::Read);
        let changes = self.launcher.changes().map(|fd| set.add(fd, Want::Read));
        let asking = self.is_asking();
        let held = asking || self.is_about_to_ask();
        let master = self.master.as_ref();
        let deliver =
            master.filter(|_| self.keys.has_waiting()).map(|master| set.add(master.as_fd(), Want::Write));
        let keys = self.terminal.as_ref().filter(|terminal| {
            terminal.foreground.is_ours() && (asking || self.keys.has_room()) && !self.lanes[0].is_closed()
        });
        let keys = keys.map(|terminal| set.add(terminal.outlet.as_fd(), Want::Read));
        let mut reads = [None, None];
        let mut shows = [None, None];
        let mut gones = [None, None];
        for (number, lane) in self.lanes.iter().enumerate() {
            // A prompt holds the program's output back, wherever it goes.
            if !held && !self.ending.is_stopping() {
                reads[number] = lane.wants_read().map(|fd| set.add(fd, Want::Read));
            }
            if let Some(outlet) = lane.outlet() {
                if lane.has_pending() {
                    shows[number] = Some(set.add(outlet.as_fd(), Want::Write));
                } else if self.terminal.is_none() || number > 0 {
                    gones[number] = Some(set.add(outlet.as_fd(), Want::Hangup));
                }
            }
        }
        set.wait(timeout)?;
        Ok(Ready {
            signals: set.is_readable(signals),
            wakeups: set.is_readable(wakeups),
            changes: changes.is_some_and(|slot| set.is_readable(slot)),
            keys: keys.is_some_and(|slot| set.is_readable(slot)),
            deliver: deliver.is_some_and(|slot| set.is_writable(slot)),
            read: reads.map(|slot| slot.is_some_and(|slot| set.is_readable(slot))),
            show: shows.map(|slot| slot.is_some_and(|slot| set.is_writable(slot))),
            gone: gones.map(|slot| slot.is_some_and(|slot| set.is_gone(slot))),
        })
    }

    /// How long nothing has to be done; none: until something happens.
    fn next_deadline(&self) -> Option<Duration> {
        let now = self.clock.elapsed();
        let lanes = self.lanes.iter().filter_map(Lane::quiet_at);
        let terminal = self.terminal.as_ref();
        let looks = terminal.and_then(|terminal| terminal.foreground.look_at());
        let prompt = terminal.and_then(|terminal| terminal.next_deadline(now));
        let next =
            lanes.chain(self.keys.quiet_at()).chain(self.ending.next()).chain(looks).chain(prompt).min();
        let next = next.map(|at| Duration::from_micros(at.0.saturating_sub(now.0)));
        next.into_iter().chain(self.recorder.flush_due()).min()
    }
}
