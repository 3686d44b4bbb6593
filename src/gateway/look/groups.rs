//! Security groups: the rules that there are, those that there would be, and who is behind them.

use serde_json::Value;

use super::Look;
use super::Told;
use super::change::Change;
use super::ec2::VERSION;
use super::read::Read;
use super::tree;
use crate::aws::Call;
use crate::gateway::documents;
use crate::gateway::documents::Line;

/// What a call does to the rules.
#[derive(Clone)]
enum Does {
    Adds(Vec<Line>),
    Removes(Vec<Line>),
    /// The group goes, and all its rules.
    Ends,
    /// It names rules by ids: what they say is not known here.
    Other,
}

/// What is worth knowing; `shown`: the parameters as they may be shown.
pub fn looks(call: &Call, shown: &Value) -> Vec<Look> {
    let (way, does) = match call.operation.as_str() {
        "AuthorizeSecurityGroupIngress" => ("from", Does::Adds(asked(shown, "from"))),
        "AuthorizeSecurityGroupEgress" => ("to", Does::Adds(asked(shown, "to"))),
        "RevokeSecurityGroupIngress" => ("from", Does::Removes(asked(shown, "from"))),
        "RevokeSecurityGroupEgress" => ("to", Does::Removes(asked(shown, "to"))),
        "DeleteSecurityGroup" => ("from", Does::Ends),
        "ModifySecurityGroupRules" => ("from", Does::Other),
        _ => return Vec::new(),
    };
    match (tree::text(&call.params, "GroupId"), tree::text(&call.params, "GroupName")) {
        (Some(id), _) => vec![group(("GroupId.1", &id), way, does), behind(("group-id", &id))],
        (None, Some(name)) => vec![group(("GroupName.1", &name), way, does), behind(("group-name", &name))],
        _ => Vec::new(),
    }
}

/// The rules in the parameters: as a list, or one by members of its own.
fn asked(params: &Value, way: &str) -> Vec<Line> {
    let mut permissions = tree::items(params, "IpPermissions");
    if params.get("CidrIp").is_some() {
        permissions.push(params);
    }
    documents::rules(&permissions, way)
}

fn group((by, value): (&str, &str), way: &'static str, does: Does) -> Look {
    Look::new(
        "security group",
        Read::form("DescribeSecurityGroups", VERSION, &[(by, value)]),
        move |answer| {
            let Some(group) = tree::items(answer, "securityGroupInfo.item").first().copied().cloned() else {
                return Told::fact("security group", "it does not exist");
            };
            let list = if way == "from" { "ipPermissions.item" } else { "ipPermissionsEgress.item" };
            let present = documents::rules(&tree::items(&group, list), way);
            let name = tree::text(&group, "groupName").unwrap_or_default();
            let network = tree::text(&group, "vpcId").map(|id| format!(" in {id}")).unwrap_or_default();
            let told = Told::fact(
                "security group",
                format!("{name}{network}, {}", tree::count(present.len(), "rule")),
            );
            let compared = if way == "from" { "rules for what comes in" } else { "rules for what goes out" };
            told.changing(match does.clone() {
                Does::Adds(rules) if !rules.is_empty() => Some(Change::adding(compared, present, rules)),
                Does::Removes(rules) if !rules.is_empty() => {
                    Some(Change::removing(compared, present, &rules))
                }
                Does::Ends => Some(Change::new(compared, present, Vec::new())),
                _ => None,
            })
        },
    )
}

/// The network interfaces that the group protects.
fn behind((by, value): (&str, &str)) -> Look {
    let filter = [("Filter.1.Name", by), ("Filter.1.Value.1", value), ("MaxResults", "100")];
    Look::new("in use", Read::form("DescribeNetworkInterfaces", VERSION, &filter), |answer| {
        let interfaces = tree::items(answer, "networkInterfaceSet.item");
        let mut machines: Vec<String> = tree::items(answer, "networkInterfaceSet.item.attachment.instanceId")
            .into_iter()
            .filter_map(|id| id.as_str().map(str::to_owned))
            .collect();
        machines.dedup();
        let more = if tree::text(answer, "nextToken").is_some() { " or more" } else { "" };
        let said = match interfaces.len() {
            0 => "by no network interface".to_owned(),
            number => format!("by {number}{more} network interfaces; instances: {}", tree::some(&machines)),
        };
        Told::fact("in use", said)
    })
}
