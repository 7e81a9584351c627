//! One line each, as compilers print them for editors.

use std::fmt::Write as _;

use super::{clean, policy_place, word};
use crate::source::SourceMap;
use crate::verify::Report;

/// `file:line:column: severity[code]: message`, one line per finding.
#[must_use]
pub fn short(report: &Report, sources: &SourceMap) -> String {
    let mut out = String::new();
    for finding in report.findings.iter().filter(|finding| finding.allowed.is_none()) {
        let place = match &finding.origin {
            Some(origin) => format!("{origin}: "),
            None => policy_place(finding, sources)
                .map_or(String::new(), |(file, line, column)| format!("{file}:{line}:{column}: ")),
        };
        let diagnostic = &finding.diagnostic;
        let _ = writeln!(
            out,
            "{}{}[{}]: {}",
            clean(&place),
            word(diagnostic.severity),
            diagnostic.code.name(),
            clean(&diagnostic.message)
        );
    }
    out
}
