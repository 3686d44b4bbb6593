//! EC2: which machines would be hit, and what volumes, snapshots and images are in use.

use serde_json::Value;

use super::Look;
use super::Told;
use super::groups;
use super::read::Read;
use super::tree;
use crate::aws::Call;

/// The API's version.
pub const VERSION: &str = "2016-11-15";

/// Machines that are looked at and told about, one line each.
const MOST: usize = 8;

/// What is worth knowing; `shown`: the parameters as they may be shown.
pub fn looks(call: &Call, shown: &Value) -> Vec<Look> {
    let params = &call.params;
    let one = |name: &str| tree::text(params, name);
    match call.operation.as_str() {
        "TerminateInstances" | "StopInstances" | "RebootInstances" => {
            let ids = ids(params, "InstanceIds");
            let mut looks = Vec::new();
            if !ids.is_empty() {
                looks.push(instances(&ids));
            }
            let attribute = match call.operation.as_str() {
                "TerminateInstances" => Some(("disableApiTermination", "termination protection")),
                "StopInstances" => Some(("disableApiStop", "stop protection")),
                _ => None,
            };
            if let Some(attribute) = attribute {
                looks.extend(ids.iter().take(3).map(|id| protection(id, attribute)));
            }
            looks
        }
        "ModifyInstanceAttribute" | "ResetInstanceAttribute" | "ModifyInstanceMetadataOptions" => {
            one("InstanceId").map(|id| vec![instances(&[id])]).unwrap_or_default()
        }
        "DeleteVolume" | "DetachVolume" | "ModifyVolume" => {
            one("VolumeId").map(|id| vec![volume(&id)]).unwrap_or_default()
        }
        "DeleteSnapshot" | "ModifySnapshotAttribute" => {
            one("SnapshotId").map(|id| vec![snapshot(&id), images_of(&id)]).unwrap_or_default()
        }
        "DeregisterImage" => one("ImageId").map(|id| vec![image(&id), instances_of(&id)]).unwrap_or_default(),
        _ => groups::looks(call, shown),
    }
}

fn ids(params: &Value, name: &str) -> Vec<String> {
    tree::items(params, name)
        .into_iter()
        .filter_map(|id| id.as_str().map(str::to_owned))
        .take(MOST + 1)
        .collect()
}

fn name(tags: &Value, path: &str) -> Option<String> {
    let tags = tree::items(tags, path);
    let named = |key: &str| tags.iter().find(|tag| tree::text(tag, "key").as_deref() == Some(key));
    tree::text(named("Name")?, "value")
}

fn tag(tags: &Value, path: &str, key: &str) -> Option<String> {
    let tags = tree::items(tags, path);
    tags.into_iter()
        .find(|tag| tree::text(tag, "key").as_deref() == Some(key))
        .and_then(|tag| tree::text(tag, "value"))
}

fn instances(ids: &[String]) -> Look {
    let names: Vec<String> = (1..=ids.len().min(MOST)).map(|n| format!("InstanceId.{n}")).collect();
    let params: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(ids.iter().map(String::as_str)).collect();
    let more = ids.len() > MOST;
    let read = Read::form("DescribeInstances", VERSION, &params);
    Look::new("instances", read, move |answer| {
        let all = tree::items(answer, "reservationSet.item.instancesSet.item");
        let mut told = Told::default();
        for instance in &all {
            told = told.and(&tree::text(instance, "instanceId").unwrap_or_default(), described(instance));
        }
        if all.is_empty() {
            told = told.and("instances", "none of these exists");
        }
        if more {
            told.and("instances", format!("more than {MOST}: the others were not looked at"))
        } else {
            told
        }
    })
}

/// `running, t3.large, Name web-1, in auto scaling group web: it will be replaced`.
fn described(instance: &Value) -> String {
    let mut said: Vec<String> = Vec::new();
    said.extend(tree::text(instance, "instanceState.name"));
    said.extend(tree::text(instance, "instanceType"));
    said.extend(name(instance, "tagSet.item").map(|name| format!("Name {name}")));
    said.extend(tree::text(instance, "launchTime").map(|time| format!("since {}", tree::time(&time))));
    if let Some(group) = tag(instance, "tagSet.item", "aws:autoscaling:groupName") {
        said.push(format!("in auto scaling group {group}"));
    }
    if let Some(address) = tree::text(instance, "ipAddress") {
        said.push(format!("public address {address}"));
    }
    let volumes = tree::items(instance, "blockDeviceMapping.item.ebs");
    let lost = volumes.iter().filter(|volume| tree::is_true(volume, "deleteOnTermination")).count();
    if !volumes.is_empty() {
        said.push(format!("{} of {} end with it", lost, tree::count(volumes.len(), "volume")));
    }
    said.join(", ")
}

fn protection(id: &str, (attribute, what): (&'static str, &'static str)) -> Look {
    let read =
        Read::form("DescribeInstanceAttribute", VERSION, &[("InstanceId", id), ("Attribute", attribute)]);
    let id = id.to_owned();
    Look::new(what, read, move |answer| {
        let on = tree::is_true(answer, &format!("{attribute}.value"));
        Told::fact(&format!("{what} of {id}"), if on { "on: AWS will refuse" } else { "off" })
    })
}

fn volume(id: &str) -> Look {
    Look::new("volume", Read::form("DescribeVolumes", VERSION, &[("VolumeId.1", id)]), |answer| {
        let Some(volume) = tree::items(answer, "volumeSet.item").first().copied().cloned() else {
            return Told::fact("volume", "it does not exist");
        };
        let mut said: Vec<String> = Vec::new();
        said.extend(tree::text(&volume, "status"));
        said.extend(tree::text(&volume, "size").map(|size| format!("{size} GiB")));
        said.extend(name(&volume, "tagSet.item").map(|name| format!("Name {name}")));
        let attached: Vec<String> = tree::items(&volume, "attachmentSet.item.instanceId")
            .into_iter()
            .filter_map(|id| id.as_str().map(str::to_owned))
            .collect();
        let attached = if attached.is_empty() { "to nothing".to_owned() } else { tree::some(&attached) };
        Told::fact("volume", said.join(", ")).and("attached", attached)
    })
}

fn snapshot(id: &str) -> Look {
    Look::new("snapshot", Read::form("DescribeSnapshots", VERSION, &[("SnapshotId.1", id)]), |answer| {
        let Some(snapshot) = tree::items(answer, "snapshotSet.item").first().copied().cloned() else {
            return Told::fact("snapshot", "it does not exist");
        };
        let mut said: Vec<String> = Vec::new();
        said.extend(tree::text(&snapshot, "volumeSize").map(|size| format!("{size} GiB")));
        said.extend(tree::text(&snapshot, "volumeId").map(|id| format!("of {id}")));
        said.extend(tree::text(&snapshot, "startTime").map(|time| tree::time(&time)));
        said.extend(tree::text(&snapshot, "description").filter(|text| !text.is_empty()));
        Told::fact("snapshot", said.join(", "))
    })
}

fn images_of(snapshot: &str) -> Look {
    let filter = [
        ("Owner.1", "self"),
        ("Filter.1.Name", "block-device-mapping.snapshot-id"),
        ("Filter.1.Value.1", snapshot),
    ];
    Look::new("in use", Read::form("DescribeImages", VERSION, &filter), |answer| {
        let images: Vec<String> = tree::items(answer, "imagesSet.item.imageId")
            .into_iter()
            .filter_map(|id| id.as_str().map(str::to_owned))
            .collect();
        Told::fact("images of it", tree::some(&images))
    })
}

fn image(id: &str) -> Look {
    Look::new("image", Read::form("DescribeImages", VERSION, &[("ImageId.1", id)]), |answer| {
        let Some(image) = tree::items(answer, "imagesSet.item").first().copied().cloned() else {
            return Told::fact("image", "it does not exist");
        };
        let mut said: Vec<String> = Vec::new();
        said.extend(tree::text(&image, "name"));
        said.extend(tree::text(&image, "creationDate").map(|time| tree::time(&time)));
        if tree::is_true(&image, "isPublic") {
            said.push("public".to_owned());
        }
        Told::fact("image", said.join(", "))
    })
}

fn instances_of(image: &str) -> Look {
    let filter = [("Filter.1.Name", "image-id"), ("Filter.1.Value.1", image)];
    Look::new("in use", Read::form("DescribeInstances", VERSION, &filter), |answer| {
        let instances: Vec<String> = tree::items(answer, "reservationSet.item.instancesSet.item.instanceId")
            .into_iter()
            .filter_map(|id| id.as_str().map(str::to_owned))
            .collect();
        Told::fact("instances of it", tree::some(&instances))
    })
}
