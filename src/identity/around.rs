//! What a login finds around it, as values, and what it tells the person.

use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;

use tokio::runtime::Builder;

use crate::clock::Clock;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity::Provider;
use crate::net::Web;

/// Time and environment of a login.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// What tells the time.
    pub clock: Clock,
    /// The process's variables: proxies, `BROWSER`, the tokens of CI.
    pub environment: HashMap<String, String>,
}

/// What a login tells the person while it goes on.
#[derive(Clone, Copy, Debug)]
pub enum Told<'t> {
    /// Sign in at this address; it has been opened in a browser, or has to be opened by hand.
    Address {
        /// The address.
        url: &'t str,
        /// Whether a browser was started.
        is_opened: bool,
        /// How long it is waited for, in seconds.
        within: u64,
    },
    /// Enter the code at the address, on any machine.
    Code {
        /// The address.
        url: &'t str,
        /// An address that holds the code already, where the provider has one.
        complete: Option<&'t str>,
        /// The code.
        code: &'t str,
        /// How long it is good for, in seconds.
        within: u64,
    },
}

/// Tells the person.
pub type Tell<'t> = &'t (dyn Fn(Told<'_>) + Sync);

impl Surroundings {
    /// A variable that is set to something.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A client for the servers of `provider`. A company's certificates, given by `ca_file` or `AWS_CA_BUNDLE`, are
    /// trusted.
    ///
    /// # Errors
    /// When the proxy's address cannot be used.
    pub fn web(&self, provider: Option<&Provider>) -> Result<Web> {
        let named = provider.and_then(|provider| provider.ca_file.clone());
        let trusted = named.or_else(|| self.variable("AWS_CA_BUNDLE").map(PathBuf::from));
        Web::new(trusted, &|name| self.environment.get(name).cloned()).map_err(|cause| {
            Error::new(Kind::Config, "the proxy cannot be used")
                .why(cause.to_string())
                .fix("write HTTPS_PROXY=http://HOST:PORT, or unset it")
        })
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.clock.unix_seconds()
    }
}

/// Runs `work` to its end, on a thread of its own: whoever asks may be part of another runtime, or of none.
pub(super) fn run<T: Send, F: Future<Output = Result<T>>>(work: impl FnOnce() -> F + Send) -> Result<T> {
    let lost = || Error::new(Kind::System, "the login broke off").why("its thread has failed");
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|cause| Error::io("cannot begin the login", &cause))?;
            let outcome = runtime.block_on(work());
            // A name that is still being looked up is not waited for.
            runtime.shutdown_background();
            outcome
        });
        thread.join().unwrap_or_else(|_| Err(lost()))
    })
}
