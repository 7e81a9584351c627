//! Planned work as scenarios: what becomes of every workload at each quiet moment of it, in canonical order.

use crate::lifecycle::{First, NodeId};
use crate::policy::Phase;

use super::claim::Event;
use super::model::Model;
use super::play::{self, Played, Run};
use super::table::{self, Cell};
use super::trace::Trace;

/// Planned work and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The scenario that claims something of it.
    pub scenario: String,
    /// The work in a few words.
    pub title: String,
    /// What was lost before it, in its order.
    pub lost: Vec<Vec<NodeId>>,
    /// Cells by workload at each quiet moment; the last is the end.
    pub moments: Vec<(String, Vec<Cell>)>,
}

/// The planned work that claims are about, each piece once.
#[must_use]
pub fn of(model: &Model, green: &Run<'_>) -> Vec<Planned> {
    let mut all: Vec<Planned> = Vec::new();
    for claim in &model.claims {
        let Some(event) = &claim.event else { continue };
        for losses in &claim.losses {
            let title = event.title();
            let known =
                all.iter().any(|p| p.scenario == claim.scenario && p.title == title && p.lost == *losses);
            if known {
                continue;
            }
            let Some(moments) = moments(model, green, losses, claim.phase, event) else { continue };
            all.push(Planned { scenario: claim.scenario.clone(), title, lost: losses.clone(), moments });
        }
    }
    all
}

fn moments(
    model: &Model,
    green: &Run<'_>,
    losses: &[Vec<NodeId>],
    phase: Phase,
    event: &Event,
) -> Option<Vec<(String, Vec<Cell>)>> {
    let mut played = play::lose(green, losses, phase, &mut First)?;
    play::plan(&mut played, event, &mut First)?;
    let cells = |played: &Played<'_>| table::cells(model, played, Phase::Eviction, None);
    let mut moments: Vec<(String, Vec<Cell>)> = played
        .moments
        .iter()
        .map(|(name, run)| {
            let then = Played { run: run.clone(), moments: Vec::new(), ..played };
            (name.clone(), cells(&then))
        })
        .collect();
    moments.push(("at the end".to_owned(), cells(&played)));
    Some(moments)
}

/// The story of a history of losses, and of planned work after it, event by event; `None` if it does not settle.
#[must_use]
pub fn tell(
    model: &Model,
    losses: &[Vec<NodeId>],
    phase: Phase,
    event: Option<&Event>,
    reasons: bool,
) -> Option<Trace> {
    let mut empty = play::empty(model);
    empty.placer.narrate();
    let all: Vec<_> = model.rows.iter().map(|r| r.id).collect();
    let green = play::create(empty, &all, &mut First)?;
    let mut played = play::lose(&green, losses, phase, &mut First)?;
    if let Some(event) = event {
        play::plan(&mut played, event, &mut First)?;
    }
    let mut trace = Trace::of(model, &played.run, played.lost, false);
    trace.end = super::ends(model, &played.run);
    if !reasons {
        trace.events.iter_mut().for_each(|e| e.why.clear());
    }
    Some(trace)
}
