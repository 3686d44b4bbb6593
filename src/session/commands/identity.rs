//! A key id of its own for every command, so that what it signs says which command it was.
//!
//! The letters are written into the environment that the process is about to execute with. Where a child shares its
//! parent's memory until then (vfork(2)), they are put back once it does not any more.

use std::time::Duration;

use crate::aws::key_id;
use crate::aws::key_id::BASE_CHARACTERS;
use crate::aws::key_id::CHARACTERS;
use crate::aws::key_id::IDENTITY_CHARACTERS;
use crate::aws::key_id::NUMBER_CHARACTERS;
use crate::sandbox::notify::Execute;
use crate::sandbox::process;
use crate::sandbox::process::Memory;
use crate::types::Micros;

/// How soon a child that shared its parent's memory is looked at again, in microseconds.
const LOOK_AGAIN: u64 = 1_000;
/// After so many looks the letters are put back anyway: the execve(2) may have failed.
const MOST_LOOKS: u32 = 50;
/// Parents that wait for their letters, at most.
const MOST_WAITING: usize = 256;

/// Numbers the key ids of one session.
pub(super) struct Identities {
    /// What the variable begins with: `AWS_ACCESS_KEY_ID=ASIA…`, up to the identity, which may be an assumed role.
    start: Vec<u8>,
    lent: Vec<Lent>,
}

/// The number in a key id in the memory of a process.
pub(super) struct Letters {
    address: u64,
    letters: [u8; NUMBER_CHARACTERS],
}

/// Who is about to execute a program, and who started it.
#[derive(Clone, Copy)]
pub(super) struct Family {
    pub(super) child: i32,
    pub(super) parent: i32,
}

/// Letters of a parent that its child has overwritten.
struct Lent {
    family: Family,
    own: Letters,
    childs: [u8; NUMBER_CHARACTERS],
    look_at: Micros,
    looks: u32,
}

impl Identities {
    /// For sessions with this key id; none if it is not one that can be numbered.
    pub(super) fn new(key_id: &str) -> Option<Self> {
        let base = key_id.get(..BASE_CHARACTERS)?;
        (key_id.len() == CHARACTERS)
            .then(|| Self { start: [b"AWS_ACCESS_KEY_ID=", base.as_bytes()].concat(), lent: Vec::new() })
    }

    /// Where the environment that is executed with has the letters, if it has the session's id.
    pub(super) fn find(&self, memory: &mut Memory, execute: &Execute) -> Option<Letters> {
        const AFTER: usize = IDENTITY_CHARACTERS + NUMBER_CHARACTERS;
        let (address, after) = memory.find::<AFTER>(execute.envp, execute.pointer_bytes, &self.start)?;
        let letters = *after.last_chunk()?;
        Some(Letters { address: address.checked_add(IDENTITY_CHARACTERS as u64)?, letters })
    }

    /// Gives command `n` its own letters, where it has any.
    pub(super) fn give(&mut self, own: Option<Letters>, family: Family, n: u64, now: Micros) {
        let Some(own) = own else { return };
        let childs = key_id::letters(n);
        let Family { child, parent } = family;
        if process::write_memory(child, own.address, &childs)
            && self.lent.len() < MOST_WAITING
            && process::share_memory(child, parent) == Some(true)
        {
            let look_at = Micros(now.0 + LOOK_AGAIN);
            self.lent.push(Lent { family, own, childs, look_at, looks: 0 });
        }
    }

    /// Gives parents their letters back.
    pub(super) fn put_back(&mut self, now: Micros) {
        self.lent.retain_mut(|lent| {
            if lent.look_at > now {
                return true;
            }
            lent.looks += 1;
            let Family { child, parent } = lent.family;
            if process::share_memory(child, parent) == Some(true) && lent.looks < MOST_LOOKS {
                lent.look_at = Micros(now.0 + LOOK_AGAIN);
                return true;
            }
            let mut memory = Memory::default();
            memory.begin(parent);
            // Unless somebody else has written there since.
            if memory.text(lent.own.address, NUMBER_CHARACTERS).0 == lent.childs {
                process::write_memory(parent, lent.own.address, &lent.own.letters);
            }
            false
        });
    }

    /// How long until a parent has to be looked at.
    pub(super) fn due(&self, now: Micros) -> Option<Duration> {
        let next = self.lent.iter().map(|lent| lent.look_at.0).min()?;
        Some(Duration::from_micros(next.saturating_sub(now.0)))
    }
}
