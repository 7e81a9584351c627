//! A cluster compiled for scheduling: worlds and classes that all runs share.

use super::facts::{Facts, Storage, WorkloadId};
use super::hints::Hints;
use super::placer::Mark;
use crate::cluster::matching::tolerates;
use crate::cluster::{Cluster, Workload, WorkloadKind};
use crate::kube::{Effect, PersistentVolumeClaim, Pod, Taint};
use crate::scheduler::{ClassId, CompileError, World};

/// A cluster compiled for scheduling, shared by all runs.
#[derive(Debug)]
pub struct Compiled {
    /// The scheduler's world.
    pub world: World,
    pub(super) workloads: Vec<Classes>,
    pub(super) hints: Hints,
}

/// The classes of a workload's pods.
#[derive(Clone, Debug)]
pub(super) struct Classes {
    /// By ordinal of a StatefulSet, by node of a DaemonSet, else one.
    by_ordinal: Vec<ClassId>,
    /// Claims by ordinal, as indices into the cluster's list.
    pub(super) claims: Vec<Vec<usize>>,
    /// Whether a claim is bound to the node of its first pod.
    pub(super) local: bool,
    /// Which marks its pods tolerate.
    pub(super) tolerates: Vec<Mark>,
}

impl Compiled {
    /// Compiles a cluster. Claims that its StatefulSets will make are added, budgets without a status
    /// allow what their spec does while every pod is ready.
    ///
    /// # Errors
    /// As [`World::compile`].
    pub fn of(given: &Cluster, facts: &Facts) -> Result<Self, CompileError> {
        let mut cluster = given.without_pods();
        let counted = given.workloads.iter().zip(&facts.workloads);
        let counts: Vec<usize> =
            counted.map(|(workload, fact)| ordinals(workload, fact.replicas, cluster.nodes.len())).collect();
        for (workload, &count) in given.workloads.iter().zip(&counts) {
            add_claims(&mut cluster, workload, count);
        }
        allow_disruptions(&mut cluster, facts);
        let mut pods: Vec<Pod> = Vec::new();
        for (workload, &count) in given.workloads.iter().zip(&counts) {
            for ordinal in 0..count {
                pods.push(match (workload.kind, cluster.nodes.get(ordinal)) {
                    (WorkloadKind::DaemonSet, Some(node)) => workload.daemon_pod(&cluster, &node.name),
                    _ => workload.pod(&cluster, i32::try_from(ordinal).unwrap_or(0)),
                });
            }
        }
        let (world, classes) = World::compile(&cluster, &pods)?;
        let mut workloads = Vec::new();
        let mut samples = Vec::new();
        let mut from = 0;
        for ((workload, &count), fact) in given.workloads.iter().zip(&counts).zip(&facts.workloads) {
            let claims_of = |ordinal: usize| {
                let claims = workload.claims(i32::try_from(ordinal).unwrap_or(0));
                let find = |name: &str| cluster.claims.iter().position(|claim| is(claim, workload, name));
                claims.iter().filter_map(|claim| find(&claim.name)).collect()
            };
            workloads.push(Classes {
                by_ordinal: classes[from..from + count].to_vec(),
                claims: (0..count).map(claims_of).collect(),
                local: fact.storage == Storage::Local,
                tolerates: MARKS.into_iter().filter(|m| tolerates(&pods[from].spec, &taint(*m))).collect(),
            });
            samples.push(&pods[from]);
            from += count;
        }
        let hints = Hints::of(&cluster, &samples);
        Ok(Self { world, workloads, hints })
    }

    pub(super) fn class(&self, workload: WorkloadId, ordinal: u32) -> ClassId {
        let classes = &self.workloads[usize::from(workload.0)].by_ordinal;
        classes.get(ordinal as usize).or(classes.first()).copied().unwrap_or(ClassId(0))
    }
}

/// How many different pods a workload has: at least one, so that it has a class even without replicas.
fn ordinals(workload: &Workload, replicas: u32, nodes: usize) -> usize {
    match workload.kind {
        WorkloadKind::StatefulSet => (replicas as usize).clamp(1, 1000),
        WorkloadKind::DaemonSet => nodes.max(1),
        _ => 1,
    }
}

/// The claim of that name in the workload's namespace.
fn is(claim: &PersistentVolumeClaim, workload: &Workload, name: &str) -> bool {
    claim.metadata.name == name && claim.metadata.namespace == workload.namespace
}

/// Adds the claims that a StatefulSet makes for its pods and that are not there yet.
fn add_claims(cluster: &mut Cluster, workload: &Workload, count: usize) {
    if workload.kind != WorkloadKind::StatefulSet {
        return;
    }
    for ordinal in 0..count {
        let mut new = workload.new_claims(i32::try_from(ordinal).unwrap_or(0));
        new.retain(|new| !cluster.claims.iter().any(|known| is(known, workload, &new.metadata.name)));
        cluster.claims.extend(new);
    }
}

/// Budgets without a status allow what their spec does while every pod is ready.
fn allow_disruptions(cluster: &mut Cluster, facts: &Facts) {
    for budget in &facts.budgets {
        let ready: u32 = budget.guards.iter().map(|w| facts.workloads[usize::from(w.0)].replicas).sum();
        let allowed = ready.saturating_sub(budget.must_remain);
        let named = |p: &&mut crate::kube::PodDisruptionBudget| {
            format!("{}/{}", p.metadata.namespace, p.metadata.name) == budget.name
        };
        if let Some(pdb) = cluster.pdbs.iter_mut().find(named)
            && pdb.status.disruptions_allowed == 0
        {
            pdb.status.disruptions_allowed = i32::try_from(allowed).unwrap_or(i32::MAX);
        }
    }
}

const MARKS: [Mark; 4] =
    [Mark::UnreachableNoSchedule, Mark::UnreachableNoExecute, Mark::OutOfService, Mark::Cordoned];

/// The taint of a mark: key, value and effect.
fn taint(mark: Mark) -> Taint {
    let (key, value, effect) = match mark {
        Mark::UnreachableNoSchedule => ("unreachable", "", Effect::NoSchedule),
        Mark::UnreachableNoExecute => ("unreachable", "", Effect::NoExecute),
        Mark::OutOfService => ("out-of-service", "nodeshutdown", Effect::NoExecute),
        Mark::Cordoned => ("unschedulable", "", Effect::NoSchedule),
    };
    Taint { key: format!("node.kubernetes.io/{key}"), value: value.to_owned(), effect }
}
