//! Argo CD's Applications, as data for the YAML writer.
//!
//! An Application has two sources: the chart, and the Git repository with the values files, which it
//! names `$values`. The overlay is the last values file, because Helm lets the last one win, and it is
//! a file and never `valuesObject`, which loses the `null`s that erase a chart's defaults (argo-cd
//! issues 16312 and 19781). A missing values file must fail: `ignoreMissingValueFiles` is never set.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// What all Applications share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArgoCdContext {
    /// Git repository with the policy's outputs.
    pub repository: String,
    /// Branch, tag or commit.
    pub revision: String,
    /// AppProject.
    pub project: String,
    /// Namespace of the Applications.
    pub namespace: String,
    /// API server URL or the name of a cluster.
    pub destination: String,
    /// Whether Argo CD applies changes itself.
    pub automated: bool,
    /// Whether automated sync deletes what is no longer rendered.
    pub prune: bool,
    /// Whether automated sync reverts changes made in the cluster.
    pub self_heal: bool,
}

/// One release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApplicationContext {
    /// The service's name.
    pub name: String,
    /// The chart's repository.
    pub chart_repository: String,
    /// The chart's name.
    pub chart: String,
    /// The chart's version.
    pub version: String,
    /// Helm's release name.
    pub release: String,
    /// The release's namespace.
    pub namespace: String,
    /// Values files from the root of the Git repository, in Helm's order, the overlay last.
    pub value_files: Vec<String>,
}

/// The Application `name` of one service.
#[must_use]
pub fn application(shared: &ArgoCdContext, name: &str, app: &ApplicationContext) -> Value {
    let value_files: Vec<String> = app.value_files.iter().map(|path| format!("$values/{path}")).collect();
    let chart = json!({
        "repoURL": app.chart_repository,
        "chart": app.chart,
        "targetRevision": app.version,
        "helm": { "releaseName": app.release, "valueFiles": value_files },
    });
    let values = json!({ "repoURL": shared.repository, "targetRevision": shared.revision, "ref": "values" });
    wrap(shared, name, &app.namespace, json!({ "sources": [chart, values] }))
}

/// An Application for plain manifests of the repository, such as the priority classes.
#[must_use]
pub fn manifests(shared: &ArgoCdContext, name: &str, namespace: &str, folder: &str, include: &str) -> Value {
    let source = json!({
        "repoURL": shared.repository,
        "targetRevision": shared.revision,
        "path": folder,
        "directory": { "include": include },
    });
    wrap(shared, name, namespace, json!({ "source": source }))
}

fn wrap(shared: &ArgoCdContext, name: &str, namespace: &str, source: Value) -> Value {
    let mut spec = Map::new();
    spec.insert("project".to_owned(), json!(shared.project));
    if let Value::Object(source) = source {
        spec.extend(source);
    }
    spec.insert("destination".to_owned(), destination(&shared.destination, namespace));
    spec.insert("syncPolicy".to_owned(), sync_policy(shared));
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": { "name": name, "namespace": shared.namespace },
        "spec": spec,
    })
}

/// Whether a destination is the cluster in which Argo CD itself runs.
#[must_use]
pub fn is_local(destination: &str) -> bool {
    matches!(destination, "https://kubernetes.default.svc" | "in-cluster")
}

fn destination(cluster: &str, namespace: &str) -> Value {
    let key = if cluster.contains("://") { "server" } else { "name" };
    let mut destination = Map::new();
    destination.insert(key.to_owned(), json!(cluster));
    destination.insert("namespace".to_owned(), json!(namespace));
    Value::Object(destination)
}

/// Server-side apply is needed for charts whose CRDs outgrow the annotation of client-side apply, and
/// for Argo CD managing itself.
fn sync_policy(shared: &ArgoCdContext) -> Value {
    let mut policy = Map::new();
    if shared.automated {
        policy.insert("automated".to_owned(), json!({ "prune": shared.prune, "selfHeal": shared.self_heal }));
    }
    policy.insert("syncOptions".to_owned(), json!(["CreateNamespace=true", "ServerSideApply=true"]));
    Value::Object(policy)
}

/// One site of a fleet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SiteContext {
    /// The site's name, which is its cluster's.
    pub site: String,
    /// API server URL or the name of a cluster.
    pub destination: String,
    /// The site's Applications.
    pub applications: Vec<ApplicationContext>,
}

/// Files with one ApplicationSet each, one for each service of the fleet: etcd takes no object of more than 1.5 MiB, which
/// a thousand sites of four services would be, and a site that comes or goes must move no other from set to set,
/// because Argo CD would delete it on the way.
#[must_use]
pub fn application_sets(shared: &ArgoCdContext, sites: &[SiteContext]) -> Vec<(String, Value)> {
    let mut services: Vec<&str> =
        sites.iter().flat_map(|site| &site.applications).map(|app| app.name.as_str()).collect();
    services.sort_unstable();
    services.dedup();
    let of = |service: &str| {
        let own = |site: &SiteContext| {
            let applications = site.applications.iter().filter(|app| app.name == service).cloned().collect();
            SiteContext { applications, ..site.clone() }
        };
        let sites: Vec<SiteContext> = sites.iter().map(own).collect();
        let object = application_set(shared, &format!("lifeboat-{service}"), &sites);
        (format!("application-set-{service}.yaml"), object)
    };
    services.into_iter().map(of).collect()
}

/// One ApplicationSet over sites: a list generator, so that it needs nothing but what stands in it, with one element for
/// each release of each site.
#[must_use]
pub fn application_set(shared: &ArgoCdContext, name: &str, sites: &[SiteContext]) -> Value {
    let elements: Vec<Value> = sites
        .iter()
        .flat_map(|site| {
            site.applications.iter().map(move |app| {
                json!({
                    "site": site.site,
                    "service": app.name,
                    "destination": destination(&site.destination, &app.namespace),
                    "chartRepository": app.chart_repository,
                    "chart": app.chart,
                    "version": app.version,
                    "release": app.release,
                    "valueFiles": app.value_files.iter().map(|path| format!("$values/{path}")).collect::<Vec<_>>(),
                })
            })
        })
        .collect();
    // A list cannot be a template's text, so the values files and the destination come by patch.
    let patch = "spec:\n  destination: {{ toJson .destination }}\n  sources:\n  - repoURL: {{ toJson .chartRepository }}\n    chart: {{ toJson .chart }}\n    targetRevision: {{ toJson .version }}\n    helm:\n      releaseName: {{ toJson .release }}\n      valueFiles: {{ toJson .valueFiles }}\n";
    let values = format!(
        "  - repoURL: {}\n    targetRevision: {}\n    ref: values\n",
        json!(shared.repository),
        json!(shared.revision)
    );
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": { "name": name, "namespace": shared.namespace },
        "spec": {
            "goTemplate": true,
            "goTemplateOptions": ["missingkey=error"],
            "generators": [{ "list": { "elements": elements } }],
            "template": {
                "metadata": { "name": "{{ .site }}-{{ .service }}", "labels": { "lifeboat.dev/site": "{{ .site }}" } },
                "spec": {
                    "project": shared.project,
                    "destination": {},
                    "syncPolicy": sync_policy(shared),
                },
            },
            "templatePatch": format!("{patch}{values}"),
        },
    })
}
