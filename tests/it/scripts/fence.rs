//! `recovery/fence.sh`: each rule that refuses, with a fake `kubectl`. The same rules run against a
//! real API server in `cargo xtask control-plane`.

use lifeboat::emit::recovery::{FenceContext, fence};

use super::{Run, Stage};

/// A cluster whose node `worker-1` may be fenced; each test spoils one thing.
struct Scene {
    context: FenceContext,
    node: String,
    nodes: String,
    leases: String,
    pods: String,
    attachments: String,
    claims: String,
    volumes: String,
    lease: String,
    started: i64,
    /// Reads that fail.
    unreadable: Vec<&'static str>,
    witness_answers: bool,
}

impl Scene {
    fn dead() -> Self {
        Self {
            context: FenceContext {
                cluster: "edge".to_owned(),
                after: 300,
                fencing: "automatic".to_owned(),
                max_nodes: 1,
                witness: "192.0.2.1".to_owned(),
                confirm: String::new(),
            },
            node: format!("version 77\nready Unknown {}\n", ago(400)),
            nodes: "master True -\nworker-1 Unknown -\n".to_owned(),
            leases: format!("{}\n{}\n", ago(3), ago(400)),
            pods: "pod obs loki-0\nvolume obs loki-0 emptyDir\nvolume obs loki-0 projected\n".to_owned(),
            attachments: "worker-2 a csi\n".to_owned(),
            claims: "obs storage-loki-0 pvc-1\n".to_owned(),
            volumes: "pvc-1 local ReadWriteOnce\n".to_owned(),
            lease: String::new(),
            started: 10_000,
            unreadable: Vec::new(),
            witness_answers: true,
        }
    }

    fn run(&self, args: &[&str]) -> Run {
        let mut stage = Stage::new();
        for part in &self.unreadable {
            stage.answer(part, "", 1);
        }
        let metrics = format!("process_start_time_seconds {:e}\n", (epoch_now() - self.started) as f64);
        stage
            .answer("get node worker-1", &self.node, 0)
            .answer("get nodes", &self.nodes, 0)
            .answer("get leases", &self.leases, 0)
            .answer("get pods", &self.pods, 0)
            .answer("get volumeattachments", &self.attachments, 0)
            .answer("get persistentvolumeclaims", &self.claims, 0)
            .answer("get persistentvolumes", &self.volumes, 0)
            .answer("get lease lifeboat-fence", &self.lease, 0)
            .answer("get --raw /metrics", &metrics, 0);
        for write in ["patch node", "patch lease", "create -f -", "annotate lease", "taint nodes"] {
            stage.answer(write, "", 0);
        }
        stage.program(
            "ping",
            if self.witness_answers { "#!/bin/sh\nexit 0\n" } else { "#!/bin/sh\nexit 1\n" },
        );
        stage.program("confirm", "#!/bin/sh\nexit 1\n");
        stage.run(&fence(&self.context).expect("the script renders"), args)
    }

    /// Both by hand and automatically, nothing is fenced, and the reason is said.
    #[track_caller]
    fn refuses(&self, reason: &str) {
        self.refuses_by_hand(reason);
        self.refuses_automatically(reason);
    }

    #[track_caller]
    fn refuses_by_hand(&self, reason: &str) {
        assert!(!fenced(&self.run(&["fence", "worker-1"]).exits(code(reason)).says(reason)));
    }

    #[track_caller]
    fn refuses_automatically(&self, reason: &str) {
        assert!(!fenced(&self.run(&["automatic", "master"]).exits(code(reason)).says(reason)));
    }
}

/// The exit code of a refusal: what cannot be read is an error, which the timer's unit must not take for an answer.
fn code(reason: &str) -> i32 {
    if reason.starts_with("cannot read") { 2 } else { 1 }
}

fn fenced(run: &Run) -> bool {
    run.writes().iter().any(|call| call.starts_with(&["patch", "node"]))
}

fn epoch_now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(now.expect("after 1970").as_secs()).expect("fits")
}

/// The time so many seconds ago, as the API server writes it.
fn ago(seconds: i64) -> String {
    let at = epoch_now() - seconds;
    let (days, rest) = (at.div_euclid(86_400), at.rem_euclid(86_400));
    // Days since 0000-03-01, after Howard Hinnant's `civil_from_days`.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[test]
fn a_dead_node_is_fenced_by_hand() {
    let run = Scene::dead().run(&["fence", "worker-1"]).exits(0).says("fenced worker-1");
    let writes = run.writes();
    assert_eq!(writes.len(), 1);
    assert_eq!(writes[0][..4], ["patch", "node", "worker-1", "--type=json"]);
    let patch: serde_json::Value = serde_json::from_str(writes[0][5]).expect("a JSON patch");
    assert_eq!(patch[0]["value"], "77");
    assert_eq!(patch[1]["value"]["key"], "node.kubernetes.io/out-of-service");
    assert_eq!(patch[1]["value"]["value"], "nodeshutdown");
}

#[test]
fn a_dead_node_is_fenced_automatically() {
    let run = Scene::dead().run(&["automatic", "master"]).exits(0).says("fenced worker-1");
    let writes = run.writes();
    assert_eq!(writes[0][0], "create");
    let patch: serde_json::Value = serde_json::from_str(writes[1][5]).expect("a JSON patch");
    assert_eq!(patch[1]["path"], "/metadata/annotations/lifeboat.dev~1fenced-at");
    assert_eq!(patch[2]["value"]["value"], "lifeboat");
}

#[test]
fn a_dry_run_writes_nothing() {
    assert!(
        Scene::dead()
            .run(&["fence", "worker-1", "--dry-run"])
            .exits(0)
            .says("would fence")
            .writes()
            .is_empty()
    );
}

#[test]
fn a_node_that_lives_is_refused() {
    let mut scene = Scene::dead();
    scene.node = format!("version 77\nready True {}\n", ago(400));
    scene.refuses("worker-1 is Ready");
    scene.node = "version 77\n".to_owned();
    scene.refuses("no Ready condition");
    scene.node = format!("version 77\nready Unknown {}\n", ago(200));
    scene.refuses("300s are asked for");
    scene.node = "version 77\nready Unknown soon\n".to_owned();
    scene.refuses("cannot read since when");
    scene.node = format!("ready Unknown {}\n", ago(400));
    scene.refuses("shows no version");
}

#[test]
fn a_never_fence_annotation_is_heeded() {
    let mut scene = Scene::dead();
    scene.node.push_str("never-fence \"true\"\n");
    scene.refuses("lifeboat.dev/never-fence");
    let mut scene = Scene::dead();
    scene.node.push_str("never-fence \"\"\n");
    scene.refuses("lifeboat.dev/never-fence");
    let mut scene = Scene::dead();
    scene.pods.push_str("never-fence shop db-0\n");
    scene.refuses("shop db-0");
}

#[test]
fn storage_that_another_node_could_write_is_refused() {
    for (kind, allowed) in [
        ("nfs", false),
        ("csi", false),
        ("iscsi", false),
        ("somethingNew", false),
        ("hostPath", true),
        ("secret", true),
    ] {
        let mut scene = Scene::dead();
        scene.pods.push_str(&format!("volume shop db-0 {kind}\n"));
        if allowed {
            scene.run(&["fence", "worker-1"]).exits(0);
        } else {
            scene.refuses(&format!("shop/db-0 ({kind})"));
        }
    }
    let mut scene = Scene::dead();
    scene.attachments = "worker-1 csi-1 driver.longhorn.io\n".to_owned();
    scene.refuses("has a volume attached: csi-1");
}

#[test]
fn a_claim_must_lead_to_a_local_volume() {
    let mut scene = Scene::dead();
    scene.pods.push_str("claim obs storage-loki-0 loki-0\n");
    scene.run(&["fence", "worker-1"]).exits(0);
    scene.volumes = "pvc-1 other ReadWriteOnce\n".to_owned();
    scene.refuses("volume pvc-1 is not local");
    scene.volumes = "pvc-1 local ReadWriteMany\n".to_owned();
    scene.refuses("volume pvc-1 is shared");
    scene.volumes.clear();
    scene.refuses("volume pvc-1 is not local");
    scene.claims = "obs storage-loki-0 \n".to_owned();
    scene.refuses("bound to no volume");
    scene.claims.clear();
    scene.refuses("bound to no volume");
}

#[test]
fn any_read_error_means_no_fence() {
    for part in [
        "get node worker-1",
        "get leases",
        "get pods",
        "get volumeattachments",
        "get persistentvolumeclaims",
        "get persistentvolumes",
    ] {
        let mut scene = Scene::dead();
        scene.pods.push_str("claim obs storage-loki-0 loki-0\n");
        scene.unreadable.push(part);
        scene.refuses("cannot read");
    }
    let mut scene = Scene::dead();
    scene.node.push_str("taint node.kubernetes.io/out-of-service NoExecute nodeshutdown\n");
    scene.unreadable.push("get node worker-1");
    scene.run(&["unfence", "worker-1"]).exits(2).says("cannot read node worker-1");
    scene.nodes = "master True -\nworker-1 True lifeboat\n".to_owned();
    scene.run(&["automatic", "master"]).exits(2).says("cannot read node worker-1");
    for part in ["get nodes", "get lease lifeboat-fence", "get --raw /metrics"] {
        let mut scene = Scene::dead();
        scene.unreadable.push(part);
        scene.refuses_automatically("cannot read");
    }
}

#[test]
fn clocks_that_disagree_are_refused() {
    let mut scene = Scene::dead();
    scene.leases = format!("{}\n", ago(400));
    scene.refuses("no node has renewed its lease");
    scene.leases = format!("{}\n", ago(-200));
    scene.refuses("behind the cluster's");
    scene.leases.clear();
    scene.refuses("no node renews a lease");
}

#[test]
fn a_node_that_changes_meanwhile_is_refused() {
    let mut scene = Scene::dead();
    scene.unreadable.push("patch node");
    let run = scene.run(&["fence", "worker-1"]).exits(1);
    run.says("has changed while it was checked");
}

#[test]
fn the_automation_asks_for_more() {
    let mut scene = Scene::dead();
    scene.node.push_str("cordoned yes\n");
    scene.refuses_automatically("cordoned");
    let mut scene = Scene::dead();
    scene.node.push_str("maintenance \"true\"\n");
    scene.refuses_automatically("maintenance");
    let mut scene = Scene::dead();
    scene.started = 100;
    scene.refuses_automatically("API server is up for");
    let mut scene = Scene::dead();
    scene.witness_answers = false;
    scene.refuses_automatically("witness 192.0.2.1 does not answer");
    let mut scene = Scene::dead();
    scene.nodes.push_str("worker-2 Unknown -\n");
    scene.refuses_automatically("2 nodes are dead, more than max-nodes = 1");
    let mut scene = Scene::dead();
    scene.nodes.push_str("worker-2 Unknown lifeboat\n");
    scene.refuses_automatically("more than max-nodes");
}

#[test]
fn a_short_time_needs_proof_of_power_off() {
    let mut scene = Scene::dead();
    scene.context.after = 60;
    scene.refuses_automatically("confirms that the power is off");
    scene.context.confirm = "./confirm".to_owned();
    scene.refuses_automatically("does not confirm");
    scene.context.confirm = "true".to_owned();
    scene.run(&["automatic", "master"]).exits(0).says("fenced worker-1");
}

#[test]
fn one_server_at_a_time_decides() {
    let mut scene = Scene::dead();
    scene.lease = format!("version 5\nholder server-2\nrenewed {}\n", ago(10));
    scene.refuses_automatically("server-2 has the Lease");
    scene.lease = format!("version 5\nholder server-2\nrenewed {}\n", ago(100));
    let run = scene.run(&["automatic", "master"]).exits(0);
    let lease: serde_json::Value = serde_json::from_str(run.writes()[0][7]).expect("a JSON patch");
    assert_eq!(lease[0]["value"], "5");
    assert_eq!(lease[1]["value"], "master");
    scene.unreadable.push("patch lease");
    scene.refuses_automatically("another server was faster");
}

#[test]
fn two_fences_within_an_hour_switch_the_automation_off() {
    let mut scene = Scene::dead();
    scene.node.push_str(&format!("fenced-at \"{}\"\n", ago(1800)));
    let run = scene.run(&["automatic", "master"]).exits(0).says("the automation is off");
    assert!(run.writes().iter().any(|call| call[0] == "annotate"));
    scene.node = scene.node.replace(&ago(1800)[..4], "1999");
    let run = scene.run(&["automatic", "master"]);
    assert!(run.writes().iter().all(|call| call[0] != "annotate"));

    scene.lease =
        format!("version 5\nholder master\nrenewed {}\noff \"worker-1 was fenced twice\"\n", ago(10));
    scene.refuses_automatically("the automation is off: \"worker-1 was fenced twice\"");
    let run = scene.run(&["reset"]).exits(0);
    assert!(run.writes()[0].contains(&"lifeboat.dev/fencing-off-"));
}

#[test]
fn only_its_own_fences_are_lifted_and_only_late() {
    let mut scene = Scene::dead();
    scene.nodes = "master True -\nworker-1 True lifeboat\n".to_owned();
    scene.node = format!(
        "version 77\nready True {}\ntaint node.kubernetes.io/out-of-service NoExecute lifeboat\n",
        ago(90)
    );
    let run = scene.run(&["automatic", "master"]).exits(0).says("unfenced worker-1");
    assert_eq!(
        run.writes()[1],
        ["taint", "nodes", "worker-1", "node.kubernetes.io/out-of-service:NoExecute-"]
    );

    scene.pods.push_str("terminating obs loki-0\n");
    assert_eq!(scene.run(&["automatic", "master"]).exits(1).says("still Terminating").writes().len(), 1);
    scene.run(&["unfence", "worker-1"]).exits(1).says("still Terminating");
    scene.node = format!(
        "version 77\nready True {}\ntaint node.kubernetes.io/out-of-service NoExecute lifeboat\n",
        ago(30)
    );
    assert_eq!(scene.run(&["automatic", "master"]).exits(1).says("60s are asked for").writes().len(), 1);
    scene.nodes = "master True -\nworker-1 True nodeshutdown\n".to_owned();
    assert_eq!(scene.run(&["automatic", "master"]).exits(0).writes().len(), 1);
}

#[test]
fn a_manual_policy_has_no_automation() {
    let mut scene = Scene::dead();
    scene.context.fencing = "manual".to_owned();
    assert!(scene.run(&["automatic", "master"]).exits(2).writes().is_empty());
    scene.run(&["fence", "worker-1"]).exits(0);
    scene.run(&["fence", "--all"]).exits(2);
    scene.run(&["fence", "a/b"]).exits(2).says("not a node name");
}

#[test]
fn status_tells_marks_and_automation() {
    let mut scene = Scene::dead();
    scene.nodes = "master True -\nworker-1 Unknown lifeboat\nworker-2 Unknown nodeshutdown\n".to_owned();
    let run = scene.run(&["status"]).exits(0).says("worker-1: Ready=Unknown, fenced by the automation");
    run.says("worker-2: Ready=Unknown, fenced by hand").says("automation: has never run");
}
