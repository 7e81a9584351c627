//! One folder per claim: `input.yaml` held against `policy.toml` says `expected.txt`.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use lifeboat::diag::codes;
use lifeboat::verify::render;

use super::{cases, compiled, text};

#[test]
fn each_claim_is_as_recorded() {
    let overwrite = std::env::var("GOLDEN").as_deref() == Ok("overwrite");
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for folder in folders() {
        let claim = folder.file_name().unwrap().to_string_lossy().into_owned();
        let policy = if folder.join("policy.toml").exists() {
            format!("{claim}/policy.toml")
        } else {
            "base.toml".to_owned()
        };
        let (compilation, sources) = compiled(&cases(), &policy);
        let input = fs::read(folder.join("input.yaml")).unwrap();
        let report = text(&compilation, "input.yaml", &input);
        seen.extend(report.findings.iter().map(|finding| finding.diagnostic.code.name()));
        let said = format!("{}exit {}\n", render::human(&report, &sources, true), report.exit_code());
        let expected = folder.join("expected.txt");
        if overwrite {
            fs::write(&expected, &said).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != said {
            wrong.push(format!("{claim} says now:\n{said}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nre-record with: GOLDEN=overwrite cargo test --test it verify::cases",
        wrong.join("\n")
    );
    let ours = codes::verify::ALL.iter().chain(codes::manifest::ALL).map(|code| code.name());
    // A case has an input that can be opened; `hostile` holds one that cannot.
    let silent: Vec<_> = ours.filter(|code| !seen.contains(code) && *code != "unreadable-input").collect();
    assert!(silent.is_empty(), "no case says {silent:?}");
}

/// The claims: every folder with an input. A folder without one is an orphan.
fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(cases())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    for folder in &folders {
        assert!(folder.join("input.yaml").exists(), "{} has no input.yaml", folder.display());
    }
    assert!(folders.len() > 20);
    folders
}
