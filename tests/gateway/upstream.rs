//! A stand-in for AWS: checks the real signature of every request, keeps what came, answers what the test says.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::Mutex;

use bytes::Bytes;
use hoop::aws::sigv4;
use hoop::aws::sigv4::Key;
use hoop::clock::Clock;
use hoop::types::Secret;
use http::Request;
use http::Response;
use http::request::Parts;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sha2::Digest;

use crate::world::REAL_KEY;
use crate::world::REAL_SECRET;

/// A request as the upstream got it.
pub struct Got {
    pub parts: Parts,
    pub body: Bytes,
    /// What the signature check said.
    pub verdict: Result<(), String>,
}

impl Got {
    pub fn header(&self, name: &str) -> &str {
        self.parts.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

#[derive(Clone)]
pub struct Upstream {
    pub url: String,
    got: Arc<Mutex<Vec<Got>>>,
}

type Answer = dyn Fn(&Parts, &[u8]) -> Response<Bytes> + Send + Sync;

/// Answers every request with `answer`.
pub fn upstream(answer: impl Fn(&Parts, &[u8]) -> Response<Bytes> + Send + Sync + 'static) -> Upstream {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let upstream = Upstream { url, got: Arc::default() };
    let (inside, answer) = (upstream.clone(), Arc::<Answer>::from(Box::new(answer) as Box<Answer>));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (inside, answer) = (inside.clone(), answer.clone());
                tokio::spawn(async move {
                    let service = service_fn(|request| respond(inside.clone(), answer.clone(), request));
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
    });
    upstream
}

/// Answers every request with 200 and `{}`.
pub fn empty_json() -> Upstream {
    upstream(|_, _| json("{}"))
}

pub fn json(body: &str) -> Response<Bytes> {
    let response = Response::builder().header("content-type", "application/x-amz-json-1.1");
    response.body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

impl Upstream {
    /// The requests that came whole, in order.
    pub fn take(&self) -> Vec<Got> {
        std::mem::take(&mut *self.got.lock().unwrap())
    }
}

async fn respond(
    upstream: Upstream,
    answer: Arc<Answer>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return Ok(Response::new(Full::default())) };
    let body = body.to_bytes();
    if body.starts_with(b"Action=GetCallerIdentity&") {
        // The gateway's own question.
        let whose = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ana</Arn>\
                     <Account>123456789012</Account></GetCallerIdentityResult>\
                     </GetCallerIdentityResponse>";
        return Ok(Response::new(Full::from(whose)));
    }
    let verdict = verdict(&parts, &body);
    let response = answer(&parts, &body);
    upstream.got.lock().unwrap().push(Got { parts, body, verdict });
    Ok(response.map(Full::new))
}

/// What hoop signs with.
pub fn real_key() -> Key {
    Key { access_key_id: REAL_KEY.to_owned(), secret: Secret::new(REAL_SECRET), token: None }
}

/// What AWS would say of the signature.
pub fn verdict(parts: &Parts, body: &[u8]) -> Result<(), String> {
    let key = real_key();
    let claims = sigv4::parse(parts).map_err(|refusal| refusal.message)?;
    let hash = hex::encode(sha2::Sha256::digest(body));
    let hash = matches!(claims.payload, None | Some(sigv4::PayloadHash::Signed(_))).then_some(hash.as_str());
    sigv4::verify(&claims, parts, hash, &key, Clock::system().unix_seconds())
        .map_err(|refusal| refusal.message)
}
