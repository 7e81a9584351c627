//! A reason with everything that it rests on.

use super::{At, Note, World};
use crate::source::Span;
use crate::why::Why;

/// Deepest chain that is told; chains of the plan are far shorter.
const DEEPEST: usize = 8;

/// The line of a source.
pub(super) fn at(world: World<'_>, span: Span) -> At {
    let file = world.sources.get(span.file);
    let (line, _) = file.line_col(span.start);
    let range = file.line_range(line).unwrap_or(0..0);
    let text = file.text.get(range).unwrap_or("").trim().to_owned();
    At { file: file.name.to_string(), line, text }
}

/// A reason and what it rests on, a note each.
pub(super) fn chain(world: World<'_>, why: Why) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut open = vec![(why, 0)];
    while let Some((why, depth)) = open.pop() {
        let reason = world.compilation.plan.ledger.get(why);
        let path = if reason.path.is_empty() { String::new() } else { format!("{}: ", reason.path) };
        let text = format!("{path}{} [{}]", reason.rule.text(), reason.rule.name());
        let note = Note { depth, text, at: reason.at.map(|span| at(world, span)) };
        if !notes.contains(&note) {
            notes.push(note);
        }
        if depth < DEEPEST {
            open.extend(reason.because.iter().rev().map(|&why| (why, depth + 1)));
        }
    }
    notes
}
