//! Response bodies that know when they have been given in full, and end their call's record then.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::Body;
use hyper::body::Frame;
use hyper::body::Incoming;
use hyper::body::SizeHint;

use crate::error::Error;
use crate::gateway::entry::Entry;
use crate::mask;
use crate::net::BodyError;
use crate::record;
use crate::record::Recorder;

/// A body that is all there.
pub struct Given {
    entry: Arc<Entry>,
    bytes: Bytes,
}

impl Given {
    /// Ends `entry` when it is taken.
    pub fn new(entry: Arc<Entry>, bytes: Bytes) -> Self {
        Self { entry, bytes }
    }
}

impl Body for Given {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let bytes = std::mem::take(&mut self.bytes);
        // The end is written before the client sees the answer.
        self.entry.done(bytes.len() as u64)?;
        Poll::Ready(if bytes.is_empty() { None } else { Some(Ok(Frame::data(bytes))) })
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}

/// A body on its way from AWS to the client, masked if it is text.
pub struct Streamed {
    entry: Arc<Entry>,
    body: Incoming,
    first: Bytes,
    mask: Option<mask::Stream>,
    record: Option<(Recorder, record::Body)>,
    sent: u64,
    trailers: Option<HeaderMap>,
    ended: bool,
}

impl Streamed {
    /// `first` was read already; `mask` for text.
    pub fn new(entry: Arc<Entry>, body: Incoming, first: Bytes, mask: Option<mask::Stream>) -> Self {
        Self { entry, body, first, mask, record: None, sent: 0, trailers: None, ended: false }
    }

    /// Keeps what passes, masked, as far as `recorder` keeps bodies.
    pub fn recorded_by(mut self, recorder: Option<Recorder>) -> Self {
        self.record = recorder.map(|recorder| (recorder, record::Body::default()));
        self
    }

    /// The next piece as the client may see it; at the end also what was held back.
    fn piece(&mut self, data: Bytes, last: bool) -> Result<Bytes, Error> {
        let out = match &mut self.mask {
            None => data,
            Some(stream) => {
                let mut out = Vec::with_capacity(data.len());
                stream.push(&data, &mut out);
                if last {
                    stream.finish(&mut out);
                }
                self.entry.masked(&stream.take_masks());
                out.into()
            }
        };
        self.sent += out.len() as u64;
        if let Some((_, kept)) = &mut self.record {
            kept.push(&out);
        }
        if last {
            self.ended = true;
            if let Some((recorder, kept)) = self.record.take() {
                self.entry.response_kept(recorder.store(kept)?);
            }
            self.entry.done(self.sent)?;
        }
        Ok(out)
    }
}

impl Body for Streamed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        while !this.ended {
            let data = if this.first.is_empty() {
                match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                    None => Bytes::new(),
                    Some(Ok(frame)) => match frame.into_data() {
                        Ok(data) if !data.is_empty() => data,
                        Ok(_) => continue,
                        Err(frame) => {
                            this.trailers = frame.into_trailers().ok().map(|mut trailers| {
                                this.entry.mask_headers(&mut trailers);
                                trailers
                            });
                            continue;
                        }
                    },
                    Some(Err(error)) => {
                        this.ended = true;
                        this.entry.broken(this.sent, "AWS's answer broke off")?;
                        return Poll::Ready(Some(Err(error.into())));
                    }
                }
            } else {
                std::mem::take(&mut this.first)
            };
            // The server does not ask again when the announced length has passed: the last piece must know that it is.
            let last = data.is_empty() || this.body.is_end_stream();
            let out = this.piece(data, last)?;
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(out))));
            }
        }
        Poll::Ready(this.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended && self.trailers.is_none()
    }
}
