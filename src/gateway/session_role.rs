//! A role of the session: assumed by hoop, narrowed by what the policies never let pass.

use std::sync::Arc;

use crate::creds::Assume;
use crate::creds::Narrowing;
use crate::creds::Proof;
use crate::creds::SessionTags;
use crate::creds::session_name;
use crate::creds::source_identity;
use crate::gateway::own::Upstreams;
use crate::policy::PolicySet;
use crate::policy::Principal;
use crate::policy::Role;
use crate::policy::RoleRule;
use crate::policy::SessionRule;
use crate::policy::actions::AwsActions;

/// How `role` is assumed.
pub fn of(policies: &PolicySet, principal: &Principal, role: &RoleRule, upstreams: &Upstreams) -> Assume {
    let session = policies.session();
    let named = session.source_identity.unwrap_or(false);
    let policies = policies.clone();
    // Every call is made with this role, and with no other unless the program assumes one, which AWS narrows by what that
    // role may do.
    let known = Principal { role: Role::Arn(role.arn.clone()), ..principal.clone() };
    let arns = session.policy_arns.clone();
    Assume {
        role: role.arn.clone(),
        proof: upstreams.proof.clone(),
        session_name: session_name(&principal.user, &principal.session),
        source_identity: source_identity(&principal.user).filter(|_| named),
        tags: tags(&session, principal, upstreams),
        external_id: role.external_id.clone().or_else(|| session.external_id.clone()),
        duration: role.duration.or(session.duration),
        narrow: Arc::new(move |limit| {
            let compiled = policies.compile_with(&known, AwsActions::all(), limit, &arns);
            let remark = compiled.line();
            Narrowing { policy: compiled.json, policy_arns: compiled.policy_arns, remark }
        }),
    }
}

/// Who works where, for the policies of AWS and for CloudTrail. Tokens carry their own.
fn tags(session: &SessionRule, principal: &Principal, upstreams: &Upstreams) -> SessionTags {
    if session.tags == Some(false) || !matches!(upstreams.proof, Proof::Profile) {
        return SessionTags::default();
    }
    let own = [
        ("agent", principal.agent.clone()),
        ("session", Some(principal.session.clone())),
        ("repo", principal.repository.clone()),
    ];
    let own = own.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    SessionTags {
        pairs: own.chain(upstreams.tags.iter().cloned()).collect(),
        transitive: session.transitive_tags.clone(),
        required: session.tags == Some(true),
    }
}
