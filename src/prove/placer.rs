//! The scheduler's board with what a proof wants beside placements: a count of decisions, and their reasons
//! where somebody asked for them.

use crate::lifecycle::{
    Board, Compiled, Keyed, Mark, Naming, News, NodeId, Placer, PodId, Rejectors, Verdict, WorkloadId,
};
use crate::scheduler::Decision;

use super::brief::Brief;
use super::trace::{Narrator, Reasons, Said};

/// kube-scheduler for one run.
#[derive(Clone, Debug)]
pub struct Kube<'m> {
    board: Board<'m>,
    compiled: &'m Compiled,
    /// Decisions so far: the unit of budgets.
    pub decisions: u64,
    /// Whose pods there were; kept for telling.
    owners: Vec<(PodId, WorkloadId)>,
    names: &'m [String],
    told: Option<Reasons>,
}

impl<'m> Kube<'m> {
    /// An empty cluster; `names` are those of the workloads.
    #[must_use]
    pub fn new(compiled: &'m Compiled, names: &'m [String]) -> Self {
        Self { board: Board::new(compiled), compiled, decisions: 0, owners: Vec::new(), names, told: None }
    }

    /// From now on the reasons of every decision are kept.
    pub fn narrate(&mut self) {
        self.told = Some(Reasons::default());
    }

    /// The reasons kept so far.
    #[must_use]
    pub fn told(&self) -> Reasons {
        self.told.clone().unwrap_or_default()
    }

    /// Why no living node takes a pod, in one line. The board is as it was afterwards.
    pub fn why_pending(&mut self, pod: PodId) -> String {
        let marked: Vec<bool> =
            self.compiled.world.all_nodes().iter().map(|n| self.board.known_dead(n)).collect();
        let dead = |node: crate::scheduler::NodeId| marked.get(node.index()).copied().unwrap_or(false);
        let mut brief = Brief::new(&self.compiled.world, &dead);
        match self.board.decide_observed(pod, &mut brief) {
            Decision::Pending => brief.line(),
            Decision::Bind(_) | Decision::Preempt(_) => {
                "a node would take it, but no event wakes it".to_owned()
            }
        }
    }

    fn tell(&mut self, pod: PodId) {
        if self.told.is_none() {
            return;
        }
        let brief = self.why_pending(pod);
        let (owners, names) = (&self.owners, self.names);
        let victim = |id: crate::scheduler::PodId| {
            let owner = owners.iter().find(|(p, _)| p.0 == id.0);
            owner.and_then(|(_, w)| names.get(usize::from(w.0))).cloned().unwrap_or_default()
        };
        let nodes = self.compiled.world.nodes.iter().map(|n| n.name.clone()).collect();
        let mut narrator =
            Narrator { world: &self.compiled.world, names: nodes, victims: &victim, lines: Vec::new() };
        self.board.decide_observed(pod, &mut narrator);
        let lines = narrator.lines;
        if let Some(told) = &mut self.told {
            told.told.push((pod, Said { lines, brief }));
        }
    }
}

impl Placer for Kube<'_> {
    fn mark(&mut self, node: NodeId, mark: Mark, on: bool) {
        self.board.mark(node, mark, on);
    }
    fn register(&mut self, node: NodeId, exists: bool) {
        self.board.register(node, exists);
    }
    fn add(&mut self, pod: PodId, workload: WorkloadId, ordinal: u32, target: Option<NodeId>) {
        if self.told.is_some() {
            self.owners.push((pod, workload));
        }
        self.board.add(pod, workload, ordinal, target);
    }
    fn bind(&mut self, pod: PodId, node: NodeId) {
        self.board.bind(pod, node);
    }
    fn started(&mut self, pod: PodId, at: i64) {
        self.board.started(pod, at);
    }
    fn terminate(&mut self, pod: PodId, preempted: bool) {
        self.board.terminate(pod, preempted);
    }
    fn remove(&mut self, pod: PodId) {
        self.board.remove(pod);
    }
    fn nominate(&mut self, pod: PodId, node: Option<NodeId>) {
        self.board.nominate(pod, node);
    }
    fn decide(&mut self, pod: PodId) -> Verdict {
        self.decisions += 1;
        self.tell(pod);
        self.board.decide(pod)
    }
    fn wakes(&self, pod: PodId, rejectors: Rejectors, news: News) -> bool {
        self.board.wakes(pod, rejectors, news)
    }
}

impl Keyed for Kube<'_> {
    fn pod_key(&self, pod: PodId, naming: &Naming<'_>, out: &mut Vec<u32>) {
        self.board.pod_key(pod, naming, out);
    }
    fn key(&self, naming: &Naming<'_>, named: &dyn Fn(PodId) -> u32, out: &mut Vec<u32>) {
        self.board.key(naming, named, out);
    }
}
