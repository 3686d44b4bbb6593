//! One made-up request for every operation of the table, requests of real clients, and arbitrary input.

use http::Request;
use http::request::Parts;
use proptest::prelude::*;

use super::*;
use crate::aws::catalog::Operation;
use crate::aws::catalog::Service;
use crate::aws::upstream_host;

const ACCOUNT: &str = "123456789012";

fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let mut builder = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap().into_parts().0
}

fn call_at(service: &str, host: Option<&str>, request: (&str, &str, &[(&str, &str)]), body: &str) -> Call {
    let parts = parts(request.0, request.1, request.2);
    let body = body.as_bytes();
    identify(&RequestView { parts: &parts, host, service, region: "eu-west-1", body, account: ACCOUNT })
}

fn call(service: &str, request: (&str, &str, &[(&str, &str)]), body: &str) -> Call {
    call_at(service, None, request, body)
}

fn json(service: &str, target: &str, body: &str) -> Call {
    call(
        service,
        ("POST", "/", &[("x-amz-target", target), ("content-type", "application/x-amz-json-1.1")]),
        body,
    )
}

fn form(service: &str, body: &str) -> Call {
    call(
        service,
        ("POST", "/", &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")]),
        body,
    )
}

/// A request that a client could send for the operation.
fn synthetic(service: &Service, operation: &Operation) -> (Parts, String) {
    let protocol = service.protocols.split(',').next().unwrap_or_default();
    if !service.is_rest() {
        return match protocol {
            "query" | "ec2" => {
                let body = format!("Action={}&Version={}", operation.name, service.version);
                (parts("POST", "/", &[("content-type", "application/x-www-form-urlencoded")]), body)
            }
            "smithy-rpc-v2-cbor" if !service.protocols.contains("json") => {
                let path = format!("/service/{}/operation/{}", service.target, operation.name);
                (parts("POST", &path, &[("smithy-protocol", "rpc-v2-cbor")]), String::new())
            }
            _ => {
                let target = format!("{}.{}", service.target, operation.name);
                (parts("POST", "/", &[("x-amz-target", &target)]), "{}".to_owned())
            }
        };
    }
    let (template, literals) = operation.uri.split_once('?').unwrap_or((operation.uri, ""));
    let path: Vec<&str> = template
        .split('/')
        .map(|segment| if segment.starts_with('{') { "label-1" } else { segment })
        .collect();
    let mut query: Vec<String> = literals.split('&').filter(|l| !l.is_empty()).map(str::to_owned).collect();
    let mut headers = vec![];
    for needed in operation.required.split(',').filter(|needed| !needed.is_empty()) {
        match needed.strip_prefix('@') {
            Some(header) => headers.push((header, "b/k")),
            None => query.push(format!("{needed}=1")),
        }
    }
    if service.name == "s3control" {
        headers.push(("x-amz-account-id", ACCOUNT));
    }
    let uri =
        if query.is_empty() { path.join("/") } else { format!("{}?{}", path.join("/"), query.join("&")) };
    (parts(operation.method, &uri, &headers), String::new())
}

#[test]
fn nearly_every_operation_is_told_from_all_others() {
    let (mut total, mut exact, mut hosted, mut owned) = (0u32, 0u32, 0u32, 0u32);
    let mut wrong = Vec::new();
    for service in Catalog::get().services() {
        for operation in service.operations() {
            let (parts, body) = synthetic(service, &operation);
            let host = service.hosts.split('|').next().unwrap_or_default().replace("{r}", "eu-west-1");
            let host = if service.name == "s3control" { format!("{ACCOUNT}.{host}") } else { host };
            // It looks like ListBuckets and is told from it by its signing name alone.
            let signing =
                if operation.name == "ListDirectoryBuckets" { "s3express" } else { service.signing };
            let view = |host| RequestView {
                parts: &parts,
                host,
                service: signing,
                region: "eu-west-1",
                body: body.as_bytes(),
                account: ACCOUNT,
            };
            let blind = identify(&view(None));
            let seen = identify(&view(Some(&host)));
            let action = operation.action(service);
            let same = |call: &Call| call.operation == operation.name && call.service == service.name;
            // Two names of one action are as good as one.
            let means = |call: &Call| {
                call.operation != UNKNOWN
                    && (same(call)
                        || call.action == action
                        || call.action.starts_with("dynamodb:PartiQL")
                        || call.action.starts_with("s3express:"))
            };
            total += 1;
            exact += u32::from(means(&blind));
            hosted += u32::from(means(&seen));
            owned += u32::from(
                seen.resources.iter().all(|arn| !arn.ends_with(":*")) || operation.resources.is_empty(),
            );
            // Never another operation with another action, with or without a host.
            for (call, how) in [(&blind, "without host"), (&seen, "with host")] {
                if call.operation != UNKNOWN && !means(call) {
                    wrong.push(format!(
                        "{}.{} read as {}.{} {how}",
                        service.name, operation.name, call.service, call.operation
                    ));
                }
            }
        }
    }
    let share = |part: u32| f64::from(part) * 100.0 / f64::from(total);
    let figures = format!(
        "{total} operations: {:.2} % without host, {:.2} % with; {:.1} % on a resource of their own or none",
        share(exact),
        share(hosted),
        share(owned)
    );
    assert!(share(exact) > 98.0 && share(hosted) > 99.5, "{figures}\n{}", wrong.join("\n"));
    assert!(wrong.is_empty(), "{figures}\n{}", wrong.join("\n"));
}
