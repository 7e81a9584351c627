//! `taints.sh` on a real API server: twice each, with an unknown node, with a foreign taint.

use std::path::Path;

use serde_json::{Value, json};

use super::cluster::{Cluster, Outcome};
use super::{Report, Scene};

pub(super) fn run(scene: &Scene, report: &mut Report) -> Outcome {
    let cluster = scene.cluster("taints")?;
    let script = scene.script("taints.sh", &[])?;
    let run = |args: &[&str]| cluster.script(&script, args, Path::new("/nonexistent"));
    let tainted: Vec<_> = scene.plan.nodes.iter().filter(|node| !node.taints.is_empty()).collect();
    let Some(first) = tainted.first() else {
        return Err("the policy taints no node".into());
    };
    let wanted: Vec<Value> =
        first.taints.iter().map(|t| json!([t.value.key, t.value.effect.word()])).collect();

    report.script("apply refuses while nodes are missing", &run(&["apply"])?, 1, "the cluster has no node");
    for node in scene.plan.objects().iter().filter(|object| object["kind"] == "Node") {
        let mut bare = node.clone();
        bare["spec"] = json!({});
        cluster.create(&bare)?;
    }
    // A taint of the same key with an effect that the policy does not use.
    let foreign = format!("{}=true:NoExecute", first.taints[0].value.key);
    cluster.kubectl(&["taint", "node", &first.name, &foreign])?;
    let foreign = json!([first.taints[0].value.key, "NoExecute"]);

    report.script("status says what is missing", &run(&["status"])?, 1, "is missing");
    report.script("a dry run says what it would do", &run(&["apply", "--dry-run"])?, 0, "would:");
    let found = taints_of(&cluster, &first.name)?;
    report.holds(
        "a dry run changes nothing",
        !found.iter().any(|t| wanted.contains(t)),
        &format!("{found:?}"),
    );
    report.script("apply", &run(&["apply"])?, 0, "gets");
    report.script("apply again changes nothing", &run(&["apply"])?, 0, "already");
    report.script("status agrees", &run(&["status"])?, 0, "is set");
    let found = taints_of(&cluster, &first.name)?;
    let both = wanted.iter().all(|t| found.contains(t)) && found.contains(&foreign);
    report.holds("both twins are set, the foreign taint stays", both, &format!("{found:?}"));

    let node = &first.name;
    let (key, effect) = (&first.taints[0].value.key, first.taints[0].value.effect.word());
    cluster.kubectl(&["taint", "node", node, &format!("{key}=other:{effect}"), "--overwrite"])?;
    report.script("status sees another value", &run(&["status"])?, 1, "another value");
    report.script("apply corrects it", &run(&["apply"])?, 0, "becomes");

    report.script("remove", &run(&["remove"])?, 0, "loses");
    report.script("remove again changes nothing", &run(&["remove"])?, 0, "has no");
    let found = taints_of(&cluster, &first.name)?;
    let gone = !wanted.iter().any(|t| found.contains(t)) && found.contains(&foreign);
    report.holds("both twins are gone, the foreign taint stays", gone, &format!("{found:?}"));
    report.script(
        "an unknown context is an error",
        &run(&["status", "--context", "no such"])?,
        2,
        "cannot read",
    );
    Ok(())
}

/// Key and effect of a node's taints.
fn taints_of(cluster: &Cluster, node: &str) -> Outcome<Vec<Value>> {
    let node = cluster.get(&["node", node])?;
    let taints = node["spec"]["taints"].as_array().cloned().unwrap_or_default();
    Ok(taints.iter().map(|taint| json!([taint["key"], taint["effect"]])).collect())
}
