//! What hoop knows of AWS: signatures, protocols, which operation a request is, which IAM action and resources it
//! means, and how AWS says no. Pure: no sockets, no clock, no environment.

mod call;
pub mod chunked;
pub mod host;
pub mod protocol;
pub mod refusal;
pub mod sigv4;

pub use call::Call;
pub use call::RequestView;
pub use call::body_needed;
pub use call::identify;
pub use host::is_aws_host;
pub use host::upstream_host;
pub use protocol::Protocol;
pub use refusal::Refusal;
pub use refusal::refusal;
