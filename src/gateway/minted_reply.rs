//! Answers that hold AWS credentials: the program gets placeholders, the real ones are kept here.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::aws;
use crate::aws::Call;
use crate::aws::key_id;
use crate::aws::sigv4::Key;
use crate::gateway::core::Core;
use crate::gateway::minted::Identity;
use crate::gateway::minted::New;
use crate::gateway::whose::By;
use crate::gateway::whose::Whose;
use crate::mask;
use crate::mask::Instead;
use crate::mask::Vended;
use crate::policy::Role;

/// An answer on its way from a call.
pub struct Answer<'a> {
    pub call: &'a Call,
    /// The number of the call.
    pub number: u64,
    /// With what it was signed.
    pub by: &'a By,
    /// The command that made it.
    pub command: Option<u64>,
    /// How to read the body.
    pub content_type: &'a str,
}

/// The credentials of one answer, kept.
#[derive(Default)]
pub struct Captured(Vec<Arc<Identity>>);

/// Keeps the credentials in a good answer to `answer.call`, learns their secrets to the mask, and puts the placeholders'
/// ids into the body. What is left of the real ones there is for the mask to hide; see [`Captured::put_into`].
///
/// Fails, with the reason, where the body cannot be read or a credential cannot be kept. Then nothing of it may pass.
pub fn capture(core: &Core, answer: &Answer<'_>, body: Bytes) -> Result<(Bytes, Captured), String> {
    if !aws::vends(answer.call) {
        return Ok((body, Captured::default()));
    }
    let vended = mask::vended_credentials(answer.content_type, &body)
        .ok_or("it should hold AWS credentials and cannot be read")?;
    if vended.is_empty() {
        return Ok((body, Captured::default()));
    }
    // Before anything else can go wrong.
    for credential in &vended {
        learn(core, credential);
    }
    core.expire().map_err(|error| error.to_string())?;
    let kept = vended.into_iter().map(|credential| keep(core, answer, credential));
    let kept: Vec<Arc<Identity>> = kept.collect::<Result<_, _>>()?;
    let ids: Vec<_> = kept
        .iter()
        .map(|identity| Instead {
            access_key_id: Some(&identity.placeholder.access_key_id),
            ..Instead::default()
        })
        .collect();
    let body = mask::put_credentials(answer.content_type, &body, &ids)
        .ok_or("the credentials in it cannot be replaced")?;
    Ok((body.into(), Captured(kept)))
}

impl Captured {
    /// Whether there is any credential.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts the placeholders into the masked body. `None`: their places are not there any more.
    pub fn put_into(&self, content_type: &str, masked: &[u8]) -> Option<Bytes> {
        let whole: Vec<_> = self
            .0
            .iter()
            .map(|identity| Instead {
                access_key_id: Some(&identity.placeholder.access_key_id),
                secret: Some(identity.placeholder.secret.expose()),
                token: identity.placeholder.token.as_ref().map(|token| token.expose()),
            })
            .collect();
        mask::put_credentials(content_type, masked, &whole).map(Bytes::from)
    }
}

fn learn(core: &Core, credential: &Vended) {
    core.masks.learn_own("aws-secret-access-key", credential.secret.expose());
    if let Some(token) = &credential.token {
        core.masks.learn_own("aws-session-token", token.expose());
        // The id of a lasting key is needed to delete it.
        core.masks.learn_own("aws-access-key-id", &credential.access_key_id);
    }
}

fn keep(core: &Core, answer: &Answer<'_>, credential: Vended) -> Result<Arc<Identity>, String> {
    let told = told(core, answer, &credential);
    let Vended { access_key_id, secret, token, expires, .. } = credential;
    let like = key_id::numbered(&core.placeholder.access_key_id, answer.command.unwrap_or(0));
    let source = format!("{}:{}", answer.call.prefix, answer.call.operation);
    let new = New { real: Key { access_key_id, secret, token }, source, expires, told };
    let (identity, fresh) = core.minted.keep(&like, new)?;
    if fresh {
        let recorded = core.about_minted(&identity, "minted", Some(answer.number));
        recorded.map_err(|error| error.to_string())?;
    }
    Ok(identity)
}

/// Whose the credential is, as far as call and answer say.
fn told(core: &Core, answer: &Answer<'_>, credential: &Vended) -> Whose {
    let params = &answer.call.params;
    let param = |name: &str| params.get(name).and_then(Value::as_str).unwrap_or_default();
    if let Some(arn) = &credential.arn {
        let whose = Whose::of(arn);
        // Only the request has the role's path.
        return Whose { role: whose.role.with_path_of(param("RoleArn")), ..whose };
    }
    let call = answer.call;
    match (call.service.as_str(), call.operation.as_str()) {
        // The same identity for a while.
        ("sts", "GetSessionToken") | ("s3", "CreateSession") => core.known_whose(answer.by),
        ("sts", "AssumeRoot") => {
            let target = param("TargetPrincipal");
            let arn = match target.len() {
                12 => format!("arn:aws:iam::{target}:root"),
                _ => target.to_owned(),
            };
            Whose { role: Role::None, ..Whose::of(&arn) }
        }
        ("iam", "CreateAccessKey") => {
            Whose { account: core.known_whose(answer.by).account, arn: None, role: Role::None }
        }
        ("sso", "GetRoleCredentials") => {
            let account = Some(param("accountId")).filter(|account| account.len() == 12);
            Whose { account: account.map(str::to_owned), ..Whose::default() }
        }
        // STS is asked when it matters.
        _ => Whose::default(),
    }
}
