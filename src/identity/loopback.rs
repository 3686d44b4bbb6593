//! A port of 127.0.0.1 on which the browser comes back, once.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use http::Method;
use http::Request;
use http::Response;
use http::StatusCode;
use http::header;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use openidconnect::url::form_urlencoded;
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity::login::Login;
use crate::identity::page::Page;

/// Connections at a time: a browser opens two or three.
const CONNECTIONS: usize = 16;

/// How long the head of a request may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of the head of a request: the code of some providers is long.
const HEAD_BYTES: usize = 32 * 1024;

/// How long the browser has to fetch its last page.
const FAREWELL: Duration = Duration::from_secs(2);

/// The port, before anybody has come.
pub(super) struct Door {
    listener: TcpListener,
    port: u16,
    path: &'static str,
}

/// The browser that came back, and waits for its page.
pub(super) struct Visit {
    query: Vec<(String, String)>,
    page: oneshot::Sender<Page>,
    /// Ends when the page is out.
    gone: oneshot::Receiver<()>,
    /// Keeps answering others for as long.
    accepting: Accepting,
}

/// Ends with its owner.
struct Accepting(JoinHandle<()>);

impl Drop for Accepting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What all connections know.
struct Known {
    port: u16,
    path: &'static str,
    state: String,
    /// Taken by the first right answer.
    visits: Mutex<Option<mpsc::Sender<Arrived>>>,
}

/// A right answer, and where its page goes.
struct Arrived {
    query: Vec<(String, String)>,
    page: oneshot::Sender<Page>,
    gone: oneshot::Receiver<()>,
}

impl Door {
    /// Opens `port`, or any free one; the browser is to come to `path`.
    ///
    /// # Errors
    /// When the port is in use.
    pub(super) fn open(port: Option<u16>, path: &'static str, provider: &str) -> Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0)));
        let listener = listener.and_then(|listener| {
            listener.set_nonblocking(true)?;
            let port = listener.local_addr()?.port();
            Ok((TcpListener::from_std(listener)?, port))
        });
        let (listener, port) = listener.map_err(|cause| {
            let port = port.map_or_else(|| "a port".to_owned(), |port| format!("port {port}"));
            Error::io(format!("cannot open {port} on 127.0.0.1 for the browser"), &cause).fix(format!(
                "end what uses it (another login?), or sign in by code: hoopctl login {provider} --device"
            ))
        })?;
        Ok(Self { listener, port, path })
    }

    /// The address that the browser is to come to.
    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.path)
    }

    /// Waits for the browser with the right `state`. Whoever comes with another one is sent away, and changes nothing.
    ///
    /// # Errors
    /// When nobody has come.
    pub(super) async fn wait(self, state: &str, within: Duration) -> Result<Visit> {
        let (sender, mut visits) = mpsc::channel(1);
        let known = Arc::new(Known {
            port: self.port,
            path: self.path,
            state: state.to_owned(),
            visits: Mutex::new(Some(sender)),
        });
        let accepting = Accepting(tokio::spawn(accept(self.listener, known)));
        match tokio::time::timeout(within, visits.recv()).await {
            Ok(Some(arrived)) => {
                let Arrived { query, page, gone } = arrived;
                Ok(Visit { query, page, gone, accepting })
            }
            _ => Err(Error::new(Kind::Upstream, "nobody has signed in")
                .why(format!("the browser has not come back within {} minutes", within.as_secs() / 60))
                .fix("try again; on a machine without a browser: hoopctl login --device")),
        }
    }
}

impl Visit {
    /// The value of a parameter.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Tells the browser how it went, and waits a moment until it knows.
    pub(super) async fn answer(self, provider: &str, outcome: &Result<Login>) {
        let page = match outcome {
            Ok(login) => Page::signed_in(&login.identity.user, provider),
            Err(error) => Page::failed(error),
        };
        if self.page.send(page).is_ok() {
            // A browser that has gone away learns it in the terminal.
            let _ = tokio::time::timeout(FAREWELL, self.gone).await;
        }
        drop(self.accepting);
    }
}

async fn accept(listener: TcpListener, known: Arc<Known>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, or a connection that broke at once.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let known = Arc::clone(&known);
        tokio::spawn(async move {
            serve(stream, known).await;
            drop(permit);
        });
    }
}

async fn serve(stream: TcpStream, known: Arc<Known>) {
    let (done, gone) = oneshot::channel();
    let gone = Arc::new(Mutex::new(Some(gone)));
    let service = service_fn(move |request| {
        let (known, gone) = (Arc::clone(&known), Arc::clone(&gone));
        async move { Ok::<_, std::convert::Infallible>(respond(&request, &known, &gone).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // How a browser ends a connection is its own business.
    let _ = connection.await;
    let _ = done.send(());
}

async fn respond(
    request: &Request<Incoming>,
    known: &Known,
    gone: &Mutex<Option<oneshot::Receiver<()>>>,
) -> Response<Full<Bytes>> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let ours = [format!("127.0.0.1:{}", known.port), format!("localhost:{}", known.port)];
    // A page elsewhere whose name leads here (DNS rebinding) has its own name in `Host`.
    if !host.is_some_and(|host| ours.iter().any(|own| own == host)) {
        return Page::nothing_here().response(StatusCode::MISDIRECTED_REQUEST);
    }
    if request.uri().path() != known.path {
        return Page::nothing_here().response(StatusCode::NOT_FOUND);
    }
    if request.method() != Method::GET {
        let mut response = Page::nothing_here().response(StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
        return response;
    }
    let query = request.uri().query().unwrap_or_default();
    let query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let is_single = |name: &str| query.iter().filter(|(known, _)| known == name).count() <= 1;
    let state = query.iter().find(|(name, _)| name == "state").map_or("", |(_, state)| state.as_str());
    let is_ours = bool::from(state.as_bytes().ct_eq(known.state.as_bytes()));
    if !is_ours || !["state", "code", "error", "iss"].into_iter().all(is_single) {
        return Page::not_ours().response(StatusCode::BAD_REQUEST);
    }
    let sender = known.visits.lock().unwrap_or_else(PoisonError::into_inner).take();
    let gone = gone.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (Some(sender), Some(gone)) = (sender, gone) else {
        return Page::used().response(StatusCode::CONFLICT);
    };
    let (page, answer) = oneshot::channel();
    if sender.send(Arrived { query, page, gone }).await.is_err() {
        return Page::used().response(StatusCode::CONFLICT);
    }
    match answer.await {
        Ok(page) => page.response(StatusCode::OK),
        Err(_) => Page::used().response(StatusCode::SERVICE_UNAVAILABLE),
    }
}
