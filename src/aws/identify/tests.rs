//! Requests of real clients, odd ones, and arbitrary input. `tests/identify` has one for every operation.

use http::Request;
use http::request::Parts;
use proptest::prelude::*;

use super::*;
use crate::aws::is_aws_host;
use crate::aws::sigv4;
use crate::aws::upstream_host;
use crate::types::Secret;

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

/// What boto3 and the JavaScript SDK send for some ninety calls (`tests/aws/capture.*`), read as a table that people
/// have looked through.
#[test]
fn requests_of_real_clients_mean_what_they_should() {
    let boto3: Vec<Value> = serde_json::from_str(include_str!("../../../tests/data/requests.json")).unwrap();
    let javascript: Vec<Value> =
        serde_json::from_str(include_str!("../../../tests/data/requests_js.json")).unwrap();
    let requests = [boto3, javascript].concat();
    let mut table = String::new();
    for request in &requests {
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        let headers: Vec<(&str, &str)> = request["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        let mut parts = parts(text("method"), text("uri"), &headers);
        parts.headers.insert("host", text("host").parse().unwrap());
        let body = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text("body")).unwrap();
        verify_signature(&parts, &body, text("name"));
        let needed = body_needed(&parts, text("service"));
        let view = RequestView {
            parts: &parts,
            host: request["host"].as_str().filter(|_| request["proxied"] == true),
            service: text("service"),
            region: text("region"),
            body: if needed { &body } else { b"" },
            account: ACCOUNT,
        };
        let call = identify(&view);
        let again = |client: Option<&str>| upstream_host(&call, client);
        table.push_str(&format!(
            "{} {}\n  {}.{} = {} ({}{})\n  on {}\n",
            text("name"),
            if view.host.is_some() { "at its own host" } else { "at an endpoint URL" },
            call.service,
            call.operation,
            call.action,
            call.access,
            if needed { ", body read" } else { "" },
            call.resources.join(" ")
        ));
        for (action, resources) in &call.more_actions {
            table.push_str(&format!("  and {action} on {}\n", resources.join(" ")));
        }
        table.push_str(&format!("  goes to {}\n", again(view.host)));
        if let Some(host) = view.host {
            assert_eq!(again(Some(host)), host, "{}", text("name"));
        }
        assert!(!call.needs_account);
    }
    if std::env::var_os("HOOP_BLESS").is_some() {
        std::fs::write("tests/data/requests.txt", &table).unwrap();
    }
    assert_eq!(table, include_str!("../../../tests/data/requests.txt"), "HOOP_BLESS=1 writes the table anew");
}

/// What botocore signed, over http and over TLS, for S3 and others, verifies at the second it was signed in.
fn verify_signature(parts: &Parts, body: &[u8], name: &str) {
    let auth = sigv4::parse(parts).unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
    let key =
        sigv4::Key { access_key_id: "AKIDEXAMPLE".to_owned(), secret: Secret::new("secret"), token: None };
    let hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(body));
    let hash = (auth.needs_body_hash() || matches!(auth.payload, Some(sigv4::PayloadHash::Signed(_))))
        .then_some(hash.as_str());
    sigv4::verify(&auth, parts, hash, &key, auth.signed_at)
        .unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
}

#[test]
fn parameters_have_the_names_of_the_api_reference() {
    let rule = form(
        "ec2",
        "Action=AuthorizeSecurityGroupIngress&Version=2016-11-15&GroupId=sg-1&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0%2F0",
    );
    assert_eq!(rule.params["IpPermissions"][0]["IpRanges"][0]["CidrIp"], "0.0.0.0/0");
    let many = form("ec2", "Action=TerminateInstances&Version=2016-11-15&InstanceId.1=i-1&InstanceId.2=i-2");
    assert_eq!(many.params["InstanceIds"], serde_json::json!(["i-1", "i-2"]));
    // JS puts a slash after the bucket.
    let list =
        call("s3", ("GET", "/reports/?list-type=2&prefix=a%2Fb&max-keys=5&x-id=ListObjectsV2", &[]), "");
    assert_eq!(
        (list.operation.as_str(), &list.params["Prefix"], &list.params["MaxKeys"]),
        ("ListObjectsV2", &"a/b".into(), &"5".into())
    );
    let put = call("s3", ("PUT", "/b/k", &[("x-amz-acl", "public-read"), ("x-amz-meta-owner", "ana")]), "");
    assert_eq!(
        (&put.params["ACL"], &put.params["Metadata"]["owner"]),
        (&"public-read".into(), &"ana".into())
    );
    let key = ("x-amz-server-side-encryption-customer-key", "c2VjcmV0");
    assert!(!call("s3", ("PUT", "/b/k", &[key]), "").params.to_string().contains("c2VjcmV0"));
}

#[test]
fn older_and_newer_protocols_of_a_service_are_understood() {
    // awscli 2.9 speaks query to SQS, which has spoken JSON since.
    let old = form(
        "sqs",
        "Action=DeleteQueue&Version=2012-11-05&QueueUrl=https%3A%2F%2Fsqs.eu-west-1.amazonaws.com%2F123456789012%2Fjobs",
    );
    assert_eq!((old.action.as_str(), old.protocol), ("sqs:DeleteQueue", Protocol::Query));
    assert_eq!(old.resources, ["arn:aws:sqs:eu-west-1:123456789012:jobs"]);
    let path = "/service/GraniteServiceVersion20100801/operation/DeleteAlarms";
    let parts = parts("POST", path, &[("smithy-protocol", "rpc-v2-cbor")]);
    let body = b"\xa1\x6aAlarmNames\x81\x61a";
    let view = RequestView {
        parts: &parts,
        host: None,
        service: "monitoring",
        region: "cn-north-1",
        body,
        account: ACCOUNT,
    };
    let cbor = identify(&view);
    assert_eq!((cbor.action.as_str(), cbor.protocol), ("cloudwatch:DeleteAlarms", Protocol::Cbor));
    assert_eq!(cbor.resources, ["arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:a"]);
    assert_eq!(upstream_host(&cbor, None), "monitoring.cn-north-1.amazonaws.com.cn");
}

#[test]
fn what_could_mean_two_things_or_nothing_is_unknown() {
    let target = ("x-amz-target", "DynamoDB_20120810.GetItem");
    let unknown = [
        json("dynamodb", "DynamoDB_20120810.DropEverything", "{}"),
        json("dynamodb", "DynamoDB_20111205.GetItem", "{}"),
        json("dynamodb", "DynamoDB_20120810.GetItem", r#"{"TableName":"a","TableName":"b"}"#),
        json("dynamodb", "DynamoDB_20120810.GetItem", "[]"),
        json("nosuchservice", "X.Y", "{}"),
        call("dynamodb", ("POST", "/", &[target, target]), "{}"),
        call("dynamodb", ("POST", "/?Action=PutItem", &[target]), "{}"),
        call("dynamodb", ("POST", "/", &[target, ("smithy-protocol", "rpc-v2-cbor")]), "{}"),
        call("dynamodb", ("POST", "/", &[]), "{}"),
        form("iam", "Action=ListUsers&Action=DeleteUser&Version=2010-05-08"),
        form("iam", "Action=&Version=2010-05-08"),
        form("iam", "Action=%25user&Version=2010-05-08"),
        call(
            "iam",
            ("POST", "/?Action=ListUsers", &[("content-type", "application/x-www-form-urlencoded")]),
            "Action=DeleteUser",
        ),
        // A parameter that S3 may learn one day.
        call("s3", ("GET", "/bucket/key?brandnew", &[]), ""),
        call("s3", ("GET", "//key", &[]), ""),
        call("s3", ("PATCH", "/bucket/key", &[]), ""),
        call_at("s3", Some("x.s3-outposts.eu-west-1.amazonaws.com"), ("GET", "/key", &[]), ""),
        call("lambda", ("GET", "/2015-03-31/functions//policy", &[]), ""),
        call("s3", ("POST", "/bucket?delete", &[]), "<Delete><Object>"),
    ];
    for (index, call) in unknown.iter().enumerate() {
        assert_eq!(call.operation, UNKNOWN, "{index}: {call:?}");
        assert_eq!(call.access, AccessLevel::Unknown);
        assert_eq!(call.action, format!("{}:unknown", call.prefix));
        assert_eq!(call.resources, ["*"]);
    }
}

#[test]
fn an_object_may_say_that_it_is_a_form() {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let put = call("s3", ("PUT", "/bucket/key", &form), "Action=DeleteBucket");
    assert_eq!((put.action.as_str(), put.resources[0].as_str()), ("s3:PutObject", "arn:aws:s3:::bucket/key"));
    assert_eq!(call("s3", ("PUT", "/bucket/key?Action=x", &form), "").operation, UNKNOWN);
}

#[test]
fn an_arn_without_the_account_says_so() {
    let ask = |service, target, body: &str| {
        let parts = parts("POST", "/", &[("x-amz-target", target)]);
        let view = RequestView {
            parts: &parts,
            host: None,
            service,
            region: "us-gov-west-1",
            body: body.as_bytes(),
            account: "",
        };
        identify(&view)
    };
    let call = ask("dynamodb", "DynamoDB_20120810.GetItem", r#"{"TableName":"Music"}"#);
    assert!(call.needs_account);
    assert_eq!(call.resources, ["arn:aws-us-gov:dynamodb:us-gov-west-1::table/Music"]);
    assert!(!ask("dynamodb", "DynamoDB_20120810.ListTables", "{}").needs_account);
    let arn = r#"{"SecretId":"arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:a-123456"}"#;
    assert!(!ask("secretsmanager", "secretsmanager.GetSecretValue", arn).needs_account);
}

#[test]
fn partial_names_of_functions_become_arns() {
    let on =
        |path: &str| call("lambda", ("GET", &format!("/2015-03-31/functions/{path}"), &[]), "").resources;
    let function = "arn:aws:lambda:eu-west-1:123456789012:function:work";
    assert_eq!(on("work"), [function]);
    assert_eq!(on("123456789012%3Afunction%3Awork"), [function]);
    assert_eq!(on("arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Awork"), [function]);
    assert_eq!(on("work:7"), [format!("{function}:7")]);
    assert_eq!(on("work?Qualifier=7"), [format!("{function}:7")]);
    assert_eq!(on("work:7?Qualifier=7"), [format!("{function}:7")]);
}

#[test]
fn bucket_hosts_of_every_form_name_their_bucket() {
    for (host, want) in [
        ("b.s3.amazonaws.com", "arn:aws:s3:::b/k"),
        ("my.dotted.b.s3.eu-west-1.amazonaws.com", "arn:aws:s3:::my.dotted.b/k"),
        ("b.s3-eu-west-1.amazonaws.com", "arn:aws:s3:::b/k"),
        ("b.s3.dualstack.eu-west-1.amazonaws.com", "arn:aws:s3:::b/k"),
        ("b.s3-fips.eu-west-1.amazonaws.com", "arn:aws:s3:::b/k"),
        ("b.s3-accelerate.amazonaws.com", "arn:aws:s3:::b/k"),
        ("us-east-1.s3.eu-west-1.amazonaws.com", "arn:aws:s3:::us-east-1/k"),
        ("s3.s3.eu-west-1.amazonaws.com", "arn:aws:s3:::s3/k"),
    ] {
        let call = call_at("s3", Some(host), ("GET", "/k", &[]), "");
        assert_eq!(call.resources, [want], "{host}");
        assert_eq!(upstream_host(&call, Some(host)), host);
    }
    let point = "point-123456789012.op-01234567890123456.s3-outposts.eu-west-1.amazonaws.com";
    let outpost = call_at("s3-outposts", Some(point), ("GET", "/k", &[]), "");
    let want =
        "arn:aws:s3-outposts:eu-west-1:123456789012:outpost/op-01234567890123456/accesspoint/point/object/k";
    assert_eq!(outpost.resources, [want]);
    let control = "s3express-control.eu-west-1.amazonaws.com";
    let path = "/v20180820/accesspoint/a--xa-s3/scope";
    assert_eq!(
        call_at("s3express", Some(control), ("GET", path, &[]), "").action,
        "s3express:GetAccessPointScope"
    );
    assert_eq!(
        call_at("s3express", Some(control), ("DELETE", "/b--x-s3", &[]), "").operation,
        "DeleteBucket"
    );
    let answer = call_at(
        "s3-object-lambda",
        Some("route.s3-object-lambda.eu-west-1.amazonaws.com"),
        ("POST", "/WriteGetObjectResponse", &[]),
        "",
    );
    assert_eq!(answer.action, "s3-object-lambda:WriteGetObjectResponse");
    let express = call_at(
        "s3express",
        Some("b--euw1-az1--x-s3.s3express-euw1-az1.eu-west-1.amazonaws.com"),
        ("GET", "/k", &[]),
        "",
    );
    assert_eq!(express.resources, ["arn:aws:s3express:eu-west-1:123456789012:bucket/b--euw1-az1--x-s3"]);
}

#[test]
fn the_destination_follows_from_the_decision() {
    let table = json("dynamodb", "DynamoDB_20120810.GetItem", r#"{"TableName":"Music"}"#);
    let goes = |host| upstream_host(&table, Some(host));
    assert_eq!(goes("dynamodb.eu-west-1.amazonaws.com"), "dynamodb.eu-west-1.amazonaws.com");
    assert_eq!(goes("DYNAMODB.eu-west-1.api.aws:443"), "dynamodb.eu-west-1.api.aws");
    assert_eq!(goes("dynamodb-fips.eu-west-1.amazonaws.com"), "dynamodb-fips.eu-west-1.amazonaws.com");
    for other in [
        "iam.amazonaws.com",
        "dynamodb.us-east-1.amazonaws.com",
        "evil.example",
        "evildynamodb.eu-west-1.amazonaws.com",
        "x.elb.amazonaws.com",
    ] {
        assert_eq!(goes(other), "dynamodb.eu-west-1.amazonaws.com", "{other}");
    }
}

#[test]
fn a_call_needs_what_it_hands_over() {
    let needs = |call: &Call, action: &str| {
        let found = call.more_actions.iter().find(|(name, _)| name == action);
        found.map(|(_, resources)| resources.clone()).unwrap_or_default()
    };
    let role = "arn:aws:iam::123456789012:role/worker";
    let body = serde_json::json!({"FunctionName": "f", "Role": role, "KMSKeyArn": "alias/mine"}).to_string();
    let create = call("lambda", ("POST", "/2015-03-31/functions", &[]), &body);
    assert_eq!(needs(&create, "iam:PassRole"), [role]);
    let alias = ["arn:aws:kms:eu-west-1:123456789012:alias/mine", "arn:aws:kms:eu-west-1:123456789012:key/*"];
    assert_eq!(needs(&create, "kms:Decrypt"), alias);
    // Roles deep inside, of every target of a rule.
    let rule = r#"{"Rule":"r","Targets":[{"Id":"1","Arn":"a","RoleArn":"worker"}]}"#;
    assert_eq!(needs(&json("events", "AWSEvents.PutTargets", rule), "iam:PassRole"), [role]);
    let own = r#"{"SecretId":"s","KmsKeyId":"alias/aws/secretsmanager"}"#;
    assert!(json("secretsmanager", "secretsmanager.UpdateSecret", own).more_actions.is_empty());
    // Who takes a role itself does not pass it.
    let assume =
        form("sts", &format!("Action=AssumeRole&Version=2011-06-15&RoleSessionName=s&RoleArn={role}"));
    assert!(assume.more_actions.is_empty());
    let headers = [("x-amz-copy-source", "from/k?versionId=1"), ("x-amz-tagging-directive", "COPY")];
    let copy = call("s3", ("PUT", "/to/k", &headers), "");
    assert_eq!(needs(&copy, "s3:GetObjectVersion"), ["arn:aws:s3:::from/k"]);
    assert_eq!(needs(&copy, "s3:GetObjectVersionTagging"), ["arn:aws:s3:::from/k"]);
}

#[test]
fn a_name_that_aws_ignores_hides_no_parameter() {
    let body = "Action=TerminateInstances&Version=2016-11-15&InstanceId.1=i-real&InstanceIds.1=i-harmless";
    assert_eq!(form("ec2", body).params["InstanceIds"], serde_json::json!(["i-real"]));
    let body = r#"{"Name":"harmless","name":"real"}"#;
    assert_eq!(call("apigateway", ("POST", "/v2/apis", &[]), body).params["Name"], "real");
    let path = "/2015-03-31/functions/real/code?FunctionName=harmless";
    assert_eq!(call("lambda", ("PUT", path, &[]), "{}").params["FunctionName"], "real");
}

#[test]
fn names_of_many_forms_become_arns() {
    let run = |name: &str| {
        let body = serde_json::json!({"taskDefinition": name}).to_string();
        json("ecs", "AmazonEC2ContainerServiceV20141113.RunTask", &body).resources
    };
    let task = "arn:aws:ecs:eu-west-1:123456789012:task-definition/worker";
    assert_eq!(run("worker"), [format!("{task}:*")]);
    assert_eq!(run("worker:7"), [format!("{task}:7")]);
    assert_eq!(run(&format!("{task}:7")), [format!("{task}:7")]);
    let acl = r#"{"Scope":"REGIONAL","Name":"n","Id":"i","LockToken":"t"}"#;
    let acl = json("wafv2", "AWSWAF_20190729.DeleteWebACL", acl).resources;
    assert_eq!(acl, ["arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/n/i"]);
    let events = r#"{"Entries":[{"EventBusName":"one"},{"EventBusName":"two"}]}"#;
    let bus = "arn:aws:events:eu-west-1:123456789012:event-bus/";
    assert_eq!(
        json("events", "AWSEvents.PutEvents", events).resources,
        [format!("{bus}one"), format!("{bus}two")]
    );
}

#[test]
fn what_is_newer_than_the_reference_is_on_something() {
    let call = json("secretsmanager", "secretsmanager.AssociateCrossAccountReplica", "{}");
    assert_eq!(call.resources, ["arn:aws:secretsmanager:eu-west-1:123456789012:*"]);
    assert!(call.partial);
}

#[test]
fn only_whole_labels_make_an_aws_host() {
    for host in [
        "s3.amazonaws.com",
        "b.s3.eu-west-1.amazonaws.com",
        "sts.cn-north-1.amazonaws.com.cn",
        "ec2.us-east-1.api.aws",
        "IAM.amazonaws.com.",
        "rds.eu-west-1.amazonaws.com",
    ] {
        assert!(is_aws_host(host), "{host}");
    }
    for host in [
        "evilamazonaws.com",
        "amazonaws.com.evil.example",
        "amazonaws.com",
        "",
        ".amazonaws.com",
        "a..amazonaws.com",
        "s3.amazonaws.com@evil.example",
        "x.eu-west-1.elb.amazonaws.com",
        "ec2-1-2-3-4.compute-1.amazonaws.com",
        "db.abc.eu-west-1.rds.amazonaws.com",
        "b.s3-website-eu-west-1.amazonaws.com",
        "id.lambda-url.eu-west-1.on.aws",
    ] {
        assert!(!is_aws_host(host), "{host}");
    }
}

proptest! {
    #[test]
    fn no_input_makes_identify_panic(
        service in "(s3|s3express|iam|dynamodb|lambda|apigateway|ec2|sqs|monitoring|es|ses|[a-z]{0,6})",
        method in "(GET|PUT|POST|DELETE|HEAD|PATCH)",
        path in "(/|/[!$&-;=@-Z_a-z~%é]{0,40}|/service/[a-zA-Z0-9.]{0,20}/operation/[a-zA-Z]{0,12})",
        query in "[!$&-;=@-Z_a-z~%]{0,60}",
        host in proptest::option::of("[a-z0-9.-]{0,40}(\\.amazonaws\\.com)?"),
        target in proptest::option::of("[ -~]{0,40}"),
        kind in "(application/x-www-form-urlencoded|application/x-amz-json-1.0|application/xml|)",
        cbor: bool,
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut builder = Request::builder().method(method.as_str()).uri(format!("{path}?{query}")).header("content-type", kind);
        if let Some(target) = target {
            builder = builder.header("x-amz-target", target);
        }
        if cbor {
            builder = builder.header("smithy-protocol", "rpc-v2-cbor");
        }
        let Ok(request) = builder.body(()) else { return Ok(()) };
        let parts = request.into_parts().0;
        let view = RequestView { parts: &parts, host: host.as_deref(), service: &service, region: "eu-west-1", body: &body, account: "" };
        let call = identify(&view);
        let _ = body_needed(&parts, &service);
        prop_assert!(!call.resources.is_empty());
        let target = upstream_host(&call, host.as_deref());
        prop_assert!(call.region.is_empty() || service.is_empty() || target.contains('.'));
        if call.operation == UNKNOWN {
            prop_assert_eq!(call.access, AccessLevel::Unknown);
        }
    }
}
