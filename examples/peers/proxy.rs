//! The least that a gateway of hyper's does: takes requests, sends them on over connections that it keeps, gives back
//! what comes. Looks at nothing.

use std::convert::Infallible;

use http::Request;
use http::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::wire::Target;

pub async fn run(upstream: &str) {
    let target = Target::new(upstream, None);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let target = target.clone();
        tokio::spawn(async move {
            // One connection there for each here: no pool to look into either.
            let (sender, connection) =
                hyper::client::conn::http1::handshake(target.connect().await).await.unwrap();
            tokio::spawn(connection);
            let sender = std::sync::Arc::new(tokio::sync::Mutex::new(sender));
            let service = service_fn(move |request| carry(sender.clone(), request));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

type Sender = std::sync::Arc<tokio::sync::Mutex<hyper::client::conn::http1::SendRequest<Incoming>>>;

async fn carry(sender: Sender, request: Request<Incoming>) -> Result<Response<Incoming>, Infallible> {
    let mut sender = sender.lock().await;
    sender.ready().await.unwrap();
    Ok(sender.send_request(request).await.unwrap())
}
