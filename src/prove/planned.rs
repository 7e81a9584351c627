//! Planned work as scenarios: what becomes of every workload at each quiet moment of it, in canonical order, and
//! whether bounds say that it becomes so in every order.

use std::rc::Rc;

use crate::lifecycle::{First, NodeId};
use crate::policy::Phase;

use super::bounds::{Histories, State};
use super::claim::Event;
use super::model::Model;
use super::play::{self, Played, Run};
use super::table::{self, Cell};
use super::trace::{self, Trace};

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
pub fn of(model: &Model, green: &Run<'_>, histories: Option<&Histories<'_>>) -> Vec<Planned> {
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
            let known = histories.and_then(|known| known.during(losses, claim.phase, event));
            let moments = moments(model, green, losses, (claim.phase, event), known.as_deref());
            let Some(moments) = moments else { continue };
            all.push(Planned { scenario: claim.scenario.clone(), title, lost: losses.clone(), moments });
        }
    }
    all
}

fn moments(
    model: &Model,
    green: &Run<'_>,
    losses: &[Vec<NodeId>],
    (phase, event): (Phase, &Event),
    known: Option<&[Rc<State>]>,
) -> Option<Vec<(String, Vec<Cell>)>> {
    let mut played = play::lose(green, losses, phase, &mut First)?;
    play::plan(&mut played, event, &mut First)?;
    // What bounds know of a moment says which of its cells are the same in every order.
    let cells = |played: &Played<'_>, at: usize| {
        let state = known.and_then(|states| states.get(at)).map(|state| &**state);
        table::cells(model, played, Phase::Eviction, state)
    };
    let mut moments: Vec<(String, Vec<Cell>)> = played
        .moments
        .iter()
        .enumerate()
        .map(|(at, (name, run))| {
            let then = Played { run: run.clone(), moments: Vec::new(), ..played };
            (name.clone(), cells(&then, at))
        })
        .collect();
    moments.push(("at the end".to_owned(), cells(&played, moments.len())));
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
    trace.start = vec!["in the canonical order: everything is created at once, placed in the order of the list, and of equally good nodes the first is taken".to_owned()];
    trace.start.extend(trace::places(model, &green));
    trace.end = super::ends(model, &played.run);
    if !reasons {
        trace.events.iter_mut().for_each(|e| e.why.clear());
    }
    Some(trace)
}
