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

/// One cell with its explanation. Of interchangeable losses each is told on its own where they differ: a place
/// belongs to one of them.
#[must_use]
pub fn cell(proof: &Proof, column: &Column, row: &ShownRow) -> Told {
    let (_, cells) = decisive(column);
    let mark = row.members.iter().filter_map(|&i| cells.get(i)).map(|c| c.mark).max().unwrap_or(Mark::Idle);
    let alone = column.alone();
    let mut told: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    for &i in &row.members {
        let lines = whys(proof, &alone, i);
        let row = &proof.rows[i];
        let name = row.component.clone().unwrap_or_else(|| row.name.clone());
        match told.iter_mut().find(|(t, _)| *t == lines) {
            Some((_, names)) => names.push(name),
            None => told.push((lines, vec![name])),
        }
    }
    let named = |(lines, names): (Vec<String>, Vec<String>)| {
        let names = names.join(", ");
        lines.into_iter().map(move |line| format!("{names}{line}")).collect::<Vec<_>>()
    };
    let because: Vec<String> = told.into_iter().flat_map(named).collect();
    Told { words: words(column, row), mark, because }
}

/// Most ways in which one workload ends after interchangeable losses that are told with the places.
const MOST_WAYS: usize = 4;

/// Why a workload's cell says what it says: a line that begins with a colon, or one per group of losses after which
/// it ends alike.
fn whys(proof: &Proof, alone: &[Column], row: usize) -> Vec<String> {
    let grouped = |places: bool| {
        let mut groups: Vec<(String, Vec<&Column>)> = Vec::new();
        for column in alone {
            let (_, cells) = decisive(column);
            let Some(cell) = cells.get(row) else { continue };
            let text = why(proof, column, row, cell, places);
            match groups.iter_mut().find(|(t, _)| *t == text) {
                Some((_, columns)) => columns.push(column),
                None => groups.push((text, vec![column])),
            }
        }
        groups
    };
    let mut groups = grouped(true);
    if groups.len() > MOST_WAYS {
        groups = grouped(false);
    }
    if let [(text, _)] = groups.as_slice() {
        return vec![format!(": {text}")];
    }
    groups
        .into_iter()
        .map(|(text, columns)| format!(", if {} is lost: {text}", losses(proof, &columns)))
        .collect()
}

/// Loss sets in words, the first of them by name.
fn losses(proof: &Proof, columns: &[&Column]) -> String {
    const SHOWN: usize = 3;
    let named = columns.iter().take(SHOWN).map(|column| column_title(proof, column));
    let named = named.collect::<Vec<_>>().join(" or ");
    match columns.len().saturating_sub(SHOWN) {
        0 => named,
        more => format!("{named} (or {more} alike)"),
    }
}

/// The phase that counts: after fencing, or before it where nobody can fence.
fn decisive(column: &Column) -> (Phase, &[Cell]) {
    let wanted = if column.api { Phase::Fencing } else { Phase::Eviction };
    let found = column.phases.iter().rev().find(|(p, _)| *p == wanted).or(column.phases.first());
    found.map_or((wanted, &[]), |(p, cells)| (*p, cells))
}

/// Why a cell of one loss set says what it says; without the names of nodes where there are too many ways to end.
fn why(proof: &Proof, column: &Column, row: usize, cell: &Cell, places: bool) -> String {
    let lost = !column.lost.iter().all(Vec::is_empty);
    let mut parts = vec![state(proof, row, cell, places, lost)];
    if !column.api {
        parts.push("no control plane answers, so nothing is moved".to_owned());
    }
    if let Some(outage) = &cell.away.from_loss {
        parts.push(format!("back {} after the loss: {}", outage.total, sum(outage)));
    }
    if let Some(outage) = &cell.away.from_fence {
        let rest = if cell.away.from_loss.is_some() { "the rest " } else { "" };
        parts.push(format!("{rest}back {} after the fence: {}", outage.total, sum(outage)));
        parts.push("nothing but a fence takes it off the dead node".to_owned());
    }
    if cell.evicted > 0 {
        parts.push("evicted to make room for a higher tier".to_owned());
    }
    match cell.data {
        Data::Kept => {}
        Data::Lost => parts.push("its data are lost with the old pod".to_owned()),
        Data::Pinned => parts.push("its volume lies on a lost node".to_owned()),
    }
    if lost || !cell.certain() {
        parts.push(sure(proof, column, row, cell).to_owned());
    }
    parts.join("; ")
}

/// How far a cell holds beyond the canonical run.
fn sure(proof: &Proof, column: &Column, row: usize, cell: &Cell) -> &'static str {
    if !cell.certain() {
        return "as in the canonical order of events; others may end otherwise";
    }
    // What is proved of a place is whether it is the lifeboat; where several nodes are alike, orders choose.
    let boat = match cell.mark {
        Mark::Running => false,
        Mark::Lifeboat => true,
        _ => return "so in every order and tie",
    };
    let lost = |node: usize| column.lost.iter().flatten().any(|n| usize::from(n.0) == node);
    let choice = proof.nodes.iter().enumerate().filter(|(i, n)| n.lifeboat == boat && !lost(*i)).count();
    if choice > 1 && !proof.rows[row].daemon && column.api {
        "so in every order and tie, but for the choice of the node"
    } else {
        "so in every order and tie"
    }
}

/// The waits of an outage.
#[must_use]
pub fn sum(outage: &Outage) -> String {
    outage.parts_in_words()
}

fn state(proof: &Proof, row: usize, cell: &Cell, places: bool, lost: bool) -> String {
    let names = |nodes: &[NodeId]| {
        if !places {
            return "what is left".to_owned();
        }
        let mut names: Vec<&str> =
            nodes.iter().map(|n| proof.nodes[usize::from(n.0)].name.as_str()).collect();
        names.dedup();
        names.join(", ")
    };
    let before = proof.columns.first().and_then(|c| c.phases.first()).and_then(|(_, cells)| cells.get(row));
    let stays = lost
        && cell.away == crate::lifecycle::Away::default()
        && cell.evicted == 0
        && before.is_some_and(|b| b.on == cell.on);
    match cell.mark {
        Mark::Idle => "no pod is wanted".to_owned(),
        Mark::Running if stays => format!("stays on {}", names(&cell.on)),
        Mark::Running => format!("runs on {}", names(&cell.on)),
        Mark::Lifeboat if places => format!("runs on the lifeboat: {}", names(&cell.on)),
        Mark::Lifeboat => "runs on the lifeboat".to_owned(),
        Mark::Partly => format!("{} of {} run, on {}", cell.up.0, cell.up.1, names(&cell.on)),
        Mark::Pending => match &cell.why {
            Some(why) => format!("no node takes it ({why})"),
            None => "no node takes it".to_owned(),
        },
        Mark::Pinned => "waits for the node that holds its volume".to_owned(),
        Mark::Stuck => "stuck Terminating on a dead node, and not replaced before a fence".to_owned(),
        Mark::Lost => "bound to a dead node and never evicted".to_owned(),
        Mark::Down => "does not run".to_owned(),
    }
}
