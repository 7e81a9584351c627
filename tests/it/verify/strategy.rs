//! The strategy's snippets, word for word in each chart's values, do not do what the strategy says of them:
//! recorded renders always, real Helm where `LIFEBOAT_HELM` and `LIFEBOAT_CHARTS` name it and its charts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{compiled, text};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/strategy")
}

/// `code target` of every finding about what was rendered.
fn found(manifests: &[u8]) -> BTreeSet<String> {
    let (compilation, _) = compiled(Path::new(env!("CARGO_MANIFEST_DIR")), "policy.toml");
    let report = text(&compilation, "rendered.yaml", manifests);
    let said = report.findings.iter().filter(|finding| finding.origin.is_some());
    said.map(|finding| format!("{} {}", finding.diagnostic.code.name(), finding.target)).collect()
}

fn recorded() -> BTreeSet<String> {
    found(&std::fs::read(folder().join("rendered.yaml")).unwrap())
}

#[test]
fn the_strategys_snippets_do_not_do_what_it_says() {
    let found = recorded();
    let said = |code: &str, target: &str| found.contains(&format!("{code} {target}"));
    // The toleration at the top of the values reaches nobody.
    for target in [
        "StatefulSet platform-infrastructure/argocd-application-controller",
        "Deployment platform-infrastructure/argocd-server",
        "Deployment platform-infrastructure/argocd-repo-server",
        "Deployment platform-infrastructure/argocd-redis",
        "Prometheus platform-observability/prometheus-kube-prometheus-prometheus",
    ] {
        assert!(said("toleration-missing", target), "{target}");
        assert!(said("class-missing", target), "{target}: tiers need classes, and no snippet names one");
    }
    // `loki.affinity` is no value of Loki's chart. The other side's is one, but the chart's own preset comes
    // after it under the same key, and the last one wins.
    assert!(said("affinity-missing", "StatefulSet platform-observability/loki"));
    let prometheus = "Prometheus platform-observability/prometheus-kube-prometheus-prometheus";
    assert!(said("duplicate-key", prometheus));
    assert!(said("affinity-missing", prometheus));
}

#[test]
#[ignore = "needs LIFEBOAT_HELM and LIFEBOAT_CHARTS: .ci/run runs it"]
fn real_helm_renders_the_snippets_as_recorded() {
    let helm = std::env::var_os("LIFEBOAT_HELM").expect("LIFEBOAT_HELM names a Helm");
    let charts = std::env::var_os("LIFEBOAT_CHARTS").expect("LIFEBOAT_CHARTS names a folder of packages");
    let render = |release: &str, namespace: &str, package: &str, values: &[PathBuf]| {
        let mut command = Command::new(&helm);
        command.args(["template", release]).arg(Path::new(&charts).join(package));
        command.args(["-n", namespace, "--kube-version", "1.34.0"]);
        command.args(["--api-versions", "monitoring.coreos.com/v1"]);
        for file in values {
            command.arg("-f").arg(file);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let snippet = |name: &str| folder().join(name);
    let team = Path::new(env!("CARGO_MANIFEST_DIR")).join("values/loki.yaml");
    let (infrastructure, observability) = ("platform-infrastructure", "platform-observability");
    let all = [
        render("argocd", infrastructure, "argo-cd-10.1.1.tgz", &[snippet("argo-cd.yaml")]),
        render(
            "prometheus",
            observability,
            "kube-prometheus-stack-88.5.3.tgz",
            &[snippet("kube-prometheus-stack.yaml")],
        ),
        render("loki", observability, "loki-18.11.0.tgz", &[team, snippet("loki.yaml")]),
    ];
    let now = found(&all.join(&b"\n---\n"[..]));
    let missing: Vec<_> = recorded().difference(&now).cloned().collect();
    assert!(missing.is_empty(), "recorded, but not rendered now: {missing:#?}");
}
