//! `hoopctl login`, `logout`, `whoami`: who is asking.

use serde_json::json;

use super::console::Console;
use super::console::rfc3339;
use crate::cli::sign_in;
use crate::cli::sign_in::Way;
use crate::config::Config;
use crate::config::providers::ProviderKind;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity;
use crate::identity::Identity;
use crate::identity::Login;
use crate::identity::LoginStore;
use crate::identity::Surroundings;
use crate::sys::user;
use crate::term::safe;

/// Sign in with an identity provider
///
/// The providers are the [identity.NAME] tables of the configuration. What the provider gives is kept, sealed, in the state
/// folder, where no sandboxed program can read it, and renewed from there.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hoopctl login                 the only provider, or the default one
  hoopctl login corp --device   by a code, as over ssh
  hoopctl login --no-browser    print the address, open nothing")]
pub struct LoginArgs {
    /// The provider's name [default: `identity.default`, or the only one]
    name: Option<String>,
    /// Enter a code in a browser on any machine
    #[arg(long)]
    device: bool,
    /// Print the address instead of opening a browser
    #[arg(long, conflicts_with = "device")]
    no_browser: bool,
}

/// Forget a login, and tell the provider
///
/// Running sessions lose it at their next renewal. Credentials that AWS has given for it hold until they end.
#[derive(Debug, clap::Args)]
pub struct LogoutArgs {
    /// The provider's name [default: `identity.default`, or the only one]
    name: Option<String>,
    /// Forget all logins
    #[arg(long, conflicts_with = "name")]
    all: bool,
}

/// Show who hoop takes you for
///
/// Exit status 1 where a provider is configured and nobody is signed in, or the login has ended.
#[derive(Debug, clap::Args)]
pub struct WhoamiArgs {
    /// A provider's name, `ci` or `local` [default: `identity.default`, or the only provider, or local]
    name: Option<String>,
    /// Show every login that is kept
    #[arg(long, conflicts_with = "name")]
    all: bool,
    /// One JSON object a line instead of text; never a token
    #[arg(long)]
    json: bool,
}

/// What the three have in common.
pub(super) struct Context<'c> {
    pub config: &'c Config,
    pub around: &'c Surroundings,
}

impl Context<'_> {
    fn store(&self) -> Result<LoginStore> {
        sign_in::store(self.config)
    }
}

/// Signs in; gives the exit status.
pub(super) fn login(args: &LoginArgs, context: &Context<'_>, console: &mut Console<'_>) -> Result<u8> {
    let provider = sign_in::provider(context.config, args.name.as_deref())?;
    let way = match (args.device, args.no_browser) {
        (true, _) => Way::Code,
        (false, true) => Way::Address,
        (false, false) => Way::Browser,
    };
    // Before anybody signs in: a login that cannot be kept is of no use.
    let store = context.store()?;
    let login = sign_in::sign_in(provider, way, context.around, &store)?;
    console.line(&format!("signed in as {}", safe(&login.identity.label())))?;
    show(&login.identity, Some(&login), context, console)?;
    Ok(0)
}

/// Forgets logins; gives the exit status: 1 when there was none.
pub(super) fn logout(args: &LogoutArgs, context: &Context<'_>, console: &mut Console<'_>) -> Result<u8> {
    let store = context.store()?;
    let names = match (args.all, &args.name) {
        (true, _) => store.list()?,
        (false, Some(name)) => vec![name.clone()],
        (false, None) => match store.list()?.as_slice() {
            [only] => vec![only.clone()],
            _ => vec![sign_in::provider(context.config, None)?.name.clone()],
        },
    };
    let mut was_any = false;
    for name in &names {
        let hold = store.hold(name)?;
        // A login that cannot be opened is forgotten as well.
        let login = store.load(name).ok().flatten();
        let was_there = store.remove(name)?;
        drop(hold);
        was_any |= was_there;
        if !was_there {
            console.line(&format!("nobody is signed in with {}", safe(name)))?;
            continue;
        }
        console.line(&format!("signed out of {}", safe(name)))?;
        if let Some(login) = login {
            tell_provider(name, &login, context, console);
        }
    }
    if names.is_empty() {
        console.line("nobody is signed in")?;
    }
    Ok(u8::from(!was_any && !args.all))
}

/// The provider is told where it can be; here the login has ended in any case.
fn tell_provider(name: &str, login: &Login, context: &Context<'_>, console: &mut Console<'_>) {
    let Some(provider) = context.config.providers().iter().find(|provider| provider.name == name) else {
        return console.notice(&format!("{name} is no longer configured, and was not told"));
    };
    if !matches!(provider.kind, ProviderKind::Oidc(_)) || login.renewal.is_none() {
        return;
    }
    match identity::oidc::revoke(provider, context.around, login) {
        Ok(true) => {}
        Ok(false) => console.notice(&format!("{name} does not take back what it gave; it ends by itself")),
        Err(error) => console.notice(&format!("{name} was not told: {error}")),
    }
}

/// Shows who it is; gives the exit status.
pub(super) fn whoami(args: &WhoamiArgs, context: &Context<'_>, console: &mut Console<'_>) -> Result<u8> {
    if args.all {
        return all(args, context, console);
    }
    let name = args.name.as_deref().or_else(|| context.config.identity_default());
    match name {
        None | Some("local") => {
            let person = user::current();
            let local = Identity { groups: person.groups, ..Identity::local(person.name) };
            present(&local, None, args, context, console)?;
            Ok(0)
        }
        Some("ci") => {
            let config = context.config;
            let job = identity::ci(context.around, config.providers(), config.identity_ci_token())?;
            let job = job.ok_or_else(|| {
                Error::new(Kind::NotFound, "this is no CI job with an ID token")
                    .why("no variable and no file of a known CI system is there")
                    .fix("see `identity.ci_token`: hoopctl config list --all")
            })?;
            present(&job.identity, Some(&job), args, context, console)
        }
        Some(name) => {
            let provider = identity::find(context.config.providers(), name)?;
            let login = context.store()?.load(&provider.name)?.ok_or_else(|| {
                Error::new(Kind::NotFound, format!("nobody is signed in with {name}"))
                    .fix(format!("sign in: hoopctl login {name}"))
            })?;
            present(&login.identity, Some(&login), args, context, console)
        }
    }
}

fn all(args: &WhoamiArgs, context: &Context<'_>, console: &mut Console<'_>) -> Result<u8> {
    let store = context.store()?;
    let mut status = 0;
    for name in store.list()? {
        match store.load(&name) {
            Ok(Some(login)) => status |= present(&login.identity, Some(&login), args, context, console)?,
            Ok(None) => {}
            Err(error) => {
                console.notice(&error.to_string());
                status = 1;
            }
        }
    }
    Ok(status)
}

/// Shows one identity; gives 1 if its proof has ended and cannot be renewed.
fn present(
    identity: &Identity,
    login: Option<&Login>,
    args: &WhoamiArgs,
    context: &Context<'_>,
    console: &mut Console<'_>,
) -> Result<u8> {
    let now = context.around.now();
    let has_ended = login.is_some_and(|login| !login.lasts(now, 0));
    let is_renewed = login.is_some_and(|login| login.renewal.is_some());
    if args.json {
        console.json(&json!({
            "user": identity.user,
            "subject": identity.subject,
            "email": identity.email,
            "groups": identity.groups,
            "groups_known": identity.groups_known,
            "issuer": identity.issuer,
            "provider": identity.provider,
            "assurance": identity.assurance,
            "label": identity.label(),
            "tags": identity.tags.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "expires": identity.expires.map(|end| rfc3339(end.saturating_mul(1_000_000))),
            "has_ended": has_ended,
            "is_renewed": is_renewed,
            "obtained": login.map(|login| rfc3339(login.obtained.saturating_mul(1_000_000))),
            "remarks": identity.remarks,
        }))?;
    } else {
        console.line(&safe(&identity.label()))?;
        show(identity, login, context, console)?;
    }
    Ok(u8::from(has_ended && !is_renewed))
}

/// The lines below the name.
fn show(
    identity: &Identity,
    login: Option<&Login>,
    context: &Context<'_>,
    console: &mut Console<'_>,
) -> Result<()> {
    let mut field = |name: &str, value: &str| console.line(&format!("  {name:<8} {}", safe(value)));
    if identity.subject != identity.user {
        field("subject", &identity.subject)?;
    }
    if let Some(email) = identity.email.as_deref().filter(|email| *email != identity.user) {
        field("email", email)?;
    }
    if identity.groups_known || !identity.groups.is_empty() {
        let groups = identity.groups.join(", ");
        field("groups", if groups.is_empty() { "none" } else { &groups })?;
    } else {
        field("groups", "not known")?;
    }
    if let Some(issuer) = &identity.issuer {
        field("issuer", issuer)?;
    }
    for (tag, value) in &identity.tags {
        field("tag", &format!("{tag} = {value}"))?;
    }
    if let (Some(end), Some(login)) = (identity.expires, login) {
        let moment = console.moment(end.saturating_mul(1_000_000));
        let text = match (login.lasts(context.around.now(), 0), login.renewal.is_some()) {
            (true, true) => format!("{moment}, renewed by itself"),
            (true, false) => format!("{moment}, not renewed: sign in again then"),
            (false, true) => format!("{moment}: has passed; renewed when it is used"),
            (false, false) => format!("{moment}: has passed; hoopctl login {}", login.provider),
        };
        console.line(&format!("  {:<8} {text}", "until"))?;
    }
    for remark in &identity.remarks {
        console.line(&format!("  note     {}", safe(remark)))?;
    }
    Ok(())
}
