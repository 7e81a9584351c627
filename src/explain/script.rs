//! Lines of scripts: `AFTER=300` is what the policy says, or lifeboat's default for it.

use super::{Note, World, reason};
use crate::shape::Field;
use crate::source::Span;
use crate::why::Rule;

/// What a variable's line of a script rests on; nothing for a line that is the script's own.
pub(super) fn of(world: World<'_>, path: &str, line: &str) -> Vec<Note> {
    if !path.ends_with(".sh") {
        return Vec::new();
    }
    let Some((name, _)) = line.split_once('=') else { return Vec::new() };
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_uppercase() || c == '_') {
        return Vec::new();
    }
    let script = path.rsplit('/').next().unwrap_or(path);
    fields(world, script, name)
        .into_iter()
        .map(|(path, span)| {
            let rule = if span.is_some() { Rule::Stated } else { Rule::Default };
            let text = format!("{path}: {} [{}]", rule.text(), rule.name());
            Note::at(text, span.map(|span| reason::at(world, span)))
        })
        .collect()
}

type Found = Vec<(String, Option<Span>)>;

/// The fields of the policy that a variable repeats.
fn fields(world: World<'_>, script: &str, name: &str) -> Found {
    fn one<T>(field: &Field<T>) -> Found {
        vec![(field.path.clone(), field.span)]
    }
    fn maybe<T>(field: Option<&Field<T>>, path: &str) -> Found {
        field.map_or_else(|| vec![(path.to_owned(), None)], one)
    }
    let policy = &world.compilation.plan.policy;
    let recovery = &policy.recovery;
    match (script, name) {
        (_, "CLUSTER") => one(&policy.cluster.name),
        ("fence.sh", "AFTER") => one(&recovery.after),
        ("fence.sh", "FENCING") => one(&recovery.fencing),
        ("fence.sh", "MAX_NODES") => one(&recovery.max_nodes),
        ("fence.sh", "WITNESS") => one(&recovery.witness),
        ("fence.sh", "CONFIRM") => maybe(recovery.confirm.as_ref(), "recovery.confirm"),
        (_, "DATASTORE") => one(&policy.cluster.datastore),
        ("check-backup.sh", "FOLDER") => {
            let folder = recovery.snapshots.as_ref().and_then(|snapshots| snapshots.folder.as_ref());
            maybe(folder, "recovery.snapshots.folder")
        }
        ("check-backup.sh", "YOUNGER_THAN") => {
            maybe(recovery.backup_younger_than.as_ref(), "recovery.backup-younger-than")
        }
        ("taints.sh", "TAINTS") => {
            let lifeboat = policy.lifeboat.iter();
            let mut found: Found = lifeboat
                .flat_map(|l| {
                    [one(&l.nodes), one(&l.taint), l.twin.as_ref().map(one).unwrap_or_default()].concat()
                })
                .collect();
            found.extend(policy.nodes.iter().flat_map(|n| n.taints.iter().flat_map(one)));
            found
        }
        (_, "NODES") => policy.nodes.iter().flat_map(|n| one(&n.name)).collect(),
        _ => Vec::new(),
    }
}
