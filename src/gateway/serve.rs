//! Connections: the first one builds the runtime, each one is told apart by its first bytes.

use std::convert::Infallible;
use std::future::Future;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http::Request;
use http::Response;
use http::header;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use rustls::server::Acceptor;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio_rustls::LazyConfigAcceptor;

use crate::audit::Via;
use crate::aws;
use crate::error::IoContext;
use crate::error::Result;
use crate::gateway::connect;
use crate::gateway::core::Core;
use crate::gateway::doors::Doors;
use crate::gateway::headers;
use crate::gateway::inside;
use crate::gateway::own_host::OwnHost;
use crate::gateway::pipeline;
use crate::gateway::pipeline::Arrival;
use crate::net::Body;
use crate::net::Heads;
use crate::net::Interim;
use crate::net::InterimWriter;
use crate::net::MALFORMED;
use crate::net::Opening;
use crate::net::dns::serve_udp;
use crate::net::sniff;
use crate::record::Watch;

/// Connections open at once; further ones wait in the kernel.
const CONNECTIONS: usize = 2048;

/// How long a client may take to say what it speaks, and to finish a TLS handshake.
const OPENING_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection may be idle, or take for the head of a request. AWS's own front ends close idle ones after 20 s
/// or later, and every SDK expects that.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Headers in one request; S3 metadata is what fills them.
const HEADERS: usize = 256;

/// Waits until somebody comes, then serves until `stop`.
///
/// # Errors
/// When it cannot serve: calls would wait for ever.
pub fn run(core: &Arc<Core>, doors: Doors, stop: &watch::Receiver<bool>) -> Result<()> {
    let waited = doors.wait();
    if *stop.borrow() {
        return Ok(());
    }
    waited.context(|| "cannot wait for calls")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context(|| "cannot start the gateway's runtime")?;
    runtime.block_on(async {
        let mut stop = stop.clone();
        open(core, doors);
        // The sender lives as long as the gateway.
        let _ = stop.wait_for(|stop| *stop).await;
    });
    // Dropping the runtime drops every call under way; each writes its end.
    runtime.shutdown_background();
    Ok(())
}

/// Serves every door, each in a task of its own.
fn open(core: &Arc<Core>, doors: Doors) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    if let Some(listener) = doors.port {
        let core = core.clone();
        accept(door(&core), listener, &places, move |stream| {
            let core = core.clone();
            async move { connection(&core, stream).await }
        });
    }
    let Some(own) = &core.inside else { return };
    let resolver = inside::resolver(core, own);
    for names in doors.names {
        // It ends only if the socket does not work; names then stay unknown inside.
        let (watch, resolver) = (core.recorder.watch("the names of the sandbox"), resolver.clone());
        tokio::spawn(async move {
            let _watch = watch;
            let _ = serve_udp(names.0, resolver).await;
        });
    }
    for listener in doors.captured {
        let (core, resolver) = (core.clone(), resolver.clone());
        accept(door(&core), listener, &places, move |stream| {
            let (core, resolver) = (core.clone(), resolver.clone());
            async move {
                let Some(own) = &core.inside else { return };
                inside::serve(&core, own, resolver, stream).await;
            }
        });
    }
    for (listener, port) in doors.published {
        let core = core.clone();
        accept(door(&core), listener, &places, move |stream| {
            let core = core.clone();
            async move {
                let Some(own) = &core.inside else { return };
                inside::publish(&core, own, port, stream).await;
            }
        });
    }
}

/// Watches over what accepts connections.
fn door(core: &Arc<Core>) -> Watch {
    core.recorder.watch("a door of the gateway")
}

/// Accepts connections and serves each in a task of its own.
fn accept<F>(
    watch: Watch,
    listener: TcpListener,
    places: &Arc<Semaphore>,
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let places = places.clone();
    tokio::spawn(async move {
        // It is ours: switching it to non-blocking cannot fail but for a broken descriptor.
        let listener =
            match listener.set_nonblocking(true).and_then(|()| tokio::net::TcpListener::from_std(listener)) {
                Ok(listener) => listener,
                Err(cause) => return watch.died(&crate::error::plain(&cause)),
            };
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let served = serve(stream);
                    tokio::spawn(async move {
                        served.await;
                        drop(place);
                    });
                }
                // Out of descriptors: others must close first.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    });
}

/// Where a connection was opened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// The gateway's own port: proxy requests, or an endpoint.
    Port,
    /// Inside a `CONNECT` to an AWS host.
    Tunnel,
    /// Led here by the sandbox's network; the number of the client's socket, where it can be told.
    Sandbox(Option<u64>),
}

async fn connection(core: &Arc<Core>, stream: TcpStream) {
    // Small answers must not wait for acknowledgements; a failure only costs time.
    let _ = stream.set_nodelay(true);
    serve(core, stream, Way::Port, "127.0.0.1").await;
}

/// Serves a connection that a program in the sandbox has opened to an AWS `host`.
pub async fn serve_captured(core: &Arc<Core>, stream: TcpStream, inode: Option<u64>, host: &str) {
    serve(core, stream, Way::Sandbox(inode), host).await;
}

/// Serves what comes through a `CONNECT` to an AWS `host`. Boxed, because such a connection is served by the same code as
/// the one it came through.
pub fn serve_tunnel(
    core: Arc<Core>,
    stream: Upgraded,
    host: String,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move { serve(&core, TokioIo::new(stream), Way::Tunnel, &host).await })
}

/// Serves one connection to its end. `host` is whom it was opened to, for a client that names nobody in its TLS
/// greeting.
async fn serve<S>(core: &Arc<Core>, stream: S, way: Way, host: &str)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Ok(Ok((opening, stream))) = tokio::time::timeout(OPENING_TIMEOUT, sniff(stream)).await else {
        return;
    };
    match opening {
        Opening::Nothing => {}
        Opening::Http1 => speak_http1(core, stream, way).await,
        Opening::Http2 => speak_http2(core, stream, way).await,
        Opening::Tls => {
            let Ok(Some(stream)) =
                tokio::time::timeout(OPENING_TIMEOUT, accept_tls(core, stream, host)).await
            else {
                return;
            };
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                speak_http2(core, stream, way).await;
            } else {
                speak_http1(core, stream, way).await;
            }
        }
    }
}

/// Opens TLS as the host the client names, if that is AWS's, else as `host`.
async fn accept_tls<S>(core: &Core, stream: S, host: &str) -> Option<tokio_rustls::server::TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await.ok()?;
    let named = start.client_hello().server_name().map(str::to_ascii_lowercase);
    let host = named.filter(|name| aws::is_aws_host(name)).unwrap_or_else(|| host.to_ascii_lowercase());
    let config = core.authority.server_config(&host).ok()?;
    start.into_stream(config).await.ok()
}

async fn speak_http1<S>(core: &Arc<Core>, stream: S, way: Way)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (stream, interim) = InterimWriter::new(Heads::new(stream));
    let service = service_fn(|request| route(core.clone(), request, way, interim.clone()));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // How a connection ends is the client's affair; calls on it write their own end.
    let _ = connection.await;
}

async fn speak_http2<S>(core: &Arc<Core>, stream: S, way: Way)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| route(core.clone(), request, way, Interim::default()));
    let _ = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_header_list_size(64 << 10)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// A call to AWS, a proxy request to elsewhere, or a tunnel.
async fn route(
    core: Arc<Core>,
    request: Request<Incoming>,
    way: Way,
    interim: Interim,
) -> Result<Response<Body>, Infallible> {
    if request.method() == Method::CONNECT {
        if let Way::Sandbox(_) = way {
            // It would lead past what is decided for connections out of the sandbox.
            return Ok(connect::not_a_proxy());
        }
        return Ok(connect::connect(&core, request).await);
    }
    let mut request = request;
    let absolute = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let named = headers::text(request.headers(), "host").to_owned();
    let target = absolute.clone().unwrap_or_else(|| named.clone());
    let is_captured = matches!(way, Way::Sandbox(_));
    let is_proxied = absolute.is_some() && request.version() < http::Version::HTTP_2 && !is_captured;
    let is_malformed = request.headers().contains_key(MALFORMED);
    let own = OwnHost::of(&target, core.port).filter(|_| way == Way::Port);
    if is_proxied && !is_malformed && !aws::is_aws_host(host_of(&target)) && own.is_none() {
        return Ok(connect::relay(&core, request, &target).await);
    }
    if let Some(authority) = absolute {
        // From here on every request looks the same: path in the URI, host in its header.
        if named.is_empty()
            && let Ok(host) = authority.parse()
        {
            request.headers_mut().insert(header::HOST, host);
        }
        strip_authority(&mut request);
    }
    let named = headers::text(request.headers(), "host");
    let host = Some(host_of(named)).filter(|host| aws::is_aws_host(host)).map(str::to_ascii_lowercase);
    let proxied = way == Way::Tunnel || (is_proxied && host.is_some());
    let host = host.or_else(|| own?.meant(&request));
    let (via, inode) = match way {
        Way::Sandbox(inode) => (Via::Sandbox, inode),
        _ if proxied => (Via::Proxy, None),
        _ => (Via::Endpoint, None),
    };
    Ok(pipeline::answer(&core, request, Arrival { host, via, interim, inode }).await)
}

fn strip_authority(request: &mut Request<Incoming>) {
    let path = request.uri().path_and_query().cloned();
    let mut parts = http::uri::Parts::default();
    parts.path_and_query = path.or_else(|| Some(http::uri::PathAndQuery::from_static("/")));
    if let Ok(uri) = http::Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
}

/// The host of `host[:port]`.
pub fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_loses_its_port_only() {
        for (authority, host) in
            [("a.example:443", "a.example"), ("a", "a"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]")]
        {
            assert_eq!(host_of(authority), host);
        }
    }
}
