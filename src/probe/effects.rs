//! What moved between two renders, and which of the values that were set moved it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::candidates::Candidate;
use super::sentinel::{token, tokens, value, without_marks};
use super::shot::{FIELDS, Shot};

/// One value that a render had set: which candidate, and the kind of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trial {
    pub(super) candidate: usize,
    pub(super) kind: &'static str,
}

/// What one path did to one field.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Effect {
    pub(super) carrier: Option<String>,
    pub(super) container: Option<String>,
    pub(super) field: Option<String>,
    pub(super) how: &'static str,
    pub(super) now: Option<Value>,
}

impl Effect {
    fn of(how: &'static str) -> Self {
        Self { carrier: None, container: None, field: None, how, now: None }
    }

    /// In the form of the facts.
    pub(super) fn to_json(&self) -> Value {
        let mut out = Map::new();
        let texts = [("carrier", &self.carrier), ("container", &self.container), ("field", &self.field)];
        for (key, value) in texts {
            if let Some(text) = value {
                out.insert(key.into(), text.as_str().into());
            }
        }
        out.insert("how".into(), self.how.into());
        if let Some(now) = &self.now {
            out.insert("now".into(), now.clone());
        }
        Value::Object(out)
    }

    /// Whether it moves a field of a pod.
    pub(super) fn moves(&self) -> bool {
        self.carrier.is_some() && !self.how.ends_with("-added") && !self.how.ends_with("-removed")
    }
}

/// Effects by trial; `None` if they cannot be told apart, so that each has to be tried alone.
pub(super) fn compare(
    base: &Shot,
    now: &Shot,
    trials: &[Trial],
    candidates: &[Candidate],
) -> Option<Vec<Vec<Effect>>> {
    let mut comparison = Comparison { trials, candidates, found: vec![Vec::new(); trials.len()] };
    let ids: BTreeSet<&String> = base.carriers.keys().chain(now.carriers.keys()).collect();
    for id in ids {
        match (base.carriers.get(id), now.carriers.get(id)) {
            (Some(old), Some(new)) => comparison.carrier(id, old, new)?,
            (Some(_), None) => comparison.alone(id, None, "carrier-removed")?,
            _ => comparison.alone(id, None, "carrier-added")?,
        }
    }
    for (effects, trial) in comparison.found.iter_mut().zip(trials) {
        if effects.is_empty() && now.tokens.contains(&token(trial.candidate)) {
            effects.push(Effect::of("text"));
        }
    }
    Some(comparison.found)
}

struct Comparison<'a> {
    trials: &'a [Trial],
    candidates: &'a [Candidate],
    found: Vec<Vec<Effect>>,
}

impl Comparison<'_> {
    fn carrier(&mut self, id: &str, old: &Map<String, Value>, new: &Map<String, Value>) -> Option<()> {
        let twice = |carrier: &Map<String, Value>, field: &str| {
            let all = carrier.get("duplicates").and_then(Value::as_array).into_iter().flatten();
            all.filter_map(Value::as_str).any(|path| path.split('.').any(|key| key == field))
        };
        for field in FIELDS.into_iter().chain(["replicas"]) {
            let (was, is) = (old.get(field), new.get(field));
            let duplicated = twice(new, field) && !twice(old, field);
            if was != is || duplicated {
                self.attribute(id, None, field, is, duplicated)?;
            }
        }
        let list = |carrier: &Map<String, Value>| {
            carrier.get("containers").and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let (was, is) = (list(old), list(new));
        for container in &is {
            let name = container["name"].as_str().unwrap_or_default();
            match was.iter().find(|known| known["name"] == container["name"]) {
                None => self.alone(id, Some(name), "container-added")?,
                Some(known) if known["resources"] != container["resources"] => {
                    self.attribute(id, Some(name), "resources", container.get("resources"), false)?;
                }
                Some(_) => {}
            }
        }
        for container in was.iter().filter(|c| !is.iter().any(|known| known["name"] == c["name"])) {
            self.alone(id, container["name"].as_str(), "container-removed")?;
        }
        Some(())
    }

    /// An effect that carries no mark: it has an author only if a single value was set.
    fn alone(&mut self, id: &str, container: Option<&str>, how: &'static str) -> Option<()> {
        let [effects] = &mut self.found[..] else { return None };
        effects.push(Effect {
            carrier: Some(id.to_owned()),
            container: container.map(str::to_owned),
            ..Effect::of(how)
        });
        Some(())
    }

    fn attribute(
        &mut self,
        id: &str,
        container: Option<&str>,
        field: &str,
        is: Option<&Value>,
        duplicated: bool,
    ) -> Option<()> {
        let marks = tokens(&is.map(Value::to_string).unwrap_or_default());
        let mut authors: Vec<usize> = self.trials_where(|trial| marks.contains(&token(trial.candidate)));
        if authors.is_empty() {
            authors = self.trials_where(|trial| own_field(self.candidates[trial.candidate].field) == field);
        }
        if authors.is_empty() && self.trials.len() == 1 {
            authors.push(0);
        }
        if authors.is_empty() || marks.is_empty() && authors.len() > 1 {
            return None;
        }
        for author in authors {
            let trial = self.trials[author];
            let candidate = &self.candidates[trial.candidate];
            let given = given(candidate, trial);
            let how = if duplicated { "duplicated-key" } else { how(&given, is, &token(trial.candidate)) };
            let now = is.filter(|_| how != "replaced").map(without_marks);
            let other = candidate.field != field;
            self.found[author].push(Effect {
                carrier: Some(id.to_owned()),
                container: container.map(str::to_owned),
                field: other.then(|| field.to_owned()),
                how,
                now,
            });
        }
        Some(())
    }

    fn trials_where(&self, holds: impl Fn(&Trial) -> bool) -> Vec<usize> {
        self.trials.iter().enumerate().filter(|(_, trial)| holds(trial)).map(|(i, _)| i).collect()
    }
}

/// The field that shows what a path of that field does.
pub(super) fn own_field(field: &str) -> &str {
    if field == "podAntiAffinity" { "affinity" } else { field }
}

/// The value as it would stand in the pod.
fn given(candidate: &Candidate, trial: Trial) -> Value {
    let kind = match (trial.kind, candidate.field) {
        ("yaml-text", "affinity") => "nodeAffinity",
        ("yaml-text", _) => "value",
        (kind, _) => kind,
    };
    value(candidate.field, kind, &token(trial.candidate))
}

fn how(given: &Value, is: Option<&Value>, mark: &str) -> &'static str {
    let Some(is) = is else { return "changed" };
    if is == given {
        return "replaced";
    }
    match (is, given) {
        (Value::Object(_), Value::Object(_)) if contains(is, given) => "merged",
        (Value::Array(all), Value::Array(mine)) if mine.iter().all(|item| all.contains(item)) => {
            "list-appended"
        }
        _ if is.to_string().contains(mark) => "wrapped",
        _ => "changed",
    }
}

fn contains(all: &Value, part: &Value) -> bool {
    match (all, part) {
        (Value::Object(all), Value::Object(part)) => {
            part.iter().all(|(key, value)| all.get(key).is_some_and(|known| contains(known, value)))
        }
        _ => all == part,
    }
}

/// All effects of a candidate's kinds as the facts keep them: joined where they agree.
pub(super) fn entry(candidate: &Candidate, tried: &[Tried], tpl: bool) -> Value {
    let alive = tried.iter().any(|t| !t.effects.is_empty());
    let refused = !alive && tried.iter().any(|t| t.error.is_some());
    let mut out = json!({
        "path": candidate.path.to_string(),
        "field": candidate.field,
        "found": candidate.found,
        "default": candidate.default,
        "inValues": candidate.in_values,
        "alive": alive,
    });
    if tpl {
        out["tpl"] = true.into();
    }
    if refused {
        out["refused"] = true.into();
    }
    let list = |effects: &[Effect]| -> Value { effects.iter().map(Effect::to_json).collect() };
    match tried {
        [one] if one.error.is_none() && one.kind != "yaml-text" => {
            let none = json!([{ "how": "none" }]);
            out["effect"] = if one.effects.is_empty() { none } else { list(&one.effects) };
        }
        several => {
            out["probes"] = several
                .iter()
                .map(|t| match &t.error {
                    Some(error) => json!({ "probe": t.kind, "error": error }),
                    None => json!({ "probe": t.kind, "effect": list(&t.effects) }),
                })
                .collect();
        }
    }
    out
}

/// What one kind of value did at one path.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tried {
    pub(super) kind: &'static str,
    pub(super) error: Option<String>,
    pub(super) effects: Vec<Effect>,
}
