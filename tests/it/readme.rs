//! What the README shows is what the tool says.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_readme_shows_the_shipped_policys_table() {
    let survival = fs::read_to_string(root().join("golden/SURVIVAL.md")).unwrap();
    let table = survival.split("\n\n").find(|block| block.starts_with("| lost |")).unwrap();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.contains(table), "put this into README.md, under \"What it proves\":\n\n{table}");
}

#[test]
fn every_file_that_the_readme_links_to_exists() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let links: Vec<&str> = readme
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|link| !link.contains("://"))
        .collect();
    assert!(links.len() > 8);
    let missing: Vec<_> = links.into_iter().filter(|link| !root().join(Path::new(link)).exists()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// A command of the README that installs or renders a release.
struct Release {
    name: String,
    chart: String,
    version: String,
    namespace: String,
    values: Vec<String>,
}

/// Every `helm upgrade` and `helm template` of the README.
fn releases() -> Vec<Release> {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let commands =
        readme.lines().filter(|line| line.starts_with("helm upgrade ") || line.starts_with("helm template "));
    commands
        .map(|line| {
            let words: Vec<&str> = line.split(" | ").next().unwrap().split_whitespace().collect();
            let after = |flag: &str| {
                let at = words.iter().position(|word| *word == flag);
                words[at.unwrap_or_else(|| panic!("no {flag} in {line}")) + 1].to_owned()
            };
            let names: Vec<&&str> = words[2..].iter().filter(|word| !word.starts_with('-')).collect();
            let values = words.windows(2).filter(|pair| pair[0] == "-f").map(|pair| pair[1].to_owned());
            Release {
                name: (*names[0]).to_owned(),
                chart: names[1].split_once('/').expect("REPOSITORY/CHART").1.to_owned(),
                version: after("--version"),
                namespace: after("-n"),
                values: values.collect(),
            }
        })
        .collect()
}

/// Copied word for word into a shell, the commands find their files, and say what the policy says.
#[test]
fn the_readmes_helm_commands_are_those_of_the_shipped_policy() {
    let policy: toml::Table = fs::read_to_string(root().join("policy.toml")).unwrap().parse().unwrap();
    let releases = releases();
    assert!(releases.len() >= 3);
    for release in releases {
        let service = &policy["services"][&release.name];
        let own = |key: &str| service[key].as_str().unwrap();
        assert_eq!(
            (release.chart.as_str(), release.version.as_str(), release.namespace.as_str()),
            (own("chart"), own("version"), own("namespace")),
        );
        let own = service.get("values").and_then(toml::Value::as_array);
        let mut wanted: Vec<String> =
            own.into_iter().flatten().map(|v| v.as_str().unwrap().to_owned()).collect();
        wanted.push(format!("golden/{}/values.yaml", release.name));
        assert_eq!(release.values, wanted, "{}", release.name);
        for file in &release.values {
            assert!(root().join(file).is_file(), "{file} is not there");
        }
    }
}

#[test]
#[ignore = "needs LIFEBOAT_HELM and LIFEBOAT_CHARTS: .ci/run runs it"]
fn what_the_readmes_helm_commands_render_is_verified() {
    let helm = std::env::var_os("LIFEBOAT_HELM").expect("LIFEBOAT_HELM names a Helm");
    let charts = PathBuf::from(std::env::var_os("LIFEBOAT_CHARTS").expect("LIFEBOAT_CHARTS names charts"));
    let policy: toml::Table = fs::read_to_string(root().join("policy.toml")).unwrap().parse().unwrap();
    // A Helm that was built from source without its release's settings says that it is at a Kubernetes of long ago.
    let minor = policy["cluster"]["kubernetes"].as_str().unwrap();
    for release in releases() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(&helm);
        command.args(["template", &release.name]).current_dir(root());
        command.arg(charts.join(format!("{}-{}.tgz", release.chart, release.version)));
        command.args(["-n", &release.namespace, "--kube-version", &format!("{minor}.0")]);
        release.values.iter().for_each(|file| _ = command.args(["-f", file]));
        let rendered = command.output().unwrap();
        assert!(rendered.status.success(), "{}", String::from_utf8_lossy(&rendered.stderr));
        let path = folder.path().join("rendered.yaml");
        fs::write(&path, rendered.stdout).unwrap();
        let verify = Command::new(env!("CARGO_BIN_EXE_lifeboat"))
            .arg("verify")
            .arg(&path)
            .current_dir(root())
            .output();
        let verify = verify.unwrap();
        assert!(verify.status.success(), "{}: {}", release.name, String::from_utf8_lossy(&verify.stderr));
    }
}
