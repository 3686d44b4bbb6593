//! AWS Signature Version 4 and its form for several regions (4a), both ways: verify what a client signed with the
//! placeholder, sign anew for AWS.
//!
//! Everything works on the raw bytes of path and query as they came over the wire: a URL library that tidies them
//! up breaks signatures. Two rules for the path: S3's is taken as it is; all others are normalised and encoded twice.
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

mod canonical;
mod chunk;
mod date;
mod parse;
mod sign;
mod signer;
mod verify;

pub use chunk::ChunkKey;
pub use chunk::EventKey;
pub use chunk::Seed;
pub use date::parse_http as http_date;
pub use parse::parse;
pub use sign::Signing;
pub use sign::presign;
pub use sign::sign;
pub use sign::sign_as;
pub use verify::verify;

pub(crate) use canonical::decode;

use crate::types::Secret;

/// How far a client's clock may be off, in seconds; AWS's own limit, and S3's.
const SKEW: u64 = 5 * 60;
const S3_SKEW: u64 = 15 * 60;
/// How long a presigned request lives that does not say so, in seconds.
const PRESIGN: u64 = 15 * 60;
/// The longest life AWS gives a presigned request, in seconds: seven days.
const LONGEST_PRESIGN: u64 = 7 * 24 * 60 * 60;
/// SHA-256 of nothing, in hexadecimal.
pub const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// An access key, real or placeholder.
#[derive(Clone, Debug)]
pub struct Key {
    /// `AKIA…` or `ASIA…`.
    pub access_key_id: String,
    /// The secret half.
    pub secret: Secret,
    /// The session token, for temporary keys.
    pub token: Option<Secret>,
}

/// Where a signature counts: one region of one service.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// `us-east-1`.
    pub region: &'a str,
    /// The signing name, `s3`, `execute-api`.
    pub service: &'a str,
}

/// How a signature is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// SigV4: a shared secret, one region.
    Hmac,
    /// SigV4a: a key pair derived from the secret, a set of regions.
    Ecdsa,
}

impl Algorithm {
    /// Its name in requests.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hmac => "AWS4-HMAC-SHA256",
            Self::Ecdsa => "AWS4-ECDSA-P256-SHA256",
        }
    }
}

/// What the signature says about the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayloadHash {
    /// SHA-256 of the whole body, 64 lower-case hexadecimal digits.
    Signed(String),
    /// `UNSIGNED-PAYLOAD`: the body is not covered.
    Unsigned,
    /// aws-chunked with a signature on each chunk, and on the trailer if there is one.
    StreamingSigned {
        /// Whether trailing headers follow the last chunk.
        trailer: bool,
    },
    /// The same with SigV4a's signatures.
    StreamingEcdsa {
        /// Whether trailing headers follow the last chunk.
        trailer: bool,
    },
    /// aws-chunked without signatures, with trailing headers.
    StreamingUnsignedTrailer,
    /// A stream of event messages, each in a signed message of its own.
    Events,
}

impl PayloadHash {
    /// The text in `x-amz-content-sha256` and in the canonical request.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Signed(hash) => hash,
            Self::Unsigned => "UNSIGNED-PAYLOAD",
            Self::StreamingSigned { trailer: false } => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            Self::StreamingSigned { trailer: true } => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            Self::StreamingEcdsa { trailer: false } => "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
            Self::StreamingEcdsa { trailer: true } => "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER",
            Self::StreamingUnsignedTrailer => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            Self::Events => "STREAMING-AWS4-HMAC-SHA256-EVENTS",
        }
    }

    /// Whether each chunk of the body has a signature of its own, and whether trailing headers may follow.
    #[must_use]
    pub fn signed_chunks(&self) -> Option<bool> {
        match self {
            Self::StreamingSigned { trailer } | Self::StreamingEcdsa { trailer } => Some(*trailer),
            _ => None,
        }
    }

    /// Reads `x-amz-content-sha256`; `None` for anything AWS does not define.
    #[must_use]
    pub fn from_header(value: &str) -> Option<Self> {
        match value {
            "UNSIGNED-PAYLOAD" => Some(Self::Unsigned),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Some(Self::StreamingSigned { trailer: false }),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => Some(Self::StreamingSigned { trailer: true }),
            "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD" => Some(Self::StreamingEcdsa { trailer: false }),
            "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER" => {
                Some(Self::StreamingEcdsa { trailer: true })
            }
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Some(Self::StreamingUnsignedTrailer),
            "STREAMING-AWS4-HMAC-SHA256-EVENTS" => Some(Self::Events),
            hash if hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
                Some(Self::Signed(hash.to_ascii_lowercase()))
            }
            _ => None,
        }
    }
}

/// What a request claims about who signed it, and over what.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// The access key id.
    pub access_key_id: String,
    /// The day in the credential scope, `20150830`.
    pub date: String,
    /// How it was signed.
    pub algorithm: Algorithm,
    /// The region in the scope; of SigV4a the one region that it is signed for, `*` if there are several.
    pub region: String,
    /// The regions that a SigV4a signature is for, as they were signed: `*`, `us-east-1,eu-*`.
    pub region_set: Option<String>,
    /// The signing name in the scope, `s3`, `execute-api`.
    pub service: String,
    /// Lower-case names of the signed headers, in the order given.
    pub signed_headers: Vec<String>,
    /// 64 hexadecimal digits.
    pub signature: String,
    /// Whether the signature stands in the query string.
    pub presigned: bool,
    /// When it was signed, in seconds since the Unix epoch.
    pub signed_at: u64,
    /// `20150830T123600Z`, as it enters the string to sign.
    pub timestamp: String,
    /// How long a presigned request lives, in seconds.
    pub expires: Option<u64>,
    /// The session token that was sent.
    pub token: Option<Secret>,
    /// What the request says about its body; `None` if it says nothing: then the body has to be hashed.
    pub payload: Option<PayloadHash>,
}

impl Authorization {
    /// Whether [`verify`] needs the SHA-256 of the body: the signature covers a hash that the request does not name.
    #[must_use]
    pub fn needs_body_hash(&self) -> bool {
        self.payload.is_none()
    }

    /// The scope's path: `20150830/us-east-1/service/aws4_request`; SigV4a's names no region.
    fn scope(&self) -> String {
        scope(self.algorithm, &self.date, &self.region, &self.service)
    }
}

fn scope(algorithm: Algorithm, day: &str, region: &str, service: &str) -> String {
    match algorithm {
        Algorithm::Hmac => format!("{day}/{region}/{service}/aws4_request"),
        Algorithm::Ecdsa => format!("{day}/{service}/aws4_request"),
    }
}

/// How far the clock of whoever signs for `service` may be off, in seconds.
fn skew(service: &str) -> u64 {
    if raw_path(service) { S3_SKEW } else { SKEW }
}

/// Whether the path of a request to this signing name is signed as it is, once encoded and never normalised.
fn raw_path(service: &str) -> bool {
    matches!(service, "s3" | "s3express" | "s3-outposts" | "s3-object-lambda")
}

#[cfg(test)]
mod tests;
