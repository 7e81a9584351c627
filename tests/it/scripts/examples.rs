//! The examples of `docs/`: they must fit what they are about.

use std::fs;

use serde_json::Value;

#[test]
fn renovate_finds_every_chart_of_the_policy() {
    let text = fs::read_to_string("docs/examples/renovate.json").expect("the example");
    let config: Value = serde_json::from_str(&text).expect("JSON");
    let pattern = config["customManagers"][0]["matchStrings"][0].as_str().expect("a pattern");
    let pattern = regex::Regex::new(pattern).expect("a regular expression");
    let found = |policy: &str| -> Vec<(String, String)> {
        pattern
            .captures_iter(policy)
            .map(|c| (c["depName"].to_owned(), c["currentValue"].to_owned()))
            .collect()
    };
    let policy = fs::read_to_string("policy.toml").expect("the shipped policy");
    let charts = policy.lines().filter(|line| line.starts_with("chart = ")).count();
    let all = found(&policy);
    assert_eq!(all.len(), charts, "{all:?}");
    assert!(charts > 0 && all.iter().all(|(_, version)| semver::Version::parse(version).is_ok()), "{all:?}");
    // Keys in between are passed over; another table is not entered.
    let between = "[services.a]\nchart = \"x\"   # comment\nrepository = \"r\"\nversion = \"1.2.3\"\n";
    assert_eq!(found(between), [("x".to_owned(), "1.2.3".to_owned())]);
    let other = "[services.a]\nchart = \"x\"\n\n[services.b]\nversion = \"1.2.3\"\n";
    assert!(found(other).is_empty());
    // Every chart that it finds has a registry.
    let rules = config["packageRules"].as_array().expect("rules");
    for (chart, _) in all {
        let named = |rule: &&Value| {
            rule["matchDepNames"].as_array().is_some_and(|names| names.contains(&chart.clone().into()))
        };
        assert!(rules.iter().any(|rule| named(&rule) && rule["registryUrls"].is_array()), "{chart}");
    }
}

#[test]
fn the_ansible_example_is_yaml_and_reads_what_install_says() {
    let text = fs::read_to_string("docs/examples/ansible.yml").expect("the example");
    let documents = lifeboat::yaml::read_all(&text, &lifeboat::yaml::Budget::default()).expect("YAML");
    let play = documents[0].root.as_ref().expect("a play").to_json();
    assert_eq!(play[0]["serial"], 1);
    let install = fs::read_to_string("templates/cluster/install.sh").expect("the template");
    for words in ["needs: a drain", "systemctl restart"] {
        assert!(text.contains(words) && install.contains(words), "{words}");
    }
}
