//! Reading another process's memory, a page at a time and many pages at once (process_vm_readv(2)).

use std::ffi::CString;

/// Pages are read whole or from an offset, never across their end: the next one may not be there.
const PAGE: u64 = 4096;
/// Pages read by one system call.
const BATCH: usize = 64;
/// Pages kept at a time: the longest argument list that is read, an environment, and room.
const MOST_PAGES: usize = 256;
/// Texts of a list that are read, at most.
const MOST_TEXTS: usize = 16_384;

/// Memory of another process, as far as it was read.
#[derive(Debug, Default)]
pub struct Memory {
    pid: i32,
    pages: Vec<Page>,
    /// Where the pages stand, one after the other.
    bytes: Vec<u8>,
    is_forbidden: bool,
}

#[derive(Clone, Copy, Debug)]
struct Page {
    address: u64,
    /// Where it stands in `bytes`; none: it cannot be read.
    at: Option<usize>,
}

/// Texts that a list of pointers leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// The texts, without their final NUL.
    pub texts: Vec<Vec<u8>>,
    /// Some are missing or cut.
    pub is_cut: bool,
}

impl Memory {
    /// Begins with process or thread `pid`; room of earlier ones is used again.
    pub fn begin(&mut self, pid: i32) {
        self.pid = pid;
        self.pages.clear();
        self.bytes.clear();
        self.is_forbidden = false;
    }

    /// Whether none of it may be read, as with a process that made itself undumpable outside of a user namespace of ours.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        self.is_forbidden
    }

    /// Reads the pages of these addresses, where they were not read yet.
    pub fn fetch(&mut self, addresses: impl IntoIterator<Item = u64>) {
        let mut wanted: Vec<u64> = Vec::new();
        for address in addresses {
            let page = address & !(PAGE - 1);
            // Page 0 is never there, and most null pointers lead to it.
            if page != 0 && !wanted.contains(&page) && self.known(page).is_none() {
                wanted.push(page);
            }
            if wanted.len() == BATCH {
                self.read(&wanted);
                wanted.clear();
            }
        }
        self.read(&wanted);
    }

    fn known(&self, page: u64) -> Option<Page> {
        // The last are looked for most.
        self.pages.iter().rev().find(|known| known.address == page).copied()
    }

    fn read(&mut self, mut wanted: &[u64]) {
        let room = MOST_PAGES.saturating_sub(self.pages.len());
        wanted = &wanted[..wanted.len().min(room)];
        while !wanted.is_empty() {
            let start = self.bytes.len();
            let size = wanted.len() * PAGE as usize;
            self.bytes.reserve(size);
            let local =
                libc::iovec { iov_base: self.bytes.spare_capacity_mut().as_mut_ptr().cast(), iov_len: size };
            let remote: Vec<libc::iovec> = wanted
                .iter()
                .map(|page| libc::iovec {
                    iov_base: std::ptr::without_provenance_mut(usize::try_from(*page).unwrap_or(0)),
                    iov_len: PAGE as usize,
                })
                .collect();
            // SAFETY: the kernel writes at most `size` bytes to the room that was reserved for them; the remote addresses
            // are looked up in the other process and only fail there.
            let got = unsafe {
                libc::process_vm_readv(self.pid, &raw const local, 1, remote.as_ptr(), remote.len() as u64, 0)
            };
            if got < 0 {
                let cause = std::io::Error::last_os_error();
                self.is_forbidden |= matches!(cause.raw_os_error(), Some(libc::EPERM | libc::ESRCH));
            }
            // It ends at the first page that cannot be read.
            let whole = usize::try_from(got).unwrap_or(0) / PAGE as usize;
            // SAFETY: so many bytes were reserved, and written by the kernel.
            unsafe { self.bytes.set_len(start + whole * PAGE as usize) };
            for (index, address) in wanted[..whole].iter().enumerate() {
                self.pages.push(Page { address: *address, at: Some(start + index * PAGE as usize) });
            }
            if let Some(bad) = wanted.get(whole) {
                self.pages.push(Page { address: *bad, at: None });
            }
            wanted = wanted.get(whole + 1..).unwrap_or_default();
        }
    }

    /// The bytes at `address` up to the end of its page; reads it if needed.
    fn at(&mut self, address: u64) -> Option<&[u8]> {
        let page = address & !(PAGE - 1);
        if self.known(page).is_none() {
            self.fetch([page]);
        }
        let at = self.known(page)?.at?;
        let from = usize::try_from(address - page).ok()?;
        self.bytes.get(at + from..at + PAGE as usize)
    }

    /// The text at `address`, without its NUL, and whether all of it is there: at most `most` bytes.
    pub fn text(&mut self, address: u64, most: usize) -> (Vec<u8>, bool) {
        let mut text = Vec::new();
        let mut next = address;
        let mut ahead = 1;
        loop {
            let Some(bytes) = self.at(next) else { return (text, false) };
            let end = memchr::memchr(0, bytes);
            let part = &bytes[..end.unwrap_or(bytes.len())];
            let room = most - text.len();
            if part.len() > room {
                text.extend_from_slice(&part[..room]);
                return (text, false);
            }
            let length = part.len() as u64;
            text.extend_from_slice(part);
            if end.is_some() {
                return (text, true);
            }
            let Some(after) = next.checked_add(length) else { return (text, false) };
            next = after;
            // A long one: more at once each time, as far as is still wanted.
            ahead = (ahead * 2).min(BATCH as u64).min(((most - text.len()) as u64).div_ceil(PAGE)).max(1);
            self.fetch((0..ahead).map_while(|index| next.checked_add(index * PAGE)));
        }
    }

    /// The pointers of the list at `address`, up to its null, and whether all are there.
    pub fn pointers(&mut self, address: u64, pointer_bytes: usize, most: usize) -> (Vec<u64>, bool) {
        let mut pointers = Vec::new();
        if address == 0 {
            // The kernel takes it for an empty list.
            return (pointers, true);
        }
        let mut next = address;
        while pointers.len() < most {
            let mut pointer = [0; 8];
            // One byte at a time only where a pointer stands across two pages.
            let mut filled = 0;
            while filled < pointer_bytes {
                let Some(from) = next.checked_add(filled as u64) else { return (pointers, false) };
                let Some(bytes) = self.at(from) else { return (pointers, false) };
                let count = bytes.len().min(pointer_bytes - filled);
                pointer[filled..filled + count].copy_from_slice(&bytes[..count]);
                filled += count;
            }
            let pointer = u64::from_le_bytes(pointer);
            if pointer == 0 {
                return (pointers, true);
            }
            pointers.push(pointer);
            let Some(after) = next.checked_add(pointer_bytes as u64) else { return (pointers, false) };
            next = after;
        }
        (pointers, false)
    }

    /// The texts that the list of pointers at `address` leads to: at most `most` bytes of them.
    pub fn texts(&mut self, address: u64, pointer_bytes: usize, most: usize) -> Texts {
        let (pointers, complete) = self.pointers(address, pointer_bytes, MOST_TEXTS);
        self.fetch(pointers.iter().copied());
        let mut texts = Texts { texts: Vec::with_capacity(pointers.len().min(64)), is_cut: !complete };
        let mut room = most;
        for pointer in pointers {
            let (text, whole) = self.text(pointer, room);
            // As in the kernel's own accounting, a NUL counts.
            room = room.saturating_sub(text.len() + 1);
            if whole || !text.is_empty() {
                texts.texts.push(text);
            }
            if !whole || room == 0 {
                texts.is_cut |= !whole;
                texts.is_cut |= room == 0;
                break;
            }
        }
        texts
    }

    /// Where, among the texts that the list of pointers at `address` leads to, the one that begins with `start` goes on,
    /// and the `N` bytes there.
    pub fn find<const N: usize>(
        &mut self,
        address: u64,
        pointer_bytes: usize,
        start: &[u8],
    ) -> Option<(u64, [u8; N])> {
        let (pointers, _) = self.pointers(address, pointer_bytes, MOST_TEXTS);
        self.fetch(pointers.iter().copied());
        for pointer in pointers {
            if self.has(pointer, start) {
                let from = pointer.checked_add(start.len() as u64)?;
                let mut rest = [0; N];
                for (index, byte) in rest.iter_mut().enumerate() {
                    *byte = *self.at(from.checked_add(index as u64)?)?.first()?;
                }
                return Some((from, rest));
            }
        }
        None
    }

    fn has(&mut self, address: u64, start: &[u8]) -> bool {
        let mut next = address;
        let mut left = start;
        while !left.is_empty() {
            let Some(bytes) = self.at(next) else { return false };
            let count = bytes.len().min(left.len());
            if bytes[..count] != left[..count] {
                return false;
            }
            left = &left[count..];
            let Some(after) = next.checked_add(count as u64) else { return false };
            next = after;
        }
        true
    }
}

/// Writes to the memory of process or thread `pid`. False if it cannot be written, as constants cannot.
pub fn write_memory(pid: i32, address: u64, bytes: &[u8]) -> bool {
    let local = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let remote = libc::iovec {
        iov_base: std::ptr::without_provenance_mut(usize::try_from(address).unwrap_or(0)),
        iov_len: bytes.len(),
    };
    // SAFETY: the kernel reads our bytes, which live here, and checks the other process's address.
    let written = unsafe { libc::process_vm_writev(pid, &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(written).is_ok_and(|written| written == bytes.len())
}

/// A path of /proc; none if `text` holds a NUL, which no path does.
pub(super) fn c_path(text: Vec<u8>) -> Option<CString> {
    CString::new(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Memory {
        let mut memory = Memory::default();
        memory.begin(i32::try_from(std::process::id()).unwrap());
        memory
    }

    fn list(texts: &[CString]) -> Vec<u64> {
        texts.iter().map(|text| text.as_ptr() as u64).chain([0]).collect()
    }

    #[test]
    fn texts_are_read_wherever_they_stand() {
        let texts: Vec<CString> = ["", "a\nb", &"x".repeat(10_000), "AWS_ACCESS_KEY_ID=ASIAABCDEFGHIJKLMNOP"]
            .map(|text| CString::new(text).unwrap())
            .into();
        let list = list(&texts);
        let mut memory = own();
        let read = memory.texts(list.as_ptr() as u64, 8, 128 << 10);
        assert!(!read.is_cut);
        assert_eq!(read.texts, texts.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>());
        let found = memory.find::<8>(list.as_ptr() as u64, 8, b"AWS_ACCESS_KEY_ID=ASIAABCDEFGH").unwrap();
        assert_eq!(found, (texts[3].as_ptr() as u64 + 30, *b"IJKLMNOP"));
        assert_eq!(memory.find::<8>(list.as_ptr() as u64, 8, b"AWS_SECRET"), None);
        let pid = i32::try_from(std::process::id()).unwrap();
        assert!(write_memory(pid, found.0, b"AAAAAAAB"));
        assert!(texts[3].to_bytes().ends_with(b"AAAAAAAB"));
    }

    #[test]
    fn a_list_that_is_too_long_is_cut() {
        let texts: Vec<CString> = (0..10).map(|_| CString::new("y".repeat(1_000)).unwrap()).collect();
        let list = list(&texts);
        let read = own().texts(list.as_ptr() as u64, 8, 2_500);
        assert!(read.is_cut);
        assert_eq!(read.texts.iter().map(Vec::len).collect::<Vec<_>>(), [1_000, 1_000, 498]);
    }

    #[test]
    fn hostile_pointers_give_nothing() {
        let mut memory = own();
        let bad: Vec<u64> = vec![8, u64::MAX, u64::MAX - 4095, 1 << 47, 0xffff_8000_0000_0000, 0];
        for address in [0, 1, 7, 4095, u64::MAX, u64::MAX - 7, 1 << 63, bad.as_ptr() as u64] {
            for width in [4, 8] {
                let read = memory.texts(address, width, 128 << 10);
                assert!(read.texts.is_empty(), "{address:#x}");
                assert_eq!(read.is_cut, address != 0, "{address:#x}");
                assert_eq!(memory.find::<8>(address, width, b"AWS"), None);
            }
        }
        for address in [0, 1, u64::MAX, 1 << 63] {
            assert_eq!(memory.text(address, 100), (Vec::new(), false));
        }
        // A list of pointers to itself, without an end within reach. Read anew: it may stand where something else was.
        let endless = vec![0x0101_0101_0101_0101_u64; 40_000];
        let mut memory = own();
        assert!(memory.texts(endless.as_ptr() as u64, 8, 1 << 20).is_cut);
        assert!(memory.pages.len() <= MOST_PAGES);
        assert!(!write_memory(i32::try_from(std::process::id()).unwrap(), 8, b"x"));
        memory.begin(-1);
        assert!(memory.texts(bad.as_ptr() as u64, 8, 100).is_cut);
    }
}
