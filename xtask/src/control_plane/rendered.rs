//! The workloads of the story as real Helm renders them with the build's overlays, where charts are at hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lifeboat::plan::{Plan, ServicePlan};
use lifeboat::yaml::{self, Budget};
use serde_json::Value;

use super::cluster::Outcome;

/// Kinds that make pods.
const WORKLOADS: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];
/// What the charts may ask of a cluster.
const APIS: [&str; 2] = ["monitoring.coreos.com/v1", "monitoring.coreos.com/v1alpha1"];

/// Where charts and Helm are.
#[derive(Clone, Debug)]
pub(super) struct Charts {
    pub(super) helm: PathBuf,
    pub(super) folder: PathBuf,
}

type Key = (String, String, String);

/// The plan's objects, with each workload that a chart renders as Helm renders it, and the service accounts that those
/// name. What an operator makes of a custom resource (Prometheus, Alertmanager) and what was written by hand stays the
/// plan's.
pub(super) fn objects(plan: &Plan, built: &Path, charts: &Charts, scratch: &Path) -> Outcome<Vec<Value>> {
    let mut found: BTreeMap<Key, Value> = BTreeMap::new();
    for service in &plan.services {
        let name = &plan.policy.services[service.index].name.value;
        let archive =
            charts.folder.join(format!("{}-{}.tgz", service.edition.chart, service.edition.version));
        if !archive.is_file() {
            println!("  !! no {}: the workloads of {name} are the plan's", archive.display());
            continue;
        }
        for mut object in render(plan, service, built, charts, &archive, scratch)? {
            if object.pointer("/metadata/namespace").is_none() {
                object["metadata"]["namespace"] =
                    plan.policy.services[service.index].namespace.value.clone().into();
            }
            found.insert(key(&object), object);
        }
    }
    let mut objects = plan.objects();
    let mut replaced = 0;
    for object in &mut objects {
        if let Some(rendered) = found.remove(&key(object)) {
            *object = rendered;
            replaced += 1;
        }
    }
    objects.extend(found.into_values().filter(|object| object["kind"] == "ServiceAccount"));
    println!("  {replaced} workloads as Helm renders them, the others from the plan");
    Ok(objects)
}

fn key(object: &Value) -> Key {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    (text("/kind"), text("/metadata/namespace"), text("/metadata/name"))
}

fn render(
    plan: &Plan,
    service: &ServicePlan,
    built: &Path,
    charts: &Charts,
    archive: &Path,
    scratch: &Path,
) -> Outcome<Vec<Value>> {
    let stated = &plan.policy.services[service.index];
    let team = scratch.join(format!("team-{}.json", stated.name.value));
    fs::write(&team, service.team.to_string())?;
    let mut command = Command::new(&charts.helm);
    command.arg("template").arg(&stated.release.value).arg(archive);
    command.args(["--namespace", &stated.namespace.value, "--kube-version", "1.34.0", "--no-hooks"]);
    for api in APIS {
        command.args(["--api-versions", api]);
    }
    command.arg("-f").arg(&team);
    let overlay = built.join(&stated.name.value).join("values.yaml");
    if overlay.is_file() {
        command.arg("-f").arg(overlay);
    }
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("helm: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
    }
    let documents = yaml::read_all(&String::from_utf8(output.stdout)?, &Budget::default())
        .map_err(|error| format!("{}: {error}", archive.display()))?;
    let objects = documents.into_iter().filter_map(|document| Some(document.root?.to_json()));
    let wanted = |object: &Value| {
        object["kind"].as_str().is_some_and(|k| k == "ServiceAccount" || WORKLOADS.contains(&k))
    };
    Ok(objects.filter(wanted).collect())
}
