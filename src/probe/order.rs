//! Which of several paths wins where they reach the same field: all are set at once, the winner is
//! noted and taken away, and so on. Many fields share a render, as long as they want the same paths set.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::candidates::Candidate;
use super::run::Lab;
use super::sentinel::{token, tokens, value};

/// A field that several paths reach.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub(super) carrier: String,
    pub(super) field: &'static str,
    /// Candidates that may still win.
    pub(super) open: BTreeSet<usize>,
    /// Winners so far; several in one entry show up together.
    pub(super) order: Vec<Vec<usize>>,
    stuck: bool,
}

impl Chain {
    pub(super) fn new(carrier: String, field: &'static str, open: BTreeSet<usize>) -> Self {
        Self { carrier, field, open, order: Vec::new(), stuck: false }
    }

    fn done(&self) -> bool {
        self.stuck || self.open.len() <= 1
    }
}

/// Ranks the paths of each chain under some values.
pub(super) fn rank(lab: &mut Lab<'_>, values: &Value, candidates: &[Candidate], chains: &mut [Chain]) {
    while chains.iter().any(|chain| !chain.done()) {
        let (set, taken) = round(chains);
        let mut tree = values.clone();
        for &candidate in &set {
            let field = candidates[candidate].field;
            let kind = if field == "affinity" { "nodeAffinity" } else { "value" };
            candidates[candidate].path.set(&mut tree, value(field, kind, &token(candidate)));
        }
        let Some(Ok(shot)) = lab.ask(vec![tree]).pop() else {
            taken.iter().for_each(|&chain| chains[chain].stuck = true);
            continue;
        };
        for chain in taken {
            let chain = &mut chains[chain];
            let is = shot.carriers.get(&chain.carrier).and_then(|c| c.get(chain.field));
            let marks = tokens(&is.map(Value::to_string).unwrap_or_default());
            let winners: Vec<usize> =
                chain.open.iter().copied().filter(|&c| marks.contains(&token(c))).collect();
            chain.stuck = winners.is_empty();
            for winner in &winners {
                chain.open.remove(winner);
            }
            if !winners.is_empty() {
                chain.order.push(winners);
            }
        }
    }
    for chain in chains.iter_mut().filter(|chain| !chain.stuck) {
        let last: Vec<usize> = std::mem::take(&mut chain.open).into_iter().collect();
        if !last.is_empty() {
            chain.order.push(last);
        }
    }
}

/// Paths to set in one render, and the chains that it decides.
fn round(chains: &[Chain]) -> (BTreeSet<usize>, Vec<usize>) {
    let mut set: BTreeMap<usize, bool> = BTreeMap::new();
    let mut taken = Vec::new();
    for (i, chain) in chains.iter().enumerate().filter(|(_, chain)| !chain.done()) {
        let wants = || {
            let off = chain.order.iter().flatten().map(|&c| (c, false));
            chain.open.iter().map(|&c| (c, true)).chain(off)
        };
        if wants().all(|(candidate, on)| set.get(&candidate).is_none_or(|&known| known == on)) {
            set.extend(wants());
            taken.push(i);
        }
    }
    (set.into_iter().filter(|(_, on)| *on).map(|(candidate, _)| candidate).collect(), taken)
}
