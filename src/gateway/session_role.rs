//! The role that a policy's `[session]` names: assumed by hoop, narrowed by what the policies never let pass.

use std::sync::Arc;

use crate::creds::Assume;
use crate::creds::Narrowing;
use crate::creds::Proof;
use crate::creds::SessionTags;
use crate::creds::session_name;
use crate::creds::source_identity;
use crate::policy::PolicySet;
use crate::policy::Principal;
use crate::policy::Role;
use crate::policy::actions::AwsActions;

/// How the session's credential is assumed; `None`: it is the one of the AWS profile chain itself.
pub fn of(policies: &PolicySet, principal: &Principal) -> Option<Assume> {
    let session = policies.session();
    let role = session.profile_role()?.to_owned();
    let named = session.source_identity.unwrap_or(false);
    let policies = policies.clone();
    // Every call of the session is made with this role, and with no other unless it assumes one, which AWS narrows by
    // what that role may do.
    let known = Principal { role: Role::Arn(role.clone()), ..principal.clone() };
    let arns = session.policy_arns;
    Some(Assume {
        role,
        proof: Proof::Profile,
        tags: SessionTags::default(),
        external_id: None,
        session_name: session_name(&principal.user, &principal.session),
        source_identity: source_identity(&principal.user).filter(|_| named),
        duration: session.duration,
        narrow: Arc::new(move |limit| {
            let compiled = policies.compile_with(&known, AwsActions::all(), limit, &arns);
            let remark = compiled.line();
            Narrowing { policy: compiled.json, policy_arns: compiled.policy_arns, remark }
        }),
    })
}
