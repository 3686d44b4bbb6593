//! Operations that a header, a form or a path of fixed shape names: json, query, ec2, rpc-v2-cbor.

use http::request::Parts;
use serde_json::Value;

use super::Found;
use super::Params;
use super::cbor;
use super::form;
use super::json;
use super::shapes;
use super::shapes::Wire;
use crate::aws::call::RequestView;
use crate::aws::catalog::Operation;
use crate::aws::catalog::Service;
use crate::aws::protocol::Protocol;
use crate::aws::protocol::text;

/// Whether the request carries the mark of an RPC protocol; such a request is never read as verb and path.
///
/// A form's content type is none where all `services` speak by verb and path: curl gives it to every upload, and S3 keeps
/// it as the object's.
pub(super) fn marked(parts: &Parts, services: &[&'static Service]) -> bool {
    parts.headers.contains_key("x-amz-target")
        || parts.headers.contains_key("smithy-protocol")
        || is_form(parts) && (services.is_empty() || !services.iter().all(|service| service.is_rest()))
        || action_in_query(parts)
}

fn is_form(parts: &Parts) -> bool {
    text(&parts.headers, "content-type").to_ascii_lowercase().starts_with("application/x-www-form-urlencoded")
}

fn action_in_query(parts: &Parts) -> bool {
    parts.uri.query().is_some_and(|query| query.split('&').any(|pair| pair.starts_with("Action=")))
}

/// The operation and its parameters. Two marks that could mean two operations are none.
pub(super) fn find(request: &RequestView<'_>, services: &[&'static Service]) -> Option<Found> {
    let headers = &request.parts.headers;
    let target = headers.contains_key("x-amz-target");
    let cbor = headers.contains_key("smithy-protocol");
    let in_query = action_in_query(request.parts);
    // A form's content type beside a target says nothing (old clients send it); a second operation does.
    let in_body = is_form(request.parts) && !target && !cbor;
    match (target, cbor, in_query || in_body) {
        (true, false, false) => by_target(request, services),
        (false, true, false) => by_path(request, services),
        (false, false, true) => by_action(request, services),
        _ => None,
    }
}

fn by_target(request: &RequestView<'_>, services: &[&'static Service]) -> Option<Found> {
    let mut values = request.parts.headers.get_all("x-amz-target").iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (target, name) = value.to_str().ok()?.rsplit_once('.')?;
    let (service, operation) = targeted(services, target, name)?;
    let Value::Object(mut params) = json::parse(request.body)? else { return None };
    shapes::apply(service.name, operation.name, Wire::Json, &mut params);
    Some(Found { service, operation, protocol: Protocol::Json, params })
}

/// The operation of the services that have this target. Two services can have one (Timestream); what both have must
/// mean the same.
fn targeted(
    services: &[&'static Service],
    target: &str,
    name: &str,
) -> Option<(&'static Service, Operation)> {
    let mut having = services
        .iter()
        .filter(|service| !service.target.is_empty() && service.target == target)
        .filter_map(|service| Some((*service, service.operation(name)?)));
    let (service, operation) = having.next()?;
    let action = operation.action(service);
    having.all(|(service, operation)| operation.action(service) == action).then_some((service, operation))
}

/// `/service/NAME/operation/NAME`, where the first name is the JSON target.
fn by_path(request: &RequestView<'_>, services: &[&'static Service]) -> Option<Found> {
    if text(&request.parts.headers, "smithy-protocol") != "rpc-v2-cbor" {
        return None;
    }
    let path = request.parts.uri.path();
    let (_, rest) = path.rsplit_once("/service/")?;
    let (target, name) = rest.split_once("/operation/")?;
    let (service, operation) = match targeted(services, target, name) {
        Some(found) => found,
        None if services.len() == 1 && services[0].target.is_empty() => {
            (services[0], services[0].operation(name)?)
        }
        None => return None,
    };
    let Value::Object(mut params) = cbor::parse(request.body)? else { return None };
    shapes::apply(service.name, operation.name, Wire::Json, &mut params);
    Some(Found { service, operation, protocol: Protocol::Cbor, params })
}

fn by_action(request: &RequestView<'_>, services: &[&'static Service]) -> Option<Found> {
    let mut pairs = form::pairs(request.parts.uri.query().unwrap_or_default())?;
    if is_form(request.parts) {
        pairs.extend(form::pairs(std::str::from_utf8(request.body).ok()?.trim_end())?);
    }
    // The signature's own parameters are no parameters of the call.
    pairs.retain(|(name, _)| !name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("X-Amz-")));
    let mut params = form::tree(&pairs)?;
    let name = params.remove("Action")?;
    let version = params.remove("Version").unwrap_or_default();
    let (service, operation) = named(services, name.as_str()?, version.as_str().unwrap_or_default())?;
    let ec2 = service.protocols.contains("ec2");
    let mut renamed = Params::new();
    for (wire, name) in operation.renamed('f') {
        if let Some(value) = params.shift_remove(wire) {
            renamed.insert(name.to_owned(), value);
        }
    }
    // What AWS would not look at does not take the place of what it does.
    for (name, value) in params {
        renamed.entry(name).or_insert(value);
    }
    shapes::apply(service.name, operation.name, Wire::Form, &mut renamed);
    Some(Found {
        service,
        operation,
        protocol: if ec2 { Protocol::Ec2 } else { Protocol::Query },
        params: renamed,
    })
}

/// The service that has the operation; the API version tells elb from elbv2. The rds family shares host, version,
/// operations and IAM actions: there the one that gave the signing name its name stands for all.
fn named(services: &[&'static Service], name: &str, version: &str) -> Option<(&'static Service, Operation)> {
    let mut having: Vec<(&'static Service, Operation)> = services
        .iter()
        .filter(|service| !service.is_rest())
        .filter_map(|service| Some((*service, service.operation(name)?)))
        .collect();
    if having.iter().any(|(service, _)| service.version == version) {
        having.retain(|(service, _)| service.version == version);
    }
    let (first, operation) = *having.first()?;
    if let Some(same) = having.iter().find(|(service, _)| service.name == service.signing) {
        return Some(*same);
    }
    let action = operation.action(first);
    having
        .iter()
        .all(|(service, operation)| operation.action(service) == action)
        .then_some((first, operation))
}
