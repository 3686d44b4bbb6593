//! What a program gives up for good before it starts: capabilities, privileges to gain, the keyring, reach.

use std::io;

use landlock::ABI;
use landlock::Access;
use landlock::CompatLevel;
use landlock::Compatible;
use landlock::Ruleset;
use landlock::RulesetAttr;
use landlock::Scope;
use nix::errno::Errno;

use crate::sandbox::level::Lack;
use crate::sandbox::level::Lacks;

/// keyctl(2): a new, empty session keyring.
const JOIN_SESSION_KEYRING: libc::c_long = 1;
/// capset(2): version with 64 capabilities.
const CAPABILITY_VERSION_3: u32 = 0x2008_0522;

/// A session keyring of its own: secrets that others put into the old one are out of reach.
pub(super) fn leave_keyring(lacks: &mut Lacks) {
    // SAFETY: the operation takes a null name and touches no memory of ours (keyctl(2)).
    let result = unsafe { libc::syscall(libc::SYS_keyctl, JOIN_SESSION_KEYRING, std::ptr::null::<u8>()) };
    // A kernel without keyrings has no secrets in them.
    if result < 0 && Errno::last() != Errno::ENOSYS {
        lacks.add(Lack::Keyring);
    }
}

/// No capability now, and none by running a program.
pub(super) fn drop_capabilities() -> io::Result<()> {
    for capability in 0..64 {
        // SAFETY: PR_CAPBSET_DROP takes an integer (prctl(2)).
        let result = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        if result < 0 {
            match Errno::last() {
                // One past the last that this kernel knows.
                Errno::EINVAL => break,
                // Without namespaces of our own we have none to drop, and cannot gain any either.
                Errno::EPERM => break,
                errno => return Err(errno.into()),
            }
        }
    }
    // SAFETY: PR_CAP_AMBIENT takes integers (prctl(2)).
    unsafe { libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) };
    let header = [CAPABILITY_VERSION_3, 0];
    let none = [0_u32; 6];
    // SAFETY: version 3 reads two words of header and six of data, all zero (capset(2)).
    let result = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Running a set-user-id program gains nothing. Filters need it.
pub(super) fn forgo_privileges() -> io::Result<()> {
    // SAFETY: PR_SET_NO_NEW_PRIVS takes integers (prctl(2)).
    let result = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Signals and abstract sockets reach nobody outside. File rights stay unhandled on purpose: a domain that handles any
/// forbids mount(2), and with it every sandbox that an agent makes for itself.
pub(super) fn scope() {
    let scopes = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .scope(Scope::from_all(ABI::V6))
        .and_then(Ruleset::create);
    if let Ok(ruleset) = scopes {
        // Namespaces hold the same; this is the second wall.
        drop(ruleset.restrict_self());
    }
}
