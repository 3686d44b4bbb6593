//! aws-chunked bodies on their way through: each chunk is checked; signatures made with the placeholder, worthless to
//! AWS, are replaced by real ones.

use bytes::Bytes;

use crate::aws::Refusal;
use crate::aws::chunked::Decoder;
use crate::aws::chunked::Encoder;

/// S3 refuses chunks under 8 KiB unless they are the last; this is what SDKs send.
const CHUNK_BYTES: usize = 64 << 10;

/// Signed chunks: taken off, and put on again with the real key.
pub struct Resigned {
    decoder: Option<Decoder>,
    encoder: Encoder,
    /// Trailing headers were announced.
    trailer: bool,
    length: Length,
    /// Decoded bytes that are not a chunk yet.
    pending: Vec<u8>,
}

impl Resigned {
    /// Starts before the first byte; `announced` is `x-amz-decoded-content-length`.
    pub fn new(decoder: Decoder, encoder: Encoder, trailer: bool, announced: Option<u64>) -> Self {
        Self { decoder: Some(decoder), encoder, trailer, length: Length { announced }, pending: Vec::new() }
    }

    /// Takes bytes as they came; gives bytes to send, perhaps none yet.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Bytes, Refusal> {
        let Some(decoder) = &mut self.decoder else { return Ok(Bytes::new()) };
        decoder.push(bytes, &mut self.pending)?;
        self.length.so_far(decoder.decoded())?;
        let mut out = Vec::new();
        self.pending.chunks_exact(CHUNK_BYTES).for_each(|chunk| self.encoder.chunk(chunk, &mut out));
        let whole = self.pending.len() - self.pending.len() % CHUNK_BYTES;
        self.pending.drain(..whole);
        Ok(out.into())
    }

    /// The body has ended: gives the last bytes to send.
    pub fn finish(&mut self) -> Result<Bytes, Refusal> {
        let Some(decoder) = self.decoder.take() else { return Ok(Bytes::new()) };
        let decoded = decoder.decoded();
        let trailers = decoder.finish()?;
        self.length.at_the_end(decoded)?;
        let mut out = Vec::new();
        self.encoder.chunk(&self.pending, &mut out);
        self.encoder.end(&trailers, self.trailer, &mut out);
        Ok(out.into())
    }
}

/// Chunks without signatures: they pass as they are, once they were found to be well-formed.
pub struct Framed {
    decoder: Option<Decoder>,
    length: Length,
}

impl Framed {
    /// Starts before the first byte; `announced` is `x-amz-decoded-content-length`.
    pub fn new(announced: Option<u64>) -> Self {
        Self { decoder: Some(Decoder::new(None, true)), length: Length { announced } }
    }

    /// Looks at bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        decoder.check(bytes)?;
        self.length.so_far(decoder.decoded())
    }

    /// The body has ended.
    pub fn finish(&mut self) -> Result<(), Refusal> {
        let Some(decoder) = self.decoder.take() else { return Ok(()) };
        let decoded = decoder.decoded();
        decoder.finish()?;
        self.length.at_the_end(decoded)
    }
}

/// The length of what is inside, as it was announced.
struct Length {
    announced: Option<u64>,
}

impl Length {
    fn so_far(&self, decoded: u64) -> Result<(), Refusal> {
        if self.announced.is_some_and(|announced| decoded > announced) { Err(wrong_length()) } else { Ok(()) }
    }

    fn at_the_end(&self, decoded: u64) -> Result<(), Refusal> {
        if self.announced.is_some_and(|announced| decoded != announced) {
            Err(wrong_length())
        } else {
            Ok(())
        }
    }
}

fn wrong_length() -> Refusal {
    Refusal::new(400, "IncompleteBody", "The body is not as long as x-amz-decoded-content-length says.")
}
