//! Headroom for people and for programs.

use serde_json::{Value, json};

use super::{Amount, Enough, Headroom, Least, Needed, Resource};

/// For a terminal.
#[must_use]
pub fn human(found: &Headroom) -> String {
    let mut lines = vec![format!("applications request {} today", room(found.today))];
    match found.proved {
        Some(limit) => lines.push(format!("every claim is proved up to {}", room(limit))),
        None => lines.push("not every claim is proved even today".to_owned()),
    }
    if let Some(first) = &found.first {
        lines.push(format!("first no longer proved: {first}"));
    }
    match &found.refuted {
        Some((size, claim)) => lines.push(format!("refuted from {}: {claim}", room(*size))),
        None => lines.push("no size up to four times today's was refuted".to_owned()),
    }
    lines.extend(found.nodes.iter().map(least));
    lines.extend(found.needed.iter().map(needed));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn least(least: &Least) -> String {
    let Least { resource, today, proved, .. } = least;
    let refuted = match &least.refuted {
        Some((size, claim)) => format!("refuted from {}: {claim}", resource.written(*size)),
        None => "no smaller one was refuted".to_owned(),
    };
    format!(
        "{} with less {}: every claim is proved down to {} allocatable ({} today); {refuted}",
        group(least.lifeboat),
        resource.name(),
        resource.written(*proved),
        resource.written(*today),
    )
}

/// A claim that fails for want of room, and what would do.
#[must_use]
pub fn needed(needed: &Needed) -> String {
    format!("{} would be proved with {}", needed.name, enough(needed))
}

/// What would make a claim true, each on its own.
#[must_use]
pub fn enough(needed: &Needed) -> String {
    let ways: Vec<String> = needed.enough.iter().map(way).collect();
    ways.join(", or with ")
}

fn way(enough: &Enough) -> String {
    match enough {
        Enough::Nodes { lifeboat, more } => {
            let amounts: Vec<String> = more
                .iter()
                .map(|(resource, today, need)| {
                    format!(
                        "{} {} ({} today)",
                        resource.written(*need),
                        resource.name(),
                        resource.written(*today)
                    )
                })
                .collect();
            format!("{} allocatable on {}", amounts.join(" and "), group(*lifeboat))
        }
        Enough::Applications { today, most } => {
            format!("applications of at most {} together ({} today)", room(*most), room(*today))
        }
    }
}

fn group(lifeboat: bool) -> &'static str {
    if lifeboat { "the lifeboat" } else { "every ordinary node" }
}

fn room((cpu, memory): Amount) -> String {
    format!("{cpu}m/{}Mi", memory.div_euclid(1 << 20))
}

fn amount((cpu, memory): Amount) -> Value {
    json!({"cpuMilli": cpu, "memoryBytes": memory})
}

/// The same for programs.
#[must_use]
pub fn json(found: &Headroom) -> Value {
    let refuted = found.refuted.as_ref().map(|(size, claim)| json!({"from": amount(*size), "claim": claim}));
    let least = |least: &Least| {
        let refuted = least.refuted.as_ref().map(|(size, claim)| json!({"from": size, "claim": claim}));
        json!({"nodes": nodes(least.lifeboat), "resource": least.resource.name(), "unit": unit(least.resource),
            "today": least.today, "proved": least.proved, "refuted": refuted})
    };
    json!({"applications": {"today": amount(found.today), "proved": found.proved.map(amount),
            "firstOpen": found.first, "refuted": refuted},
        "nodes": found.nodes.iter().map(least).collect::<Vec<_>>(),
        "needed": found.needed.iter().map(needed_json).collect::<Vec<_>>()})
}

/// What would make a claim true, for programs.
#[must_use]
pub fn needed_json(needed: &Needed) -> Value {
    let enough = |enough: &Enough| match enough {
        Enough::Nodes { lifeboat, more } => {
            let more = more.iter().map(|(resource, today, need)| {
                json!({"resource": resource.name(), "unit": unit(*resource), "today": today, "needed": need})
            });
            json!({"nodes": nodes(*lifeboat), "more": more.collect::<Vec<_>>()})
        }
        Enough::Applications { today, most } => {
            json!({"applications": {"today": amount(*today), "most": amount(*most)}})
        }
    };
    json!({"claim": needed.name, "enough": needed.enough.iter().map(enough).collect::<Vec<_>>()})
}

fn nodes(lifeboat: bool) -> &'static str {
    if lifeboat { "lifeboat" } else { "ordinary" }
}

fn unit(resource: Resource) -> &'static str {
    match resource {
        Resource::Cpu => "milli",
        Resource::Memory => "bytes",
    }
}
