//! Websockets: the way there is decided and signed like any call; what passes then is counted, not looked into.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::HeaderName;
use http::Response;
use http::header;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;

use crate::gateway::entry::Entry;
use crate::gateway::headers;
use crate::gateway::stop::Stop;
use crate::net::Body;
use crate::net::carry;
use crate::net::empty;
use crate::types::Secret;

/// How long a client may take for the message that opens a session, and how long that may be.
const OPENING_TIMEOUT: Duration = Duration::from_secs(60);
const LONGEST_OPENING: usize = 64 << 10;

/// Bits of a frame's first two bytes (RFC 6455 §5.2).
const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

/// Takes AWS's agreement to a websocket, gives the client's. The call ends when the connection does.
///
/// With a `token` the client's first message, which opens a session, is given this one.
pub fn open(
    entry: &Arc<Entry>,
    mut response: Response<Incoming>,
    client: OnUpgrade,
    token: Option<Secret>,
) -> Result<Response<Body>, Stop> {
    entry.answered(response.status().as_u16(), None);
    let server = hyper::upgrade::on(&mut response);
    let (mut parts, _) = response.into_parts();
    let protocol = headers::upgrade_of(&parts.headers);
    keep_handshake(&mut parts.headers);
    if let Some(protocol) = protocol {
        headers::put_upgrade(&mut parts.headers, &protocol);
    }
    let entry = entry.clone();
    tokio::spawn(async move {
        let (Ok(server), Ok(client)) = (server.await, client.await) else { return };
        let (mut client, mut server) = (TokioIo::new(client), TokioIo::new(server));
        let mut opened = 0;
        if let Some(token) = token {
            let opening = tokio::time::timeout(OPENING_TIMEOUT, opening(&mut client, &token)).await;
            let Ok(Ok(message)) = opening else {
                // The recorder tells of its own failure; the connection is over.
                drop(entry.broken(0, "the session was not opened as the session manager's plugin does"));
                return;
            };
            opened = message.len() as u64;
            if server.write_all(&message).await.is_err() {
                return;
            }
        }
        let carried = carry(client, server).await;
        entry.received().fetch_add(opened + carried.sent, std::sync::atomic::Ordering::Relaxed);
        drop(entry.done(carried.received));
    });
    Ok(Response::from_parts(parts, empty()))
}

/// Only what belongs to the handshake: there is no body whose headers could matter.
fn keep_handshake(headers: &mut HeaderMap) {
    let others: Vec<HeaderName> = headers
        .keys()
        .filter(|name| !name.as_str().starts_with("sec-websocket-") && *name != header::DATE)
        .cloned()
        .collect();
    for name in others {
        headers.remove(name);
    }
}

/// The client's first message, with the real token in it: the one that the client was shown is worth nothing.
async fn opening(client: &mut (impl AsyncRead + Unpin), token: &Secret) -> io::Result<Vec<u8>> {
    let wrong = || io::Error::from(io::ErrorKind::InvalidData);
    let mut head = [0; 2];
    client.read_exact(&mut head).await?;
    if head[0] & FINAL == 0 || head[1] & MASKED == 0 {
        return Err(wrong());
    }
    let length = match head[1] & !MASKED {
        126 => usize::from(client.read_u16().await?),
        127 => usize::try_from(client.read_u64().await?).map_err(|_| wrong())?,
        short => usize::from(short),
    };
    if length > LONGEST_OPENING {
        return Err(wrong());
    }
    let mut key = [0; 4];
    client.read_exact(&mut key).await?;
    let mut text = vec![0; length];
    client.read_exact(&mut text).await?;
    let unmask = |text: &mut [u8]| {
        text.iter_mut().zip(key.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    };
    unmask(&mut text);
    let mut message: Value = serde_json::from_slice(&text).map_err(|_| wrong())?;
    *message.get_mut("TokenValue").ok_or_else(wrong)? = Value::from(token.expose());
    let mut text = message.to_string().into_bytes();
    let mut frame = vec![head[0]];
    match u16::try_from(text.len()) {
        Ok(length) if length < 126 => frame.push(MASKED | length as u8),
        Ok(length) => {
            frame.push(MASKED | 126);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        Err(_) => {
            frame.push(MASKED | 127);
            frame.extend_from_slice(&(text.len() as u64).to_be_bytes());
        }
    }
    unmask(&mut text);
    frame.extend_from_slice(&key);
    frame.extend_from_slice(&text);
    Ok(frame)
}
