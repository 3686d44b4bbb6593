//! Reads who signed a request, from the header or from the query string. Untrusted input.

use http::request::Parts;

use super::Algorithm;
use super::Authorization;
use super::LONGEST_PRESIGN;
use super::PayloadHash;
use super::canonical::decode;
use super::date;
use super::raw_path;
use super::signer::LONGEST_ECDSA;
use crate::aws::Refusal;
use crate::aws::host;
use crate::aws::protocol::text;
use crate::types::Secret;

/// More signed headers than any client sends; the list is walked once per header.
const MOST_SIGNED_HEADERS: usize = 128;

/// AWS has some forty regions of some fourteen letters.
const LONGEST_REGION_SET: usize = 1024;

/// Reads the signature of a request, in the header or presigned.
///
/// Fails with AWS's own code: no signature, one that is not SigV4, or a malformed one.
pub fn parse(parts: &Parts) -> Result<Authorization, Refusal> {
    let query = parts.uri.query().unwrap_or_default();
    let presigned =
        parameter(query, "X-Amz-Algorithm").is_some() || parameter(query, "X-Amz-Signature").is_some();
    let mut headers = parts.headers.get_all("authorization").iter();
    match (headers.next(), headers.next()) {
        (Some(_), Some(_)) => Err(malformed("two Authorization headers")),
        (Some(_), None) if presigned => Err(Refusal::new(
            400,
            "InvalidArgument",
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string \
             parameter or the Authorization header should be specified",
        )),
        (Some(value), None) => from_header(parts, value.to_str().unwrap_or_default()),
        (None, _) if presigned => from_query(parts, query),
        (None, _)
            if parameter(query, "AWSAccessKeyId").is_some() && parameter(query, "Signature").is_some() =>
        {
            Err(version_two())
        }
        (None, _) => Err(Refusal::new(
            403,
            "MissingAuthenticationToken",
            "Request is missing Authentication Token: hoop forwards only requests signed with this session's key",
        )),
    }
}

fn from_header(parts: &Parts, value: &str) -> Result<Authorization, Refusal> {
    let (algorithm, fields) = value.split_once(' ').unwrap_or((value, ""));
    let algorithm = known(algorithm)?;
    let mut credential = None;
    let mut signed = None;
    let mut signature = None;
    for field in fields.split(',') {
        let Some((name, value)) = field.trim().split_once('=') else {
            return Err(malformed("a part of the Authorization header has no `=`"));
        };
        let slot = match name.trim() {
            "Credential" => &mut credential,
            "SignedHeaders" => &mut signed,
            "Signature" => &mut signature,
            _ => continue,
        };
        if slot.replace(value.trim().to_owned()).is_some() {
            return Err(malformed("a part of the Authorization header is given twice"));
        }
    }
    let (Some(credential), Some(signed), Some(signature)) = (credential, signed, signature) else {
        return Err(malformed("Authorization needs Credential, SignedHeaders and Signature"));
    };
    let payload = match parts.headers.get("x-amz-content-sha256") {
        Some(value) => Some(payload(value.to_str().unwrap_or_default())?),
        None => None,
    };
    let token = ["x-amz-security-token", "x-amz-s3session-token"];
    let token = token
        .into_iter()
        .find_map(|name| parts.headers.get(name))
        .map(|t| t.to_str().unwrap_or_default().to_owned());
    let signed_at = match parts.headers.get("x-amz-date") {
        Some(value) => date::parse(value.to_str().unwrap_or_default()),
        None => {
            let text = text(&parts.headers, "date");
            date::parse(text).or_else(|| date::parse_http(text))
        }
    };
    let Some(signed_at) = signed_at else {
        return Err(malformed("a valid X-Amz-Date or Date header is needed"));
    };
    let region_set = text(&parts.headers, "x-amz-region-set").to_owned();
    finish(Raw {
        algorithm,
        region_set,
        credential,
        signed,
        signature,
        signed_at,
        expires: None,
        token,
        payload,
        presigned: false,
    })
}

fn from_query(parts: &Parts, query: &str) -> Result<Authorization, Refusal> {
    const NEEDED: [&str; 6] = [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
    ];
    for name in NEEDED.into_iter().chain(["X-Amz-Security-Token", "X-Amz-Region-Set"]) {
        if query.split('&').filter(|pair| key_of(pair) == name).count() > 1 {
            return Err(malformed(&format!("{name} is given twice")));
        }
    }
    let field = |name: &str| {
        parameter(query, name).ok_or_else(|| {
            Refusal::new(400, "AuthorizationQueryParametersError", format!("{name} is missing"))
        })
    };
    let algorithm = known(&field("X-Amz-Algorithm")?)?;
    let Some(signed_at) = date::parse(&field("X-Amz-Date")?) else {
        return Err(malformed("X-Amz-Date must be in the ISO 8601 basic format"));
    };
    let credential = field("X-Amz-Credential")?;
    // Other services than S3 let the parameter out and mean fifteen minutes.
    let expires = match parameter(query, "X-Amz-Expires") {
        Some(text) => match text.parse::<u64>() {
            Ok(seconds) if seconds <= LONGEST_PRESIGN => seconds,
            _ => return Err(malformed("X-Amz-Expires must be a number of seconds, at most 604800")),
        },
        None => super::PRESIGN,
    };
    let hash = match parts.headers.get("x-amz-content-sha256") {
        Some(value) => Some(value.to_str().unwrap_or_default().to_owned()),
        None => parameter(query, "X-Amz-Content-Sha256"),
    };
    let service = credential.rsplit('/').nth(1).unwrap_or_default();
    let payload = match hash {
        Some(hash) => Some(payload(&hash)?),
        None if raw_path(service) => Some(PayloadHash::Unsigned),
        None => None,
    };
    finish(Raw {
        algorithm,
        region_set: parameter(query, "X-Amz-Region-Set").unwrap_or_default(),
        signed: field("X-Amz-SignedHeaders")?,
        signature: field("X-Amz-Signature")?,
        token: parameter(query, "X-Amz-Security-Token").or_else(|| parameter(query, "X-Amz-S3session-Token")),
        expires: Some(expires),
        presigned: true,
        credential,
        signed_at,
        payload,
    })
}

/// The fields of either form, not yet looked at.
struct Raw {
    algorithm: Algorithm,
    /// Empty if it is not given.
    region_set: String,
    credential: String,
    signed: String,
    signature: String,
    signed_at: u64,
    expires: Option<u64>,
    token: Option<String>,
    payload: Option<PayloadHash>,
    presigned: bool,
}

fn finish(raw: Raw) -> Result<Authorization, Refusal> {
    let (named, region_set) = match raw.algorithm {
        Algorithm::Hmac => (true, None),
        Algorithm::Ecdsa => (false, Some(raw.region_set.clone())),
    };
    let mut scope = raw.credential.rsplitn(if named { 5 } else { 4 }, '/');
    let (end, service) = (scope.next(), scope.next());
    let region = if named { scope.next() } else { Some(one_region(&raw.region_set)?) };
    let (day, id) = (scope.next(), scope.next());
    let (Some("aws4_request"), Some(service), Some(region), Some(day), Some(id)) =
        (end, service, region, day, id)
    else {
        return Err(malformed("the credential scope must be KEY/DATE/REGION/SERVICE/aws4_request"));
    };
    let timestamp = date::format(raw.signed_at);
    if !timestamp.starts_with(day) || day.len() != 8 {
        return Err(Refusal::new(
            403,
            "SignatureDoesNotMatch",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP",
        ));
    }
    let word =
        |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if service.is_empty()
        || region.is_empty()
        || id.is_empty()
        || !host::is_scope(service, if named { region } else { "us-east-1" })
        || !word(id)
    {
        return Err(malformed("the credential scope holds an empty or odd part"));
    }
    let fits = match raw.algorithm {
        Algorithm::Hmac => raw.signature.len() == 64,
        Algorithm::Ecdsa => (1..=LONGEST_ECDSA).contains(&raw.signature.len()),
    };
    if !fits || !raw.signature.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(malformed("the signature must be hexadecimal digits, 64 of them or a DER signature"));
    }
    let signed_headers: Vec<String> = raw.signed.split(';').map(str::to_ascii_lowercase).collect();
    if signed_headers.len() > MOST_SIGNED_HEADERS || signed_headers.iter().any(String::is_empty) {
        return Err(malformed("the list of signed headers is empty, too long or has a gap"));
    }
    // The JavaScript SDK signs HTTP/2's own name for the host.
    if !signed_headers.iter().any(|name| name == "host" || name == ":authority") {
        return Err(Refusal::new(
            403,
            "SignatureDoesNotMatch",
            "'Host' or ':authority' must be a 'SignedHeader'",
        ));
    }
    if !named && !raw.presigned && !signed_headers.iter().any(|name| name == "x-amz-region-set") {
        return Err(malformed("x-amz-region-set must be a signed header"));
    }
    Ok(Authorization {
        access_key_id: id.to_owned(),
        algorithm: raw.algorithm,
        region_set,
        date: day.to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
        signed_headers,
        signature: raw.signature.to_ascii_lowercase(),
        presigned: raw.presigned,
        signed_at: raw.signed_at,
        timestamp,
        expires: raw.expires,
        token: raw.token.map(Secret::new),
        payload: raw.payload,
    })
}

fn payload(value: &str) -> Result<PayloadHash, Refusal> {
    PayloadHash::from_header(value).ok_or_else(|| {
        Refusal::new(
            400,
            "InvalidArgument",
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, one of the SigV4 STREAMING forms, or a valid sha256 value",
        )
    })
}

/// The one region of a set; `*` if there are several, or none is named.
fn one_region(set: &str) -> Result<&str, Refusal> {
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'*');
    let regions = set.split(',').map(str::trim);
    if set.len() > LONGEST_REGION_SET
        || regions.clone().any(|region| region.is_empty() || !region.bytes().all(word))
    {
        return Err(malformed("x-amz-region-set must name regions, or be *"));
    }
    Ok(if regions.count() == 1 && !set.contains('*') { set.trim() } else { "*" })
}

fn known(algorithm: &str) -> Result<Algorithm, Refusal> {
    match algorithm {
        "AWS4-HMAC-SHA256" => Ok(Algorithm::Hmac),
        "AWS4-ECDSA-P256-SHA256" => Ok(Algorithm::Ecdsa),
        "AWS" | "AWS3" | "AWS3-HTTPS" => Err(version_two()),
        _ => Err(Refusal::new(
            403,
            "MissingAuthenticationToken",
            "hoop forwards only requests signed with this session's key, by AWS4-HMAC-SHA256 or \
             AWS4-ECDSA-P256-SHA256",
        )),
    }
}

fn version_two() -> Refusal {
    Refusal::new(
        403,
        "AccessDenied",
        "hoop accepts signature version 4 only; for presigned S3 URLs of older clients: \
         `aws configure set default.s3.signature_version s3v4`",
    )
}

fn malformed(why: &str) -> Refusal {
    Refusal::new(400, "IncompleteSignature", format!("The signature is malformed: {why}"))
}

/// The decoded value of a query parameter; its name is compared as it stands.
fn parameter(query: &str, name: &str) -> Option<String> {
    let pair = query.split('&').find(|pair| key_of(pair) == name)?;
    let value = pair.split_once('=').map_or("", |(_, value)| value);
    Some(String::from_utf8(decode(value.as_bytes()).into_owned()).unwrap_or_default())
}

fn key_of(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(name, _)| name)
}
