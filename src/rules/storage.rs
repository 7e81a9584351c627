//! Storage that pins what should move.

use super::{Found, Subject};
use crate::diag::{Severity, codes::verify as codes};
use crate::plan::objects::LOCAL_CLASS;
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
    let templates = workload.claim_templates.iter().enumerate().map(|(n, t)| {
        let class = t.spec.storage_class_name.as_deref();
        (t.metadata.name.as_str(), Some(class), ["volumeClaimTemplates".to_owned(), n.to_string()])
    });
    let volumes = workload.template.spec.volumes.iter().enumerate().filter_map(|(n, volume)| {
        let at = ["volumes".to_owned(), n.to_string()];
        if let Some(claim) = &volume.persistent_volume_claim {
            return Some((claim.claim_name.as_str(), None, at));
        }
        let template = volume.ephemeral.as_ref()?.volume_claim_template.as_ref();
        let class = template.and_then(|template| template.spec.storage_class_name.as_deref());
        Some((volume.name.as_str(), Some(class), at))
    });
    let volumes_of_nodes = || {
        let volumes = workload.template.spec.volumes.iter().enumerate();
        volumes.filter(|(_, volume)| volume.other.contains_key("hostPath"))
    };
    for (claim, class, at) in templates.chain(volumes) {
        let remote = class.is_some_and(|class| class.is_some_and(|class| class != LOCAL_CLASS));
        if planned == Some(Storage::Replicated) && remote {
            continue;
        }
        let class_text = match class {
            Some(Some(class)) => format!("class `{class}`"),
            Some(None) => format!("the default class, which is {LOCAL_CLASS} in K3s"),
            None => "a class that its own object names".to_owned(),
        };
        let meant = planned.map_or("no storage", Storage::word);
        let message = format!("claims volume `{claim}` of {class_text}; the plan says {meant}");
        let mut finding = Found::new(codes::STORAGE_PINS, &at, message)
            .note("a local volume ties its pod to one node: when the node is lost, the pod cannot run anywhere else")
            .help("switch the claim off, or give it a class whose volumes every node can reach")
            .policy(carrier.span);
        finding.why = carrier.storage.map(|storage| storage.why);
        finding.of_controller = at[0] == "volumeClaimTemplates";
        // Of a claim by name the class stands elsewhere.
        if class.is_none() && planned == Some(Storage::Replicated) {
            finding.severity = Severity::Note;
        }
        found.push(finding);
    }
    for (n, volume) in volumes_of_nodes().filter(|_| planned == Some(Storage::Ephemeral)) {
        let message =
            format!("keeps volume `{}` in a folder of the node; the plan says ephemeral", volume.name);
        let at = ["volumes".to_owned(), n.to_string()];
        found.push(Found::new(codes::STORAGE_PINS, &at, message).policy(carrier.span));
    }
}
