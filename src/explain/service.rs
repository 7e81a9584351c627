//! The page of a service, of one of its components, or of a workload.

use std::collections::{BTreeMap, BTreeSet};

use super::{Note, Page, World, reason};
use crate::lifecycle::{First, WorkloadId};
use crate::plan::{Carrier, Plan};
use crate::policy::Phase;
use crate::prove::render::{ShownRow, column_title};
use crate::prove::{Column, Model, judge, play};
use crate::report::table;

/// The page of a service by its name, of a component as `service/component`, of a workload by its name or as
/// `namespace/name`; so of what lifeboat itself adds.
pub(super) fn page(world: World<'_>, subject: &str) -> Option<Page> {
    let carriers = carriers(&world.compilation.plan, subject);
    if !carriers.is_empty() {
        return Some(of_carriers(world, subject, &carriers));
    }
    let model = world.model?;
    let row = model.rows.iter().find(|row| row.name == subject)?;
    let mut page = Page::new(subject);
    fates(&mut page, world, model, &[row.id]);
    Some(page)
}

fn carriers<'p>(plan: &'p Plan, subject: &str) -> Vec<&'p Carrier> {
    let named = |c: &&Carrier| plan.display(c) == subject || plan.service_name(c) == Some(subject);
    let carriers: Vec<&Carrier> = plan.carriers.iter().filter(named).collect();
    if !carriers.is_empty() {
        return carriers;
    }
    let object = |c: &&Carrier| match subject.split_once('/') {
        Some((namespace, name)) => c.namespace == namespace && c.workload == name,
        None => c.workload == subject,
    };
    plan.carriers.iter().filter(object).collect()
}

fn of_carriers(world: World<'_>, subject: &str, carriers: &[&Carrier]) -> Page {
    let plan = &world.compilation.plan;
    let mut page = Page::new(subject);
    let whole = plan.policy.service(subject);
    if let Some(service) = whole {
        let at = service.name.span.map(|span| reason::at(world, span));
        let text = format!(
            "chart {} {}, namespace {}",
            service.chart.value, service.version.value, service.namespace.value
        );
        page.part("what", vec![Note::at(text, at)]);
    }
    for carrier in carriers {
        page.part(&plan.display(carrier), of_carrier(world, carrier, whole.is_none()));
    }
    if let Some(model) = world.model {
        let rows = rows(model, plan, carriers);
        if rows.is_empty() {
            page.part(
                "after each loss",
                vec![Note::new("nothing: no pod of it lasts that a loss could take")],
            );
            return page;
        }
        fates(&mut page, world, model, &rows);
    }
    page
}

/// Where pods may be, who stands against whom, and what losses do.
fn fates(page: &mut Page, world: World<'_>, model: &Model, rows: &[WorkloadId]) {
    page.part("where it may run", places(world, model, rows));
    page.part("who can evict it, and whom it can", rivals(model, rows));
    page.part("after each loss", losses(world, model, rows));
}

/// What is decided about a carrier; of a lone component every field with its reasons.
fn of_carrier(world: World<'_>, carrier: &Carrier, all: bool) -> Vec<Note> {
    let plan = &world.compilation.plan;
    if !carrier.enabled.value {
        return chained(world, "off".to_owned(), carrier.enabled.why);
    }
    let count = match carrier.kind.as_str() {
        "DaemonSet" => "one on each node that it may run on".to_owned(),
        _ => format!("{} of it", carrier.replicas()),
    };
    let mut notes = vec![Note::new(format!(
        "{} {}/{}, {count}{}",
        carrier.kind,
        carrier.namespace,
        carrier.name,
        if carrier.transient { ", runs once and goes" } else { "" }
    ))];
    match &carrier.tier {
        Some(tier) => {
            let stated = plan.policy.tier(tier.value);
            let text = format!(
                "tier {}, class {}, priority {}",
                stated.name.value, stated.class.value, stated.priority.value
            );
            notes.extend(chained(world, text, tier.why));
        }
        None => notes.push(Note::new("no tier: the policy does not rank it")),
    }
    if let Some(storage) = &carrier.storage {
        notes.extend(chained(world, format!("storage {:?}", storage.value).to_lowercase(), storage.why));
    }
    for (target, reason) in &carrier.unreachable {
        notes.push(Note::new(format!("{target}: no value reaches it: {reason}")));
    }
    for (target, decision) in carrier.fields.iter().filter(|_| all) {
        let value = decision.value.value.as_ref().map_or_else(|| "absent".to_owned(), ToString::to_string);
        let guessed = if decision.guessed { ", a guess of the catalogue's" } else { "" };
        notes.extend(chained(world, format!("{target}: {value}{guessed}"), decision.value.why));
        let parts: BTreeSet<_> = decision.parts.iter().map(|(_, why)| *why).collect();
        for why in parts.into_iter().filter(|why| *why != decision.value.why) {
            notes.extend(deeper(reason::chain(world, why)));
        }
    }
    notes
}

fn chained(world: World<'_>, text: String, why: crate::why::Why) -> Vec<Note> {
    let mut notes = vec![Note::new(text)];
    notes.extend(deeper(reason::chain(world, why)));
    notes
}

fn deeper(mut notes: Vec<Note>) -> Vec<Note> {
    notes.iter_mut().for_each(|n| n.depth += 1);
    notes
}

/// Rows of the table that carriers stand for.
fn rows(model: &Model, plan: &Plan, carriers: &[&Carrier]) -> Vec<WorkloadId> {
    let names: BTreeSet<String> = carriers
        .iter()
        .filter(|c| c.lasting())
        .flat_map(|c| [plan.display(c), format!("{}/{}", c.namespace, c.workload)])
        .collect();
    model.rows.iter().filter(|r| names.contains(&r.name)).map(|r| r.id).collect()
}

fn places(world: World<'_>, model: &Model, rows: &[WorkloadId]) -> Vec<Note> {
    let green = world.compilation.proof.as_ref().and_then(|p| p.columns.first());
    let mut told: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for &id in rows {
        let class = model.world.class(id);
        let mut parts = Vec::new();
        for (place, rejected) in model.world.places.iter().zip(&class.rejected) {
            match rejected {
                None if place.lifeboat && !model.row(id).daemon => {
                    parts.push(format!("{} as the last resort", place.name));
                }
                None => parts.push(place.name.clone()),
                Some(reject) => parts.push(format!("not {} ({})", place.name, reject.reason)),
            }
        }
        if let Some(cell) =
            green.and_then(|c| c.phases.first()).and_then(|(_, cells)| cells.get(usize::from(id.0)))
        {
            parts.push(format!("while nothing is lost on {}", model.names(&cell.on)));
        }
        told.entry(parts.join(", ")).or_default().push(&model.row(id).name);
    }
    told.into_iter().map(|(text, who)| Note::new(format!("{}: {text}", who.join(", ")))).collect()
}

/// Who is above and below, as the scheduler compares priorities.
fn rivals(model: &Model, rows: &[WorkloadId]) -> Vec<Note> {
    let mut told: BTreeSet<String> = BTreeSet::new();
    let of = |keep: &dyn Fn(&crate::prove::world::Class) -> bool| -> String {
        let mut names: Vec<String> = Vec::new();
        for id in model.world.ids().filter(|&id| !rows.contains(&id) && keep(model.world.class(id))) {
            let row = model.row(id);
            let name = match &row.tier {
                Some(tier) => format!("tier {tier}"),
                None => row.name.clone(),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
    };
    for &id in rows {
        let mine = model.world.class(id);
        let above = of(&|other| other.preempts && other.priority > mine.priority && !other.daemon);
        let below =
            if mine.preempts { of(&|other| other.priority < mine.priority) } else { "nobody".to_owned() };
        told.insert(format!("priority {}: can be evicted by {above}; can evict {below}", mine.priority));
    }
    told.into_iter().map(Note::new).collect()
}

/// Most of interchangeable losses whose evictions are told one by one.
const MOST_ALIKE: usize = 4;

fn losses(world: World<'_>, model: &Model, rows: &[WorkloadId]) -> Vec<Note> {
    let Some(proof) = &world.compilation.proof else { return Vec::new() };
    let green = play::canonical(model);
    let shown = ShownRow::of(proof, String::new(), rows.iter().map(|id| usize::from(id.0)));
    let mut notes = Vec::new();
    for column in proof.columns.iter().filter(|c| !c.lost.iter().all(Vec::is_empty)) {
        let cell = table::cell(proof, column, &shown);
        let scenarios = if column.scenarios.is_empty() {
            String::new()
        } else {
            format!(" [{}]", column.scenarios.join(", "))
        };
        let worst = if column.lost.len() > 1 { "at worst " } else { "" };
        notes.push(Note::new(format!("{}{scenarios}: {worst}{}", column_title(proof, column), cell.words)));
        let below = |text: String| Note { depth: 1, text, at: None };
        notes.extend(cell.because.into_iter().map(below));
        if let Some(green) = &green {
            notes.extend(evictions(model, green, column, rows).into_iter().map(below));
        }
    }
    notes
}

/// Who is evicted for whom, of these workloads; by the loss where interchangeable ones differ.
fn evictions(model: &Model, green: &play::Run<'_>, column: &Column, rows: &[WorkloadId]) -> Vec<String> {
    let phase = if column.api { model.last_phase() } else { Phase::Eviction };
    let mut told: Vec<(String, Vec<String>)> = Vec::new();
    let sets = &column.lost[..column.lost.len().min(MOST_ALIKE)];
    for set in sets {
        let played = play::lose(green, std::slice::from_ref(set), phase, &mut First);
        let pairs: BTreeSet<_> = played.iter().flat_map(judge::evictions).collect();
        for (victim, by) in pairs.into_iter().filter(|(v, b)| rows.contains(v) || rows.contains(b)) {
            let text = format!("{} is evicted for {}", model.row(victim).name, model.row(by).name);
            let lost = model.names(set).replace(", ", " + ");
            match told.iter_mut().find(|(t, _)| *t == text) {
                Some((_, losses)) => losses.push(lost),
                None => told.push((text, vec![lost])),
            }
        }
    }
    let all = |losses: &Vec<String>| losses.len() == column.lost.len();
    let line = |(text, losses): (String, Vec<String>)| {
        if all(&losses) { text } else { format!("{text}, if {} is lost", losses.join(" or ")) }
    };
    told.into_iter().map(line).collect()
}
