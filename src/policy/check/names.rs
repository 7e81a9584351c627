//! Every name that others may use, and what it stands for.

use std::collections::BTreeMap;

use super::super::shapes::{TomlPolicy, TomlWho};
use super::super::{Node, PodRef, Tier, TierId, Who};
use super::{Cx, tiers};
use crate::diag::codes::policy as codes;
use crate::given::Given;
use crate::shape::{Field, did_you_mean};
use crate::source::Span;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tier(TierId),
    /// A tier with a mistake of its own: known, so that nobody calls it unknown.
    BrokenTier,
    Service,
    Workload,
}

/// The names of tiers, services and workloads, which share one space because expectations name all three.
pub(super) struct Names<'a> {
    named: BTreeMap<&'a str, Kind>,
    dropped: BTreeMap<&'a str, Span>,
    pub(super) nodes: Vec<&'a str>,
    pub(super) dropped_nodes: BTreeMap<&'a str, Span>,
    /// Nodes with a mistake of their own: they are not among [`Names::nodes`], and yet they are there.
    pub(super) broken_nodes: Vec<&'a str>,
    pub(super) apart: Vec<&'a str>,
    /// Whether tiers, services or workloads are missing as a whole: what is not known may be among them.
    partial: bool,
}

impl<'a> Names<'a> {
    pub(super) fn collect(
        cx: &mut Cx<'_>,
        toml: &'a TomlPolicy,
        given: &'a Given,
        nodes: &'a [Node],
        checked: &[Tier],
    ) -> Self {
        let mut all: BTreeMap<&str, (Kind, Option<Span>)> = BTreeMap::new();
        let mut add = |cx: &mut Cx<'_>, name: &'a str, kind: Kind, span: Option<Span>| {
            if let Some((_, first)) = all.get(name) {
                duplicate(cx, name, span, *first);
            } else {
                all.insert(name, (kind, span));
            }
        };
        if let Some(map) = &toml.tiers {
            for (name, entry) in map.value.iter() {
                let kind = tiers::find(checked, name).map_or(Kind::BrokenTier, Kind::Tier);
                add(cx, name, kind, entry.span);
            }
        }
        if let Some(map) = &toml.services {
            map.value.iter().for_each(|(name, entry)| add(cx, name, Kind::Service, entry.span));
        }
        if let Some(workloads) = &toml.workloads {
            workloads.value.named.iter().for_each(|(name, entry)| add(cx, name, Kind::Workload, entry.span));
        }
        // A manifest's name that something of the policy has stands for that: nobody here chose it.
        for given in &given.workloads {
            all.entry(given.workload.name.as_str()).or_insert((Kind::Workload, Some(given.span)));
        }
        let partial =
            toml.tiers.is_none() || ["tiers", "services", "workloads"].iter().any(|table| cx.unread(table));
        Self {
            partial,
            named: all.into_iter().map(|(name, (kind, _))| (name, kind)).collect(),
            dropped: dropped(toml),
            nodes: nodes.iter().map(|node| node.name.value.as_str()).collect(),
            dropped_nodes: toml.nodes.iter().flat_map(|map| spans(&map.value.dropped)).collect(),
            broken_nodes: toml.nodes.iter().flat_map(|map| unread(&map.value.entries, nodes)).collect(),
            apart: toml.apart.iter().flat_map(|map| map.value.iter().map(|(name, _)| name)).collect(),
        }
    }

    /// The tier of a name.
    pub(super) fn tier(&self, cx: &mut Cx<'_>, name: &Field<String>) -> Option<Field<TierId>> {
        match self.named.get(name.value.as_str()) {
            Some(Kind::Tier(id)) => return Some(name.with(*id)),
            Some(Kind::BrokenTier) => return None,
            _ => {}
        }
        let tiers = self.named.iter().filter(|(_, kind)| matches!(kind, Kind::Tier(_) | Kind::BrokenTier));
        self.unknown(cx, "tier", name, &name.value, tiers.map(|(name, _)| *name));
        None
    }

    /// The pods of a name: `tier:NAME`, `service/component`, or the name of a service, workload or tier.
    pub(super) fn pods(&self, cx: &mut Cx<'_>, name: &Field<String>) -> Option<Field<PodRef>> {
        if let Some(tier) = name.value.strip_prefix("tier:") {
            return Some(self.tier(cx, &name.with(tier.to_owned()))?.map(PodRef::Tier));
        }
        if let Some((service, component)) = name.value.split_once('/') {
            if self.named.get(service) == Some(&Kind::Service) && crate::shape::Names::Part.accepts(component)
            {
                let (service, component) = (service.to_owned(), component.to_owned());
                return Some(name.with(PodRef::Component { service, component }));
            }
            let services = self.named.iter().filter(|(_, kind)| **kind == Kind::Service);
            self.unknown(cx, "service", name, service, services.map(|(name, _)| *name));
            return None;
        }
        match self.named.get(name.value.as_str()) {
            Some(Kind::Tier(id)) => Some(name.with(PodRef::Tier(*id))),
            Some(Kind::Service) => Some(name.with(PodRef::Service(name.value.clone()))),
            Some(Kind::Workload) => Some(name.with(PodRef::Workload(name.value.clone()))),
            Some(Kind::BrokenTier) => None,
            None => {
                self.unknown(cx, "tier, service or workload", name, &name.value, self.named.keys().copied());
                None
            }
        }
    }

    pub(super) fn pod_list(&self, cx: &mut Cx<'_>, list: &[Field<String>]) -> Vec<Field<PodRef>> {
        list.iter().filter_map(|name| self.pods(cx, name)).collect()
    }

    pub(super) fn who(&self, cx: &mut Cx<'_>, who: &Field<TomlWho>) -> Field<Who> {
        who.with(match &who.value {
            TomlWho::All => Who::All,
            TomlWho::None => Who::None,
            TomlWho::Some(list) => Who::Some(self.pod_list(cx, list)),
        })
    }

    fn unknown<'b>(
        &self,
        cx: &mut Cx<'_>,
        what: &str,
        field: &Field<String>,
        name: &str,
        known: impl Iterator<Item = &'b str> + Clone,
    ) {
        if self.partial {
            return;
        }
        let help = match did_you_mean(name, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.clone().next().is_none() => format!("the policy has no {what}"),
            None => format!("known here: {}", crate::shape::quoted_list(known.take(20))),
        };
        let message = format!("there is no {what} `{name}`");
        let mut finding = Cx::finding(codes::UNKNOWN_NAME, message, field.span, "not known").help(help);
        if let Some(span) = self.dropped.get(name) {
            finding = finding.label(*span, "taken out here");
        }
        cx.report(finding);
    }
}

fn unread<'a, T>(
    entries: &'a indexmap::IndexMap<String, Field<T>>,
    nodes: &[Node],
) -> impl Iterator<Item = &'a str> {
    let read = |name: &str| nodes.iter().any(|node| node.name.value == name);
    entries.keys().map(String::as_str).filter(move |name| !read(name))
}

fn spans(dropped: &indexmap::IndexMap<String, Span>) -> impl Iterator<Item = (&str, Span)> {
    dropped.iter().map(|(name, span)| (name.as_str(), *span))
}

fn dropped(toml: &TomlPolicy) -> BTreeMap<&str, Span> {
    let tiers = toml.tiers.iter().flat_map(|map| spans(&map.value.dropped));
    let services = toml.services.iter().flat_map(|map| spans(&map.value.dropped));
    let workloads = toml.workloads.iter().flat_map(|workloads| spans(&workloads.value.named.dropped));
    tiers.chain(services).chain(workloads).collect()
}

fn duplicate(cx: &mut Cx<'_>, name: &str, span: Option<Span>, first: Option<Span>) {
    let message =
        format!("the name `{name}` is taken: tiers, services and workloads share one space of names");
    let mut finding = Cx::finding(codes::DUPLICATE_NAME, message, span, "again");
    if let Some(first) = first {
        finding = finding.label(first, "first here");
    }
    cx.report(finding.help("rename one of them"));
}
