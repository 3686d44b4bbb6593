//! Login by browser: authorization code with PKCE, answered on a port of 127.0.0.1 (RFC 8252, section 7.3).

use std::time::Duration;

use http::Request;
use http::Response;
use openidconnect::AuthUrl;
use openidconnect::AuthorizationCode;
use openidconnect::CsrfToken;
use openidconnect::Nonce;
use openidconnect::PkceCodeChallenge;
use openidconnect::PkceCodeVerifier;
use openidconnect::RedirectUrl;
use openidconnect::core::CoreAuthenticationFlow;

use crate::config::providers::OidcSettings;
use crate::error::Error;
use crate::error::Result;
use crate::identity::Provider;
use crate::identity::around::Surroundings;
use crate::identity::around::Tell;
use crate::identity::around::Told;
use crate::identity::around::run;
use crate::identity::browse;
use crate::identity::login::Login;
use crate::identity::loopback::Door;
use crate::identity::loopback::Visit;
use crate::identity::oidc::client::Client;
use crate::identity::oidc::client::client;
use crate::identity::oidc::client::refused;
use crate::identity::oidc::client::scopes;
use crate::identity::oidc::client::sentence;
use crate::identity::oidc::failed;
use crate::identity::oidc::issuer::Issuer;
use crate::identity::oidc::settings;
use crate::identity::oidc::settle::settle;
use crate::identity::quote::quoted;

/// How long a person has for signing in; a second factor may have to be fetched from another room.
pub(in crate::identity) const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// Where the browser ends.
const PATH: &str = "/callback";

/// Signs in with `provider` by a browser, which is opened if `opens`; the address is told in any case.
///
/// # Errors
/// The provider cannot be reached, denies, or what it says is not to be trusted; nobody has signed in for five minutes.
pub fn browser(provider: &Provider, around: &Surroundings, opens: bool, tell: Tell<'_>) -> Result<Login> {
    let settings = settings(provider)?;
    run(|| async {
        let issuer = Issuer::discover(provider, &settings.issuer, around).await?;
        let methods = &issuer.document.code_challenge_methods_supported;
        if !methods.is_empty() && !methods.iter().any(|method| method == "S256") {
            return Err(failed(
                &provider.name,
                "it does not know PKCE with S256, without which a code could be stolen",
            ));
        }
        let door = Door::open(settings.redirect_port, PATH, &provider.name)?;
        let question = Question::new(&issuer, settings, &door)?;
        let is_opened = opens && browse::open(&question.address, around);
        tell(Told::Address { url: &question.address, is_opened, within: PATIENCE.as_secs() });
        let visit = door.wait(question.state.secret(), PATIENCE).await?;
        let outcome = question.answered(&issuer, provider, settings, &visit).await;
        visit.answer(&provider.name, &outcome).await;
        outcome
    })
}

/// What was asked, and what its answer is checked by.
struct Question {
    client: Client,
    redirect: RedirectUrl,
    address: String,
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

impl Question {
    fn new(issuer: &Issuer<'_>, settings: &OidcSettings, door: &Door) -> Result<Self> {
        let lacking = || failed(&issuer.name, "its discovery document has no usable authorization endpoint");
        let endpoint = issuer.document.authorization_endpoint.clone().ok_or_else(lacking)?;
        let endpoint = AuthUrl::new(endpoint).map_err(|_| lacking())?;
        let redirect = RedirectUrl::new(door.address()).map_err(|_| lacking())?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let client = client(issuer, settings)?;
        let asking = client.clone().set_auth_uri(endpoint).set_redirect_uri(redirect.clone());
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let mut request = asking
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .set_pkce_challenge(challenge);
        for scope in scopes(issuer, settings) {
            request = request.add_scope(scope);
        }
        let (address, state, nonce) = request.url();
        Ok(Self { client, redirect, address: address.to_string(), state, nonce, verifier })
    }

    async fn answered(
        self,
        issuer: &Issuer<'_>,
        provider: &Provider,
        settings: &OidcSettings,
        visit: &Visit,
    ) -> Result<Login> {
        // RFC 9207: an answer of another issuer is not sent to this one.
        let from = visit.value("iss");
        let is_bound = issuer.document.authorization_response_iss_parameter_supported;
        if from.map_or(is_bound, |from| from != issuer.document.issuer) {
            return Err(failed(&provider.name, "the answer is that of another issuer (iss)"));
        }
        if let Some(code) = visit.value("error") {
            return Err(denied(provider, code, visit.value("error_description").unwrap_or_default()));
        }
        let code = visit.value("code").filter(|code| !code.is_empty());
        let code =
            code.ok_or_else(|| failed(&provider.name, "the browser came back without a code"))?.to_owned();
        let secrets = [code.clone(), self.verifier.secret().clone()];
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let http = |request: Request<Vec<u8>>| fetch(issuer, request);
        let response = self
            .client
            .set_redirect_uri(self.redirect)
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(self.verifier)
            .request_async(&http)
            .await
            .map_err(|wrong| refused(issuer, &wrong, &secrets))?;
        settle(issuer, provider, settings, &response, Some(&self.nonce)).await
    }
}

/// As the `openidconnect` crate wants it.
pub(super) async fn fetch(
    issuer: &Issuer<'_>,
    request: Request<Vec<u8>>,
) -> Result<Response<Vec<u8>>, crate::net::WebError> {
    issuer.fetch(request).await
}

fn denied(provider: &Provider, code: &str, said: &str) -> Error {
    let error = failed(&provider.name, sentence(code, &quoted(said, &[]), &[]));
    match code {
        "access_denied" => error.fix(format!("try again, and consent: hoopctl login {}", provider.name)),
        "invalid_scope" => error.fix("name the `scopes` that the provider grants to this client"),
        _ => error.fix(format!("look at [identity.{}] in {}", provider.name, provider.file.display())),
    }
}
