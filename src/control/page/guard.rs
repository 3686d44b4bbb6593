//! Who may speak to the page at all: only a browser that was sent here by its address, and only from pages of our own.

use std::net::IpAddr;
use std::net::SocketAddr;

use http::HeaderMap;
use http::header;

/// The names under which the page is reached.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    port: u16,
    /// The address that is listened at.
    address: IpAddr,
    /// Further names with their ports, as they stand in `Host`: of a proxy before it.
    names: Vec<String>,
}

impl Guard {
    pub(super) fn new(listening: SocketAddr, names: Vec<String>) -> Self {
        let names = names.into_iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { port: listening.port(), address: listening.ip(), names }
    }

    /// Whether others than this machine can connect.
    pub(super) fn is_beyond(&self) -> bool {
        !self.address.is_loopback()
    }

    /// Whether the request is for us. A page elsewhere whose name leads here (DNS rebinding) has its own name in `Host`,
    /// and what is an address and no name cannot be made to lead elsewhere.
    pub(super) fn is_our_host(&self, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) else {
            return false;
        };
        self.is_own(host)
    }

    fn is_own(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        if self.names.contains(&host) {
            return true;
        }
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
            _ => (host.as_str(), Some(80)),
        };
        if port != Some(self.port) {
            return false;
        }
        let literal = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match literal {
            Ok(literal) if self.is_beyond() => self.address.is_unspecified() || literal == self.address,
            Ok(literal) => literal.is_loopback(),
            Err(_) => name == "localhost" && !self.is_beyond(),
        }
    }

    /// Whether a form comes from a page of ours. Browsers say so themselves; what says nothing is no browser, or hides it.
    pub(super) fn is_our_form(&self, headers: &HeaderMap) -> bool {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let site = text("sec-fetch-site");
        let origin = text("origin");
        let is_own_origin = origin.and_then(|origin| {
            let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))?;
            Some(self.is_own(host))
        });
        match (site, is_own_origin) {
            (Some(site), Some(own)) => site == "same-origin" && own,
            // Without a referrer the origin is `null`.
            (Some(site), None) => site == "same-origin" && origin.is_none_or(|origin| origin == "null"),
            (None, own) => own == Some(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn loopback() -> Guard {
        Guard::new("127.0.0.1:7468".parse().unwrap(), vec!["Hoop.Example".to_owned()])
    }

    #[test]
    fn only_our_own_names_are_answered() {
        let is_ours = |host: &str| loopback().is_our_host(&headers(&[("host", host)]));
        for host in ["127.0.0.1:7468", "localhost:7468", "LOCALHOST:7468", "[::1]:7468", "hoop.example"] {
            assert!(is_ours(host), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:7468",
            "127.0.0.1",
            "127.0.0.1:80",
            "10.0.0.1:7468",
            "localhost.evil:7468",
            "",
        ] {
            assert!(!is_ours(host), "{host}");
        }
        assert!(!loopback().is_our_host(&headers(&[])));
        let mut two = headers(&[("host", "127.0.0.1:7468")]);
        two.append("host", "evil.example".parse().unwrap());
        assert!(!loopback().is_our_host(&two));
        let everywhere = Guard::new("0.0.0.0:7468".parse().unwrap(), Vec::new());
        assert!(everywhere.is_own("10.0.0.1:7468") && !everywhere.is_own("evil.example:7468"));
        let one = Guard::new("10.0.0.1:80".parse().unwrap(), Vec::new());
        assert!(one.is_own("10.0.0.1") && !one.is_own("10.0.0.2") && !one.is_own("localhost"));
    }

    #[test]
    fn a_form_of_another_page_is_refused() {
        let own = ("origin", "http://127.0.0.1:7468");
        let same = ("sec-fetch-site", "same-origin");
        for fine in [&[own][..], &[own, same], &[same], &[same, ("origin", "null")]] {
            assert!(loopback().is_our_form(&headers(fine)), "{fine:?}");
        }
        let (null, other) = (("origin", "null"), ("origin", "http://127.0.0.1:3000"));
        let (cross, site) = (("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"));
        let (none, odd) = (("sec-fetch-site", "none"), ("origin", "127.0.0.1:7468"));
        for wrong in [
            &[][..],
            &[null],
            &[other],
            &[cross],
            &[site],
            &[none],
            &[own, cross],
            &[other, same],
            &[odd, same],
        ] {
            assert!(!loopback().is_our_form(&headers(wrong)), "{wrong:?}");
        }
    }
}
