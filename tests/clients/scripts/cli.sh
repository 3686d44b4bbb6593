# Every operation of the client matrix with an aws CLI: cli.sh PROGRAM NAME
set -eu
aws=$1 name=$2 key='a b/+&%25?#.txt'
echo "identity $($aws sts get-caller-identity --query Account --output text)"
printf hello > in.txt
$aws s3 mb "s3://$name" > log
$aws s3 cp in.txt "s3://$name/$key" > log
echo "object $($aws s3 cp "s3://$name/$key" -)"
echo "listed $($aws s3api list-objects-v2 --bucket "$name" --query 'Contents[].Key' --output text)"
head -c 12582912 /dev/urandom > big
$aws s3 cp --no-progress big "s3://$name/big" > log
$aws s3 cp --no-progress "s3://$name/big" back > log
cmp big back && echo multipart same
$aws dynamodb create-table --table-name "$name" --billing-mode PAY_PER_REQUEST \
  --key-schema AttributeName=id,KeyType=HASH --attribute-definitions AttributeName=id,AttributeType=S > log
$aws dynamodb put-item --table-name "$name" --item '{"id":{"S":"1"},"name":{"S":"Ana"}}'
echo "item $($aws dynamodb get-item --table-name "$name" --key '{"id":{"S":"1"}}' --query Item.name.S --output text)"
echo "query $($aws dynamodb query --table-name "$name" --key-condition-expression 'id = :id' \
  --expression-attribute-values '{":id":{"S":"1"}}' --query Count --output text)"
url=$($aws sqs create-queue --queue-name "$name" --query QueueUrl --output text)
$aws sqs send-message --queue-url "$url" --message-body 'do it' > log
echo "message $($aws sqs receive-message --queue-url "$url" --query 'Messages[0].Body' --output text)"
$aws iam list-users > log
echo users listed
echo "secret $($aws secretsmanager get-secret-value --secret-id matrix --query SecretString --output text)"
set +e
text=$($aws s3api delete-object --bucket "$name" --key "$key" 2>&1)
echo "denied $?"
echo "text $text" | tr '\n' ' '
