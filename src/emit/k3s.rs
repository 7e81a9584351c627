//! The K3s drop-in of a node, as data for the YAML writer. K3s reads `config.yaml` and then
//! `config.yaml.d/*.yaml` in the order of their names; a key's last mention wins whole, so that each
//! list here carries K3s's `+` (append), and the site's own lists live on.
//! Source: k3s 1.34, `pkg/configfilearg/parser.go`.

use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::scripts::HostFile;

/// What a node's drop-in says. Strings are in K3s's own form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DropInContext {
    /// Whether the node is a server.
    pub server: bool,
    /// Taints at registration: `key=value:effect`.
    pub taints: Vec<String>,
    /// Labels at registration: `key=value`. Those of `kubernetes.io` that a kubelet may not set itself
    /// do not belong here.
    pub labels: Vec<String>,
    /// `system-reserved`: CPU such as `500m`; empty if nothing is reserved.
    pub reserved_cpu: String,
    /// `system-reserved`: memory such as `1Gi`; empty if nothing is reserved.
    pub reserved_memory: String,
    /// `memory.available` below which the kubelet evicts, such as `100Mi`.
    pub eviction_memory: String,
    /// Snapshots; servers with embedded etcd only.
    pub snapshots: Option<Snapshots>,
    /// `node-monitor-grace-period` in seconds, if the policy sets it; servers only.
    pub grace_period: Option<u64>,
    /// Default `tolerationSeconds` for lost nodes, if the policy sets it; servers only.
    pub eviction_delay: Option<u64>,
    /// Packaged components that are off; servers only.
    pub disable: Vec<String>,
    /// The kubelet's limit of pods, if it is not Kubernetes' own 110.
    pub max_pods: Option<u32>,
}

/// etcd's snapshots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Snapshots {
    /// Cron line.
    pub schedule: String,
    /// How many are kept.
    pub retention: u32,
    /// Folder on the server; empty for K3s's own.
    pub folder: String,
}

/// The label that K3s sets at each start, so that the API server shows which build a node runs with.
pub const BUILD_LABEL: &str = "lifeboat.dev/build";

/// A node's drop-in with its build label, in the order in which it is written.
#[must_use]
pub fn drop_in(context: &DropInContext, build: &str) -> Value {
    let mut keys = body(context);
    let label = format!("{BUILD_LABEL}={build}");
    match keys.get_mut("node-label+").and_then(Value::as_array_mut) {
        Some(labels) => labels.push(Value::String(label)),
        None => {
            keys.insert("node-label+".to_owned(), json!([label]));
        }
    }
    Value::Object(keys)
}

/// A digest of everything that `install.sh` puts on the node's host, except the label itself: the drop-in, and the place,
/// mode and text of each further file. 12 hexadecimal digits, a valid label value.
#[must_use]
pub fn build_label<'t>(
    context: &DropInContext,
    further: impl IntoIterator<Item = (&'t HostFile, &'t str)>,
) -> String {
    let mut all = Sha256::new_with_prefix(Value::Object(body(context)).to_string());
    for (file, text) in further {
        all.update(format!("\n{} {} {}", file.target, file.mode, super::record::digest(text)));
    }
    all.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// Whether two drop-ins say the same to K3s: the build label concerns nobody but `status.sh`.
#[must_use]
pub fn same_but_label(before: &str, after: &str) -> bool {
    let lines = |text| str::lines(text).filter(|line| !line.starts_with('#') && !line.contains(BUILD_LABEL));
    lines(before).eq(lines(after))
}

/// The node whose drop-in stands at a path of the output folder.
#[must_use]
pub fn node_of(path: &str) -> Option<&str> {
    path.strip_prefix("cluster/k3s/")?.strip_suffix(".yaml")
}

fn body(context: &DropInContext) -> Map<String, Value> {
    let mut keys = Map::new();
    let mut put = |key: &str, list: Vec<String>| {
        if !list.is_empty() {
            keys.insert(format!("{key}+"), json!(list));
        }
    };
    put("node-taint", context.taints.clone());
    put("node-label", context.labels.clone());
    put("kubelet-arg", kubelet_args(context));
    if context.server {
        put("disable", context.disable.clone());
        let grace = context.grace_period.map(|seconds| format!("node-monitor-grace-period={seconds}s"));
        put("kube-controller-manager-arg", grace.into_iter().collect());
        let delays = context.eviction_delay.map(|seconds| {
            ["not-ready", "unreachable"].map(|what| format!("default-{what}-toleration-seconds={seconds}"))
        });
        put("kube-apiserver-arg", delays.into_iter().flatten().collect());
        if let Some(snapshots) = &context.snapshots {
            keys.insert("etcd-snapshot-schedule-cron".to_owned(), json!(snapshots.schedule));
            keys.insert("etcd-snapshot-retention".to_owned(), json!(snapshots.retention));
            if !snapshots.folder.is_empty() {
                keys.insert("etcd-snapshot-dir".to_owned(), json!(snapshots.folder));
            }
        }
    }
    keys
}

/// The kubelet's arguments. `eviction-hard` replaces the kubelet's whole map of signals, so that all
/// signals are named: K3s's own two disk thresholds, the inode one of Kubernetes, and memory, which
/// K3s leaves out. Sources: k3s 1.34 `pkg/daemons/agent/agent.go`; kubernetes 1.34
/// `pkg/kubelet/apis/config/v1beta1/defaults_linux.go`.
fn kubelet_args(context: &DropInContext) -> Vec<String> {
    let mut args = Vec::new();
    let reserved: Vec<String> = [("cpu", &context.reserved_cpu), ("memory", &context.reserved_memory)]
        .into_iter()
        .filter(|(_, amount)| !amount.is_empty())
        .map(|(resource, amount)| format!("{resource}={amount}"))
        .collect();
    if !reserved.is_empty() {
        args.push(format!("system-reserved={}", reserved.join(",")));
    }
    if !context.eviction_memory.is_empty() {
        args.push(format!(
            "eviction-hard=memory.available<{},nodefs.available<5%,nodefs.inodesFree<5%,imagefs.available<5%",
            context.eviction_memory
        ));
    }
    if let Some(pods) = context.max_pods {
        args.push(format!("max-pods={pods}"));
    }
    args
}
