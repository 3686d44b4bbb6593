//! The session's own role, by `sts:AssumeRole`, `AssumeRoleWithWebIdentity` or `AssumeRoleWithSAML`, narrowed by a session
//! policy, so that AWS itself refuses what the policy never lets pass.
//!
//! Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>,
//! [`…WithWebIdentity`](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html),
//! [`…WithSAML`](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::aws::Partition;
use crate::aws::sigv4::Key;
use crate::creds::names::SessionTags;
use crate::creds::narrowing::LIMITS;
use crate::creds::narrowing::Narrow;
use crate::creds::narrowing::Narrowing;
use crate::creds::proof::Proof;
use crate::creds::proof::Token;
use crate::creds::sts::Answer;
use crate::creds::sts::Fault;
use crate::creds::sts::Sts;
use crate::error::Error;
use crate::types::Secret;

/// After STS was throttled or failed, it is asked once more.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// The shortest credential that STS gives: it is renewed ahead of its end.
const SHORTEST: Duration = Duration::from_secs(900);

/// How long a credential lasts that nobody can renew without a person, unless the policy says so: as STS has it.
const UNRENEWED: Duration = Duration::from_secs(3_600);

/// A role to be assumed for the session.
#[derive(Clone)]
pub struct Assume {
    /// Its ARN.
    pub role: String,
    /// What it is had with.
    pub proof: Proof,
    /// `RoleSessionName`; see [`session_name`](crate::creds::session_name). SAML has it in the assertion.
    pub session_name: String,
    /// `SourceIdentity`; see [`source_identity`](crate::creds::source_identity). The role's trust policy must allow
    /// `sts:SetSourceIdentity`, and so must that of every role that is assumed from it. Only for [`Proof::Profile`]: tokens
    /// carry their own.
    pub source_identity: Option<String>,
    /// Only for [`Proof::Profile`], as the source identity.
    pub tags: SessionTags,
    /// What the role's trust policy may want to hear of us, where the role is somebody else's. Only for
    /// [`Proof::Profile`].
    pub external_id: Option<String>,
    /// How long each credential lasts, 15 minutes to 12 hours; `None`: the shortest that serves.
    pub duration: Option<Duration>,
    /// What narrows it.
    pub narrow: Narrow,
}

/// A credential of the role.
pub(super) struct Assumed {
    pub key: Key,
    /// Seconds since the Unix epoch.
    pub expires: u64,
    /// Of the role's session.
    pub arn: Option<String>,
    /// `AROA…:ana-01J9…`, as `aws:userid` has it.
    pub userid: Option<String>,
    /// What AWS enforces, in one line, for the record.
    pub enforced: String,
    /// What is not as it was wanted.
    pub remark: Option<String>,
}

/// What STS took: what it refused once is not tried at every renewal.
#[derive(Debug, Default)]
pub(super) struct Fitting {
    /// Which of [`LIMITS`].
    step: AtomicUsize,
    /// The trust policy does not allow tags.
    untagged: AtomicBool,
}

/// Why there is no credential of the role.
#[derive(Debug)]
pub(super) enum Failure {
    /// STS could not be reached.
    Unreached(String),
    /// STS refused.
    Refused(Fault),
    /// There is no token to show.
    NoToken(Error),
}

impl Failure {
    /// Whether it may well be over when it is tried again, without anybody doing anything.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Unreached(_) => true,
            Self::Refused(fault) => fault.is_passing(),
            Self::NoToken(_) => false,
        }
    }
}

impl Assume {
    /// The role's account.
    pub(super) fn account(&self) -> Option<String> {
        self.role.split(':').nth(4).map(str::to_owned)
    }

    /// The ARN of the role's session, as STS makes it: `arn:aws:sts::123456789012:assumed-role/agent/ana`. None where the
    /// assertion names the session.
    pub(super) fn session_arn(&self) -> Option<String> {
        if let Proof::Saml { .. } = self.proof {
            return None;
        }
        let (start, path) = self.role.split_once(":role/")?;
        let name = path.rsplit('/').next()?;
        Some(format!("{}:assumed-role/{name}/{}", start.replacen(":iam:", ":sts:", 1), self.session_name))
    }

    /// A region to ask in where nobody named one; only that of the role's partition will do.
    pub(super) fn usual_region(&self) -> &'static str {
        Partition::named(self.role.split(':').nth(1).unwrap_or_default()).usual_region
    }

    /// Asks for a credential; with shorter policies while STS finds them too large, at last with none: then hoop alone
    /// enforces it, as without a role. Without tags where the trust policy does not allow them, unless they are required.
    pub(super) async fn ask(&self, sts: &Sts<'_>, fitting: &Fitting) -> Result<Assumed, Failure> {
        let mut shown = self.show(false).await?;
        let mut is_fresh = false;
        loop {
            let step = fitting.step.load(Ordering::Relaxed);
            let narrowing = self.narrowing(step).await;
            let untagged = fitting.untagged.load(Ordering::Relaxed);
            let answer = self.try_with(sts, &self.fields(&narrowing, shown.as_ref(), untagged)).await?;
            if answer.status == 200 {
                let remark = untagged.then(|| {
                    format!(
                        "the trust policy of {} does not allow sts:TagSession: no session tags",
                        self.role
                    )
                });
                return assumed(&answer, &narrowing).map(|given| Assumed { remark, ..given }).ok_or_else(
                    || Failure::Unreached("the answer holds no credential that can be read".to_owned()),
                );
            }
            let fault = answer.fault();
            if fault.code.starts_with("PackedPolicyTooLarge") && !narrowing.is_empty() {
                fitting.step.store(step + 1, Ordering::Relaxed);
            } else if self.may_go_untagged(&fault) && !untagged {
                fitting.untagged.store(true, Ordering::Relaxed);
            } else if fault.is_about_token() && shown.is_some() && !is_fresh {
                // By our own clock it may seem good still.
                (shown, is_fresh) = (self.show(true).await?, true);
            } else {
                return Err(Failure::Refused(fault));
            }
        }
    }

    fn may_go_untagged(&self, fault: &Fault) -> bool {
        let is_refused = fault.code == "AccessDenied" && fault.message.contains("sts:TagSession");
        is_refused && !self.tags.required && matches!(self.proof, Proof::Profile)
    }

    /// The token, where one is shown.
    async fn show(&self, anew: bool) -> Result<Option<Secret>, Failure> {
        let Some(Token { give, .. }) = self.proof.token().cloned() else { return Ok(None) };
        let given = tokio::task::spawn_blocking(move || give(anew)).await;
        let given = given.map_err(|_| Failure::Unreached("the token could not be fetched".to_owned()))?;
        given.map(Some).map_err(Failure::NoToken)
    }

    async fn narrowing(&self, step: usize) -> Narrowing {
        let Some(limit) = LIMITS.get(step).copied() else {
            return Narrowing::none("STS cannot pack the policy");
        };
        let narrow = Arc::clone(&self.narrow);
        let made = tokio::task::spawn_blocking(move || narrow(limit)).await;
        made.unwrap_or_else(|_| Narrowing::none("the policy could not be compiled"))
    }

    async fn try_with(
        &self,
        sts: &Sts<'_>,
        fields: &[(String, Zeroizing<String>)],
    ) -> Result<Answer, Failure> {
        let first = sts.call(self.proof.action(), fields).await;
        let again = match &first {
            Err(_) => true,
            Ok(answer) => answer.status != 200 && answer.fault().is_passing(),
        };
        if !again {
            return first.map_err(Failure::Unreached);
        }
        tokio::time::sleep(AGAIN_AFTER).await;
        sts.call(self.proof.action(), fields).await.map_err(Failure::Unreached)
    }

    fn fields(
        &self,
        narrowing: &Narrowing,
        shown: Option<&Secret>,
        untagged: bool,
    ) -> Vec<(String, Zeroizing<String>)> {
        let mut fields = vec![("RoleArn".to_owned(), self.role.clone())];
        let mut secret = Vec::new();
        let mut put = |name: &str, value: Option<String>| {
            fields.extend(value.map(|value| (name.to_owned(), value)));
        };
        match &self.proof {
            Proof::Profile => {
                put("RoleSessionName", Some(self.session_name.clone()));
                put("SourceIdentity", self.source_identity.clone());
                put("ExternalId", self.external_id.clone());
                if !untagged {
                    fields.extend(self.tags.fields());
                }
            }
            Proof::WebIdentity(_) => {
                put("RoleSessionName", Some(self.session_name.clone()));
                secret.push(("WebIdentityToken", shown));
            }
            Proof::Saml { providers, .. } => {
                put("PrincipalArn", providers.of(&self.role).map(str::to_owned));
                secret.push(("SAMLAssertion", shown));
            }
        }
        fields.push(("DurationSeconds".to_owned(), self.lifetime().as_secs().to_string()));
        fields.extend(narrowing.fields());
        let plain = fields.into_iter().map(|(name, value)| (name, Zeroizing::new(value)));
        let shown = secret
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), Zeroizing::new(value?.expose().to_owned()))));
        plain.chain(shown).collect()
    }

    /// An assertion is good for minutes, so that a person would be needed for each renewal.
    fn lifetime(&self) -> Duration {
        let usual = if let Proof::Saml { .. } = self.proof { UNRENEWED } else { SHORTEST };
        self.duration.unwrap_or(usual)
    }
}

impl fmt::Debug for Assume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assume")
            .field("role", &self.role)
            .field("session_name", &self.session_name)
            .finish_non_exhaustive()
    }
}

/// Key and end of the credential in an answer.
pub(super) fn credential(answer: &Answer) -> Option<(Key, u64)> {
    let key = Key {
        access_key_id: answer.text("AccessKeyId").filter(|id| !id.is_empty())?,
        secret: Secret::new(answer.text("SecretAccessKey").filter(|secret| !secret.is_empty())?),
        token: Some(Secret::new(answer.text("SessionToken").filter(|token| !token.is_empty())?)),
    };
    let expires = answer.text("Expiration")?.parse::<jiff::Timestamp>().ok()?.as_second();
    Some((key, u64::try_from(expires).ok()?))
}

fn assumed(answer: &Answer, narrowing: &Narrowing) -> Option<Assumed> {
    let (key, expires) = credential(answer)?;
    let percent = |text: &String| text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    let packed = answer.text("PackedPolicySize").filter(percent).filter(|_| !narrowing.is_empty());
    let is_plain = |text: &String| text.len() <= 2_048 && !text.contains(char::is_control);
    Some(Assumed {
        key,
        expires,
        arn: answer.text("Arn").filter(|arn| arn.starts_with("arn:")).filter(is_plain),
        userid: answer.text("AssumedRoleId").filter(|id| id.contains(':')).filter(is_plain),
        enforced: narrowing.sentence(packed.as_deref()),
        remark: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assume() -> Assume {
        Assume {
            role: "arn:aws:iam::123456789012:role/agent".to_owned(),
            proof: Proof::Profile,
            session_name: "ana".to_owned(),
            source_identity: Some("ana".to_owned()),
            tags: SessionTags {
                pairs: vec![("agent".to_owned(), "claude".to_owned())],
                ..SessionTags::default()
            },
            external_id: Some("shop-7".to_owned()),
            duration: None,
            narrow: Arc::new(|_| Narrowing::default()),
        }
    }

    fn token() -> Token {
        let give: GiveToken = Arc::new(|_| Ok(Secret::new("ey.J.x")));
        Token { source: "login corp".to_owned(), login: "hoopctl login corp".to_owned(), give }
    }

    use crate::creds::proof::GiveToken;
    use crate::creds::proof::SamlProviders;

    fn names(fields: &[(String, Zeroizing<String>)]) -> Vec<&str> {
        fields.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn the_call_carries_what_narrows_it() {
        let narrowing = Narrowing {
            policy: Some("{}".to_owned()),
            policy_arns: vec!["arn:a".to_owned(), "arn:b".to_owned()],
            remark: String::new(),
        };
        let fields = assume().fields(&narrowing, None, false);
        let field = |name: &str| fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        assert_eq!(field("RoleArn"), Some("arn:aws:iam::123456789012:role/agent"));
        assert_eq!(field("DurationSeconds"), Some("900"));
        assert_eq!(field("Policy"), Some("{}"));
        assert_eq!(field("PolicyArns.member.2.arn"), Some("arn:b"));
        assert_eq!((field("SourceIdentity"), field("ExternalId")), (Some("ana"), Some("shop-7")));
        assert_eq!(field("Tags.member.1.Value"), Some("claude"));
        assert!(!names(&assume().fields(&narrowing, None, true)).contains(&"Tags.member.1.Key"));
        let pathed = Assume { role: "arn:aws-cn:iam::1:role/team/agent".to_owned(), ..assume() };
        assert_eq!(pathed.session_arn().as_deref(), Some("arn:aws-cn:sts::1:assumed-role/agent/ana"));
        assert_eq!((pathed.usual_region(), assume().usual_region()), ("cn-north-1", "us-east-1"));
    }

    #[test]
    fn a_token_stands_in_for_a_signature_and_carries_the_person_itself() {
        let shown = Secret::new("ey.J.x");
        let web = Assume { proof: Proof::WebIdentity(token()), ..assume() };
        let fields = web.fields(&Narrowing::default(), Some(&shown), false);
        assert_eq!(names(&fields), ["RoleArn", "RoleSessionName", "DurationSeconds", "WebIdentityToken"]);
        let of_others = Some("arn:aws:iam::1:saml-provider/corp".to_owned());
        let of_roles =
            vec![("arn:aws:iam::2:role/x".to_owned(), "arn:aws:iam::2:saml-provider/lab".to_owned())];
        let providers = SamlProviders { of_roles, of_others };
        assert_eq!(providers.of("arn:aws:iam::2:role/x"), Some("arn:aws:iam::2:saml-provider/lab"));
        let saml = Assume { proof: Proof::Saml { providers, assertion: token() }, ..assume() };
        let fields = saml.fields(&Narrowing::default(), Some(&shown), false);
        assert_eq!(names(&fields), ["RoleArn", "PrincipalArn", "DurationSeconds", "SAMLAssertion"]);
        assert_eq!(fields[1].1.as_str(), "arn:aws:iam::1:saml-provider/corp");
        assert_eq!(fields[2].1.as_str(), "3600");
        assert_eq!(saml.session_arn(), None);
    }

    #[test]
    fn an_answer_without_a_whole_credential_is_none() {
        let whole = "<Arn>arn:aws:sts::1:assumed-role/a/b</Arn><AccessKeyId>ASIA1</AccessKeyId>\
                     <AssumedRoleId>AROA1:b</AssumedRoleId>\
                     <SecretAccessKey>s/+</SecretAccessKey><SessionToken>t</SessionToken>\
                     <Expiration>2026-01-01T00:00:00Z</Expiration><PackedPolicySize>7</PackedPolicySize>";
        let read = |body: &str| {
            let answer = Answer { status: 200, body: Zeroizing::new(body.to_owned()), date: None };
            assumed(
                &answer,
                &Narrowing { policy: Some("{}".to_owned()), remark: "r".to_owned(), ..Narrowing::default() },
            )
        };
        let found = read(whole).unwrap();
        assert_eq!((found.expires, found.key.secret.expose()), (1_767_225_600, "s/+"));
        assert_eq!(found.userid.as_deref(), Some("AROA1:b"));
        assert_eq!(found.enforced, "session policy of 2 characters (7 % of what STS packs); r");
        for missing in ["<AccessKeyId>", "</SecretAccessKey>", "<SessionToken>", "2026-01-01T00:00:00Z"] {
            assert!(read(&whole.replace(missing, "")).is_none(), "{missing}");
        }
    }
}
