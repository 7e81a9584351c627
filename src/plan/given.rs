//! Workloads out of manifests as carriers: what they are is written there, and nothing of it is decided here.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::make::Draft;
use super::{Carrier, Owner, REPLICAS};
use crate::catalogue::{Baseline, Field, Target};
use crate::kube::Container;
use crate::policy;
use crate::why::Decided;

/// Adds the manifests' workloads, less those that the plan has already.
pub(super) fn collect(draft: &mut Draft) {
    let policy = draft.policy;
    for (index, given) in policy.given.workloads.iter().enumerate() {
        let workload = &given.workload;
        let planned = draft.carriers.iter().any(|carrier| {
            carrier.workload == workload.name
                && carrier.namespace == workload.namespace
                && carrier.runs_as == workload.kind.as_str()
        });
        if !planned {
            let carrier = carrier(draft, index, given);
            draft.add_carrier(carrier);
        }
    }
}

fn carrier(draft: &mut Draft, index: usize, given: &policy::Given) -> Carrier {
    let workload = &given.workload;
    let why = draft.ledger.add(given.name.reason());
    let names = |containers: &[Container]| containers.iter().map(|c| c.name.clone()).collect();
    let spec = &workload.template.spec;
    let selector = workload.selector.as_ref().map(|selector| selector.match_labels.clone());
    Carrier {
        owner: Owner::Given(index),
        kind: workload.kind.as_str().to_owned(),
        runs_as: workload.kind.as_str().to_owned(),
        name: workload.name.clone(),
        workload: workload.name.clone(),
        namespace: workload.namespace.clone(),
        labels: Arc::new(workload.template.metadata.labels.clone()),
        selector: Arc::new(selector.unwrap_or_default()),
        tier: Some(Decided { value: given.tier.value, why }),
        transient: false,
        main: false,
        containers: names(&spec.containers),
        init_containers: names(&spec.init_containers),
        base: Arc::new(Baseline::written(fields(&given.object))),
        fields: BTreeMap::new(),
        unreachable: BTreeMap::new(),
        enabled: Decided { value: true, why },
        switches: Vec::new(),
        storage: None,
        pod: Arc::default(),
        controller: Arc::default(),
        needs: Arc::default(),
        given: Some(Arc::clone(&given.object)),
        span: given.name.span,
    }
}

/// What the object says of the fields that are decided of other carriers.
fn fields(object: &Value) -> Vec<(Target, Value)> {
    let nothing = Value::Object(Map::new());
    let spec = object.get("spec").unwrap_or(&nothing);
    let pod = spec.pointer("/template/spec").unwrap_or(&nothing);
    let own = |field: Field| Some((Target::Field(field), pod.get(field.key())?.clone()));
    let fields = Field::ALL.into_iter().filter(|field| *field != Field::Replicas).filter_map(own);
    let mut out: Vec<(Target, Value)> = fields.filter(|(_, value)| !value.is_null()).collect();
    if object["kind"] != "DaemonSet" {
        out.push((REPLICAS, spec.get("replicas").filter(|n| !n.is_null()).cloned().unwrap_or(json!(1))));
    }
    for list in ["containers", "initContainers"] {
        for container in pod.get(list).and_then(Value::as_array).into_iter().flatten() {
            let name = container["name"].as_str().unwrap_or_default().to_owned();
            if let Some(resources) = container.get("resources").filter(|r| r.is_object()) {
                out.push((Target::Resources(name), resources.clone()));
            }
        }
    }
    out
}
