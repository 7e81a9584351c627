//! Exhaustive exploration: every order of creation, every tie and every interleaving that the engine allows,
//! with equal states visited once.
//!
//! States are equal if no later event can tell them apart ([`Sim::key`]): identical pods and interchangeable
//! nodes are merged, and so are orders that led to the same place. Two kinds of happenings are not branched
//! over, because they commute with everything else: the creation of a pod object (unless a quota counts it)
//! and a start that nobody's order or choice of victims depends on.
//!
//! The budget counts happenings and the pods that are held, so the same input gives the same verdict everywhere. When
//! it runs out nothing is proved.

use std::collections::BTreeMap;
use std::rc::Rc;

mod symmetry;
mod walk;

pub use symmetry::Symmetry;
pub use walk::{Answers, Outcome, Path, Walk, Ways};

use super::claim::{Claim, Event};
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
/// Pods in all states that are held at once by a walk, and by what is known; one takes a kilobyte or two.
const MOST_PODS: usize = 40_000;

/// What was explored already.
#[derive(PartialEq)]
struct History {
    losses: Vec<Vec<NodeId>>,
    event: Option<Event>,
    phase: Phase,
    ways: Ways,
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
        if claim.losses.is_empty() || !self.hopeful() {
            return None;
        }
        let (mut ends, mut failed) = (0_u64, 0_u64);
        let mut witness: Option<Witness> = None;
        let mut every = false;
        for (choice, losses) in claim.losses.iter().enumerate() {
            // By quiet moment: how many states there are, and how many break the claim. Every run passes all moments.
            let mut moments: BTreeMap<Option<usize>, (u64, u64)> = BTreeMap::new();
            for (image, event) in self.images(losses, claim.event.as_ref()) {
                for path in self.ends(&image, event.as_ref(), claim)?.iter() {
                    let (seen, broken) = moments.entry(path.moment.as_ref().map(|m| m.leg)).or_default();
                    *seen += 1;
                    if path.breaches(self.model, claim).is_empty() {
                        continue;
                    }
                    *broken += 1;
                    let (image, event, only) = (image.clone(), event.clone(), self.only.clone());
                    let answers = || path.answers();
                    witness.get_or_insert_with(|| Witness { choice, image, event, only, answers: answers() });
                }
            }
            ends += moments.values().map(|(seen, _)| seen).sum::<u64>();
            failed += moments.values().map(|(_, broken)| broken).sum::<u64>();
            every |= moments.values().any(|(seen, broken)| seen == broken);
        }
        let states = self.states;
        Some(match witness {
            None => Found::Holds(Proved::Explored { states }),
            Some(witness) if every => Found::Breaks(witness, How::AlwaysExplored { states }),
            Some(witness) => Found::Breaks(witness, How::SomeExplored { failed, ends, states }),
        })
    }

    /// What renamings of nodes turn losses and the planned work after them into, each once.
    fn images(
        &self,
        losses: &[Vec<NodeId>],
        event: Option<&Event>,
    ) -> Vec<(Vec<Vec<NodeId>>, Option<Event>)> {
        let mut all = losses.to_vec();
        all.extend(event.iter().flat_map(|event| &event.nodes).map(|node| vec![*node]));
        let image = |mut image: Vec<Vec<NodeId>>| {
            let nodes = image.split_off(losses.len());
            let event =
                event.map(|event| event.with_nodes(self.model, nodes.into_iter().flatten().collect()));
            (image, event)
        };
        self.symmetry.images(&all).into_iter().map(image).collect()
    }

    /// Every end of a history and every quiet moment on the way; those are kept apart that differ by what the claim asks
    /// of the way.
    fn ends(&mut self, losses: &[Vec<NodeId>], event: Option<&Event>, claim: &Claim) -> Ends<'m> {
        let green = self.green()?;
        let (phase, ways) = (claim.phase, Ways::of(claim));
        let history = History { losses: losses.to_vec(), event: event.cloned(), phase, ways: ways.clone() };
        if let Some((_, known)) = self.known.iter().find(|(known, _)| *known == history) {
            return known.clone();
        }
        let mut touched: Vec<_> = losses.iter().flatten().copied().collect();
        touched.extend(event.iter().flat_map(|event| &event.nodes));
        let symmetry = self.symmetry.fixing(&touched);
        let mut legs = play::steps(&self.model.facts, losses, phase);
        legs.extend(event.iter().flat_map(|event| play::work(event, losses, phase)));
        let found = self.walk(symmetry, &green, &legs, ways);
        let held = |ends: &Ends<'_>| ends.as_ref().map_or(0, |ends| ends.iter().map(Path::pods).sum());
        let known: usize = self.known.iter().map(|(_, ends)| held(ends)).sum();
        if known + held(&found) > MOST_PODS {
            self.known.clear();
        }
        self.known.push((history, found.clone()));
        found
    }

    /// Every end of creating everything.
    fn green(&mut self) -> Ends<'m> {
        if let Some(known) = &self.green {
            return known.clone();
        }
        let start = [Path::start(play::empty(self.model))];
        let found = self.walk(self.symmetry.clone(), &start, &[play::creation(&self.only)], Ways::default());
        self.green = Some(found.clone());
        found
    }

    fn walk(&mut self, symmetry: Symmetry, from: &[Path<'m>], legs: &[play::Leg], ways: Ways) -> Ends<'m> {
        let mut walk = Walk::new(self.model, self.budget);
        (walk.symmetry, walk.ways) = (symmetry, ways);
        let mut ends = Vec::new();
        let outcome = walk.run(from, legs, &mut |path| {
            ends.push(path.clone());
            ends.len() > MOST_ENDS || ends.len().saturating_mul(path.pods()) > MOST_PODS
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
