//! One order for all findings of a run, without repetitions.

use super::Diagnostic;
use crate::source::SourceMap;

/// Sorts findings by file name, place, severity, code and message, those without a place first, and drops
/// repetitions. Files are compared by name, so that the order does not depend on who was read first.
pub fn sort(findings: &mut Vec<Diagnostic>, sources: &SourceMap) {
    let place = |finding: &Diagnostic| {
        finding
            .primary
            .as_ref()
            .map(|label| (sources.get(label.span.file).name.to_string(), label.span.start, label.span.end))
    };
    findings.sort_by_cached_key(|finding| {
        (place(finding), finding.severity, finding.code.name(), finding.message.clone())
    });
    findings.dedup_by(|a, b| a.code == b.code && a.message == b.message && place(a) == place(b));
}
