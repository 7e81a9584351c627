//! The commands `build` and `check` on a folder: drift, strangers, links, rights, interruptions.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

pub(super) const POLICY: &str = r#"
[cluster]
name = "small"
kubernetes = "1.34"
datastore = "etcd"
output = "golden"
[nodes.master]
role = "server"
capacity = { cpu = "4", memory = "8Gi" }
[nodes.worker-1]
role = "agent"
capacity = { cpu = "4", memory = "8Gi" }
[nodes.worker-2]
like = "worker-1"
[lifeboat]
nodes = "server"
[tiers.critical]
priority = 1000
lifeboat = true
[tiers.application]
priority = 0
default = true
[services.events]
chart = "argo-events"
version = "2.4.22"
namespace = "events"
tier = "critical"
"#;

pub(super) fn site() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("policy.toml"), POLICY).expect("written");
    folder
}

pub(super) fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
    // What the small policy is warned about is not what these tests are about.
    command.current_dir(folder).args(args).args(["--format", "short", "-A", "field-unreachable"]);
    command.output().expect("runs")
}

#[track_caller]
pub(super) fn expect(output: &Output, code: i32, text: &str) {
    let all =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{all}");
    assert!(all.contains(text), "no `{text}` in:\n{all}");
}

#[test]
fn a_second_build_changes_nothing_and_says_so() {
    let site = site();
    expect(&run(site.path(), &["build"]), 0, "0 changed");
    expect(&run(site.path(), &["build"]), 0, "nothing changed");
    expect(&run(site.path(), &["check"]), 0, "as the policy says");
}

#[test]
fn check_finds_missing_changed_stray_and_foreign_files() {
    let site = site();
    run(site.path(), &["build"]);
    let golden = site.path().join("golden");
    fs::remove_file(golden.join("cluster/taints.sh")).expect("removed");
    expect(&run(site.path(), &["check"]), 1, "missing-file");
    run(site.path(), &["build"]);
    fs::write(golden.join("events/values.yaml"), "controller: {}\n").expect("written");
    expect(&run(site.path(), &["check"]), 1, "changed-file");
    run(site.path(), &["build"]);
    fs::write(golden.join("notes.txt"), "mine").expect("written");
    expect(&run(site.path(), &["check"]), 0, "foreign-file");
    expect(&run(site.path(), &["build"]), 0, "nothing changed");
    assert!(golden.join("notes.txt").exists(), "a foreign file is never touched");
    fs::remove_file(golden.join("notes.txt")).expect("removed");
    let without = POLICY.split("[services.events]").next().expect("a head").to_owned();
    fs::write(site.path().join("policy.toml"), without).expect("written");
    expect(&run(site.path(), &["check"]), 1, "stray-file");
    expect(&run(site.path(), &["build"]), 0, " removed");
    assert!(!golden.join("events").exists(), "its folder goes too");
}

#[test]
fn scripts_keep_their_run_bit() {
    let site = site();
    run(site.path(), &["build"]);
    let script = site.path().join("golden/cluster/taints.sh");
    assert_eq!(fs::metadata(&script).expect("there").permissions().mode() & 0o111, 0o111);
    fs::set_permissions(&script, fs::Permissions::from_mode(0o644)).expect("set");
    expect(&run(site.path(), &["check"]), 1, "run bit");
    expect(&run(site.path(), &["build"]), 0, "1 changed");
    assert_eq!(fs::metadata(&script).expect("there").permissions().mode() & 0o111, 0o111);
}

#[test]
fn outputs_of_another_version_are_reported_as_that() {
    let site = site();
    run(site.path(), &["build"]);
    let record = site.path().join("golden/.lifeboat.json");
    let text = fs::read_to_string(&record).expect("there");
    let version = format!("\"lifeboat\": \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&version));
    fs::write(&record, text.replace(&version, "\"lifeboat\": \"0.0.1\"")).expect("written");
    expect(&run(site.path(), &["check"]), 1, "other-lifeboat-version");
    // The way back loses what the newer version knew: it is said, and can be refused.
    fs::write(&record, text.replace(&version, "\"lifeboat\": \"9.0.0\"")).expect("written");
    let refused = run(site.path(), &["build", "-D", "newer-lifeboat"]);
    expect(&refused, 1, "error[newer-lifeboat]: `golden` was written by lifeboat 9.0.0");
    assert!(fs::read_to_string(&record).expect("there").contains("9.0.0"), "nothing was written");
    let built = run(site.path(), &["build"]);
    expect(&built, 0, "warning[newer-lifeboat]: `golden` was written by lifeboat 9.0.0");
    expect(&built, 0, "lifeboat-version = \"9.0.0\"");
    let again = run(site.path(), &["build"]);
    assert!(!String::from_utf8_lossy(&again.stderr).contains("newer-lifeboat"));
}

#[test]
fn a_release_that_is_renamed_or_moved_is_to_be_removed_by_hand() {
    for (from, to) in
        [("namespace = \"events\"", "namespace = \"queue\""), ("[services.events]", "[services.queue]")]
    {
        let site = site();
        run(site.path(), &["build"]);
        fs::write(site.path().join("policy.toml"), POLICY.replace(from, to)).expect("written");
        let built = run(site.path(), &["build"]);
        expect(&built, 0, "warning[release-left]: release `events` in namespace `events`");
        expect(&built, 0, "`helm uninstall events --namespace events`");
        let again = run(site.path(), &["build"]);
        assert!(!String::from_utf8_lossy(&again.stderr).contains("release-left"));
    }
    let site = site();
    let argocd = "[argocd]\nrepository = \"https://git.example.com/a.git\"\n";
    fs::write(site.path().join("policy.toml"), format!("{POLICY}{argocd}")).expect("written");
    run(site.path(), &["build"]);
    let renamed = POLICY.replace("[services.events]", "[services.queue]");
    fs::write(site.path().join("policy.toml"), format!("{renamed}{argocd}")).expect("written");
    expect(&run(site.path(), &["build"]), 0, "kubectl -n argocd delete application events`");
}

#[test]
fn what_kubernetes_cannot_change_is_refused_with_the_migration() {
    let site = site();
    run(site.path(), &["build"]);
    fs::write(site.path().join("policy.toml"), POLICY.replace("priority = 1000", "priority = 2000"))
        .expect("written");
    let before = fs::read_to_string(site.path().join("golden/cluster/priority-classes.yaml")).expect("there");
    expect(&run(site.path(), &["build"]), 1, "immutable-change");
    let after = fs::read_to_string(site.path().join("golden/cluster/priority-classes.yaml")).expect("there");
    assert_eq!(before, after, "nothing is written when it is refused");
    expect(&run(site.path(), &["build", "--accept"]), 0, "changed");
    expect(&run(site.path(), &["build"]), 0, "nothing changed");
}

/// A build with everything that it says.
fn in_full(folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
    command.current_dir(folder).args(["build", "-A", "field-unreachable"]).output().expect("runs")
}

/// The small policy with Prometheus and Loki on volumes.
fn with_volume(storage: &str) -> String {
    format!(
        "{POLICY}[services.metrics]\nchart = \"kube-prometheus-stack\"\nversion = \"88.5.3\"\nnamespace = \"metrics\"\ntier = \"critical\"\n\
         components.alertmanager = {{ storage = \"ephemeral\", data = \"silences\" }}\n\
         components.prometheus = {{ {storage} }}\n\
         components.grafana = {{ {storage} }}\n\
         [services.logs]\nchart = \"loki\"\nversion = \"18.11.0\"\nrepository = \"grafana-community\"\nnamespace = \"logs\"\ntier = \"application\"\n\
         components.single-binary = {{ {storage} }}\n\
         components.chunks-cache = {{ enabled = false }}\ncomponents.results-cache = {{ enabled = false }}\n"
    )
}

#[test]
fn a_changed_claim_template_is_refused_with_what_becomes_of_the_claims() {
    let site = site();
    let write =
        |storage: &str| fs::write(site.path().join("policy.toml"), with_volume(storage)).expect("written");
    let ten = "storage = \"local\", storage-size = \"10Gi\", storage-class = \"local-path\"";
    write(ten);
    expect(&run(site.path(), &["build"]), 0, "files");
    fs::copy(site.path().join("policy.toml"), site.path().join("before.toml")).expect("copied");
    for (storage, said) in [
        (ten.replace("10Gi", "20Gi"), "20Gi, class local-path, ReadWriteOnce, local"),
        (ten.replace("local-path", "other"), "10Gi, class other, ReadWriteOnce, local"),
        (ten.replace("\"local\"", "\"replicated\""), "10Gi, class local-path, ReadWriteOnce, replicated"),
    ] {
        write(&storage);
        let refused = in_full(site.path());
        expect(&refused, 1, said);
        for words in [
            "immutable-change",
            "claim template of StatefulSet logs/logs-loki cannot change",
            "kubectl -n logs delete statefulset logs-loki --cascade=orphan",
            "storage-logs-loki-N in logs stays as it is",
            "PersistentVolumeClaim metrics/metrics-grafana cannot change",
            "kubectl -n metrics delete pvc metrics-grafana",
            "the operator of the Prometheus deletes the StatefulSet prometheus-metrics-kube-prometheus-st-prometheus",
            "prometheus-metrics-kube-prometheus-st-prometheus-db-prometheus-metrics-kube-prometheus-st-prometheus-N",
        ] {
            expect(&refused, 1, words);
        }
        expect(
            &run(site.path(), &["diff", "--from", "before.toml"]),
            0,
            "claim template of StatefulSet logs/logs-loki cannot change",
        );
    }
    expect(&run(site.path(), &["build", "--accept"]), 0, "changed");
    expect(&run(site.path(), &["build"]), 0, "nothing changed");
    // Of a StatefulSet the claims stay behind, of a Deployment they are deleted.
    write("storage = \"ephemeral\", data = \"none\"");
    let refused = in_full(site.path());
    expect(&refused, 1, "storage-logs-loki-N in logs keeps its data until it is deleted");
    expect(&refused, 1, "the next sync deletes the claim metrics-grafana in metrics with the data in it");
}

#[test]
fn a_changed_selector_is_refused() {
    let site = site();
    let with = |labels: &str| {
        let workload = "[workloads.app]\nnamespace = \"apps\"\nreplicas = 2\nrequests = { cpu = \"10m\", memory = \"10Mi\" }\n";
        fs::write(site.path().join("policy.toml"), format!("{POLICY}{workload}{labels}")).expect("written");
    };
    with("");
    expect(&run(site.path(), &["build"]), 0, "files");
    with("labels = { app = \"shop\" }\n");
    let refused = in_full(site.path());
    expect(&refused, 1, "selector of Deployment apps/app cannot change");
    expect(&refused, 1, "kubectl -n apps delete deployment app");
}

#[test]
fn a_file_that_no_build_wrote_is_not_overwritten() {
    let site = site();
    let golden = site.path().join("golden");
    fs::create_dir_all(golden.join("events")).expect("made");
    fs::write(golden.join("events/values.yaml"), "mine: true\n").expect("written");
    fs::write(golden.join("RUNBOOK.md"), "mine\n").expect("written");
    let refused = run(site.path(), &["build"]);
    expect(&refused, 1, "file-in-the-way");
    expect(&refused, 1, "golden/events/values.yaml");
    expect(&refused, 1, "golden/RUNBOOK.md");
    expect(&refused, 1, "name it in the service's `values`");
    assert_eq!(fs::read_to_string(golden.join("events/values.yaml")).expect("there"), "mine: true\n");
    let mut names: Vec<_> =
        fs::read_dir(&golden).expect("there").map(|e| e.expect("one").file_name()).collect();
    names.sort();
    assert_eq!(names, ["RUNBOOK.md", "events"], "nothing was written");
    fs::remove_file(golden.join("RUNBOOK.md")).expect("removed");
    fs::remove_file(golden.join("events/values.yaml")).expect("removed");
    expect(&run(site.path(), &["build"]), 0, "files");
    // With the bytes that would be written there is nothing to lose: a lost record comes back.
    let record = fs::read_to_string(golden.join(".lifeboat.json")).expect("there");
    fs::remove_file(golden.join(".lifeboat.json")).expect("removed");
    fs::set_permissions(golden.join("cluster/taints.sh"), fs::Permissions::from_mode(0o644)).expect("set");
    expect(&run(site.path(), &["build"]), 0, "1 new, 1 changed");
    assert_eq!(fs::read_to_string(golden.join(".lifeboat.json")).expect("there"), record);
}

#[test]
fn no_symbolic_link_is_followed_out_of_the_folder() {
    let site = site();
    let outside = TempDir::new().expect("a folder");
    fs::create_dir(site.path().join("golden")).expect("made");
    symlink(outside.path(), site.path().join("golden/cluster")).expect("linked");
    expect(&run(site.path(), &["build"]), 2, "unwritable");
    assert_eq!(
        fs::read_dir(outside.path()).expect("a folder").count(),
        0,
        "nothing was written through the link"
    );
}

#[test]
fn a_record_that_names_files_outside_removes_nothing() {
    let site = site();
    run(site.path(), &["build"]);
    let precious = site.path().join("precious.txt");
    fs::write(&precious, "mine").expect("written");
    let record = site.path().join("golden/.lifeboat.json");
    let text = fs::read_to_string(&record).expect("there");
    fs::write(&record, text.replacen("\"files\": {", "\"files\": {\n    \"../precious.txt\": \"0\",", 1))
        .expect("written");
    run(site.path(), &["build"]);
    assert!(precious.exists());
}

#[test]
fn bad_input_is_an_error_and_nothing_is_written() {
    let site = site();
    fs::write(site.path().join("policy.toml"), POLICY.replace("\"argo-events\"", "\"argo-event\""))
        .expect("written");
    expect(&run(site.path(), &["build"]), 2, "did you mean `argo-events`");
    assert!(!site.path().join("golden").exists());
    let charts = POLICY.replace("output = \"golden\"", "output = \"golden\"\ncharts = \"nowhere\"");
    fs::write(site.path().join("policy.toml"), &charts).expect("written");
    expect(&run(site.path(), &["build"]), 2, "charts-unreadable");
    fs::create_dir(site.path().join("nowhere")).expect("a folder");
    fs::write(site.path().join("nowhere/text.toml"), b"\xff").expect("written");
    fs::write(site.path().join("nowhere/empty.toml"), "").expect("written");
    let values = charts.replace("[services.events]", "[services.events]\nvalues = [\"absent.yaml\"]");
    assert_ne!(values, charts);
    fs::write(site.path().join("policy.toml"), values).expect("written");
    let told = run(site.path(), &["build"]);
    for part in ["`nowhere/text.toml`: byte 0 is not UTF-8", "nowhere/empty.toml", "absent.yaml"] {
        expect(&told, 2, part);
    }
    expect(&run(site.path(), &["build", "absent.toml"]), 2, "absent.toml");
    assert!(!site.path().join("golden").exists());
}

#[test]
fn no_temporary_file_is_left_behind() {
    let site = site();
    run(site.path(), &["build"]);
    let mut open = vec![site.path().join("golden")];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(at).expect("a folder") {
            let path = entry.expect("an entry").path();
            assert!(!path.to_string_lossy().ends_with(".tmp"), "{path:?}");
            if path.is_dir() {
                open.push(path);
            }
        }
    }
}
