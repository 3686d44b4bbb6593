//! Renewal of a login that is kept, by one process at a time.

use crate::config::providers::ProviderKind;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity::Provider;
use crate::identity::around::Surroundings;
use crate::identity::login::Login;
use crate::identity::oidc;
use crate::identity::store::LoginStore;

/// A login that another process has renewed is taken if it lasts so long, in seconds.
const WORTH_TAKING: u64 = 120;

/// A login in the place of `login`, which has ended or is about to. It is kept in `store` before it is given.
///
/// Where providers change the refresh token at each renewal, using an old one ends the login (RFC 9700, section 4.14):
/// so one process renews at a time, and others take what it got.
///
/// # Errors
/// Signed out meanwhile; no refresh token, or one that the provider takes no more; the provider cannot be reached. The
/// advice says `hoopctl login NAME` where that helps.
pub fn renew(provider: &Provider, around: &Surroundings, store: &LoginStore, login: &Login) -> Result<Login> {
    let again = format!("sign in again: hoopctl login {}", provider.name);
    if let ProviderKind::Saml(_) = provider.kind {
        return Err(Error::new(Kind::Upstream, format!("the login with {} has ended", provider.name))
            .why("a SAML assertion cannot be renewed")
            .fix(again));
    }
    let _hold = store.hold(&provider.name)?;
    let Some(kept) = store.load(&provider.name)? else {
        return Err(
            Error::new(Kind::Upstream, format!("you have signed out of {}", provider.name)).fix(again)
        );
    };
    if kept.identity.subject != login.identity.subject {
        return Err(Error::new(
            Kind::Upstream,
            format!("somebody else has signed in with {}", provider.name),
        )
        .why(format!("the session belongs to {}", login.identity.label()))
        .fix("end the session, and begin a new one"));
    }
    if kept != *login && kept.proof != login.proof && kept.lasts(around.now(), WORTH_TAKING) {
        return Ok(kept);
    }
    let renewed = oidc::renew(provider, around, &kept, &|newer| store.save(newer))?;
    store.save(&renewed)?;
    Ok(renewed)
}
