//! GitHub's workflow commands: annotations on the lines of a pull request.

use super::{beside, shown_place};
use crate::diag::render::annotation;
use crate::source::SourceMap;
use crate::verify::Report;

/// `::error file=…,line=…,col=…,title=…::message`, one line per finding.
#[must_use]
pub fn github(report: &Report, sources: &SourceMap) -> String {
    let mut out = String::new();
    for finding in report.findings.iter().filter(|finding| finding.allowed.is_none()) {
        let place = shown_place(finding, sources);
        let place = place.as_ref().map(|(file, line, column)| (file.as_str(), Some((*line, Some(*column)))));
        let mut message = finding.diagnostic.message.clone();
        // The help is the annotation's own.
        for line in beside(finding, sources, false) {
            message.push('\n');
            message.push_str(&line);
        }
        out.push_str(&annotation(&finding.diagnostic, place, &message));
        out.push('\n');
    }
    out
}
