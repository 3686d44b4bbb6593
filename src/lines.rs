//! Reading lines of files that may be damaged, hostile or still growing: no line is longer than its limit in
//! memory, and it is known whether the last one was ended.

use std::io;
use std::io::BufRead;

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With a line feed.
    Complete,
    /// With the end of the file: its writer may not have finished it.
    Unfinished,
    /// It is longer than the limit; its first bytes are kept, the rest was skipped up to its end.
    TooLong,
    /// There is no further line.
    End,
}

/// Reads the next line into `line`, without its line feed, and keeps at most `limit` bytes of it.
///
/// Gives how it ended and how many bytes of the source it took, its line feed included.
pub fn read(source: &mut impl BufRead, line: &mut Vec<u8>, limit: usize) -> io::Result<(Ending, u64)> {
    line.clear();
    let mut taken = 0_u64;
    let mut too_long = false;
    loop {
        let block = match source.fill_buf() {
            Ok(block) => block,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if block.is_empty() {
            let ending = match (too_long, taken) {
                (true, _) => Ending::TooLong,
                (false, 0) => Ending::End,
                (false, _) => Ending::Unfinished,
            };
            return Ok((ending, taken));
        }
        let end = memchr::memchr(b'\n', block);
        let part = &block[..end.unwrap_or(block.len())];
        let room = limit - line.len();
        too_long |= part.len() > room;
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = part.len() + usize::from(end.is_some());
        source.consume(used);
        taken += used as u64;
        if end.is_some() {
            return Ok((if too_long { Ending::TooLong } else { Ending::Complete }, taken));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, limit: usize) -> Vec<(Ending, u64, String)> {
        let mut source = io::BufReader::with_capacity(3, text.as_bytes());
        let mut line = Vec::new();
        let mut found = Vec::new();
        loop {
            let (ending, taken) = read(&mut source, &mut line, limit).unwrap();
            if ending == Ending::End {
                return found;
            }
            found.push((ending, taken, String::from_utf8(line.clone()).unwrap()));
        }
    }

    #[test]
    fn lines_end_as_they_end() {
        assert_eq!(
            all("abcd\n\nef", 9),
            [
                (Ending::Complete, 5, "abcd".into()),
                (Ending::Complete, 1, String::new()),
                (Ending::Unfinished, 2, "ef".into())
            ]
        );
    }

    #[test]
    fn a_long_line_is_skipped_but_its_head_is_kept() {
        assert_eq!(
            all("abcdefgh\nx\nabcdef", 4),
            [
                (Ending::TooLong, 9, "abcd".into()),
                (Ending::Complete, 2, "x".into()),
                (Ending::TooLong, 6, "abcd".into())
            ]
        );
    }
}
