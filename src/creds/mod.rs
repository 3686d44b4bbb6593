//! The real AWS credential: where it comes from, how long it lives, whose it is. It never leaves hoop's memory
//! but as a signature.

mod account;
mod assume;
mod chain;
mod files;
mod identify;
mod inspect;
mod offered;
mod profile;
mod sts;
mod survey;

pub use account::Who;
pub use account::ask_sts;
pub use assume::Assume;
pub use assume::Narrow;
pub use assume::Narrowing;
pub use assume::POLICY_CHARACTERS;
pub use assume::session_name;
pub use assume::source_identity;
pub use chain::Chain;
pub use chain::Fetched;
pub use chain::Sources;
pub use identify::Identified;
pub use identify::identify;
pub use inspect::AwsFile;
pub use inspect::Contents;
pub use inspect::inspect;
pub use offered::offered_profiles;
pub use profile::region_of;
pub use profile::role_of_profile;
pub use survey::How;
pub use survey::Origin;
pub use survey::SignIn;
pub use survey::survey;

/// The longest text of a cause that is taken over from the AWS libraries, in characters.
const LONGEST_CAUSE: usize = 400;
