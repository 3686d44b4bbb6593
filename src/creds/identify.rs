//! Whose the credential of the chain is, for those who ask once and have no runtime.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::creds::account::Who;
use crate::creds::chain::Chain;
use crate::creds::sources::Sources;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::net::Upstream;

/// A credential as AWS knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// Whose it is.
    pub who: Who,
    /// When it ends, in seconds since the Unix epoch; `None`: nothing says.
    pub expires: Option<u64>,
    /// It is a key of an IAM user (`AKIA…`), which lives until somebody deletes it.
    pub is_long_lived: bool,
}

/// Fetches the credential and asks STS whose it is, as a session would at its first call. `None`: it took longer than
/// `limit`.
///
/// # Errors
/// No credential, or STS does not take it.
pub fn identify(
    sources: Sources,
    upstream: Arc<Upstream>,
    clock: Clock,
    limit: Duration,
) -> Result<Option<Identified>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|cause| Error::new(Kind::System, "cannot ask AWS").why(cause.to_string()))?;
    let asked = runtime.block_on(async {
        let chain = Chain::new(sources, upstream, clock);
        let ask = async {
            let fetched = chain.fetch().await?;
            let who = chain.who().await?.clone();
            let is_long_lived = fetched.key.access_key_id.starts_with("AKIA");
            Ok(Identified { who, expires: fetched.expires, is_long_lived })
        };
        tokio::time::timeout(limit, ask).await.ok()
    });
    // A look-up of a name may still be under way; nobody waits for it.
    runtime.shutdown_background();
    asked.transpose()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn without_any_files_there_is_no_credential_and_no_panic() {
        let sources = Sources::new(&HashMap::new(), None, None);
        let upstream = Arc::new(Upstream::new(None));
        // Nothing answers in so short a time, whatever this machine is.
        let found = identify(sources, upstream, Clock::system(), Duration::from_millis(1));
        assert!(matches!(found, Ok(None) | Err(_)), "{found:?}");
    }
}
