//! Storage decides whether a pod can ever move, so a StatefulSet that can lose data must say where they
//! live. The plan then makes the chart's claim agree with the policy.

use serde_json::{Value, json};

use super::make::Draft;
use super::{CarrierId, Owner};
use crate::catalogue::{Condition, ValuePath};
use crate::diag::{Diagnostic, codes::build as codes};
use crate::policy::Storage;
use crate::shape::did_you_mean;
use crate::why::{Decided, Rule};

/// Decides where a component's data live.
pub(super) fn decide(draft: &mut Draft, id: CarrierId) {
    if !draft.carrier(id).lasting()
        || !matches!(draft.carrier(id).owner, Owner::Component { .. } | Owner::Custom { .. })
    {
        return;
    }
    let stated = draft.stated(id).and_then(|component| component.storage.clone());
    let unread = draft.stated(id).is_some_and(|component| component.storage_unread);
    let Some(storage) = stated else {
        if !unread && draft.carrier(id).runs_as == "StatefulSet" {
            let claims = claims(draft, id);
            unstated(draft, id, claims);
        }
        return;
    };
    let line = draft.ledger.add(storage.reason());
    let why = draft.ledger.add(storage.reason_for(Rule::Storage, vec![line]));
    draft.carrier_mut(id).storage = Some(Decided { value: storage.value, why });
    match switch(draft, id, storage.value != Storage::Ephemeral) {
        Ok(conditions) => draft.carrier_mut(id).switches.extend(conditions),
        Err(Refusal { why, instead }) => {
            let name = draft.names(&[id]);
            let message = format!("the volume of {name}: {why}");
            let mut diagnostic = Diagnostic::new(codes::STORAGE_UNREACHABLE, message).help(instead);
            if let Some(span) = storage.span {
                diagnostic = diagnostic.at(span, "not what the chart renders");
            }
            draft.diagnostics.push(diagnostic);
        }
    }
}

/// Whether the chart with the team's values claims a volume.
fn claims(draft: &Draft, id: CarrierId) -> bool {
    let Owner::Component { service, component } = &draft.carrier(id).owner else { return false };
    let plan = &draft.services[*service];
    let Some(known) = plan.edition.components.get(component) else { return false };
    known.storage.iter().any(|storage| plan.edition.holds(&storage.when, &plan.team))
}

/// Why no value makes the chart's claims as the policy wants them, and what to write instead.
struct Refusal {
    why: String,
    instead: String,
}

impl Refusal {
    fn new(why: impl Into<String>, instead: impl Into<String>) -> Self {
        Self { why: why.into(), instead: instead.into() }
    }
}

/// The values that make every claim of the component appear, with the size and class that the policy
/// states, or go.
fn switch(draft: &Draft, id: CarrierId, wants: bool) -> Result<Vec<Condition>, Refusal> {
    let Owner::Component { service, component } = &draft.carrier(id).owner else { return Ok(Vec::new()) };
    let plan = &draft.services[*service];
    let claims = plan.edition.components.get(component).map_or(&[][..], |known| &known.storage[..]);
    let stated = draft.stated(id);
    let size = stated.and_then(|c| c.storage_size.as_ref()).map(|size| json!(size.value.text));
    let class = stated.and_then(|c| c.storage_class.as_ref()).map(|class| json!(class.value));
    if wants && claims.is_empty() {
        return Err(Refusal::new(
            "the chart claims none for it, and the catalogue knows no value that would",
            "write `storage = \"ephemeral\"`, which is what the chart renders; a claim that it can make all the same \
             belongs into a catalogue file of your own (`cluster.charts`)",
        ));
    }
    let mut values = Vec::new();
    for claim in claims {
        let there = plan.edition.holds(&claim.when, &plan.team);
        if wants {
            let mut set = |path: &Option<ValuePath>, value: &Option<Value>| {
                if let (Some(path), Some(value)) = (path, value) {
                    values.push(Condition { path: path.clone(), is: value.clone() });
                }
            };
            set(&claim.size.0, &size);
            set(&claim.class, &class);
        }
        if there == wants {
            continue;
        }
        let Some(last) = claim.when.last() else {
            let instead = "write `storage = \"local\"` or `\"replicated\"`: what the volume's class gives it";
            return Err(Refusal::new("the chart always claims it", instead));
        };
        // A switch is a boolean; where the claim itself is the switch, its size makes it appear.
        let default = plan.edition.effective(&last.path, &Value::Null);
        let switch = default.as_ref().is_none_or(|value| value.is_boolean() || value.is_null());
        match (switch, wants) {
            (true, _) => values
                .push(Condition { path: last.path.clone(), is: json!((last.is == json!(true)) == wants) }),
            (false, true) if size.is_some() && claim.size.0.is_some() => {}
            (false, true) => {
                return Err(Refusal::new(
                    "the chart claims one only of a size, and the policy states none",
                    "write `storage-size = \"10Gi\"`, or what it needs, beside `storage`",
                ));
            }
            (false, false) => {
                return Err(Refusal::new(
                    format!("the team's values claim it at `{}`", last.path),
                    format!(
                        "take `{}` out of the team's values file, or write `storage = \"local\"` or `\"replicated\"`",
                        last.path
                    ),
                ));
            }
        }
    }
    Ok(values)
}

/// Whether the policy speaks of a component that the chart lacks, and probably means this one. That is reported.
fn misspelt(draft: &Draft, id: CarrierId) -> bool {
    let Owner::Component { service, component } = &draft.carrier(id).owner else { return false };
    let plan = &draft.services[*service];
    let stated = draft.policy.services[plan.index].components.iter().filter(|stated| stated.kind.is_none());
    let mut unknown = stated.filter(|stated| !plan.edition.components.contains_key(&stated.name.value));
    unknown.any(|unknown| did_you_mean(&unknown.name.value, [component.as_str()]).is_some())
}

fn unstated(draft: &mut Draft, id: CarrierId, claims: bool) {
    if misspelt(draft, id) {
        return;
    }
    let name = draft.names(&[id]);
    let today = if claims { "a volume claim of the chart" } else { "nothing but the pod itself" };
    let mut diagnostic = Diagnostic::new(
        crate::diag::codes::policy::STORAGE_UNSTATED,
        format!("{name} is a StatefulSet and the policy does not say where its data live"),
    )
    .note(format!("today it has {today}"))
    .help("write `storage = \"ephemeral\"`, `\"local\"` or `\"replicated\"`, and `data = \"what losing it costs\"`");
    if let Some(span) = draft.stated(id).and_then(|c| c.name.span).or(draft.carrier(id).span) {
        diagnostic = diagnostic.at(span, "its data decide whether it can move");
    }
    draft.diagnostics.push(diagnostic);
}
