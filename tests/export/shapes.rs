//! Calls as JSON lines, CSV, OCSF events and records in CloudTrail's shape.

use serde_json::Value;

use super::*;

fn lines(format: &str, more: &[&str]) -> Vec<Value> {
    let dir = filled();
    let text = output(dir.path(), &[&["export", "last", "-f", format], more].concat());
    assert!(!text.chars().any(|c| c.is_control() && c != '\n') && !text.contains("\u{1b}"), "{text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_part_has_the_calls_that_began_in_it() {
    let actions = |more: &[&str]| -> Vec<String> {
        lines("jsonl", more).iter().map(|call| call["action"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(actions(&[]).len(), 3);
    assert_eq!(actions(&["--from", "command:2", "--to", "command:2"]), ["s3:DeleteObject"]);
    assert_eq!(actions(&["--from", "50%", "--to", "call:2"]), ["s3:DeleteObject"]);
}

#[test]
fn a_table_has_a_line_for_each_call() {
    let dir = filled();
    let text = output(dir.path(), &["export", "last", "-f", "csv"]);
    let rows: Vec<&str> = text.split("\r\n").filter(|row| !row.is_empty()).collect();
    assert_eq!(rows.len(), 4);
    assert!(rows[0].starts_with("time,seconds,session,user,host,call,action,"));
    assert!(
        rows[2].starts_with("2025-11-21T06:18:3") && rows[2].contains(",ana,build-7,2,s3:DeleteObject,"),
        "{}",
        rows[2]
    );
    assert!(rows[2].contains(",deny,guarded,\"reading is allowed, deleting is not\","), "{}", rows[2]);
    assert!(rows[2].contains("\\\\u001b]0;owned") || rows[2].contains("\\u001b]0;owned"), "{}", rows[2]);
}

#[test]
fn a_query_picks_calls_of_one_session_and_of_all() {
    let dir = filled();
    let table = output(dir.path(), &["export", "last", "-f", "csv", "--query", "decision:deny"]);
    let rows: Vec<&str> = table.split("\r\n").filter(|row| !row.is_empty()).collect();
    assert!(rows.len() == 2 && rows[1].contains(",s3:DeleteObject,"), "{table}");
    let all = ["export", "--query", "user:ana action:s3:Delete*", "-f", "jsonl"];
    let calls = output(dir.path(), &all);
    assert!(calls.lines().count() == 1 && calls.contains("\"s3:DeleteObject\""), "{calls}");
    assert_eq!(output(dir.path(), &["export", "--query", "user:nobody", "-f", "jsonl"]), "");
}

/// The member at a path such as `api.request`; `[]` stands for every item.
fn at<'v>(event: &'v Value, path: &str) -> Vec<&'v Value> {
    path.split('.').fold(vec![event], |values, name| {
        let (name, is_list) = name.strip_suffix("[]").map_or((name, false), |name| (name, true));
        let found = values.into_iter().filter_map(|value| value.get(name));
        if is_list { found.flat_map(|list| list.as_array().unwrap()).collect() } else { found.collect() }
    })
}

#[test]
fn events_have_what_the_ocsf_schema_requires() {
    let schema: Value = serde_json::from_str(include_str!("../data/ocsf-api-activity.json")).unwrap();
    let names = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    let events = lines("ocsf", &[]);
    assert_eq!(events.len(), 3);
    let class = &schema["class"];
    for event in &events {
        for name in names(&class["required"]) {
            assert!(!event[&name].is_null(), "{name} is missing: {event}");
        }
        for name in ["category_uid", "class_uid"] {
            assert_eq!(event[name], class[name]);
        }
        for (name, known) in
            [("activity_id", "activity_ids"), ("severity_id", "severity_ids"), ("status_id", "status_ids")]
        {
            assert!(class[known].as_array().unwrap().contains(&event[name]), "{name}: {event}");
        }
        for name in names(&schema["integers"]) {
            assert!(event.get(&name).is_none_or(Value::is_u64), "{name}: {event}");
        }
        assert_eq!(event["type_uid"].as_u64(), Some(600_300 + event["activity_id"].as_u64().unwrap()));
        for (path, wants) in schema["objects"].as_object().unwrap() {
            for object in at(event, path) {
                for name in names(&wants["required"]) {
                    assert!(!object[&name].is_null(), "{path}.{name} is missing: {event}");
                }
                let any = names(&wants["at_least_one"]);
                assert!(any.is_empty() || any.iter().any(|name| !object[name].is_null()), "{path}: {event}");
            }
        }
    }
    let denied = &events[1];
    assert_eq!((denied["status"].as_str(), denied["severity_id"].as_u64()), (Some("Failure"), Some(3)));
    assert_eq!(denied["time"].as_u64().unwrap() / 1_000, 1_763_705_912);
    assert_eq!(denied["api"]["response"]["error"], "AccessDenied");
    assert_eq!(denied["unmapped"]["decision"]["effect"], "deny");
}

#[test]
fn records_have_the_shape_of_cloudtrails() {
    let records = lines("cloudtrail", &[]);
    for record in &records {
        for name in [
            "eventVersion",
            "userIdentity",
            "eventTime",
            "eventSource",
            "eventName",
            "awsRegion",
            "sourceIPAddress",
            "userAgent",
            "requestParameters",
            "eventID",
            "eventType",
            "recipientAccountId",
        ] {
            assert!(!record[name].is_null(), "{name}: {record}");
        }
        let time = record["eventTime"].as_str().unwrap();
        assert!(time.len() == 20 && time.ends_with('Z') && time.starts_with("2025-11-21T06:18:"), "{time}");
        let id = record["eventID"].as_str().unwrap();
        assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    }
    let denied = &records[1];
    assert_eq!(denied["eventSource"], "s3.amazonaws.com");
    assert_eq!(denied["errorCode"], "AccessDenied");
    assert_eq!(denied["resources"][0]["ARN"], "arn:aws:s3:::billing/2026/07.csv");
    assert_eq!(denied["additionalEventData"]["hoop"]["decision"]["rule"], "guarded");
    assert_eq!(records, lines("cloudtrail", &[]), "ids are the same whenever it is exported");
}
