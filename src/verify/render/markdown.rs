//! Markdown for a pull request: violations first, then the answers.

use std::fmt::Write as _;

use super::{beside, summary, word};
use crate::diag::Severity;
use crate::source::SourceMap;
use crate::verify::{Answer, Report};

/// Findings that are listed one by one; a comment must stay short.
const MOST: usize = 100;

/// The report as Markdown.
#[must_use]
pub fn markdown(report: &Report, sources: &SourceMap) -> String {
    let mut out = String::from("## lifeboat verify\n\n");
    for line in summary(report) {
        let _ = writeln!(out, "{}  ", escape(&line));
    }
    let shown = || {
        let relevant = report.findings.iter().filter(|f| f.diagnostic.severity != Severity::Note);
        relevant.filter(|f| f.allowed.is_none())
    };
    if shown().next().is_some() {
        out.push_str("\n| | finding | where |\n| --- | --- | --- |\n");
        let mut sorted: Vec<_> = shown().collect();
        sorted.sort_by_key(|finding| finding.diagnostic.severity);
        for finding in sorted.iter().take(MOST) {
            let place = finding
                .origin
                .as_ref()
                .map_or(String::new(), |origin| format!("`{}`", origin.to_string().replace('`', "'")));
            let diagnostic = &finding.diagnostic;
            let more: String =
                beside(finding, sources, true).iter().map(|line| format!("<br>{}", escape(line))).collect();
            let _ = writeln!(
                out,
                "| {} | **{}** {}{more} | {} |",
                word(diagnostic.severity),
                diagnostic.code.name(),
                escape(&diagnostic.message),
                place.replace('|', "\\|")
            );
        }
        if sorted.len() > MOST {
            let _ = writeln!(out, "\n{} more are in the full report.", sorted.len() - MOST);
        }
    }
    let planned: Vec<_> =
        report.verdicts.iter().filter(|v| v.component.is_some() || v.answer != Answer::NotInPolicy).collect();
    if !planned.is_empty() {
        out.push_str("\n<details><summary>Workloads</summary>\n\n| component | workload | answer |\n| --- | --- | --- |\n");
        for verdict in planned.iter().take(MOST * 2) {
            let component = verdict.component.as_deref().unwrap_or("");
            let _ = writeln!(
                out,
                "| {} | {} | {} |",
                escape(component),
                escape(&verdict.title),
                verdict.answer.word()
            );
        }
        out.push_str("\n</details>\n");
    }
    out
}

/// Characters that mean something in a Markdown table. Backticks stay: messages quote with them.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '[' | ']' | '\\' | '#' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
