//! The proxy's side: `CONNECT` to AWS is opened, to elsewhere carried; plain requests to elsewhere are relayed.

use std::io;
use std::sync::Arc;

use http::HeaderValue;
use http::Request;
use http::Response;
use http::StatusCode;
use http::Uri;
use http::header;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::aws;
use crate::gateway::ask_connection;
use crate::gateway::core::About;
use crate::gateway::core::Core;
use crate::gateway::headers;
use crate::gateway::serve;
use crate::net::Body;
use crate::net::Carried;
use crate::net::Reach;
use crate::net::carry;
use crate::net::dial;
use crate::net::empty;
use crate::net::full;
use crate::policy::Egress;
use crate::types::Caller;
use crate::types::Effect;

/// Answers `CONNECT host:port`.
pub async fn connect(core: &Arc<Core>, request: Request<Incoming>) -> Response<Body> {
    let Some(authority) = request.uri().authority().cloned() else {
        return refused(StatusCode::BAD_REQUEST, "CONNECT needs host:port");
    };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = authority.port_u16().unwrap_or(443);
    let core = core.clone();
    if aws::is_aws_host(&host) {
        tokio::spawn(async move {
            if let Ok(stream) = hyper::upgrade::on(request).await {
                serve::serve_tunnel(core, stream, host).await;
            }
        });
        return Response::new(empty());
    }
    let open = match open(&core, Wish::proxied(&host, port)).await {
        Ok(open) => open,
        Err(refusal) => return refusal.response(),
    };
    tokio::spawn(async move {
        let (server, ended) = open;
        if let Ok(client) = hyper::upgrade::on(request).await {
            ended.carried(carry(TokioIo::new(client), server).await);
        }
    });
    Response::new(empty())
}

/// Answers a plain proxy request (`GET http://host/path`) to a host that is not AWS's.
pub async fn relay(core: &Arc<Core>, mut request: Request<Incoming>, target: &str) -> Response<Body> {
    let host = serve::host_of(target).trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = request.uri().port_u16().unwrap_or(80);
    if request.uri().scheme_str() != Some("http") {
        return refused(StatusCode::BAD_REQUEST, "only http:// is relayed; use CONNECT");
    }
    let (server, ended) = match open(core, Wish::proxied(&host, port)).await {
        Ok(open) => open,
        Err(refusal) => return refusal.response(),
    };
    headers::strip_hop_by_hop(request.headers_mut());
    if let Ok(value) = HeaderValue::from_str(target) {
        request.headers_mut().insert(header::HOST, value);
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let Ok(path) = path.parse::<Uri>() else {
        return refused(StatusCode::BAD_REQUEST, "the path is not valid");
    };
    *request.uri_mut() = path;
    let (near, far) = tokio::io::duplex(64 << 10);
    tokio::spawn(async move { ended.carried(carry(far, server).await) });
    let Ok((mut sender, connection)) = http1::handshake(TokioIo::new(near)).await else {
        return refused(StatusCode::BAD_GATEWAY, "the connection closed");
    };
    tokio::spawn(connection);
    match sender.send_request(request).await {
        Ok(response) => {
            let (mut parts, body) = response.into_parts();
            headers::strip_hop_by_hop(&mut parts.headers);
            Response::from_parts(parts, body.map_err(Into::into).boxed_unsync())
        }
        Err(_) => refused(StatusCode::BAD_GATEWAY, "the host closed the connection"),
    }
}

/// A connection that somebody wants.
pub struct Wish<'a> {
    pub host: &'a str,
    pub port: u16,
    /// The name in the client's TLS greeting, where it is another one.
    pub named: Option<String>,
    pub caller: Caller,
    pub reach: Reach,
    /// The user has asked for it on the command line: no rule is.
    pub origin: Option<&'static str>,
}

impl<'a> Wish<'a> {
    fn proxied(host: &'a str, port: u16) -> Self {
        Self { host, port, named: None, caller: Caller::default(), reach: Reach::All, origin: None }
    }
}

/// Why a connection is not made.
pub struct Refusal {
    pub status: StatusCode,
    pub message: String,
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    fn response(&self) -> Response<Body> {
        refused(self.status, &self.message)
    }
}

/// Asks the policy, writes the connection down, then makes it.
pub async fn open(core: &Arc<Core>, wish: Wish<'_>) -> Result<(TcpStream, Ended), Refusal> {
    let Wish { host, port, named, caller, reach, origin } = wish;
    let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let unrecorded = |_| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "nothing can be recorded any more");
    let verdict = origin.map_or_else(|| core.egress(host, port), |origin| Egress::by(Effect::Allow, origin));
    let about = About { target, named, rule: verdict.rule.clone(), caller };
    let refused = match verdict.effect {
        Effect::Allow => None,
        // Whoever wants it waits meanwhile: nothing has been connected yet.
        Effect::Ask => ask_connection::ask(core, &about, &verdict).await.err(),
        Effect::Deny => Some(format!("connection to {} denied by {}", about.target, about.rule)),
    };
    if let Some(message) = refused {
        core.tunnel("tunnel.refused", &about, None).map_err(unrecorded)?;
        return Err(Refusal::new(StatusCode::FORBIDDEN, message));
    }
    core.tunnel("tunnel.start", &about, None).map_err(unrecorded)?;
    let target = about.target.clone();
    let ended = Ended { core: core.clone(), about, carried: Carried::default() };
    match dial(host, port, reach).await {
        Ok(stream) => Ok((stream, ended)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            match reach {
                Reach::All => format!("{target} is where AWS credentials of machines are given out"),
                Reach::OtherMachines => {
                    format!("{target} is this machine; let a port of it in with --connect")
                }
            },
        )),
        Err(error) => {
            let why = crate::error::plain(&error);
            Err(Refusal::new(StatusCode::BAD_GATEWAY, format!("cannot reach {target}: {why}")))
        }
    }
}

/// Writes the end of a connection, whatever became of it.
pub struct Ended {
    core: Arc<Core>,
    about: About,
    carried: Carried,
}

impl Ended {
    /// A connection that begins now and needs no permission.
    pub fn begun(core: &Arc<Core>, about: About) -> crate::error::Result<Self> {
        core.tunnel("tunnel.start", &about, None)?;
        Ok(Self { core: core.clone(), about, carried: Carried::default() })
    }

    /// What went through it.
    pub fn carried(mut self, carried: Carried) {
        self.carried = carried;
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        // The recorder tells of its own failure; the connection is over.
        drop(self.core.tunnel("tunnel.end", &self.about, Some(self.carried)));
    }
}

/// The answer to a client that takes a captured port for a proxy.
pub fn not_a_proxy() -> Response<Body> {
    refused(StatusCode::METHOD_NOT_ALLOWED, "this is not a proxy; connect to the host itself")
}

fn refused(status: StatusCode, message: &str) -> Response<Body> {
    let mut response = Response::new(full(format!("hoop: {message}\n")));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}
