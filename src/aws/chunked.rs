//! Bodies in aws-chunked encoding: signed or unsigned chunks, trailing headers. A push parser with flat memory: chunks
//! pass through, only header lines and trailers are held.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>.

use sha2::Digest;
use sha2::Sha256;

use super::Refusal;
use super::sigv4::ChunkKey;

/// The longest chunk header: 16 digits, `;chunk-signature=`, 64 digits, with room to spare.
const LONGEST_HEADER: usize = 256;
/// The longest trailer, in bytes; a checksum and a signature take 200.
const LONGEST_TRAILER: usize = 8 * 1024;
/// AWS's own limit for a chunk is below; it only guards the arithmetic.
const LARGEST_CHUNK: u64 = 1 << 40;

/// Takes aws-chunked bytes, gives the bytes inside.
///
/// Bytes are given out as they come; a chunk's signature is checked when the chunk ends. Whoever forwards them must end
/// the upstream request in an error when [`Decoder::push`] or [`Decoder::finish`] fails, so that nothing is stored.
pub struct Decoder {
    key: Option<ChunkKey>,
    trailer: bool,
    state: State,
    line: Vec<u8>,
    signature: String,
    hash: Sha256,
    trailers: Vec<(String, String)>,
    trailer_bytes: usize,
    decoded: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Header,
    /// Bytes of the chunk that are still to come.
    Data(u64),
    /// The line feed after a chunk's data.
    DataEnd,
    Trailer,
    Done,
}

impl Decoder {
    /// With a key every chunk (and the trailer) must carry a good signature; without one they are unsigned. `trailer`
    /// says whether trailing headers may follow the last chunk.
    #[must_use]
    pub fn new(key: Option<ChunkKey>, trailer: bool) -> Self {
        Self {
            key,
            trailer,
            state: State::Header,
            line: Vec::new(),
            signature: String::new(),
            hash: Sha256::new(),
            trailers: Vec::new(),
            trailer_bytes: 0,
            decoded: 0,
        }
    }

    /// Appends to `out` what `input` decodes to.
    ///
    /// Fails on a malformed header, a wrong signature, or bytes after the end; the decoder is then of no more use.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
        self.read(input, |data| out.extend_from_slice(data))
    }

    /// Checks `input` as [`Decoder::push`] does, without copying what is inside.
    pub fn check(&mut self, input: &[u8]) -> Result<(), Refusal> {
        self.read(input, |_| {})
    }

    fn read(&mut self, mut input: &[u8], mut give: impl FnMut(&[u8])) -> Result<(), Refusal> {
        while !input.is_empty() {
            match self.state {
                State::Data(left) => {
                    let take = input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    let (data, rest) = input.split_at(take);
                    if self.key.is_some() {
                        self.hash.update(data);
                    }
                    give(data);
                    self.decoded += take as u64;
                    input = rest;
                    let left = left - take as u64;
                    self.state = if left == 0 { State::DataEnd } else { State::Data(left) };
                }
                State::Done => return Err(malformed("bytes follow the last chunk")),
                State::Header | State::DataEnd | State::Trailer => {
                    let Some(end) = memchr::memchr(b'\n', input) else {
                        self.hold(input)?;
                        return Ok(());
                    };
                    self.hold(&input[..end])?;
                    input = &input[end + 1..];
                    let line = std::mem::take(&mut self.line);
                    let line =
                        line.strip_suffix(b"\r").ok_or_else(|| malformed("a line does not end in CR LF"))?;
                    self.line_read(line)?;
                }
            }
        }
        Ok(())
    }

    /// The trailing headers, lower-case, when the body has ended where it should.
    pub fn finish(self) -> Result<Vec<(String, String)>, Refusal> {
        if self.state == State::Done {
            Ok(self.trailers)
        } else {
            Err(malformed("the body ends before its last chunk"))
        }
    }

    /// How many bytes were given out so far; to compare with `x-amz-decoded-content-length`.
    #[must_use]
    pub fn decoded(&self) -> u64 {
        self.decoded
    }

    fn hold(&mut self, part: &[u8]) -> Result<(), Refusal> {
        let limit = match self.state {
            State::Trailer => LONGEST_TRAILER,
            State::DataEnd => 1,
            _ => LONGEST_HEADER,
        };
        if self.line.len() + part.len() > limit {
            return Err(malformed("a line is too long"));
        }
        self.line.extend_from_slice(part);
        Ok(())
    }

    fn line_read(&mut self, line: &[u8]) -> Result<(), Refusal> {
        match self.state {
            State::Header => self.header(line),
            State::DataEnd => {
                if !line.is_empty() {
                    return Err(malformed("a chunk is longer than its header says"));
                }
                self.check_chunk()?;
                self.state = State::Header;
                Ok(())
            }
            _ => self.trailer_line(line),
        }
    }

    fn header(&mut self, line: &[u8]) -> Result<(), Refusal> {
        let line = std::str::from_utf8(line).map_err(|_| malformed("a chunk header is not text"))?;
        let (size, extension) = line.split_once(';').unwrap_or((line, ""));
        // from_str_radix would also take a sign.
        let size = Some(size)
            .filter(|size| (1..=16).contains(&size.len()) && size.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|size| u64::from_str_radix(size, 16).ok())
            .filter(|size| *size <= LARGEST_CHUNK)
            .ok_or_else(|| malformed("a chunk header has no valid size"))?;
        extension.strip_prefix("chunk-signature=").unwrap_or_default().clone_into(&mut self.signature);
        if self.key.is_some() && self.signature.is_empty() {
            return Err(malformed("a chunk has no signature"));
        }
        if size > 0 {
            self.state = State::Data(size);
            return Ok(());
        }
        self.check_chunk()?;
        self.state = State::Trailer;
        Ok(())
    }

    fn trailer_line(&mut self, line: &[u8]) -> Result<(), Refusal> {
        if line.is_empty() {
            // The AWS form ends signed trailers with `x-amz-trailer-signature`; without it nothing vouches for them.
            if self.key.is_some() && self.trailer {
                self.check_trailer()?;
            }
            self.state = State::Done;
            return Ok(());
        }
        self.trailer_bytes += line.len();
        if !self.trailer || self.trailer_bytes > LONGEST_TRAILER {
            return Err(malformed("a trailer that was not announced, or is too long"));
        }
        let line = std::str::from_utf8(line).map_err(|_| malformed("a trailer is not text"))?;
        let (name, value) = line.split_once(':').ok_or_else(|| malformed("a trailer has no colon"))?;
        self.trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        Ok(())
    }

    fn check_chunk(&mut self) -> Result<(), Refusal> {
        let Some(key) = &mut self.key else { return Ok(()) };
        let hash = std::mem::take(&mut self.hash).finalize();
        if key.accept_chunk(&hash, &self.signature) { Ok(()) } else { Err(mismatch()) }
    }

    fn check_trailer(&mut self) -> Result<(), Refusal> {
        let Some(key) = &mut self.key else { return Ok(()) };
        let at = self.trailers.iter().position(|(name, _)| name == "x-amz-trailer-signature");
        let Some((_, signature)) = at.map(|at| self.trailers.remove(at)) else {
            return Err(malformed("the trailer has no signature"));
        };
        let text: String = self.trailers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        if key.accept_trailer(text.as_bytes(), &signature) { Ok(()) } else { Err(mismatch()) }
    }
}

/// Frames bytes as aws-chunked: with a signature on each chunk and on the trailer, or without any.
#[derive(Default)]
pub struct Encoder {
    key: Option<ChunkKey>,
}

impl Encoder {
    /// With a key every chunk is signed.
    #[must_use]
    pub fn new(key: Option<ChunkKey>) -> Self {
        Self { key }
    }

    /// Appends one chunk; an empty one would end the body and is left out.
    pub fn chunk(&mut self, data: &[u8], out: &mut Vec<u8>) {
        if !data.is_empty() {
            self.header(data, out);
            out.extend_from_slice(data);
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Appends the end of the body: the empty chunk and, if `trailer` says that the request announced them, the trailing
    /// headers.
    pub fn end(&mut self, trailers: &[(String, String)], trailer: bool, out: &mut Vec<u8>) {
        self.header(&[], out);
        if trailer {
            let text: String = trailers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
            out.extend_from_slice(text.replace('\n', "\r\n").as_bytes());
            if let Some(key) = &mut self.key {
                let signature = key.sign_trailer(text.as_bytes());
                out.extend_from_slice(format!("x-amz-trailer-signature:{signature}\r\n").as_bytes());
            }
        }
        out.extend_from_slice(b"\r\n");
    }

    fn header(&mut self, data: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{:x}", data.len()).as_bytes());
        if let Some(key) = &mut self.key {
            out.extend_from_slice(format!(";chunk-signature={}", key.sign_chunk(data)).as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    }
}

fn malformed(why: &str) -> Refusal {
    Refusal::new(400, "IncompleteBody", format!("The aws-chunked body is malformed: {why}"))
}

fn mismatch() -> Refusal {
    Refusal::new(
        403,
        "SignatureDoesNotMatch",
        "The chunk signature we calculated does not match the signature you provided. Check your key and signing method.",
    )
}
