//! Identity providers: whether they are there and what they say they are; and the logins that are kept.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::clock;
use super::finding::Finding;
use super::finding::counted;
use super::finding::quoted;
use super::finding::span;
use crate::clock::Clock;
use crate::config::load::read_bounded;
use crate::config::providers::MetadataPlace;
use crate::config::providers::OidcSettings;
use crate::config::providers::Provider;
use crate::config::providers::ProviderKind;
use crate::config::providers::SamlSettings;
use crate::identity::LoginStore;
use crate::net;
use crate::net::NoAnswer;

/// What is configured.
#[must_use]
pub fn configured(providers: &[Provider]) -> Vec<Finding> {
    const SUBJECT: &str = "providers";
    if providers.is_empty() {
        return vec![Finding::ok(
            SUBJECT,
            "none configured: sessions record the user of this machine, unauthenticated",
        )];
    }
    let names: Vec<String> = providers
        .iter()
        .map(|provider| {
            let kind = match provider.kind {
                ProviderKind::Oidc(_) => "oidc",
                ProviderKind::Saml(_) => "saml",
            };
            format!("{} ({kind}, {}:{})", provider.name, provider.file.display(), provider.line)
        })
        .collect();
    let mut found = vec![Finding::ok(SUBJECT, names.join(", "))];
    for provider in providers {
        found.extend(
            provider.ca_file.as_deref().and_then(|file| readable(&provider.name, "ca_file", file, false)),
        );
        if let ProviderKind::Oidc(OidcSettings { client_secret_file: Some(file), .. }) = &provider.kind {
            found.extend(readable(&provider.name, "client_secret_file", file, true));
        }
    }
    found
}

/// A file that a provider's table names: what is wrong with it.
fn readable(name: &str, key: &str, file: &Path, is_secret: bool) -> Option<Finding> {
    const SUBJECT: &str = "files";
    let word = quoted(file.display().to_string());
    let about = format!("`{key}` of [identity.{name}], {},", file.display());
    if let Err(cause) = fs::File::open(file) {
        let fact = format!("{about} cannot be read: {}", crate::error::plain(&cause));
        return Some(Finding::fault(SUBJECT, fact).fix(format!("ls -l {word}")));
    }
    let mode = fs::metadata(file).map_or(0, |metadata| metadata.mode() & 0o777);
    match mode & if is_secret { 0o077 } else { 0o022 } {
        0 => None,
        _ => {
            let fact = format!("{about} is open to others (mode {mode:o})");
            Some(
                Finding::fault(SUBJECT, fact)
                    .fix(format!("chmod {} {word}", if is_secret { "600" } else { "go-w" })),
            )
        }
    }
}

/// Asks one provider.
#[must_use]
pub fn provider(provider: &Provider, clock: &Clock, limit: Duration) -> Vec<Finding> {
    match &provider.kind {
        ProviderKind::Oidc(settings) => {
            oidc(&provider.name, settings, provider.ca_file.clone(), clock, limit)
        }
        ProviderKind::Saml(settings) => {
            saml(&provider.name, settings, provider.ca_file.clone(), clock, limit)
        }
    }
}

/// Host and port of a URL.
fn host(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or(url)
}

fn oidc(
    name: &str,
    settings: &OidcSettings,
    trusted: Option<PathBuf>,
    clock: &Clock,
    limit: Duration,
) -> Vec<Finding> {
    const SUBJECT: &str = "discovery";
    let url = format!("{}/.well-known/openid-configuration", settings.issuer.trim_end_matches('/'));
    let look = format!("curl -sS {}", quoted(&url));
    let before = clock.unix_seconds();
    let answer = match net::ask(&url, trusted.clone(), limit) {
        Ok(answer) => answer,
        Err(why) => {
            return vec![Way { name, trusted: trusted.as_deref(), limit }.absent(SUBJECT, &url, &why)];
        }
    };
    let mut found = Vec::new();
    let ours = before.midpoint(clock.unix_seconds());
    if let Some(theirs) = answer.date.as_deref().and_then(crate::aws::sigv4::http_date) {
        found.extend(drift(ours, theirs, name));
    }
    let document = match (answer.status, serde_json::from_slice::<Value>(&answer.body)) {
        (200, Ok(document)) if document.is_object() => document,
        (200, _) => {
            let fact =
                format!("{name}: {url} is no discovery document: `issuer` is not that of an OIDC provider");
            found.push(Finding::fault(SUBJECT, fact).fix(look));
            return found;
        }
        (status, _) => {
            let fact = format!("{name}: {url} answers {status}: `issuer` is not that of an OIDC provider");
            found.push(Finding::fault(SUBJECT, fact).fix(look));
            return found;
        }
    };
    let text = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    match text("issuer") == settings.issuer {
        true => found.push(Finding::ok(
            SUBJECT,
            format!("{name}: {} is there, and is who it should be", settings.issuer),
        )),
        false => {
            let fact = format!(
                "{name}: it calls itself `{}`, and `issuer` is `{}`: tokens are refused",
                text("issuer"),
                settings.issuer
            );
            found.push(
                Finding::fault(SUBJECT, fact)
                    .fix("hoopctl config path")
                    .advice("write `issuer` as the provider does"),
            );
        }
    }
    found.extend(offered(name, &document, &look));
    let (keys, endpoint) = (text("jwks_uri"), text("token_endpoint"));
    let asked = {
        let (name, trusted) = (name.to_owned(), trusted.clone());
        let look = look.clone();
        thread::spawn(move || token_endpoint(&name, &endpoint, &look, trusted, limit))
    };
    found.push(signing_keys(name, &keys, &look, trusted, limit));
    found.extend(asked.join().ok());
    found
}

fn drift(ours: u64, theirs: u64, name: &str) -> Option<Finding> {
    let off = ours.abs_diff(theirs);
    if off <= 60 {
        return None;
    }
    let word = if ours < theirs { "behind" } else { "ahead of" };
    let fact = format!(
        "{name}: this clock is {} {word} the provider's; tokens may be refused as too old or too new",
        span(off)
    );
    Some(Finding::warning("clock", fact).fix(super::aws::SET_CLOCK))
}

/// How a provider is asked.
struct Way<'a> {
    /// Its name in the configuration.
    name: &'a str,
    /// Its own `ca_file`.
    trusted: Option<&'a Path>,
    limit: Duration,
}

impl Way<'_> {
    /// Why it could not be asked; the certificates that are trusted are the provider's own setting.
    fn absent(&self, subject: &'static str, url: &str, why: &NoAnswer) -> Finding {
        let name = self.name;
        let mut finding = clock::no_answer(subject, host(url), url, why, self.limit);
        finding.fact = format!("{name}: {}", finding.fact);
        if finding.fix.as_ref().is_some_and(|fix| fix.contains("AWS_CA_BUNDLE")) {
            finding.advice = Some(match self.trusted {
                Some(file) => {
                    format!("`ca_file` ({}) does not hold the one that has signed it", file.display())
                }
                None => format!("name its certificate as `ca_file` in [identity.{name}]"),
            });
            finding.fix = Some("hoopctl config path".to_owned());
        }
        finding
    }
}

/// What the provider does not offer, of what hoop needs.
fn offered(name: &str, document: &Value, look: &str) -> Vec<Finding> {
    let has = |key: &str, wanted: &str| {
        let list = document.get(key).and_then(Value::as_array);
        list.is_none_or(|list| list.iter().any(|value| value == wanted))
    };
    let mut found = Vec::new();
    if !has("code_challenge_methods_supported", "S256") {
        let fact = format!("{name}: it does not offer PKCE with S256: a login in the browser may be refused");
        found.push(Finding::warning("offers", fact).fix(look));
    }
    if document.get("device_authorization_endpoint").is_none() {
        let fact = format!("{name}: no device flow: hoopctl login --device does not work, the browser does");
        found.push(Finding::note("offers", fact).fix(format!("hoopctl login {name}")));
    }
    found
}

fn signing_keys(name: &str, url: &str, look: &str, trusted: Option<PathBuf>, limit: Duration) -> Finding {
    const SUBJECT: &str = "keys";
    if url.is_empty() {
        return Finding::fault(
            SUBJECT,
            format!("{name}: the provider names no `jwks_uri`: no token can be checked"),
        )
        .fix(look);
    }
    let answer = match net::ask(url, trusted.clone(), limit) {
        Ok(answer) => answer,
        Err(why) => return Way { name, trusted: trusted.as_deref(), limit }.absent(SUBJECT, url, &why),
    };
    let set = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
    let usable = set
        .get("keys")
        .and_then(Value::as_array)
        .map_or(0, |keys| keys.iter().filter(|key| signs(key)).count());
    match usable {
        0 => {
            let fact = format!(
                "{name}: {url} has no key that signs tokens (status {}): none can be checked",
                answer.status
            );
            Finding::fault(SUBJECT, fact).fix(format!("curl -sS {}", quoted(url)))
        }
        number => Finding::ok(SUBJECT, format!("{name}: {} for signatures", counted(number, "key"))),
    }
}

/// A public key of a kind that signs, and is meant to.
fn signs(key: &Value) -> bool {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    matches!(text("kty"), Some("RSA" | "EC" | "OKP")) && text("use").is_none_or(|usage| usage == "sig")
}

fn token_endpoint(name: &str, url: &str, look: &str, trusted: Option<PathBuf>, limit: Duration) -> Finding {
    const SUBJECT: &str = "tokens";
    if url.is_empty() {
        return Finding::fault(
            SUBJECT,
            format!("{name}: the provider names no `token_endpoint`: nobody can sign in"),
        )
        .fix(look);
    }
    // Whatever it says to a question without a token: it is there, and its certificate is trusted.
    match net::ask(url, trusted.clone(), limit) {
        Ok(_) => Finding::ok(SUBJECT, format!("{name}: {} answers", host(url))),
        Err(why) => Way { name, trusted: trusted.as_deref(), limit }.absent(SUBJECT, url, &why),
    }
}

fn saml(
    name: &str,
    settings: &SamlSettings,
    trusted: Option<PathBuf>,
    clock: &Clock,
    limit: Duration,
) -> Vec<Finding> {
    const SUBJECT: &str = "metadata";
    let (text, look) = match &settings.metadata {
        MetadataPlace::File(file) => {
            let look = format!("ls -l {}", quoted(file.display().to_string()));
            match read_bounded(file, "metadata") {
                Ok(text) => (text, look),
                Err(error) => return vec![Finding::fault(SUBJECT, format!("{name}: {error}")).fix(look)],
            }
        }
        MetadataPlace::Url(url) => match net::ask(url, trusted.clone(), limit) {
            Ok(answer) => {
                (String::from_utf8_lossy(&answer.body).into_owned(), format!("curl -sS {}", quoted(url)))
            }
            Err(why) => {
                return vec![Way { name, trusted: trusted.as_deref(), limit }.absent(SUBJECT, url, &why)];
            }
        },
    };
    vec![match metadata_fault(&text, clock.unix_seconds()) {
        Some(why) => Finding::fault(SUBJECT, format!("{name}: {why}")).fix(look),
        None => Finding::ok(SUBJECT, format!("{name}: metadata of an identity provider, with a certificate")),
    }]
}

/// What keeps metadata from being of use. A look, not the check that a login makes.
fn metadata_fault(text: &str, now: u64) -> Option<String> {
    if !text.contains("IDPSSODescriptor") {
        return Some("this is no metadata of a SAML identity provider".to_owned());
    }
    if !text.contains("X509Certificate") {
        return Some("the metadata has no certificate: no assertion can be checked".to_owned());
    }
    let until = text.split_once("validUntil=\"").and_then(|(_, rest)| rest.split_once('"'));
    let until = until.and_then(|(until, _)| until.parse::<jiff::Timestamp>().ok());
    let ended = until.and_then(|until| now.checked_sub(u64::try_from(until.as_second()).ok()?))?;
    Some(format!("the metadata ended {} ago (validUntil)", span(ended)))
}

/// The logins kept below `state`. Nothing is made, and no token is told.
#[must_use]
pub fn logins(state: &Path, providers: &[Provider], now: u64) -> Vec<Finding> {
    const SUBJECT: &str = "logins";
    if !state.join("logins/.key").exists() {
        return match providers.is_empty() {
            true => Vec::new(),
            false => vec![Finding::note(SUBJECT, "nobody has signed in").fix("hoopctl login")],
        };
    }
    let opened = LoginStore::open(state).and_then(|store| store.list().map(|names| (store, names)));
    let (store, names) = match opened {
        Ok(opened) => opened,
        Err(error) => return vec![failed(&error, "hoopctl login")],
    };
    let mut found = vec![sealed_with(&state.join("logins/.key"))];
    let first = found.len();
    for name in names {
        let again = format!("hoopctl login {}", quoted(&name));
        let login = match store.load(&name) {
            Ok(Some(login)) => login,
            Ok(None) => continue,
            Err(error) => {
                found.push(failed(&error, &again));
                continue;
            }
        };
        let label = login.identity.label();
        if name != "ci" && !providers.iter().any(|provider| provider.name == name) {
            let fact = format!("{label}: there is no [identity.{name}] any more");
            found.push(Finding::note(SUBJECT, fact).fix(format!("hoopctl logout {}", quoted(&name))));
            continue;
        }
        let renews = login.renewal.is_some();
        found.push(match login.identity.expires {
            Some(expires) if expires <= now && renews => Finding::ok(
                SUBJECT,
                format!("{label}: ended {} ago, and is renewed when it is next used", span(now - expires)),
            ),
            Some(expires) if expires <= now => Finding::warning(
                SUBJECT,
                format!("{label}: ended {} ago, and cannot be renewed", span(now - expires)),
            )
            .fix(again),
            Some(expires) => {
                let then = if renews { "then it is renewed" } else { "and cannot be renewed" };
                Finding::ok(SUBJECT, format!("{label}: lasts {} more, {then}", span(expires - now)))
            }
            None => Finding::ok(SUBJECT, label),
        });
    }
    if found.len() == first && !providers.is_empty() {
        found.push(Finding::note(SUBJECT, "nobody has signed in").fix("hoopctl login"));
    }
    found
}

/// Where the key of the logins is: 32 bytes in a file, and where there was a keyring when it was made, a part of it there.
fn sealed_with(key: &Path) -> Finding {
    let is_in_keyring = fs::metadata(key).is_ok_and(|about| about.len() > 32);
    Finding::ok(
        "sealed",
        match is_in_keyring {
            true => "logins are sealed with a key that is in the desktop's keyring, in part",
            false => "logins are sealed with a key in a file beside them, which only this account can read",
        },
    )
}

fn failed(error: &crate::error::Error, otherwise: &str) -> Finding {
    let finding = Finding::fault("logins", error.to_string());
    // `close it to others: chmod 600 /…`, `sign in again: hoopctl login corp`
    match error.advice().and_then(|advice| advice.split_once(": ")) {
        Some((_, command)) => finding.fix(command),
        None => finding.fix(otherwise),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ctl::doctor::finding::State;

    #[test]
    fn keys_that_encrypt_sign_nothing() {
        let key = |text: &str| signs(&serde_json::from_str(text).unwrap());
        assert!(key(r#"{"kty":"RSA","n":"x"}"#) && key(r#"{"kty":"EC","use":"sig"}"#));
        assert!(!key(r#"{"kty":"RSA","use":"enc"}"#) && !key(r#"{"kty":"oct"}"#) && !key("3"));
    }

    #[test]
    fn metadata_is_looked_at() {
        let fault = |text: &str| metadata_fault(text, 1_763_726_400).unwrap_or_default();
        assert!(fault("<html>").contains("no metadata"));
        assert!(fault("<IDPSSODescriptor/>").contains("no certificate"));
        let whole = "<E validUntil=\"2025-11-20T12:00:00Z\"><IDPSSODescriptor><X509Certificate/>";
        assert_eq!(fault(whole), "the metadata ended 24 h ago (validUntil)");
        assert_eq!(fault(&whole.replace("2025", "2035")), "");
    }

    #[test]
    fn what_is_not_offered_is_told() {
        let offers = |text: &str| {
            let found = offered("corp", &serde_json::from_str(text).unwrap(), "curl");
            found.iter().map(|finding| finding.state).collect::<Vec<_>>()
        };
        assert_eq!(offers(r#"{"device_authorization_endpoint":"x"}"#), []);
        assert_eq!(
            offers(r#"{"code_challenge_methods_supported":["plain"]}"#),
            [State::Warning, State::Note]
        );
    }

    #[test]
    fn looking_for_logins_makes_none() {
        let state = tempfile::tempdir().unwrap();
        assert_eq!(logins(state.path(), &[], 0), []);
        assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0);
    }
}
