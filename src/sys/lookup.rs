//! Whether the machine knows a name. The standard library asks the same way, but tells "no such name" and "ask again
//! later" apart only in words.

use std::ffi::CString;
use std::ptr;

/// What the machine's resolver says about a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It has an address.
    Address,
    /// It exists, but has no address.
    NoAddress,
    /// There is no such name.
    Missing,
    /// No answer was to be had; a later one may differ.
    Failed,
}

/// Asks for the addresses of `name`, in the files and from the servers that the machine is set up with. Waits as long
/// as these let it: some seconds.
#[must_use]
pub fn lookup(name: &str) -> Found {
    let Ok(name) = CString::new(name) else { return Found::Missing };
    // SAFETY: every field of `addrinfo` is an integer or a pointer, for which zero is a value.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_family = libc::AF_UNSPEC;
    hints.ai_socktype = libc::SOCK_STREAM;
    let mut list = ptr::null_mut();
    // SAFETY: the name ends with a zero; the hints and the place for the result are valid during the call.
    let code = unsafe { libc::getaddrinfo(name.as_ptr(), ptr::null(), &raw const hints, &raw mut list) };
    if code == 0 && !list.is_null() {
        // SAFETY: `getaddrinfo` made the list, and nothing points into it.
        unsafe { libc::freeaddrinfo(list) };
    }
    match code {
        0 => Found::Address,
        libc::EAI_NODATA => Found::NoAddress,
        libc::EAI_NONAME => Found::Missing,
        _ => Found::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_need_no_network() {
        assert_eq!(lookup("127.0.0.1"), Found::Address);
        assert_eq!(lookup("localhost"), Found::Address);
        assert_eq!(lookup("a\0b"), Found::Missing);
    }
}
