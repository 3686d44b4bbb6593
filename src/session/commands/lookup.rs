//! Which process holds a socket.

use std::collections::HashSet;

use super::Shared;
use super::lock;
use crate::sandbox::process;
use crate::types::Caller;

/// Processes that are looked at for one socket.
const MOST_PROCESSES: usize = 4_096;

pub(super) fn holder_of_socket(shared: &Shared, inode: u64) -> Option<Caller> {
    // The table is not held while we look: there may be thousands of descriptors.
    let known = lock(&shared.table).latest_first();
    for (pid, inside, command) in known.iter().take(MOST_PROCESSES) {
        if process::holds_socket(*pid, inode) {
            return Some(Caller { command: Some(*command), pid: *inside });
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
            if process::holds_socket(child, inode) {
                let pid = shared.namespace.get().map_or(0, |namespace| namespace.inside(child));
                return Some(Caller { command: Some(command), pid });
            }
            next.extend(process::children_of(child));
        }
    }
    None
}
