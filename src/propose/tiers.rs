//! Tiers from the priority classes that are there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Unique;
use super::draft::{Draft, Section, key, quoted};
use super::seen::{Seen, text};

/// The largest value that a class of a user's may have.
const HIGHEST: i64 = 1_000_000_000;

/// A tier of the proposal.
struct Tier {
    name: String,
    priority: i64,
    /// The class that it adopts.
    class: Option<String>,
}

/// The tiers, the highest first, the default one last.
pub(super) struct Tiers {
    tiers: Vec<Tier>,
    default: Tier,
    unused: Vec<String>,
}

impl Tiers {
    /// Adopts every class of a user's that a workload names, and the cluster's default class.
    pub(super) fn of(seen: &Seen, names: &mut Unique) -> Self {
        let used: BTreeSet<&str> = seen.all().map(|(_, object)| class_of(object)).collect();
        let mut values = BTreeSet::new();
        let mut adopted = Vec::new();
        let mut default = None;
        let mut unused = Vec::new();
        let mut classes: Vec<&Value> = seen.of("PriorityClass").collect();
        classes.sort_by_key(|class| std::cmp::Reverse(value_of(class)));
        for class in classes {
            let (name, value) = (text(class, "/metadata/name"), value_of(class));
            if name.starts_with("system-") || value > HIGHEST {
                continue;
            }
            let global = class.get("globalDefault").and_then(Value::as_bool).unwrap_or(false);
            if !global && !used.contains(name) {
                unused.push(format!("{name} ({value})"));
            } else if values.insert(value) {
                // Two tiers cannot share a priority; the first class of one stands for both.
                let tier = (name.to_owned(), value);
                if global && default.is_none() { default = Some(tier) } else { adopted.push(tier) }
            }
        }
        let of = |(class, priority): (String, i64), names: &mut Unique| Tier {
            name: names.claim(&[&class, &format!("tier-{class}")]),
            priority,
            class: Some(class),
        };
        let mut tiers: Vec<Tier> = adopted.into_iter().map(|class| of(class, names)).collect();
        let own = |name: &str, priority: i64, names: &mut Unique| Tier {
            name: names.claim(&[name]),
            priority,
            class: None,
        };
        let default = match default {
            Some(class) => of(class, names),
            None => {
                let free = (0..).find(|value| !values.contains(value)).unwrap_or(0);
                own("application", free, names)
            }
        };
        if tiers.is_empty() {
            let above = |n: i64| default.priority.saturating_add(n).min(HIGHEST);
            tiers = vec![own("critical", above(1_000_000), names), own("important", above(500_000), names)];
        }
        Self { tiers, default, unused }
    }

    /// The tier of the class that a workload names, if it is one of the adopted.
    pub(super) fn named(&self, class: &str) -> Option<&str> {
        let tier = self.tiers.iter().find(|tier| tier.class.as_deref() == Some(class))?;
        Some(&tier.name)
    }

    /// What a service is put in whose pods name no class: above the applications, below what may board.
    pub(super) fn guess(&self) -> &str {
        self.tiers.last().map_or(&self.default.name, |tier| &tier.name)
    }

    /// Writes them; `boat` says whether there is a lifeboat to board.
    pub(super) fn write(&self, draft: &mut Draft, boat: bool) {
        for (index, tier) in self.tiers.iter().enumerate() {
            let mut section = Section::new(format!("tiers.{}", key(&tier.name))).needed();
            if tier.class.is_none() && index == 0 {
                section.note(
                    "No workload names a class yet. Give this to what must survive the loss of every worker.",
                );
            }
            section.line(format!("priority = {}", tier.priority));
            if let Some(class) = &tier.class {
                section.optional(format!("existing-class = {}", quoted(class)));
            }
            if boat && index == 0 {
                section.optional("lifeboat = true   # ?");
            }
            draft.sections.push(section);
        }
        let mut section = Section::new(format!("tiers.{}", key(&self.default.name))).needed();
        if !self.unused.is_empty() {
            section.note(&format!("Classes that no workload of the dump names: {}", self.unused.join(", ")));
        }
        section.line(format!("priority = {}", self.default.priority));
        if let Some(class) = &self.default.class {
            section.optional(format!("existing-class = {}", quoted(class)));
        }
        section.line("default = true");
        draft.sections.push(section);
    }

    /// The tier that most of these workloads name, if any does.
    pub(super) fn most<'v>(&self, workloads: impl Iterator<Item = &'v Value>) -> Option<&str> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for tier in workloads.filter_map(|workload| self.named(class_of(workload))) {
            *counts.entry(tier).or_default() += 1;
        }
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(tier, _)| tier)
    }
}

/// The class that an object's pods name; of an operator's resource, in its own spec.
pub(super) fn class_of(object: &Value) -> &str {
    match text(object, "/spec/template/spec/priorityClassName") {
        "" => text(object, "/spec/priorityClassName"),
        own => own,
    }
}

fn value_of(class: &Value) -> i64 {
    class.get("value").and_then(Value::as_i64).unwrap_or(0)
}
