//! Runs a recorded case and compares every attempt with what the real kube-scheduler did.
//!
//! Only the part around the decisions is simulated here as the recorder did it: the order of the queue,
//! the first name among equally good nodes, evictions carried out at once, and claims completed after
//! binding.

mod trace;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use serde_json::{Map, Value, json};

use super::plugins;
use super::{
    Candidate, ClaimBinding, ClassId, CompileError, Decision, Incoming, NodeId, Nomination, Placed, PodId,
    Scheduler, State, World,
};
use crate::cluster::case::Case;
use crate::cluster::{Cluster, UnknownVersion};
use crate::kube::{Pod, ReadError, parse_time};
use trace::Trace;

/// Start time of the first pod that has none of its own: 2026-01-01T00:00:00Z.
const EPOCH: i64 = 1_767_225_600;
/// A pod is attempted at most this often in a row, each time after preempting.
const MAX_TRIES: u32 = 3;

/// Why a case could not be run.
#[derive(Clone, Debug)]
pub enum CaseError {
    /// The file has another shape.
    Read(ReadError),
    /// It was recorded with a version that is not modelled.
    Version(UnknownVersion),
    /// It is too large.
    Compile(CompileError),
    /// A pod runs on a node that does not exist, or names one in its nomination.
    UnknownNode(String),
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CaseError::Read(e) => e.fmt(f),
            CaseError::Version(e) => e.fmt(f),
            CaseError::Compile(e) => e.fmt(f),
            CaseError::UnknownNode(name) => write!(f, "there is no node {name:?}"),
        }
    }
}

impl std::error::Error for CaseError {}

/// A difference between the record and this scheduler.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// Name of the case.
    pub case: String,
    /// Where in the record, such as `attempts[3].total`.
    pub path: String,
    /// What was recorded.
    pub recorded: Value,
    /// What this scheduler says.
    pub computed: Value,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} at {}", self.case, self.path)?;
        writeln!(f, "  recorded {}", self.recorded)?;
        write!(f, "  computed {}", self.computed)
    }
}

/// What a case came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Number of recorded attempts.
    pub decisions: usize,
    /// Number of attempts that are equal in every field.
    pub exact: usize,
    /// The differences; the run of a case ends at the first attempt that differs.
    pub mismatches: Vec<Mismatch>,
}

/// Runs one case and compares it with its record.
///
/// # Errors
/// If the case cannot be read or run.
pub fn replay(case: &Value) -> Result<Outcome, CaseError> {
    let case = Case::read(case).map_err(CaseError::Read)?;
    let version = case.version().map_err(CaseError::Version)?;
    let mut cluster = case.cluster(version);
    let mut pods = std::mem::take(&mut cluster.pods);
    let bound = pods.len();
    let mut pending = case.pending.clone();
    pending.iter_mut().for_each(|pod| case.admit(&cluster, pod));
    pods.extend(pending);
    let (world, classes) = World::compile(&cluster, &pods).map_err(CaseError::Compile)?;
    let mut run = Run::new(&case, &cluster, &world, &pods, &classes);
    run.set_up(bound)?;
    Ok(run.go())
}

struct Pending {
    pod: PodId,
    arrival: usize,
}

struct Run<'a> {
    case: &'a Case,
    cluster: &'a Cluster,
    world: &'a World,
    pods: &'a [Pod],
    classes: &'a [ClassId],
    scheduler: Scheduler<'a>,
    state: State,
    queue: VecDeque<Pending>,
    arrivals: usize,
    started: i64,
    node_of: BTreeMap<PodId, NodeId>,
    nominated: BTreeMap<PodId, NodeId>,
    evicted: Vec<String>,
    bound_claims: BTreeMap<String, String>,
    outcome: Outcome,
}

impl<'a> Run<'a> {
    fn new(
        case: &'a Case,
        cluster: &'a Cluster,
        world: &'a World,
        pods: &'a [Pod],
        classes: &'a [ClassId],
    ) -> Run<'a> {
        Run {
            case,
            cluster,
            world,
            pods,
            classes,
            scheduler: Scheduler::new(world),
            state: State::new(world),
            queue: VecDeque::new(),
            arrivals: 0,
            started: EPOCH,
            node_of: BTreeMap::new(),
            nominated: BTreeMap::new(),
            evicted: Vec::new(),
            bound_claims: BTreeMap::new(),
            outcome: Outcome::default(),
        }
    }

    fn node(&self, name: &str) -> Result<NodeId, CaseError> {
        self.world.node(name).ok_or_else(|| CaseError::UnknownNode(name.to_owned()))
    }

    fn set_up(&mut self, bound: usize) -> Result<(), CaseError> {
        for (index, pod) in self.pods.iter().enumerate() {
            let id = PodId(u32::try_from(index).unwrap_or(u32::MAX));
            if index < bound {
                let node = self.node(&pod.spec.node_name)?;
                let start = pod.status.start_time.as_deref().and_then(parse_time);
                self.place(id, node, start, pod.metadata.deletion_timestamp.is_some());
            } else {
                self.enqueue(id);
                if !pod.status.nominated_node_name.is_empty() {
                    let node = self.node(&pod.status.nominated_node_name)?;
                    self.nominate(id, node);
                }
            }
        }
        Ok(())
    }

    fn place(&mut self, pod: PodId, node: NodeId, start: Option<i64>, terminating: bool) {
        let start = start.unwrap_or_else(|| {
            self.started += 1;
            self.started - 1
        });
        let placed = Placed { pod, class: self.class(pod), start, terminating, preempted: false };
        self.state.place(self.world, node, placed);
        if !terminating {
            self.node_of.insert(pod, node);
        }
    }

    fn class(&self, pod: PodId) -> ClassId {
        self.classes[pod.0 as usize]
    }

    fn key(&self, pod: PodId) -> String {
        let metadata = &self.pods[pod.0 as usize].metadata;
        format!("{}/{}", metadata.namespace(), metadata.name)
    }

    fn enqueue(&mut self, pod: PodId) {
        self.queue.push_back(Pending { pod, arrival: self.arrivals });
        self.arrivals += 1;
    }

    fn nominate(&mut self, pod: PodId, node: NodeId) {
        self.nominated.insert(pod, node);
        self.state.nominate(Nomination { pod, class: self.class(pod), node });
    }

    fn go(mut self) -> Outcome {
        let recorded =
            self.case.expect.get("attempts").and_then(Value::as_array).cloned().unwrap_or_default();
        self.outcome.decisions = recorded.len();
        let mut attempts = recorded.iter().enumerate();
        while let Some(pod) = self.next() {
            for attempt in 1..=MAX_TRIES {
                let (computed, decision) = self.attempt(pod, attempt);
                let (index, recorded) = attempts.next().unwrap_or((usize::MAX, &Value::Null));
                if *recorded != computed {
                    self.differ(&format!("attempts[{index}]"), recorded, &computed);
                    return self.outcome;
                }
                self.outcome.exact += 1;
                if !self.carry_out(pod, decision) {
                    break;
                }
            }
        }
        self.compare_end();
        self.outcome
    }

    /// The next pod of the queue.
    fn next(&mut self) -> Option<PodId> {
        if self.case.options.queue != "given" {
            let priority = |p: &Pending| self.world.class(self.classes[p.pod.0 as usize]).priority;
            let first = (0..self.queue.len())
                .min_by_key(|i| (-i64::from(priority(&self.queue[*i])), self.queue[*i].arrival))?;
            return self.queue.remove(first).map(|p| p.pod);
        }
        self.queue.pop_front().map(|p| p.pod)
    }

    fn attempt(&mut self, pod: PodId, attempt: u32) -> (Value, Decision) {
        let class = self.class(pod);
        let nominated = self.nominated.get(&pod).copied();
        let incoming = Incoming { pod, class, nominated };
        let mut trace = Trace::new(self.world, self.state_nodes());
        let decision = self.scheduler.decide(&mut self.state, incoming, &mut trace);
        let mut record = Map::new();
        record.insert("pod".into(), self.key(pod).into());
        if attempt > 1 {
            record.insert("try".into(), attempt.into());
        }
        let facts = self.world.class(class);
        record.insert("priority".into(), facts.priority.into());
        record.insert("req".into(), json!([facts.request[0], facts.request[1]]));
        record.insert("nzReq".into(), json!(facts.nonzero));
        if let Some(node) = nominated {
            record.insert("nominated".into(), self.world.nodes[node.index()].name.clone().into());
        }
        let keys = |pod: PodId| self.key(pod);
        trace.finish(&mut record, &decision, &keys);
        (Value::Object(record), decision)
    }

    fn state_nodes(&self) -> usize {
        self.world.nodes.len()
    }

    /// Does what was decided; whether the pod is attempted again at once.
    fn carry_out(&mut self, pod: PodId, decision: Decision) -> bool {
        match decision {
            Decision::Bind(best) => {
                if let Some(node) = trace::first_by_name(self.world, best) {
                    self.bind(pod, node);
                }
                false
            }
            Decision::Preempt(candidates) => {
                let by_name = |c: &&Candidate| &self.world.nodes[c.node.index()].name;
                let chosen = candidates.iter().min_by(|a, b| by_name(a).cmp(by_name(b))).cloned();
                chosen.is_some_and(|c| {
                    self.evict(pod, &c);
                    true
                })
            }
            Decision::Pending => false,
        }
    }

    fn bind(&mut self, pod: PodId, node: NodeId) {
        let class = self.class(pod);
        let facts = self.world.class(class);
        let bindings = plugins::bindings(self.world, &self.state, facts, node).unwrap_or_default();
        self.nominated.remove(&pod);
        self.state.clear_nomination(pod);
        let start = self.pods[pod.0 as usize].status.start_time.as_deref().and_then(parse_time);
        // A victim starts anew.
        let start = start.filter(|_| !self.evicted.contains(&self.key(pod)));
        self.place(pod, node, start, false);
        if !self.case.options.provision {
            return;
        }
        for (claim, binding) in bindings {
            let metadata = &self.cluster.claims[claim].metadata;
            let (namespace, name) = (metadata.namespace(), &metadata.name);
            let volume = match binding {
                ClaimBinding::Volume(volume) => self.cluster.volumes[volume].metadata.name.clone(),
                _ => format!("pv-{namespace}-{name}"),
            };
            self.bound_claims.insert(format!("{namespace}/{name}"), volume);
            self.state.bind_claim(self.world, claim, binding);
        }
    }

    fn evict(&mut self, pod: PodId, candidate: &Candidate) {
        let priority = |p: PodId| self.world.class(self.class(p)).priority;
        let losing: Vec<PodId> = self
            .state
            .nominations()
            .iter()
            .filter(|n| n.node == candidate.node && priority(n.pod) < priority(pod))
            .map(|n| n.pod)
            .collect();
        for loser in losing {
            self.nominated.remove(&loser);
            self.state.clear_nomination(loser);
        }
        self.nominate(pod, candidate.node);
        for victim in &candidate.victims {
            self.evicted.push(self.key(victim.pod));
            self.state.remove(self.world, candidate.node, victim.pod);
            self.node_of.remove(&victim.pod);
        }
        if self.case.options.victims != "drop" {
            candidate.victims.iter().for_each(|v| self.enqueue(v.pod));
        }
    }

    fn compare_end(&mut self) {
        let mut computed = Map::new();
        let mut left: Map<String, Value> = Map::new();
        for index in 0..self.pods.len() {
            let pod = PodId(u32::try_from(index).unwrap_or(u32::MAX));
            let key = self.key(pod);
            let dropped = self.case.options.victims == "drop" && self.evicted.contains(&key);
            let terminating =
                self.pods[index].metadata.deletion_timestamp.is_some() && !self.evicted.contains(&key);
            match self.node_of.get(&pod) {
                Some(node) => left.insert(key, self.world.nodes[node.index()].name.clone().into()),
                None if dropped || terminating => None,
                None => left.insert(key, "".into()),
            };
        }
        computed.insert("final".into(), left.into());
        if !self.evicted.is_empty() {
            computed.insert("evicted".into(), self.evicted.clone().into());
        }
        if !self.bound_claims.is_empty() {
            computed.insert("boundClaims".into(), json!(self.bound_claims));
        }
        for field in ["final", "evicted", "boundClaims"] {
            let recorded = self.case.expect.get(field).cloned().unwrap_or(Value::Null);
            let computed = computed.get(field).cloned().unwrap_or(Value::Null);
            if recorded != computed {
                self.differ(field, &recorded, &computed);
            }
        }
    }

    /// Notes the fields in which two records differ.
    fn differ(&mut self, path: &str, recorded: &Value, computed: &Value) {
        let case = self.case.name.clone();
        let mut note = |path: String, recorded: &Value, computed: &Value| {
            let (case, recorded, computed) = (case.clone(), recorded.clone(), computed.clone());
            self.outcome.mismatches.push(Mismatch { case, path, recorded, computed });
        };
        let (Value::Object(a), Value::Object(b)) = (recorded, computed) else {
            return note(path.to_owned(), recorded, computed);
        };
        let more = b.keys().filter(|k| !a.contains_key(*k));
        for key in a.keys().chain(more) {
            let (x, y) = (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
            if x != y {
                note(format!("{path}.{key}"), x, y);
            }
        }
    }
}
