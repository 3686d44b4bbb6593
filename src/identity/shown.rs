//! A login that somebody shows: the ID token alone says who it is.

use crate::config::providers::ProviderKind;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity::Provider;
use crate::identity::around::Surroundings;
use crate::identity::identity::Identity;
use crate::identity::oidc;
use crate::identity::oidc::Expected;
use crate::identity::oidc::Issuer;
use crate::types::Secret;

/// Checks an ID token that `provider` has given to hoop's own client: issuer, signature, audience, party and times. Asks
/// the provider for its keys.
///
/// Groups that stand in no ID token, and that a login asks for by itself, are not known here: a remark says so.
///
/// # Errors
/// Which check failed; the provider cannot be reached; it is no OpenID Connect provider that people sign in with.
pub async fn check_shown(provider: &Provider, around: &Surroundings, token: &Secret) -> Result<Identity> {
    let settings = match &provider.kind {
        ProviderKind::Oidc(settings) if !settings.client_id.is_empty() => settings,
        _ => {
            return Err(Error::new(Kind::Config, format!("nobody signs in with {}", provider.name))
                .why("it is no OpenID Connect provider with a `client_id`"));
        }
    };
    let issuer = Issuer::discover(provider, &settings.issuer, around).await?;
    let audience = settings.audience.as_deref().unwrap_or(&settings.client_id);
    let expected = Expected { audience, party: Some(&settings.client_id), nonce: None };
    let claims = oidc::verify(&issuer, token.expose(), expected).await?;
    oidc::identity(provider, settings, &claims)
}
