//! `[services.*]` and their components.

use std::collections::BTreeMap;

use super::super::shapes::{TomlComponent, TomlContainer, TomlPolicy, TomlService};
use super::super::{Component, Container, Lacks, Service, Storage, TierId};
use super::{At, Cx, entry_name, join, map_or, names::Names, or, stand_in};
use crate::diag::codes::policy as codes;
use crate::shape::{Field, Map};

pub(super) fn check(
    cx: &mut Cx<'_>,
    toml: &TomlPolicy,
    names: &Names<'_>,
    default_tier: TierId,
) -> Vec<Service> {
    let Some(map) = &toml.services else { return Vec::new() };
    let entries = map.value.iter();
    let services: Vec<_> =
        entries.map(|(name, entry)| service(cx, name, entry, names, default_tier)).collect();
    check_releases(cx, &services);
    services
}

fn service(
    cx: &mut Cx<'_>,
    name: &str,
    entry: &Field<TomlService>,
    names: &Names<'_>,
    default_tier: TierId,
) -> Service {
    let (at, toml) = (At::from(entry), &entry.value);
    let help = "name the chart: chart = \"argo-cd\" (`lifeboat charts list`)";
    let chart = cx.need(at, "chart", toml.chart.as_ref(), help);
    let help = "write the chart's version: what an overlay may say depends on it";
    let version = cx.need(at, "version", toml.version.as_ref(), help).and_then(|text| version(cx, &text));
    let help = "write the namespace that the release lives in";
    let namespace = cx.need(at, "namespace", toml.namespace.as_ref(), help);
    // A tier that is not there is an error; the rest of the service is looked at all the same.
    let own = toml.tier.as_ref().and_then(|tier| names.tier(cx, tier));
    let tier = own.unwrap_or_else(|| Field::default_at(default_tier, join(at.path, "tier")));
    let empty = Field::default_at(Map::default(), join(at.path, "components"));
    let components = toml.components.as_ref().unwrap_or(&empty);
    let components = components.value.iter().map(|(name, entry)| component(cx, name, entry, names)).collect();
    Service {
        lacks: Lacks { chart: chart.is_none(), version: version.is_none(), namespace: namespace.is_none() },
        chart: chart.unwrap_or_else(|| stand_in(at, "chart", String::new())),
        version: version.unwrap_or_else(|| stand_in(at, "version", semver::Version::new(0, 0, 0))),
        repository: toml.repository.clone(),
        release: map_or(at, "release", toml.release.as_ref(), |name| name.0, name.to_owned()),
        namespace: namespace
            .map_or_else(|| stand_in(at, "namespace", "default".to_owned()), |name| name.map(|name| name.0)),
        tier,
        values: toml.values.as_ref().map_or_else(Vec::new, |values| cx.resolved(&values.value)),
        spread: or(at, "spread", toml.spread.as_ref(), true),
        components,
        name: entry_name(name, entry),
    }
}

fn version(cx: &mut Cx<'_>, text: &Field<String>) -> Option<Field<semver::Version>> {
    let plain = text.value.strip_prefix('v').unwrap_or(&text.value);
    match semver::Version::parse(plain) {
        Ok(version) => Some(text.with(version)),
        Err(error) => {
            let message = format!("{:?} is no chart version: {error}", text.value);
            let help =
                "write one exact version, such as \"10.1.1\"; ranges would make outputs depend on the day";
            cx.report(Cx::finding(codes::BAD_VERSION, message, text.span, "this version").help(help));
            None
        }
    }
}

fn component(cx: &mut Cx<'_>, name: &str, entry: &Field<TomlComponent>, names: &Names<'_>) -> Component {
    let toml = &entry.value;
    let requests = Cx::resources(toml.requests.as_ref());
    let limits = Cx::resources(toml.limits.as_ref());
    cx.check_limits(&requests, &limits);
    check_storage(
        cx,
        toml.storage.as_ref(),
        toml.storage_size.as_ref().map(|size| size.span),
        toml.storage_class.as_ref(),
    );
    let containers = toml.containers.as_ref().map_or_else(Vec::new, |containers| {
        containers.value.iter().map(|(name, entry)| container(cx, name, entry)).collect()
    });
    Component {
        storage_unread: cx.unread(&join(&entry.path, "storage")),
        kind: toml.kind.clone(),
        tier: toml.tier.as_ref().and_then(|tier| names.tier(cx, tier)),
        enabled: toml.enabled.clone(),
        replicas: toml.replicas.clone(),
        requests,
        limits,
        containers,
        storage: toml.storage.clone(),
        storage_size: toml.storage_size.clone(),
        storage_class: toml.storage_class.clone(),
        data: toml.data.clone(),
        eviction_delay: toml.eviction_delay.clone().map(|delay| delay.map(|delay| delay.seconds)),
        name: entry_name(name, entry),
    }
}

fn container(cx: &mut Cx<'_>, name: &str, entry: &Field<TomlContainer>) -> Container {
    let requests = Cx::resources(entry.value.requests.as_ref());
    let limits = Cx::resources(entry.value.limits.as_ref());
    cx.check_limits(&requests, &limits);
    Container { name: entry_name(name, entry), requests, limits }
}

/// A volume's size and class say nothing of a pod without a volume.
pub(super) fn check_storage(
    cx: &mut Cx<'_>,
    storage: Option<&Field<Storage>>,
    size: Option<Option<crate::source::Span>>,
    class: Option<&Field<String>>,
) {
    let ephemeral = storage.filter(|storage| storage.value == Storage::Ephemeral);
    for (what, span) in
        size.map(|span| ("size", span)).into_iter().chain(class.map(|class| ("class", class.span)))
    {
        let (message, label) = match (storage, ephemeral) {
            (None, _) => (format!("a storage {what} without a storage"), None),
            (_, Some(ephemeral)) => (format!("ephemeral storage has no {what} of a volume"), ephemeral.span),
            _ => continue,
        };
        let mut finding = Cx::finding(codes::CONTRADICTION, message, span, "of what?");
        if let Some(span) = label {
            finding = finding.label(span, "in the pod");
        }
        cx.report(finding.help("write storage = \"local\" or \"replicated\", or take the line out"));
    }
    if let Some(class) = class
        && !crate::shape::Names::Subdomain.accepts(&class.value)
    {
        let message = format!("{:?} is no name for a StorageClass", class.value);
        cx.report(
            Cx::finding(codes::BAD_NAME, message, class.span, "this name")
                .help("use lower-case letters, digits, `-` and `.`"),
        );
    }
}

/// Two releases of one name in one namespace are one release.
fn check_releases(cx: &mut Cx<'_>, services: &[Service]) {
    let mut seen: BTreeMap<(&str, &str), &Service> = BTreeMap::new();
    for service in services.iter().filter(|service| !service.lacks.namespace) {
        let key = (service.namespace.value.as_str(), service.release.value.as_str());
        if let Some(first) = seen.insert(key, service) {
            let message = format!(
                "`{}` and `{}` are one Helm release: {} in {}",
                first.name.value, service.name.value, key.1, key.0
            );
            let span = service.release.span.or(service.name.span);
            let mut finding = Cx::finding(codes::DUPLICATE_NAME, message, span, "the same release");
            if let Some(span) = first.release.span.or(first.name.span) {
                finding = finding.label(span, "first here");
            }
            cx.report(finding.help("give one another release name or namespace"));
        }
    }
}
