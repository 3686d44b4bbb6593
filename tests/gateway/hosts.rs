//! Whom a request names, and where it goes: what was decided is where it goes, whatever the client's host says.

use crate::client::json_call;
use crate::client::s3_call;
use crate::upstream::empty_json;
use crate::world::Plan;

#[test]
fn a_host_that_disagrees_with_the_signed_scope_does_not_lead_the_call_elsewhere() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let leads = [
        // Another service, another region, another partition; a host that only ends like one of AWS's.
        ("s3.eu-central-1.amazonaws.com", 403),
        ("dynamodb.us-east-1.amazonaws.com", 403),
        ("dynamodb.cn-north-1.amazonaws.com.cn", 403),
        ("bucket.s3.amazonaws.com", 403),
        ("dynamodb.eu-central-1.amazonaws.com.evil.example", 200),
    ];
    for (named, status) in leads {
        let mut call = json_call(&world, "dynamodb", "DynamoDB_20120810.ListTables", "{}");
        call.host = named.to_owned();
        assert_eq!(call.send(&world).status, status, "{named}");
        let got: Vec<_> = upstream.take().iter().map(|got| got.header("host").to_owned()).collect();
        let goes: &[&str] = if status == 200 { &["dynamodb.eu-central-1.amazonaws.com"] } else { &[] };
        assert_eq!(got, goes, "{named}");
    }
}

#[test]
fn a_bucket_in_front_of_localhost_is_the_bucket() {
    let upstream = empty_json();
    let deny = "[[statement]]\nsid = \"theirs\"\neffect = \"deny\"\naction = [\"s3:*\"]\nresource = [\"arn:aws:s3:::secret/*\"]\n";
    let world = Plan::observe(&upstream.url).policy(deny).start();
    for name in ["localhost", "127.0.0.1"] {
        for (bucket, status) in [("billing", 200), ("secret", 403)] {
            let mut call = s3_call(&world, "GET", "/billing/07.csv", b"");
            call.host = format!("{bucket}.{name}:{}", world.gateway.port());
            assert_eq!(call.send(&world).status, status, "{bucket}.{name}");
        }
        let got = upstream.take().pop().unwrap();
        assert_eq!(got.header("host"), "billing.s3.eu-central-1.amazonaws.com");
        assert_eq!((got.parts.uri.path(), &got.verdict), ("/billing/07.csv", &Ok(())));
    }
    let begun = world.events_of("call.begin");
    assert_eq!(begun[0]["resources"][0], "arn:aws:s3:::billing/billing/07.csv");
}

#[test]
fn the_environment_names_an_address_not_localhost() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    assert_eq!(world.env["AWS_ENDPOINT_URL"], format!("http://127.0.0.1:{}", world.gateway.port()));
}

#[test]
fn a_denied_head_says_why_in_a_header() {
    let upstream = empty_json();
    let deny = "[[statement]]\nsid = \"no-reads\"\neffect = \"deny\"\naction = [\"s3:GetObject\"]\n";
    let world = Plan::observe(&upstream.url).policy(deny).start();
    let reply = s3_call(&world, "HEAD", "/bucket/key", b"").send(&world);
    assert_eq!((reply.status, reply.body.len()), (403, 0));
    let why = reply.header("x-hoop-refusal").unwrap();
    assert!(
        why.starts_with("hoop: s3:GetObject on arn:aws:s3:::bucket/key is denied: rule \"no-reads\""),
        "{why}"
    );
}

#[test]
fn the_control_plane_of_s3_is_told_by_host_or_header() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).start();
    let own = format!("127.0.0.1:{}", world.gateway.port());
    let path = "/v20180820/accesspoint/ap1";
    for (host, account, goes) in [
        ("123456789012.s3-control.eu-central-1.amazonaws.com", "", "s3:GetAccessPoint"),
        ("s3.eu-central-1.amazonaws.com", "", "s3:GetObject"),
        (&own, "123456789012", "s3:GetAccessPoint"),
        // A bucket may have that name.
        (&own, "", "s3:GetObject"),
    ] {
        let mut call = s3_call(&world, "GET", path, b"");
        call.host = host.to_owned();
        if !account.is_empty() {
            call.headers.push(("x-amz-account-id".to_owned(), account.to_owned()));
        }
        assert_eq!(call.send(&world).status, 200, "{host}");
        let got = upstream.take().pop().unwrap();
        // Decided and sent to are the same.
        assert_eq!(got.header("host").contains("s3-control"), goes == "s3:GetAccessPoint", "{host}");
        assert_eq!(world.events_of("call.begin").last().unwrap()["action"], goes, "{host} {account}");
    }
}
