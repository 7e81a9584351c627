//! Remedies for people and for programs.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{Lever, Remedies, Remedy};
use crate::prove::Proof;
use crate::prove::render::claim_text;

/// For a terminal: what each makes true, its price, and the change.
#[must_use]
pub fn human(remedies: &Remedies, proof: &Proof) -> String {
    let mut out = String::new();
    if !remedies.found.is_empty() {
        out.push_str("remedies, the least harmful first\n");
    }
    for (i, remedy) in remedies.found.iter().enumerate() {
        let levers: Vec<String> = remedy.changes.iter().map(|c| c.lever.to_string()).collect();
        let _ = writeln!(out, "  {}. {}", i + 1, levers.join(" and "));
        for change in &remedy.changes {
            let _ = writeln!(out, "     {}", change.what);
        }
        for &claim in &remedy.mends {
            let _ = writeln!(out, "     makes true: {}", name(proof, claim));
        }
        for price in prices(remedy) {
            let _ = writeln!(out, "     price: {price}");
        }
        for line in remedy.diff.lines() {
            let _ = writeln!(out, "       {line}");
        }
    }
    for &claim in &remedies.without {
        let _ = writeln!(out, "no remedy found: {}", name(proof, claim));
    }
    let end = if remedies.cut { ", the budget (--remedies)" } else { ", all that the levers give" };
    let _ = writeln!(
        out,
        "tried {} policies{}",
        remedies.tried,
        if remedies.without.is_empty() { "" } else { end }
    );
    out
}

/// The same as JSON.
#[must_use]
pub fn json(remedies: &Remedies, proof: &Proof) -> Value {
    let remedy = |remedy: &Remedy| {
        let changes: Vec<Value> = remedy
            .changes
            .iter()
            .map(|c| json!({"lever": c.lever.to_string(), "what": c.what, "price": c.lever.price()}))
            .collect();
        json!({"changes": changes, "mends": remedy.mends.iter().map(|&i| name(proof, i)).collect::<Vec<_>>(),
            "diff": remedy.diff})
    };
    json!({"remedies": remedies.found.iter().map(remedy).collect::<Vec<_>>(),
        "without": remedies.without.iter().map(|&i| name(proof, i)).collect::<Vec<_>>(),
        "tried": remedies.tried, "cut": remedies.cut})
}

fn prices(remedy: &Remedy) -> Vec<&'static str> {
    let mut levers: Vec<Lever> = remedy.changes.iter().map(|c| c.lever).collect();
    levers.sort_unstable();
    levers.dedup();
    levers.into_iter().map(Lever::price).collect()
}

fn name(proof: &Proof, claim: usize) -> String {
    let claim = &proof.claims[claim].claim;
    format!("{}: {}", claim.scenario, claim_text(claim))
}
