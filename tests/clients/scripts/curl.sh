# The operations that can be written by hand, with curl's own SigV4: curl.sh NAME
set -eu
name=$1 region=us-east-1
call() { # SERVICE HOST PATH, further arguments
  service=$1 url=${AWS_ENDPOINT_URL:-https://$2}$3; shift 3
  curl -sS --aws-sigv4 "aws:amz:$region:$service" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    -H "x-amz-security-token: $AWS_SESSION_TOKEN" "$@" "$url"
}
json() { # SERVICE TARGET BODY
  call "$1" "$1.$region.amazonaws.com" / -H "x-amz-target: $2" -H 'content-type: application/x-amz-json-1.0' -d "$3"
}
text() { sed -n "s/.*<$1>\([^<]*\)<.*/\1/p"; }
string() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"; }
empty=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
echo "identity $(call sts sts.amazonaws.com / -d 'Action=GetCallerIdentity&Version=2011-06-15' | tr -d '\n' | text Account)"
printf hello > in.txt
digest=$(sha256sum < in.txt | cut -d' ' -f1)
call s3 s3.amazonaws.com "/$name" -X PUT -H "x-amz-content-sha256: $empty"
call s3 s3.amazonaws.com "/$name/a.txt" -X PUT -H "x-amz-content-sha256: $digest" -H 'content-type: text/plain' --data-binary @in.txt
echo "object $(call s3 s3.amazonaws.com "/$name/a.txt" -H "x-amz-content-sha256: $empty")"
echo "listed $(call s3 s3.amazonaws.com "/$name?list-type=2" -H "x-amz-content-sha256: $empty" | tr -d '\n' | text Key)"
json dynamodb DynamoDB_20120810.CreateTable "{\"TableName\":\"$name\",\"BillingMode\":\"PAY_PER_REQUEST\",\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}],\"AttributeDefinitions\":[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}]}" > log
json dynamodb DynamoDB_20120810.PutItem "{\"TableName\":\"$name\",\"Item\":{\"id\":{\"S\":\"1\"},\"name\":{\"S\":\"Ana\"}}}" > log
echo "item $(json dynamodb DynamoDB_20120810.GetItem "{\"TableName\":\"$name\",\"Key\":{\"id\":{\"S\":\"1\"}},\"ProjectionExpression\":\"#n\",\"ExpressionAttributeNames\":{\"#n\":\"name\"}}" | string S)"
echo "query $(json dynamodb DynamoDB_20120810.Query "{\"TableName\":\"$name\",\"KeyConditionExpression\":\"id = :id\",\"ExpressionAttributeValues\":{\":id\":{\"S\":\"1\"}},\"Select\":\"COUNT\"}" | string Count)"
queue=$(json sqs AmazonSQS.CreateQueue "{\"QueueName\":\"$name\"}" | string QueueUrl)
json sqs AmazonSQS.SendMessage "{\"QueueUrl\":\"$queue\",\"MessageBody\":\"do it\"}" > log
json sqs AmazonSQS.ReceiveMessage "{\"QueueUrl\":\"$queue\"}" | string Body > received
echo "message $(cat received)"
call iam iam.amazonaws.com / -d 'Action=ListUsers&Version=2010-05-08' | grep -q '<Users' && echo users listed
echo "secret $(json secretsmanager secretsmanager.GetSecretValue '{"SecretId":"matrix"}' | string SecretString)"
call s3 s3.amazonaws.com "/$name/a.txt" -X DELETE -H "x-amz-content-sha256: $empty" -w '\n%{http_code}' > denied
echo "denied $(tail -n 1 denied)"
echo "text $(tr '\n' ' ' < denied)"
