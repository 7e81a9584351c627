//! Bad policies with their findings as comments above the faulty lines.
//!
//! A file of `tests/cases/policy` holds many cases. `=== title` starts one, `--- name` a further file in it.
//! Lines that start with `#! ` are the findings: taken out before the policy is read, and compared with what is
//! found. Both missing and unexpected ones fail; `GOLDEN=overwrite` writes them anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use lifeboat::diag::{Diagnostic, Label, codes};
use lifeboat::policy;
use lifeboat::source::SourceMap;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/policy");

/// A case: its title and its files, the policy itself first.
pub(super) struct Case {
    pub(super) title: String,
    pub(super) files: Vec<(String, String)>,
}

fn parse(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("=== ") {
            cases.push(Case { title: title.to_owned(), files: vec![("policy.toml".into(), String::new())] });
        } else if let Some(case) = cases.last_mut() {
            if let Some(name) = line.strip_prefix("--- ") {
                case.files.push((name.to_owned(), String::new()));
            } else if !line.starts_with("#! ") {
                let file = case.files.last_mut().expect("the policy is the first file");
                writeln!(file.1, "{line}").expect("a string");
            }
        }
    }
    cases
}

/// All case files: name and text.
fn files() -> Vec<(String, String)> {
    let mut names: Vec<_> = std::fs::read_dir(FOLDER)
        .expect("the cases")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .filter(|name| name.ends_with(".cases"))
        .collect();
    names.sort();
    let read = |name: String| {
        let text = std::fs::read_to_string(format!("{FOLDER}/{name}")).expect("a case file");
        (name, text)
    };
    names.into_iter().map(read).collect()
}

/// All cases of all files.
pub(super) fn cases() -> Vec<Case> {
    files().iter().flat_map(|(_, text)| parse(text)).collect()
}

/// The findings of a case.
pub(super) fn find(case: &Case) -> (Vec<Diagnostic>, SourceMap) {
    let prelude = include_str!("../../cases/policy/prelude.toml");
    let mut loader: BTreeMap<String, String> = case.files.iter().cloned().collect();
    loader.insert("prelude.toml".into(), prelude.to_owned());
    let mut sources = SourceMap::default();
    let findings = match policy::load(&loader, &mut sources, "policy.toml") {
        Ok(checked) => checked.warnings,
        Err(findings) => findings,
    };
    (findings, sources)
}

/// The case with its findings above their lines.
fn annotate(case: &Case, findings: &[Diagnostic], sources: &SourceMap) -> String {
    let mut out = format!("=== {}\n", case.title);
    for finding in findings.iter().filter(|finding| finding.primary.is_none()) {
        write_finding(&mut out, finding, None, sources);
    }
    let in_prelude = |label: &&Label| &*sources.get(label.span.file).name == "prelude.toml";
    for finding in findings {
        if let Some(label) = finding.primary.as_ref().filter(in_prelude) {
            writeln!(out, "#! in prelude.toml `{}`", sources.text(label.span)).expect("a string");
            write_finding(&mut out, finding, Some(label), sources);
        }
    }
    for (index, (name, text)) in case.files.iter().enumerate() {
        if index > 0 {
            writeln!(out, "--- {name}").expect("a string");
        }
        let mut lines: Vec<&str> = text.lines().collect();
        lines.push("");
        for (number, line) in lines.iter().enumerate() {
            for finding in findings {
                let primary = finding.primary.as_ref();
                if let Some(label) = primary.filter(|label| stands(label, name, number + 1, sources)) {
                    write_finding(&mut out, finding, Some(label), sources);
                }
                for label in finding.labels.iter().filter(|label| stands(label, name, number + 1, sources)) {
                    writeln!(
                        out,
                        "#! with[{}] {}: {}",
                        finding.code.name(),
                        columns(label, sources),
                        label.text
                    )
                    .expect("a string");
                }
            }
            if number + 1 < lines.len() {
                writeln!(out, "{line}").expect("a string");
            }
        }
    }
    out
}

fn write_finding(out: &mut String, finding: &Diagnostic, at: Option<&Label>, sources: &SourceMap) {
    let severity = finding.code.severity_word();
    let place = at.map_or_else(String::new, |label| format!(" {}", columns(label, sources)));
    writeln!(out, "#! {severity}[{}]{place}: {}", finding.code.name(), finding.message).expect("a string");
    if let Some(label) = at {
        writeln!(out, "#!   here: {}", label.text).expect("a string");
    }
    for label in &finding.labels {
        let file = sources.get(label.span.file);
        if &*file.name == "prelude.toml" {
            let line = sources.text(label.span);
            writeln!(out, "#!   with prelude.toml `{line}`: {}", label.text).expect("a string");
        }
    }
    if let Some(help) = &finding.help {
        writeln!(out, "#!   help: {help}").expect("a string");
    }
}

fn stands(label: &Label, name: &str, line: usize, sources: &SourceMap) -> bool {
    let file = sources.get(label.span.file);
    &*file.name == name && file.line_col(label.span.start).0 == line
}

fn columns(label: &Label, sources: &SourceMap) -> String {
    let file = sources.get(label.span.file);
    let ((line, start), (end_line, end)) = (file.line_col(label.span.start), file.line_col(label.span.end));
    if line == end_line { format!("{start}-{end}") } else { format!("{start}-") }
}

#[test]
fn bad_policies_are_reported_as_their_comments_say() {
    let mut wrong = String::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for (name, text) in files() {
        let mut actual: String =
            text.lines().take_while(|line| !line.starts_with("=== ")).fold(String::new(), |mut out, line| {
                writeln!(out, "{line}").expect("a string");
                out
            });
        for case in parse(&text) {
            let (findings, sources) = find(&case);
            seen.extend(findings.iter().map(|finding| finding.code.name()));
            actual.push_str(&annotate(&case, &findings, &sources));
        }
        if actual == text {
            continue;
        }
        if std::env::var("GOLDEN").as_deref() == Ok("overwrite") {
            std::fs::write(format!("{FOLDER}/{name}"), &actual).expect("written");
        } else {
            let diff = similar::TextDiff::from_lines(text.as_str(), actual.as_str());
            writeln!(wrong, "{}", diff.unified_diff().header(&name, "found")).expect("a string");
        }
    }
    assert!(
        wrong.is_empty(),
        "{wrong}\nre-record with: GOLDEN=overwrite cargo test --test it policy::annotated"
    );
    let unseen: Vec<_> =
        codes::policy::ALL.iter().map(|code| code.name()).filter(|code| !seen.contains(code)).collect();
    assert!(unseen.is_empty(), "no case shows {unseen:?}");
}
