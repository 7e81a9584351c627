//! Random small clusters with whatever changes a decision: tainted nodes, terms in both directions, hard spread,
//! classes that never preempt, local volumes, budgets, every kind of controller, two to five nodes.

use serde_json::{Value, json};

use super::odd;
use super::soundness::{Numbers, node, term};

const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// A cluster of two to five nodes and two to `most` workloads.
pub(super) fn cluster(n: &mut Numbers, most: usize) -> Vec<Value> {
    let (twin, memory) = (n.chance(60), 400 + 200 * n.below(6));
    let mut documents = vec![node("master", true, twin, memory)];
    for i in 1..=1 + n.below(4) {
        let mut worker = node(&format!("worker-{i}"), false, false, memory);
        if n.chance(15) {
            let effect = ["NoSchedule", "PreferNoSchedule"][n.below(2)];
            worker["spec"]["taints"] = json!([{"key": "slow", "effect": effect}]);
        }
        documents.push(worker);
    }
    for (name, value, policy) in [
        ("high", 1000, "PreemptLowerPriority"),
        ("patient", 1000, "Never"),
        ("middle", 500, "PreemptLowerPriority"),
    ] {
        documents.push(json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
            "metadata": {"name": name}, "value": value, "preemptionPolicy": policy}));
    }
    documents.push(
        json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "local-path"},
        "provisioner": "rancher.io/local-path", "volumeBindingMode": "WaitForFirstConsumer"}),
    );
    let count = 2 + n.below(most - 1);
    for i in 0..count {
        documents.extend(workload(n, i, count));
    }
    if n.chance(40) {
        odd::placed(n, &mut documents);
    }
    documents
}

/// A workload, and perhaps its budget.
fn workload(n: &mut Numbers, i: usize, count: usize) -> Vec<Value> {
    let name = format!("w{i}");
    let boards = n.chance(45);
    let kind = ["Deployment", "Deployment", "StatefulSet", "StatefulSet", "ReplicaSet", "DaemonSet", "Job"]
        [n.below(7)];
    let class = ["", "middle", "high", "patient"][n.below(4)];
    let request =
        json!({"cpu": format!("{}m", 100 * n.below(14)), "memory": format!("{}Mi", 50 * n.below(10))});
    let mut spec = json!({"containers": [{"name": "c", "image": "i", "resources": {"requests": request}}],
        "priorityClassName": class});
    let mut tolerations = Vec::new();
    if boards {
        tolerations.push(json!({"key": "boat", "operator": "Exists", "effect": "NoSchedule"}));
    }
    if n.chance(20) {
        tolerations.push(json!({"key": "slow", "operator": "Exists"}));
    }
    spec["tolerations"] = json!(tolerations);
    if boards && n.chance(60) {
        spec["affinity"]["nodeAffinity"] = json!({PREFERRED: [{"weight": 100, "preference": {"matchExpressions": [
            {"key": "node-role.kubernetes.io/control-plane", "operator": "DoesNotExist"}]}}]});
    }
    affinity(n, &mut spec, count);
    if n.chance(25) {
        let when = ["ScheduleAnyway", "DoNotSchedule"][n.below(2)];
        spec["topologySpreadConstraints"] = json!([{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": when, "labelSelector": {"matchLabels": {"app": name}}}]);
    }
    if kind == "Job" {
        spec["restartPolicy"] = "OnFailure".into();
    }
    let labels = json!({"app": name});
    let replicas = 1 + usize::from(n.chance(25));
    let template = json!({"metadata": {"labels": labels}, "spec": spec});
    let (group, mut body) = match kind {
        "Job" => ("batch/v1", json!({"template": template})),
        "DaemonSet" => ("apps/v1", json!({"selector": {"matchLabels": labels}, "template": template})),
        _ => (
            "apps/v1",
            json!({"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}),
        ),
    };
    if kind == "StatefulSet" && n.chance(35) {
        body["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"}, "spec": {"storageClassName": "local-path",
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]);
    }
    let mut documents = vec![
        json!({"apiVersion": group, "kind": kind, "metadata": {"name": name, "namespace": "a"}, "spec": body}),
    ];
    if n.chance(20) {
        documents.push(json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": {"name": name, "namespace": "a"},
            "spec": {"minAvailable": n.below(2), "selector": {"matchLabels": labels}}}));
    }
    documents
}

/// Terms towards other workloads, preferred or required, for and against.
fn affinity(n: &mut Numbers, spec: &mut Value, count: usize) {
    let (mut against, mut near) = (json!({}), json!({}));
    if n.chance(25) {
        against[REQUIRED] = json!([term(&[format!("w{}", n.below(count))])]);
    }
    if n.chance(25) {
        against[PREFERRED] =
            json!([{"weight": 100, "podAffinityTerm": term(&[format!("w{}", n.below(count))])}]);
    }
    if n.chance(15) {
        near[PREFERRED] = json!([{"weight": 50, "podAffinityTerm": term(&[format!("w{}", n.below(count))])}]);
    }
    if n.chance(5) {
        near[REQUIRED] = json!([term(&[format!("w{}", n.below(count))])]);
    }
    for (key, terms) in [("podAntiAffinity", against), ("podAffinity", near)] {
        if terms != json!({}) {
            spec["affinity"][key] = terms;
        }
    }
}
