//! Repeated `100 Continue`: what keeps a client waiting while a person thinks.
//!
//! SDKs give up a silent connection after a minute (botocore) and send the call again. An interim response
//! resets that time-out in every client that was tried; 102 and 103 break some. The server library sends
//! `100 Continue` only once, so it is written below it, between its own writes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Asks a connection to send an interim response. Cheap to clone; does nothing where HTTP/2 is spoken.
#[derive(Clone, Debug, Default)]
pub struct Interim(Option<Arc<Mutex<Wanted>>>);

#[derive(Debug, Default)]
struct Wanted {
    wanted: bool,
    connection: Option<Waker>,
}

impl Interim {
    /// Sends `100 Continue` soon. Call it only while the final response has not begun.
    pub fn send(&self) {
        let Some(shared) = &self.0 else { return };
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.wanted = true;
        if let Some(waker) = shared.connection.take() {
            waker.wake();
        }
    }
}

/// An HTTP/1 connection into which [`Interim`] may speak.
#[derive(Debug)]
pub struct InterimWriter<S> {
    stream: S,
    shared: Arc<Mutex<Wanted>>,
    /// Bytes of the interim response that still have to go out before anything else may.
    unsent: &'static [u8],
}

impl<S: AsyncWrite + Unpin> InterimWriter<S> {
    /// Wraps a connection; the handle is for whoever holds a call.
    pub fn new(stream: S) -> (Self, Interim) {
        let shared = Arc::<Mutex<Wanted>>::default();
        (Self { stream, shared: shared.clone(), unsent: &[] }, Interim(Some(shared)))
    }

    /// Starts what is wanted, and sends what was started.
    fn poll_interim(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        {
            let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            if std::mem::take(&mut shared.wanted) && self.unsent.is_empty() {
                self.unsent = CONTINUE;
            }
            shared.connection = Some(context.waker().clone());
        }
        self.poll_unsent(context)
    }

    fn poll_unsent(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            match Pin::new(&mut self.stream).poll_write(context, self.unsent) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => self.unsent = &self.unsent[count..],
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
            if self.unsent.is_empty() {
                let _ = Pin::new(&mut self.stream).poll_flush(context)?;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// The final response begins: a wish that was not started is void.
    fn poll_before_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).wanted = false;
        self.poll_unsent(context)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for InterimWriter<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // Reading goes on whether or not the interim response could be sent at once.
        if let Poll::Ready(Err(error)) = self.poll_interim(context) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for InterimWriter<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        std::task::ready!(self.poll_before_write(context))?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        std::task::ready!(self.poll_before_write(context))?;
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // With a body unread the server library only flushes while it waits; so this is a place to speak.
        std::task::ready!(self.poll_interim(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use http::Request;
    use http::Response;
    use http_body_util::BodyExt;
    use hyper::body::Incoming;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::io::AsyncReadExt;
    use tokio::io::AsyncWriteExt;

    use super::*;

    async fn conversation(request: &'static [u8]) -> String {
        let (mut client, server) = tokio::io::duplex(4096);
        let (stream, interim) = InterimWriter::new(server);
        tokio::spawn(async move {
            let answer = service_fn(move |request: Request<Incoming>| {
                let interim = interim.clone();
                async move {
                    for _ in 0..2 {
                        interim.send();
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    Ok::<_, Infallible>(Response::new(http_body_util::Full::new(body)))
                }
            });
            http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await.unwrap();
        });
        client.write_all(request).await.unwrap();
        let mut answer = vec![0; 4096];
        let mut length = 0;
        while !answer[..length].ends_with(b"hello") {
            let count = client.read(&mut answer[length..]).await.unwrap();
            assert!(count > 0, "{}", answer[..length].escape_ascii());
            length += count;
        }
        answer[..length].escape_ascii().to_string()
    }

    #[tokio::test]
    async fn a_waiting_client_hears_interim_responses_then_the_final_one() {
        let answer = conversation(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello").await;
        let interim = r"HTTP/1.1 100 Continue\r\n\r\n";
        assert!(answer.starts_with(&format!("{interim}{interim}HTTP/1.1 200 OK")), "{answer}");
        assert_eq!(answer.matches("100 Continue").count(), 2);
    }
}
