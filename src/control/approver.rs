//! Who an approver is: the user whose process connects, or, for the session's own user, the login that is shown.

use crate::approval::Approver;
use crate::approval::Via;
use crate::config::providers::ProviderKind;
use crate::control::Setup;
use crate::control::wire::Claim;
use crate::control::wire::Given;
use crate::control::wire::Word;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity;
use crate::sys::peer::Peer;
use crate::sys::user;

/// The user at the other end; `None`: the system does not know.
pub(super) async fn local(setup: &Setup, peer: &Peer) -> Option<Approver> {
    let uid = peer.uid;
    let person = match uid == setup.person.uid {
        true => setup.person.clone(),
        // A directory server may be asked: others are served meanwhile.
        false => tokio::task::spawn_blocking(move || user::by_uid(uid)).await.ok()??,
    };
    Some(Approver {
        name: person.name,
        groups: person.groups,
        key: Approver::uid_key(uid),
        is_owner: uid == setup.person.uid,
        via: Via::Hoopctl,
    })
}

/// Who answers.
///
/// # Errors
/// The login does not hold, or the system does not know the user.
pub(super) async fn person(setup: &Setup, peer: &Peer, given: &Given) -> Result<Approver> {
    let unknown =
        || Error::new(Kind::System, "the system does not say who user is").why(peer.uid.to_string());
    let local = local(setup, peer).await.ok_or_else(unknown)?;
    // The session's own prompt does not come this way.
    let via = if given.via == Via::Page { Via::Page } else { Via::Hoopctl };
    let Some(claim) = &given.login else { return Ok(Approver { via, ..local }) };
    if !local.is_owner {
        return Err(Error::new(Kind::Usage, "a login is taken from the session's own user only")
            .why(format!("user {} is known by the system, as {}", peer.uid, local.name)));
    }
    let person = signed_in(setup, claim, via).await?;
    let waiting = setup.broker.waiting();
    let names_approvers =
        waiting.iter().any(|waiting| waiting.id == given.id && !waiting.question.needs.is_empty());
    // One of the keys is the user id; with a login there are more.
    if given.answer == Word::Allow && names_approvers && setup.broker.requester().keys.len() < 2 {
        return Err(Error::new(Kind::Usage, format!("{} may be the person who asks", person.name))
            .why("whoever began the session had not signed in, and nobody approves their own request")
            .fix("begin it signed in: hoopctl login, then hoop-run --identity NAME …"));
    }
    Ok(person)
}

async fn signed_in(setup: &Setup, claim: &Claim, via: Via) -> Result<Approver> {
    let provider = identity::find(&setup.providers, &claim.provider)?;
    if let ProviderKind::Saml(_) = provider.kind {
        return Err(Error::new(Kind::Usage, format!("the login with {} cannot be shown", provider.name))
            .why("it is one by SAML, and an assertion is for one reader only")
            .fix("sign in with an OpenID Connect provider, or answer as the user of this machine"));
    }
    let shown = identity::check_shown(provider, &setup.around, &claim.token).await?;
    let issuer = shown.issuer.as_deref().unwrap_or_default();
    Ok(Approver {
        key: Approver::login_key(issuer, &shown.subject),
        name: shown.user,
        groups: shown.groups,
        is_owner: true,
        via,
    })
}
