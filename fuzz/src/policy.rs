//! Policy files.

use hoop::policy::ListedActions;
use hoop::policy::Policy;
use hoop::policy::PolicySet;
use hoop::policy::Principal;
use hoop::policy::Request;
use hoop::policy::compile::LIMIT;
use hoop::types::AccessLevel;
use hoop::types::Effect;
use serde_json::Value;
use serde_json::json;

/// A policy is read, or refused with a place for each fault; what was read decides without a panic, and a set of two
/// policies is never milder than either of them. Its part for AWS is JSON, and no longer than it may be.
pub fn policy(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let actions = ListedActions::new([
        ("s3:GetObject".to_owned(), AccessLevel::Read),
        ("s3:DeleteObject".to_owned(), AccessLevel::Write),
        ("iam:PassRole".to_owned(), AccessLevel::Permissions),
    ]);
    if let Err(faults) = Policy::check(text, "policy.toml", &actions) {
        assert!(!faults.faults().is_empty() && !faults.to_string().is_empty());
    }
    let policy = match Policy::parse(text, "policy.toml") {
        Ok(policy) => policy,
        Err(faults) => {
            assert!(!faults.faults().is_empty() && !faults.to_string().is_empty());
            return;
        }
    };
    let principal =
        Principal { user: "ana".to_owned(), groups: vec!["ops".to_owned()], ..Principal::default() };
    let resources = ["arn:aws:s3:::reports/2026/a.csv".to_owned()];
    let more = [("iam:PassRole".to_owned(), vec!["arn:aws:iam::123456789012:role/app".to_owned()])];
    let params = json!({"Bucket": "reports", "Tags": [{"Key": "stage", "Value": "prod"}], "MaxKeys": 5});
    let alone = PolicySet::new(vec![policy.clone()]);
    let denied = PolicySet::new(vec![policy.clone()]).with_project(policy.clone());
    for limit in [LIMIT, 300] {
        let compiled = denied.compile(&principal, &actions, limit);
        assert!(!compiled.line().is_empty());
        if let Some(json) = compiled.json {
            assert!(json.len() <= limit, "{} characters, {limit} are allowed", json.len());
            let document = serde_json::from_str::<Value>(&json).expect("JSON");
            assert!(document["Version"] == "2012-10-17" && document["Statement"].is_array(), "{json}");
        }
    }
    for (action, access) in [
        ("s3:GetObject", AccessLevel::Read),
        ("s3:DeleteObject", AccessLevel::Write),
        ("s3:unknown", AccessLevel::Unknown),
    ] {
        let request = Request {
            resources: &resources,
            more: &more,
            region: "eu-west-1",
            account: "123456789012",
            params: &params,
            now: 1_795_231_868,
            actions: &actions,
            ..Request::new(action, access, &principal)
        };
        let decision = alone.decide(&request);
        assert!(!decision.sentence().is_empty());
        assert_eq!(denied.decide(&request).effect, decision.effect);
        assert_eq!(alone.explain(&request).decision.effect, decision.effect);
        let _ = alone.record_level(action, &resources, &principal);
        let effect = alone.egress("api.example.com", 443).effect;
        assert!(matches!(effect, Effect::Allow | Effect::Ask | Effect::Deny));
    }
}
