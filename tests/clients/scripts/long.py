"""What Terraform does, in boto3: one long session over many services, credentials that the client renews on its own, waits
for things to become ready, a plan that reads everything again. long.py NAME"""
import datetime
import os
import sys
import time

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import ClientError

name, renewals = sys.argv[1], 0


def renew():
    """As a client does with a role or SSO; here the placeholders are renewed by themselves."""
    global renewals
    renewals += 1
    ends = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
    return {"access_key": os.environ["AWS_ACCESS_KEY_ID"], "secret_key": os.environ["AWS_SECRET_ACCESS_KEY"],
            "token": os.environ["AWS_SESSION_TOKEN"], "expiry_time": ends.isoformat()}


core = botocore.session.get_session()
core._credentials = RefreshableCredentials.create_from_metadata(renew(), renew, "renewed", 0, 0)
session = boto3.Session(botocore_session=core)
clients = {}


def client(service):
    config = Config(retries={"mode": "adaptive", "max_attempts": 25})
    return clients.setdefault(service, session.client(service, config=config))


def absent(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404), error
        return
    raise AssertionError("there is one already")


account = client("sts").get_caller_identity()["Account"]
absent(client("s3").head_bucket, Bucket=name)
client("s3").create_bucket(Bucket=name)
client("s3").get_waiter("bucket_exists").wait(Bucket=name)
client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "made-by", "Value": "plan"}]})
absent(client("dynamodb").describe_table, TableName=name)
client("dynamodb").create_table(TableName=name, BillingMode="PAY_PER_REQUEST",
                                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
client("dynamodb").get_waiter("table_exists").wait(TableName=name)
role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[]}')
client("iam").get_waiter("role_exists").wait(RoleName=name)
key = client("kms").create_key()["KeyMetadata"]["KeyId"]
topic = client("sns").create_topic(Name=name)["TopicArn"]
queue = client("sqs").create_queue(QueueName=name)["QueueUrl"]
client("logs").create_log_group(logGroupName="/" + name)
client("ssm").put_parameter(Name="/" + name, Type="String", Value="1")
vpc = client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
client("ec2").get_waiter("vpc_available").wait(VpcIds=[vpc])
for state in range(3):
    time.sleep(1)
    assert client("s3").get_bucket_tagging(Bucket=name)["TagSet"]
    assert client("dynamodb").describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE"
    assert client("iam").get_role(RoleName=name)["Role"]["Arn"] == "arn:aws:iam::%s:role/%s" % (account, name)
    assert client("kms").describe_key(KeyId=key)["KeyMetadata"]["Enabled"]
    assert client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    assert client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert client("logs").describe_log_groups(logGroupNamePrefix="/" + name)["logGroups"]
    assert client("ssm").get_parameter(Name="/" + name)["Parameter"]["Value"] == "1"
    assert client("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"]
assert renewals >= 3, renewals
print("done", state + 1)
