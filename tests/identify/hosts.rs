//! Every host that botocore's endpoint rules give is known, with its region, and kept for a call of its service.

use std::process::Command;

use hoop::aws;
use hoop::aws::Call;
use hoop::aws::Protocol;
use hoop::aws::UNKNOWN;
use hoop::types::AccessLevel;
use serde_json::Value;

use super::operations::cache;

#[test]
fn every_host_of_every_partition_is_its_services() {
    let output = Command::new(cache().join("venv/bin/python"))
        .arg("tests/identify/hosts.py")
        .env("PYTHONPATH", cache().join("sources/python"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut faults = Vec::new();
    let mut total = 0;
    for line in text.lines() {
        total += 1;
        let fields: Vec<&str> = line.split('\t').collect();
        let [service, signing, region, host] = fields[..] else { panic!("{line}") };
        // The console's sign-in is a web site, with hosts of its own, and takes no signed calls.
        if service == "signin" {
            continue;
        }
        if !aws::is_aws_host(host) {
            faults.push(format!("no AWS host: {line}"));
            continue;
        }
        let call = call(service, signing, region);
        let kept = aws::upstream_host(&call, Some(host));
        if kept != host {
            faults.push(format!("goes to {kept}: {line}"));
        }
        let strange = aws::upstream_host(&call, Some("sts.amazonaws.com.evil.example"));
        if !aws::is_aws_host(&strange) {
            faults.push(format!("by itself goes to {strange}: {line}"));
        }
    }
    assert!(total > 14_000, "{total}");
    assert!(faults.is_empty(), "{} of {total}\n{}", faults.len(), faults.join("\n"));
}

/// A call of the service of which only the service matters.
fn call(service: &str, signing: &str, region: &str) -> Call {
    Call {
        service: service.to_owned(),
        prefix: service.to_owned(),
        operation: "Anything".to_owned(),
        action: format!("{service}:{UNKNOWN}"),
        more_actions: Vec::new(),
        access: AccessLevel::Unknown,
        region: region.to_owned(),
        signing_name: signing.to_owned(),
        protocol: Protocol::Json,
        resources: Vec::new(),
        partial: true,
        params: Value::Null,
        needs_account: false,
    }
}
