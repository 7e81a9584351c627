//! Explanations: of every line of the shipped outputs, of every name, and the other way round.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use lifeboat::catalogue::Catalogue;
use lifeboat::compile::{Compilation, compile};
use lifeboat::explain::{self, Page, World};
use lifeboat::policy;
use lifeboat::prove::Model;
use lifeboat::source::SourceMap;

/// The shipped policy, compiled.
fn shipped() -> (Compilation, SourceMap) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| (name.to_owned(), std::fs::read_to_string(root.join(name)).expect("a file"));
    let files = BTreeMap::from([read("policy.toml"), read("values/loki.yaml")]);
    let mut sources = SourceMap::default();
    let checked = policy::load(&files, &mut sources, "policy.toml").expect("a policy");
    let compilation =
        compile(checked.policy, &Catalogue::builtin(), &files, &mut sources).expect("it compiles");
    (compilation, sources)
}

fn with<T>(ask: impl FnOnce(World<'_>) -> T) -> T {
    let (compilation, sources) = shipped();
    let model = Model::of_plan(&compilation.plan).expect("a model");
    ask(World { compilation: &compilation, sources: &sources, model: Some(&model) })
}

/// Whether an answer leads to a line of the policy or of a values file, to the catalogue, or says that
/// it is lifeboat's own default.
fn grounded(page: &Page) -> bool {
    let notes = || page.parts.iter().flat_map(|p| &p.notes);
    notes().any(|n| n.at.is_some()) || notes().any(|n| n.text.contains('['))
}

#[test]
fn every_line_of_every_output_is_explained() {
    with(|world| {
        let mut lines = 0;
        for artifact in &world.compilation.artifacts {
            for (number, text) in (1..).zip(artifact.text.lines()) {
                let page = explain::output_line(world, &artifact.path, number);
                let page = page.unwrap_or_else(|| panic!("{}:{number} is not explained", artifact.path));
                assert!(!page.parts.is_empty(), "{}:{number}: nothing is said", artifact.path);
                assert!(grounded(&page), "{}:{number}: {text}: {page:?}", artifact.path);
                lines += 1;
            }
            assert!(explain::output_line(world, &artifact.path, 0).is_none());
        }
        assert!(lines > 1000, "{lines}");
    });
}

/// Each line of an overlay below its heading names its values path, and each value its carriers.
#[test]
fn every_value_of_an_overlay_names_what_it_reaches() {
    with(|world| {
        for artifact in world.compilation.artifacts.iter().filter(|a| a.path.ends_with("/values.yaml")) {
            for line in &artifact.lines {
                let page = explain::output_line(world, &artifact.path, line.line).expect("a page");
                let titles: Vec<&str> = page.parts.iter().map(|p| p.title.as_str()).collect();
                assert!(
                    titles.starts_with(&["what", "it reaches", "why"]),
                    "{}:{}: {titles:?}",
                    artifact.path,
                    line.line
                );
            }
        }
    });
}

/// What is emitted because of a line is listed by that line: the two directions agree.
#[test]
fn the_reverse_of_each_reason_lists_the_line() {
    with(|world| {
        for artifact in world.compilation.artifacts.iter().filter(|a| a.path.ends_with("/values.yaml")) {
            for line in &artifact.lines {
                let reason = world.compilation.plan.ledger.get(line.why);
                let Some(span) = reason.at else { continue };
                let file = world.sources.get(span.file);
                let (at, _) = file.line_col(span.start);
                let page = explain::source_line(world, &file.name, at).expect("a page");
                let lines = page.parts.iter().find(|p| p.title == "lines");
                let listed = lines.is_some_and(|p| p.notes.iter().any(|n| n.text.contains(&artifact.path)));
                assert!(listed, "{}:{at} does not list {}:{}: {page:?}", file.name, artifact.path, line.line);
            }
        }
    });
}

#[test]
fn every_line_of_the_policy_can_be_asked_about() {
    with(|world| {
        let text =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("policy.toml")).expect("text");
        for (number, line) in (1..).zip(text.lines()) {
            let page = explain::source_line(world, "policy.toml", number);
            let page = page.unwrap_or_else(|| panic!("line {number} is not explained"));
            let states = line.split('#').next().is_some_and(|l| !l.trim().is_empty());
            let nothing = page.parts[0].notes[0].text.starts_with("nothing: a comment");
            assert_eq!(states, !nothing, "{number}: {line}: {page:?}");
        }
        assert!(explain::source_line(world, "policy.toml", 10_000).is_none());
        assert!(explain::source_line(world, "elsewhere.toml", 1).is_none());
    });
}

#[test]
fn every_name_has_a_page() {
    with(|world| {
        for name in explain::names(world) {
            let page = explain::name(world, &name).unwrap_or_else(|| panic!("{name} is not explained"));
            assert!(!page.parts.is_empty(), "{name}");
        }
        assert!(explain::name(world, "nobody-at-all").is_none());
    });
}

fn run(arguments: &[&str]) -> (i32, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_lifeboat"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("runs");
    let all = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    (run.status.code().unwrap_or(-1), all)
}

#[test]
fn a_service_says_where_it_runs_and_who_can_evict_it() {
    let (code, page) = run(&["explain", "loki"]);
    assert_eq!(code, 0, "{page}");
    for wanted in [
        "tier important, class important, priority 500000",
        "not master (node(s) had untolerated taint {CriticalAddonsOnly: true})",
        "priority 500000: can be evicted by",
        "tier critical",
        "worker-1 + worker-2 [red]: pending",
        "is evicted for loki/single-binary",
        ": detection ",
    ] {
        assert!(page.contains(wanted), "no `{wanted}` in:\n{page}");
    }
}

#[test]
fn names_that_nobody_knows_get_a_suggestion() {
    assert_eq!(run(&["explain", "prometeus"]).0, 2);
    assert!(run(&["explain", "prometeus"]).1.contains("did you mean `prometheus`?"));
    assert!(run(&["explain", "golden/argocd/values.yaml:99999"]).1.contains("nothing is known"));
    let (code, json) = run(&["explain", "golden/argocd/values.yaml:7", "--format", "json"]);
    assert_eq!(code, 0);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["parts"][0]["title"], "what");
}
