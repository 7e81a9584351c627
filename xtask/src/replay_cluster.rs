//! `cargo xtask replay-cluster PATH…`: recorded runs of a real control plane against the engine.
//!
//! A path is a folder of recordings (`objects.*.json` and run files beside them) or one run file. Exit
//! code 1 on any difference, 2 on broken input. `--known FILE` names recordings, one a line, that are
//! known to differ: they are replayed and counted apart, and one of them that fits is a difference too,
//! because it then has to leave the list.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use lifeboat::lifecycle::replay::{Objects, Recording, Report, replay_scheduled};
use serde::de::DeserializeOwned;

pub(crate) fn run(args: impl Iterator<Item = String>) -> ExitCode {
    let mut args = args.peekable();
    let mut known = Vec::new();
    let mut paths: Vec<PathBuf> = Vec::new();
    while let Some(arg) = args.next() {
        if arg != "--known" {
            paths.push(PathBuf::from(arg));
            continue;
        }
        let file = args.next().unwrap_or_default();
        match fs::read_to_string(&file) {
            Ok(text) => known.extend(text.lines().filter(|l| !l.starts_with('#')).map(str::to_owned)),
            Err(error) => {
                eprintln!("replay-cluster: {file}: {error}");
                return ExitCode::from(2);
            }
        }
    }
    if paths.is_empty() {
        eprintln!("usage: cargo xtask replay-cluster [--known FILE] PATH…");
        return ExitCode::from(2);
    }
    match compare(&paths, &known) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(message) => {
            eprintln!("replay-cluster: {message}");
            ExitCode::from(2)
        }
    }
}

/// Replays every file and returns the number of differences that were not known.
fn compare(paths: &[PathBuf], known: &[String]) -> Result<usize, String> {
    let files = files(paths)?;
    let start = Instant::now();
    let mut total = Report::default();
    let mut expected = Report::default();
    let mut surprises = 0;
    println!(
        "{:<44} {:>4} {:>8} {:>10} {:>6} {:>7} {:>11} {:>5}  differences",
        "file", "runs", "bindings", "best nodes", "states", "seconds", "interval", "races"
    );
    for file in &files {
        let report = one(file)?;
        let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        print_row(&name, &report);
        for misfit in &report.misfits {
            println!("    {misfit}");
        }
        if known.contains(&name) {
            if report.misfits.is_empty() {
                println!("    {name} is listed as known to differ, and fits: take it off the list");
                surprises += 1;
            }
            expected.add(&report);
        } else {
            surprises += report.misfits.len();
            total.add(&report);
        }
    }
    if expected.runs > 0 {
        print_row("known to differ", &expected);
    }
    print_row(&format!("total: {} files", files.len()), &total);
    eprintln!("replayed in {:.2} s", start.elapsed().as_secs_f64());
    Ok(surprises)
}

fn print_row(name: &str, report: &Report) {
    let mean = |sum: u64, count: usize| if count == 0 { 0.0 } else { sum as f64 / count as f64 };
    println!(
        "{name:<44} {:>4} {:>8} {:>10.2} {:>6} {:>7} {:>9.1} s {:>5}  {}",
        report.runs,
        report.bindings,
        mean(report.best as u64, report.choices),
        report.states,
        report.seconds,
        mean(report.width, report.seconds) / 1000.0,
        report.races,
        report.misfits.len()
    );
}

fn one(file: &Path) -> Result<Report, String> {
    let recording: Recording = read(file)?;
    let objects: Objects = read(&file.with_file_name(format!("objects.{}.json", recording.variant)))?;
    replay_scheduled(&recording, &objects).map_err(|e| format!("{}: {e}", file.display()))
}

fn read<T: DeserializeOwned>(file: &Path) -> Result<T, String> {
    let text = fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    serde_json::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))
}

/// Run files, in byte order of their names.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let entries = fs::read_dir(path).map_err(|e| format!("{}: {e}", path.display()))?;
            let mut names: Vec<PathBuf> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
            names.retain(|p| {
                let name = p.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
                name.ends_with(".json") && !name.starts_with("objects.")
            });
            names.sort();
            files.extend(names);
        } else {
            files.push(path.clone());
        }
    }
    if files.is_empty() { Err("no recordings found".to_owned()) } else { Ok(files) }
}
