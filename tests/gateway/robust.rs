//! Clients and upstreams as they really are: many, slow, half gone, or not meaning well.

use std::io::Read;
use std::io::Write;
use std::net::Shutdown;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;

use crate::alone::alone;
use crate::client::dial;
use crate::client::json_call;
use crate::client::read_reply;
use crate::client::s3_call;
use crate::client::send;
use crate::streams::resident;
use crate::upstream::empty_json;
use crate::upstream::json;
use crate::upstream::upstream;
use crate::world::Plan;

const LIST: &str = "DynamoDB_20120810.ListTables";

#[test]
fn a_thousand_connections_are_served_at_once() {
    if !alone("robust::a_thousand_connections_are_served_at_once") {
        return;
    }
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    json_call(&world, "dynamodb", LIST, "{}").send(&world);
    let request = json_call(&world, "dynamodb", LIST, "{}").bytes(&world);
    let port = world.gateway.port();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let before = resident();
    runtime.block_on(async {
        // All are open before the first one speaks, and stay open.
        let mut streams = Vec::new();
        for _ in 0..1000 {
            streams.push(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap());
        }
        for _ in 0..2 {
            for stream in &mut streams {
                stream.write_all(&request).await.unwrap();
            }
            for stream in &mut streams {
                let mut answer = Vec::new();
                while !answer.ends_with(b"{}") {
                    let count = stream.read_buf(&mut answer).await.unwrap();
                    assert!(count > 0, "{}", answer.escape_ascii());
                }
                assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", answer.escape_ascii());
            }
        }
    });
    let grown = (resident() - before) >> 20;
    // Measured: 111 MiB, with client and upstream in the same process.
    assert!(grown < 192, "{grown} MiB");
    assert_eq!(world.events_of("call.end").len(), 2001);
}

#[test]
fn clients_that_dawdle_hold_up_nobody_and_are_let_go() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let mut slow: Vec<TcpStream> = (0..200).map(|_| dial(&world)).collect();
    for stream in &mut slow {
        stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\nx-").unwrap();
    }
    let began = world.since();
    assert_eq!(json_call(&world, "dynamodb", LIST, "{}").send(&world).status, 200);
    assert!(began.elapsed() < Duration::from_secs(5));
    // One more letter every second does not help.
    let began = world.since();
    let mut one = slow.remove(0);
    one.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let closed = loop {
        let mut byte = [0; 512];
        match one.read(&mut byte) {
            Ok(0) => break true,
            Err(error)
                if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Ok(_) => {}
            Err(_) => break true,
        }
        if one.write_all(b"a").is_err() {
            break true;
        }
        if began.elapsed() > Duration::from_secs(50) {
            break false;
        }
    };
    assert!(closed && began.elapsed() > Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(upstream.take().len() == 1);
}

/// An upstream that reads the head and what follows it for a moment, then does what it is told.
fn raw(serve: impl Fn(TcpStream, String) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (serve, mut stream) = (serve.clone(), stream.unwrap());
            std::thread::spawn(move || {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    if stream.read(&mut byte).unwrap_or(0) == 0 {
                        return;
                    }
                    head.push(byte[0]);
                }
                serve(stream, String::from_utf8(head).unwrap());
            });
        }
    });
    url
}

#[test]
fn a_slow_upstream_is_waited_for() {
    let url = raw(|mut stream, _| {
        std::thread::sleep(Duration::from_millis(1500));
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 20\r\n\r\n")
            .unwrap();
        for _ in 0..20 {
            std::thread::sleep(Duration::from_millis(50));
            stream.write_all(b"a").unwrap();
        }
    });
    let world = Plan::observe(&url).start();
    let reply = s3_call(&world, "GET", "/bucket/key", b"").send(&world);
    assert_eq!((reply.status, &reply.body[..]), (200, &[b'a'; 20][..]));
}

#[test]
fn an_upstream_that_breaks_off_is_not_mended() {
    let url = raw(|mut stream, _| {
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/gzip\r\ncontent-length: 1000000\r\n\r\n";
        stream.write_all(head).unwrap();
        stream.write_all(&[7; 5000]).unwrap();
    });
    let world = Plan::observe(&url).start();
    let mut stream = dial(&world);
    stream.write_all(&s3_call(&world, "GET", "/bucket/key", b"").bytes(&world)).unwrap();
    let mut all = Vec::new();
    // Closed, or reset: but never a million bytes.
    let _ = stream.read_to_end(&mut all);
    assert!(all.len() < 10_000 && all.starts_with(b"HTTP/1.1 200"));
    let end = world.call_end();
    assert_eq!((&end["outcome"], &end["message"]), (&"failed".into(), &"AWS's answer broke off".into()));
}

#[test]
fn an_upload_whose_client_goes_never_completes() {
    let ended = Arc::<Mutex<Vec<usize>>>::default();
    let inside = ended.clone();
    let url = raw(move |mut stream, _| {
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        inside.lock().unwrap().push(all.len());
    });
    let world = Plan::observe(&url).start();
    let bytes = s3_call(&world, "PUT", "/bucket/key", &vec![7; 4_000_000]).bytes(&world);
    let mut stream = dial(&world);
    stream.write_all(&bytes[..2_000_000]).unwrap();
    drop(stream);
    let end = world.call_end();
    assert!(matches!(end["outcome"].as_str(), Some("cancelled" | "failed")), "{end}");
    for _ in 0..300 {
        if !ended.lock().unwrap().is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(ended.lock().unwrap().pop().unwrap() < 4_000_000);
}

/// A client that closes its side before the answer counts as gone: that is how a held call learns of it.
#[test]
fn a_client_that_closes_its_side_gives_up_its_call() {
    let (arrived, waiting) = std::sync::mpsc::channel();
    let url = raw(move |mut stream, _| {
        arrived.send(()).unwrap();
        std::thread::sleep(Duration::from_secs(1));
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    });
    let world = Plan::observe(&url).start();
    let mut stream = dial(&world);
    stream.write_all(&json_call(&world, "dynamodb", LIST, "{}").bytes(&world)).unwrap();
    // Closed before hoop has read it, it is no call at all.
    waiting.recv().unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty(), "{}", rest.escape_ascii());
    assert_eq!(world.call_end()["outcome"], "cancelled");
}

#[test]
fn requests_on_one_connection_are_answered_in_order() {
    let upstream = upstream(|parts, _| json(&format!("{{\"path\":\"{}\"}}", parts.uri.path())));
    let world = Plan::observe(&upstream.url).start();
    let mut stream = dial(&world);
    let paths = ["/bucket/a", "/bucket/b", "/bucket/c"];
    let all: Vec<u8> =
        paths.iter().flat_map(|path| s3_call(&world, "GET", path, b"").bytes(&world)).collect();
    stream.write_all(&all).unwrap();
    for path in paths {
        assert_eq!(read_reply(&mut stream).text(), format!("{{\\\"path\\\":\\\"{path}\\\"}}"));
    }
    stream.write_all(&s3_call(&world, "GET", "/bucket/d", b"").bytes(&world)).unwrap();
    assert_eq!(read_reply(&mut stream).status, 200);
}

#[test]
fn http_1_0_is_answered_and_closed() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let bytes = json_call(&world, "dynamodb", LIST, "{}").bytes(&world);
    let text = String::from_utf8(bytes).unwrap().replacen("HTTP/1.1", "HTTP/1.0", 1);
    let mut stream = dial(&world);
    stream.write_all(text.as_bytes()).unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).unwrap();
    assert!(all.starts_with("HTTP/1.0 200") && all.ends_with("{}"), "{all}");
}

#[test]
fn headers_without_end_are_refused() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let long = format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "a".repeat(1 << 20));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "x-a: b\r\n".repeat(300));
    for request in [long, many] {
        let mut stream = dial(&world);
        // The rest may meet a closed connection.
        let _ = stream.write_all(request.as_bytes());
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        assert!(all.starts_with(b"HTTP/1.1 431"), "{}", all.escape_ascii());
    }
}

/// Whoever stands behind could read another request than was decided on.
#[test]
fn a_request_that_can_be_read_in_two_ways_is_refused_in_its_protocols_words() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let good = String::from_utf8(json_call(&world, "dynamodb", LIST, "{}").bytes(&world)).unwrap();
    let length = |instead: &str| good.replacen("content-length: 2", instead, 1);
    let hidden = "POST /hidden HTTP/1.1\r\nhost: x\r\n\r\n";
    let chunks = |lines: &str| {
        let head = length(lines);
        format!("{}2\r\n{{}}\r\n0\r\n\r\n{hidden}", head.strip_suffix("{}").unwrap())
    };
    let cases = [
        length("content-length: 2\r\ncontent-length: 40"),
        length("content-length: 2\r\nContent-Length: 2"),
        length("content-length: -2"),
        length("content-length: +2"),
        length("content-length: 0x2"),
        length("content-length: 2, 40"),
        length("content-length: 99999999999999999999"),
        length("content-length : 2"),
        length("content-length: 2\r\n : x"),
        length("transfer-encoding: chunked, identity"),
        length("transfer-encoding: xchunked"),
        chunks("content-length: 60\r\ntransfer-encoding: chunked"),
        chunks("transfer-encoding: chunked\r\ncontent-length: 60"),
        chunks("transfer-encoding: chunked\r\ntransfer-encoding: identity"),
        chunks("transfer-encoding:\x0bchunked"),
        length("content-length: 2\r\nx-a: b\r\n c"),
        length("content-length: 2\r\nx-a: b\r\n\tcontent-length: 60"),
        length("content-length: 2\r\nx-a: b\0c"),
        length("content-length: 2\r\nx-a: b\rc"),
        length("content-length: 2\r\nx-a: b\ncontent-length: 60"),
        length("content-length: 2\r\nhost: elsewhere.example"),
        good.replacen("POST / HTTP/1.1", "POST /\0 HTTP/1.1", 1),
    ];
    let count = cases.len();
    for wrong in cases {
        let mut stream = dial(&world);
        stream.write_all(wrong.as_bytes()).unwrap();
        let mut all = Vec::new();
        // Closed behind the one answer, or reset behind what was not read.
        let _ = stream.read_to_end(&mut all);
        let text = all.escape_ascii().to_string();
        assert!(
            text.starts_with("HTTP/1.1 400 ") && text.matches("HTTP/1.1").count() == 1,
            "{wrong:?}: {text}"
        );
        assert!(
            text.contains("connection: close") && text.contains("hoop: the request is not well-formed"),
            "{text}"
        );
        let is_json = text.contains("__type");
        assert!(is_json || wrong.starts_with("POST /\0"), "{wrong:?}: {text}");
    }
    // In S3's words, and behind a good request on the same connection.
    let first = s3_call(&world, "PUT", "/bucket/key", b"two").bytes(&world);
    let second = s3_call(&world, "PUT", "/bucket/key", b"two").bytes(&world);
    let second = String::from_utf8(second).unwrap().replacen(
        "content-length: 3",
        "content-length: 3\r\nTransfer-Encoding: chunked",
        1,
    );
    let mut stream = dial(&world);
    stream.write_all(&[&first[..], second.as_bytes()].concat()).unwrap();
    assert_eq!(read_reply(&mut stream).status, 200);
    let refused = read_reply(&mut stream);
    assert!(refused.status == 400 && refused.text().contains("<Code>InvalidRequest</Code>"), "{refused:?}");
    assert_eq!(upstream.take().len(), 1);
    let ends = world.events_of("call.end");
    assert_eq!(
        ends.iter().filter(|end| end["status"] == 400 && end["outcome"] == "refused").count(),
        count + 1
    );
}

#[test]
fn chunks_of_no_size_end_the_call() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let put = |body: &str| {
        let mut call = s3_call(&world, "PUT", "/bucket/key", b"");
        call.payload = Some(hoop::aws::sigv4::PayloadHash::Unsigned);
        call.headers.push(("transfer-encoding".to_owned(), "chunked".to_owned()));
        let mut bytes = call.bytes(&world);
        bytes.extend_from_slice(body.as_bytes());
        bytes
    };
    assert_eq!(send(&world, &put("2\r\nab\r\n0\r\n\r\n")).status, 200);
    assert_eq!(&upstream.take()[0].body[..], b"ab");
    for wrong in [
        "x\r\nab\r\n0\r\n\r\n",
        "-2\r\nab\r\n0\r\n\r\n",
        "0x2\r\nab\r\n0\r\n\r\n",
        "2\nab\r\n0\r\n\r\n",
        "2;a\nb\r\nab\r\n0\r\n\r\n",
        "2\r\nabc\r\n0\r\n\r\n",
        "ffffffffffffffff1\r\nab\r\n0\r\n\r\n",
    ] {
        let mut stream = dial(&world);
        stream.write_all(put(wrong).as_slice()).unwrap();
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        let text = all.escape_ascii().to_string();
        assert!(text.starts_with("HTTP/1.1 400 ") && text.contains("hoop: "), "{wrong:?}: {text}");
        // A body that is read as a whole before anything is decided.
        let whole = json_call(&world, "dynamodb", LIST, "{}").bytes(&world);
        let whole =
            String::from_utf8(whole).unwrap().replacen("content-length: 2", "transfer-encoding: chunked", 1);
        let whole = send(&world, whole.replacen("\r\n\r\n{}", &format!("\r\n\r\n{wrong}"), 1).as_bytes());
        assert!(whole.status == 400 && whole.text().contains("__type"), "{whole:?}");
    }
    assert!(upstream.take().is_empty(), "none came whole");
}

#[test]
fn a_client_that_waits_for_100_hears_it_at_once_when_it_may() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let mut call = s3_call(&world, "PUT", "/bucket/key", &[7; 100_000]);
    call.headers.push(("expect".to_owned(), "100-continue".to_owned()));
    let bytes = call.bytes(&world);
    let (head, body) = bytes.split_at(bytes.len() - 100_000);
    // Once, for what is loaded at the first call.
    s3_call(&world, "GET", "/bucket/key", b"").send(&world);
    let mut stream = dial(&world);
    stream.write_all(head).unwrap();
    let began = world.since();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    stream.write_all(body).unwrap();
    assert_eq!(read_reply(&mut stream).status, 200);
    assert_eq!(upstream.take().pop().unwrap().header("expect"), "");
}

#[test]
fn a_redirect_to_another_region_comes_back_as_it_is() {
    let upstream = upstream(|_, _| {
        Response::builder()
            .status(301)
            .header("x-amz-bucket-region", "us-west-2")
            .header("x-amz-request-id", "R")
            .header("x-amz-id-2", "ID")
            .header("content-type", "application/xml")
            .body(Bytes::from_static(b"<Error><Code>PermanentRedirect</Code><Endpoint>b.s3.us-west-2.amazonaws.com</Endpoint></Error>"))
            .unwrap()
    });
    let world = Plan::observe(&upstream.url).start();
    let reply = s3_call(&world, "GET", "/bucket/key", b"").send(&world);
    assert_eq!(
        (reply.status, reply.header("x-amz-bucket-region"), reply.header("location")),
        (301, Some("us-west-2"), None)
    );
    assert!(reply.text().contains("b.s3.us-west-2.amazonaws.com"));
    assert_eq!(upstream.take().len(), 1, "it is the client who follows");
}

/// AWS refuses a large upload as soon as it has read the head, and closes.
#[test]
fn an_answer_that_comes_before_the_upload_is_done_is_given_back() {
    let url = raw(|mut stream, _| {
        let body = "<Error><Code>EntityTooLarge</Code></Error>";
        let head = format!(
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        // As AWS does, it goes on reading for a while, so that its answer is not lost.
        let _ = stream.take(64 << 20).read_to_end(&mut Vec::new());
    });
    let world = Plan::observe(&url).start();
    let bytes = s3_call(&world, "PUT", "/bucket/key", &vec![7; 8_000_000]).bytes(&world);
    let reply = send(&world, &bytes);
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("EntityTooLarge"), "{}", reply.text());
    assert_eq!(world.call_end()["status"], 400);
}
