//! CloudFormation: what goes with a stack.

use std::collections::BTreeMap;

use super::Look;
use super::Told;
use super::read::Read;
use super::tree;
use crate::aws::Call;

/// The API's version.
const VERSION: &str = "2010-05-15";

/// What is worth knowing.
pub fn looks(call: &Call) -> Vec<Look> {
    let asks = matches!(
        call.operation.as_str(),
        "DeleteStack"
            | "UpdateStack"
            | "ExecuteChangeSet"
            | "UpdateTerminationProtection"
            | "CancelUpdateStack"
    );
    match tree::text(&call.params, "StackName").filter(|_| asks) {
        Some(stack) => vec![described(&stack), resources(&stack)],
        None => Vec::new(),
    }
}

fn described(stack: &str) -> Look {
    Look::new("stack", Read::form("DescribeStacks", VERSION, &[("StackName", stack)]), |answer| {
        let all = tree::items(answer, "DescribeStacksResult.Stacks.member");
        let Some(stack) = all.first() else { return Told::fact("stack", "it does not exist") };
        let protected = tree::is_true(stack, "EnableTerminationProtection");
        Told::fact("stack", tree::text(stack, "StackStatus").unwrap_or_default())
            .and("termination protection", if protected { "on: AWS will refuse to delete it" } else { "off" })
            .maybe("part of", tree::text(stack, "ParentId"))
    })
}

fn resources(stack: &str) -> Look {
    Look::new("resources", Read::form("DescribeStackResources", VERSION, &[("StackName", stack)]), |answer| {
        let types = tree::items(answer, "DescribeStackResourcesResult.StackResources.member.ResourceType");
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for kind in types.iter().filter_map(|kind| kind.as_str()) {
            *kinds.entry(kind.trim_start_matches("AWS::").to_owned()).or_default() += 1;
        }
        // CloudFormation tells at most a hundred this way.
        let more = if types.len() >= 100 { " or more" } else { "" };
        let mut kinds: Vec<(String, usize)> = kinds.into_iter().collect();
        kinds.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
        let named: Vec<String> = kinds.into_iter().map(|(kind, number)| format!("{number} {kind}")).collect();
        Told::fact(
            "resources",
            if types.is_empty() {
                "none".to_owned()
            } else {
                format!("{}{more}: {}", types.len(), tree::some(&named))
            },
        )
    })
}
