//! Who is asking, as far as the policy wants to know: a login, the token of a CI job, or the user of this machine.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::approval::Approver;
use crate::audit::IdentityUsed;
use crate::cli::run::args::Args;
use crate::cli::run::roles;
use crate::cli::run::saml;
use crate::cli::sign_in;
use crate::cli::sign_in::Way;
use crate::clock::Clock;
use crate::config::load::Config;
use crate::creds;
use crate::creds::GiveToken;
use crate::creds::SamlProviders;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::gateway::Upstreams;
use crate::identity;
use crate::identity::Assurance;
use crate::identity::Identity;
use crate::identity::Login;
use crate::identity::LoginStore;
use crate::identity::Proof;
use crate::identity::Provider;
use crate::identity::Surroundings;
use crate::identity::saml::SamlRole;
use crate::policy::CredentialSource;
use crate::policy::PolicySet;
use crate::policy::Principal;
use crate::policy::SessionRule;
use crate::sys::user::Person;
use crate::types::Secret;

/// A token that lasts less than this, in seconds, is renewed before it is shown.
const LASTS: u64 = 60;

/// The identity of the user of this machine, and of a CI job, where one is named.
const LOCAL: &str = "local";
const CI: &str = "ci";

/// What is asked of the identity.
pub(super) struct Asking<'a> {
    pub(super) args: &'a Args,
    pub(super) config: &'a Config,
    pub(super) policies: &'a PolicySet,
    pub(super) environment: &'a HashMap<String, String>,
    pub(super) clock: &'a Clock,
    /// The user of this machine.
    pub(super) local: &'a Person,
}

/// Who it is, and what proves it to AWS.
#[derive(Debug)]
pub(super) struct Who {
    pub(super) identity: Identity,
    login: Option<Login>,
    /// What is to be said at the start.
    pub(super) notes: Vec<String>,
}

/// Why a person has to sign in.
enum Need {
    /// `[session] source`
    Source(&'static str),
    /// Rules about groups or issuers, while providers are configured that tell them.
    People,
}

impl Asking<'_> {
    /// Finds out who it is.
    ///
    /// # Errors
    /// The policy wants a login and there is none; the login has ended and cannot be renewed.
    pub(super) fn find(&self) -> Result<Who> {
        let default = self.config.identity_default().filter(|name| !name.is_empty());
        let named = self.args.identity.as_deref();
        let wanted = named.or(default);
        match wanted {
            Some(CI) => self.job(),
            Some(LOCAL) | None => match self.need() {
                None if self.args.login => Err(Error::new(Kind::Usage, "--login: with which provider?")
                    .fix("name it: --login --identity NAME, or set identity.default in the configuration")),
                None => Ok(self.local()),
                Some(need) => Err(self.unmet(&need, wanted)),
            },
            Some(name) => self.person(name, named.is_some()),
        }
    }

    fn local(&self) -> Who {
        let identity = Identity { groups: self.local.groups.clone(), ..Identity::local(&self.local.name) };
        Who { identity, login: None, notes: Vec::new() }
    }

    fn need(&self) -> Option<Need> {
        match self.policies.session().source {
            Some(CredentialSource::Oidc) => Some(Need::Source("oidc")),
            Some(CredentialSource::Saml) => Some(Need::Source("saml")),
            // Where nobody could tell them, groups are those of this machine.
            _ => (self.policies.speaks_of_people() && !self.config.providers().is_empty())
                .then_some(Need::People),
        }
    }

    fn unmet(&self, need: &Need, wanted: Option<&str>) -> Error {
        let why = match need {
            Need::Source(source) => format!("the policy says `source = \"{source}\"` in [session]"),
            Need::People => {
                "the policy has rules for groups or issuers, and only an identity provider tells them"
                    .to_owned()
            }
        };
        let error =
            Error::new(Kind::Config, "nobody has signed in, and the policy wants to know who asks").why(why);
        let error = match wanted {
            Some(LOCAL) => error.why("`local` is what nobody has checked"),
            _ => error,
        };
        match self.config.providers() {
            [] => error.fix(
                "configure an identity provider ([identity.NAME] in ~/.config/hoop/config.toml), or in CI: hoop-run --identity ci …",
            ),
            [one, ..] => error.fix(format!("sign in: hoopctl login {}", one.name)),
        }
    }

    fn job(&self) -> Result<Who> {
        let found = identity::ci(&self.around(), self.config.providers(), self.config.identity_ci_token())?;
        let login = found.ok_or_else(|| {
            Error::new(Kind::Usage, "there is no token of a CI job here").fix(
                "see `man hoop-identity` for what sets one, or name the variable or file: identity.ci_token",
            )
        })?;
        // What hoop cannot check counts where AWS checks it before it gives a credential, and nowhere else.
        let by_aws = self.policies.session().source == Some(CredentialSource::Oidc);
        let matters = self.policies.speaks_of_people() || self.policies.speaks_of_users();
        if login.identity.assurance == Assurance::Claimed && matters && !by_aws {
            let issuer = login.identity.issuer.as_deref().unwrap_or_default().escape_debug().to_string();
            return Err(Error::new(Kind::Config, "hoop cannot check the token of the CI job, and the policy has rules for people")
                .why(format!("its issuer, {issuer}, is not configured"))
                .fix("configure it ([identity.NAME] with issuer and audience), or let AWS check it: `source = \"oidc\"` in [session]"));
        }
        Ok(Who { identity: login.identity.clone(), login: Some(login), notes: Vec::new() })
    }

    /// `is_named`: typed, not merely configured.
    fn person(&self, name: &str, is_named: bool) -> Result<Who> {
        let provider = identity::find(self.config.providers(), name)?;
        let store = sign_in::store(self.config)?;
        let around = self.around();
        let kept = match self.args.login {
            // A new one is wanted where the old one does not hold.
            true => store.load(name).ok().flatten(),
            false => store.load(name)?,
        };
        let login = match kept {
            Some(login) if login.lasts(self.clock.unix_seconds(), LASTS) => Ok(Some(login)),
            Some(login) => identity::renew(provider, &around, &store, &login).map(Some),
            None => Ok(None),
        };
        let login = match login {
            Ok(None) | Err(_) if self.args.login => {
                Some(sign_in::sign_in(provider, Way::Browser, &around, &store)?)
            }
            login => login?,
        };
        if let Some(login) = login {
            return Ok(Who { identity: login.identity.clone(), login: Some(login), notes: Vec::new() });
        }
        if is_named || self.need().is_some() {
            let error = Error::new(Kind::Upstream, format!("nobody has signed in with {name}"));
            return Err(error.fix(format!("sign in: hoopctl login {name}; or let hoop-run do it: --login")));
        }
        let note = format!("hoop-run: nobody has signed in with {name} (hoopctl login {name})");
        Ok(Who { notes: vec![note], ..self.local() })
    }

    fn around(&self) -> Surroundings {
        Surroundings { clock: self.clock.clone(), environment: self.environment.clone() }
    }

    /// What a role is had with; `offered`: the roles that a SAML login offers.
    ///
    /// # Errors
    /// `source` wants a proof that there is none of.
    fn proof(&self, who: &Who, session: &SessionRule, offered: &[SamlRole]) -> Result<creds::Proof> {
        let wrong = |source: &str, what: &str| {
            Error::new(Kind::Config, format!("the policy says `source = \"{source}\"`, and {what}")).fix(
                "sign in with a provider of that kind: hoopctl login NAME, then hoop-run --identity NAME …",
            )
        };
        match (session.source, who.login.as_ref().map(|login| &login.proof)) {
            (None | Some(CredentialSource::Profile), _) => Ok(creds::Proof::Profile),
            (Some(CredentialSource::Oidc), Some(Proof::WebIdentity(_))) => {
                Ok(creds::Proof::WebIdentity(self.token(who)?))
            }
            (Some(CredentialSource::Saml), Some(Proof::Saml(_))) => {
                let of_roles = offered.iter().map(|one| (one.role.clone(), one.provider.clone())).collect();
                let providers = SamlProviders { of_roles, of_others: session.saml_provider.clone() };
                Ok(creds::Proof::Saml { providers, assertion: self.token(who)? })
            }
            (Some(CredentialSource::Oidc), Some(_)) => Err(wrong("oidc", "the login is one by SAML")),
            (Some(CredentialSource::Saml), Some(_)) => {
                Err(wrong("saml", "the login is one by OpenID Connect"))
            }
            (Some(CredentialSource::Oidc), None) => Err(wrong("oidc", "nobody has signed in")),
            (Some(CredentialSource::Saml), None) => Err(wrong("saml", "nobody has signed in")),
        }
    }

    /// Where the session's credentials come from: which roles, had with what, and the code that AWS may want. Asks on the
    /// terminal if a person `can_ask`.
    ///
    /// # Errors
    /// No role is for this person, or there is no proof or no code.
    pub(super) fn upstreams(&self, who: &Who, principal: &Principal, can_ask: bool) -> Result<Upstreams> {
        let mut session = self.policies.session();
        let offered = match (session.source, &who.login) {
            (Some(CredentialSource::Saml), Some(login)) => saml::offered(&mut session, &login.proof)?,
            _ => Vec::new(),
        };
        let roles = roles::choose(&session, principal, self.args.role.as_deref(), can_ask)?;
        let proof = self.proof(who, &session, &offered)?;
        if let creds::Proof::Saml { providers, .. } = &proof {
            saml::check(providers, &roles)?;
        }
        let is_profile = matches!(proof, creds::Proof::Profile);
        if roles.is_empty() && !is_profile {
            return Err(Error::new(Kind::Config, "the policy's `source` gives no credential without a role")
                .fix(
                    "name one in [session]: role = \"arn:aws:iam::123456789012:role/agent\", or --role ARN",
                ));
        }
        let serial = session.mfa_serial.as_deref().filter(|_| !roles.is_empty());
        let given = (self.args.mfa.as_deref(), can_ask);
        let code = match is_profile {
            true => roles::code(
                self.environment,
                self.config.upstream_profile(),
                serial,
                given,
                self.clock.unix_seconds(),
            )?,
            false => None,
        };
        Ok(Upstreams { roles, proof, tags: who.identity.tags.clone(), code, tell: None })
    }

    fn token(&self, who: &Who) -> Result<creds::Token> {
        let login = who.login.clone().ok_or_else(|| Error::new(Kind::Upstream, "nobody has signed in"))?;
        let name = login.provider.clone();
        let (source, login_command, give): (_, _, GiveToken) = if name == CI {
            let job = Job {
                around: self.around(),
                providers: self.config.providers().to_vec(),
                named: self.config.identity_ci_token().map(str::to_owned),
                first: login,
            };
            (
                "token of the CI job".to_owned(),
                "run the job again".to_owned(),
                Arc::new(move |anew| job.give(anew)),
            )
        } else {
            let kept = Kept {
                around: self.around(),
                provider: identity::find(self.config.providers(), &name)?.clone(),
                state: self.config.state_dir(),
                first: login,
            };
            let command = format!("hoopctl login {name}");
            (format!("login {name}"), command, Arc::new(move |anew| kept.give(anew)))
        };
        Ok(creds::Token { source, login: login_command, give })
    }
}

impl Who {
    /// What tells the person apart from others who may answer questions; `local` is the user of this machine.
    pub(super) fn keys(&self, local: &Person) -> Vec<String> {
        let login = self.identity.issuer.as_ref();
        let login = login.map(|issuer| Approver::login_key(issuer, &self.identity.subject));
        [Approver::uid_key(local.uid)].into_iter().chain(login).collect()
    }

    /// What stands at the start of the record; `local` is the user of this machine.
    pub(super) fn used(&self, local: &Person) -> IdentityUsed {
        let Identity { subject, email, issuer, provider, assurance, .. } = self.identity.clone();
        IdentityUsed {
            subject: Some(subject).filter(|_| assurance != Assurance::Local),
            email,
            issuer,
            provider,
            assurance: match assurance {
                Assurance::Verified => "verified",
                Assurance::Claimed => "claimed",
                Assurance::Local => "unauthenticated",
            }
            .to_owned(),
            local: local.name.clone(),
        }
    }
}

/// Tokens of a login that is kept: a person may renew it in another terminal at any time.
struct Kept {
    around: Surroundings,
    provider: Provider,
    state: PathBuf,
    /// The login at the session's beginning.
    first: Login,
}

impl Kept {
    fn give(&self, anew: bool) -> Result<Secret> {
        let store = LoginStore::open(&self.state)?;
        let name = &self.provider.name;
        let again = || format!("sign in, in another terminal, and the session goes on: hoopctl login {name}");
        let Some(login) = store.load(name)? else {
            let error = Error::new(Kind::Upstream, format!("you have signed out of {name}"));
            return Err(error.fix(again()));
        };
        self.must_be_the_same(&login)?;
        let lasts = login.lasts(self.around.now(), LASTS);
        let login = match anew || !lasts {
            true => identity::renew(&self.provider, &self.around, &store, &login).map_err(|error| {
                let told = error
                    .causes()
                    .iter()
                    .fold(Error::new(error.kind(), error.what()), |told, why| told.why(why.as_str()));
                told.fix(again())
            })?,
            false => login,
        };
        self.must_be_the_same(&login)?;
        Ok(login.proof.secret().clone())
    }

    /// A session is one person's from the beginning to the end.
    fn must_be_the_same(&self, login: &Login) -> Result<()> {
        let (own, other) = (&self.first.identity, &login.identity);
        if (&own.subject, &own.issuer) == (&other.subject, &other.issuer) {
            return Ok(());
        }
        Err(Error::new(Kind::Upstream, format!("somebody else has signed in with {}", self.provider.name))
            .why(format!("the session belongs to {}", own.label()))
            .fix("end the session, and begin a new one"))
    }
}

/// Tokens of a CI job: they last minutes, and are fetched anew where they came from.
struct Job {
    around: Surroundings,
    providers: Vec<Provider>,
    named: Option<String>,
    first: Login,
}

impl Job {
    fn give(&self, anew: bool) -> Result<Secret> {
        if !anew && self.first.lasts(self.around.now(), LASTS) {
            return Ok(self.first.proof.secret().clone());
        }
        let gone = || Error::new(Kind::Upstream, "the token of the CI job is gone").fix("run the job again");
        let login = identity::ci(&self.around, &self.providers, self.named.as_deref())?.ok_or_else(gone)?;
        match login.identity.subject == self.first.identity.subject {
            true => Ok(login.proof.secret().clone()),
            false => Err(gone().why("the one there is now is another job's")),
        }
    }
}
