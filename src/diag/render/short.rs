//! One line each, as compilers print them for editors.

use super::clean;
use crate::diag::{Diagnostic, Severity};
use crate::source::SourceMap;

/// `file:line:column: severity[code]: message`, without a line end; the help follows in parentheses.
#[must_use]
pub fn short(finding: &Diagnostic, sources: &SourceMap) -> String {
    let mut text = String::new();
    if let Some(label) = &finding.primary {
        let file = sources.get(label.span.file);
        let (line, column) = file.line_col(label.span.start);
        text = format!("{}:{line}:{column}: ", file.name);
    } else if let Some(place) = &finding.place {
        let line = place.line.map_or_else(String::new, |line| format!("{line}:"));
        text = format!("{}:{line} ", clean(&place.file));
    }
    text.push_str(&format!(
        "{}[{}]: {}",
        word(finding.severity),
        finding.code.name(),
        clean(&finding.message)
    ));
    if let Some(help) = &finding.help {
        text.push_str(&format!(" ({})", clean(help)));
    }
    text
}

pub(super) fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
