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
    // A case has an input that can be opened, and no end that is far away: `hostile` and `limits` hold such.
    let elsewhere = ["unreadable-input", "input-forgotten"];
    let silent: Vec<_> = ours.filter(|code| !seen.contains(code) && !elsewhere.contains(code)).collect();
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

/// The operator of Grafana Agents makes a DaemonSet of one, with the tolerations and the class of its resource.
#[test]
fn a_grafana_agent_is_the_daemon_set_that_reads_logs() {
    use lifeboat::manifest::{native, read_all};
    let text = "apiVersion: monitoring.grafana.com/v1alpha1\nkind: GrafanaAgent\n\
                metadata: { name: loki, namespace: logs }\n\
                spec: { priorityClassName: low, tolerations: [{ key: a }], resources: { requests: { cpu: 10m } } }\n";
    let read = read_all("agent.yaml", text.as_bytes(), &lifeboat::yaml::Budget::default());
    let [made] = &native(&read.objects[0])[..] else { panic!("one workload") };
    let at = |path: &str| made.pointer(path).and_then(serde_json::Value::as_str);
    assert_eq!((at("/kind"), at("/metadata/name")), (Some("DaemonSet"), Some("loki-logs")));
    assert_eq!(at("/spec/template/metadata/labels/operator.agent.grafana.com~1type"), Some("logs"));
    assert_eq!(at("/spec/template/spec/priorityClassName"), Some("low"));
    assert_eq!(at("/spec/template/spec/tolerations/0/key"), Some("a"));
    assert_eq!(at("/spec/template/spec/containers/0/resources/requests/cpu"), Some("10m"));
}
