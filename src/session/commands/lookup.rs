//! Which process holds a socket.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Mutex;

use super::Shared;
use super::lock;
use crate::sandbox::process;
use crate::types::Caller;

/// Processes that are looked at for one socket.
const MOST_PROCESSES: usize = 4_096;

/// Sockets whose holders are remembered; when there are more, all are forgotten.
const MOST_REMEMBERED: usize = 4_096;

/// Who was found to hold which socket: a connection carries many calls, and /proc is long.
#[derive(Default)]
pub(super) struct Holders(Mutex<HashMap<u64, Holder>>);

/// A process that held a socket when it was looked for.
#[derive(Clone, Copy)]
struct Holder {
    /// Its number outside.
    pid: i32,
    /// Its descriptor.
    descriptor: i32,
    caller: Caller,
    /// How often commands had begun by then: who came later may have the socket, too, and comes first.
    begun: u64,
}

impl Holder {
    fn still_holds(&self, inode: u64) -> bool {
        process::has_socket_at(self.pid, self.descriptor, inode)
    }
}

pub(super) fn holder_of_socket(shared: &Shared, inode: u64) -> Option<Caller> {
    let before = lock(&shared.holders.0).get(&inode).copied();
    let begun = lock(&shared.table).begun();
    if let Some(before) = before.filter(|before| before.begun == begun && before.still_holds(inode)) {
        return Some(before.caller);
    }
    // The table is not held while we look: there may be thousands of descriptors.
    let (begun, known) = {
        let table = lock(&shared.table);
        (table.begun(), table.latest_first())
    };
    let found = search(shared, known, (inode, before));
    let mut holders = lock(&shared.holders.0);
    match found {
        Some((pid, descriptor, caller)) => {
            if holders.len() >= MOST_REMEMBERED {
                holders.clear();
            }
            holders.insert(inode, Holder { pid, descriptor, caller, begun });
        }
        None => drop(holders.remove(&inode)),
    }
    found.map(|(_, _, caller)| caller)
}

/// Number outside, descriptor, and who it is. `before`: who had it when it was last looked for.
fn search(
    shared: &Shared,
    known: Vec<(i32, u32, u64)>,
    (inode, before): (u64, Option<Holder>),
) -> Option<(i32, i32, Caller)> {
    let holds = |pid: i32| match before.filter(|before| before.pid == pid && before.still_holds(inode)) {
        Some(before) => Some(before.descriptor),
        None => process::descriptor_of_socket(pid, inode),
    };
    for (pid, inside, command) in known.iter().take(MOST_PROCESSES) {
        if let Some(descriptor) = holds(*pid) {
            return Some((*pid, descriptor, Caller { command: Some(*command), pid: *inside }));
        }
    }
    // What has forked without executing anything: workers of Python, subshells.
    let mut seen: HashSet<i32> = known.iter().map(|(pid, _, _)| *pid).collect();
    for (pid, _, command) in known {
        let mut next = process::children_of(pid);
        while let Some(child) = next.pop() {
            if !seen.insert(child) {
                continue;
            }
            if seen.len() > MOST_PROCESSES {
                return None;
            }
            if let Some(descriptor) = holds(child) {
                let pid = shared.namespace.get().map_or(0, |namespace| namespace.inside(child));
                return Some((child, descriptor, Caller { command: Some(command), pid }));
            }
            next.extend(process::children_of(child));
        }
    }
    None
}
