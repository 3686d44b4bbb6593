//! As whom an answer is given: the login that is shown to the session, renewed first, or the user of this machine.

use crate::cli::sign_in;
use crate::config::Config;
use crate::config::providers::ProviderKind;
use crate::control::wire::Claim;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity;
use crate::identity::Surroundings;

/// A login that ends sooner than this, in seconds, is renewed before it is shown.
const LASTS: u64 = 60;

/// What answering needs to know of the approver.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) config: Config,
    pub(super) around: Surroundings,
    /// The provider that was named; none: the default.
    pub(super) named: Option<String>,
}

/// A login, and what is to be said of it.
pub(super) type Shown = (Option<Claim>, Option<String>);

impl Person {
    /// The login to show. Sessions of other users are shown none: they are told by the system who one is.
    ///
    /// # Errors
    /// A login was asked for by name and cannot be had; it has ended and cannot be renewed.
    pub(super) fn claim(&self, is_own: bool, names_approvers: bool) -> Result<Shown> {
        let named = self.named.as_deref();
        let name = named.or_else(|| self.config.identity_default());
        let Some(name) = name.filter(|name| !["local", "ci"].contains(name)) else { return Ok((None, None)) };
        if !is_own {
            return match named {
                Some(name) => {
                    Err(Error::new(Kind::Usage, format!("the login with {name} is not shown to it"))
                        .why("the session runs as another user, who could keep what proves who you are")
                        .fix("leave --identity out: the system tells that session who you are"))
                }
                None => Ok((None, None)),
            };
        }
        // Where the rule names nobody, it is about whose session it is: that is the user of this machine.
        if named.is_none() && !names_approvers {
            return Ok((None, None));
        }
        let provider = identity::find(self.config.providers(), name)?;
        if let ProviderKind::Saml(_) = provider.kind {
            let why = "it is one by SAML, and an assertion is for one reader only";
            return match named {
                Some(_) => Err(Error::new(Kind::Usage, format!("the login with {name} cannot be shown"))
                    .why(why)
                    .fix("sign in with an OpenID Connect provider, or answer as the user of this machine: --identity local")),
                None => Ok((None, Some(format!(
                    "the login with {name} cannot be shown ({why}): you answer as the user of this machine"
                )))),
            };
        }
        let store = sign_in::store(&self.config)?;
        let Some(login) = store.load(name)? else {
            let fix = format!("sign in: hoopctl login {name}");
            return match named {
                Some(_) => {
                    Err(Error::new(Kind::NotFound, format!("nobody is signed in with {name}")).fix(fix))
                }
                None => Ok((
                    None,
                    Some(format!(
                        "nobody is signed in with {name} (hoopctl login {name}): you answer as the user of this machine"
                    )),
                )),
            };
        };
        let login = match login.lasts(self.around.now(), LASTS) {
            true => login,
            false => identity::renew(provider, &self.around, &store, &login)?,
        };
        Ok((Some(Claim { provider: name.to_owned(), token: login.proof.secret().clone() }), None))
    }
}
