//! AWS's partitions: worlds of their own, with regions, a name in ARNs and a domain.
//!
//! Source: <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html> and botocore's
//! `partitions.json`.

/// One partition.
#[derive(Debug, PartialEq, Eq)]
pub struct Partition {
    /// As ARNs have it.
    pub name: &'static str,
    /// What its regions begin with; empty: all that belong to no other.
    prefix: &'static str,
    /// Under which its services stand.
    pub domain: &'static str,
    /// A region to ask where nobody named one.
    pub usual_region: &'static str,
}

/// The commercial one last: it takes what is left.
static PARTITIONS: [Partition; 8] = [
    partition("aws-cn", "cn-", "amazonaws.com.cn", "cn-north-1"),
    partition("aws-us-gov", "us-gov-", "amazonaws.com", "us-gov-west-1"),
    partition("aws-eusc", "eusc-", "amazonaws.eu", "eusc-de-east-1"),
    partition("aws-iso", "us-iso-", "c2s.ic.gov", "us-iso-east-1"),
    partition("aws-iso-b", "us-isob-", "sc2s.sgov.gov", "us-isob-east-1"),
    partition("aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "eu-isoe-west-1"),
    partition("aws-iso-f", "us-isof-", "csp.hci.ic.gov", "us-isof-south-1"),
    partition("aws", "", "amazonaws.com", "us-east-1"),
];

const fn partition(
    name: &'static str,
    prefix: &'static str,
    domain: &'static str,
    usual_region: &'static str,
) -> Partition {
    Partition { name, prefix, domain, usual_region }
}

const COMMERCIAL: &Partition = &PARTITIONS[PARTITIONS.len() - 1];

impl Partition {
    /// The one that a region lies in.
    #[must_use]
    pub fn of_region(region: &str) -> &'static Self {
        PARTITIONS.iter().find(|partition| region.starts_with(partition.prefix)).unwrap_or(COMMERCIAL)
    }

    /// The one that an ARN names (`aws-cn`); the commercial one if it is not known.
    #[must_use]
    pub fn named(name: &str) -> &'static Self {
        PARTITIONS.iter().find(|partition| partition.name == name).unwrap_or(COMMERCIAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_belongs_to_one_partition() {
        for (region, name, domain) in [
            ("eu-central-1", "aws", "amazonaws.com"),
            ("us-gov-east-1", "aws-us-gov", "amazonaws.com"),
            ("cn-northwest-1", "aws-cn", "amazonaws.com.cn"),
            ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
            ("us-iso-west-1", "aws-iso", "c2s.ic.gov"),
            ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
            ("us-isof-east-1", "aws-iso-f", "csp.hci.ic.gov"),
            ("", "aws", "amazonaws.com"),
        ] {
            let partition = Partition::of_region(region);
            assert_eq!((partition.name, partition.domain), (name, domain), "{region}");
        }
    }

    #[test]
    fn the_usual_region_lies_in_its_partition() {
        for partition in &PARTITIONS {
            assert_eq!(Partition::of_region(partition.usual_region), partition);
            assert_eq!(Partition::named(partition.name), partition);
        }
        assert_eq!(Partition::named("elsewhere").name, "aws");
    }
}
