//! AWS Signature Version 4, both ways: verify what a client signed with the placeholder, sign anew for AWS.
//!
//! Everything works on the raw bytes of path and query as they came over the wire: a URL library that tidies them
//! up breaks signatures. Two rules for the path: S3's is taken as it is; all others are normalised and encoded twice.
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

mod canonical;
mod chunk;
mod date;
mod parse;
mod sign;
mod verify;

pub use chunk::ChunkKey;
pub use parse::parse;
pub use sign::sign;
pub use verify::verify;

pub(crate) use canonical::decode;

use crate::types::Secret;

/// The only algorithm spoken here; SigV4a (`AWS4-ECDSA-P256-SHA256`) is refused by name.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far a client's clock may be off, in seconds; AWS's own limit.
const SKEW: u64 = 15 * 60;
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
    /// aws-chunked without signatures, with trailing headers.
    StreamingUnsignedTrailer,
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
            Self::StreamingUnsignedTrailer => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        }
    }

    /// Reads `x-amz-content-sha256`; `None` for anything AWS does not define (or SigV4a's forms).
    #[must_use]
    pub fn from_header(value: &str) -> Option<Self> {
        match value {
            "UNSIGNED-PAYLOAD" => Some(Self::Unsigned),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Some(Self::StreamingSigned { trailer: false }),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => Some(Self::StreamingSigned { trailer: true }),
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Some(Self::StreamingUnsignedTrailer),
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
    /// The region in the scope.
    pub region: String,
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

    /// The scope's path: `20150830/us-east-1/service/aws4_request`.
    fn scope(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }
}

/// Whether the path of a request to this signing name is signed as it is, once encoded and never normalised.
fn raw_path(service: &str) -> bool {
    matches!(service, "s3" | "s3express" | "s3-outposts" | "s3-object-lambda")
}

#[cfg(test)]
mod tests;
