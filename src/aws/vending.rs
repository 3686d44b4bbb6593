//! Operations whose answers hold AWS credentials, and those of them that need no signature.
//!
//! By the models of botocore: an output structure with an access key id and a secret key in it. A test compares.

use super::call::Call;

/// Each service, in botocore's words, and its operations.
const VENDING: &[(&str, &[&str])] = &[
    ("account-access-runtime", &["GetRoleCredentials"]),
    ("cloudwatchomni", &["GetSpaceCredentialsForOrganization", "GetSpaceDataAccess"]),
    ("codepipeline", &["GetJobDetails", "GetThirdPartyJobDetails", "PollForJobs"]),
    ("cognito-identity", &["GetCredentialsForIdentity"]),
    ("datazone", &["GetConnection", "GetEnvironmentCredentials"]),
    (
        "deadline",
        &[
            "AssumeFleetRoleForRead",
            "AssumeFleetRoleForWorker",
            "AssumeQueueRoleForRead",
            "AssumeQueueRoleForUser",
            "AssumeQueueRoleForWorker",
        ],
    ),
    ("eks-auth", &["AssumeRoleForPodIdentity"]),
    ("gamelift", &["CreateBuild", "GetComputeAccess", "RequestUploadCredentials"]),
    ("iam", &["CreateAccessKey"]),
    (
        "lakeformation",
        &[
            "AssumeDecoratedRoleWithSAML",
            "GetTemporaryDataLocationCredentials",
            "GetTemporaryGlueFunctionCredentials",
            "GetTemporaryGluePartitionCredentials",
            "GetTemporaryGlueTableCredentials",
        ],
    ),
    ("lightsail", &["CreateBucketAccessKey", "GetBucketAccessKeys"]),
    ("s3", &["CreateSession"]),
    ("s3control", &["GetDataAccess"]),
    ("signin", &["CreateOAuth2Token"]),
    ("ssm", &["GetAccessToken"]),
    ("sso", &["GetRoleCredentials"]),
    (
        "sts",
        &[
            "AssumeRole",
            "AssumeRoleWithSAML",
            "AssumeRoleWithWebIdentity",
            "AssumeRoot",
            "GetDelegatedAccessToken",
            "GetFederationToken",
            "GetSessionToken",
        ],
    ),
];

/// Operations without a signature that lead to a credential, by signing name. Whoever calls them shows a token or an
/// assertion instead.
const UNSIGNED: &[(&str, &str, &[&str])] = &[
    ("sts", "sts", &["AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"]),
    ("awsssoportal", "sso", &["GetRoleCredentials", "ListAccountRoles", "ListAccounts"]),
    ("cognito-identity", "cognito-identity", &["GetCredentialsForIdentity", "GetId"]),
];

/// Whether the answer to a call holds AWS credentials.
#[must_use]
pub fn vends(call: &Call) -> bool {
    let operations = VENDING.iter().find(|(service, _)| *service == call.service);
    operations.is_some_and(|(_, operations)| operations.contains(&call.operation.as_str()))
}

/// The signing names of services that have unsigned operations, in the order to try them.
pub fn unsigned_services() -> impl Iterator<Item = &'static str> {
    UNSIGNED.iter().map(|(signing_name, _, _)| *signing_name)
}

/// Whether a call is one that is made without a signature.
#[must_use]
pub fn needs_no_signature(call: &Call) -> bool {
    let found = UNSIGNED.iter().find(|(_, service, _)| *service == call.service);
    found.is_some_and(|(_, _, operations)| operations.contains(&call.operation.as_str()))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Prints `service operation signed` for every operation of botocore that vends.
    const MODELS: &str = r#"
import botocore.session
from botocore.model import ServiceModel
loader = botocore.session.get_session().get_component("data_loader")

def vends(shape, seen):
    if shape.name in seen:
        return False
    seen = seen | {shape.name}
    if shape.type_name == "structure":
        names = {name.lower() for name in shape.members}
        if "accesskeyid" in names and names & {"secretaccesskey", "secretkey"}:
            return True
        return any(vends(member, seen) for member in shape.members.values())
    if shape.type_name == "list":
        return vends(shape.member, seen)
    return shape.type_name == "map" and vends(shape.value, seen)

for service in loader.list_available_services("service-2"):
    model = ServiceModel(loader.load_service_model(service, "service-2"), service)
    for name in model.operation_names:
        operation = model.operation_model(name)
        unsigned = operation.auth_type == "none"
        if operation.output_shape and vends(operation.output_shape, frozenset()):
            print(service, name, model.signing_name if unsigned else "signed")
"#;

    #[test]
    fn the_table_is_what_the_models_say() {
        let cache = std::env::var("HOOP_CACHE")
            .unwrap_or_else(|_| format!("{}/.cache/hoop", std::env::var("HOME").unwrap()));
        let python = format!("{cache}/venv/bin/python3");
        let output = Command::new(&python).args(["-c", MODELS]).output().unwrap();
        assert!(output.status.success(), "{}", output.stderr.escape_ascii());
        let text = String::from_utf8(output.stdout).unwrap();
        let mut modelled: Vec<&str> = text.lines().map(|line| line.rsplit_once(' ').unwrap().0).collect();
        modelled.sort_unstable();
        let mut own: Vec<String> = VENDING
            .iter()
            .flat_map(|(service, operations)| operations.iter().map(move |name| format!("{service} {name}")))
            .collect();
        own.sort();
        assert_eq!(own, modelled);
        let unsigned: Vec<&str> = text.lines().filter(|line| !line.ends_with(" signed")).collect();
        for (signing, service, operations) in UNSIGNED {
            for name in *operations {
                let vending = VENDING.iter().any(|(own, list)| own == service && list.contains(name));
                let line = format!("{service} {name} {signing}");
                assert!(!vending || unsigned.contains(&line.as_str()), "{line}");
            }
        }
        assert!(unsigned.len() >= 4, "{unsigned:?}");
    }
}
