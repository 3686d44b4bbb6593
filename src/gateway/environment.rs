//! What the child's environment says about AWS: placeholders, and the way to the gateway.

use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;

use crate::aws::sigv4::Key;
use crate::gateway::capture::Capture;

/// Variables through which a client could find real credentials or another way to AWS.
const UNSET: &[&str] = &[
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_CREDENTIAL_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_CA_BUNDLE",
    "AWS_ENDPOINT_URL",
    "ALL_PROXY",
    "all_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// The same, by how their names begin.
const UNSET_PREFIXES: &[&str] = &["AWS_ENDPOINT_URL_", "AWS_BEARER_TOKEN_", "AWS_SSO_"];

/// Programs read whom to trust from different variables; each names the same file.
const CA_VARIABLES: &[&str] = &[
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "CARGO_HTTP_CAINFO",
    "PIP_CERT",
];

/// As `CA_VARIABLES`, of programs that go on to trust their own store.
const EXTRA_CA_VARIABLES: &[&str] = &["NODE_EXTRA_CA_CERTS", "DENO_CERT"];

/// Variables in which the user may already name a bundle, such as a company's.
const USER_CA_VARIABLES: &[&str] =
    &["AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/// What the variables are made from.
pub struct Facts<'a> {
    /// The port of the gateway on 127.0.0.1; 0: it has none.
    pub port: u16,
    /// What the child signs with.
    pub placeholder: &'a Key,
    /// The default region.
    pub region: Option<&'a str>,
    /// The way of capture, settled.
    pub capture: Capture,
    /// The bundle with the session's authority.
    pub ca_bundle: &'a Path,
    /// The session's authority and those that the user adds.
    pub extra_authorities: &'a Path,
    /// The profiles that work inside.
    pub config: &'a Path,
    /// An empty file, in the place of the credentials.
    pub credentials: &'a Path,
}

/// The variables to set, given what the user has.
pub fn variables(facts: &Facts<'_>, environment: &HashMap<String, String>) -> Vec<(String, String)> {
    let mut set: Vec<(String, String)> = Vec::new();
    let mut put = |name: &str, value: &str| set.push((name.to_owned(), value.to_owned()));
    put("AWS_ACCESS_KEY_ID", &facts.placeholder.access_key_id);
    put("AWS_SECRET_ACCESS_KEY", facts.placeholder.secret.expose());
    put("AWS_SESSION_TOKEN", facts.placeholder.token.as_ref().map_or("", |token| token.expose()));
    if let Some(region) = facts.region {
        put("AWS_REGION", region);
        put("AWS_DEFAULT_REGION", region);
    }
    put("AWS_CONFIG_FILE", &facts.config.display().to_string());
    put("AWS_SHARED_CREDENTIALS_FILE", &facts.credentials.display().to_string());
    put("AWS_EC2_METADATA_DISABLED", "true");
    // Otherwise clients ask S3 for checksums of bodies that may be masked on the way.
    put("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required");
    let gateway = format!("http://127.0.0.1:{}", facts.port);
    if facts.capture != Capture::Sandbox {
        for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"] {
            put(name, &gateway);
        }
        let past = not_proxied(environment);
        put("NO_PROXY", &past);
        put("no_proxy", &past);
    }
    let bundle = facts.ca_bundle.display().to_string();
    for name in CA_VARIABLES {
        put(name, &bundle);
    }
    if facts.capture != Capture::Sandbox {
        // In the sandbox the machine's own bundle holds the authority, too; and programs that give the Go SDK 1 an HTTP
        // client of their own (rclone) fail with this variable.
        put("AWS_CA_BUNDLE", &bundle);
    }
    let extra = facts.extra_authorities.display().to_string();
    for name in EXTRA_CA_VARIABLES {
        put(name, &extra);
    }
    if facts.capture == Capture::Endpoint {
        put("AWS_ENDPOINT_URL", &gateway);
        put("AWS_DISABLE_HOST_PREFIX_INJECTION", "true");
    }
    set
}

/// The user's variables that the child must not see.
pub fn unset(environment: &HashMap<String, String>, set: &[(String, String)]) -> Vec<String> {
    let is_unset =
        |name: &str| UNSET.contains(&name) || UNSET_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    let mut names: Vec<String> = UNSET
        .iter()
        .map(|name| (*name).to_owned())
        .chain(environment.keys().filter(|name| is_unset(name)).cloned())
        .filter(|name| !set.iter().any(|(own, _)| own == name))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Bundles the user already relies on; the child's must hold them too.
pub fn user_bundles(environment: &HashMap<String, String>) -> Vec<PathBuf> {
    files_in(USER_CA_VARIABLES, environment)
}

/// Authorities that the user adds to a program's own store.
pub fn user_authorities(environment: &HashMap<String, String>) -> Vec<PathBuf> {
    files_in(EXTRA_CA_VARIABLES, environment)
}

fn files_in(variables: &[&str], environment: &HashMap<String, String>) -> Vec<PathBuf> {
    let named = |name: &&str| environment.get(*name).filter(|path| !path.is_empty());
    variables.iter().filter_map(named).map(PathBuf::from).collect()
}

/// What the child reaches without the gateway: this machine, and what the user has said, but never AWS.
fn not_proxied(environment: &HashMap<String, String>) -> String {
    let own = environment.get("NO_PROXY").or_else(|| environment.get("no_proxy"));
    let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    for entry in own.map(String::as_str).unwrap_or_default().split([',', ' ']).map(str::trim) {
        let host = entry.trim_start_matches(['*', '.']);
        let host = host.split(':').next().unwrap_or_default();
        // `com` and `*` would cover AWS too.
        let covers_aws = host.is_empty()
            || crate::aws::may_hold_aws(host)
            || host == "169.254.169.254"
            || host == "169.254.170.2";
        if !covers_aws && !hosts.iter().any(|known| known == entry) {
            hosts.push(entry.to_owned());
        }
    }
    hosts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> HashMap<String, String> {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn made(capture: Capture, user: &[(&str, &str)]) -> (HashMap<String, String>, Vec<String>) {
        let placeholder = crate::gateway::placeholder::generate().unwrap();
        let facts = Facts {
            port: 4321,
            placeholder: &placeholder,
            region: Some("eu-central-1"),
            capture,
            ca_bundle: Path::new("/run/hoop/ca.pem"),
            extra_authorities: Path::new("/run/hoop/extra-ca.pem"),
            config: Path::new("/run/hoop/aws-config"),
            credentials: Path::new("/run/hoop/aws-credentials"),
        };
        let user = environment(user);
        let set = variables(&facts, &user);
        let unset = unset(&user, &set);
        (set.into_iter().collect(), unset)
    }

    #[test]
    fn the_child_is_given_placeholders_and_the_way_to_the_gateway() {
        let (set, unset) =
            made(Capture::Proxy, &[("AWS_PROFILE", "prod"), ("AWS_ENDPOINT_URL_S3", "http://x")]);
        assert!(set["AWS_ACCESS_KEY_ID"].starts_with("ASIA"));
        assert_eq!(set["https_proxy"], "http://127.0.0.1:4321");
        assert_eq!(set["AWS_CONFIG_FILE"], "/run/hoop/aws-config");
        assert_eq!(set["NODE_EXTRA_CA_CERTS"], "/run/hoop/extra-ca.pem");
        assert_eq!(set["AWS_REGION"], "eu-central-1");
        assert!(!set.contains_key("AWS_ENDPOINT_URL"));
        for name in ["AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ENDPOINT_URL"]
        {
            assert!(unset.iter().any(|own| own == name), "{name}");
        }
    }

    #[test]
    fn only_endpoint_capture_sets_an_endpoint() {
        let (set, unset) = made(Capture::Endpoint, &[("AWS_ENDPOINT_URL", "http://localhost:4566")]);
        assert_eq!(set["AWS_ENDPOINT_URL"], "http://127.0.0.1:4321");
        assert!(!unset.iter().any(|name| name == "AWS_ENDPOINT_URL"));
    }

    #[test]
    fn in_the_sandbox_no_variable_leads_anywhere() {
        let (set, unset) = made(Capture::Sandbox, &[("HTTPS_PROXY", "http://proxy:3128"), ("no_proxy", "x")]);
        assert!(!set.keys().any(|name| name.to_ascii_lowercase().contains("proxy")));
        assert!(!set.contains_key("AWS_ENDPOINT_URL"));
        assert!(
            ["HTTPS_PROXY", "no_proxy", "AWS_ENDPOINT_URL"]
                .iter()
                .all(|name| unset.iter().any(|own| own == name))
        );
        assert_eq!(set["SSL_CERT_FILE"], "/run/hoop/ca.pem");
        assert!(unset.iter().any(|own| own == "AWS_CA_BUNDLE"));
    }

    #[test]
    fn no_proxy_cannot_lead_around_the_gateway() {
        let user =
            "corp.example,.amazonaws.com,*.s3.amazonaws.com,com,*,10.0.0.0/8,localhost,api.aws,aws,eu,gov";
        let (set, _) = made(Capture::Proxy, &[("no_proxy", user)]);
        assert_eq!(set["NO_PROXY"], "localhost,127.0.0.1,::1,corp.example,10.0.0.0/8");
    }
}
