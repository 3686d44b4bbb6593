"""Every operation of the client matrix with boto3: use.py NAME"""
import os
import sys

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

name, key = sys.argv[1], "a b/+&%25?#.txt"
print("identity", boto3.client("sts").get_caller_identity()["Account"])
s3 = boto3.client("s3")
s3.create_bucket(Bucket=name)
s3.put_object(Bucket=name, Key=key, Body=b"hello")
print("object", s3.get_object(Bucket=name, Key=key)["Body"].read().decode())
print("listed", ",".join(found["Key"] for found in s3.list_objects_v2(Bucket=name)["Contents"]))
block = os.urandom(1 << 16) * 192
open("big", "wb").write(block)
s3.upload_file("big", name, "big", Config=TransferConfig(multipart_chunksize=5 << 20))
s3.download_file(name, "big", "back", Config=TransferConfig(multipart_chunksize=5 << 20))
print("multipart", "same" if open("back", "rb").read() == block else "different")
dynamodb = boto3.client("dynamodb")
dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST",
                      KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                      AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
dynamodb.get_waiter("table_exists").wait(TableName=name)
dynamodb.put_item(TableName=name, Item={"id": {"S": "1"}, "name": {"S": "Ana"}})
print("item", dynamodb.get_item(TableName=name, Key={"id": {"S": "1"}})["Item"]["name"]["S"])
print("query", dynamodb.query(TableName=name, KeyConditionExpression="id = :id",
                              ExpressionAttributeValues={":id": {"S": "1"}})["Count"])
sqs = boto3.client("sqs")
url = sqs.create_queue(QueueName=name)["QueueUrl"]
sqs.send_message(QueueUrl=url, MessageBody="do it")
print("message", sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"])
boto3.client("iam").list_users()
print("users listed")
print("secret", boto3.client("secretsmanager").get_secret_value(SecretId="matrix")["SecretString"])
try:
    s3.delete_object(Bucket=name, Key=key)
except ClientError as error:
    print("denied", type(error).__name__, error.response["Error"]["Code"])
    print("text", error)
