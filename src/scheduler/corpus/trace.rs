//! Turns what an observer hears into a record of the corpus' shape.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::scheduler::decide::Cycle;
use crate::scheduler::{
    Candidate, Code, Decision, NoHelp, NodeId, NodeSet, Observer, Plugin, PodId, PreFilterReason, Reason,
    Rejected, World, fit_error,
};

/// Why a node was rejected.
#[derive(Clone, Debug, PartialEq)]
struct Status {
    plugin: Option<&'static str>,
    code: &'static str,
    reasons: Vec<String>,
}

impl Status {
    fn json(&self) -> Value {
        let mut map = Map::new();
        if let Some(plugin) = self.plugin {
            map.insert("plugin".into(), plugin.into());
        }
        map.insert("code".into(), self.code.into());
        if !self.reasons.is_empty() {
            map.insert("reasons".into(), json!(self.reasons));
        }
        map.into()
    }
}

/// Everything about one attempt.
pub(super) struct Trace<'w> {
    world: &'w World,
    nodes: usize,
    skipped: Vec<&'static str>,
    pre_filter: Option<PreFilterReason>,
    named: Option<Vec<String>>,
    rejected: BTreeMap<NodeId, Status>,
    all_rejects: BTreeMap<NodeId, Vec<&'static str>>,
    feasible: NodeSet,
    scores: BTreeMap<&'static str, (i64, Vec<i64>, Vec<i64>)>,
    total: Option<(Vec<i64>, NodeSet)>,
    not_eligible: Option<&'static str>,
    potential: Option<NodeSet>,
    candidates: Vec<Candidate>,
    no_help: BTreeMap<NodeId, Status>,
}

/// The node whose name comes first.
pub(super) fn first_by_name(world: &World, nodes: NodeSet) -> Option<NodeId> {
    nodes.iter().min_by(|a, b| world.nodes[a.index()].name.cmp(&world.nodes[b.index()].name))
}

impl<'w> Trace<'w> {
    pub(super) fn new(world: &'w World, nodes: usize) -> Trace<'w> {
        Trace {
            world,
            nodes,
            skipped: Vec::new(),
            pre_filter: None,
            named: None,
            rejected: BTreeMap::new(),
            all_rejects: BTreeMap::new(),
            feasible: NodeSet::EMPTY,
            scores: BTreeMap::new(),
            total: None,
            not_eligible: None,
            potential: None,
            candidates: Vec::new(),
            no_help: BTreeMap::new(),
        }
    }

    fn name(&self, node: NodeId) -> &'w str {
        &self.world.nodes[node.index()].name
    }

    fn names(&self, nodes: NodeSet) -> Vec<&'w str> {
        let mut names: Vec<&str> = nodes.iter().map(|n| self.name(n)).collect();
        names.sort_unstable();
        names
    }

    fn by_name<T>(&self, map: &BTreeMap<NodeId, T>, json: impl Fn(&T) -> Value) -> Value {
        let entries = map.iter().map(|(node, value)| (self.name(*node).to_owned(), json(value)));
        Value::Object(entries.collect())
    }

    fn status(&self, plugin: Plugin, code: Code, reasons: &[Reason]) -> Status {
        let reasons = reasons.iter().map(|r| r.text(self.world)).collect();
        Status { plugin: Some(plugin.name()), code: code.name(), reasons }
    }

    /// Writes the record.
    pub(super) fn finish(
        mut self,
        record: &mut Map<String, Value>,
        decision: &Decision,
        key: &dyn Fn(PodId) -> String,
    ) {
        if self.nodes == 0 {
            self.skipped.sort_unstable();
            record.insert("skipFilter".into(), json!(self.skipped));
            record.insert("feasible".into(), json!([]));
            record.insert("outcome".into(), "unschedulable".into());
            record.insert("message".into(), "no nodes available to schedule pods".into());
            return;
        }
        if let Some(reason) = &self.pre_filter {
            let reasons = vec![reason.text()];
            let code = Code::UnschedulableAndUnresolvable.name();
            let status = Status { plugin: Some(reason.plugin().name()), code, reasons };
            record.insert("preFilter".into(), status.json());
        }
        if let Some(named) = self.named.take() {
            record.insert("preFilterNodes".into(), json!(named));
        }
        self.skipped.sort_unstable();
        if !self.skipped.is_empty() {
            record.insert("skipFilter".into(), json!(self.skipped));
        }
        let nominated = record.get("nominated").and_then(Value::as_str).and_then(|n| self.world.node(n));
        if nominated.is_some_and(|n| self.feasible == NodeSet::of(n) && self.scores.is_empty()) {
            // With a nominated node that fits, no other node is examined.
            self.all_rejects.retain(|node, _| Some(*node) == nominated);
        }
        if matches!(decision, Decision::Bind(_)) {
            // Nodes that PreFilter left out get a status only in the diagnosis of a failure.
            self.rejected.retain(|_, status| status.plugin.is_some());
        }
        if !self.rejected.is_empty() {
            record.insert("rejected".into(), self.by_name(&self.rejected, Status::json));
        }
        if !self.all_rejects.is_empty() {
            record.insert("allRejects".into(), self.by_name(&self.all_rejects, |plugins| json!(plugins)));
        }
        record.insert("feasible".into(), json!(self.names(self.feasible)));
        self.write_scores(record);
        match decision {
            Decision::Bind(best) => {
                record.insert("best".into(), json!(self.names(*best)));
                record.insert("outcome".into(), "bound".into());
                let chosen = first_by_name(self.world, *best).map(|n| self.name(n));
                record.insert("chosen".into(), json!(chosen));
            }
            Decision::Preempt(best) => {
                record.insert("outcome".into(), "preempts".into());
                self.write_preemption(record, best, key);
            }
            Decision::Pending => {
                record.insert("outcome".into(), "unschedulable".into());
                self.write_preemption(record, &[], key);
            }
        }
    }

    fn write_scores(&self, record: &mut Map<String, Value>) {
        let Some((total, _)) = &self.total else { return };
        let mut nodes: Vec<NodeId> = self.feasible.iter().collect();
        nodes.sort_by_key(|n| self.name(*n));
        let row = |values: &[i64]| nodes.iter().map(|n| values[n.index()]).collect::<Vec<i64>>();
        let mut scores = Map::new();
        for (plugin, (weight, raw, normalised)) in &self.scores {
            scores.insert((*plugin).into(), json!({"w": weight, "raw": row(raw), "norm": row(normalised)}));
        }
        let mut skipped: Vec<&str> = Plugin::SCORES.iter().map(|p| p.name()).collect();
        skipped.retain(|p| !self.scores.contains_key(p));
        skipped.push("VolumeBinding");
        skipped.sort_unstable();
        if self.world.version.scores_dynamic_resources() {
            let zero = vec![0; nodes.len()];
            scores.insert("DynamicResources".into(), json!({"w": 2, "raw": zero, "norm": zero}));
        }
        record.insert("skipScore".into(), json!(skipped));
        record.insert("scores".into(), scores.into());
        record.insert("total".into(), json!(row(total)));
    }

    fn write_preemption(
        &self,
        record: &mut Map<String, Value>,
        best: &[Candidate],
        key: &dyn Fn(PodId) -> String,
    ) {
        let mut map = Map::new();
        let status = self.preemption_status(best);
        map.insert("status".into(), status.json());
        if let Some(potential) = self.potential.filter(|p| !p.is_empty()) {
            map.insert("potential".into(), json!(self.names(potential)));
        }
        if !self.no_help.is_empty() {
            map.insert("noHelp".into(), self.by_name(&self.no_help, Status::json));
        }
        if !self.candidates.is_empty() {
            let candidates = self.candidates.iter().map(|c| {
                let victims: Vec<String> = c.victims.iter().map(|v| key(v.pod)).collect();
                (self.name(c.node).to_owned(), json!({"victims": victims, "pdbViolations": c.pdb_violations}))
            });
            map.insert("candidates".into(), Value::Object(candidates.collect()));
            let nodes: NodeSet = best.iter().map(|c| c.node).collect();
            map.insert("best".into(), json!(self.names(nodes)));
            map.insert("chosen".into(), json!(first_by_name(self.world, nodes).map(|n| self.name(n))));
        }
        record.insert("preemption".into(), map.into());
        record.insert("message".into(), self.message(&status).into());
    }

    /// The status that RunPostFilterPlugins merges: DynamicResources speaks first.
    fn preemption_status(&self, best: &[Candidate]) -> Status {
        if !best.is_empty() {
            return Status { plugin: None, code: "Success", reasons: Vec::new() };
        }
        let plugin = Some("DynamicResources");
        if self.pre_filter.is_some() {
            // DynamicResources finds no state, because its PreFilter did not run.
            return Status { plugin, code: "Error", reasons: vec!["not found".to_owned()] };
        }
        let why = self.not_eligible.map_or_else(|| self.no_candidate(), str::to_owned);
        let reasons = vec!["no new claims to deallocate".to_owned(), format!("preemption: {why}")];
        Status { plugin, code: Code::Unschedulable.name(), reasons }
    }

    fn no_candidate(&self) -> String {
        let not_tried = self.nodes.saturating_sub(self.no_help.len());
        let tried = self.no_help.values().flat_map(|s| s.reasons.iter().map(String::as_str));
        fit_error(
            self.nodes,
            tried.chain(std::iter::repeat_n("Preemption is not helpful for scheduling", not_tried)),
        )
    }

    fn message(&self, post_filter: &Status) -> String {
        let mut text = match &self.pre_filter {
            Some(reason) => format!("{} {}.", fit_error(self.nodes, []), reason.text()),
            None => {
                let reasons = self.rejected.values().flat_map(|s| s.reasons.iter().map(String::as_str));
                fit_error(self.nodes, reasons)
            }
        };
        if !post_filter.reasons.is_empty() {
            text.push(' ');
            text.push_str(&post_filter.reasons.join(", "));
        }
        text
    }
}

impl Observer for Trace<'_> {
    fn pre_filter(&mut self, reason: &PreFilterReason) {
        self.pre_filter = Some(reason.clone());
        self.all_rejects.clear();
        self.named = None;
    }

    fn cycle(&mut self, cycle: &Cycle<'_>) {
        let known = Plugin::FILTERS.iter().chain(&[Plugin::DynamicResources, Plugin::NodeDeclaredFeatures]);
        self.skipped = known.filter(|p| cycle.skips(**p)).map(|p| p.name()).collect();
        if cycle.narrows() {
            self.named = Some(cycle.field_names().to_vec());
        }
        for plugin in Plugin::FILTERS {
            for node in cycle.rejects_alone(plugin).nodes().iter() {
                self.all_rejects.entry(node).or_default().push(plugin.name());
            }
        }
    }

    fn rejected(&mut self, plugin: Plugin, rejected: Rejected, reasons: &dyn Fn(NodeId) -> Vec<Reason>) {
        for (nodes, code) in [
            (rejected.unschedulable, Code::Unschedulable),
            (rejected.unresolvable, Code::UnschedulableAndUnresolvable),
        ] {
            for node in nodes.iter() {
                let status = self.status(plugin, code, &reasons(node));
                self.rejected.insert(node, status);
            }
        }
    }

    fn not_named(&mut self, nodes: NodeSet) {
        for node in nodes.iter() {
            let code = Code::UnschedulableAndUnresolvable.name();
            let reasons = vec![Reason::NotNamed.text(self.world)];
            self.rejected.insert(node, Status { plugin: None, code, reasons });
        }
    }

    fn feasible(&mut self, nodes: NodeSet) {
        self.feasible = nodes;
    }

    fn score(&mut self, plugin: Plugin, raw: &[i64], normalised: &[i64]) {
        self.scores.insert(plugin.name(), (plugin.weight(), raw.to_vec(), normalised.to_vec()));
    }

    fn total(&mut self, total: &[i64], best: NodeSet) {
        self.total = Some((total.to_vec(), best));
    }

    fn not_eligible(&mut self, message: &'static str) {
        self.not_eligible = Some(message);
    }

    fn potential(&mut self, nodes: NodeSet) {
        self.potential = Some(nodes);
    }

    fn candidate(&mut self, candidate: &Candidate) {
        self.candidates.push(candidate.clone());
    }

    fn no_help(&mut self, node: NodeId, why: &NoHelp) {
        let status = match why {
            NoHelp::NoVictims => Status {
                plugin: None,
                code: Code::UnschedulableAndUnresolvable.name(),
                reasons: vec!["No preemption victims found for incoming pod".to_owned()],
            },
            NoHelp::Rejected(plugin, rejected, reasons) => {
                let resolvable = rejected.unschedulable.contains(node);
                let code = if resolvable { Code::Unschedulable } else { Code::UnschedulableAndUnresolvable };
                self.status(*plugin, code, reasons)
            }
        };
        self.no_help.insert(node, status);
    }
}
