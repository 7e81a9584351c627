//! Compiling: golden cases in `tests/cases/build/<claim>/`, each a small policy and what it makes.
//!
//! The first line of a case's policy names the outputs that the claim is about, `# shows: PATH…`;
//! `findings` stands for the diagnostics. They are kept under `expected/`.
//! Re-record with `GOLDEN=overwrite cargo test --test it build::`.

mod clusters;
mod command;
mod delivery;
mod disk;
mod folder;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lifeboat::catalogue::Catalogue;
use lifeboat::compile::{Compilation, compile, survey};
use lifeboat::diag::render;
use lifeboat::policy;
use lifeboat::source::SourceMap;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/build")
}

/// All files of a folder by their path in it.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(&at).expect("a folder of the case") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below").to_string_lossy().replace('\\', "/");
                out.insert(name, fs::read_to_string(&path).expect("text"));
            }
        }
    }
    out
}

/// Compiles `policy.toml` of a set of files; findings one a line.
pub(crate) fn compiled(files: &BTreeMap<String, String>) -> (Option<Compilation>, String) {
    let mut sources = SourceMap::default();
    let mut findings = Vec::new();
    let mut compilation = None;
    let mut catalogue = Catalogue::builtin();
    let charts = files.iter().filter(|(name, _)| name.starts_with("charts/"));
    let charts: Vec<_> = charts.map(|(n, t)| (n.clone(), t.clone())).collect();
    match policy::read(files, &mut sources, "policy.toml") {
        Ok(checked) => {
            findings.extend(checked.warnings);
            if let Err(errors) = catalogue.extend(&mut sources, charts) {
                findings.extend(errors);
            }
            match compile(checked.policy, &catalogue, files, &mut sources) {
                Ok(mut done) => {
                    findings.append(&mut done.warnings);
                    compilation = Some(done);
                }
                Err(errors) => findings.extend(errors),
            }
        }
        Err(rejected) => {
            findings.extend(rejected.findings);
            if let Some(policy) = rejected.policy {
                findings.extend(survey(&policy, &catalogue, files, &mut sources));
            }
        }
    }
    // All cases share a prelude with a tier that few of them use.
    findings.retain(|f| f.code.name() != "unused-tier");
    lifeboat::diag::sort(&mut findings, &sources);
    let text = findings.iter().map(|f| render::short(f, &sources) + "\n").collect();
    (compilation, text)
}

#[test]
fn each_case_compiles_to_what_it_shows() {
    let overwrite = std::env::var_os("GOLDEN").is_some_and(|v| v == "overwrite");
    let mut failures = Vec::new();
    let mut seen = 0;
    for entry in fs::read_dir(cases()).expect("cases") {
        let folder = entry.expect("an entry").path();
        let all = files(&folder);
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let policy = all.get("policy.toml").unwrap_or_else(|| panic!("{name} has no policy.toml"));
        let shows = policy.lines().next().and_then(|line| line.strip_prefix("# shows: "));
        let shows: Vec<&str> =
            shows.unwrap_or_else(|| panic!("{name} does not say what it shows")).split(' ').collect();
        let (compilation, findings) = compiled(&all);
        let mut got: BTreeMap<String, String> = BTreeMap::new();
        for path in &shows {
            let text = match (*path, &compilation) {
                ("findings", _) => Some(findings.clone()),
                (path, Some(done)) => done.artifacts.iter().find(|a| a.path == path).map(|a| a.text.clone()),
                _ => None,
            };
            let text = text.unwrap_or_else(|| format!("(no such file)\n{findings}"));
            got.insert(format!("expected/{path}"), text);
        }
        let expected: BTreeMap<_, _> = all
            .iter()
            .filter(|(path, _)| path.starts_with("expected/"))
            .map(|(p, t)| (p.clone(), t.clone()))
            .collect();
        seen += 1;
        if overwrite {
            let _ = fs::remove_dir_all(folder.join("expected"));
            for (path, text) in &got {
                let path = folder.join(path);
                fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
                fs::write(path, text).expect("written");
            }
        } else if got != expected {
            for (path, text) in &got {
                let before = expected.get(path).map_or("", String::as_str);
                if before != text {
                    let diff = similar::TextDiff::from_lines(before, text);
                    failures
                        .push(format!("{name}/{path}\n{}", diff.unified_diff().header("expected", "got")));
                }
            }
            let orphans: Vec<_> = expected.keys().filter(|path| !got.contains_key(*path)).collect();
            if !orphans.is_empty() {
                failures.push(format!("{name}: nothing shows {orphans:?}"));
            }
        }
    }
    assert!(seen > 20, "only {seen} cases were found");
    assert!(
        failures.is_empty(),
        "{}\n\nif that is meant: GOLDEN=overwrite cargo test --test it build::",
        failures.join("\n")
    );
}

/// Codes that report a bug of lifeboat's own; no input is known that brings them about.
const OUR_BUGS: [&str; 1] = ["unrenderable"];

/// Each code of the build and the catalogue is shown by a case or by a test of the command.
#[test]
fn each_code_appears_in_a_case() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text: String = files(&cases()).into_values().collect();
    for source in ["argocd", "build/command", "build/delivery", "build/folder", "catalogue", "fleet"] {
        text += &fs::read_to_string(root.join(format!("tests/it/{source}.rs"))).expect("a test");
    }
    use lifeboat::diag::codes::{build, catalogue, fleet};
    let areas = [build::ALL, catalogue::ALL, fleet::ALL];
    let missing: Vec<_> = areas
        .into_iter()
        .flatten()
        .filter(|code| !text.contains(code.name()) && !OUR_BUGS.contains(&code.name()))
        .map(|code| code.name())
        .collect();
    assert!(missing.is_empty(), "no case shows {missing:?}");
}

fn repository() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = BTreeMap::new();
    for name in ["policy.toml", "values/loki.yaml"] {
        files.insert(name.to_owned(), fs::read_to_string(root.join(name)).expect("shipped"));
    }
    files
}

#[test]
fn the_shipped_policy_compiles_to_the_committed_outputs() {
    let (compilation, findings) = compiled(&repository());
    let compilation = compilation.unwrap_or_else(|| panic!("{findings}"));
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    for artifact in &compilation.artifacts {
        let committed = fs::read_to_string(golden.join(&artifact.path)).unwrap_or_default();
        assert!(
            committed == artifact.text,
            "golden/{} differs: run `cargo run --release -- build`",
            artifact.path
        );
    }
}

#[test]
fn two_compilations_are_equal_byte_for_byte() {
    let (first, second) = (compiled(&repository()).0, compiled(&repository()).0);
    let texts = |c: Option<Compilation>| -> Vec<(String, String)> {
        c.expect("compiles").artifacts.into_iter().map(|a| (a.path, a.text)).collect()
    };
    assert_eq!(texts(first), texts(second));
}

#[test]
fn the_plan_becomes_a_cluster_without_a_reading_error() {
    let (compilation, _) = compiled(&repository());
    let plan = compilation.expect("compiles").plan;
    let objects = plan.objects();
    let reading =
        lifeboat::cluster::Cluster::from_objects(lifeboat::cluster::KubernetesVersion::default(), &objects);
    assert!(reading.errors.is_empty(), "{:?}", reading.errors);
    assert!(reading.skipped.is_empty(), "{:?}", reading.skipped);
    let cluster = plan.cluster();
    let tagged = cluster.workloads.iter().filter(|w| w.owner.tier.is_some()).count();
    assert!(tagged >= 20, "{tagged} workloads have a tier");
    let prometheus = cluster.workloads.iter().find(|w| w.owner.component.as_deref() == Some("prometheus"));
    assert_eq!(prometheus.expect("prometheus").kind.as_str(), "StatefulSet");
}

#[test]
fn every_emitted_line_has_a_reason_that_leads_to_the_policy_or_the_catalogue() {
    let (compilation, _) = compiled(&repository());
    let compilation = compilation.expect("compiles");
    let mut lines = 0;
    for artifact in compilation.artifacts.iter().filter(|a| a.path.ends_with("values.yaml")) {
        for line in &artifact.lines {
            let reason = compilation.plan.ledger.get(line.why);
            assert!(!reason.path.is_empty(), "{}:{} has no reason", artifact.path, line.line);
            lines += 1;
        }
        let values =
            artifact.text.lines().filter(|l| !l.trim_start().starts_with('#') && !l.trim().is_empty());
        let leaves = values.filter(|l| !l.trim_end().ends_with(':')).count();
        assert_eq!(leaves, artifact.lines.len(), "{}: a leaf without a reason", artifact.path);
    }
    assert!(lines > 100, "{lines} lines");
}
