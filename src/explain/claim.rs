//! Pages of what the policy names beside pods and nodes: scenarios, rules of placement, and any path of the policy.

use super::survival::arguments;
use super::{Note, Page, World, reason, reverse};
use crate::policy::{Placement, PlacementKind, PodRef, Policy};
use crate::prove::render::{claim_text, column_title, merged_rows};
use crate::report::table;
use crate::shape::Field;

/// A scenario: what is lost, and each claim with what decides it.
pub(super) fn scenario(world: World<'_>, subject: &str) -> Option<Page> {
    let policy = &world.compilation.plan.policy;
    let name = subject.strip_prefix("scenarios.").unwrap_or(subject);
    let scenario = policy.scenarios.iter().find(|s| s.name.value == name)?;
    let mut page = Page::new(format!("scenario {name}"));
    let at = |span: Option<crate::source::Span>| span.map(|span| reason::at(world, span));
    let what = match &scenario.event {
        Some(_) => "planned work".to_owned(),
        None => format!("lost: {}", scenario.lose.value),
    };
    page.part("what", vec![Note::at(what, at(scenario.lose.span.or(scenario.name.span)))]);
    let Some(proof) = &world.compilation.proof else { return Some(page) };
    for proven in proof.claims.iter().filter(|c| c.claim.scenario == name) {
        let mut notes = vec![Note::at(proven.verdict.to_string(), at(proven.claim.span))];
        notes.extend(arguments(&proven.verdict).into_iter().map(|text| Note { depth: 1, text, at: None }));
        page.part(&claim_text(&proven.claim), notes);
    }
    for column in proof.columns.iter().filter(|c| c.scenarios.iter().any(|s| s == name)) {
        let rows = merged_rows(proof, false);
        let told = rows
            .iter()
            .map(|row| Note::new(format!("{}: {}", row.name, table::cell(proof, column, row).words)));
        page.part(&format!("what happens: {}", column_title(proof, column)), told.collect());
    }
    Some(page)
}

/// Every rule of placement with its name, its kind and its pods.
pub(super) fn rules(policy: &Policy) -> impl Iterator<Item = (&Field<String>, &'static str, &Placement)> {
    policy.placements.iter().map(|rule| {
        let kind = match rule.kind {
            PlacementKind::Apart { .. } => "apart",
            PlacementKind::Together { .. } => "together",
            PlacementKind::Spread { .. } => "spread",
        };
        (&rule.name, kind, rule)
    })
}

/// A rule of placement: whom it is about, whether it must hold, and the claims about it.
pub(super) fn rule(world: World<'_>, subject: &str) -> Option<Page> {
    let plan = &world.compilation.plan;
    let (name, kind, rule) = rules(&plan.policy)
        .find(|(name, kind, _)| name.value == subject || format!("{kind}.{}", name.value) == subject)?;
    let mut page = Page::new(format!("{kind} {}", name.value));
    let at = |span: Option<crate::source::Span>| span.map(|span| reason::at(world, span));
    let must = if rule.required.value { "must" } else { "should" };
    let how = match kind {
        "apart" => "stand on different nodes",
        "together" => "stand on one node",
        _ => "spread evenly",
    };
    let mut what =
        vec![Note::at(format!("these pods {must} {how}, across {}", rule.across.value), at(name.span))];
    let named = |pod: &PodRef| match pod {
        PodRef::Tier(id) => format!("tier {}", plan.policy.tier(*id).name.value),
        PodRef::Service(name) | PodRef::Workload(name) => name.clone(),
        PodRef::Component { service, component } => format!("{service}/{component}"),
    };
    what.extend(rule.pods.iter().map(|pod| Note::at(named(&pod.value), at(pod.span))));
    page.part("what", what);
    let mine = reverse::because_of(world, &format!("{kind}.{}", name.value));
    page.part("decisions", reverse::decisions(world, &mine));
    page.part("lines", reverse::lines(world, &mine));
    let claims = world.compilation.proof.iter().flat_map(|p| &p.claims);
    let about = claims.filter(|c| c.claim.of.split(", ").any(|of| of == name.value));
    let about = about.map(|c| {
        Note::at(format!("{}: {}: {}", c.claim.scenario, claim_text(&c.claim), c.verdict), at(c.claim.span))
    });
    page.part("claims about it", about.collect());
    Some(page)
}

/// A path of the policy, as reasons name it: `lifeboat.taint`.
pub(super) fn policy_path(world: World<'_>, subject: &str) -> Option<Page> {
    let mine = reverse::because_of(world, subject);
    let mut page = Page::new(subject);
    let plan = &world.compilation.plan;
    let stated = plan.ledger.iter().filter(|(_, reason)| reason.path == subject);
    let mut places: Vec<Note> = Vec::new();
    for (_, reason) in stated {
        if let Some(span) = reason.at {
            let note = Note::at("the policy says so", Some(reason::at(world, span)));
            if !places.contains(&note) {
                places.push(note);
            }
        }
    }
    page.part("it is stated", places);
    page.part("decisions", reverse::decisions(world, &mine));
    page.part("lines", reverse::lines(world, &mine));
    (!page.parts.is_empty()).then_some(page)
}
