//! `cargo xtask catalogue [--facts DIR] [CHART…]`: writes `charts/<chart>.toml` from the facts of all
//! probed versions and from `charts/judgement/<chart>.toml`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lifeboat::catalogue::compose::{Facts, compose};

/// Where the recorded facts are.
const FACTS: &str = "tests/data/charts-data";

pub(crate) fn run(mut args: impl Iterator<Item = String>) -> ExitCode {
    let mut facts = PathBuf::from(FACTS);
    let mut charts = Vec::new();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--facts" => facts = args.next().unwrap_or_default().into(),
            _ => charts.push(arg),
        }
    }
    match write(&facts, &charts) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask catalogue: {error}");
            ExitCode::from(2)
        }
    }
}

fn write(facts: &Path, charts: &[String]) -> Result<(), Box<dyn Error>> {
    let all = read_facts(facts)?;
    for entry in sorted(Path::new("charts/judgement"))? {
        let Some(name) = entry.file_stem().and_then(|stem| stem.to_str()) else { continue };
        if !charts.is_empty() && !charts.iter().any(|chart| chart == name) {
            continue;
        }
        let judgement = fs::read_to_string(&entry)?;
        let mine: Vec<Facts> = all.iter().filter(|facts| facts.chart == name).cloned().collect();
        let target = format!("charts/{name}.toml");
        fs::write(&target, compose(&judgement, &mine).map_err(|e| format!("{}: {e}", entry.display()))?)?;
        println!("{target}: {} versions", mine.len());
    }
    Ok(())
}

/// All facts of a folder.
pub(crate) fn read_facts(folder: &Path) -> Result<Vec<Facts>, Box<dyn Error>> {
    let mut out = Vec::new();
    for path in sorted(folder)?.iter().filter(|path| path.extension().is_some_and(|e| e == "json")) {
        let text = fs::read_to_string(path)?;
        out.push(serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?);
    }
    Ok(out)
}

pub(crate) fn sorted(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    paths.sort();
    Ok(paths)
}
