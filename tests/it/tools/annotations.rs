//! `--format github`: each finding of `check` is one workflow command that an annotation is made of. A golden file
//! per claim; a reader of the runner's own rules takes every line apart again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::{read, root};

/// A policy file's name that needs every escape of a property.
const HOSTILE: &str = "a,b:c%.toml";

/// What `check --format github` says, both streams.
fn check(folder: &Path, policy: &str) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_lifeboat"))
        .args(["check", "--format", "github", "--", policy])
        .current_dir(folder)
        .output()
        .expect("runs");
    assert!(run.status.code().is_some_and(|code| code < 3));
    format!("{}{}", String::from_utf8_lossy(&run.stderr), String::from_utf8_lossy(&run.stdout))
}

fn built(policy: &str, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(policy), text).expect("written");
    let run = Command::new(env!("CARGO_BIN_EXE_lifeboat"))
        .args(["build", "--", policy])
        .current_dir(folder.path())
        .output()
        .expect("runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    folder
}

/// A workflow command as the runner reads it (`ActionCommand.TryParseV2`): command, properties, message.
fn command(line: &str) -> (String, BTreeMap<String, String>, String) {
    let (head, message) = line.strip_prefix("::").and_then(|l| l.split_once("::")).expect("a command");
    let (name, properties) = head.split_once(' ').expect("properties");
    let back = |text: &str| {
        let text = text.replace("%3A", ":").replace("%2C", ",").replace("%0D", "\r").replace("%0A", "\n");
        text.replace("%25", "%")
    };
    let pairs = properties.split(',').map(|pair| pair.split_once('=').expect("key and value"));
    (name.to_owned(), pairs.map(|(key, value)| (key.to_owned(), back(value))).collect(), back(message))
}

/// The commands of an output, all of which must be findings with a place that is there.
fn annotations(folder: &Path, said: &str) -> Vec<(String, BTreeMap<String, String>, String)> {
    let all: Vec<_> = said.lines().filter(|line| line.starts_with("::")).map(command).collect();
    for (level, properties, message) in &all {
        assert!(["error", "warning", "notice"].contains(&level.as_str()), "{level}");
        let code = &properties["title"];
        assert!(lifeboat::diag::Code::find(code).is_some(), "{code}");
        assert!(!message.is_empty());
        if let (Some(file), Some(line)) = (properties.get("file"), properties.get("line")) {
            let text =
                fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            let line: usize = line.parse().expect("a number");
            assert!((1..=text.lines().count()).contains(&line), "{file}:{line}");
        }
    }
    all
}

#[track_caller]
fn golden(name: &str, said: &str) {
    let path = root().join(format!("tests/cases/annotations/{name}.txt"));
    if std::env::var_os("GOLDEN").is_some_and(|v| v == "overwrite") {
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, said).expect("written");
    }
    let wanted = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        wanted == said,
        "{name}: GOLDEN=overwrite cargo test --test it tools::annotations\n--- wanted\n{wanted}\n--- found\n{said}"
    );
}

const SMALL: &str = "tests/cases/diff/larger-applications-break-a-claim/before.toml";
const BROKEN_CLAIM: &str = "tests/cases/diff/larger-applications-break-a-claim/after.toml";

#[test]
fn drift_is_annotated_at_the_first_line_that_differs() {
    let folder = built("policy.toml", &read(SMALL));
    let outputs = folder.path().join("out");
    let changed = outputs.join("cluster/priority-classes.yaml");
    let text = fs::read_to_string(&changed).expect("text");
    fs::write(&changed, text.replacen("value:", "value: 1 # 100%, or so: was", 1)).expect("written");
    fs::remove_file(outputs.join("cluster/taints.sh")).expect("removed");
    fs::write(outputs.join("no:tes, 100%.txt"), "mine").expect("written");
    let said = check(folder.path(), "policy.toml");
    let all = annotations(folder.path(), &said);
    let by = |code: &str| all.iter().filter(|a| a.1["title"] == code).collect::<Vec<_>>();
    let [drift] = by("changed-file")[..] else { panic!("{said}") };
    let line = text.lines().position(|l| l.starts_with("value:")).expect("a value") + 1;
    assert_eq!(
        (&*drift.1["file"], &*drift.1["line"]),
        ("out/cluster/priority-classes.yaml", &*line.to_string())
    );
    assert!(drift.2.contains("\n-value: 1 # 100%, or so: was"), "{}", drift.2);
    assert_eq!(by("missing-file")[0].1["file"], "out/cluster/taints.sh");
    assert_eq!(
        (&*by("foreign-file")[0].0, &*by("foreign-file")[0].1["file"]),
        ("warning", "out/no:tes, 100%.txt")
    );
    golden("drift", &said);
    // For people the same diff stands line by line.
    let run = Command::new(env!("CARGO_BIN_EXE_lifeboat")).arg("check").current_dir(folder.path()).output();
    let human = String::from_utf8(run.expect("runs").stderr).expect("text");
    assert!(human.lines().any(|line| line.ends_with(" +value: 1000000")), "{human}");
}

#[test]
fn a_refuted_claim_is_annotated_at_its_line_of_the_policy() {
    let folder = built("policy.toml", &read(BROKEN_CLAIM));
    let said = check(folder.path(), "policy.toml");
    let all = annotations(folder.path(), &said);
    let refuted: Vec<_> = all.iter().filter(|a| a.1["title"] == "claim-refuted").collect();
    assert!(!refuted.is_empty(), "{said}");
    for (level, properties, _) in refuted {
        assert_eq!((&**level, &*properties["file"]), ("error", "policy.toml"));
        assert!(properties.contains_key("line") && properties.contains_key("col"));
    }
    golden("a-refuted-claim", &said);
}

#[test]
fn a_broken_policy_of_a_hostile_name_is_annotated_with_every_escape() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "[cluster]\nname = \"edge\"\ndatastore = \"etcd%0A::error::\"\nkubernetes = \"1.34\"\n\"x\\n::stop\" = 1\n";
    fs::write(folder.path().join(HOSTILE), text).expect("written");
    let said = check(folder.path(), HOSTILE);
    let all = annotations(folder.path(), &said);
    let placed: Vec<_> = all.iter().filter_map(|a| a.1.get("file")).collect();
    assert!(placed.len() > 1 && placed.iter().all(|file| *file == HOSTILE), "{said}");
    assert_eq!(said.lines().count(), all.len(), "a text of the policy made a line of its own: {said}");
    assert!(said.contains("::error file=a%2Cb%3Ac%25.toml,line=3,"), "{said}");
    golden("a-broken-policy-of-a-hostile-name", &said);
}

/// Every form but this one says the same; no finding is lost on the way to an annotation.
#[test]
fn there_are_as_many_annotations_as_findings() {
    let folder = built("policy.toml", &read(BROKEN_CLAIM));
    fs::remove_file(folder.path().join("out/cluster/taints.sh")).expect("removed");
    let run = Command::new(env!("CARGO_BIN_EXE_lifeboat"))
        .args(["check", "--format", "json"])
        .current_dir(folder.path())
        .output()
        .expect("runs");
    let objects = String::from_utf8(run.stderr).expect("text").lines().filter(|l| l.starts_with('{')).count();
    let said = check(folder.path(), "policy.toml");
    assert_eq!(annotations(folder.path(), &said).len(), objects, "{said}");
}
