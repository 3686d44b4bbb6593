//! The table of all AWS operations: `catalog.tsv.zst`, written by `scripts/gen_catalog.py`, unpacked on first use.
//!
//! Rows stay text: a row is taken apart when it is looked at, so that loading costs one decompression and no
//! allocation per operation.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::sync::OnceLock;

use memchr::memmem;

use super::protocol::Protocol;
use crate::types::AccessLevel;

static PACKED: &[u8] = include_bytes!("catalog.tsv.zst");
static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::load);

/// Every service.
pub(super) struct Catalog {
    services: Vec<Service>,
    by_signing: HashMap<&'static str, Vec<usize>>,
}

/// One service.
pub(super) struct Service {
    /// botocore's name, `stepfunctions`.
    pub name: &'static str,
    /// What stands in the credential scope.
    pub signing: &'static str,
    /// The first labels of its host, `api.ecr`.
    pub endpoint: &'static str,
    /// The IAM prefix, `states`.
    pub prefix: &'static str,
    /// botocore's names of its protocols, with commas.
    pub protocols: &'static str,
    /// What stands before the dot in `X-Amz-Target`.
    pub target: &'static str,
    /// The API version, `2012-11-05`.
    pub version: &'static str,
    /// Host templates of aws, aws-cn, aws-us-gov, aws-eusc and us-east-1, with `|`; see the generator.
    pub hosts: &'static str,
    /// Further first labels of its hosts, without region, FIPS and dual-stack, with commas: `streams-dynamodb`.
    pub stems: &'static str,
    /// The rows that follow, each after a line feed.
    rows: &'static str,
    /// Its operations, taken apart when verbs and paths are first compared.
    parsed: OnceLock<Vec<Operation>>,
}

/// One operation; the fields are those of the generator's last line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    pub name: &'static str,
    pub method: &'static str,
    pub uri: &'static str,
    pub host_prefix: &'static str,
    pub required: &'static str,
    pub payload: &'static str,
    pub renames: &'static str,
    action: &'static str,
    access: &'static str,
    pub resources: &'static str,
    /// Paths of members that hold roles which the call passes on, with commas.
    pub pass_role: &'static str,
    /// Paths of members that name keys of KMS, with commas.
    pub keys: &'static str,
}

impl Catalog {
    /// The table; unpacked by the first call (about 5 ms).
    pub fn get() -> &'static Self {
        &CATALOG
    }

    fn load() -> Self {
        // The table is part of the program; a test proves that it unpacks. Empty, every call would be unknown.
        let text: &'static str = zstd::decode_all(PACKED)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .map_or("", |text| Box::leak(text.into_boxed_str()));
        let starts: Vec<usize> = memmem::find_iter(text.as_bytes(), b"\n@").collect();
        let mut services = Vec::with_capacity(starts.len());
        let mut by_signing: HashMap<&'static str, Vec<usize>> = HashMap::new();
        for (index, &start) in starts.iter().enumerate() {
            let end = starts.get(index + 1).copied().unwrap_or(text.len());
            let Some(block) = text.get(start + 2..end) else { continue };
            let Some(service) = Service::parse(block) else { continue };
            by_signing.entry(service.signing).or_default().push(services.len());
            services.push(service);
        }
        Self { services, by_signing }
    }

    /// All services, by name.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// The service with botocore's name `name`.
    pub fn service(&self, name: &str) -> Option<&Service> {
        let at = self.services.binary_search_by(|service| service.name.cmp(name)).ok()?;
        self.services.get(at)
    }

    /// The services that sign as `signing`, by name.
    pub fn signed_as(&self, signing: &str) -> Vec<&Service> {
        // S3's newer bucket kinds sign under names of their own and speak S3's API.
        let also = match signing {
            "s3express" | "s3-outposts" | "s3-object-lambda" => "s3",
            _ => "",
        };
        let found = [signing, also].into_iter().filter_map(|name| self.by_signing.get(name));
        found.flatten().filter_map(|&at| self.services.get(at)).collect()
    }
}

impl Service {
    fn parse(block: &'static str) -> Option<Self> {
        let (head, _) = block.split_once('\n').unwrap_or((block, ""));
        let rows = block.get(head.len()..)?;
        let mut fields = head.split('\t');
        let mut next = || fields.next().unwrap_or_default();
        Some(Self {
            name: next(),
            signing: next(),
            endpoint: next(),
            prefix: next(),
            protocols: next(),
            target: next(),
            version: next(),
            hosts: next(),
            stems: {
                let _flags = next();
                next()
            },
            rows,
            parsed: OnceLock::new(),
        })
    }

    /// Whether its operations are verbs and paths.
    pub fn is_rest(&self) -> bool {
        self.protocols.starts_with("rest")
    }

    /// The protocol of its verbs and paths.
    pub fn rest_protocol(&self) -> Protocol {
        if self.protocols.starts_with("rest-xml") { Protocol::RestXml } else { Protocol::RestJson }
    }

    /// Whether it has one home for a whole partition: its calls are signed for that, wherever they are addressed.
    pub fn is_global(&self) -> bool {
        !self.hosts.split('|').next().unwrap_or_default().contains("{r}")
    }

    /// The operation `name`, spelt exactly; names hold letters, digits and underscores only.
    pub fn operation(&self, name: &str) -> Option<Operation> {
        if name.is_empty()
            || name.len() > 128
            || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        {
            return None;
        }
        let needle = format!("\n{name}\t");
        let at = memmem::find(self.rows.as_bytes(), needle.as_bytes())?;
        let row = self.rows.get(at + 1..)?;
        Operation::parse(row.split('\n').next()?)
    }

    /// Every operation, older versions of one included.
    pub fn operations(&self) -> impl Iterator<Item = Operation> {
        self.rows.split('\n').filter(|row| !row.starts_with('%')).filter_map(Operation::parse)
    }

    /// The operations with this HTTP method.
    pub fn operations_by(&self, method: &str) -> impl Iterator<Item = Operation> {
        let all = self.parsed.get_or_init(|| self.operations().collect());
        all.iter().filter(move |operation| operation.method == method).copied()
    }

    /// The ARN template of a resource type that some operation's row names.
    pub fn template(&self, key: &str) -> Option<&'static str> {
        let needle = format!("\n%{key}\t");
        let at = memmem::find(self.rows.as_bytes(), needle.as_bytes())?;
        let line = self.rows.get(at + needle.len()..)?.split('\n').next()?;
        // Some types have several forms; the first is the usual one.
        line.split(", ").next()
    }
}

impl Operation {
    fn parse(row: &'static str) -> Option<Self> {
        let mut fields = row.split('\t');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let mut next = || fields.next().unwrap_or_default();
        Some(Self {
            name,
            method: next(),
            uri: next(),
            host_prefix: next(),
            required: next(),
            payload: next(),
            renames: next(),
            action: next(),
            access: next(),
            resources: next(),
            pass_role: next(),
            keys: next(),
        })
    }

    /// The IAM action.
    pub fn action(&self, service: &Service) -> String {
        match self.action {
            "" => format!("{}:{}", service.prefix, self.name),
            full if full.contains(':') => full.to_owned(),
            name => format!("{}:{name}", service.prefix),
        }
    }

    /// What the action does.
    pub fn access(&self) -> AccessLevel {
        match self.access {
            "L" => AccessLevel::List,
            "R" => AccessLevel::Read,
            "W" => AccessLevel::Write,
            "T" => AccessLevel::Tagging,
            "P" => AccessLevel::Permissions,
            _ => AccessLevel::Unknown,
        }
    }

    /// The member's name for what is called `wire` at `place` (`q`uery, `u`ri, `b`ody, `f`orm), and whether it is a list.
    pub fn member(&self, place: char, wire: &str) -> Option<(&'static str, bool)> {
        self.renamed(place).find(|(from, _)| *from == wire).map(|(_, to)| listed(to))
    }

    /// All (wire name, member name) at a place.
    pub fn renamed(&self, place: char) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.renames
            .split(',')
            .filter_map(move |entry| entry.strip_prefix(place)?.strip_prefix('.')?.split_once('='))
    }
}

/// The member's name and whether it is a list, `Name[]`.
pub(super) fn listed(member: &'static str) -> (&'static str, bool) {
    member.strip_suffix("[]").map_or((member, false), |name| (name, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_every_service() {
        let catalog = Catalog::get();
        assert!(catalog.services().len() > 430, "{}", catalog.services().len());
        let count: usize = catalog.services().iter().map(|service| service.operations().count()).sum();
        assert!(count > 19_700, "{count}");
        assert!(catalog.services().is_sorted_by_key(|service| service.name));
        for service in catalog.services() {
            assert!(
                service.protocols.split(',').any(|name| Protocol::from_model(name).is_some()),
                "{}",
                service.name
            );
        }
    }

    #[test]
    fn a_row_gives_its_fields() {
        let s3 = Catalog::get().service("s3").unwrap();
        let list = s3.operation("ListObjectsV2").unwrap();
        assert_eq!(list.action(s3), "s3:ListBucket");
        assert_eq!(list.access(), AccessLevel::List);
        assert_eq!(list.member('q', "prefix"), Some(("Prefix", false)));
        assert!(s3.operation("ListObjectsV").is_none());
        assert!(s3.operation("%bucket").is_none());
    }
}
