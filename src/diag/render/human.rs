//! With the source lines and carets, as rustc prints them.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::clean;
use crate::diag::{Diagnostic, Label, Severity};
use crate::source::{FileId, SourceMap, Span};

/// A finding with its source lines; `styled` adds colours. Ends with a line end.
#[must_use]
pub fn human(finding: &Diagnostic, sources: &SourceMap, styled: bool) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(clean(&finding.message)).id(finding.code.name());
    let mut group = Group::with_title(title);
    for file in files(finding) {
        group = group.element(snippet(finding, sources, file));
    }
    if let (None, Some(place)) = (&finding.primary, &finding.place) {
        let origin = Origin::path(clean(&place.file));
        group = group.element(match place.line {
            Some(line) => origin.line(line),
            None => origin,
        });
    }
    for note in &finding.notes {
        // A diff is a fact of many lines.
        let lines: Vec<String> = note.lines().map(clean).collect();
        group = group.element(Level::NOTE.message(lines.join("\n")));
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(clean(help)));
    }
    let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
    let mut text = renderer.render(&[group]);
    text.push('\n');
    text
}

/// The files that a finding speaks of, the primary one first.
fn files(finding: &Diagnostic) -> Vec<FileId> {
    let mut files = Vec::new();
    for label in finding.primary.iter().chain(&finding.labels) {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    files
}

/// The lines of one file that a finding speaks of, and what lies between them.
fn snippet<'a>(finding: &'a Diagnostic, sources: &'a SourceMap, file: FileId) -> Snippet<'a, Annotation<'a>> {
    let source = sources.get(file);
    let spans = finding.primary.iter().chain(&finding.labels).filter(|label| label.span.file == file);
    let ranges: Vec<_> = spans.map(|label| inside(&source.text, label.span)).collect();
    // Not the whole text: a thousand findings in a large file would be read a thousand times.
    let first = ranges.iter().map(|range| range.start).min().unwrap_or(0);
    let last = ranges.iter().map(|range| range.end).max().unwrap_or(0);
    let start = source.text.get(..first).and_then(|text| text.rfind('\n')).map_or(0, |at| at + 1);
    let end =
        source.text.get(last..).and_then(|text| text.find('\n')).map_or(source.text.len(), |at| last + at);
    let line = source.line_col(u32::try_from(start).unwrap_or(u32::MAX)).0;
    let annotation = |kind: AnnotationKind, label: &Label| {
        let range = inside(&source.text, label.span);
        kind.span(range.start - start..range.end - start).label(clean(&label.text))
    };
    let primary = finding.primary.iter().filter(|label| label.span.file == file);
    let others = finding.labels.iter().filter(|label| label.span.file == file);
    Snippet::source(source.text.get(start..end).unwrap_or(""))
        .line_start(line)
        .path(&*source.name)
        .fold(true)
        .annotations(primary.map(|label| annotation(AnnotationKind::Primary, label)))
        .annotations(others.map(|label| annotation(AnnotationKind::Context, label)))
}

/// The span within the text, on character boundaries, and of one line only: a caret block over a whole
/// table says less than its first line.
fn inside(text: &str, span: Span) -> std::ops::Range<usize> {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (floor(span.start as usize), floor(span.end as usize));
    let end = text.get(start..end).and_then(|part| part.find('\n')).map_or(end, |line| start + line);
    start..end.max(start)
}
