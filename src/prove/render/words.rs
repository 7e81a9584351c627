//! Short words for cells, columns and claims.

use crate::lifecycle::Data;
use crate::policy::Phase;
use crate::prove::{Cell, Claim, Column, Mark, Proof, Says};

/// A row as it is shown: one service, or one component.
#[derive(Clone, Debug)]
pub struct ShownRow {
    /// Its name.
    pub name: String,
    /// Indices into [`Proof::rows`].
    pub members: Vec<usize>,
}

/// Rows: services merged unless components are wanted; packaged pods and the lock last.
#[must_use]
pub fn merged_rows(proof: &Proof, components: bool) -> Vec<ShownRow> {
    let mut rows: Vec<ShownRow> = Vec::new();
    for claimed in [true, false] {
        for (i, row) in proof.rows.iter().enumerate().filter(|(_, r)| r.claimed == claimed) {
            let tier = row.tier.as_deref().unwrap_or_default();
            let name = match &row.service {
                // Components of one service in different tiers end differently.
                Some(service) if !components => format!("{service} ({tier})"),
                None if !components && claimed && !tier.is_empty() => format!("workloads ({tier})"),
                None if !components && !claimed => "packaged pods and lock".to_owned(),
                _ => row.name.clone(),
            };
            match rows.iter_mut().find(|r| r.name == name) {
                Some(shown) => shown.members.push(i),
                None => rows.push(ShownRow { name, members: vec![i] }),
            }
        }
    }
    rows
}

/// The heading of a column.
#[must_use]
pub fn column_title(proof: &Proof, column: &Column) -> String {
    let names = |set: &[crate::lifecycle::NodeId]| {
        let all: Vec<&str> = set.iter().map(|n| proof.nodes[usize::from(n.0)].name.as_str()).collect();
        all.join(" + ")
    };
    match column.lost.as_slice() {
        [only] if only.is_empty() => "none".to_owned(),
        [only] if only.len() == proof.nodes.len() => "all".to_owned(),
        sets if sets.len() <= 2 => sets.iter().map(|s| names(s)).collect::<Vec<_>>().join(" | "),
        [first, rest @ ..] => format!("{} (or {} alike)", names(first), rest.len()),
        [] => String::new(),
    }
}

/// The cells of a column that count after fencing, or before it where nobody can fence.
pub(super) fn last_phase(column: &Column) -> &[Cell] {
    let wanted = if column.api { Phase::Fencing } else { Phase::Eviction };
    let found = column.phases.iter().find(|(p, _)| *p == wanted).or(column.phases.first());
    found.map_or(&[], |(_, cells)| cells)
}

/// The worst of several cells in a few words.
pub(crate) fn words(column: &Column, members: &[usize]) -> String {
    let after = last_phase(column);
    let before = column.phases.first().map_or(&[][..], |(_, cells)| cells);
    let Some(worst) = members.iter().filter_map(|&i| after.get(i)).max_by_key(|c| (c.mark, latest(c))) else {
        return String::new();
    };
    let held = members.iter().filter_map(|&i| before.get(i)).any(|c| c.mark == Mark::Stuck);
    let up: usize = members.iter().filter_map(|&i| after.get(i)).map(|c| c.up.0).sum();
    let wanted: usize = members.iter().filter_map(|&i| after.get(i)).map(|c| c.up.1).sum();
    let several = members.len() > 1 || worst.up.1 > 1;
    let share = if several && up > 0 && up < wanted { format!(" {up}/{wanted}") } else { String::new() };
    let mut text = match worst.mark {
        Mark::Idle => return "–".to_owned(),
        Mark::Running => "up".to_owned(),
        Mark::Lifeboat => "lifeboat".to_owned(),
        Mark::Partly => format!("up{share}"),
        Mark::Pending if up > 0 => format!("up{share}, rest pending"),
        Mark::Pending => "pending".to_owned(),
        Mark::Pinned => "pinned to its volume".to_owned(),
        Mark::Stuck if up > 0 => format!("up{share}, rest stuck"),
        Mark::Stuck => "stuck".to_owned(),
        Mark::Lost if up > 0 => format!("up{share}, rest lost"),
        Mark::Lost => "lost with its node".to_owned(),
        Mark::Down if up > 0 => format!("up{share}"),
        Mark::Down => "down".to_owned(),
    };
    if !column.api {
        text.push_str(", frozen");
    }
    let longest =
        members.iter().filter_map(|&i| after.get(i)).filter(|c| c.outage.is_some()).max_by_key(|c| latest(c));
    if let Some(outage) = longest.and_then(|c| c.outage.as_ref()) {
        text.push_str(&format!(" {}", outage.total));
    }
    if held && longest.is_some_and(|c| c.from_fence) {
        text.push_str(" after fence");
    }
    if members.iter().filter_map(|&i| after.get(i)).any(|c| c.evicted > 0) {
        text.push_str(", evicted");
    }
    match members.iter().filter_map(|&i| after.get(i)).map(|c| c.data).max() {
        Some(Data::Lost) => text.push_str(", data lost"),
        Some(Data::Pinned) => text.push_str(", data pinned"),
        _ => {}
    }
    if !members.iter().filter_map(|&i| after.get(i)).all(Cell::certain) {
        text.push_str(" ~");
    }
    text
}

fn latest(cell: &Cell) -> u64 {
    cell.outage.as_ref().map_or(0, |o| o.total.latest.unwrap_or(u64::MAX))
}

/// A claim as the policy writes it.
#[must_use]
pub fn claim_text(claim: &Claim) -> String {
    let text = match &claim.says {
        Says::Frozen => "frozen".to_owned(),
        says => format!("{} = {}", says.key(), claim.of),
    };
    match &claim.event {
        Some(event) => format!("{text} ({})", event.title()),
        None => text,
    }
}
