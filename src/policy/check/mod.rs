//! From shapes to a [`Policy`]. One concern a file; each reports all that is wrong in it and goes on.

mod allow;
mod argocd;
mod budget;
mod cluster;
mod expect;
mod given;
mod lifeboat;
mod losses;
mod names;
mod nodes;
mod placements;
mod recovery;
mod scenarios;
mod services;
mod tiers;
mod unused;
mod workloads;

use std::collections::BTreeSet;

use super::shapes::{TomlPolicy, TomlResources};
use super::{Policy, Resources};
use crate::diag::{Code, Diagnostic, Severity, codes::policy as codes};
use crate::given::Given;
use crate::shape::{Field, Reader, join};
use crate::source::{SourceMap, Span};

/// Checks a policy. What is missing or unreadable was reported and has a stand-in, so that whoever looks
/// for further mistakes finds them; the policy may be used only if no finding is an error, which
/// [`super::load`] sees to.
pub(super) fn check(
    sources: &SourceMap,
    file: &str,
    toml: &TomlPolicy,
    given: Given,
    unread: Unread<'_>,
) -> (Policy, Vec<Diagnostic>) {
    let mut cx = Cx { sources, unread, findings: Vec::new() };
    let policy = build(&mut cx, file, toml, given);
    // What is left out because of a mistake makes other things look unused.
    let clean = cx.findings.iter().all(|finding| finding.severity != Severity::Error) && unread.all();
    if clean {
        unused::check(&mut cx, &policy);
    }
    (policy, cx.findings)
}

fn build(cx: &mut Cx<'_>, file: &str, toml: &TomlPolicy, given: Given) -> Policy {
    let cluster = cluster::check(cx, toml);
    // What follows from a stand-in is no finding.
    let known = cluster.as_ref().ok();
    let nodes = nodes::check(cx, toml);
    let mut tiers = tiers::check(cx, toml);
    let names = names::Names::collect(cx, toml, &given, &nodes, &tiers);
    let lifeboat = lifeboat::check(cx, toml, &nodes, &tiers);
    let default_tier = tiers::default_tier(cx, toml, &tiers).unwrap_or(tiers::STAND_IN);
    let services = services::check(cx, toml, &names, default_tier);
    let workloads = workloads::check(cx, toml, &names, default_tier);
    let given = given::check(cx, &given, (&tiers, default_tier), &services, &workloads);
    let placements = placements::check(cx, toml, &names);
    let recovery = recovery::check(cx, toml, known);
    let budget = budget::check(cx, toml);
    let scenarios = scenarios::check(cx, toml, &names, &nodes, &recovery);
    let allowances = allow::check(cx, toml);
    let argocd = argocd::check(cx, toml, &services);
    if let Some(cluster) = known {
        nodes::check_datastore(cx, cluster, &nodes);
    }
    tiers::check_lock(cx, lifeboat.as_ref(), &tiers);
    tiers::stand_in(&mut tiers);
    Policy {
        file: file.to_owned(),
        cluster: cluster.unwrap_or_else(|made_up| *made_up),
        nodes,
        lifeboat,
        tiers,
        default_tier,
        services,
        workloads,
        given,
        placements,
        recovery,
        budget,
        scenarios,
        allowances,
        argocd,
        _sealed: (),
    }
}

/// Paths of what is there and was not read.
#[derive(Clone, Copy)]
pub(super) struct Unread<'a> {
    /// Values that were reported.
    failed: &'a BTreeSet<String>,
    /// Keys that are probably there under a misspelt name, which was reported.
    misspelt: &'a BTreeSet<String>,
}

impl<'a> Unread<'a> {
    pub(super) fn of(reader: &'a Reader) -> Self {
        Self { failed: &reader.failed, misspelt: &reader.misspelt }
    }

    /// Whether everything was read.
    fn all(self) -> bool {
        self.failed.is_empty() && self.misspelt.is_empty()
    }
}

/// What the checks share.
pub(crate) struct Cx<'a> {
    sources: &'a SourceMap,
    unread: Unread<'a>,
    findings: Vec<Diagnostic>,
}

/// The table that a key stands in: its path and place.
#[derive(Clone, Copy)]
struct At<'a> {
    path: &'a str,
    span: Option<Span>,
}

impl<'a, T> From<&'a Field<T>> for At<'a> {
    fn from(field: &'a Field<T>) -> Self {
        Self { path: &field.path, span: field.span }
    }
}

impl Cx<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.findings.push(diagnostic);
    }

    /// A finding at a place that may be unknown.
    fn finding(code: Code, message: impl Into<String>, span: Option<Span>, text: &str) -> Diagnostic {
        let diagnostic = Diagnostic::new(code, message);
        match span {
            Some(span) => diagnostic.at(span, text),
            None => diagnostic,
        }
    }

    /// A key without a default.
    fn need<T: Clone>(
        &mut self,
        at: At<'_>,
        key: &str,
        value: Option<&Field<T>>,
        help: &str,
    ) -> Option<Field<T>> {
        let path = join(at.path, key);
        if value.is_none() && !self.unread(&path) {
            let message = format!("`{path}` is missing");
            self.report(Self::finding(codes::MISSING_KEY, message, at.span, "in this table").help(help));
        }
        value.cloned()
    }

    /// Whether a key, or a table around it, is there and could not be read: that was reported.
    fn unread(&self, path: &str) -> bool {
        let ends = path.match_indices('.').map(|(end, _)| end).chain([path.len()]);
        ends.map(|end| &path[..end]).any(|part| {
            // What a table lacks may stand under the misspelt name.
            self.unread.failed.contains(part) || self.unread.misspelt.contains(part)
        })
    }

    /// Whether a value, or anything in it, could not be read: it may look empty for that.
    fn unread_within(&self, path: &str) -> bool {
        let inside = |failed: &String| {
            failed.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.unread(path) || self.unread.failed.iter().any(inside)
    }

    /// Reports a table that every policy has.
    fn need_table(&mut self, table: &str, help: &str) {
        if !self.unread(table) {
            let message = format!("the policy has no `[{table}]`");
            self.report(Diagnostic::new(codes::MISSING_KEY, message).help(help));
        }
    }

    /// Tables of resources.
    fn resources(table: Option<&Field<TomlResources>>) -> Resources {
        table.map_or_else(Resources::default, |table| Resources {
            cpu: table.value.cpu.clone(),
            memory: table.value.memory.clone(),
        })
    }

    /// Reports limits below requests, which the API server refuses.
    fn check_limits(&mut self, requests: &Resources, limits: &Resources) {
        let pairs = [
            (
                "cpu",
                requests.cpu.as_ref().map(|cpu| (cpu.value.milli, cpu.span)),
                limits.cpu.as_ref().map(|cpu| (cpu.value.milli, cpu.span)),
            ),
            (
                "memory",
                requests.memory.as_ref().map(|memory| (memory.value.bytes, memory.span)),
                limits.memory.as_ref().map(|memory| (memory.value.bytes, memory.span)),
            ),
        ];
        for (what, request, limit) in pairs {
            let (Some((request, request_at)), Some((limit, limit_at))) = (request, limit) else { continue };
            if request > limit {
                let message = format!("the {what} limit is below the request");
                let mut finding = Self::finding(codes::LIMIT_BELOW_REQUEST, message, limit_at, "this limit");
                if let Some(span) = request_at {
                    finding = finding.label(span, "this request");
                }
                self.report(finding.help("raise the limit or lower the request"));
            }
        }
    }

    /// File names in the policy, relative to the file that says so, made relative to where the policy's
    /// own name is.
    fn resolved(&self, names: &[Field<String>]) -> Vec<Field<String>> {
        names.iter().map(|name| self.resolve(name)).collect()
    }

    fn resolve(&self, name: &Field<String>) -> Field<String> {
        let base = name.span.map(|span| self.sources.get(span.file).name.to_string());
        let base = base.unwrap_or_default();
        name.with(crate::source::extends::relative(&base, &name.value))
    }
}

/// What stands for a key that is missing or cannot be read, in a policy that is looked at only for further
/// mistakes.
fn stand_in<T>(at: At<'_>, key: &str, value: T) -> Field<T> {
    Field::default_at(value, join(at.path, key))
}

/// A key's value or its default.
fn or<T: Clone>(at: At<'_>, key: &str, value: Option<&Field<T>>, default: T) -> Field<T> {
    value.cloned().unwrap_or_else(|| Field::default_at(default, join(at.path, key)))
}

/// The same, converted.
fn map_or<T: Clone, U>(
    at: At<'_>,
    key: &str,
    value: Option<&Field<T>>,
    f: impl FnOnce(T) -> U,
    default: U,
) -> Field<U> {
    match value {
        Some(field) => field.clone().map(f),
        None => Field::default_at(default, join(at.path, key)),
    }
}

/// The name of an entry of a table.
fn entry_name<T>(name: &str, entry: &Field<T>) -> Field<String> {
    entry.with(name.to_owned())
}
