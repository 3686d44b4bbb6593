//! Login by browser: our request by redirect, the provider's answer by a form to a port of 127.0.0.1 (SAML profiles 2.0,
//! section 4.1).

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Request as HttpRequest;
use http::StatusCode;

use crate::config::providers::MetadataPlace;
use crate::config::providers::ProviderKind;
use crate::config::providers::SamlSettings;
use crate::error::Error;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;
use crate::identity::Provider;
use crate::identity::around::Surroundings;
use crate::identity::around::Tell;
use crate::identity::around::Told;
use crate::identity::around::run;
use crate::identity::browse;
use crate::identity::identity::Identity;
use crate::identity::login::Login;
use crate::identity::login::Proof;
use crate::identity::loopback::Door;
use crate::identity::saml::metadata;
use crate::identity::saml::metadata::Metadata;
use crate::identity::saml::refusal::Refusal;
use crate::identity::saml::replay;
use crate::identity::saml::request::Request;
use crate::identity::saml::request::Wanted;
use crate::identity::saml::response;
use crate::identity::saml::response::Expected;
use crate::identity::store::LoginStore;
use crate::types::Secret;

/// The port that the browser comes back to, if none is configured: providers want to know the whole address beforehand.
const PORT: u16 = 7466;

/// How long a person has for signing in.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// Where the browser comes back to.
const PATH: &str = "/saml/acs";

/// Characters of base64 that STS takes.
const STS_CHARACTERS: usize = 100_000;

/// Signs in with `provider` by a browser, which is opened if `opens`; the address is told in any case. The assertion is
/// noted in `store`, so that it is not taken a second time.
///
/// # Errors
/// The metadata cannot be had or used; the provider's answer is not to be trusted, or says no; nobody has signed in for
/// five minutes.
pub fn browser(
    provider: &Provider,
    around: &Surroundings,
    store: &LoginStore,
    opens: bool,
    tell: Tell<'_>,
) -> Result<Login> {
    let ProviderKind::Saml(settings) = &provider.kind else {
        return Err(Error::new(Kind::Config, format!("{} is not a SAML provider", provider.name)));
    };
    let again = format!("try again: hoopctl login {}", provider.name);
    run(|| async {
        let metadata = metadata_of(provider, settings, around).await?;
        let door = Door::open(Some(settings.acs_port.unwrap_or(PORT)), PATH, &provider.name)
            .map_err(|error| error.fix(in_use(provider)))?
            .for_form();
        let consumer = consumer(settings);
        let request = Request::new()?;
        let address = request.address(&Wanted {
            entity_id: &settings.entity_id,
            sign_on: &metadata.sign_on,
            consumer: &consumer,
            now: around.now(),
        })?;
        let is_opened = opens && browse::open(&address, around);
        tell(Told::Address { url: &address, is_opened, within: PATIENCE.as_secs() });
        let visit = door.wait(&request.relay, PATIENCE).await.map_err(|error| error.fix(again))?;
        let answer = visit.value("SAMLResponse").unwrap_or_default();
        let expected = Expected {
            issuer: &metadata.entity_id,
            audience: &settings.entity_id,
            consumer: &consumer,
            request: &request.id,
            now: around.now(),
        };
        let outcome = taken(answer, &expected, &metadata, (provider, settings), store.folder());
        visit.answer(&provider.name, &outcome).await;
        outcome
    })
}

/// The address of our assertion consumer service, as the provider has to know it.
#[must_use]
pub fn consumer(settings: &SamlSettings) -> String {
    format!("http://{}:{}{PATH}", settings.acs_host, settings.acs_port.unwrap_or(PORT))
}

/// Who an answer (XML) is about, by the provider that `metadata` is of, as the answer to a request that is known; nothing
/// is noted or kept. For examinations of the reader, such as fuzzing; a login is [`browser`].
///
/// # Errors
/// As the login's.
pub fn examine(metadata: &str, answer: &[u8], now: u64) -> Result<Identity> {
    let refused = |refusal: Refusal| refusal.error("it is refused");
    let metadata = metadata::read(metadata, now).map_err(refused)?;
    let expected = Expected {
        issuer: &metadata.entity_id,
        audience: "urn:amazon:webservices",
        consumer: "http://127.0.0.1:7466/saml/acs",
        request: "_0123456789abcdef",
        now,
    };
    let settings = SamlSettings {
        metadata: MetadataPlace::Url(String::new()),
        entity_id: expected.audience.to_owned(),
        acs_port: None,
        acs_host: "127.0.0.1",
        groups_attribute: None,
        user_attribute: None,
    };
    let read = response::read(&STANDARD.encode(answer), &expected, &metadata.certificates);
    read.and_then(|assertion| assertion.identity("examined", &settings, &[])).map_err(refused)
}

/// Checks an answer and makes a login of it.
fn taken(
    answer: &str,
    expected: &Expected<'_>,
    metadata: &Metadata,
    (provider, settings): (&Provider, &SamlSettings),
    folder: &Path,
) -> Result<Login> {
    let refused = || format!("the answer of {} is refused", provider.name);
    let assertion = response::read(answer, expected, &metadata.certificates);
    let assertion = assertion.map_err(|refusal| refusal.error(refused()))?;
    let identity = assertion.identity(&provider.name, settings, &provider.tags);
    let mut identity = identity.map_err(|refusal| refusal.error(refused()))?;
    replay::note(folder, &assertion.issuer, &assertion.id, assertion.expires, expected.now)?
        .map_err(|refusal| refusal.error(refused()))?;
    identity.remarks.extend(metadata.remarks.iter().cloned());
    let packed: String = answer.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if packed.len() > STS_CHARACTERS {
        identity.remarks.push(format!(
            "the answer has {} characters, and AWS takes at most {STS_CHARACTERS}: no role can be had with it",
            packed.len()
        ));
    }
    Ok(Login {
        provider: provider.name.clone(),
        identity,
        proof: Proof::Saml(Secret::new(packed)),
        renewal: None,
        obtained: expected.now,
    })
}

/// The metadata is read anew at each login: a provider that changes its certificate tells it there.
async fn metadata_of(
    provider: &Provider,
    settings: &SamlSettings,
    around: &Surroundings,
) -> Result<Metadata> {
    let (place, bytes) = match &settings.metadata {
        MetadataPlace::File(path) => (path.display().to_string(), read_file(path)?),
        MetadataPlace::Url(url) => (url.clone(), fetch(url, provider, around).await?),
    };
    let unusable = format!("the metadata of {} in {place} cannot be used", provider.name);
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(Error::new(Kind::Config, unusable).why("it is not UTF-8"));
    };
    metadata::read(&text, around.now()).map_err(|refusal| refusal.error(unusable))
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    let cannot = || format!("cannot read the metadata in {}", path.display());
    let file = File::open(path).context(cannot)?;
    let mut bytes = Vec::new();
    file.take(metadata::BYTES as u64 + 1).read_to_end(&mut bytes).context(cannot)?;
    Ok(bytes)
}

async fn fetch(url: &str, provider: &Provider, around: &Surroundings) -> Result<Vec<u8>> {
    let cannot = |why: String| {
        Error::new(Kind::Upstream, format!("cannot get the metadata of {}", provider.name))
            .why(format!("{url}: {why}"))
            .fix("look at the address in a browser; or keep the metadata in a file and name that")
    };
    let request =
        HttpRequest::get(url).header("accept", "application/samlmetadata+xml, application/xml, text/xml");
    let request = request.body(Vec::new()).map_err(|_| cannot("the address is not valid".to_owned()))?;
    let answer = around.web(Some(provider))?.fetch(request).await;
    let answer = answer.map_err(|cause| cannot(cause.to_string()))?;
    match answer.status() {
        StatusCode::OK => Ok(answer.into_body()),
        other => Err(cannot(format!("it answers with {other}"))),
    }
}

fn in_use(provider: &Provider) -> String {
    format!(
        "end what uses it (another login?); or write another `acs_port` in [identity.{}], and tell the provider",
        provider.name
    )
}
