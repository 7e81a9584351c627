//! One state with what follows from where its pods may stand: summed up once, asked often.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::loads::Loads;
use super::weigh::{Crowd, Pool};
use super::{Bounds, State, bit};
use crate::lifecycle::{NodeId, WorkloadId};
use crate::prove::world::{Amounts, add};

/// A state that does not change while it is asked.
#[derive(Debug)]
pub(super) struct Scene<'a, 's> {
    pub(super) bounds: Bounds<'a>,
    pub(super) state: &'s State,
    pub(super) loads: Loads,
    pools: RefCell<BTreeMap<usize, Rc<Option<Pool<'a>>>>>,
    never_evict: OnceCell<Vec<bool>>,
    largest_victim: OnceCell<Amounts>,
    leaving: RefCell<BTreeMap<NodeId, Option<i64>>>,
}

impl<'a, 's> Scene<'a, 's> {
    /// A state and what it sums up to.
    pub(super) fn over(bounds: Bounds<'a>, state: &'s State, loads: Loads) -> Self {
        Self {
            bounds,
            state,
            loads,
            pools: RefCell::default(),
            never_evict: OnceCell::new(),
            largest_victim: OnceCell::new(),
            leaving: RefCell::default(),
        }
    }

    /// The pods of a priority and above (all, if none is given), ready to be weighed; none if they ask for absurdly much.
    pub(super) fn pool(&self, from: Option<i32>) -> Rc<Option<Pool<'a>>> {
        let level = self.loads.level_from(from);
        let mut pools = self.pools.borrow_mut();
        Rc::clone(pools.entry(level).or_insert_with(|| Rc::new(self.bounds.pool(from, self.state))))
    }

    /// What a pod of the class and everybody of the crowd who may be on a node ask for together; `None` if that
    /// is absurdly large.
    pub(super) fn load(&self, class: WorkloadId, node: NodeId, crowd: &Crowd) -> Option<Amounts> {
        let world = self.bounds.world;
        let here = |c: WorkloadId| self.state.may[usize::from(c.0)] & self.state.alive & bit(node) != 0;
        let mut sum = self.loads.at(node, self.loads.level_from(crowd.from))?.to_vec();
        if sum.contains(&i64::MAX) {
            return None;
        }
        let facts = world.class(class);
        let counted = here(class) && (facts.daemon || facts.replicas > 0);
        if !counted {
            add(&mut sum, &facts.request, 1);
        }
        if let Some(other) = crowd.elsewhere.filter(|&c| c != class && here(c)) {
            let facts = world.class(other);
            if crowd.from.is_none_or(|from| facts.priority >= from) {
                add(
                    &mut sum,
                    &facts.request,
                    if facts.daemon { -1 } else { facts.replicas.saturating_neg() },
                );
            }
        }
        crowd.leaving(node).for_each(|amounts| add(&mut sum, amounts, 1));
        Some(sum)
    }

    /// The classes that always find a node without evicting anybody, so that they never evict.
    pub(super) fn never_evict(&self) -> &[bool] {
        self.never_evict.get_or_init(|| self.bounds.never_evict(self))
    }

    /// In each resource the most that a pod takes which may be evicted.
    pub(super) fn largest_victim(&self) -> &Amounts {
        self.largest_victim.get_or_init(|| self.bounds.largest_victim(self.state))
    }

    /// Most pods that can be on their way out of a node at one time; `None` if there is no bound.
    pub(super) fn leaving(&self, node: NodeId) -> Option<i64> {
        if let Some(known) = self.leaving.borrow().get(&node) {
            return *known;
        }
        let leaving = self.bounds.leaving(node, self);
        self.leaving.borrow_mut().insert(node, leaving);
        leaving
    }
}
