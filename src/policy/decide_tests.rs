//! Decisions, by table and by property.

use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use crate::policy::Egress;
use crate::policy::actions::Actions;
use crate::policy::model::CommandEffect;
use crate::policy::model::Policy;
use crate::policy::request::Principal;
use crate::policy::request::Request;
use crate::policy::set::PolicySet;
use crate::types::AccessLevel;
use crate::types::Approvers;
use crate::types::Effect;

use AccessLevel::List;
use AccessLevel::Permissions;
use AccessLevel::Read;
use AccessLevel::Tagging;
use AccessLevel::Unknown;
use AccessLevel::Write;
use Effect::Allow;
use Effect::Ask;
use Effect::Deny;

fn policy(text: &str) -> Policy {
    Policy::parse(&format!("version = 1\n{text}"), "policy.toml").unwrap_or_else(|faults| panic!("{faults}"))
}

fn ana() -> Principal {
    Principal {
        user: "ana".to_owned(),
        groups: vec!["data".to_owned()],
        agent: Some("claude".to_owned()),
        host: "laptop".to_owned(),
        ..Principal::default()
    }
}

fn decide(policy: &Policy, action: &str, access: AccessLevel, resources: &[&str], params: &Value) -> Effect {
    let principal = ana();
    let resources: Vec<String> = resources.iter().map(|resource| (*resource).to_owned()).collect();
    let mut request = Request::new(action, access, &principal);
    request.resources = &resources;
    request.params = params;
    request.region = "eu-west-1";
    policy.decide(&request).effect
}

const DESIGN: &str = r#"
default = "deny"
[[statement]]
sid = "read-reports"
effect = "allow"
principal = { group = ["agents", "data"] }
action = ["s3:Get*", "s3:List*"]
resource = ["arn:aws:s3:::reports", "arn:aws:s3:::reports/*"]
[[statement]]
sid = "destructive-needs-a-human"
effect = "ask"
action = ["*:Delete*", "*:Terminate*", "iam:*"]
approvers = { group = ["security"], count = 1 }
ttl = "5m"
[[statement]]
sid = "never-open-to-the-world"
effect = "deny"
action = ["ec2:AuthorizeSecurityGroupIngress"]
condition = { StringEquals = { "param:IpPermissions[].IpRanges[].CidrIp" = "0.0.0.0/0" } }
[[statement]]
effect = "allow"
action = "ec2:AuthorizeSecurityGroupIngress"
"#;

#[test]
fn statements_decide_as_the_table_says() {
    let policy = policy(DESIGN);
    let open = json!({"IpPermissions": [{"IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "0.0.0.0/0"}]}]});
    let closed = json!({"IpPermissions": [{"IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]});
    let none = json!({});
    for (action, resources, params, expected) in [
        ("s3:GetObject", &["arn:aws:s3:::reports/a/b"][..], &none, Allow),
        ("S3:getobject", &["arn:aws:s3:::reports/a/b"], &none, Allow),
        ("s3:GetObject", &["arn:aws:s3:::Reports/a"], &none, Deny),
        ("s3:ListBucket", &["arn:aws:s3:::reports"], &none, Allow),
        ("s3:GetObject", &["arn:aws:s3:::reports/a", "arn:aws:s3:::other/a"], &none, Deny),
        ("s3:GetObject", &["*"], &none, Deny),
        ("s3:GetObject", &[], &none, Deny),
        ("s3:PutObject", &["arn:aws:s3:::reports/a"], &none, Deny),
        ("s3:DeleteObject", &["arn:aws:s3:::reports/a"], &none, Ask),
        ("iam:GetUser", &["*"], &none, Ask),
        ("s3:unknown", &["*"], &none, Deny),
        ("iam:unknown", &["*"], &none, Ask),
        ("ec2:AuthorizeSecurityGroupIngress", &["*"], &open, Deny),
        ("ec2:AuthorizeSecurityGroupIngress", &["*"], &closed, Allow),
        ("ec2:AuthorizeSecurityGroupIngress", &["*"], &Value::Null, Deny),
    ] {
        assert_eq!(decide(&policy, action, Write, resources, params), expected, "{action} {resources:?}");
    }
}

#[test]
fn built_in_policies_decide_as_the_table_says() {
    let decrypted = json!({"WithDecryption": true});
    let log_off = json!({"Bucket": "b", "BucketLoggingStatus": {}});
    let log_on = json!({"Bucket": "b", "BucketLoggingStatus": {"LoggingEnabled": {"TargetBucket": "logs"}}});
    let none = json!({});
    for (action, access, params, guarded, readonly) in [
        ("s3:ListAllMyBuckets", List, &none, Allow, Allow),
        ("s3:GetObject", Read, &none, Allow, Allow),
        ("s3:PutObject", Write, &none, Ask, Deny),
        ("s3:PutObjectTagging", Tagging, &none, Ask, Deny),
        ("iam:AttachRolePolicy", Permissions, &none, Ask, Deny),
        ("secretsmanager:GetSecretValue", Read, &none, Ask, Deny),
        ("secretsmanager:ListSecrets", List, &none, Allow, Allow),
        ("ssm:GetParameter", Read, &none, Allow, Allow),
        ("ssm:GetParameter", Read, &decrypted, Ask, Deny),
        ("ssm:GetParameter", Read, &Value::Null, Ask, Deny),
        ("kms:Decrypt", Write, &none, Ask, Deny),
        ("sts:GetCallerIdentity", Read, &none, Allow, Allow),
        ("sts:AssumeRole", Write, &none, Ask, Deny),
        ("ecr:GetAuthorizationToken", Read, &none, Ask, Deny),
        ("cloudtrail:StopLogging", Write, &none, Deny, Deny),
        ("cloudtrail:DescribeTrails", Read, &none, Allow, Allow),
        ("guardduty:DeleteDetector", Write, &none, Deny, Deny),
        ("logs:DeleteLogGroup", Write, &none, Deny, Deny),
        ("s3:PutBucketLogging", Write, &log_off, Deny, Deny),
        ("s3:PutBucketLogging", Write, &log_on, Ask, Deny),
        ("s3:PutBucketLogging", Write, &Value::Null, Deny, Deny),
        ("newservice:DoThings", Unknown, &none, Ask, Deny),
        ("s3:unknown", Unknown, &Value::Null, Ask, Deny),
        ("nonsense", Unknown, &Value::Null, Ask, Deny),
    ] {
        for (name, expected) in [("guarded", guarded), ("readonly", readonly), ("observe", Allow)] {
            let policy = Policy::builtin(name).unwrap();
            assert_eq!(decide(&policy, action, access, &["*"], params), expected, "{name} {action}");
        }
    }
}

#[test]
fn an_unidentified_operation_is_never_allowed_by_a_statement() {
    let generous =
        policy("[[statement]]\neffect = \"allow\"\naction = \"*\"\naccess = [\"list\", \"read\", \"write\"]");
    assert_eq!(decide(&generous, "s3:unknown", Unknown, &["*"], &Value::Null), Deny);
    assert_eq!(
        decide(&generous, "s3:PutObject", Unknown, &["*"], &json!({})),
        Deny,
        "no allow by an unknown level"
    );
    let named = policy("[[statement]]\neffect = \"allow\"\naction = \"newservice:*\"");
    assert_eq!(decide(&named, "newservice:DoThings", Unknown, &["*"], &json!({})), Allow, "but by its name");
}

#[test]
fn an_unidentified_operation_that_a_rule_might_mean_is_asked_under_a_lenient_default() {
    let lenient = policy("default = \"allow\"\n[[statement]]\neffect = \"deny\"\naction = \"s3:Delete*\"");
    assert_eq!(decide(&lenient, "s3:unknown", Unknown, &["*"], &Value::Null), Ask);
    assert_eq!(decide(&lenient, "sqs:unknown", Unknown, &["*"], &Value::Null), Allow);
}

#[test]
fn resources_nobody_could_tell_meet_every_rule_that_denies_and_none_that_allows_by_name() {
    let rules = policy(
        "default = \"ask\"\n[[statement]]\neffect = \"deny\"\naction = \"sqs:*\"\n\
         resource = \"arn:aws:sqs:*:*:prod\"\n[[statement]]\neffect = \"allow\"\naction = \"sns:*\"\n\
         resource = \"arn:aws:sns:*:*:dev\"",
    );
    assert_eq!(decide(&rules, "sqs:SendMessage", Write, &[], &json!({})), Deny);
    assert_eq!(decide(&rules, "sns:Publish", Write, &[], &json!({})), Ask);
    assert_eq!(
        decide(&rules, "sqs:ListQueues", List, &["*"], &json!({})),
        Ask,
        "no resource at all: as in IAM"
    );
}

#[test]
fn what_is_turned_round_excepts_only_what_is_certain() {
    let rules = policy(
        "default = \"ask\"\n[[statement]]\neffect = \"deny\"\nnot_action = [\"s3:*\", \"iam:*\"]\n\
         [[statement]]\neffect = \"deny\"\naction = \"s3:*\"\nnot_resource = \"arn:aws:s3:::mine/*\"",
    );
    assert_eq!(decide(&rules, "ec2:RunInstances", Write, &["*"], &json!({})), Deny);
    assert_eq!(decide(&rules, "s3:GetObject", Read, &["arn:aws:s3:::mine/a"], &json!({})), Ask);
    assert_eq!(decide(&rules, "s3:GetObject", Read, &["arn:aws:s3:::yours/a"], &json!({})), Deny);
    assert_eq!(decide(&rules, "s3:GetObject", Read, &["arn:aws:s3:::*/a"], &json!({})), Deny);
}

#[test]
fn every_named_kind_of_principal_must_fit() {
    for (principal, expected) in [
        ("{ user = \"ana\" }", Allow),
        ("{ user = \"a*\", group = \"data\" }", Allow),
        ("{ user = \"ana\", group = \"security\" }", Deny),
        ("{ agent = \"claude\", host = \"lap*\" }", Allow),
        ("{ agent = \"codex\" }", Deny),
    ] {
        let rules =
            policy(&format!("[[statement]]\neffect = \"allow\"\naction = \"*\"\nprincipal = {principal}"));
        assert_eq!(decide(&rules, "s3:GetObject", Read, &["*"], &json!({})), expected, "{principal}");
    }
}

#[test]
fn a_call_is_as_strict_as_the_strictest_of_its_actions() {
    struct PassRoleWrites;
    impl Actions for PassRoleWrites {
        fn is_known(&self, _: &str) -> Option<bool> {
            None
        }
        fn suggest(&self, _: &str) -> Option<String> {
            None
        }
        fn count(&self, _: &str) -> Option<usize> {
            None
        }
        fn access(&self, action: &str) -> AccessLevel {
            if action == "iam:PassRole" { Permissions } else { Read }
        }
    }
    let rules = policy(
        "[[statement]]\neffect = \"allow\"\naction = \"lambda:*\"\n[[statement]]\nsid = \"roles\"\n\
         effect = \"ask\"\naccess = \"permissions\"\n[[statement]]\neffect = \"allow\"\naccess = \"read\"",
    );
    let principal = ana();
    let mut request = Request::new("lambda:CreateFunction", Write, &principal);
    request.actions = &PassRoleWrites;
    assert_eq!(rules.decide(&request).effect, Allow);
    let more = [("iam:PassRole".to_owned(), vec!["arn:aws:iam::111122223333:role/x".to_owned()])];
    request.more = &more;
    let decision = rules.decide(&request);
    assert_eq!((decision.effect, decision.action.as_str()), (Ask, "iam:PassRole"));
    let more = [("s3:GetObject".to_owned(), vec!["arn:aws:s3:::b/k".to_owned()])];
    request.more = &more;
    assert_eq!(rules.decide(&request).effect, Allow, "the catalogue knows that it reads");
}

#[test]
fn a_decision_says_which_rule_and_what_to_do() {
    let principal = ana();
    let rules = policy(DESIGN);
    let mut request = Request::new("ec2:TerminateInstances", Write, &principal);
    let resources = ["arn:aws:ec2:eu-west-1:111122223333:instance/i-1".to_owned()];
    request.resources = &resources;
    let decision = rules.decide(&request);
    assert_eq!(decision.origin, "policy.toml:10");
    assert_eq!(decision.ttl, Some(std::time::Duration::from_secs(300)));
    assert_eq!(
        decision.sentence(),
        "ec2:TerminateInstances on arn:aws:ec2:eu-west-1:111122223333:instance/i-1 needs a person's approval: rule \
         \"destructive-needs-a-human\", policy.toml:10; wait: a person is asked in hoop-run's terminal"
    );
    let request = Request::new("sqs:SendMessage", Write, &principal);
    assert_eq!(
        rules.decide(&request).sentence(),
        "sqs:SendMessage is denied: no rule matches, the default of policy.toml is deny; do not retry; a person can add a \
         statement with `effect = \"ask\"` or \"allow\" to policy.toml"
    );
}

#[test]
fn every_rule_that_asks_keeps_its_own_people() {
    let one = policy(
        "default = \"allow\"\n[[statement]]\neffect = \"ask\"\naction = \"iam:*\"\nttl = \"5m\"\n[[statement]]\n\
         effect = \"ask\"\naction = \"iam:Delete*\"\nttl = \"1m\"\napprovers = { group = \"security\", count = 2 }",
    );
    let other = policy(
        "default = \"ask\"\n[[statement]]\neffect = \"ask\"\naction = \"*\"\napprovers = { user = \"bo\" }",
    );
    let principal = ana();
    let request = Request::new("iam:DeleteUser", Write, &principal);
    let decision = PolicySet::new(vec![one, other]).decide(&request);
    let security = Approvers { users: vec![], groups: vec!["security".to_owned()], count: 2 };
    let bo = Approvers { users: vec!["bo".to_owned()], groups: vec![], count: 1 };
    assert_eq!(decision.approvers, [security, bo]);
    assert_eq!(decision.ttl, Some(std::time::Duration::from_secs(60)));
}

#[test]
fn a_lower_layer_makes_stricter_and_nothing_else() {
    let machine = policy("default = \"allow\"\n[[statement]]\neffect = \"deny\"\naction = \"iam:*\"");
    let user = policy("default = \"ask\"\n[[statement]]\neffect = \"allow\"\naction = \"*\"");
    let project = policy(
        "default = \"allow\"\n[session]\nsource = \"oidc\"\n[[statement]]\neffect = \"ask\"\naction = \"s3:Put*\"",
    );
    let set = PolicySet::new(vec![machine, user]).with_project(project);
    let principal = ana();
    for (action, expected) in [("iam:GetUser", Deny), ("s3:PutObject", Ask), ("s3:GetObject", Allow)] {
        assert_eq!(set.decide(&Request::new(action, Read, &principal)).effect, expected, "{action}");
    }
    assert_eq!(set.session().source, None);
    assert_eq!(PolicySet::new(vec![]).decide(&Request::new("s3:GetObject", Read, &principal)).effect, Deny);
}

#[test]
fn records_egress_and_commands_take_the_strictest_layer() {
    use crate::policy::model::RecordLevel;
    let user = policy(
        "[[record]]\naction = \"cloudwatch:*\"\nlevel = \"none\"\n[[egress]]\nhost = \"*.example.org:443\"\neffect = \"allow\"\n\
         [[command]]\npattern = [\"rm -rf /*\"]\neffect = \"deny\"\nreason = \"really?\"",
    );
    let project = policy(
        "[[record]]\naction = [\"cloudwatch:GetMetricData\", \"s3:*\"]\nlevel = \"summary\"\n[[egress]]\n\
         host = \"evil.example.org\"\neffect = \"deny\"\n[[command]]\npattern = \"rm *\"\neffect = \"note\"",
    );
    let set = PolicySet::new(vec![user]).with_project(project);
    assert_eq!(set.record_level("cloudwatch:ListMetrics", &[], &Principal::default()), RecordLevel::None);
    assert_eq!(
        set.record_level("cloudwatch:GetMetricData", &[], &Principal::default()),
        RecordLevel::Summary
    );
    assert_eq!(
        set.record_level("s3:GetObject", &[], &Principal::default()),
        RecordLevel::Full,
        "a lower layer only adds"
    );
    assert_eq!(set.egress("Registry.EXAMPLE.org.", 443).effect, Allow);
    assert_eq!(set.egress("registry.example.org", 80).effect, Deny);
    assert_eq!(set.egress("evil.example.org", 443).effect, Deny);
    assert_eq!(set.egress("example.com", 443), Egress::by(Deny, "policy.toml: no [[egress]] names it"));
    let argv: Vec<String> = ["/bin/rm", "-rf", "/etc"].map(str::to_owned).to_vec();
    let verdict = set.command(&argv, None).unwrap();
    assert_eq!(verdict.effect, CommandEffect::Deny, "a project cannot make it more lenient");
    assert_eq!(verdict.origin, "policy.toml:8");
}

fn any_statement() -> impl Strategy<Value = String> {
    let effect = prop_oneof![Just("allow"), Just("ask"), Just("deny")];
    let action = prop_oneof![
        Just("action = \"*\""),
        Just("action = \"s3:*\""),
        Just("action = \"s3:Get*\""),
        Just("not_action = \"s3:*\""),
        Just("access = [\"read\"]"),
        Just("action = \"*\"\naccess = [\"write\"]"),
    ];
    let resource = prop_oneof![
        Just(""),
        Just("resource = \"arn:aws:s3:::a/*\""),
        Just("not_resource = \"arn:aws:s3:::a/*\""),
    ];
    let condition = prop_oneof![
        Just(""),
        Just("condition = { StringEquals = { \"param:A[]\" = \"x\" } }"),
        Just("condition = { StringNotEquals = { \"aws:SourceIp\" = \"x\" } }"),
        Just("principal = { group = \"data\" }"),
    ];
    (effect, action, resource, condition)
        .prop_map(|(e, a, r, c)| format!("[[statement]]\neffect = \"{e}\"\n{a}\n{r}\n{c}\n"))
}

proptest! {
    #[test]
    fn adding_a_rule_that_denies_never_makes_anything_looser(
        default in prop_oneof![Just("allow"), Just("ask"), Just("deny")],
        statements in proptest::collection::vec(any_statement(), 0..5),
        extra in any_statement(),
        at in 0_usize..5,
        action in prop_oneof![Just("s3:GetObject"), Just("s3:unknown"), Just("ec2:RunInstances")],
        access in prop_oneof![Just(Read), Just(Write), Just(Unknown)],
        resource in prop_oneof![Just(vec![]), Just(vec!["*"]), Just(vec!["arn:aws:s3:::a/b", "arn:aws:s3:::*"])],
        params in prop_oneof![Just(Value::Null), Just(json!({"A": ["x", "y"]})), Just(json!({}))],
    ) {
        let before = policy(&format!("default = \"{default}\"\n{}", statements.concat()));
        let decided = decide(&before, action, access, &resource, &params);
        let mut more = statements;
        let strict = extra.replace("effect = \"allow\"", "effect = \"ask\"");
        more.insert(at.min(more.len()), strict.replace("effect = \"ask\"", "effect = \"deny\""));
        let after = policy(&format!("default = \"{default}\"\n{}", more.concat()));
        prop_assert!(decide(&after, action, access, &resource, &params) >= decided);
    }

    #[test]
    fn a_policy_of_any_text_is_read_or_refused(text in "\\PC*") {
        let _ = Policy::parse(&text, "p.toml").map_err(|faults| faults.to_string());
    }

    #[test]
    fn a_policy_of_any_words_is_read_or_refused(words in proptest::collection::vec(prop_oneof![
        Just("[[statement]]\n"), Just("effect = "), Just("\"allow\"\n"), Just("action = "), Just("[\"s3:*\"]\n"), Just("{"), Just("}"),
        Just("condition = "), Just("{ StringEquals = { \"param:a[]\" = 1 } }\n"), Just("approvers = {}\n"), Just("= "), Just("[["), Just("é\n"),
        Just("version = 1\n"), Just("ttl = \"5m\"\n"), Just("\"\"\"\n"), Just("resource = [1, \"x\"]\n"), Just("[session]\n"), Just("\u{0}"),
    ], 0..20)) {
        let _ = Policy::check(&words.concat(), "p.toml", &crate::policy::NoActions).map_err(|faults| faults.to_string());
    }
}
