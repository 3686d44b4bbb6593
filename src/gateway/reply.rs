//! AWS's answer as the client gets it: secrets masked, lengths and sums true.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use http::Response;
use http::StatusCode;
use http::header;
use http::response;
use http_body_util::BodyExt;
use http_body_util::LengthLimitError;
use http_body_util::Limited;
use hyper::body::Body as _;
use hyper::body::Incoming;

use crate::aws;
use crate::aws::Call;
use crate::aws::Protocol;
use crate::gateway::coding;
use crate::gateway::core::Core;
use crate::gateway::digests;
use crate::gateway::entry::Entry;
use crate::gateway::headers;
use crate::gateway::minted_reply;
use crate::gateway::minted_reply::Answer;
use crate::gateway::minted_reply::Captured;
use crate::gateway::response_body::Given;
use crate::gateway::response_body::Masking;
use crate::gateway::response_body::Streamed;
use crate::gateway::stop::Stop;
use crate::gateway::whose::By;
use crate::mask;
use crate::mask::BodyContext;
use crate::mask::Direction;
use crate::mask::Frames;
use crate::mask::MaskedBody;
use crate::mask::Masks;
use crate::net::Body;
use crate::net::empty;
use crate::policy::model::RecordLevel;

/// The longest API answer that is masked as a whole. AWS's own limits are 1 to 25 MB; a longer one is withheld.
const BUFFERED_BYTES: usize = 32 << 20;

/// Masking a longer body leaves the gateway's thread, so that other calls go on.
const INLINE_MASK_BYTES: usize = 128 << 10;

/// How this answer is to be treated.
#[derive(Clone, Copy)]
pub struct Manner<'a> {
    /// How much of it is recorded.
    pub level: RecordLevel,
    /// Queue URLs in it are to lead back here.
    pub rewritten: bool,
    /// With what the call was signed.
    pub by: &'a By,
    /// The command that made it.
    pub command: Option<u64>,
}

/// Takes AWS's response, gives the client's. The entry ends when the last byte has been given.
pub async fn give_back(
    core: &Arc<Core>,
    entry: &Arc<Entry>,
    call: &Call,
    response: Response<Incoming>,
    manner: Manner<'_>,
) -> Result<Response<Body>, Stop> {
    let (mut parts, body) = response.into_parts();
    entry.answered(parts.status.as_u16(), request_id(&parts));
    headers::strip_hop_by_hop(&mut parts.headers);
    if let Some(date) = core.skew.date() {
        parts.headers.insert(header::DATE, date);
    }
    if body.is_end_stream() {
        entry.done(0).map_err(|error| Stop::unrecorded(&error))?;
        return Ok(Response::from_parts(parts, empty()));
    }
    match kind(core, call, &parts) {
        Treated::Structured => structured(core, entry, call, (parts, body), manner).await,
        Treated::Content { demanded } => {
            let coded = !coding::codings(&parts.headers).is_empty();
            if (demanded || coded) && parts.status.is_success() {
                whole_content(core, entry, call, (parts, body), (manner, demanded)).await
            } else {
                opaque(core, entry, call, (parts, body), manner).await
            }
        }
    }
}

/// How a body is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Treated {
    /// As an answer of the API.
    Structured,
    /// As content that somebody stored, or events; `demanded`: a rule names fields of it.
    Content { demanded: bool },
}

/// AWS's own id of the call.
pub fn request_id(parts: &response::Parts) -> Option<&str> {
    let names = ["x-amzn-requestid", "x-amz-request-id", "x-amz-requestid"];
    names.into_iter().map(|name| headers::text(&parts.headers, name)).find(|id| !id.is_empty())
}

/// Answers that come piece by piece, each piece with its own checksum.
const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

/// Whether the body is an answer of the API, in contrast to content that somebody stored.
fn kind(core: &Core, call: &Call, parts: &response::Parts) -> Treated {
    let media = media_type(parts);
    if media == EVENT_STREAM || parts.status == StatusCode::SWITCHING_PROTOCOLS {
        return Treated::Content { demanded: false };
    }
    let is_content =
        matches!(call.operation.as_str(), "GetObject" | "GetObjectTorrent" | "GetObjectAnnotation");
    if call.prefix == "s3" && is_content && parts.status.is_success() {
        return Treated::Content { demanded: core.masks.demands_fields(&call.action) };
    }
    let must_be_read =
        aws::vends(call) || core.masks.demands_structure(&call.service, &call.operation, &call.action);
    if names_structure(&media) || call.protocol.is_rpc() || must_be_read {
        Treated::Structured
    } else {
        Treated::Content { demanded: false }
    }
}

fn names_structure(media: &str) -> bool {
    let named = ["json", "xml", "cbor"];
    named.iter().any(|name| media.ends_with(name) || media.contains(&format!("{name}-")))
        || media.starts_with("application/x-amz-")
}

/// The type to read a body by: what it says, or what the protocol answers with where it says nothing useful (moto calls
/// JSON `text/html`).
pub fn structure(call: &Call, parts: &response::Parts) -> String {
    if names_structure(&media_type(parts)) {
        return headers::text(&parts.headers, "content-type").to_owned();
    }
    match call.protocol {
        Protocol::Json | Protocol::RestJson => "application/json",
        Protocol::Query | Protocol::Ec2 | Protocol::RestXml => "text/xml",
        Protocol::Cbor => "application/cbor",
    }
    .to_owned()
}

fn media_type(parts: &response::Parts) -> String {
    let value = headers::text(&parts.headers, "content-type");
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn withheld(call: &Call, status: StatusCode, why: &str) -> Stop {
    let (action, status) = (&call.action, status.as_u16());
    Stop::withheld(
        call.access,
        format!("AWS answered {action} with {status}, but the answer is withheld: {why}"),
    )
}

/// An API answer: read, masked by its structure, given back whole.
async fn structured(
    core: &Arc<Core>,
    entry: &Arc<Entry>,
    call: &Call,
    (mut parts, body): (response::Parts, Incoming),
    manner: Manner<'_>,
) -> Result<Response<Body>, Stop> {
    let status = parts.status;
    let withheld = |why: &str| withheld(call, status, why);
    let whole = Limited::new(body, BUFFERED_BYTES).collect().await.map_err(|cause| match cause
        .is::<LengthLimitError>(
    ) {
        true => withheld(&format!("it is longer than {} MiB and cannot be masked", BUFFERED_BYTES >> 20)),
        false => Stop::failed(format!("the answer to {} broke off", call.action)),
    })?;
    let content_type = headers::text(&parts.headers, "content-type").to_owned();
    let structure = structure(call, &parts);
    let (codings, mut whole) = (coding::codings(&parts.headers), whole.to_bytes());
    if !codings.is_empty() {
        let decoded = coding::decoded(&whole, &codings, BUFFERED_BYTES);
        whole = decoded.map(Bytes::from).ok_or_else(|| {
            withheld(&format!("it is compressed ({}) and cannot be opened to be masked", codings.join(", ")))
        })?;
        coding::strip(&mut parts.headers);
    }
    let mut captured = Captured::default();
    if status.is_success() {
        core.channels.learn(call, entry.number(), &whole);
        let (number, by, command) = (entry.number(), manner.by, manner.command);
        let answer = Answer { call, number, by, command, content_type: &structure };
        (whole, captured) = minted_reply::capture(core, &answer, whole).map_err(|why| withheld(&why))?;
    }
    let masked = masked(core, call, structure.clone(), whole).await;
    let masked = masked.map_err(|error| withheld(&format!("it cannot be masked: {error}")))?;
    entry.masked(&masked.masks);
    let mut changed = masked.changed || !codings.is_empty();
    let mut bytes = Bytes::from(masked.bytes);
    if masked.changed
        && let Some(corrected) = digests::corrected(call, &bytes)
    {
        bytes = corrected;
    }
    let kept = entry.keep_response(manner.level, &content_type, &bytes);
    kept.map_err(|error| Stop::unrecorded(&error))?;
    if !captured.is_empty() {
        let placed = captured.put_into(&structure, &bytes);
        bytes = placed.ok_or_else(|| withheld("the credentials in it cannot be replaced"))?;
        changed = true;
    }
    if manner.rewritten
        && let Some(led_back) = core.queue_urls.rewrite(&bytes, &call.region)
    {
        bytes = led_back;
        changed = true;
    }
    if changed {
        headers::body_changed(&mut parts.headers, &bytes);
    } else {
        parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    }
    Ok(Response::from_parts(parts, Given::new(entry.clone(), bytes).boxed_unsync()))
}

/// A body of an answer, masked as its operation demands.
pub async fn masked(
    core: &Arc<Core>,
    call: &Call,
    content_type: String,
    body: Bytes,
) -> crate::error::Result<MaskedBody> {
    let (service, operation, action) = (call.service.clone(), call.operation.clone(), call.action.clone());
    let resources = call.resources.clone();
    let core = core.clone();
    let small = body.len() <= INLINE_MASK_BYTES;
    let mask = move || {
        let what = BodyContext {
            service: &service,
            operation: &operation,
            action: &action,
            content_type: &content_type,
            direction: Direction::Response,
        };
        core.masks.body_about(&what, &resources, &body)
    };
    if small { mask() } else { beside(mask).await }
}

/// Masks on a thread of its own, so that other calls go on.
async fn beside(
    mask: impl FnOnce() -> crate::error::Result<MaskedBody> + Send + 'static,
) -> crate::error::Result<MaskedBody> {
    tokio::task::spawn_blocking(mask).await.unwrap_or_else(|_| {
        // A panic while masking: nothing of the body may pass.
        Err(crate::error::Error::new(crate::error::Kind::System, "the mask engine failed"))
    })
}

/// Content that must be read as a whole: it is compressed, or a rule names fields of it.
async fn whole_content(
    core: &Arc<Core>,
    entry: &Arc<Entry>,
    call: &Call,
    (mut parts, body): (response::Parts, Incoming),
    (manner, demanded): (Manner<'_>, bool),
) -> Result<Response<Body>, Stop> {
    let status = parts.status;
    let codings = coding::codings(&parts.headers);
    // Part of a compressed body cannot be opened, and part of a table does not say which columns it has.
    let is_part = status == StatusCode::PARTIAL_CONTENT;
    let is_small = coding::length(&parts.headers).is_some_and(|length| length <= BUFFERED_BYTES);
    if !is_small || is_part {
        let why =
            if is_part { "it is a part of an object" } else { "it is too long, or its length is unknown" };
        if demanded {
            return Err(withheld(call, status, &format!("a rule masks fields of it, and {why}")));
        }
        entry.not_looked_into(&format!("compressed ({}), and {why}", codings.join(", ")));
        return opaque(core, entry, call, (parts, body), manner).await;
    }
    let broken = |_| Stop::failed(format!("the answer to {} broke off", call.action));
    let raw = Limited::new(body, BUFFERED_BYTES).collect().await.map_err(broken)?.to_bytes();
    let Some(plain) = coding::decoded(&raw, &codings, BUFFERED_BYTES) else {
        if demanded {
            let why = "a rule masks fields of it, and its compression cannot be opened";
            return Err(withheld(call, status, why));
        }
        entry.not_looked_into(&format!("compressed ({}), and it cannot be opened", codings.join(", ")));
        return Ok(given(entry, parts, raw));
    };
    let content_type = headers::text(&parts.headers, "content-type").to_owned();
    let masked = content(core, call, content_type.clone(), plain, demanded).await;
    let masked = masked.map_err(|error| withheld(call, status, &error.to_string()))?;
    entry.masked(&masked.masks);
    if mask::is_textual(&content_type, &masked.bytes) {
        let kept = entry.keep_response(manner.level, &content_type, &masked.bytes);
        kept.map_err(|error| Stop::unrecorded(&error))?;
    }
    if !masked.changed {
        // Byte for byte, with its coding and its sums.
        return Ok(given(entry, parts, raw));
    }
    call.resources.iter().for_each(|arn| core.starred.add(arn));
    coding::strip(&mut parts.headers);
    let bytes = Bytes::from(masked.bytes);
    headers::body_changed(&mut parts.headers, &bytes);
    Ok(given(entry, parts, bytes))
}

fn given(entry: &Arc<Entry>, mut parts: response::Parts, bytes: Bytes) -> Response<Body> {
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    Response::from_parts(parts, Given::new(entry.clone(), bytes).boxed_unsync())
}

/// A whole content, masked without changing its length.
async fn content(
    core: &Arc<Core>,
    call: &Call,
    content_type: String,
    body: Vec<u8>,
    demanded: bool,
) -> crate::error::Result<MaskedBody> {
    let (service, operation, action) = (call.service.clone(), call.operation.clone(), call.action.clone());
    let masks = core.masks.clone();
    let mask = move || {
        if demanded {
            let what = BodyContext {
                service: &service,
                operation: &operation,
                action: &action,
                content_type: &content_type,
                direction: Direction::Response,
            };
            return masks.object(&what, &body);
        }
        if !mask::is_textual(&content_type, &body) {
            return Ok(MaskedBody { bytes: body, masks: Masks::default(), changed: false });
        }
        let mut bytes = Vec::with_capacity(body.len());
        let mut stream = masks.stream();
        stream.push(&body, &mut bytes);
        stream.finish(&mut bytes);
        let changed = bytes != body;
        Ok(MaskedBody { bytes, masks: stream.take_masks(), changed })
    };
    beside(mask).await
}

/// Content: text is masked on its way without changing its length, anything else passes.
async fn opaque(
    core: &Arc<Core>,
    entry: &Arc<Entry>,
    call: &Call,
    (mut parts, mut body): (response::Parts, Incoming),
    manner: Manner<'_>,
) -> Result<Response<Body>, Stop> {
    let is_events = media_type(&parts) == EVENT_STREAM;
    // The head of the body tells whether it is text; headers cannot be changed once they are out.
    let first = loop {
        if is_events {
            // The first event may be hours away, or be the answer to one that the client sends once it has our head.
            break Bytes::new();
        }
        match body.frame().await {
            None => break Bytes::new(),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) if !data.is_empty() => break data,
                _ => {}
            },
            Some(Err(_)) => return Err(Stop::failed("AWS's answer broke off")),
        }
    };
    let content_type = headers::text(&parts.headers, "content-type").to_owned();
    let seen = coding::codings(&parts.headers).is_empty() && parts.status != StatusCode::SWITCHING_PROTOCOLS;
    let masking = if is_events {
        Masking::Frames(Box::new(Frames::new(
            core.masks.clone(),
            &call.service,
            &call.operation,
            &call.action,
        )))
    } else if seen && mask::is_textual(&content_type, &first) {
        Masking::Text(Box::new(core.masks.stream()))
    } else {
        Masking::None
    };
    let is_masked = !matches!(masking, Masking::None);
    if is_masked {
        headers::drop_checksums(&mut parts.headers);
    }
    if is_events {
        // Frames change their length.
        parts.headers.remove(header::CONTENT_LENGTH);
    }
    let keep = is_masked && manner.level == RecordLevel::Full;
    let recorder = keep.then(|| core.recorder.clone());
    let streamed = Streamed::new(entry.clone(), body, masking).recorded_by(recorder).of(call);
    if is_events {
        return Ok(Response::from_parts(parts, streamed.boxed_unsync()));
    }
    let streamed = streamed.begun_with(first);
    let streamed = streamed.map_err(|error| withheld(call, parts.status, &error.to_string()))?;
    Ok(Response::from_parts(parts, streamed.boxed_unsync()))
}
