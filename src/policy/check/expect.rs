//! `[scenarios.*.expect]`.

use super::super::shapes::{TomlExpect, TomlWho};
use super::super::{Expect, Who};
use super::{Cx, names::Names};
use crate::diag::codes::policy as codes;
use crate::shape::{Field, did_you_mean, quoted_list};

pub(super) fn check(cx: &mut Cx<'_>, table: &Field<TomlExpect>, names: &Names<'_>) -> Expect {
    let toml = &table.value;
    let mut who = |field: &Option<Field<TomlWho>>| field.as_ref().map(|field| names.who(cx, field));
    let expect = Expect {
        running: who(&toml.running),
        lifeboat: who(&toml.lifeboat),
        pending: who(&toml.pending),
        stuck: who(&toml.stuck),
        frozen: who(&toml.frozen),
        evicted: who(&toml.evicted),
        down: who(&toml.down),
        apart: toml.apart.as_ref().map(|rules| apart(cx, rules, names)),
    };
    let says = [
        &expect.running,
        &expect.lifeboat,
        &expect.pending,
        &expect.stuck,
        &expect.frozen,
        &expect.evicted,
        &expect.down,
    ];
    if says.iter().all(|who| who.is_none()) && expect.apart.is_none() && !cx.unread_within(&table.path) {
        let message = "an expectation that expects nothing cannot be refuted";
        let help = "write who is running, on the lifeboat, pending, stuck, frozen, evicted, down or apart";
        cx.report(Cx::finding(codes::MISSING_KEY, message, table.span, "empty").help(help));
    }
    check_contradictions(cx, &expect);
    expect
}

/// A pod is in one state: running and waiting at once is refuted before it is proved.
fn check_contradictions(cx: &mut Cx<'_>, expect: &Expect) {
    let states = [
        ("running", &expect.running),
        ("pending", &expect.pending),
        ("stuck", &expect.stuck),
        ("down", &expect.down),
    ];
    let clash = |a: &str, b: &str| a == "running" || b == "running" || (a == "pending" && b == "stuck");
    for (i, (name, one)) in states.iter().enumerate() {
        for (other_name, other) in &states[i + 1..] {
            let (Some(one), Some(other)) = (one, other) else { continue };
            if !clash(name, other_name) {
                continue;
            }
            let twice = match (&one.value, &other.value) {
                (Who::All, Who::All) => Some(("all".to_owned(), one.span, other.span)),
                (Who::All, Who::Some(list)) if !list.is_empty() => {
                    Some(("all".to_owned(), one.span, list[0].span))
                }
                (Who::Some(list), Who::All) if !list.is_empty() => {
                    Some(("all".to_owned(), list[0].span, other.span))
                }
                (Who::Some(a), Who::Some(b)) => a.iter().find_map(|pod| {
                    let same = b.iter().find(|other| other.value == pod.value)?;
                    Some((text(cx, pod.span), pod.span, same.span))
                }),
                _ => None,
            };
            let Some((what, first, second)) = twice else { continue };
            let message = format!("{what} cannot be {name} and {other_name} at once");
            let mut finding = Cx::finding(codes::CONTRADICTION, message, second, other_name);
            if let Some(span) = first {
                finding = finding.label(span, *name);
            }
            cx.report(finding.help("leave it in one list"));
        }
    }
}

fn text(cx: &Cx<'_>, span: Option<crate::source::Span>) -> String {
    span.map_or_else(|| "it".to_owned(), |span| cx.sources.text(span).to_owned())
}

/// The `apart` rules of an expectation.
fn apart(cx: &mut Cx<'_>, rules: &Field<TomlWho>, names: &Names<'_>) -> Field<Vec<Field<String>>> {
    let list = match &rules.value {
        TomlWho::None => Vec::new(),
        TomlWho::All => names.apart.iter().map(|name| rules.with((*name).to_owned())).collect(),
        TomlWho::Some(list) => list.clone(),
    };
    let all = !cx.unread("apart");
    for rule in list.iter().filter(|rule| all && !names.apart.contains(&rule.value.as_str())) {
        let help = match did_you_mean(&rule.value, names.apart.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.apart.is_empty() => "the policy has no rule that keeps pods apart".to_owned(),
            None => format!("the rules are {}", quoted_list(names.apart.iter().copied())),
        };
        let message = format!("there is no rule `apart.{}`", rule.value);
        cx.report(Cx::finding(codes::UNKNOWN_NAME, message, rule.span, "not a rule").help(help));
    }
    rules.with(list)
}
