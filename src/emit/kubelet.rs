//! What the policy says of a node as its kubelet's own configuration, for distributions other than K3s: lifeboat
//! installs nothing there, an administrator merges it into the file that the kubelet reads.

use serde_json::{Map, Value, json};

use super::k3s::DropInContext;

/// The `KubeletConfiguration` of a node. `evictionHard` replaces the kubelet's whole map of signals, so that all of
/// them are named. Source: kubernetes 1.34 `pkg/kubelet/apis/config/v1beta1/defaults_linux.go`.
#[must_use]
pub fn configuration(context: &DropInContext) -> Value {
    let mut keys = Map::new();
    keys.insert("apiVersion".to_owned(), json!("kubelet.config.k8s.io/v1beta1"));
    keys.insert("kind".to_owned(), json!("KubeletConfiguration"));
    let reserved: Map<String, Value> = [("cpu", &context.reserved_cpu), ("memory", &context.reserved_memory)]
        .into_iter()
        .filter(|(_, amount)| !amount.is_empty())
        .map(|(resource, amount)| (resource.to_owned(), json!(amount)))
        .collect();
    if !reserved.is_empty() {
        keys.insert("systemReserved".to_owned(), Value::Object(reserved));
    }
    if !context.eviction_memory.is_empty() {
        let signals = json!({
            "memory.available": context.eviction_memory,
            "nodefs.available": "10%",
            "nodefs.inodesFree": "5%",
            "imagefs.available": "15%",
            "imagefs.inodesFree": "5%",
        });
        keys.insert("evictionHard".to_owned(), signals);
    }
    if let Some(pods) = context.max_pods {
        keys.insert("maxPods".to_owned(), json!(pods));
    }
    let taints: Vec<Value> = context.taints.iter().filter_map(|taint| registered(taint)).collect();
    if !taints.is_empty() {
        keys.insert("registerWithTaints".to_owned(), json!(taints));
    }
    Value::Object(keys)
}

/// `key=value:effect` as an object.
fn registered(taint: &str) -> Option<Value> {
    let (pair, effect) = taint.rsplit_once(':')?;
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    Some(json!({"key": key, "value": value, "effect": effect}))
}
