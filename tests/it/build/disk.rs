//! Disks that are full, and folders that cannot be written: a clear error, and what was there stays whole. `LIFEBOAT_UNSHARE`
//! is a command that gives a mount namespace of one's own, which not every machine allows.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::command::{POLICY, expect, run, site};
use crate::fleet::fleet;

/// Runs a shell script in a mount namespace of its own; `$0` is lifeboat.
fn in_namespace(folder: &Path, script: &str) -> Output {
    let unshare = std::env::var("LIFEBOAT_UNSHARE").expect("LIFEBOAT_UNSHARE is a command");
    let words = shlex::split(&unshare).expect("words");
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).args(["sh", "-eu", "-c", script, env!("CARGO_BIN_EXE_lifeboat")]);
    command.current_dir(folder).output().expect("runs")
}

#[test]
#[ignore = "needs LIFEBOAT_UNSHARE: .ci/run runs it"]
fn a_full_disk_is_a_clear_error_and_what_was_there_stays_whole() {
    let site = site();
    run(site.path(), &["build"]);
    // The old outputs on a disk without room for the new ones.
    let script = "mkdir full; mount -t tmpfs -o size=512k tmpfs full; cp -r golden full/golden
        dd if=/dev/zero of=full/filler bs=4k 2>/dev/null || :
        code=0; \"$0\" build new.toml --out full/golden --format short || code=$?
        diff -r golden full/golden >&2 || echo CHANGED
        exit $code";
    fs::write(site.path().join("new.toml"), POLICY.replace("\"small\"", "\"other\"")).expect("written");
    let full = in_namespace(site.path(), script);
    expect(&full, 2, "unwritable");
    expect(&full, 2, "No space left");
    let said = String::from_utf8_lossy(&full.stderr);
    assert!(!said.contains(".tmp") && !said.contains(&site.path().display().to_string()), "{said}");
    assert!(!String::from_utf8_lossy(&full.stdout).contains("CHANGED"), "{full:?}");
}

#[test]
#[ignore = "needs LIFEBOAT_UNSHARE: .ci/run runs it"]
fn a_read_only_folder_is_a_clear_error() {
    let site = site();
    run(site.path(), &["build"]);
    fs::write(site.path().join("new.toml"), POLICY.replace("\"small\"", "\"other\"")).expect("written");
    let script = "mount --bind golden golden; mount -o remount,ro,bind golden; exec \"$0\" build new.toml --format short";
    let output = in_namespace(site.path(), script);
    expect(&output, 2, "unwritable");
    expect(&output, 2, "Read-only file system");
    expect(&run(site.path(), &["check"]), 0, "as the policy says");
}

const GOOD: &str = "sites/ada.toml sites/bob.toml sites/cyd.toml";

#[test]
#[ignore = "needs LIFEBOAT_UNSHARE: .ci/run runs it"]
fn a_fleet_on_a_full_disk_has_whole_files_and_names_the_sites_without() {
    let fleet = fleet();
    // Room for one site and a bit.
    let script = format!(
        "mkdir out; mount -t tmpfs -o size=112k tmpfs out
        code=0; \"$0\" build {GOOD} -A field-unreachable || code=$?
        find out -name '*.tmp' -exec echo HALF {{}} +
        mount -o remount,size=4m out
        \"$0\" build {GOOD} -A field-unreachable >/dev/null 2>&1 || echo BROKEN
        \"$0\" check {GOOD} -A field-unreachable >/dev/null 2>said || echo DRIFT
        grep foreign-file said && echo FOREIGN
        exit $code"
    );
    let full = in_namespace(fleet.path(), &script);
    expect(&full, 2, "No space left");
    let said = String::from_utf8_lossy(&full.stdout);
    assert!(said.contains(" broken ") && said.contains("unwritable"), "{said}");
    // It is the disk, not a line of the policy, that sets those apart.
    assert!(!said.contains("differs by"), "{said}");
    for wrong in ["HALF", "BROKEN", "DRIFT", "FOREIGN"] {
        assert!(!said.contains(wrong), "{said}");
    }
}

#[test]
#[ignore = "needs LIFEBOAT_UNSHARE: .ci/run runs it"]
fn a_fleet_in_a_read_only_folder_is_told_for_each_site() {
    let fleet = fleet();
    let script = format!(
        "\"$0\" build {GOOD} -A field-unreachable >/dev/null 2>&1
        sed -i 's/^default = true/default = true\\ndescription = \"else\"/' base.toml
        mount --bind out out; mount -o remount,ro,bind out
        exec \"$0\" build {GOOD} -A field-unreachable --format short"
    );
    let output = in_namespace(fleet.path(), &script);
    expect(&output, 2, "Read-only file system");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.matches("error[unwritable]").count(), 3, "{said}");
}
