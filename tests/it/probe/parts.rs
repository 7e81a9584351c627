//! The parts of a probe that need no render.

use lifeboat::catalogue::ValuePath;
use lifeboat::probe::Shot;
use lifeboat::probe::bump::{Change, carriers, defaults};
use lifeboat::probe::dead::{living, meant, named, read, same, suspects, switched_on, without};
use lifeboat::probe::package::{Package, unpack};
use serde_json::json;

use super::{beacon, files, package};

#[test]
fn values_of_sub_charts_stand_under_their_key() {
    let package = package();
    assert_eq!((package.name.as_str(), package.version.to_string().as_str()), ("beacon", "1.2.0"));
    let at = |path: &str| ValuePath::parse(path).get(&package.values).cloned();
    assert_eq!(at("lamp.tolerations"), Some(json!([{ "operator": "Exists", "effect": "NoSchedule" }])));
    assert_eq!(at("tower.replicas"), Some(json!(2)));
    assert_eq!(at("tower.topologySpreadConstraints"), None);
}

#[test]
fn a_sub_chart_that_was_not_packed_is_lacking_whether_its_line_was_left_or_not() {
    let keys = [ValuePath::parse("lamp"), ValuePath::parse("horn")];
    let lacking = |files: &lifeboat::probe::package::Files| {
        let mut package = Package::of_files(files).unwrap();
        package.note_lacking(keys.iter());
        package.hollow.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let mut files = files(&beacon());
    assert_eq!(lacking(&files), ["horn"]);
    files.retain(|path, _| !path.starts_with("charts/lamp/"));
    assert_eq!(lacking(&files), ["lamp", "horn"]);
    files.insert("Chart.yaml".into(), b"name: beacon\nversion: 1.2.0\n".to_vec());
    assert_eq!(lacking(&files), ["lamp", "horn"]);
}

#[test]
fn only_keys_that_the_defaults_lack_are_suspect() {
    let file =
        "tower:\n  replicas: 3\n  toleratoins: []\n  nodeSelector: {a: b}\nlampe:\n  tolerations: []\n";
    let root = read(file).unwrap().unwrap();
    let found: Vec<String> =
        suspects(&root, &package()).iter().map(|s| format!("{} {}", s.path, s.at)).collect();
    assert_eq!(found, ["tower.toleratoins 3:3", "tower.nodeSelector.a 4:18", "lampe.tolerations 6:3"]);
}

#[test]
fn a_dead_key_has_a_living_neighbour() {
    let package = package();
    let near = |path: &str| living(&ValuePath::parse(path), &package, None).map(|path| path.to_string());
    assert_eq!(near("tower.toleratoins").as_deref(), Some("tower.tolerations"));
    assert_eq!(near("lampe.tolerations").as_deref(), Some("lamp.tolerations"));
    assert_eq!(near("qqqqqqqq"), None);
}

#[test]
fn a_dead_key_means_its_near_neighbour_or_nothing() {
    let package = package();
    let near = |path: &str| meant(&ValuePath::parse(path), &package, None).map(|path| path.to_string());
    assert_eq!(near("tower.toleratoins").as_deref(), Some("tower.tolerations"));
    assert_eq!(near("towre.tolerations").as_deref(), Some("tower.tolerations"));
    assert_eq!(near("lampe.tolerations").as_deref(), Some("lamp.tolerations"));
    // Neither another word of three letters nor a key of another part is meant.
    assert_eq!(near("tower.foo"), None);
    assert_eq!(near("log.sieze"), None);
    assert_eq!(near("keys.persistence"), None);
}

#[test]
fn what_a_template_names_is_read_even_if_not_now() {
    let package = package();
    let named = |path: &str| named(&ValuePath::parse(path), &package);
    // Only a comment of the values has the first, and the defaults leave the second open.
    assert!(named("tower.topologySpreadConstraints") && named("tower.affinity.nodeAffinity"));
    assert!(named("lamp.tolerations"), "a sub-chart's templates know it without the chart's name");
    assert!(!named("tower.toleratoins") && !named("tolerations") && !named("lampe.tolerations"));
    assert!(!named("tower.nodeSelector.disk"), "the defaults say what is in it");
}

#[test]
fn a_key_is_tried_with_everything_above_it_switched_on() {
    let on = |path: &str| switched_on(&ValuePath::parse(path), &package().values);
    assert_eq!(
        on("relay.metrics.port"),
        Some(json!({ "relay": { "enabled": true, "metrics": { "enabled": true } } }))
    );
    assert_eq!(on("log.persistence.port"), None);
    assert_eq!(on("relay"), None);
}

#[test]
fn a_value_goes_with_the_maps_that_it_leaves_empty() {
    let values = json!({ "a": { "b": { "c": 1 } }, "d": { "e": 1, "f": 2 } });
    let path = ValuePath::parse;
    assert_eq!(without(&values, &path("a.b.c")), json!({ "d": { "e": 1, "f": 2 } }));
    assert_eq!(without(&values, &path("d.e")), json!({ "a": { "b": { "c": 1 } }, "d": { "f": 2 } }));
    assert_eq!(without(&values, &path("x.y")), values);
}

#[test]
fn passwords_made_anew_are_no_difference() {
    let first = "user: a\npassword: 1\nport: 80\n";
    let second = "user: a\npassword: 2\nport: 80\n";
    assert!(same(first, second, "user: a\npassword: 3\nport: 80\n"));
    assert!(!same(first, second, "user: a\npassword: 3\nport: 81\n"));
    assert!(!same(first, second, "user: a\npassword: 3\n"));
    assert!(!same(first, first, second));
}

#[test]
fn a_bump_tells_new_gone_and_moved_pods_apart() {
    let pod = |kind: &str, name: &str, containers: &str| {
        format!(
            "---\napiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{app: \"{name}\"}}}}\n  \
             template:\n    metadata: {{labels: {{app: \"{name}\"}}}}\n    spec: {{containers: [{containers}]}}\n"
        )
    };
    let shot = |texts: &[String]| Shot::of(&texts.concat(), "").unwrap();
    let old = shot(&[
        pod("StatefulSet", "cache", "{name: c}"),
        pod("Deployment", "api", "{name: api}"),
        pod("Deployment", "old", "{name: o}"),
    ]);
    let new = shot(&[
        pod("Deployment", "cache", "{name: c}"),
        pod("Deployment", "api", "{name: api}, {name: proxy}"),
        pod("Deployment", "new", "{name: n}"),
    ]);
    let changes = carriers(&old, &new);
    let text = |text: &str| text.to_owned();
    assert!(changes.contains(&Change::Moved(text("StatefulSet/cache"), text("Deployment/cache"))));
    assert!(changes.contains(&Change::Appeared(text("Deployment/new"))));
    assert!(changes.contains(&Change::Vanished(text("Deployment/old"))));
    assert!(changes.iter().any(|change| matches!(change, Change::Containers(id, was, is)
        if id == "Deployment/api" && was == &["api"] && is == &["api", "proxy"])));
    assert_eq!(changes.len(), 4);
}

#[test]
fn new_defaults_are_told_where_they_matter() {
    let mut newer = files(&beacon());
    let values = String::from_utf8(newer["values.yaml"].clone()).unwrap();
    let values =
        values.replace("  replicas: 2\n", "  replicas: 3\n").replace("image: beacon:1", "image: beacon:2");
    newer.insert("values.yaml".into(), values.into_bytes());
    let newer = Package::of_files(&newer).unwrap();
    let told = defaults(&package(), &newer, &[]);
    let told: Vec<String> = told.iter().map(|d| d.path.to_string()).collect();
    assert_eq!(told, ["tower.replicas"]);
    let told = defaults(&package(), &newer, &[ValuePath::parse("image")]);
    assert_eq!(told.len(), 2);
}

#[test]
fn broken_packages_are_refused() {
    assert!(unpack(b"").unwrap_err().contains("no chart package"));
    assert!(unpack(b"not gzip at all").unwrap_err().contains("no chart package"));
    let mut broken = files(&beacon());
    broken.remove("Chart.yaml");
    assert_eq!(Package::of_files(&broken).unwrap_err(), "there is no Chart.yaml");
    broken.insert("Chart.yaml".into(), b"name: [".to_vec());
    assert!(Package::of_files(&broken).unwrap_err().starts_with("Chart.yaml:"));
    broken.insert("Chart.yaml".into(), b"name: x\nversion: one\n".to_vec());
    assert!(Package::of_files(&broken).unwrap_err().contains("version"));
}
