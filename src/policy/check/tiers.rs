//! `[tiers.*]`: priorities and classes.

use std::collections::BTreeMap;

use super::super::shapes::{PreemptionPolicy, TomlPolicy, TomlTier};
use super::super::{Lifeboat, Tier, TierId};
use super::{At, Cx, entry_name, join, or};
use crate::diag::codes::policy as codes;
use crate::shape::{Field, Names};
use crate::source::Span;

/// Highest value of a class that is not the system's.
/// Source: kubernetes 1.34, `pkg/apis/scheduling/types.go`, `HighestUserDefinablePriority`.
const MAX_PRIORITY: i64 = 1_000_000_000;

/// The tiers, highest priority first.
pub(super) fn check(cx: &mut Cx<'_>, toml: &TomlPolicy) -> Vec<Tier> {
    let Some(map) = &toml.tiers else {
        cx.need_table("tiers", "write one table per tier: [tiers.critical], with a priority");
        return Vec::new();
    };
    if map.value.entries.len() > 64 {
        let message = format!("{} tiers are more than the 64 that lifeboat reads", map.value.entries.len());
        cx.report(Cx::finding(codes::TOO_MANY, message, map.span, "these").help("a handful is enough"));
    }
    let entries = map.value.iter().take(64);
    let mut tiers: Vec<Tier> = entries.filter_map(|(name, entry)| tier(cx, name, entry)).collect();
    check_equal(cx, &tiers);
    check_classes(cx, &tiers);
    check_globals(cx, &tiers);
    tiers.sort_by_key(|tier| std::cmp::Reverse(tier.priority.value));
    tiers
}

fn tier(cx: &mut Cx<'_>, name: &str, entry: &Field<TomlTier>) -> Option<Tier> {
    let (at, toml) = (At::from(entry), &entry.value);
    let priority =
        cx.need(at, "priority", toml.priority.as_ref(), "write a priority, such as priority = 500_000");
    let priority = priority.and_then(|priority| in_range(cx, &priority));
    let name = entry_name(name, entry);
    if let (Some(class), Some(existing)) = (&toml.class, &toml.existing_class) {
        let message = "a tier has a class of its own or adopts one, not both";
        let finding = Cx::finding(codes::CONTRADICTION, message, existing.span, "adopts one");
        let finding = match class.span {
            Some(span) => finding.label(span, "names its own"),
            None => finding,
        };
        cx.report(finding.help("take one of the lines out"));
    }
    let adopted = toml.existing_class.is_some();
    let class = toml.existing_class.clone().or_else(|| toml.class.clone());
    let stated = class.is_some();
    let class = class.unwrap_or_else(|| name.clone());
    check_class_name(cx, &class, stated, adopted);
    Some(Tier {
        priority: priority?,
        class,
        adopted,
        description: toml.description.clone(),
        lifeboat: or(at, "lifeboat", toml.lifeboat.as_ref(), false),
        preemption: or(
            at,
            "preemption-policy",
            toml.preemption_policy.as_ref(),
            PreemptionPolicy::PreemptLowerPriority,
        ),
        eviction_delay: toml.eviction_delay.clone().map(|delay| delay.map(|delay| delay.seconds)),
        global_default: or(at, "global-default", toml.global_default.as_ref(), false),
        name,
    })
}

fn in_range(cx: &mut Cx<'_>, priority: &Field<i64>) -> Option<Field<i32>> {
    let value = i32::try_from(priority.value).ok().filter(|_| priority.value <= MAX_PRIORITY);
    if value.is_none() {
        let message = format!("a priority of {} is out of range", priority.value);
        let help = "Kubernetes allows −2147483648 to 1000000000; above that are the system's own classes";
        cx.report(
            Cx::finding(codes::PRIORITY_OUT_OF_RANGE, message, priority.span, "not allowed").help(help),
        );
    }
    value.map(|value| priority.with(value))
}

fn check_class_name(cx: &mut Cx<'_>, class: &Field<String>, stated: bool, adopted: bool) {
    let text = &class.value;
    let shown = format!("{:?}", text.chars().take(70).collect::<String>());
    let (code, why, help) = if !Names::Subdomain.accepts(text) {
        // A tier's own name was reported as it was read.
        if !stated {
            return;
        }
        (codes::BAD_NAME, "is no name for a priority class", "use lower-case letters, digits, `-` and `.`")
    } else if text.starts_with("system-") && !adopted {
        let help = "classes that start with `system-` are Kubernetes' own; choose another name";
        (codes::RESERVED_CLASS, "is reserved", help)
    } else if ambiguous(text) {
        let help = "give the tier a class with letters in it: class = \"tier-…\"";
        (codes::AMBIGUOUS_CLASS, "is another type to some readers of YAML", help)
    } else {
        return;
    };
    cx.report(Cx::finding(code, format!("the class {shown} {why}"), class.span, "this name").help(help));
}

/// Whether a YAML 1.1 or 1.2 reader takes a plain scalar for something other than a string.
fn ambiguous(text: &str) -> bool {
    let words = ["on", "off", "yes", "no", "y", "n", "true", "false", "null"];
    let radix =
        text.strip_prefix("0x").or_else(|| text.strip_prefix("0o")).or_else(|| text.strip_prefix("0b"));
    let digits =
        radix.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit()));
    words.contains(&text) || digits || text.parse::<f64>().is_ok()
}

fn check_equal(cx: &mut Cx<'_>, tiers: &[Tier]) {
    let mut seen: BTreeMap<i32, &Tier> = BTreeMap::new();
    for tier in tiers {
        if let Some(first) = seen.get(&tier.priority.value) {
            let message = format!(
                "`{}` and `{}` have the same priority, so neither makes room for the other",
                first.name.value, tier.name.value
            );
            let mut finding = Cx::finding(codes::EQUAL_PRIORITIES, message, tier.priority.span, "the same");
            if let Some(span) = first.priority.span {
                finding = finding.label(span, "as this");
            }
            cx.report(finding.help("give them different priorities, or make them one tier"));
        }
        seen.entry(tier.priority.value).or_insert(tier);
    }
}

fn check_classes(cx: &mut Cx<'_>, tiers: &[Tier]) {
    let mut seen: BTreeMap<&str, &Tier> = BTreeMap::new();
    for tier in tiers {
        if let Some(first) = seen.insert(&tier.class.value, tier) {
            let message = format!("two tiers share the class `{}`, which has one priority", tier.class.value);
            let mut finding = Cx::finding(codes::DUPLICATE_NAME, message, tier.class.span, "the same class");
            if let Some(span) = first.class.span {
                finding = finding.label(span, "first here");
            }
            cx.report(finding.help("name a class of its own"));
        }
    }
}

fn check_globals(cx: &mut Cx<'_>, tiers: &[Tier]) {
    let mut globals = tiers.iter().filter(|tier| tier.global_default.value);
    let Some(first) = globals.next() else { return };
    for second in globals {
        two_defaults(cx, "global-default", second.global_default.span, first.global_default.span);
    }
}

fn two_defaults(cx: &mut Cx<'_>, key: &str, second: Option<Span>, first: Option<Span>) {
    let message = format!("two tiers say `{key} = true`");
    let mut finding = Cx::finding(codes::TWO_DEFAULTS, message, second, "a second one");
    if let Some(span) = first {
        finding = finding.label(span, "the first");
    }
    cx.report(finding.help("leave one"));
}

/// The tier of whatever is not named.
pub(super) fn default_tier(cx: &mut Cx<'_>, toml: &TomlPolicy, tiers: &[Tier]) -> Option<TierId> {
    let map = &toml.tiers.as_ref()?.value;
    let says = |entry: &Field<TomlTier>| entry.value.default.clone().filter(|default| default.value);
    let mut defaults = map.iter().filter_map(|(name, entry)| Some((name, says(entry)?)));
    let Some((name, first)) = defaults.next() else {
        if cx.unread("tiers") || map.iter().any(|(_, entry)| cx.unread(&join(&entry.path, "default"))) {
            return None;
        }
        let message = "no tier has `default = true`, so pods without a tier have none";
        let span = toml.tiers.as_ref().and_then(|tiers| tiers.span);
        let help = "write `default = true` in the tier of ordinary applications";
        cx.report(Cx::finding(codes::NO_DEFAULT_TIER, message, span, "in one of these").help(help));
        return None;
    };
    for (_, second) in defaults {
        two_defaults(cx, "default", second.span, first.span);
    }
    find(tiers, name)
}

/// The default tier of a policy that names none: the first. That was reported.
pub(super) const STAND_IN: TierId = TierId(0);

/// A tier for policies of which none can be read, for whoever looks for further mistakes.
pub(super) fn stand_in(tiers: &mut Vec<Tier>) {
    if !tiers.is_empty() {
        return;
    }
    let name = "tier".to_owned();
    let at = At { path: "tiers", span: None };
    let field = |key: &str| super::stand_in(at, key, false);
    tiers.push(Tier {
        name: super::stand_in(at, "name", name.clone()),
        priority: super::stand_in(at, "priority", 0),
        class: super::stand_in(at, "class", name),
        adopted: false,
        description: None,
        lifeboat: field("lifeboat"),
        preemption: super::stand_in(at, "preemption-policy", PreemptionPolicy::PreemptLowerPriority),
        eviction_delay: None,
        global_default: field("global-default"),
    });
}

/// The index of a tier by name.
pub(super) fn find(tiers: &[Tier], name: &str) -> Option<TierId> {
    let index = tiers.iter().position(|tier| tier.name.value == name)?;
    u16::try_from(index).ok().map(TierId)
}

/// The lock must be cheaper to evict than anything that may board, and dearer than the applications.
pub(super) fn check_lock(cx: &mut Cx<'_>, lifeboat: Option<&Lifeboat>, tiers: &[Tier]) {
    let Some(lock) = lifeboat.and_then(|lifeboat| lifeboat.lock.as_ref()) else { return };
    for tier in tiers {
        let value = tier.priority.value;
        let what = if value == lock.priority.value {
            "has the lock's priority"
        } else if tier.lifeboat.value && value < lock.priority.value {
            "may board the lifeboat, but cannot preempt its lock"
        } else {
            continue;
        };
        let message = format!("tier `{}` {what}", tier.name.value);
        let mut finding =
            Cx::finding(codes::LOCK_PRIORITY, message, lock.priority.span.or(tier.priority.span), "the lock");
        if let Some(span) = tier.priority.span.filter(|_| lock.priority.span.is_some()) {
            finding = finding.label(span, "this tier");
        }
        cx.report(finding.help("put the lock between the applications and the tiers that may board"));
    }
    for tier in
        tiers.iter().filter(|tier| tier.lifeboat.value && tier.preemption.value == PreemptionPolicy::Never)
    {
        let message = format!(
            "tier `{}` may board the lifeboat but never preempts, so the lock keeps it off",
            tier.name.value
        );
        let mut finding = Cx::finding(codes::LOCK_PRIORITY, message, tier.preemption.span, "never preempts");
        if let Some(span) = lock.lever.span {
            finding = finding.label(span, "the lock");
        }
        cx.report(finding.help("let it preempt, or leave \"lock\" out of `lifeboat.last-resort`"));
    }
}
