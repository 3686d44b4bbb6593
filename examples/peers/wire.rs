//! Connections, with or without TLS.

use std::pin::Pin;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Either kind of connection.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub type Wire = TokioIo<Pin<Box<dyn Stream>>>;

/// A place to connect to.
#[derive(Clone)]
pub struct Target {
    pub authority: String,
    tls: Option<Arc<ClientConfig>>,
    name: String,
}

impl Target {
    /// `http://HOST:PORT` or `https://HOST:PORT`; `name` is the host that the certificate must have, if not that one.
    pub fn new(url: &str, name: Option<&str>) -> Self {
        let (scheme, authority) = url.split_once("://").expect("scheme://host:port");
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        let tls = (scheme == "https").then(trusting);
        Self { authority: authority.to_owned(), tls, name: name.unwrap_or(host).to_owned() }
    }

    pub async fn connect(&self) -> Wire {
        let tcp = TcpStream::connect(&self.authority).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        let Some(tls) = &self.tls else { return TokioIo::new(Box::pin(tcp)) };
        let name = ServerName::try_from(self.name.clone()).unwrap();
        TokioIo::new(Box::pin(TlsConnector::from(tls.clone()).connect(name, tcp).await.unwrap()))
    }
}

fn trusting() -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let file = std::env::var("SSL_CERT_FILE").expect("SSL_CERT_FILE");
    roots.add_parsable_certificates(CertificateDer::pem_file_iter(file).unwrap().map(Result::unwrap));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_root_certificates(roots).with_no_client_auth())
}
