//! The way to a provider in a company: TLS by the company's own authority, through its proxy.

use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;

use hoop::clock::Clock;
use hoop::identity::Surroundings;
use hoop::identity::oidc;
use hoop::net::Authority;
use serde_json::json;

use crate::stub::NOW;
use crate::stub::Stub;
use crate::stub::parts;
use crate::stub::provider;

const HOST: &str = "login.corp.example";

/// Opens TLS for the stub; gives the port.
fn tls(authority: &Authority, stub: &Stub) -> u16 {
    let config = authority.server_config(HOST).unwrap();
    let mut config = Arc::unwrap_or_clone(config);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let (config, inner) = (Arc::new(config), parts(&stub.issuer).0);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, inner) = (Arc::clone(&config), inner.clone());
            thread::spawn(move || {
                let connection = rustls::ServerConnection::new(config).unwrap();
                let mut outer = rustls::StreamOwned::new(connection, stream);
                let mut block = vec![0; 64 * 1024];
                // Requests of this client come in one piece.
                let Ok(count) = outer.read(&mut block) else { return };
                let mut inner = TcpStream::connect(inner).unwrap();
                inner.write_all(&block[..count]).unwrap();
                let mut answer = Vec::new();
                inner.read_to_end(&mut answer).unwrap();
                let _ = outer.write_all(&answer).and_then(|()| outer.flush());
            });
        }
    });
    port
}

/// A proxy that leads every tunnel to `target`; gives its port and what it was asked.
fn proxy(target: u16) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&asked);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let told = Arc::clone(&told);
            thread::spawn(move || {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
                    head.push(byte[0]);
                }
                told.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
                let mut other = TcpStream::connect(("127.0.0.1", target)).unwrap();
                let (mut back, mut from) = (stream.try_clone().unwrap(), other.try_clone().unwrap());
                thread::spawn(move || std::io::copy(&mut from, &mut back));
                let _ = std::io::copy(&mut stream, &mut other);
            });
        }
    });
    (port, asked)
}

#[test]
fn a_company_s_proxy_and_authority_lead_to_the_provider() {
    let authority = Authority::new(Clock::system().unix_seconds()).unwrap();
    let issuer = format!("https://{HOST}");
    let stub = Stub::new().told(|script| {
        let endpoint = |path: &str| format!("{issuer}/{path}");
        script.document = json!({"issuer": issuer, "authorization_endpoint": endpoint("auth"), "token_endpoint": endpoint("token"),
            "jwks_uri": endpoint("jwks"), "userinfo_endpoint": endpoint("userinfo"),
            "device_authorization_endpoint": endpoint("device")});
        script.claims = json!({"iss": issuer});
    });
    let (port, asked) = proxy(tls(&authority, &stub));
    let dir = tempfile::tempdir().unwrap();
    let bundle = dir.path().join("company.pem");
    std::fs::write(&bundle, authority.pem()).unwrap();
    let environment = [("HTTPS_PROXY".to_owned(), format!("http://ana:the-password@127.0.0.1:{port}"))];
    let around =
        Surroundings { clock: Clock::fixed(NOW * 1_000_000), environment: environment.into_iter().collect() };

    let mut corp = provider("corp", &issuer);
    let error = oidc::device(&corp, &around, &|_| {}).unwrap_err().report("hoopctl");
    assert!(error.contains("no trust by TLS") && error.contains("ca_file"), "{error}");
    assert!(!error.contains("the-password"), "{error}");

    corp.ca_file = Some(bundle);
    let login = oidc::device(&corp, &around, &|_| {}).unwrap();
    assert_eq!(login.identity.issuer.as_deref(), Some(issuer.as_str()));
    let asked = asked.lock().unwrap();
    assert!(asked[0].starts_with(&format!("CONNECT {HOST}:443 HTTP/1.1\r\n")), "{asked:?}");
    assert!(asked[0].contains("Proxy-Authorization: Basic YW5hOnRoZS1wYXNzd29yZA==\r\n"), "{asked:?}");
    assert!(stub.hits("/device") == 1 && stub.hits("/jwks") == 1);
}
