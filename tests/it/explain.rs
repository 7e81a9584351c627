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
                let page = explain::source_line(world, &file.name, at, None).expect("a page");
                let lines = page.parts.iter().find(|p| p.title == "lines");
                let listed = lines.is_some_and(|p| p.notes.iter().any(|n| n.text.contains(&artifact.path)));
                assert!(listed, "{}:{at} does not list {}:{}: {page:?}", file.name, artifact.path, line.line);
            }
        }
    });
}

/// Tables and stories call what they show by these names.
#[test]
fn every_row_of_the_table_can_be_asked_about_by_the_name_that_it_bears() {
    with(|world| {
        let model = world.model.expect("a model");
        for row in &model.rows {
            let page = explain::name(world, &row.name).unwrap_or_else(|| panic!("{}", row.name));
            assert!(page.parts.iter().any(|p| p.title == "after each loss"), "{}", row.name);
        }
        let object = explain::name(world, "platform-infrastructure/argocd-server").expect("a page");
        let component = explain::name(world, "argocd/server").expect("a page");
        assert_eq!(object.parts, component.parts);
    });
}

#[test]
fn every_line_of_the_policy_can_be_asked_about() {
    with(|world| {
        let text =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("policy.toml")).expect("text");
        for (number, line) in (1..).zip(text.lines()) {
            let page = explain::source_line(world, "policy.toml", number, None);
            let page = page.unwrap_or_else(|| panic!("line {number} is not explained"));
            let states = line.split('#').next().is_some_and(|l| !l.trim().is_empty());
            let nothing = page.parts[0].notes[0].text.starts_with("nothing: a comment");
            assert_eq!(states, !nothing, "{number}: {line}: {page:?}");
        }
        assert!(explain::source_line(world, "policy.toml", 10_000, None).is_none());
        assert!(explain::source_line(world, "elsewhere.toml", 1, None).is_none());
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

/// The table merges interchangeable losses and tells the worst; a place, the seconds and the data belong to one of them.
#[test]
fn of_interchangeable_losses_each_is_told_where_they_differ() {
    let (_, page) = run(&["explain", "prometheus/prometheus"]);
    for wanted in [
        "worker-1 | worker-2 [yellow]: at worst up",
        "prometheus, if worker-1 is lost: stays on worker-2; so in every order and tie",
        "prometheus, if worker-2 is lost: runs on worker-1; back 1-123 s after the fence",
    ] {
        assert!(page.contains(wanted), "no `{wanted}` in:\n{page}");
    }
    let (_, lost) = run(&["explain", "prometheus/prometheus", "--lose", "worker-1"]);
    assert!(lost.contains("nothing happens to it"), "{lost}");
    let (_, page) = run(&["explain", "worker-1"]);
    assert!(page.contains("prometheus (critical): up\n"), "it does not stand there:\n{page}");
    assert!(!page.contains("worker-1 | worker-2"), "{page}");
}

#[test]
fn what_has_no_lasting_pod_has_no_losses() {
    for name in ["loki/chunks-cache", "argocd/redis-secret-init"] {
        let (_, page) = run(&["explain", name]);
        assert!(page.contains("nothing: no pod of it lasts"), "{page}");
        assert!(!page.contains("]: \n"), "an empty line:\n{page}");
    }
    let (_, page) = run(&["explain", "loki/canary"]);
    assert!(page.contains("one on each node that it may run on"), "{page}");
}

/// A table's header is its own: the first of a family does not speak for the others.
#[test]
fn a_header_claims_its_own_table_only() {
    with(|world| {
        let text =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("policy.toml")).expect("text");
        let told = |header: &str| {
            let line = text.lines().position(|line| line.starts_with(header)).expect("a header") + 1;
            explain::render::human(&explain::source_line(world, "policy.toml", line, None).expect("a page"))
        };
        for (header, own, other) in [
            ("[nodes.master]", "allocatable of master", "worker-1"),
            ("[tiers.critical]", "priority class of critical", "of important"),
            ("[services.argocd]", "argocd/", "loki/"),
            ("[scenarios.green]", "green: running = all", "red: "),
        ] {
            let page = told(header);
            assert!(page.contains(own) && !page.contains(other), "{header}:\n{page}");
        }
    });
}

/// A line of which no reason is recorded is tried with another value; nothing of the policy is "nothing".
#[test]
fn what_a_line_decides_is_told_or_tried() {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("policy.toml")).expect("text");
    for (start, wanted) in [
        ("name = \"edge\"", "golden/cluster/recovery/fence.sh:11"),
        ("kubernetes = ", "by which rules of kube-scheduler"),
        ("datastore = ", "golden/cluster/recovery/check-backup.sh:"),
        ("reserve = ", "allocatable of master"),
        ("nodes = \"server\"", "taints of master"),
        ("chart = \"argo-cd\"", "all of golden/argocd/values.yaml"),
        ("namespace = \"platform-infrastructure\"", "golden/cluster/lifeboat-lock.yaml:"),
        ("values = [\"values/loki.yaml\"]", "what the chart renders before the overlay"),
        ("fencing = ", "golden/cluster/recovery/fence.sh:15"),
        ("lose = \"each agent\"", "yellow: lifeboat = none: proved"),
    ] {
        let line = text.lines().position(|line| line.starts_with(start)).expect("a line") + 1;
        let (code, page) = run(&["explain", &format!("policy.toml:{line}")]);
        assert_eq!(code, 0, "{page}");
        assert!(page.contains(wanted), "no `{wanted}` for line {line}:\n{page}");
        assert!(!page.contains("nothing by itself"), "{page}");
    }
}

/// Lines of scripts, drop-ins, objects and the survival table lead to what they rest on.
#[test]
fn files_beside_the_overlays_say_what_they_rest_on() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, start, wanted) in [
        ("cluster/recovery/fence.sh", "AFTER=", "recovery.after: Nobody said otherwise"),
        ("cluster/recovery/fence.sh", "FENCING=", "recovery.fencing: The policy says so"),
        ("cluster/k3s/master.yaml", "node-taint+:", "lifeboat.taint: Pods of a lifeboat tier"),
        ("cluster/k3s/master.yaml", "node-taint+:", "of the K3s drop-in of master"),
        ("cluster/lifeboat-lock.yaml", "kind: Deployment", "`kind` of Deployment lifeboat/lifeboat-lock"),
        ("cluster/priority-classes.yaml", "value: 1000000", "of PriorityClass critical"),
        ("SURVIVAL.md", "| **blind**", "stays on worker-2; no control plane answers"),
        ("SURVIVAL.md", "| green | apart", "scores lead by at least"),
    ] {
        let text = std::fs::read_to_string(root.join("golden").join(file)).expect("an output");
        let line = text.lines().position(|line| line.starts_with(start)).expect("a line") + 1;
        let (code, page) = run(&["explain", &format!("golden/{file}:{line}")]);
        assert_eq!(code, 0, "{page}");
        assert!(page.contains(wanted), "no `{wanted}` for {file}:{line}:\n{page}");
    }
    let (code, said) = run(&["explain", "golden/argocd/values.yaml:9999"]);
    assert_eq!(code, 2);
    assert!(said.contains("lines, and 9999 is none of them"), "{said}");
}

#[test]
fn scenarios_rules_and_paths_have_pages() {
    for (subject, wanted) in [
        ("green", "lifeboat = none\n  proved"),
        ("metrics-logs", "these pods should stand on different nodes"),
        ("lifeboat.taint", "taints of master"),
    ] {
        let (code, page) = run(&["explain", subject]);
        assert_eq!(code, 0, "{page}");
        assert!(page.contains(wanted), "no `{wanted}` in:\n{page}");
    }
}

/// `lifeboat man | head -5` ends with the run's own exit code, and a full disk behind `>` is an error.
#[test]
fn a_closed_pipe_is_a_quiet_end() {
    let ends = |arguments: &[&str], out: std::process::Stdio| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_lifeboat"))
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdout(out)
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("runs");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("ends");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for arguments in
        [&["man"][..], &["completions", "zsh"], &["prove", "--format", "json"], &["explain", "loki"]]
    {
        let (code, said) = ends(arguments, std::process::Stdio::piped());
        assert!(!said.contains("panicked") && !said.contains("Broken pipe"), "{arguments:?}: {said}");
        assert_eq!(code, Some(0), "{arguments:?}");
        let Ok(full) = std::fs::File::create("/dev/full") else { continue };
        let (code, said) = ends(arguments, full.into());
        assert!(said.lines().any(|line| line.starts_with("error: stdout: ")), "{arguments:?}: {said}");
        assert_eq!((code, said.contains("panicked")), (Some(2), false), "{arguments:?}");
    }
}

#[test]
fn names_that_nobody_knows_get_a_suggestion() {
    assert_eq!(run(&["explain", "prometeus"]).0, 2);
    assert!(run(&["explain", "prometeus"]).1.contains("did you mean `prometheus`?"));
    assert!(run(&["explain", "golden/nothing.yaml:7"]).1.contains("nothing is known"));
    let (code, json) = run(&["explain", "golden/argocd/values.yaml:7", "--format", "json"]);
    assert_eq!(code, 0);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["parts"][0]["title"], "what");
}

#[test]
fn a_key_of_the_policy_is_explained_by_its_path() {
    let (code, text) = run(&["explain", "recovery.fencing"]);
    assert_eq!(code, 0, "{text}");
    let line =
        include_str!("../../policy.toml").lines().position(|line| line.starts_with("fencing")).unwrap() + 1;
    assert_eq!(text, run(&["explain", &format!("policy.toml:{line}")]).1);
    assert_eq!(run(&["explain", "recovery.fencin"]).0, 2);
    assert_eq!(run(&["explain", ""]).0, 2);
}

#[test]
fn a_line_of_the_teams_values_is_the_teams() {
    let (code, text) = run(&["explain", "values/loki.yaml:3"]);
    assert!(code == 0 && text.contains("a value of the team's own"), "{text}");
    assert!(run(&["explain", "values/loki.yaml:1"]).1.contains("a comment or a blank line"));
}

#[test]
fn a_loss_is_told_of_whoever_has_pods() {
    let (code, text) = run(&["explain", "coredns", "--lose", "worker-1"]);
    assert!(code == 0 && text.contains("coredns"), "{text}");
    let (code, text) = run(&["explain", "worker-1", "--lose", "worker-1"]);
    assert!(code == 2 && text.contains("`--lose` tells of services"), "{text}");
}
