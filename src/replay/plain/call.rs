//! AWS calls in facts: what arrived, what was decided and why, how it ended.

use std::io;

use serde_json::Value;

use super::Plain;
use super::told::counted;
use crate::audit::BodyRef;
use crate::audit::CallBegin;
use crate::audit::CallEnd;
use crate::audit::Decision;
use crate::audit::Via;
use crate::replay::entries::duration;

/// Most parameters of one call that are told; `hoop-replay export -f jsonl` has them all.
const MAX_PARAMETERS: usize = 100;

/// A call arrived.
pub fn begin(call: &CallBegin, when: &str, plain: &mut Plain<'_>) -> io::Result<()> {
    let label = |part: &str| format!("call {} {part}", call.call);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    plain.fact(&label(&format!("began at {when}")), &call.action)?;
    plain
        .fact(&label("operation"), &format!("{} {}, access {}", call.service, call.operation, call.access))?;
    for resource in &call.resources {
        plain.fact(&label("resource"), resource)?;
    }
    for (action, resources) in &call.more_actions {
        plain.fact(&label("also needs"), &format!("{action} on {}", resources.join(" ")))?;
    }
    plain.fact(&label("region"), &call.region)?;
    plain.fact(&label("account"), &text(&call.account))?;
    plain.fact(&label("made as"), &text(if call.role.is_some() { &call.role } else { &call.identity }))?;
    let by = match (call.via, &call.question, call.command, call.pid) {
        (Via::Hoop, Some(question), ..) => {
            format!("hoop itself, to look up what question {question} is about")
        }
        (Via::Hoop, None, ..) => "hoop itself".to_owned(),
        (.., Some(command), _) => format!("command {command}"),
        (.., None, Some(pid)) => format!("process {pid}"),
        (.., None, None) => String::new(),
    };
    plain.fact(&label("made by"), &by)?;
    plain.fact(&label("client"), &text(&call.agent))?;
    plain.fact(&label("request"), format!("{} {}{}", call.method, call.host, call.path).trim())?;
    body(&label("request body"), call.body.as_ref(), plain)?;
    let mut left_out = 0;
    let mut shown = 0;
    leaves(&call.params, &mut String::new(), &mut |path, value| {
        if shown >= MAX_PARAMETERS {
            left_out += 1;
            return Ok(());
        }
        shown += 1;
        plain.fact(&label(&format!("parameter {path}")), value)
    })?;
    let left_out = if left_out > 0 { left_out.to_string() } else { String::new() };
    plain.fact(&label("parameters left out"), &left_out)
}

/// What policy said.
pub fn decision(decision: &Decision, plain: &mut Plain<'_>) -> io::Result<()> {
    let label = |part: &str| format!("call {} {part}", decision.call);
    plain.fact(&label("decision"), decision.effect.as_str())?;
    let rule = [decision.rule.as_deref().unwrap_or_default(), &decision.origin];
    let rule: Vec<&str> = rule.into_iter().filter(|part| !part.is_empty()).collect();
    plain.fact(&label("rule"), &rule.join(", "))?;
    plain.fact(&label("why"), &decision.reason)
}

/// It is over.
pub fn end(end: &CallEnd, when: &str, plain: &mut Plain<'_>) -> io::Result<()> {
    let label = |part: &str| format!("call {} {part}", end.call);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let status = end.status.map(|status| format!(", HTTP {status}")).unwrap_or_default();
    let error = end.error.as_ref().map(|error| format!(" {error}")).unwrap_or_default();
    let value = format!("{}{status}{error}, after {}", end.outcome.as_str(), duration(end.took));
    plain.fact(&label(&format!("ended at {when}")), &value)?;
    plain.fact(&label("message"), &text(&end.message))?;
    plain.fact(&label("bytes"), &format!("{} sent, {} received", end.bytes_in, end.bytes_out))?;
    plain.fact(&label("masked"), &counted(&end.masks))?;
    plain.fact(&label("passed without a look inside"), &text(&end.not_looked_into))?;
    plain.fact(&label("request id"), &text(&end.request_id))?;
    body(&label("request body"), end.request.as_ref(), plain)?;
    body(&label("response body"), end.response.as_ref(), plain)
}

/// How long a body is, and where it is kept.
fn body(label: &str, body: Option<&BodyRef>, plain: &mut Plain<'_>) -> io::Result<()> {
    let Some(body) = body else { return Ok(()) };
    let kind = body.content_type.as_ref().map(|kind| format!(" of {kind}")).unwrap_or_default();
    let place = match &body.file {
        Some(file) if body.kept < body.bytes => format!("the first {} kept in bodies/{file}", body.kept),
        Some(file) => format!("kept in bodies/{file}"),
        None => "not kept".to_owned(),
    };
    plain.fact(label, &format!("{} bytes{kind}, {place}", body.bytes))
}

/// Gives each value of a document that has no parts, and the way to it: `Tags[0].Key`.
fn leaves(
    value: &Value,
    path: &mut String,
    take: &mut impl FnMut(&str, &str) -> io::Result<()>,
) -> io::Result<()> {
    let length = path.len();
    match value {
        Value::Null if path.is_empty() => Ok(()),
        Value::Object(parts) if !parts.is_empty() => parts.iter().try_for_each(|(name, part)| {
            path.push_str(if length == 0 { "" } else { "." });
            path.push_str(name);
            let done = leaves(part, path, take);
            path.truncate(length);
            done
        }),
        Value::Array(parts) if !parts.is_empty() => (0..).zip(parts).try_for_each(|(number, part)| {
            path.push_str(&format!("[{number}]"));
            let done = leaves(part, path, take);
            path.truncate(length);
            done
        }),
        Value::String(text) if text.is_empty() => take(path, "empty text"),
        Value::String(text) => take(path, text),
        Value::Object(_) => take(path, "empty object"),
        Value::Array(_) => take(path, "empty list"),
        other => take(path, &other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parameters_are_told_one_by_one_and_not_all_of_many() {
        let mut call = CallBegin::new(7, "s3", "PutObject", "s3:PutObject");
        call.params =
            json!({"Tags": [{"Key": "a", "Value": ""}], "Size": 3, "Key\u{1b}": "x\u{7}\ny", "None": []});
        let mut out = Vec::new();
        begin(&call, "0:01.0", &mut Plain::new(&mut out)).unwrap();
        let text = String::from_utf8(out).unwrap();
        for line in [
            "call 7 began at 0:01.0: s3:PutObject\n",
            "call 7 parameter Tags[0].Key: a\n",
            "call 7 parameter Tags[0].Value: empty text\n",
            "call 7 parameter Size: 3\n",
            "call 7 parameter Key\\e: x\\x07\\ny\n",
            "call 7 parameter None: empty list\n",
        ] {
            assert!(text.contains(line), "{line}:\n{text}");
        }
        call.params = json!((0..500).collect::<Vec<u32>>());
        let mut out = Vec::new();
        begin(&call, "0:01.0", &mut Plain::new(&mut out)).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("[99]: 99\n") && text.ends_with("call 7 parameters left out: 400\n"), "{text}");
    }
}
