//! The real AWS credential: where it comes from, how long it lives, whose it is. It never leaves hoop's memory
//! but as a signature.

mod account;
mod assume;
mod chain;
mod cli_cache;
mod files;
mod identify;
mod inspect;
mod mfa;
mod names;
mod narrowing;
mod offered;
mod profile;
mod proof;
mod refused;
mod revoke;
mod sources;
mod sts;
mod survey;

pub use account::Who;
pub use account::ask_sts;
pub use assume::Assume;
pub use chain::Chain;
pub use chain::Fetched;
pub use chain::Unfetched;
pub use identify::Identified;
pub use identify::identify;
pub use inspect::AwsFile;
pub use inspect::Contents;
pub use inspect::inspect;
pub use mfa::Wanted;
pub use mfa::code_wanted;
pub use names::SessionTags;
pub use names::session_name;
pub use names::source_identity;
pub use narrowing::Narrow;
pub use narrowing::Narrowing;
pub use narrowing::POLICY_CHARACTERS;
pub use offered::offered_profiles;
pub use offered::offered_roles;
pub use profile::region_of;
pub use profile::role_of_profile;
pub use proof::GiveToken;
pub use proof::Proof;
pub use proof::SamlProviders;
pub use proof::Token;
pub use revoke::Asking as RevokeAsking;
pub use revoke::Revoked;
pub use revoke::revoke;
pub use sources::Sources;
pub use survey::How;
pub use survey::Origin;
pub use survey::SignIn;
pub use survey::survey;

/// The longest text of a cause that is taken over from the AWS libraries, in characters.
const LONGEST_CAUSE: usize = 400;
