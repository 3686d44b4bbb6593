//! The compiled document, read by a small IAM of its own, against hoop's decisions.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::pattern;
use crate::policy::actions::Actions;
use crate::policy::actions::AwsActions;
use crate::policy::request::Request;
use crate::types::AccessLevel;

const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];

const RESOURCES: [&str; 6] = [
    "*",
    "arn:aws:s3:::reports",
    "arn:aws:s3:::reports/a",
    "arn:aws:s3:::other/a",
    "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf",
    "arn:aws:ec2:eu-west-1:111122223333:instance/i-1",
];

fn set(texts: &[&str]) -> PolicySet {
    let read = |text: &&str| {
        Policy::parse(&format!("version = 1\n{text}"), "p.toml")
            .unwrap_or_else(|faults| panic!("{faults}\n{text}"))
    };
    PolicySet::new(texts.iter().map(read).collect())
}

fn ana() -> Principal {
    Principal {
        user: "ana".to_owned(),
        groups: vec!["data".to_owned()],
        host: "h".to_owned(),
        ..Principal::default()
    }
}

fn catalogue() -> ListedActions {
    use AccessLevel::List;
    use AccessLevel::Permissions;
    use AccessLevel::Read;
    use AccessLevel::Write;
    let names = [
        ("s3:GetObject", Read),
        ("s3:ListBucket", List),
        ("s3:PutObject", Write),
        ("s3:DeleteObject", Write),
        ("s3:PutBucketPolicy", Permissions),
        ("ec2:DescribeInstances", List),
        ("ec2:TerminateInstances", Write),
        ("ec2:RunInstances", Write),
        ("secretsmanager:GetSecretValue", Read),
        ("secretsmanager:DeleteSecret", Write),
        ("cloudtrail:StopLogging", Write),
    ];
    ListedActions::new(names.map(|(name, access)| (name.to_owned(), access)))
}

/// What STS refuses about a document, as its users know it.
fn refusal(json: &str) -> Option<String> {
    let document: Value = serde_json::from_str(json).unwrap();
    if json.chars().count() > LIMIT || json.chars().any(|c| !(' '..='\u{ff}').contains(&c)) {
        return Some("length or characters".to_owned());
    }
    for statement in document["Statement"].as_array().unwrap() {
        let acts = if statement["Action"].is_null() { &statement["NotAction"] } else { &statement["Action"] };
        for action in texts(acts) {
            let (vendor, name) = action.split_once(':').unwrap_or((action, ""));
            if action != "*" && (vendor.contains(['*', '?']) || name.is_empty()) {
                return Some(format!("Vendor {vendor} is not valid"));
            }
        }
        let resources = [&statement["Resource"], &statement["NotResource"]].map(|it| texts(it).len());
        if resources.iter().filter(|count| **count > 0).count() != 1 || texts(acts).is_empty() {
            return Some("empty list".to_owned());
        }
    }
    None
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect(),
    }
}

/// IAM, as far as these documents need it: deny before allow, a call made by the session itself.
fn iam_allows(json: &str, action: &str, resource: &str, region: &str) -> bool {
    let document: Value = serde_json::from_str(json).unwrap();
    let action = action.to_ascii_lowercase();
    let any = |patterns: &Value, text: &str| texts(patterns).iter().any(|it| pattern::matches(it, text));
    let matches = |statement: &Value| {
        let acts = match &statement["NotAction"] {
            Value::Null => any(&statement["Action"], &action),
            not => !any(not, &action),
        };
        let resources = match &statement["NotResource"] {
            Value::Null => any(&statement["Resource"], resource),
            not => !any(not, resource),
        };
        let conditions = statement["Condition"].as_object().into_iter().flatten().all(|(operator, keys)| {
            keys.as_object().unwrap().iter().all(|(key, wanted)| match (operator.as_str(), key.as_str()) {
                ("Bool", "aws:ViaAWSService") => wanted == "false",
                ("StringEquals", "aws:RequestedRegion") => texts(wanted).contains(&region),
                ("StringNotEquals", "aws:RequestedRegion") => !texts(wanted).contains(&region),
                ("StringLike", "aws:RequestedRegion") => any(wanted, region),
                other => panic!("{other:?}"),
            })
        });
        acts && resources && conditions
    };
    let statements = document["Statement"].as_array().unwrap();
    let says = |effect: &str| statements.iter().any(|it| it["Effect"] == effect && matches(it));
    says("Allow") && !says("Deny")
}

/// Every call that hoop lets pass or asks about passes the document too.
fn check_never_narrower(set: &PolicySet, actions: &ListedActions, limit: usize) {
    check_document(set, actions, limit, &set.compile(&ana(), actions, limit), "");
    // Managed policies that allow everything may stand for nothing that is denied, and take nothing away.
    let managed = ["arn:aws:iam::aws:policy/AdministratorAccess".to_owned()];
    let compiled = set.compile_with(&ana(), actions, limit, &managed);
    let all = if compiled.policy_arns.is_empty() {
        ""
    } else {
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},"#
    };
    check_document(set, actions, limit, &compiled, all);
}

fn check_document(
    set: &PolicySet,
    actions: &ListedActions,
    limit: usize,
    compiled: &Compiled,
    besides: &str,
) {
    let Some(json) = &compiled.json else { return };
    assert_eq!(refusal(json), None, "{json}");
    assert!(json.chars().count() <= limit, "{json}");
    let json = &json.replacen("[{", &format!("[{besides}{{"), 1);
    let principal = ana();
    for (name, written, access) in actions.all() {
        for resource in RESOURCES {
            for region in REGIONS {
                let resources = [resource.to_owned()];
                let params = serde_json::json!({"Name": "x"});
                let mut request = Request::new(written, access, &principal);
                request.resources = &resources;
                request.params = &params;
                request.region = region;
                request.actions = actions;
                let effect = set.decide(&request).effect;
                assert!(
                    effect == Effect::Deny || iam_allows(json, name, resource, region),
                    "hoop: {effect}, AWS would refuse: {name} on {resource} in {region}\n{json}"
                );
            }
        }
    }
}

#[test]
fn what_iam_can_say_is_said_exactly() {
    let set = set(&[r#"
        [[statement]]
        effect = "allow"
        action = ["s3:Get*", "s3:ListBucket"]
        resource = ["arn:aws:s3:::reports", "arn:aws:s3:::reports/*"]
        condition = { StringEquals = { "aws:RequestedRegion" = "eu-west-1" } }
        [[statement]]
        effect = "deny"
        action = "s3:GetObject"
        resource = "arn:aws:s3:::reports/secret/*"
    "#]);
    let compiled = set.compile(&ana(), &catalogue(), LIMIT);
    assert_eq!(compiled.left_out, Vec::<String>::new());
    let document: Value = serde_json::from_str(compiled.json.as_deref().unwrap()).unwrap();
    let expected = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:get*", "s3:listbucket"],
         "Resource": ["arn:aws:s3:::reports", "arn:aws:s3:::reports/*"],
         "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}},
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:ViaAWSService": "true"}}},
        {"Effect": "Deny", "Action": "s3:getobject", "Resource": "arn:aws:s3:::reports/secret/*",
         "Condition": {"Bool": {"aws:ViaAWSService": "false"}}},
    ]});
    assert_eq!(document, expected);
    check_never_narrower(&set, &catalogue(), LIMIT);
}

#[test]
fn what_iam_cannot_say_widens_and_is_named() {
    let set = set(&[r#"
        [[statement]]
        effect = "allow"
        action = "ec2:*"
        resource = "arn:aws:ec2:*:*:instance/i-1"
        condition = { StringEquals = { "param:Name" = "x" } }
        [[statement]]
        effect = "deny"
        action = "s3:PutObject"
        condition = { DateGreaterThan = { "aws:CurrentTime" = "2030-01-01T00:00:00Z" } }
        [[statement]]
        effect = "ask"
        action = "s3:DeleteObject"
        resource = "arn:aws:s3:::reports/*"
        [[statement]]
        effect = "allow"
        action = "cloudtrail:*"
        principal = { user = "bob" }
    "#]);
    let compiled = set.compile(&ana(), &catalogue(), LIMIT);
    let json = compiled.json.as_deref().unwrap();
    assert!(iam_allows(json, "ec2:RunInstances", "*", "us-east-1"), "AWS checks more than the request names");
    assert!(
        iam_allows(json, "s3:DeleteObject", "arn:aws:s3:::x/y", "us-east-1"),
        "asked, and a person said yes"
    );
    assert!(!iam_allows(json, "s3:PutObject", "arn:aws:s3:::x/y", "us-east-1"));
    assert!(!iam_allows(json, "cloudtrail:StopLogging", "*", "us-east-1"), "another user's");
    assert_eq!(
        compiled.line(),
        "enforced by hoop only: conditions on aws:CurrentTime; conditions on parameters; questions to a person \
         (they count as allowed); resources of some services"
    );
    check_never_narrower(&set, &catalogue(), LIMIT);
}

#[test]
fn the_built_in_policies_fit_and_are_never_narrower() {
    for name in ["guarded", "readonly", "observe"] {
        let set = PolicySet::new(vec![Policy::builtin(name).unwrap()]);
        for limit in [LIMIT, 600] {
            check_never_narrower(&set, AwsActions::all(), limit);
        }
        let compiled = set.compile(&ana(), AwsActions::all(), LIMIT);
        let Some(json) = compiled.json else {
            assert_eq!(name, "observe", "only what forbids nothing compiles to nothing");
            continue;
        };
        if name == "guarded" {
            assert!(!iam_allows(&json, "cloudtrail:StopLogging", "*", "eu-west-1"), "{json}");
        }
        if name == "readonly" {
            for action in [
                "iam:AttachRolePolicy",
                "iam:CreateAccessKey",
                "iam:PassRole",
                "iam:PutUserPolicy",
                "s3:DeleteObject",
            ] {
                assert!(!iam_allows(&json, action, "*", "eu-west-1"), "{action}: {json}");
            }
        }
    }
}

#[test]
fn what_is_the_same_in_every_call_of_a_session_is_settled() {
    let set = set(&[r#"
        [[statement]]
        effect = "allow"
        action = "s3:GetObject"
        resource = "arn:aws:s3:::scratch/${hoop:user}/${hoop:session}/*"
        [[statement]]
        effect = "allow"
        action = "s3:PutObject"
        condition = { StringEquals = { "hoop:User" = "bob" } }
        [[statement]]
        effect = "deny"
        action = "s3:GetObject"
        resource = "arn:aws:s3:::scratch/ana/*/secret"
        condition = { "ForAnyValue:StringEquals" = { "hoop:Group" = "data" } }
    "#]);
    let principal = Principal { session: "01J".to_owned(), ..ana() };
    let compiled = set.compile(&principal, &catalogue(), LIMIT);
    let json = compiled.json.as_deref().unwrap();
    assert_eq!(compiled.left_out, Vec::<String>::new(), "{json}");
    let allows = |resource: &str, action: &str| iam_allows(json, action, resource, "eu-west-1");
    assert!(allows("arn:aws:s3:::scratch/ana/01J/a", "s3:GetObject"));
    assert!(!allows("arn:aws:s3:::scratch/bob/01J/a", "s3:GetObject"));
    assert!(!allows("arn:aws:s3:::scratch/ana/01J/secret", "s3:GetObject"));
    assert!(!allows("arn:aws:s3:::scratch/ana/01J/a", "s3:PutObject"));
    // Where the session is not known, the path is left to hoop.
    let compiled = set.compile(&ana(), &catalogue(), LIMIT);
    assert_eq!(compiled.line(), "enforced by hoop only: resources of some services");
    check_never_narrower(&set, &catalogue(), LIMIT);
}

#[test]
fn managed_policies_stand_for_the_longest_lists_only() {
    let readonly = PolicySet::new(vec![Policy::builtin("readonly").unwrap()]);
    let arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()];
    let compiled = readonly.compile_with(&ana(), AwsActions::all(), LIMIT, &arns);
    assert_eq!(compiled.policy_arns, arns);
    let json = compiled.json.unwrap();
    assert!(json.chars().count() + arns[0].len() <= LIMIT, "{json}");
    assert_eq!(refusal(&json), None);
    // By itself it allows nothing; what it denies, it denies whatever the managed policy allows.
    for (_, name, _) in AwsActions::all().all() {
        assert!(!iam_allows(&json, name, "*", "eu-west-1"), "{name}");
    }
    let with_all = json.replacen("[{", "[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"},{", 1);
    let request =
        |name: &'static str| Request::new(name, AwsActions::all().access(name), Box::leak(Box::new(ana())));
    for name in [
        "secretsmanager:GetSecretValue",
        "kms:Decrypt",
        "sts:AssumeRole",
        "s3:GetObject",
        "ec2:DescribeInstances",
    ] {
        let denied = readonly.decide(&request(name)).effect == Effect::Deny;
        assert_eq!(iam_allows(&with_all, name, "*", "eu-west-1"), !denied, "{name}");
    }
    // What fits is said exactly, and needs no help.
    let short = set(&["[[statement]]\neffect = \"allow\"\naction = \"s3:GetObject\""]);
    let compiled = short.compile_with(&ana(), AwsActions::all(), LIMIT, &arns);
    assert!(compiled.policy_arns.is_empty() && compiled.left_out.is_empty());
    // A short list besides a long one is kept.
    let both = set(&[
        "[[statement]]\neffect = \"allow\"\naccess = \"read\"\n[[statement]]\neffect = \"ask\"\naction = \"s3:PutObject\"",
    ]);
    let compiled = both.compile_with(&ana(), AwsActions::all(), LIMIT, &arns);
    assert!(iam_allows(compiled.json.as_deref().unwrap(), "s3:PutObject", "*", "eu-west-1"));
}

#[test]
fn a_document_that_would_forbid_nothing_is_none() {
    let compiled = set(&["default = \"allow\""]).compile(&ana(), &catalogue(), LIMIT);
    assert_eq!((compiled.json.clone(), compiled.line().as_str()), (None, "AWS enforces all of it"));
    assert_eq!(catalogue().is_known("s3:GetObject"), Some(true));
}

fn statement() -> impl Strategy<Value = String> {
    let effect = prop_oneof![Just("allow"), Just("ask"), Just("deny")];
    let action = prop_oneof![
        Just("action = \"*\""),
        Just("action = \"s3:*\""),
        Just("action = [\"s3:Get*\", \"ec2:RunInstances\"]"),
        Just("action = \"*:Delete*\""),
        Just("not_action = \"s3:DeleteObject\""),
        Just("not_action = [\"ec2:*\", \"*:Get*\"]"),
        Just("access = [\"list\", \"read\"]"),
        Just("access = \"write\""),
        Just("access = \"write\"\naction = \"s3:*\""),
        Just("access = \"permissions\"\nnot_action = \"ec2:*\""),
    ];
    let resource = prop_oneof![
        Just(""),
        Just("resource = \"*\""),
        Just("resource = \"arn:aws:s3:::reports/*\""),
        Just("resource = [\"arn:aws:s3:::reports\", \"arn:aws:ec2:*:*:instance/*\"]"),
        Just("not_resource = [\"arn:aws:s3:::reports\", \"arn:aws:s3:::reports/*\"]"),
        Just("resource = \"arn:aws:secretsmanager:*:*:secret:db-ZzZzZz\""),
    ];
    let condition = prop_oneof![
        4 => Just(""),
        1 => Just("condition = { StringEquals = { \"aws:RequestedRegion\" = \"eu-west-1\" } }"),
        1 => Just("condition = { StringNotEquals = { \"aws:RequestedRegion\" = \"eu-west-1\" } }"),
        1 => Just("condition = { StringLike = { \"aws:RequestedRegion\" = \"eu-*\" } }"),
        1 => Just("condition = { StringEquals = { \"param:Name\" = \"x\" } }"),
        1 => Just("condition = { StringEquals = { \"aws:SourceIp\" = \"x\" } }"),
    ];
    let principal = prop_oneof![3 => Just(""), 1 => Just("principal = { user = \"bob\" }"),
        1 => Just("principal = { group = \"data\" }"), 1 => Just("principal = { agent = \"claude\" }")];
    (effect, action, resource, condition, principal).prop_map(
        |(effect, action, resource, condition, principal)| {
            format!("[[statement]]\neffect = \"{effect}\"\n{action}\n{resource}\n{condition}\n{principal}\n")
        },
    )
}

fn policy() -> impl Strategy<Value = String> {
    let default = prop_oneof![3 => Just("deny"), 1 => Just("ask"), 1 => Just("allow")];
    (default, prop::collection::vec(statement(), 0..5))
        .prop_map(|(default, statements)| format!("default = \"{default}\"\n{}", statements.concat()))
}

proptest! {
    #[test]
    fn never_narrower_than_hoop(policies in prop::collection::vec(policy(), 1..3), limit in prop_oneof![Just(LIMIT), 150usize..900]) {
        let texts: Vec<&str> = policies.iter().map(String::as_str).collect();
        check_never_narrower(&set(&texts), &catalogue(), limit);
    }

    #[test]
    fn another_denial_never_loosens(policy in policy(), more in statement()) {
        let before = set(&[&policy]);
        let after = set(&[&format!("{policy}{}", more.replace("\"allow\"", "\"deny\"").replace("\"ask\"", "\"deny\""))]);
        let principal = ana();
        let actions = catalogue();
        for (_, written, access) in actions.all() {
            for resource in RESOURCES {
                let resources = [resource.to_owned()];
                let mut request = Request::new(written, access, &principal);
                request.resources = &resources;
                request.region = "eu-west-1";
                prop_assert!(after.decide(&request).effect >= before.decide(&request).effect);
            }
        }
    }
}
