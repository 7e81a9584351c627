//! JUnit's XML: a test case per workload, which fails by its findings.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::diag::Severity;
use crate::source::SourceMap;
use crate::verify::{Answer, Finding, Report};

/// The report as one test suite. Findings that are on no workload are cases of their own.
#[must_use]
pub fn junit(report: &Report, sources: &SourceMap) -> String {
    let mut by_target: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in report.findings.iter().filter(|f| f.diagnostic.severity != Severity::Note) {
        by_target.entry(&finding.target).or_default().push(finding);
    }
    let mut cases = String::new();
    let (mut tests, mut failures, mut skipped) = (0, 0, 0);
    for verdict in &report.verdicts {
        let findings = by_target.remove(verdict.title.as_str()).unwrap_or_default();
        tests += 1;
        failures += usize::from(matches!(verdict.answer, Answer::Violates | Answer::CouldNotRead));
        skipped += usize::from(verdict.answer == Answer::NotInPolicy);
        let class = verdict.component.as_deref().unwrap_or("not in the policy");
        case(&mut cases, class, &verdict.title, verdict.answer, &findings, sources);
    }
    for (target, findings) in by_target {
        let fails = findings.iter().any(|finding| finding.fails());
        tests += 1;
        failures += usize::from(fails);
        let answer = if fails { Answer::Violates } else { Answer::Holds };
        case(&mut cases, "lifeboat", target, answer, &findings, sources);
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"lifeboat verify\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">\n{cases}  </testsuite>\n</testsuites>\n"
    )
}

fn case(
    out: &mut String,
    class: &str,
    name: &str,
    answer: Answer,
    findings: &[&Finding],
    sources: &SourceMap,
) {
    let _ = write!(out, "    <testcase classname=\"{}\" name=\"{}\"", escape(class), escape(name));
    let text = |fails: bool| -> String {
        findings.iter().filter(|f| f.fails() == fails).map(|finding| line(finding, sources)).collect()
    };
    let (failing, other) = (text(true), text(false));
    if answer == Answer::Holds && other.is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    match answer {
        Answer::Violates | Answer::CouldNotRead => {
            let first = findings.iter().find(|finding| finding.fails());
            let (code, message) =
                first.map_or(("", ""), |f| (f.diagnostic.code.name(), f.diagnostic.message.as_str()));
            let _ = writeln!(
                out,
                "      <failure type=\"{}\" message=\"{}\">{}</failure>",
                escape(code),
                escape(message),
                escape(&failing)
            );
        }
        Answer::NotInPolicy => out.push_str("      <skipped message=\"not in the policy\"/>\n"),
        Answer::Holds => {}
    }
    if !other.is_empty() {
        let _ = writeln!(out, "      <system-out>{}</system-out>", escape(&other));
    }
    out.push_str("    </testcase>\n");
}

fn line(finding: &Finding, sources: &SourceMap) -> String {
    let place = finding.origin.as_ref().map_or_else(
        || {
            super::policy_place(finding, sources)
                .map_or(String::new(), |(file, line, _)| format!("{file}:{line}: "))
        },
        |origin| format!("{origin}: "),
    );
    let allowed = finding
        .allowed
        .as_ref()
        .map_or(String::new(), |(name, reason)| format!(" (allowed by {name}: {reason})"));
    let mut text =
        format!("{place}[{}] {}{allowed}\n", finding.diagnostic.code.name(), finding.diagnostic.message);
    for line in super::beside(finding, sources, finding.allowed.is_none()) {
        let _ = writeln!(text, "  {line}");
    }
    text
}

/// XML's five entities; characters that XML 1.0 does not have become U+FFFD.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' | '\t' => out.push(c),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
