//! The page of a node.

use super::{Note, Page, World, reason};
use crate::prove::render::{merged_rows, words};
use crate::prove::verdict::Room;

pub(super) fn page(world: World<'_>, subject: &str) -> Option<Page> {
    let plan = &world.compilation.plan;
    let node = plan.nodes.iter().find(|n| n.name == subject)?;
    let stated = plan.policy.node(node.id);
    let mut page = Page::new(format!("node {subject}"));
    let room = |milli: u64, bytes: u64| {
        Room(i64::try_from(milli).unwrap_or(i64::MAX), i64::try_from(bytes).unwrap_or(i64::MAX))
    };
    let mut what = vec![Note::at(
        crate::report::svg::role(stated.role.value == crate::policy::Role::Server, node.lifeboat).to_owned(),
        stated.name.span.map(|span| reason::at(world, span)),
    )];
    what.push(Note::new(format!(
        "allocatable {}: capacity {} less the reserve and the eviction threshold",
        room(node.milli.value, node.bytes.value),
        room(stated.cpu.value.milli, stated.memory.value.bytes)
    )));
    what.extend(deeper(reason::chain(world, node.bytes.why)));
    page.part("what", what);
    let mut taints = Vec::new();
    for taint in &node.taints {
        taints.push(Note::new(taint.value.to_string()));
        taints.extend(deeper(reason::chain(world, taint.why)));
    }
    page.part("taints", taints);
    page.part("labels", node.own_labels.iter().map(|(k, v)| Note::new(format!("{k}={v}"))).collect());
    if let Some(proof) = &world.compilation.proof {
        let at = proof.nodes.iter().position(|n| n.name == subject);
        let on = |column: &crate::prove::Column| -> Vec<Note> {
            let Some((_, cells)) = column.phases.first() else { return Vec::new() };
            let here = proof
                .rows
                .iter()
                .zip(cells)
                .filter(|(_, c)| c.on.iter().any(|n| Some(usize::from(n.0)) == at));
            here.map(|(row, _)| Note::new(row.name.clone())).collect()
        };
        if let Some(green) = proof.columns.first() {
            page.part("on it, while nothing is lost", on(green));
        }
        // Of interchangeable nodes the table tells the worst; here it is this one.
        let alone = |c: &crate::prove::Column| matches!(c.lost.as_slice(), [set] if set.len() == 1 && set.iter().all(|n| Some(usize::from(n.0)) == at));
        for column in proof.columns.iter().flat_map(crate::prove::Column::alone).filter(alone) {
            let rows = merged_rows(proof, false);
            let notes = rows.iter().map(|r| Note::new(format!("{}: {}", r.name, words(&column, r))));
            page.part("when it is lost", notes.collect());
        }
    }
    Some(page)
}

fn deeper(mut notes: Vec<Note>) -> Vec<Note> {
    notes.iter_mut().for_each(|n| n.depth += 1);
    notes
}
