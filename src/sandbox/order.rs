//! What hoop-run and the launcher say to each other.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::path::PathBuf;

use nix::sys::memfd::MFdFlags;
use nix::sys::memfd::memfd_create;
use nix::sys::signal::Signal;

use crate::sandbox::init::Failure;
use crate::sandbox::level::Lacks;
use crate::sandbox::wire;

/// Steps are short; a longer one is cut.
const STEP_BYTES: usize = 200;

/// From hoop-run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Put files in the place of others, then give up the means to do such things; beside it: which.
    Bind,
    /// Put the stopped program into the foreground and let it go on.
    Resume,
    /// hoop-run has the terminal outside in raw mode from now on, or not any more.
    Holds(bool),
    /// Pass a signal on to the program's group.
    Signal(Signal),
}

/// From the launcher.
#[derive(Debug)]
pub(super) enum Report {
    /// The sandbox is made; beside it: our end of the terminal, then the network's descriptors.
    Ready(Lacks),
    /// A step did not work; with a text for the log.
    Failed(Failure),
    /// The process that becomes the program has given up everything; its number as it sees it; beside it: the
    /// listener for its commands, if it is watched.
    Confined(Lacks, u32),
    /// The files are in their places.
    Bound,
    /// The program stopped, as by Ctrl-Z.
    Stopped,
    /// It ended with this wait status.
    Ended(i32),
}

impl Order {
    pub(super) fn send(self, socket: BorrowedFd<'_>, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let bytes = match self {
            Self::Bind => vec![b'B'],
            Self::Resume => vec![b'R'],
            Self::Holds(holds) => vec![b'H', u8::from(holds)],
            Self::Signal(signal) => vec![b'S', signal as u8],
        };
        wire::send(socket, &bytes, fds)
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [b'B'] => Some(Self::Bind),
            [b'R'] => Some(Self::Resume),
            [b'H', holds] => Some(Self::Holds(*holds == 1)),
            [b'S', number] => Signal::try_from(i32::from(*number)).ok().map(Self::Signal),
            _ => None,
        }
    }
}

impl Report {
    pub(super) fn send(&self, socket: BorrowedFd<'_>, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let mut bytes = Vec::new();
        match self {
            Self::Ready(lacks) => {
                bytes.push(b'r');
                bytes.extend(lacks.bits().to_le_bytes());
            }
            Self::Failed(failure) => {
                bytes.push(b'f');
                bytes.extend(failure.errno.to_le_bytes());
                bytes.extend(failure.step.bytes().take(STEP_BYTES));
            }
            Self::Confined(lacks, pid) => {
                bytes.push(b'c');
                bytes.extend(lacks.bits().to_le_bytes());
                bytes.extend(pid.to_le_bytes());
            }
            Self::Bound => bytes.push(b'b'),
            Self::Stopped => bytes.push(b's'),
            Self::Ended(status) => {
                bytes.push(b'e');
                bytes.extend(status.to_le_bytes());
            }
        }
        wire::send(socket, &bytes, fds)
    }

    /// A failed step comes with its name, which has left the process where it was static.
    pub(super) fn parse(bytes: &[u8]) -> Option<(Self, String)> {
        let (tag, rest) = bytes.split_first()?;
        let number = || rest.first_chunk().map(|bytes| i32::from_le_bytes(*bytes));
        let lacks = || rest.first_chunk().map(|bytes| Lacks::from_bits(u16::from_le_bytes(*bytes)));
        let report = match tag {
            b'r' => Self::Ready(lacks()?),
            b'c' => Self::Confined(lacks()?, u32::from_le_bytes(rest.get(2..6)?.try_into().ok()?)),
            b'b' => Self::Bound,
            b's' => Self::Stopped,
            b'e' => Self::Ended(number()?),
            b'f' => {
                let step = String::from_utf8_lossy(rest.get(4..)?).into_owned();
                return Some((Self::Failed(Failure { step: "", errno: number()? }), step));
            }
            _ => return None,
        };
        Some((report, String::new()))
    }
}

/// A program as it travels to the launcher, in a file that has no name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parcel {
    pub(super) program: PathBuf,
    pub(super) directory: Option<PathBuf>,
    pub(super) argv: Vec<OsString>,
    pub(super) env: Vec<(OsString, OsString)>,
    /// For each standard stream: `o` as hoop-run has it, `t` the terminal, `f` a descriptor beside the order.
    pub(super) stdio: [u8; 3],
}

impl Parcel {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut put = |text: &[u8]| {
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend_from_slice(text);
        };
        let path = |path: &Path| path.as_os_str().as_encoded_bytes().to_vec();
        put(&self.stdio);
        put(&path(&self.program));
        put(&self.directory.as_deref().map(path).unwrap_or_default());
        put(&(self.argv.len() as u64).to_le_bytes());
        self.argv.iter().for_each(|argument| put(argument.as_encoded_bytes()));
        put(&(self.env.len() as u64).to_le_bytes());
        for (name, value) in &self.env {
            put(name.as_encoded_bytes());
            put(value.as_encoded_bytes());
        }
        bytes
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut next = || -> Option<Vec<u8>> {
            let (length, after) = rest.split_first_chunk()?;
            let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
            let text = after.get(..length)?;
            rest = after.get(length..)?;
            Some(text.to_vec())
        };
        let count = |text: Vec<u8>| Some(u64::from_le_bytes(text.try_into().ok()?));
        let stdio = next()?.try_into().ok()?;
        let program = PathBuf::from(OsString::from_vec(next()?));
        let directory =
            Some(PathBuf::from(OsString::from_vec(next()?))).filter(|path| !path.as_os_str().is_empty());
        let arguments = count(next()?)?;
        let argv = (0..arguments).map(|_| next().map(OsString::from_vec)).collect::<Option<Vec<_>>>()?;
        let variables = count(next()?)?;
        let env = (0..variables)
            .map(|_| Some((OsString::from_vec(next()?), OsString::from_vec(next()?))))
            .collect::<Option<Vec<_>>>()?;
        Some(Self { program, directory, argv, env, stdio })
    }
}

/// (What, where) of files that stand in the place of others, as bytes.
pub(super) fn of_binds(binds: &[(PathBuf, PathBuf)]) -> Vec<u8> {
    let paths = binds.iter().flat_map(|(what, place)| [what, place]);
    // No path holds a NUL.
    paths.flat_map(|path| [path.as_os_str().as_encoded_bytes(), b"\0"].concat()).collect()
}

/// The reverse of [`of_binds`].
pub(super) fn binds(bytes: &[u8]) -> Vec<(PathBuf, PathBuf)> {
    let paths: Vec<&[u8]> = bytes.split(|byte| *byte == 0).collect();
    let path = |bytes: &[u8]| PathBuf::from(OsString::from_vec(bytes.to_vec()));
    paths.chunks_exact(2).map(|pair| (path(pair[0]), path(pair[1]))).collect()
}

/// A file without a name that holds `bytes`, to be passed on.
pub(super) fn in_memory(bytes: &[u8]) -> io::Result<OwnedFd> {
    let mut file = File::from(memfd_create(c"hoop", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file.into())
}

/// What such a file holds.
pub(super) fn read_all(file: OwnedFd) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::from(file).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_arrives_as_it_was_sent() {
        let parcel = Parcel {
            program: "/bin/sh".into(),
            directory: Some("/tmp".into()),
            argv: vec!["sh".into(), OsString::from_vec(vec![0xff, b'\n']), "".into()],
            env: vec![("A".into(), "1".into()), ("B".into(), "".into())],
            stdio: *b"otf",
        };
        assert_eq!(Parcel::parse(&parcel.to_bytes()), Some(parcel));
        let cut = &Parcel::default().to_bytes()[..20];
        assert_eq!(Parcel::parse(cut), None);
    }

    #[test]
    fn files_and_their_places_arrive_in_pairs() {
        let pairs = vec![("/a".into(), "/b".into()), ("/c d".into(), "/e".into())];
        let file = in_memory(&of_binds(&pairs)).unwrap();
        assert_eq!(binds(&read_all(file).unwrap()), pairs);
        assert_eq!(binds(b""), []);
    }

    #[test]
    fn orders_and_reports_can_be_read_back() {
        for order in [Order::Bind, Order::Resume, Order::Holds(true), Order::Signal(Signal::SIGHUP)] {
            let (a, b) = wire::pair().unwrap();
            order.send(std::os::fd::AsFd::as_fd(&a), &[]).unwrap();
            let wire::Received::Packet(packet) = wire::receive(std::os::fd::AsFd::as_fd(&b), true).unwrap()
            else {
                panic!("no packet")
            };
            assert_eq!(Order::parse(&packet.bytes), Some(order));
        }
        assert!(Report::parse(b"").is_none() && Report::parse(b"e\x01").is_none());
    }
}
