//! Signed aws-chunked bodies on their way through: each chunk is checked, its signature (made with the placeholder,
//! worthless to AWS) taken off.

use std::fmt::Write;

use bytes::Bytes;

use crate::aws::Refusal;
use crate::aws::chunked::Decoder;

/// S3 refuses chunks under 8 KiB unless they are the last; this is what SDKs send.
const CHUNK_BYTES: usize = 64 << 10;

/// What goes to AWS instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// The bytes alone.
    Plain,
    /// aws-chunked without signatures, with the trailing headers.
    Trailer,
}

/// Takes the framing off, and puts on what AWS is sent.
pub struct Unchunked {
    decoder: Option<Decoder>,
    framing: Framing,
    /// `x-amz-decoded-content-length`, if it was given.
    announced: Option<u64>,
    decoded: u64,
    /// Decoded bytes that are not a chunk yet.
    pending: Vec<u8>,
}

impl Unchunked {
    /// Starts before the first byte.
    pub fn new(decoder: Decoder, framing: Framing, announced: Option<u64>) -> Self {
        Self { decoder: Some(decoder), framing, announced, decoded: 0, pending: Vec::new() }
    }

    /// Takes bytes as they came; gives bytes to send, perhaps none yet.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Bytes, Refusal> {
        let Some(decoder) = &mut self.decoder else { return Ok(Bytes::new()) };
        let before = self.pending.len();
        decoder.push(bytes, &mut self.pending)?;
        self.decoded += (self.pending.len() - before) as u64;
        if self.announced.is_some_and(|announced| self.decoded > announced) {
            return Err(wrong_length());
        }
        match self.framing {
            Framing::Plain => Ok(std::mem::take(&mut self.pending).into()),
            Framing::Trailer if self.pending.len() < CHUNK_BYTES => Ok(Bytes::new()),
            Framing::Trailer => Ok(self.chunk().into()),
        }
    }

    /// The body has ended: gives the last bytes to send.
    pub fn finish(&mut self) -> Result<Bytes, Refusal> {
        let Some(decoder) = self.decoder.take() else { return Ok(Bytes::new()) };
        let trailers = decoder.finish()?;
        if self.announced.is_some_and(|announced| self.decoded != announced) {
            return Err(wrong_length());
        }
        if self.framing == Framing::Plain {
            return Ok(Bytes::new());
        }
        let last = if self.pending.is_empty() { Vec::new() } else { self.chunk() };
        let mut end = "0\r\n".to_owned();
        for (name, value) in trailers {
            // The signature over the trailer was made with the placeholder, like the chunks'.
            if name != "x-amz-trailer-signature" {
                // Writing to a String cannot fail.
                let _ = write!(end, "{name}:{value}\r\n");
            }
        }
        end.push_str("\r\n");
        Ok([last, end.into_bytes()].concat().into())
    }

    /// What is pending, as one chunk.
    fn chunk(&mut self) -> Vec<u8> {
        let mut framed = format!("{:x}\r\n", self.pending.len()).into_bytes();
        framed.append(&mut self.pending);
        framed.extend_from_slice(b"\r\n");
        framed
    }
}

fn wrong_length() -> Refusal {
    Refusal::new(400, "IncompleteBody", "The body is not as long as x-amz-decoded-content-length says.")
}
