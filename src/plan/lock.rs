//! The lock: one tiny pod on the lifeboat, of a class between the tiers that give way and those that
//! stay, which lifeboat pods cannot share a node with. Boarding then takes a preemption, and the
//! scheduler takes the node whose dearest victim is cheapest: applications on a worker first.
//!
//! The term stands on both sides: the pods' so that they are woken when the lock goes, the lock's so
//! that it is woken when the last of them leaves. The lock's side is *one* term, because the
//! scheduler's queueing hint wants all terms to match.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::make::Draft;
use super::select::selector_for;
use super::terms::{Affinity, HOSTNAME, PodTerm};
use super::{AFFINITY, PRIORITY_CLASS, REPLICAS, TOLERATIONS};
use super::{Carrier, CarrierId, Owner};
use crate::catalogue::Target;
use crate::diag::{Diagnostic, codes::build as codes};
use crate::why::{Decided, Rule};

/// Adds the lock's own carrier, after every carrier that may board is known.
pub(super) fn add(draft: &mut Draft) {
    let policy = draft.policy;
    let Some(lifeboat) = &policy.lifeboat else { return };
    let Some(lock) = &lifeboat.lock else { return };
    if draft.boarding().is_empty() {
        // Nobody boards, so there is nothing to hold closed.
        return;
    }
    let asked = draft.ledger.add(lock.lever.reason());
    let why = draft.ledger.add(lock.lever.reason_for(Rule::Lock, vec![asked]));
    let name = lock.name.value.clone();
    let labels = Arc::new(BTreeMap::from([
        ("app.kubernetes.io/name".to_owned(), name.clone()),
        ("app.kubernetes.io/managed-by".to_owned(), "lifeboat".to_owned()),
    ]));
    let mut pod = Map::new();
    pod.insert("terminationGracePeriodSeconds".to_owned(), json!(lock.grace_period.value));
    let carrier = Carrier {
        owner: Owner::Lock,
        kind: "Deployment".to_owned(),
        runs_as: "Deployment".to_owned(),
        workload: name.clone(),
        name,
        namespace: lock.namespace.value.clone(),
        selector: Arc::clone(&labels),
        labels,
        tier: None,
        transient: false,
        main: false,
        containers: Arc::from(["lock".to_owned()]),
        init_containers: Arc::default(),
        base: Arc::default(),
        fields: BTreeMap::new(),
        unreachable: BTreeMap::new(),
        enabled: Decided { value: true, why },
        switches: Vec::new(),
        storage: None,
        pod: Arc::new(pod),
        controller: Arc::default(),
        needs: Arc::default(),
        given: None,
        span: lock.lever.span.or(lifeboat.nodes.span),
    };
    let id = draft.add_carrier(carrier);
    let toleration =
        |effect: &str| json!({"key": lifeboat.taint.value.key, "operator": "Exists", "effect": effect});
    let mut tolerations = vec![toleration(lifeboat.taint.value.effect.word())];
    if let Some(twin) = &lifeboat.twin {
        tolerations.push(toleration(twin.value.effect.word()));
    }
    draft.set(id, TOLERATIONS, Some(Value::Array(tolerations)), why, Vec::new());
    draft.set(id, PRIORITY_CLASS, Some(json!(lock.name.value)), why, Vec::new());
    let boats = u32::try_from(lifeboat.nodes.value.len()).unwrap_or(u32::MAX);
    draft.set(id, REPLICAS, Some(json!(boats)), why, Vec::new());
    let requests = json!({"requests": {"cpu": lock.cpu.value.text, "memory": lock.memory.value.text}});
    draft.set(id, Target::Resources("lock".to_owned()), Some(requests), why, Vec::new());
    affinity(draft, id, why);
}

/// The lock's own affinity: the lifeboat nodes, apart from itself where there are several, and apart
/// from every pod that may board.
fn affinity(draft: &mut Draft, id: CarrierId, why: crate::why::Why) {
    let policy = draft.policy;
    let Some(lifeboat) = &policy.lifeboat else { return };
    let names: Vec<&str> =
        lifeboat.nodes.value.iter().map(|&node| policy.node(node).name.value.as_str()).collect();
    let base = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchExpressions": [{"key": HOSTNAME, "operator": "In", "values": names}]}],
    }}});
    let mut affinity = Affinity::on(Some(&base));
    let boarding = draft.boarding();
    match selector_for(&draft.carriers, &boarding) {
        Ok(selection) => {
            let term = PodTerm {
                selector: selection.selector,
                namespaces: selection.namespaces,
                topology: HOSTNAME.to_owned(),
            };
            affinity.pods(true, None, &term, why);
        }
        Err(ambiguous) => {
            // Nobody else is in the way where the pods themselves have nothing in common.
            let (message, help) = if ambiguous.others.is_empty() {
                let who = draft.names(&boarding);
                (
                    format!("the pods that may board the lifeboat have no label in common: {who}"),
                    "let these pods share a label, or take \"lock\" out of `lifeboat.last-resort`",
                )
            } else {
                let others = draft.names(&ambiguous.others);
                (
                    format!("no label tells the pods that may board the lifeboat from {others}"),
                    "give these pods a tier with `lifeboat = true` too, or take \"lock\" out of `lifeboat.last-resort`",
                )
            };
            let mut diagnostic = Diagnostic::new(codes::LOCK_SELECTOR_AMBIGUOUS, message).help(help);
            if let Some(span) = draft.carrier(id).span {
                diagnostic = diagnostic.at(span, "the lock needs one selector for all of them");
            }
            draft.diagnostics.push(diagnostic);
        }
    }
    if lifeboat.nodes.value.len() > 1
        && let Ok(own) = selector_for(&draft.carriers, &[id])
    {
        let term =
            PodTerm { selector: own.selector, namespaces: own.namespaces, topology: HOSTNAME.to_owned() };
        affinity.pods(true, None, &term, why);
    }
    let (value, parts) = affinity.finish();
    draft.set(id, AFFINITY, Some(value), why, parts);
}

/// The pods' side of the lock.
pub(super) fn keep_off(draft: &mut Draft, id: CarrierId, affinity: &mut Affinity) {
    let policy = draft.policy;
    let Some(lock) = policy.lifeboat.as_ref().and_then(|lifeboat| lifeboat.lock.as_ref()) else { return };
    if !draft.boards(id) {
        return;
    }
    let asked = draft.ledger.add(lock.lever.reason());
    let why = draft.ledger.add(lock.lever.reason_for(Rule::Lock, vec![asked]));
    let selector = json!({"matchLabels": {"app.kubernetes.io/name": lock.name.value}});
    let term =
        PodTerm { selector, namespaces: vec![lock.namespace.value.clone()], topology: HOSTNAME.to_owned() };
    affinity.pods(true, None, &term, why);
}
