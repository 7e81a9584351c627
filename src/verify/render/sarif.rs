//! SARIF 2.1.0, which code-scanning services read.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::policy_place;
use crate::diag::{Code, Severity};
use crate::source::SourceMap;
use crate::verify::{Finding, Report};

/// The report as one SARIF log; allowed findings are suppressed results with their justification.
#[must_use]
pub fn sarif(report: &Report, sources: &SourceMap) -> String {
    let mut codes: BTreeMap<&str, Code> = BTreeMap::new();
    for finding in &report.findings {
        codes.insert(finding.diagnostic.code.name(), finding.diagnostic.code);
    }
    let index: BTreeMap<&str, usize> = codes.keys().enumerate().map(|(n, &name)| (name, n)).collect();
    let rules: Vec<Value> = codes.values().map(|code| rule(*code)).collect();
    let results: Vec<Value> =
        report.findings.iter().map(|finding| result(finding, &index, sources)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "lifeboat",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.name(),
        "shortDescription": { "text": code.0.summary },
        "fullDescription": { "text": code.0.explanation },
        "help": { "text": code.0.remedy },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn location(file: &str, line: usize, column: usize, name: &str) -> Value {
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(file) },
            "region": { "startLine": line.max(1), "startColumn": column.max(1) },
        },
    });
    if !name.is_empty() {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": name }]);
    }
    location
}

fn result(finding: &Finding, index: &BTreeMap<&str, usize>, sources: &SourceMap) -> Value {
    let diagnostic = &finding.diagnostic;
    let mut text = diagnostic.message.clone();
    for note in &diagnostic.notes {
        text.push('\n');
        text.push_str(note);
    }
    let policy = policy_place(finding, sources);
    let mut related = Vec::new();
    let locations = match (&finding.origin, policy) {
        (Some(origin), policy) => {
            if let Some((file, line, column)) = policy {
                let mut place = location(&file, line, column, &finding.policy_path);
                place["message"] = json!({ "text": "the policy" });
                related.push(place);
            }
            let (line, column) = (origin.at.line as usize, origin.at.column as usize);
            vec![location(&origin.file, line, column, &finding.target)]
        }
        (None, Some((file, line, column))) => vec![location(&file, line, column, &finding.target)],
        (None, None) => Vec::new(),
    };
    let mut result = json!({
        "ruleId": diagnostic.code.name(),
        "ruleIndex": index.get(diagnostic.code.name()),
        "level": level(diagnostic.severity),
        "message": { "text": text },
        "locations": locations,
        "partialFingerprints": { "lifeboat/v1": format!("{}:{}", diagnostic.code.name(), finding.target) },
    });
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    if let Some((name, reason)) = &finding.allowed {
        let justification = format!("allow.{name}: {reason}");
        result["suppressions"] = json!([{ "kind": "external", "justification": justification }]);
    }
    result
}

/// A file name as a relative URI reference.
fn uri(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte))
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
