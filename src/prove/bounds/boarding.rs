//! The lifeboat stays empty. Two arguments:
//!
//! *Room and pull.* A boarder always finds an ordinary node with room (all pods counted, because it boards
//! before it evicts), and every ordinary node scores higher than the lifeboat, whatever stands where.
//!
//! *Lock.* A pod that cannot share a node with boarders holds the lifeboat, and nobody else can take it away.
//! Then boarding takes a preemption, and the scheduler takes the node whose dearest victim is cheapest
//! (`pickOneNodeForPreemption`, v1.34: fewest violated budgets, then the lowest highest priority). If on some
//! ordinary node everything of the lock's priority and above fits together with the boarder, the victims there
//! are cheaper than the lock.

use super::pull::{IMAGE_CAP, Images};
use super::scene::Scene;
use super::{Bounds, NodeSet, State, bit};
use crate::lifecycle::{NodeId, WorkloadId};
use crate::prove::verdict::Argument;
use crate::prove::world::{CPU, MEMORY, add, within};

impl<'a> Bounds<'a> {
    /// No boarder boards while everything is created in any order.
    pub(super) fn nobody_boards_from_nothing(self, scene: &Scene<'a, '_>) -> Option<Vec<Argument>> {
        let state = scene.state;
        let mut why = Vec::new();
        for boarder in self.boarders() {
            let workers = self.admitted(boarder) & state.alive & !self.lifeboats();
            why.extend(self.room_and_pull(boarder, workers, scene)?);
        }
        why.dedup();
        Some(why)
    }

    /// No boarder boards after a loss, given that none was there before.
    pub(super) fn nobody_boards_now(self, before: &State, scene: &Scene<'a, '_>) -> Option<Vec<Argument>> {
        let state = scene.state;
        before.why_empty.as_ref()?;
        let boats = self.lifeboats() & state.alive;
        if boats == 0 {
            return Some(vec![Argument::NoLifeboatLeft]);
        }
        let locked = self.locks_hold(before, state);
        let mut why = Vec::new();
        for boarder in self.boarders() {
            let workers = self.admitted(boarder) & state.alive & before.alive & !self.lifeboats();
            if workers == 0 {
                return None;
            }
            match &locked {
                Some(argument) => why.push(argument.clone()),
                None => why.extend(self.room_and_pull(boarder, workers, scene)?),
            }
        }
        why.dedup();
        Some(why)
    }

    fn room_and_pull(
        self,
        class: WorkloadId,
        workers: NodeSet,
        scene: &Scene<'a, '_>,
    ) -> Option<Vec<Argument>> {
        let state = scene.state;
        if self.world.class(class).beyond.is_some() || workers == 0 {
            return None;
        }
        let room = self.room(class, workers, scene, None)?;
        let boats = self.lifeboats() & state.alive & self.admitted(class);
        let mut least = i64::MAX;
        let mut images = Images::Any;
        for assumed in [Images::Any, Images::UpTo(IMAGE_CAP)] {
            least = i64::MAX;
            images = assumed;
            for worker in self.set(workers) {
                for boat in self.set(boats) {
                    let gap = self.gap(class, worker, boat, assumed, 100) - self.affinity_swing(class);
                    least = least.min(gap);
                }
            }
            if least > 0 {
                break;
            }
        }
        let capped = matches!(images, Images::UpTo(_)).then_some(IMAGE_CAP);
        (least > 0).then(|| vec![room, Argument::Pull { margin: least, image_cap: capped }])
    }

    /// Every living lifeboat that a boarder may board is locked against it, and stays so.
    fn locks_hold(self, before: &State, state: &State) -> Option<Argument> {
        let boats = self.lifeboats() & state.alive;
        let mut cheapest: Option<(i32, WorkloadId)> = None;
        for boat in self.set(boats) {
            let lock = self.lock_of(boat, before)?;
            if !self.lock_stays(lock, boat, state) {
                return None;
            }
            let priority = self.world.class(lock).priority;
            cheapest = Some(cheapest.map_or((priority, lock), |c| c.min((priority, lock))));
        }
        let (floor, lock) = cheapest?;
        if self.world.ids().any(|c| {
            let facts = self.world.class(c);
            self.world.guarded[usize::from(c.0)]
                && self.boarders().any(|b| self.world.class(b).priority > facts.priority)
        }) {
            return None;
        }
        // Every ordinary node that is left takes all of the lock's priority and above.
        let workers = state.alive & before.alive & !self.lifeboats();
        let mut tightest: Option<Argument> = None;
        for worker in self.set(workers) {
            let mut sum = vec![0; self.world.resources.len()];
            for class in self.world.ids() {
                let facts = self.world.class(class);
                let here = (state.may[usize::from(class.0)] | self.admitted(class)) & bit(worker) != 0;
                if here && facts.priority >= floor {
                    if self.boarders().any(|b| self.world.conflict(b, class)) {
                        return None;
                    }
                    add(&mut sum, &facts.request, if facts.daemon { 1 } else { facts.replicas });
                }
            }
            let place = self.world.place(worker);
            if !within(&sum, &place.allocatable) {
                return None;
            }
            tightest = Some(Argument::Lock {
                lock: self.world.class(lock).name.clone(),
                priority: floor,
                node: place.name.clone(),
                cpu: sum[CPU],
                memory: sum[MEMORY],
                of_cpu: place.allocatable[CPU],
                of_memory: place.allocatable[MEMORY],
            });
        }
        for boarder in self.boarders() {
            let facts = self.world.class(boarder);
            let elsewhere = self.admitted(boarder) & workers;
            if facts.beyond.is_some() || !facts.preempts || facts.priority <= floor || elsewhere == 0 {
                return None;
            }
        }
        tightest
    }

    /// The class that holds a lifeboat: it can stand nowhere else, stood there in every run before the loss, and
    /// no boarder can share a node with it.
    fn lock_of(self, boat: NodeId, before: &State) -> Option<WorkloadId> {
        self.world.ids().find(|&c| {
            let facts = self.world.class(c);
            let i = usize::from(c.0);
            !facts.daemon
                && facts.replicas > 0
                && before.may[i] == bit(boat)
                && before.ends[i].always_runs()
                && self
                    .boarders()
                    .filter(|&b| self.admitted(b) & bit(boat) != 0)
                    .all(|b| self.world.conflict(b, c) && self.world.class(b).priority > facts.priority)
        })
    }

    /// Passengers cannot evict the lock: all of them fit beside it.
    fn lock_stays(self, lock: WorkloadId, boat: NodeId, state: &State) -> bool {
        let mut sum = vec![0; self.world.resources.len()];
        for class in self.world.ids() {
            let facts = self.world.class(class);
            let here = (self.admitted(class) | state.may[usize::from(class.0)]) & bit(boat) != 0;
            if !here || self.boarders().any(|b| b == class) {
                continue;
            }
            if class != lock
                && self.world.displaces(class, lock)
                && facts.priority > self.world.class(lock).priority
            {
                return false;
            }
            add(&mut sum, &facts.request, if facts.daemon { 1 } else { facts.replicas });
        }
        within(&sum, &self.world.place(boat).allocatable)
    }

    /// The nodes of a set.
    pub(super) fn set(self, set: NodeSet) -> impl Iterator<Item = NodeId> {
        self.world.nodes().filter(move |&n| set & bit(n) != 0)
    }
}
