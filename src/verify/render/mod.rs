//! Reports as text: for people, editors, programs, and the tools of continuous integration.

mod github;
mod human;
mod json;
mod junit;
mod markdown;
mod sarif;
mod short;

pub use github::github;
pub use human::human;
pub use json::json;
pub use junit::junit;
pub use markdown::markdown;
pub use sarif::sarif;
pub use short::short;

use super::{Answer, Finding, Report};
use crate::diag::Severity;
use crate::manifest::Origin;
use crate::source::SourceMap;

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// Text without control characters: a name from a hostile manifest must not steer a terminal.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { c.escape_default().collect::<String>() } else { c.to_string() })
        .collect()
}

/// `policy.toml:41:1` of the policy's place, if there is one.
fn policy_place(finding: &Finding, sources: &SourceMap) -> Option<(String, usize, usize)> {
    let label = finding.diagnostic.primary.as_ref()?;
    let file = sources.get(label.span.file);
    let (line, column) = file.line_col(label.span.start);
    Some((file.name.to_string(), line, column))
}

/// The line of a file where a tool can show a finding: where it was found, or the policy's line for what was read from
/// a pipe or rendered just now, of which there is no file.
fn shown_place(finding: &Finding, sources: &SourceMap) -> Option<(String, usize, usize)> {
    match finding.origin.as_ref().filter(|origin| is_file(origin)) {
        Some(origin) => Some((origin.file.to_string(), origin.at.line as usize, origin.at.column as usize)),
        None => policy_place(finding, sources),
    }
}

/// Not `<stdin>`, nor `<argocd>` as Helm rendered it.
fn is_file(origin: &Origin) -> bool {
    !origin.file.starts_with('<')
}

/// What stands beside a finding's first line, one text each: where in the document, which line of the policy,
/// and, if it is wanted, what to do. For formats whose own place is a line of a file.
fn beside(finding: &Finding, sources: &SourceMap, help: bool) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(origin) = finding.origin.as_ref().filter(|origin| origin.document > 0) {
        let path = if origin.path.is_empty() { String::new() } else { format!(", {}", origin.path) };
        let of = if is_file(origin) { String::new() } else { format!(" of {}", origin.file) };
        out.push(format!("in document {}{of}{path}", origin.document));
    }
    if let Some((file, line, column)) = policy_place(finding, sources) {
        let space = if finding.policy_path.is_empty() { "" } else { " " };
        out.push(format!("policy: {file}:{line}:{column}{space}{}", finding.policy_path));
    }
    if let (Some(text), true) = (&finding.diagnostic.help, help) {
        out.push(format!("help: {text}"));
    }
    out
}

/// The last line of every report for people: what was read, and the answers.
fn summary(report: &Report) -> Vec<String> {
    let counts = &report.counts;
    let mut lines = vec![format!(
        "{} ({} empty, {} refused), {}: {} hold, {} violate, {} not in the policy, {} could not be read",
        plural(counts.documents, "document"),
        counts.empty,
        counts.refused,
        plural(report.workloads(), "workload"),
        report.count(Answer::Holds),
        report.count(Answer::Violates),
        report.count(Answer::NotInPolicy),
        report.count(Answer::CouldNotRead),
    )];
    if !counts.skipped.is_empty() {
        let kinds: Vec<String> =
            counts.skipped.iter().map(|(kind, n)| format!("{n} {}", clean(kind))).collect();
        lines.push(format!("skipped: {}", kinds.join(", ")));
    }
    let number = |severity| {
        report.findings.iter().filter(|f| f.diagnostic.severity == severity && f.allowed.is_none()).count()
    };
    let allowed = report.findings.iter().filter(|f| f.allowed.is_some()).count();
    let mut totals = format!(
        "{}, {}",
        plural(number(Severity::Error), "error"),
        plural(number(Severity::Warning), "warning")
    );
    if allowed > 0 {
        totals.push_str(&format!(", {allowed} allowed"));
    }
    lines.push(totals);
    lines
}

fn plural(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
