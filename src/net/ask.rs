//! One question to a server, without a credential, for those who want to know whether it is there and what time it has.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use http::Request;
use http::Uri;
use http::header;
use http_body_util::BodyExt;
use http_body_util::Limited;

use crate::net::Http;
use crate::net::Override;
use crate::net::Upstream;
use crate::net::empty;

/// Longer answers are not read: what is asked for has some KiB.
const ANSWER_BYTES: usize = 1 << 20;

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Its `Date` header, as it stands.
    pub date: Option<String>,
    /// What it sent.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// None came in time.
    Late,
    /// It could not be asked, in words.
    Failed(String),
}

/// Gets `url` (`http` or `https`), trusting the machine's certificates and those in the PEM file `trusted`; redirections
/// are not followed. Waits at most `limit` for the whole of it. Makes a small runtime of its own: for programs that have
/// none.
///
/// # Errors
/// Why there is no answer.
pub fn ask(url: &str, trusted: Option<PathBuf>, limit: Duration) -> Result<Answer, NoAnswer> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| NoAnswer::Failed(cause.to_string()))?;
    let answer = runtime.block_on(async { tokio::time::timeout(limit, get(url, trusted)).await });
    // A look-up of a name may still be under way; nobody waits for it.
    runtime.shutdown_background();
    match answer {
        Ok(answer) => answer.map_err(NoAnswer::Failed),
        Err(_) => Err(NoAnswer::Late),
    }
}

async fn get(url: &str, trusted: Option<PathBuf>) -> Result<Answer, String> {
    let uri: Uri = url.parse().map_err(|_| "this is not a URL".to_owned())?;
    let (scheme, authority) =
        (uri.scheme_str().unwrap_or_default(), uri.authority().map_or("", |it| it.as_str()));
    let server = Override::parse(&format!("{scheme}://{authority}"));
    let server = server.map_err(|error| error.causes().join(", "))?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::new(empty());
    *request.uri_mut() = path.parse().map_err(|_| "its path is not valid".to_owned())?;
    let host = HeaderValue::from_str(authority).map_err(|_| "the host name is not valid".to_owned())?;
    request.headers_mut().insert(header::HOST, host);
    let agent = HeaderValue::from_static(concat!("hoop/", env!("CARGO_PKG_VERSION")));
    request.headers_mut().insert(header::USER_AGENT, agent);
    let upstream = Upstream::new(Some(server)).trusting(trusted);
    let response = upstream.send(authority, Http::One, request).await.map_err(|cause| cause.to_string())?;
    let status = response.status().as_u16();
    let date = response.headers().get(header::DATE).and_then(|date| Some(date.to_str().ok()?.to_owned()));
    let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await;
    Ok(Answer { status, date, body: body.map_err(|cause| cause.to_string())?.to_bytes() })
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::io::Write;
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn a_server_tells_its_time() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = server.local_addr().unwrap();
        let served = thread::spawn(move || {
            let (mut client, _) = server.accept().unwrap();
            let mut request = [0; 4096];
            let read = client.read(&mut request).unwrap();
            let answer = "HTTP/1.1 404 Not Found\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\nContent-Length: 2\r\n\r\nno";
            client.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        let answer = ask(&format!("http://{at}/a?b=c"), None, Duration::from_secs(20)).unwrap();
        assert_eq!((answer.status, answer.body.as_ref()), (404, b"no".as_slice()));
        assert_eq!(answer.date.as_deref(), Some("Tue, 15 Nov 1994 08:12:31 GMT"));
        let request = served.join().unwrap();
        assert!(
            request.starts_with("GET /a?b=c HTTP/1.1\r\n") && request.contains(&format!("host: {at}\r\n"))
        );
    }

    #[test]
    fn who_is_silent_is_not_waited_for() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", server.local_addr().unwrap());
        assert_eq!(ask(&url, None, Duration::from_millis(50)).unwrap_err(), NoAnswer::Late);
        drop(server);
        assert!(matches!(ask(&url, None, Duration::from_secs(20)), Err(NoAnswer::Failed(_))));
        assert!(matches!(ask("nonsense", None, Duration::from_secs(20)), Err(NoAnswer::Failed(_))));
    }
}
