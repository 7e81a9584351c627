//! What was rendered or dumped, proved instead of the plan: golden cases in `tests/cases/observed/<claim>/`.
//!
//! A case has `input.yaml` and `expected.txt`; its policy is its own `policy.toml` or the one beside the cases.
//! Re-record with `GOLDEN=overwrite cargo test --test it observed::`.

use std::fs;
use std::path::{Path, PathBuf};

use lifeboat::catalogue::Catalogue;
use lifeboat::compile::{Compilation, compile};
use lifeboat::diag::{codes, render};
use lifeboat::observed::{self, Observed};
use lifeboat::prove::{self, Model, Options, Verdict};
use lifeboat::source::SourceMap;
use lifeboat::source::extends::{LoadError, Loader};
use lifeboat::verify::Input;
use lifeboat::yaml::Budget;

struct Folder(PathBuf);

impl Loader for Folder {
    fn load(&self, name: &str, _limit: u64) -> Result<String, LoadError> {
        fs::read_to_string(self.0.join(name)).map_err(|_| LoadError::NotFound)
    }
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/observed")
}

pub(crate) fn compiled(folder: &Path) -> (Compilation, SourceMap) {
    let mut sources = SourceMap::default();
    let loader = Folder(folder.to_path_buf());
    let policy = lifeboat::policy::load(&loader, &mut sources, "policy.toml")
        .unwrap_or_else(|findings| panic!("{}: {findings:#?}", folder.display()))
        .policy;
    let compilation = compile(policy, &Catalogue::builtin(), &loader, &mut sources)
        .unwrap_or_else(|findings| panic!("{}: {findings:#?}", folder.display()));
    (compilation, sources)
}

fn observe(compilation: &Compilation, text: &[u8]) -> Observed {
    let stream: Box<dyn std::io::BufRead + Send> = Box::new(std::io::Cursor::new(text.to_vec()));
    let input = Input { name: "input.yaml".to_owned(), stream: Ok(stream) };
    observed::observe(&compilation.plan, [input], &Budget::default())
}

/// Findings one a line, then what was read and what differs, then the claims' verdicts in a word.
fn report(compilation: &Compilation, sources: &SourceMap, text: &[u8]) -> String {
    let observed = observe(compilation, text);
    let mut out = String::new();
    for finding in &observed.findings {
        out += &render::short(finding, sources);
        out.push('\n');
    }
    out += &observed::render::human(&observed);
    if observed.broken {
        return out + "not proved\n";
    }
    let model = Model::of_observed(&compilation.plan.policy, &observed).unwrap();
    let options = Options { budget: 2_000, table: false, minimise: false, vary: 0 };
    for proven in prove::prove(&model, options).claims {
        let word = match proven.verdict {
            Verdict::Proved(_) => "proved",
            Verdict::Refuted { .. } => "refuted",
            _ => "neither",
        };
        out += &format!("{} {}: {word}\n", proven.claim.scenario, prove::render::claim_text(&proven.claim));
    }
    out
}

#[test]
fn each_case_is_read_as_it_says() {
    let overwrite = std::env::var_os("GOLDEN").is_some_and(|v| v == "overwrite");
    let shared = compiled(&cases());
    let mut failures = Vec::new();
    let mut folders: Vec<PathBuf> = fs::read_dir(cases()).unwrap().map(|e| e.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    assert!(folders.len() > 15, "only {} cases", folders.len());
    for folder in folders {
        let text = fs::read(folder.join("input.yaml")).unwrap();
        let got = if folder.join("policy.toml").exists() {
            let (compilation, sources) = compiled(&folder);
            report(&compilation, &sources, &text)
        } else {
            report(&shared.0, &shared.1, &text)
        };
        let path = folder.join("expected.txt");
        if overwrite {
            fs::write(path, got).unwrap();
            continue;
        }
        let expected = fs::read_to_string(path).unwrap_or_default();
        if got != expected {
            let diff = similar::TextDiff::from_lines(&expected, &got);
            failures.push(format!("{}\n{}", folder.display(), diff.unified_diff()));
        }
    }
    assert!(
        failures.is_empty(),
        "{}\n\nif that is meant: GOLDEN=overwrite cargo test --test it observed::",
        failures.join("\n")
    );
}

#[test]
fn each_code_appears_in_a_case() {
    let mut text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/usage.rs"))
        .unwrap_or_default();
    for entry in fs::read_dir(cases()).unwrap() {
        text += &fs::read_to_string(entry.unwrap().path().join("expected.txt")).unwrap_or_default();
    }
    let missing: Vec<_> =
        codes::observed::ALL.iter().map(|c| c.name()).filter(|name| !text.contains(name)).collect();
    assert!(missing.is_empty(), "no case shows {missing:?}");
}

/// The plan's own objects, read as a dump, are the plan.
#[test]
fn the_plan_read_back_differs_in_nothing() {
    let (compilation, _) = compiled(Path::new(env!("CARGO_MANIFEST_DIR")));
    let objects = compilation.plan.objects();
    let text = serde_json::to_vec(&serde_json::json!({"apiVersion": "v1", "kind": "List", "items": objects}));
    let observed = observe(&compilation, &text.unwrap());
    assert!(!observed.broken, "{:?}", observed.findings);
    assert!(observed.differences.is_empty(), "{:#?}", observed.differences);
    let model = |cluster| Model::of(&compilation.plan.policy, cluster).unwrap();
    let (planned, read) = (model(compilation.plan.cluster()), model(observed.cluster));
    assert_eq!(
        planned.rows.iter().filter(|r| r.claimed).count(),
        read.rows.iter().filter(|r| r.claimed).count()
    );
    let verdicts = |model: &Model| -> Vec<bool> {
        let options = Options { budget: 2_000, table: false, minimise: false, vary: 0 };
        prove::prove(model, options).claims.iter().map(|c| c.verdict.is_proved()).collect()
    };
    assert_eq!(verdicts(&planned), verdicts(&read));
}

/// Hostile input ends in findings, never in a panic.
#[test]
fn broken_pieces_of_a_dump_never_panic() {
    let (compilation, _) = compiled(&cases());
    let text = fs::read(cases().join("pods-without-controllers-are-grouped-by-owner/input.yaml")).unwrap();
    for cut in (0..text.len()).step_by(97) {
        let mut broken = text.clone();
        broken.truncate(cut);
        observe(&compilation, &broken);
        let mut flipped = text.clone();
        flipped[cut] = b'{';
        observe(&compilation, &flipped);
    }
    for odd in [
        r#"{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"},"status":{"allocatable":{"cpu":"-9223372036854775808","memory":"9e999999"}}}"#,
        r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":-5,"template":{}}}"#,
        r#"{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"d"},"spec":{"replicas":3}}"#,
        r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"nodeName":"nowhere","priority":2147483647}}"#,
        r#"[{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"p-"}}]"#,
    ] {
        let observed = observe(&compilation, odd.as_bytes());
        if !observed.broken {
            let model = Model::of_observed(&compilation.plan.policy, &observed).unwrap();
            let proof = prove::prove(&model, Options { budget: 500, ..Options::default() });
            assert_eq!(proof.rows.len(), observed.cluster.workloads.len());
        }
    }
}
