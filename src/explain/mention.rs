//! Names and values of the policy that a line of a page or a script repeats.

use super::{Note, World, reason};
use crate::shape::Field;

/// A text that the policy states, and where.
struct Stated {
    text: String,
    path: String,
    span: Option<crate::source::Span>,
}

/// What a line repeats of the policy, in the order of the policy.
pub(super) fn of(world: World<'_>, line: &str) -> Vec<Note> {
    let mut notes = Vec::new();
    for stated in index(world) {
        if holds(line, &stated.text) {
            let at = stated.span.map(|span| reason::at(world, span));
            let note = Note::at(format!("`{}` is {}", stated.text, stated.path), at);
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    notes
}

/// Whether a line holds a word on its own: `worker-1`, but not in `worker-10`.
fn holds(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !word.is_empty()
        && line.match_indices(word).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + word.len()..].chars().next();
            !before.is_some_and(part) && !after.is_some_and(|c| part(c) && c != '.')
        })
}

fn index(world: World<'_>) -> Vec<Stated> {
    let policy = &world.compilation.plan.policy;
    let mut all = Vec::new();
    let mut add = |text: String, path: &str, span| all.push(Stated { text, path: path.to_owned(), span });
    fn name(field: &Field<String>) -> (String, &str, Option<crate::source::Span>) {
        (field.value.clone(), &field.path, field.span)
    }
    let mut names = vec![name(&policy.cluster.name)];
    names.extend(policy.nodes.iter().map(|n| name(&n.name)));
    names.extend(policy.tiers.iter().map(|t| name(&t.name)));
    names.extend(policy.tiers.iter().map(|t| name(&t.class)));
    for service in &policy.services {
        names.extend([name(&service.name), name(&service.namespace), name(&service.chart)]);
        names.extend(service.values.iter().map(name));
        names.extend(service.repository.iter().map(name));
        add(service.version.value.to_string(), &service.version.path, service.version.span);
    }
    names.extend(policy.workloads.iter().map(|w| name(&w.name)));
    names.extend(policy.scenarios.iter().map(|s| name(&s.name)));
    for (text, path, span) in names {
        add(text, path, span);
    }
    if let Some(lifeboat) = &policy.lifeboat {
        for taint in [Some(&lifeboat.taint), lifeboat.twin.as_ref()].into_iter().flatten() {
            add(taint.value.to_string(), &taint.path, taint.span);
            add(taint.value.key.clone(), &taint.path, taint.span);
        }
    }
    for node in &policy.nodes {
        for taint in &node.taints {
            add(taint.value.to_string(), &taint.path, taint.span);
        }
    }
    all
}
