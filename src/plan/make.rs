//! Makes the plan: carriers first, then one decision after the other over all of them. Later decisions
//! see earlier ones (the lock's selector needs every tier), none is revised.

use std::collections::BTreeMap;

use serde_json::Value;

use super::terms::Affinity;
use super::{
    AFFINITY, Carrier, CarrierId, Decision, Owner, Plan, ServicePlan, aboard, apart, carriers, class,
    closure, enabled, eviction, lifeboat, lock, mentions, nodes, replicas, requests, spread, storage,
    unwritten,
};
use crate::catalogue::{Catalogue, Origin, Reach, Target, ValuePath, coalesce};
use crate::diag::{Diagnostic, Severity, codes::build as codes, codes::catalogue, codes::policy};
use crate::policy::{Component, Policy};
use crate::source::SourceMap;
use crate::why::{Decided, Ledger, Reason, Rule, Why};

/// The team's values files of one service, merged in order as Helm merges them.
#[derive(Clone, Debug, Default)]
pub struct TeamValues {
    /// The merged values; an empty map without any.
    pub merged: Value,
}

/// Everything that a plan is made from.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// Where the catalogue's files are registered.
    pub sources: &'a mut SourceMap,
    /// Chart knowledge.
    pub catalogue: &'a Catalogue,
    /// Per service of the policy, in its order: the team's values.
    pub team: Vec<TeamValues>,
}

/// A plan and what there is to say about it.
#[derive(Debug)]
pub struct Outcome {
    /// The plan. If a diagnostic is an error, it is good only to look for further mistakes.
    pub plan: Plan,
    /// Errors, warnings and notes.
    pub diagnostics: Vec<Diagnostic>,
}

impl Outcome {
    /// The plan, if it is to be used.
    ///
    /// # Errors
    /// The diagnostics, if one of them is an error.
    pub fn usable(self) -> Result<Plan, Vec<Diagnostic>> {
        let broken = self.diagnostics.iter().any(|finding| finding.severity == Severity::Error);
        if broken { Err(self.diagnostics) } else { Ok(self.plan) }
    }
}

/// Makes the plan of a policy.
#[must_use]
pub fn make(policy: Policy, inputs: Inputs<'_>) -> Outcome {
    let mut draft = Draft::new(&policy);
    carriers::collect(&mut draft, inputs);
    enabled::decide(&mut draft);
    for id in draft.live() {
        class::decide(&mut draft, id);
        replicas::decide(&mut draft, id);
        storage::decide(&mut draft, id);
        requests::decide(&mut draft, id);
        lifeboat::tolerate(&mut draft, id);
        eviction::decide(&mut draft, id);
    }
    lock::add(&mut draft);
    mentions::check(&mut draft);
    let sides = apart::sides(&mut draft);
    unwritten::check(&mut draft, &sides);
    let groups = spread::groups(&mut draft);
    for id in draft.live() {
        affinity(&mut draft, id, &sides);
        spread::decide(&mut draft, id, &groups, &sides);
    }
    for id in draft.live() {
        follow(&mut draft, id);
    }
    closure::check(&mut draft);
    aboard::check(&mut draft);
    draft.report_unreachable();
    let classes = class::classes(&mut draft);
    let nodes = nodes::nodes(&mut draft);
    let Draft { ledger, services, carriers, diagnostics, .. } = draft;
    let plan = Plan { policy, ledger, services, carriers, classes, nodes, quotas: Vec::new() };
    Outcome { plan, diagnostics }
}

/// What is wrong with the names that a rejected policy gives to charts, components and values files: so
/// that one run tells of them together with the mistakes that it was rejected for.
#[must_use]
pub fn survey(policy: &Policy, inputs: Inputs<'_>) -> Vec<Diagnostic> {
    let mut draft = Draft::new(policy);
    carriers::collect(&mut draft, inputs);
    mentions::check(&mut draft);
    apart::sides(&mut draft);
    enabled::decide(&mut draft);
    for id in draft.live() {
        storage::decide(&mut draft, id);
    }
    // Anything else may follow from what the policy is rejected for.
    draft.diagnostics.retain(|finding| NAMES.contains(&finding.code));
    draft.diagnostics
}

/// Codes of findings about one name or one component, which no other mistake explains.
const NAMES: [crate::diag::Code; 8] = [
    catalogue::UNKNOWN_CHART,
    catalogue::UNKNOWN_CHART_VERSION,
    catalogue::AMBIGUOUS_CHART_REPOSITORY,
    catalogue::UNKNOWN_CHART_REPOSITORY,
    codes::UNKNOWN_COMPONENT,
    codes::UNKNOWN_CONTAINER,
    codes::STORAGE_UNREACHABLE,
    policy::STORAGE_UNSTATED,
];

/// Everything that has a say in where a pod stands, on top of the team's own terms. The chart's default
/// goes: it was written for another cluster, and Helm's merge would leave it beside the plan. What the
/// template writes beside any value stays.
fn affinity(draft: &mut Draft, id: CarrierId, sides: &apart::Sides) {
    if draft.carrier(id).owner == Owner::Lock || draft.carrier(id).transient {
        return;
    }
    let team = draft.carrier(id).base.team(&AFFINITY).cloned();
    let there = match (draft.kept(id, &AFFINITY), team) {
        (Some(kept), Some(team)) => Some(coalesce(&kept, &team)),
        (kept, team) => kept.or(team),
    };
    let mut affinity = Affinity::on(there.as_ref());
    lifeboat::prefer_others(draft, id, &mut affinity);
    lock::keep_off(draft, id, &mut affinity);
    apart::decide(draft, id, sides, &mut affinity);
    if affinity.untouched() {
        return;
    }
    let (value, parts) = affinity.finish();
    let why = parts.first().map_or(draft.unasked, |(_, why)| *why);
    draft.set(id, AFFINITY, Some(value), why, parts);
}

/// Hooks and tests listen to the same affinity as the component that they belong to: nobody decides
/// about them, but they get it.
fn follow(draft: &mut Draft, id: CarrierId) {
    if !draft.carrier(id).transient {
        return;
    }
    let paths = draft.live_paths(id, &AFFINITY);
    if paths.is_empty() {
        return;
    }
    let leads = |other: &CarrierId| {
        let carrier = draft.carrier(*other);
        carrier.lasting()
            && carrier.fields.contains_key(&AFFINITY)
            && draft.live_paths(*other, &AFFINITY) == paths
    };
    let Some(leader) = draft.live().into_iter().find(leads) else { return };
    let decision = draft.carrier(leader).fields[&AFFINITY].clone();
    draft.carrier_mut(id).fields.insert(AFFINITY, decision);
}

/// So many components does a chart have, or fewer.
const COMPONENTS: usize = 16;

/// A plan under construction.
pub(super) struct Draft<'a> {
    pub(super) policy: &'a Policy,
    pub(super) ledger: Ledger,
    pub(super) services: Vec<ServicePlan>,
    pub(super) carriers: Vec<Carrier>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The reason of what nobody asked for.
    pub(super) unasked: Why,
}

impl<'a> Draft<'a> {
    fn new(policy: &'a Policy) -> Self {
        let mut ledger = Ledger::default();
        let unasked =
            ledger.add(Reason { rule: Rule::Default, at: None, path: String::new(), because: Vec::new() });
        let carriers = Vec::with_capacity(policy.workloads.len() + COMPONENTS * policy.services.len());
        Self { policy, ledger, services: Vec::new(), carriers, diagnostics: Vec::new(), unasked }
    }

    pub(super) fn add_carrier(&mut self, carrier: Carrier) -> CarrierId {
        self.carriers.push(carrier);
        CarrierId(u32::try_from(self.carriers.len() - 1).unwrap_or(u32::MAX))
    }

    pub(super) fn carrier(&self, id: CarrierId) -> &Carrier {
        &self.carriers[id.0 as usize]
    }

    pub(super) fn carrier_mut(&mut self, id: CarrierId) -> &mut Carrier {
        &mut self.carriers[id.0 as usize]
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = CarrierId> + use<'a> {
        (0..u32::try_from(self.carriers.len()).unwrap_or(u32::MAX)).map(CarrierId)
    }

    /// The same as a list, for loops that change the draft.
    pub(super) fn all(&self) -> Vec<CarrierId> {
        let own = |id: &CarrierId| !matches!(self.carrier(*id).owner, Owner::Packaged | Owner::Given(_));
        self.ids().filter(own).collect()
    }

    /// Those that are installed.
    fn live(&self) -> Vec<CarrierId> {
        self.all().into_iter().filter(|&id| self.carrier(id).enabled.value).collect()
    }

    /// The policy's words on a component.
    pub(super) fn stated(&self, id: CarrierId) -> Option<&'a Component> {
        let (service, name) = match &self.carrier(id).owner {
            Owner::Component { service, component } | Owner::Custom { service, component } => {
                (service, component)
            }
            _ => return None,
        };
        let service = &self.policy.services[self.services[*service].index];
        service.components.iter().find(|component| component.name.value == *name)
    }

    pub(super) fn service_name(&self, id: CarrierId) -> Option<&'a String> {
        match &self.carrier(id).owner {
            Owner::Component { service, .. } | Owner::Custom { service, .. } => {
                Some(&self.policy.services[self.services[*service].index].name.value)
            }
            _ => None,
        }
    }

    pub(super) fn component_name(&self, id: CarrierId) -> Option<&String> {
        match &self.carrier(id).owner {
            Owner::Component { component, .. } | Owner::Custom { component, .. } => Some(component),
            _ => None,
        }
    }

    /// Whether a carrier's pods may board the lifeboat and therefore take part in its locking.
    pub(super) fn boards(&self, id: CarrierId) -> bool {
        let carrier = self.carrier(id);
        carrier.lasting()
            && carrier.runs_as != "DaemonSet"
            && self.policy.lifeboat.is_some()
            && carrier.tier.is_some_and(|tier| self.policy.tier(tier.value).lifeboat.value)
    }

    pub(super) fn boarding(&self) -> Vec<CarrierId> {
        self.ids().filter(|&id| self.boards(id)).collect()
    }

    /// What is there without lifeboat, and who says so.
    pub(super) fn baseline(&self, id: CarrierId, field: &Target) -> Option<(&Value, Origin)> {
        self.carrier(id).base.get(field)
    }

    /// A list field as decided so far, else as it is without lifeboat.
    pub(super) fn list(&self, id: CarrierId, field: &Target) -> Vec<Value> {
        let value = self.carrier(id).field(field).cloned();
        value.and_then(|value| value.as_array().cloned()).unwrap_or_default()
    }

    /// Decides a field, or notes that no value reaches it.
    pub(super) fn set(
        &mut self,
        id: CarrierId,
        field: Target,
        value: Option<Value>,
        why: Why,
        mut parts: Vec<(Vec<String>, Why)>,
    ) {
        if self.carrier(id).field(&field) == value.as_ref() {
            return;
        }
        if let Some(reason) = self.unreachable(id, &field) {
            self.carrier_mut(id).unreachable.insert(field, reason);
            return;
        }
        if let Some(earlier) = self.carrier(id).fields.get(&field) {
            parts.splice(0..0, earlier.parts.iter().cloned());
        }
        let decision = Decision { value: Decided { value, why }, parts, guessed: false };
        self.carrier_mut(id).fields.insert(field, decision);
    }

    pub(super) fn mark_guessed(&mut self, id: CarrierId, field: &Target) {
        if let Some(decision) = self.carrier_mut(id).fields.get_mut(field) {
            decision.guessed = true;
        }
    }

    fn unreachable(&self, id: CarrierId, field: &Target) -> Option<String> {
        let Owner::Component { service, component } = &self.carrier(id).owner else { return None };
        let component = self.services[*service].edition.components.get(component)?;
        match component.reach(field) {
            Some(Reach::Wired(_)) => None,
            Some(Reach::Fixed(_)) => Some("the chart always writes its own".to_owned()),
            Some(Reach::Unreachable(reason)) => Some(reason.clone()),
            None => Some(format!("a {} has no such field", component.kind)),
        }
    }

    /// One warning for each field that the plan wants and no value reaches. Pods that end by themselves are
    /// left out: no claim is about them, and `lifeboat charts show` names their fields.
    fn report_unreachable(&mut self) {
        let mut found = Vec::new();
        for id in self.ids() {
            let carrier = self.carrier(id);
            if carrier.transient {
                continue;
            }
            for (target, reason) in &carrier.unreachable {
                let name = self.names(&[id]);
                let message = format!("no value reaches {target} of {name}: {reason}");
                let mut diagnostic = Diagnostic::new(codes::FIELD_UNREACHABLE, message)
                    .about(&name)
                    .help("accept it with `[allow.NAME]` and a reason; the proof counts with what the chart renders");
                if let Some(span) = carrier.span {
                    diagnostic = diagnostic.at(span, "left as the chart renders it");
                }
                found.push(diagnostic);
            }
        }
        self.diagnostics.extend(found);
    }

    /// The paths that a field listens to, as far as the first that is set without lifeboat.
    pub(super) fn live_paths(&self, id: CarrierId, field: &Target) -> Vec<&ValuePath> {
        let Owner::Component { service, component } = &self.carrier(id).owner else { return Vec::new() };
        let plan = &self.services[*service];
        let known = plan.edition.components.get(component).and_then(|c| c.reach(field));
        let mut paths = Vec::new();
        for wire in known.and_then(Reach::wiring).map_or(&[][..], |wiring| &wiring.chain[..]) {
            paths.push(&wire.path);
            if plan.edition.sets(&wire.path, &plan.team) {
                break;
            }
        }
        paths
    }

    /// What the chart's template writes beside any value of a field.
    fn kept(&self, id: CarrierId, field: &Target) -> Option<serde_json::Value> {
        let Owner::Component { service, component } = &self.carrier(id).owner else { return None };
        let known = self.services[*service].edition.components.get(component)?.reach(field)?;
        known.wiring()?.kept().cloned()
    }

    /// Names of carriers for a message.
    pub(super) fn names(&self, ids: &[CarrierId]) -> String {
        let mut names: Vec<String> = ids
            .iter()
            .map(|&id| match (self.service_name(id), self.component_name(id)) {
                (Some(service), Some(component)) => format!("`{service}/{component}`"),
                _ => format!("`{}`", self.carrier(id).name),
            })
            .collect();
        names.dedup();
        names.join(", ")
    }

    /// The catalogue's figures for a container that nobody stated any for.
    pub(super) fn suggested(
        &mut self,
        id: CarrierId,
        container: &str,
    ) -> Option<(BTreeMap<String, String>, Why)> {
        let carrier = self.carrier(id);
        let (edition, component, known) = match &carrier.owner {
            Owner::Component { service, component } => {
                let edition = &self.services[*service].edition;
                (edition, component, edition.components.get(component)?)
            }
            Owner::Custom { service, .. } => {
                let edition = &self.services[*service].edition;
                let template = super::custom::template(edition, &carrier.kind)?;
                let (name, _) =
                    edition.components.iter().find(|(_, known)| std::ptr::eq(*known, template))?;
                (edition, name, template)
            }
            _ => return None,
        };
        let found = known.containers.iter().find(|c| c.name == container)?;
        let figures = found.suggested.as_ref()?.requests.clone();
        let reason = Reason {
            rule: Rule::Catalogue,
            at: Some(known.span),
            path: format!("{}.{component}.requests", edition.chart),
            because: Vec::new(),
        };
        Some((figures, self.ledger.add(reason)))
    }
}
