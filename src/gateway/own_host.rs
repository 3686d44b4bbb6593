//! Hosts that lead to the gateway's own port: clients with an endpoint URL put things in front of it.
//!
//! S3 clients put the bucket there (`billing.127.0.0.1:4321`, the Go SDK), S3 Control the account, others a host prefix
//! (`sync-127.0.0.1:4321`). No name server knows such a host: they come by `HTTP_PROXY`, or where `*.localhost` resolves.

use http::Request;

use crate::aws::Partition;
use crate::aws::sigv4;

/// A host that is the gateway itself, with what a client put in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnHost<'a> {
    /// `billing`, `sync`; empty: nothing.
    prefix: &'a str,
    /// `.` or `-`, whichever stands behind the prefix.
    is_label: bool,
}

impl<'a> OwnHost<'a> {
    /// Whether `authority` is the gateway on `port`.
    pub fn of(authority: &'a str, port: u16) -> Option<Self> {
        let host = authority.strip_suffix(&port.to_string())?.strip_suffix(':')?;
        let rest = host.strip_suffix("127.0.0.1").or_else(|| host.strip_suffix("localhost"))?;
        match rest.strip_suffix(['.', '-']) {
            None if rest.is_empty() => Some(Self { prefix: "", is_label: false }),
            Some(prefix) if !prefix.is_empty() => Some(Self { prefix, is_label: rest.ends_with('.') }),
            _ => None,
        }
    }

    /// The AWS host that the client would have used without an endpoint URL, where the prefix is part of the call: S3's
    /// buckets and S3 Control's accounts. Otherwise the call is told by its signing name, as all are on an endpoint.
    pub fn meant<B>(self, request: &Request<B>) -> Option<String> {
        if !self.is_label {
            return None;
        }
        let (mut parts, ()) = Request::new(()).into_parts();
        (parts.headers, parts.uri) = (request.headers().clone(), request.uri().clone());
        let claims = sigv4::parse(&parts).ok().filter(|claims| claims.service == "s3")?;
        let domain = Partition::of_region(&claims.region).domain;
        let is_account = self.prefix.len() == 12 && self.prefix.bytes().all(|byte| byte.is_ascii_digit());
        let service = match is_account && request.uri().path().starts_with("/v20180820/") {
            true => "s3-control",
            false => "s3",
        };
        let host = format!("{}.{service}.{}.{domain}", self.prefix, claims.region).to_ascii_lowercase();
        crate::aws::is_aws_host(&host).then_some(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(authority: &str) -> Option<(&str, bool)> {
        OwnHost::of(authority, 4321).map(|own| (own.prefix, own.is_label))
    }

    #[test]
    fn only_the_gateways_port_on_this_machine_is_its_own() {
        assert_eq!(own("127.0.0.1:4321"), Some(("", false)));
        assert_eq!(own("localhost:4321"), Some(("", false)));
        assert_eq!(own("sync-127.0.0.1:4321"), Some(("sync", false)));
        assert_eq!(own("my.bucket.127.0.0.1:4321"), Some(("my.bucket", true)));
        assert_eq!(own("bucket.localhost:4321"), Some(("bucket", true)));
        for other in
            ["127.0.0.1:432", "127.0.0.1:14321", "1127.0.0.1:4321", ".127.0.0.1:4321", "127.0.0.1", "x:4321"]
        {
            assert_eq!(own(other), None, "{other}");
        }
    }

    #[test]
    fn a_bucket_in_front_is_read_as_s3_reads_it() {
        let meant = |service: &str, path: &str, host: &str| {
            let scope = format!("AKIDEXAMPLE/20260101/eu-west-1/{service}/aws4_request");
            let value = format!(
                "AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={}",
                "0".repeat(64)
            );
            let request = Request::builder().uri(path).header("host", host).header("authorization", value);
            let request = request.header("x-amz-date", "20260101T000000Z").body(()).unwrap();
            OwnHost::of(host, 4321).unwrap().meant(&request)
        };
        let bucket = meant("s3", "/a/b", "billing.127.0.0.1:4321");
        assert_eq!(bucket.as_deref(), Some("billing.s3.eu-west-1.amazonaws.com"));
        let account = meant("s3", "/v20180820/jobs", "123456789012.127.0.0.1:4321");
        assert_eq!(account.as_deref(), Some("123456789012.s3-control.eu-west-1.amazonaws.com"));
        assert_eq!(meant("states", "/", "sync-127.0.0.1:4321"), None);
        assert_eq!(meant("s3", "/a/b", "127.0.0.1:4321"), None);
    }
}
