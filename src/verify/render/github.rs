//! GitHub's workflow commands: annotations on the lines of a pull request.

use super::policy_place;
use crate::diag::render::annotation;
use crate::source::SourceMap;
use crate::verify::Report;

/// `::error file=…,line=…,col=…,title=…::message`, one line per finding.
#[must_use]
pub fn github(report: &Report, sources: &SourceMap) -> String {
    let mut out = String::new();
    for finding in report.findings.iter().filter(|finding| finding.allowed.is_none()) {
        let place = match &finding.origin {
            Some(origin) => {
                Some((origin.file.to_string(), origin.at.line as usize, origin.at.column as usize))
            }
            None => policy_place(finding, sources),
        };
        let place = place.as_ref().map(|(file, line, column)| (file.as_str(), Some((*line, Some(*column)))));
        out.push_str(&annotation(&finding.diagnostic, place, &finding.diagnostic.message));
        out.push('\n');
    }
    out
}
