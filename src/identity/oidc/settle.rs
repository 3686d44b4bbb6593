//! From the provider's tokens to a login.

use http::Request;
use http::StatusCode;
use http::header;
use openidconnect::Nonce;
use openidconnect::OAuth2TokenResponse;
use openidconnect::core::CoreTokenResponse;
use serde_json::Value;

use crate::config::providers::OidcSettings;
use crate::error::Result;
use crate::identity::Provider;
use crate::identity::login::Login;
use crate::identity::login::Proof;
use crate::identity::oidc::claims;
use crate::identity::oidc::failed;
use crate::identity::oidc::issuer::Issuer;
use crate::identity::oidc::verify::Expected;
use crate::identity::oidc::verify::verify;
use crate::types::Secret;

/// Checks the ID token in `response`, asks for the groups where it has none, and makes a login of it.
pub(super) async fn settle(
    issuer: &Issuer<'_>,
    provider: &Provider,
    settings: &OidcSettings,
    response: &CoreTokenResponse,
    nonce: Option<&Nonce>,
) -> Result<Login> {
    let token = response.extra_fields().id_token().map(|token| Secret::new(token.to_string()));
    let token = token.ok_or_else(|| {
        failed(&provider.name, "the provider gave no ID token")
            .fix(format!("see that `scopes` has openid, then sign in again: hoopctl login {}", provider.name))
    })?;
    let expected = Expected {
        audience: settings.audience.as_deref().unwrap_or(&settings.client_id),
        party: Some(&settings.client_id),
        nonce,
    };
    let mut claims = verify(issuer, token.expose(), expected).await?;
    let mut remarks: Vec<String> = issuer.clock_remark().into_iter().collect();
    if claims::lacks_groups(settings, &claims) {
        remarks.extend(ask_more(issuer, response, &mut claims).await);
    }
    let mut identity = claims::identity(provider, settings, &claims)?;
    identity.remarks.extend(remarks);
    Ok(Login {
        provider: provider.name.clone(),
        identity,
        proof: Proof::WebIdentity(token),
        renewal: response.refresh_token().map(|renewal| Secret::new(renewal.secret().clone())),
        obtained: issuer.around.now(),
    })
}

/// Adds what the provider tells of the person beyond the token; gives what is to be said where it does not.
async fn ask_more(issuer: &Issuer<'_>, response: &CoreTokenResponse, claims: &mut Value) -> Option<String> {
    let address = issuer.document.userinfo_endpoint.as_ref()?;
    let request = Request::get(address)
        .header(header::ACCEPT, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {}", response.access_token().secret()))
        .body(Vec::new())
        .ok()?;
    let answer = match issuer.fetch(request).await {
        Ok(answer) if answer.status() == StatusCode::OK => answer,
        Ok(answer) => {
            return Some(format!(
                "asked for more claims, the provider answered {}",
                answer.status().as_u16()
            ));
        }
        Err(_) => return Some("asked for more claims, the provider did not answer".to_owned()),
    };
    let Ok(Value::Object(more)) = serde_json::from_slice::<Value>(answer.body()) else {
        return Some("the provider's further claims cannot be read".to_owned());
    };
    // OpenID Connect Core 1.0, section 5.3.2: otherwise they may be somebody else's.
    if more.get("sub") != claims.get("sub") {
        return Some("the provider's further claims are left out: they are somebody else's".to_owned());
    }
    let known = claims.as_object_mut()?;
    for (name, value) in more {
        known.entry(name).or_insert(value);
    }
    None
}
