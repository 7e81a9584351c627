//! A run told event by event: when, what, and why the scheduler decided so.

use crate::lifecycle::{Act, Happening, Kind, NodeId, PodId, What, Window, WorkloadId};
use crate::scheduler::{self, Candidate, NoHelp, NodeSet, Observer, Plugin, Rejected, World};

use super::model::Model;
use super::play::Run;
use super::refute::Witness;

/// A run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Where it begins: in which order pods came to be, and where they were before the first loss.
    pub start: Vec<String>,
    /// How long who was away: workloads with equal sums, and the sum with its parts.
    pub outages: Vec<(Vec<String>, String)>,
    /// Its events in order.
    pub events: Vec<Told>,
    /// How it ends, against the claim.
    pub end: Vec<String>,
    /// Workloads of the cluster that this run does without: it breaks the claim even so.
    pub without: Vec<String>,
    /// What plays it again.
    pub witness: Option<Box<Witness>>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// When, counted from the first loss; `None` for what happened before it.
    pub when: Option<Window>,
    /// To whom: the name of a pod or node.
    pub who: String,
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
            let said = match event.what {
                What::Bound(pod, _) | What::Preempts(pod, _) => reasons.next(pod),
                What::Unschedulable(pod) => {
                    let after_preemption =
                        i > 0 && matches!(run.log[i - 1].what, What::Preempts(p, _) if p == pod);
                    if after_preemption {
                        continue;
                    }
                    reasons.next(pod)
                }
                _ => Said::default(),
            };
            if i < lost && !before {
                continue;
            }
            // From an empty cluster on, bindings alone tell the story.
            let first = (i < lost || lost == 0) && matches!(event.what, What::Fired(Happening::Started(_)));
            let created = matches!(event.what, What::Act(Act::Create(_)));
            let Some((who, mut what)) = words(model, run, i).filter(|_| !first && !created) else {
                continue;
            };
            if matches!(event.what, What::Unschedulable(_)) && !said.brief.is_empty() {
                what = format!("{what} ({})", said.brief);
            }
            let when = Window {
                earliest: event.when.earliest.saturating_sub(zero),
                latest: event.when.latest.map(|l| l.saturating_sub(zero)),
            };
            events.push(Told { when: (i >= lost).then_some(when), who, what, why: said.lines });
        }
        let outages = outages(model, run, if lost == 0 { run.log.len() } else { lost });
        Self { events, outages, ..Self::default() }
    }

    /// Leaves out what becomes of packaged pods, DaemonSets and the lock, unless somebody evicts them or waits.
    pub(super) fn keep_to_the_point(&mut self, model: &Model) {
        let speaks = |t: &Told| t.what.starts_with("evicts ") || t.what == "finds no node";
        let named = |name: &str| {
            let is_victim = |t: &&Told| speaks(t) && t.what.split([' ', ',']).any(|word| word == name);
            self.events.iter().any(|t| t.who == name && speaks(t))
                || self.events.iter().find(is_victim).is_some()
        };
        let scenery: Vec<String> = model
            .rows
            .iter()
            .filter(|row| super::minimise::stays(model, row.id) && !named(&row.name))
            .map(|row| row.name.clone())
            .collect();
        self.events.retain(|t| !scenery.contains(&t.who));
    }

    /// The events by the time at which each begins: causes come before what they bring about. Decisions are told in
    /// the order in which they were made where their reasons are, because each rests on the ones before.
    #[must_use]
    pub fn by_time(&self) -> Vec<&Told> {
        let mut events: Vec<&Told> = self.events.iter().collect();
        events.sort_by_key(|e| e.when.map(|w| (w.earliest, w.latest.unwrap_or(u64::MAX))));
        events
    }
}

/// Where pods were before the first loss, a line per node.
pub(super) fn places(model: &Model, green: &Run<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, node) in model.nodes.iter().enumerate() {
        let on = |n: &NodeId| usize::from(n.0) == at;
        let mut names = Vec::new();
        for row in model.rows.iter().filter(|row| !row.daemon) {
            let pods = green.status(row.id).up.iter().filter(|n| on(n)).count();
            match pods {
                0 => {}
                1 => names.push(row.name.clone()),
                more => names.push(format!("{} ({more})", row.name)),
            }
        }
        if !names.is_empty() {
            lines.push(format!("on {}: {}", node.name, names.join(", ")));
        }
    }
    let waits = model.rows.iter().filter(|row| green.status(row.id).pending > 0);
    let waiting: Vec<&str> = waits.map(|row| row.name.as_str()).collect();
    if !waiting.is_empty() {
        lines.push(format!("without a node: {}", waiting.join(", ")));
    }
    lines
}

/// How long workloads that claims are about were away since log entry `lost`, and are back: the named sum of each,
/// told once where it is the same.
fn outages(model: &Model, run: &Run<'_>, lost: usize) -> Vec<(Vec<String>, String)> {
    let mut told: Vec<(Vec<String>, String)> = Vec::new();
    let away = run.away(lost);
    for row in model.rows.iter().filter(|row| row.claimed && !row.daemon) {
        let Some(away) = away.get(usize::from(row.id.0)) else { continue };
        let after = [(&away.from_loss, ""), (&away.from_fence, " after the fence")];
        for (outage, clock) in after.into_iter().filter_map(|(o, clock)| Some((o.as_ref()?, clock))) {
            let text = format!("{}{clock} = {}", outage.total, outage.parts_in_words());
            match told.iter_mut().find(|(_, known)| *known == text) {
                Some((who, _)) => who.push(row.name.clone()),
                None => told.push((vec![row.name.clone()], text)),
            }
        }
    }
    told
}

/// What an entry of the log says, and of whom.
fn words(model: &Model, run: &Run<'_>, at: usize) -> Option<(String, String)> {
    let node = |n: NodeId| model.nodes[usize::from(n.0)].name.clone();
    let who = |w: WorkloadId| model.row(w).name.clone();
    let pod = |p: PodId| who(run.pods[p.0 as usize].workload);
    let say = |who: String, what: &str| Some((who, what.to_owned()));
    match run.log[at].what {
        What::Act(act) => match act {
            Act::Create(w) => say(who(w), "created"),
            Act::CreateAll => say("everything".to_owned(), "created"),
            Act::Lose(n) => say(node(n), "dies"),
            Act::Return(n) => say(node(n), "comes back"),
            Act::Fence(n, _) => say(node(n), "fenced"),
            Act::Unfence(n) => say(node(n), "no longer fenced"),
            Act::Cordon(n) => say(node(n), "cordoned"),
            Act::Uncordon(n) => say(node(n), "uncordoned"),
            Act::Drain(n) => say(node(n), "drained"),
            Act::Restart(w) => say(who(w), "rolled"),
            Act::Delete(p) => say(pod(p), "deleted"),
            Act::RestartControllers => say("controllers".to_owned(), "restarted"),
        },
        What::Fired(happening) => match happening {
            Happening::Unknown(n) => say(node(n), "NotReady"),
            Happening::NoExecute(n) => say(node(n), "tainted NoExecute"),
            Happening::Evict(p) => say(pod(p), "evicted by the taint"),
            // A Deployment does not wait for the end of its old pod.
            Happening::Collect(p) if waits(model, run, p) => say(pod(p), "collected from the dead node"),
            Happening::Ready(n) => say(node(n), "Ready"),
            Happening::Started(p) => say(pod(p), "ready"),
            _ => None,
        },
        What::Bound(p, n) => Some((pod(p), format!("bound to {}", node(n)))),
        What::Unschedulable(p) => say(pod(p), "finds no node"),
        What::Preempts(p, n) => {
            let names = |pods: Vec<PodId>| pods.into_iter().map(pod).collect::<Vec<_>>().join(", ");
            let victims = victims(run, at);
            Some(if victims.is_empty() {
                (pod(p), format!("waits on {} for the end of {}", node(n), names(ending(run, at, n))))
            } else {
                (pod(p), format!("evicts {} on {}", names(victims), node(n)))
            })
        }
        What::Refused(w) => say(who(w), "refused by admission"),
        What::Terminating(_) => None,
    }
}

/// Whom a preemption marks for deletion.
fn victims(run: &Run<'_>, at: usize) -> Vec<PodId> {
    let cause = run.log[at].cause;
    let after = run.log.since(at).map(|(_, event)| event).take_while(|e| e.cause == cause);
    after.filter_map(|e| if let What::Terminating(v) = e.what { Some(v) } else { None }).collect()
}

/// Who is ending on a node: whoever needs room there finds it marked for deletion already.
fn ending(run: &Run<'_>, at: usize, node: NodeId) -> Vec<PodId> {
    let mut ending = Vec::new();
    for event in run.log.iter().take(at) {
        match event.what {
            What::Terminating(p) if run.pods[p.0 as usize].node == Some(node) => ending.push(p),
            What::Fired(Happening::Gone(p) | Happening::Collect(p)) => ending.retain(|other| *other != p),
            _ => {}
        }
    }
    ending
}

/// Whether the pod's controller waits for its end.
fn waits(model: &Model, run: &Run<'_>, pod: PodId) -> bool {
    let workload = run.pods[pod.0 as usize].workload;
    matches!(model.facts.workloads[usize::from(workload.0)].kind, Kind::StatefulSet { .. } | Kind::Bare)
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
    pub(super) told: Vec<(PodId, Said)>,
}

/// What is said of a decision.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// Every step of it, a line each.
    pub(super) lines: Vec<String>,
    /// Why no living node takes the pod, if none does.
    pub(super) brief: String,
}

impl Reasons {
    /// The reasons of the pod's next decision.
    fn next(&mut self, pod: PodId) -> Said {
        match self.told.iter().position(|(p, _)| *p == pod) {
            Some(at) => self.told.remove(at).1,
            None => Said::default(),
        }
    }
}
