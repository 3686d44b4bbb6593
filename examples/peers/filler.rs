//! Bodies of uploads and downloads, as long as is asked for.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use bytes::Bytes;
use hyper::body::Body;
use hyper::body::Frame;
use hyper::body::SizeHint;

/// What they are made of: nothing that looks like text.
static PIECE: [u8; 64 << 10] = [0x80; 64 << 10];

/// So many bytes are left.
pub struct Filler(pub u64);

impl Body for Filler {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let count = self.0.min(PIECE.len() as u64);
        if count == 0 {
            return Poll::Ready(None);
        }
        self.0 -= count;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&PIECE[..count as usize])))))
    }

    fn is_end_stream(&self) -> bool {
        self.0 == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}
