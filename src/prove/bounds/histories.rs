//! Histories of losses: many claims are about the same ones, so each is worked out once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Bounds, Depth, NodeSet, State, bit};
use crate::lifecycle::{Facts, NodeId};
use crate::policy::Phase;
use crate::prove::claim::Event;
use crate::prove::world::World;

/// The sets that were lost one after the other, and how far the last loss was followed.
type History = (Vec<NodeSet>, Depth);

/// What bounds say after every history of losses that was asked about.
#[derive(Debug)]
pub struct Histories<'a> {
    bounds: Bounds<'a>,
    green: Rc<State>,
    known: RefCell<BTreeMap<History, Rc<State>>>,
    worked: RefCell<Vec<Worked>>,
}

/// Planned work after a history, and the states at its quiet moments.
type Worked = ((Vec<Vec<NodeId>>, Phase, Event), Option<Vec<Rc<State>>>);

impl<'a> Histories<'a> {
    /// Bounds over a cluster, unless it has too many nodes.
    #[must_use]
    pub fn of(world: &'a World, facts: &'a Facts) -> Option<Self> {
        let bounds = Bounds::of(world, facts)?;
        Some(Self {
            bounds,
            green: Rc::new(bounds.green()),
            known: RefCell::default(),
            worked: RefCell::default(),
        })
    }

    /// The bounds.
    #[must_use]
    pub fn bounds(&self) -> Bounds<'a> {
        self.bounds
    }

    /// Everything created, nothing lost.
    #[must_use]
    pub fn green(&self) -> &State {
        &self.green
    }

    /// The state after losing these nodes, one set after the other, to a phase.
    #[must_use]
    pub fn after(&self, losses: &[Vec<NodeId>], phase: Phase) -> Rc<State> {
        let depth = match phase {
            Phase::Eviction => Depth::Evicted,
            Phase::Return => Depth::Returned,
            _ => Depth::Fenced,
        };
        self.reached(losses, depth)
    }

    /// The states at the quiet moments of planned work after these losses, the end last ([`Bounds::work`]).
    #[must_use]
    pub fn during(&self, losses: &[Vec<NodeId>], phase: Phase, event: &Event) -> Option<Vec<Rc<State>>> {
        let known = |((l, p, e), _): &&Worked| l == losses && *p == phase && e == event;
        if let Some((_, states)) = self.worked.borrow().iter().find(known) {
            return states.clone();
        }
        let states = self.bounds.work(&self.after(losses, phase), event);
        let states: Option<Vec<Rc<State>>> = states.map(|all| all.into_iter().map(Rc::new).collect());
        self.worked.borrow_mut().push(((losses.to_vec(), phase, event.clone()), states.clone()));
        states
    }

    fn reached(&self, losses: &[Vec<NodeId>], depth: Depth) -> Rc<State> {
        let Some((last, earlier)) = losses.split_last() else { return Rc::clone(&self.green) };
        let sets = losses.iter().map(|nodes| nodes.iter().fold(0, |set, &n| set | bit(n))).collect();
        let key = (sets, depth);
        if let Some(known) = self.known.borrow().get(&key) {
            return Rc::clone(known);
        }
        let before =
            self.reached(earlier, if depth == Depth::Evicted { Depth::Evicted } else { Depth::Fenced });
        let state = Rc::new(self.bounds.lose(&before, last, depth));
        self.known.borrow_mut().insert(key, Rc::clone(&state));
        state
    }
}
