//! The comparison: golden cases in `tests/cases/diff/<claim>/{before,after}.toml` with what is said of
//! them in `expected/`, YAML as data, Git revisions, and the bound on a comment's size.
//! Re-record with `GOLDEN=overwrite cargo test --test it diff::`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lifeboat::diff::{Diff, data, files, render};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lifeboat")).args(arguments).current_dir(folder).output().expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/diff")
}

#[test]
fn each_case_means_what_it_shows() {
    let overwrite = std::env::var_os("GOLDEN").is_some_and(|v| v == "overwrite");
    let mut failures = Vec::new();
    let mut folders: Vec<PathBuf> =
        fs::read_dir(cases()).expect("cases").map(|e| e.expect("one").path()).collect();
    folders.sort();
    assert!(folders.len() > 4, "only {folders:?}");
    for folder in folders {
        for (format, file) in [("human", "expected.txt"), ("markdown", "expected.md")] {
            let got =
                run(&folder, &["diff", "--from", "before.toml", "--to", "after.toml", "--format", format]);
            let code = got.status.code().expect("a code");
            assert!(code < 2, "{}: {}", folder.display(), text(&got.stderr));
            let said = format!("{}exit code {code}\n", text(&got.stdout));
            let path = folder.join(file);
            if overwrite {
                fs::write(&path, &said).expect("written");
            } else if fs::read_to_string(&path).unwrap_or_default() != said {
                failures.push(format!("{}\n{said}", path.display()));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{}\n\nif that is meant: GOLDEN=overwrite cargo test --test it diff::",
        failures.join("\n")
    );
}

#[test]
fn moved_keys_comments_and_quotes_are_no_changes() {
    let before = "# one\na: 1\nlist:\n  - name: x\n    v: 1\n  - name: y\n    v: \"on\"\n";
    let after = "list:\n  # another\n  - v: 'on'\n    name: y\n  - {name: x, v: 1}\na: 1\n";
    assert_eq!(data::changes(before, after), Some(Vec::new()));
}

#[test]
fn entries_of_a_list_are_matched_by_identity() {
    let changes = |before: &str, after: &str| -> Vec<String> {
        let all = data::changes(before, after).expect("YAML");
        all.into_iter().map(|c| format!("{} {:?} {:?}", c.path, c.before, c.after)).collect()
    };
    assert_eq!(
        changes(
            "env:\n  - name: a\n    value: 1\n  - name: b\n    value: 2\n",
            "env:\n  - name: b\n    value: 3\n"
        ),
        [
            "env[a] Some(\"{\\\"name\\\":\\\"a\\\",\\\"value\\\":1}\") None",
            "env[b].value Some(\"2\") Some(\"3\")"
        ]
    );
    // Equal keys with different effects are different taints.
    assert_eq!(
        changes(
            "t:\n  - {key: k, effect: NoSchedule}\n",
            "t:\n  - {key: k, effect: PreferNoSchedule}\n  - {key: k, effect: NoSchedule}\n"
        ),
        [
            "t[k PreferNoSchedule] None Some(\"{\\\"key\\\":\\\"k\\\",\\\"effect\\\":\\\"PreferNoSchedule\\\"}\")"
        ]
    );
    // Without an identity, equal entries are the same wherever they stand.
    assert_eq!(changes("l: [1, 2, 3]\n", "l: [3, 1]\n"), ["l[] Some(\"2\") None"]);
    // Documents by kind and name.
    let two = "kind: A\nmetadata: {name: x}\nv: 1\n---\nkind: B\nmetadata: {name: x}\nv: 1\n";
    let swapped = "kind: B\nmetadata: {name: x}\nv: 1\n---\nkind: A\nmetadata: {name: x}\nv: 2\n";
    assert_eq!(changes(two, swapped), ["A x.v Some(\"1\") Some(\"2\")"]);
}

#[test]
fn a_comment_stays_small_whatever_changes() {
    let long = "x".repeat(5_000);
    let line = |i: usize| format!("`{long}` <b>|{i}");
    let before = BTreeMap::from([("a/values.yaml".to_owned(), "a: 1\n".to_owned())]);
    let mut after = BTreeMap::new();
    for i in 0..300 {
        after.insert(format!("{i}/values.yaml"), format!("a: {i}\n"));
        after.insert(format!("{i}.md"), line(i));
    }
    let mut diff = Diff { files: files(&before, &after), ..Diff::default() };
    diff.hidden = (0..500).map(line).collect();
    diff.by_hand = (0..500).map(line).collect();
    let comment = render::markdown(&diff);
    assert!(comment.chars().count() < 65_000, "{}", comment.chars().count());
    assert!(comment.contains("more entries: `lifeboat diff --format json`"), "{comment}");
    assert!(!comment.contains("<b>"), "names stay text");
    let all = render::json(&diff);
    assert_eq!(all["hidden"].as_array().map(Vec::len), Some(500));
    assert_eq!(all["files"].as_array().map(Vec::len), Some(601));
}

fn git(folder: &Path, arguments: &[&str]) {
    let run = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("git");
    assert!(run.status.success(), "{arguments:?}: {}", text(&run.stderr));
}

#[test]
fn a_revision_is_read_with_its_bases_and_values() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let site = at.join("sites");
    fs::create_dir(&site).expect("made");
    let case = cases().join("larger-applications-break-a-claim");
    fs::copy(case.join("before.toml"), at.join("base.toml")).expect("copied");
    fs::write(site.join("policy.toml"), "extends = \"../base.toml\"\n[cluster]\nname = \"site\"\n")
        .expect("written");
    git(at, &["init", "-q", "-b", "main"]);
    git(at, &["add", "."]);
    git(at, &["commit", "-q", "-m", "before"]);
    let same = run(&site, &["diff"]);
    assert_eq!((same.status.code(), text(&same.stdout).as_str()), (Some(0), "nothing changes\n"));
    fs::copy(case.join("after.toml"), at.join("base.toml")).expect("copied");
    let broken = run(&site, &["diff", "--from", "main"]);
    assert_eq!(broken.status.code(), Some(1), "{}", text(&broken.stderr));
    assert!(text(&broken.stdout).starts_with("claims that flip\n"), "{}", text(&broken.stdout));
    // The other way round the claim is mended, which is no finding.
    let mended = run(&site, &["diff", "--from", "policy.toml", "--to", "main", "--format", "json"]);
    assert_eq!(mended.status.code(), Some(0), "{}", text(&mended.stderr));
    let json: serde_json::Value = serde_json::from_slice(&mended.stdout).expect("JSON");
    assert_eq!(json["breaks"], false);
    assert_eq!(json["claims"][0]["wasRefuted"], true);
}

#[test]
fn what_is_nothing_is_said_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("policy.toml"), "").expect("written");
    for what in ["--output=x", "no-such-thing", "-x"] {
        let got = run(at, &["diff", &format!("--from={what}")]);
        assert_eq!(got.status.code(), Some(2));
        assert!(text(&got.stderr).contains("no Git revision"), "{}", text(&got.stderr));
    }
    fs::create_dir(at.join("empty")).expect("made");
    let got = run(at, &["diff", "--from", "empty"]);
    assert!(text(&got.stderr).contains("neither a policy nor the outputs"), "{}", text(&got.stderr));
}

#[test]
fn two_folders_of_outputs_are_compared_as_they_lie() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::copy(cases().join("a-service-leaves/before.toml"), at.join("policy.toml")).expect("copied");
    for (out, from, to) in [("one", "", ""), ("two", "500m", "400m")] {
        let policy = fs::read_to_string(at.join("policy.toml")).expect("text").replace(from, to);
        fs::write(at.join("policy.toml"), policy).expect("written");
        let built = run(at, &["build", "--out", out]);
        assert!(built.status.success(), "{}", text(&built.stderr));
    }
    let same = run(at, &["diff", "--from", "one", "--to", "one"]);
    assert_eq!(text(&same.stdout), "nothing changes\n");
    let got = run(at, &["diff", "--from", "one", "--to", "two"]);
    assert_eq!(got.status.code(), Some(0));
    assert!(text(&got.stdout).contains("kubelet-arg+"), "{}", text(&got.stdout));
}
