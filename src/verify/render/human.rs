//! For people: findings with both places, then the answers, then the totals.

use std::fmt::Write as _;

use super::{clean, policy_place, summary, word};
use crate::diag::Severity;
use crate::source::SourceMap;
use crate::verify::{Answer, Report};

/// The report; ends in a line end. Notes are counted only unless `all` is set.
#[must_use]
pub fn human(report: &Report, sources: &SourceMap, all: bool) -> String {
    let mut out = String::new();
    let mut notes = 0;
    for finding in &report.findings {
        let diagnostic = &finding.diagnostic;
        if !all && diagnostic.severity == Severity::Note {
            notes += 1;
            continue;
        }
        // Writing to a string cannot fail.
        let severity = if finding.allowed.is_some() { "allowed" } else { word(diagnostic.severity) };
        let _ = writeln!(out, "{severity}[{}]: {}", diagnostic.code.name(), clean(&diagnostic.message));
        if let Some(origin) = &finding.origin {
            let path = if origin.path.is_empty() { String::new() } else { format!(", {}", origin.path) };
            let document = if origin.document > 0 {
                format!(" (document {}{path})", origin.document)
            } else {
                String::new()
            };
            let _ = writeln!(out, "  --> {}{}", clean(&origin.to_string()), clean(&document));
        }
        if let Some((file, line, column)) = policy_place(finding, sources) {
            let path = if finding.policy_path.is_empty() {
                String::new()
            } else {
                format!(" {}", finding.policy_path)
            };
            let _ = writeln!(out, "  ::: {}:{line}:{column}{}", clean(&file), clean(&path));
        }
        for note in &diagnostic.notes {
            let _ = writeln!(out, "   = note: {}", clean(note));
        }
        if let Some((name, reason)) = &finding.allowed {
            let _ = writeln!(out, "   = allowed by {}: {}", clean(name), clean(reason));
        } else if let Some(help) = &diagnostic.help {
            let _ = writeln!(out, "   = help: {}", clean(help));
        }
        out.push('\n');
    }
    answers(report, &mut out);
    for line in summary(report) {
        let _ = writeln!(out, "{line}");
    }
    if notes > 0 {
        let _ = writeln!(out, "{notes} for information: `--notes` shows them");
    }
    out
}

/// Planned workloads one by one; those that the policy does not name are counted in the totals.
fn answers(report: &Report, out: &mut String) {
    let planned =
        || report.verdicts.iter().filter(|v| v.component.is_some() || v.answer != Answer::NotInPolicy);
    let width = planned().map(|v| v.component.as_deref().unwrap_or("-").chars().count()).max().unwrap_or(0);
    for verdict in planned() {
        let component = verdict.component.as_deref().unwrap_or("-");
        let _ = writeln!(out, "{:14}  {component:width$}  {}", verdict.answer.word(), clean(&verdict.title));
    }
    if planned().next().is_some() {
        out.push('\n');
    }
}
