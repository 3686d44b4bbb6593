//! The client towards AWS: TLS by the machine's trust, connections reused, bodies streamed.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use http::Request;
use http::Response;
use http::Uri;
use http::uri::Authority;
use http::uri::PathAndQuery;
use http::uri::Scheme;
use hyper::body::Incoming;
use hyper::rt::ReadBufCursor;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::Connected;
use hyper_util::client::legacy::connect::Connection;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::net::Body;
use crate::net::BodyError;
use crate::net::roots;

/// How long a TCP connection may take; the TLS handshake gets as long again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection is kept for the next call; AWS front ends close idle ones after 20 s or later.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// How often an HTTP/2 connection with calls on it is asked whether it still is there: a stream of events may be silent
/// for hours, and would wait for ever on a connection that is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Connections kept per host: a client's own pool is 10 (botocore) to 50 (JS).
const IDLE_PER_HOST: usize = 64;

/// Somewhere else than AWS itself to send calls to: an emulator, or a private endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    scheme: Scheme,
    authority: Authority,
}

impl Override {
    /// Reads `http://HOST[:PORT]` or `https://HOST[:PORT]`; a path, query or user name is refused.
    pub fn parse(url: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Error::new(Kind::Config, format!("`{}` is no endpoint URL", url.escape_debug()))
                .why(why.to_owned())
                .fix("give scheme, host and port only, such as http://127.0.0.1:5000")
        };
        let uri: Uri = url.parse().map_err(|_| wrong("it cannot be read as a URL"))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(wrong("it has no scheme or no host"));
        };
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(wrong("the scheme is neither http nor https"));
        }
        if authority.as_str().contains('@') {
            return Err(wrong("it holds a user name"));
        }
        if parts.path_and_query.is_some_and(|path| path.as_str() != "/") {
            return Err(wrong("it has a path, which would change what is signed"));
        }
        Ok(Self { scheme, authority })
    }

    /// The URL, without a final slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }
}

/// What to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Http {
    /// HTTP/1.1.
    One,
    /// HTTP/2 where the host offers it by ALPN, which only TLS has: else HTTP/1.1.
    Two,
}

/// Sends requests to AWS, or to where it is overridden.
pub struct Upstream {
    instead: Option<Override>,
    /// Certificates that are trusted besides the machine's.
    trusted: Option<PathBuf>,
    one: OnceCell<Client<Connector, Body>>,
    two: OnceCell<Client<Connector, Body>>,
}

impl Upstream {
    /// Costs nothing yet: the trust store is read at the first request.
    #[must_use]
    pub fn new(instead: Option<Override>) -> Self {
        Self { instead, trusted: None, one: OnceCell::new(), two: OnceCell::new() }
    }

    /// Trusts the certificates in a PEM file, too: AWS CLI and SDKs are given it as `AWS_CA_BUNDLE` where a company
    /// opens TLS.
    #[must_use]
    pub fn trusting(mut self, bundle: Option<PathBuf>) -> Self {
        self.trusted = bundle;
        self
    }

    /// The same way with connections of its own: those that there are end with the runtime they were made in.
    #[must_use]
    pub fn anew(&self) -> Self {
        Self::new(self.instead.clone()).trusting(self.trusted.clone())
    }

    /// Where calls go instead of AWS.
    #[must_use]
    pub fn instead(&self) -> Option<&Override> {
        self.instead.as_ref()
    }

    /// Whether what is sent cannot be read or changed on the way.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.instead.as_ref().is_none_or(|instead| instead.scheme == Scheme::HTTPS)
    }

    /// Sends `request` to `host` (or to the override) and gives the response as soon as its head is there.
    ///
    /// The request's `Host` header and raw path go out as they are. There is no time limit after connecting.
    pub async fn send(
        &self,
        host: &str,
        http: Http,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, UpstreamError> {
        let client = match http {
            Http::One => &self.one,
            Http::Two => &self.two,
        };
        let client = client.get_or_try_init(|| connect_client(self.trusted.clone(), http)).await?;
        let (scheme, authority) = match &self.instead {
            Some(instead) => (instead.scheme.clone(), instead.authority.clone()),
            None => {
                (Scheme::HTTPS, host.parse().map_err(|_| UpstreamError::text("the host name is not valid"))?)
            }
        };
        let mut parts = std::mem::take(request.uri_mut()).into_parts();
        parts.scheme = Some(scheme);
        parts.authority = Some(authority);
        parts.path_and_query.get_or_insert(PathAndQuery::from_static("/"));
        *request.uri_mut() = Uri::from_parts(parts).map_err(|cause| UpstreamError(Box::new(cause)))?;
        // HTTP/2 connections take it as well.
        *request.version_mut() = http::Version::HTTP_11;
        client.request(request).await.map_err(|cause| UpstreamError(Box::new(cause)))
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("instead", &self.instead).finish_non_exhaustive()
    }
}

/// Why a request could not be sent or was not answered.
#[derive(Debug)]
pub struct UpstreamError(BodyError);

impl UpstreamError {
    fn text(text: &'static str) -> Self {
        Self(text.into())
    }

    /// The cause of type `T`, if there is one: a request body that broke off is found here.
    #[must_use]
    pub fn cause<T: StdError + 'static>(&self) -> Option<&T> {
        let mut cause: Option<&(dyn StdError + 'static)> = Some(self.0.as_ref());
        while let Some(error) = cause {
            if let Some(found) = error.downcast_ref::<T>() {
                return Some(found);
            }
            cause = error.source();
        }
        None
    }
}

impl fmt::Display for UpstreamError {
    /// The innermost cause: `connection refused` says more than `client error (Connect)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut innermost: &(dyn StdError + 'static) = self.0.as_ref();
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        match innermost.downcast_ref::<io::Error>() {
            Some(error) => f.write_str(&crate::error::plain(error)),
            None => write!(f, "{innermost}"),
        }
    }
}

impl StdError for UpstreamError {}

async fn connect_client(
    trusted: Option<PathBuf>,
    http: Http,
) -> Result<Client<Connector, Body>, UpstreamError> {
    let offered: &[&[u8]] = match http {
        Http::One => &[b"http/1.1"],
        Http::Two => &[b"h2", b"http/1.1"],
    };
    let tls = tokio::task::spawn_blocking(move || roots::client_config(offered, trusted.as_deref())).await;
    let tls = tls.map_err(|cause| UpstreamError(Box::new(cause)))?;
    let tls = tls.map_err(|cause| UpstreamError(Box::new(cause)))?;
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .set_host(false)
        .http1_max_headers(256)
        .timer(TokioTimer::new())
        .http2_keep_alive_interval(KEEP_ALIVE)
        .http2_keep_alive_timeout(CONNECT_TIMEOUT)
        .build(Connector { tcp, tls }))
}

/// TCP, and TLS where the URL says `https`.
#[derive(Clone)]
struct Connector {
    tcp: HttpConnector,
    tls: Arc<ClientConfig>,
}

impl Service<Uri> for Connector {
    type Response = Wire;
    type Error = BodyError;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Wire, BodyError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<std::result::Result<(), BodyError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let tcp = self.tcp.call(uri.clone());
        let tls = TlsConnector::from(self.tls.clone());
        Box::pin(async move {
            let tcp = tcp.await?;
            if uri.scheme() != Some(&Scheme::HTTPS) {
                return Ok(Wire::Plain(tcp));
            }
            let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
            let name = ServerName::try_from(host.to_owned())?;
            let shaken = tokio::time::timeout(CONNECT_TIMEOUT, tls.connect(name, tcp.into_inner()));
            let stream = shaken.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            Ok(Wire::Tls(TokioIo::new(Box::new(stream))))
        })
    }
}

/// A connection, with or without TLS.
enum Wire {
    Plain(TokioIo<TcpStream>),
    Tls(TokioIo<Box<TlsStream<TcpStream>>>),
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        match self {
            Self::Tls(stream) if stream.inner().get_ref().1.alpn_protocol() == Some(b"h2") => {
                Connected::new().negotiated_h2()
            }
            _ => Connected::new(),
        }
    }
}

impl hyper::rt::Read for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl hyper::rt::Write for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_is_scheme_host_and_port() {
        assert_eq!(Override::parse("http://127.0.0.1:5000/").unwrap().url(), "http://127.0.0.1:5000");
        assert_eq!(Override::parse("https://vpce.example").unwrap().url(), "https://vpce.example");
        for wrong in ["127.0.0.1:5000", "ftp://a", "http://a/b", "http://u:p@a", "", "http://a?x=1"] {
            let error = Override::parse(wrong).unwrap_err();
            assert!(error.advice().is_some(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn an_unreachable_upstream_is_named_by_its_innermost_cause() {
        let upstream = Upstream::new(Some(Override::parse("http://127.0.0.1:1").unwrap()));
        let request = Request::new(crate::net::empty());
        let error = upstream.send("sts.amazonaws.com", Http::One, request).await.unwrap_err();
        assert_eq!(error.to_string(), "connection refused");
    }
}
