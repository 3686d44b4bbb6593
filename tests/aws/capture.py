#!/usr/bin/env python3
"""Writes what boto3 sends for a list of calls to tests/data/requests.json, without a network.

    tests/aws/capture.py > tests/data/requests.json

Each line of CALLS is a client, an operation and its parameters; the request is caught before it is sent, with the host it
would go to. Only the headers that are signed are kept, and the signature: it is made with the key AKIDEXAMPLE / secret.
"""

import base64
import json
import sys

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

A = "123456789012"
R = "eu-west-1"
KEY = "a b/ü//+%.txt"
CALLS = [
    ("s3", "list_buckets", {}),
    ("s3", "list_objects_v2", {"Bucket": "reports", "Prefix": "2026/"}),
    ("s3", "list_object_versions", {"Bucket": "reports"}),
    ("s3", "get_object", {"Bucket": "reports", "Key": KEY}),
    ("s3", "get_object", {"Bucket": "reports", "Key": "k", "VersionId": "v1"}),
    ("s3", "get_object", {"Bucket": f"arn:aws:s3:{R}:{A}:accesspoint/point", "Key": "k"}),
    ("s3", "head_object", {"Bucket": "reports", "Key": "k"}),
    ("s3", "head_bucket", {"Bucket": "reports"}),
    ("s3", "put_object", {"Bucket": "reports", "Key": "k", "Body": b"x", "ACL": "public-read", "Tagging": "a=b"}),
    ("s3", "delete_object", {"Bucket": "reports", "Key": "k"}),
    ("s3", "delete_objects", {"Bucket": "reports", "Delete": {"Objects": [{"Key": "a&b"}, {"Key": "c", "VersionId": "1"}]}}),
    ("s3", "copy_object", {"Bucket": "to", "Key": "k", "CopySource": {"Bucket": "from", "Key": "x y", "VersionId": "7"}}),
    ("s3", "create_multipart_upload", {"Bucket": "reports", "Key": "k"}),
    ("s3", "upload_part", {"Bucket": "reports", "Key": "k", "UploadId": "u", "PartNumber": 1, "Body": b"x"}),
    ("s3", "upload_part_copy", {"Bucket": "to", "Key": "k", "UploadId": "u", "PartNumber": 1, "CopySource": "from/k"}),
    ("s3", "complete_multipart_upload", {"Bucket": "reports", "Key": "k", "UploadId": "u", "MultipartUpload": {"Parts": [{"ETag": "e", "PartNumber": 1}]}}),
    ("s3", "abort_multipart_upload", {"Bucket": "reports", "Key": "k", "UploadId": "u"}),
    ("s3", "put_bucket_policy", {"Bucket": "reports", "Policy": "{}"}),
    ("s3", "get_bucket_location", {"Bucket": "reports"}),
    ("s3", "create_bucket", {"Bucket": "reports", "CreateBucketConfiguration": {"LocationConstraint": R}}),
    ("s3", "delete_bucket", {"Bucket": "reports"}),
    ("s3control", "list_access_points", {"AccountId": A}),
    ("sts", "get_caller_identity", {}),
    ("sts", "assume_role", {"RoleArn": f"arn:aws:iam::{A}:role/agent", "RoleSessionName": "s"}),
    ("iam", "create_user", {"UserName": "ana", "Path": "/team/"}),
    ("iam", "attach_role_policy", {"RoleName": "agent", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
    ("ec2", "describe_instances", {"InstanceIds": ["i-1"]}),
    ("ec2", "terminate_instances", {"InstanceIds": ["i-1", "i-2"]}),
    ("ec2", "authorize_security_group_ingress", {"GroupId": "sg-1", "IpPermissions": [{"FromPort": 22, "ToPort": 22, "IpProtocol": "tcp", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}),
    ("ec2", "run_instances", {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1, "SubnetId": "subnet-1", "IamInstanceProfile": {"Name": "p"}}),
    ("ec2", "create_tags", {"Resources": ["i-1", "ami-2"], "Tags": [{"Key": "a", "Value": "b"}]}),
    ("dynamodb", "get_item", {"TableName": "Music", "Key": {"id": {"S": "1"}}}),
    ("dynamodb", "query", {"TableName": "Music", "IndexName": "by-artist", "KeyConditionExpression": "a=:a"}),
    ("dynamodb", "batch_get_item", {"RequestItems": {"A": {"Keys": [{"id": {"S": "1"}}]}, "B": {"Keys": [{"id": {"S": "1"}}]}}}),
    ("dynamodb", "transact_write_items", {"TransactItems": [{"Put": {"TableName": "A", "Item": {"id": {"S": "1"}}}}, {"Delete": {"TableName": "B", "Key": {"id": {"S": "1"}}}}]}),
    ("dynamodb", "execute_statement", {"Statement": 'DELETE FROM "Music" WHERE id=\'1\''}),
    ("lambda", "invoke", {"FunctionName": "work", "Qualifier": "live", "Payload": b"{}"}),
    ("lambda", "get_function", {"FunctionName": f"arn:aws:lambda:{R}:{A}:function:work"}),
    ("lambda", "create_function", {"FunctionName": "work", "Role": f"arn:aws:iam::{A}:role/r", "Code": {"ZipFile": b"z"}, "Handler": "h", "Runtime": "python3.13"}),
    ("secretsmanager", "get_secret_value", {"SecretId": "prod/db"}),
    ("secretsmanager", "get_secret_value", {"SecretId": f"arn:aws:secretsmanager:{R}:{A}:secret:prod/db-AbCdEf"}),
    ("ssm", "get_parameter", {"Name": "/prod/db", "WithDecryption": True}),
    ("ssm", "get_parameters_by_path", {"Path": "/prod"}),
    ("ssm", "send_command", {"InstanceIds": ["i-1"], "DocumentName": "AWS-RunShellScript"}),
    ("kms", "decrypt", {"CiphertextBlob": b"x"}),
    ("kms", "encrypt", {"KeyId": "alias/app", "Plaintext": b"x"}),
    ("kms", "schedule_key_deletion", {"KeyId": "11111111-2222-3333-4444-555555555555"}),
    ("sqs", "send_message", {"QueueUrl": f"https://sqs.{R}.amazonaws.com/{A}/jobs", "MessageBody": "b"}),
    ("sqs", "create_queue", {"QueueName": "jobs"}),
    ("sns", "publish", {"TopicArn": f"arn:aws:sns:{R}:{A}:news", "Message": "m"}),
    ("cloudformation", "delete_stack", {"StackName": "web"}),
    ("cloudformation", "create_stack", {"StackName": "web", "TemplateBody": "{}", "RoleARN": f"arn:aws:iam::{A}:role/cfn"}),
    ("rds", "delete_db_instance", {"DBInstanceIdentifier": "main", "SkipFinalSnapshot": True}),
    ("rds", "create_db_snapshot", {"DBInstanceIdentifier": "main", "DBSnapshotIdentifier": "s1"}),
    ("logs", "get_log_events", {"logGroupName": "/aws/x", "logStreamName": "s"}),
    ("logs", "describe_log_groups", {}),
    ("cloudwatch", "put_metric_alarm", {"AlarmName": "a", "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold"}),
    ("apigateway", "get_rest_api", {"restApiId": "abc123"}),
    ("route53", "change_resource_record_sets", {"HostedZoneId": "Z1", "ChangeBatch": {"Changes": [{"Action": "DELETE", "ResourceRecordSet": {"Name": "a.", "Type": "A"}}]}}),
    ("cloudfront", "delete_distribution", {"Id": "E1"}),
    ("stepfunctions", "start_sync_execution", {"stateMachineArn": f"arn:aws:states:{R}:{A}:stateMachine:m"}),
    ("ecs", "update_service", {"cluster": "c", "service": "web", "desiredCount": 0}),
    ("ecr", "get_authorization_token", {}),
    ("eks", "delete_cluster", {"name": "k"}),
    ("sagemaker", "create_training_job", {"TrainingJobName": "t", "RoleArn": f"arn:aws:iam::{A}:role/sm", "AlgorithmSpecification": {"TrainingInputMode": "File"}, "OutputDataConfig": {"S3OutputPath": "s3://x"}, "ResourceConfig": {"VolumeSizeInGB": 1}, "StoppingCondition": {}}),
    ("bedrock-runtime", "converse", {"modelId": "anthropic.model-1:0", "messages": []}),
    ("elbv2", "describe_load_balancers", {}),
    ("elb", "describe_load_balancers", {}),
    ("sesv2", "send_email", {"FromEmailAddress": "a@b.c", "Content": {}}),
    ("ses", "send_email", {"Source": "a@b.c", "Destination": {}, "Message": {"Subject": {"Data": "s"}, "Body": {}}}),
    ("opensearch", "describe_domain", {"DomainName": "d"}),
    ("organizations", "list_accounts", {}),
    ("iot-data", "publish", {"topic": "a/b", "payload": b"x"}),
    ("kinesis", "put_record", {"StreamName": "s", "Data": b"x", "PartitionKey": "p"}),
    ("glacier", "list_vaults", {"accountId": "-"}),
]
KEPT = ("content-type", "x-amz-", "smithy-protocol", "content-encoding", "x-amzn-query-mode", "authorization")


def capture(service, operation, params, endpoint):
    caught = {}

    def stop(request, **_):
        caught["request"] = request
        return AWSResponse(request.url, 500, {}, None)

    client = boto3.client(
        service, region_name=R, aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret", endpoint_url=endpoint,
        config=Config(parameter_validation=False, retries={"max_attempts": 0}, inject_host_prefix=endpoint is None),
    )
    client.meta.events.register("before-send", stop)
    try:
        getattr(client, operation)(**params)
    except Exception as error:  # the fake answer
        if "request" not in caught:
            raise error
    request = caught["request"]
    scheme, rest = request.url.split("://", 1)
    host, slash, path = rest.partition("/")
    authorization = request.headers.get("Authorization", b"")
    text = authorization.decode() if isinstance(authorization, bytes) else authorization
    scope = text.split("Credential=")[1].split(",")[0].split("/")
    signed = text.split("SignedHeaders=")[1].split(",")[0].split(";")
    body = request.body or b""
    if hasattr(body, "read"):
        body = body.read()
    body = body.encode() if isinstance(body, str) else bytes(body)
    headers = {
        key.lower(): value.decode() if isinstance(value, bytes) else value for key, value in request.headers.items()
    }
    return {
        "name": f"{service}.{operation}", "method": request.method, "uri": slash + path if slash else "/",
        "host": host, "proxied": endpoint is None, "region": scope[2], "service": scope[3],
        "headers": {k: v for k, v in sorted(headers.items()) if k.startswith(KEPT) or k in signed},
        "body": base64.b64encode(body).decode(),
    }


def main():
    out = []
    for service, operation, params in CALLS:
        out.append(capture(service, operation, params, None))
        if ":accesspoint/" not in str(params) and service != "s3control":
            out.append(capture(service, operation, params, "http://127.0.0.1:7001"))
    json.dump(out, sys.stdout, indent=1, ensure_ascii=False)
    print()


main()
