//! The packaged pods of K3s: nobody decides about them, but they run, tolerate the lifeboat's taint and
//! take room.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, json};

use super::{Carrier, Owner};
use crate::catalogue::{Catalogue, Release};
use crate::policy::{Distribution, Policy};
use crate::source::SourceMap;
use crate::why::{Decided, Ledger, Reason, Rule};

/// The catalogue's name for what K3s packages; its versions are those of Kubernetes.
const CHART: &str = "k3s";

/// The packaged pods of the policy's distribution and version, less those that are disabled.
pub(super) fn carriers(
    catalogue: &Catalogue,
    sources: &mut SourceMap,
    policy: &Policy,
    ledger: &mut Ledger,
) -> Vec<Carrier> {
    if policy.cluster.distribution.value != Distribution::K3s {
        return Vec::new();
    }
    let Ok(chart) = catalogue.chart(sources, CHART) else { return Vec::new() };
    let version = semver::Version::new(1, u64::from(policy.cluster.minor.value), 0);
    let disabled: Map<_, _> =
        policy.cluster.disable.iter().map(|name| (name.value.word().to_owned(), json!(false))).collect();
    let values = json!({"enabled": disabled});
    let release = Release { name: CHART, namespace: "kube-system", values: &values };
    let Ok(edition) = catalogue.installed(&chart, (&version, None), release) else { return Vec::new() };
    let mut out = Vec::new();
    for (name, component, untouched) in edition.untouched().filter(|(.., untouched)| untouched.installed) {
        let why = ledger.add(Reason {
            rule: Rule::Catalogue,
            at: Some(component.span),
            path: format!("{CHART}.{name}"),
            because: Vec::new(),
        });
        let runs_as = component.makes.0.clone();
        out.push(Carrier {
            owner: Owner::Packaged,
            kind: component.kind.clone(),
            name: component.name.clone(),
            workload: component.makes.1.clone(),
            namespace: "kube-system".to_owned(),
            labels: Arc::clone(&component.labels),
            selector: Arc::clone(&component.selector),
            tier: None,
            transient: component.hook.is_some() || matches!(runs_as.as_str(), "Job" | "Pod"),
            runs_as,
            main: false,
            containers: Arc::clone(&untouched.containers),
            init_containers: Arc::clone(&untouched.init_containers),
            base: Arc::clone(&untouched.base),
            fields: BTreeMap::new(),
            unreachable: BTreeMap::new(),
            enabled: Decided { value: true, why },
            switches: Vec::new(),
            storage: None,
            pod: Arc::clone(&component.pod),
            controller: Arc::clone(&component.controller),
            needs: Arc::clone(&component.needs),
            given: None,
            span: None,
        });
    }
    out
}
