//! One call from its arrival to its end: the order of this file is the order of the checks.

use std::sync::Arc;

use http::Request;
use http::Response;
use http::StatusCode;
use http::request::Parts;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use sha2::Digest;
use sha2::Sha256;

use crate::audit::CallBegin;
use crate::audit::Via;
use crate::aws;
use crate::aws::Call;
use crate::aws::Protocol;
use crate::aws::Refusal;
use crate::aws::RequestView;
use crate::aws::refusal::Shape;
use crate::aws::sigv4;
use crate::aws::sigv4::Authorization;
use crate::gateway::ask;
use crate::gateway::authenticate::Signed;
use crate::gateway::authenticate::authenticate;
use crate::gateway::channels;
use crate::gateway::content::Content;
use crate::gateway::core::Asker;
use crate::gateway::core::Core;
use crate::gateway::entry::Entry;
use crate::gateway::forward::forward;
use crate::gateway::forward::open_channel;
use crate::gateway::headers;
use crate::gateway::hold::Waits;
use crate::gateway::patience::Attempt;
use crate::gateway::reply;
use crate::gateway::returned;
use crate::gateway::stop::Stop;
use crate::gateway::unsigned;
use crate::gateway::upload::Unread;
use crate::gateway::websocket;
use crate::gateway::whose::By;
use crate::gateway::whose::Whose;
use crate::net::Body;
use crate::net::Interim;
use crate::net::MALFORMED;
use crate::net::full;
use crate::policy;
use crate::policy::Decision;
use crate::policy::Principal;
use crate::policy::actions::AwsActions;
use crate::policy::model::RecordLevel;
use crate::types::AccessLevel;
use crate::types::Caller;
use crate::types::Effect;

/// Parameters larger than this, as JSON, are recorded by length and digest only.
const RECORDED_PARAMS_BYTES: usize = 64 << 10;

/// How a request came.
#[derive(Clone)]
pub struct Arrival {
    /// The AWS host that the client addressed, without a port; `None`: it was given an endpoint URL.
    pub host: Option<String>,
    /// As it stands in the record.
    pub via: Via,
    /// Keeps the client waiting while a person is asked.
    pub interim: Interim,
    /// The number of the client's socket, where the sandbox's network tells it.
    pub inode: Option<u64>,
}

/// Answers one request. Whatever happens, the client is given an answer that its SDK understands, and the record says
/// what it was.
pub async fn answer(core: &Arc<Core>, request: Request<Incoming>, arrival: Arrival) -> Response<Body> {
    let entry = Entry::new(core);
    let (mut parts, body) = request.into_parts();
    let upgrade =
        parts.extensions.remove::<OnUpgrade>().filter(|_| headers::upgrade_of(&parts.headers).is_some());
    let claims = sigv4::parse(&parts);
    let service = scope_service(&parts, claims.as_ref().ok());
    let shape = Shape::of(&parts, Protocol::guess(&parts, &service), &service);
    let head = head(core, &entry, (&parts, claims.as_ref().ok()), &service, &arrival);
    let body = Arc::new(Unread::new(body, &parts));
    let answer = match channels::wanted(&parts, arrival.host.as_deref()).map(str::to_owned) {
        Some(id) => channel(core, &entry, &head, Wanted { id, parts, upgrade }, &arrival).await,
        None => run(core, &entry, (parts, claims, &body, upgrade), &head, &arrival).await,
    };
    match answer {
        Ok(response) => response,
        Err(stop) => {
            body.drain().await;
            let stop = entry.stopped(&stop, || head).err().map_or(stop, |error| Stop::unrecorded(&error));
            let message = core.masks.text(&stop.message);
            let mut response =
                shape.response(stop.status, stop.code, &message, &entry.request_id()).map(full);
            if let Some(again) = stop.again {
                headers::put_retry_after(response.headers_mut(), again);
            }
            response
        }
    }
}

async fn run(
    core: &Arc<Core>,
    entry: &Arc<Entry>,
    (parts, claims, body, upgrade): (Parts, Result<Authorization, Refusal>, &Arc<Unread>, Option<OnUpgrade>),
    head: &CallBegin,
    arrival: &Arrival,
) -> Result<Response<Body>, Stop> {
    if parts.headers.contains_key(MALFORMED) {
        let why = headers::text(&parts.headers, MALFORMED);
        return Err(Stop::invalid("InvalidRequest", format!("the request is not well-formed: {why}")));
    }
    let from = (arrival.host.as_deref(), &*entry.received());
    let mut signed = authenticate(core, (parts, claims), body, from).await?;
    one_region(&mut signed, arrival)?;
    let rewritten = core.queue_urls.restore(&mut signed, arrival);
    let call = identify(core, &signed, arrival, upgrade.is_some()).await;
    let by = signed.by.clone();
    let whose = core.whose(&by).await;
    let principal = principal(core, &whose);
    let level = core.policies.record_level(&call.action, &call.resources, &principal);
    identified(core, entry, (&call, &by, &whose), head.clone(), level);
    let user_agent = headers::text(&signed.parts.headers, "user-agent");
    let decision = decide(core, entry, (&call, user_agent), (&by, &whose))?;
    returned::check(core, entry, &call, &mut signed)?;
    if decision.effect == Effect::Ask {
        let caller = Caller { command: head.command, pid: head.pid.unwrap_or_default() };
        let lines = core.command_lines(&caller);
        let whose = ask::named(core, &by, whose).await;
        let content = Content::of(&call, &signed);
        let attempt = Attempt::of(&signed.parts.headers);
        let agent = headers::text(&signed.parts.headers, "user-agent");
        let waits = Waits { agent, attempt, caller, body, interim: &arrival.interim };
        let held =
            ask::Hold { call: &call, decision: &decision, by: &by, whose: &whose, lines, content: &content };
        ask::ask(core, entry, held, waits).await?;
    }
    let response = forward(core, entry, &call, signed, arrival.host.as_deref()).await?;
    if let (StatusCode::SWITCHING_PROTOCOLS, Some(client)) = (response.status(), upgrade) {
        return websocket::open(entry, response, client, None);
    }
    let manner = reply::Manner { level, rewritten, by: &by, command: head.command };
    reply::give_back(core, entry, &call, response, manner).await
}

/// A request for the data channel of a session.
struct Wanted {
    /// The session's.
    id: String,
    parts: Parts,
    upgrade: Option<OnUpgrade>,
}

/// Opens the data channel of a session that was allowed to start; any other is refused.
async fn channel(
    core: &Arc<Core>,
    entry: &Arc<Entry>,
    head: &CallBegin,
    wanted: Wanted,
    arrival: &Arrival,
) -> Result<Response<Body>, Stop> {
    let Wanted { id, parts, upgrade } = wanted;
    let (Some(host), Some(client)) = (&arrival.host, upgrade) else {
        return Err(Stop::invalid("InvalidRequest", "a data channel is a websocket"));
    };
    let session = core.channels.find(&id).ok_or_else(|| {
        Stop::denied("a data channel is opened only to a session that was started through this gateway")
    })?;
    let mut begin = head.clone();
    "ssmmessages".clone_into(&mut begin.service);
    "OpenDataChannel".clone_into(&mut begin.operation);
    "ssmmessages:OpenDataChannel".clone_into(&mut begin.action);
    begin.access = AccessLevel::Write;
    begin.region = aws::region_of_host(host).unwrap_or_default();
    begin.params = serde_json::json!({ "SessionId": id, "StartedByCall": session.call });
    entry.begin(begin).map_err(|error| Stop::unrecorded(&error))?;
    let response = open_channel(core, host, parts).await?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(Stop::failed(format!("{host} did not open the data channel: {}", response.status())));
    }
    websocket::open(entry, response, client, Some(session.token))
}

/// Host and scope have to be about the same service and region; a signature for several regions counts for the one that
/// its host names.
fn one_region(signed: &mut Signed, arrival: &Arrival) -> Result<(), Stop> {
    let Some(host) = &arrival.host else { return Ok(()) };
    let claims = &mut signed.claims;
    if let Some(wrong) = aws::disagreement(host, &claims.service, &claims.region) {
        return Err(Stop { status: 403, ..Stop::invalid("SignatureDoesNotMatch", wrong) });
    }
    if claims.region == "*"
        && let Some(region) = aws::region_of_host(host)
    {
        claims.region = region;
    }
    Ok(())
}

/// What the request means to IAM. A resource's ARN may need the account, which is asked of STS once.
async fn identify(core: &Core, signed: &Signed, arrival: &Arrival, is_websocket: bool) -> Call {
    let identify = |view: &RequestView<'_>| {
        let mut call = aws::identify(view);
        aws::live::recognise(view, is_websocket, &mut call);
        call
    };
    let account = core.known_whose(&signed.by).account.unwrap_or_default();
    let view = RequestView {
        parts: &signed.parts,
        host: arrival.host.as_deref(),
        service: &signed.claims.service,
        region: &signed.claims.region,
        body: signed.payload.visible(),
        account: &account,
    };
    let call = identify(&view);
    if !call.needs_account || !account.is_empty() {
        return call;
    }
    let account = core.account_of(&signed.by).await;
    identify(&RequestView { account: &account, ..view })
}

/// Hands the call to the record, where it stands together with the verdict before anything is done about it.
pub fn identified(
    core: &Core,
    entry: &Entry,
    (call, by, whose): (&Call, &By, &Whose),
    mut begin: CallBegin,
    level: RecordLevel,
) {
    begin.service.clone_from(&call.service);
    begin.operation.clone_from(&call.operation);
    begin.action.clone_from(&call.action);
    begin.more_actions.clone_from(&call.more_actions);
    begin.access = call.access;
    begin.region.clone_from(&call.region);
    begin.account.clone_from(&whose.account);
    begin.identity = match by {
        By::Nobody => Some("unsigned".to_owned()),
        By::Session(_) | By::Minted(_) => whose.arn.as_deref().map(|arn| core.masks.text(arn).into_owned()),
    };
    begin.role = whose.role.arn().map(|arn| core.masks.text(arn).into_owned());
    let masked = |resource: &String| core.masks.text(resource).into_owned();
    begin.resources = call.resources.iter().map(masked).collect();
    call.protocol.as_str().clone_into(&mut begin.protocol);
    if level > RecordLevel::None {
        let (params, text, masks) = core.masked_params(call);
        entry.masked(&masks);
        begin.params = params;
        if text.len() > RECORDED_PARAMS_BYTES {
            begin.leave_out_params(text.len(), &hex::encode(Sha256::digest(&text)));
        }
    }
    entry.identified(begin);
}

/// Who makes a call, as policies see it.
pub fn principal(core: &Core, whose: &Whose) -> Principal {
    Principal { role: whose.role.clone(), arn: whose.arn.clone(), ..core.principal.clone() }
}

/// The verdict of every policy; a denial ends here.
fn decide(
    core: &Core,
    entry: &Entry,
    (call, user_agent): (&Call, &str),
    (by, whose): (&By, &Whose),
) -> Result<Decision, Stop> {
    let principal = principal(core, whose);
    let request = request(core, (call, user_agent), whose, &principal);
    let mut decision = core.policies.decide(&request);
    if matches!(by, By::Nobody) && decision.effect != Effect::Deny && !core.policies.names(&request) {
        decision = unsigned::not_named(&call.action);
    }
    if decision.effect != Effect::Deny {
        let taken = core.limits.take(&request).unwrap_or_else(|over| {
            let (over, taken) = *over;
            if over.effect > decision.effect {
                decision = over;
            }
            taken
        });
        entry.takes(taken);
    }
    entry.decided(&decision).map_err(|error| Stop::unrecorded(&error))?;
    if decision.effect != Effect::Deny {
        return Ok(decision);
    }
    Err(Stop::denied(decision.sentence()))
}

/// What the policies are asked about a call.
fn request<'a>(
    core: &Core,
    (call, user_agent): (&'a Call, &'a str),
    whose: &'a Whose,
    principal: &'a Principal,
) -> policy::Request<'a> {
    policy::Request {
        resources: &call.resources,
        more: &call.more_actions,
        region: &call.region,
        account: whose.account.as_deref().unwrap_or_default(),
        params: &call.params,
        now: core.clock.unix_seconds(),
        user_agent,
        secure_transport: core.upstream.is_encrypted(),
        actions: &AwsActions,
        ..policy::Request::new(&call.action, call.access, principal)
    }
}

/// What the policies say about a call of hoop's own, which counts for no limit.
pub fn verdict(core: &Core, call: (&Call, &str), whose: &Whose) -> Decision {
    let principal = principal(core, whose);
    core.policies.decide(&request(core, call, whose, &principal))
}

/// A call as far as its head tells, for the record.
fn head(
    core: &Core,
    entry: &Entry,
    (parts, claims): (&Parts, Option<&Authorization>),
    service: &str,
    arrival: &Arrival,
) -> CallBegin {
    let service = core.masks.text(service);
    let action = format!("{}:unknown", if service.is_empty() { "unknown" } else { &service });
    let mut begin = CallBegin::new(entry.number(), &service, "unknown", &action);
    let host = arrival.host.clone().unwrap_or_else(|| headers::text(&parts.headers, "host").to_owned());
    begin.host = core.masks.text(&host).into_owned();
    begin.method = parts.method.to_string();
    begin.path = core.masks.text(&without_signature(parts)).into_owned();
    let agent = headers::text(&parts.headers, "user-agent");
    begin.agent = Some(core.masks.text(agent).into_owned()).filter(|agent| !agent.is_empty());
    begin.via = arrival.via;
    let access_key_id = claims.map_or("", |claims| &claims.access_key_id);
    let caller = core.caller(&Asker { inode: arrival.inode, access_key_id });
    begin.command = caller.command;
    begin.pid = (caller.pid != 0).then_some(caller.pid);
    begin
}

/// Path and query, without what a presigned URL is signed with.
fn without_signature(parts: &Parts) -> String {
    let path = parts.uri.path();
    let Some(query) = parts.uri.query() else { return path.to_owned() };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
            !matches!(name.as_str(), "x-amz-signature" | "x-amz-security-token" | "signature")
        })
        .collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

/// The signing name, as the unverified request claims it; only for the words of a refusal and its record.
fn scope_service(parts: &Parts, claims: Option<&Authorization>) -> String {
    if let Some(claims) = claims {
        return claims.service.clone();
    }
    // Unsigned requests to S3 hosts are answered in S3's words.
    let host = headers::text(&parts.headers, "host");
    let is_s3 = host.split('.').any(|label| label == "s3" || label.starts_with("s3-"));
    if is_s3 { "s3".to_owned() } else { String::new() }
}
