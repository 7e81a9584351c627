//! The reader against what Go's `sigs.k8s.io/yaml` was recorded to do.

use serde_json::Value;

use super::value;

const CASES: &str = include_str!("../../data/yaml-go/cases.jsonl");

/// Texts on which the reader is known to differ, with the reason. Each is refused by one side, none is
/// read as two different values.
const DIFFERENCES: &[(&str, &str)] = &[
    ("a:\tb", "the parser wants a blank after the colon, Go takes a tab"),
    ("\ta: b", "Go takes no tab at the start of a line that has no indentation yet"),
    ("a: \u{85}b", "a line break in YAML 1.1, a character in YAML 1.2"),
    ("a: \u{2028}b", "a line break in YAML 1.1, a character in YAML 1.2"),
];

#[test]
fn reads_what_go_reads() {
    let mut wrong = Vec::new();
    let mut differing = Vec::new();
    let mut cases = 0;
    for line in CASES.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = case["in"].as_str().unwrap();
        cases += 1;
        let ours = value(text);
        let equal = match (case.get("json"), &ours) {
            (Some(theirs), Ok(ours)) => same(theirs, ours),
            (None, Err(_)) => true,
            _ => false,
        };
        if DIFFERENCES.iter().any(|(known, _)| *known == text) {
            assert!(case.get("json").is_none() || ours.is_err(), "{text:?}: two values");
            differing.push(text.to_owned());
            assert!(!equal, "{text:?} is listed as a difference, but there is none");
        } else if !equal {
            wrong.push(format!("{text:?}: Go {} ours {ours:?}", case.get("json").unwrap_or(&case["error"])));
        }
    }
    assert!(wrong.is_empty(), "{} of {cases}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(differing.len(), DIFFERENCES.len());
    assert!(cases > 400);
}

/// Equal as JSON numbers: Go prints 1e+22 where we keep the float.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, a)| b.get(k).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}
