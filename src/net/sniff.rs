//! What a client speaks, from its first bytes: TLS, HTTP/2 without TLS, or HTTP/1.

use std::io;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::ReadBuf;

use super::through::write_through;

/// The record type of a TLS handshake.
const TLS_HANDSHAKE: u8 = 0x16;

/// What a client of HTTP/2 "with prior knowledge" sends first (RFC 9113 §3.4). Its first 14 bytes cannot open
/// an HTTP/1 request that anybody answers.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0";

/// How a connection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// A TLS ClientHello.
    Tls,
    /// The HTTP/2 preface in the clear.
    Http2,
    /// Anything else: HTTP/1, or nothing sensible.
    Http1,
    /// The client closed before it said anything.
    Nothing,
}

/// Reads the first bytes of `stream` and gives them back in front of the rest.
pub async fn sniff<S: AsyncRead + Unpin>(mut stream: S) -> io::Result<(Opening, Prefixed<S>)> {
    let mut head = [0; HTTP2_PREFACE.len()];
    let mut length = 0;
    let opening = loop {
        let count = stream.read(&mut head[length..]).await?;
        length += count;
        let seen = &head[..length];
        if seen.is_empty() {
            break Opening::Nothing;
        }
        if seen[0] == TLS_HANDSHAKE {
            break Opening::Tls;
        }
        if seen == HTTP2_PREFACE {
            break Opening::Http2;
        }
        if count == 0 || !HTTP2_PREFACE.starts_with(seen) {
            break Opening::Http1;
        }
    };
    Ok((opening, Prefixed { head, given: 0, length, stream }))
}

/// A stream whose first bytes were already read, and are given once more.
#[derive(Debug)]
pub struct Prefixed<S> {
    head: [u8; HTTP2_PREFACE.len()],
    given: usize,
    length: usize,
    stream: S,
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefixed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.given < self.length {
            let count = buffer.remaining().min(self.length - self.given);
            buffer.put_slice(&self.head[self.given..self.given + count]);
            self.given += count;
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

write_through!(Prefixed);

#[cfg(test)]
mod tests {
    use super::*;

    async fn opening_of(parts: &[&[u8]]) -> (Opening, Vec<u8>) {
        let (mut client, server) = tokio::io::duplex(64);
        let parts: Vec<Vec<u8>> = parts.iter().map(|part| part.to_vec()).collect();
        let writer = tokio::spawn(async move {
            for part in parts {
                tokio::io::AsyncWriteExt::write_all(&mut client, &part).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
        let (opening, mut stream) = sniff(server).await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        writer.await.unwrap();
        (opening, all)
    }

    #[tokio::test]
    async fn every_way_to_open_is_told_apart_and_nothing_is_lost() {
        let cases: &[(&[&[u8]], Opening)] = &[
            (&[b"\x16\x03\x01\x02\x00"], Opening::Tls),
            (&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], Opening::Http2),
            (&[b"PR", b"I * HTTP/2.", b"0\r\n\r\nSM\r\n\r\n"], Opening::Http2),
            (&[b"PUT /a HTTP/1.1\r\n\r\n"], Opening::Http1),
            (&[b"P", b"RO", b"PFIND / HTTP/1.1\r\n\r\n"], Opening::Http1),
            (&[b"PRI"], Opening::Http1),
            (&[], Opening::Nothing),
        ];
        for (parts, expected) in cases {
            let (opening, all) = opening_of(parts).await;
            assert_eq!((opening, all), (*expected, parts.concat()), "{parts:?}");
        }
    }
}
