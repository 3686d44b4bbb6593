//! Login by a code that is entered on another machine (RFC 8628), as over ssh.

use std::time::Duration;

use http::Request;
use openidconnect::DeviceAuthorizationUrl;
use openidconnect::core::CoreDeviceAuthorizationResponse;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity::Provider;
use crate::identity::around::Surroundings;
use crate::identity::around::Tell;
use crate::identity::around::Told;
use crate::identity::around::run;
use crate::identity::login::Login;
use crate::identity::oidc::browser::fetch;
use crate::identity::oidc::client::client;
use crate::identity::oidc::client::refused;
use crate::identity::oidc::client::scopes;
use crate::identity::oidc::failed;
use crate::identity::oidc::issuer::Issuer;
use crate::identity::oidc::settings;
use crate::identity::oidc::settle::settle;

/// How long a code is waited for at most, however long the provider says that it is good.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// Characters of a code: a person types it.
const CODE_CHARACTERS: usize = 64;

/// Signs in with `provider` by a code.
///
/// # Errors
/// As [`super::browser`]; the provider has no such way, or the code has expired.
pub fn device(provider: &Provider, around: &Surroundings, tell: Tell<'_>) -> Result<Login> {
    let settings = settings(provider)?;
    run(|| async {
        let issuer = Issuer::discover(provider, &settings.issuer, around).await?;
        let lacking = || {
            Error::new(Kind::Upstream, format!("{} has no sign-in by code", provider.name))
                .why("its discovery document has no device_authorization_endpoint")
                .fix(format!("sign in by browser: hoopctl login {}", provider.name))
        };
        let endpoint = issuer.document.device_authorization_endpoint.clone().ok_or_else(lacking)?;
        let endpoint = DeviceAuthorizationUrl::new(endpoint).map_err(|_| lacking())?;
        let client = client(&issuer, settings)?.set_device_authorization_url(endpoint);
        let http = |request: Request<Vec<u8>>| fetch(&issuer, request);
        let details: CoreDeviceAuthorizationResponse = client
            .exchange_device_code()
            .add_scopes(scopes(&issuer, settings))
            .request_async(&http)
            .await
            .map_err(|wrong| refused(&issuer, &wrong, &[]))?;
        let within = show(&issuer, &details, tell)?;
        let secrets = [details.device_code().secret().as_str()];
        let polling = client.exchange_device_access_token(&details).request_async(
            &http,
            tokio::time::sleep,
            Some(within),
        );
        // The provider may want us to ask rarely; not later than the code is good for.
        let expired = || {
            failed(&provider.name, "the code has expired")
                .fix(format!("try again, and be quicker: hoopctl login {} --device", provider.name))
        };
        let response = tokio::time::timeout(within, polling).await.map_err(|_| expired())?;
        let response = response.map_err(|wrong| refused(&issuer, &wrong, &secrets))?;
        settle(&issuer, provider, settings, &response, None).await
    })
}

/// Tells the code; gives how long it is good for.
fn show(issuer: &Issuer<'_>, details: &CoreDeviceAuthorizationResponse, tell: Tell<'_>) -> Result<Duration> {
    let url = details.verification_uri().to_string();
    issuer.check_address(&url)?;
    let code = details.user_code().secret();
    let is_typed = |code: &str| {
        !code.is_empty()
            && code.len() <= CODE_CHARACTERS
            && code.chars().all(|c| c.is_ascii_graphic() || c == ' ')
    };
    if !is_typed(code) {
        return Err(failed(&issuer.name, "the code that it gave cannot be typed"));
    }
    let complete = details.verification_uri_complete().map(|complete| complete.secret().clone());
    let complete = complete.filter(|complete| issuer.check_address(complete).is_ok());
    let within = details.expires_in().min(LONGEST);
    tell(Told::Code { url: &url, complete: complete.as_deref(), code, within: within.as_secs() });
    Ok(within)
}
