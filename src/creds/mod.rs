//! The real AWS credential: where it comes from, how long it lives, whose it is. It never leaves hoop's memory
//! but as a signature.

mod account;
mod chain;
mod files;
mod offered;
mod region;

pub use account::Who;
pub use account::ask_sts;
pub use chain::Chain;
pub use chain::Fetched;
pub use chain::Sources;
pub use offered::offered_profiles;
pub use region::region_of;

/// The longest text of a cause that is taken over from the AWS libraries, in characters.
const LONGEST_CAUSE: usize = 400;
