//! `cargo xtask replay-scheduler PATH…`: replays recorded scheduler cases and fails on any difference.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lifeboat::scheduler::corpus;
use serde_json::Value;

/// Mismatches that are printed in full.
const SHOWN: usize = 20;

pub(crate) fn run(paths: impl Iterator<Item = String>) -> ExitCode {
    let paths: Vec<String> = paths.collect();
    if paths.is_empty() {
        eprintln!("usage: cargo xtask replay-scheduler PATH… (.json, .jsonl, or folders of them)");
        return ExitCode::from(2);
    }
    match replay(&paths) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("replay-scheduler: {message}");
            ExitCode::from(2)
        }
    }
}

fn replay(paths: &[String]) -> Result<bool, String> {
    let mut files = Vec::new();
    for path in paths {
        find(Path::new(path), &mut files)?;
    }
    files.sort();
    let (mut cases, mut decisions, mut exact, mut mismatches) = (0, 0, 0, Vec::new());
    for file in &files {
        for case in read(file)? {
            let outcome = corpus::replay(&case).map_err(|e| format!("{}: {e}", file.display()))?;
            cases += 1;
            decisions += outcome.decisions;
            exact += outcome.exact;
            mismatches.extend(outcome.mismatches);
        }
    }
    println!("{cases} cases, {decisions} decisions, {exact} exact, {} mismatches", mismatches.len());
    mismatches.iter().take(SHOWN).for_each(|m| println!("{m}"));
    if cases == 0 {
        return Err("no cases found".to_owned());
    }
    Ok(mismatches.is_empty())
}

fn find(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{}: {e}", path.display());
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let case = path.extension().is_some_and(|e| e == "json" || e == "jsonl");
        if path.is_dir() || case {
            find(&path, files)?;
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<Value>, String> {
    let failed = |e: &dyn std::fmt::Display| format!("{}: {e}", file.display());
    let text = fs::read_to_string(file).map_err(|e| failed(&e))?;
    let lines = file.extension().is_some_and(|e| e == "jsonl");
    let documents: Vec<&str> =
        if lines { text.lines().filter(|l| !l.is_empty()).collect() } else { vec![&text] };
    documents.into_iter().map(|d| serde_json::from_str(d).map_err(|e| failed(&e))).collect()
}
