//! What to do where a role's credential cannot be had.

use crate::creds::assume::Assume;
use crate::creds::assume::Failure;
use crate::creds::proof::Proof;
use crate::creds::proof::Token;
use crate::creds::sts::Fault;
use crate::error::Error;
use crate::error::Kind;

/// What happened and what to do; `source` is whose credential asked, `login` the command that renews it.
pub(super) fn explain(assume: &Assume, failure: Failure, source: &str, login: &str) -> Error {
    let role = &assume.role;
    let error = Error::new(Kind::Upstream, format!("cannot assume {role} with the credential of {source}"));
    let fault = match failure {
        Failure::NoToken(cause) => {
            let why = cause.to_string();
            return error.why(why).fix(cause.advice().unwrap_or(login).to_owned());
        }
        Failure::Unreached(why) => {
            let fix = "see whether STS can be reached: aws sts get-caller-identity";
            return error.why(why).fix(fix);
        }
        Failure::Refused(fault) => fault,
    };
    let fix = match &assume.proof {
        Proof::Profile => of_role(&fault, login),
        Proof::WebIdentity(token) => {
            of_token(&fault, token, "the audience of the provider in IAM is the client id")
        }
        Proof::Saml { assertion, .. } => {
            of_token(&fault, assertion, "the assertion's Role attribute names this role and this provider")
        }
    };
    let usual = || {
        format!("try it outside of the session: aws sts assume-role --role-session-name t --role-arn {role}")
    };
    error.why(fault.sentence()).fix(fix.or_else(|| of_any(&fault)).unwrap_or_else(usual))
}

/// What a call that is signed may be refused for.
fn of_role(fault: &Fault, login: &str) -> Option<String> {
    let advice = match fault.code.as_str() {
        "AccessDenied" if fault.message.contains("SetSourceIdentity") => {
            "allow sts:SetSourceIdentity in the role's trust policy, or take `source_identity` out of [session]"
        }
        "AccessDenied" if fault.message.contains("TagSession") => {
            "allow sts:TagSession in the role's trust policy, or take `tags` out of [session]"
        }
        "AccessDenied" if fault.message.contains("MultiFactorAuth") => {
            "give `mfa_serial` in [session], or a profile that has one"
        }
        "AccessDenied" => {
            "the role's trust policy must name you (see aws sts get-caller-identity), and your own policies must \
             allow sts:AssumeRole on it"
        }
        "ExpiredToken" | "ExpiredTokenException" | "InvalidClientTokenId" | "UnrecognizedClientException" => {
            return Some(format!("sign in again, outside of the session: {login}"));
        }
        "SignatureDoesNotMatch" => "see whether the secret key and this machine's clock are right",
        _ => return None,
    };
    Some(advice.to_owned())
}

/// What a call with a token may be refused for.
fn of_token(fault: &Fault, token: &Token, must: &str) -> Option<String> {
    let login = &token.login;
    match fault.code.as_str() {
        "ExpiredToken" | "ExpiredTokenException" => Some(format!("sign in again: {login}")),
        "AccessDenied" => Some(format!(
            "the role's trust policy must name the provider, and its conditions must fit you; see also whether {must}"
        )),
        "InvalidIdentityToken" | "IDPRejectedClaim" => {
            Some(format!("see whether {must}; then sign in again: {login}"))
        }
        "IDPCommunicationError" => Some("AWS cannot reach the provider: try again".to_owned()),
        _ => None,
    }
}

fn of_any(fault: &Fault) -> Option<String> {
    let advice = match fault.code.as_str() {
        "MalformedPolicyDocument" => {
            "look at the document: hoopctl policy compile; until it is mended, take `role` out of [session]"
        }
        "RegionDisabledException" => {
            "activate STS for this region in the account, or choose another: --region"
        }
        "ValidationError" if fault.message.contains("DurationSeconds") => {
            "give a shorter `duration` in [session]: the role's maximum, or 1h where you have a role already"
        }
        "PackedPolicyTooLarge" => "take some `policy_arns` out of [session]",
        _ => return None,
    };
    Some(advice.to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::creds::Narrowing;
    use crate::creds::SessionTags;
    use crate::types::Secret;

    fn report(proof: Proof, failure: Failure) -> String {
        let assume = Assume {
            role: "arn:aws:iam::123456789012:role/agent".to_owned(),
            proof,
            session_name: "ana".to_owned(),
            source_identity: None,
            tags: SessionTags::default(),
            external_id: None,
            duration: None,
            narrow: Arc::new(|_| Narrowing::default()),
        };
        explain(&assume, failure, "profile dev", "aws sso login --profile dev").report("hoop-run")
    }

    fn refused(code: &str, message: &str) -> Failure {
        Failure::Refused(Fault { status: 403, code: code.to_owned(), message: message.to_owned() })
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
            ("AccessDenied", "not authorized to perform: sts:TagSession", "take `tags` out"),
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
            let report = report(Proof::Profile, refused(code, message));
            assert!(report.contains(fix) && report.contains(message), "{report}");
        }
    }

    #[test]
    fn refused_tokens_say_which_login_helps() {
        let token = || Token {
            source: "login corp".to_owned(),
            login: "hoopctl login corp".to_owned(),
            give: Arc::new(|_| Ok(Secret::new("x"))),
        };
        for (code, fix) in [
            ("ExpiredTokenException", "hoopctl login corp"),
            ("AccessDenied", "trust policy must name the provider"),
            ("InvalidIdentityToken", "audience"),
            ("IDPCommunicationError", "try again"),
            ("RegionDisabledException", "activate STS"),
        ] {
            let report = report(Proof::WebIdentity(token()), refused(code, "m"));
            assert!(report.contains(fix), "{report}");
        }
        let cause = Error::new(Kind::Upstream, "the login corp has ended").fix("hoopctl login corp");
        let report = report(Proof::WebIdentity(token()), Failure::NoToken(cause));
        assert!(report.contains("has ended") && report.contains("fix: hoopctl login corp"), "{report}");
    }
}
