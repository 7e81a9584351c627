//! What stands under the table: planned work, orders of losses, and the way back.

use serde_json::{Value, json};

use super::Detail;
use super::words::{ShownRow, merged_rows, words};
use crate::lifecycle::NodeId;
use crate::policy::Phase;
use crate::prove::orders::Way;
use crate::prove::{Cell, Column, Comeback, Model, Order, Proof};

/// Planned work, moment by moment.
pub(super) fn planned(proof: &Proof, detail: Detail) -> String {
    let rows = merged_rows(proof, detail.components);
    let mut out = String::new();
    for planned in &proof.planned {
        let after = if planned.lost.is_empty() {
            String::new()
        } else {
            let steps: Vec<String> = planned.lost.iter().map(|set| names(proof, set)).collect();
            format!(" after the loss of {}", steps.join(" then "))
        };
        out.push_str(&format!("planned: {}{after}  [{}]\n", planned.title, planned.scenario));
        for (moment, cells) in &planned.moments {
            out.push_str(&format!("  {moment}\n"));
            let column = column(cells, true);
            for (text, names) in grouped(&rows, |row| words(&column, row)) {
                out.push_str(&format!("    {text}  {}\n", names.join(", ")));
            }
        }
    }
    out
}

/// A column of one phase, for the words of its cells.
fn column(cells: &[Cell], api: bool) -> Column {
    let phases = vec![(if api { Phase::Fencing } else { Phase::Eviction }, cells.to_vec())];
    Column { lost: Vec::new(), scenarios: Vec::new(), api, phases, each: Vec::new(), taints: None }
}

/// Rows with equal texts together, in the order in which texts first come.
pub(super) fn grouped(rows: &[ShownRow], text: impl Fn(&ShownRow) -> String) -> Vec<(String, Vec<&str>)> {
    let mut told: Vec<(String, Vec<&str>)> = Vec::new();
    for row in rows {
        let text = text(row);
        match told.iter_mut().find(|(t, _)| *t == text) {
            Some((_, names)) => names.push(&row.name),
            None => told.push((text, vec![&row.name])),
        }
    }
    told
}

fn names(proof: &Proof, nodes: &[NodeId]) -> String {
    let all: Vec<&str> = nodes.iter().map(|n| proof.nodes[usize::from(n.0)].name.as_str()).collect();
    all.join(" + ")
}

/// How far what stands between table and claims reaches.
pub(super) fn reach(proof: &Proof) -> &'static str {
    if proof.planned.is_empty() && proof.orders.is_empty() && proof.comebacks.is_empty() {
        return "";
    }
    "planned work, orders of losses and ways back are told of the canonical order, ways back of others too where they are sampled; no verdict rests on them\n"
}

/// Orders that end otherwise than the loss at once.
pub(super) fn orders(proof: &Proof, detail: Detail) -> String {
    let differing: Vec<&Order> = proof.orders.iter().filter(|o| !o.differs.is_empty()).collect();
    if proof.orders.is_empty() {
        return String::new();
    }
    let total = proof.orders.len();
    if differing.is_empty() {
        return format!("one after the other ends as all at once ({total} orders)\n");
    }
    let rows = merged_rows(proof, detail.components);
    let mut out =
        format!("one after the other, {total} orders; those that end otherwise than all at once:\n");
    for order in differing {
        let title: Vec<&str> =
            order.lost.iter().map(|n| proof.nodes[usize::from(n.0)].name.as_str()).collect();
        let column = column(&order.cells, order.api);
        let touched: Vec<ShownRow> = rows
            .iter()
            .filter(|row| row.members.iter().any(|i| order.differs.contains(i)))
            .cloned()
            .collect();
        let told = grouped(&touched, |row| words(&column, row));
        let told: Vec<String> =
            told.iter().map(|(text, names)| format!("{} {text}", names.join(", "))).collect();
        out.push_str(&format!("  {}: {}\n", title.join(" then "), told.join("; ")));
    }
    out
}

/// The way back from each loss set; sets with the same way are told once.
pub(super) fn comebacks(proof: &Proof) -> String {
    let mut told: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    for comeback in &proof.comebacks {
        let lines = comeback_lines(proof, comeback);
        let title = names(proof, &comeback.lost);
        match told.iter_mut().find(|(l, _)| *l == lines) {
            Some((_, titles)) => titles.push(title),
            None => told.push((lines, vec![title])),
        }
    }
    let mut out = String::new();
    for (lines, titles) in told {
        out.push_str(&format!("back: {}\n", titles.join(" | ")));
        for line in lines {
            out.push_str(&format!("  {line}\n"));
        }
    }
    out
}

/// What the way back came to in all orders in which it was played, one line.
fn in_all_orders(proof: &Proof, comeback: &Comeback) -> Option<String> {
    if comeback.tried == 0 {
        return None;
    }
    let runs = comeback.tried.saturating_add(1);
    let others: u32 = comeback.otherwise.iter().map(|(_, runs)| *runs).sum();
    let ways: Vec<(&Comeback, u32)> = std::iter::once((comeback, runs.saturating_sub(others)))
        .chain(comeback.otherwise.iter().map(|(other, runs)| (other, *runs)))
        .collect();
    let count = |holds: &dyn Fn(&Comeback) -> bool| -> u32 {
        ways.iter().filter(|(way, _)| holds(way)).map(|(_, runs)| *runs).sum()
    };
    let spares = |node: NodeId| {
        move |way: &Comeback| way.next.iter().any(|next| next.node == node && next.breaks.is_empty())
    };
    let next = comeback.next.iter().map(|next| {
        let name = &proof.nodes[usize::from(next.node.0)].name;
        format!("{name} {}", count(&spares(next.node)))
    });
    let mut strays: Vec<_> = comeback.otherwise.iter().flat_map(|(other, _)| &other.astray).collect();
    strays.retain(|id| !comeback.astray.contains(id));
    strays.sort_unstable();
    strays.dedup();
    let strays: Vec<&str> = strays.iter().map(|id| proof.rows[usize::from(id.0)].name.as_str()).collect();
    let strays = if strays.is_empty() {
        String::new()
    } else {
        format!("; in some order off its place: {}", strays.join(", "))
    };
    Some(format!(
        "sampled {runs} orders: green again in {}, next loss survived in: {}{strays}",
        count(&|way| way.green),
        next.collect::<Vec<_>>().join(", ")
    ))
}

/// The way back in sentences.
#[must_use]
pub fn comeback_lines(proof: &Proof, comeback: &Comeback) -> Vec<String> {
    let mut lines = plain_lines(proof, comeback);
    lines.extend(in_all_orders(proof, comeback));
    lines
}

fn plain_lines(proof: &Proof, comeback: &Comeback) -> Vec<String> {
    let row = |id: &crate::lifecycle::WorkloadId| proof.rows[usize::from(id.0)].name.clone();
    let list = |ids: &[crate::lifecycle::WorkloadId]| ids.iter().map(row).collect::<Vec<_>>().join(", ");
    let mut lines = Vec::new();
    if comeback.astray.is_empty() && comeback.rollouts.is_empty() {
        lines.push("green by itself".to_owned());
    } else if !comeback.astray.is_empty() {
        lines.push(format!("stays off its place: {}", list(&comeback.astray)));
    }
    let (safe, unsafe_): (Vec<_>, Vec<_>) = comeback.next.iter().partition(|n| n.breaks.is_empty());
    if !safe.is_empty() {
        let safe: Vec<NodeId> = safe.iter().map(|n| n.node).collect();
        lines.push(format!("next loss survived as from green: {}", names(proof, &safe).replace(" + ", ", ")));
    }
    for next in unsafe_ {
        let shown: Vec<&str> = next.breaks.iter().take(3).map(String::as_str).collect();
        let more = next.breaks.len().saturating_sub(shown.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!("next loss of {}: {}{more}", names(proof, &[next.node]), shown.join("; ")));
    }
    if !comeback.rollouts.is_empty() {
        let end = if comeback.green { "green again" } else { "not green even then" };
        lines.push(format!("{end} after rolling, one after the other: {}", list(&comeback.rollouts)));
    }
    lines
}

/// Another way of losing the nodes of a story.
#[must_use]
pub fn way(model: &Model, way: &Way) -> String {
    let title = way_title(model, way);
    if way.otherwise.is_empty() {
        return format!("{title}: ends alike\n");
    }
    let mut out = format!("{title}:\n");
    for (i, now, told) in &way.otherwise {
        out.push_str(&format!("  {} {now}, not: {told}\n", model.rows[*i].name));
    }
    out
}

/// The same for programs.
#[must_use]
pub fn way_json(model: &Model, way: &Way) -> Value {
    let otherwise: Vec<Value> = way
        .otherwise
        .iter()
        .map(|(i, now, told)| json!({"name": model.rows[*i].name, "state": now, "asTold": told}))
        .collect();
    json!({"lost": way_title(model, way), "otherwise": otherwise})
}

fn way_title(model: &Model, way: &Way) -> String {
    let steps: Vec<String> = way.losses.iter().map(|set| model.names(set)).collect();
    if steps.len() == 1 { format!("{} at once", steps[0]) } else { steps.join(" then ") }
}
