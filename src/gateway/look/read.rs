//! One look-up: a request of hoop's own, made, decided, recorded, signed and read like any other call.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::Request;
use http::header;
use http_body_util::BodyExt;
use http_body_util::LengthLimitError;
use http_body_util::Limited;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

use crate::audit::CallBegin;
use crate::audit::Via;
use crate::aws;
use crate::aws::Call;
use crate::aws::RequestView;
use crate::gateway::authenticate::Payload;
use crate::gateway::authenticate::Signed;
use crate::gateway::authenticate::Whole;
use crate::gateway::coding;
use crate::gateway::core::Core;
use crate::gateway::entry::Entry;
use crate::gateway::forward::forward;
use crate::gateway::look::Asked;
use crate::gateway::pipeline;
use crate::gateway::reply;
use crate::gateway::stop::Stop;
use crate::gateway::unsigned;
use crate::types::Effect;

/// How long one look-up may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The longest answer that is read: a page of 1,000 objects has about 400 KiB.
const LONGEST: usize = 1 << 20;

/// What hoop calls itself.
const USER_AGENT: &str = concat!("hoop/", env!("CARGO_PKG_VERSION"));

/// What stays as it is in a path or query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request for something to be read; service and region are those of the call that is held.
pub struct Read {
    operation: &'static str,
    method: Method,
    target: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Read {
    /// By JSON: `target` is what stands before the operation in `X-Amz-Target`, `version` 1.0 or 1.1.
    pub fn json(operation: &'static str, (target, version): (&str, &str), params: &Value) -> Self {
        Self {
            operation,
            method: Method::POST,
            target: "/".to_owned(),
            headers: vec![
                ("x-amz-target", format!("{target}.{operation}")),
                ("content-type", format!("application/x-amz-json-{version}")),
            ],
            body: params.to_string(),
        }
    }

    /// By a form: names as they are on the wire.
    pub fn form(operation: &'static str, version: &str, params: &[(&str, &str)]) -> Self {
        let mut body = format!("Action={operation}&Version={version}");
        for (name, value) in params {
            body.push_str(&format!("&{name}={}", encoded(value)));
        }
        Self {
            operation,
            method: Method::POST,
            target: "/".to_owned(),
            headers: vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())],
            body,
        }
    }

    /// By path and query, encoded already.
    pub fn get(operation: &'static str, target: String) -> Self {
        Self { operation, method: Method::GET, target, headers: Vec::new(), body: String::new() }
    }
}

/// A part of a path or query.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// What AWS said.
pub enum Answer {
    /// Yes.
    Good(Value),
    /// No, with this code.
    Error(String),
}

/// Makes the look-up; an error is why there is no answer, a phrase.
pub async fn read(core: &Arc<Core>, asked: &Asked, read: &Read) -> Result<Answer, String> {
    let mut request = Request::builder().method(&read.method).uri(&read.target).header(header::HOST, "aws");
    for (name, value) in &read.headers {
        request = request.header(*name, value);
    }
    request = request.header(header::USER_AGENT, USER_AGENT);
    let (parts, ()) = request.body(()).map_err(|_| "it cannot be asked for".to_owned())?.into_parts();
    let held = &asked.call;
    let view = |account| RequestView {
        parts: &parts,
        host: None,
        service: &held.signing_name,
        region: &held.region,
        body: read.body.as_bytes(),
        account,
    };
    let known = asked.whose.account.clone().unwrap_or_default();
    let mut call = aws::identify(&view(&known));
    if call.needs_account && known.is_empty() {
        call = aws::identify(&view(&core.account_of(&asked.by).await));
    }
    // What the policy is asked about must be what is made.
    if call.operation != read.operation || call.service != held.service {
        return Err("it cannot be asked for".to_owned());
    }
    let decision = pipeline::verdict(core, (&call, USER_AGENT), &asked.whose);
    if decision.effect != Effect::Allow {
        return Err("the policy does not allow the look-up".to_owned());
    }
    let principal = pipeline::principal(core, &asked.whose);
    let level = core.policies.record_level(&call.action, &call.resources, &principal);
    let entry = Entry::new(core);
    let mut begin = CallBegin::new(entry.number(), &call.service, &call.operation, &call.action);
    begin.method = read.method.to_string();
    begin.path = core.masks.text(&read.target).into_owned();
    begin.agent = Some(USER_AGENT.to_owned());
    begin.via = Via::Hoop;
    begin.question = Some(asked.question.recorded());
    pipeline::identified(core, &entry, (&call, &asked.by, &asked.whose), begin, level);
    entry.decided(&decision).map_err(|_| "it cannot be recorded".to_owned())?;
    let body = Bytes::copy_from_slice(read.body.as_bytes());
    let sha256 = hex::encode(Sha256::digest(&body));
    let signed = Signed {
        key: core.placeholder.clone(),
        by: asked.by.clone(),
        claims: unsigned::claims(&held.signing_name, &held.region),
        parts,
        payload: Payload::Whole(Whole { bytes: body, sha256, trailers: None }),
    };
    let whole = whole(core, &entry, &call, signed, level);
    match tokio::time::timeout(TIMEOUT, whole).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(stop)) => {
            // The recorder tells of its own failure.
            drop(entry.stopped(&stop, || CallBegin::new(entry.number(), "", "", "")));
            Err(stop.message.trim_start_matches("hoop: ").to_owned())
        }
        Err(_) => {
            let why = format!("no answer within {} s", TIMEOUT.as_secs());
            drop(entry.stopped(&Stop::failed(&why), || CallBegin::new(entry.number(), "", "", "")));
            Err(why)
        }
    }
}

/// Sends it, and reads the answer to its end: masked before anything is looked at.
async fn whole(
    core: &Arc<Core>,
    entry: &Arc<Entry>,
    call: &Call,
    signed: Signed,
    level: crate::policy::model::RecordLevel,
) -> Result<Answer, Stop> {
    let response = forward(core, entry, call, signed, None).await?;
    let (parts, body) = response.into_parts();
    entry.answered(parts.status.as_u16(), reply::request_id(&parts));
    let read = Limited::new(body, LONGEST).collect().await.map_err(|cause| {
        match cause.is::<LengthLimitError>() {
            true => Stop::failed(format!("the answer is longer than {} KiB", LONGEST >> 10)),
            false => Stop::failed("the answer broke off"),
        }
    })?;
    let mut bytes = read.to_bytes();
    let codings = coding::codings(&parts.headers);
    if !codings.is_empty() {
        let plain = coding::decoded(&bytes, &codings, LONGEST);
        bytes = plain
            .map(Bytes::from)
            .ok_or_else(|| Stop::failed("the answer's compression cannot be opened"))?;
    }
    let structure = reply::structure(call, &parts);
    let masked = reply::masked(core, call, structure.clone(), bytes).await;
    let masked = masked.map_err(|error| Stop::failed(format!("the answer cannot be masked: {error}")))?;
    entry.masked(&masked.masks);
    let kept = entry.keep_response(level, &structure, &masked.bytes);
    kept.and_then(|()| entry.done(masked.bytes.len() as u64)).map_err(|error| Stop::unrecorded(&error))?;
    let tree = match structure.contains("json") {
        true => serde_json::from_slice(&masked.bytes).ok(),
        false => aws::xml_tree(&masked.bytes),
    };
    if parts.status.is_success() {
        // Some policies come as they are, as a text of JSON in an XML protocol.
        let tree = tree.or_else(|| serde_json::from_slice(&masked.bytes).ok());
        return tree.map(Answer::Good).ok_or_else(|| Stop::failed("the answer cannot be read"));
    }
    let code = tree.as_ref().and_then(error_code);
    Ok(Answer::Error(code.unwrap_or_else(|| format!("status {}", parts.status.as_u16()))))
}

/// The code in an error of any protocol.
fn error_code(tree: &Value) -> Option<String> {
    let paths = ["Code", "Error.Code", "Errors.Error.Code", "__type", "code"];
    let code = paths.iter().find_map(|path| super::tree::text(tree, path))?;
    let code = code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default().to_owned();
    let is_code = !code.is_empty()
        && code.len() <= 64
        && code.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    is_code.then_some(code)
}
