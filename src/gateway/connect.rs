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

use crate::aws;
use crate::gateway::core::Core;
use crate::gateway::headers;
use crate::gateway::serve;
use crate::net::Body;
use crate::net::Carried;
use crate::net::carry;
use crate::net::dial;
use crate::net::empty;
use crate::net::full;
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
    let target = format!("{host}:{port}");
    let open = match open(&core, &host, port, &target).await {
        Ok(open) => open,
        Err(response) => return response,
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
    let (server, ended) = match open(core, &host, port, &format!("{host}:{port}")).await {
        Ok(open) => open,
        Err(response) => return response,
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

/// Asks the policy, writes the connection down, then makes it.
async fn open(
    core: &Arc<Core>,
    host: &str,
    port: u16,
    target: &str,
) -> Result<(tokio::net::TcpStream, Ended), Response<Body>> {
    let (effect, rule) = core.policies.egress(host, port);
    if effect != Effect::Allow {
        // Holding a connection for a person is not possible yet: what would be asked is refused.
        let message = format!("connection to {target} denied by {rule}");
        if core.tunnel("tunnel.refused", target, &rule, None).is_err() {
            return Err(refused(StatusCode::SERVICE_UNAVAILABLE, "nothing can be recorded any more"));
        }
        return Err(refused(StatusCode::FORBIDDEN, &message));
    }
    if core.tunnel("tunnel.start", target, &rule, None).is_err() {
        return Err(refused(StatusCode::SERVICE_UNAVAILABLE, "nothing can be recorded any more"));
    }
    let ended = Ended { core: core.clone(), target: target.to_owned(), rule, carried: Carried::default() };
    match dial(host, port).await {
        Ok(stream) => Ok((stream, ended)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(refused(
            StatusCode::FORBIDDEN,
            &format!("{target} is where AWS credentials of machines are given out"),
        )),
        Err(error) => {
            let why = crate::error::plain(&error);
            Err(refused(StatusCode::BAD_GATEWAY, &format!("cannot reach {target}: {why}")))
        }
    }
}

/// Writes the end of a connection, whatever became of it.
struct Ended {
    core: Arc<Core>,
    target: String,
    rule: String,
    carried: Carried,
}

impl Ended {
    fn carried(mut self, carried: Carried) {
        self.carried = carried;
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        // The recorder tells of its own failure; the connection is over.
        drop(self.core.tunnel("tunnel.end", &self.target, &self.rule, Some(self.carried)));
    }
}

fn refused(status: StatusCode, message: &str) -> Response<Body> {
    let mut response = Response::new(full(format!("hoop: {message}\n")));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}
