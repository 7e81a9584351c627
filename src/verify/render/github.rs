//! GitHub's workflow commands: annotations on the lines of a pull request.

use super::policy_place;
use crate::diag::Severity;
use crate::source::SourceMap;
use crate::verify::Report;

/// `::error file=…,line=…,col=…,title=…::message`, one line per finding.
#[must_use]
pub fn github(report: &Report, sources: &SourceMap) -> String {
    let mut out = String::new();
    for finding in report.findings.iter().filter(|finding| finding.allowed.is_none()) {
        let diagnostic = &finding.diagnostic;
        let level = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let place = match &finding.origin {
            Some(origin) => {
                Some((origin.file.to_string(), origin.at.line as usize, origin.at.column as usize))
            }
            None => policy_place(finding, sources),
        };
        let place = place.map_or(String::new(), |(file, line, column)| {
            format!("file={},line={line},col={column},", property(&file))
        });
        let mut message = diagnostic.message.clone();
        if let Some(help) = &diagnostic.help {
            message.push_str("\nhelp: ");
            message.push_str(help);
        }
        out.push_str(&format!("::{level} {place}title={}::{}\n", diagnostic.code.name(), data(&message)));
    }
    out
}

/// Escapes of `@actions/core`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
