//! One state with what follows from where its pods may stand: summed up once, asked often.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::loads::Loads;
use super::weigh::{Crowd, Pool};
use super::{Bounds, State, bit};
use crate::lifecycle::{NodeId, WorkloadId};
use crate::prove::world::Amounts;

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
        let amount = self.amount(class, node, crowd)?;
        Some((0..self.bounds.world.resources.len()).map(amount).collect())
    }

    /// Whether that is no more than the node has.
    pub(super) fn fits(&self, class: WorkloadId, node: NodeId, crowd: &Crowd) -> bool {
        let allocatable = &self.bounds.world.place(node).allocatable;
        let amount = self.amount(class, node, crowd);
        amount.is_some_and(|amount| allocatable.iter().enumerate().all(|(r, limit)| amount(r) <= *limit))
    }

    /// The same by resource.
    fn amount(&self, class: WorkloadId, node: NodeId, crowd: &Crowd) -> Option<impl Fn(usize) -> i64> {
        let world = self.bounds.world;
        let here = |c: WorkloadId| self.state.may[usize::from(c.0)] & self.state.alive & bit(node) != 0;
        let sum = self.loads.at(node, self.loads.level_from(crowd.from))?;
        if sum.contains(&i64::MAX) {
            return None;
        }
        let facts = world.class(class);
        let counted = here(class) && (facts.daemon || facts.replicas > 0);
        let own = (!counted).then_some(&facts.request);
        let elsewhere = crowd.elsewhere.filter(|&c| c != class && here(c)).map(|c| world.class(c));
        let elsewhere = elsewhere.filter(|other| crowd.from.is_none_or(|from| other.priority >= from));
        Some(move |r: usize| {
            let mut amount = sum[r];
            if let Some(own) = own {
                amount = amount.saturating_add(own[r]);
            }
            if let Some(other) = elsewhere {
                let pods = if other.daemon { -1 } else { other.replicas.saturating_neg() };
                amount = amount.saturating_add(other.request[r].saturating_mul(pods));
            }
            crowd.leaving(node).fold(amount, |amount, leaving| amount.saturating_add(leaving[r]))
        })
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
