//! One request to a web server that is not AWS, such as an identity provider: by the user's proxy and trusted certificates,
//! bounded in time and size, without following redirects.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderValue;
use http::Request;
use http::Response;
use http::Uri;
use http::header;
use http::uri::Authority;
use http_body_util::BodyExt;
use http_body_util::Full;
use http_body_util::Limited;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

use crate::net::Reach;
use crate::net::dial;
use crate::net::roots;
use crate::types::is_loopback;

/// How long a request may take from the first byte out to the last byte in.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Bytes of an answer: discovery documents have some KiB, key sets and metadata at most some hundred.
const ANSWER_BYTES: usize = 2 * 1024 * 1024;

/// Bytes of a proxy's answer to CONNECT.
const PROXY_ANSWER_BYTES: usize = 16 * 1024;

/// Asks web servers.
pub struct Web {
    trusted: Option<PathBuf>,
    proxy: Option<Proxy>,
    past: Vec<String>,
    tls: OnceCell<Arc<ClientConfig>>,
}

/// An HTTP proxy that opens tunnels.
#[derive(Clone)]
struct Proxy {
    host: String,
    port: u16,
    /// `Basic …`
    credentials: Option<String>,
}

/// Why there is no answer, in words.
#[derive(Debug)]
pub struct WebError(String);

impl fmt::Display for WebError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for WebError {}

impl Web {
    /// A client that trusts the machine's certificates and those in the PEM file `trusted`, and goes by the proxy that
    /// `variable` names (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`).
    ///
    /// # Errors
    /// When the proxy's address cannot be used.
    pub fn new(
        trusted: Option<PathBuf>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, WebError> {
        let find =
            |names: &[&str]| names.iter().find_map(|name| variable(name).filter(|value| !value.is_empty()));
        let named = find(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]);
        let proxy = named.map(|address| Proxy::parse(&address)).transpose()?;
        let past = find(&["no_proxy", "NO_PROXY"]).unwrap_or_default();
        let past =
            past.split(',').map(|host| host.trim().to_ascii_lowercase()).filter(|host| !host.is_empty());
        Ok(Self { trusted, proxy, past: past.collect(), tls: OnceCell::new() })
    }

    /// Sends `request`, whose address is whole, and gives the answer, whole.
    ///
    /// # Errors
    /// Why there is none. `http` is used only towards this very machine.
    pub async fn fetch(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, WebError> {
        match tokio::time::timeout(TIMEOUT, self.answer(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(WebError(format!("no answer within {} seconds", TIMEOUT.as_secs()))),
        }
    }

    async fn answer(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, WebError> {
        let wrong = || WebError("the address has no host".to_owned());
        let uri = request.uri().clone();
        let authority = uri.authority().ok_or_else(wrong)?.clone();
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        match uri.scheme_str() {
            Some("https") => {
                let stream = self.connect(&host, authority.port_u16().unwrap_or(443)).await?;
                let name = ServerName::try_from(host).map_err(|_| wrong())?;
                let tls = self.tls.get_or_try_init(|| self.trust()).await?.clone();
                let shaken = TlsConnector::from(tls).connect(name, stream).await;
                exchange(shaken.map_err(|cause| WebError(unshaken(&cause)))?, request, &authority).await
            }
            Some("http") if is_loopback(&host) => {
                let port = authority.port_u16().unwrap_or(80);
                let stream = dial(&host, port, Reach::All).await.map_err(|cause| unreached(&host, &cause))?;
                exchange(stream, request, &authority).await
            }
            _ => Err(WebError("only https addresses are asked, and http on this very machine".to_owned())),
        }
    }

    async fn trust(&self) -> Result<Arc<ClientConfig>, WebError> {
        let trusted = self.trusted.clone();
        let made =
            tokio::task::spawn_blocking(move || roots::client_config(&[b"http/1.1"], trusted.as_deref()));
        let made = made.await.map_err(|cause| WebError(cause.to_string()))?;
        made.map_err(|cause| WebError(cause.to_string()))
    }

    async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, WebError> {
        let Some(proxy) = self.proxy.as_ref().filter(|_| !self.is_past(host)) else {
            return dial(host, port, Reach::All).await.map_err(|cause| unreached(host, &cause));
        };
        let by = |why: String| WebError(format!("by the proxy {}: {why}", proxy.host));
        let stream = dial(&proxy.host, proxy.port, Reach::All).await;
        let mut stream = stream.map_err(|cause| by(crate::error::plain(&cause)))?;
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let mut head = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
        if let Some(credentials) = &proxy.credentials {
            head.push_str(&format!("Proxy-Authorization: {credentials}\r\n"));
        }
        head.push_str("\r\n");
        let answer = async {
            stream.write_all(head.as_bytes()).await?;
            let mut answer = Vec::new();
            // Byte by byte: what follows the head belongs to TLS.
            while !answer.ends_with(b"\r\n\r\n") && answer.len() < PROXY_ANSWER_BYTES {
                answer.push(stream.read_u8().await?);
            }
            Ok::<_, io::Error>(answer)
        };
        let answer = answer.await.map_err(|cause| by(crate::error::plain(&cause)))?;
        let status =
            answer.split(|byte| *byte == b' ').nth(1).and_then(|code| std::str::from_utf8(code).ok());
        match status {
            Some("200") => Ok(stream),
            Some("407") => {
                Err(by("it wants a user name and a password (HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT)"
                    .to_owned()))
            }
            Some(code) => Err(by(format!(
                "it answered {}",
                code.escape_debug().to_string().chars().take(12).collect::<String>()
            ))),
            None => Err(by("it does not speak HTTP".to_owned())),
        }
    }

    fn is_past(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        is_loopback(&host)
            || self.past.iter().any(|past| {
                let bare = past.trim_start_matches("*.").trim_start_matches('.');
                past == "*" || host == bare || host.strip_suffix(bare).is_some_and(|rest| rest.ends_with('.'))
            })
    }
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Web")
    }
}

impl Proxy {
    fn parse(address: &str) -> Result<Self, WebError> {
        // The address may hold a password: it is not shown.
        let wrong = |why: &str| WebError(format!("HTTPS_PROXY cannot be used: {why}"));
        let whole = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        let uri: Uri = whole.parse().map_err(|_| wrong("it is not an address"))?;
        if uri.scheme_str() != Some("http") {
            return Err(wrong("only proxies that are reached by http:// are known"));
        }
        let authority = uri.authority().ok_or_else(|| wrong("it has no host"))?;
        let user = authority.as_str().rsplit_once('@').map(|(user, _)| user);
        let credentials = user.map(|user| {
            let plain = percent_encoding::percent_decode_str(user).collect::<Vec<u8>>();
            format!("Basic {}", STANDARD.encode(plain))
        });
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { host, port: authority.port_u16().unwrap_or(80), credentials })
    }
}

async fn exchange<S>(
    stream: S,
    mut request: Request<Vec<u8>>,
    authority: &Authority,
) -> Result<Response<Vec<u8>>, WebError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |cause: hyper::Error| WebError(innermost(&cause));
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // How it ends is told by the request.
    let driving = tokio::spawn(connection);
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).parse::<Uri>();
    *request.uri_mut() = path.map_err(|cause| WebError(cause.to_string()))?;
    let host = HeaderValue::from_str(authority.as_str()).map_err(|cause| WebError(cause.to_string()))?;
    let headers = request.headers_mut();
    headers.insert(header::HOST, host);
    let agent = HeaderValue::from_static(concat!("hoop/", env!("CARGO_PKG_VERSION")));
    headers.entry(header::USER_AGENT).or_insert(agent);
    let request = request.map(|body| Full::new(Bytes::from(body)));
    let response = sender.send_request(request).await.map_err(broken)?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, ANSWER_BYTES).collect().await;
    let body = body.map_err(|cause| WebError(innermost(cause.as_ref())))?.to_bytes();
    driving.abort();
    Ok(Response::from_parts(head, Vec::from(body)))
}

fn unreached(host: &str, cause: &io::Error) -> WebError {
    WebError(format!("{host} cannot be reached: {}", crate::error::plain(cause)))
}

fn unshaken(cause: &io::Error) -> String {
    format!("no trust by TLS: {}", innermost(cause))
}

fn innermost(cause: &(dyn StdError + 'static)) -> String {
    let mut innermost = cause;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(variables: &[(&str, &str)]) -> Result<Web, WebError> {
        let find = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Web::new(None, &find)
    }

    #[test]
    fn hosts_named_by_no_proxy_are_asked_directly() {
        let web = web(&[("HTTPS_PROXY", "proxy:3128"), ("NO_PROXY", "corp.example, .intra, *.lan")]).unwrap();
        for host in ["corp.example", "login.corp.example", "a.intra", "b.lan", "127.0.0.1", "localhost"] {
            assert!(web.is_past(host), "{host}");
        }
        assert!(!web.is_past("evilcorp.example") && !web.is_past("login.example.com"));
    }

    #[test]
    fn a_proxy_may_have_a_password_and_no_error_shows_it() {
        let proxy = Proxy::parse("http://ana:s%40cret@proxy.example:3128").unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port), ("proxy.example", 3128));
        assert_eq!(proxy.credentials.as_deref(), Some("Basic YW5hOnNAY3JldA=="));
        let error = web(&[("HTTPS_PROXY", "socks5://ana:s%40cret@proxy")]).err().unwrap().to_string();
        assert!(!error.contains("cret"), "{error}");
    }

    #[tokio::test]
    async fn what_is_not_encrypted_goes_no_further_than_this_machine() {
        let request = Request::get("http://login.example.com/").body(Vec::new()).unwrap();
        let error = web(&[]).unwrap().fetch(request).await.unwrap_err();
        assert!(error.to_string().contains("only https"), "{error}");
        let request = Request::get("http://127.0.0.1:1/").body(Vec::new()).unwrap();
        let error = web(&[]).unwrap().fetch(request).await.unwrap_err();
        assert_eq!(error.to_string(), "127.0.0.1 cannot be reached: connection refused");
    }
}
