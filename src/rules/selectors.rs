//! Selectors of pod affinity terms: what they really match. Labels that several workloads share, a
//! missing namespace, a DaemonSet that carries the same name: each makes a term mean something else than
//! it says.

use std::collections::BTreeSet;

use super::Found;
use crate::diag::{Severity, codes::verify as codes};
use crate::kube::{LabelSet, PodAffinityTerm};

/// Pods that terms can match.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// `Kind namespace/name`.
    pub title: &'a dyn std::fmt::Display,
    /// Their namespace.
    pub namespace: &'a str,
    /// Their labels.
    pub labels: &'a dyn LabelSet,
    /// Whether a DaemonSet makes them.
    pub daemon: bool,
}

/// A term of a workload and where it stands.
#[derive(Clone, Debug)]
pub struct Term {
    /// The term.
    pub term: PodAffinityTerm,
    /// Whether it keeps apart rather than together.
    pub anti: bool,
    /// Whether it must hold.
    pub required: bool,
    /// Its path within the pod spec.
    pub path: Vec<String>,
}

/// All terms of a pod, with their paths.
#[must_use]
pub fn terms(affinity: Option<&crate::kube::Affinity>) -> Vec<Term> {
    let mut terms = Vec::new();
    let Some(affinity) = affinity else { return terms };
    let sides = [
        ("podAffinity", &affinity.pod_affinity, false),
        ("podAntiAffinity", &affinity.pod_anti_affinity, true),
    ];
    for (group, side, anti) in sides {
        let Some(side) = side else { continue };
        let path = |list: &str, n: usize| {
            vec!["affinity".to_owned(), group.to_owned(), list.to_owned(), n.to_string()]
        };
        for (n, term) in side.required.iter().enumerate() {
            let path = path("requiredDuringSchedulingIgnoredDuringExecution", n);
            terms.push(Term { term: term.clone(), anti, required: true, path });
        }
        for (n, term) in side.preferred.iter().enumerate() {
            let path = path("preferredDuringSchedulingIgnoredDuringExecution", n);
            terms.push(Term { term: term.pod_affinity_term.clone(), anti, required: false, path });
        }
    }
    terms
}

/// Checks one term of a pod in `namespace` against all pods that are known.
#[must_use]
pub fn check(term: &Term, namespace: &str, own_daemon: bool, targets: &[Target<'_>]) -> Option<Found> {
    let selector = term.term.label_selector.as_ref()?;
    // Labels of namespaces are rarely in a render, so a selector of namespaces is taken to match any.
    let any_namespace = term.term.namespace_selector.is_some();
    let namespaces: BTreeSet<&str> = match term.term.namespaces.as_slice() {
        [] => BTreeSet::from([namespace]),
        named => named.iter().map(String::as_str).collect(),
    };
    let by_labels = || targets.iter().filter(|target| selector.matches_set(target.labels));
    let matched: Vec<&Target<'_>> =
        by_labels().filter(|target| any_namespace || namespaces.contains(target.namespace)).collect();
    if matched.is_empty() {
        let elsewhere: BTreeSet<&str> = by_labels().map(|target| target.namespace).collect();
        let message = match elsewhere.first() {
            Some(other) => {
                format!("has a term that looks in {} only, but its pods are in `{other}`", list(&namespaces))
            }
            None => format!("has a term that matches no pod in {}", list(&namespaces)),
        };
        let help = match elsewhere.first() {
            Some(other) => {
                format!("add `namespaces: [{other}]`: without it a term sees the pod's own namespace")
            }
            None => "it does nothing; does the selector name labels that the pods really have?".to_owned(),
        };
        return Some(Found::new(codes::SELECTOR_MATCHES_NOTHING, &term.path, message).help(help));
    }
    let daemon = matched.iter().find(|target| target.daemon);
    match daemon {
        Some(daemon) if term.anti && !own_daemon => {
            let message =
                format!("keeps away from {}, which is a DaemonSet and stands on every node", daemon.title);
            let severity = if term.required { Severity::Error } else { Severity::Warning };
            Some(
                Found::new(codes::SELECTOR_MATCHES_DAEMONSET, &term.path, message)
                    .severity(severity)
                    .note("the term weighs on all nodes that the DaemonSet is on, so that only nodes without it look good")
                    .help("select by a label that only the meant workload has, such as `app.kubernetes.io/component`"),
            )
        }
        _ => None,
    }
}

fn list(namespaces: &BTreeSet<&str>) -> String {
    let quoted: Vec<String> = namespaces.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
