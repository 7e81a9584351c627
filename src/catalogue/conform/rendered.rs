//! What Helm renders, held against the plan: every field of every carrier is as planned, and nothing
//! else moves.

use std::collections::BTreeSet;

use serde_json::Value;

use super::planned::Verdict;
use super::site::Site;
use crate::catalogue::{Edition, Field, Place, Target, is_set};
use crate::plan::{Carrier, Owner};
use crate::yaml::{self, Budget};

/// A rendered object.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// All of it.
    pub value: Value,
}

/// All that a render printed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rendered {
    /// Objects in order.
    pub objects: Vec<Object>,
    /// Keys that appear twice, with their object.
    pub duplicates: Vec<String>,
}

impl Rendered {
    /// Reads the output of `helm template` with a strict reader.
    ///
    /// # Errors
    /// Where the text is no YAML.
    pub fn parse(text: &str) -> Result<Self, String> {
        let documents = yaml::read_all(text, &Budget::default()).map_err(|error| format!("{error:?}"))?;
        let mut out = Self::default();
        for document in documents {
            let Some(root) = document.root else { continue };
            let value = root.into_json();
            let text =
                |path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (kind, name) = (text("/kind"), text("/metadata/name"));
            let twice = document.duplicates.iter();
            out.duplicates.extend(twice.map(|d| format!("{kind}/{name}: {}", d.path.join("."))));
            out.objects.push(Object { kind, name, value });
        }
        Ok(out)
    }

    /// Takes out what two renders of the same values do not agree on: charts make passwords at random and
    /// print their checksums.
    pub fn mask_noise(&mut self, one: &Self, other: &Self) {
        for object in &mut self.objects {
            let (a, b) = (one.find(&object.kind, &object.name), other.find(&object.kind, &object.name));
            if a.is_none() || a == b {
                continue;
            }
            for (above, key) in [("", "data"), ("/spec/template/metadata", "annotations")] {
                if let Some(Value::Object(map)) = object.value.pointer_mut(above) {
                    map.shift_remove(key);
                }
            }
        }
    }

    fn find(&self, kind: &str, name: &str) -> Option<&Object> {
        self.objects.iter().find(|object| object.kind == kind && object.name == name)
    }
}

/// Holds a render with the overlay against the plan and against the render without it.
#[must_use]
pub fn against_render(site: &Site, without: &Rendered, with: &Rendered, what: &str) -> Verdict {
    let edition = &site.plan.services[site.service].edition;
    let mut check = Check { site, edition, what, verdict: Verdict { policies: 1, ..Verdict::default() } };
    for twice in with.duplicates.iter().filter(|twice| !without.duplicates.contains(twice)) {
        let line = check.line(&format!("{twice} appears twice"));
        check.verdict.duplicates.push(line);
    }
    check.existence(with);
    check.fields(with);
    check.rest(without, with);
    check.verdict
}

struct Check<'a> {
    site: &'a Site,
    edition: &'a Edition,
    what: &'a str,
    verdict: Verdict,
}

impl<'a> Check<'a> {
    fn line(&self, text: &str) -> String {
        format!("{} {} ({}): {text}", self.edition.chart, self.edition.version, self.what)
    }

    fn differs(&mut self, text: &str) {
        let line = self.line(text);
        self.verdict.mismatches.push(line);
    }

    /// The planned carriers that the chart renders, with their component's name.
    fn carriers(&self) -> Vec<(&'a Carrier, &'a str)> {
        let (site, edition) = (self.site, self.edition);
        let of_chart = |carrier: &'a Carrier| match &carrier.owner {
            Owner::Component { service, component }
                if *service == site.service && edition.components[component].place == Place::Chart =>
            {
                Some((carrier, component.as_str()))
            }
            _ => None,
        };
        site.plan.carriers.iter().filter_map(of_chart).collect()
    }

    /// Exactly the planned carriers exist.
    fn existence(&mut self, with: &Rendered) {
        let carriers = self.carriers();
        let operators: BTreeSet<&str> = self.edition.components.values().map(|c| c.kind.as_str()).collect();
        for object in &with.objects {
            let carries = pod_spec(&object.value).is_some() || operators.contains(object.kind.as_str());
            let known = carriers
                .iter()
                .any(|(c, _)| c.kind == object.kind && c.name == object.name && c.enabled.value);
            if carries && !known {
                self.differs(&format!("{}/{} is rendered and not in the plan", object.kind, object.name));
            }
        }
        for (carrier, component) in carriers.iter().filter(|(carrier, _)| carrier.enabled.value) {
            if with.find(&carrier.kind, &carrier.name).is_none() {
                self.differs(&format!("{component} is in the plan and not rendered"));
            }
        }
    }

    /// Every field is as planned, or as the catalogue says where nobody decides.
    fn fields(&mut self, with: &Rendered) {
        for (carrier, component) in self.carriers() {
            let Some(object) = with.find(&carrier.kind, &carrier.name) else { continue };
            self.verdict.carriers += 1;
            for (target, _) in self.edition.components[component].rendered_targets() {
                let opaque =
                    !carrier.fields.contains_key(&target) && carrier.base.opaque.contains_key(&target);
                if opaque || absent(carrier, &target) {
                    continue;
                }
                self.verdict.fields += 1;
                let planned = carrier.field(&target).filter(|value| is_set(value));
                let rendered = get(&object.value, carrier, &target).filter(|value| is_set(value));
                if planned != rendered {
                    let show = |v: Option<&Value>| v.map_or_else(|| "nothing".to_owned(), Value::to_string);
                    let (planned, rendered) = (show(planned), show(rendered));
                    self.differs(&format!("{component} {target}: planned {planned}, rendered {rendered}"));
                }
            }
        }
    }

    fn has_operated(&self) -> bool {
        self.edition.components.values().any(|c| c.containers.iter().any(|container| container.operated))
    }

    /// Nothing else moves.
    fn rest(&mut self, without: &Rendered, with: &Rendered) {
        let carriers = self.carriers();
        for object in &with.objects {
            let Some(before) = without.find(&object.kind, &object.name) else { continue };
            let (mut a, mut b) = (before.value.clone(), object.value.clone());
            let carrier = carriers.iter().find(|(c, _)| c.kind == object.kind && c.name == object.name);
            for target in carrier.iter().flat_map(|(carrier, _)| carrier.fields.keys()) {
                for value in [&mut a, &mut b] {
                    take(value, target);
                }
            }
            if self.has_operated() {
                for value in [&mut a, &mut b] {
                    take_operators_words(value);
                }
            }
            if a != b {
                let at = first_difference(&a, &b, String::new());
                self.differs(&format!(
                    "{}/{} changes at {at}, which is not planned",
                    object.kind, object.name
                ));
            }
        }
    }
}

/// Takes out the arguments by which an operator is told what the containers that it adds request.
fn take_operators_words(object: &mut Value) {
    let Some(Value::Array(containers)) = object.pointer_mut("/spec/template/spec/containers") else { return };
    for args in containers.iter_mut().filter_map(|container| container.get_mut("args")?.as_array_mut()) {
        args.retain(|arg| !arg.as_str().is_some_and(|arg| arg.starts_with("--config-reloader-")));
    }
}

/// Whether a container is not there under the values of the plan.
fn absent(carrier: &Carrier, target: &Target) -> bool {
    let Target::Resources(name) = target else { return false };
    !carrier.containers.contains(name) && !carrier.init_containers.contains(name)
}

/// The pod spec of an object of Kubernetes' own kinds.
fn pod_spec(object: &Value) -> Option<&Value> {
    let at = match object.get("kind")?.as_str()? {
        "Pod" => "/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => "/spec/template/spec",
        _ => return None,
    };
    object.pointer(at)
}

fn get<'v>(object: &'v Value, carrier: &Carrier, target: &Target) -> Option<&'v Value> {
    let spec = pod_spec(object).or_else(|| object.get("spec"))?;
    match target {
        Target::Field(Field::Replicas) => object.pointer("/spec/replicas"),
        Target::Field(field) => spec.get(field.key()),
        Target::Resources(name) => {
            let lists = ["containers", "initContainers"].into_iter();
            let mut containers = lists.filter_map(|key| spec.get(key)?.as_array()).flatten();
            match containers.find(|c| c.get("name").and_then(Value::as_str) == Some(name)) {
                Some(container) => container.get("resources"),
                // An operator's object has its main container's resources in its spec.
                None if carrier.containers.first() == Some(name) => spec.get("resources"),
                None => None,
            }
        }
    }
}

/// Takes a field out of an object.
fn take(object: &mut Value, target: &Target) {
    let pod = match object.get("kind").and_then(Value::as_str) {
        Some("CronJob") => "/spec/jobTemplate/spec/template/spec",
        Some("Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job") => "/spec/template/spec",
        _ => "/spec",
    };
    let at = if *target == Target::Field(Field::Replicas) { "/spec" } else { pod };
    let Some(Value::Object(spec)) = object.pointer_mut(at) else { return };
    match target {
        Target::Field(field) => {
            spec.shift_remove(field.key());
        }
        Target::Resources(name) => {
            let mut found = false;
            for key in ["containers", "initContainers"] {
                for container in spec.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
                    if container.get("name").and_then(Value::as_str) == Some(name) {
                        found = true;
                        if let Value::Object(map) = container {
                            map.shift_remove("resources");
                        }
                    }
                }
            }
            if !found {
                spec.shift_remove("resources");
            }
        }
    }
}

/// The first path at which two trees differ.
fn first_difference(a: &Value, b: &Value, path: String) -> String {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            let keys: BTreeSet<&String> = x.keys().chain(y.keys()).collect();
            let key = keys.into_iter().find(|key| x.get(*key) != y.get(*key));
            match key {
                Some(key) => {
                    let null = Value::Null;
                    let below = (x.get(key).unwrap_or(&null), y.get(key).unwrap_or(&null));
                    first_difference(below.0, below.1, format!("{path}.{key}"))
                }
                None => path,
            }
        }
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            match x.iter().zip(y).position(|(x, y)| x != y) {
                Some(i) => first_difference(&x[i], &y[i], format!("{path}[{i}]")),
                None => path,
            }
        }
        _ => path,
    }
}
