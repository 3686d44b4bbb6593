//! Whose credential it is: one signed `sts:GetCallerIdentity`, which needs no permission.

use crate::aws::sigv4::Key;
use crate::creds::sts::Sts;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::net::Upstream;

/// Whose a credential is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The account, 12 digits.
    pub account: String,
    /// The user, role session or root user: `arn:aws:sts::123456789012:assumed-role/deploy/ana`.
    pub arn: Option<String>,
}

/// Asks STS whose `key` is.
pub async fn ask_sts(upstream: &Upstream, key: &Key, region: Option<&str>, now_unix: u64) -> Result<Who> {
    let failed = |why: String| {
        Error::new(Kind::Upstream, "cannot find out the AWS account of the credential")
            .why(why)
            .fix("try it outside of the session: aws sts get-caller-identity")
    };
    let answer = Sts { upstream, key: Some(key), region, now_unix }
        .call("GetCallerIdentity", &[] as &[(String, String)])
        .await
        .map_err(failed)?;
    match answer.text("Account") {
        Some(account) if is_account(&account) => {
            Ok(Who { account, arn: answer.text("Arn").filter(|arn| arn.starts_with("arn:")) })
        }
        _ => Err(failed(answer.fault().sentence())),
    }
}

/// Whether the text is an account's number.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}
