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

/// Runs `build` on a policy that cannot be built: exit 2, the code named, nothing written.
fn refuses(prepare: impl FnOnce(&Path), code: &str) {
    let dir = tempfile::tempdir().expect("a folder");
    let policy = dir.path().join("policy.toml");
    prepare(&policy);
    let out = lifeboat(dir.path(), &["build", "--format", "short"]);
    let stderr = text(&out.stderr);
    assert_eq!(out.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains(&format!("error[{code}]")), "{stderr}");
    assert!(!stderr.contains('\u{1b}') && !stderr.contains("panicked"), "{stderr}");
    let left: Vec<_> = std::fs::read_dir(dir.path())
        .expect("there")
        .map(|entry| entry.expect("there").file_name())
        .collect();
    assert!(left.is_empty() || left == ["policy.toml"], "{left:?}");
}

const PRELUDE: &str = include_str!("../../cases/policy/prelude.toml");

#[test]
fn build_refuses_what_is_no_policy_and_writes_nothing() {
    let write = |bytes: Vec<u8>| move |path: &Path| std::fs::write(path, bytes).expect("written");
    refuses(|_| {}, "unreadable-file");
    // A folder stands for the sites in it.
    refuses(|path| std::fs::create_dir(path).expect("made"), "no-policy");
    refuses(write(b"a = \"\xff\xfe\"".to_vec()), "unreadable-file");
    refuses(
        |path| std::fs::File::create(path).and_then(|file| file.set_len(100 << 20)).expect("made"),
        "unreadable-file",
    );
    refuses(write(Vec::new()), "empty-file");
    refuses(write("a = ".to_owned().into_bytes().into_iter().chain([b'['; 100_000]).collect()), "not-toml");
    refuses(
        write(format!("{PRELUDE}[nodes.\"--all; rm -rf /\"]\nlike = \"worker\"\n").into_bytes()),
        "bad-name",
    );
    refuses(
        write(format!("{PRELUDE}[nodes.b]\nlike = \"worker\"\ncapacity.cpu = \"1e400\"\n").into_bytes()),
        "bad-value",
    );
}

#[test]
fn a_denied_warning_is_a_finding_and_an_allowed_one_is_silent() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("policy.toml"), format!("{PRELUDE}[tiers.idle]\npriority = 5\n"))
        .expect("written");
    let denied = lifeboat(dir.path(), &["build", "-D", "unused-tier"]);
    assert_eq!(denied.status.code(), Some(1), "{}", text(&denied.stderr));
    assert!(text(&denied.stderr).contains("error[unused-tier]"));
    assert!(!dir.path().join("golden").exists());
    let allowed = lifeboat(dir.path(), &["build", "-A", "unused-tier"]);
    assert_eq!(allowed.status.code(), Some(0), "{}", text(&allowed.stderr));
    assert!(!text(&allowed.stderr).contains("unused-tier"));
}

#[test]
fn what_init_writes_builds() {
    let dir = tempfile::tempdir().expect("a folder");
    assert_eq!(lifeboat(dir.path(), &["init"]).status.code(), Some(0));
    let built = lifeboat(dir.path(), &["build"]);
    assert_eq!(built.status.code(), Some(0), "{}", text(&built.stderr));
    assert!(!text(&built.stderr).contains("warning"), "{}", text(&built.stderr));
    assert!(dir.path().join("golden/RUNBOOK.md").exists());
    assert_eq!(lifeboat(dir.path(), &["check"]).status.code(), Some(0));
}
