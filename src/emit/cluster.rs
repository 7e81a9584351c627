//! The folder `cluster/` of a build: what the plan makes of the templates and documents beside this
//! file. Contexts are filled here and nowhere else.

use std::collections::BTreeMap;

use serde_json::Value;

use super::green;
use super::k3s::{self, DropInContext};
use super::kubelet;
use super::manifests::{by_hand, manifests};
use super::record::Record;
use super::recovery::{
    self, BackupContext, FenceContext, Lock, OlderBuild, RebalanceContext, Rollout, StatusContext, StatusNode,
};
use super::scripts::{self, HostFile, HostRole, InstallContext, NodeTaint, TaintsContext};
use super::template::RenderError;
use crate::plan::{Carrier, CarrierId, NodePlan, Owner, Plan};
use crate::policy::{Datastore, Distribution, Fencing, Node, Role, Storage};

/// K3s's own folder for etcd's snapshots.
const ETCD_SNAPSHOTS: &str = "/var/lib/rancher/k3s/server/db/snapshots";
/// Where SQLite's backups go unless the policy says otherwise: outside K3s's data, which a restore moves.
const SQLITE_BACKUPS: &str = "/var/lib/lifeboat/backups";
/// The oldest backup that will do where the policy names none: two days.
const YOUNGER_THAN: u64 = 2 * 86_400;
/// Seconds that a rollout may take before the rebalance stops: image pulls on a slow line.
const ROLLOUT_SECONDS: u64 = 600;

/// What a file holds before it is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Finished text.
    Text(String),
    /// Documents for the YAML writer, under a comment.
    Yaml {
        /// One or more lines, without `#`.
        comment: String,
        /// The documents, in order.
        documents: Vec<Value>,
    },
}

/// A file of `cluster/`.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterFile {
    /// Path below the output folder.
    pub path: String,
    /// Its content.
    pub content: Content,
    /// Whether it has the run bit.
    pub executable: bool,
}

/// What the plan alone does not say.
#[derive(Clone, Debug, Default)]
pub struct ClusterInputs<'a> {
    /// Rollouts that bring back green after losses, in the proof's order.
    pub rebalance: &'a [CarrierId],
    /// What the build before left here.
    pub earlier: Option<&'a Record>,
    /// Manifests below `cluster/` that the servers apply as K3s add-ons, such as
    /// `priority-classes.yaml`, with their texts.
    pub add_ons: &'a [(&'a str, &'a str)],
}

/// Build labels of each node, newest first, the first of this build.
pub type Builds = BTreeMap<String, Vec<String>>;

/// All files of `cluster/` but the manifests.
///
/// # Errors
/// If a template fails, which is a bug.
pub fn files(plan: &Plan, inputs: &ClusterInputs<'_>) -> Result<(Vec<ClusterFile>, Builds), RenderError> {
    let names: Vec<&str> = inputs.add_ons.iter().map(|(name, _)| *name).collect();
    let hosts = host_files(plan, &names);
    let mut files = scripts(plan, inputs, &hosts)?;
    let labels = labels(plan, inputs, &hosts, &files);
    let builds = inputs.earlier.unwrap_or(&Record::default()).builds_after(&labels);
    let status = recovery::status(&status(plan, &labels, &builds))?;
    files.push(script("recovery/status.sh", status));
    files.extend(if is_k3s(plan) { drop_ins(plan, &labels) } else { kubelets(plan) });
    Ok((files, builds))
}

fn script(path: &str, text: String) -> ClusterFile {
    ClusterFile {
        path: format!("cluster/{path}"),
        content: Content::Text(text),
        executable: path.ends_with(".sh"),
    }
}

/// What can be written without the build labels: everything that the labels are a digest of.
fn scripts(
    plan: &Plan,
    inputs: &ClusterInputs<'_>,
    hosts: &[HostFile],
) -> Result<Vec<ClusterFile>, RenderError> {
    let mut files = Vec::new();
    let mut text = |path: &str, text: String| files.push(script(path, text));
    let recovery = &plan.policy.recovery;
    let fences = recovery.fencing.value == Fencing::Automatic;
    let backup = backup(plan);
    let k3s = is_k3s(plan);
    text("taints.sh", scripts::taints(&taints(plan))?);
    if k3s {
        let install = InstallContext { cluster: cluster_name(plan), files: hosts.to_vec() };
        text("install.sh", scripts::install(&install)?);
        text("recovery/check-backup.sh", recovery::check_backup(&backup)?);
    }
    if recovery.fencing.value != Fencing::None {
        text("recovery/fence.sh", recovery::fence(&fence(plan))?);
    }
    text("recovery/restore.md", recovery::restore(&backup)?);
    let sqlite = plan.policy.cluster.datastore.value == Datastore::Sqlite;
    if sqlite {
        text("recovery/backup-sqlite.sh", recovery::backup_sqlite(&backup)?);
    }
    for (name, unit) in recovery::units(fences, sqlite.then_some(&backup))? {
        text(&format!("recovery/{name}"), unit);
    }
    if recovery.rebalance.value {
        text("recovery/rebalance.sh", recovery::rebalance(&rebalance(plan, inputs.rebalance))?);
    }
    Ok(files)
}

/// The build label of each node.
fn labels(
    plan: &Plan,
    inputs: &ClusterInputs<'_>,
    hosts: &[HostFile],
    files: &[ClusterFile],
) -> BTreeMap<String, String> {
    let text = |source: &str| {
        let add_on = inputs.add_ons.iter().find(|(name, _)| *name == source).map(|(_, text)| *text);
        let path = format!("cluster/{source}");
        add_on.or_else(|| match &files.iter().find(|file| file.path == path)?.content {
            Content::Text(text) => Some(text.as_str()),
            Content::Yaml { .. } => None,
        })
    };
    // No drop-in, no label.
    if !is_k3s(plan) {
        return BTreeMap::new();
    }
    let label = |node: &NodePlan| {
        let own = hosts.iter().filter(|file| file.node == node.name);
        // The drop-in has no text yet: it holds the label.
        let further = own.filter_map(|file| Some((file, text(&file.source)?)));
        (node.name.clone(), k3s::build_label(&drop_in_context(plan, node), further))
    };
    plan.nodes.iter().map(label).collect()
}

/// What `taints.sh` knows.
#[must_use]
pub fn taints(plan: &Plan) -> TaintsContext {
    let of_node = |node: &NodePlan| {
        let name = node.name.clone();
        node.taints
            .iter()
            .map(move |taint| NodeTaint {
                node: name.clone(),
                key: taint.value.key.clone(),
                effect: taint.value.effect.word().to_owned(),
                value: taint.value.value.clone(),
            })
            .collect::<Vec<_>>()
    };
    TaintsContext { cluster: cluster_name(plan), taints: plan.nodes.iter().flat_map(of_node).collect() }
}

/// Whether the hosts are K3s's: elsewhere an administrator sets them up, and lifeboat only says what to set.
fn is_k3s(plan: &Plan) -> bool {
    plan.policy.cluster.distribution.value == Distribution::K3s
}

fn cluster_name(plan: &Plan) -> String {
    plan.policy.cluster.name.value.clone()
}

/// Every file of every node's host.
fn host_files(plan: &Plan, add_ons: &[&str]) -> Vec<HostFile> {
    // Elsewhere an administrator sets the hosts up.
    if !is_k3s(plan) {
        return Vec::new();
    }
    let recovery = &plan.policy.recovery;
    let of_node = |node: &NodePlan| {
        let server = node.role == Role::Server;
        let role = HostRole {
            server,
            fence_script: server && recovery.fencing.value != Fencing::None,
            fences: server && recovery.fencing.value == Fencing::Automatic,
            backs_up_sqlite: server && plan.policy.cluster.datastore.value == Datastore::Sqlite,
        };
        scripts::host_files(&node.name, role, add_ons)
    };
    plan.nodes.iter().flat_map(of_node).collect()
}

fn fence(plan: &Plan) -> FenceContext {
    let recovery = &plan.policy.recovery;
    FenceContext {
        cluster: cluster_name(plan),
        after: recovery.after.value,
        fencing: recovery.fencing.value.word().to_owned(),
        max_nodes: recovery.max_nodes.value,
        witness: recovery.witness.value.clone(),
        confirm: recovery.confirm.as_ref().map_or_else(String::new, |confirm| confirm.value.clone()),
    }
}

fn backup(plan: &Plan) -> BackupContext {
    let recovery = &plan.policy.recovery;
    let datastore = plan.policy.cluster.datastore.value;
    let folder = recovery.snapshots.as_ref().and_then(|snapshots| snapshots.folder.as_ref());
    let default = if datastore == Datastore::Sqlite { SQLITE_BACKUPS } else { ETCD_SNAPSHOTS };
    let of_role = |role| plan.nodes.iter().filter(move |n| n.role == role).map(|n| n.name.clone()).collect();
    BackupContext {
        cluster: cluster_name(plan),
        k3s: is_k3s(plan),
        datastore: datastore.word().to_owned(),
        folder: folder.map_or_else(|| default.to_owned(), |folder| folder.value.clone()),
        elsewhere: folder.is_some_and(|folder| !folder.value.starts_with("/var/lib/rancher/")),
        retention: recovery.snapshots.as_ref().map_or(0, |snapshots| snapshots.retention.value),
        schedule: recovery.snapshots.as_ref().map_or_else(String::new, |s| s.schedule.value.clone()),
        younger_than: recovery.backup_younger_than.as_ref().map_or(YOUNGER_THAN, |seconds| seconds.value),
        s3: false,
        servers: of_role(Role::Server),
        agents: of_role(Role::Agent),
        manifests: if by_hand(plan) {
            manifests(plan).into_iter().map(|file| file.path).collect()
        } else {
            Vec::new()
        },
    }
}

fn rebalance(plan: &Plan, order: &[CarrierId]) -> RebalanceContext {
    let rollouts = order.iter().map(|&id| {
        let carrier = plan.carrier(id);
        Rollout {
            kind: carrier.runs_as.to_lowercase(),
            namespace: carrier.namespace.clone(),
            name: carrier.workload.clone(),
            timeout: ROLLOUT_SECONDS,
            data: if loses_data(carrier) { "loses" } else { "keeps" }.to_owned(),
        }
    });
    RebalanceContext {
        cluster: cluster_name(plan),
        rollouts: rollouts.collect(),
        nodes: plan.nodes.iter().map(|node| node.name.clone()).collect(),
        locks: plan
            .carriers
            .iter()
            .filter(|carrier| carrier.owner == Owner::Lock)
            .map(|carrier| Lock { namespace: carrier.namespace.clone(), name: carrier.workload.clone() })
            .collect(),
    }
}

fn loses_data(carrier: &Carrier) -> bool {
    carrier.storage.as_ref().is_some_and(|storage| storage.value == Storage::Ephemeral)
}

fn status(plan: &Plan, labels: &BTreeMap<String, String>, builds: &Builds) -> StatusContext {
    let word = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let nodes = plan.nodes.iter().map(|node| StatusNode {
        name: node.name.clone(),
        role: node.role.word().to_owned(),
        lifeboat: word(node.lifeboat),
        build: labels.get(&node.name).cloned().unwrap_or_else(|| "-".to_owned()),
    });
    StatusContext {
        cluster: cluster_name(plan),
        nodes: nodes.collect(),
        fences: word(plan.policy.recovery.fencing.value != Fencing::None),
        rebalances: word(plan.policy.recovery.rebalance.value),
        older_builds: builds.iter().flat_map(|(node, labels)| older(node, labels)).collect(),
        workloads: green::workloads(plan),
        apart: green::apart(plan),
    }
}

fn older(node: &str, labels: &[String]) -> Vec<OlderBuild> {
    let ages = (1..).zip(labels.iter().skip(1));
    ages.map(|(age, label)| OlderBuild { node: node.to_owned(), build: label.clone(), age }).collect()
}

fn drop_ins(plan: &Plan, labels: &BTreeMap<String, String>) -> Vec<ClusterFile> {
    let drop_in = |node: &NodePlan| ClusterFile {
        path: format!("cluster/k3s/{}.yaml", node.name),
        content: Content::Yaml {
            comment: format!(
                "nodes.{}: for /etc/rancher/k3s/config.yaml.d; every list is appended to the site's own",
                node.name
            ),
            documents: vec![k3s::drop_in(
                &drop_in_context(plan, node),
                labels.get(&node.name).map_or("", String::as_str),
            )],
        },
        executable: false,
    };
    plan.nodes.iter().map(drop_in).collect()
}

fn kubelets(plan: &Plan) -> Vec<ClusterFile> {
    let kubelet = |node: &NodePlan| ClusterFile {
        path: format!("cluster/kubelet/{}.yaml", node.name),
        content: Content::Yaml {
            comment: format!(
                "nodes.{}: for the kubelet's own configuration file; merge it there by hand",
                node.name
            ),
            documents: vec![kubelet::configuration(&drop_in_context(plan, node))],
        },
        executable: false,
    };
    plan.nodes.iter().map(kubelet).collect()
}

/// What the drop-in of a node says.
#[must_use]
pub fn drop_in_context(plan: &Plan, planned: &NodePlan) -> DropInContext {
    let cluster = &plan.policy.cluster;
    let node: &Node = plan.policy.node(planned.id);
    let server = planned.role == Role::Server;
    let snapshots = plan
        .policy
        .recovery
        .snapshots
        .as_ref()
        .filter(|_| server && cluster.datastore.value == Datastore::Etcd);
    let taint = |taint: &crate::policy::Taint| match taint.value.as_str() {
        "" => format!("{}:{}", taint.key, taint.effect.word()),
        value => format!("{}={value}:{}", taint.key, taint.effect.word()),
    };
    DropInContext {
        server,
        taints: planned.taints.iter().map(|decided| taint(&decided.value)).collect(),
        labels: planned.own_labels.iter().map(|(key, value)| format!("{key}={value}")).collect(),
        reserved_cpu: node
            .reserve
            .cpu
            .as_ref()
            .map_or_else(String::new, |cpu| format!("{}m", cpu.value.milli)),
        reserved_memory: node.reserve.memory.as_ref().map_or_else(String::new, |m| memory(m.value.bytes)),
        eviction_memory: memory(node.eviction_threshold.value.bytes),
        snapshots: snapshots.map(|snapshots| k3s::Snapshots {
            schedule: snapshots.schedule.value.clone(),
            retention: snapshots.retention.value,
            folder: snapshots.folder.as_ref().map_or_else(String::new, |folder| folder.value.clone()),
        }),
        grace_period: cluster.grace_period.span.map(|_| cluster.grace_period.value),
        eviction_delay: cluster.default_eviction_delay.span.map(|_| cluster.default_eviction_delay.value),
        disable: cluster.disable.iter().map(|component| component.value.word().to_owned()).collect(),
        max_pods: node.pods.span.map(|_| node.pods.value),
    }
}

/// Bytes in the largest binary unit that holds them whole.
fn memory(bytes: u64) -> String {
    for (unit, shift) in [("Gi", 30), ("Mi", 20), ("Ki", 10)] {
        if bytes > 0 && bytes.is_multiple_of(1 << shift) {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    bytes.to_string()
}
