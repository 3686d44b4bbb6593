//! Lambda: what a function is, and what starts it.

use super::Look;
use super::Told;
use super::read::Read;
use super::read::encoded;
use super::tree;
use crate::aws::Call;

/// What is worth knowing.
pub fn looks(call: &Call) -> Vec<Look> {
    let Some(function) = tree::text(&call.params, "FunctionName") else { return Vec::new() };
    // A version or an alias: only that is deleted or changed.
    let qualifier = tree::text(&call.params, "Qualifier");
    let qualifier = qualifier.as_deref();
    match call.operation.as_str() {
        "DeleteFunction" if qualifier.is_some() => vec![configuration(&function, qualifier)],
        "DeleteFunction" => vec![configuration(&function, None), sources(&function)],
        "UpdateFunctionCode"
        | "UpdateFunctionConfiguration"
        | "PutFunctionConcurrency"
        | "AddPermission"
        | "RemovePermission"
        | "DeleteFunctionUrlConfig"
        | "CreateFunctionUrlConfig" => vec![configuration(&function, qualifier)],
        _ => Vec::new(),
    }
}

/// Never its environment, which may hold secrets.
fn configuration(function: &str, qualifier: Option<&str>) -> Look {
    let mut target = format!("/2015-03-31/functions/{}/configuration", encoded(function));
    if let Some(qualifier) = qualifier {
        target.push_str(&format!("?Qualifier={}", encoded(qualifier)));
    }
    Look::new("function", Read::get("GetFunctionConfiguration", target), |answer| {
        let mut said: Vec<String> = Vec::new();
        said.extend(tree::text(answer, "State"));
        said.extend(tree::text(answer, "Runtime"));
        said.extend(tree::text(answer, "MemorySize").map(|size| format!("{size} MB")));
        Told::fact("function", said.join(", "))
            .maybe("version", tree::text(answer, "Version").filter(|version| version != "$LATEST"))
            .maybe(
                "last changed",
                tree::text(answer, "LastModified").map(|time| tree::time(&time.replace("+0000", "Z"))),
            )
            .maybe("role", tree::text(answer, "Role"))
    })
}

fn sources(function: &str) -> Look {
    let target = format!("/2015-03-31/event-source-mappings?FunctionName={}&MaxItems=20", encoded(function));
    Look::new("started by", Read::get("ListEventSourceMappings", target), |answer| {
        let all: Vec<String> = tree::items(answer, "EventSourceMappings.EventSourceArn")
            .into_iter()
            .filter_map(|arn| arn.as_str().map(str::to_owned))
            .collect();
        Told::fact("event sources", tree::some(&all))
    })
}
