//! The processes of the session that have executed something, and what they run.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;

use crate::sandbox::process::Exit;
use crate::sandbox::process::Pidfd;
use crate::session::commands::words::Words;
use crate::types::Micros;

/// Commands that have ended whose words are remembered.
const REMEMBERED: usize = 1_024;

/// All processes, by their number outside.
#[derive(Default)]
pub(super) struct Table {
    processes: HashMap<i32, Process>,
    /// Process ids inside, of all commands: that of command `n` at `n - 1`.
    inside: Vec<u32>,
    /// The command above each: that of command `n` at `n - 1`; 0: none is known.
    parents: Vec<u32>,
    ended: VecDeque<(u64, Arc<Words>)>,
    tokens: u64,
    /// How often a command has begun, those that were undone included.
    begun: u64,
}

/// A process that has executed something.
pub(super) struct Process {
    pub(super) command: u64,
    /// Its number as seen inside.
    pub(super) inside: u32,
    pub(super) parent: Option<u64>,
    pub(super) started: Micros,
    /// When it was seen to have ended; its parent may not have taken note yet.
    pub(super) ended: Option<Micros>,
    /// The status that it was about to end with, where exits are trapped.
    pub(super) trapped: Option<u8>,
    pub(super) words: Arc<Words>,
    /// None where there are no more descriptors.
    pub(super) pidfd: Option<Arc<Pidfd>>,
    pub(super) token: u64,
}

/// A command that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone {
    pub(super) command: u64,
    pub(super) exit: Option<Exit>,
    pub(super) took: Micros,
}

impl Table {
    pub(super) fn get(&self, pid: i32) -> Option<&Process> {
        self.processes.get(&pid)
    }

    pub(super) fn get_mut(&mut self, pid: i32) -> Option<&mut Process> {
        self.processes.get_mut(&pid)
    }

    /// The name under which a process is watched: never used twice, whatever happens to numbers of processes.
    pub(super) fn new_token(&mut self, pid: i32) -> u64 {
        self.tokens = (self.tokens + 1) & 0x7fff_ffff;
        self.tokens << 32 | u64::from(pid.unsigned_abs())
    }

    /// The process that is watched under `token`, if it still is.
    pub(super) fn of_token(&mut self, token: u64) -> Option<(i32, &mut Process)> {
        let pid = i32::try_from(token & 0xffff_ffff).ok()?;
        let process = self.processes.get_mut(&pid)?;
        (process.token == token).then_some((pid, process))
    }

    /// The number that the next command gets.
    pub(super) fn next(&self) -> u64 {
        self.inside.len() as u64 + 1
    }

    /// Takes process `pid` out, for it is about to run something else.
    pub(super) fn take(&mut self, pid: i32) -> Option<Process> {
        self.processes.remove(&pid)
    }

    /// Process `pid` runs its next command.
    pub(super) fn begin(&mut self, pid: i32, process: Process) {
        debug_assert_eq!(process.command, self.next(), "numbers have no gaps");
        self.inside.push(process.inside);
        self.parents.push(process.parent.and_then(|parent| u32::try_from(parent).ok()).unwrap_or(0));
        self.processes.insert(pid, process);
        self.begun += 1;
    }

    /// How often a command has begun: while it stays the same, no process has come into the table.
    pub(super) fn begun(&self) -> u64 {
        self.begun
    }

    /// It does not, after all: it is what it was before.
    pub(super) fn undo(&mut self, pid: i32, before: Option<Process>) {
        self.inside.pop();
        self.parents.pop();
        self.begun += 1;
        match before {
            Some(before) => self.processes.insert(pid, before),
            None => self.processes.remove(&pid),
        };
    }

    /// Process `pid` is gone.
    pub(super) fn end(&mut self, pid: i32, now: Micros) -> Option<Gone> {
        let process = self.processes.remove(&pid)?;
        let trapped = process.trapped.map(|status| Exit::Status(i32::from(status)));
        let exit = process.pidfd.as_ref().and_then(|pidfd| pidfd.exit()).or(trapped);
        let ended = process.ended.unwrap_or(now);
        self.remember(process.command, process.words);
        Some(Gone { command: process.command, exit, took: Micros(ended.0.saturating_sub(process.started.0)) })
    }

    /// Keeps the words of a command that has ended.
    pub(super) fn remember(&mut self, command: u64, words: Arc<Words>) {
        if self.ended.len() == REMEMBERED {
            self.ended.pop_front();
        }
        self.ended.push_back((command, words));
    }

    /// All processes, by number outside.
    pub(super) fn pids(&self) -> Vec<i32> {
        self.processes.keys().copied().collect()
    }

    /// All processes, the one with the latest command first: number outside, number inside, command.
    pub(super) fn latest_first(&self) -> Vec<(i32, u32, u64)> {
        let mut all: Vec<_> =
            self.processes.iter().map(|(pid, process)| (*pid, process.inside, process.command)).collect();
        all.sort_unstable_by_key(|(_, _, command)| std::cmp::Reverse(*command));
        all
    }

    /// Whether the process of command `n` runs it still.
    pub(super) fn is_running(&self, n: u64) -> bool {
        self.processes.values().any(|process| process.command == n && process.ended.is_none())
    }

    /// The number inside of the process of command `n`.
    pub(super) fn inside(&self, n: u64) -> Option<u32> {
        let index = usize::try_from(n.checked_sub(1)?).ok()?;
        self.inside.get(index).copied()
    }

    /// A command and those above it in the process tree, nearest first, at most `most` of them.
    pub(super) fn family(&self, command: u64, most: usize) -> Vec<u64> {
        let parent = |command: &u64| {
            let index = usize::try_from(command.checked_sub(1)?).ok()?;
            let parent = u64::from(*self.parents.get(index)?);
            // Whoever is above has begun before.
            (parent > 0 && parent < *command).then_some(parent)
        };
        std::iter::successors(Some(command), parent).take(most).collect()
    }

    /// The words of a command that runs or has ended lately.
    pub(super) fn words(&self, command: u64) -> Option<Arc<Words>> {
        let running = self.processes.values().find(|process| process.command == command);
        let ended = || self.ended.iter().rev().find(|(ended, _)| *ended == command).map(|(_, words)| words);
        running.map(|process| &process.words).or_else(ended).cloned()
    }
}
