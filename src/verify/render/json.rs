//! For programs: one JSON object a line, of type `finding`, `workload` or `summary`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{policy_place, word};
use crate::manifest::Origin;
use crate::source::SourceMap;
use crate::verify::{Answer, Report};

/// The report as lines of JSON, the summary last.
#[must_use]
pub fn json(report: &Report, sources: &SourceMap) -> String {
    let mut out = String::new();
    let mut line = |object: Value| {
        let _ = writeln!(out, "{object}");
    };
    for finding in &report.findings {
        let diagnostic = &finding.diagnostic;
        let policy = policy_place(finding, sources)
            .map(|(file, line, column)| json!({"file": file, "line": line, "column": column, "path": finding.policy_path}));
        line(json!({
            "type": "finding",
            "code": diagnostic.code.name(),
            "severity": word(diagnostic.severity),
            "message": diagnostic.message,
            "target": finding.target,
            "component": finding.component,
            "at": finding.origin.as_ref().map(place),
            "policy": policy,
            "notes": diagnostic.notes,
            "help": diagnostic.help,
            "allowed": finding.allowed.as_ref().map(|(name, reason)| json!({"by": name, "reason": reason})),
        }));
    }
    for verdict in &report.verdicts {
        line(json!({
            "type": "workload",
            "target": verdict.title,
            "component": verdict.component,
            "answer": verdict.answer.word(),
            "at": place(&verdict.origin),
        }));
    }
    let counts = &report.counts;
    line(json!({
        "type": "summary",
        "documents": counts.documents,
        "empty": counts.empty,
        "refused": counts.refused,
        "objects": counts.objects,
        "skipped": counts.skipped,
        "unlisted": report.unlisted.values().sum::<usize>(),
        "holds": report.count(Answer::Holds),
        "violates": report.count(Answer::Violates),
        "not_in_policy": report.count(Answer::NotInPolicy),
        "could_not_read": report.count(Answer::CouldNotRead),
    }));
    out
}

fn place(origin: &Origin) -> Value {
    json!({
        "file": &*origin.file,
        "document": origin.document,
        "line": origin.at.line,
        "column": origin.at.column,
        "path": origin.path,
    })
}
