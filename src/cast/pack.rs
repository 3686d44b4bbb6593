//! Packing a recording with zstd so that it can be entered in many places: frames of bounded size, each of whole lines,
//! and a table of them at the end.
//!
//! The table is that of zstd's seekable format, in a frame that other programs pass over: `zstd -d` gives the recording
//! as it was. Our own [`super::Input`] does not need it, and does not believe it.
//!
//! Format: <https://github.com/facebook/zstd/blob/dev/contrib/seekable_format/zstd_seekable_compression_format.md>.

use std::io;
use std::io::Write;

use zstd::bulk::Compressor;

/// Content of a frame, in bytes; a longer line is divided. So much is unpacked at most to show a moment. Frames of 4 MiB take a
/// tenth less room.
pub const FRAME: usize = 256 << 10;
/// A third of a second for 100 MiB of log text; higher ones gain little in frames of this size.
const LEVEL: i32 = 3;

/// A frame that decoders skip, of the kind that the seekable format uses.
const SKIPPABLE: u32 = 0x184d_2a5e;
/// What the table ends with.
const SEEKABLE: u32 = 0x8f92_eab1;
/// Most frames that a table may name.
const MOST_FRAMES: usize = 0x0800_0000;

/// Packs what it is given into `out`.
pub struct Packer<W> {
    out: W,
    compressor: Compressor<'static>,
    block: Vec<u8>,
    /// Bytes of each frame, packed and not.
    frames: Vec<(u32, u32)>,
}

impl<W: Write> Packer<W> {
    /// Nothing yet. Fails when there is no memory for it.
    pub fn new(out: W) -> io::Result<Self> {
        let mut compressor = Compressor::new(LEVEL)?;
        // Damage is then met where it is, whoever reads it.
        compressor.include_checksum(true)?;
        Ok(Self { out, compressor, block: Vec::with_capacity(2 * FRAME), frames: Vec::new() })
    }

    /// Takes the next bytes of the recording.
    pub fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let room = (2 * FRAME - self.block.len()).min(bytes.len());
            let (part, rest) = bytes.split_at(room);
            self.block.extend_from_slice(part);
            bytes = rest;
            while self.block.len() >= FRAME {
                let line = memchr::memrchr(b'\n', &self.block[..FRAME]);
                self.frame(line.map_or(FRAME, |end| end + 1))?;
            }
        }
        Ok(())
    }

    /// Writes what is left, and the table; gives `out` back, which is to be synced by the caller.
    pub fn finish(mut self) -> io::Result<W> {
        if !self.block.is_empty() {
            self.frame(self.block.len())?;
        }
        let count = u32::try_from(self.frames.len().min(MOST_FRAMES)).unwrap_or_default();
        let length = count.checked_mul(8).and_then(|length| length.checked_add(9));
        // Without a table it is packed all the same.
        if let Some(length) = length.filter(|_| self.frames.len() <= MOST_FRAMES) {
            let mut table = Vec::with_capacity(length as usize + 8);
            table.extend(SKIPPABLE.to_le_bytes());
            table.extend(length.to_le_bytes());
            for (packed, plain) in &self.frames {
                table.extend(packed.to_le_bytes());
                table.extend(plain.to_le_bytes());
            }
            table.extend(count.to_le_bytes());
            table.push(0);
            table.extend(SEEKABLE.to_le_bytes());
            self.out.write_all(&table)?;
        }
        self.out.flush()?;
        Ok(self.out)
    }

    /// Packs the first `length` bytes that wait.
    fn frame(&mut self, length: usize) -> io::Result<()> {
        let packed = self.compressor.compress(&self.block[..length])?;
        self.out.write_all(&packed)?;
        let size = |length: usize| u32::try_from(length).map_err(io::Error::other);
        self.frames.push((size(packed.len())?, size(length)?));
        self.block.drain(..length);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::cast::Input;

    fn packed(content: &[u8], piece: usize) -> Vec<u8> {
        let mut packer = Packer::new(Vec::new()).unwrap();
        content.chunks(piece).for_each(|piece| packer.write(piece).unwrap());
        packer.finish().unwrap()
    }

    fn word(bytes: &[u8]) -> u32 {
        u32::from_le_bytes(bytes.try_into().unwrap())
    }

    #[test]
    fn what_is_packed_is_the_same_whatever_the_pieces_and_unpacks_to_what_it_was() {
        let content: Vec<u8> =
            (0..90_000_u32).flat_map(|n| format!("line {n} of it\n").into_bytes()).collect();
        let whole = packed(&content, usize::MAX);
        assert!(whole == packed(&content, 1_000) && whole == packed(&content, 700_001));
        assert!(whole.len() < content.len() / 4);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &whole).unwrap();
        let mut read = Vec::new();
        Input::open(file.path()).unwrap().read_to_end(&mut read).unwrap();
        assert!(read == content);
    }

    #[test]
    fn the_table_leads_to_each_frame_which_holds_whole_lines() {
        let mut content: Vec<u8> =
            (0..50_000_u32).flat_map(|n| format!("line {n} of it\n").into_bytes()).collect();
        // A line longer than frames, and a last one without its end.
        content.extend(vec![b'x'; 3 * FRAME]);
        content.extend(b"\nthe last");
        let whole = packed(&content, 64 << 10);
        let end = whole.len();
        assert_eq!(word(&whole[end - 4..]), SEEKABLE);
        assert_eq!(whole[end - 5], 0);
        let count = word(&whole[end - 9..end - 5]) as usize;
        let table = end - 9 - 8 * count;
        assert_eq!(word(&whole[table - 8..table - 4]), SKIPPABLE);
        assert_eq!(word(&whole[table - 4..table]) as usize, 8 * count + 9);
        let (mut at, mut plain) = (0, Vec::new());
        for entry in whole[table..end - 9].chunks_exact(8) {
            let (packed, length) = (word(&entry[..4]) as usize, word(&entry[4..]) as usize);
            assert!(length <= FRAME);
            let frame = zstd::bulk::decompress(&whole[at..at + packed], length).unwrap();
            assert_eq!(frame.len(), length);
            plain.extend(frame);
            assert!(plain.ends_with(b"\n") || plain.ends_with(b"x") || plain == content);
            at += packed;
        }
        assert!(at == table - 8 && plain == content);
        assert_eq!(packed(b"", 1).len(), 8 + 9, "nothing is nothing but a table");
    }
}
