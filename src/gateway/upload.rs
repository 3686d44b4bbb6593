//! Request bodies that nobody has read to their end: the client is heard out, so that it gets to read the answer.

use std::pin::Pin;
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

/// What a client may still send once its answer is known: it would not read an answer that comes while it writes.
const DRAINED_BYTES: usize = 64 << 20;

/// How long that may take.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// A request's body until somebody reads it.
pub struct Unread(Mutex<Option<Upload>>);

impl Unread {
    /// The body of the request that begins with `parts`.
    pub fn new(body: Incoming, parts: &Parts) -> Self {
        let listens = parts.version >= Version::HTTP_2;
        let waits = parts.headers.contains_key(header::EXPECT);
        Self(Mutex::new(Some(Upload { body: Some(body), listens, waits })))
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.lock().as_ref().is_none_or(Upload::is_end_stream)
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
}

impl Upload {
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
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Incoming::size_hint).unwrap_or_default()
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
