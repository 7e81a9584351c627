//! Exhaustive exploration: every order of creation, every tie and every interleaving that the engine allows,
//! with equal states visited once.
//!
//! States are equal if no later event can tell them apart ([`Sim::key`]): identical pods and interchangeable
//! nodes are merged, and so are orders that led to the same place. Two kinds of happenings are not branched
//! over, because they commute with everything else: the creation of a pod object (unless a quota counts it)
//! and a start that nobody's order or choice of victims depends on.
//!
//! The budget counts happenings, so the same input gives the same verdict everywhere. When it runs out nothing
//! is proved.

use std::rc::Rc;

mod symmetry;
mod walk;

pub use symmetry::Symmetry;
pub use walk::{Answers, Outcome, Path, Walk};

use super::claim::{Claim, Says};
use super::judge;
use super::model::Model;
use super::play;
use super::refute::Witness;
use super::verdict::{How, Proved};
use crate::lifecycle::{NodeId, WorkloadId};
use crate::policy::Phase;

/// What an exploration found out about a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It holds in every end.
    Holds(Proved),
    /// It does not hold in the end that the witness shows.
    Breaks(Witness, How),
}

/// Explores one model for several claims; what was created is explored once.
pub struct Explorer<'m> {
    model: &'m Model,
    symmetry: Symmetry,
    only: Vec<WorkloadId>,
    /// Happenings for each exploration.
    budget: u64,
    green: Option<Ends<'m>>,
    known: Vec<(History, Ends<'m>)>,
    states: u64,
}

/// All ends, or none if the budget ran out.
type Ends<'m> = Option<Rc<Vec<Path<'m>>>>;

/// More ends than this are not kept, so that memory stays bounded.
const MOST_ENDS: usize = 4096;

/// What was explored already.
struct History {
    losses: Vec<Vec<NodeId>>,
    phase: Phase,
    ways: bool,
}

impl<'m> Explorer<'m> {
    /// An explorer of a whole model; `budget` happenings for what is created, and for each claim.
    #[must_use]
    pub fn new(model: &'m Model, budget: u64) -> Self {
        let only = model.rows.iter().map(|r| r.id).collect();
        Self { model, symmetry: Symmetry::of(model), only, budget, green: None, known: Vec::new(), states: 0 }
    }

    /// A verdict, if the budget suffices for all that can happen.
    #[must_use]
    pub fn decide(&mut self, claim: &Claim) -> Option<Found> {
        // Planned work has clocks of its own, and a deadline depends on the way and not on the state.
        if claim.event.is_some() || claim.within.is_some() || claim.losses.is_empty() || !self.hopeful() {
            return None;
        }
        let ways = matches!(claim.says, Says::Evicted);
        let (mut ends, mut failed) = (0_u64, 0_u64);
        let mut witness: Option<Witness> = None;
        let mut every = false;
        for (choice, losses) in claim.losses.iter().enumerate() {
            let (before, broken) = (ends, failed);
            for image in self.symmetry.images(losses) {
                for path in self.ends(&image, claim.phase, ways)?.iter() {
                    ends += 1;
                    if !judge::breaches(self.model, claim, &path.played).is_empty() {
                        failed += 1;
                        let (image, only) = (image.clone(), self.only.clone());
                        witness.get_or_insert_with(|| Witness {
                            choice,
                            image,
                            only,
                            answers: path.answers(),
                        });
                    }
                }
            }
            every |= ends > before && ends - before == failed - broken;
        }
        let states = self.states;
        Some(match witness {
            None => Found::Holds(Proved::Explored { states }),
            Some(witness) if every => Found::Breaks(witness, How::AlwaysExplored { states }),
            Some(witness) => Found::Breaks(witness, How::SomeExplored { failed, ends, states }),
        })
    }

    /// Every end of a history; with `ways` those are kept apart that differ by who was evicted.
    fn ends(&mut self, losses: &[Vec<NodeId>], phase: Phase, ways: bool) -> Ends<'m> {
        let green = self.green()?;
        let at = |k: &History| k.losses == losses && k.phase == phase && k.ways == ways;
        if let Some((_, known)) = self.known.iter().find(|(k, _)| at(k)) {
            return known.clone();
        }
        let lost: Vec<_> = losses.iter().flatten().copied().collect();
        let symmetry = self.symmetry.fixing(&lost);
        let found = self.walk(symmetry, &green, &play::steps(&self.model.facts, losses, phase), ways);
        self.known.push((History { losses: losses.to_vec(), phase, ways }, found.clone()));
        found
    }

    /// Every end of creating everything.
    fn green(&mut self) -> Ends<'m> {
        if let Some(known) = &self.green {
            return known.clone();
        }
        let start = [Path::start(play::empty(self.model))];
        let found = self.walk(self.symmetry.clone(), &start, &[play::creation(&self.only)], false);
        self.green = Some(found.clone());
        found
    }

    fn walk(&mut self, symmetry: Symmetry, from: &[Path<'m>], legs: &[play::Leg], ways: bool) -> Ends<'m> {
        let mut walk = Walk::new(self.model, self.budget);
        (walk.symmetry, walk.evictions) = (symmetry, ways);
        let mut ends = Vec::new();
        let outcome = walk.run(from, legs, &mut |path| {
            ends.push(path.clone());
            ends.len() > MOST_ENDS
        });
        self.states += walk.states;
        (outcome == Outcome::Complete).then(|| Rc::new(ends))
    }

    /// Whether the number of states can be within the budget at all: every set of scheduled pods is one,
    /// up to replicas and interchangeable nodes.
    fn hopeful(&self) -> bool {
        let sets = self.only.iter().fold(1_u64, |sets, id| {
            let facts = &self.model.facts.workloads[usize::from(id.0)];
            let pods = if self.model.row(*id).daemon {
                u64::try_from(facts.eligible.iter().filter(|e| **e).count()).unwrap_or(u64::MAX)
            } else {
                u64::from(facts.replicas)
            };
            sets.saturating_mul(pods.saturating_add(1))
        });
        let merged = u64::try_from(self.symmetry.all().len()).unwrap_or(1).max(1);
        sets / merged <= self.budget
    }
}
