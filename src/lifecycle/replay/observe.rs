//! A recorded timeline as a list of observations that the engine has to account for.

use std::collections::{BTreeMap, BTreeSet};

use super::record::Run;
use crate::lifecycle::window::Millis;

/// Something that the recorder saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Kill(String),
    Return(String),
    ServerDown(String),
    ServerUp(String),
    Fence(String),
    Unfence(String),
    ForceDelete,
    Fillers,
    Rollout(String),
    Unknown(String),
    Ready(String),
    NoExecute(String),
    Cleared(String),
    Created { uid: String, workload: String, name: String },
    Bound { uid: String, workload: String, name: String, node: String },
    Unschedulable { uid: String, workload: String, name: String },
    Terminating { uid: String, workload: String, node: String, preempted: bool },
    Started { uid: String, workload: String, node: String },
    Gone { uid: String, workload: String, node: String },
}

impl Seen {
    /// Whether the harness did it.
    pub(super) fn is_act(&self) -> bool {
        matches!(
            self,
            Seen::Kill(_)
                | Seen::Return(_)
                | Seen::ServerDown(_)
                | Seen::ServerUp(_)
                | Seen::Fence(_)
                | Seen::Unfence(_)
                | Seen::ForceDelete
                | Seen::Fillers
                | Seen::Rollout(_)
        )
    }
}

/// An observation and its instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Observation {
    pub(super) at: Millis,
    pub(super) what: Seen,
}

/// A run's observations, and who preempted whom.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    pub(super) observations: Vec<Observation>,
    /// Victim's uid → starts of the uids of its preemptors: several may want the same pod gone.
    pub(super) preemptors: BTreeMap<String, Vec<String>>,
    /// Whether creation and readiness of pods were recorded (not in the compact Green files).
    pub(super) whole: bool,
}

/// Seconds as milliseconds.
pub(super) fn millis(seconds: f64) -> Millis {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "recorded seconds are small and positive"
    )]
    let value = (seconds.max(0.0) * 1000.0).round() as Millis;
    value
}

impl Script {
    /// Whether the record binds the pod within the longest back-off from `at`.
    pub(super) fn binds_soon(&self, uid: Option<&str>, at: Millis) -> bool {
        let soon = at..=at.saturating_add(15_000);
        let binds =
            |o: &Observation| matches!(&o.what, Seen::Bound { uid: u, .. } if Some(u.as_str()) == uid);
        self.observations.iter().any(|o| soon.contains(&o.at) && binds(o))
    }

    pub(super) fn of(run: &Run) -> Self {
        let mut script = Self { whole: run.timeline.iter().any(|e| e.what == "created"), ..Self::default() };
        let mut uids: BTreeMap<&str, &str> = BTreeMap::new();
        let mut down = BTreeSet::new();
        let mut fillers = false;
        for entry in &run.timeline {
            let node = || entry.node.clone().unwrap_or_default();
            let pod = |uid: &str| uid.to_owned();
            uids.insert(&entry.pod, &entry.uid);
            let mut push = |what| script.observations.push(Observation { at: millis(entry.t), what });
            if !fillers && entry.workload.starts_with("filler-") {
                fillers = true;
                push(Seen::Fillers);
            }
            match (entry.kind.as_str(), entry.what.as_str()) {
                ("action", "kill") => {
                    down.insert(node());
                    push(Seen::Kill(node()));
                }
                ("action", "return") if down.remove(&node()) => push(Seen::Return(node())),
                ("action", "return") => {}
                ("action", "control plane down") => push(Seen::ServerDown(node())),
                ("action", "control plane up") => push(Seen::ServerUp("master".to_owned())),
                ("action", "terminating pods force-deleted") => {
                    // Noted when all are deleted; it began before the first of them went.
                    let recent = |o: &Observation| {
                        matches!(o.what, Seen::Gone { .. }) && o.at + 2_000 >= millis(entry.t)
                    };
                    let from =
                        script.observations.iter().position(recent).unwrap_or(script.observations.len());
                    let at = script.observations.get(from).map_or(millis(entry.t), |o| o.at);
                    script.observations.insert(from, Observation { at, what: Seen::ForceDelete });
                }
                ("action", what) => {
                    if let Some(workload) = what.strip_prefix("rollout restart ") {
                        push(Seen::Rollout(workload.to_owned()));
                    }
                }
                ("node", "Ready=Unknown") => push(Seen::Unknown(node())),
                ("node", "Ready=True") => {
                    // The recorder may see the node before it notes that it was started.
                    if down.remove(&node()) {
                        push(Seen::Return(node()));
                    }
                    push(Seen::Ready(node()));
                }
                ("node", "taint+ node.kubernetes.io/unreachable:NoExecute") => push(Seen::NoExecute(node())),
                ("node", "taint- node.kubernetes.io/unreachable:NoExecute") => push(Seen::Cleared(node())),
                ("node", "taint+ node.kubernetes.io/out-of-service:NoExecute") => push(Seen::Fence(node())),
                ("node", "taint- node.kubernetes.io/out-of-service:NoExecute") => push(Seen::Unfence(node())),
                ("pod", "created") => push(Seen::Created {
                    uid: pod(&entry.uid),
                    workload: entry.workload.clone(),
                    name: entry.pod.clone(),
                }),
                ("pod", "bound") => push(Seen::Bound {
                    uid: pod(&entry.uid),
                    workload: entry.workload.clone(),
                    name: entry.pod.clone(),
                    node: node(),
                }),
                ("pod", "unschedulable") => push(Seen::Unschedulable {
                    uid: pod(&entry.uid),
                    workload: entry.workload.clone(),
                    name: entry.pod.clone(),
                }),
                ("pod", "terminating") => push(Seen::Terminating {
                    uid: pod(&entry.uid),
                    workload: entry.workload.clone(),
                    node: node(),
                    preempted: entry.reason.as_deref() == Some("PreemptionByScheduler"),
                }),
                ("pod", "ready") => {
                    push(Seen::Started {
                        uid: pod(&entry.uid),
                        workload: entry.workload.clone(),
                        node: node(),
                    });
                }
                ("pod", "gone") => {
                    push(Seen::Gone { uid: pod(&entry.uid), workload: entry.workload.clone(), node: node() })
                }
                _ => {}
            }
        }
        for event in run.events.iter().filter(|e| e.reason == "Preempted") {
            let victim = event.object.strip_prefix("Pod/").and_then(|name| uids.get(name));
            let preemptor = event.message.strip_prefix("Preempted by pod ").and_then(|m| m.get(..8));
            if let (Some(victim), Some(preemptor)) = (victim, preemptor) {
                script.preemptors.entry((*victim).to_owned()).or_default().push(preemptor.to_owned());
            }
        }
        script
    }
}
