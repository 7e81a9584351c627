//! Why is it there, or not, after a loss? One story in canonical order, cut down to what is asked about, with the
//! scheduler's reasons.

use super::{Note, Page, World};
use crate::lifecycle::{NodeId, WorkloadId};
use crate::prove::{self, Model, Row};

/// What becomes of a service, a component, a tier or a workload when nodes are lost in this order. `None` if nothing
/// has that name, or the cluster is not modelled.
#[must_use]
pub fn lose(world: World<'_>, subject: &str, losses: &[Vec<NodeId>]) -> Option<Page> {
    let model = world.model?;
    let rows = rows(model, subject);
    if rows.is_empty() {
        return None;
    }
    let phase = model.last_phase();
    let trace = prove::tell(model, losses, phase, true)?;
    let lost: Vec<String> = losses.iter().map(|set| model.names(set)).collect();
    let mut page = Page::new(format!("{subject}, when {} is lost", lost.join(" then ")));
    for row in rows {
        let mut notes = Vec::new();
        for told in trace.events.iter().filter(|told| told.who == row.name) {
            let when = told.when.map_or_else(|| "before".to_owned(), |when| when.to_string());
            notes.push(Note { depth: 0, text: format!("{when}: {}", told.what), at: None });
            notes.extend(told.why.iter().map(|why| Note { depth: 1, text: why.clone(), at: None }));
        }
        let end = trace.end.iter().find_map(|end| end.strip_prefix(&format!("{} ", row.name)));
        let end = end.unwrap_or("has a pod on each node that it may run on").to_owned();
        if notes.is_empty() {
            notes.push(Note { depth: 0, text: "nothing happens to it".to_owned(), at: None });
        }
        notes.extend(rejections(model, row.id, losses));
        page.part(&format!("{} {end}", row.name), notes);
    }
    Some(page)
}

/// The rows of a service, a component, a tier or a workload.
fn rows<'a>(model: &'a Model, subject: &str) -> Vec<&'a Row> {
    let meant = |row: &&Row| {
        row.name == subject
            || row.service.as_deref() == Some(subject)
            || row.tier.as_deref() == Some(subject)
            || model.facts.workloads[usize::from(row.id.0)].name == subject
            || row.name.rsplit_once('/').is_some_and(|(_, name)| name == subject)
    };
    model.rows.iter().filter(meant).collect()
}

/// Living nodes that never take the pod, whatever stands on them.
fn rejections(model: &Model, id: WorkloadId, losses: &[Vec<NodeId>]) -> Vec<Note> {
    let lost = |node: &NodeId| losses.iter().flatten().any(|other| other == node);
    let class = model.world.class(id);
    model
        .node_ids()
        .filter(|node| !lost(node))
        .filter_map(|node| {
            let reject = class.rejected[usize::from(node.0)].as_ref()?;
            let name = &model.nodes[usize::from(node.0)].name;
            let text = format!("{name} never takes it: {}, {}", reject.plugin, reject.reason);
            Some(Note { depth: 0, text, at: None })
        })
        .collect()
}
