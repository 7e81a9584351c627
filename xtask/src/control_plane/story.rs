//! Green, yellow, red and the way back, with the policy's own workloads on its own nodes: each claim of
//! the policy that speaks of a moment of the story is held against what really happened.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use lifeboat::emit::k3s;
use lifeboat::plan::Owner;
use lifeboat::policy::{Loss, NodeId, Phase, Role};
use serde_json::Value;

use super::claims::{Moment, Pod, pods};
use super::cluster::{Cluster, Outcome};
use super::{Report, Scene, Word, rendered};

/// Seconds without a change after which a moment is over.
const QUIET: u64 = 6;

struct Story<'a> {
    scene: &'a Scene,
    cluster: Cluster,
    fence: std::path::PathBuf,
    lost: BTreeSet<String>,
    /// What was lost so far, in order.
    history: Vec<Loss>,
    words: BTreeMap<String, Word>,
}

pub(super) fn run(scene: &Scene, report: &mut Report) -> Outcome {
    let mut story = Story {
        scene,
        cluster: scene.cluster("story")?,
        fence: scene.script("recovery/fence.sh", &[("AFTER", "4")])?,
        lost: BTreeSet::new(),
        history: Vec::new(),
        words: scene.proof.words(),
    };
    let agents: Vec<NodeId> =
        scene.plan.nodes.iter().filter(|node| node.role == Role::Agent).map(|node| node.id).collect();
    story.begin()?;
    story.compare(report, "green", None)?;
    story.status(report, "green", 0, "green")?;
    // The agent with most of the lifeboat tier's pods first: the harder case.
    let first = story.busiest(&agents)?;
    let others: Vec<NodeId> = agents.into_iter().filter(|id| *id != first).collect();
    for id in std::iter::once(first).chain(others) {
        let name = scene.plan.policy.node(id).name.value.clone();
        story.lose(id)?;
        story.compare(report, &format!("{name} lost"), Some(Phase::Eviction))?;
        story.status(report, &format!("{name} lost"), 1, &format!("recovery/fence.sh fence {name}"))?;
        story.fence(report, &name)?;
        story.status(report, &format!("{name} fenced"), 1, "lost, fenced")?;
        story.compare(report, &format!("{name} fenced"), Some(Phase::Fencing))?;
    }
    story.back(report)
}

impl Story<'_> {
    fn plan(&self) -> &lifeboat::plan::Plan {
        &self.scene.plan
    }

    /// K3s's own order: the server alone with its packaged pods, then the agents, then the workloads.
    fn begin(&mut self) -> Outcome {
        let objects = match &self.scene.charts {
            Some(charts) => rendered::objects(self.plan(), &self.scene.built, charts, &self.scene.scratch)?,
            None => self.plan().objects(),
        };
        let packaged: BTreeSet<(String, String)> = self
            .plan()
            .carriers
            .iter()
            .filter(|carrier| carrier.owner == Owner::Packaged)
            .map(|carrier| (carrier.namespace.clone(), carrier.workload.clone()))
            .collect();
        let is_packaged = |object: &Value| {
            let text = |pointer: &str| {
                object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            packaged.contains(&(text("/metadata/namespace"), text("/metadata/name")))
        };
        let of_kind = |wanted: &[&str]| -> Vec<&Value> {
            objects
                .iter()
                .filter(|object| object["kind"].as_str().is_some_and(|kind| wanted.contains(&kind)))
                .collect()
        };
        for object in
            of_kind(&["Namespace", "PriorityClass", "StorageClass", "ServiceAccount", "ResourceQuota"])
        {
            self.cluster.apply(object)?;
        }
        let workloads = of_kind(&["Deployment", "StatefulSet", "DaemonSet", "PodDisruptionBudget"]);
        for role in [Role::Server, Role::Agent] {
            let names: Vec<String> =
                self.plan().nodes.iter().filter(|n| n.role == role).map(|n| n.name.clone()).collect();
            for node in of_kind(&["Node"])
                .into_iter()
                .filter(|n| names.iter().any(|name| n["metadata"]["name"] == *name))
            {
                self.cluster.join(&self.labelled(node)?)?;
            }
            for name in &names {
                self.cluster.wait_ready(name)?;
            }
            if role == Role::Server {
                for object in workloads.iter().filter(|object| is_packaged(object)) {
                    self.cluster.create(object)?;
                }
                self.settle(60)?;
            }
        }
        for object in workloads.iter().filter(|object| !is_packaged(object)) {
            self.cluster.create(object)?;
        }
        self.settle(90)
    }

    /// A node with the label that K3s sets when it starts with the build's drop-in.
    fn labelled(&self, node: &Value) -> Outcome<Value> {
        let mut node = node.clone();
        let planned = self.plan().nodes.iter().find(|planned| node["metadata"]["name"] == planned.name);
        if let Some(planned) = planned {
            let path = self.scene.built.join(format!("cluster/k3s/{}.yaml", planned.name));
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let label = text.lines().find_map(|line| Some(line.split_once(k3s::BUILD_LABEL)?.1));
            let label = label.and_then(|rest| rest.strip_prefix('=')).ok_or("the drop-in has no label")?;
            node["metadata"]["labels"][k3s::BUILD_LABEL] = label.trim_end_matches('"').into();
        }
        Ok(node)
    }

    fn status(&self, report: &mut Report, moment: &str, code: i32, says: &str) -> Outcome {
        let script = self.scene.script("recovery/status.sh", &[])?;
        let output = self.cluster.script(&script, &[], Path::new("/nonexistent"))?;
        report.script(&format!("status.sh, {moment}: {says}"), &output, code, says);
        Ok(())
    }

    /// Waits until nothing changes any more and every pod is up, pending or stuck.
    fn settle(&self, seconds: u64) -> Outcome {
        let end = Instant::now() + Duration::from_secs(seconds);
        let mut last: (Vec<Pod>, Instant) = (Vec::new(), Instant::now());
        while Instant::now() < end {
            let now = pods(&self.cluster)?;
            if now != last.0 {
                last = (now, Instant::now());
            }
            let decided = last.0.iter().all(|pod| {
                pod.up || self.lost.contains(&pod.node) || (pod.node.is_empty() && !pod.why.is_empty())
            });
            if decided && last.1.elapsed() > Duration::from_secs(QUIET) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        Ok(())
    }

    fn busiest(&self, agents: &[NodeId]) -> Outcome<NodeId> {
        let pods = pods(&self.cluster)?;
        let weight = |id: &&NodeId| {
            let name = &self.plan().policy.node(**id).name.value;
            let boarders = self.plan().carriers.iter().filter(|carrier| {
                carrier.runs_as == "StatefulSet"
                    && carrier.tier.is_some_and(|tier| self.plan().policy.tier(tier.value).lifeboat.value)
            });
            boarders
                .filter(|c| {
                    pods.iter()
                        .any(|p| p.workload == c.workload && p.namespace == c.namespace && p.node == *name)
                })
                .count()
        };
        agents.iter().max_by_key(weight).copied().ok_or_else(|| "the policy has no agent".into())
    }

    fn lose(&mut self, id: NodeId) -> Outcome {
        let name = self.plan().policy.node(id).name.value.clone();
        self.cluster.power_off(&name)?;
        self.lost.insert(name.clone());
        self.history.push(vec![id]);
        self.cluster
            .wait(&format!("the loss of {name} to be seen"), 60, |c| Ok(c.ready(&name)? == "Unknown"))?;
        // Toleration seconds start with the taint that evicts; a second node waits for the rate limit.
        self.cluster.wait(&format!("evictions on {name}"), 60, |c| {
            Ok(pods(c)?.iter().filter(|pod| pod.node == name).all(|pod| pod.terminating || self.daemon(pod)))
        })?;
        self.settle(90)
    }

    fn daemon(&self, pod: &Pod) -> bool {
        let mut carriers = self.plan().carriers.iter();
        carriers
            .any(|c| c.runs_as == "DaemonSet" && c.namespace == pod.namespace && c.workload == pod.workload)
    }

    fn fence(&self, report: &mut Report, node: &str) -> Outcome {
        let output = self.cluster.script(&self.fence, &["fence", node], Path::new("/nonexistent"))?;
        report.script(&format!("fence.sh fence {node}"), &output, 0, "fenced");
        self.cluster.wait(&format!("the pods of {node} to be collected"), 90, |c| {
            Ok(pods(c)?.iter().all(|pod| pod.node != node || self.daemon(pod)))
        })?;
        self.settle(90)
    }

    /// Holds every claim about this moment against what is there.
    fn compare(&self, report: &mut Report, moment: &str, phase: Option<Phase>) -> Outcome {
        let pods = pods(&self.cluster)?;
        self.show(moment, &pods);
        if phase == Some(Phase::Eviction) && self.history.len() > 1 {
            println!(
                "  open       {moment}: the phase before a fence speaks of no fence at all, and one was made"
            );
            return Ok(());
        }
        let now = Moment { plan: self.plan(), pods: &pods, lost: &self.lost };
        for scenario in &self.plan().policy.scenarios {
            let about = scenario.losses.contains(&self.history) && scenario.event.is_none();
            if !about || phase.is_some_and(|phase| scenario.after.value != phase) {
                continue;
            }
            let broken = now.broken(&scenario.expect);
            let name = &scenario.name.value;
            let word = self.words.get(name).copied().unwrap_or(Word::Claimed);
            let claim = format!("{name}, {moment}: {}", word.text());
            match word {
                Word::Claimed | Word::Proved => report.holds(&claim, broken.is_empty(), &broken.join("; ")),
                Word::RefutedAlways => report.holds(&claim, !broken.is_empty(), "it held"),
                Word::Open if broken.is_empty() => println!("  open       {claim}: it held this time"),
                Word::Open => println!("  open       {claim}: it broke this time: {}", broken.join("; ")),
            }
        }
        let cells = self.scene.proof.cells(&self.lost, phase.map(Phase::word));
        if !cells.is_empty() {
            let certain: Vec<_> = cells.iter().filter(|(_, _, certain)| *certain).collect();
            let (mut compared, mut wrong) = (0, Vec::new());
            for (name, state, _) in &certain {
                if let Some(is) = now.is(name, state) {
                    compared += 1;
                    if !is {
                        wrong.push(format!("{name} is not {state}"));
                    }
                }
            }
            let claim =
                format!("{moment}: {compared} workloads that the proof is certain of, of {}", cells.len());
            report.holds(&claim, wrong.is_empty() && compared > 0, &wrong.join("; "));
        }
        Ok(())
    }

    fn show(&self, moment: &str, pods: &[Pod]) {
        let mut places: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for pod in pods {
            let place = match (pod.up && !self.lost.contains(&pod.node), pod.terminating, pod.node.is_empty())
            {
                (true, _, _) => pod.node.clone(),
                (_, true, _) => format!("{} (terminating)", pod.node),
                (_, _, true) => "pending".to_owned(),
                _ => format!("{} (lost)", pod.node),
            };
            places.entry(place).or_default().push(&pod.name);
        }
        println!("  {moment}:");
        for (place, pods) in places {
            println!("    {place}: {}", pods.join(" "));
        }
    }

    /// The nodes return, the fences are lifted, and the rollouts bring back green.
    fn back(&mut self, report: &mut Report) -> Outcome {
        let lost: Vec<String> = self.lost.iter().cloned().collect();
        for node in &lost {
            self.cluster.power_on(node)?;
        }
        for node in &lost {
            self.cluster.wait(&format!("{node} to return"), 60, |c| Ok(c.ready(node)? == "True"))?;
            self.cluster.wait(&format!("unfence {node}"), 90, |c| {
                Ok(c.script(&self.fence, &["unfence", node], Path::new("/nonexistent"))?.status.success())
            })?;
            self.cluster.wait_ready(node)?;
            report.holds(&format!("fence.sh unfence {node}"), true, "");
        }
        self.lost.clear();
        self.history.clear();
        self.settle(120)?;
        let pods = pods(&self.cluster)?;
        self.show("returned", &pods);
        let waiting: Vec<_> =
            pods.iter().filter(|pod| !pod.up).filter(|pod| self.ranked(pod)).map(|pod| &pod.name).collect();
        self.status(report, "returned", 1, "recovery/rebalance.sh")?;
        report.holds("everything runs after the return", waiting.is_empty(), &format!("{waiting:?}"));
        if self.scene.built.join("cluster/recovery/rebalance.sh").is_file() {
            let script = self.scene.script("recovery/rebalance.sh", &[])?;
            let output = self.cluster.script(&script, &["--lose-data"], Path::new("/nonexistent"))?;
            report.script("rebalance.sh", &output, 0, "");
            self.settle(90)?;
            self.compare(report, "rebalanced", None)?;
            self.status(report, "rebalanced", 0, "green")?;
        }
        Ok(())
    }

    fn ranked(&self, pod: &Pod) -> bool {
        let mut carriers = self.plan().carriers.iter();
        carriers.any(|c| c.tier.is_some() && c.namespace == pod.namespace && c.workload == pod.workload)
    }
}
