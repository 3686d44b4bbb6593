//! IAM: who would gain or lose what, and how a document changes.

use serde_json::Value;

use super::Look;
use super::Told;
use super::change::Change;
use super::read::Read;
use super::tree;
use crate::aws::Call;
use crate::gateway::documents;
use crate::gateway::documents::Line;

/// The API's version.
const VERSION: &str = "2010-05-08";

/// There is no such document yet.
const NONE: &[&str] = &["NoSuchEntity", "NoSuchEntityException"];

/// What is worth knowing; `shown`: the parameters as they may be shown.
pub fn looks(call: &Call, shown: &Value) -> Vec<Look> {
    let one = |name: &str| tree::text(&call.params, name);
    let asked = |name: &str| {
        tree::text(shown, name).and_then(|text| documents::policy_in(&text)).map(|it| documents::policy(&it))
    };
    let operation = call.operation.as_str();
    let (role, user, group) = (one("RoleName"), one("UserName"), one("GroupName"));
    match operation {
        "DeleteRole" => role
            .map(|role| vec![last_use(&role), attached("Role", &role), inline("Role", &role)])
            .unwrap_or_default(),
        "DeleteUser" | "DeleteLoginProfile" => {
            user.map(|user| vec![about_user(&user), attached("User", &user), keys(&user)]).unwrap_or_default()
        }
        "DeleteAccessKey" | "UpdateAccessKey" => {
            one("AccessKeyId").map(|id| vec![key_use(&id)]).unwrap_or_default()
        }
        "DeleteGroup" => {
            group.map(|group| vec![members(&group), attached("Group", &group)]).unwrap_or_default()
        }
        "UpdateAssumeRolePolicy" => role
            .map(|role| vec![trust(&role, asked("PolicyDocument")), attached("Role", &role)])
            .unwrap_or_default(),
        "DeletePolicy" => one("PolicyArn")
            .map(|arn| vec![entities(&arn), default_document(&arn, Some(Vec::new()))])
            .unwrap_or_default(),
        "CreatePolicyVersion" => {
            // Only the default version counts.
            let is_default = tree::is_true(shown, "SetAsDefault");
            let asked = asked("PolicyDocument").filter(|_| is_default);
            one("PolicyArn")
                .map(|arn| vec![default_document(&arn, asked), entities(&arn)])
                .unwrap_or_default()
        }
        "SetDefaultPolicyVersion" | "DeletePolicyVersion" => {
            one("PolicyArn").map(|arn| vec![default_document(&arn, None), entities(&arn)]).unwrap_or_default()
        }
        "AttachRolePolicy" | "DetachRolePolicy" => {
            of_entity("Role", role, call, operation.starts_with("Attach"))
        }
        "AttachUserPolicy" | "DetachUserPolicy" => {
            of_entity("User", user, call, operation.starts_with("Attach"))
        }
        "AttachGroupPolicy" | "DetachGroupPolicy" => {
            of_entity("Group", group, call, operation.starts_with("Attach"))
        }
        "PutRolePolicy" | "DeleteRolePolicy" => in_entity("Role", role, call, asked("PolicyDocument")),
        "PutUserPolicy" | "DeleteUserPolicy" => in_entity("User", user, call, asked("PolicyDocument")),
        "PutGroupPolicy" | "DeleteGroupPolicy" => in_entity("Group", group, call, asked("PolicyDocument")),
        "AddUserToGroup" | "RemoveUserFromGroup" => {
            group.map(|group| vec![attached("Group", &group), members(&group)]).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// What stands in front of the result in an answer.
fn result<'a>(answer: &'a Value, operation: &str) -> &'a Value {
    answer.get(format!("{operation}Result")).unwrap_or(&Value::Null)
}

fn names(answer: &Value, path: &str) -> Vec<String> {
    tree::items(answer, path).into_iter().map(documents::scalar).collect()
}

fn last_use(role: &str) -> Look {
    Look::new("role", Read::form("GetRole", VERSION, &[("RoleName", role)]), |answer| {
        let role = tree::items(result(answer, "GetRole"), "Role").first().copied().unwrap_or(&Value::Null);
        let created = tree::text(role, "CreateDate").map(|time| tree::time(&time)).unwrap_or_default();
        let used = tree::text(role, "RoleLastUsed.LastUsedDate").map(|time| tree::time(&time));
        let used = used.unwrap_or_else(|| "not in the last 400 days, or not known".to_owned());
        let trusts =
            tree::text(role, "AssumeRolePolicyDocument").and_then(|text| documents::policy_in(&text));
        let trusts = trusts.map(|policy| {
            documents::policy(&policy)
                .iter()
                .filter(|line| !line.text.starts_with("Version"))
                .map(|line| line.text.clone())
                .collect::<Vec<_>>()
        });
        Told::fact("created", created)
            .and("last used", used)
            .maybe("trusts", trusts.map(|lines| tree::some(&lines)))
    })
}

fn about_user(user: &str) -> Look {
    Look::new("user", Read::form("GetUser", VERSION, &[("UserName", user)]), |answer| {
        let user = result(answer, "GetUser");
        let created = tree::text(user, "User.CreateDate").map(|time| tree::time(&time)).unwrap_or_default();
        let used = tree::text(user, "User.PasswordLastUsed").map(|time| tree::time(&time));
        Told::fact("created", created)
            .and("password last used", used.unwrap_or_else(|| "never, or there is none".to_owned()))
    })
}

fn keys(user: &str) -> Look {
    Look::new("access keys", Read::form("ListAccessKeys", VERSION, &[("UserName", user)]), |answer| {
        let all = tree::items(result(answer, "ListAccessKeys"), "AccessKeyMetadata.member");
        let active = all.iter().filter(|key| tree::text(key, "Status").as_deref() == Some("Active")).count();
        Told::fact("access keys", format!("{}, {active} active", all.len()))
    })
}

fn key_use(id: &str) -> Look {
    Look::new("access key", Read::form("GetAccessKeyLastUsed", VERSION, &[("AccessKeyId", id)]), |answer| {
        let used = result(answer, "GetAccessKeyLastUsed");
        let when = tree::text(used, "AccessKeyLastUsed.LastUsedDate").map(|time| tree::time(&time));
        let service = tree::text(used, "AccessKeyLastUsed.ServiceName").filter(|name| name != "N/A");
        let service = service.map(|service| format!(" for {service}")).unwrap_or_default();
        Told::fact("last used", when.map_or_else(|| "never".to_owned(), |when| format!("{when}{service}")))
            .maybe("user", tree::text(used, "UserName"))
    })
}

fn members(group: &str) -> Look {
    Look::new(
        "members",
        Read::form("GetGroup", VERSION, &[("GroupName", group), ("MaxItems", "100")]),
        |answer| {
            Told::fact("members", tree::some(&names(result(answer, "GetGroup"), "Users.member.UserName")))
        },
    )
}

fn entity_operation(verb: &'static str, kind: &'static str) -> &'static str {
    match (verb, kind) {
        ("ListAttached", "Role") => "ListAttachedRolePolicies",
        ("ListAttached", "User") => "ListAttachedUserPolicies",
        ("ListAttached", _) => "ListAttachedGroupPolicies",
        ("List", "Role") => "ListRolePolicies",
        ("List", "User") => "ListUserPolicies",
        ("List", _) => "ListGroupPolicies",
        (_, "Role") => "GetRolePolicy",
        (_, "User") => "GetUserPolicy",
        (_, _) => "GetGroupPolicy",
    }
}

fn name_of(kind: &'static str) -> &'static str {
    match kind {
        "Role" => "RoleName",
        "User" => "UserName",
        _ => "GroupName",
    }
}

fn attached(kind: &'static str, name: &str) -> Look {
    let operation = entity_operation("ListAttached", kind);
    Look::new("attached policies", Read::form(operation, VERSION, &[(name_of(kind), name)]), move |answer| {
        let all = names(result(answer, operation), "AttachedPolicies.member.PolicyName");
        Told::fact("attached policies", tree::some(&all))
    })
}

fn inline(kind: &'static str, name: &str) -> Look {
    let operation = entity_operation("List", kind);
    Look::new("inline policies", Read::form(operation, VERSION, &[(name_of(kind), name)]), move |answer| {
        Told::fact("inline policies", tree::some(&names(result(answer, operation), "PolicyNames.member")))
    })
}

/// A managed policy comes to or goes from an entity.
fn of_entity(kind: &'static str, name: Option<String>, call: &Call, is_added: bool) -> Vec<Look> {
    let (Some(name), Some(arn)) = (name, tree::text(&call.params, "PolicyArn")) else { return Vec::new() };
    let operation = entity_operation("ListAttached", kind);
    let line = vec![Line::new(arn.clone())];
    let present = Look::new(
        "attached policies",
        Read::form(operation, VERSION, &[(name_of(kind), &name)]),
        move |answer| {
            let all = tree::items(result(answer, operation), "AttachedPolicies.member.PolicyArn");
            let all: Vec<Line> = all.into_iter().map(|arn| Line::new(documents::scalar(arn))).collect();
            let change = match is_added {
                true => Change::adding("attached policies", all, line.clone()),
                false => Change::removing("attached policies", all, &line),
            };
            Told::default().changing(Some(change))
        },
    );
    vec![present, default_document(&arn, None)]
}

/// An inline policy of an entity changes or goes.
fn in_entity(kind: &'static str, name: Option<String>, call: &Call, asked: Option<Vec<Line>>) -> Vec<Look> {
    let (Some(name), Some(policy)) = (name, tree::text(&call.params, "PolicyName")) else {
        return Vec::new();
    };
    let asked = if call.operation.starts_with("Delete") { Some(Vec::new()) } else { asked };
    let operation = entity_operation("Get", kind);
    let params = [(name_of(kind), name.as_str()), ("PolicyName", policy.as_str())];
    let document = Look::new("inline policy", Read::form(operation, VERSION, &params), move |answer| {
        let text = tree::text(result(answer, operation), "PolicyDocument");
        let present = text.and_then(|text| documents::policy_in(&text));
        let told = if present.is_none() {
            Told::fact("inline policy", "there is none of this name yet")
        } else {
            Told::default()
        };
        let present = present.map(|policy| documents::policy(&policy)).unwrap_or_default();
        told.changing(asked.clone().map(|asked| Change::new("inline policy", present, asked)))
    });
    vec![document.none(NONE), attached(kind, &name)]
}

fn trust(role: &str, asked: Option<Vec<Line>>) -> Look {
    Look::new("trust policy", Read::form("GetRole", VERSION, &[("RoleName", role)]), move |answer| {
        let role = result(answer, "GetRole");
        let text = tree::text(role, "Role.AssumeRolePolicyDocument");
        let present =
            text.and_then(|text| documents::policy_in(&text)).map(|policy| documents::policy(&policy));
        let used = tree::text(role, "Role.RoleLastUsed.LastUsedDate").map(|time| tree::time(&time));
        let change =
            asked.clone().map(|asked| Change::new("trust policy", present.unwrap_or_default(), asked));
        Told::default().maybe("last used", used).changing(change)
    })
}

fn entities(arn: &str) -> Look {
    Look::new("attached to", Read::form("ListEntitiesForPolicy", VERSION, &[("PolicyArn", arn)]), |answer| {
        let all = result(answer, "ListEntitiesForPolicy");
        let of = |path: &str, what: &str| {
            names(all, path).into_iter().map(|name| format!("{what} {name}")).collect::<Vec<_>>()
        };
        let mut everybody = of("PolicyRoles.member.RoleName", "role");
        everybody.extend(of("PolicyUsers.member.UserName", "user"));
        everybody.extend(of("PolicyGroups.member.GroupName", "group"));
        Told::fact(
            "attached to",
            if everybody.is_empty() { "nobody".to_owned() } else { tree::some(&everybody) },
        )
    })
}

/// The version of a managed policy that counts: what it says, and with `asked` what changes.
fn default_document(arn: &str, asked: Option<Vec<Line>>) -> Look {
    let owned = arn.to_owned();
    Look::new("policy", Read::form("GetPolicy", VERSION, &[("PolicyArn", arn)]), move |answer| {
        let policy = result(answer, "GetPolicy");
        let attached = tree::number(policy, "Policy.AttachmentCount");
        let told = Told::default().maybe("attachments", attached.map(tree::grouped));
        let Some(version) = tree::text(policy, "Policy.DefaultVersionId") else { return told };
        let params = [("PolicyArn", owned.as_str()), ("VersionId", version.as_str())];
        let asked = asked.clone();
        told.and("default version", version.clone()).then(Look::new(
            "policy document",
            Read::form("GetPolicyVersion", VERSION, &params),
            move |answer| {
                let text = tree::text(result(answer, "GetPolicyVersion"), "PolicyVersion.Document");
                let present = text
                    .and_then(|text| documents::policy_in(&text))
                    .map(|policy| documents::policy(&policy));
                let Some(present) = present else {
                    return Told::fact("policy document", "it cannot be read");
                };
                match &asked {
                    Some(asked) => {
                        Told::default().changing(Some(Change::new("policy document", present, asked.clone())))
                    }
                    None => {
                        let lines: Vec<String> = present
                            .into_iter()
                            .map(|line| line.text)
                            .filter(|text| !text.starts_with("Version"))
                            .collect();
                        Told::fact("it says", tree::some(&lines))
                    }
                }
            },
        ))
    })
}
