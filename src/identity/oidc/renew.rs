//! Renewal by a refresh token, and its end.

use http::Request;
use http::header;
use openidconnect::OAuth2TokenResponse;
use openidconnect::RefreshToken;
use openidconnect::url::form_urlencoded;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity::Provider;
use crate::identity::around::Surroundings;
use crate::identity::around::run;
use crate::identity::login::Login;
use crate::identity::oidc::browser::fetch;
use crate::identity::oidc::client::client;
use crate::identity::oidc::client::refused;
use crate::identity::oidc::client::secret;
use crate::identity::oidc::failed;
use crate::identity::oidc::issuer::Issuer;
use crate::identity::oidc::settings;
use crate::identity::oidc::settle::settle;
use crate::types::Secret;

/// Asks for new tokens with the refresh token of `login`.
///
/// A provider may give a new refresh token and take the old one no more: `keep` is called with it before anything else
/// is done.
pub(in crate::identity) fn renew(
    provider: &Provider,
    around: &Surroundings,
    login: &Login,
    keep: &(dyn Fn(&Login) -> Result<()> + Sync),
) -> Result<Login> {
    let settings = settings(provider)?;
    let again = format!("sign in again: hoopctl login {}", provider.name);
    let Some(renewal) = &login.renewal else {
        return Err(Error::new(Kind::Upstream, format!("the login with {} has ended", provider.name))
            .why("the provider gave nothing to renew it with (a refresh token; it may want the scope offline_access)")
            .fix(again));
    };
    run(|| async {
        let issuer = Issuer::discover(provider, &settings.issuer, around).await?;
        let client = client(&issuer, settings)?;
        let http = |request: Request<Vec<u8>>| fetch(&issuer, request);
        let token = RefreshToken::new(renewal.expose().to_owned());
        let response = client.exchange_refresh_token(&token).request_async(&http).await;
        let response = response.map_err(|wrong| {
            let error = refused(&issuer, &wrong, &[renewal.expose()]);
            if error.advice().is_none() { error.fix(again.clone()) } else { error }
        })?;
        let newer = response.refresh_token().map(|newer| Secret::new(newer.secret().clone()));
        if let Some(newer) = newer.clone() {
            keep(&Login { renewal: Some(newer), ..login.clone() })?;
        }
        let renewed = settle(&issuer, provider, settings, &response, None).await?;
        if renewed.identity.subject != login.identity.subject {
            return Err(failed(&provider.name, "the renewed ID token is somebody else's").fix(again.clone()));
        }
        Ok(Login { renewal: newer.or_else(|| login.renewal.clone()), ..renewed })
    })
}

/// Tells the provider that the refresh token of `login` is not to be taken any more (RFC 7009); whether it could be told.
///
/// # Errors
/// When the provider cannot be reached.
pub fn revoke(provider: &Provider, around: &Surroundings, login: &Login) -> Result<bool> {
    let settings = settings(provider)?;
    let Some(renewal) = &login.renewal else { return Ok(false) };
    run(|| async {
        let issuer = Issuer::discover(provider, &settings.issuer, around).await?;
        let Some(address) = &issuer.document.revocation_endpoint else { return Ok(false) };
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("token", renewal.expose());
        form.append_pair("token_type_hint", "refresh_token");
        form.append_pair("client_id", &settings.client_id);
        if let Some(secret) = secret(settings)? {
            form.append_pair("client_secret", &secret);
        }
        let request = Request::post(address)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.finish().into_bytes())
            .map_err(|_| failed(&provider.name, "its revocation endpoint cannot be used"))?;
        let answer =
            issuer.fetch(request).await.map_err(|cause| issuer.unreached("the end of the login", &cause))?;
        Ok(answer.status().is_success())
    })
}
