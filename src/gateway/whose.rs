//! Whose credential a call is made with: the session's, one that AWS gave to a program inside, or nobody's.

use std::sync::Arc;

use crate::audit::Credential;
use crate::audit::Event;
use crate::aws::key_id;
use crate::aws::sigv4::Key;
use crate::creds::ask_sts;
use crate::error::Result;
use crate::gateway::core::ANY_ACCOUNT;
use crate::gateway::core::Core;
use crate::gateway::minted::Found;
use crate::gateway::minted::Identity;
use crate::gateway::own::Own;
use crate::policy::Role;

/// Whose a credential is, as far as that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whose {
    /// The account, 12 digits.
    pub account: Option<String>,
    /// The user, role session or root user.
    pub arn: Option<String>,
    /// The role.
    pub role: Role,
}

/// With what a call is signed anew.
#[derive(Clone)]
pub enum By {
    /// One of the session's own credentials.
    Session(Arc<Own>),
    /// One that AWS gave to a program inside.
    Minted(Arc<Identity>),
    /// Nothing: the call is made without a signature.
    Nobody,
}

/// Who signed, by the id of the key.
pub enum Signer {
    /// With this placeholder, under the id that the client gave.
    Known(Key, By),
    /// With a placeholder that has ended.
    Expired,
    /// With no key of ours.
    Foreign,
}

impl Whose {
    /// What an ARN tells.
    pub fn of(arn: &str) -> Self {
        let account = arn.split(':').nth(4).filter(|account| !account.is_empty());
        Self { account: account.map(str::to_owned), arn: Some(arn.to_owned()), role: Role::of_identity(arn) }
    }

    /// What is not known, from `other`.
    fn or(self, other: Self) -> Self {
        Self {
            account: self.account.or(other.account),
            arn: self.arn.or(other.arn),
            role: if self.role == Role::Unknown { other.role } else { self.role },
        }
    }
}

impl Core {
    /// Whose placeholder has this id. Credentials that have ended are forgotten first, which is recorded.
    pub fn signer(&self, access_key_id: &str) -> Result<Signer> {
        let own = &self.placeholder;
        let Some(number) = key_id::identity(&own.access_key_id, access_key_id) else {
            return Ok(Signer::Foreign);
        };
        let named = |key: &Key| Key { access_key_id: access_key_id.to_owned(), ..key.clone() };
        let is_it = |own: &&Arc<Own>| {
            key_id::identity(&own.placeholder.access_key_id, &own.placeholder.access_key_id) == Some(number)
        };
        if let Some(own) = self.own.iter().find(is_it) {
            let same_kind = access_key_id.get(..4) == own.placeholder.access_key_id.get(..4);
            return Ok(match same_kind {
                true => Signer::Known(named(&own.placeholder), By::Session(own.clone())),
                false => Signer::Foreign,
            });
        }
        self.expire()?;
        Ok(match self.minted.find(number, access_key_id) {
            Found::Live(identity) => Signer::Known(named(&identity.placeholder), By::Minted(identity)),
            Found::Expired => Signer::Expired,
            Found::Unknown => Signer::Foreign,
        })
    }

    /// Forgets and records the credentials that have ended.
    pub fn expire(&self) -> Result<()> {
        for identity in self.minted.expire(self.clock.unix_seconds()) {
            self.about_minted(&identity, "expired", None)?;
        }
        Ok(())
    }

    /// Writes down that a credential was `minted` or has `expired`.
    pub fn about_minted(&self, identity: &Identity, what: &str, call: Option<u64>) -> Result<()> {
        let Whose { account, arn, role } = self.known_of(identity);
        let event = Credential {
            what: what.to_owned(),
            source: identity.source.clone(),
            arn,
            account,
            role: role.arn().map(str::to_owned),
            expires: identity.expires,
            call,
            ..Credential::default()
        };
        self.recorder.event(&Event::Credential(event)).map(drop)
    }

    /// Whose a call is, without asking anybody.
    pub fn known_whose(&self, by: &By) -> Whose {
        match by {
            By::Session(own) => {
                let told = Whose { account: own.chain.known_account(), ..Whose::default() };
                let whose = told.or(own.chain.known_arn().map(|arn| Whose::of(&arn)).unwrap_or_default());
                match own.chain.assumed_role() {
                    Some(role) => Whose { role: Role::Arn(role.to_owned()), ..whose },
                    None => whose,
                }
            }
            By::Minted(identity) => self.known_of(identity),
            By::Nobody => Whose { role: Role::None, ..Whose::default() },
        }
    }

    fn known_of(&self, identity: &Identity) -> Whose {
        let asked = identity.asked.get().cloned().flatten();
        let asked = asked.map(|who| Whose {
            account: Some(who.account),
            ..who.arn.map(|arn| Whose::of(&arn)).unwrap_or_default()
        });
        identity.told.clone().or(asked.unwrap_or_default())
    }

    /// Whose a call is, after asking STS where a rule needs to know what is not known. What STS does not say stays unknown.
    pub async fn whose(&self, by: &By) -> Whose {
        let known = self.known_whose(by);
        let role = self.roles_matter && known.role == Role::Unknown;
        let account = self.accounts_matter && known.account.is_none();
        match by {
            By::Session(own) if role => self.ask_who(own).await,
            By::Session(own) if account => drop(self.fetch_account(own).await),
            By::Minted(identity) if role || account => self.ask_of(identity).await,
            _ => return known,
        }
        self.known_whose(by)
    }

    /// The account of a call, for the ARNs of its resources; `*` where it cannot be found out: rules that deny then match
    /// any account, rules that allow only if they name none.
    pub async fn account_of(&self, by: &By) -> String {
        if let Some(account) = self.known_whose(by).account {
            return account;
        }
        match by {
            By::Session(own) => return self.fetch_account(own).await,
            By::Minted(identity) => self.ask_of(identity).await,
            By::Nobody => {}
        }
        self.known_whose(by).account.unwrap_or_else(|| ANY_ACCOUNT.to_owned())
    }

    /// Asks once: a credential that may not ask is not asked about at every call.
    async fn ask_of(&self, identity: &Identity) {
        let now = self.clock.unix_seconds();
        let ask =
            || async { ask_sts(&self.upstream, &identity.real, self.region.as_deref(), now).await.ok() };
        identity.asked.get_or_init(ask).await;
    }
}
