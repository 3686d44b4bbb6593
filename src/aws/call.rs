//! What a request asks AWS for.

use http::request::Parts;
use serde_json::Value;

use super::protocol::Protocol;
use crate::types::AccessLevel;

/// The operation name of a request that is not understood.
pub const UNKNOWN: &str = "unknown";

/// A request as it is looked at; everything in it is untrusted but `account`.
#[derive(Clone, Copy, Debug)]
pub struct RequestView<'a> {
    /// Method, URI with its raw path and query, headers.
    pub parts: &'a Parts,
    /// The AWS host that the client addressed (proxy mode), without a port; `None` when the client was given an endpoint
    /// URL, so that its host tells nothing.
    pub host: Option<&'a str>,
    /// The signing name in the credential scope.
    pub service: &'a str,
    /// The region in the credential scope.
    pub region: &'a str,
    /// The decoded body; empty where [`super::body_needed`] says that it is not needed.
    pub body: &'a [u8],
    /// The account of the real credential, 12 digits; empty if it is not known yet.
    pub account: &'a str,
}

/// One AWS call, understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// botocore's name of the service, `s3`, `stepfunctions`; the signing name if the service is not known.
    pub service: String,
    /// The IAM prefix, `s3`, `states`.
    pub prefix: String,
    /// The operation, `ListObjectsV2`, or [`UNKNOWN`].
    pub operation: String,
    /// The IAM action that decides, `s3:ListBucket`.
    pub action: String,
    /// Further actions the call needs, each with the ARNs it needs them on (`iam:PassRole`, the source of a copy).
    pub more_actions: Vec<(String, Vec<String>)>,
    /// What the action does.
    pub access: AccessLevel,
    /// The region in the credential scope.
    pub region: String,
    /// The signing name in the credential scope.
    pub signing_name: String,
    /// The protocol that the client spoke.
    pub protocol: Protocol,
    /// ARNs of everything the action is on; `["*"]` if the action is on no resource.
    ///
    /// Where the request does not tell a part of an ARN (AWS chooses the id, or the parameter was left out) that part is
    /// `*` or, for the end of a secret's name, `??????`: a rule that denies must count such an ARN as matched when the
    /// two patterns can meet, a rule that allows only when its own pattern covers it.
    pub resources: Vec<String>,
    /// Not every part of [`Call::resources`] stood in the request: an ARN holds `*` or `?` in its place.
    pub partial: bool,
    /// The parameters, by the names they have in the AWS API reference.
    pub params: Value,
    /// An ARN needs the account, and it was not known: the account field of these ARNs is empty.
    pub needs_account: bool,
}
