//! Bounds: arguments that hold for every order of creation, every tie and every interleaving, because
//! they count what *may* stand where and never what a particular run did. One argument a file.
//!
//! The domain is `may: class → set of nodes`, an over-approximation per step of a history of losses.
//! Each step starts from the static filters, takes away what an argument excludes, and uses only
//! what was established before it, so that no argument rests on itself.

mod boarding;
mod evicted;
mod histories;
mod loads;
mod packing;
mod pull;
mod room;
mod scene;
mod separate;
mod weigh;
mod work;

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::lifecycle::{Disruption, Facts, Kind, Member, NodeId, Patience, Rate, WorkloadId, control_plane};

use super::verdict::Argument;
use super::world::World;
use loads::Loads;
use scene::Scene;

pub use histories::Histories;

/// A set of nodes, one bit each. Clusters beyond [`MOST_NODES`] are not bounded.
pub type NodeSet = u128;

/// More nodes than this are left to exploration and sampling.
pub const MOST_NODES: usize = 128;

/// The set of one node.
#[must_use]
pub fn bit(node: NodeId) -> NodeSet {
    1_u128.checked_shl(u32::from(node.0)).unwrap_or(0)
}

/// How the pods of a class may end. A set of ends: claims are proved when all of them satisfy it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// Running on an ordinary node.
    pub worker: bool,
    /// Running on a last resort.
    pub lifeboat: bool,
    /// Unbound.
    pub pending: bool,
    /// Terminating on a dead node.
    pub stuck: bool,
    /// Bound to a dead node and left there.
    pub lost: bool,
    /// Gone, and nobody makes another.
    pub gone: bool,
}

impl Ends {
    /// Whether every end is running.
    #[must_use]
    pub fn always_runs(self) -> bool {
        !(self.pending || self.stuck || self.lost || self.gone)
    }

    /// Whether no end is running.
    #[must_use]
    pub fn never_runs(self) -> bool {
        !(self.worker || self.lifeboat)
    }
}

/// How far a step goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Until evictions that happen by themselves are over.
    Evicted,
    /// Until every lost node was fenced as well.
    Fenced,
    /// Until the lost nodes are back and unfenced.
    Returned,
}

/// What is established after a step.
#[derive(Clone, Debug)]
pub struct State {
    /// Living nodes.
    pub alive: NodeSet,
    /// Nodes that each class's pods may stand on, dead ones included.
    pub may: Vec<NodeSet>,
    /// How each class's pods may end.
    pub ends: Vec<Ends>,
    /// Whether the class is never evicted from a living node in this step or before.
    pub keeps: Vec<bool>,
    /// Whether a pod of the class may have missed the end of its victim, in this step or before.
    pub gated: Vec<bool>,
    /// Whether the API answers.
    pub api: bool,
    /// Why each class runs, if it does in every run.
    pub why_runs: Vec<Option<Rc<Argument>>>,
    /// Nothing was lost and nothing was planned yet: every pod that was never evicted stands where it was first placed.
    pub untouched: bool,
    /// Why no boarder is on a lifeboat, if none is in any run.
    pub why_empty: Option<Vec<Argument>>,
}

/// The bounds over one cluster.
#[derive(Clone, Copy, Debug)]
pub struct Bounds<'a> {
    /// Static facts.
    pub world: &'a World,
    /// Facts of the node lifecycle.
    pub facts: &'a Facts,
}

impl<'a> Bounds<'a> {
    /// Bounds over a cluster, unless it has too many nodes.
    #[must_use]
    pub fn of(world: &'a World, facts: &'a Facts) -> Option<Self> {
        let sizes = world.places.len() == facts.nodes.len() && world.classes.len() == facts.workloads.len();
        (world.places.len() <= MOST_NODES && sizes).then_some(Self { world, facts })
    }

    /// Everything created in any order on a cluster whose nodes are all up.
    #[must_use]
    pub fn green(self) -> State {
        let alive = self.world.nodes().fold(0, |s, n| s | bit(n));
        let may: Vec<NodeSet> = self.world.ids().map(|c| self.admitted(c) & alive).collect();
        let mut state = State {
            alive,
            ends: Vec::new(),
            keeps: Vec::new(),
            gated: vec![false; self.world.classes.len()],
            api: true,
            why_runs: Vec::new(),
            untouched: true,
            why_empty: None,
            may,
        };
        let keeps = |state: &State, loads: &Loads| self.never_evicted(state, loads);
        let loads = self.loads(&state);
        state.keeps = keeps(&state, &loads);
        let empty = |scene: &Scene<'a, '_>| self.nobody_boards_from_nothing(scene);
        self.conclude(&mut state, loads, (empty, keeps), &vec![true; self.world.classes.len()], &[]);
        state
    }

    /// Settles a state of which it is known where its pods may stand: `empty` says why nobody boards, if nobody does, and
    /// `keeps` who is then never evicted.
    fn conclude(
        self,
        state: &mut State,
        loads: Loads,
        (empty, keeps): (
            impl FnOnce(&Scene<'a, '_>) -> Option<Vec<Argument>>,
            impl FnOnce(&State, &Loads) -> Vec<bool>,
        ),
        moves: &[bool],
        held: &[Ends],
    ) {
        let scene = Scene::over(self, state, loads);
        let (ends, why_runs) = match empty(&scene) {
            None => self.settled(&scene, moves, held),
            Some(why) => {
                self.nobody_boards(state, why);
                let loads = self.loads(state);
                state.keeps = keeps(state, &loads);
                self.settled(&Scene::over(self, state, loads), moves, held)
            }
        };
        state.ends = ends;
        state.why_runs = why_runs;
        let missed: Vec<bool> = self.world.ids().map(|class| self.may_miss(class, state)).collect();
        state.gated.iter_mut().zip(missed).for_each(|(gated, missed)| *gated |= missed);
    }

    /// Takes the boarders off the lifeboats.
    fn nobody_boards(self, state: &mut State, why: Vec<Argument>) {
        for boarder in self.boarders() {
            state.may[usize::from(boarder.0)] &= !self.lifeboats();
        }
        state.why_empty = Some(why);
    }

    /// The state after more nodes die, and what follows from it up to `depth`.
    #[must_use]
    pub fn lose(self, before: &State, lost: &[NodeId], depth: Depth) -> State {
        let mut state = State { untouched: false, ..before.clone() };
        for &node in lost {
            state.alive &= !bit(node);
        }
        state.api = before.api && self.api(state.alive);
        if !state.api {
            self.freeze(before, &mut state);
            return if depth == Depth::Returned { self.come_back(before, &state) } else { state };
        }
        let fenced = depth != Depth::Evicted;
        let evicts = self.evicts(state.alive);
        let count = self.world.classes.len();
        let mut moves = vec![false; count];
        let mut held = vec![Ends::default(); count];
        for class in self.world.ids() {
            let i = usize::from(class.0);
            let facts = &self.facts.workloads[i];
            let all_dead = !state.alive;
            let hit = before.may[i] & all_dead != 0;
            let stays = &mut held[i];
            stays.pending = before.ends[i].pending;
            if facts.kind == Kind::DaemonSet || !hit {
                moves[i] = before.ends[i].pending || !before.keeps[i];
                continue;
            }
            let patient = facts.unreachable == Patience::Forever;
            let fence_ignored = facts.out_of_service == Patience::Forever;
            if fenced && !fence_ignored {
                match facts.kind {
                    Kind::Bare => stays.gone = true,
                    _ => moves[i] = true,
                }
                continue;
            }
            // Without a fence: a StatefulSet's pod stays Terminating, a Deployment's is replaced. Who has no grace period
            // never is Terminating, and a fence ends that even for those who tolerate it: the garbage collector does not ask.
            let leaves = !patient;
            stays.lost = patient || evicts != Evicts::All;
            match facts.kind {
                Kind::StatefulSet { .. } | Kind::Bare => {
                    let ends = leaves && (fenced || facts.grace == 0);
                    stays.stuck = leaves && facts.grace > 0;
                    stays.gone = ends && facts.kind == Kind::Bare;
                    moves[i] = ends && facts.kind != Kind::Bare;
                }
                _ => moves[i] = leaves,
            }
            moves[i] |= before.ends[i].pending || !before.keeps[i];
        }
        // Pods that move take part in placement; the others keep their places.
        for class in self.world.ids() {
            let i = usize::from(class.0);
            let target = self.admitted(class) & state.alive;
            let keeps_place = before.may[i] & state.alive;
            let on_the_dead = if held[i].stuck || held[i].lost { before.may[i] & !state.alive } else { 0 };
            state.may[i] = keeps_place | on_the_dead | if moves[i] { target } else { 0 };
        }
        state.why_empty = None;
        let keeps = |state: &State, loads: &Loads| self.still_kept(before, state, loads);
        let loads = self.loads(&state);
        state.keeps = keeps(&state, &loads);
        let empty = |scene: &Scene<'a, '_>| self.nobody_boards_now(before, scene);
        self.conclude(&mut state, loads, (empty, keeps), &moves, &held);
        if depth == Depth::Returned { self.come_back(before, &state) } else { state }
    }

    /// All nodes are back: nothing moves by itself, what waited is placed. Pods that end on a returned
    /// node take room there for a moment, so nothing is taken to have kept its place.
    fn come_back(self, before: &State, lost: &State) -> State {
        let mut state = lost.clone();
        state.alive = self.world.nodes().fold(0, |s, n| s | bit(n));
        state.api = true;
        for class in self.world.ids() {
            state.may[usize::from(class.0)] |= self.admitted(class);
        }
        state.why_empty = None;
        state.keeps = self.world.ids().map(|_| false).collect();
        // A lifeboat that dies while the API lives loses its lock, and nobody says who is back first.
        let locked = !lost.api || before.alive & self.lifeboats() & !lost.alive == 0;
        let empty = |scene: &Scene<'a, '_>| {
            lost.why_empty.as_ref().filter(|_| locked).and_then(|_| self.nobody_boards_now(before, scene))
        };
        let held: Vec<Ends> = lost.ends.iter().map(|e| Ends { gone: e.gone, ..Ends::default() }).collect();
        let keeps = |state: &State, _: &Loads| state.keeps.clone();
        let loads = self.loads(&state);
        self.conclude(&mut state, loads, (empty, keeps), &vec![true; self.world.classes.len()], &held);
        state
    }

    fn still_kept(self, before: &State, state: &State, loads: &Loads) -> Vec<bool> {
        let still = self.never_evicted(state, loads);
        before.keeps.iter().zip(still).map(|(kept, keeps)| *kept && keeps).collect()
    }

    /// Ends of every class in a settled state, where it may stand and whether it may wait; and why it runs, if it does.
    fn settled(
        self,
        scene: &Scene<'a, '_>,
        moves: &[bool],
        held: &[Ends],
    ) -> (Vec<Ends>, Vec<Option<Rc<Argument>>>) {
        let state = scene.state;
        let count = self.world.classes.len();
        let mut ends = vec![Ends::default(); count];
        let mut why_runs = vec![None; count];
        let stays_put = Rc::new(Argument::StaysPut);
        let mut known = BTreeMap::new();
        for class in self.world.ids() {
            let i = usize::from(class.0);
            let mut end = held.get(i).copied().unwrap_or_default();
            let here = state.may[i] & state.alive;
            let boats = self.lifeboats();
            end.worker = here & !boats != 0;
            end.lifeboat = here & boats != 0;
            let may_wait = moves[i] || end.pending || !state.keeps[i];
            end.pending = false;
            if self.world.class(class).daemon {
                end = Ends { worker: end.worker, lifeboat: end.lifeboat, ..Ends::default() };
            }
            if may_wait && self.wanted(class) {
                let placed = match self.alike(class, state) {
                    Some(key) => {
                        let new = || self.always_placed(class, scene).map(Rc::new);
                        known.entry(key).or_insert_with(new).clone()
                    }
                    None => self.always_placed(class, scene).map(Rc::new),
                };
                match placed {
                    Some(why) => why_runs[i] = Some(why),
                    None => end.pending = true,
                }
            } else if !(end.stuck || end.lost || end.gone) {
                why_runs[i] = Some(Rc::clone(&stays_put));
            }
            ends[i] = end;
        }
        (ends, why_runs)
    }

    /// No control plane: what runs on living nodes runs on, the rest is as dead as its node.
    fn freeze(self, before: &State, state: &mut State) {
        let frozen = Rc::new(Argument::Frozen);
        for class in self.world.ids() {
            let i = usize::from(class.0);
            let boats = self.lifeboats();
            let here = before.may[i] & state.alive;
            let ends = &mut state.ends[i];
            ends.worker = here & !boats != 0;
            ends.lifeboat = here & boats != 0;
            let daemon = self.world.class(class).daemon;
            ends.lost |= before.may[i] & !state.alive != 0 && !daemon;
            let stays = ends.always_runs();
            state.why_runs[i] = stays.then(|| Rc::clone(&frozen));
        }
    }

    fn api(self, alive: NodeSet) -> bool {
        let servers = self.facts.nodes.iter().filter(|n| n.server).count();
        let up =
            self.world.nodes().filter(|&n| self.facts.nodes[usize::from(n.0)].server && alive & bit(n) != 0);
        let size = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        control_plane::available(self.facts.datastore, size(servers), size(up.count()))
    }

    /// Whether dead nodes get their NoExecute taint, once the controller has seen all of them.
    fn evicts(self, alive: NodeSet) -> Evicts {
        let members: Vec<Member> = self
            .world
            .nodes()
            .map(|n| {
                let facts = &self.facts.nodes[usize::from(n.0)];
                Member { zone: facts.zone.clone(), ready: alive & bit(n) != 0, excluded: facts.excluded }
            })
            .collect();
        let modes = Disruption::of(&members, &self.facts.clocks);
        let dead = self.world.nodes().filter(|&n| alive & bit(n) == 0);
        let mut all = true;
        for node in dead {
            let zone = &self.facts.nodes[usize::from(node.0)].zone;
            all &= modes.rate(zone, &self.facts.clocks) != Rate::Never;
        }
        // Nodes become Unknown one after the other: a first one may be tainted before the mode changes.
        if all { Evicts::All } else { Evicts::Some }
    }

    /// Nodes that static filters and, for a DaemonSet, its controller admit.
    fn admitted(self, class: WorkloadId) -> NodeSet {
        self.world.admitted(class)
    }

    /// Nodes of the last resort.
    pub(super) fn lifeboats(self) -> NodeSet {
        self.world.nodes().filter(|&n| self.world.place(n).lifeboat).fold(0, |s, n| s | bit(n))
    }

    /// Classes whose pods may board a lifeboat and could stand elsewhere: not DaemonSets, and not pods
    /// that belong on the lifeboat and nowhere else.
    pub(super) fn boarders(self) -> impl Iterator<Item = WorkloadId> {
        let boats = self.lifeboats();
        self.world.ids().filter(move |&c| {
            let admitted = self.admitted(c);
            admitted & boats != 0 && admitted & !boats != 0 && !self.world.class(c).daemon && self.ranked(c)
        })
    }

    /// Whether claims are about the class: packaged pods of the distribution are passengers.
    fn ranked(self, class: WorkloadId) -> bool {
        self.world.class(class).ranked
    }

    fn wanted(self, class: WorkloadId) -> bool {
        self.world.class(class).daemon || self.world.class(class).replicas > 0
    }
}

/// Whether the nodes that died are emptied without a fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Evicts {
    /// Every one, sooner or later.
    All,
    /// Possibly the first one.
    Some,
}

impl Bounds<'_> {
    /// Why a class does not run: the static rejections on living nodes, or its controller's wait.
    #[must_use]
    pub fn why_not(self, class: WorkloadId, state: &State) -> Argument {
        let facts = self.world.class(class);
        let end = state.ends[usize::from(class.0)];
        if !state.api {
            return Argument::Frozen;
        }
        if end.stuck || end.lost {
            return Argument::HeldByDeadNode { who: facts.name.clone() };
        }
        let living = self.world.nodes().filter(|&n| state.alive & bit(n) != 0);
        let why = living
            .filter_map(|n| {
                let reject = facts.rejected[usize::from(n.0)].as_ref()?;
                Some((self.world.place(n).name.clone(), reject.reason.clone()))
            })
            .collect();
        Argument::Rejected { who: facts.name.clone(), why }
    }
}
