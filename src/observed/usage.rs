//! Requests held against use: the text of `kubectl top pods`.
//!
//! The scheduler counts requests, so a proof is as good as they are. Where pods use far more, the surviving node is
//! full before the scheduler says so.

use std::collections::BTreeMap;

use super::found;
use crate::cluster::{Cluster, Workload, WorkloadKind};
use crate::diag::{Diagnostic, codes::observed as codes};
use crate::kube::{Container, Quantity};
use crate::plan::Plan;
use crate::scheduler::Requests;

/// A request is far below use if use is more than so many hundredths of it …
const FAR_PERCENT: i64 = 150;
/// … and by more than this much memory, in bytes …
const FAR_MEMORY: i64 = 32 << 20;
/// … or this much CPU, in thousandths.
const FAR_CPU: i64 = 50;
/// Longest text that is read, in lines.
const MOST_LINES: usize = 200_000;

/// What a pod, or a container of it, was seen to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Namespace; empty without `-A`.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The container, with `--containers`.
    pub container: Option<String>,
    /// CPU in thousandths.
    pub cpu: i64,
    /// Memory in bytes.
    pub memory: i64,
}

/// Reads the text of `kubectl top pods`, with or without `-A` and `--containers`. Lines that cannot be read are
/// findings; `name` is the file's.
#[must_use]
pub fn read(name: &str, text: &str) -> (Vec<Use>, Vec<Diagnostic>) {
    let mut uses = Vec::new();
    let mut findings = Vec::new();
    let mut columns: Option<Vec<&str>> = None;
    for (n, line) in text.lines().enumerate().take(MOST_LINES) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        if words.last().is_some_and(|w| w.starts_with("MEMORY")) {
            columns = Some(words);
            continue;
        }
        match columns.as_deref().ok_or("no heading before it").and_then(|columns| row(columns, &words)) {
            // Metrics that were not there yet.
            Ok(None) => {}
            Ok(Some(seen)) => uses.push(seen),
            Err(why) => {
                let message = format!("{name}:{}: {why}: `{}`", n + 1, line.trim());
                findings.push(
                    found(codes::USE_UNREADABLE, message, None)
                        .help("give the text that `kubectl top pods -A` prints, heading included"),
                );
            }
        }
    }
    if uses.is_empty() && findings.is_empty() {
        findings.push(found(codes::USE_UNREADABLE, format!("{name}: no pod in it"), None));
    }
    (uses, findings)
}

fn row(columns: &[&str], words: &[&str]) -> Result<Option<Use>, &'static str> {
    if columns.len() != words.len() {
        return Err("not as many words as the heading has");
    }
    // `CPU(cores)`: the unit is part of the heading.
    let named = |c: &str, column: &str| c.split('(').next() == Some(column);
    let of = |column: &str| columns.iter().position(|c| named(c, column)).map(|i| words[i]);
    let (pod, name) = (of("POD"), of("NAME"));
    let (pod, container) = match (pod, name) {
        (Some(pod), Some(container)) => (pod, Some(container.to_owned())),
        (None, Some(pod)) => (pod, None),
        _ => return Err("the heading has no NAME"),
    };
    let figure = |column: &str| of(column).ok_or("the heading has no CPU or MEMORY");
    let (cpu, memory) = (figure("CPU")?, figure("MEMORY")?);
    if cpu.starts_with('<') || memory.starts_with('<') {
        return Ok(None);
    }
    let quantity = |text: &str| text.parse::<Quantity>().map_err(|_| "a figure that is no quantity");
    Ok(Some(Use {
        namespace: of("NAMESPACE").unwrap_or_default().to_owned(),
        pod: pod.to_owned(),
        container,
        cpu: quantity(cpu)?.milli(),
        memory: quantity(memory)?.value(),
    }))
}

/// Warns of every workload whose pods use far more than they request; the largest pod counts.
#[must_use]
pub fn check(plan: &Plan, cluster: &Cluster, uses: &[Use]) -> Vec<Diagnostic> {
    let mut largest: BTreeMap<(usize, Option<&str>), &Use> = BTreeMap::new();
    let mut strangers = Vec::new();
    for seen in uses {
        let Some(at) = workload_of(cluster, seen) else {
            if !strangers.contains(&seen.pod.as_str()) {
                strangers.push(seen.pod.as_str());
            }
            continue;
        };
        let entry = largest.entry((at, seen.container.as_deref())).or_insert(seen);
        if seen.memory > entry.memory {
            *entry = seen;
        }
    }
    let mut findings: Vec<Diagnostic> = largest
        .iter()
        .filter_map(|((at, _), seen)| judge(plan, cluster, &cluster.workloads[*at], seen))
        .collect();
    if let (Some(last), false) = (findings.last_mut(), strangers.is_empty()) {
        let shown = strangers.iter().take(5).copied().collect::<Vec<_>>().join(", ");
        last.notes.push(format!("{} pods are of no workload that is proved: {shown}", strangers.len()));
    }
    findings
}

/// The workload behind a pod's name: the longest name that the pod's begins with, and a rest that the kind makes.
fn workload_of(cluster: &Cluster, seen: &Use) -> Option<usize> {
    let fits = |w: &Workload| {
        let here = seen.namespace.is_empty() || w.namespace == seen.namespace;
        let rest = seen.pod.strip_prefix(&w.name).and_then(|rest| rest.strip_prefix('-'));
        here && match (w.kind, rest) {
            (WorkloadKind::Pod, _) => w.name == seen.pod,
            (_, None) => false,
            (WorkloadKind::StatefulSet, Some(rest)) => rest.bytes().all(|b| b.is_ascii_digit()),
            (WorkloadKind::DaemonSet | WorkloadKind::ReplicaSet | WorkloadKind::Job, Some(rest)) => {
                !rest.contains('-')
            }
            // A hash and a random suffix.
            (WorkloadKind::Deployment | WorkloadKind::CronJob, Some(rest)) => rest.split('-').count() == 2,
        }
    };
    let found = cluster.workloads.iter().enumerate().filter(|(_, w)| fits(w));
    found.max_by_key(|(_, w)| w.name.len()).map(|(i, _)| i)
}

fn judge(plan: &Plan, cluster: &Cluster, workload: &Workload, seen: &Use) -> Option<Diagnostic> {
    let pod = workload.pod(cluster, 0);
    let (cpu, memory) = match &seen.container {
        None => Requests::of(&pod.spec, cluster.version).cpu_and_memory(),
        Some(name) => {
            let own = |c: &&Container| c.name == *name;
            let container = pod.spec.containers.iter().chain(&pod.spec.init_containers).find(own)?;
            let of = |name: &str| container.resources.requests.get(name).copied().unwrap_or_default();
            (of("cpu").milli(), of("memory").value())
        }
    };
    let far = |used: i64, request: i64, least: i64| {
        used.saturating_sub(request) > least && used.saturating_mul(100) > request.saturating_mul(FAR_PERCENT)
    };
    let (too_much_memory, too_much_cpu) = (far(seen.memory, memory, FAR_MEMORY), far(seen.cpu, cpu, FAR_CPU));
    if !too_much_memory && !too_much_cpu {
        return None;
    }
    let mi = |bytes: i64| bytes.div_euclid(1 << 20);
    let mut parts = Vec::new();
    if too_much_memory {
        parts.push(format!("{}Mi of memory", mi(seen.memory)));
    }
    if too_much_cpu {
        parts.push(format!("{}m of CPU", seen.cpu));
    }
    let container = seen.container.as_ref().map_or_else(String::new, |c| format!(", container {c},"));
    let name = match (&workload.owner.service, &workload.owner.component) {
        (Some(service), Some(component)) => format!("{service}/{component}"),
        _ if workload.owner.tier.is_some() => workload.name.clone(),
        _ => workload.key(),
    };
    let code =
        if memory == 0 && too_much_memory { codes::NO_REQUEST_BUT_USE } else { codes::REQUEST_BELOW_USE };
    let message =
        format!("{name}{container} uses {} and requests {cpu}m/{}Mi", parts.join(" and "), mi(memory));
    // A fifth more than was seen, in steps that people write.
    let room = seen.memory.saturating_add(seen.memory / 5);
    let wanted = (mi(room).saturating_add(16) / 16).saturating_mul(16).max(mi(memory));
    let cores = if too_much_cpu { (seen.cpu.saturating_add(9) / 10).saturating_mul(10) } else { cpu };
    let mut finding = found(code, message, None)
        .about(&name)
        .help(format!("requests = {{ cpu = \"{cores}m\", memory = \"{wanted}Mi\" }}, and prove again"));
    let carrier =
        plan.carriers.iter().find(|c| c.namespace == workload.namespace && c.workload == workload.name);
    if let Some(span) = carrier.and_then(|c| c.span) {
        finding = finding.at(span, "what was proved requests less");
    }
    Some(finding)
}
