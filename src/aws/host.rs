//! Which hosts are AWS, what they serve, and which of them a call belongs to.

use super::call::Call;
use super::call::UNKNOWN;
use super::catalog::Catalog;
use super::catalog::Service;
use super::partition::Partition;

/// The domains under which AWS serves its APIs, the longer ones first.
const DOMAINS: [&str; 15] = [
    "api.amazonwebservices.com.cn",
    "api.amazonwebservices.eu",
    "api.aws.ic.gov",
    "api.aws.scloud",
    "api.cloud-aws.adc-e.uk",
    "api.aws.hci.ic.gov",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
    "amazonaws.com.cn",
    "amazonaws.com",
    "amazonaws.eu",
    "api.aws",
    "on.aws",
];

/// Labels under which customers' own servers stand: load balancers, machines, databases. Not AWS APIs.
const CUSTOMERS: [&str; 7] = ["elb", "compute", "compute-1", "rds", "cache", "awsapprunner", "lambda-url"];

/// Whether AWS hosts may stand below `domain`: `com`, `amazonaws.com`, `eu-west-1.amazonaws.com`.
#[must_use]
pub fn may_hold_aws(domain: &str) -> bool {
    is_aws_host(domain)
        || is_aws_host(&format!("sts.{domain}"))
        || DOMAINS.iter().any(|known| {
            known.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
}

/// Whether `host` (without a port) is one of AWS's API hosts. Only whole labels count: `evilamazonaws.com` is not.
///
/// Customers' own servers under AWS domains (load balancers, EC2 names, database endpoints, function URLs) are not.
#[must_use]
pub fn is_aws_host(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let Some(labels) = labels_of(&host) else { return false };
    // `rds.us-east-1.amazonaws.com` is the API, `db.x.us-east-1.rds.amazonaws.com` a database.
    let customer = |label: &&str| CUSTOMERS.contains(label);
    let website = labels.first().is_some_and(|l| l.starts_with("s3-website"))
        || labels.iter().skip(1).any(|l| l.starts_with("s3-website"));
    !website && !labels.iter().skip(1).any(customer)
}

/// Whether a call may be signed for these: they become labels of the host that it goes to, and must not lead to a
/// customer's own server, as the region `compute-1` or `x.eu-west-1.elb` would.
pub(super) fn is_scope(service: &str, region: &str) -> bool {
    !service.contains('.')
        && !region.contains('.')
        && is_aws_host(&format!("{service}.{region}.amazonaws.com"))
}

/// The labels before the domain; `None` outside AWS's domains.
fn labels_of(host: &str) -> Option<Vec<&str>> {
    let well_formed = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let rest = DOMAINS.iter().find_map(|domain| host.strip_suffix(domain)?.strip_suffix('.'))?;
    let labels: Vec<&str> = rest.split('.').collect();
    (labels.len() <= 64 && labels.iter().all(|label| well_formed(label))).then_some(labels)
}

/// An AWS host, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Address {
    /// The labels without region, `dualstack` and `-fips`: `api.ecr`.
    pub stem: String,
    /// The region that the host names.
    pub region: Option<String>,
    /// What the host stands for, if it is one of S3's.
    pub s3: Option<Place>,
}

/// What an S3 host stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    /// The service: the bucket is in the path.
    Service,
    /// One bucket.
    Bucket(String),
    /// An access point: its name, the owner's account, and the service in its ARN (`s3`, `s3-object-lambda`).
    AccessPoint { name: String, account: String, service: &'static str },
    /// A multi-region access point, by its alias.
    MultiRegion(String),
    /// A bucket or access point on an Outpost: the ARN without partition.
    Outpost { name: String, account: String, outpost: String },
    /// `s3-control`.
    Control,
    /// `s3express-control`: buckets in the path, and s3control's operations under `/v20180820/`.
    ExpressControl,
    /// `s3-outposts`: the service of that name, and s3control's operations on buckets of Outposts.
    Outposts,
    /// Where a function of Object Lambda writes its answer.
    ObjectLambda,
    /// A kind that is not told apart here.
    Other,
}

impl Address {
    /// Takes an AWS host apart; `None` if it is not AWS's.
    pub fn parse(host: &str) -> Option<Self> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let host = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
        let mut region = None;
        let mut labels: Vec<String> = Vec::new();
        let all = labels_of(host)?;
        // The rightmost label that looks like a region is one; a bucket's name may look so too.
        let at = all.iter().rposition(|label| is_region(label));
        for (index, label) in all.iter().enumerate() {
            if Some(index) == at {
                region = Some((*label).to_owned());
            } else if let Some(old) = label.strip_prefix("s3-").filter(|old| at.is_none() && is_region(old)) {
                region = Some(old.to_owned());
                labels.push("s3".to_owned());
            } else if *label == "dualstack" && index > 0 || *label == "fips" {
            } else {
                labels.push(label.strip_suffix("-fips").unwrap_or(label).to_owned());
            }
        }
        let s3 = place(&labels);
        Some(Self { stem: labels.join("."), region, s3 })
    }

    /// Whether the host is one of the service's own.
    pub fn serves(&self, service: &Service) -> bool {
        match &self.s3 {
            Some(Place::Control) => service.name == "s3control",
            Some(Place::ExpressControl) => matches!(service.name, "s3" | "s3control"),
            Some(Place::Outposts) => matches!(service.name, "s3outposts" | "s3control"),
            Some(_) => service.name == "s3",
            None => {
                let is = |own: &str| {
                    !own.is_empty()
                        && self
                            .stem
                            .strip_suffix(own)
                            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
                };
                is(service.endpoint) || service.stems.split(',').any(is)
            }
        }
    }

    /// Whether the host could be one of the service's, as endpoints that carry a customer's id are
    /// (`a1b2-ats.iot.…`).
    fn may_serve(&self, service: &Service) -> bool {
        let last = |text: &str| text.rsplit('.').next().map(str::to_owned);
        self.serves(service)
            || (self.s3.is_none()
                && (last(&self.stem) == last(service.endpoint)
                    || last(&self.stem).as_deref() == Some(service.signing)))
    }
}

fn place(labels: &[String]) -> Option<Place> {
    let at = labels
        .iter()
        .rposition(|label| label == "s3" || label.starts_with("s3-") || label.starts_with("s3express"))?;
    // `s3.something.amazonaws.com` with an unknown tail is not S3 as it is known here.
    if at + 1 != labels.len() {
        return None;
    }
    let front = labels[..at].join(".");
    let point = |service| match front.rsplit_once('-') {
        Some((name, account)) if is_account(account) => {
            Place::AccessPoint { name: name.to_owned(), account: account.to_owned(), service }
        }
        _ => Place::Other,
    };
    Some(match labels[at].as_str() {
        "s3-control" => Place::Control,
        "s3-accesspoint" => point("s3"),
        "s3-object-lambda" => match point("s3-object-lambda") {
            Place::Other if !front.is_empty() => Place::ObjectLambda,
            place => place,
        },
        "s3express-control" => Place::ExpressControl,
        "s3-outposts" if front.is_empty() => Place::Outposts,
        "s3-outposts" => {
            match front.rsplit_once('.').map(|(point, outpost)| (point.rsplit_once('-'), outpost)) {
                Some((Some((name, account)), outpost)) if is_account(account) => Place::Outpost {
                    name: name.to_owned(),
                    account: account.to_owned(),
                    outpost: outpost.to_owned(),
                },
                _ => Place::Other,
            }
        }
        "s3-global" => match front.strip_suffix(".accesspoint") {
            Some(alias) => Place::MultiRegion(alias.to_owned()),
            None => Place::Other,
        },
        "s3-website" => Place::Other,
        "s3-accelerate" if front.is_empty() => Place::Other,
        _ if front.is_empty() => Place::Service,
        _ => Place::Bucket(front),
    })
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`.
fn is_region(label: &str) -> bool {
    let mut parts = label.split('-');
    let first =
        parts.next().is_some_and(|p| (2..=4).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_lowercase()));
    let last = parts
        .next_back()
        .is_some_and(|p| !p.is_empty() && p.len() <= 2 && p.bytes().all(|b| b.is_ascii_digit()));
    let middle: Vec<&str> = parts.collect();
    first
        && last
        && (1..=2).contains(&middle.len())
        && middle.iter().all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase()))
}

/// The region that an AWS host names; `None`: it names none, or is not AWS's.
#[must_use]
pub fn region_of_host(host: &str) -> Option<String> {
    Address::parse(host)?.region
}

/// The AWS host that `call` goes to.
///
/// The host that the client named is kept only if it serves the call's service in the call's region (that keeps virtual
/// buckets, dual-stack, FIPS and account endpoints); else the host follows from the call alone.
#[must_use]
pub fn upstream_host(call: &Call, client_host: Option<&str>) -> String {
    let catalog = Catalog::get();
    let service = catalog.service(&call.service);
    if let Some(host) =
        client_host.filter(|host| is_aws_host(host.rsplit_once(':').map_or(host, |(name, _)| name)))
        && let Some(address) = Address::parse(host)
    {
        // A bucket in the host belongs to the path: S3 itself refuses a signature for another region. Global services
        // are signed for one region wherever they stand.
        let global = service.is_some_and(Service::is_global);
        let same_region = global
            || address.s3.is_some()
            || address.region.as_deref().is_none_or(|region| region == call.region);
        let serves = match service {
            Some(_) if call.operation == UNKNOWN => {
                catalog.signed_as(&call.signing_name).into_iter().any(|service| address.may_serve(service))
            }
            Some(service) => address.may_serve(service),
            None => true,
        };
        if same_region && serves {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            return host.rsplit_once(':').map_or(host.clone(), |(name, _)| name.to_owned());
        }
    }
    let Some(service) = service else {
        return format!(
            "{}.{}.{}",
            call.signing_name,
            call.region,
            Partition::of_region(&call.region).domain
        );
    };
    let prefix = service.operation(&call.operation).map_or("", |operation| operation.host_prefix);
    format!("{}{}", filled(prefix, call), default_host(service, &call.region))
}

/// The service's host in a region.
fn default_host(service: &Service, region: &str) -> String {
    let mut hosts = service.hosts.split('|');
    let main = hosts.next().unwrap_or_default();
    let special = match region {
        "us-east-1" => hosts.nth(3),
        r if r.starts_with("cn-") => hosts.next(),
        r if r.starts_with("us-gov-") => hosts.nth(1),
        r if r.starts_with("eusc-") => hosts.nth(2),
        _ => None,
    };
    let template = special
        .filter(|host| !host.is_empty())
        .map_or_else(|| main.replace("amazonaws.com", Partition::of_region(region).domain), str::to_owned);
    template.replace("{r}", region)
}

/// An operation's host prefix, `{AccountId}.` or `sync-`, with its labels filled from the parameters.
fn filled(prefix: &str, call: &Call) -> String {
    let mut out = String::new();
    let mut rest = prefix;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, tail)) = after.split_once('}') else { break };
        let value = call.params.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        out.push_str(before);
        // Only what may stand in a host name: the value came from the client.
        out.extend(value.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-'));
        rest = tail;
    }
    out.push_str(rest);
    out.trim_start_matches('.').to_owned()
}

/// The signing name and the region that a host tells, for requests without a signature. `None` for what it leaves open.
#[must_use]
pub fn told_by(host: &str) -> (Option<&'static str>, Option<String>) {
    if !is_aws_host(host) {
        return (None, None);
    }
    let Some(address) = Address::parse(host) else { return (None, None) };
    let mut names: Vec<&str> = Catalog::get()
        .services()
        .iter()
        .filter(|service| address.serves(service))
        .map(|service| service.signing)
        .collect();
    names.dedup();
    let one = match names.as_slice() {
        [one] => Some(*one),
        _ => None,
    };
    (one, address.region)
}
