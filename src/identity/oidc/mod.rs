//! OpenID Connect: login by browser and by code, renewal, and the checks of ID tokens.
//!
//! The protocol's types, requests and signatures are those of the `openidconnect` crate; its requests go out by
//! [`crate::net::Web`], so that proxies, certificates and limits are ours. Sources: OpenID Connect Core and Discovery
//! 1.0, RFC 6749, 7009, 7636, 8252, 8628, 9207.

mod browser;
mod claims;
mod client;
mod device;
mod issuer;
mod renew;
mod settle;
mod verify;

pub use browser::browser;
pub use device::device;
pub use renew::revoke;

pub(super) use claims::identity;
pub(super) use issuer::Issuer;
pub(in crate::identity) use renew::renew;
pub(super) use verify::Expected;
pub(super) use verify::payload;
pub(super) use verify::verify;

use crate::config::providers::OidcSettings;
use crate::config::providers::ProviderKind;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity::Provider;

/// How far two clocks may be apart, in seconds.
pub const CLOCK_SKEW: u64 = 60;

/// The settings of a provider that speaks OpenID Connect.
fn settings(provider: &Provider) -> Result<&OidcSettings> {
    match &provider.kind {
        ProviderKind::Oidc(settings) if !settings.client_id.is_empty() => Ok(settings),
        ProviderKind::Oidc(_) => {
            Err(Error::new(Kind::Config, format!("[identity.{}] has no `client_id`", provider.name))
                .why("with an `audience` alone it checks the tokens of CI, and nobody can sign in")
                .fix("add the client that hoop is registered as"))
        }
        ProviderKind::Saml(_) => {
            Err(Error::new(Kind::Config, format!("`{}` speaks SAML, not OpenID Connect", provider.name)))
        }
    }
}

/// An error of a login with `provider`.
fn failed(provider: &str, why: impl Into<String>) -> Error {
    Error::new(Kind::Upstream, format!("cannot sign in with {provider}")).why(why)
}
