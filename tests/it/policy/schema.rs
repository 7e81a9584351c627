//! The JSON Schema: committed, true to the reader, and never stricter than the checker.

use std::collections::BTreeMap;

use lifeboat::diag::Severity;
use lifeboat::policy;
use lifeboat::source::SourceMap;
use serde_json::Value;

use super::annotated;

fn validator() -> jsonschema::Validator {
    jsonschema::draft7::new(&policy::schema_value()).expect("a valid schema")
}

fn to_json(text: &str) -> Option<Value> {
    serde_json::to_value(text.parse::<toml::Table>().ok()?).ok()
}

#[test]
fn the_committed_schema_is_the_generated_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/policy.schema.json");
    let generated = policy::schema();
    if std::env::var("GOLDEN").as_deref() == Ok("overwrite") {
        std::fs::write(path, &generated).expect("written");
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == generated, "policy.schema.json is stale: lifeboat schema > policy.schema.json");
}

#[test]
fn policies_without_errors_pass_the_schema() {
    let validator = validator();
    for name in ["policy.toml", "templates/init.toml", "examples/strategy-as-written.toml"] {
        let text =
            std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).expect("shipped");
        let value = to_json(&text).expect("TOML");
        let errors: Vec<_> =
            validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

/// What the schema rejects, the checker rejects; and of the mistakes that a schema can express, it misses none.
#[test]
fn the_schema_agrees_with_the_checker() {
    let validator = validator();
    let (mut rejected, mut accepted) = (0, 0);
    for case in annotated::cases() {
        let Some(value) = to_json(&case.files[0].1) else { continue };
        let findings = annotated::find(&case).0;
        let own = |f: &&lifeboat::diag::Diagnostic| f.severity == Severity::Error;
        let by_checker = findings.iter().any(|f| own(&f));
        if validator.is_valid(&value) {
            accepted += 1;
            // In the first file, so that the schema saw it.
            let shaped = ["unknown-key", "unknown-word", "wrong-type"];
            let missed = findings.iter().find(|f| {
                shaped.contains(&f.code.name())
                    && f.primary.as_ref().is_some_and(|label| label.span.file.0 == 0)
            });
            assert!(missed.is_none(), "{}: the schema misses {missed:?}", case.title);
        } else {
            rejected += 1;
            let why: Vec<_> =
                validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert!(by_checker, "{}: the schema rejects what the checker accepts: {why:#?}", case.title);
        }
    }
    assert!(rejected > 10 && accepted > 20, "{rejected} rejected, {accepted} accepted");
}

/// Every key of the schema is read, and every key has a description.
#[test]
fn the_schema_and_the_reader_know_the_same_keys() {
    let schema = policy::schema_value();
    let mut paths = Vec::new();
    keys(&schema, &schema, String::new(), &mut paths);
    assert!(paths.len() > 100);
    for (path, described) in &paths {
        assert!(described, "{path} has no description");
        if path.ends_with('+') || path == "extends" {
            continue;
        }
        // A value of a type that no key takes: a known key is a wrong type, an unknown one is unknown.
        let text = format!("{path} = 1979-05-27\n");
        let loader = BTreeMap::from([("p".to_owned(), text)]);
        let mut sources = SourceMap::default();
        let findings = policy::load(&loader, &mut sources, "p").expect_err("a date is nowhere right");
        let codes: Vec<_> = findings.iter().map(|f| f.code.name()).collect();
        assert!(codes.contains(&"wrong-type") && !codes.contains(&"unknown-key"), "{path}: {codes:?}");
    }
}

/// Dotted paths of all keys; `x` stands for a name of the user's.
fn keys(root: &Value, schema: &Value, path: String, out: &mut Vec<(String, bool)>) {
    let schema = resolve(root, schema);
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        for (key, sub) in properties {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            out.push((path.clone(), sub.get("description").is_some()));
            keys(root, sub, path, out);
        }
    }
    if let Some(entry) = schema.get("additionalProperties").filter(|entry| entry.is_object()) {
        keys(root, entry, format!("{path}.x"), out);
    }
}

fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let all = schema.get("allOf").and_then(|all| all.get(0)).unwrap_or(schema);
    match all.get("$ref").and_then(Value::as_str).and_then(|r| root.pointer(r.trim_start_matches('#'))) {
        Some(target) => target,
        None => schema,
    }
}
