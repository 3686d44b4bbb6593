//! RDS: what a database is, what protects it, and what is left of it.

use serde_json::Value;

use super::Look;
use super::Told;
use super::read::Read;
use super::tree;
use crate::aws::Call;

/// The API's version.
const VERSION: &str = "2014-10-31";

/// What is worth knowing.
pub fn looks(call: &Call) -> Vec<Look> {
    let one = |name: &str| tree::text(&call.params, name);
    let is_deleted = call.operation.starts_with("Delete");
    match call.operation.as_str() {
        "DeleteDBInstance" | "ModifyDBInstance" | "StopDBInstance" | "RebootDBInstance" => {
            let Some(id) = one("DBInstanceIdentifier") else { return Vec::new() };
            let left = is_deleted.then(|| left(&call.params));
            let mut looks = vec![instance(&id, left)];
            if is_deleted {
                looks.push(snapshots(&id));
            }
            looks
        }
        "DeleteDBCluster" | "ModifyDBCluster" | "StopDBCluster" => {
            let Some(id) = one("DBClusterIdentifier") else { return Vec::new() };
            let left = is_deleted.then(|| left(&call.params));
            vec![cluster(&id, left)]
        }
        _ => Vec::new(),
    }
}

/// What a deletion leaves behind.
#[derive(Clone)]
struct Left {
    snapshot: String,
    /// The automated backups; without a word they go with the database.
    backups: bool,
}

/// What the request leaves behind.
fn left(params: &Value) -> Left {
    let backups = tree::text(params, "DeleteAutomatedBackups").as_deref() == Some("false");
    let snapshot =
        match (tree::is_true(params, "SkipFinalSnapshot"), tree::text(params, "FinalDBSnapshotIdentifier")) {
            (true, _) => "no: nothing is left of the data but earlier snapshots".to_owned(),
            (false, Some(name)) => format!("yes, {name}"),
            (false, None) => "not asked for".to_owned(),
        };
    Left { snapshot, backups }
}

/// How far back the automated backups reach, and what becomes of them.
fn backups(it: &Value, left: Option<&Left>) -> Option<String> {
    let days = tree::number(it, "BackupRetentionPeriod")?;
    let kept = match days {
        0 => return Some("off".to_owned()),
        days => tree::count(usize::try_from(days).unwrap_or(usize::MAX), "day"),
    };
    Some(match left {
        None => format!("kept for {kept}"),
        Some(Left { backups: true, .. }) => format!("of {kept}, they stay"),
        Some(Left { backups: false, .. }) => format!("of {kept}, deleted as well"),
    })
}

fn described(it: &Value, [status, class]: [&str; 2]) -> String {
    let mut said: Vec<String> = Vec::new();
    said.extend(tree::text(it, status));
    said.extend(tree::text(it, "Engine"));
    said.extend(tree::text(it, class));
    // Aurora grows by itself and says 1 whatever it holds.
    let grows = tree::text(it, "Engine").is_some_and(|engine| engine.starts_with("aurora"));
    said.extend(tree::text(it, "AllocatedStorage").filter(|_| !grows).map(|size| format!("{size} GiB")));
    if tree::is_true(it, "MultiAZ") {
        said.push("in several zones".to_owned());
    }
    said.join(", ")
}

fn protected(it: &Value) -> &'static str {
    if tree::is_true(it, "DeletionProtection") { "on: AWS will refuse to delete it" } else { "off" }
}

fn instance(id: &str, left: Option<Left>) -> Look {
    let read = Read::form("DescribeDBInstances", VERSION, &[("DBInstanceIdentifier", id)]);
    Look::new("database", read, move |answer| {
        let all = tree::items(answer, "DescribeDBInstancesResult.DBInstances.DBInstance");
        let Some(database) = all.first() else { return Told::fact("database", "it does not exist") };
        let replicas =
            tree::items(database, "ReadReplicaDBInstanceIdentifiers.ReadReplicaDBInstanceIdentifier").len();
        Told::fact("database", described(database, ["DBInstanceStatus", "DBInstanceClass"]))
            .and("deletion protection", protected(database))
            .maybe("automated backups", backups(database, left.as_ref()))
            .maybe("cluster", tree::text(database, "DBClusterIdentifier"))
            .maybe("read replicas", (replicas > 0).then(|| replicas.to_string()))
            .maybe("final snapshot", left.clone().map(|left| left.snapshot))
    })
    .none(&["DBInstanceNotFound", "DBInstanceNotFoundFault"])
}

/// Those that a deletion leaves: the automated ones are no snapshots of the owner's and go with the database.
fn snapshots(id: &str) -> Look {
    let params = [("DBInstanceIdentifier", id), ("MaxRecords", "100")];
    Look::new("snapshots", Read::form("DescribeDBSnapshots", VERSION, &params), |answer| {
        let mut all = tree::items(answer, "DescribeDBSnapshotsResult.DBSnapshots.DBSnapshot");
        all.retain(|snapshot| tree::text(snapshot, "SnapshotType").as_deref() != Some("automated"));
        let more = match tree::text(answer, "DescribeDBSnapshotsResult.Marker") {
            Some(_) => " or more",
            None => "",
        };
        let latest = all.iter().filter_map(|snapshot| tree::text(snapshot, "SnapshotCreateTime")).max();
        let latest = latest.map(|time| format!(", the latest of {}", tree::time(&time))).unwrap_or_default();
        Told::fact(
            "snapshots",
            if all.is_empty() && more.is_empty() {
                "none".to_owned()
            } else {
                format!("{}{more}{latest}", all.len())
            },
        )
    })
}

fn cluster(id: &str, left: Option<Left>) -> Look {
    let read = Read::form("DescribeDBClusters", VERSION, &[("DBClusterIdentifier", id)]);
    Look::new("cluster", read, move |answer| {
        let all = tree::items(answer, "DescribeDBClustersResult.DBClusters.DBCluster");
        let Some(cluster) = all.first() else { return Told::fact("cluster", "it does not exist") };
        let members = tree::items(cluster, "DBClusterMembers.DBClusterMember").len();
        Told::fact("cluster", described(cluster, ["Status", "DBClusterInstanceClass"]))
            .and("members", members.to_string())
            .and("deletion protection", protected(cluster))
            .maybe("automated backups", backups(cluster, left.as_ref()))
            .maybe("final snapshot", left.clone().map(|left| left.snapshot))
    })
    .none(&["DBClusterNotFoundFault"])
}
