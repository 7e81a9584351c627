//! SARIF 2.1.0, which code-scanning services read.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{beside, policy_place, shown_place};
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
    let mut seen = BTreeMap::new();
    let results: Vec<Value> =
        report.findings.iter().map(|finding| result(finding, &index, &mut seen, sources)).collect();
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

fn result(
    finding: &Finding,
    index: &BTreeMap<&str, usize>,
    seen: &mut BTreeMap<String, usize>,
    sources: &SourceMap,
) -> Value {
    let diagnostic = &finding.diagnostic;
    let mut text = diagnostic.message.clone();
    for line in diagnostic.notes.iter().chain(&beside(finding, sources, true)) {
        text.push('\n');
        text.push_str(line);
    }
    let shown = shown_place(finding, sources);
    let locations: Vec<Value> =
        shown.iter().map(|(file, line, column)| location(file, *line, *column, &finding.target)).collect();
    let mut related = Vec::new();
    if let Some((file, line, column)) = policy_place(finding, sources).filter(|_| finding.origin.is_some()) {
        let mut place = location(&file, line, column, &finding.policy_path);
        place["message"] = json!({ "text": "the policy" });
        related.push(place);
    }
    let mut result = json!({
        "ruleId": diagnostic.code.name(),
        "ruleIndex": index.get(diagnostic.code.name()),
        "level": level(diagnostic.severity),
        "message": { "text": text },
        "locations": locations,
        "partialFingerprints": { "lifeboat/v1": fingerprint(finding, seen) },
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

/// The same for the same finding in the next run: code, object and path, numbered where several are alike.
fn fingerprint(finding: &Finding, seen: &mut BTreeMap<String, usize>) -> String {
    let path = finding.origin.as_ref().map_or("", |origin| origin.path.as_str());
    let print = format!("{}:{}:{path}", finding.diagnostic.code.name(), finding.target);
    let times = seen.entry(print.clone()).or_default();
    *times += 1;
    if *times > 1 { format!("{print}:{times}") } else { print }
}

/// A file name as a URI reference: relative, unless it names a place outside the working folder.
fn uri(name: &str) -> String {
    let mut out = String::new();
    if name.starts_with('/') {
        out.push_str("file://");
    }
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
