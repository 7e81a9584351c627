//! `[budget]`.

use super::super::Budget;
use super::super::shapes::{Auto, TomlPolicy};
use super::{At, Cx, or};
use crate::diag::codes::policy as codes;

pub(super) fn check(cx: &mut Cx<'_>, toml: &TomlPolicy) -> Option<Budget> {
    let table = toml.budget.as_ref()?;
    let (at, budget) = (At::from(table), &table.value);
    let help = "list the namespaces of the applications: namespaces = [\"apps\"]";
    let namespaces = cx.need(at, "namespaces", budget.namespaces.as_ref(), help)?;
    if namespaces.value.is_empty() {
        let message = "a budget for no namespace";
        cx.report(Cx::finding(codes::BAD_VALUE, message, namespaces.span, "empty").help(help));
    }
    let mut seen: Vec<&str> = Vec::new();
    for name in &namespaces.value {
        if seen.contains(&name.value.0.as_str()) {
            let message = format!("the namespace `{}` is named twice", name.value.0);
            cx.report(Cx::finding(codes::DUPLICATE_NAME, message, name.span, "again").help("name it once"));
        }
        seen.push(&name.value.0);
    }
    Some(Budget {
        cpu: or(at, "cpu", budget.cpu.as_ref(), Auto::Auto),
        memory: or(at, "memory", budget.memory.as_ref(), Auto::Auto),
        namespaces: namespaces.value.iter().map(|name| name.with(name.value.0.clone())).collect(),
        enforce: or(at, "enforce", budget.enforce.as_ref(), false),
    })
}
