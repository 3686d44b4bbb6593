//! Operations that verb, path and query name. The template with the most literal parts wins, as in AWS's own routers.

use http::request::Parts;

use crate::aws::catalog::Operation;
use crate::aws::catalog::Service;
use crate::aws::host::Address;
use crate::aws::host::Place;
use crate::aws::partition::Partition;
use crate::aws::sigv4::decode;

/// More segments than any template or object key in use; the rest of a longer path is one segment.
const MOST_SEGMENTS: usize = 2_048;

/// A REST operation and what its path held.
pub(super) struct Route {
    pub service: &'static Service,
    pub operation: Operation,
    /// Labels of the template and their decoded values.
    pub labels: Vec<(&'static str, String)>,
    /// How literal the match is, segment by segment from the left, and then by query and headers.
    rank: (Vec<u8>, usize),
}

/// The operation; `None` if none fits, or two that mean different things fit equally well.
pub(super) fn find(
    parts: &Parts,
    services: &[&'static Service],
    address: Option<&Address>,
    scope: &str,
) -> Option<Route> {
    let s3 = services.iter().any(|service| service.name == "s3");
    let plain = split(parts.uri.path());
    let buckets = if s3 { s3_path(parts, address) } else { None };
    let query = Query::new(parts.uri.query().unwrap_or_default())?;
    let answers = address.is_some_and(|address| address.s3 == Some(Place::ObjectLambda));
    let mut best: Vec<Route> = Vec::new();
    for service in services.iter().filter(|service| service.is_rest()) {
        let path = match service.name {
            // The only operation there; its path would be a bucket and no key elsewhere.
            "s3" if answers => Some(&plain),
            "s3" if !is_control(parts, address) => buckets.as_ref(),
            "s3" => None,
            "s3control" if !is_control(parts, address) => None,
            _ => Some(&plain),
        };
        let Some(path) = path else { continue };
        for operation in service.operations_by(parts.method.as_str()) {
            if answers && operation.name != "WriteGetObjectResponse" {
                continue;
            }
            let Some(route) = fit(parts, service, operation, path, &query) else { continue };
            match best.first().map(|first| route.rank.cmp(&first.rank)) {
                Some(std::cmp::Ordering::Less) => {}
                Some(std::cmp::Ordering::Equal) => best.push(route),
                _ => best = vec![route],
            }
        }
    }
    let route = choose(best, scope, address)?;
    (route.service.name != "s3" || query.is_known(&route.operation)).then_some(route)
}

/// Among equals: the same action under two names, or one of them is what the host or the scope says.
fn choose(mut best: Vec<Route>, scope: &str, address: Option<&Address>) -> Option<Route> {
    if best.len() > 1 && best.iter().any(|route| route.operation.name == "ListDirectoryBuckets") {
        let express =
            scope == "s3express" || address.is_some_and(|address| address.stem.contains("s3express"));
        best.retain(|route| (route.operation.name == "ListDirectoryBuckets") == express);
    }
    if best.len() > 1 {
        let action = best[0].operation.action(best[0].service);
        if best.iter().any(|route| route.operation.action(route.service) != action) {
            return None;
        }
    }
    // Of an old and a new name (GetBucketLifecycle, GetBucketLifecycleConfiguration) the longer is the new one.
    best.into_iter().max_by_key(|route| (route.service.name == scope, route.operation.name.len()))
}

/// A path in pieces, still encoded.
struct Path<'a> {
    segments: Vec<&'a str>,
    /// A bucket that the host names; it stands for the first segment.
    bucket: Option<String>,
}

fn split(path: &str) -> Path<'_> {
    let path = path.strip_prefix('/').unwrap_or(path);
    // A final slash makes no difference: templates and clients use it as they like.
    let path = path.strip_suffix('/').unwrap_or(path);
    let segments = if path.is_empty() { Vec::new() } else { path.splitn(MOST_SEGMENTS, '/').collect() };
    Path { segments, bucket: None }
}

/// S3: everything after the bucket is the key, slashes and all.
fn s3_path<'a>(parts: &'a Parts, address: Option<&Address>) -> Option<Path<'a>> {
    let path = parts.uri.path();
    let path = path.strip_prefix('/').unwrap_or(path);
    let region = address.and_then(|address| address.region.as_deref()).unwrap_or_default();
    let bucket = match address.and_then(|address| address.s3.as_ref()) {
        None | Some(Place::Service | Place::Control | Place::ExpressControl | Place::ObjectLambda) => None,
        Some(Place::Bucket(name)) => Some(name.clone()),
        Some(Place::AccessPoint { name, account, service }) => Some(format!(
            "arn:{}:{service}:{region}:{account}:accesspoint/{name}",
            Partition::of_region(region).name
        )),
        Some(Place::MultiRegion(alias)) => Some(format!("arn:aws:s3::*:accesspoint/{alias}")),
        Some(Place::Outpost { name, account, outpost }) => Some(format!(
            "arn:{}:s3-outposts:{region}:{account}:outpost/{outpost}/accesspoint/{name}",
            Partition::of_region(region).name
        )),
        Some(Place::Outposts | Place::Other) => return None,
    };
    let segments = match (&bucket, path) {
        (_, "") => Vec::new(),
        (Some(_), key) => vec![key],
        (None, whole) => match whole.split_once('/') {
            // `//key` names no bucket.
            Some(("", _)) => return None,
            Some((bucket, "")) => vec![bucket],
            Some((bucket, key)) => vec![bucket, key],
            None => vec![whole],
        },
    };
    Some(Path { segments, bucket })
}

/// Whether this is s3control and not s3: the host says so, or, without one, the header that only s3control has.
fn is_control(parts: &Parts, address: Option<&Address>) -> bool {
    let is_versioned = parts.uri.path().starts_with("/v20180820/");
    match address.and_then(|address| address.s3.as_ref()) {
        Some(Place::Control | Place::Outposts) => true,
        // No directory bucket can be called so.
        Some(Place::ExpressControl) => is_versioned,
        Some(_) => false,
        None => {
            is_versioned
                && ["x-amz-account-id", "x-amz-outpost-id"]
                    .iter()
                    .any(|name| parts.headers.contains_key(*name))
        }
    }
}

fn fit(
    parts: &Parts,
    service: &'static Service,
    operation: Operation,
    path: &Path<'_>,
    query: &Query,
) -> Option<Route> {
    let (template, literals) = operation.uri.split_once('?').unwrap_or((operation.uri, ""));
    let mut rank = (Vec::new(), 0);
    for literal in literals.split('&').filter(|literal| !literal.is_empty()) {
        let (name, value) = literal.split_once('=').unwrap_or((literal, ""));
        let given = query.get(name)?;
        if !value.is_empty() && given != value {
            return None;
        }
        rank.1 += 1;
    }
    for needed in operation.required.split(',').filter(|needed| !needed.is_empty()) {
        match needed.strip_prefix('@') {
            Some(header) if !parts.headers.contains_key(header) => return None,
            None if query.get(needed).is_none() => return None,
            _ => rank.1 += 1,
        }
    }
    let mut labels = Vec::new();
    let template = template.strip_prefix('/').unwrap_or(template);
    let template = template.strip_suffix('/').unwrap_or(template);
    let mut segments = path.segments.as_slice();
    let mut bucket = path.bucket.as_deref();
    let mut template = template.split('/').filter(|wanted| !wanted.is_empty());
    while let Some(wanted) = template.next() {
        let Some(label) = wanted.strip_prefix('{').and_then(|label| label.strip_suffix('}')) else {
            let (first, rest) = segments.split_first()?;
            if *first != wanted && decode(first.as_bytes()) != wanted.as_bytes() || bucket.is_some() {
                return None;
            }
            segments = rest;
            rank.0.push(3);
            continue;
        };
        if let Some(name) = bucket.take() {
            labels.push((label.trim_end_matches('+'), name.to_owned()));
            rank.0.push(2);
        } else if let Some(label) = label.strip_suffix('+') {
            // All but what the rest of the template needs.
            let take = segments.len().checked_sub(template.clone().count()).filter(|take| *take > 0)?;
            let (taken, rest) = segments.split_at(take);
            labels.push((label, text(&taken.join("/"))?));
            rank.0.push(1);
            segments = rest;
        } else {
            let (first, rest) = segments.split_first()?;
            if first.is_empty() {
                return None;
            }
            labels.push((label, text(first)?));
            segments = rest;
            rank.0.push(2);
        }
    }
    (segments.is_empty() && bucket.is_none()).then_some(Route { service, operation, labels, rank })
}

fn text(raw: &str) -> Option<String> {
    String::from_utf8(decode(raw.as_bytes()).into_owned()).ok()
}

/// The decoded query string.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// `None` if something in it is not UTF-8. A `+` stands for itself or a blank: taken as it is.
    pub fn new(raw: &str) -> Option<Self> {
        raw.split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Some((text(name)?, text(value)?))
            })
            .collect::<Option<Vec<_>>>()
            .map(Self)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All pairs that are not the signature's.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter(|(name, _)| !is_signature(name))
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether every parameter is one that the operation has: S3 chooses operations by parameters, so that one that is
    /// not known may mean an operation that is not known.
    fn is_known(&self, operation: &Operation) -> bool {
        let literals = operation.uri.split_once('?').map_or("", |(_, literals)| literals);
        self.parameters().all(|(name, _)| {
            // S3 ignores names that begin with `x-` (they are for access logs); `x-id` only repeats the operation.
            name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("x-"))
                || operation.member('q', name).is_some()
                || literals.split('&').any(|literal| literal.split('=').next() == Some(name))
                || operation.required.split(',').any(|needed| needed == name)
        })
    }
}

/// Whether a query parameter belongs to the signature, or to a header that a presigned URL carries.
fn is_signature(name: &str) -> bool {
    name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("X-Amz-"))
}
