//! Memory that is not swapped to a disk, for what may hold secrets: as far as the limit on locked memory goes
//! (`ulimit -l`), and without a word where it does not.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::ops::DerefMut;
use std::ptr::NonNull;
use std::sync::Mutex;
use std::sync::PoisonError;

use zeroize::Zeroize;

/// Pages that may be held: 4 MiB of the usual 8 MiB or more.
const MOST_PAGES: usize = 1024;

/// Memory of its own, zero at first, of a length that never changes. It is wiped when it goes.
#[derive(Debug)]
pub struct Locked {
    memory: NonNull<u8>,
    length: usize,
    is_mapped: bool,
    is_locked: bool,
}

// SAFETY: it owns its memory, as a `Box<[u8]>` does.
unsafe impl Send for Locked {}
// SAFETY: shared references only read.
unsafe impl Sync for Locked {}

impl Locked {
    /// `length` bytes. None of them is in memory before it is used.
    #[must_use]
    pub fn new(length: usize) -> Self {
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: asks for new memory anywhere; touches none that exists.
        let mapped = unsafe { libc::mmap(std::ptr::null_mut(), length, protection, flags, -1, 0) };
        match NonNull::new(mapped.cast::<u8>()).filter(|_| mapped != libc::MAP_FAILED) {
            Some(memory) => {
                let is_locked = lock_when_used(memory, length);
                Self { memory, length, is_mapped: true, is_locked }
            }
            None => Self { memory: NonNull::dangling(), length: 0, is_mapped: false, is_locked: false },
        }
    }

    /// Whether it stays out of swap space.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.is_locked
    }
}

impl Deref for Locked {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `length` bytes from `memory` are ours until we are dropped, and mmap(2) made them zero. Without a
        // mapping the length is 0 and the pointer only has to be aligned.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr(), self.length) }
    }
}

impl DerefMut for Locked {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and the borrow is ours alone.
        unsafe { std::slice::from_raw_parts_mut(self.memory.as_ptr(), self.length) }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        if self.is_mapped {
            // Whoever uses it wipes what it lets go of; unused pages are not to be fetched for this.
            let (memory, length) = (self.memory.as_ptr().cast(), self.length);
            // SAFETY: nobody has the memory any more; unmapping unlocks it.
            let _ = unsafe { libc::munmap(memory, length) };
        }
    }
}

#[cfg(target_os = "linux")]
fn lock_when_used(memory: NonNull<u8>, length: usize) -> bool {
    let pointer = memory.as_ptr().cast::<libc::c_void>();
    // SAFETY: gives advice on memory that is ours.
    let _ = unsafe { libc::madvise(pointer, length, libc::MADV_DONTDUMP) };
    // SAFETY: locks memory that is ours; changes none of it.
    unsafe { libc::mlock2(pointer, length, libc::MLOCK_ONFAULT) == 0 }
}

#[cfg(not(target_os = "linux"))]
fn lock_when_used(memory: NonNull<u8>, length: usize) -> bool {
    // SAFETY: locks memory that is ours; changes none of it.
    unsafe { libc::mlock(memory.as_ptr().cast(), length) == 0 }
}

/// Keeps the pages out of swap space in which `bytes` lie, for as long as the process lives: for secrets that stay. Whether
/// it worked for all of them.
pub fn hold(bytes: &[u8]) -> bool {
    static HELD: Mutex<Pages> = Mutex::new(Pages(BTreeSet::new()));
    HELD.lock().unwrap_or_else(PoisonError::into_inner).hold(bytes)
}

/// Numbers of pages that are held.
struct Pages(BTreeSet<usize>);

impl Pages {
    fn hold(&mut self, bytes: &[u8]) -> bool {
        if bytes.is_empty() {
            return true;
        }
        // SAFETY: a plain question, answered from memory.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096).max(1);
        let first = bytes.as_ptr().addr() / page;
        let last = (bytes.as_ptr().addr() + bytes.len() - 1) / page;
        (first..=last).all(|number| {
            if self.0.contains(&number) {
                return true;
            }
            if self.0.len() >= MOST_PAGES {
                return false;
            }
            let start = std::ptr::without_provenance::<libc::c_void>(number * page);
            // SAFETY: `bytes` lies in this page, so it is mapped; mlock(2) changes nothing in it.
            let locked = unsafe { libc::mlock(start, page) } == 0;
            if locked {
                self.0.insert(number);
            }
            locked
        })
    }
}

/// Overwrites `bytes`.
pub fn wipe(bytes: &mut [u8]) {
    bytes.zeroize();
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::resource::Resource;
    use nix::sys::resource::getrlimit;

    /// Kilobytes of this process that are locked.
    fn locked() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap();
        line.trim().trim_end_matches(" kB").trim().parse().unwrap()
    }

    #[test]
    fn memory_is_locked_where_the_limit_allows_it() {
        let (soft, _) = getrlimit(Resource::RLIMIT_MEMLOCK).unwrap();
        let mut memory = Locked::new(1 << 20);
        assert_eq!(memory.len(), 1 << 20);
        memory[17..20].copy_from_slice(b"abc");
        assert_eq!(&memory[16..21], b"\0abc\0");
        wipe(&mut memory[17..20]);
        assert!(memory.iter().all(|byte| *byte == 0));
        if soft >= 4 << 20 {
            assert!(memory.is_locked());
            assert!(locked() >= 4, "{}", locked());
            let mut pages = Pages(BTreeSet::new());
            let secrets = vec![7; 10_000];
            assert!(pages.hold(&secrets) && (3..=4).contains(&pages.0.len()));
            assert!(pages.hold(&secrets[5..]) && pages.hold(b"") && pages.0.len() <= 4);
        }
        drop(memory);
    }
}
