"""One operation for each shape of error, with boto3: a JSON line for what became of each. ops.py [NAME...]"""
import json
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

config = Config(retries={"mode": "standard"}) if "--standard" in sys.argv else None
names = [name for name in sys.argv[1:] if name[0] != "-"]


def client(service):
    return boto3.client(service, config=config)


CALLS = {
    "json": lambda: client("dynamodb").list_tables(),
    "query": lambda: client("iam").list_users(),
    "ec2": lambda: client("ec2").describe_instances(),
    "rest-json": lambda: client("lambda").list_functions(),
    "s3": lambda: client("s3").get_object(Bucket="refused", Key="k"),
    "s3-head": lambda: client("s3").head_object(Bucket="refused", Key="k"),
    "rest-xml": lambda: client("route53").list_hosted_zones(),
    "cbor": lambda: client("eventbridgev2").list_event_buses(),
    "query-mode": lambda: client("sqs").list_queues(),
    "stream-s3": lambda: client("s3").select_object_content(
        Bucket="refused", Key="k", Expression="select * from s3object", ExpressionType="SQL",
        InputSerialization={"CSV": {}}, OutputSerialization={"CSV": {}}),
    "stream-json": lambda: client("kinesis").subscribe_to_shard(
        ConsumerARN="arn:aws:kinesis:us-east-1:123456789012:stream/s/consumer/c:1", ShardId="s",
        StartingPosition={"Type": "LATEST"}),
    "stream-rest": lambda: client("bedrock-runtime").converse_stream(
        modelId="m", messages=[{"role": "user", "content": [{"text": "hello"}]}]),
}
for name in names or CALLS:
    begun, said = time.monotonic(), {"name": name}
    try:
        answer = CALLS[name]()
        meta = answer["ResponseMetadata"]
        said.update(status=meta["HTTPStatusCode"], attempts=meta["RetryAttempts"] + 1)
    except ClientError as error:
        meta = error.response["ResponseMetadata"]
        said.update({"class": type(error).__name__, "code": error.response["Error"]["Code"], "text": str(error),
                     "status": meta["HTTPStatusCode"], "attempts": meta.get("RetryAttempts", 0) + 1})
    except BotoCoreError as error:
        said.update({"class": type(error).__name__, "text": str(error)})
    print(json.dumps({**said, "seconds": time.monotonic() - begun}))
