// Every operation of the client matrix with the AWS SDK for Go 2, a line for each, as the other clients write them; or one
// operation for each shape of error, a JSON line for what became of it.
//
//	go-client NAME
//	go-client ops NAME...
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

var ctx = context.Background()

func main() {
	arguments := os.Args[1:]
	if len(arguments) == 0 {
		fmt.Fprintln(os.Stderr, "usage: go-client NAME | go-client ops NAME...")
		os.Exit(2)
	}
	settings, err := config.LoadDefaultConfig(ctx, endpoint()...)
	must(err)
	if arguments[0] == "ops" {
		operations(settings, arguments[1:])
		return
	}
	name := arguments[0]
	caller, err := sts.NewFromConfig(settings).GetCallerIdentity(ctx, nil)
	must(err)
	fmt.Println("identity", *caller.Account)
	storage(settings, name)
	table(settings, name)
	queue(settings, name)
	users, err := iam.NewFromConfig(settings).ListUsers(ctx, nil)
	must(err)
	fmt.Println("users", len(users.Users))
	secret, err := secretsmanager.NewFromConfig(settings).GetSecretValue(ctx,
		&secretsmanager.GetSecretValueInput{SecretId: aws.String("matrix")})
	must(err)
	fmt.Println("secret", *secret.SecretString)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// AWS_ENDPOINT_URL, which this version of the SDK does not read by itself.
func endpoint() []func(*config.LoadOptions) error {
	url := os.Getenv("AWS_ENDPOINT_URL")
	if url == "" {
		return nil
	}
	resolve := func(service, region string, options ...interface{}) (aws.Endpoint, error) {
		return aws.Endpoint{URL: url, HostnameImmutable: true, SigningRegion: region}, nil
	}
	return []func(*config.LoadOptions) error{
		config.WithEndpointResolverWithOptions(aws.EndpointResolverWithOptionsFunc(resolve)),
	}
}

func storage(settings aws.Config, name string) {
	client, key := s3.NewFromConfig(settings), "a b/+&%25?#.txt"
	_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name})
	must(err)
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: &name, Key: &key, Body: strings.NewReader("hello")})
	must(err)
	got, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &name, Key: &key})
	must(err)
	text, err := io.ReadAll(got.Body)
	must(err)
	fmt.Println("object", string(text))
	listed, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &name})
	must(err)
	keys := []string{}
	for _, object := range listed.Contents {
		keys = append(keys, *object.Key)
	}
	fmt.Println("listed", strings.Join(keys, ","))

	block := bytes.Repeat([]byte("0123456789abcde\n"), 12<<16)
	big := "big"
	_, err = manager.NewUploader(client).Upload(ctx, &s3.PutObjectInput{Bucket: &name, Key: &big, Body: bytes.NewReader(block)})
	must(err)
	back := manager.NewWriteAtBuffer(nil)
	_, err = manager.NewDownloader(client).Download(ctx, back, &s3.GetObjectInput{Bucket: &name, Key: &big})
	must(err)
	if bytes.Equal(back.Bytes(), block) {
		fmt.Println("multipart same")
	} else {
		fmt.Println("multipart different")
	}

	_, err = client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &name, Key: &key})
	var denied smithy.APIError
	if !errors.As(err, &denied) {
		must(fmt.Errorf("the deletion went through: %v", err))
	}
	fmt.Println("denied", denied.ErrorCode())
	fmt.Println("text", err)
}

func table(settings aws.Config, name string) {
	client := dynamodb.NewFromConfig(settings)
	_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:            &name,
		BillingMode:          dynamodbtypes.BillingModePayPerRequest,
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: dynamodbtypes.KeyTypeHash}},
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
	})
	must(err)
	text := func(value string) dynamodbtypes.AttributeValue {
		return &dynamodbtypes.AttributeValueMemberS{Value: value}
	}
	_, err = client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &name,
		Item: map[string]dynamodbtypes.AttributeValue{"id": text("1"), "name": text("Ana")}})
	must(err)
	got, err := client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &name,
		Key: map[string]dynamodbtypes.AttributeValue{"id": text("1")}})
	must(err)
	fmt.Println("item", got.Item["name"].(*dynamodbtypes.AttributeValueMemberS).Value)
	found, err := client.Query(ctx, &dynamodb.QueryInput{TableName: &name, KeyConditionExpression: aws.String("id = :id"),
		ExpressionAttributeValues: map[string]dynamodbtypes.AttributeValue{":id": text("1")}})
	must(err)
	fmt.Println("query", found.Count)
}

func queue(settings aws.Config, name string) {
	client := sqs.NewFromConfig(settings)
	made, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name})
	must(err)
	_, err = client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: made.QueueUrl, MessageBody: aws.String("do it")})
	must(err)
	got, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: made.QueueUrl})
	must(err)
	fmt.Println("message", *got.Messages[0].Body)
}

// One operation for each shape of error.
func operations(settings aws.Config, names []string) {
	storage := s3.NewFromConfig(settings)
	bucket, key := aws.String("refused"), aws.String("k")
	calls := map[string]func() error{
		"json":      func() error { _, err := dynamodb.NewFromConfig(settings).ListTables(ctx, nil); return err },
		"query":     func() error { _, err := iam.NewFromConfig(settings).ListUsers(ctx, nil); return err },
		"ec2":       func() error { _, err := ec2.NewFromConfig(settings).DescribeInstances(ctx, nil); return err },
		"rest-json": func() error { _, err := lambda.NewFromConfig(settings).ListFunctions(ctx, nil); return err },
		"rest-xml":  func() error { _, err := route53.NewFromConfig(settings).ListHostedZones(ctx, nil); return err },
		// This version still speaks the query protocol to SQS.
		"query-old": func() error { _, err := sqs.NewFromConfig(settings).ListQueues(ctx, nil); return err },
		"s3": func() error {
			_, err := storage.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key})
			return err
		},
		"s3-head": func() error {
			_, err := storage.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: key})
			return err
		},
		"stream-s3": func() error {
			_, err := storage.SelectObjectContent(ctx, &s3.SelectObjectContentInput{Bucket: bucket, Key: key,
				Expression: aws.String("select * from s3object"), ExpressionType: s3types.ExpressionTypeSql,
				InputSerialization:  &s3types.InputSerialization{CSV: &s3types.CSVInput{}},
				OutputSerialization: &s3types.OutputSerialization{CSV: &s3types.CSVOutput{}}})
			return err
		},
		"stream-json": func() error {
			_, err := kinesis.NewFromConfig(settings).SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{
				ConsumerARN:      aws.String("arn:aws:kinesis:us-east-1:123456789012:stream/s/consumer/c:1"),
				ShardId:          aws.String("s"),
				StartingPosition: &kinesistypes.StartingPosition{Type: kinesistypes.ShardIteratorTypeLatest}})
			return err
		},
	}
	for _, name := range names {
		told := map[string]interface{}{"name": name, "status": 200, "attempts": 1}
		if err := calls[name](); err != nil {
			told["text"] = err.Error()
			var api smithy.APIError
			if errors.As(err, &api) {
				told["code"] = api.ErrorCode()
			}
			var answered *awshttp.ResponseError
			if errors.As(err, &answered) {
				told["status"] = answered.HTTPStatusCode()
			}
			var tired *retry.MaxAttemptsError
			if errors.As(err, &tired) {
				told["attempts"] = tired.Attempt
			}
		}
		line, err := json.Marshal(told)
		must(err)
		fmt.Println(string(line))
	}
}
