//! `init`, `schema` and `explain` as a user runs them.

use std::path::Path;
use std::process::{Command, Output};

fn lifeboat(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lifeboat")).current_dir(dir).args(args).output().expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn init_writes_once_and_never_overwrites() {
    let dir = tempfile::tempdir().expect("a folder");
    let first = lifeboat(dir.path(), &["init", "sites/plant-7"]);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    assert!(text(&first.stdout).contains("lifeboat build sites/plant-7/policy.toml"));
    let policy = dir.path().join("sites/plant-7/policy.toml");
    std::fs::write(&policy, "mine").expect("written");
    let second = lifeboat(dir.path(), &["init", "sites/plant-7"]);
    assert_eq!(second.status.code(), Some(2));
    assert!(text(&second.stderr).contains("overwrites nothing"));
    assert_eq!(std::fs::read_to_string(&policy).expect("there"), "mine");
}

#[cfg(unix)]
#[test]
fn init_follows_no_dangling_link() {
    let dir = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink(dir.path().join("elsewhere"), dir.path().join("policy.toml")).expect("linked");
    assert_eq!(lifeboat(dir.path(), &["init"]).status.code(), Some(2));
    assert!(!dir.path().join("elsewhere").exists());
    assert!(!dir.path().join("policy.schema.json").exists());
}

#[test]
fn schema_prints_the_committed_schema() {
    let out = lifeboat(Path::new("."), &["schema"]);
    assert_eq!(text(&out.stdout), include_str!("../../../policy.schema.json"));
}

#[test]
fn explain_tells_of_a_code_and_of_its_neighbour() {
    let known = lifeboat(Path::new("."), &["explain", "nobody-ashore"]);
    assert_eq!(known.status.code(), Some(0));
    assert!(text(&known.stdout).starts_with("error[nobody-ashore]: Every node is tainted."));
    let misspelt = lifeboat(Path::new("."), &["explain", "nobody-ashor"]);
    assert_eq!(misspelt.status.code(), Some(2));
    assert!(text(&misspelt.stderr).contains("did you mean `nobody-ashore`?"));
}

#[test]
fn an_unknown_code_is_wrong_usage() {
    let out = lifeboat(Path::new("."), &["-D", "unknwon-key", "schema"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out.stderr).contains("did you mean `unknown-key`?"));
}
