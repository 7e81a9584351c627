//! Every `lifeboat` command that a page shows is run, offline, in a folder with the shipped policy, a small fleet and
//! what else the pages speak of. What cannot be run here stands in [`ELSEWHERE`], with the reason; nothing else is
//! passed over.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::{flags_exist, read, root};

/// The pages whose commands are run.
const PAGES: &[&str] = &["README.md", "docs/operate.md", "docs/policy.md", "docs/proof.md", "docs/review.md"];

/// Pages whose commands must exist.
const MENTIONS: &[&str] = &[
    "docs/architecture.md",
    "docs/codes.md",
    "docs/conformance.md",
    "docs/performance.md",
    "CONTRIBUTING.md",
];

/// Commands that are not run here, and who does it.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "helm template loki grafana-community/loki --version 18.11.0 -n platform-observability -f values/loki.yaml -f golden/loki/values.yaml | lifeboat verify -",
        "Helm and a chart repository: tests/it/readme.rs runs it where there is Helm",
    ),
    (
        "helm template argocd argo/argo-cd -n platform-infrastructure -f golden/argocd/values.yaml | lifeboat prove --rendered -",
        "Helm and a chart repository: tests/it/observed.rs feeds what Helm rendered",
    ),
    (
        "kubectl get nodes,pods,deploy,sts,ds,jobs,priorityclasses,pdb,pv,pvc,sc,quota -A -o yaml | lifeboat prove --rendered -",
        "a cluster: tests/it/observed.rs feeds dumps",
    ),
    ("lifeboat verify", "the command's name; it wants an input: tests/it/verify"),
    ("lifeboat charts probe", "the command's name; it wants Helm: tests/it/probe"),
    (
        "lifeboat prove --lose 'a then b'",
        "`a` and `b` stand for any two nodes; docs/proof.md has the same with names",
    ),
];

/// The folder in which a reader of the pages sits.
fn stage() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    for name in ["golden", "values", "examples", "tests/cases/strategy"] {
        copy(&root().join(name), &at.join(name));
    }
    fs::copy(root().join("policy.toml"), at.join("policy.toml")).expect("copied");
    let base = read("tests/cases/diff/larger-applications-break-a-claim/before.toml");
    let own = "output = \"out\"";
    assert!(base.contains(own));
    fs::write(at.join("base.toml"), base.replace(own, "output = \"../out/{cluster}\"")).expect("written");
    fs::create_dir(at.join("sites")).expect("made");
    for name in ["plant-1", "plant-2"] {
        let text = format!("extends = \"../base.toml\"\ncluster.name = \"{name}\"\n");
        fs::write(at.join(format!("sites/{name}.toml")), text).expect("written");
    }
    let usage =
        "NAMESPACE NAME CPU(cores) MEMORY(bytes)\nplatform-infrastructure argocd-server-7d-x 10m 64Mi\n";
    fs::write(at.join("top.txt"), usage).expect("written");
    let run = sh(
        at,
        "git init -q -b main && git add . && git -c user.name=t -c user.email=t@example.com -c commit.gpgsign=false commit -q -m before",
    );
    assert!(run.status.success());
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("copied");
        }
    }
}

fn sh(at: &Path, line: &str) -> std::process::Output {
    let binary = Path::new(env!("CARGO_BIN_EXE_lifeboat")).parent().expect("a folder").display();
    let path = format!("{binary}:{}", std::env::var("PATH").unwrap_or_default());
    Command::new("sh").arg("-c").arg(line).env("PATH", path).current_dir(at).output().expect("sh")
}

/// A command of a page, and the exit code that the page says.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Shown {
    line: String,
    code: i32,
}

/// Every command of a page: the lines of fenced blocks, and code within sentences.
fn shown(page: &str) -> BTreeSet<Shown> {
    let mut found = BTreeSet::new();
    let mut fenced = None;
    for line in page.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            fenced = if fenced.is_some() { None } else { Some(language.trim().to_owned()) };
            continue;
        }
        match fenced.as_deref() {
            Some("sh") => {
                let (command, comment) = line.split_once('#').unwrap_or((line, ""));
                let code = i32::from(comment.contains("exit 1"));
                found.extend(command_in(command).map(|line| Shown { line, code }));
            }
            // A workflow's step, or a line of a picture with arrows.
            Some(_) => {
                let step = line.trim().trim_start_matches("- run: ").split('#').next().unwrap_or_default();
                let step = step.split("──▶").next().unwrap_or_default();
                found.extend(command_in(step).map(|line| Shown { line, code: 0 }));
            }
            None => {
                let code = line.split('`').skip(1).step_by(2);
                found.extend(code.filter_map(command_in_text).map(|line| Shown { line, code: 0 }));
            }
        }
    }
    assert!(fenced.is_none(), "a block is not closed");
    found
}

/// The line, if it is a command of lifeboat's, alone or at the end of a pipe.
fn command_in(line: &str) -> Option<String> {
    let line = line.trim();
    let own = line.rsplit("| ").next().unwrap_or_default().strip_prefix("lifeboat ")?;
    own.starts_with(|c: char| c.is_ascii_lowercase()).then(|| line.to_owned())
}

/// The same of code within a sentence, where `lifeboat = true` stands too.
fn command_in_text(code: &str) -> Option<String> {
    command_in(code).filter(|line| !line.contains('…'))
}

/// Whether words stand for others: `explain CODE`, `--rendered FILE|DIR|-`.
fn stands_for_others(line: &str) -> bool {
    line.split([' ', '|', '=']).any(|word| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase()))
}

fn own_part(line: &str) -> &str {
    line.rsplit("| lifeboat ").next().unwrap_or(line).trim_start_matches("lifeboat ")
}

fn commands_of(page: &str, least: usize) {
    assert!(PAGES.contains(&page));
    let stage = stage();
    let all = shown(&read(page));
    assert!(all.len() >= least, "{page}: {} commands", all.len());
    for Shown { line, code } in all {
        flags_exist(own_part(&line).split('|').next().unwrap_or_default());
        if stands_for_others(&line) || ELSEWHERE.iter().any(|(known, _)| *known == line) {
            continue;
        }
        let empty = tempfile::tempdir().expect("a folder");
        let at = if line.starts_with("lifeboat init") { empty.path() } else { stage.path() };
        let run = sh(at, &line);
        let said = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(code), "{page}: {line}\n{said}");
        assert!(!run.stdout.is_empty(), "{page}: {line} says nothing");
    }
    let wanted = ["report.html", "red.svg", "stuck.svg", "survival.md"];
    if page == "docs/review.md" {
        assert!(wanted.iter().all(|name| stage.path().join(name).is_file()));
    }
}

#[test]
fn the_commands_of_the_readme_run() {
    commands_of("README.md", 8);
}

#[test]
fn the_commands_of_the_page_on_operation_run() {
    commands_of("docs/operate.md", 4);
}

#[test]
fn the_commands_of_the_page_on_policies_run() {
    commands_of("docs/policy.md", 4);
}

#[test]
fn the_commands_of_the_page_on_proofs_run() {
    commands_of("docs/proof.md", 15);
}

#[test]
fn the_commands_of_the_page_on_reviews_run() {
    commands_of("docs/review.md", 16);
}

#[test]
fn what_is_run_elsewhere_is_still_shown() {
    let pages = PAGES.iter().flat_map(|page| shown(&read(page)));
    let lines: BTreeSet<String> = pages.map(|shown| shown.line).collect();
    for (line, reason) in ELSEWHERE {
        assert!(!reason.is_empty());
        let mentioned = MENTIONS.iter().any(|page| read(page).contains(line));
        assert!(lines.contains(*line) || mentioned, "no page shows `{line}` any more");
    }
}

#[test]
fn what_other_pages_mention_exists() {
    let mut seen = 0;
    for Shown { line, .. } in MENTIONS.iter().flat_map(|page| shown(&read(page))) {
        flags_exist(own_part(&line).split('|').next().unwrap_or_default());
        seen += 1;
    }
    assert!(seen > 8, "{seen}");
}
