//! Which operation a request is. Untrusted input: nothing here panics, and what is ambiguous is unknown.

mod cbor;
mod form;
mod json;
mod members;
mod rest;
mod rpc;
mod shapes;
mod xml;

pub use cbor::parse as cbor_value;
pub use form::pairs as form_pairs;
pub use xml::parse as xml_tree;

use http::request::Parts;
use serde_json::Map;
use serde_json::Value;

use super::call::Call;
use super::call::RequestView;
use super::call::UNKNOWN;
use super::catalog::Catalog;
use super::catalog::Operation;
use super::catalog::Service;
use super::host::Address;
use super::protocol::Protocol;
use super::resources;
use crate::types::AccessLevel;

/// Parameters by member name.
pub(super) type Params = Map<String, Value>;

/// An operation that was found, and its parameters.
pub(super) struct Found {
    pub service: &'static Service,
    pub operation: Operation,
    pub protocol: Protocol,
    pub params: Params,
}

/// Finds out what a request asks for.
///
/// Never fails: what is not understood, or could be read in two ways, has the operation [`UNKNOWN`], the action
/// `prefix:unknown` and [`AccessLevel::Unknown`].
#[must_use]
pub fn identify(request: &RequestView<'_>) -> Call {
    let address = request.host.and_then(Address::parse);
    match find(request, address.as_ref()) {
        Some(found) => resources::call(request, address.as_ref(), found),
        None => unknown(request),
    }
}

/// Whether the body has to be read before [`identify`] can tell everything that a decision needs: not for uploads.
///
/// The host is taken from the `Host` header or the URI; one that is not AWS's means an endpoint URL.
#[must_use]
pub fn body_needed(parts: &Parts, scope_service: &str) -> bool {
    let services = Catalog::get().signed_as(scope_service);
    if rpc::marked(parts, &services) {
        return true;
    }
    let authority = parts.uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    let host = parts.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or(authority);
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let address = Some(host).filter(|host| super::is_aws_host(host)).and_then(Address::parse);
    let services = candidates(scope_service, address.as_ref());
    match rest::find(parts, &services, address.as_ref(), scope_service) {
        Some(route) => {
            !matches!(route.operation.payload, "" | "-") && !route.operation.payload.ends_with(":blob")
        }
        None => false,
    }
}

/// The services with this signing name; if the host is one that serves some of them, only those.
fn candidates(signing: &str, address: Option<&Address>) -> Vec<&'static Service> {
    let services = Catalog::get().signed_as(signing);
    let serves = |service: &&'static Service| address.is_some_and(|address| address.serves(service));
    let here: Vec<&'static Service> = services.iter().copied().filter(serves).collect();
    if here.is_empty() { services } else { here }
}

/// Gives members of an XML body the names and forms that the parameters of `operation` have in the API reference: answers
/// are written as requests are.
pub fn reshaped(service: &str, operation: &str, members: &mut Map<String, Value>) {
    shapes::apply(service, operation, shapes::Wire::Xml, members);
}

fn find(request: &RequestView<'_>, address: Option<&Address>) -> Option<Found> {
    let services = candidates(request.service, address);
    if rpc::marked(request.parts, &services) {
        return rpc::find(request, &services);
    }
    let route = rest::find(request.parts, &services, address, request.service)?;
    let params = members::rest(request, &route)?;
    Some(Found {
        service: route.service,
        operation: route.operation,
        protocol: route.service.rest_protocol(),
        params,
    })
}

fn unknown(request: &RequestView<'_>) -> Call {
    let services = Catalog::get().signed_as(request.service);
    let prefix = match services.as_slice() {
        [] => request.service,
        [first, ..] => services.iter().find(|s| s.name == request.service).map_or(first.prefix, |s| s.prefix),
    };
    Call {
        service: services
            .iter()
            .find(|s| s.name == request.service)
            .or(services.first())
            .map_or(request.service, |s| s.name)
            .to_owned(),
        prefix: prefix.to_owned(),
        operation: UNKNOWN.to_owned(),
        action: format!("{prefix}:{UNKNOWN}"),
        more_actions: Vec::new(),
        access: AccessLevel::Unknown,
        region: request.region.to_owned(),
        signing_name: request.service.to_owned(),
        protocol: Protocol::guess(request.parts, request.service),
        resources: vec!["*".to_owned()],
        partial: true,
        params: Value::Null,
        needs_account: false,
    }
}

#[cfg(test)]
mod tests;
