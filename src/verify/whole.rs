//! What is remembered of the input until its end, within [`Limits`].

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::crowd::Crowd;
use super::examine::{Examined, Held};
use super::limits::Limits;
use super::matching::Match;
use super::record::{Record, Words};
use super::told::Told;
use crate::kube::{PodDisruptionBudget, PriorityClass};
use crate::manifest;
use crate::plan::{CarrierId, Plan};

/// The input so far.
pub(super) struct Whole<'p> {
    pub(super) plan: &'p Plan,
    limits: Limits,
    pub(super) records: Vec<Record>,
    /// Workloads that are not among the records.
    pub(super) crowd: Crowd,
    words: Words,
    pub(super) classes: Vec<Held<PriorityClass>>,
    pub(super) budgets: Vec<Held<PodDisruptionBudget>>,
    /// Classes and budgets that are not remembered.
    pub(super) forgotten: Forgotten,
    /// Planned nodes that are there, and whether any node is.
    pub(super) nodes: BTreeSet<String>,
    pub(super) any_node: bool,
    pub(super) findings: Vec<Finding>,
    pub(super) told: Told<'p>,
    pub(super) counts: manifest::Counts,
    pub(super) broken: bool,
    remembered: BTreeMap<Of, usize>,
}

/// Objects that are not remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Forgotten {
    pub(super) classes: usize,
    pub(super) budgets: usize,
}

/// What a workload is remembered as.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Carrier(CarrierId),
    Service(usize),
    Like(usize),
    Nobody,
}

impl<'p> Whole<'p> {
    pub(super) fn new(plan: &'p Plan, limits: Limits) -> Self {
        Self {
            plan,
            limits,
            records: Vec::new(),
            crowd: Crowd::default(),
            words: Words::default(),
            classes: Vec::new(),
            budgets: Vec::new(),
            forgotten: Forgotten::default(),
            nodes: BTreeSet::new(),
            any_node: false,
            findings: Vec::new(),
            told: Told::new(&plan.policy, limits.findings),
            counts: manifest::Counts::default(),
            broken: false,
            remembered: BTreeMap::new(),
        }
    }

    /// Adds what comes next in the input.
    pub(super) fn append(&mut self, mut next: Examined) {
        for record in next.records {
            self.record(record);
        }
        self.told.retain(&mut next.findings);
        self.findings.append(&mut next.findings);
        let room = self.limits.objects.saturating_sub(self.classes.len());
        self.forgotten.classes += next.classes.len().saturating_sub(room);
        self.classes.extend(next.classes.into_iter().take(room));
        let room = self.limits.objects.saturating_sub(self.budgets.len());
        self.forgotten.budgets += next.budgets.len().saturating_sub(room);
        self.budgets.extend(next.budgets.into_iter().take(room));
        self.any_node |= !next.nodes.is_empty();
        let planned = |name: &String| self.plan.nodes.iter().any(|node| node.name == *name);
        self.nodes.extend(next.nodes.into_iter().filter(planned));
        self.counts.add(&next.counts);
        self.broken |= next.broken;
    }

    fn record(&mut self, mut record: Record) {
        let mut findings = record.take();
        record.violates |= self.told.retain(&mut findings);
        if self.remember(&record) {
            self.words.share(&mut record);
            record.extend(findings);
            self.records.push(record);
        } else {
            record.violates |= findings.iter().any(|finding| self.fails(finding));
            self.crowd.add(&record, self.limits.objects);
            self.findings.append(&mut findings);
        }
    }

    fn fails(&self, finding: &Finding) -> bool {
        finding.fails() && super::allow::covering(&self.plan.policy, finding).is_none()
    }

    /// Whether there is room for a workload.
    fn remember(&mut self, record: &Record) -> bool {
        let of = match (record.matched, record.looks_like()) {
            (Match::Carrier(id), _) => Of::Carrier(id),
            (Match::Service(service), _) => Of::Service(service),
            (Match::Foreign, Some(service)) => Of::Like(service),
            (Match::Foreign, None) => Of::Nobody,
        };
        let limit = if of == Of::Nobody { self.limits.workloads } else { self.limits.copies };
        let count = self.remembered.entry(of).or_default();
        *count += 1;
        *count <= limit
    }
}
