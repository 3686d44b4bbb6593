//! What is fuzzed. Each function takes any bytes and panics where hoop breaks a promise; `tests/corpus.rs` feeds them
//! with the corpus in every test run.

mod frames;
mod mask;
mod policy;
mod query;
mod record;
mod replay;
mod saml;
mod wire;

pub use frames::mask_frames;
pub use mask::mask_cbor;
pub use mask::mask_json;
pub use mask::mask_stream;
pub use mask::mask_xml;
pub use policy::policy;
pub use query::query;
pub use record::audit;
pub use record::cast;
pub use replay::replay;
pub use replay::replay_index;
pub use saml::saml;
pub use wire::chunked;
pub use wire::dns;
pub use wire::request;
pub use wire::sigv4;

/// A function that is fuzzed.
pub type Target = fn(&[u8]);

/// Every target, by the name of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("audit", audit),
    ("cast", cast),
    ("chunked", chunked),
    ("dns", dns),
    ("mask_cbor", mask_cbor),
    ("mask_frames", mask_frames),
    ("mask_json", mask_json),
    ("mask_stream", mask_stream),
    ("mask_xml", mask_xml),
    ("policy", policy),
    ("query", query),
    ("replay", replay),
    ("replay_index", replay_index),
    ("request", request),
    ("saml", saml),
    ("sigv4", sigv4),
];
