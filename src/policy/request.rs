//! What is asked of a policy: one AWS call and who makes it.

use serde_json::Value;

use crate::policy::actions::Actions;
use crate::policy::actions::NoActions;
use crate::policy::role::Role;
use crate::types::AccessLevel;

/// Who makes the call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Principal {
    /// The person: the user name on this machine, or what the identity provider says.
    pub user: String,
    /// The groups the person is in.
    pub groups: Vec<String>,
    /// The person may be in further groups: the identity provider did not tell all of them.
    pub groups_unknown: bool,
    /// Who vouches for the person: OIDC `iss`, SAML `EntityID`; `None`: nobody, a local user.
    pub issuer: Option<String>,
    /// Whether an identity provider says who it is, and hoop has checked that.
    pub verified: bool,
    /// Where the program works: the origin of the git repository (`github.com/shop/web`), else the folder.
    pub repository: Option<String>,
    /// The program that acts for the person (`claude`, `bash`), where it is known.
    pub agent: Option<String>,
    /// The machine hoop-run runs on.
    pub host: String,
    /// The session's id.
    pub session: String,
    /// The role the call is made with.
    pub role: Role,
    /// The ARN of the identity the call is made with, where it is known.
    pub arn: Option<String>,
}

/// One AWS call, as far as a policy looks at it.
///
/// The verdict is the strictest over `action` with each of `resources` and every entry of `more` with each of its own.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The IAM action: `s3:GetObject`. An operation that was not identified is `s3:unknown`.
    pub action: &'a str,
    /// What the action does.
    pub access: AccessLevel,
    /// The ARNs the call touches. `["*"]`: the action has no resource. Empty: the resources could not be told,
    /// so that rules which deny or ask match whatever they name, and allowing ones only if they name everything.
    /// An ARN may hold `*` for a part that is not known and end in `-??????` for a secret named without its suffix.
    pub resources: &'a [String],
    /// Further actions the call needs, each with its resources: `iam:PassRole` of `lambda:CreateFunction`.
    pub more: &'a [(String, Vec<String>)],
    /// The region the call is signed for; empty where it is not known.
    pub region: &'a str,
    /// The account of the upstream credential, 12 digits; empty where it is not known.
    pub account: &'a str,
    /// The call's parameters as JSON. `Null`: they could not be read, so that conditions on them fail closed.
    pub params: &'a Value,
    /// Who makes the call.
    pub principal: &'a Principal,
    /// The time now, in seconds since the Unix epoch.
    pub now: u64,
    /// What the client calls itself; empty: nothing.
    pub user_agent: &'a str,
    /// Whether the call reaches AWS over TLS.
    pub secure_transport: bool,
    /// Knows the access levels of `more`.
    pub actions: &'a dyn Actions,
}

impl<'a> Request<'a> {
    /// A call of `action` on no resource, without parameters, at the epoch; the other fields are then set by name.
    #[must_use]
    pub fn new(action: &'a str, access: AccessLevel, principal: &'a Principal) -> Self {
        Self {
            action,
            access,
            resources: &[],
            more: &[],
            region: "",
            account: "",
            params: &Value::Null,
            principal,
            now: 0,
            user_agent: "",
            secure_transport: true,
            actions: &NoActions,
        }
    }
}
