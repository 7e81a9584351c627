//! Builds that are interrupted, meet each other, or find no room: nothing half-written, nothing foreign lost.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::command::{POLICY, expect, run, site};

#[test]
fn a_second_build_waits_for_the_first_and_says_so_if_it_does_not_end() {
    let site = site();
    run(site.path(), &["build"]);
    let folder = File::open(site.path().join("golden")).expect("a folder");
    folder.lock().expect("locked");
    expect(&run(site.path(), &["build"]), 2, "folder-busy");
    let waiting = std::thread::scope(|scope| {
        let build = scope.spawn(|| run(site.path(), &["build"]));
        std::thread::sleep(Duration::from_millis(300));
        folder.unlock().expect("unlocked");
        build.join().expect("ran")
    });
    expect(&waiting, 0, "nothing changed");
}

#[test]
fn a_file_where_the_folder_should_be_is_told_and_stays() {
    let site = site();
    let file = site.path().join("golden");
    fs::write(&file, "mine").expect("written");
    for command in ["build", "check"] {
        expect(&run(site.path(), &[command]), 2, "`golden` is not a folder");
    }
    assert_eq!(fs::read_to_string(&file).expect("read"), "mine");
}

#[test]
fn builds_of_two_policies_in_one_folder_at_once_leave_one_of_them_whole() {
    let site = site();
    let without = POLICY.split("[services.events]").next().expect("a head");
    fs::write(site.path().join("less.toml"), without).expect("written");
    for _ in 0..3 {
        std::thread::scope(|scope| {
            for policy in ["policy.toml", "less.toml", "policy.toml", "less.toml"] {
                scope.spawn(|| assert_eq!(run(site.path(), &["build", policy]).status.code(), Some(0)));
            }
        });
        let whole = ["policy.toml", "less.toml"].iter().any(|policy| {
            let check = run(site.path(), &["check", policy]);
            check.status.code() == Some(0) && !String::from_utf8_lossy(&check.stderr).contains("foreign-file")
        });
        assert!(whole);
    }
}

#[test]
fn what_an_interrupted_build_left_is_known_to_the_next() {
    let site = site();
    let golden = site.path().join("golden");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
    command.current_dir(site.path()).arg("build").stdout(Stdio::null()).stderr(Stdio::null());
    let mut build = command.spawn().expect("runs");
    // As soon as the first file of its own is there.
    for _ in 0..2_000 {
        if golden.join(".lifeboat.json").exists() || build.try_wait().expect("waits").is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let _ = build.kill();
    let _ = build.wait();
    fs::write(golden.join(".lifeboat-1a2b.tmp"), "half").expect("written");
    let without = POLICY.split("[services.events]").next().expect("a head").to_owned();
    fs::write(site.path().join("policy.toml"), without).expect("written");
    expect(&run(site.path(), &["build"]), 0, "files");
    let check = run(site.path(), &["check"]);
    expect(&check, 0, "as the policy says");
    assert!(!String::from_utf8_lossy(&check.stderr).contains("foreign-file"), "{check:?}");
    assert!(!golden.join("events").exists() && !golden.join(".lifeboat-1a2b.tmp").exists());
}

#[test]
fn status_knows_how_many_builds_old_a_host_is() {
    let site = site();
    let labels = || {
        let text = fs::read_to_string(site.path().join("golden/.lifeboat.json")).expect("read");
        let record: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let of = &record["builds"]["worker-1"];
        of.as_array()
            .expect("labels")
            .iter()
            .map(|l| l.as_str().expect("text").to_owned())
            .collect::<Vec<_>>()
    };
    for (taint, ages) in [("", 1), ("a", 2), ("b", 3), ("b", 3), ("", 3)] {
        let taints =
            if taint.is_empty() { String::new() } else { format!("labels = {{ rack = \"{taint}\" }}\n") };
        let text = POLICY.replace("[nodes.worker-2]", &format!("{taints}[nodes.worker-2]"));
        fs::write(site.path().join("policy.toml"), text).expect("written");
        expect(&run(site.path(), &["build"]), 0, "files");
        expect(&run(site.path(), &["check"]), 0, "as the policy says");
        assert_eq!(labels().len(), ages);
    }
    let status = fs::read_to_string(site.path().join("golden/cluster/recovery/status.sh")).expect("read");
    let [_, one, two] = &labels()[..] else { panic!("three builds") };
    assert!(status.contains(&format!("worker-1 {one} 1")) && status.contains(&format!("worker-1 {two} 2")));
}

#[test]
fn an_edited_record_is_drift() {
    let site = site();
    run(site.path(), &["build"]);
    let record = site.path().join("golden/.lifeboat.json");
    let text = fs::read_to_string(&record).expect("read");
    fs::write(&record, text.replacen("\"worker-2\"", "\"worker-9\"", 1)).expect("written");
    let check = run(site.path(), &["check"]);
    expect(&check, 1, "changed-file");
    expect(&check, 1, ".lifeboat.json");
}
