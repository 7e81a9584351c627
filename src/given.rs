//! Workloads that are deployed as somebody rendered them: the manifests that `workloads.from` names, read
//! before the policy is checked, because expectations and rules may name them. Nothing of them is lifeboat's
//! to decide; they are counted as they are.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::cluster::{Cluster, KubernetesVersion, Workload};
use crate::diag::{Diagnostic, codes::policy as codes};
use crate::manifest::{self, Object, Role, read_all, role};
use crate::observed::problems;
use crate::shape::Field;
use crate::source::extends::{Loader, relative};
use crate::source::{SourceMap, Span};
use crate::values::span;
use crate::yaml::Budget;

/// Most bytes of one file.
const LIMIT: u64 = 16 << 20;
/// Most bytes of all files together.
const MOST_BYTES: usize = 64 << 20;

/// What the manifests hold.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// What makes pods, in the order of the files; hooks and whatever a controller made are left out.
    pub workloads: Vec<GivenWorkload>,
    /// What belongs to them: classes, budgets, claims, volumes, Services, as the API's JSON.
    pub others: Vec<Arc<Value>>,
}

/// One workload of the manifests.
#[derive(Clone, Debug)]
pub struct GivenWorkload {
    /// The object as the API's JSON, its namespace written out.
    pub object: Arc<Value>,
    /// The same as the cluster model has it.
    pub workload: Workload,
    /// The release that it says it is of, empty if none.
    pub release: String,
    /// Where it stands.
    pub span: Span,
    /// The line of the policy that reads it.
    pub from: Option<Span>,
}

/// Reads the manifests behind some globs, each relative to the file that names it.
#[must_use]
pub fn read(
    loader: &dyn Loader,
    sources: &mut SourceMap,
    globs: &[Field<String>],
) -> (Given, Vec<Diagnostic>) {
    let mut reading = Reading::default();
    for glob in globs {
        for name in reading.names(loader, sources, glob) {
            reading.file(loader, sources, &name, glob.span);
        }
    }
    reading.finish(sources);
    (reading.given, reading.findings)
}

#[derive(Default)]
struct Reading {
    given: Given,
    findings: Vec<Diagnostic>,
    /// Files that were read.
    seen: Vec<String>,
    bytes: usize,
    /// Kind, namespace and name of whatever makes pods.
    carriers: BTreeSet<(String, String, String)>,
    /// What something else made, with its place and the line of the policy.
    owned: Vec<(Object, Span, Option<Span>)>,
}

impl Reading {
    fn unreadable(&mut self, message: String, help: &str, from: Option<Span>) {
        let finding = Diagnostic::new(codes::MANIFESTS_UNREADABLE, message).help(help);
        self.findings.push(match from {
            Some(span) => finding.at(span, "named here"),
            None => finding,
        });
    }

    /// The files that a glob matches, less those that another one matched before.
    fn names(&mut self, loader: &dyn Loader, sources: &SourceMap, glob: &Field<String>) -> Vec<String> {
        // The folder of the policy is a name, whatever characters it has.
        let base = glob.span.map(|span| glob::Pattern::escape(&sources.get(span.file).name));
        let pattern = relative(&base.unwrap_or_default(), &glob.value);
        match loader.list(&pattern) {
            Ok(names) if names.is_empty() => {
                let message = format!("`{}` matches no file", glob.value);
                let help = "write the path of the manifests, relative to the policy file; `*` stays within a folder, `**` does not";
                self.unreadable(message, help, glob.span);
                Vec::new()
            }
            Ok(names) => names.into_iter().filter(|name| !self.seen.contains(name)).collect(),
            Err(error) => {
                let message = format!("`{}` cannot be listed: {error}", glob.value);
                self.unreadable(message, "mend the pattern, or name the files", glob.span);
                Vec::new()
            }
        }
    }

    fn file(&mut self, loader: &dyn Loader, sources: &mut SourceMap, name: &str, from: Option<Span>) {
        self.seen.push(name.to_owned());
        let text = match loader.load(name, LIMIT) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("the manifests `{name}` cannot be read: {error}");
                let help = "name files of manifests: YAML or JSON, UTF-8, at most 16 MiB each";
                return self.unreadable(message, help, from);
            }
        };
        self.bytes += text.len();
        if self.bytes > MOST_BYTES {
            let message = format!("the manifests have more than {MOST_BYTES} bytes together");
            return self.unreadable(message, "read fewer of them", from);
        }
        let outcome = read_all(name, text.as_bytes(), &Budget::default());
        let file = sources.add(name, text);
        for refusal in outcome.refused {
            let message = format!("`{name}` is no manifest: {}", refusal.message);
            let help = refusal.help.unwrap_or_else(|| "mend the file, or leave it out".to_owned());
            let place = span(sources, file, refusal.origin.at);
            let finding = Diagnostic::new(codes::MANIFESTS_UNREADABLE, message).at(place, "here").help(help);
            self.findings.push(labelled(finding, from));
        }
        for object in outcome.objects {
            let place = span(sources, file, object.origin.at);
            match role(&object.api_version, &object.kind) {
                Some(Role::Carrier | Role::OperatorCarrier) => self.carrier(sources, object, place, from),
                Some(Role::Cluster) if !matches!(object.kind.as_str(), "Node" | "Namespace") => {
                    self.object(sources, &object, place, from);
                }
                Some(Role::Cluster | Role::Application | Role::List) | None => {}
            }
        }
    }

    fn carrier(&mut self, sources: &SourceMap, object: Object, place: Span, from: Option<Span>) {
        let hook = object.text(&["metadata", "annotations", "helm.sh/hook"]).is_some();
        // What runs there is the distribution's, and counted as such.
        if hook || object.namespace == "kube-system" {
            return;
        }
        self.carriers.insert((object.kind.clone(), object.namespace.clone(), object.name.clone()));
        if owner(&object).is_some() {
            self.owned.push((object, place, from));
        } else if !ends(&object.kind) {
            self.object(sources, &object, place, from);
        }
    }

    /// What a controller made is counted by way of that, or by itself where the manifests lack it.
    fn finish(&mut self, sources: &SourceMap) {
        for (object, place, from) in std::mem::take(&mut self.owned) {
            let Some((kind, name)) = owner(&object) else { continue };
            let there = self.carriers.contains(&(kind.clone(), object.namespace.clone(), name.clone()));
            if there || ends(&kind) || ends(&object.kind) {
                continue;
            }
            if object.kind != "Pod" {
                self.object(sources, &object, place, from);
                continue;
            }
            let message = format!("{} was made by {kind} {name}, which is in no manifest", object.title());
            let finding = Diagnostic::new(codes::MANIFESTS_UNREADABLE, message)
                .at(place, "what makes it again is not known")
                .help("dump what makes pods: `kubectl get deployments,statefulsets,daemonsets -A -o yaml`");
            self.findings.push(labelled(finding, from));
        }
    }

    fn object(&mut self, sources: &SourceMap, object: &Object, place: Span, from: Option<Span>) {
        let wrong = problems::of(object);
        if !wrong.is_empty() {
            self.findings.extend(wrong.into_iter().map(|(finding, origin)| {
                let place = span(sources, place.file, origin.at);
                labelled(finding.at(place, "the API server refuses this"), from)
            }));
            return;
        }
        for native in manifest::native(object) {
            self.native(object, native, place, from);
        }
    }

    fn native(&mut self, object: &Object, mut native: Value, place: Span, from: Option<Span>) {
        let namespaced =
            !matches!(object.kind.as_str(), "PriorityClass" | "StorageClass" | "PersistentVolume");
        if namespaced && object.namespace.is_empty() {
            native["metadata"]["namespace"] = "default".into();
        }
        let mut reading = Cluster::from_objects(KubernetesVersion::default(), [&native]);
        if let Some(error) = reading.errors.pop() {
            let message = format!("{} is not what the API takes: {}", object.title(), error.error);
            let finding = Diagnostic::new(codes::MANIFESTS_UNREADABLE, message)
                .at(place, "this object")
                .help("mend the manifest");
            self.findings.push(labelled(finding, from));
            return;
        }
        let Some(workload) = reading.cluster.workloads.pop() else {
            if object.kind == "Pod" {
                return self.bare_pod(object, place, from);
            }
            self.given.others.push(Arc::new(native));
            return;
        };
        let release = ["app.kubernetes.io/instance", "release"]
            .iter()
            .find_map(|label| workload.template.metadata.labels.get(*label))
            .cloned();
        let release = object
            .text(&["metadata", "annotations", "meta.helm.sh/release-name"])
            .map_or_else(|| release.unwrap_or_default(), str::to_owned);
        self.given.workloads.push(GivenWorkload {
            object: Arc::new(native),
            workload,
            release,
            span: place,
            from,
        });
    }

    /// What nobody makes again survives no loss, and what made it may stand in no manifest.
    fn bare_pod(&mut self, object: &Object, place: Span, from: Option<Span>) {
        let message = format!("{} has no controller", object.title());
        let finding = Diagnostic::new(codes::MANIFESTS_UNREADABLE, message)
            .at(place, "gone with its node")
            .help("give it a Deployment, or take it out of the manifests and write what it requests under `[workloads]`");
        self.findings.push(labelled(finding, from));
    }
}

/// What ends by itself takes room for a while only, and no claim is about it.
fn ends(kind: &str) -> bool {
    matches!(kind, "Job" | "CronJob")
}

/// Kind and name of what made an object.
fn owner(object: &Object) -> Option<(String, String)> {
    let owner = object.tree.find(&["metadata", "ownerReferences"])?.items().first()?;
    let text = |key: &str| owner.get(key).and_then(|node| node.as_str()).unwrap_or_default().to_owned();
    Some((text("kind"), text("name")))
}

fn labelled(finding: Diagnostic, from: Option<Span>) -> Diagnostic {
    match from {
        Some(span) if finding.primary.is_some() => finding.label(span, "read for this"),
        Some(span) => finding.at(span, "read for this"),
        None => finding,
    }
}
