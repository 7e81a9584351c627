//! Closure: a service needs more than its own pods. What the catalogue says is needed is held against every loss;
//! names, alarms, images and K3s's Helm jobs are needed by everybody or by kinds of workloads.

use std::collections::BTreeMap;

use super::{Case, found, some};
use crate::diag::{Diagnostic, codes::survival as codes};
use crate::policy::{Distribution, Packaged, Phase};
use crate::prove::table::Mark;
use crate::prove::{Cell, Column, Row};

/// The packaged DNS of K3s, as `namespace/workload`.
const DNS: &str = "kube-system/coredns";

pub(super) fn check(case: &Case<'_>) -> Vec<Diagnostic> {
    let mut all = needs(case);
    all.extend(names(case));
    all.extend(alarms(case));
    all.extend(images(case));
    all.extend(helm_jobs(case));
    all
}

/// The cells of a column after fencing, or before it where nobody fences.
fn after(column: &Column) -> Option<&[Cell]> {
    column.phases.iter().rev().find(|(p, _)| *p != Phase::Return).map(|(_, cells)| cells.as_slice())
}

fn up(cell: &Cell) -> bool {
    matches!(cell.mark, Mark::Running | Mark::Lifeboat | Mark::Idle)
}

/// Rows that a row needs: components of its service, `namespace/workload`, and the cluster's DNS.
fn needed<'a>(case: &'a Case<'_>, row: &Row, dns: Option<&'a Row>) -> Vec<&'a Row> {
    let Some(carrier) = case.carrier(row) else { return Vec::new() };
    let workload = |other: &Row| case.model.facts.workloads[usize::from(other.id.0)].name.as_str();
    let meant = |need: &str, other: &&Row| {
        if need.contains('/') {
            workload(other) == need
        } else {
            other.service == row.service && other.component.as_deref() == Some(need)
        }
    };
    let mut rows: Vec<&Row> = carrier
        .needs
        .iter()
        .filter_map(|need| case.model.rows.iter().find(|other| meant(need, other)))
        .collect();
    rows.extend(dns.filter(|dns| !rows.iter().any(|r| r.id == dns.id) && dns.id != row.id));
    rows
}

/// What runs after a loss while something that it needs does not; the first loss is told.
fn needs(case: &Case<'_>) -> Vec<Diagnostic> {
    let mut told: BTreeMap<(usize, usize), String> = BTreeMap::new();
    let facts = &case.model.facts.workloads;
    let dns = case.model.rows.iter().find(|row| facts[usize::from(row.id.0)].name == DNS);
    for row in case.claimed().filter(|row| case.lifeboat_tier(row)) {
        let needed = needed(case, row, dns);
        let at = usize::from(row.id.0);
        for column in case.proof.columns.iter().filter(|c| c.api && !needed.is_empty()) {
            let Some(cells) = after(column).filter(|cells| up(&cells[at])) else { continue };
            for need in &needed {
                let other = usize::from(need.id.0);
                if !up(&cells[other]) {
                    let lost = column.lost.first().map_or_else(String::new, |set| case.model.names(set));
                    told.entry((other, at)).or_insert(lost);
                }
            }
        }
    }
    let mut by_need: BTreeMap<usize, (Vec<&str>, String)> = BTreeMap::new();
    for ((need, who), lost) in &told {
        let entry = by_need.entry(*need).or_insert_with(|| (Vec::new(), lost.clone()));
        entry.0.push(&case.model.rows[*who].name);
    }
    let finding = |(need, (who, lost)): (usize, (Vec<&str>, String))| {
        let need = &case.model.rows[need];
        let message =
            format!("after the loss of {lost}, {} run without {}, which they need", some(&who), need.name);
        found(codes::NEED_IS_DOWN, message, case.span(need), "does not run then")
            .about(&need.name)
            .help(format!("give {} the tier of what needs it, or another replica", need.name))
    };
    by_need.into_iter().map(finding).collect()
}

/// A single DNS pod: until it is replaced nothing resolves a name.
fn names(case: &Case<'_>) -> Option<Diagnostic> {
    let facts = &case.model.facts.workloads;
    let at = facts.iter().position(|w| w.name == DNS)?;
    if facts[at].replicas != 1 {
        return None;
    }
    let away = case.proof.columns.iter().filter(|c| c.api && c.lost.iter().all(|s| s.len() == 1));
    let outage = away
        .filter_map(|column| after(column)?.get(at)?.away.from_loss.as_ref())
        .max_by_key(|o| o.total.latest.unwrap_or(u64::MAX));
    let seconds = outage.map_or_else(|| "until it is replaced".to_owned(), |o| format!("for {}", o.total));
    let message = format!("{DNS} has one pod: when its node is lost, no name is resolved {seconds}");
    let dns = &case.model.rows[at];
    Some(found(codes::NAMES_AWAY, message, case.span(dns), "one replica").about(DNS).help(
        "`kubectl -n kube-system scale deployment coredns --replicas=2`; what is spared by the loss waits for it otherwise",
    ))
}

/// Prometheus boards and the Alertmanager of its service does not.
fn alarms(case: &Case<'_>) -> Vec<Diagnostic> {
    let of_kind = |kind: &'static str| {
        case.claimed().filter(move |row| case.carrier(row).is_some_and(|c| c.kind == kind))
    };
    let mut all = Vec::new();
    for prometheus in of_kind("Prometheus").filter(|row| case.boards(row)) {
        for alarm in of_kind("Alertmanager") {
            if alarm.service == prometheus.service && !case.boards(alarm) {
                let message = format!(
                    "{} may board the lifeboat and {} may not: alerts reach nobody while only the lifeboat is up",
                    prometheus.name, alarm.name
                );
                let tier = prometheus.tier.clone().unwrap_or_default();
                all.push(
                    found(codes::ALARM_UNHEARD, message, case.span(alarm), "stays ashore")
                        .about(&alarm.name)
                        .help(format!("tier = \"{tier}\" for it, or accept it with `[allow.NAME]`")),
                );
            }
        }
    }
    all
}

/// What boards without ever having run on the lifeboat has its images elsewhere.
fn images(case: &Case<'_>) -> Option<Diagnostic> {
    let lifeboats: Vec<&str> =
        case.model.nodes.iter().filter(|n| n.lifeboat).map(|n| n.name.as_str()).collect();
    let boarding: Vec<&str> = case
        .claimed()
        .filter(|row| case.lifeboat_tier(row) && case.boards(row))
        .map(|row| row.name.as_str())
        .collect();
    if lifeboats.is_empty() || boarding.is_empty() {
        return None;
    }
    let message = format!(
        "{} pull their images when they board {}: without uplink or a copy there they never start",
        some(&boarding),
        lifeboats.join(", ")
    );
    let at = case.plan.policy.lifeboat.as_ref().and_then(|l| l.nodes.span);
    Some(found(codes::IMAGES_NOT_THERE, message, at, "the lifeboat").help(
        "import them on the lifeboat, or set `embedded-registry: true` in K3s; the proof ends with the binding",
    ))
}

/// Traefik's install job does not tolerate K3s's own taint.
fn helm_jobs(case: &Case<'_>) -> Option<Diagnostic> {
    let policy = &case.plan.policy;
    let lifeboat = policy.lifeboat.as_ref()?;
    let disabled = policy.cluster.disable.iter().any(|d| d.value == Packaged::Traefik);
    if policy.cluster.distribution.value != Distribution::K3s || disabled {
        return None;
    }
    let message = format!(
        "K3s's Helm jobs do not tolerate {}: Traefik is not installed or upgraded while only the lifeboat is up",
        lifeboat.taint.value.key
    );
    Some(
        found(codes::HELM_JOBS_ASHORE, message, lifeboat.taint.span, "keeps the jobs off")
            .help("cluster.disable = [\"traefik\"] if it is not used; what is installed runs on"),
    )
}
