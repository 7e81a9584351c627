//! Storage that pins what should move.

use super::{Found, Subject};
use crate::diag::codes::verify as codes;
use crate::policy::Storage;

pub(super) fn check(subject: Subject<'_>, found: &mut Vec<Found>) {
    let Some(carrier) = subject.ranked() else { return };
    if carrier.runs_as == "DaemonSet" {
        return;
    }
    let planned = carrier.storage.map(|storage| storage.value);
    if planned == Some(Storage::Local) {
        return;
    }
    let workload = subject.workload;
    let templates = workload
        .claim_templates
        .iter()
        .map(|t| (t.metadata.name.as_str(), t.spec.storage_class_name.as_deref()));
    let volumes = workload.template.spec.volumes.iter().filter_map(|volume| {
        let claim = volume.persistent_volume_claim.as_ref()?;
        Some((claim.claim_name.as_str(), None))
    });
    let paths = workload.template.spec.volumes.iter().filter(|v| v.other.contains_key("hostPath"));
    for (claim, class) in templates.chain(volumes) {
        if planned == Some(Storage::Replicated) && class.is_some_and(|class| class != "local-path") {
            continue;
        }
        let class_text = match class {
            Some(class) => format!("class `{class}`"),
            None => "the default class, which is local-path in K3s".to_owned(),
        };
        let meant = planned.map_or("no storage", Storage::word);
        let message = format!("claims volume `{claim}` of {class_text}; the plan says {meant}");
        let mut finding = Found::new(codes::STORAGE_PINS, &["volumes"], message)
            .note("a local volume ties its pod to one node: when the node is lost, the pod cannot run anywhere else")
            .help("switch the claim off, or give it a class whose volumes every node can reach")
            .policy(carrier.span);
        finding.why = carrier.storage.map(|storage| storage.why);
        found.push(finding);
    }
    for volume in paths.filter(|_| planned == Some(Storage::Ephemeral)) {
        let message =
            format!("keeps volume `{}` in a folder of the node; the plan says ephemeral", volume.name);
        found.push(Found::new(codes::STORAGE_PINS, &["volumes"], message).policy(carrier.span));
    }
}
