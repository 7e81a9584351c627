//! The survival table with an explanation for each cell.

use crate::lifecycle::{Data, NodeId, Outage};
use crate::policy::Phase;
use crate::prove::render::{ShownRow, column_title, merged_rows, words};
use crate::prove::{Cell, Column, Mark, Proof};

/// The table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Services with their tier; packaged pods last.
    pub rows: Vec<ShownRow>,
    /// Loss sets.
    pub columns: Vec<Lost>,
}

/// What is said of one loss.
#[derive(Clone, Debug)]
pub struct Lost {
    /// Its heading.
    pub title: String,
    /// The scenarios of the policy that speak of it.
    pub scenarios: Vec<String>,
    /// Claims about it with their verdicts.
    pub claims: Vec<(String, String)>,
    /// The loss whose picture is shown: the first of interchangeable ones.
    pub set: Vec<NodeId>,
    /// A cell per row.
    pub cells: Vec<Told>,
}

/// A cell.
#[derive(Clone, Debug)]
pub struct Told {
    /// In a few words.
    pub words: String,
    /// The worst of its members.
    pub mark: Mark,
    /// Why, a line per group of components that end alike.
    pub because: Vec<String>,
}

/// The table of a proof.
#[must_use]
pub fn table(proof: &Proof) -> Table {
    let rows = merged_rows(proof, false);
    let columns = proof.columns.iter().map(|column| lost(proof, column, &rows)).collect();
    Table { rows, columns }
}

fn lost(proof: &Proof, column: &Column, rows: &[ShownRow]) -> Lost {
    let about = |scenario: &String| column.scenarios.contains(scenario);
    Lost {
        title: column_title(proof, column),
        scenarios: column.scenarios.clone(),
        claims: proof
            .claims
            .iter()
            .filter(|c| about(&c.claim.scenario))
            .map(|c| {
                let text = crate::prove::render::claim_text(&c.claim);
                (format!("{}: {text}", c.claim.scenario), c.verdict.to_string())
            })
            .collect(),
        set: column.lost.first().cloned().unwrap_or_default(),
        cells: rows.iter().map(|row| cell(proof, column, row)).collect(),
    }
}

/// One cell with its explanation.
#[must_use]
pub fn cell(proof: &Proof, column: &Column, row: &ShownRow) -> Told {
    let (phase, cells) = decisive(column);
    let mark = row.members.iter().filter_map(|&i| cells.get(i)).map(|c| c.mark).max().unwrap_or(Mark::Idle);
    let mut told: Vec<(String, Vec<String>)> = Vec::new();
    for &i in &row.members {
        let Some(cell) = cells.get(i) else { continue };
        let text = why(proof, column, phase, cell);
        let row = &proof.rows[i];
        let name = row.component.clone().unwrap_or_else(|| row.name.clone());
        match told.iter_mut().find(|(t, _)| *t == text) {
            Some((_, names)) => names.push(name),
            None => told.push((text, vec![name])),
        }
    }
    let because = told.into_iter().map(|(text, names)| format!("{}: {text}", names.join(", "))).collect();
    Told { words: words(column, &row.members), mark, because }
}

/// The phase that counts: after fencing, or before it where nobody can fence.
fn decisive(column: &Column) -> (Phase, &[Cell]) {
    let wanted = if column.api { Phase::Fencing } else { Phase::Eviction };
    let found = column.phases.iter().rev().find(|(p, _)| *p == wanted).or(column.phases.first());
    found.map_or((wanted, &[]), |(p, cells)| (*p, cells))
}

/// Why a cell says what it says.
#[must_use]
pub fn why(proof: &Proof, column: &Column, phase: Phase, cell: &Cell) -> String {
    let mut parts = vec![state(proof, cell)];
    if !column.api {
        parts.push("no control plane answers, so nothing is moved".to_owned());
    }
    if let Some(outage) = &cell.outage {
        let from = if cell.from_fence { "after the fence" } else { "after the loss" };
        parts.push(format!("back {} {from}: {}", outage.total, sum(outage)));
        if cell.from_fence {
            parts.push("its controller waits for the old pod, which a dead node holds".to_owned());
        }
    }
    if cell.evicted > 0 {
        parts.push("evicted to make room for a higher tier".to_owned());
    }
    match cell.data {
        Data::Kept => {}
        Data::Lost => parts.push("its data are lost with the old pod".to_owned()),
        Data::Pinned => parts.push("its volume lies on a lost node".to_owned()),
    }
    if !column.lost.iter().all(Vec::is_empty) || !cell.certain() {
        parts.push(
            if cell.certain() {
                "so in every order and tie"
            } else {
                "as in the canonical order of events; others may end otherwise"
            }
            .to_owned(),
        );
    }
    let _ = phase;
    parts.join("; ")
}

/// The waits of an outage.
#[must_use]
pub fn sum(outage: &Outage) -> String {
    let parts: Vec<String> = outage.parts.iter().map(|(part, w)| format!("{} {w}", part.name())).collect();
    parts.join(" + ")
}

fn state(proof: &Proof, cell: &Cell) -> String {
    let names = |nodes: &[NodeId]| {
        let mut names: Vec<&str> =
            nodes.iter().map(|n| proof.nodes[usize::from(n.0)].name.as_str()).collect();
        names.dedup();
        names.join(", ")
    };
    match cell.mark {
        Mark::Idle => "no pod is wanted".to_owned(),
        Mark::Running => format!("runs on {}", names(&cell.on)),
        Mark::Lifeboat => format!("runs on the lifeboat: {}", names(&cell.on)),
        Mark::Partly => format!("{} of {} run, on {}", cell.up.0, cell.up.1, names(&cell.on)),
        Mark::Pending => "no node takes it".to_owned(),
        Mark::Pinned => "waits for the node that holds its volume".to_owned(),
        Mark::Stuck => "stuck Terminating on a dead node, and not replaced before a fence".to_owned(),
        Mark::Lost => "bound to a dead node and never evicted".to_owned(),
        Mark::Down => "does not run".to_owned(),
    }
}
