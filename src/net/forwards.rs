//! Ports that lead into the sandbox and out of it, as they are written on the command line.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::str::FromStr;

/// A port inside that can be reached from outside: `[HOST:]PORT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publish {
    /// Where it is listened on outside.
    pub outside: SocketAddr,
}

/// A port outside that can be reached from inside, at 127.0.0.1: `[HOST:]PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect {
    /// The host outside.
    pub host: String,
    /// The port, inside as outside.
    pub port: u16,
}

impl Connect {
    /// Whether the host is this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for Publish {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (host, port) = split(text)?;
        let host = match host {
            None | Some("localhost") => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Some(host) => host.parse().map_err(|_| {
                format!(
                    "`{host}` is not an address of this machine; write 127.0.0.1:{port} or 0.0.0.0:{port}"
                )
            })?,
        };
        Ok(Self { outside: SocketAddr::new(host, port) })
    }
}

impl FromStr for Connect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (host, port) = split(text)?;
        Ok(Self { host: host.unwrap_or("127.0.0.1").to_ascii_lowercase(), port })
    }
}

fn split(text: &str) -> Result<(Option<&str>, u16), String> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (Some(host.trim_start_matches('[').trim_end_matches(']')), port),
        None => (None, text),
    };
    if host
        .is_some_and(|host| host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()))
    {
        return Err("not of the form PORT or HOST:PORT".to_owned());
    }
    match port.parse() {
        Ok(0) | Err(_) => Err("not of the form PORT or HOST:PORT, with a port from 1 to 65535".to_owned()),
        Ok(port) => Ok((host, port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_with_and_without_a_host() {
        let publish = |text: &str| text.parse::<Publish>().map(|publish| publish.outside.to_string());
        assert_eq!(publish("3000").unwrap(), "127.0.0.1:3000");
        assert_eq!(publish("0.0.0.0:80").unwrap(), "0.0.0.0:80");
        assert_eq!(publish("[::1]:80").unwrap(), "[::1]:80");
        assert!(publish("web:80").unwrap_err().contains("0.0.0.0:80"));
        let connect = |text: &str| text.parse::<Connect>().unwrap();
        assert!(connect("5432").is_local() && connect("localhost:5432").is_local());
        assert_eq!(connect("DB.example:5432"), Connect { host: "db.example".to_owned(), port: 5432 });
        for text in ["", "0", "x", "70000", ":80", "a b:80"] {
            assert!(text.parse::<Connect>().is_err(), "{text}");
        }
    }
}
