//! From recorded renders to a catalogue file, and from there to a policy that holds.

use std::collections::BTreeMap;
use std::fs;

use lifeboat::catalogue::{Catalogue, Chart, Target, conform};
use lifeboat::probe::{Answer, Ask, Learned, Origin, Request, Shot, catalogue_file, learn};
use lifeboat::source::SourceMap;
use serde_json::{Value, json};

use super::{beacon, case, golden, package};

/// Plays what real Helm made.
fn recorded() -> BTreeMap<String, Answer> {
    let text = fs::read_to_string(beacon().with_file_name("beacon.renders.jsonl")).unwrap();
    let lines = text.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let shot = line.get("shot").map(|shot| serde_json::from_value::<Shot>(shot.clone()).unwrap());
        let answer = shot.ok_or_else(|| line["error"].as_str().unwrap_or_default().to_owned());
        (line["key"].as_str().unwrap().to_owned(), answer)
    });
    lines.collect()
}

fn learned() -> Learned {
    let known = recorded();
    let mut play = |asks: &[Ask]| -> Vec<Answer> {
        let answer =
            |ask: &Ask| known.get(&ask.key()).cloned().unwrap_or_else(|| panic!("no record of {ask:?}"));
        asks.iter().map(answer).collect()
    };
    learn(&package(), &Request { values: json!({}), ..Request::default() }, &mut play).unwrap()
}

fn written(learned: &Learned) -> String {
    let origin = Origin::of("https://charts.example.org", semver::Version::new(1, 2, 1));
    catalogue_file(&package(), learned, &origin).unwrap()
}

#[test]
fn a_chart_that_nobody_knows_becomes_a_catalogue_file() {
    let learned = learned();
    let text = written(&learned);
    golden(&case().join("charts/beacon.toml"), &text);
    let mut sources = SourceMap::default();
    let file = sources.add("beacon.toml", text.clone());
    let chart = Chart::parse(file, &text).unwrap();
    let agreement = conform::against_facts(&chart, &learned.facts.to_string()).unwrap();
    assert_eq!(agreement.mismatches, Vec::<String>::new());
    assert_eq!(agreement.carriers, 5);
}

#[test]
fn what_a_probe_must_see() {
    let text = written(&learned());
    let mut sources = SourceMap::default();
    let mut catalogue = Catalogue::builtin();
    catalogue.extend(&mut sources, [("beacon.toml".to_owned(), text)]).unwrap();
    let edition =
        catalogue.chart(&mut sources, "beacon").unwrap().at(&"1.2.0".parse().unwrap(), None).unwrap();
    let reach = |component: &str, field: &str| -> Vec<String> {
        let component = &edition.components[component];
        let (_, reach) = component.targets().find(|(target, _)| target.to_string() == field).unwrap();
        let wiring = reach.wiring().into_iter().flat_map(|wiring| &wiring.chain);
        wiring.map(|wire| wire.path.to_string()).collect()
    };
    // The component's own class wins over the global one.
    assert_eq!(reach("log", "priorityClassName"), ["log.priorityClassName", "global.priorityClassName"]);
    // A hook and a sub-chart.
    assert_eq!(reach("keys", "tolerations"), ["keys.tolerations"]);
    assert!(edition.components["keys"].hook.is_some());
    assert_eq!(reach("lamp", "tolerations"), ["lamp.tolerations"]);
    // A key that `values.yaml` has in a comment only.
    assert_eq!(reach("beacon", "topologySpreadConstraints"), ["tower.topologySpreadConstraints"]);
    // Listed, and read by no template.
    assert_eq!(reach("keys", "nodeSelector"), Vec::<String>::new());
    assert!(edition.dead.keys().any(|path| path.to_string() == "keys.nodeSelector"));
    // A component, a container and a claim that come and go.
    let relay = &edition.components["relay"];
    assert!(!edition.holds(&relay.when, &json!({})));
    assert!(edition.holds(&relay.when, &json!({ "relay": { "enabled": true } })));
    assert!(!relay.containers.iter().find(|c| c.name == "metrics").unwrap().when.is_empty());
    let claim = &edition.components["log"].storage[0];
    assert!(!edition.holds(&claim.when, &json!({ "log": { "persistence": { "enabled": false } } })));
    // YAML in a string, and a value that is a template itself.
    let wire = |component: &str, field| {
        let reach = edition.components[component].reach(&Target::Field(field)).cloned();
        reach.unwrap().wiring().unwrap().chain[0].clone()
    };
    use lifeboat::catalogue::{Field, Shape};
    assert_eq!(wire("log", Field::Affinity).shape, Shape::YamlText);
    assert!(wire("beacon", Field::Tolerations).tpl);
    assert!(!wire("beacon", Field::Affinity).tpl);
}

#[test]
fn a_chart_that_refuses_the_values_is_no_chart_to_probe() {
    let mut refuse = |asks: &[Ask]| asks.iter().map(|_| Err("a value is missing".to_owned())).collect();
    let error = learn(&package(), &Request::default(), &mut refuse).unwrap_err();
    assert_eq!(error, "a value is missing");
}
