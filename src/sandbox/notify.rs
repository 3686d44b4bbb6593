//! Notifications of system calls that wait for our answer (seccomp_unotify(2)).
