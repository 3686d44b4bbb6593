//! Work that can wait.

/// The calling thread gets what others leave of the processor. Where threads have no priority of their own, nothing changes.
pub fn yield_to_others() {
    #[cfg(target_os = "linux")]
    // SAFETY: the call takes numbers only; who 0 is the calling thread.
    let _ = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 19) };
}
