//! The token of a CI job, by variable, file, request or command: whoever runs the job says what it is.
//!
//! Sources: <https://docs.github.com/actions/security-for-github-actions/security-hardening-your-deployments/about-security-hardening-with-openid-connect>,
//! <https://docs.gitlab.com/ci/secrets/id_token_authentication/>, <https://buildkite.com/docs/agent/v3/cli-oidc>,
//! <https://circleci.com/docs/openid-connect-tokens/>, <https://kubernetes.io/docs/concepts/storage/projected-volumes/>.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use http::Request;
use http::StatusCode;
use http::header;
use nix::fcntl::OFlag;
use openidconnect::url::Url;
use serde_json::Value;
use tokio::io::AsyncReadExt;

use crate::config::providers::OidcSettings;
use crate::config::providers::ProviderKind;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity::Provider;
use crate::identity::around::Surroundings;
use crate::identity::around::run;
use crate::identity::identity::Assurance;
use crate::identity::identity::Identity;
use crate::identity::login::Login;
use crate::identity::login::Proof;
use crate::identity::oidc::CLOCK_SKEW;
use crate::identity::oidc::Expected;
use crate::identity::oidc::Issuer;
use crate::identity::oidc::identity;
use crate::identity::oidc::payload;
use crate::identity::oidc::verify;
use crate::identity::quote::quoted;
use crate::types::Secret;

/// What AWS is called in tokens, unless somebody has configured another name.
const USUAL_AUDIENCE: &str = "sts.amazonaws.com";

/// Bytes of a token file or an answer with a token: STS takes 20,000 characters.
const TOKEN_BYTES: u64 = 64 * 1024;

/// How long an agent may take for a token.
const AGENT_TIMEOUT: Duration = Duration::from_secs(30);

/// Where EKS puts the token of a pod.
const EKS_FILE: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";

/// Variables with a token, by the system that sets them.
const VARIABLES: &[(&str, &[&str])] = &[
    ("GitLab", &["GITLAB_OIDC_TOKEN", "AWS_ID_TOKEN", "ID_TOKEN"]),
    ("Buildkite", &["BUILDKITE_OIDC_TOKEN"]),
    ("CircleCI", &["CIRCLE_OIDC_TOKEN_V2", "CIRCLE_OIDC_TOKEN"]),
    ("Bitbucket", &["BITBUCKET_STEP_OIDC_TOKEN"]),
];

/// Variables that lead to a token and are none.
const LEADS: &[&str] = &[
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "BUILDKITE_AGENT_ACCESS_TOKEN",
];

/// Where the token comes from.
enum Source {
    /// A file, read again each time: whoever writes it renews it.
    File(String),
    /// A variable, for once.
    Variable(String),
    /// GitHub's address, and the token that opens it.
    GitHub { address: String, key: Secret },
    /// Buildkite's agent.
    Buildkite,
}

/// The identity of this CI job, fresh; `None`: this is no CI job, or one without a token. `named` is the setting
/// `identity.ci_token`: a variable, or the absolute path of a file.
///
/// Where its issuer is among `providers`, the token is verified; else its claims are taken as they are, and said to be so:
/// AWS verifies them.
///
/// # Errors
/// There should be a token, and there is none; it has expired; it is not to be trusted.
pub fn ci(around: &Surroundings, providers: &[Provider], named: Option<&str>) -> Result<Option<Login>> {
    let Some(source) = source(around, named)? else { return Ok(None) };
    run(|| async {
        let audience = audience(&source, providers);
        let token = source.fetch(around, &audience).await?;
        login(around, providers, &token).await.map(Some)
    })
}

/// The variables that hold tokens of CI, or lead to some: no child is to see them.
pub fn variables(named: Option<&str>) -> impl Iterator<Item = &str> {
    let known = VARIABLES.iter().flat_map(|(_, names)| names.iter()).chain(LEADS).copied();
    known.chain(named.filter(|named| !named.contains('/')))
}

/// The variables of `environment` that no child is to see: those of [`variables`], and whatever holds a token made for
/// AWS, under any name.
pub fn variables_with_tokens<'e>(
    environment: impl IntoIterator<Item = (&'e str, &'e str)>,
    named: Option<&str>,
) -> Vec<String> {
    let is_known = |name: &str| variables(named).any(|known| known == name);
    let environment = environment.into_iter();
    environment
        .filter(|(name, value)| is_known(name) || is_for_aws(value))
        .map(|(name, _)| name.to_owned())
        .collect()
}

fn is_for_aws(value: &str) -> bool {
    let is_aws =
        |audience: &Value| audience.as_str().is_some_and(|audience| audience.starts_with(USUAL_AUDIENCE));
    value.starts_with("eyJ")
        && payload(value.trim()).is_ok_and(|claims| match claims.get("aud") {
            Some(Value::Array(several)) => several.iter().any(is_aws),
            Some(audience) => is_aws(audience),
            None => false,
        })
}

fn source(around: &Surroundings, named: Option<&str>) -> Result<Option<Source>> {
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        if named.starts_with('/') {
            return Ok(Some(Source::File(named.to_owned())));
        }
        return match around.variable(named) {
            Some(_) => Ok(Some(Source::Variable(named.to_owned()))),
            None => Err(lacking(format!("the variable {} is not set", quoted(named, &[])))
                .fix("see `identity.ci_token`: hoopctl config list")),
        };
    }
    if let Some(file) = around.variable("AWS_WEB_IDENTITY_TOKEN_FILE") {
        return Ok(Some(Source::File(file.to_owned())));
    }
    if let Some(address) = around.variable("ACTIONS_ID_TOKEN_REQUEST_URL") {
        let key = around.variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN").unwrap_or_default();
        return Ok(Some(Source::GitHub { address: address.to_owned(), key: Secret::new(key) }));
    }
    if around.variable("GITHUB_ACTIONS").is_some() {
        return Err(lacking("GitHub gives this job no ID token".to_owned())
            .fix("write `permissions: { id-token: write, contents: read }` into the workflow"));
    }
    for (system, names) in VARIABLES {
        let is_there = match *system {
            // Its names are common: they are looked at only there.
            "GitLab" => around.variable("GITLAB_CI").is_some(),
            _ => true,
        };
        if let Some(name) = names.iter().find(|name| is_there && around.variable(name).is_some()) {
            return Ok(Some(Source::Variable((*name).to_owned())));
        }
    }
    if around.variable("BUILDKITE").is_some() {
        return Ok(Some(Source::Buildkite));
    }
    if around.variable("GITLAB_CI").is_some() {
        return Err(lacking("this GitLab job has no ID token under a name that hoop knows".to_owned()).fix(
            "write `id_tokens: { GITLAB_OIDC_TOKEN: { aud: sts.amazonaws.com } }` into the job, or name yours: \
             HOOP_IDENTITY_CI_TOKEN=NAME",
        ));
    }
    let is_pod = around.variable("KUBERNETES_SERVICE_HOST").is_some() && Path::new(EKS_FILE).exists();
    Ok(is_pod.then(|| Source::File(EKS_FILE.to_owned())))
}

/// The audience to ask for: that of the provider which is going to be looked for, where it can be told, else AWS's own.
fn audience(source: &Source, providers: &[Provider]) -> String {
    let issuer = match source {
        Source::GitHub { .. } => "https://token.actions.githubusercontent.com",
        Source::Buildkite => "https://agent.buildkite.com",
        Source::File(_) | Source::Variable(_) => return USUAL_AUDIENCE.to_owned(),
    };
    let configured = oidc_providers(providers).find(|(_, settings)| settings.issuer.starts_with(issuer));
    configured
        .and_then(|(_, settings)| settings.audience.clone())
        .unwrap_or_else(|| USUAL_AUDIENCE.to_owned())
}

fn oidc_providers(providers: &[Provider]) -> impl Iterator<Item = (&Provider, &OidcSettings)> {
    providers.iter().filter_map(|provider| match &provider.kind {
        ProviderKind::Oidc(settings) => Some((provider, settings)),
        ProviderKind::Saml(_) => None,
    })
}

impl Source {
    async fn fetch(&self, around: &Surroundings, audience: &str) -> Result<Secret> {
        let token = match self {
            Self::File(path) => read_file(Path::new(path))?,
            Self::Variable(name) => around.variable(name).unwrap_or_default().to_owned(),
            Self::GitHub { address, key } => ask_github(around, address, key, audience).await?,
            Self::Buildkite => ask_buildkite(around, audience).await?,
        };
        Ok(Secret::new(token.trim()))
    }
}

fn read_file(path: &Path) -> Result<String> {
    let what = || format!("the token in {} cannot be read", path.display());
    let mut text = String::new();
    let flags = OFlag::O_NONBLOCK.bits();
    let read = OpenOptions::new().read(true).custom_flags(flags).open(path).and_then(|file| {
        if !file.metadata()?.is_file() {
            return Err(std::io::Error::other("it is not a file"));
        }
        file.take(TOKEN_BYTES).read_to_string(&mut text)
    });
    match read {
        Ok(_) => Ok(text),
        Err(cause) => Err(Error::io(what(), &cause)
            .fix("see AWS_WEB_IDENTITY_TOKEN_FILE, or the setting `identity.ci_token`")),
    }
}

async fn ask_github(around: &Surroundings, address: &str, key: &Secret, audience: &str) -> Result<String> {
    let unusable = || lacking("ACTIONS_ID_TOKEN_REQUEST_URL is not an address".to_owned());
    let mut url = Url::parse(address).map_err(|_| unusable())?;
    url.query_pairs_mut().append_pair("audience", audience);
    let request = Request::get(url.as_str())
        .header(header::ACCEPT, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {}", key.expose()))
        .body(Vec::new())
        .map_err(|_| unusable())?;
    let answer = around.web(None)?.fetch(request).await;
    let answer = answer.map_err(|cause| {
        lacking(format!("GitHub was asked for the ID token: {}", quoted(&cause.to_string(), &[key.expose()])))
    })?;
    if answer.status() != StatusCode::OK {
        return Err(lacking(format!("asked for the ID token, GitHub answered {}", answer.status().as_u16()))
            .fix("write `permissions: { id-token: write }` into the workflow"));
    }
    let answer: Option<Value> = serde_json::from_slice(answer.body()).ok();
    let token = answer.as_ref().and_then(|answer| answer.get("value")).and_then(Value::as_str);
    token.map(str::to_owned).ok_or_else(|| lacking("GitHub's answer holds no ID token".to_owned()))
}

async fn ask_buildkite(around: &Surroundings, audience: &str) -> Result<String> {
    let failed = |why: String| {
        lacking(why).fix("try it: buildkite-agent oidc request-token --audience sts.amazonaws.com")
    };
    let mut command = tokio::process::Command::new("buildkite-agent");
    command.args(["oidc", "request-token", "--audience", audience]).env_clear().envs(&around.environment);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|cause| {
        failed(format!("buildkite-agent cannot be started: {}", crate::error::plain(&cause)))
    })?;
    let answer = async {
        let mut text = String::new();
        if let Some(out) = child.stdout.take() {
            out.take(TOKEN_BYTES).read_to_string(&mut text).await?;
        }
        Ok::<_, std::io::Error>((child.wait().await?, text))
    };
    match tokio::time::timeout(AGENT_TIMEOUT, answer).await {
        Ok(Ok((status, text))) if status.success() => Ok(text),
        Ok(Ok((status, _))) => Err(failed(format!("buildkite-agent ended with {status}"))),
        Ok(Err(cause)) => Err(failed(format!("buildkite-agent: {}", crate::error::plain(&cause)))),
        Err(_) => Err(failed(format!("buildkite-agent gave nothing in {} s", AGENT_TIMEOUT.as_secs()))),
    }
}

/// Whose token it is.
async fn login(around: &Surroundings, providers: &[Provider], token: &Secret) -> Result<Login> {
    let claims =
        payload(token.expose()).map_err(|why| lacking(format!("what should be its token: {why}")))?;
    let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
    let configured = oidc_providers(providers).find(|(_, settings)| settings.issuer == issuer);
    let identity = match configured {
        Some((provider, settings)) => {
            let asked = Issuer::discover(provider, &settings.issuer, around).await?;
            let audience = settings.audience.as_deref().unwrap_or(&settings.client_id);
            let expected = Expected { audience, party: None, nonce: None };
            let claims = verify(&asked, token.expose(), expected).await?;
            identity(provider, settings, &claims)?
        }
        None => claimed(around, &claims)?,
    };
    Ok(Login {
        provider: "ci".to_owned(),
        identity,
        proof: Proof::WebIdentity(token.clone()),
        renewal: None,
        obtained: around.now(),
    })
}

/// An identity as the token has it. Its groups are not taken: nobody has checked them.
fn claimed(around: &Surroundings, claims: &Value) -> Result<Identity> {
    let provider = Provider {
        name: "ci".to_owned(),
        kind: ProviderKind::Oidc(OidcSettings::default()),
        tags: Vec::new(),
        ca_file: None,
        file: std::path::PathBuf::new(),
        line: 0,
        is_machine: false,
    };
    let read = identity(&provider, &OidcSettings::default(), claims)?;
    if read.expires.is_some_and(|end| end + CLOCK_SKEW < around.now()) {
        return Err(lacking("its ID token has expired".to_owned())
            .fix("begin sooner in the job, or ask the CI system for a longer one"));
    }
    let issuer = read.issuer.as_deref().map_or_else(|| "it".to_owned(), |issuer| quoted(issuer, &[]));
    let remark = format!(
        "not verified by hoop; AWS verifies it: no [identity.NAME] has the issuer {issuer}, so that its groups are not taken"
    );
    Ok(Identity {
        user: read.subject.clone(),
        groups: Vec::new(),
        groups_known: false,
        assurance: Assurance::Claimed,
        remarks: vec![remark],
        ..read
    })
}

fn lacking(why: String) -> Error {
    Error::new(Kind::Upstream, "this CI job cannot say who it is").why(why)
}

#[cfg(test)]
#[path = "ci_tests.rs"]
mod tests;
