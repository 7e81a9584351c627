//! `[apart.*]`, `[together.*]` and `[spread.*]`.

use super::super::shapes::{TomlPolicy, is_label_key};
use super::super::{Placement, PlacementKind};
use super::{At, Cx, entry_name, names::Names, or, stand_in};
use crate::diag::codes::policy as codes;
use crate::shape::Field;

const HOSTNAME: &str = "kubernetes.io/hostname";

/// What the three tables share.
struct Common<'a> {
    name: Field<String>,
    at: At<'a>,
    pods: Option<&'a Field<Vec<Field<String>>>>,
    required: Option<&'a Field<bool>>,
    across: Option<&'a Field<String>>,
    least: usize,
}

pub(super) fn check(cx: &mut Cx<'_>, toml: &TomlPolicy, names: &Names<'_>) -> Vec<Placement> {
    let mut out = Vec::new();
    for (name, entry) in toml.apart.iter().flat_map(|map| map.value.iter()) {
        let (at, rule) = (At::from(entry), &entry.value);
        let weight = weight(cx, at, rule.weight.as_ref(), rule.required.as_ref());
        let (pods, required, across) = (rule.pods.as_ref(), rule.required.as_ref(), rule.across.as_ref());
        let common = Common { name: entry_name(name, entry), at, pods, required, across, least: 1 };
        out.push(placement(cx, names, common, PlacementKind::Apart { weight }));
    }
    for (name, entry) in toml.together.iter().flat_map(|map| map.value.iter()) {
        let (at, rule) = (At::from(entry), &entry.value);
        let weight = weight(cx, at, rule.weight.as_ref(), rule.required.as_ref());
        let (pods, required, across) = (rule.pods.as_ref(), rule.required.as_ref(), rule.across.as_ref());
        let common = Common { name: entry_name(name, entry), at, pods, required, across, least: 2 };
        out.push(placement(cx, names, common, PlacementKind::Together { weight }));
    }
    for (name, entry) in toml.spread.iter().flat_map(|map| map.value.iter()) {
        let (at, rule) = (At::from(entry), &entry.value);
        let max_skew = or(at, "max-skew", rule.max_skew.as_ref(), 1);
        for number in
            [Some(&max_skew), rule.min_domains.as_ref()].into_iter().flatten().filter(|n| n.value == 0)
        {
            let message = format!("`{}` cannot be 0", number.path);
            cx.report(
                Cx::finding(codes::BAD_VALUE, message, number.span, "at least 1").help("write 1 or more"),
            );
        }
        if let Some(domains) = &rule.min_domains
            && !rule.required.as_ref().is_some_and(|required| required.value)
        {
            let message = "`min-domains` counts only in a required rule; the API server refuses it in others";
            let help = "write required = true, or take the line out";
            cx.report(
                Cx::finding(codes::CONTRADICTION, message, domains.span, "not without required").help(help),
            );
        }
        let kind = PlacementKind::Spread { max_skew, min_domains: rule.min_domains.clone() };
        let (pods, required, across) = (rule.pods.as_ref(), rule.required.as_ref(), rule.across.as_ref());
        let common = Common { name: entry_name(name, entry), at, pods, required, across, least: 1 };
        out.push(placement(cx, names, common, kind));
    }
    check_names(cx, &out);
    out
}

fn placement(cx: &mut Cx<'_>, names: &Names<'_>, common: Common<'_>, kind: PlacementKind) -> Placement {
    let Common { name, at, pods, required, across, least } = common;
    let help = "list them: pods = [\"prometheus/prometheus\", \"loki/single-binary\"]";
    let stated = cx.need(at, "pods", pods, help);
    let known = stated.is_some();
    let list = stated.unwrap_or_else(|| stand_in(at, "pods", Vec::new()));
    if known && !cx.unread_within(&list.path) && list.value.len() < least {
        let message = format!("`{}` names {} of at least {least}", list.path, list.value.len());
        cx.report(Cx::finding(codes::BAD_VALUE, message, list.span, "too few").help(help));
    }
    for (i, pod) in list.value.iter().enumerate() {
        if let Some(first) = list.value[..i].iter().find(|other| other.value == pod.value) {
            let mut finding = Cx::finding(
                codes::DUPLICATE_NAME,
                format!("`{}` is named twice", pod.value),
                pod.span,
                "again",
            );
            if let Some(span) = first.span {
                finding = finding.label(span, "first here");
            }
            cx.report(finding.help("name it once"));
        }
    }
    let across = or(at, "across", across, HOSTNAME.to_owned());
    if !is_label_key(&across.value) {
        let message = format!("{:?} is no label key", across.value);
        let help = "write a node label such as \"kubernetes.io/hostname\" or \"topology.kubernetes.io/zone\"";
        cx.report(Cx::finding(codes::BAD_VALUE, message, across.span, "not a label").help(help));
    }
    let pods = names.pod_list(cx, &list.value);
    Placement { name, kind, pods, required: or(at, "required", required, false), across }
}

fn weight(
    cx: &mut Cx<'_>,
    at: At<'_>,
    weight: Option<&Field<i64>>,
    required: Option<&Field<bool>>,
) -> Field<i32> {
    let given = or(at, "weight", weight, 100);
    if let (Some(weight), Some(required)) = (weight, required.filter(|required| required.value)) {
        let mut finding =
            Cx::finding(codes::CONTRADICTION, "a required rule has no weight", weight.span, "weighs nothing");
        if let Some(span) = required.span {
            finding = finding.label(span, "required");
        }
        cx.report(finding.help("take one of the lines out"));
    }
    match i32::try_from(given.value) {
        Ok(value) if (1..=100).contains(&value) => given.with(value),
        _ => {
            let message = format!("a weight of {} is out of range", given.value);
            cx.report(
                Cx::finding(codes::BAD_VALUE, message, given.span, "not allowed").help("write 1 to 100"),
            );
            given.with(100)
        }
    }
}

/// Expectations name `apart` rules, and findings name all of them.
fn check_names(cx: &mut Cx<'_>, rules: &[Placement]) {
    for (i, rule) in rules.iter().enumerate() {
        if let Some(first) = rules[..i].iter().find(|other| other.name.value == rule.name.value) {
            let message = format!("two rules are named `{}`", rule.name.value);
            let mut finding = Cx::finding(codes::DUPLICATE_NAME, message, rule.name.span, "again");
            if let Some(span) = first.name.span {
                finding = finding.label(span, "first here");
            }
            cx.report(finding.help("rename one of them"));
        }
    }
}
