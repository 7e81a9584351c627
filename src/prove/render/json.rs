//! For programs.

use serde_json::{Value, json};

use super::words::{claim_text, column_title};
use crate::lifecycle::{Data, NodeId, Outage, Window};
use crate::policy::Phase;
use crate::prove::trace::Trace;
use crate::prove::{Cell, How, Mark, Proof, Proved, Verdict};

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
    json!({"columns": columns, "claims": claims, "assumptions": proof.assumptions})
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
        "data": data, "certain": cell.certain(), "since": if cell.from_fence { "fence" } else { "loss" },
        "outage": cell.outage.as_ref().map(outage)})
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
    json!({"events": events, "end": trace.end})
}
