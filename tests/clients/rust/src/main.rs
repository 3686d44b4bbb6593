//! Every operation of the client matrix with the Rust SDK; a line for each, as the other clients write them.

use std::error::Error;

use aws_config::BehaviorVersion;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeDefinition;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::BillingMode;
use aws_sdk_dynamodb::types::KeySchemaElement;
use aws_sdk_dynamodb::types::KeyType;
use aws_sdk_dynamodb::types::ScalarAttributeType;
use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::CompletedMultipartUpload;
use aws_sdk_s3::types::CompletedPart;

type Done = Result<(), Box<dyn Error>>;

/// The size of a part, the least that S3 takes.
const PART: usize = 5 << 20;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done {
    let name = std::env::args().nth(1).ok_or("usage: rust-client NAME")?;
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let caller = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await?;
    println!("identity {}", caller.account().unwrap_or_default());
    storage(&config, &name).await?;
    table(&config, &name).await?;
    queue(&config, &name).await?;
    let users = aws_sdk_iam::Client::new(&config).list_users().send().await?;
    println!("users {}", if users.users().is_empty() { "none" } else { "some" });
    let secrets = aws_sdk_secretsmanager::Client::new(&config);
    let secret = secrets.get_secret_value().secret_id("matrix").send().await?;
    println!("secret {}", secret.secret_string().unwrap_or_default());
    Ok(())
}

async fn storage(config: &SdkConfig, name: &str) -> Done {
    let s3 = aws_sdk_s3::Client::new(config);
    let key = "a b/+&%25?#.txt";
    s3.create_bucket().bucket(name).send().await?;
    s3.put_object().bucket(name).key(key).body(ByteStream::from_static(b"hello")).send().await?;
    let got = s3.get_object().bucket(name).key(key).send().await?.body.collect().await?;
    println!("object {}", String::from_utf8(got.to_vec())?);
    let listed = s3.list_objects_v2().bucket(name).send().await?;
    println!(
        "listed {}",
        listed.contents().iter().filter_map(|object| object.key()).collect::<Vec<_>>().join(",")
    );

    let upload = s3.create_multipart_upload().bucket(name).key("big").send().await?;
    let id = upload.upload_id().ok_or("no upload id")?;
    let mut parts = CompletedMultipartUpload::builder();
    for number in 1..=2_i32 {
        let body = ByteStream::from(vec![b'0' + number as u8; PART]);
        let part = s3
            .upload_part()
            .bucket(name)
            .key("big")
            .upload_id(id)
            .part_number(number)
            .body(body)
            .send()
            .await?;
        let tag = part.e_tag().unwrap_or_default();
        parts = parts.parts(CompletedPart::builder().part_number(number).e_tag(tag).build());
    }
    s3.complete_multipart_upload()
        .bucket(name)
        .key("big")
        .upload_id(id)
        .multipart_upload(parts.build())
        .send()
        .await?;
    let got = s3.get_object().bucket(name).key("big").send().await?.body.collect().await?.to_vec();
    let is_same = got.len() == 2 * PART
        && got[..PART].iter().all(|b| *b == b'1')
        && got[PART..].iter().all(|b| *b == b'2');
    println!("multipart {}", if is_same { "same" } else { "different" });

    let denied =
        s3.delete_object().bucket(name).key(key).send().await.err().ok_or("the deletion went through")?;
    println!("denied {}", denied.as_service_error().and_then(|error| error.meta().code()).unwrap_or("?"));
    println!("text {}", DisplayErrorContext(denied));
    Ok(())
}

async fn table(config: &SdkConfig, name: &str) -> Done {
    let dynamodb = aws_sdk_dynamodb::Client::new(config);
    dynamodb
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build()?)
        .attribute_definitions(
            AttributeDefinition::builder()
                .attribute_name("id")
                .attribute_type(ScalarAttributeType::S)
                .build()?,
        )
        .send()
        .await?;
    let (id, ana) = (AttributeValue::S("1".into()), AttributeValue::S("Ana".into()));
    dynamodb.put_item().table_name(name).item("id", id.clone()).item("name", ana).send().await?;
    let got = dynamodb.get_item().table_name(name).key("id", id.clone()).send().await?;
    let found = got.item().and_then(|item| item.get("name")).and_then(|value| value.as_s().ok());
    println!("item {}", found.map_or("none", String::as_str));
    let query = dynamodb
        .query()
        .table_name(name)
        .key_condition_expression("id = :id")
        .expression_attribute_values(":id", id)
        .send()
        .await?;
    println!("query {}", query.count());
    Ok(())
}

async fn queue(config: &SdkConfig, name: &str) -> Done {
    let sqs = aws_sdk_sqs::Client::new(config);
    let queue = sqs.create_queue().queue_name(name).send().await?;
    let url = queue.queue_url().ok_or("no queue URL")?;
    sqs.send_message().queue_url(url).message_body("do it").send().await?;
    let got = sqs.receive_message().queue_url(url).send().await?;
    println!("message {}", got.messages().first().and_then(|message| message.body()).unwrap_or("none"));
    Ok(())
}
