//! The network side: one port that understands every way a client may open it, the session's certificate
//! authority, the client towards AWS, and tunnels to everywhere else.

mod ask;
mod authority;
mod bundle;
pub mod dns;
mod forwards;
mod heads;
mod keepalive;
mod names;
mod roots;
mod sniff;
mod through;
mod tunnel;
mod upstream;
mod web;

use std::error::Error as StdError;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::Empty;
use http_body_util::Full;
use http_body_util::combinators::UnsyncBoxBody;

pub use ask::Answer;
pub use ask::NoAnswer;
pub use ask::ask;
pub use authority::Authority;
pub use bundle::RuntimeDir;
pub use bundle::system_bundles;
pub use forwards::Connect;
pub use forwards::Publish;
pub use heads::Heads;
pub use heads::MALFORMED;
pub use keepalive::Interim;
pub use keepalive::InterimWriter;
pub use names::Names;
pub use sniff::Opening;
pub use sniff::Prefixed;
pub use sniff::sniff;
pub use tunnel::Carried;
pub use tunnel::Reach;
pub use tunnel::carry;
pub use tunnel::dial;
pub use upstream::Http;
pub use upstream::Override;
pub use upstream::Upstream;
pub use upstream::UpstreamError;
pub use web::Web;
pub use web::WebError;

/// Why a body broke off.
pub type BodyError = Box<dyn StdError + Send + Sync>;

/// A request or response body on its way through.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// A body that is all there.
#[must_use]
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// No body.
#[must_use]
pub fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}
