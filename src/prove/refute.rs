//! Looking for a run that breaks a claim.

use crate::lifecycle::{Choose, NodeId, Point, WorkloadId};
use crate::policy::Phase;

use super::Options;
use super::claim::{Claim, Event};
use super::explore::Answers;
use super::judge::{self, Breach, Fault, Instead};
use super::minimise;
use super::model::Model;
use super::play::{self, Dice, Played};
use super::trace::Trace;
use super::verdict::{How, Verdict};

/// Runs after the first that broke the claim, for the share of orders in which it breaks.
const MORE: u32 = 16;

/// A run in a form that can be played again: who is created, what is lost, and the answer to every question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Which of the claim's choices of losses.
    pub choice: usize,
    /// The losses; those of the choice, or their image under a renaming of interchangeable nodes.
    pub image: Vec<Vec<NodeId>>,
    /// The planned work; the claim's, or its image.
    pub event: Option<Event>,
    /// The workloads that are created.
    pub only: Vec<WorkloadId>,
    /// The answers.
    pub answers: Vec<usize>,
}

/// Plays a witness again. `None` if it does not settle.
#[must_use]
pub fn replay<'m>(model: &'m Model, claim: &Claim, witness: &Witness, narrate: bool) -> Option<Played<'m>> {
    let mut answers = Answers::of(witness.answers.clone());
    play_out(model, claim, witness, narrate, &mut answers)
}

/// Plays the story of a witness with other answers.
pub(super) fn play_out<'m>(
    model: &'m Model,
    claim: &Claim,
    witness: &Witness,
    narrate: bool,
    choose: &mut impl Choose,
) -> Option<Played<'m>> {
    let mut empty = play::empty(model);
    if narrate {
        empty.placer.narrate();
    }
    let green = play::create(empty, &witness.only, choose)?;
    story((&witness.image, witness.event.as_ref()), claim.phase, &green, choose)
}

/// Searches for a run that breaks the claim, over all its choices of losses, within the budget.
#[must_use]
pub fn search(model: &Model, claim: &Claim, options: Options) -> Verdict {
    let (mut runs, mut failed, mut spent) = (0_u32, 0_u32, 0_u64);
    let mut worst: Option<(Witness, usize)> = None;
    let mut until = u32::MAX;
    let mut seed = 0;
    let everybody: Vec<WorkloadId> = model.rows.iter().map(|r| r.id).collect();
    while spent < options.budget && runs < until && !claim.losses.is_empty() {
        let mut start = Recorder::new(seed);
        let Some(green) = play::create(play::empty(model), &everybody, &mut start) else { break };
        spent += green.placer.decisions.max(1);
        for (choice, losses) in claim.losses.iter().enumerate() {
            let before = green.placer.decisions;
            let mut recorder = start.clone();
            let event = claim.event.as_ref();
            let played = story((losses, event), claim.phase, &green, &mut recorder);
            let Some(played) = played else { continue };
            spent += played.run.placer.decisions - before;
            runs += 1;
            let broken = judge::breaches(model, claim, &played).len();
            if broken > 0 {
                failed += 1;
                if worst.as_ref().is_none_or(|(_, least)| broken < *least) {
                    let only = everybody.clone();
                    let (image, event) = (losses.clone(), event.cloned());
                    let witness = Witness { choice, image, event, only, answers: recorder.given };
                    worst = Some((witness, broken));
                    until = until.min(runs.saturating_add(MORE));
                }
            }
        }
        seed += 1;
    }
    match worst {
        None => Verdict::Sampled { runs },
        Some((witness, _)) => Verdict::Refuted {
            trace: explain(model, claim, &witness, options.minimise),
            how: How::Some { failed, runs },
        },
    }
}

/// The trace of a claim that fails in every run for one choice of losses.
#[must_use]
pub fn one_run(model: &Model, claim: &Claim, choice: usize, options: Options) -> Trace {
    let Some(image) = claim.losses.get(choice).cloned() else { return Trace::default() };
    let only = model.rows.iter().map(|r| r.id).collect();
    let event = claim.event.clone();
    explain(model, claim, &Witness { choice, image, event, only, answers: Vec::new() }, options.minimise)
}

/// The trace of a witness, cut down to what the breach needs unless told otherwise.
#[must_use]
pub fn explain(model: &Model, claim: &Claim, witness: &Witness, minimal: bool) -> Trace {
    let least = if minimal { minimise::least(model, claim, witness) } else { None };
    let witness = least.as_ref().unwrap_or(witness);
    let Some(played) = replay(model, claim, witness, true) else { return Trace::default() };
    let mut broken = judge::breaches(model, claim, &played);
    broken.retain(|b| witness.only.contains(&b.who));
    // Who was left out is not there, so it breaks the claim only by that.
    let mut trace = Trace::of(model, &played.run, played.lost, true);
    if minimal {
        trace.keep_to_the_point(model);
    }
    let left_out = model.rows.iter().filter(|r| !witness.only.contains(&r.id));
    trace.without = left_out.map(|r| r.name.clone()).collect();
    let mut board = played.run.placer.clone();
    let mut told = |b: &Breach| {
        let why = (b.fault == Fault::Lacks(Instead::Pends))
            .then(|| judge::why_pending(&played.run, &mut board, b.who))
            .flatten();
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        format!("{} {}{why}", model.row(b.who).name, b.how)
    };
    trace.end = broken.iter().map(&mut told).collect();
    let canonical = witness.answers.iter().all(|answer| *answer == 0);
    trace.start = vec![if canonical {
        "an empty cluster; everything is created at once and placed in the canonical order".to_owned()
    } else {
        "an empty cluster; everything is created at once and placed in the order told, of equally good nodes the one told".to_owned()
    }];
    trace.witness = Some(Box::new(witness.clone()));
    trace
}

fn story<'m>(
    (losses, event): (&[Vec<NodeId>], Option<&Event>),
    phase: Phase,
    green: &play::Run<'m>,
    choose: &mut impl Choose,
) -> Option<Played<'m>> {
    let mut played = play::lose(green, losses, phase, choose)?;
    if let Some(event) = event {
        play::plan(&mut played, event, choose)?;
    }
    Some(played)
}

/// Answers of dice, written down; seed 0 always takes the first option.
#[derive(Clone)]
pub(super) struct Recorder {
    dice: Option<Dice>,
    pub(super) given: Vec<usize>,
}

impl Recorder {
    pub(super) fn new(seed: u64) -> Self {
        Self { dice: (seed > 0).then(|| Dice::new(seed)), given: Vec::new() }
    }
}

impl Choose for Recorder {
    fn choose(&mut self, point: Point<'_>, options: usize) -> usize {
        let answer = self.dice.as_mut().map_or(0, |d| d.choose(point, options));
        self.given.push(answer);
        answer
    }
}
