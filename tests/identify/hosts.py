#!/usr/bin/env python3
"""Writes the hosts that botocore's endpoint rules give: service, signing name, region and host, with tabs.

    tests/identify/hosts.py

Every service in one region of each partition and in us-east-1, with and without FIPS and dual-stack where the rules have
them; S3 and s3control with a bucket and with every kind of access point besides.
"""


from botocore.endpoint_provider import EndpointProvider

from synthesize import DATA, PARTITIONS, load

REGIONS = [
    "us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1",
    "us-isof-south-1", "eusc-de-east-1",
]
A = "123456789012"


def more(service, region, partition):
    if service == "s3":
        yield {"Bucket": "a-bucket"}
        yield {"Bucket": "a-bucket", "Accelerate": True}
        yield {"Bucket": "dotted.bucket.name"}
        yield {"Bucket": f"arn:{partition}:s3:{region}:{A}:accesspoint/point"}
        yield {"Bucket": f"arn:{partition}:s3-object-lambda:{region}:{A}:accesspoint/point"}
        yield {"Bucket": f"arn:{partition}:s3-outposts:{region}:{A}:outpost/op-01234567890123456/accesspoint/point"}
        yield {"Bucket": f"arn:{partition}:s3::{A}:accesspoint/mfzwi23gnjvgw.mrap"}
        yield {"Bucket": "b--use1-az4--x-s3"}
        yield {"Bucket": "b--use1-az4--x-s3", "UseS3ExpressControlEndpoint": True}
        yield {"UseObjectLambdaEndpoint": True}
    if service == "s3control":
        yield {"AccountId": A, "RequiresAccountId": True}
        yield {"AccountId": A, "OutpostId": "op-01234567890123456"}
    yield {}


def main():
    partitions = {p["id"]: p for p in PARTITIONS["partitions"]}
    seen = set()
    for name in sorted(p.name for p in DATA.iterdir() if p.is_dir() and any(p.glob("*/service-2*"))):
        folder = sorted((p for p in (DATA / name).iterdir() if p.is_dir()), reverse=True)[0]
        model, rules = load(folder, "service-2"), load(folder, "endpoint-rule-set-1")
        if not model or not rules:
            continue
        provider = EndpointProvider(rules, PARTITIONS)
        meta = model["metadata"]
        signing = meta.get("signingName") or meta["endpointPrefix"]
        parameters = rules["parameters"]
        for region in REGIONS:
            partition = next(p for p in partitions if region in partitions[p]["regions"])
            for fips in (False, True):
                for dual in (False, True):
                    extras = list(more(name, region, partition))
                    if "AccountIdEndpointMode" in parameters:
                        extras.append({"AccountId": A, "AccountIdEndpointMode": "required"})
                    for extra in extras:
                        given = {k: v.get("default", False) for k, v in parameters.items() if v["type"].lower() == "boolean"}
                        given |= {k: v for k, v in (("UseFIPS", fips), ("UseDualStack", dual)) if k in parameters}
                        try:
                            endpoint = provider.resolve_endpoint(**(given | {"Region": region} | extra))
                        except Exception:
                            continue
                        host = endpoint.url.split("://")[1].split("/")[0]
                        scheme = (endpoint.properties.get("authSchemes") or [{}])[0]
                        line = (name, scheme.get("signingName") or signing, region, host)
                        if line not in seen:
                            seen.add(line)
                            print(*line, sep="\t")


if __name__ == "__main__":
    main()
