//! Whether the host that a client addresses and the scope that it signs for are about the same service and region.

use super::catalog::Catalog;
use super::host::Address;
use super::live;

/// Says what is wrong where they are not. What AWS's own clients send always agrees; a request that does not would be
/// decided by what it claims and could be done by another service.
///
/// `region` is that of the scope, `*` for several.
#[must_use]
pub fn disagreement(host: &str, signing_name: &str, region: &str) -> Option<String> {
    let address = Address::parse(host)?;
    let catalog = Catalog::get();
    let claimed = catalog.signed_as(signing_name);
    let shares_name = || {
        let is_word = |label: &str, word: &str| {
            label.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let mut labels = address.stem.split('.');
        labels.any(|label| {
            is_word(label, signing_name)
                || claimed.iter().any(|s| s.endpoint.split('.').any(|e| is_word(label, e)))
        })
    };
    let own =
        claimed.iter().any(|s| address.serves(s)) || live::serves(&address, signing_name) || shares_name();
    // A host that no service is known by may be any customer's; one that is known serves its own services only.
    if !own && let Some(other) = catalog.services().iter().find(|s| address.serves(s)) {
        return Some(format!(
            "the request is signed for the service `{signing_name}`, but {host} is a host of `{}`",
            other.signing
        ));
    }
    let named = address.region.as_deref()?;
    let global = claimed.iter().any(|s| s.is_global());
    if region != "*" && named != region && !global {
        return Some(format!("the request is signed for the region `{region}`, but {host} is in `{named}`"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_send_agrees() {
        for (host, service, region) in [
            ("sts.amazonaws.com", "sts", "us-east-1"),
            ("sts.eu-west-1.amazonaws.com", "sts", "eu-west-1"),
            ("a.s3.eu-west-1.amazonaws.com", "s3", "eu-west-1"),
            ("a.b.s3.amazonaws.com", "s3", "eu-west-1"),
            ("s3.dualstack.eu-west-1.amazonaws.com", "s3", "eu-west-1"),
            ("b--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com", "s3express", "us-east-1"),
            ("123456789012.s3-control.us-east-1.amazonaws.com", "s3", "us-east-1"),
            ("m.accesspoint.s3-global.amazonaws.com", "s3", "*"),
            ("iam.amazonaws.com", "iam", "us-east-1"),
            ("api.ecr.eu-west-1.amazonaws.com", "ecr", "eu-west-1"),
            ("monitoring.eu-west-1.amazonaws.com", "monitoring", "eu-west-1"),
            ("runtime.sagemaker.eu-west-1.amazonaws.com", "sagemaker", "eu-west-1"),
            ("bedrock-runtime.eu-west-1.amazonaws.com", "bedrock", "eu-west-1"),
            ("transcribestreaming.eu-west-1.amazonaws.com", "transcribe", "eu-west-1"),
            ("abc-ats.iot.eu-west-1.amazonaws.com", "iotdevicegateway", "eu-west-1"),
            ("data-ats.iot.eu-west-1.amazonaws.com", "iotdata", "eu-west-1"),
            ("a1.execute-api.eu-west-1.amazonaws.com", "execute-api", "eu-west-1"),
            ("vpce-1-2.sqs.eu-west-1.vpce.amazonaws.com", "sqs", "eu-west-1"),
            ("aps-workspaces.eu-west-1.amazonaws.com", "aps", "eu-west-1"),
            ("search-x.eu-west-1.es.amazonaws.com", "es", "eu-west-1"),
            ("a.b.endpoint.events.amazonaws.com", "events", "*"),
            ("1.cloudfront-kvs.global.api.aws", "cloudfront-keyvaluestore", "*"),
            ("ec2-fips.us-east-1.amazonaws.com", "ec2", "us-east-1"),
        ] {
            assert_eq!(disagreement(host, service, region), None);
        }
    }

    #[test]
    fn another_service_or_region_does_not() {
        for (host, service, region) in [
            ("sts.eu-west-1.amazonaws.com", "s3", "eu-west-1"),
            ("bucket.s3.eu-west-1.amazonaws.com", "dynamodb", "eu-west-1"),
            ("dynamodb.eu-west-1.amazonaws.com", "s3", "eu-west-1"),
            ("dynamodb.eu-west-1.amazonaws.com", "nosuchservice", "eu-west-1"),
            ("dynamodb.eu-west-1.amazonaws.com", "dynamodb", "us-east-1"),
            ("bucket.s3.eu-west-1.amazonaws.com", "s3", "us-east-1"),
            ("sqs.us-west-2.amazonaws.com", "sqs", "eu-west-1"),
        ] {
            assert!(disagreement(host, service, region).is_some(), "{host} {service} {region}");
        }
    }
}
