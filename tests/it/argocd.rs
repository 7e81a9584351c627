//! What Argo CD consumes: every object against the fields of its CRDs, and every `$values` reference against the files
//! that the build wrote.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Map, Value};
use tempfile::TempDir;

const ARGOCD: &str = "[argocd]\nrepository = \"https://git.example.com/edge.git\"\npath = \"sites\"\n";

/// A repository with a base, its values files and three sites.
fn repository(argocd: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    };
    let shipped =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("policy.toml")).expect("read");
    let base = shipped.replace("output = \"golden\"", "output = \"../out/{cluster}\"") + ARGOCD + argocd;
    write("base.toml", &base);
    write("values/loki.yaml", include_str!("../../values/loki.yaml"));
    for name in ["ada", "bob", "cyd"] {
        let own = format!("argocd.destination = \"https://{name}.example.com:6443\"\n");
        let text = format!("extends = \"../base.toml\"\ncluster.name = \"{name}\"\n");
        write(&format!("sites/{name}.toml"), &(text + &own));
    }
    folder
}

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
    command.current_dir(folder).args(args).args(["--format", "short"]).output().expect("runs")
}

fn all(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The objects of all YAML files below a folder.
fn objects(folder: &Path) -> Vec<Value> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|e| e == "yaml") {
            let text = fs::read_to_string(&path).expect("text");
            let read = yaml_serde::Deserializer::from_str(&text);
            found.extend(read.map(|doc| serde::Deserialize::deserialize(doc).expect("YAML")));
        }
    }
    assert!(!found.is_empty(), "no objects in {}", folder.display());
    found
}

/// Schemas by kind.
type Schemas = BTreeMap<String, Value>;

/// The reduced ones.
fn reduced() -> Schemas {
    serde_json::from_str(include_str!("../data/argocd/crd-fields.json")).expect("JSON")
}

/// Those of the whole CRDs in a file of manifests.
fn whole(manifests: &str) -> Schemas {
    let mut found = BTreeMap::new();
    for document in yaml_serde::Deserializer::from_str(manifests) {
        let crd: Value = serde::Deserialize::deserialize(document).expect("YAML");
        let kind = crd.pointer("/spec/names/kind").and_then(Value::as_str);
        let schema = crd.pointer("/spec/versions/0/schema/openAPIV3Schema");
        if let (Some(kind), Some(schema)) = (kind, schema) {
            found.insert(kind.to_owned(), strict(schema));
        }
    }
    found
}

/// A structural schema that refuses what the API server would prune without a word.
fn strict(schema: &Value) -> Value {
    match schema {
        Value::Object(map) => {
            let mut out: Map<String, Value> = map.iter().map(|(k, v)| (k.clone(), strict(v))).collect();
            let open = map.get("x-kubernetes-preserve-unknown-fields").is_some();
            let metadata = map.get("type") == Some(&"object".into()) && map.len() == 1;
            let schema = map.get("properties").is_some_and(Value::is_object) && map.contains_key("type");
            if schema && !open && !metadata {
                out.insert("additionalProperties".to_owned(), false.into());
            }
            Value::Object(out)
        }
        Value::Array(items) => items.iter().map(strict).collect(),
        other => other.clone(),
    }
}

#[track_caller]
fn valid(object: &Value) {
    valid_by(&reduced(), object);
}

#[track_caller]
fn valid_by(schemas: &Schemas, object: &Value) {
    let kind = object["kind"].as_str().expect("a kind");
    let schema = schemas.get(kind).unwrap_or_else(|| panic!("no schema for {kind}"));
    let validator = jsonschema::validator_for(schema).expect("a schema");
    let errors: Vec<String> =
        validator.iter_errors(object).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}\n{object:#}", errors.join("\n"));
}

/// The values files of an Application, from the root of the repository.
fn value_files(application: &Value) -> Vec<String> {
    let sources = application["spec"]["sources"].as_array().expect("sources");
    let refs: Vec<&str> = sources.iter().filter_map(|source| source["ref"].as_str()).collect();
    assert_eq!(refs, ["values"], "one source is the repository");
    let files =
        sources.iter().flat_map(|source| source["helm"]["valueFiles"].as_array().into_iter().flatten());
    files
        .map(|file| file.as_str().and_then(|f| f.strip_prefix("$values/")).expect("$values/…").to_owned())
        .collect()
}

#[test]
fn every_application_fits_the_crd_and_names_files_that_are_there() {
    let repository = repository("priority-classes = \"application\"\n");
    // The names of files do not depend on where the command runs.
    for (at, sites) in [("", "sites"), ("sites", ".")] {
        let built = run(&repository.path().join(at), &["build", sites]);
        assert_eq!(built.status.code(), Some(0), "{}", all(&built));
        if !at.is_empty() {
            assert!(
                all(&built).contains("nothing changed") && !all(&built).contains(" changed, 0 removed"),
                "{}",
                all(&built)
            );
        }
    }
    let mut seen = 0;
    for site in ["ada", "bob", "cyd"] {
        for object in objects(&repository.path().join(format!("out/{site}/cluster/argocd"))) {
            valid(&object);
            if object["spec"].get("sources").is_none() {
                let folder = object["spec"]["source"]["path"].as_str().expect("a path");
                let files = object["spec"]["source"]["directory"]["include"].as_str().expect("files");
                assert_eq!(files, "{priority-classes.yaml,lifeboat-lock.yaml}");
                for file in files.trim_matches(['{', '}']).split(',') {
                    assert!(repository.path().join(folder).join(file).is_file(), "{folder}/{file}");
                }
                continue;
            }
            for file in value_files(&object) {
                assert!(repository.path().join(&file).is_file(), "{file} is not there");
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 3 * 5, "four overlays and one file of the team's for each site");
}

/// The Applications that an ApplicationSet makes: its template with the patch of each element.
fn generated(set: &Value) -> Vec<Value> {
    let elements = set["spec"]["generators"][0]["list"]["elements"].as_array().expect("elements");
    let fill = |text: &str, element: &Value| {
        let mut text = text.to_owned();
        for (key, value) in element.as_object().expect("an element") {
            text = text.replace(&format!("{{{{ toJson .{key} }}}}"), &value.to_string());
            text = text.replace(&format!("{{{{ .{key} }}}}"), value.as_str().unwrap_or("not a string"));
        }
        assert!(!text.contains("{{"), "left over: {text}");
        text
    };
    let one = |element: &Value| {
        let template: Value =
            serde_json::from_str(&fill(&set["spec"]["template"].to_string(), element)).expect("JSON");
        let patch: Value =
            yaml_serde::from_str(&fill(set["spec"]["templatePatch"].as_str().expect("a patch"), element))
                .expect("YAML");
        let mut metadata = template["metadata"].clone();
        metadata["namespace"] = set["metadata"]["namespace"].clone();
        let mut spec = template["spec"].as_object().expect("a spec").clone();
        spec.extend(patch["spec"].as_object().expect("a spec").clone());
        serde_json::json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "spec": spec})
    };
    elements.iter().map(one).collect()
}

#[test]
fn a_fleet_has_one_application_set_per_service_over_all_its_sites() {
    let repository = repository("form = \"application-set\"\nfleet = \"../fleet\"\n");
    let built = run(repository.path(), &["build", "sites"]);
    assert_eq!(built.status.code(), Some(0), "{}", all(&built));
    assert!(!repository.path().join("out/ada/cluster/argocd").exists(), "the fleet has them");
    let sets: Vec<Value> = objects(&repository.path().join("fleet"));
    assert_eq!(sets.len(), 4, "one for each service");
    let mut clusters = BTreeMap::new();
    for set in &sets {
        valid(set);
        for application in generated(set) {
            valid(&application);
            let server = application["spec"]["destination"]["server"].as_str().expect("a server").to_owned();
            *clusters.entry(server).or_insert(0) += 1;
            for file in value_files(&application) {
                assert!(repository.path().join(&file).is_file(), "{file} is not there");
            }
        }
    }
    let wanted = ["ada", "bob", "cyd"].map(|name| (format!("https://{name}.example.com:6443"), 4));
    assert_eq!(clusters, BTreeMap::from(wanted));
    let checked = run(repository.path(), &["check", "sites"]);
    assert_eq!(checked.status.code(), Some(0), "{}", all(&checked));
}

/// Keys of a schema that another one lacks, as paths.
fn beyond(schema: &Value, other: &Value, path: &str, found: &mut Vec<String>) {
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        match other["properties"].get(key) {
            Some(known) => beyond(inner, known, &path, found),
            // The API server knows the fields of metadata by itself.
            None if other["properties"].is_object() => found.push(path),
            None => {}
        }
    }
    if schema["items"].is_object() && other["items"].is_object() {
        beyond(&schema["items"], &other["items"], &format!("{path}[]"), found);
    }
}

/// The schemas in the file of whole CRDs that `LIFEBOAT_ARGOCD_CRDS` names.
fn given() -> Schemas {
    let file = std::env::var_os("LIFEBOAT_ARGOCD_CRDS").expect("LIFEBOAT_ARGOCD_CRDS names a file of CRDs");
    whole(&fs::read_to_string(file).expect("the file of LIFEBOAT_ARGOCD_CRDS"))
}

#[test]
#[ignore = "needs LIFEBOAT_ARGOCD_CRDS: .ci/argocd-crds runs it"]
fn whole_crds_have_every_field_of_the_reduced_ones() {
    let schemas = given();
    let mut strange = Vec::new();
    for (kind, schema) in reduced() {
        let known = schemas.get(&kind).unwrap_or_else(|| panic!("no CRD of the kind {kind}"));
        beyond(&schema, known, &kind, &mut strange);
    }
    assert!(strange.is_empty(), "the CRDs have no {}", strange.join(", "));
}

#[test]
#[ignore = "needs LIFEBOAT_ARGOCD_CRDS: .ci/argocd-crds runs it"]
fn whole_crds_take_what_a_build_writes() {
    let schemas = given();
    let mut seen = BTreeMap::new();
    for form in [
        "priority-classes = \"application\"\n",
        "sync = \"automated\"\nprune = true\nself-heal = true\n",
        "form = \"application-set\"\n",
        "form = \"application-set\"\nfleet = \"../fleet\"\n",
    ] {
        let repository = repository(form);
        let built = run(repository.path(), &["build", "sites"]);
        assert_eq!(built.status.code(), Some(0), "{}", all(&built));
        let mut written: Vec<Value> = Vec::new();
        for folder in
            ["fleet", "out/ada/cluster/argocd", "out/bob/cluster/argocd"].map(|f| repository.path().join(f))
        {
            if folder.is_dir() {
                written.extend(objects(&folder));
            }
        }
        assert!(!written.is_empty(), "{form}");
        let sets = written.iter().filter(|object| object["kind"] == "ApplicationSet");
        let applications: Vec<Value> = sets.flat_map(generated).collect();
        for object in written.iter().chain(&applications) {
            valid_by(&schemas, object);
            *seen.entry(object["kind"].as_str().expect("a kind").to_owned()).or_insert(0) += 1;
        }
    }
    println!("{seen:?}");
    assert!(seen.len() >= 2, "{seen:?}");
}

#[test]
fn an_application_set_never_loses_a_site_that_is_only_broken_or_not_named() {
    let repository = repository("form = \"application-set\"\nfleet = \"../fleet\"\n");
    run(repository.path(), &["build", "sites"]);
    let read =
        || fs::read_to_string(repository.path().join("fleet/application-set-loki.yaml")).expect("read");
    let before = read();
    let some = run(repository.path(), &["build", "sites/ada.toml", "sites/bob.toml"]);
    assert!(
        all(&some).contains("fleet-incomplete") && all(&some).contains("sites/cyd.toml"),
        "{}",
        all(&some)
    );
    fs::write(repository.path().join("sites/cyd.toml"), "extends = \"../base.toml\"\ntiers = 3\n")
        .expect("written");
    let broken = run(repository.path(), &["build", "sites"]);
    assert!(all(&broken).contains("sites/cyd.toml is broken"), "{}", all(&broken));
    assert_eq!(read(), before);
    // A policy under another name is the same site, if it writes the same folder.
    let again = "extends = \"../base.toml\"\ncluster.name = \"cyd\"\nargocd.destination = \"cyd\"\n";
    fs::remove_file(repository.path().join("sites/cyd.toml")).expect("removed");
    fs::write(repository.path().join("sites/dan.toml"), again).expect("written");
    let renamed = run(repository.path(), &["build", "sites"]);
    assert!(!all(&renamed).contains("site-removed"), "{}", all(&renamed));
    // A site whose policy is gone is gone: what Argo CD then does, and what is left here, is said.
    fs::remove_file(repository.path().join("sites/dan.toml")).expect("removed");
    let gone = run(repository.path(), &["build", "sites"]);
    assert_eq!(gone.status.code(), Some(0), "{}", all(&gone));
    assert!(!read().contains("cyd"));
    for said in ["warning[site-removed]", "sites/dan.toml is gone", "Argo CD deletes", "`git rm -r out/cyd`"]
    {
        assert!(all(&gone).contains(said), "{said}: {}", all(&gone));
    }
    assert!(repository.path().join("out/cyd").is_dir());
    assert!(!all(&run(repository.path(), &["build", "sites"])).contains("site-removed"), "once is enough");
}

#[test]
fn sites_that_cannot_share_a_set_are_told_why() {
    let repository = repository("form = \"application-set\"\nfleet = \"../fleet\"\n");
    let site = |more: &str| format!("extends = \"../base.toml\"\ncluster.name = \"bob\"\n{more}");
    let own = "argocd.destination = \"https://ada.example.com:6443\"\n";
    fs::write(repository.path().join("sites/bob.toml"), site(own)).expect("written");
    let twice = run(repository.path(), &["build", "sites"]);
    assert_eq!(twice.status.code(), Some(2), "{}", all(&twice));
    assert!(all(&twice).contains("fleet-disagrees"), "{}", all(&twice));
    let own = "argocd.destination = \"https://bob.example.com:6443\"\nargocd.project = \"other\"\n";
    fs::write(repository.path().join("sites/bob.toml"), site(own)).expect("written");
    let differ = run(repository.path(), &["build", "sites"]);
    assert!(all(&differ).contains("differ in `argocd` (project)"), "{}", all(&differ));
}

#[test]
fn a_values_file_outside_the_repository_is_refused() {
    let repository = repository("");
    let base = repository.path().join("base.toml");
    let text = fs::read_to_string(&base).expect("read").replace("path = \"sites\"\n", "");
    fs::write(&base, text).expect("written");
    let built = run(repository.path(), &["build", "sites"]);
    assert_eq!(built.status.code(), Some(2), "{}", all(&built));
    assert!(all(&built).contains("outside-repository"), "{}", all(&built));
}

#[test]
fn a_set_that_etcd_would_not_take_is_refused() {
    use lifeboat::emit::argocd::{ApplicationContext, ArgoCdContext, SiteContext};
    use lifeboat::emit::delivery::Member;
    let shared = ArgoCdContext {
        repository: "https://git.example.com/edge.git".to_owned(),
        revision: "main".to_owned(),
        project: "default".to_owned(),
        namespace: "argocd".to_owned(),
        destination: String::new(),
        automated: false,
        prune: false,
        self_heal: false,
    };
    let member = |index: usize| Member {
        folder: "../fleet".to_owned(),
        output: format!("../out/plant-{index}"),
        shared: shared.clone(),
        site: SiteContext {
            site: format!("plant-{index}"),
            destination: format!("plant-{index}"),
            applications: vec![ApplicationContext {
                name: "loki".to_owned(),
                chart_repository: "https://charts.example.com".to_owned(),
                chart: "loki".to_owned(),
                version: "1.0.0".to_owned(),
                release: "loki".to_owned(),
                namespace: "logs".to_owned(),
                value_files: vec![format!("out/plant-{index}/loki/values.yaml")],
            }],
        },
    };
    let policies: Vec<String> = (0..6_000).map(|index| format!("sites/plant-{index}.toml")).collect();
    let members: Vec<Member> = (0..6_000).map(member).collect();
    let all: Vec<(&str, &Member)> = policies.iter().map(String::as_str).zip(&members).collect();
    assert!(lifeboat::emit::fleet::artifacts("fleet", &all[..2_000]).is_ok());
    let errors = lifeboat::emit::fleet::artifacts("fleet", &all).expect_err("too large");
    assert_eq!(errors[0].code.name(), "fleet-too-large");
}
