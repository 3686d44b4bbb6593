//! Request bodies that nobody has read to their end: the client is heard out, so that it gets to read the answer.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::Version;
use http::header;
use http::request::Parts;
use http_body_util::BodyExt;
use hyper::body::Body;
use hyper::body::Frame;
use hyper::body::Incoming;
use hyper::body::SizeHint;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

/// What a client may still send once its answer is known: it would not read an answer that comes while it writes.
const DRAINED_BYTES: usize = 64 << 20;

/// How long that may take.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// What is read of one upload while it waits for a person: a part of S3's, as SDKs cut them (5 to 16 MiB).
const AHEAD_BYTES: usize = 16 << 20;

/// The same of all that wait, in KiB.
const AHEAD_OF_ALL_KIB: usize = 64 << 10;

/// Room for what is read of uploads before anybody wants it: a client that cannot go on writing gives up.
pub struct Ahead(Arc<Semaphore>);

impl Default for Ahead {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AHEAD_OF_ALL_KIB)))
    }
}

impl Ahead {
    /// Room for `bytes`, until it is dropped; none: there is no more.
    fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let kib = u32::try_from(bytes.div_ceil(1024)).ok()?;
        self.0.clone().try_acquire_many_owned(kib).ok()
    }
}

/// A request's body until somebody reads it.
pub struct Unread(Mutex<Option<Upload>>);

impl Unread {
    /// The body of the request that begins with `parts`.
    pub fn new(body: Incoming, parts: &Parts) -> Self {
        let listens = parts.version >= Version::HTTP_2;
        let waits = parts.headers.contains_key(header::EXPECT);
        let (ahead, rooms) = (VecDeque::new(), Vec::new());
        Self(Mutex::new(Some(Upload { body: Some(body), listens, waits, ahead, rooms, ahead_bytes: 0 })))
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.lock().as_ref().is_none_or(Upload::is_end_stream)
    }

    /// Whether the client waits for `100 Continue` before it sends anything.
    pub fn waits(&self) -> bool {
        self.lock().as_ref().is_some_and(|upload| upload.waits)
    }

    /// Reads on until the body ends or there is no more room; what was read comes first when somebody takes the body.
    pub async fn read_ahead(&self, room: &Ahead) {
        poll_fn(|context| match self.lock().as_mut() {
            Some(upload) => upload.poll_ahead(context, room),
            None => Poll::Ready(()),
        })
        .await;
    }

    /// The body, the first time.
    pub fn take(&self) -> Option<Upload> {
        self.lock().take()
    }

    /// Before a refusal: reads what an SDK sends without waiting.
    pub async fn drain(&self) {
        if let Some(body) = self.take().and_then(|mut upload| upload.left()) {
            drain(body).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Upload>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request's body. If it is let go before its end (AWS answers a large upload as soon as it has read the head), the rest
/// is read beside the answer.
pub struct Upload {
    body: Option<Incoming>,
    /// The client reads while it writes: HTTP/2.
    listens: bool,
    /// The client waits for `100 Continue`, which reading would send.
    waits: bool,
    /// What was read before somebody wanted it.
    ahead: VecDeque<Result<Frame<Bytes>, hyper::Error>>,
    ahead_bytes: usize,
    rooms: Vec<OwnedSemaphorePermit>,
}

impl Upload {
    /// Ready when there is nothing more to be read ahead.
    fn poll_ahead(&mut self, context: &mut Context<'_>, room: &Ahead) -> Poll<()> {
        self.waits = false;
        while self.ahead_bytes < AHEAD_BYTES {
            let Some(body) = &mut self.body else { break };
            let Some(frame) = std::task::ready!(Pin::new(body).poll_frame(context)) else { break };
            let length = frame.as_ref().ok().and_then(|frame| frame.data_ref()).map_or(0, Bytes::len);
            let is_end = frame.is_err();
            self.ahead.push_back(frame);
            self.ahead_bytes += length;
            // A frame more than there is room for is no harm, many are.
            match room.take(length) {
                Some(room) if !is_end => self.rooms.push(room),
                _ => break,
            }
        }
        Poll::Ready(())
    }

    /// What the client would go on sending.
    fn left(&mut self) -> Option<Incoming> {
        let is_wanted = !self.listens && !self.waits;
        self.body.take().filter(|body| is_wanted && !body.is_end_stream())
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.waits = false;
        if let Some(frame) = self.ahead.pop_front() {
            return Poll::Ready(Some(frame));
        }
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.is_empty() && self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.body.as_ref().map(Incoming::size_hint).unwrap_or_default();
        let read =
            self.ahead.iter().flatten().filter_map(|frame| frame.data_ref()).map(Bytes::len).sum::<usize>();
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + read as u64);
        }
        hint.set_lower(rest.lower() + read as u64);
        hint
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(body) = self.left()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(drain(body));
        }
    }
}

/// Reads on, within bounds. Whoever is slower or longer gets the answer, and perhaps a reset.
async fn drain(mut body: Incoming) {
    let read = async {
        let mut left = DRAINED_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            if length > left {
                return;
            }
            left -= length;
        }
    };
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, read).await;
}
