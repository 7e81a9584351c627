//! `fence.sh` on a real API server: each refusal, a fence by hand, and the automation.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

use super::cluster::{Cluster, Outcome};
use super::{Report, Scene};

/// The node that dies.
const DEAD: &str = "worker-1";
/// Seconds of NotReady that the shortened script asks for.
const AFTER: &str = "4";

/// The cluster, the script and the programs that it finds first on its `PATH`.
struct Stage {
    cluster: Cluster,
    tools: PathBuf,
}

impl Stage {
    fn run(&self, script: &Path, args: &[&str]) -> Outcome<Output> {
        self.cluster.script(script, args, &self.tools)
    }

    /// Puts a program into the folder that is first on the `PATH`, or takes it away.
    fn tool(&self, name: &str, text: Option<&str>) -> Outcome {
        let path = self.tools.join(name);
        match text {
            Some(text) => {
                fs::write(&path, text)?;
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
            }
            None => fs::remove_file(&path)?,
        }
        Ok(())
    }

    fn fences(&self, node: &str) -> Outcome<Vec<String>> {
        let node = self.cluster.get(&["node", node])?;
        let taints = node["spec"]["taints"].as_array().cloned().unwrap_or_default();
        let ours = taints.iter().filter(|taint| taint["key"] == "node.kubernetes.io/out-of-service");
        Ok(ours.map(|taint| taint["value"].as_str().unwrap_or_default().to_owned()).collect())
    }

    /// Runs a command that must refuse with these words, and fence nothing.
    fn refuses(&self, report: &mut Report, claim: &str, script: &Path, args: &[&str], says: &str) -> Outcome {
        let output = self.run(script, args)?;
        // What cannot be read is an error, which the timer's unit must not take for an answer.
        let code = if says.starts_with("cannot read") { 2 } else { 1 };
        report.script(claim, &output, code, says);
        let fences = self.fences(DEAD)?;
        if !fences.is_empty() {
            report.holds(&format!("{claim}: no fence"), false, &format!("{fences:?}"));
        }
        Ok(())
    }
}

pub(super) fn run(scene: &Scene, report: &mut Report) -> Outcome {
    let mut stage = Stage { cluster: scene.cluster("fence")?, tools: scene.scratch.join("tools") };
    fs::create_dir_all(&stage.tools)?;
    let patient = rename(&scene.script("recovery/fence.sh", &[("AFTER", "3000")])?, "patient.sh")?;
    let script = scene.script("recovery/fence.sh", &[("AFTER", AFTER)])?;

    for name in ["server", DEAD, "worker-2"] {
        stage.cluster.join(&node(name))?;
    }
    for name in ["server", DEAD, "worker-2"] {
        stage.cluster.wait_ready(name)?;
    }
    let set = json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "default"},
        "spec": {"replicas": 1, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}}, "template": {
            "metadata": {"labels": {"app": "db"}},
            "spec": {
                "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "preference": {
                    "matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [DEAD]}]}}]}},
                "containers": [{"name": "db", "image": "db"}],
                "volumes": [{"name": "scratch", "emptyDir": {}}]}}},
    });
    stage.cluster.create(&set)?;
    wait_pod(&stage.cluster, "db-0", DEAD)?;
    hazards(&stage.cluster)?;

    stage.refuses(report, "a node that is Ready is refused", &script, &["fence", DEAD], "is Ready")?;
    stage.cluster.power_off(DEAD)?;
    stage.cluster.wait("the dead node", 60, |c| Ok(c.ready(DEAD)? == "Unknown"))?;
    stage.refuses(
        report,
        "an unknown node is refused",
        &script,
        &["fence", "worker-9"],
        "cannot read node",
    )?;
    stage.refuses(
        report,
        "a node that died just now is refused",
        &patient,
        &["fence", DEAD],
        "3000s are asked for",
    )?;
    std::thread::sleep(std::time::Duration::from_secs(5));
    storage(&stage, report, &script)?;
    unreadable(&stage, report, &script)?;
    by_hand(&mut stage, report, &script)?;
    automatic(scene, &mut stage, report)
}

fn rename(path: &Path, name: &str) -> Outcome<PathBuf> {
    let target = path.with_file_name(name);
    fs::rename(path, &target)?;
    Ok(target)
}

fn node(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}},
        "spec": {"taints": []},
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}},
    })
}

/// Waits until a pod of the default namespace runs on a node.
fn wait_pod(cluster: &Cluster, pod: &str, node: &str) -> Outcome {
    cluster.wait(&format!("{pod} on {node}"), 60, |c| {
        let output =
            c.try_kubectl(&["get", "pod", pod, "-o", "jsonpath={.spec.nodeName} {.status.phase}"])?;
        Ok(String::from_utf8_lossy(&output.stdout) == format!("{node} Running"))
    })
}

/// Pods on the node that shall die, each of which must keep it from being fenced.
fn hazards(cluster: &Cluster) -> Outcome {
    let pod = |name: &str, annotations: Value, volumes: Value| {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "default", "annotations": annotations},
            "spec": {
                "nodeName": DEAD, "terminationGracePeriodSeconds": 0, "volumes": volumes,
                "tolerations": [{"operator": "Exists"}],
                "containers": [{"name": "c", "image": "i"}]},
        })
    };
    let claim = |name: &str| json!([{"name": "v", "persistentVolumeClaim": {"claimName": name}}]);
    let on_disk = json!({"local": {"path": "/data"}, "nodeAffinity": {"required": {"nodeSelectorTerms": [{
        "matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [DEAD]}]}]}}});
    for (name, mode, volume) in [
        ("network", "ReadWriteOnce", json!({"csi": {"driver": "driver.example", "volumeHandle": "h"}})),
        ("on-disk", "ReadWriteOnce", on_disk.clone()),
        ("exported", "ReadWriteMany", on_disk),
    ] {
        let mut spec = json!({
            "accessModes": [mode], "capacity": {"storage": "1Gi"}, "storageClassName": "none",
            "claimRef": {"namespace": "default", "name": name},
        });
        if let (Some(spec), Some(volume)) = (spec.as_object_mut(), volume.as_object()) {
            spec.extend(volume.clone());
        }
        cluster.create(&json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}))?;
        cluster.create(&json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "default"},
            "spec": {"accessModes": [mode], "storageClassName": "none", "volumeName": name,
                "resources": {"requests": {"storage": "1Gi"}}},
        }))?;
    }
    cluster.create(&pod(
        "nfs",
        json!({}),
        json!([{"name": "v", "nfs": {"server": "192.0.2.1", "path": "/"}}]),
    ))?;
    cluster.create(&pod("network", json!({}), claim("network")))?;
    cluster.create(&pod("on-disk", json!({}), claim("on-disk")))?;
    cluster.create(&pod("exported", json!({}), claim("exported")))?;
    cluster.create(&pod("annotated", json!({"lifeboat.dev/never-fence": "true"}), json!([])))?;
    for name in ["nfs", "network", "on-disk", "exported", "annotated"] {
        wait_pod(cluster, name, DEAD)?;
    }
    Ok(())
}

/// One hazard after the other is named, and cleared.
fn storage(stage: &Stage, report: &mut Report, script: &Path) -> Outcome {
    let clear = |name: &str| {
        stage.cluster.kubectl(&["delete", "pod", name, "--force", "--grace-period=0"]).map(|_| ())
    };
    let fence = ["fence", DEAD];
    stage.refuses(report, "a pod annotated never-fence is heeded", script, &fence, "default annotated")?;
    clear("annotated")?;
    stage.cluster.create(&json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment", "metadata": {"name": "attached"},
        "spec": {"attacher": "driver.example", "nodeName": DEAD, "source": {"persistentVolumeName": "network"}},
    }))?;
    stage.refuses(report, "an attached volume is a refusal", script, &fence, "attached of driver.example")?;
    stage.cluster.kubectl(&["delete", "volumeattachment", "attached"])?;
    stage.refuses(report, "an NFS volume is a refusal", script, &fence, "default/nfs (nfs)")?;
    clear("nfs")?;
    stage.refuses(
        report,
        "a CSI volume behind a claim is a refusal",
        script,
        &fence,
        "volume network is not local",
    )?;
    clear("network")?;
    stage.refuses(report, "a shared volume is a refusal", script, &fence, "volume exported is shared")?;
    clear("exported")?;
    stage.cluster.kubectl(&["annotate", "node", DEAD, "lifeboat.dev/never-fence=true"])?;
    stage.refuses(
        report,
        "a node annotated never-fence is heeded",
        script,
        &fence,
        "annotated lifeboat.dev/never-fence",
    )?;
    stage.cluster.kubectl(&["annotate", "node", DEAD, "lifeboat.dev/never-fence-"])?;
    Ok(())
}

/// Each read that fails, a clock that is wrong, and a node that changes under the script's hands.
fn unreadable(stage: &Stage, report: &mut Report, script: &Path) -> Outcome {
    let fence = ["fence", DEAD];
    let before = |case: &str| {
        format!("#!/bin/sh\ncase \"$*\" in {case} ;; esac\nPATH=${{PATH#*:}} exec kubectl \"$@\"\n")
    };
    for (read, words) in [
        ("*'get node '*", "cannot read node"),
        ("*'get leases'*", "cannot read the node leases"),
        ("*'get pods'*", "cannot read the pods"),
        ("*'get volumeattachments'*", "cannot read the VolumeAttachments"),
        ("*'get persistentvolumeclaims'*", "cannot read the PersistentVolumeClaims"),
        ("*'get persistentvolumes'*", "cannot read the PersistentVolumes"),
    ] {
        stage.tool("kubectl", Some(&before(&format!("{read}) exit 1"))))?;
        stage.refuses(report, &format!("a read error is a refusal: {words}"), script, &fence, words)?;
    }
    let touch = format!(
        "*'patch node'*) PATH=${{PATH#*:}} kubectl --kubeconfig \"$KUBECONFIG\" annotate node {DEAD} touched=$$ --overwrite >/dev/null"
    );
    stage.tool("kubectl", Some(&before(&touch)))?;
    stage.refuses(report, "a node that changes meanwhile is left alone", script, &fence, "has changed")?;
    stage.tool("kubectl", None)?;
    for (shift, words) in [("+2 hours", "has renewed its lease for"), ("-2 hours", "is NotReady for -")] {
        let date = format!("#!/bin/sh\nPATH=${{PATH#*:}} exec date -d '{shift}' \"$@\"\n");
        stage.tool("date", Some(&date))?;
        stage.refuses(report, &format!("a clock that is {shift} off is a refusal"), script, &fence, words)?;
    }
    stage.tool("date", None)
}

/// What the automation lifts, and what it leaves alone: on a node that serves, with fences put there by hand.
fn lifting(stage: &Stage, report: &mut Report, script: &Path, hasty: &Path) -> Outcome {
    let node = "worker-2";
    let round = ["automatic", "server"];
    let mark = |value: &str| {
        let taint = format!("node.kubernetes.io/out-of-service={value}:NoExecute");
        stage.cluster.kubectl(&["taint", "node", node, &taint, "--overwrite"]).map(|_| ())
    };
    mark("nodeshutdown")?;
    report.script("a person's fence is not the automation's to lift", &stage.run(script, &round)?, 0, "");
    let fences = stage.fences(node)?;
    report.holds("it is still there", fences == ["nodeshutdown"], &format!("{fences:?}"));
    mark("lifeboat")?;
    report.script(
        "a node that was Ready for too short stays fenced",
        &stage.run(hasty, &round)?,
        1,
        "is Ready for",
    );
    stage.cluster.create(&json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "leaving", "namespace": "default", "finalizers": ["lifeboat.dev/test"]},
        "spec": {"nodeName": node, "tolerations": [{"operator": "Exists"}], "containers": [{"name": "c", "image": "i"}]},
    }))?;
    stage.cluster.kubectl(&["delete", "pod", "leaving", "--wait=false"])?;
    report.script(
        "a node with Terminating pods stays fenced",
        &stage.run(script, &round)?,
        1,
        "are still Terminating",
    );
    let free = r#"{"metadata": {"finalizers": null}}"#;
    stage.cluster.kubectl(&["patch", "pod", "leaving", "--type=merge", "--patch", free])?;
    stage.cluster.wait("the fence's lifting", 60, |_| {
        stage.run(script, &round)?;
        Ok(stage.fences(node)?.is_empty())
    })?;
    report.holds("then the automation lifts its fence", true, "");
    Ok(())
}

/// A fence by hand, with a local volume on the node, and the way back.
fn by_hand(stage: &mut Stage, report: &mut Report, script: &Path) -> Outcome {
    report.script(
        "a dry run passes every check",
        &stage.run(script, &["fence", DEAD, "--dry-run"])?,
        0,
        "would fence",
    );
    report.script("fence", &stage.run(script, &["fence", DEAD])?, 0, "fenced worker-1");
    let fences = stage.fences(DEAD)?;
    report.holds("the fence is a person's", fences == ["nodeshutdown"], &format!("{fences:?}"));
    report.script("fence again changes nothing", &stage.run(script, &["fence", DEAD])?, 0, "fenced already");
    stage.cluster.wait("the StatefulSet's pod elsewhere", 60, |c| {
        let output =
            c.try_kubectl(&["get", "pod", "db-0", "-o", "jsonpath={.spec.nodeName} {.status.phase}"])?;
        let place = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(place.ends_with(" Running") && !place.starts_with(DEAD))
    })?;
    report.holds("the StatefulSet's pod runs elsewhere", true, "");
    report.script("unfence refuses a dead node", &stage.run(script, &["unfence", DEAD])?, 1, "is not Ready");
    stage.cluster.power_on(DEAD)?;
    stage.cluster.wait("the node's return", 60, |c| Ok(c.ready(DEAD)? == "True"))?;
    stage.cluster.wait("unfence", 60, |_| Ok(stage.run(script, &["unfence", DEAD])?.status.success()))?;
    report.script(
        "unfence again changes nothing",
        &stage.run(script, &["unfence", DEAD])?,
        0,
        "is not fenced",
    );
    report.holds("the fence is gone", stage.fences(DEAD)?.is_empty(), "still there");
    stage.cluster.wait_ready(DEAD)
}

/// The automation's own conditions, one after the other; then a fence, its lifting, and the end.
fn automatic(scene: &Scene, stage: &mut Stage, report: &mut Report) -> Outcome {
    let confirm = stage.tools.join("confirm").display().to_string();
    let render = |name: &str, replace: &[(&str, &str)]| -> Outcome<PathBuf> {
        let mut all =
            vec![("AFTER", AFTER), ("FENCING", "automatic"), ("MAX_NODES", "1"), ("WITNESS", "192.0.2.1")];
        for (key, value) in
            [("CONFIRM", confirm.as_str()), ("API_UP", "5"), ("READY_FOR", "3")].iter().chain(replace)
        {
            all.retain(|(k, _)| k != key);
            all.push((key, value));
        }
        rename(&scene.script("recovery/fence.sh", &all)?, name)
    };
    let script = render("automatic.sh", &[])?;
    let young = render("young.sh", &[("API_UP", "100000")])?;
    let unproved = render("unproved.sh", &[("CONFIRM", "''")])?;
    let manual = render("manual.sh", &[("FENCING", "manual")])?;
    let yes = "#!/bin/sh\nexit 0\n";
    let no = "#!/bin/sh\nexit 1\n";
    let round = ["automatic", "server"];
    stage.tool("ping", Some(yes))?;
    stage.tool("confirm", Some(yes))?;

    report.script("a manual policy has no automation", &stage.run(&manual, &round)?, 2, "fencing is manual");
    report.script("nothing to do", &stage.run(&script, &round)?, 0, "");
    report.script(
        "another server does not act meanwhile",
        &stage.run(&script, &["automatic", "worker-2"])?,
        1,
        "server has the Lease",
    );

    let hasty = render("hasty.sh", &[("READY_FOR", "100000")])?;
    lifting(stage, report, &script, &hasty)?;

    stage.cluster.power_off(DEAD)?;
    stage.cluster.power_off("worker-2")?;
    stage.cluster.wait("two dead nodes", 60, |c| {
        Ok(c.ready(DEAD)? == "Unknown" && c.ready("worker-2")? == "Unknown")
    })?;
    std::thread::sleep(std::time::Duration::from_secs(5));
    stage.refuses(report, "two dead nodes are one too many", &script, &round, "2 nodes are dead")?;
    stage.cluster.power_on("worker-2")?;
    stage.cluster.wait("the second node's return", 60, |c| Ok(c.ready("worker-2")? == "True"))?;
    stage.refuses(report, "a young API server is a refusal", &young, &round, "the API server is up for")?;
    stage.tool("ping", Some(no))?;
    stage.refuses(
        report,
        "a silent witness is a refusal",
        &script,
        &round,
        "witness 192.0.2.1 does not answer",
    )?;
    stage.tool("ping", Some(yes))?;
    stage.refuses(
        report,
        "a short time without proof is a refusal",
        &unproved,
        &round,
        "confirms that the power is off",
    )?;
    stage.tool("confirm", Some(no))?;
    stage.refuses(report, "a denied confirmation is a refusal", &script, &round, "does not confirm")?;
    stage.tool("confirm", Some(yes))?;
    stage.cluster.kubectl(&["cordon", DEAD])?;
    stage.refuses(report, "a cordoned node is left alone", &script, &round, "is cordoned")?;
    stage.cluster.kubectl(&["uncordon", DEAD])?;
    stage.cluster.kubectl(&["annotate", "node", DEAD, "lifeboat.dev/maintenance=true"])?;
    stage.refuses(report, "a node in maintenance is left alone", &script, &round, "maintenance")?;
    stage.cluster.kubectl(&["annotate", "node", DEAD, "lifeboat.dev/maintenance-"])?;

    report.script("the automation fences", &stage.run(&script, &round)?, 0, "fenced worker-1");
    let fences = stage.fences(DEAD)?;
    report.holds("the fence is the automation's", fences == ["lifeboat"], &format!("{fences:?}"));
    stage.cluster.power_on(DEAD)?;
    stage.cluster.wait("the fence's lifting", 90, |_| {
        stage.run(&script, &round)?;
        Ok(stage.fences(DEAD)?.is_empty())
    })?;
    report.holds("the automation lifts its fence", true, "");

    stage.cluster.wait_ready(DEAD)?;
    stage.cluster.power_off(DEAD)?;
    stage.cluster.wait("the node's second death", 60, |c| Ok(c.ready(DEAD)? == "Unknown"))?;
    std::thread::sleep(std::time::Duration::from_secs(5));
    report.script(
        "the second fence within an hour is the last",
        &stage.run(&script, &round)?,
        0,
        "the automation is off",
    );
    report.script("then it is off", &stage.run(&script, &round)?, 1, "fenced twice");
    report.script("status says so", &stage.run(&script, &["status"])?, 0, "automation: off");
    report.script("a person switches it on", &stage.run(&script, &["reset"])?, 0, "the automation is on");
    report.script("status says that too", &stage.run(&script, &["status"])?, 0, "automation: on");
    Ok(())
}
