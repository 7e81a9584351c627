//! Does a claim hold? Once for what one run did, once for what bounds say of all runs.

use std::collections::BTreeSet;

use crate::lifecycle::{Happening, Kind, NodeId, PodStatus, What, WorkloadId, WorkloadStatus};

use super::bounds::{Bounds, Histories, State};
use super::claim::{Claim, Says};
use super::model::Model;
use super::placer::Kube;
use super::play::{Played, Run};
use super::verdict::Argument;

/// A workload that breaks a claim, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Who.
    pub who: WorkloadId,
    /// What is wrong with it.
    pub fault: Fault,
    /// In words.
    pub how: String,
}

/// What is wrong with a workload that breaks a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It lacks pods that run, and this is what the first of them do instead.
    Lacks(Instead),
    /// All of its pods run, and should not.
    Runs,
    /// It is on the wrong kind of node.
    Misplaced,
    /// It is back too late.
    Late,
    /// It is evicted, or is not.
    Evicted,
    /// It shares a node.
    Shares,
}

/// What a pod does that should run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// Waits for a node.
    Pends,
    /// Is held Terminating by a dead node, and not replaced.
    Hangs,
    /// Is bound to a dead node.
    Lost,
    /// Anything else.
    Nothing,
}

/// What breaks a claim in a run; empty if nothing does. A claim about planned work has to hold at each of its quiet
/// moments.
#[must_use]
pub fn breaches(model: &Model, claim: &Claim, played: &Played<'_>) -> Vec<Breach> {
    let mut found = at_the_end(model, claim, played);
    for (name, run) in &played.moments {
        let then = Played { run: run.clone(), moments: Vec::new(), ..*played };
        for breach in at_a_moment(model, claim, &then, name) {
            if !found.iter().any(|other| other.who == breach.who) {
                found.push(breach);
            }
        }
    }
    found
}

/// What breaks a claim at a quiet moment of planned work, which the words name.
#[must_use]
pub fn at_a_moment(model: &Model, claim: &Claim, then: &Played<'_>, name: &str) -> Vec<Breach> {
    // Who is not evicted yet may be later.
    if matches!(claim.says, Says::Evicted) && !claim.none {
        return Vec::new();
    }
    let found = at_the_end(model, claim, then);
    found.into_iter().map(|breach| Breach { how: format!("{}, {name}", breach.how), ..breach }).collect()
}

fn at_the_end(model: &Model, claim: &Claim, played: &Played<'_>) -> Vec<Breach> {
    let run = &played.run;
    let mut found = Vec::new();
    let mut breach = |who: WorkloadId, fault: Fault, how: String| found.push(Breach { who, fault, how });
    let every = || model.rows.iter().filter(|r| r.claimed && !r.daemon).map(|r| r.id);
    match &claim.says {
        Says::Running if claim.none => {
            for id in every().filter(|&id| run.running(id) > 0) {
                breach(id, Fault::Runs, "runs".to_owned());
            }
        }
        Says::Running => {
            for &id in &claim.who {
                if let Some((fault, how)) = not_running(model, run, id) {
                    breach(id, fault, how);
                } else if let Some(how) = claim.within.and_then(|within| too_late(within, played, id)) {
                    breach(id, Fault::Late, how);
                }
            }
        }
        Says::Lifeboat => {
            for id in every() {
                let on = on_lifeboat(model, run, id);
                match (claim.who.contains(&id), on) {
                    (true, false) => {
                        let elsewhere = || (Fault::Misplaced, "runs elsewhere".to_owned());
                        let (fault, how) = not_running(model, run, id).unwrap_or_else(elsewhere);
                        breach(id, fault, how);
                    }
                    (false, true) => breach(id, Fault::Misplaced, "is on the lifeboat".to_owned()),
                    _ => {}
                }
            }
        }
        Says::Pending if claim.none => {
            for id in every().filter(|&id| run.status(id).pending > 0) {
                breach(id, Fault::Lacks(Instead::Pends), state_in_words(model, run, id));
            }
        }
        Says::Pending | Says::Stuck | Says::Down => {
            for &id in claim.who.iter().filter(|id| !model.row(**id).daemon || claim.says == Says::Down) {
                let status = run.status(id);
                let stuck = stuck(model, &status, id);
                let holds = match claim.says {
                    Says::Pending => status.pending > 0 && !stuck && status.lost.is_empty(),
                    Says::Stuck => stuck,
                    _ => true,
                };
                if !status.up.is_empty() || !holds {
                    breach(id, fault(model, run, id), state_in_words(model, run, id));
                }
            }
        }
        Says::Frozen => {
            if run.api {
                let who = claim.who.first().copied().unwrap_or(WorkloadId(0));
                breach(who, Fault::Runs, "is not frozen: the control plane answers".to_owned());
            }
        }
        Says::Evicted => {
            let evicted = evictions(played);
            if claim.none {
                for &(id, by) in &evicted {
                    if model.row(id).claimed {
                        breach(id, Fault::Evicted, format!("is evicted for {}", model.row(by).name));
                    }
                }
            }
            for &id in &claim.who {
                if !evicted.iter().any(|(victim, _)| *victim == id) {
                    breach(id, Fault::Evicted, "is not evicted".to_owned());
                }
            }
        }
        Says::Apart(_) => {
            for (i, &a) in claim.who.iter().enumerate() {
                let mine = places(run, a);
                for &b in &claim.who[i + 1..] {
                    if let Some(&node) = places(run, b).iter().find(|n| mine.contains(n)) {
                        let name = &model.nodes[usize::from(node.0)].name;
                        let how = format!("shares {name} with {}", model.row(b).name);
                        breach(a, Fault::Shares, how);
                    }
                }
            }
        }
    }
    found
}

fn places(run: &Run<'_>, id: WorkloadId) -> Vec<NodeId> {
    let status = run.status(id);
    status.up.into_iter().chain(status.starting).collect()
}

fn on_lifeboat(model: &Model, run: &Run<'_>, id: WorkloadId) -> bool {
    places(run, id).iter().any(|n| model.nodes[usize::from(n.0)].lifeboat)
}

/// Pods that should run: of a DaemonSet one on each living node that it may run on.
#[must_use]
pub fn wanted(model: &Model, run: &Run<'_>, id: WorkloadId) -> usize {
    let facts = &model.facts.workloads[usize::from(id.0)];
    if model.row(id).daemon {
        let eligible = facts.eligible.iter().zip(&run.nodes).filter(|(e, n)| **e && n.alive);
        eligible.count()
    } else {
        facts.replicas as usize
    }
}

fn not_running(model: &Model, run: &Run<'_>, id: WorkloadId) -> Option<(Fault, String)> {
    (run.running(id) < wanted(model, run, id))
        .then(|| (fault(model, run, id), state_in_words(model, run, id)))
}

/// How much later than `within` milliseconds after the loss a workload was ready again, if it was.
#[must_use]
pub fn too_late(within: u64, played: &Played<'_>, id: WorkloadId) -> Option<String> {
    // Running means all of its pods, so the last of them counts.
    let log = &played.run.log;
    let ready = |what: What| matches!(what, What::Fired(Happening::Started(p)) if played.run.pods[p.0 as usize].workload == id);
    let at = (played.lost..log.len()).rev().find(|&i| ready(log[i].what))?;
    match played.run.sum(at, played.lost).total.latest {
        Some(latest) if latest <= within => None,
        Some(latest) => Some(format!("is back after up to {} s", latest.div_ceil(1000))),
        None => Some("is back at no certain time".to_owned()),
    }
}

/// Whether a dead node holds the workload back. A Deployment's old pods stay listed on it too, but their
/// successors are made without waiting for them.
fn stuck(model: &Model, status: &WorkloadStatus, id: WorkloadId) -> bool {
    let waits =
        matches!(model.facts.workloads[usize::from(id.0)].kind, Kind::StatefulSet { .. } | Kind::Bare);
    // A successor that is lost has been there, too.
    let replaced =
        status.pending > 0 || [&status.up, &status.starting, &status.lost].iter().any(|on| !on.is_empty());
    !status.stuck.is_empty() && (waits || !replaced)
}

/// Nodes whose dead pods hold a workload back: of a Deployment only so many as were not replaced.
fn holding(model: &Model, run: &Run<'_>, id: WorkloadId, status: &WorkloadStatus) -> Vec<NodeId> {
    let waits =
        matches!(model.facts.workloads[usize::from(id.0)].kind, Kind::StatefulSet { .. } | Kind::Bare);
    if waits {
        return status.stuck.clone();
    }
    let others = status.up.len() + status.starting.len() + status.pending as usize + status.lost.len();
    let missing = wanted(model, run, id).saturating_sub(others);
    status.stuck.iter().take(missing).copied().collect()
}

/// What is wrong with a workload that lacks pods.
fn fault(model: &Model, run: &Run<'_>, id: WorkloadId) -> Fault {
    let status = run.status(id);
    if status.up.len() >= wanted(model, run, id) {
        return Fault::Runs;
    }
    Fault::Lacks(if status.pending > 0 {
        Instead::Pends
    } else if !holding(model, run, id, &status).is_empty() {
        Instead::Hangs
    } else if !status.lost.is_empty() {
        Instead::Lost
    } else {
        Instead::Nothing
    })
}

/// What a workload's pods do, in a few words: all of them, so that one that is replaced hides none that is not.
#[must_use]
pub fn state_in_words(model: &Model, run: &Run<'_>, id: WorkloadId) -> String {
    let status = run.status(id);
    let names = |nodes: &[NodeId]| counted(model, nodes);
    let wanted = wanted(model, run, id);
    let held = holding(model, run, id, &status);
    let up = status.up.len();
    if up >= wanted.max(1) {
        return format!("runs on {}", names(&status.up));
    }
    if wanted == 1 {
        return if status.pending > 0 {
            "is Pending".to_owned()
        } else if !held.is_empty() {
            format!("is stuck Terminating on {}", names(&held))
        } else if !status.lost.is_empty() {
            format!("stays bound to {}, dead", names(&status.lost))
        } else if !status.starting.is_empty() {
            format!("is starting on {}", names(&status.starting))
        } else {
            "does not run".to_owned()
        };
    }
    let mut parts = Vec::new();
    if up > 0 {
        parts.push(format!("{up} of {wanted} pods up on {}", names(&status.up)));
    } else {
        parts.push(format!("none of {wanted} pods up"));
    }
    if status.pending > 0 {
        parts.push(format!("{} Pending", status.pending));
    }
    let on = [
        (&held, "stuck Terminating on", ""),
        (&status.lost, "bound to", ", dead"),
        (&status.starting, "starting on", ""),
    ];
    for (nodes, what, then) in on.into_iter().filter(|(nodes, ..)| !nodes.is_empty()) {
        parts.push(format!("{} {what} {}{then}", nodes.len(), names(nodes)));
    }
    format!("has {}", parts.join("; "))
}

/// As [`state_in_words`], and why its Pending pods find no node.
#[must_use]
pub fn state_and_why(model: &Model, run: &Run<'_>, id: WorkloadId) -> String {
    let state = state_in_words(model, run, id);
    match why_pending(run, &mut run.placer.clone(), id) {
        Some(why) => format!("{state} ({why})"),
        None => state,
    }
}

/// Why the first Pending pod of a workload finds no node; `None` if none is Pending, or nobody schedules. The board is
/// a copy of the run's.
#[must_use]
pub fn why_pending(run: &Run<'_>, board: &mut Kube<'_>, id: WorkloadId) -> Option<String> {
    let mut pods = run.live_of(id).into_iter();
    let pod = pods.find(|&p| run.pod_status(p) == Some(PodStatus::Pending)).filter(|_| run.api)?;
    Some(board.why_pending(pod))
}

/// Names of nodes, each once, with how many of several pods it holds.
fn counted(model: &Model, nodes: &[NodeId]) -> String {
    let mut told: Vec<(NodeId, usize)> = Vec::new();
    for &node in nodes {
        match told.iter_mut().find(|(n, _)| *n == node) {
            Some((_, count)) => *count += 1,
            None => told.push((node, 1)),
        }
    }
    let name = |(node, count): (NodeId, usize)| {
        let name = &model.nodes[usize::from(node.0)].name;
        if count > 1 { format!("{name} ({count})") } else { name.clone() }
    };
    told.into_iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Who was evicted by the scheduler since the first loss, and for whom.
#[must_use]
pub fn evictions(played: &Played<'_>) -> Vec<(WorkloadId, WorkloadId)> {
    let run = &played.run;
    let of = |pod: crate::lifecycle::PodId| run.pods[pod.0 as usize].workload;
    run.log
        .since(played.lost)
        .filter_map(|(_, event)| match (event.what, run.log.get(event.cause?)?.what) {
            (What::Terminating(victim), What::Fired(Happening::Schedule(by))) => Some((of(victim), of(by))),
            _ => None,
        })
        .collect()
}

/// What bounds say of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bounded {
    /// It holds in every run.
    Holds(Vec<Argument>),
    /// It fails in every run, for this choice of losses.
    Fails {
        /// Index into [`Claim::losses`].
        choice: usize,
        /// Why.
        why: Vec<Argument>,
    },
    /// Bounds do not decide it.
    Open,
}

/// What bounds say of a claim, over all its choices.
#[must_use]
pub fn bounded(histories: &Histories<'_>, model: &Model, claim: &Claim) -> Bounded {
    // A deadline, and who shares a node after planned work, depend on what happened when.
    if claim.within.is_some() || claim.event.is_some() && matches!(claim.says, Says::Apart(_)) {
        return Bounded::Open;
    }
    let mut why = Vec::new();
    let mut open = false;
    for (choice, losses) in claim.losses.iter().enumerate() {
        let states = match &claim.event {
            None => Some(vec![histories.after(losses, claim.phase)]),
            Some(event) => histories.during(losses, claim.phase, event),
        };
        let Some(states) = states else {
            open = true;
            continue;
        };
        // Who is not evicted yet may be later.
        let last_only = matches!(claim.says, Says::Evicted) && !claim.none;
        let skipped = if last_only { states.len().saturating_sub(1) } else { 0 };
        for state in states.iter().skip(skipped) {
            match decide(histories.bounds(), model, claim, state, losses) {
                Bounded::Holds(more) => why.extend(more),
                Bounded::Fails { why, .. } => return Bounded::Fails { choice, why },
                Bounded::Open => open = true,
            }
        }
    }
    if open || claim.losses.is_empty() {
        return Bounded::Open;
    }
    why.sort();
    why.dedup();
    Bounded::Holds(why)
}

fn decide(
    bounds: Bounds<'_>,
    model: &Model,
    claim: &Claim,
    state: &State,
    losses: &[Vec<NodeId>],
) -> Bounded {
    let ends = |id: WorkloadId| state.ends[usize::from(id.0)];
    let fails = |who: WorkloadId| Bounded::Fails { choice: 0, why: vec![bounds.why_not(who, state)] };
    // Most workloads run for one and the same reason.
    let why = |who: &[WorkloadId]| -> Vec<Argument> {
        let reasons = who.iter().filter_map(|w| state.why_runs[usize::from(w.0)].as_deref());
        reasons.collect::<BTreeSet<_>>().into_iter().cloned().collect()
    };
    let every = model.rows.iter().filter(|r| r.claimed && !r.daemon).map(|r| r.id);
    let lasting: Vec<WorkloadId> = claim.who.iter().copied().filter(|&id| !model.row(id).daemon).collect();
    let holds_if = |all: bool, why: Vec<Argument>| if all { Bounded::Holds(why) } else { Bounded::Open };
    match &claim.says {
        _ if claim.none && claim.says != Says::Lifeboat => match claim.says {
            // A DaemonSet's pod is nobody's claim to run, but it can be a victim.
            Says::Evicted => {
                let mut claimed = model.rows.iter().filter(|r| r.claimed);
                holds_if(claimed.all(|r| state.keeps[usize::from(r.id.0)]), Vec::new())
            }
            Says::Pending => holds_if(every.into_iter().all(|id| !ends(id).pending), Vec::new()),
            _ => Bounded::Open,
        },
        Says::Running => {
            if let Some(&id) = lasting.iter().find(|&&id| ends(id).never_runs()) {
                return fails(id);
            }
            holds_if(claim.who.iter().all(|&id| ends(id).always_runs()), why(&claim.who))
        }
        Says::Lifeboat => {
            let mut arguments = state.why_empty.clone().unwrap_or_default();
            let mut all = true;
            let mut aboard = Vec::new();
            for id in every {
                let end = ends(id);
                if claim.who.contains(&id) {
                    if !end.lifeboat {
                        return fails(id);
                    }
                    all &= end.always_runs() && !end.worker;
                    aboard.push(id);
                } else {
                    all &= !end.lifeboat;
                }
            }
            arguments.extend(why(&aboard));
            holds_if(all, arguments)
        }
        Says::Pending | Says::Stuck | Says::Down => {
            let right = |id: WorkloadId| {
                let end = ends(id);
                let only = |yes: bool, other: bool| yes && !other && end.never_runs() && !end.gone;
                match claim.says {
                    Says::Pending => only(end.pending, end.stuck || end.lost),
                    Says::Stuck => only(end.stuck, end.pending || end.lost),
                    _ => end.never_runs(),
                }
            };
            let wrong = |id: WorkloadId| {
                let end = ends(id);
                match claim.says {
                    Says::Pending => !end.pending,
                    Says::Stuck => !end.stuck,
                    _ => end.always_runs(),
                }
            };
            if let Some(&id) = lasting.iter().find(|&&id| wrong(id)) {
                return fails(id);
            }
            holds_if(
                lasting.iter().all(|&id| right(id)),
                lasting.iter().map(|&id| bounds.why_not(id, state)).collect(),
            )
        }
        Says::Frozen if state.api => Bounded::Fails { choice: 0, why: Vec::new() },
        Says::Frozen => Bounded::Holds(vec![Argument::Frozen]),
        Says::Evicted => {
            let never = claim.who.iter().find(|id| state.keeps[usize::from(id.0)]);
            never.map_or(Bounded::Open, |&id| fails(id))
        }
        Says::Apart(_) => {
            if losses.iter().any(|l| !l.is_empty()) {
                return Bounded::Open;
            }
            let mut arguments = Vec::new();
            for (i, &a) in claim.who.iter().enumerate() {
                for &b in &claim.who[i + 1..] {
                    match bounds.apart(a, b, state) {
                        Some(more) => arguments.extend(more),
                        None => return Bounded::Open,
                    }
                }
            }
            Bounded::Holds(arguments)
        }
    }
}
