//! A stand-in for AWS: DynamoDB's GetItem from memory, any number of bytes from S3, and a place for bytes to go.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::Method;
use http::Request;
use http::Response;
use http_body_util::BodyExt;
use http_body_util::Either;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::filler::Filler;

const ITEM: &str = r#"{"Item":{"id":{"S":"order-4711"},"state":{"S":"shipped"},"lines":{"L":[{"S":"a"},{"S":"b"}]},"updated":{"S":"2026-07-14T10:11:12Z"},"total":{"N":""#;
const CALLER: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/bench</Arn><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

pub async fn run(authority_file: &str) {
    let names = ["127.0.0.1", "localhost", "dynamodb.us-east-1.amazonaws.com"].map(str::to_owned);
    let signed = rcgen::generate_simple_self_signed(names).unwrap();
    std::fs::write(authority_file, signed.cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(signed.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tls = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{} {}", plain.local_addr().unwrap().port(), tls.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (stream, _) = plain.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            tokio::spawn(serve(stream));
        }
    });
    loop {
        let (stream, _) = tls.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(stream).await;
            }
        });
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(stream: S) {
    // A client that goes away is no fault.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}

async fn answer(request: Request<Incoming>) -> Result<Response<Either<Full<Bytes>, Filler>>, Infallible> {
    let is_json = request.headers().contains_key("x-amz-target");
    let is_put = request.method() == Method::PUT;
    let length = request.uri().path().rsplit('/').next().unwrap_or_default().parse::<u64>().ok();
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    let response = Response::builder().header("x-amzn-requestid", "0e9c2f1a-1b2c-4d3e-8f90-a1b2c3d4e5f6");
    Ok(match length {
        Some(length) if !is_put => response
            .header("content-type", "application/octet-stream")
            .body(Either::Right(Filler(length)))
            .unwrap(),
        _ if is_put => response.body(Either::Left(Full::default())).unwrap(),
        _ if is_json => response
            .header("content-type", "application/x-amz-json-1.0")
            .body(Either::Left(Full::from(item())))
            .unwrap(),
        _ => response.header("content-type", "text/xml").body(Either::Left(Full::from(CALLER))).unwrap(),
    })
}

/// An answer as most are: one that was not given just before, but may have been given once.
fn item() -> String {
    static GIVEN: AtomicU64 = AtomicU64::new(0);
    format!("{ITEM}{}\"}}}}}}", GIVEN.fetch_add(1, Ordering::Relaxed) % 1000)
}
