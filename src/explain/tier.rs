//! The page of a tier.

use super::{Note, Page, World, reason};
use crate::prove::render::claim_text;

pub(super) fn page(world: World<'_>, subject: &str) -> Option<Page> {
    let plan = &world.compilation.plan;
    let (id, tier) = plan.policy.tier_ids().find(|(_, t)| t.name.value == subject)?;
    let mut page = Page::new(format!("tier {subject}"));
    let mut what = vec![Note::at(
        format!("priority {}, class {}", tier.priority.value, tier.class.value),
        tier.priority.span.or(tier.name.span).map(|span| reason::at(world, span)),
    )];
    what.push(Note::at(
        if tier.lifeboat.value {
            "its pods may board the lifeboat: they tolerate exactly its NoSchedule taint"
        } else {
            "its pods may not board the lifeboat: they wait for an ordinary node"
        },
        tier.lifeboat.span.map(|span| reason::at(world, span)),
    ));
    what.push(Note::new(format!("preemption: {}", tier.preemption.value.word())));
    if plan.policy.default_tier == id {
        what.push(Note::new("whatever the policy does not name belongs to it"));
    }
    page.part("what", what);
    let members = plan.carriers.iter().filter(|c| c.enabled.value && c.tier.is_some_and(|t| t.value == id));
    let members = members.map(|c| {
        let span = c.tier.and_then(|t| plan.ledger.get(t.why).at);
        Note::at(plan.display(c), span.map(|span| reason::at(world, span)))
    });
    page.part("in it", members.collect());
    let claims = world.compilation.proof.iter().flat_map(|p| &p.claims);
    let about = claims.filter(|c| c.claim.of.split(", ").any(|of| of == subject));
    let notes = about.map(|c| {
        let text = format!("{}: {}: {}", c.claim.scenario, claim_text(&c.claim), c.verdict);
        Note::at(text, c.claim.span.map(|span| reason::at(world, span)))
    });
    page.part("claims about it", notes.collect());
    Some(page)
}
