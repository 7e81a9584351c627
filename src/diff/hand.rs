//! What no sync of Argo CD does.

use super::{Side, data};
use crate::emit::immutable::migration;
use crate::emit::{Artifact, k3s, releases};
use crate::plan::{NodePlan, Owner, Plan};
use crate::policy::{ClassDelivery, Distribution};

/// Steps by hand, the ones that stop a rollout first.
pub(super) fn by_hand(from: Side<'_>, to: Side<'_>) -> Vec<String> {
    let (before, after) = (&from.compilation.plan, &to.compilation.plan);
    let mut steps = immutable(from, to);
    steps.extend(releases(from, to));
    steps.extend(cluster(before, after));
    steps.extend(nodes(before, after));
    steps.extend(hosts(from, to));
    steps.extend(left_behind(before, after));
    steps.extend(classes(before, after));
    steps
}

fn immutable(from: Side<'_>, to: Side<'_>) -> Vec<String> {
    let conflicts = to.compilation.record.conflicts(&from.compilation.record);
    let step = |(what, before, now): (String, String, String)| {
        let steps = migration(&what, &before, &now);
        format!(
            "{what} cannot change from `{before}` to `{now}` in place: {steps}; then `lifeboat build --accept`"
        )
    };
    conflicts.into_iter().map(step).collect()
}

/// Releases that no sync and no build removes.
fn releases(from: Side<'_>, to: Side<'_>) -> Vec<String> {
    let left = releases::left(&from.compilation.record.releases, &to.compilation.plan);
    let step = |(what, way): (String, String)| {
        format!(
            "{what} goes on running until it is removed, before the new one is installed: `{way}`; its data do not follow"
        )
    };
    left.into_iter().map(step).collect()
}

/// What the hosts are, which no file of a build changes.
fn cluster(before: &Plan, after: &Plan) -> Vec<String> {
    let (was, now) = (&before.policy.cluster, &after.policy.cluster);
    let mut steps = Vec::new();
    if (was.distribution.value, was.datastore.value) != (now.distribution.value, now.datastore.value) {
        steps.push(
            "the control plane is another one: its data do not follow by themselves, so install it anew, or migrate it, \
             before anything of this build"
                .to_owned(),
        );
    }
    if was.minor.value != now.minor.value {
        let who = if is_k3s(after) { "K3s" } else { "Kubernetes" };
        steps.push(format!(
            "the nodes are at 1.{}: upgrade {who} to 1.{}, servers first, then node by node as `RUNBOOK.md` says",
            was.minor.value, now.minor.value
        ));
    }
    steps
}

fn find<'p>(plan: &'p Plan, name: &str) -> Option<&'p NodePlan> {
    plan.nodes.iter().find(|n| n.name == name)
}

/// Whether the hosts are set up by `install.sh`; elsewhere a person does that.
fn is_k3s(plan: &Plan) -> bool {
    plan.policy.cluster.distribution.value == Distribution::K3s
}

fn nodes(before: &Plan, after: &Plan) -> Vec<String> {
    let mut steps = Vec::new();
    let k3s = is_k3s(after);
    let who = if k3s { "K3s" } else { "the kubelet" };
    for node in &after.nodes {
        let name = &node.name;
        let Some(was) = find(before, name) else {
            steps.push(if k3s {
                format!("{name} is new: before it joins, run `cluster/install.sh {name}` on it; its taints and labels are set when it registers")
            } else {
                format!("{name} is new: before it joins, merge `cluster/kubelet/{name}.yaml` into its kubelet's file; label it once it is there")
            });
            continue;
        };
        let taints = |n: &NodePlan| n.taints.iter().map(|t| t.value.to_string()).collect::<Vec<_>>();
        if taints(was) != taints(node) {
            steps.push(format!(
                "taints of {name} change: `cluster/taints.sh apply`; {who} sets taints only when a node registers"
            ));
        }
        if was.own_labels != node.own_labels {
            let drop_in = if k3s { "; K3s sets labels of the drop-in when it starts" } else { "" };
            steps.push(format!("labels of {name} change: `kubectl label node {name} …`{drop_in}"));
        }
        let room = |n: &NodePlan| (n.milli.value, n.bytes.value, n.pods);
        if room(was) != room(node) {
            let how = if k3s {
                format!("`cluster/install.sh {name}` there, restart K3s")
            } else {
                format!(
                    "merge `cluster/kubelet/{name}.yaml` into its kubelet's file, `systemctl restart kubelet`"
                )
            };
            steps.push(format!("the room on {name} changes: drain it, {how}, uncordon"));
        }
        if was.role != node.role {
            steps.push(format!("{name} changes its role: drain it, delete the node, and register it anew"));
        }
    }
    for node in before.nodes.iter().filter(|n| find(after, &n.name).is_none()) {
        let name = &node.name;
        steps.push(format!("{name} leaves: `kubectl drain {name}`, then `kubectl delete node {name}`"));
    }
    steps
}

/// Files that live on the hosts.
fn hosts(from: Side<'_>, to: Side<'_>) -> Vec<String> {
    let find = |side: Side<'_>, path: &str| -> Option<String> {
        let all: &[Artifact] = &side.compilation.artifacts;
        all.iter().find(|a| a.path == path).map(|a| a.text.clone())
    };
    let (mut restart, mut files) = (Vec::new(), Vec::new());
    for artifact in &to.compilation.artifacts {
        let Some(node) = k3s::node_of(&artifact.path) else { continue };
        let Some(before) = find(from, &artifact.path).filter(|before| *before != artifact.text) else {
            continue;
        };
        // The build label in the drop-in changes with every file of the host.
        let only_files = k3s::same_but_label(&before, &artifact.text);
        if only_files { &mut files } else { &mut restart }.push(node.to_owned());
    }
    let mut steps = Vec::new();
    if !restart.is_empty() {
        steps.push(format!(
            "the K3s drop-in changes on {}: `cluster/install.sh NODE` on each, then restart K3s there",
            restart.join(", ")
        ));
    }
    if !files.is_empty() {
        steps.push(format!(
            "host files change on {}: `cluster/install.sh NODE` on each; K3s need not be restarted",
            files.join(", ")
        ));
    }
    let manifests =
        ["cluster/priority-classes.yaml", "cluster/lifeboat-lock.yaml", "cluster/application-budget.yaml"];
    let changed: Vec<&str> = manifests
        .into_iter()
        .filter(|path| match (find(from, path), find(to, path)) {
            (Some(before), Some(after)) => {
                data::changes(&before, &after).is_none_or(|changes| !changes.is_empty())
            }
            (None, Some(_)) => true,
            (_, None) => false,
        })
        .collect();
    if !changed.is_empty() {
        let by_argocd = to.compilation.plan.policy.argocd.as_ref();
        let how = if by_argocd.is_some_and(|a| a.priority_classes.value == ClassDelivery::Application) {
            "sync their Application first".to_owned()
        } else if is_k3s(&to.compilation.plan) {
            "`cluster/install.sh NODE` on each server".to_owned()
        } else {
            format!("`kubectl apply --server-side -f {}`", changed.join(" -f "))
        };
        steps.push(format!("{} must be there before the services sync: {how}", changed.join(" and ")));
    }
    steps
}

/// What K3s leaves in the cluster when an add-on's file goes: everything.
fn left_behind(before: &Plan, after: &Plan) -> Vec<String> {
    let lock = |plan: &Plan| -> Option<String> {
        let lock = plan.carriers.iter().find(|carrier| carrier.owner == Owner::Lock)?;
        Some(format!("kubectl -n {} delete deployment {}", lock.namespace, lock.workload))
    };
    let quotas = |plan: &Plan| -> Vec<String> {
        let delete = |namespace: &String| {
            format!("kubectl -n {namespace} delete resourcequota lifeboat-application-budget")
        };
        plan.quotas.iter().map(|quota| delete(&quota.namespace)).collect()
    };
    let (was, is) = (lock(before), lock(after));
    let mut steps: Vec<String> = was
        .filter(|was| is.as_ref() != Some(was))
        .map(|delete| format!("the lock of the last build stays in the cluster until `{delete}`"))
        .into_iter()
        .collect();
    let kept = quotas(after);
    // A quota that leaves a file which is still there is deleted with the next apply of the file.
    if kept.is_empty() {
        let say =
            |delete| format!("a quota of the last build goes on limiting its namespace until `{delete}`");
        steps.extend(quotas(before).into_iter().map(say));
    }
    steps
}

fn classes(before: &Plan, after: &Plan) -> Vec<String> {
    let mut steps = Vec::new();
    for class in before.classes.iter().filter(|c| !c.adopted) {
        match after.classes.iter().find(|c| c.name == class.name) {
            None => steps.push(format!(
                "PriorityClass {} goes: delete it only when no pod names it any more",
                class.name
            )),
            Some(now) if now.value != class.value => steps.push(format!(
                "pods of class {} keep priority {} until they are restarted",
                class.name, class.value
            )),
            Some(_) => {}
        }
    }
    steps
}
