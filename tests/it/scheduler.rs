//! The scheduler against decisions recorded from the real kube-scheduler.

use std::fs;
use std::path::{Path, PathBuf};

use lifeboat::scheduler::corpus;
use serde_json::Value;

fn corpus_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scheduler-cases")
}

/// Replays a folder; returns the number of decisions.
fn replay_folder(folder: &str) -> usize {
    let mut files: Vec<PathBuf> =
        fs::read_dir(corpus_root().join(folder)).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let mut decisions = 0;
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let lines = file.extension().is_some_and(|e| e == "jsonl");
        let cases: Vec<&str> = if lines { text.lines().collect() } else { vec![&text] };
        for case in cases {
            let case: Value = serde_json::from_str(case).unwrap();
            let outcome = corpus::replay(&case).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            let differences: Vec<String> = outcome.mismatches.iter().map(ToString::to_string).collect();
            assert!(differences.is_empty(), "{}\n{}", file.display(), differences.join("\n"));
            assert_eq!(outcome.exact, outcome.decisions, "{}", case["name"]);
            decisions += outcome.decisions;
        }
    }
    decisions
}

#[test]
fn hand_written_cases_are_decided_exactly() {
    assert_eq!(replay_folder("hand"), 132);
}

#[test]
fn random_cases_are_decided_exactly() {
    assert_eq!(replay_folder("random"), 1742);
}

#[test]
fn random_cases_of_1_36_are_decided_exactly() {
    assert_eq!(replay_folder("random-1.36"), 296);
}

#[test]
fn a_changed_record_is_a_mismatch() {
    let text = fs::read_to_string(corpus_root().join("hand/score-integer-truncation.json")).unwrap();
    let mut case: Value = serde_json::from_str(&text).unwrap();
    case["expect"]["attempts"][0]["total"][0] = 1.into();
    let outcome = corpus::replay(&case).unwrap();
    assert_eq!(outcome.mismatches.len(), 1);
    assert_eq!(outcome.mismatches[0].path, "attempts[0].total");
}
