//! Which hosts are AWS, and which of them a call belongs to.

use super::Call;

/// The domains under which AWS serves its APIs.
const DOMAINS: [&str; 9] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "on.aws",
    "aws.dev",
    "api.cloudwatch.aws",
    "amazonwebservices.com",
];

/// Whether `host` (without a port) lies in a domain where AWS serves its APIs.
#[must_use]
pub fn is_aws_host(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    DOMAINS
        .iter()
        .any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// The AWS host that `call` belongs to.
#[must_use]
pub fn upstream_host(call: &Call, client_host: Option<&str>) -> String {
    match client_host {
        Some(host) => host.to_owned(),
        None => format!("{}.{}.amazonaws.com", call.signing_name, call.region),
    }
}
