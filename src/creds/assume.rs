//! The session's own role: `sts:AssumeRole` with the person's credential, narrowed by a session policy, so that AWS itself
//! refuses what the policy never lets pass.
//!
//! Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>. `AssumeRoleWithWebIdentity` and
//! `AssumeRoleWithSAML` take [`Narrowing::fields`] and a duration in the same members.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::aws::Partition;
use crate::aws::sigv4::Key;
use crate::creds::sts::Answer;
use crate::creds::sts::Fault;
use crate::creds::sts::Sts;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::types::Secret;

/// Characters that inline policy and the ARNs of managed ones may have together.
pub const POLICY_CHARACTERS: usize = 2_048;

/// What is tried in turn. STS packs policies, to a size that only it knows, and refuses what is too large when packed.
const LIMITS: [usize; 5] = [POLICY_CHARACTERS, 1_536, 1_024, 640, 320];

/// The longest session name and source identity.
const LONGEST_NAME: usize = 64;

/// After STS was throttled or failed, it is asked once more.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// A role to be assumed for the session.
#[derive(Clone)]
pub struct Assume {
    /// Its ARN.
    pub role: String,
    /// `RoleSessionName`; see [`session_name`].
    pub session_name: String,
    /// `SourceIdentity`; see [`source_identity`]. The role's trust policy must allow `sts:SetSourceIdentity`, and so must
    /// that of every role that is assumed from it.
    pub source_identity: Option<String>,
    /// How long each credential lasts, 15 minutes to 12 hours; `None`: as STS has it, an hour.
    pub duration: Option<Duration>,
    /// What narrows it.
    pub narrow: Narrow,
}

/// Makes a narrowing whose policy and ARNs have at most so many characters together. It may take a while.
pub type Narrow = Arc<dyn Fn(usize) -> Narrowing + Send + Sync>;

/// What AWS refuses to a credential besides what its role may not do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// An IAM policy in JSON; `None`: it would refuse nothing.
    pub policy: Option<String>,
    /// ARNs of managed policies. What one of them or the inline policy allows passes, unless one denies it.
    pub policy_arns: Vec<String>,
    /// What only hoop enforces, in one line.
    pub remark: String,
}

/// A credential of the role.
pub(super) struct Assumed {
    pub key: Key,
    /// Seconds since the Unix epoch.
    pub expires: u64,
    /// Of the role's session.
    pub arn: Option<String>,
    /// What AWS enforces, in one line, for the record.
    pub enforced: String,
}

/// Which of [`LIMITS`] STS took: what it refused once is not tried at every renewal.
#[derive(Debug, Default)]
pub(super) struct Fitting(AtomicUsize);

/// Why there is no credential of the role.
pub(super) enum Failure {
    /// STS could not be reached.
    Unreached(String),
    /// STS refused.
    Refused(Fault),
}

impl Narrowing {
    /// The members of the call that carry it.
    pub(super) fn fields(&self) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        if let Some(policy) = &self.policy {
            fields.push(("Policy".to_owned(), policy.clone()));
        }
        for (arn, number) in self.policy_arns.iter().zip(1..) {
            fields.push((format!("PolicyArns.member.{number}.arn"), arn.clone()));
        }
        fields
    }

    fn is_empty(&self) -> bool {
        self.policy.is_none() && self.policy_arns.is_empty()
    }

    fn sentence(&self, packed: Option<&str>) -> String {
        let characters = self.policy.as_ref().map_or(0, |policy| policy.chars().count());
        let mut text = match self.is_empty() {
            true => "no session policy".to_owned(),
            false => format!("session policy of {characters} characters"),
        };
        if !self.policy_arns.is_empty() {
            text.push_str(&format!(" and {}", self.policy_arns.join(", ")));
        }
        if let Some(packed) = packed {
            text.push_str(&format!(" ({packed} % of what STS packs)"));
        }
        format!("{text}; {}", self.remark)
    }
}

impl Assume {
    /// The role's account.
    pub(super) fn account(&self) -> Option<String> {
        self.role.split(':').nth(4).map(str::to_owned)
    }

    /// The ARN of the role's session, as STS makes it: `arn:aws:sts::123456789012:assumed-role/agent/ana`.
    pub(super) fn session_arn(&self) -> Option<String> {
        let (start, path) = self.role.split_once(":role/")?;
        let name = path.rsplit('/').next()?;
        Some(format!("{}:assumed-role/{name}/{}", start.replacen(":iam:", ":sts:", 1), self.session_name))
    }

    /// A region to ask in where nobody named one; only that of the role's partition will do.
    pub(super) fn usual_region(&self) -> &'static str {
        Partition::named(self.role.split(':').nth(1).unwrap_or_default()).usual_region
    }

    /// Asks for a credential; with shorter policies while STS finds them too large, at last with none: then hoop alone
    /// enforces it, as without a role.
    pub(super) async fn ask(&self, sts: &Sts<'_>, fitting: &Fitting) -> Result<Assumed, Failure> {
        let mut step = fitting.0.load(Ordering::Relaxed);
        loop {
            let narrowing = self.narrowing(step).await;
            let answer = self.try_with(sts, &narrowing).await?;
            if answer.status == 200 {
                fitting.0.store(step, Ordering::Relaxed);
                return assumed(&answer, &narrowing).ok_or_else(|| {
                    Failure::Unreached("the answer holds no credential that can be read".to_owned())
                });
            }
            let fault = answer.fault();
            let is_too_large = fault.code.starts_with("PackedPolicyTooLarge");
            if !is_too_large || narrowing.is_empty() {
                return Err(Failure::Refused(fault));
            }
            step += 1;
        }
    }

    async fn narrowing(&self, step: usize) -> Narrowing {
        let Some(limit) = LIMITS.get(step).copied() else {
            let remark = "enforced by hoop only: all of it (STS cannot pack the policy)".to_owned();
            return Narrowing { remark, ..Narrowing::default() };
        };
        let narrow = Arc::clone(&self.narrow);
        let made = tokio::task::spawn_blocking(move || narrow(limit)).await;
        made.unwrap_or_else(|_| Narrowing {
            remark: "enforced by hoop only: all of it (the policy could not be compiled)".to_owned(),
            ..Narrowing::default()
        })
    }

    async fn try_with(&self, sts: &Sts<'_>, narrowing: &Narrowing) -> Result<Answer, Failure> {
        let fields = self.fields(narrowing);
        let first = sts.call("AssumeRole", &fields).await;
        let again = match &first {
            Err(_) => true,
            Ok(answer) => answer.status >= 500 || answer.fault().code.starts_with("Throttling"),
        };
        if !again {
            return first.map_err(Failure::Unreached);
        }
        tokio::time::sleep(AGAIN_AFTER).await;
        sts.call("AssumeRole", &fields).await.map_err(Failure::Unreached)
    }

    fn fields(&self, narrowing: &Narrowing) -> Vec<(String, String)> {
        let mut fields = vec![
            ("RoleArn".to_owned(), self.role.clone()),
            ("RoleSessionName".to_owned(), self.session_name.clone()),
        ];
        if let Some(duration) = self.duration {
            fields.push(("DurationSeconds".to_owned(), duration.as_secs().to_string()));
        }
        if let Some(identity) = &self.source_identity {
            fields.push(("SourceIdentity".to_owned(), identity.clone()));
        }
        fields.extend(narrowing.fields());
        fields
    }

    /// What happened and what to do; `source` is whose credential asked, `login` the command that renews it.
    pub(super) fn explain(&self, failure: &Failure, source: &str, login: &str) -> Error {
        let error = Error::new(
            Kind::Upstream,
            format!("cannot assume {} with the credential of {source}", self.role),
        );
        let fault = match failure {
            Failure::Unreached(why) => {
                let fix = "see whether STS can be reached: aws sts get-caller-identity";
                return error.why(why.clone()).fix(fix);
            }
            Failure::Refused(fault) => fault,
        };
        let fix = match fault.code.as_str() {
            "AccessDenied" if fault.message.contains("SetSourceIdentity") => {
                "allow sts:SetSourceIdentity in the role's trust policy, or take `source_identity` out of [session]"
                    .to_owned()
            }
            "AccessDenied" => {
                "the role's trust policy must name you (see aws sts get-caller-identity), and your own policies must \
                 allow sts:AssumeRole on it"
                    .to_owned()
            }
            "MalformedPolicyDocument" => {
                "look at the document: hoopctl policy compile; until it is mended, take `role` out of [session]".to_owned()
            }
            "ExpiredToken" | "ExpiredTokenException" | "InvalidClientTokenId" | "UnrecognizedClientException" => {
                format!("sign in again, outside of the session: {login}")
            }
            "RegionDisabledException" => {
                "activate STS for this region in the account, or choose another: --region".to_owned()
            }
            "ValidationError" if fault.message.contains("DurationSeconds") => {
                "give a shorter `duration` in [session]: the role's maximum, or 1h where you have a role already".to_owned()
            }
            "PackedPolicyTooLarge" => "take some `policy_arns` out of [session]".to_owned(),
            "SignatureDoesNotMatch" => "see whether the secret key and this machine's clock are right".to_owned(),
            _ => format!("try it outside of the session: aws sts assume-role --role-session-name t --role-arn {}", self.role),
        };
        error.why(fault.sentence()).fix(fix)
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

/// The credential in an answer.
fn assumed(answer: &Answer, narrowing: &Narrowing) -> Option<Assumed> {
    let key = Key {
        access_key_id: answer.text("AccessKeyId").filter(|id| !id.is_empty())?,
        secret: Secret::new(answer.text("SecretAccessKey").filter(|secret| !secret.is_empty())?),
        token: Some(Secret::new(answer.text("SessionToken").filter(|token| !token.is_empty())?)),
    };
    let expires = answer.text("Expiration")?.parse::<jiff::Timestamp>().ok()?.as_second();
    let percent = |text: &String| text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    let packed = answer.text("PackedPolicySize").filter(percent).filter(|_| !narrowing.is_empty());
    Some(Assumed {
        key,
        expires: u64::try_from(expires).ok()?,
        arn: answer.text("Arn").filter(|arn| arn.starts_with("arn:") && !arn.contains(char::is_control)),
        enforced: narrowing.sentence(packed.as_deref()),
    })
}

/// A name for the role's session that tells CloudTrail who it was and which recording it is in: `ana-01J9ZK5WQ3H8V7T2M4N6P8R0S1`.
/// 2 to 64 letters, digits and `_+=,.@-`, as STS wants it; other characters are `_`.
#[must_use]
pub fn session_name(user: &str, session: &str) -> String {
    let (user, session) = (fitting(user), fitting(session));
    if session.is_empty() {
        return padded(user);
    }
    let room = LONGEST_NAME.saturating_sub(session.len() + 1);
    padded(match user.get(..user.len().min(room)) {
        Some(user) if !user.is_empty() => format!("{user}-{session}"),
        _ => session,
    })
}

/// A source identity: the person, for as long as the chain of roles goes on. As [`session_name`] for the characters.
#[must_use]
pub fn source_identity(user: &str) -> Option<String> {
    Some(fitting(user)).filter(|user| !user.is_empty()).map(padded)
}

fn fitting(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    text.chars().map(|c| if fits(c) { c } else { '_' }).take(LONGEST_NAME).collect()
}

fn padded(mut name: String) -> String {
    while name.len() < 2 {
        name.push('_');
    }
    name
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn names_keep_to_the_characters_and_lengths_of_sts() {
        let id = "01J9ZK5WQ3H8V7T2M4N6P8R0S1";
        let long = "a.very.long.name.of.a.person@a.very.long.company.example.com";
        for (user, session, name) in [
            ("ana", id, format!("ana-{id}")),
            ("Ána Ž/x", id, format!("_na___x-{id}")),
            ("", id, id.to_owned()),
            ("a", "", "a_".to_owned()),
            ("", "", "__".to_owned()),
            (long, id, format!("a.very.long.name.of.a.person@a.very.l-{id}")),
        ] {
            assert_eq!(session_name(user, session), name);
            assert!((2..=64).contains(&name.len()), "{name}");
        }
        assert_eq!(source_identity("ana@example.com").as_deref(), Some("ana@example.com"));
        assert_eq!(source_identity(&"é".repeat(99)).map(|name| name.len()), Some(64));
        assert_eq!(source_identity(""), None);
    }

    fn assume() -> Assume {
        Assume {
            role: "arn:aws:iam::123456789012:role/agent".to_owned(),
            session_name: "ana".to_owned(),
            source_identity: None,
            duration: Some(Duration::from_secs(900)),
            narrow: Arc::new(|_| Narrowing::default()),
        }
    }

    #[test]
    fn the_call_carries_what_narrows_it() {
        let narrowing = Narrowing {
            policy: Some("{}".to_owned()),
            policy_arns: vec!["arn:a".to_owned(), "arn:b".to_owned()],
            remark: String::new(),
        };
        let fields = assume().fields(&narrowing);
        let field = |name: &str| fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        assert_eq!(field("RoleArn"), Some("arn:aws:iam::123456789012:role/agent"));
        assert_eq!(field("DurationSeconds"), Some("900"));
        assert_eq!(field("Policy"), Some("{}"));
        assert_eq!(field("PolicyArns.member.2.arn"), Some("arn:b"));
        assert_eq!(field("SourceIdentity"), None);
        let pathed = Assume { role: "arn:aws-cn:iam::1:role/team/agent".to_owned(), ..assume() };
        assert_eq!(pathed.session_arn().as_deref(), Some("arn:aws-cn:sts::1:assumed-role/agent/ana"));
        assert_eq!((pathed.usual_region(), assume().usual_region()), ("cn-north-1", "us-east-1"));
    }

    #[test]
    fn an_answer_without_a_whole_credential_is_none() {
        let whole = "<Arn>arn:aws:sts::1:assumed-role/a/b</Arn><AccessKeyId>ASIA1</AccessKeyId>\
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
        assert_eq!(found.enforced, "session policy of 2 characters (7 % of what STS packs); r");
        for missing in ["<AccessKeyId>", "</SecretAccessKey>", "<SessionToken>", "2026-01-01T00:00:00Z"] {
            assert!(read(&whole.replace(missing, "")).is_none(), "{missing}");
        }
    }

    #[test]
    fn refusals_say_what_to_do() {
        for (code, message, fix) in [
            (
                "AccessDenied",
                "User: x is not authorized to perform: sts:AssumeRole",
                "trust policy must name you",
            ),
            (
                "AccessDenied",
                "not authorized to perform: sts:SetSourceIdentity",
                "take `source_identity` out",
            ),
            ("MalformedPolicyDocument", "Syntax errors in policy.", "hoopctl policy compile"),
            (
                "ExpiredToken",
                "The security token included in the request is expired",
                "aws sso login --profile dev",
            ),
            (
                "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit",
                "shorter `duration`",
            ),
            ("PackedPolicyTooLarge", "Packed size of session tags consumes 101%", "policy_arns"),
            ("", "", "aws sts assume-role"),
        ] {
            let fault = Fault { status: 403, code: code.to_owned(), message: message.to_owned() };
            let error =
                assume().explain(&Failure::Refused(fault), "profile dev", "aws sso login --profile dev");
            let report = error.report("hoop-run");
            assert!(report.contains(fix) && report.contains(message), "{report}");
        }
    }
}
