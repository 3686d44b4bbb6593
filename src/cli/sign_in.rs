//! Signing in, for every program that asks for it: what the person is told meanwhile.

use std::io;
use std::io::Write;

use super::surroundings;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::providers::ProviderKind;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity;
use crate::identity::Login;
use crate::identity::LoginStore;
use crate::identity::Provider;
use crate::identity::Surroundings;
use crate::identity::Told;
use crate::identity::oidc;
use crate::term::safe;

/// How to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// In a browser that is opened here.
    Browser,
    /// In a browser that the person opens.
    Address,
    /// By a code that is entered anywhere.
    Code,
}

/// Time and environment of this process.
pub(super) fn around(clock: &Clock) -> Surroundings {
    Surroundings { clock: clock.clone(), environment: surroundings::variables().collect() }
}

/// Where logins are kept.
///
/// # Errors
/// The folder belongs to somebody else, or is open to others.
pub(super) fn store(config: &Config) -> Result<LoginStore> {
    Ok(LoginStore::open(&config.state_dir())?.with_keyring(config.identity_keyring()))
}

/// The provider that is meant by `name`, or without one.
///
/// # Errors
/// There is none, or there are several and none is the default.
pub(super) fn provider<'c>(config: &'c Config, name: Option<&str>) -> Result<&'c Provider> {
    let providers = config.providers();
    let meant = name.or_else(|| config.identity_default().filter(|name| !["ci", "local"].contains(name)));
    if let Some(name) = meant {
        return identity::find(providers, name);
    }
    if providers.is_empty() {
        return Err(Error::new(Kind::Config, "there is nobody to sign in with")
            .why("the configuration has no [identity.NAME]")
            .fix(
                "write one into ~/.config/hoop/config.toml:\n[identity.corp]\nkind = \"oidc\"\nissuer = \
                 \"https://login.example.com\"\nclient_id = \"hoop\"",
            ));
    }
    let names: Vec<&str> = providers.iter().map(|provider| provider.name.as_str()).collect();
    Err(Error::new(Kind::Usage, "it is not clear with whom to sign in")
        .why(format!("the configuration has {}", names.join(", ")))
        .fix("name one: hoopctl login NAME; or make one the `default` of [identity]"))
}

/// Signs in with `provider` and keeps the login.
///
/// # Errors
/// As the provider's; the login cannot be kept.
pub(super) fn sign_in(
    provider: &Provider,
    way: Way,
    around: &Surroundings,
    store: &LoginStore,
) -> Result<Login> {
    let login = match (&provider.kind, way) {
        (ProviderKind::Oidc(_), Way::Code) => oidc::device(provider, around, &tell)?,
        (ProviderKind::Oidc(_) | ProviderKind::Saml(_), _) => {
            oidc::browser(provider, around, way == Way::Browser, &tell)?
        }
    };
    let _hold = store.hold(&provider.name)?;
    store.save(&login)?;
    Ok(login)
}

/// Addresses stand on lines of their own, whole, so that they can be copied from any terminal; they hold no secret that
/// would let anybody in.
pub(super) fn tell(told: Told<'_>) {
    let text = match told {
        Told::Address { url, is_opened, within } => {
            let where_to = match is_opened {
                true => "Sign in in the browser that opens now. If none does, go to",
                false => "To sign in, go to",
            };
            format!("{where_to}\n\n{}\n\nWaiting for {}; Ctrl-C gives up.", safe(url), minutes(within))
        }
        Told::Code { url, complete, code, within } => {
            let mut text =
                format!("To sign in, go to\n\n{}\n\nand enter the code  {}\n\n", safe(url), safe(code));
            if let Some(complete) = complete.filter(|complete| *complete != url) {
                text.push_str(&format!("or go to\n\n{}\n\nand compare the code.\n\n", safe(complete)));
            }
            format!("{text}Waiting for {}; Ctrl-C gives up.", minutes(within))
        }
    };
    // One that is closed is nobody's concern.
    let _ = writeln!(io::stderr(), "{text}");
}

fn minutes(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds / 60),
    }
}
