//! Who is asking: identity providers, what they say of a person, and what proves it to AWS.

mod identity;
mod login;
mod private;
mod provider;
mod seal;
mod store;

pub use identity::Assurance;
pub use identity::Identity;
pub use login::Login;
pub use login::Proof;
pub use provider::Provider;
pub use provider::find;
pub use store::Hold;
pub use store::LoginStore;
