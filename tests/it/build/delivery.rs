//! What a build tells people to do, done as far as files go: every manifest that the runbook applies is one, every script
//! that a page or a script names is there, and what the proof counts on is delivered.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::command::{POLICY, expect, run};

const ARGOCD: &str = "[argocd]\nrepository = \"https://git.example.com/edge.git\"\n";

/// The shipped policy with what stands behind it.
fn shipped(more: &str) -> TempDir {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = TempDir::new().expect("a folder");
    fs::create_dir(folder.path().join("values")).expect("made");
    fs::copy(root.join("values/loki.yaml"), folder.path().join("values/loki.yaml")).expect("copied");
    let policy = fs::read_to_string(root.join("policy.toml")).expect("read");
    fs::write(folder.path().join("policy.toml"), policy + more).expect("written");
    folder
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The files that the page's `kubectl apply` commands name; of a folder, those that kubectl takes from it.
fn applied(page: &str, from: &Path) -> Vec<PathBuf> {
    let page = page.replace("\\\n", " ");
    let commands =
        page.split("kubectl apply").skip(1).map(|rest| rest.split(['\n', '`']).next().unwrap_or(rest));
    let mut files = Vec::new();
    for command in commands {
        let words = shlex::split(command).expect("words");
        for pair in words.windows(2).filter(|pair| pair[0] == "-f") {
            let path = from.join(&pair[1]);
            if path.is_dir() {
                let entries = fs::read_dir(&path).expect("read").map(|entry| entry.expect("one").path());
                let taken = |path: &PathBuf| {
                    path.extension().is_some_and(|e| ["yaml", "yml", "json"].iter().any(|known| e == *known))
                };
                files.extend(entries.filter(taken));
            } else {
                files.push(path);
            }
        }
    }
    files
}

#[track_caller]
fn is_manifest(path: &Path) {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut seen = 0;
    for document in yaml_serde::Deserializer::from_str(&text) {
        let object: Value = serde::Deserialize::deserialize(document).expect("YAML");
        let there = |key: &str| object[key].as_str().is_some_and(|value| !value.is_empty());
        assert!(there("apiVersion") && there("kind"), "{} is no manifest: {object}", path.display());
        seen += 1;
    }
    assert!(seen > 0, "{} is empty", path.display());
}

#[test]
fn what_the_runbook_applies_are_manifests() {
    for (more, files) in [
        ("", 4),
        ("form = \"application-set\"\n", 4),
        ("priority-classes = \"application\"\n", 2 + 5),
        ("form = \"application-set\"\npriority-classes = \"application\"\n", 2 + 5),
        ("form = \"application-set\"\nfleet = \"fleet\"\n", 4),
    ] {
        let site = shipped(&format!("{ARGOCD}{more}"));
        expect(&run(site.path(), &["build"]), 0, "files");
        // A build of the fleet writes the sets.
        fs::create_dir(site.path().join("sites")).expect("made");
        fs::rename(site.path().join("policy.toml"), site.path().join("sites/policy.toml")).expect("moved");
        fs::rename(site.path().join("values"), site.path().join("sites/values")).expect("moved");
        expect(&run(site.path(), &["build", "sites/"]), 0, "1 site");
        let golden = site.path().join("sites/golden");
        let named = applied(&read(&golden, "RUNBOOK.md"), &golden);
        assert_eq!(named.len(), files, "{more}: {named:?}");
        let page = read(&golden, "RUNBOOK.md");
        let values = page.split("--values ").skip(1).filter_map(|rest| rest.split_whitespace().next());
        assert_eq!(values.map(|file| assert!(golden.join(file).is_file(), "{file}")).count(), 5);
        named.iter().for_each(|path| is_manifest(path));
    }
}

#[test]
fn classes_that_argo_cd_brings_later_are_applied_by_hand_before_its_own_pods() {
    let site = shipped(&format!("{ARGOCD}priority-classes = \"application\"\n"));
    expect(&run(site.path(), &["build"]), 0, "files");
    let golden = site.path().join("golden");
    let page = read(&golden, "RUNBOOK.md");
    let at = |what: &str| page.find(what).unwrap_or_else(|| panic!("no {what} in\n{page}"));
    let apply =
        "kubectl apply --server-side -f cluster/priority-classes.yaml -f cluster/lifeboat-lock.yaml\n";
    assert!(at("Install K3s") < at(apply) && at(apply) < at("helm upgrade"));
    assert!(!page.contains("the servers apply"), "{page}");
    assert!(read(&golden, "cluster/recovery/restore.md").contains(apply.trim_end()));
    // One way to the cluster, not two.
    assert!(!read(&golden, "cluster/install.sh").contains("priority-classes.yaml"));
    let app = read(&golden, "cluster/argocd/lifeboat-manifests.yaml");
    assert!(app.contains("{priority-classes.yaml,lifeboat-lock.yaml}"), "{app}");
}

#[test]
fn the_budget_is_delivered_as_the_classes_are() {
    let budget = "[budget]\nnamespaces = [\"apps\"]\nmemory = \"6Gi\"\ncpu = \"4\"\nenforce = true\n";
    let site = shipped(budget);
    expect(&run(site.path(), &["build"]), 0, "files");
    let golden = site.path().join("golden");
    assert!(read(&golden, "cluster/install.sh").contains(
        "application-budget.yaml /var/lib/rancher/k3s/server/manifests/lifeboat-application-budget.yaml"
    ));
    let page = read(&golden, "RUNBOOK.md");
    assert!(page.contains("\nkubectl get namespace apps || kubectl create namespace apps\n"), "{page}");
    let assumed = read(&golden, "SURVIVAL.md");
    assert!(assumed.contains("no quota but those that are counted"), "{assumed}");
    let site = shipped(&format!("{budget}{ARGOCD}priority-classes = \"application\"\n"));
    expect(&run(site.path(), &["build"]), 0, "files");
    let golden = site.path().join("golden");
    assert!(!read(&golden, "cluster/install.sh").contains("application-budget.yaml"));
    assert!(read(&golden, "cluster/argocd/lifeboat-manifests.yaml").contains("application-budget.yaml"));
    assert!(read(&golden, "RUNBOOK.md").contains("-f cluster/application-budget.yaml\n"));
}

#[test]
fn no_two_files_have_one_path() {
    let argocd = format!("{POLICY}{ARGOCD}priority-classes = \"application\"\n");
    for name in ["values", "cluster", "argocd", "k3s", "recovery"] {
        let site = TempDir::new().expect("a folder");
        fs::write(
            site.path().join("policy.toml"),
            argocd.replace("[services.events]", &format!("[services.{name}]")),
        )
        .expect("written");
        expect(&run(site.path(), &["build"]), 0, "files");
        assert!(read(site.path(), &format!("golden/{name}/values.yaml")).contains("priorityClassName"));
        assert!(
            read(site.path(), &format!("golden/cluster/argocd/{name}.yaml")).contains("kind: Application")
        );
    }
    let site = TempDir::new().expect("a folder");
    let clash = argocd.replace("[services.events]", "[services.lifeboat-manifests]");
    for form in ["", "form = \"application-set\"\n"] {
        fs::write(site.path().join("policy.toml"), format!("{clash}{form}")).expect("written");
        let refused = run(site.path(), &["build"]);
        expect(&refused, 2, "output-clash");
        expect(&refused, 2, "policy.toml:23:");
        assert!(!site.path().join("golden").exists());
    }
}

#[test]
fn applications_lie_where_the_policys_own_argo_cd_looks() {
    let site = shipped(ARGOCD);
    expect(&run(site.path(), &["build"]), 0, "files");
    let golden = site.path().join("golden");
    assert!(read(&golden, "cluster/argocd/loki.yaml").contains("namespace: platform-infrastructure"));
    expect(&run(site.path(), &["explain", "golden/cluster/argocd/loki.yaml:1"]), 0, "how Argo CD consumes");
    assert!(read(&golden, "RUNBOOK.md").contains("kubectl -n platform-infrastructure get applications"));
}

#[test]
fn a_destination_with_a_scheme_is_a_server() {
    for (destination, key) in
        [("http://10.0.0.1:6443", "server"), ("https://10.0.0.1:6443", "server"), ("plant-7", "name")]
    {
        let site = TempDir::new().expect("a folder");
        let policy = format!("{POLICY}{ARGOCD}destination = \"{destination}\"\n");
        fs::write(site.path().join("policy.toml"), policy).expect("written");
        expect(&run(site.path(), &["build"]), 0, "files");
        let app: Value =
            yaml_serde::from_str(&read(site.path(), "golden/cluster/argocd/events.yaml")).expect("YAML");
        assert_eq!(app["spec"]["destination"][key], destination, "{app:#}");
    }
}

/// Names of scripts in a text.
fn scripts(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "-._".contains(c)));
    words.filter(|word| word.ends_with(".sh") && word.len() > 3).map(str::to_owned).collect()
}

#[test]
fn no_page_and_no_script_names_a_script_that_is_not_there() {
    for change in [
        "",
        "rebalance = false",
        "fencing = \"none\"",
        "fencing = \"none\"\nrebalance = false",
        "fencing = \"automatic\"\nrebalance = false",
    ] {
        let site = shipped("");
        let policy = read(site.path(), "policy.toml");
        let stated = policy.lines().find(|line| line.starts_with("fencing")).expect("a line").to_owned();
        let line = match change {
            "" => stated.clone(),
            change if change.contains("fencing") => change.to_owned(),
            change => format!("{stated}\n{change}"),
        };
        fs::write(site.path().join("policy.toml"), policy.replace(&stated, &line)).expect("written");
        expect(&run(site.path(), &["build"]), 0, "files");
        let cluster = site.path().join("golden/cluster");
        let here: BTreeSet<String> = [cluster.clone(), cluster.join("recovery")]
            .iter()
            .flat_map(|folder| fs::read_dir(folder).expect("read"))
            .map(|entry| entry.expect("one").file_name().into_string().expect("UTF-8"))
            .collect();
        for page in ["RUNBOOK.md", "cluster/recovery/restore.md", "cluster/install.sh"] {
            let named = scripts(&read(site.path(), &format!("golden/{page}")));
            let missing: Vec<_> = named.difference(&here).collect();
            assert!(missing.is_empty(), "{change}: {page} names {missing:?}");
        }
        let status = read(site.path(), "golden/cluster/recovery/status.sh");
        for (word, script) in [("FENCES", "fence.sh"), ("REBALANCES", "rebalance.sh")] {
            let yes = if here.contains(script) { "yes" } else { "no" };
            assert!(status.contains(&format!("\n{word}={yes}\n")), "{change}: {word}");
        }
        if change.contains("none") {
            assert!(!read(site.path(), "golden/RUNBOOK.md").contains("a person fences"));
        }
    }
}

#[test]
fn what_a_host_needs_again_is_said_by_build_diff_and_label() {
    let site = shipped("");
    expect(&run(site.path(), &["build"]), 0, "files");
    let before = read(site.path(), "policy.toml");
    fs::write(site.path().join("before.toml"), &before).expect("written");
    let labels = || {
        let record: Value = serde_json::from_str(&read(site.path(), "golden/.lifeboat.json")).expect("JSON");
        record["builds"].clone()
    };
    let old = labels();
    // Further scripts and timers on the server; no drop-in says anything else.
    let after = before.replace("fencing = \"manual\"", "fencing = \"automatic\"");
    fs::write(site.path().join("policy.toml"), after).expect("written");
    expect(
        &run(site.path(), &["diff", "--from", "before.toml"]),
        0,
        "host files change on master: `cluster/install.sh NODE` on each; K3s need not be restarted",
    );
    let built = run(site.path(), &["build"]);
    expect(&built, 0, "host files: `cluster/install.sh NODE` again on master, without a restart of K3s");
    let new = labels();
    assert_eq!(new["master"].as_array().map(Vec::len), Some(2), "{new}");
    assert_eq!(new["master"][1], old["master"][0]);
    assert_eq!(new["worker-1"], old["worker-1"], "an agent has the drop-in only");
    let status = read(site.path(), "golden/cluster/recovery/status.sh");
    assert!(status.contains(new["master"][0].as_str().expect("a label")), "{status}");
    // What K3s applied it never takes away.
    fs::write(
        site.path().join("policy.toml"),
        before.replace(", \"node-affinity\", \"lock\"]", ", \"node-affinity\"]"),
    )
    .expect("written");
    let diff = run(site.path(), &["diff", "--from", "before.toml"]);
    expect(
        &diff,
        1,
        "the lock of the last build stays in the cluster until `kubectl -n lifeboat delete deployment lifeboat-lock`",
    );
    assert!(!String::from_utf8_lossy(&diff.stdout).contains("lifeboat-lock.yaml must be there"), "{diff:?}");
    // A reserve is K3s's business.
    let after = before.replacen("reserve = { cpu = \"100m\"", "reserve = { cpu = \"110m\"", 1);
    assert_ne!(after, before);
    fs::write(site.path().join("policy.toml"), after).expect("written");
    let built = run(site.path(), &["build"]);
    expect(&built, 0, "again on worker-1, worker-2, then restart K3s there");
    expect(&built, 0, "again on master, without a restart of K3s");
}
