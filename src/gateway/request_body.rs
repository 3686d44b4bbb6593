//! Request bodies that pass through while they are checked: flat memory, and never complete when altered.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use bytes::Bytes;
use hyper::body::Body;
use hyper::body::Frame;
use sha2::Digest;
use sha2::Sha256;

use crate::aws::Refusal;
use crate::aws::events::Resigner;
use crate::gateway::chunks::Framed;
use crate::gateway::chunks::Resigned;
use crate::gateway::entry::Entry;
use crate::gateway::returned::Watch;
use crate::gateway::skew::Skew;
use crate::gateway::upload::Upload;
use crate::net::BodyError;

/// Why a body stopped in the middle: it is not what was signed.
#[derive(Debug)]
pub struct Altered(pub Refusal);

impl fmt::Display for Altered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Altered {}

/// Looks at each piece of a body on its way to AWS.
pub enum Check {
    /// The signature does not cover the body.
    None,
    /// The whole must have this SHA-256, in hexadecimal.
    Sha256 { expected: String, so_far: Box<Sha256> },
    /// Each chunk has its signature.
    Chunks(Box<Resigned>),
    /// Chunks without signatures.
    Framed(Box<Framed>),
    /// Each event has its signature.
    Events(Box<Resigner>, Arc<Skew>),
}

impl Check {
    /// Checks the whole body against its signed hash.
    pub fn sha256(expected: String) -> Self {
        Self::Sha256 { expected, so_far: Box::default() }
    }

    fn look(&mut self, data: Bytes) -> Result<Bytes, Refusal> {
        match self {
            Self::None => Ok(data),
            Self::Sha256 { so_far, .. } => {
                so_far.update(&data);
                Ok(data)
            }
            Self::Chunks(chunks) => chunks.push(&data),
            Self::Framed(chunks) => chunks.push(&data).map(|()| data),
            Self::Events(events, skew) => events.push(&data, skew.here(), skew.at_aws()).map(Bytes::from),
        }
    }

    /// At the end: what still has to go out, if all is well.
    fn finish(&mut self) -> Result<Bytes, Refusal> {
        match self {
            Self::None => Ok(Bytes::new()),
            Self::Sha256 { expected, so_far } => {
                let real = hex::encode(so_far.finalize_reset());
                if real == *expected { Ok(Bytes::new()) } else { Err(mismatch()) }
            }
            Self::Chunks(chunks) => chunks.finish(),
            Self::Framed(chunks) => chunks.finish().map(|()| Bytes::new()),
            Self::Events(events, _) => events.finish().map(|()| Bytes::new()),
        }
    }

    /// Whether each piece is known to be good by itself: it goes out at once.
    fn is_live(&self) -> bool {
        matches!(self, Self::None | Self::Events(..))
    }
}

/// A body on its way to AWS. The last piece waits until the whole was found good, so that AWS never sees the end of
/// an altered body; events are good one by one, and do not wait.
pub struct Checked {
    body: Upload,
    check: Check,
    held: Bytes,
    entry: Arc<Entry>,
    received: Arc<AtomicU64>,
    ended: bool,
    watch: Watch,
}

impl Checked {
    /// Counts what it takes from `body` for `entry`; stops at a mask that comes back.
    pub fn new(body: Upload, check: Check, entry: Arc<Entry>, watch: Watch) -> Self {
        let received = entry.received();
        Self { body, check, held: Bytes::new(), entry, received, ended: false, watch }
    }

    /// What is sent never ends; why stands in the record even if AWS has begun to answer.
    fn altered(&mut self, refusal: Refusal) -> BodyError {
        self.ended = true;
        self.entry.altered(&refusal);
        Altered(refusal).into()
    }
}

impl Body for Checked {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        while !this.ended {
            let Some(frame) = ready!(Pin::new(&mut this.body).poll_frame(context)) else {
                this.ended = true;
                let rest = match this.check.finish() {
                    Ok(rest) => rest,
                    Err(refusal) => return Poll::Ready(Some(Err(this.altered(refusal)))),
                };
                if let Check::Events(events, _) = &this.check {
                    this.entry.events(events.count());
                }
                let held = std::mem::take(&mut this.held);
                let last = if rest.is_empty() { held } else { [held, rest].concat().into() };
                if last.is_empty() {
                    break;
                }
                return Poll::Ready(Some(Ok(Frame::data(last))));
            };
            // HTTP trailers are not signed: they stay behind.
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => {
                    let refusal = malformed(&error);
                    return Poll::Ready(Some(Err(
                        refusal.map_or(error.into(), |refusal| this.altered(refusal))
                    )));
                }
            };
            let Ok(data) = frame.into_data() else { continue };
            this.received.fetch_add(data.len() as u64, Ordering::Relaxed);
            let data = match this.check.look(data) {
                Ok(data) => data,
                Err(refusal) => return Poll::Ready(Some(Err(this.altered(refusal)))),
            };
            if let Err(Altered(refusal)) = this.watch.look(&data) {
                return Poll::Ready(Some(Err(this.altered(refusal))));
            }
            if data.is_empty() {
                continue;
            }
            if this.check.is_live() {
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
            let before = std::mem::replace(&mut this.held, data);
            if !before.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(before))));
            }
        }
        Poll::Ready(None)
    }
}

/// What is wrong with the chunks of a body that could not be read on; none where its client is gone.
fn malformed(error: &hyper::Error) -> Option<Refusal> {
    let mut next = StdError::source(error);
    while let Some(cause) = next {
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(kind, Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)) {
            return Some(Refusal::new(
                400,
                "InvalidRequest",
                format!("the request is not well-formed: {cause}"),
            ));
        }
        next = cause.source();
    }
    None
}

fn mismatch() -> Refusal {
    Refusal::new(
        400,
        "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
    )
}
