//! Cutting a witness down until nothing can be left out: first workloads, then deviations from the canonical order.
//!
//! Only workloads of the user's are left out. What lifeboat, K3s and DaemonSets put on the nodes stays: a run without
//! the lock, say, could not happen in the cluster that the trace is about.
//!
//! A smaller cast makes other runs, so for every cast a run is looked for anew: the old answers, the canonical
//! ones, and a short exploration. What is kept breaks the claim by the same workload in the same way, so the
//! event that matters is never among those that were dropped.

use crate::lifecycle::{Choose, WorkloadId};

use super::claim::Claim;
use super::explore::{Answers, Path, Walk};
use super::judge::{self, Breach};
use super::model::Model;
use super::play;
use super::refute::{self, Recorder, Witness};
use super::script::Script;

/// Happenings of the exploration of one cast.
const BUDGET: u64 = 1_500;
/// Runs with random answers for one cast.
const TRIES: u64 = 6;

/// The smallest witness found for one of the breaches; `None` if the given one does not break the claim.
#[must_use]
pub fn least(model: &Model, claim: &Claim, witness: &Witness) -> Option<Witness> {
    let played = refute::replay(model, claim, witness, false)?;
    let kept = witness.only.iter().filter(|w| stays(model, **w)).count();
    let broken = judge::breaches(model, claim, &played);
    // A breach that few others take part in: of a pod that is stuck rather than of one that was crowded out.
    let mut best: Option<Witness> = None;
    for target in faults(&broken) {
        let found = smallest_cast(model, claim, witness, target);
        if best.as_ref().is_none_or(|b| found.only.len() < b.only.len()) {
            best = Some(found);
        }
        if best.as_ref().is_some_and(|b| b.only.len() < kept + 2) {
            break;
        }
    }
    Some(straighten(model, claim, best?, &broken))
}

/// The first breach of each fault.
fn faults(broken: &[Breach]) -> Vec<&Breach> {
    let mut chosen: Vec<&Breach> = Vec::new();
    for breach in broken {
        if chosen.iter().all(|c| c.fault != breach.fault) {
            chosen.push(breach);
        }
    }
    chosen
}

/// Whether a workload is part of every cast: a pod of each node, a packaged one, the lock.
#[must_use]
pub fn stays(model: &Model, id: WorkloadId) -> bool {
    let row = model.row(id);
    row.daemon || !row.claimed
}

fn smallest_cast(model: &Model, claim: &Claim, witness: &Witness, target: &Breach) -> Witness {
    let needed = |w: WorkloadId| w == target.who || stays(model, w);
    let alone: Vec<WorkloadId> = witness.only.iter().copied().filter(|w| needed(*w)).collect();
    if let Some(found) = find(model, claim, witness, &alone, target) {
        return found;
    }
    let mut best = witness.clone();
    let others = |cast: &[WorkloadId]| cast.iter().filter(|w| !needed(**w)).count();
    let mut chunk = others(&best.only).div_ceil(2);
    while chunk > 0 {
        let mut at = 0;
        while at < others(&best.only) {
            let mut place = 0;
            let mut goes = |w: WorkloadId| {
                place += usize::from(!needed(w));
                !needed(w) && place > at && place <= at + chunk
            };
            let cast: Vec<WorkloadId> = best.only.iter().copied().filter(|w| !goes(*w)).collect();
            let found =
                if cast.len() < best.only.len() { find(model, claim, &best, &cast, target) } else { None };
            match found {
                Some(found) => best = found,
                None => at += chunk,
            }
        }
        chunk /= 2;
    }
    best
}

/// A run of this cast that breaks the claim as the target does.
fn find(
    model: &Model,
    claim: &Claim,
    like: &Witness,
    cast: &[WorkloadId],
    target: &Breach,
) -> Option<Witness> {
    let mut witness = Witness { only: cast.to_vec(), ..like.clone() };
    if shows(model, claim, &witness, target) {
        return Some(witness);
    }
    if let Some(played) = refute::replay(model, claim, like, false) {
        let mut script = Script::of(&played.run);
        if breaks(model, claim, &witness, target, &mut script) {
            return Some(Witness { answers: script.given, ..witness });
        }
    }
    witness.answers = Vec::new();
    if shows(model, claim, &witness, target) {
        return Some(witness);
    }
    let mut walk = Walk::new(model, BUDGET);
    let mut legs = vec![play::creation(cast)];
    legs.extend(play::steps(&model.facts, &like.image, claim.phase));
    legs.extend(like.event.iter().flat_map(|event| play::work(event, &like.image, claim.phase)));
    let mut answers = None;
    walk.run(&[Path::start(play::empty(model))], &legs, &mut |path| {
        if path.breaches(model, claim).iter().any(|b| same(b, target)) {
            answers = Some(path.answers());
        }
        answers.is_some()
    });
    if let Some(answers) = answers {
        return Some(Witness { answers, ..witness });
    }
    for seed in 1..=TRIES {
        let mut recorder = Recorder::new(seed);
        if breaks(model, claim, &witness, target, &mut recorder) {
            return Some(Witness { answers: recorder.given, ..witness });
        }
    }
    None
}

fn same(a: &Breach, b: &Breach) -> bool {
    a.who == b.who && a.fault == b.fault
}

fn shows(model: &Model, claim: &Claim, witness: &Witness, target: &Breach) -> bool {
    breaks(model, claim, witness, target, &mut Answers::of(witness.answers.clone()))
}

/// Whether the witness's story breaks the claim as the target does, with these answers.
fn breaks(
    model: &Model,
    claim: &Claim,
    witness: &Witness,
    target: &Breach,
    choose: &mut impl Choose,
) -> bool {
    let played = refute::play_out(model, claim, witness, false, choose);
    played.is_some_and(|p| judge::breaches(model, claim, &p).iter().any(|b| same(b, target)))
}

/// Takes back every answer that need not differ from the canonical one.
fn straighten(model: &Model, claim: &Claim, mut witness: Witness, broken: &[Breach]) -> Witness {
    let Some(target) =
        broken.iter().find(|b| witness.only.contains(&b.who) && shows(model, claim, &witness, b))
    else {
        return witness;
    };
    let target = target.clone();
    for i in 0..witness.answers.len() {
        let answer = std::mem::take(&mut witness.answers[i]);
        if answer != 0 && !shows(model, claim, &witness, &target) {
            witness.answers[i] = answer;
        }
    }
    while witness.answers.last() == Some(&0) {
        witness.answers.pop();
    }
    witness
}
