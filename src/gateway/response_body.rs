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

use crate::aws::Call;
use crate::error::Error;
use crate::gateway::entry::Entry;
use crate::mask;
use crate::mask::Masks;
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

/// What happens to the bytes on their way.
pub enum Masking {
    /// They pass as they are.
    None,
    /// Text: secrets become stars.
    Text(Box<mask::Stream>),
    /// Frames of events, each masked by its structure.
    Frames(Box<mask::Frames>),
}

impl Masking {
    /// Appends to `out` what of `data` may be shown; at the `last` piece also what was held back. With an error nothing may
    /// follow: what is in `out` by then is whole frames that may be shown.
    pub fn push(&mut self, data: &Bytes, last: bool, out: &mut Vec<u8>) -> (Masks, Option<Error>) {
        match self {
            Self::None => {
                out.extend_from_slice(data);
                (Masks::default(), None)
            }
            Self::Text(stream) => {
                stream.push(data, out);
                if last {
                    stream.finish(out);
                }
                (stream.take_masks(), None)
            }
            Self::Frames(frames) => {
                let pushed = frames.push(data, out);
                let done = if last { pushed.and_then(|()| frames.finish(out)) } else { pushed };
                (frames.take_masks(), done.err())
            }
        }
    }
}

/// A body on its way from AWS to the client, masked if it is text or events.
pub struct Streamed {
    entry: Arc<Entry>,
    body: Incoming,
    /// Masked, but not given.
    ready: Bytes,
    mask: Masking,
    record: Option<(Recorder, record::Body)>,
    /// The stored objects it is made of.
    objects: Vec<String>,
    sent: u64,
    trailers: Option<HeaderMap>,
    ended: bool,
    /// Why it breaks off, once all before has been given.
    broken: Option<Broken>,
}

/// The end of a body that has no regular one.
struct Broken {
    why: BodyError,
    /// The server library was given a turn to send head and pieces on: of what fails it sends nothing more.
    waited: bool,
}

impl Streamed {
    /// What is left of `body`, as `mask` has it shown.
    pub fn new(entry: Arc<Entry>, body: Incoming, mask: Masking) -> Self {
        Self {
            entry,
            body,
            ready: Bytes::new(),
            mask,
            record: None,
            objects: Vec::new(),
            sent: 0,
            trailers: None,
            ended: false,
            broken: None,
        }
    }

    /// Remembers of the objects of `call` that they were shown with stars, if they are.
    pub fn of(mut self, call: &Call) -> Self {
        if call.prefix == "s3" && matches!(self.mask, Masking::Text(_)) {
            self.objects.clone_from(&call.resources);
        }
        self
    }

    /// Keeps what passes, masked, as far as `recorder` keeps bodies.
    pub fn recorded_by(mut self, recorder: Option<Recorder>) -> Self {
        self.record = recorder.map(|recorder| (recorder, record::Body::default()));
        self
    }

    /// Takes the `first` piece, which was read already. On failure nothing has been given yet.
    pub fn begun_with(mut self, first: Bytes) -> Result<Self, Error> {
        let last = first.is_empty() || self.body.is_end_stream();
        self.ready = self.piece(first, last)?;
        Ok(self)
    }

    /// The next piece as the client may see it; at the end also what was held back.
    fn piece(&mut self, data: Bytes, last: bool) -> Result<Bytes, Error> {
        let mut failed = None;
        let out = match &mut self.mask {
            Masking::None => data,
            mask => {
                let mut out = Vec::with_capacity(data.len());
                let (masks, wrong) = mask.push(&data, last, &mut out);
                failed = wrong;
                if !masks.is_empty() {
                    self.entry.starred(&std::mem::take(&mut self.objects));
                }
                self.entry.masked(&masks);
                out.into()
            }
        };
        self.sent += out.len() as u64;
        if let Some((_, kept)) = &mut self.record {
            kept.push(&out);
        }
        if let Some(error) = failed {
            let reason = format!("the rest of the answer is withheld: {error}");
            self.break_off(&reason, error.into())?;
        } else if last {
            self.ended = true;
            if let Some((recorder, kept)) = self.record.take() {
                self.entry.response_kept(recorder.store(kept)?);
            }
            self.entry.done(self.sent)?;
        }
        Ok(out)
    }

    /// Ends without a regular end.
    fn break_off(&mut self, reason: &str, why: BodyError) -> Result<(), Error> {
        self.ended = true;
        self.broken = Some(Broken { why, waited: false });
        self.entry.broken(self.sent, reason)
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
        if !this.ready.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.ready)))));
        }
        while !this.ended {
            let data = match ready!(Pin::new(&mut this.body).poll_frame(context)) {
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
                    this.break_off("AWS's answer broke off", error.into())?;
                    break;
                }
            };
            // The server does not ask again when the announced length has passed: the last piece must know that it is.
            let last = data.is_empty() || this.body.is_end_stream();
            // What goes wrong in here is that it cannot be recorded; the status has gone out long ago.
            let out = this.piece(data, last).inspect_err(|_| this.ended = true)?;
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(out))));
            }
        }
        match this.broken.take() {
            Some(broken) if broken.waited => Poll::Ready(Some(Err(broken.why))),
            Some(broken) => {
                this.broken = Some(Broken { waited: true, ..broken });
                context.waker().wake_by_ref();
                Poll::Pending
            }
            None => Poll::Ready(this.trailers.take().map(|trailers| Ok(Frame::trailers(trailers)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended && self.ready.is_empty() && self.trailers.is_none() && self.broken.is_none()
    }
}
