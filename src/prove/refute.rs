//! Looking for a run that breaks a claim, and cutting it down until no event can be dropped.

use crate::lifecycle::{First, WorkloadId};

use super::Options;
use super::claim::Claim;
use super::judge::{self, Breach};
use super::model::Model;
use super::play::{self, Dice, Played, Script};
use super::trace::Trace;
use super::verdict::{How, Verdict};

/// Runs after the first that broke the claim, for the share of orders in which it breaks.
const MORE: u32 = 16;

/// Searches for a run that breaks the claim, over all its choices of losses, within the budget.
#[must_use]
pub fn search(model: &Model, claim: &Claim, options: Options) -> Verdict {
    let (mut runs, mut failed, mut spent) = (0_u32, 0_u32, 0_u64);
    let mut worst: Option<(usize, Script, Vec<Breach>)> = None;
    let mut until = u32::MAX;
    let mut seed = 0;
    while spent < options.budget && runs < until && !claim.losses.is_empty() {
        let mut dice = Dice::new(seed);
        let green = if seed == 0 { play::canonical(model) } else { play::green(model, &mut dice) };
        let Some(green) = green else { break };
        spent += green.placer.decisions.max(1);
        for choice in 0..claim.losses.len() {
            let before = green.placer.decisions;
            let played = if seed == 0 {
                story(claim, choice, &green, &mut First)
            } else {
                story(claim, choice, &green, &mut dice)
            };
            let Some(played) = played else { continue };
            spent += played.run.placer.decisions - before;
            runs += 1;
            let broken = judge::breaches(model, claim, &played);
            if !broken.is_empty() {
                failed += 1;
                if worst.as_ref().is_none_or(|(.., b)| broken.len() < b.len()) {
                    worst = Some((choice, Script::of(&played.run), broken));
                    until = until.min(runs.saturating_add(MORE));
                }
            }
        }
        seed += 1;
    }
    match worst {
        None => Verdict::Sampled { runs },
        Some((choice, script, broken)) => Verdict::Refuted {
            trace: shortest(model, claim, choice, &script, &broken, options.minimise),
            how: How::Some { failed, runs },
        },
    }
}

/// The canonical run of a claim that fails in every run.
#[must_use]
pub fn one_run(model: &Model, claim: &Claim, choice: usize) -> Trace {
    let Some(green) = play::canonical(model) else { return Trace::default() };
    let Some(played) = story(claim, choice, &green, &mut First) else { return Trace::default() };
    told(model, claim, &played)
}

fn story<'m>(
    claim: &Claim,
    choice: usize,
    green: &play::Run<'m>,
    choose: &mut impl crate::lifecycle::Choose,
) -> Option<Played<'m>> {
    let losses = claim.losses.get(choice)?;
    let mut played = play::lose(green, losses, claim.phase, choose)?;
    if let Some(event) = &claim.event {
        play::plan(&mut played, event, choose)?;
    }
    Some(played)
}

/// Plays the script with ever fewer workloads, as long as one of the breaches stays.
fn shortest(
    model: &Model,
    claim: &Claim,
    choice: usize,
    script: &Script,
    broken: &[Breach],
    minimise: bool,
) -> Trace {
    let mut kept: Vec<WorkloadId> = model.rows.iter().map(|r| r.id).collect();
    let still = |kept: &[WorkloadId], narrate: bool| -> Option<Played<'_>> {
        let played = replay(model, claim, choice, script, kept, narrate)?;
        let now = judge::breaches(model, claim, &played);
        let same = |b: &&Breach| kept.contains(&b.who) && broken.iter().any(|o| o == *b);
        now.iter().find(same).is_some().then_some(played)
    };
    if minimise && still(&kept, false).is_some() {
        let mut i = 0;
        while i < kept.len() {
            let without: Vec<WorkloadId> =
                kept.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, w)| *w).collect();
            if still(&without, false).is_some() {
                kept = without;
            } else {
                i += 1;
            }
        }
    }
    match replay(model, claim, choice, script, &kept, true) {
        Some(played) => {
            let mut trace = told(model, claim, &played);
            if trace.end.is_empty() {
                trace.end = words(model, broken);
            } else if kept.len() < model.rows.len() {
                trace.end = words(
                    model,
                    &judge::breaches(model, claim, &played)
                        .into_iter()
                        .filter(|b| kept.contains(&b.who))
                        .collect::<Vec<_>>(),
                );
            }
            trace
        }
        None => Trace { end: words(model, broken), ..Trace::default() },
    }
}

fn replay<'m>(
    model: &'m Model,
    claim: &Claim,
    choice: usize,
    script: &Script,
    kept: &[WorkloadId],
    narrate: bool,
) -> Option<Played<'m>> {
    let mut script = script.clone();
    let mut empty = play::empty(model);
    if narrate {
        empty.placer.narrate();
    }
    let green = play::create(empty, kept, &mut script)?;
    story(claim, choice, &green, &mut script)
}

fn told(model: &Model, claim: &Claim, played: &Played<'_>) -> Trace {
    let from = if claim.losses.iter().all(|l| l.iter().all(Vec::is_empty)) { 0 } else { played.lost };
    let mut trace = Trace::of(model, &played.run, from);
    trace.end = words(model, &judge::breaches(model, claim, played));
    trace
}

fn words(model: &Model, broken: &[Breach]) -> Vec<String> {
    broken.iter().map(|b| format!("{} {}", model.row(b.who).name, b.how)).collect()
}
