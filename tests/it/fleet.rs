//! Many sites on one base: each for itself, in order, whatever the number of threads.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const BASE: &str = r#"
[cluster]
kubernetes = "1.34"
datastore = "etcd"
output = "../out/{cluster}"
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
components.controller = { requests = { cpu = "250m", memory = "256Mi" } }
[scenarios.yellow]
lose = "each agent"
expect = { running = ["critical"] }
[scenarios.red]
lose = "all agents"
expect = { lifeboat = ["critical"] }
"#;

/// Three good sites, one whose lifeboat is too small, and one that is no policy.
pub(crate) fn fleet() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    fs::create_dir(folder.path().join("sites")).expect("made");
    write("base.toml", BASE);
    for (name, more) in
        [("ada", ""), ("bob", ""), ("cyd", ""), ("eve", "nodes.master.capacity.memory = \"300Mi\"\n")]
    {
        write(
            &format!("sites/{name}.toml"),
            &format!("extends = \"../base.toml\"\ncluster.name = \"{name}\"\n{more}"),
        );
    }
    write(
        "sites/dan.toml",
        "extends = \"../base.toml\"\ncluster.name = \"dan\"\nnodes.worker-1.role = \"boss\"\n",
    );
    folder
}

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
    command.current_dir(folder).args(args).args(["-A", "field-unreachable"]).output().expect("runs")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn all(output: &Output) -> String {
    out(output) + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn each_site_is_proved_and_the_summary_names_the_line_that_sets_one_apart() {
    let fleet = fleet();
    let proved = run(fleet.path(), &["prove", "sites"]);
    assert_eq!(proved.status.code(), Some(2), "{}", all(&proved));
    let text = out(&proved);
    let sites: Vec<&str> = text.lines().take(5).map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(sites, ["ada", "bob", "cyd", "dan", "eve"].map(|name| format!("sites/{name}.toml")));
    let (_, summary) = text.split_once("5 sites\n").expect("a summary");
    let lines: Vec<&str> = summary.lines().map(str::trim).collect();
    assert!(lines[0].starts_with("broken") && lines[0].contains("sites/dan.toml"), "{summary}");
    assert!(lines[1].starts_with("refuted") && lines[1].contains("eve"), "{summary}");
    assert!(lines[1].contains("[differs by nodes.master.capacity.memory]"), "{summary}");
    assert!(lines[2].starts_with("proved") && lines[2].contains("ada, bob, cyd"), "{summary}");
    assert!(all(&proved).contains("in sites/dan.toml:"), "{}", all(&proved));
}

#[test]
fn a_refuted_claim_stands_under_its_sites_name_though_the_base_claims_it() {
    let fleet = fleet();
    let text = fs::read_to_string(fleet.path().join("sites/eve.toml")).expect("read");
    fs::write(fleet.path().join("sites/fay.toml"), text.replace("eve", "fay")).expect("written");
    run(fleet.path(), &["build", "sites"]);
    for (verb, format) in [("prove", "short"), ("prove", "human"), ("check", "short")] {
        let told = run(
            fleet.path(),
            &[verb, "sites/ada.toml", "sites/eve.toml", "sites/fay.toml", "--format", format],
        );
        let said = String::from_utf8_lossy(&told.stderr).into_owned();
        for site in ["eve", "fay"] {
            let (_, own) = said.split_once(&format!("in sites/{site}.toml:")).expect(&said);
            let own = own.split("\nin ").next().unwrap_or_default();
            assert!(own.contains("claim-refuted"), "{verb} {format} {site}: {said}");
        }
        let base = said.split_once("in base.toml:").map_or("", |(_, rest)| rest);
        assert!(!base.split("\nin ").next().unwrap_or_default().contains("claim-refuted"), "{said}");
    }
}

#[test]
fn a_broken_site_does_not_stop_the_others_and_one_finding_alone_exits_with_1() {
    let fleet = fleet();
    let built = run(fleet.path(), &["build", "sites"]);
    assert_eq!(built.status.code(), Some(2), "{}", all(&built));
    assert!(fleet.path().join("out/ada/cluster/taints.sh").is_file());
    assert!(!fleet.path().join("out/dan").exists());
    let good = ["check", "sites/ada.toml", "sites/bob.toml"];
    assert_eq!(run(fleet.path(), &good).status.code(), Some(0));
    fs::write(fleet.path().join("out/bob/cluster/taints.sh"), "exit 0\n").expect("written");
    let drifted = run(fleet.path(), &good);
    assert_eq!(drifted.status.code(), Some(1), "{}", all(&drifted));
    assert!(out(&drifted).contains(" drifted  1  bob"), "{}", all(&drifted));
    let refuted = run(fleet.path(), &["prove", "sites/ada.toml", "sites/eve.toml"]);
    assert_eq!(refuted.status.code(), Some(1), "{}", all(&refuted));
}

#[test]
fn the_output_does_not_depend_on_the_number_of_threads() {
    let fleet = fleet();
    for format in ["human", "json"] {
        let with = |jobs: &str| {
            let output = run(fleet.path(), &["prove", "sites", "--jobs", jobs, "--format", format]);
            (output.stdout, output.stderr)
        };
        assert_eq!(with("1"), with("4"));
    }
}

#[test]
fn json_is_one_object_a_line_the_summary_last() {
    let fleet = fleet();
    let output = run(fleet.path(), &["check", "sites", "--format", "json"]);
    let objects: Vec<serde_json::Value> =
        out(&output).lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert_eq!(objects.len(), 6);
    assert_eq!(objects[0]["site"], "sites/ada.toml");
    assert_eq!(objects[0]["standing"], "drifted");
    let codes = objects[3]["findings"].as_array().expect("findings").iter().map(|f| f["code"].as_str());
    assert!(codes.flatten().any(|code| code == "unknown-word"));
    assert_eq!(objects[5]["summary"]["sites"], 5);
    assert_eq!(objects[5]["summary"]["groups"][0]["standing"], "broken");
}

#[test]
fn a_site_says_the_same_alone_and_in_its_fleet() {
    let fleet = fleet();
    run(fleet.path(), &["build", "sites"]);
    for site in ["ada", "eve"] {
        let alone = run(fleet.path(), &["build", &format!("sites/{site}.toml")]);
        assert!(all(&alone).contains("nothing changed"), "{}", all(&alone));
    }
}

#[test]
fn two_sites_with_one_folder_are_both_refused() {
    let fleet = fleet();
    let site = |name: &str| {
        format!("extends = \"../base.toml\"\ncluster = {{ name = \"{name}\", output = \"../out/one\" }}\n")
    };
    fs::write(fleet.path().join("sites/ada.toml"), site("ada")).expect("written");
    fs::write(fleet.path().join("sites/bob.toml"), site("bob")).expect("written");
    let built = run(fleet.path(), &["build", "sites"]);
    assert!(all(&built).contains("error[shared-output]"), "{}", all(&built));
    assert!(!fleet.path().join("out/one").exists());
    assert!(fleet.path().join("out/cyd").exists());
}

#[test]
fn a_folder_without_sites_is_an_error_and_a_base_in_it_is_no_site() {
    let fleet = fleet();
    fs::create_dir(fleet.path().join("empty")).expect("made");
    let none = run(fleet.path(), &["prove", "empty", "--format", "short"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(all(&none).contains("no-policy"), "{}", all(&none));
    // A base among its sites.
    fs::write(fleet.path().join("sites/base.toml"), BASE).expect("written");
    let text = "extends = \"base.toml\"\ncluster.name = \"ada\"\n";
    fs::write(fleet.path().join("sites/ada.toml"), text).expect("written");
    let proved = run(fleet.path(), &["prove", "sites"]);
    assert!(out(&proved).contains("\n5 sites\n"), "{}", all(&proved));
}

#[test]
fn an_error_of_the_base_is_told_once_and_its_sites_are_not_blamed() {
    let fleet = fleet();
    // A value and a name that are wrong: from them follow errors in what names the tier.
    let bad = BASE
        .replace("priority = 1000\n", "priority = \"much\"\n")
        .replace("role = \"server\"", "role = \"boss\"");
    fs::write(fleet.path().join("base.toml"), &bad).expect("written");
    let proved = run(fleet.path(), &["prove", "sites", "--format", "short"]);
    assert_eq!(proved.status.code(), Some(2), "{}", all(&proved));
    let said = String::from_utf8_lossy(&proved.stderr).into_owned();
    for code in ["error[wrong-type]", "error[unknown-word]"] {
        assert_eq!(said.matches(code).count(), 1, "{said}");
    }
    assert_eq!(said.matches("in base.toml:").count(), 1, "{said}");
    assert!(!said.contains("in sites/"), "{said}");
    let blamed = "not compiled because its base is broken: base.toml";
    assert_eq!(out(&proved).matches(blamed).count(), 5, "{}", out(&proved));
    let (_, summary) =
        out(&proved).split_once("5 sites\n").map(|(a, b)| (a.to_owned(), b.to_owned())).expect("a summary");
    assert_eq!(summary.lines().count(), 1, "{summary}");
    // The same for programs: the base by itself, before its first site.
    let json = run(fleet.path(), &["check", "sites", "--format", "json"]);
    let objects: Vec<serde_json::Value> =
        out(&json).lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert_eq!(objects[0]["base"], "base.toml");
    assert_eq!(objects[0]["findings"].as_array().expect("findings").len(), 2);
    assert_eq!(objects.len(), 7);
    assert_eq!(objects[1]["brokenBases"][0], "base.toml");
    assert!(objects[1]["findings"].as_array().expect("findings").is_empty());
}

#[test]
fn an_error_in_the_base_that_is_the_sites_doing_is_the_sites() {
    let fleet = fleet();
    // The base names the tier that this site takes out.
    let text = "extends = \"../base.toml\"\ncluster.name = \"bob\"\ntiers.critical.enabled = false\n";
    fs::write(fleet.path().join("sites/bob.toml"), text).expect("written");
    let proved = run(fleet.path(), &["prove", "sites"]);
    assert!(!out(&proved).contains("its base is broken"), "{}", all(&proved));
    assert!(out(&proved).contains("sites/bob.toml: broken: "), "{}", all(&proved));
    assert!(out(&proved).contains("sites/ada.toml: 2 of 2 claims proved"), "{}", all(&proved));
}

#[test]
fn a_base_that_is_no_toml_is_told_once() {
    let fleet = fleet();
    fs::write(fleet.path().join("base.toml"), "[cluster\n").expect("written");
    let built = run(fleet.path(), &["build", "sites", "--format", "short"]);
    assert_eq!(built.status.code(), Some(2), "{}", all(&built));
    assert_eq!(String::from_utf8_lossy(&built.stderr).matches(": error[").count(), 1, "{}", all(&built));
}

/// Every file below a folder with its content.
fn files(folder: &Path) -> std::collections::BTreeMap<std::path::PathBuf, String> {
    let mut found = std::collections::BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(&at).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                // A file under a passing name may be gone by now.
                let text = fs::read_to_string(&path);
                found.extend(text.ok().map(|text| (path, text)));
            }
        }
    }
    found
}

const GOOD: [&str; 4] = ["build", "sites/ada.toml", "sites/bob.toml", "sites/cyd.toml"];

#[test]
fn a_fleets_build_that_was_killed_is_made_whole_by_the_next() {
    let fleet = fleet();
    run(fleet.path(), &GOOD);
    let whole = files(&fleet.path().join("out"));
    assert!(whole.len() > 30, "{}", whole.len());
    for wanted in [0, 1, 10, 25] {
        fs::remove_dir_all(fleet.path().join("out")).expect("removed");
        let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
        let quiet = std::process::Stdio::null;
        let mut build = command
            .current_dir(fleet.path())
            .args(GOOD)
            .stdout(quiet())
            .stderr(quiet())
            .spawn()
            .expect("runs");
        // As soon as so many files are there.
        while files(&fleet.path().join("out")).len() < wanted && build.try_wait().expect("waits").is_none() {}
        let _ = build.kill();
        let _ = build.wait();
        for (path, text) in files(&fleet.path().join("out")) {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            // The record runs ahead of the files, and a file under a passing name is not there yet.
            assert!(
                name.ends_with(".tmp") || name == ".lifeboat.json" || whole[&path] == text,
                "{path:?} is half"
            );
        }
        assert_eq!(run(fleet.path(), &GOOD).status.code(), Some(0));
        assert!(files(&fleet.path().join("out")) == whole, "after {wanted} files");
    }
}

#[test]
fn two_builds_of_a_fleet_at_once_leave_it_whole() {
    let fleet = fleet();
    run(fleet.path(), &GOOD);
    let whole = files(&fleet.path().join("out"));
    fs::remove_dir_all(fleet.path().join("out")).expect("removed");
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| assert_eq!(run(fleet.path(), &GOOD).status.code(), Some(0)));
        }
    });
    assert!(files(&fleet.path().join("out")) == whole);
    // Drift is no line of the policy's doing.
    fs::write(fleet.path().join("out/bob/cluster/taints.sh"), "exit 0\n").expect("written");
    let check = ["check", "sites/ada.toml", "sites/bob.toml", "sites/cyd.toml"];
    let said = out(&run(fleet.path(), &check));
    assert!(said.contains(" drifted  1  bob") && !said.contains("differs by"), "{said}");
}
