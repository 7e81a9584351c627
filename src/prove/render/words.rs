//! Short words for cells, columns and claims.

use std::collections::BTreeMap;

use crate::lifecycle::{Data, Outage};
use crate::policy::Phase;
use crate::prove::table::ALL_SETS;
use crate::prove::{Cell, Claim, Column, Mark, Proof, Says};

/// A row as it is shown: one service, or one component.
#[derive(Clone, Debug)]
pub struct ShownRow {
    /// Its name.
    pub name: String,
    /// Indices into [`Proof::rows`].
    pub members: Vec<usize>,
    /// What the members are called within the row.
    pub names: Vec<String>,
}

impl ShownRow {
    /// A row of these members.
    #[must_use]
    pub fn of(proof: &Proof, name: String, members: impl IntoIterator<Item = usize>) -> Self {
        let mut shown = Self { name, members: Vec::new(), names: Vec::new() };
        members.into_iter().for_each(|i| shown.add(proof, i));
        shown
    }

    fn add(&mut self, proof: &Proof, member: usize) {
        let row = &proof.rows[member];
        self.members.push(member);
        self.names.push(row.component.clone().unwrap_or_else(|| row.name.clone()));
    }
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
                Some(shown) => shown.add(proof, i),
                None => rows.push(ShownRow::of(proof, name, [i])),
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
        [only] if alike(proof, only) > 0 => format!("{} (or {} alike)", names(only), alike(proof, only)),
        sets if sets.len() <= 2 => sets.iter().map(|s| names(s)).collect::<Vec<_>>().join(" | "),
        [first, rest @ ..] => format!("{} (or {} alike)", names(first), rest.len()),
        [] => String::new(),
    }
}

/// So many other sets of interchangeable nodes are as large a part of each kind; only where the table plays one for all.
fn alike(proof: &Proof, set: &[crate::lifecycle::NodeId]) -> u64 {
    if proof.nodes.len() <= ALL_SETS {
        return 0;
    }
    let mut kinds: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
    for (at, node) in proof.nodes.iter().enumerate() {
        let (all, lost) = kinds.entry(node.kind).or_default();
        *all += 1;
        *lost += u64::from(set.iter().any(|n| usize::from(n.0) == at));
    }
    let ways =
        |(all, lost): &(u64, u64)| (0..*lost).fold(1_u64, |ways, i| ways.saturating_mul(all - i) / (i + 1));
    kinds.values().map(ways).fold(1_u64, u64::saturating_mul).saturating_sub(1)
}

/// The cells of a column that count after fencing, or before it where nobody can fence.
pub(super) fn last_phase(column: &Column) -> &[Cell] {
    let wanted = if column.api { Phase::Fencing } else { Phase::Eviction };
    let found = column.phases.iter().find(|(p, _)| *p == wanted).or(column.phases.first());
    found.map_or(&[], |(_, cells)| cells)
}

/// The worst of a row's cells in a few words.
pub(crate) fn words(column: &Column, row: &ShownRow) -> String {
    let members = &row.members;
    let after = last_phase(column);
    let Some(worst) = members.iter().filter_map(|&i| after.get(i)).max_by_key(|c| (c.mark, latest(c))) else {
        return String::new();
    };
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
    text.push_str(&seconds(after, row));
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
    let both = [&cell.away.from_loss, &cell.away.from_fence];
    both.into_iter().flatten().map(|o| o.total.latest.unwrap_or(u64::MAX)).max().unwrap_or(0)
}

/// For how long a row's members are away at most. What waits for a fence has a clock of its own, and a name where
/// others do not wait.
fn seconds(cells: &[Cell], row: &ShownRow) -> String {
    let longest = |of: &dyn Fn(&Cell) -> Option<&Outage>| {
        let found = row.members.iter().filter_map(|&i| of(cells.get(i)?));
        found.max_by_key(|o| o.total.latest.unwrap_or(u64::MAX))
    };
    let from_loss = longest(&|c| c.away.from_loss.as_ref());
    let from_fence = longest(&|c| c.away.from_fence.as_ref());
    let mut text = from_loss.map(|o| format!(" {}", o.total)).unwrap_or_default();
    if let Some(outage) = from_fence {
        let who = if from_loss.is_some() { format!(", {}", held(cells, row)) } else { String::new() };
        text.push_str(&format!("{who} {} after fence", outage.total));
    }
    text
}

/// Who of a row waits for the fence, while others do not.
fn held(cells: &[Cell], row: &ShownRow) -> String {
    let of = |i: usize| cells.get(i).map(|c| &c.away);
    let waits = |(i, _): &(&usize, &String)| of(**i).is_some_and(|a| a.from_fence.is_some());
    let waiting: Vec<_> = row.members.iter().zip(&row.names).filter(waits).collect();
    match waiting.as_slice() {
        [(i, _)] if row.members.len() == 1 || of(**i).is_some_and(|a| a.from_loss.is_some()) => {
            "rest".to_owned()
        }
        [(_, one)] => (*one).clone(),
        [(_, one), (_, two)] => format!("{one} and {two}"),
        more => format!("{} others", more.len()),
    }
}

/// So many workloads with one reason are named.
const NAMED: usize = 3;

/// Why workloads of a column wait, a line per reason.
pub(super) fn waiting(proof: &Proof, column: &Column) -> Vec<String> {
    let mut told: Vec<(&str, Vec<&str>)> = Vec::new();
    for (row, cell) in proof.rows.iter().zip(last_phase(column)) {
        let Some(why) = &cell.why else { continue };
        match told.iter_mut().find(|(t, _)| t == why) {
            Some((_, names)) => names.push(&row.name),
            None => told.push((why, vec![&row.name])),
        }
    }
    let line = |(why, names): (&str, Vec<&str>)| {
        let more = names.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("no node takes {}{more}: {why}", names[..names.len().min(NAMED)].join(", "))
    };
    told.into_iter().map(line).collect()
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
