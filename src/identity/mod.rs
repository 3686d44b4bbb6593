//! Who is asking: identity providers, what they say of a person, and what proves it to AWS.

mod around;
mod browse;
mod ci;
#[expect(clippy::module_inception, reason = "the file is about the type of that name, as its neighbours are")]
mod identity;
mod keyring;
mod login;
mod loopback;
pub mod oidc;
mod page;
pub(crate) mod private;
mod provider;
mod quote;
mod renewal;
pub mod saml;
mod seal;
mod shown;
mod store;

pub use around::Surroundings;
pub use around::Tell;
pub use around::Told;
pub use ci::ci;
pub use ci::variables as ci_variables;
pub use ci::variables_with_tokens;
pub use identity::Assurance;
pub use identity::Identity;
pub use login::Login;
pub use login::Proof;
pub use provider::Provider;
pub use provider::find;
pub use renewal::renew;
pub use shown::check_shown;
pub use store::Hold;
pub use store::LoginStore;
