//! A run told event by event: when, what, and why the scheduler decided so.

use crate::lifecycle::{Act, Happening, NodeId, PodId, What, Window, WorkloadId};
use crate::scheduler::{self, Candidate, NoHelp, NodeSet, Observer, Plugin, Rejected, World};

use super::model::Model;
use super::play::Run;
use super::refute::Witness;

/// A run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Its events in order.
    pub events: Vec<Told>,
    /// How it ends, against the claim.
    pub end: Vec<String>,
    /// What plays it again.
    pub witness: Option<Witness>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// When, counted from the first loss; `None` for what happened before it.
    pub when: Option<Window>,
    /// What happened.
    pub what: String,
    /// Why the scheduler decided so, a line each; empty unless asked for.
    pub why: Vec<String>,
}

impl Trace {
    /// The story of a run that loses nodes from log entry `lost` on, with what came before if asked for.
    /// Creations, and starts before the loss, are left out: they say nothing that bindings do not say.
    #[must_use]
    pub fn of(model: &Model, run: &Run<'_>, lost: usize, before: bool) -> Self {
        let mut reasons = run.placer.told();
        let zero = run.log.get(lost).map_or(0, |e| e.when.earliest);
        let lost = if lost < run.log.len() { lost } else { 0 };
        let mut events = Vec::new();
        for (i, event) in run.log.iter().enumerate() {
            let why = match event.what {
                What::Bound(pod, _) | What::Preempts(pod, _) => reasons.next(pod),
                What::Unschedulable(pod) => {
                    let after_preemption =
                        i > 0 && matches!(run.log[i - 1].what, What::Preempts(p, _) if p == pod);
                    if after_preemption {
                        continue;
                    }
                    reasons.next(pod)
                }
                _ => Vec::new(),
            };
            if i < lost && !before {
                continue;
            }
            // From an empty cluster on, bindings alone tell the story.
            let first = (i < lost || lost == 0) && matches!(event.what, What::Fired(Happening::Started(_)));
            let created = matches!(event.what, What::Act(Act::Create(_)));
            let Some(what) = words(model, run, event.what).filter(|_| !first && !created) else { continue };
            let when = Window {
                earliest: event.when.earliest.saturating_sub(zero),
                latest: event.when.latest.map(|l| l.saturating_sub(zero)),
            };
            events.push(Told { when: (i >= lost).then_some(when), what, why });
        }
        Self { events, end: Vec::new(), witness: None }
    }
}

fn words(model: &Model, run: &Run<'_>, what: What) -> Option<String> {
    let node = |n: NodeId| model.nodes[usize::from(n.0)].name.clone();
    let who = |w: WorkloadId| model.row(w).name.clone();
    let pod = |p: PodId| who(run.pods[p.0 as usize].workload);
    Some(match what {
        What::Act(act) => match act {
            Act::Create(w) => format!("{} is created", who(w)),
            Act::CreateAll => "everything is created".to_owned(),
            Act::Lose(n) => format!("{} dies", node(n)),
            Act::Return(n) => format!("{} comes back", node(n)),
            Act::Fence(n, _) => format!("{} is fenced", node(n)),
            Act::Unfence(n) => format!("the fence of {} is lifted", node(n)),
            Act::Cordon(n) => format!("{} is cordoned", node(n)),
            Act::Uncordon(n) => format!("{} is uncordoned", node(n)),
            Act::Drain(n) => format!("{} is drained", node(n)),
            Act::Restart(w) => format!("{} is rolled", who(w)),
            Act::Delete(p) => format!("a pod of {} is deleted", pod(p)),
            Act::RestartControllers => "the controllers restart".to_owned(),
        },
        What::Fired(happening) => match happening {
            Happening::Unknown(n) => format!("{} is NotReady", node(n)),
            Happening::NoExecute(n) => format!("{} gets the NoExecute taint", node(n)),
            Happening::Evict(p) => format!("{} is evicted by the taint", pod(p)),
            Happening::Collect(p) => format!("{}: the pod on the dead node is collected", pod(p)),
            Happening::Ready(n) => format!("{} is Ready", node(n)),
            Happening::Started(p) => format!("{} is ready", pod(p)),
            _ => return None,
        },
        What::Bound(p, n) => format!("{} is bound to {}", pod(p), node(n)),
        What::Unschedulable(p) => format!("{} finds no node", pod(p)),
        What::Preempts(p, n) => {
            let now = run.log.iter().position(|e| e.what == what).unwrap_or(0);
            let cause = run.log[now].cause;
            let victims: Vec<String> = run
                .log
                .iter()
                .skip(now)
                .take_while(|e| e.cause == cause)
                .filter_map(|e| if let What::Terminating(v) = e.what { Some(pod(v)) } else { None })
                .collect();
            format!("{} evicts {} on {}", pod(p), victims.join(", "), node(n))
        }
        What::Refused(w) => format!("admission refuses a pod of {}", who(w)),
        What::Terminating(_) => return None,
    })
}

/// Writes down what an observer is told.
pub(super) struct Narrator<'a> {
    pub(super) world: &'a World,
    pub(super) names: Vec<String>,
    pub(super) victims: &'a dyn Fn(scheduler::PodId) -> String,
    pub(super) lines: Vec<String>,
}

impl Narrator<'_> {
    fn list(&self, nodes: NodeSet) -> String {
        let names: Vec<&str> = nodes.iter().map(|n| self.names[n.index()].as_str()).collect();
        names.join(", ")
    }
}

impl Observer for Narrator<'_> {
    fn pre_filter(&mut self, reason: &scheduler::PreFilterReason) {
        self.lines.push(format!("{}: {}", reason.plugin(), reason.text()));
    }
    fn rejected(
        &mut self,
        plugin: Plugin,
        rejected: Rejected,
        reasons: &dyn Fn(scheduler::NodeId) -> Vec<scheduler::Reason>,
    ) {
        for node in rejected.nodes().iter() {
            let texts: Vec<String> = reasons(node).iter().map(|r| r.text(self.world)).collect();
            self.lines.push(format!("{} rejects {}: {}", plugin, self.names[node.index()], texts.join(", ")));
        }
    }
    fn score(&mut self, plugin: Plugin, _raw: &[i64], normalised: &[i64]) {
        let weight = plugin.weight();
        let all: Vec<String> =
            self.names.iter().zip(normalised).map(|(n, s)| format!("{n} {}", weight * s)).collect();
        self.lines.push(format!("{plugin} scores {}", all.join(", ")));
    }
    fn total(&mut self, _total: &[i64], best: NodeSet) {
        let tie = if best.len() > 1 { " (a tie)" } else { "" };
        self.lines.push(format!("best: {}{tie}", self.list(best)));
    }
    fn not_eligible(&mut self, message: &'static str) {
        self.lines.push(message.to_owned());
    }
    fn candidate(&mut self, candidate: &Candidate) {
        let victims: Vec<String> = candidate.victims.iter().map(|v| (self.victims)(v.pod)).collect();
        let node = &self.names[candidate.node.index()];
        self.lines.push(format!("on {node} it would evict {}", victims.join(", ")));
    }
    fn no_help(&mut self, node: scheduler::NodeId, why: &NoHelp) {
        let name = &self.names[node.index()];
        self.lines.push(match why {
            NoHelp::NoVictims => format!("on {name} there is nobody to evict"),
            NoHelp::Rejected(plugin, ..) => format!("on {name} evictions do not help against {plugin}"),
        });
    }
}

/// Reasons by pod, in the order of the decisions.
#[derive(Clone, Debug, Default)]
pub struct Reasons {
    pub(super) told: Vec<(PodId, Vec<String>)>,
}

impl Reasons {
    /// The reasons of the pod's next decision.
    fn next(&mut self, pod: PodId) -> Vec<String> {
        match self.told.iter().position(|(p, _)| *p == pod) {
            Some(at) => self.told.remove(at).1,
            None => Vec::new(),
        }
    }
}
