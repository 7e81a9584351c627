//! For programs.

use serde_json::{Value, json};

use super::words::{claim_text, column_title};
use crate::lifecycle::{Data, NodeId, Outage, Window, WorkloadId};
use crate::policy::Phase;
use crate::prove::trace::Trace;
use crate::prove::{Cell, Comeback, How, Mark, Order, Planned, Proof, Proved, Verdict};

/// The proof as JSON: everything, in a stable order.
#[must_use]
pub fn json(proof: &Proof) -> Value {
    let name = |n: &NodeId| proof.nodes[usize::from(n.0)].name.as_str();
    let columns: Vec<Value> = proof
        .columns
        .iter()
        .map(|column| {
            let phases: Vec<Value> = column
                .phases
                .iter()
                .map(|(phase, cells)| {
                    let cells: Vec<Value> = proof
                        .rows
                        .iter()
                        .zip(cells)
                        .map(|(row, cell)| self::cell(proof, &row.name, cell))
                        .collect();
                    json!({"phase": phase_name(*phase), "cells": cells})
                })
                .collect();
            let lost: Vec<Vec<&str>> = column.lost.iter().map(|s| s.iter().map(name).collect()).collect();
            json!({"title": column_title(proof, column), "lost": lost, "scenarios": column.scenarios,
                "frozen": !column.api, "phases": phases})
        })
        .collect();
    let claims: Vec<Value> = proof
        .claims
        .iter()
        .map(|proven| {
            let mut value = json!({"scenario": proven.claim.scenario, "claim": claim_text(&proven.claim),
                "after": phase_name(proven.claim.phase)});
            let (word, more) = verdict(&proven.verdict);
            value["verdict"] = word.into();
            value["detail"] = more;
            value
        })
        .collect();
    json!({"columns": columns, "planned": planned(proof), "orders": orders(proof), "comebacks": comebacks(proof),
        "runs": "planned, orders and comebacks are told of the canonical order; \"otherwise\" holds other ways back that other orders took; no verdict is made of them",
        "claims": claims, "assumptions": proof.assumptions})
}

fn node_names(proof: &Proof, nodes: &[NodeId]) -> Vec<String> {
    nodes.iter().map(|n| proof.nodes[usize::from(n.0)].name.clone()).collect()
}

fn all_cells(proof: &Proof, cells: &[Cell]) -> Vec<Value> {
    proof.rows.iter().zip(cells).map(|(row, c)| cell(proof, &row.name, c)).collect()
}

fn planned(proof: &Proof) -> Vec<Value> {
    let one = |planned: &Planned| {
        let lost: Vec<_> = planned.lost.iter().map(|set| node_names(proof, set)).collect();
        let moments = planned.moments.iter();
        let moments: Vec<Value> =
            moments.map(|(name, cells)| json!({"moment": name, "cells": all_cells(proof, cells)})).collect();
        json!({"scenario": planned.scenario, "title": planned.title, "lost": lost, "moments": moments})
    };
    proof.planned.iter().map(one).collect()
}

fn orders(proof: &Proof) -> Vec<Value> {
    let one = |order: &Order| {
        let differs: Vec<&str> = order.differs.iter().map(|i| proof.rows[*i].name.as_str()).collect();
        json!({"lost": node_names(proof, &order.lost), "frozen": !order.api, "differs": differs,
            "cells": all_cells(proof, &order.cells)})
    };
    proof.orders.iter().map(one).collect()
}

fn comebacks(proof: &Proof) -> Vec<Value> {
    let one = |comeback: &Comeback| {
        let mut value = self::comeback(proof, comeback);
        let otherwise = comeback.otherwise.iter().map(|(other, runs)| {
            let mut value = self::comeback(proof, other);
            value["runs"] = (*runs).into();
            value
        });
        value["otherRuns"] = comeback.tried.into();
        value["otherwise"] = otherwise.collect::<Vec<_>>().into();
        value
    };
    proof.comebacks.iter().map(one).collect()
}

fn comeback(proof: &Proof, comeback: &Comeback) -> Value {
    let rows = |ids: &[WorkloadId]| -> Vec<&str> {
        ids.iter().map(|id| proof.rows[usize::from(id.0)].name.as_str()).collect()
    };
    let next = comeback.next.iter().map(|next| {
        json!({"node": node_names(proof, &[next.node]), "survivable": next.breaks.is_empty(), "breaks": next.breaks})
    });
    json!({"lost": node_names(proof, &comeback.lost), "astray": rows(&comeback.astray),
        "next": next.collect::<Vec<_>>(), "rollouts": rows(&comeback.rollouts), "green": comeback.green})
}

fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Eviction => "eviction",
        Phase::Fencing => "fencing",
        Phase::Return => "return",
    }
}

fn cell(proof: &Proof, row: &str, cell: &Cell) -> Value {
    let mark = match cell.mark {
        Mark::Idle => "idle",
        Mark::Running => "running",
        Mark::Lifeboat => "lifeboat",
        Mark::Partly => "partly",
        Mark::Pending => "pending",
        Mark::Pinned => "pinned",
        Mark::Stuck => "stuck",
        Mark::Lost => "lost",
        Mark::Down => "down",
    };
    let data = match cell.data {
        Data::Kept => "kept",
        Data::Lost => "lost",
        Data::Pinned => "pinned",
    };
    let on: Vec<&str> = cell.on.iter().map(|n| proof.nodes[usize::from(n.0)].name.as_str()).collect();
    json!({"name": row, "state": mark, "up": cell.up.0, "wanted": cell.up.1, "on": on, "evicted": cell.evicted,
        "data": data, "certain": cell.certain(), "outage": cell.away.from_loss.as_ref().map(outage),
        "outageAfterFence": cell.away.from_fence.as_ref().map(outage), "why": cell.why})
}

fn window(w: Window) -> Value {
    json!({"earliestMs": w.earliest, "latestMs": w.latest})
}

fn outage(outage: &Outage) -> Value {
    let parts: Vec<Value> =
        outage.parts.iter().map(|(part, w)| json!({"part": part.name(), "window": window(*w)})).collect();
    json!({"total": window(outage.total), "parts": parts})
}

fn verdict(verdict: &Verdict) -> (&'static str, Value) {
    match verdict {
        Verdict::Proved(Proved::Bound(why)) => {
            let why: Vec<String> = why.iter().map(ToString::to_string).collect();
            ("proved", json!({"by": "bound", "because": why}))
        }
        Verdict::Proved(Proved::Explored { states }) => {
            ("proved", json!({"by": "exploration", "states": states}))
        }
        Verdict::Sampled { runs } => ("sampled", json!({"runs": runs})),
        Verdict::Refuted { trace, how } => {
            let how = match how {
                How::Always(why) => {
                    json!({"every": true, "because": why.iter().map(ToString::to_string).collect::<Vec<_>>()})
                }
                How::AlwaysExplored { states } => json!({"every": true, "states": states}),
                How::SomeExplored { failed, ends, states } => {
                    json!({"every": false, "failed": failed, "ends": ends, "states": states})
                }
                How::Some { failed, runs } => json!({"every": false, "failed": failed, "runs": runs}),
            };
            ("refuted", json!({"how": how, "trace": self::trace(trace)}))
        }
    }
}

fn trace(trace: &Trace) -> Value {
    let events: Vec<Value> = trace
        .events
        .iter()
        .map(|e| json!({"when": e.when.map(window), "who": e.who, "what": e.what, "why": e.why}))
        .collect();
    let witness = trace.witness.as_ref().map(|w| {
        let ids = |nodes: &Vec<NodeId>| nodes.iter().map(|n| n.0).collect::<Vec<_>>();
        json!({"workloads": w.only.iter().map(|w| w.0).collect::<Vec<_>>(),
            "lost": w.image.iter().map(ids).collect::<Vec<_>>(), "work": w.event.as_ref().map(|e| e.title()),
            "answers": w.answers})
    });
    let outages: Vec<Value> =
        trace.outages.iter().map(|(who, sum)| json!({"who": who, "seconds": sum})).collect();
    json!({"start": trace.start, "events": events, "outages": outages, "end": trace.end, "witness": witness})
}

/// A story for programs.
#[must_use]
pub fn story_json(told: &Trace) -> Value {
    trace(told)
}
