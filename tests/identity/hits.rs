//! The port that the browser comes back to, and others who come there.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::Mutex;
use std::thread;

use hoop::config::providers::ProviderKind;
use hoop::identity::Told;
use hoop::identity::oidc;

use crate::stub::Stub;
use crate::stub::around;
use crate::stub::get;
use crate::stub::parts;
use crate::stub::raw;
use crate::stub::status;

/// Signs in; before the browser comes, `before` does as it likes with the port, the state and the path.
fn visited(before: impl Fn(&str, &str) + Send + Sync + 'static) {
    let stub = Stub::new();
    let before = std::sync::Arc::new(before);
    let browser = Mutex::new(None);
    let tell = |told: Told<'_>| {
        let Told::Address { url, .. } = told else { return };
        let (url, before) = (url.to_owned(), std::sync::Arc::clone(&before));
        let thread = thread::spawn(move || {
            let query: HashMap<String, String> = parts(&url)
                .1
                .split_once('?')
                .unwrap()
                .1
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .map(|(name, value)| {
                    let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
                    (name.to_owned(), value)
                })
                .collect();
            let (authority, _) = parts(&query["redirect_uri"]);
            before(&authority, &query["state"]);
            get(&url)
        });
        *browser.lock().unwrap() = Some(thread);
    };
    let login = oidc::browser(&stub.provider(), &around(), false, &tell).unwrap();
    assert_eq!(login.identity.user, "ana@corp.example");
    let (status, page) = browser.lock().unwrap().take().unwrap().join().unwrap();
    assert_eq!(status, 200, "{page}");
    for header in [
        "cache-control: no-store",
        "content-security-policy: default-src 'none'",
        "referrer-policy: no-referrer",
    ] {
        assert!(page.to_lowercase().contains(header), "{page}");
    }
}

#[test]
fn whoever_comes_without_the_answer_changes_nothing() {
    visited(|authority, state| {
        let ask = |line: &str, host: &str| {
            status(&raw(authority, &format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")))
        };
        assert_eq!(ask("GET /callback?code=x&state=guessed", authority), 400);
        assert_eq!(ask("GET /callback?error=access_denied&state=guessed", authority), 400);
        assert_eq!(ask("GET /callback?code=x", authority), 400);
        assert_eq!(ask(&format!("GET /callback?code=x&code=y&state={state}"), authority), 400);
        assert_eq!(ask("GET /favicon.ico", authority), 404);
        assert_eq!(ask("GET /", authority), 404);
        assert_eq!(ask(&format!("POST /callback?code=x&state={state}"), authority), 405);
        assert_eq!(ask(&format!("GET /callback?code=x&state={state}"), "rebound.example"), 421);
        assert_eq!(ask(&format!("GET /callback?{}", "x".repeat(100_000)), authority) / 100, 4);
    });
}

#[test]
fn connections_that_say_nothing_do_not_keep_the_browser_out() {
    visited(|authority, _| {
        let mut idle: Vec<_> = (0..10).map(|_| std::net::TcpStream::connect(authority).unwrap()).collect();
        for stream in &mut idle {
            use std::io::Write;
            stream.write_all(b"GET /call").unwrap();
        }
        // They stay open while the browser comes.
        std::mem::forget(idle);
    });
}

#[test]
fn a_second_answer_is_told_that_there_was_a_first() {
    let stub = Stub::new();
    let codes = Mutex::new(Vec::new());
    let tell = |told: Told<'_>| {
        let Told::Address { url, .. } = told else { return };
        let mut codes = codes.lock().unwrap();
        for _ in 0..2 {
            let url = url.to_owned();
            codes.push(thread::spawn(move || get(&url).0));
        }
    };
    oidc::browser(&stub.provider(), &around(), false, &tell).unwrap();
    let codes: Vec<u16> = codes.lock().unwrap().drain(..).map(|code| code.join().unwrap_or(0)).collect();
    assert_eq!(codes.iter().filter(|code| **code == 200).count(), 1, "{codes:?}");
    assert_eq!(stub.hits("/token"), 1);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let stub = Stub::new();
    let mut provider = stub.provider();
    if let ProviderKind::Oidc(settings) = &mut provider.kind {
        settings.redirect_port = Some(port);
    }
    let error = oidc::browser(&provider, &around(), false, &|_| {}).unwrap_err();
    assert!(error.to_string().contains(&format!("port {port} on 127.0.0.1")), "{error}");
    assert!(error.advice().unwrap().contains("--device"));
}
