//! Numbers of system calls, for every way in which a program can make them on this machine.

/// The numbers of one way of making system calls.
pub(super) struct Calls {
    /// What the kernel calls it (`AUDIT_ARCH_…` in linux/audit.h).
    pub(super) architecture: u32,
    /// The bits of a number that count: x32 programs set one more.
    pub(super) number_bits: u32,
    pub(super) execve: &'static [u32],
    pub(super) execveat: &'static [u32],
    pub(super) exits: &'static [u32],
    pub(super) ioctl: &'static [u32],
    pub(super) socket: &'static [u32],
    pub(super) sendto: &'static [u32],
    pub(super) sendmsg: &'static [u32],
    pub(super) sendmmsg: &'static [u32],
    /// Where the older calls of the socket family hide their arguments in memory.
    pub(super) socketcall: &'static [u32],
    pub(super) prlimit64: &'static [u32],
    /// Fail as if the kernel had never heard of them: programs have another way then.
    pub(super) unheard_of: &'static [u32],
    /// Fail as they do without privileges.
    pub(super) privileged: &'static [u32],
}

/// io_uring: a second way into most of the kernel, past every filter.
const IO_URING: &[u32] = &[425, 426, 427];

/// The ways on this machine, its own first.
#[cfg(target_arch = "x86_64")]
pub(super) const WAYS: &[Calls] = &[
    // x32 shares this one: the same numbers with bit 30, and 512 to 547 for the calls whose structures differ.
    Calls {
        architecture: 0xc000_003e,
        number_bits: !0x4000_0000,
        execve: &[59, 520],
        execveat: &[322, 545],
        exits: &[231, 60],
        ioctl: &[16, 514],
        socket: &[41],
        sendto: &[44],
        sendmsg: &[46, 518],
        sendmmsg: &[307, 538],
        socketcall: &[],
        prlimit64: &[302],
        unheard_of: IO_URING,
        // kexec_load kexec_file_load init_module finit_module delete_module bpf perf_event_open userfaultfd
        // open_by_handle_at acct swapon swapoff reboot quotactl quotactl_fd iopl ioperm
        privileged: &[
            246, 528, 320, 175, 313, 176, 321, 298, 323, 304, 163, 167, 168, 169, 179, 443, 172, 173,
        ],
    },
    Calls {
        architecture: 0x4000_0003,
        number_bits: !0,
        execve: &[11],
        execveat: &[358],
        exits: &[252, 1],
        ioctl: &[54],
        socket: &[359],
        sendto: &[369],
        sendmsg: &[370],
        sendmmsg: &[345],
        socketcall: &[102],
        prlimit64: &[340],
        unheard_of: IO_URING,
        privileged: &[283, 128, 350, 129, 357, 336, 374, 342, 51, 87, 115, 88, 131, 443, 110, 101],
    },
];

/// The ways on this machine, its own first.
#[cfg(target_arch = "aarch64")]
pub(super) const WAYS: &[Calls] = &[
    Calls {
        architecture: 0xc000_00b7,
        number_bits: !0,
        execve: &[221],
        execveat: &[281],
        exits: &[94, 93],
        ioctl: &[29],
        socket: &[198],
        sendto: &[206],
        sendmsg: &[211],
        sendmmsg: &[269],
        socketcall: &[],
        prlimit64: &[261],
        unheard_of: IO_URING,
        privileged: &[104, 294, 105, 273, 106, 280, 241, 282, 265, 89, 224, 225, 142, 60, 443],
    },
    Calls {
        architecture: 0x4000_0028,
        number_bits: !0,
        execve: &[11],
        execveat: &[387],
        exits: &[248, 1],
        ioctl: &[54],
        socket: &[281],
        sendto: &[290],
        sendmsg: &[296],
        sendmmsg: &[374],
        socketcall: &[102],
        prlimit64: &[369],
        unheard_of: IO_URING,
        privileged: &[347, 401, 128, 379, 129, 386, 364, 388, 371, 51, 87, 115, 88, 131, 443],
    },
];

/// Nothing can be filtered on a machine whose numbers are not known.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) const WAYS: &[Calls] = &[];
