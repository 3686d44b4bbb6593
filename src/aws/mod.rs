//! What hoop knows of AWS: signatures, protocols, which operation a request is, which IAM action and resources it
//! means, and how AWS says no. Pure: no sockets, no clock, no environment.

mod agree;
mod call;
mod catalog;
pub mod chunked;
pub mod events;
pub mod host;
mod identify;
pub mod key_id;
pub mod live;
mod partition;
pub mod protocol;
pub mod raw;
pub mod refusal;
mod resources;
pub mod sigv4;
mod vending;

pub use agree::disagreement;
pub use call::Call;
pub use call::RequestView;
pub use call::UNKNOWN;
pub use host::is_aws_host;
pub use host::may_hold_aws;
pub use host::region_of_host;
pub use host::upstream_host;
pub use identify::body_needed;
pub use identify::cbor_value;
pub use identify::form_pairs;
pub use identify::identify;
pub use identify::reshaped;
pub use identify::xml_tree;
pub use partition::Partition;
pub use protocol::Protocol;
pub use refusal::Refusal;
pub use refusal::refusal;
pub use vending::needs_no_signature;
pub use vending::unsigned_services;
pub use vending::vends;

use crate::types::AccessLevel;

/// Every IAM action that an API operation is named for, with what it does. Loads the catalogue.
pub fn actions() -> impl Iterator<Item = (String, AccessLevel)> {
    let services = catalog::Catalog::get().services().iter();
    services.flat_map(|service| {
        service.operations().map(|operation| (operation.action(service), operation.access()))
    })
}

/// The IAM action that botocore's `operation` of `service` is named for; `None` if there is no such operation.
#[must_use]
pub fn action_of(service: &str, operation: &str) -> Option<String> {
    let service = catalog::Catalog::get().service(service)?;
    Some(service.operation(operation)?.action(service))
}
