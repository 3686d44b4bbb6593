//! Parameters of REST operations, from path, query, headers and body, by the names the API reference has for them.

use serde_json::Value;

use super::Params;
use super::json;
use super::rest::Query;
use super::rest::Route;
use super::shapes;
use super::shapes::Wire;
use super::xml;
use crate::aws::call::RequestView;
use crate::aws::catalog::Operation;
use crate::aws::catalog::listed;
use crate::aws::protocol::Protocol;

/// The parameters. `None` if the body is needed and cannot be read.
pub(super) fn rest(request: &RequestView<'_>, route: &Route) -> Option<Params> {
    let operation = &route.operation;
    let mut params = Params::new();
    for (label, value) in &route.labels {
        let name = operation.member('u', label).map_or(*label, |(name, _)| name);
        params.insert(name.to_owned(), Value::String(value.clone()));
    }
    let rest = operation.member('q', "*");
    let query = Query::new(request.parts.uri.query().unwrap_or_default())?;
    let mut others = Vec::new();
    for (wire, value) in query.parameters() {
        if is_literal(operation, wire) {
            continue;
        }
        match (operation.member('q', wire), rest) {
            (Some((name, many)), _) => add(&mut params, name, value.to_owned(), many),
            (None, Some((map, many))) => {
                let entries = params.entry(map).or_insert_with(|| Value::Object(Params::new()));
                if let Value::Object(entries) = entries {
                    add(entries, wire, value.to_owned(), many);
                }
            }
            (None, None) => others.push((wire, value)),
        }
    }
    // A name that AWS ignores does not take the place of one that it does not.
    let known = params.clone();
    for (name, value) in others {
        if !known.contains_key(name) {
            add(&mut params, name, value.to_owned(), false);
        }
    }
    for (wire, name) in operation.renamed('h') {
        let (name, many) = listed(name);
        params.shift_remove(name);
        header(request, wire, name, many, &mut params);
    }
    body(request, route, &mut params)?;
    let wire = if route.service.rest_protocol() == Protocol::RestXml { Wire::Xml } else { Wire::Json };
    shapes::apply(route.service.name, operation.name, wire, &mut params);
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

fn header(request: &RequestView<'_>, wire: &str, name: &str, many: bool, params: &mut Params) {
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
        let Ok(value) = value.to_str() else { continue };
        match many {
            true => value.split(',').for_each(|item| add(params, name, item.trim().to_owned(), true)),
            false => add(params, name, value.to_owned(), false),
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
            let Value::Object(mut members) = parse(request.body)? else { return None };
            // A member stands in one place: path, query and headers win over a body that repeats them, and names that
            // AWS knows over those that it ignores.
            for (wire, name) in route.operation.renamed('b') {
                if let Some(value) = members.shift_remove(wire) {
                    params.entry(name).or_insert(value);
                }
            }
            for (name, value) in members {
                params.entry(name).or_insert(value);
            }
        }
        None => {}
    }
    Some(())
}
