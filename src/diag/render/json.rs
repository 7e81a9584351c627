//! For programs: all that a finding knows.

use serde_json::{Value, json};

use super::short::word;
use crate::diag::{Diagnostic, Label};
use crate::source::SourceMap;

/// A finding as a JSON object. Lines and columns count from 1, columns in characters; offsets in bytes.
#[must_use]
pub fn json(finding: &Diagnostic, sources: &SourceMap) -> Value {
    json!({
        "code": finding.code.name(),
        "severity": word(finding.severity),
        "message": finding.message,
        "target": finding.target,
        "at": at(finding, sources),
        "labels": finding.labels.iter().map(|label| place(label, sources)).collect::<Vec<_>>(),
        "notes": finding.notes,
        "help": finding.help,
    })
}

/// A place in a source, or a file that was compared with its line, if there is one.
fn at(finding: &Diagnostic, sources: &SourceMap) -> Option<Value> {
    let beside = || finding.place.as_ref().map(|place| json!({"file": place.file, "line": place.line}));
    finding.primary.as_ref().map(|label| place(label, sources)).or_else(beside)
}

fn place(label: &Label, sources: &SourceMap) -> Value {
    let file = sources.get(label.span.file);
    let (line, column) = file.line_col(label.span.start);
    let (end_line, end_column) = file.line_col(label.span.end);
    json!({
        "file": &*file.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "start": label.span.start,
        "end": label.span.end,
        "text": label.text,
    })
}
