//! SAML 2.0: signing in at a provider with the browser, and what its assertion says.

mod assertion;
#[cfg(test)]
mod forge;
mod instant;
mod refusal;
mod response;
mod signature;
mod xml;
