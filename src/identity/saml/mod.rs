//! SAML 2.0: signing in at a provider with the browser, and what its assertion says.
//!
//! A login is one pass through these, in this order: [`metadata`], [`request`], [`browser`], [`response`] (with [`xml`] and
//! [`signature`]), [`replay`], [`assertion`]. Whoever asks AWS for a role with the answer reads [`roles`].

mod assertion;
mod browser;
#[cfg(test)]
mod forge;
mod instant;
mod metadata;
mod refusal;
mod replay;
mod request;
mod response;
mod roles;
mod signature;
mod xml;

pub use browser::browser;
pub use browser::consumer;
pub use browser::examine;
pub use roles::SamlRole;
pub use roles::SamlSession;
pub use roles::roles;
pub use roles::session;
