//! The catalogue against itself and against what real Helm rendered.

use std::path::Path;

use lifeboat::catalogue::compose::Facts;
use lifeboat::catalogue::conform::{Agreement, Verdict, against_facts, policies_against_facts};
use lifeboat::catalogue::{Catalogue, Chart};
use lifeboat::source::SourceMap;

/// All recorded facts, as JSON texts.
fn texts() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/charts-data");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("recorded facts are readable")
        .map(|entry| entry.expect("recorded facts are readable").path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "json"));
    paths.sort();
    assert!(paths.len() >= 14, "the recorded facts are missing");
    paths.iter().map(|path| std::fs::read_to_string(path).expect("recorded facts are readable")).collect()
}

fn facts() -> Vec<Facts> {
    texts().iter().map(|text| Facts::parse(text).expect("recorded facts are readable")).collect()
}

fn chart_file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("charts/{name}.toml"));
    std::fs::read_to_string(path).expect("recorded facts are readable")
}

#[test]
fn every_built_in_file_is_sound_at_every_edge() {
    let mut sources = SourceMap::default();
    for name in Catalogue::builtin().names().into_iter().chain(["k3s"]) {
        let text = chart_file(name);
        let file = sources.add(name, text.clone());
        if let Err(report) = Chart::parse(file, &text) {
            let lines = report.iter().map(|d| {
                let at =
                    d.primary.as_ref().map(|label| sources.get(label.span.file).line_col(label.span.start));
                format!("{name} {at:?}: {}\n", d.message)
            });
            panic!("{}", lines.collect::<String>());
        }
    }
}

#[test]
fn files_are_what_the_generator_writes() {
    let facts = facts();
    for name in Catalogue::builtin().names() {
        let mine: Vec<Facts> = facts.iter().filter(|facts| facts.chart == name).cloned().collect();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("charts/judgement/{name}.toml"));
        let judgement = std::fs::read_to_string(path).unwrap();
        let written = lifeboat::catalogue::compose::compose(&judgement, &mine).unwrap();
        assert!(written == chart_file(name), "charts/{name}.toml is stale: run `cargo xtask catalogue`");
    }
}

#[test]
fn the_catalogue_agrees_with_every_recorded_version() {
    let mut sources = SourceMap::default();
    let catalogue = Catalogue::builtin();
    let mut agreement = Agreement::default();
    for text in texts() {
        let chart = catalogue.chart(&mut sources, &Facts::parse(&text).unwrap().chart).unwrap();
        agreement.add(against_facts(&chart, &text).unwrap());
    }
    assert!(agreement.mismatches.is_empty(), "{}", agreement.mismatches.join("\n"));
    // One set of values cannot have ingesters with zones and without: `charts probe` renders both.
    assert_eq!(agreement.unseen.iter().collect::<Vec<_>>(), ["loki/ingester"]);
    assert!(agreement.carriers >= 187 && agreement.fields >= 1366, "{agreement:?}");
}

#[test]
fn overlays_do_what_was_planned_in_every_recorded_version() {
    let policy = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("policy.toml")).unwrap();
    let catalogue = Catalogue::builtin();
    let mut verdict = Verdict::default();
    for text in texts() {
        verdict.add(policies_against_facts(&catalogue, &policy, &text).unwrap());
    }
    let lines = [&verdict.dead[..], &verdict.duplicates, &verdict.mismatches].concat();
    assert!(verdict.is_clean(), "{}", lines.join("\n"));
    assert!(verdict.policies >= 50 && verdict.fields >= 1000, "{verdict:?}");
}
