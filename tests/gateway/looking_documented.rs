//! What a question tells about the present state where moto never says it: a stub answers in the shape that AWS documents.

use hoop::approval::Waiting;

use crate::client::Call;
use crate::client::dial;
use crate::client::json_call;
use crate::client::read_reply;
use crate::looking::asking;
use crate::looking::denied;
use crate::looking_more::wrong;
use crate::upstream::json;
use crate::upstream::upstream;
use crate::world::World;

/// A call that is held in the background; what is said about it.
fn held_call(world: &World, call: &Call, action: &str) -> Waiting {
    let bytes = call.bytes(world);
    let mut stream = dial(world);
    std::io::Write::write_all(&mut stream, &bytes).unwrap();
    let asked = denied(world, action);
    assert!(read_reply(&mut stream).status >= 400);
    asked
}

/// `answers`: words that are in a request, and the answer to it in the shape that AWS documents.
fn documented(
    (service, target, body): (&'static str, &str, &str),
    action: &str,
    answers: &'static [(&'static str, &'static str)],
    facts: &[(&str, &str)],
) {
    let upstream = upstream(move |parts, body| {
        let target = parts.headers.get("x-amz-target").map_or("", |value| value.to_str().unwrap());
        let asked = format!("{target} {}", String::from_utf8_lossy(body));
        let is_for = |words: &str| words.split_whitespace().all(|word| asked.contains(word));
        let (_, answer) = answers.iter().find(|(words, _)| is_for(words)).unwrap();
        let mut answer = json(answer);
        if target.is_empty() {
            answer.headers_mut().insert("content-type", "text/xml".parse().unwrap());
        }
        answer
    });
    let world = asking(&upstream.url, &format!("{action:?}"), "");
    let mut call = json_call(&world, service, target, body);
    if target.is_empty() {
        let form = "application/x-www-form-urlencoded; charset=utf-8".to_owned();
        call.headers = vec![("content-type".to_owned(), form)];
    }
    let asked = held_call(&world, &call, action);
    assert_eq!(wrong(&asked, facts, &[]), None);
    assert!(upstream.take().iter().all(|got| got.verdict.is_ok()));
}

#[test]
fn replicas_a_next_page_and_what_stays_of_a_database() {
    documented(
        (
            "rds",
            "",
            "Action=DeleteDBInstance&Version=2014-10-31&DBInstanceIdentifier=orders&FinalDBSnapshotIdentifier=last&DeleteAutomatedBackups=false",
        ),
        "rds:DeleteDBInstance",
        &[
            (
                "DescribeDBInstances",
                "<DescribeDBInstancesResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><DescribeDBInstancesResult><DBInstances><DBInstance>\
                 <DBInstanceStatus>available</DBInstanceStatus><Engine>mysql</Engine><DBInstanceClass>db.m5.large</DBInstanceClass><AllocatedStorage>100</AllocatedStorage>\
                 <MultiAZ>true</MultiAZ><BackupRetentionPeriod>1</BackupRetentionPeriod><DeletionProtection>false</DeletionProtection>\
                 <ReadReplicaDBInstanceIdentifiers><ReadReplicaDBInstanceIdentifier>r1</ReadReplicaDBInstanceIdentifier></ReadReplicaDBInstanceIdentifiers>\
                 </DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>",
            ),
            (
                "DescribeDBSnapshots",
                "<DescribeDBSnapshotsResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><DescribeDBSnapshotsResult><Marker>next</Marker><DBSnapshots>\
                 <DBSnapshot><SnapshotType>automated</SnapshotType><SnapshotCreateTime>2026-02-02T01:00:00.000Z</SnapshotCreateTime></DBSnapshot>\
                 <DBSnapshot><SnapshotType>manual</SnapshotType><SnapshotCreateTime>2026-01-31T12:00:00.000Z</SnapshotCreateTime></DBSnapshot>\
                 </DBSnapshots></DescribeDBSnapshotsResult></DescribeDBSnapshotsResponse>",
            ),
        ],
        &[
            ("database", "available, mysql, db.m5.large, 100 GiB, in several zones"),
            ("deletion protection", "off"),
            ("automated backups", "of 1 day, they stay"),
            ("read replicas", "1"),
            ("final snapshot", "yes, last"),
            ("snapshots", "1 or more, the latest of 2026-01-31 12:00 UTC"),
        ],
    );
}

#[test]
fn who_hears_a_topic() {
    documented(
        (
            "sns",
            "",
            "Action=DeleteTopic&Version=2010-03-31&TopicArn=arn:aws:sns:eu-central-1:123456789012:alarms",
        ),
        "sns:DeleteTopic",
        &[(
            "GetTopicAttributes",
            "<GetTopicAttributesResponse xmlns=\"https://sns.amazonaws.com/doc/2010-03-31/\"><GetTopicAttributesResult><Attributes>\
             <entry><key>Owner</key><value>123456789012</value></entry><entry><key>SubscriptionsPending</key><value>1</value></entry>\
             <entry><key>SubscriptionsConfirmed</key><value>3</value></entry></Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>",
        )],
        &[("subscriptions", "3"), ("waiting for confirmation", "1")],
    );
}

#[test]
fn when_a_secret_was_used() {
    documented(
        (
            "secretsmanager",
            "secretsmanager.DeleteSecret",
            r#"{"SecretId":"db","ForceDeleteWithoutRecovery":true}"#,
        ),
        "secretsmanager:DeleteSecret",
        &[(
            "DescribeSecret",
            r#"{"Name":"db","RotationEnabled":true,"LastAccessedDate":1.7672256E9,"LastChangedDate":1.767225661123E9,"OwningService":"rds"}"#,
        )],
        &[
            ("last used", "2026-01-01"),
            ("last changed", "2026-01-01 00:01 UTC"),
            ("used by", "rds"),
            ("rotation", "on"),
            ("recovery", "none: it is gone at once"),
        ],
    );
}

#[test]
fn a_repository_of_another_account() {
    documented(
        (
            "ecr",
            "AmazonEC2ContainerRegistry_V20150921.DeleteRepository",
            r#"{"registryId":"210987654321","repositoryName":"web","force":true}"#,
        ),
        "ecr:DeleteRepository",
        &[
            (
                r#"DescribeRepositories "registryId":"210987654321""#,
                r#"{"repositories":[{"imageTagMutability":"MUTABLE","createdAt":1.7672256E9}]}"#,
            ),
            (
                r#"ListImages "registryId":"210987654321""#,
                r#"{"imageIds":[{"imageDigest":"sha256:a","imageTag":"v1"},{"imageDigest":"sha256:a","imageTag":"v2"},{"imageDigest":"sha256:b"}],"nextToken":"n"}"#,
            ),
        ],
        &[("tags", "mutable"), ("created", "2026-01-01 00:00 UTC"), ("images", "2 or more")],
    );
}

#[test]
fn a_key_of_several_regions_with_more_grants_than_are_listed() {
    documented(
        ("kms", "TrentService.ScheduleKeyDeletion", r#"{"KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab"}"#),
        "kms:ScheduleKeyDeletion",
        &[
            (
                "DescribeKey",
                r#"{"KeyMetadata":{"KeyState":"Disabled","KeyUsage":"SIGN_VERIFY","KeySpec":"RSA_2048","MultiRegion":true,"CreationDate":1.7672256E9,"Description":""}}"#,
            ),
            ("ListAliases", r#"{"Aliases":[],"Truncated":false}"#),
            (
                "ListGrants",
                r#"{"Grants":[{"GrantId":"a"},{"GrantId":"b"}],"Truncated":true,"NextMarker":"n"}"#,
            ),
        ],
        &[
            ("key", "Disabled, SIGN_VERIFY, RSA_2048, in several regions"),
            ("created", "2026-01-01 00:00 UTC"),
            ("aliases", "none"),
            ("grants", "2 or more"),
        ],
    );
}

#[test]
fn a_stack_inside_of_another() {
    documented(
        ("cloudformation", "", "Action=DeleteStack&Version=2010-05-15&StackName=shop"),
        "cloudformation:DeleteStack",
        &[
            (
                "DescribeStacks",
                "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><DescribeStacksResult><Stacks><member>\
                 <StackStatus>UPDATE_COMPLETE</StackStatus><EnableTerminationProtection>false</EnableTerminationProtection>\
                 <ParentId>arn:aws:cloudformation:eu-central-1:123456789012:stack/root/1</ParentId></member></Stacks></DescribeStacksResult></DescribeStacksResponse>",
            ),
            (
                "DescribeStackResources",
                "<DescribeStackResourcesResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><DescribeStackResourcesResult><StackResources>\
                 <member><ResourceType>AWS::RDS::DBInstance</ResourceType></member></StackResources></DescribeStackResourcesResult></DescribeStackResourcesResponse>",
            ),
        ],
        &[
            ("stack", "UPDATE_COMPLETE"),
            ("termination protection", "off"),
            ("part of", "arn:aws:cloudformation:eu-central-1:123456789012:stack/root/1"),
            ("resources", "1: 1 RDS::DBInstance"),
        ],
    );
}

#[test]
fn a_log_group_is_not_the_one_whose_name_begins_alike() {
    let call = ("logs", "Logs_20140328.DeleteLogGroup", r#"{"logGroupName":"/shop"}"#);
    const LIKE: &str = r#"{"logGroups":[{"logGroupName":"/shop/a","storedBytes":99}]}"#;
    documented(
        call,
        "logs:DeleteLogGroup",
        &[("DescribeLogGroups", LIKE)],
        &[("log group", "it does not exist")],
    );
    documented(
        call,
        "logs:DeleteLogGroup",
        &[(
            "DescribeLogGroups",
            r#"{"logGroups":[{"logGroupName":"/shop","storedBytes":3221225472,"deletionProtectionEnabled":true},{"logGroupName":"/shop/a","retentionInDays":3}]}"#,
        )],
        &[("stored", "3.0 GiB"), ("kept", "for ever"), ("deletion protection", "on")],
    );
}

#[test]
fn a_trail_of_an_organisation_that_is_off() {
    let target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.StopLogging";
    documented(
        ("cloudtrail", target, r#"{"Name":"all"}"#),
        "cloudtrail:StopLogging",
        &[
            ("GetTrailStatus", r#"{"IsLogging":false,"LatestDeliveryTime":1.767225661123E9}"#),
            (
                "GetTrail ",
                r#"{"Trail":{"Name":"all","S3BucketName":"logs","IsMultiRegionTrail":false,"IsOrganizationTrail":true,"HomeRegion":"eu-central-1"}}"#,
            ),
        ],
        &[
            ("trail", "of one region, of the whole organisation"),
            ("writes to", "bucket logs"),
            ("logging", "off already"),
            ("last delivered", "2026-01-01 00:01 UTC"),
        ],
    );
}
