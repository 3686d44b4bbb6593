//! Masks in requests: a mask written back would take the place of the real value, so the call is refused, or the value
//! is put back where it came from.

use std::collections::HashSet;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::PoisonError;

use bytes::Bytes;
use percent_encoding::percent_decode;
use sha2::Digest;
use sha2::Sha256;

use crate::aws::Call;
use crate::aws::Refusal;
use crate::gateway::authenticate::Payload;
use crate::gateway::authenticate::Signed;
use crate::gateway::core::Core;
use crate::gateway::entry::Entry;
use crate::gateway::headers;
use crate::gateway::request_body::Altered;
use crate::gateway::stop::Stop;
use crate::mask;
use crate::mask::Back;
use crate::mask::BodyContext;
use crate::mask::Direction;
use crate::mask::Masks;

/// Calls that give texts to a model, which may talk about masks: an agent on Bedrock sends its own transcript.
const MODELS: &[&str] = &[
    "bedrock",
    "bedrock-runtime",
    "bedrock-agent-runtime",
    "bedrock-agentcore",
    "sagemaker-runtime",
    "qbusiness",
    "lexv2-runtime",
];

/// So many stars in a row are a mask, in an object that was shown with some.
const STARS: usize = 6;

/// What of an upload is kept to see a mask that two pieces share.
const KEPT: usize = 160;

/// Objects of which so many are remembered.
const STARRED: usize = 4096;

/// Objects that were shown with stars in them.
#[derive(Default)]
pub struct Starred(Mutex<(HashSet<String>, VecDeque<String>)>);

impl Starred {
    /// The object of this ARN was shown with stars.
    pub fn add(&self, arn: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0.insert(arn.to_owned()) {
            known.1.push_back(arn.to_owned());
        }
        if known.1.len() > STARRED
            && let Some(oldest) = known.1.pop_front()
        {
            known.0.remove(&oldest);
        }
    }

    fn has(&self, call: &Call) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        call.resources.iter().any(|arn| known.0.contains(arn))
    }
}

fn refused(place: &str, mask: &str) -> String {
    format!(
        "{place} holds `{mask}`, which hoop put in the place of a value it hides. The real value has not been changed, \
         and this call would overwrite it with the mask. Leave it out of the call, or change it outside this session; \
         a policy can have it put back ([[mask]] with restore = true)"
    )
}

/// Refuses a call with masks in it, or puts back what they stand for.
pub fn check(core: &Core, entry: &Entry, call: &Call, signed: &mut Signed) -> Result<(), Stop> {
    if MODELS.contains(&call.service.as_str()) {
        return Ok(());
    }
    let uri = signed.parts.uri.path_and_query().map_or("", |uri| uri.as_str());
    let uri: Vec<u8> = percent_decode(uri.as_bytes()).collect();
    if let Some(found) = mask::find_mask(&uri) {
        return Err(Stop::denied(refused("the path or query", &String::from_utf8_lossy(&uri[found]))));
    }
    for (name, value) in &signed.parts.headers {
        if let Some(found) = mask::find_mask(value.as_bytes())
            && name.as_str().starts_with("x-amz")
        {
            let mask = String::from_utf8_lossy(&value.as_bytes()[found]);
            return Err(Stop::denied(refused(&format!("the header `{name}`"), &mask)));
        }
    }
    let Payload::Whole(whole) = &mut signed.payload else { return Ok(()) };
    let what = BodyContext {
        service: &call.service,
        operation: &call.operation,
        action: &call.action,
        content_type: headers::text(&signed.parts.headers, "content-type"),
        direction: Direction::Request,
    };
    match core.masks.masks_back(&what, &call.resources, &whole.bytes) {
        Back::Nothing => {}
        Back::Refused(found) => {
            let place = match (found.field.as_str(), &found.naming) {
                ("", _) => "the body".to_owned(),
                (field, None) => format!("the parameter `{field}`"),
                (field, Some(naming)) => format!("the parameter `{field}` (of `{naming}`)"),
            };
            return Err(Stop::denied(refused(&place, &found.mask)));
        }
        Back::Restored(bytes, count) => {
            whole.bytes = Bytes::from(bytes);
            whole.sha256 = hex::encode(Sha256::digest(&whole.bytes));
            headers::drop_checksums(&mut signed.parts.headers);
            let mut masks = Masks::default();
            masks.add("restored".into(), count);
            entry.masked(&masks);
            return Ok(());
        }
    }
    let mut watch = Watch::new(core, call);
    watch.look(&whole.bytes).map_err(|Altered(refusal)| Stop::from(refusal))
}

/// Looks for masks in an upload on its way.
pub struct Watch {
    /// Whether nothing is to be looked for.
    is_off: bool,
    /// The object was shown with stars: stars are masks, too.
    stars: bool,
    kept: Vec<u8>,
    object: String,
}

impl Watch {
    /// For the body of `call`.
    pub fn new(core: &Core, call: &Call) -> Self {
        Self {
            is_off: MODELS.contains(&call.service.as_str()),
            stars: call.service == "s3" && core.starred.has(call),
            kept: Vec::new(),
            object: call.resources.first().cloned().unwrap_or_default(),
        }
    }

    /// Fails if a mask ends in `data`.
    pub fn look(&mut self, data: &[u8]) -> Result<(), Altered> {
        if self.is_off {
            return Ok(());
        }
        let mut seam = std::mem::take(&mut self.kept);
        seam.extend_from_slice(&data[..data.len().min(KEPT)]);
        self.find(&seam)?;
        if data.len() > KEPT {
            self.find(data)?;
            seam.clear();
            seam.extend_from_slice(&data[data.len() - KEPT..]);
        }
        let from = seam.len().saturating_sub(KEPT);
        self.kept = seam.split_off(from);
        Ok(())
    }

    fn find(&self, bytes: &[u8]) -> Result<(), Altered> {
        let object = &self.object;
        let message = if let Some(found) = mask::find_mask(bytes) {
            refused(&format!("the content of {object}"), &String::from_utf8_lossy(&bytes[found]))
        } else if self.stars && bytes.windows(STARS).any(|window| window.iter().all(|byte| *byte == b'*')) {
            format!(
                "{object} was shown with stars in the place of secrets, and this content has stars too: it would \
                 overwrite the secrets. Nothing was changed. Make the change outside this session, or write to another \
                 key"
            )
        } else {
            return Ok(());
        };
        Err(Altered(Refusal::new(403, "AccessDenied", format!("hoop: {message}"))))
    }
}
