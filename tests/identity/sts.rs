//! A stand-in for STS that gives a role to whoever asks.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;

use crate::person::text;

pub type Asked = Arc<Mutex<Vec<(String, bool)>>>;

/// Its address, and the forms it was sent; `true`: with a signature.
pub fn start() -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let told = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let told = Arc::clone(&told);
            std::thread::spawn(move || answer(stream, &told));
        }
    });
    (url, asked)
}

fn answer(stream: TcpStream, told: &Mutex<Vec<(String, bool)>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut length, mut is_signed) = (0, false);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(number) = line.strip_prefix("content-length:") {
            length = number.trim().parse().unwrap();
        }
        is_signed |= line.starts_with("authorization:");
        if line.is_empty() {
            break;
        }
    }
    let mut form = vec![0; length];
    reader.read_exact(&mut form).unwrap();
    let form = text(&form);
    let arn = "arn:aws:sts::123456789012:assumed-role/ops/alice";
    let body = match form.contains("Action=AssumeRole") || form.contains("Action=GetSessionToken") {
        true => format!(
            "<Response><Result><AssumedRoleUser><AssumedRoleId>AROA1:alice\
             </AssumedRoleId><Arn>{arn}</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIASAMLSAMLSAML0001\
             </AccessKeyId><SecretAccessKey>a-secret-that-is-real</SecretAccessKey><SessionToken>a-token</SessionToken>\
             <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></Result></Response>"
        ),
        false => format!(
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{arn}</Arn><UserId>AROA1:alice</UserId>\
             <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
        ),
    };
    told.lock().unwrap().push((form, is_signed));
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = (&stream).write_all(format!("{head}{body}").as_bytes());
}
