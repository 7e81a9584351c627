//! With the source lines and carets, as rustc prints them.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

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
    for note in &finding.notes {
        group = group.element(Level::NOTE.message(clean(note)));
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

fn snippet<'a>(finding: &'a Diagnostic, sources: &'a SourceMap, file: FileId) -> Snippet<'a, Annotation<'a>> {
    let source = sources.get(file);
    let annotation = |kind: AnnotationKind, label: &Label| {
        kind.span(inside(&source.text, label.span)).label(clean(&label.text))
    };
    let primary = finding.primary.iter().filter(|label| label.span.file == file);
    let others = finding.labels.iter().filter(|label| label.span.file == file);
    Snippet::source(&*source.text)
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
