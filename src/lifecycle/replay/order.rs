//! The recorder writes down what it is told, by several watches at once, and the scheduler binds in the
//! background: what was recorded within a fraction of a second may have happened in another order. This
//! looks for one that the engine accounts for, the recorded one first.
//!
//! What does not fit where it was recorded is first tried earlier: an attempt to schedule a pod is decided
//! before its outcome is written and seen. Else one observation near the misfit is moved by a few places, and
//! again, as long as each move lets the engine get further than before.

use std::ops::Range;

use super::driver::{Driver, Misfit};
use super::observe::{Script, Seen};
use crate::lifecycle::placer::Placer;
use crate::lifecycle::window::Millis;

/// Observations this close may have happened in another order.
const NEAR: Millis = 300;
/// By how many places an observation of a node may be moved: the scheduler binds some hundred pods a
/// second.
const FAR: usize = 32;
/// By how many places one of a pod may be moved.
const SHORT: usize = 8;
/// How many observations before a misfit are looked at for its cause.
const BACK: usize = 32;
/// How many moves are tried for one step before its misfit is reported.
const TRIES: usize = 5_000;

/// A state, and the observations that it still has to account for, in the order in which they are tried.
type Point<'a, P> = (Driver<'a, P>, Vec<usize>);

/// A run that did not fit.
struct Failure<'a, P: Placer> {
    /// Observations that were left.
    left: usize,
    misfit: Misfit,
    /// By when a pod would have been bound, had it not been tried in vain before.
    overdue: Option<Millis>,
    /// The states before the last observations.
    trail: Vec<Point<'a, P>>,
}

/// Accounts for the observations in `range`, and for what has to be over by `end`.
pub(super) fn follow<'a, P: Placer>(
    driver: Driver<'a, P>,
    script: &Script,
    range: Range<usize>,
    end: Millis,
) -> Result<Driver<'a, P>, Misfit> {
    let order: Vec<usize> = range.collect();
    // As a rule the recorded order fits; only else are states kept for the search.
    if let Ok(driver) = run(driver.clone(), script, order.clone(), end, false) {
        return Ok(driver);
    }
    let failure = match run(driver, script, order, end, true) {
        Ok(driver) => return Ok(driver),
        Err(failure) => failure,
    };
    let mut tries = TRIES;
    let mut nearest = (failure.left, failure.misfit.clone());
    mend(failure, script, end, &mut tries, &mut nearest).ok_or(nearest.1)
}

/// Takes the observations in the given order.
fn run<'a, P: Placer>(
    mut driver: Driver<'a, P>,
    script: &Script,
    mut order: Vec<usize>,
    end: Millis,
    keep: bool,
) -> Result<Driver<'a, P>, Failure<'a, P>> {
    order.reverse();
    let mut trail: Vec<Point<'a, P>> = Vec::new();
    while let Some(&index) = order.last() {
        if keep {
            if trail.len() == BACK {
                trail.remove(0);
            }
            trail.push((driver.clone(), order.iter().rev().copied().collect()));
        }
        if let Err(misfit) = driver.apply(index) {
            let at = script.observations[index].at;
            let misfit = format!("at {}.{} s: {misfit}", at / 1000, at % 1000 / 100);
            let overdue = driver.overdue.take();
            return Err(Failure { left: order.len(), misfit, overdue, trail });
        }
        order.pop();
    }
    match driver.catch_up(end) {
        Ok(()) => Ok(driver),
        Err(misfit) => Err(Failure { left: 0, misfit, overdue: driver.overdue.take(), trail }),
    }
}

/// Tries moves near the misfit, and goes on from each that gets further: an attempt that failed unseen, the
/// misfit itself earlier, then moves of nodes' observations and of pods', the latest first.
fn mend<'a, P: Placer>(
    failure: Failure<'a, P>,
    script: &Script,
    end: Millis,
    tries: &mut usize,
    nearest: &mut (usize, Misfit),
) -> Option<Driver<'a, P>> {
    let Failure { left, overdue, trail, .. } = failure;
    let failing = trail.iter().rev().filter_map(|(state, order)| {
        let mut state = state.clone();
        state.fail(overdue?).then(|| (state, order.clone()))
    });
    let sooner = trail.iter().rev().skip(1).filter_map(|(state, order)| {
        let misfit = order.len().checked_sub(left)?;
        Some((state.clone(), advanced(script, order, misfit)?))
    });
    let others = [true, false].into_iter().flat_map(|nodes| {
        trail.iter().rev().flat_map(move |(state, order)| {
            moves(script, order, nodes).into_iter().map(|moved| (state.clone(), moved))
        })
    });
    for (state, moved) in failing.chain(sooner).chain(others) {
        *tries = tries.checked_sub(1)?;
        match run(state, script, moved, end, true) {
            Ok(driver) => return Some(driver),
            Err(next) if next.left < left => {
                if next.left < nearest.0 {
                    *nearest = (next.left, next.misfit.clone());
                }
                if let Some(driver) = mend(next, script, end, tries, nearest) {
                    return Some(driver);
                }
            }
            Err(_) => {}
        }
    }
    None
}

/// The order in which the attempt at place `at` comes first, if it failed and was recorded near the first one.
fn advanced(script: &Script, order: &[usize], at: usize) -> Option<Vec<usize>> {
    let (first, later) = (order.first()?, order.get(at)?);
    let (first, later) = (&script.observations[*first], &script.observations[*later]);
    let near = matches!(later.what, Seen::Unschedulable { .. }) && later.at <= first.at.saturating_add(NEAR);
    let mut advanced = order.to_vec();
    advanced[..=at].rotate_right(1);
    near.then_some(advanced)
}

/// Orders in which the first observation comes later, or a later one comes first; of nodes or of pods.
fn moves(script: &Script, order: &[usize], nodes: bool) -> Vec<Vec<usize>> {
    let Some(&first) = order.first() else { return Vec::new() };
    let near = |i: &usize| script.observations[*i].at <= script.observations[first].at.saturating_add(NEAR);
    let reach = order.iter().take_while(|i| near(i)).count();
    let of_node = |i: usize| {
        let what = &script.observations[i].what;
        matches!(
            what,
            Seen::Unfence(_) | Seen::Ready(_) | Seen::Cleared(_) | Seen::Fence(_) | Seen::NoExecute(_)
        )
    };
    let limit = reach.min(if nodes { FAR } else { SHORT });
    let mut moved = Vec::new();
    if of_node(first) == nodes {
        for later in 1..limit {
            let mut postponed = order.to_vec();
            postponed[..=later].rotate_left(1);
            moved.push(postponed);
        }
    }
    for sooner in 1..limit {
        if of_node(order[sooner]) == nodes {
            let mut advanced = order.to_vec();
            advanced[..=sooner].rotate_right(1);
            moved.push(advanced);
        }
    }
    moved
}
