//! Server-side apply of every manifest that a build wrote.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::cluster::Outcome;
use super::{Report, Scene};
use lifeboat::yaml;

pub(super) fn run(scene: &Scene, report: &mut Report) -> Outcome {
    let cluster = scene.cluster("manifests")?;
    for namespace in scene.plan.objects().iter().filter(|object| object["kind"] == "Namespace") {
        cluster.apply(namespace)?;
    }
    let mut files = Vec::new();
    collect(&scene.built, &mut files)?;
    files.sort();
    let mut applied = 0;
    let mut crds = false;
    for file in files {
        let objects = objects(&file)?;
        let argo = objects.iter().any(|object| object["apiVersion"] == "argoproj.io/v1alpha1");
        if argo && !crds {
            for kind in ["Application", "ApplicationSet"] {
                cluster.apply(&crd(kind))?;
            }
            cluster.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"])?;
            let namespace = objects[0]["metadata"]["namespace"].as_str().unwrap_or("argocd");
            cluster
                .apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}))?;
            crds = true;
        }
        let path = file.display().to_string();
        let args = ["apply", "--server-side", "--validate=strict", "-f", &path];
        for times in ["", " again"] {
            let output = cluster.try_kubectl(&args)?;
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            report.holds(&format!("server-side apply{times} of {path}"), output.status.success(), &error);
        }
        applied += objects.len();
    }
    report.holds("the build wrote manifests", applied > 0, &format!("none in {}", scene.built.display()));
    quota(scene, report, &cluster)
}

/// The budget's quota counts a pod without a class and one of the default tier, and no other.
fn quota(scene: &Scene, report: &mut Report, cluster: &super::Cluster) -> Outcome {
    let other: Vec<String> =
        scene.plan.classes.iter().filter(|c| c.value > 0).map(|c| c.name.clone()).collect();
    let Some(class) = other.first().cloned() else { return Ok(()) };
    cluster.apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "budget"}}))?;
    for object in scene.plan.classes.iter().filter(|class| !class.adopted) {
        cluster.apply(&lifeboat::plan::objects::class(object))?;
    }
    cluster.create(&lifeboat::plan::quota::quota(&lifeboat::plan::quota::Quota {
        namespace: "budget".to_owned(),
        cpu: "100m".to_owned(),
        memory: "64Mi".to_owned(),
        other_classes: other,
    }))?;
    cluster.wait("the quota's status", 30, |c| {
        Ok(c.get(&["resourcequota", "-n", "budget"])?[0]["status"]["hard"].is_object())
    })?;
    cluster.wait("the service account", 30, |c| {
        Ok(c.try_kubectl(&["get", "serviceaccount", "default", "-n", "budget"])?.status.success())
    })?;
    let pod = |name: &str, class: Option<&str>| {
        let mut spec = json!({"containers": [{"name": "c", "image": "i", "resources": {"requests": {"cpu": "80m", "memory": "16Mi"}}}]});
        if let Some(class) = class {
            spec["priorityClassName"] = json!(class);
        }
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "budget"}, "spec": spec})
    };
    let first = cluster.create(&pod("first", None));
    report.holds("a pod without a class fits the budget", first.is_ok(), &format!("{first:?}"));
    let second = cluster.create(&pod("second", None));
    let refused = second.as_ref().is_err_and(|error| error.to_string().contains("exceeded quota"));
    report.holds("a second one does not", refused, &format!("{second:?}"));
    let ranked = cluster.create(&pod("ranked", Some(&class)));
    report.holds("a pod of another tier is not counted", ranked.is_ok(), &format!("{ranked:?}"));
    Ok(())
}

/// Every YAML file below a folder that holds Kubernetes objects: values files and K3s's own drop-ins
/// are none.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome {
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml")
            && !objects(&path)?.is_empty()
        {
            files.push(path);
        }
    }
    Ok(())
}

fn objects(file: &Path) -> Outcome<Vec<Value>> {
    let text = fs::read_to_string(file)?;
    let documents = yaml::read_all(&text, &yaml::Budget::default())
        .map_err(|error| format!("{}: {error:?}", file.display()))?;
    let values = documents.into_iter().filter_map(|document| document.root).map(|root| root.to_json());
    Ok(values.filter(|value| value["kind"].is_string() && value["apiVersion"].is_string()).collect())
}

/// A stand-in for Argo CD's definition: the API server knows the kind and keeps its fields.
fn crd(kind: &str) -> Value {
    let plural = format!("{}s", kind.to_lowercase());
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.argoproj.io")},
        "spec": {
            "group": "argoproj.io", "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
            "versions": [{"name": "v1alpha1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true}}}],
        },
    })
}
