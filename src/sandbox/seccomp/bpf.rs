//! Classic BPF as seccomp runs it, put together from rules that each say for themselves what becomes of a call.

use std::io;

use libc::sock_filter;

/// Where `struct seccomp_data` holds what a rule looks at (linux/seccomp.h).
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ARGUMENTS: u32 = 16;

const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const AND: u32 = libc::BPF_ALU | libc::BPF_AND | libc::BPF_K;
const JUMP: u32 = libc::BPF_JMP | libc::BPF_JA;
const IF_EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
const IF_SET: u32 = libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K;
const RETURN: u32 = libc::BPF_RET | libc::BPF_K;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It happens.
    Allow,
    /// It fails with this error.
    Fail(i32),
    /// It waits for the listener's answer.
    Notify,
}

/// Instructions that follow each other.
#[derive(Clone, Default)]
pub(super) struct Code(Vec<sock_filter>);

impl Verdict {
    fn action(self) -> u32 {
        match self {
            Self::Allow => libc::SECCOMP_RET_ALLOW,
            Self::Fail(errno) => libc::SECCOMP_RET_ERRNO | (errno.unsigned_abs() & libc::SECCOMP_RET_DATA),
            Self::Notify => libc::SECCOMP_RET_USER_NOTIF,
        }
    }
}

impl Code {
    /// Decides.
    pub(super) fn decide(mut self, verdict: Verdict) -> Self {
        self.put(RETURN, 0, 0, verdict.action());
        self
    }

    /// Looks at the low 32 bits of argument `index`, counted from 0. Kernels take an `int` from a register by these bits
    /// alone, so the high ones can hold anything.
    pub(super) fn argument(mut self, index: u32) -> Self {
        // Little-endian, as everything that we run on: the low half comes first.
        self.put(LOAD, 0, 0, ARGUMENTS + 8 * index);
        self
    }

    /// Looks at the high 32 bits of argument `index`.
    pub(super) fn upper_half(mut self, index: u32) -> Self {
        self.put(LOAD, 0, 0, ARGUMENTS + 8 * index + 4);
        self
    }

    /// These instructions, then those.
    pub(super) fn then(mut self, next: Self) -> Self {
        self.0.extend(next.0);
        self
    }

    /// Keeps these bits of what is looked at.
    pub(super) fn keep(mut self, bits: u32) -> Self {
        self.put(AND, 0, 0, bits);
        self
    }

    /// Looks at the number of the call.
    pub(super) fn number(mut self) -> Self {
        self.put(LOAD, 0, 0, NUMBER);
        self
    }

    /// If what is looked at is `value`: `then`, which must decide on every way.
    pub(super) fn if_is(self, value: u32, then: Self) -> Self {
        self.branch(IF_EQUAL, value, then)
    }

    /// If one of these bits is set in what is looked at: `then`, which must decide on every way.
    pub(super) fn if_has(self, bits: u32, then: Self) -> Self {
        self.branch(IF_SET, bits, then)
    }

    /// If what is looked at is one of `values`: this verdict.
    pub(super) fn if_any(self, values: &[u32], verdict: Verdict) -> Self {
        values.iter().fold(self, |code, value| code.if_is(*value, Self::default().decide(verdict)))
    }

    /// If the call is made the way of this architecture: `then`, which must decide on every way. First in a program.
    pub(super) fn if_architecture(mut self, architecture: u32, then: Self) -> Self {
        self.put(LOAD, 0, 0, ARCHITECTURE);
        self.branch(IF_EQUAL, architecture, then)
    }

    /// The program.
    pub(super) fn instructions(&self) -> &[sock_filter] {
        &self.0
    }

    fn branch(mut self, test: u32, value: u32, then: Self) -> Self {
        match u8::try_from(then.0.len()) {
            Ok(length) => self.put(test, 0, length, value),
            // A conditional jump reaches 255 instructions far.
            Err(_) => {
                self.put(test, 1, 0, value);
                self.put(JUMP, 0, 0, u32::try_from(then.0.len()).unwrap_or(u32::MAX));
            }
        }
        self.0.extend(then.0);
        self
    }

    fn put(&mut self, code: u32, jt: u8, jf: u8, k: u32) {
        self.0.push(sock_filter { code: u16::try_from(code).unwrap_or(u16::MAX), jt, jf, k });
    }
}

/// Puts the program in force for this thread and all that it starts; gives what seccomp(2) gives.
///
/// # Errors
/// What seccomp(2) gives; `EBUSY` when a listener was asked for and there is one.
pub(super) fn install(code: &Code, flags: libc::c_ulong) -> io::Result<i32> {
    let instructions = code.instructions();
    let program = libc::sock_fprog {
        len: u16::try_from(instructions.len()).map_err(|_| io::Error::from_raw_os_error(libc::E2BIG))?,
        filter: instructions.as_ptr().cast_mut(),
    };
    // SAFETY: the kernel copies the program, which lives until the call returns, and writes nothing (seccomp(2)).
    let done =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) };
    match i32::try_from(done) {
        Ok(done) if done >= 0 => Ok(done),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Runs a program as the kernel does: number, architecture, arguments.
#[cfg(test)]
pub(super) fn run(code: &Code, number: u32, architecture: u32, arguments: [u64; 6]) -> u32 {
    let mut data = [0_u8; 64];
    data[0..4].copy_from_slice(&number.to_le_bytes());
    data[4..8].copy_from_slice(&architecture.to_le_bytes());
    for (index, argument) in arguments.iter().enumerate() {
        data[16 + 8 * index..24 + 8 * index].copy_from_slice(&argument.to_le_bytes());
    }
    let (mut at, mut accumulator) = (0, 0_u32);
    loop {
        let it = code.instructions()[at];
        at += 1;
        match u32::from(it.code) {
            LOAD => {
                let from = it.k as usize;
                accumulator = u32::from_le_bytes(data[from..from + 4].try_into().unwrap());
            }
            AND => accumulator &= it.k,
            JUMP => at += it.k as usize,
            IF_EQUAL => at += usize::from(if accumulator == it.k { it.jt } else { it.jf }),
            IF_SET => at += usize::from(if accumulator & it.k != 0 { it.jt } else { it.jf }),
            RETURN => return it.k,
            other => panic!("unknown instruction {other:#x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_longer_than_a_jump_reaches_still_branches() {
        let long = (0..300).fold(Code::default(), |code, value| {
            code.if_is(1_000 + value, Code::default().decide(Verdict::Fail(1)))
        });
        let code = Code::default()
            .if_architecture(
                7,
                Code::default()
                    .number()
                    .if_is(5, long.clone().decide(Verdict::Notify))
                    .decide(Verdict::Allow),
            )
            .decide(Verdict::Fail(38));
        assert_eq!(run(&code, 5, 7, [0; 6]), libc::SECCOMP_RET_USER_NOTIF);
        assert_eq!(run(&code, 6, 7, [0; 6]), libc::SECCOMP_RET_ALLOW);
        assert_eq!(run(&code, 5, 8, [0; 6]), libc::SECCOMP_RET_ERRNO | 38);
    }
}
