//! `[allow.*]`.

use super::super::Allowance;
use super::super::shapes::TomlPolicy;
use super::{At, Cx, entry_name};
use crate::diag::{Code, codes as registry, codes::policy as codes};
use crate::shape::did_you_mean;

pub(super) fn check(cx: &mut Cx<'_>, toml: &TomlPolicy) -> Vec<Allowance> {
    let mut out: Vec<Allowance> = Vec::new();
    for (name, entry) in toml.allow.iter().flat_map(|map| map.value.iter()) {
        let (at, allow) = (At::from(entry), &entry.value);
        let code = cx.need(at, "code", allow.code.as_ref(), "name the finding: its code stands in brackets");
        let target = cx.need(at, "target", allow.target.as_ref(), "name what it was found on");
        let reason = cx.need(at, "reason", allow.reason.as_ref(), "say why it is accepted: someone will ask");
        let found = code.as_ref().and_then(|code| Code::find(&code.value));
        if let (Some(code), None) = (&code, found) {
            let help = match did_you_mean(&code.value, registry::all().map(Code::name)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "a finding's code stands in brackets behind its severity".to_owned(),
            };
            let message = format!("no finding has the code `{}`", code.value);
            cx.report(Cx::finding(codes::UNKNOWN_CODE, message, code.span, "not a code").help(help));
        }
        let (Some(code), Some(found), Some(target), Some(reason)) = (code, found, target, reason) else {
            continue;
        };
        if let Some(first) =
            out.iter().find(|other| other.code.value == found && other.target.value == target.value)
        {
            let message = format!("`{}` is already allowed for `{}`", code.value, target.value);
            let mut finding = Cx::finding(codes::DUPLICATE_NAME, message, entry.span, "again");
            if let Some(span) = first.name.span {
                finding = finding.label(span, "first here");
            }
            cx.report(finding.help("take one of them out"));
        }
        out.push(Allowance { name: entry_name(name, entry), code: code.with(found), target, reason });
    }
    out
}
