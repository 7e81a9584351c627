//! GitHub's workflow commands: annotations on the lines of a pull request. The runner reads them from what a step
//! prints; escapes are those of `@actions/core` (`command.ts`: `escapeData`, `escapeProperty`).

use crate::diag::{Diagnostic, Severity};
use crate::source::SourceMap;

/// Lines of one fact that an annotation shows: it hangs between two lines of code.
const MOST_LINES: usize = 20;

/// `::error file=…,line=…,col=…,title=…::message`, without a line end: one line, whatever the finding says.
#[must_use]
pub fn github(finding: &Diagnostic, sources: &SourceMap) -> String {
    let mut message = finding.message.clone();
    for note in &finding.notes {
        message.push('\n');
        message.push_str(&short(note));
    }
    for label in &finding.labels {
        let file = sources.get(label.span.file);
        let line = file.line_col(label.span.start).0;
        message.push_str(&format!("\n{}:{line}: {}", file.name, label.text));
    }
    let place = match (&finding.primary, &finding.place) {
        (Some(label), _) => {
            let file = sources.get(label.span.file);
            let (line, column) = file.line_col(label.span.start);
            Some((&*file.name, Some((line, Some(column)))))
        }
        (None, Some(place)) => Some((place.file.as_str(), place.line.map(|line| (line, None)))),
        (None, None) => None,
    };
    annotation(finding, place, &message)
}

/// A line and, where it is known, a column, both counted from 1.
type Position = (usize, Option<usize>);

/// The workflow command for a finding at a place, its help after the message.
pub(crate) fn annotation(
    finding: &Diagnostic,
    place: Option<(&str, Option<Position>)>,
    message: &str,
) -> String {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = String::new();
    if let Some((file, position)) = place {
        properties.push_str(&format!("file={},", property(file)));
        if let Some((line, column)) = position {
            properties.push_str(&format!("line={line},"));
            properties.push_str(&column.map_or_else(String::new, |column| format!("col={column},")));
        }
    }
    let help = finding.help.as_ref().map_or_else(String::new, |help| format!("\nhelp: {help}"));
    let title = property(finding.code.name());
    format!("::{level} {properties}title={title}::{}", data(&format!("{message}{help}")))
}

fn short(note: &str) -> String {
    let lines: Vec<&str> = note.lines().collect();
    match lines.len().checked_sub(MOST_LINES) {
        Some(more @ 1..) => format!("{}\n… {more} more lines", lines[..MOST_LINES].join("\n")),
        _ => lines.join("\n"),
    }
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
