//! Parameters of REST operations, from path, query, headers and body, by the names the API reference has for them.

use serde_json::Value;

use super::Params;
use super::json;
use super::rest::Query;
use super::rest::Route;
use super::xml;
use crate::aws::call::RequestView;
use crate::aws::catalog::Operation;
use crate::aws::protocol::Protocol;

/// The parameters. `None` if the body is needed and cannot be read.
pub(super) fn rest(request: &RequestView<'_>, route: &Route) -> Option<Params> {
    let operation = &route.operation;
    let mut params = Params::new();
    for (label, value) in &route.labels {
        let name = operation.member('u', label).map_or(*label, |(name, _)| name);
        params.insert(name.to_owned(), Value::String(value.clone()));
    }
    for (wire, value) in Query::new(request.parts.uri.query().unwrap_or_default())?.parameters() {
        if is_literal(operation, wire) {
            continue;
        }
        let (name, many) = operation.member('q', wire).unwrap_or((wire, false));
        add(&mut params, name, value.to_owned(), many);
    }
    for (wire, name) in operation.renamed('h') {
        header(request, wire, name, &mut params);
    }
    body(request, route, &mut params)?;
    Some(params)
}

fn is_literal(operation: &Operation, wire: &str) -> bool {
    let literals = operation.uri.split_once('?').map_or("", |(_, literals)| literals);
    wire == "x-id" || literals.split('&').any(|literal| literal.split('=').next() == Some(wire))
}

fn add(params: &mut Params, name: &str, value: String, many: bool) {
    match params.get_mut(name) {
        Some(Value::Array(list)) => list.push(Value::String(value)),
        Some(one) => {
            let first = one.take();
            *one = Value::Array(vec![first, Value::String(value)]);
        }
        None if many => {
            params.insert(name.to_owned(), Value::Array(vec![Value::String(value)]));
        }
        None => {
            params.insert(name.to_owned(), Value::String(value));
        }
    }
}

fn header(request: &RequestView<'_>, wire: &str, name: &str, params: &mut Params) {
    let headers = &request.parts.headers;
    if let Some(prefix) = wire.strip_suffix('*') {
        let found: Params = headers
            .iter()
            .filter_map(|(key, value)| {
                let rest = key.as_str().strip_prefix(prefix).filter(|rest| !rest.is_empty())?;
                Some((rest.to_owned(), Value::String(value.to_str().ok()?.to_owned())))
            })
            .collect();
        if !found.is_empty() {
            params.insert(name.to_owned(), Value::Object(found));
        }
        return;
    }
    for value in headers.get_all(wire) {
        if let Ok(value) = value.to_str() {
            add(params, name, value.to_owned(), false);
        }
    }
    // A presigned URL carries such headers in its query.
    if wire.starts_with("x-amz-") && !headers.contains_key(wire) {
        let raw = request.parts.uri.query().unwrap_or_default();
        for (key, value) in super::form::pairs(raw).unwrap_or_default() {
            if key.eq_ignore_ascii_case(wire) {
                add(params, name, value, false);
            }
        }
    }
}

fn body(request: &RequestView<'_>, route: &Route, params: &mut Params) -> Option<()> {
    let parse = |body: &[u8]| match route.service.rest_protocol() {
        Protocol::RestXml => xml::parse(body),
        _ => json::parse(body),
    };
    match route.operation.payload.split_once(':') {
        Some((_, "blob")) => {}
        Some((name, "string")) => {
            let text = std::str::from_utf8(request.body).ok()?;
            params.insert(name.to_owned(), Value::String(text.to_owned()));
        }
        Some((name, _)) => {
            params.insert(name.to_owned(), parse(request.body)?);
        }
        None if route.operation.payload == "*" => {
            let Value::Object(members) = parse(request.body)? else { return None };
            for (wire, value) in members {
                let name = route.operation.member('b', &wire).map_or(wire, |(name, _)| name.to_owned());
                // A member stands in one place; path and query win over a body that repeats them.
                params.entry(name).or_insert(value);
            }
        }
        None => {}
    }
    Some(())
}
