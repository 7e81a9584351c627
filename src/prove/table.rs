//! The table: for every loss set and phase what becomes of every workload.

use crate::lifecycle::{
    Away, Data, First, Happening, NodeId, Outage, Part, Storage, What, Window, WorkloadId,
};
use crate::policy::{Fencing, Phase};

use super::bounds::{Ends, Histories, State};
use super::judge;
use super::model::Model;
use super::play::{self, Played, Run};

/// Up to so many nodes all loss sets are in the table; beyond, those of up to [`LARGE_SETS`] nodes.
pub const ALL_SETS: usize = 8;
/// The largest loss sets of a cluster with more nodes than [`ALL_SETS`].
pub const LARGE_SETS: usize = 2;

/// How often the timer of an automatic fence looks, in milliseconds.
const FENCE_TIMER: u64 = 15_000;

/// What a workload's pods do. In ascending order of harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// No pod is wanted on the nodes that live.
    Idle,
    /// All pods run, on ordinary nodes.
    Running,
    /// All pods run, some on a last resort.
    Lifeboat,
    /// Some pods run, others wait or are lost.
    Partly,
    /// Waits for a node.
    Pending,
    /// Waits for the node that holds its volume.
    Pinned,
    /// Terminating on a dead node.
    Stuck,
    /// Bound to a dead node and never evicted.
    Lost,
    /// Does not run.
    Down,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The worst that the canonical runs show.
    pub mark: Mark,
    /// Pods that run, and pods that are wanted.
    pub up: (usize, usize),
    /// Nodes of running pods in the first canonical run.
    pub on: Vec<NodeId>,
    /// How long it is away at most, on the clock of the loss and on that of the fence: sums whose parts have names.
    pub away: Away,
    /// Pods evicted to make room for others.
    pub evicted: usize,
    /// What becomes of its data.
    pub data: Data,
    /// Why a pod of it that waits finds no node, where that was asked.
    pub why: Option<String>,
    /// How it may end over all orders and ties; `None` beyond the size that is bounded.
    pub ends: Option<Ends>,
}

impl Cell {
    /// Whether every order and tie ends as the cell says.
    #[must_use]
    pub fn certain(&self) -> bool {
        let Some(ends) = self.ends else { return false };
        match self.mark {
            Mark::Idle => true,
            Mark::Running => ends.always_runs() && !ends.lifeboat,
            Mark::Lifeboat => ends.always_runs() && !ends.worker,
            Mark::Partly => false,
            Mark::Pending | Mark::Pinned => ends.pending && ends.never_runs() && !ends.stuck && !ends.lost,
            Mark::Stuck => ends.stuck && ends.never_runs() && !ends.pending && !ends.lost,
            Mark::Lost => ends.lost && ends.never_runs() && !ends.pending && !ends.stuck,
            Mark::Down => ends.never_runs(),
        }
    }
}

/// One column: loss sets that differ only by interchangeable nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The loss sets.
    pub lost: Vec<Vec<NodeId>>,
    /// The scenarios of the policy that speak of it.
    pub scenarios: Vec<String>,
    /// Whether the control plane answers.
    pub api: bool,
    /// Cells by phase and workload: before any fence, after it, after the return. Of several loss sets the worst.
    pub phases: Vec<(Phase, Vec<Cell>)>,
    /// The cells of each loss set on its own, in the order of `lost`; empty if there is only one.
    pub each: Vec<Vec<(Phase, Vec<Cell>)>>,
    /// How the first of the sets is emptied without a fence; `None` without a loss, or without a control plane.
    pub taints: Option<Taints>,
}

impl Column {
    /// A column for each loss set on its own: what is true of interchangeable nodes together is the worst of each,
    /// while places, seconds and data belong to one of them.
    #[must_use]
    pub fn alone(&self) -> Vec<Column> {
        if self.each.is_empty() {
            return vec![self.clone()];
        }
        let one = |(set, phases): (&Vec<NodeId>, &Vec<(Phase, Vec<Cell>)>)| Column {
            lost: vec![set.clone()],
            phases: phases.clone(),
            each: Vec::new(),
            scenarios: self.scenarios.clone(),
            ..*self
        };
        self.lost.iter().zip(&self.each).map(one).collect()
    }
}

/// How the control plane empties dead nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taints {
    /// Dead nodes that end up with the NoExecute taint.
    pub nodes: usize,
    /// Milliseconds between the first and the last of these taints, at the latest.
    pub apart: u64,
}

impl Taints {
    fn of(run: &Run<'_>, lost: &[NodeId]) -> Self {
        let nodes = lost.iter().filter(|n| run.nodes[usize::from(n.0)].no_execute).count();
        let taints = run.log.iter().filter(|e| matches!(e.what, What::Fired(Happening::NoExecute(_))));
        let times: Vec<u64> = taints.filter_map(|e| e.when.latest).collect();
        let apart = times.iter().max().zip(times.iter().min()).map_or(0, |(last, first)| last - first);
        Self { nodes, apart }
    }
}

/// What is played for the table is shown to others too, so that nobody plays it twice: the loss set, how far its
/// story was told, and the run.
pub type Visit<'v, 'm> = dyn FnMut(&[NodeId], Phase, &Played<'m>) + 'v;

/// All loss sets, interchangeable nodes merged, the smaller sets first.
#[must_use]
pub fn loss_sets(model: &Model) -> Vec<Vec<Vec<NodeId>>> {
    let nodes: Vec<NodeId> = model.node_ids().collect();
    let mut sets: Vec<Vec<NodeId>> = vec![Vec::new()];
    if nodes.len() <= ALL_SETS {
        for &node in &nodes {
            let with: Vec<Vec<NodeId>> =
                sets.iter().map(|s| s.iter().copied().chain([node]).collect()).collect();
            sets.extend(with);
        }
    } else {
        sets.extend(nodes.iter().map(|&n| vec![n]));
        for (i, &a) in nodes.iter().enumerate() {
            sets.extend(nodes[i + 1..].iter().map(|&b| vec![a, b]));
        }
        sets.push(nodes.clone());
    }
    sets.sort_by_key(|s| (s.len(), s.clone()));
    let mut columns: Vec<(Vec<usize>, Vec<Vec<NodeId>>)> = Vec::new();
    for set in sets {
        let mut kinds: Vec<usize> = set.iter().map(|n| model.nodes[usize::from(n.0)].kind).collect();
        kinds.sort_unstable();
        match columns.iter_mut().find(|(k, _)| *k == kinds) {
            Some((_, members)) if nodes.len() <= ALL_SETS => members.push(set),
            Some(_) => {}
            None => columns.push((kinds, vec![set])),
        }
    }
    columns.into_iter().map(|(_, members)| members).collect()
}

/// Plays every loss set in the canonical order of a green run.
pub fn columns<'m>(
    model: &Model,
    green: &Run<'m>,
    histories: Option<&Histories<'_>>,
    visit: &mut Visit<'_, 'm>,
) -> Vec<Column> {
    loss_sets(model)
        .into_iter()
        .map(|members| {
            let mut column = Column {
                scenarios: scenarios(model, &members),
                api: true,
                phases: Vec::new(),
                each: Vec::new(),
                lost: members.clone(),
                taints: None,
            };
            for set in &members {
                let played = play_one(model, green, set, histories, &mut column, visit);
                if members.len() > 1 {
                    column.each.push(played.clone());
                }
                for (phase, cells) in played {
                    match column.phases.iter_mut().find(|(p, _)| *p == phase) {
                        Some((_, before)) => {
                            before.iter_mut().zip(cells).for_each(|(a, b)| merge(a, b));
                        }
                        None => column.phases.push((phase, cells)),
                    }
                }
            }
            column
        })
        .collect()
}

fn scenarios(model: &Model, members: &[Vec<NodeId>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for claim in model.claims.iter().filter(|c| c.event.is_none()) {
        let about = claim.losses.iter().any(|order| {
            let mut all: Vec<NodeId> = order.iter().flatten().copied().collect();
            all.sort_unstable();
            members.contains(&all)
        });
        if about && !names.contains(&claim.scenario) {
            names.push(claim.scenario.clone());
        }
    }
    names
}

fn play_one<'m>(
    model: &Model,
    green: &Run<'m>,
    set: &[NodeId],
    histories: Option<&Histories<'_>>,
    column: &mut Column,
    visit: &mut Visit<'_, 'm>,
) -> Vec<(Phase, Vec<Cell>)> {
    let losses: Vec<Vec<NodeId>> = if set.is_empty() { Vec::new() } else { vec![set.to_vec()] };
    let phases: &[Phase] = match (set.is_empty(), model.fencing.0) {
        (true, _) => &[Phase::Eviction],
        // What nobody does is not shown.
        (false, Fencing::None) => &[Phase::Eviction, Phase::Return],
        (false, _) => &[Phase::Eviction, Phase::Fencing, Phase::Return],
    };
    let mut played: Option<Played<'_>> = None;
    let mut out = Vec::new();
    for &phase in phases {
        // Each phase goes on where the one before ended.
        let next = match (played.take(), phase) {
            (None, _) => play::lose(green, &losses, Phase::Eviction, &mut First),
            (Some(p), Phase::Fencing) => play::fence(p, set, &mut First),
            (Some(p), _) => play::back(p, set, &mut First),
        };
        let Some(next) = next else { break };
        if phase == Phase::Eviction {
            column.api &= next.run.api;
            let lost = next.run.api && !set.is_empty();
            column.taints = column.taints.or_else(|| lost.then(|| Taints::of(&next.run, set)));
        }
        visit(set, phase, &next);
        let state = histories.map(|known| known.after(&losses, phase));
        let mut cells = cells(model, &next, phase, state.as_deref());
        if phase == model.last_phase() || set.is_empty() {
            explain(model, &next.run, &mut cells);
        }
        out.push((phase, cells));
        let frozen = !next.run.api;
        played = Some(next);
        if frozen && phase == Phase::Eviction {
            // Nobody fences without a control plane.
            continue;
        }
    }
    out
}

/// What a run shows of every workload, in the order of the rows.
#[must_use]
pub fn cells(model: &Model, played: &Played<'_>, phase: Phase, state: Option<&State>) -> Vec<Cell> {
    let count = model.facts.workloads.len();
    let mut away = match phase {
        Phase::Return => vec![Away::default(); count],
        Phase::Eviction | Phase::Fencing => played.run.away(played.lost),
    };
    let mut evicted = vec![0; count];
    for (victim, _) in judge::evictions(played) {
        evicted[usize::from(victim.0)] += 1;
    }
    let cell = |row: &super::Row| {
        let at = usize::from(row.id.0);
        cell(model, played, row.id, std::mem::take(&mut away[at]), evicted[at], state)
    };
    model.rows.iter().map(cell).collect()
}

fn cell(
    model: &Model,
    played: &Played<'_>,
    id: WorkloadId,
    away: Away,
    evicted: usize,
    state: Option<&State>,
) -> Cell {
    let run = &played.run;
    let status = run.status(id);
    let wanted = judge::wanted(model, run, id);
    let facts = &model.facts.workloads[usize::from(id.0)];
    let up = status.up.len();
    let boats = status.up.iter().any(|n| model.nodes[usize::from(n.0)].lifeboat);
    let at_home = model.row(id).daemon || !model.row(id).claimed;
    let data = if facts.storage == Storage::None { Data::Kept } else { run.data(id, 0) };
    let mark = if wanted == 0 && up == 0 {
        Mark::Idle
    } else if up >= wanted {
        if boats && !at_home { Mark::Lifeboat } else { Mark::Running }
    } else if up > 0 {
        Mark::Partly
    } else if status.pending > 0 && data == Data::Pinned {
        Mark::Pinned
    } else if status.pending > 0 {
        Mark::Pending
    } else if !status.stuck.is_empty() {
        Mark::Stuck
    } else if !status.lost.is_empty() {
        Mark::Lost
    } else {
        Mark::Down
    };
    let back = matches!(mark, Mark::Running | Mark::Lifeboat | Mark::Partly);
    Cell {
        mark,
        up: (up, wanted),
        on: status.up,
        away: if back { on_clocks(model, played, away) } else { Away::default() },
        evicted,
        data,
        why: None,
        ends: state.map(|s| s.ends[usize::from(id.0)]),
    }
}

/// Adds to each cell why its pods wait.
fn explain(model: &Model, run: &Run<'_>, cells: &mut [Cell]) {
    let mut board = None;
    for (row, cell) in model.rows.iter().zip(cells).filter(|(row, _)| row.claimed && !row.daemon) {
        if cell.up.0 < cell.up.1 {
            let board = board.get_or_insert_with(|| run.placer.clone());
            cell.why = judge::why_pending(run, board, row.id);
        }
    }
}

/// An automatic fence needs nobody, so what waits for it counts from the loss too.
fn on_clocks(model: &Model, played: &Played<'_>, away: Away) -> Away {
    let (Some(outage), (Fencing::Automatic, after)) = (&away.from_fence, model.fencing) else { return away };
    let detection = detection(model, played);
    let wait = Window::between(after, after.saturating_add(FENCE_TIMER));
    let mut parts = vec![(Part::Detection, detection), (Part::Fence, wait)];
    parts.extend(outage.parts.iter().copied());
    let held = Outage { total: detection + wait + outage.total, parts };
    Away { from_loss: longer(Some(held), away.from_loss), from_fence: None }
}

/// The outage that may last longer.
pub(super) fn longer(a: Option<Outage>, b: Option<Outage>) -> Option<Outage> {
    let latest = |o: &Option<Outage>| o.as_ref().map(|o| o.total.latest.unwrap_or(u64::MAX));
    if latest(&b) > latest(&a) { b } else { a }
}

/// From the loss until its last node is known to be dead.
fn detection(model: &Model, played: &Played<'_>) -> Window {
    let log = &played.run.log;
    let zero = log.get(played.lost).map_or(0, |e| e.when.earliest);
    let known = log.iter().skip(played.lost).filter(|e| matches!(e.what, What::Fired(Happening::Unknown(_))));
    let last = known.map(|e| e.when).reduce(Window::and);
    last.map_or_else(
        || model.facts.clocks.detection(),
        |when| Window {
            earliest: when.earliest.saturating_sub(zero),
            latest: when.latest.map(|l| l.saturating_sub(zero)),
        },
    )
}

/// The worse of two cells of one column.
fn merge(a: &mut Cell, b: Cell) {
    let ends = a.ends.zip(b.ends).map(|(x, y)| Ends {
        worker: x.worker || y.worker,
        lifeboat: x.lifeboat || y.lifeboat,
        pending: x.pending || y.pending,
        stuck: x.stuck || y.stuck,
        lost: x.lost || y.lost,
        gone: x.gone || y.gone,
    });
    a.away = Away {
        from_loss: longer(a.away.from_loss.take(), b.away.from_loss),
        from_fence: longer(a.away.from_fence.take(), b.away.from_fence),
    };
    if b.mark > a.mark {
        a.mark = b.mark;
        a.up = b.up;
        a.on = b.on;
        a.why = b.why.or(a.why.take());
    }
    a.evicted = a.evicted.max(b.evicted);
    a.data = a.data.max(b.data);
    a.ends = ends;
}
