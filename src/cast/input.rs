//! The bytes of a recording's file, plain or packed with zstd, read from the start or from a place known before.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::path::Path;
use std::path::PathBuf;

use zstd::stream::raw::DParameter;
use zstd::stream::raw::Decoder;
use zstd::stream::raw::Operation;

/// Bytes read from the file, and unpacked, at once.
const READ: usize = 128 << 10;
/// How every zstd frame begins.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// How a frame begins that is to be passed over, but for four bits: `pzstd` writes one before each frame.
const SKIPPABLE: [u8; 4] = [0x50, 0x2a, 0x4d, 0x18];
/// Largest window a frame may ask for, as a power of two: 64 MiB. `zstd -19` needs 8.
const MAX_WINDOW: u32 = 26;
/// Content may be this much longer than what it is packed in, and [`ALWAYS`] bytes whatever the ratio. A screen that
/// repeats itself packs 1:300; bombs pack 1:30,000.
const MAX_RATIO: u64 = 5_000;
const ALWAYS: u64 = 256 << 20;

/// Where a file can be entered: the start of a zstd frame. Both are 0 for the start of any file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Bytes of the file before it.
    pub packed: u64,
    /// Bytes of the content before it.
    pub plain: u64,
}

/// A recording's content, as it is read.
pub enum Input {
    /// The file is the content.
    Plain(BufReader<File>),
    /// The file holds zstd frames.
    Packed(Box<Unpacker>),
}

/// Whether the file is packed, by how it begins. Reads its first bytes and goes back.
pub(super) fn is_packed(file: &mut File) -> io::Result<bool> {
    let mut begin = [0; 4];
    let mut length = 0;
    while length < begin.len() {
        match file.read(&mut begin[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    file.seek(SeekFrom::Start(0))?;
    let is_skipped = begin[0] & 0xf0 == SKIPPABLE[0] && begin[1..] == SKIPPABLE[1..];
    Ok(begin == ZSTD || is_skipped)
}

impl Input {
    /// The content from its start.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::open_at(path, Entry::default(), 0)
    }

    /// The content from `offset` on. `entry` is the last place before it where the file can be entered, as
    /// [`Input::entry`] gave it; it only saves time, and is of no use in a plain file. When the file is gone, what it was
    /// packed into is opened ([`present`]).
    pub fn open_at(path: &Path, entry: Entry, offset: u64) -> io::Result<Self> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => File::open(present(path))?,
            opened => opened?,
        };
        Self::of(file, entry, offset)
    }

    /// As [`Input::open_at`], of a file that is open.
    pub fn of(mut file: File, entry: Entry, offset: u64) -> io::Result<Self> {
        if !is_packed(&mut file)? {
            file.seek(SeekFrom::Start(offset))?;
            return Ok(Self::Plain(BufReader::with_capacity(READ, file)));
        }
        let entry = if entry.plain <= offset { entry } else { Entry::default() };
        file.seek(SeekFrom::Start(entry.packed))?;
        let mut unpacker = Unpacker::new(file, entry)?;
        // Damage before that place is met when the place is read.
        unpacker.failed = unpacker.skip(offset - entry.plain).err();
        Ok(Self::Packed(Box::new(unpacker)))
    }

    /// The last place where the file can be entered to read what comes next.
    #[must_use]
    pub fn entry(&self) -> Entry {
        match self {
            Self::Plain(_) => Entry::default(),
            Self::Packed(unpacker) => unpacker.entry(),
        }
    }

    /// Whether the file is packed.
    #[must_use]
    pub fn is_packed(&self) -> bool {
        matches!(self, Self::Packed(_))
    }
}

/// The file itself, or what it was packed into when it is gone (`NAME.zst`).
#[must_use]
pub fn present(path: &Path) -> PathBuf {
    if path.exists() {
        return path.to_owned();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".zst");
    let packed = PathBuf::from(name);
    if packed.exists() { packed } else { path.to_owned() }
}

impl Read for Input {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let block = self.fill_buf()?;
        let length = block.len().min(out.len());
        out[..length].copy_from_slice(&block[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::Plain(file) => file.fill_buf(),
            Self::Packed(unpacker) => unpacker.fill(),
        }
    }

    fn consume(&mut self, length: usize) {
        match self {
            Self::Plain(file) => file.consume(length),
            Self::Packed(unpacker) => unpacker.at = (unpacker.at + length).min(unpacker.filled),
        }
    }
}

/// Unpacks zstd frames one after another, and knows where each began.
pub struct Unpacker {
    file: BufReader<File>,
    decoder: Decoder<'static>,
    buffer: Vec<u8>,
    at: usize,
    filled: usize,
    /// Where reading began, and how far it is: bytes of the file and of the content.
    begin: Entry,
    here: Entry,
    /// Where the frame began that the buffer is of, and the one that comes next.
    of_buffer: Entry,
    next: Entry,
    /// What went wrong on the way to where reading begins.
    failed: Option<io::Error>,
}

impl Unpacker {
    fn new(file: File, begin: Entry) -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(MAX_WINDOW))?;
        let file = BufReader::with_capacity(READ, file);
        let buffer = vec![0; READ];
        let (at, filled) = (0, 0);
        let failed = None;
        Ok(Self {
            file,
            decoder,
            buffer,
            at,
            filled,
            begin,
            here: begin,
            of_buffer: begin,
            next: begin,
            failed,
        })
    }

    fn entry(&self) -> Entry {
        if self.at < self.filled { self.of_buffer } else { self.next }
    }

    fn skip(&mut self, mut length: u64) -> io::Result<()> {
        while length > 0 {
            let block = self.fill()?.len();
            if block == 0 {
                return Ok(());
            }
            let part = usize::try_from(length).unwrap_or(usize::MAX).min(block);
            self.at += part;
            length -= part as u64;
        }
        Ok(())
    }

    /// What is unpacked and not taken yet; empty at the end. A buffer never holds bytes of two frames.
    fn fill(&mut self) -> io::Result<&[u8]> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        while self.at == self.filled {
            let block = match self.file.fill_buf() {
                Ok(block) => block,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let at_end = block.is_empty();
            if at_end && self.here.packed == self.next.packed {
                return Ok(&[]);
            }
            let status = self
                .decoder
                .run_on_buffers(block, &mut self.buffer)
                .map_err(|error| self.damaged(&error.to_string()))?;
            self.file.consume(status.bytes_read);
            (self.at, self.filled, self.of_buffer) = (0, status.bytes_written, self.next);
            self.here.packed += status.bytes_read as u64;
            self.here.plain += status.bytes_written as u64;
            if status.remaining == 0 {
                self.next = self.here;
            } else if at_end && status.bytes_written == 0 {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("its compressed data ends too early, after {} bytes", self.here.packed),
                ));
            }
            let (taken, made) = (self.here.packed - self.begin.packed, self.here.plain - self.begin.plain);
            if made > ALWAYS && made / MAX_RATIO > taken {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("{taken} bytes of it unpack to more than {made}: this is no recording"),
                ));
            }
        }
        Ok(&self.buffer[self.at..self.filled])
    }

    fn damaged(&self, reason: &str) -> io::Error {
        let text = format!("its compressed data is damaged after byte {}: {reason}", self.here.packed);
        io::Error::new(io::ErrorKind::InvalidData, text)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Content in frames of `size` bytes each, and a frame that is to be skipped after every one.
    fn packed(content: &[u8], size: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for part in content.chunks(size) {
            out.extend(zstd::bulk::compress(part, 1).unwrap());
            out.extend([0x5e, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
        }
        out
    }

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn content() -> Vec<u8> {
        (0..200_000_u32).flat_map(|n| format!("line {n}\n").into_bytes()).collect()
    }

    #[test]
    fn packed_content_is_entered_at_its_frames() {
        let content = content();
        let file = file(&packed(&content, 100_000));
        let mut input = Input::open(file.path()).unwrap();
        let mut entries = Vec::new();
        let mut read = Vec::new();
        loop {
            let entry = input.entry();
            let block = input.fill_buf().unwrap();
            if block.is_empty() {
                break;
            }
            let length = block.len().min(33_333);
            read.extend_from_slice(&block[..length]);
            entries.push((entry, read.len() - length));
            input.consume(length);
        }
        assert!(read == content);
        let mut frames: Vec<_> = entries.iter().map(|(entry, _)| entry.packed).collect();
        frames.dedup();
        assert!(frames.len() >= content.len() / 100_000, "{frames:?}");
        for (entry, offset) in entries {
            let mut rest = Vec::new();
            Input::open_at(file.path(), entry, offset as u64)
                .unwrap()
                .take(50_000)
                .read_to_end(&mut rest)
                .unwrap();
            assert!(rest == content[offset..(offset + 50_000).min(content.len())]);
        }
    }

    #[test]
    fn a_file_may_begin_with_a_frame_that_is_passed_over() {
        for first in [0x50, 0x5e, 0x5f] {
            let mut bytes = vec![first, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];
            bytes.extend(zstd::bulk::compress(b"content", 1).unwrap());
            let mut read = Vec::new();
            Input::open(file(&bytes).path()).unwrap().read_to_end(&mut read).unwrap();
            assert_eq!(read, b"content");
        }
    }

    #[test]
    fn damage_gives_what_came_before_it_and_a_reason() {
        let content = content();
        let whole = packed(&content, 100_000);
        let mut wrong = whole.clone();
        wrong[whole.len() / 2..whole.len() / 2 + 40].fill(0xaa);
        for (bytes, words) in
            [(&whole[..whole.len() - 30], "ends too early"), (&wrong, "is damaged after byte")]
        {
            let mut read = Vec::new();
            let error = Input::open(file(bytes).path()).unwrap().read_to_end(&mut read).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
            assert!(read.len() >= 100_000 && content.starts_with(&read));
        }
    }

    #[test]
    fn a_bomb_is_not_unpacked_to_its_end() {
        // 8 GiB of zeros in a frame: made once of 1 MiB, which a decoder takes as often as it comes.
        let part = zstd::bulk::compress(&vec![0; 1 << 20], 19).unwrap();
        let file = file(&part.repeat(8 << 10));
        let (mut input, mut made) = (Input::open(file.path()).unwrap(), 0_u64);
        let error = loop {
            match input.fill_buf().map(<[u8]>::len) {
                Ok(length) => {
                    assert!(length > 0, "{made}");
                    made += length as u64;
                    input.consume(length);
                }
                Err(error) => break error,
            }
        };
        assert!(error.to_string().contains("this is no recording") && made < 512 << 20, "{error} {made}");
    }

    #[test]
    fn a_window_that_needs_too_much_memory_is_refused() {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.set_parameter(zstd::zstd_safe::CParameter::WindowLog(28)).unwrap();
        encoder.write_all(&[b'x'; 1000]).unwrap();
        let bytes = encoder.finish().unwrap();
        assert!(Input::open(file(&bytes).path()).unwrap().fill_buf().is_err());
    }
}
