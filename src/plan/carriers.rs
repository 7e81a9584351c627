//! Collects every pod carrier: the components of each service's chart, its custom resources, and the
//! workloads by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::custom;
use super::make::{Draft, Inputs};
use super::{Carrier, NODE_SELECTOR, Owner, PRIORITY_CLASS, REPLICAS, ServicePlan, TOLERATIONS};
use crate::catalogue::{
    Baseline, Catalogue, Chart, Component, Edition, Known, Place, Release, Target, Untouched,
};
use crate::diag::{Diagnostic, codes::build as build_codes, codes::catalogue as codes};
use crate::policy::{self, Service, Toleration};
use crate::shape::{did_you_mean, quoted_list};
use crate::why::{Decided, Reason, Rule, Why};

/// Fills the draft with all carriers as they are without lifeboat.
pub(super) fn collect(draft: &mut Draft, inputs: Inputs<'_>) {
    let policy = draft.policy;
    let Inputs { sources, catalogue, team } = inputs;
    // Many services may install one chart: it is read once.
    let mut charts: BTreeMap<&str, Arc<Chart>> = BTreeMap::new();
    let mut team = team.into_iter();
    for (index, service) in policy.services.iter().enumerate() {
        let team = team.next().map_or_else(|| json!({}), |team| team.merged);
        if service.lacks.chart {
            continue;
        }
        let chart = match charts.get(service.chart.value.as_str()).cloned() {
            Some(known) => Ok(known),
            None => catalogue.chart(sources, &service.chart.value),
        };
        let chart = match chart {
            Ok(chart) => chart,
            Err(diagnostic) => {
                draft.diagnostics.push(located(*diagnostic, service.chart.span, "not in the catalogue"));
                continue;
            }
        };
        charts.insert(&service.chart.value, Arc::clone(&chart));
        if service.lacks.version {
            continue;
        }
        let Some(edition) = edition(draft, service, catalogue, &chart, &team) else { continue };
        unknown_components(draft, service, &edition);
        draft.services.push(ServicePlan { index, edition, team });
        components(draft, service);
    }
    for (index, workload) in policy.workloads.iter().enumerate() {
        by_hand(draft, index, workload);
    }
    super::given::collect(draft);
    for packaged in super::packaged::carriers(catalogue, sources, policy, &mut draft.ledger) {
        draft.add_carrier(packaged);
    }
}

fn located(mut diagnostic: Diagnostic, span: Option<crate::source::Span>, text: &str) -> Diagnostic {
    if diagnostic.primary.is_none()
        && let Some(span) = span
    {
        diagnostic = diagnostic.at(span, text);
    }
    diagnostic
}

/// The chart at the service's version.
fn edition(
    draft: &mut Draft,
    service: &Service,
    catalogue: &Catalogue,
    chart: &Arc<Chart>,
    team: &Value,
) -> Option<Arc<Edition>> {
    let repository = service.repository.as_ref().map(|stated| {
        // A short name stands for the repository that is served from a host of that name.
        let short = chart.lines.iter().find(|line| line.url.contains(&format!("//{}.", stated.value)));
        short.map_or_else(|| stated.value.clone(), |line| line.url.clone())
    });
    let release = Release { name: &service.release.value, namespace: &service.namespace.value, values: team };
    match catalogue.installed(chart, (&service.version.value, repository.as_deref()), release) {
        Ok(edition) => {
            if edition.known == Known::Newer {
                let newest = chart.tested.last().map_or_else(String::new, ToString::to_string);
                let diagnostic = Diagnostic::new(
                    codes::CHART_UNTESTED,
                    format!(
                        "chart {} {} is newer than any that was tested",
                        chart.name, service.version.value
                    ),
                )
                .note(format!("the newest tested version is {newest}"))
                .help("`lifeboat render --charts NEW.tgz` shows whether the overlay still does what it says");
                draft.diagnostics.push(located(diagnostic, service.version.span, "not tested"));
            }
            Some(edition)
        }
        Err(diagnostic) => {
            draft.diagnostics.push(located(*diagnostic, service.version.span, "this version"));
            None
        }
    }
}

/// Names of components that the chart does not have.
fn unknown_components(draft: &mut Draft, service: &Service, edition: &Edition) {
    for component in &service.components {
        let known = match &component.kind {
            None => edition.components.get(&component.name.value).is_some_and(|c| c.place == Place::Chart),
            Some(kind) => custom::template(edition, &kind.value).is_some(),
        };
        if known {
            let names = component.containers.iter().map(|c| &c.name);
            unknown_containers(draft, edition, component, names);
            continue;
        }
        let names: Vec<&str> = edition
            .components
            .iter()
            .filter(|(_, c)| c.place == Place::Chart)
            .map(|(n, _)| n.as_str())
            .collect();
        let help = match did_you_mean(&component.name.value, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", quoted_list(names.iter().copied())),
        };
        let message = format!(
            "chart {} {} has no component `{}`",
            edition.chart, edition.version, component.name.value
        );
        let diagnostic = Diagnostic::new(build_codes::UNKNOWN_COMPONENT, message).help(help);
        draft.diagnostics.push(located(diagnostic, component.name.span, "no such component"));
    }
}

fn unknown_containers<'n>(
    draft: &mut Draft,
    edition: &Edition,
    component: &policy::Component,
    names: impl Iterator<Item = &'n crate::shape::Field<String>>,
) {
    let Some(known) = edition.components.get(&component.name.value) else { return };
    for name in names {
        let containers: Vec<&str> = known.containers.iter().map(|c| c.name.as_str()).collect();
        if containers.contains(&name.value.as_str()) {
            continue;
        }
        let message = format!("`{}` has no container `{}`", component.name.value, name.value);
        let diagnostic = Diagnostic::new(build_codes::UNKNOWN_CONTAINER, message)
            .help(format!("it has {}", quoted_list(containers.iter().copied())));
        draft.diagnostics.push(located(diagnostic, name.span, "no such container"));
    }
}

fn components(draft: &mut Draft, service: &Service) {
    let index = draft.services.len() - 1;
    let edition = Arc::clone(&draft.services[index].edition);
    for (name, component, untouched) in edition.untouched() {
        if component.place != Place::Chart {
            continue;
        }
        let chart = &edition.chart;
        let reason = Reason {
            rule: Rule::Catalogue,
            at: Some(component.span),
            path: format!("{chart}.{name}"),
            because: Vec::new(),
        };
        let why = draft.ledger.add(reason);
        let owner = Owner::Component { service: index, component: name.clone() };
        let carrier = of_component(draft, service, component, owner, untouched.clone(), why);
        draft.add_carrier(carrier);
    }
    follow(draft, service, &edition);
    for stated in service.components.iter().filter(|c| c.kind.is_some()) {
        instance(draft, service, index, stated);
    }
}

/// A hook or a test that nobody gave a tier has that of the one component whose values it listens to: no value could
/// tell the two apart.
fn follow(draft: &mut Draft, service: &Service, edition: &Edition) {
    let index = draft.services.len() - 1;
    let named = |draft: &Draft, wanted: &str| {
        draft.all().into_iter().find(|&id| {
            matches!(&draft.carrier(id).owner, Owner::Component { service, component }
                if *service == index && component == wanted)
        })
    };
    for (name, known) in &edition.components {
        let Some(id) = named(draft, name).filter(|&id| draft.carrier(id).transient) else { continue };
        if service.components.iter().any(|c| c.name.value == *name && c.tier.is_some()) {
            continue;
        }
        let wires = [&TOLERATIONS, &PRIORITY_CLASS]
            .into_iter()
            .filter_map(|target| known.reach(target)?.wiring()?.chain.first());
        let mut others = wires.filter_map(|wire| {
            let mut lasting = wire.reaches.iter().filter(|(other, _)| {
                other != name && named(draft, other).is_some_and(|id| !draft.carrier(id).transient)
            });
            let (only, _) = lasting.next()?;
            lasting.all(|(other, _)| other == only).then_some(only)
        });
        let Some(leader) = others.next().and_then(|leader| named(draft, leader)) else { continue };
        draft.carrier_mut(id).tier = draft.carrier(leader).tier;
    }
}

/// A custom resource that the policy names.
fn instance(draft: &mut Draft, service: &Service, index: usize, stated: &policy::Component) {
    let Some(kind) = &stated.kind else { return };
    let Some(template) = custom::template(&draft.services[index].edition, &kind.value) else { return };
    let name = stated.name.value.clone();
    let mut component = template.clone();
    // The catalogue describes an instance by the name that the template has; this one has its own.
    let fill = |text: &str| text.replace(&template.name, &name);
    component.makes.1 = fill(&component.makes.1);
    let filled = |map: &BTreeMap<String, String>| {
        Arc::new(map.iter().map(|(key, value)| (key.clone(), fill(value))).collect())
    };
    component.labels = filled(&component.labels);
    component.selector = filled(&component.selector);
    component.name = name.clone();
    let why = draft.ledger.add(stated.name.reason());
    let (containers, init_containers) = component.container_names(|_| true);
    let owner = Owner::Custom { service: index, component: name };
    let plan = &draft.services[index];
    let own = custom::own(&plan.edition, &component, &plan.team, (&component.name, &service.namespace.value));
    if let (None, Place::CustomResource { spec: None, carried_by, .. }) = (&own, &component.place) {
        let path = carried_by.as_ref().map_or_else(String::new, |path| format!("`{path}` of "));
        let message =
            format!("{} `{}` is not in the values of `{}`", kind.value, component.name, service.name.value);
        let mut diagnostic = Diagnostic::new(build_codes::OBJECT_ELSEWHERE, message).help(format!(
            "put the whole object into {path}the team's values file, and the overlay completes it; or write there what \
             `lifeboat explain {}/{}` shows, and let `lifeboat verify` read it",
            service.name.value, component.name
        ));
        if let Some(span) = stated.name.span {
            diagnostic = diagnostic.at(span, "only its author can write the rest of it");
        }
        draft.diagnostics.push(diagnostic);
    }
    let own = own.map_or_else(|| json!({}), |(_, object)| object);
    let baseline = Baseline::of(&draft.services[index].edition, &component, &own);
    let untouched = Untouched {
        installed: true,
        base: Arc::new(baseline),
        containers: containers.into(),
        init_containers: init_containers.into(),
    };
    let carrier = of_component(draft, service, &component, owner, untouched, why);
    draft.add_carrier(carrier);
}

fn of_component(
    draft: &mut Draft,
    service: &Service,
    component: &Component,
    owner: Owner,
    untouched: Untouched,
    why: Why,
) -> Carrier {
    let (Owner::Component { component: name, .. } | Owner::Custom { component: name, .. }) = &owner else {
        unreachable!("of_component is called for components only")
    };
    let stated = service.components.iter().find(|c| c.name.value == *name);
    let tier = stated.and_then(|c| c.tier.as_ref()).unwrap_or(&service.tier);
    let tier = Decided { value: tier.value, why: draft.ledger.add(tier.reason()) };
    let runs_as = component.makes.0.clone();
    let transient = component.hook.is_some() || matches!(runs_as.as_str(), "Job" | "CronJob" | "Pod");
    Carrier {
        kind: component.kind.clone(),
        name: component.name.clone(),
        workload: component.makes.1.clone(),
        namespace: service.namespace.value.clone(),
        labels: Arc::clone(&component.labels),
        selector: Arc::clone(&component.selector),
        tier: Some(tier),
        transient,
        main: component.main,
        containers: untouched.containers,
        init_containers: untouched.init_containers,
        base: untouched.base,
        fields: BTreeMap::new(),
        unreachable: BTreeMap::new(),
        enabled: Decided { value: untouched.installed, why },
        switches: Vec::new(),
        storage: None,
        pod: Arc::clone(&component.pod),
        controller: Arc::clone(&component.controller),
        needs: Arc::clone(&component.needs),
        given: None,
        span: stated.and_then(|c| c.name.span).or(service.name.span),
        owner,
        runs_as,
    }
}

/// A workload that the policy spells out: nothing of it is lifeboat's to decide.
fn by_hand(draft: &mut Draft, index: usize, workload: &policy::Workload) {
    let tier = Decided { value: workload.tier.value, why: draft.ledger.add(workload.tier.reason()) };
    let why = draft.ledger.add(workload.name.reason());
    let class = &draft.policy.tier(tier.value).class.value;
    let mut fields = vec![(PRIORITY_CLASS, json!(class))];
    let runs_as = workload.kind.value.word().to_owned();
    if !matches!(runs_as.as_str(), "DaemonSet") {
        fields.push((REPLICAS, json!(workload.replicas.value)));
    }
    if !workload.tolerations.is_empty() {
        fields.push((TOLERATIONS, workload.tolerations.iter().map(|t| toleration(&t.value)).collect()));
    }
    if let Some(selector) = &workload.node_selector {
        fields.push((NODE_SELECTOR, json!(selector.value.0)));
    }
    let mut resources = Map::new();
    for (kind, figures) in [("requests", &workload.requests), ("limits", &workload.limits)] {
        let cpu = figures.cpu.iter().map(|cpu| ("cpu", json!(cpu.value.text)));
        let memory = figures.memory.iter().map(|memory| ("memory", json!(memory.value.text)));
        let figures: Map<String, Value> = cpu.chain(memory).map(|(k, v)| (k.to_owned(), v)).collect();
        if !figures.is_empty() {
            resources.insert(kind.to_owned(), Value::Object(figures));
        }
    }
    let container = "main".to_owned();
    fields.push((Target::Resources(container.clone()), Value::Object(resources)));
    let mut controller = Map::new();
    if let Some(surge) = &workload.max_surge {
        controller.insert("strategy".to_owned(), json!({"rollingUpdate": {"maxSurge": surge.value}}));
    }
    let storage =
        workload.storage.as_ref().map(|s| Decided { value: s.value, why: draft.ledger.add(s.reason()) });
    let labels = Arc::new(workload.labels.value.0.clone());
    let carrier = Carrier {
        owner: Owner::Workload(index),
        kind: runs_as.clone(),
        name: workload.name.value.clone(),
        workload: workload.name.value.clone(),
        namespace: workload.namespace.value.clone(),
        selector: Arc::clone(&labels),
        labels,
        tier: Some(tier),
        transient: runs_as == "Job",
        runs_as,
        main: false,
        containers: Arc::from([container]),
        init_containers: Arc::default(),
        base: Arc::new(Baseline::written(fields)),
        fields: BTreeMap::new(),
        unreachable: BTreeMap::new(),
        enabled: Decided { value: true, why },
        switches: Vec::new(),
        storage,
        pod: Arc::new(Map::from_iter([(
            "terminationGracePeriodSeconds".to_owned(),
            json!(workload.grace_period.value),
        )])),
        controller: Arc::new(controller),
        needs: Arc::default(),
        given: None,
        span: workload.name.span,
    };
    draft.add_carrier(carrier);
}

fn toleration(toleration: &Toleration) -> Value {
    let mut out = Map::new();
    if let Some(key) = &toleration.key {
        out.insert("key".to_owned(), json!(key));
    }
    out.insert("operator".to_owned(), json!(if toleration.value.is_some() { "Equal" } else { "Exists" }));
    if let Some(value) = &toleration.value {
        out.insert("value".to_owned(), json!(value));
    }
    if let Some(effect) = toleration.effect {
        out.insert("effect".to_owned(), json!(effect.word()));
    }
    Value::Object(out)
}
