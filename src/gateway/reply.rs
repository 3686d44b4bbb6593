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

use crate::aws::Call;
use crate::aws::Protocol;
use crate::gateway::core::Core;
use crate::gateway::digests;
use crate::gateway::entry::Entry;
use crate::gateway::headers;
use crate::gateway::response_body::Given;
use crate::gateway::response_body::Masking;
use crate::gateway::response_body::Streamed;
use crate::gateway::stop::Stop;
use crate::mask;
use crate::mask::BodyContext;
use crate::mask::Direction;
use crate::mask::Frames;
use crate::mask::MaskedBody;
use crate::net::Body;
use crate::net::empty;
use crate::policy::model::RecordLevel;

/// The longest API answer that is masked as a whole. AWS's own limits are 1 to 25 MB; a longer one is withheld.
const BUFFERED_BYTES: usize = 32 << 20;

/// Masking a longer body leaves the gateway's thread, so that other calls go on.
const INLINE_MASK_BYTES: usize = 128 << 10;

/// How this answer is to be treated.
#[derive(Clone, Copy)]
pub struct Manner {
    /// How much of it is recorded.
    pub level: RecordLevel,
    /// Queue URLs in it are to lead back here.
    pub rewritten: bool,
}

/// Takes AWS's response, gives the client's. The entry ends when the last byte has been given.
pub async fn give_back(
    core: &Arc<Core>,
    entry: &Arc<Entry>,
    call: &Call,
    response: Response<Incoming>,
    manner: Manner,
) -> Result<Response<Body>, Stop> {
    let (mut parts, body) = response.into_parts();
    entry.answered(parts.status.as_u16(), request_id(&parts));
    headers::strip_hop_by_hop(&mut parts.headers);
    if body.is_end_stream() {
        entry.done(0).map_err(|error| Stop::unrecorded(&error))?;
        return Ok(Response::from_parts(parts, empty()));
    }
    if is_structured(call, &parts) {
        structured(core, entry, call, (parts, body), manner).await
    } else {
        opaque(core, entry, call, (parts, body), manner).await
    }
}

fn request_id(parts: &response::Parts) -> Option<&str> {
    let names = ["x-amzn-requestid", "x-amz-request-id", "x-amz-requestid"];
    names.into_iter().map(|name| headers::text(&parts.headers, name)).find(|id| !id.is_empty())
}

/// Answers that come piece by piece, each piece with its own checksum.
const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

/// Whether the body is an answer of the API, in contrast to content that somebody stored.
fn is_structured(call: &Call, parts: &response::Parts) -> bool {
    let media = media_type(parts);
    if media == EVENT_STREAM {
        return false;
    }
    let is_content =
        matches!(call.operation.as_str(), "GetObject" | "GetObjectTorrent" | "GetObjectAnnotation");
    if call.prefix == "s3" && is_content && parts.status.is_success() {
        return false;
    }
    names_structure(&media) || call.protocol.is_rpc()
}

fn names_structure(media: &str) -> bool {
    let named = ["json", "xml", "cbor"];
    named.iter().any(|name| media.ends_with(name) || media.contains(&format!("{name}-")))
        || media.starts_with("application/x-amz-")
}

/// The type to read a body by: what it says, or what the protocol answers with where it says nothing useful (moto calls
/// JSON `text/html`).
fn structure(call: &Call, parts: &response::Parts) -> String {
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

/// Whether the bytes are in a coding that cannot be looked into.
fn is_encoded(parts: &response::Parts) -> bool {
    let coding = headers::text(&parts.headers, "content-encoding");
    coding.split(',').map(str::trim).any(|coding| {
        !coding.is_empty()
            && !coding.eq_ignore_ascii_case("identity")
            && !coding.eq_ignore_ascii_case("aws-chunked")
    })
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
    manner: Manner,
) -> Result<Response<Body>, Stop> {
    let status = parts.status;
    let withheld = |why: &str| withheld(call, status, why);
    if is_encoded(&parts) {
        return Err(withheld("it is compressed and cannot be masked"));
    }
    let whole = Limited::new(body, BUFFERED_BYTES).collect().await.map_err(|cause| match cause
        .is::<LengthLimitError>(
    ) {
        true => withheld(&format!("it is longer than {} MiB and cannot be masked", BUFFERED_BYTES >> 20)),
        false => Stop::failed(format!("the answer to {} broke off", call.action)),
    })?;
    let content_type = headers::text(&parts.headers, "content-type").to_owned();
    let masked = masked(core, call, structure(call, &parts), whole.to_bytes()).await;
    let masked = masked.map_err(|error| withheld(&format!("it cannot be masked: {error}")))?;
    entry.masked(&masked.masks);
    let mut changed = masked.changed;
    let mut bytes = Bytes::from(masked.bytes);
    if changed && let Some(corrected) = digests::corrected(call, &bytes) {
        bytes = corrected;
    }
    let kept = entry.keep_response(manner.level, &content_type, &bytes);
    kept.map_err(|error| Stop::unrecorded(&error))?;
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

async fn masked(
    core: &Arc<Core>,
    call: &Call,
    content_type: String,
    body: Bytes,
) -> crate::error::Result<MaskedBody> {
    let (service, operation, action) = (call.service.clone(), call.operation.clone(), call.action.clone());
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
        core.masks.body(&what, &body)
    };
    if small {
        return mask();
    }
    tokio::task::spawn_blocking(mask).await.unwrap_or_else(|_| {
        // A panic while masking: nothing of the body may pass.
        Err(crate::error::Error::new(crate::error::Kind::System, "the mask engine failed"))
    })
}

/// Content: text is masked on its way without changing its length, anything else passes.
async fn opaque(
    core: &Arc<Core>,
    entry: &Arc<Entry>,
    call: &Call,
    (mut parts, mut body): (response::Parts, Incoming),
    manner: Manner,
) -> Result<Response<Body>, Stop> {
    // The head of the body tells whether it is text; headers cannot be changed once they are out.
    let first = loop {
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
    let seen = !is_encoded(&parts) && parts.status != StatusCode::SWITCHING_PROTOCOLS;
    let masking = if media_type(&parts) == EVENT_STREAM {
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
    if matches!(masking, Masking::Frames(_)) {
        // Frames change their length.
        parts.headers.remove(header::CONTENT_LENGTH);
    }
    let keep = is_masked && manner.level == RecordLevel::Full;
    let recorder = keep.then(|| core.recorder.clone());
    let streamed = Streamed::new(entry.clone(), body, masking).recorded_by(recorder);
    let streamed = streamed.begun_with(first);
    let streamed = streamed.map_err(|error| withheld(call, parts.status, &error.to_string()))?;
    Ok(Response::from_parts(parts, streamed.boxed_unsync()))
}
