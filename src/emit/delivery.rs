//! `cluster/argocd/`: Applications that consume the outputs, if the policy names a repository.

use super::Artifact;
use super::argocd::{self, ApplicationContext, ArgoCdContext, SiteContext, is_local};
use super::manifests::{by_argocd, manifests, ordinary};
use crate::diag::{Diagnostic, codes::build as codes};
use crate::overlay::Lowered;
use crate::plan::{Plan, ServicePlan};
use crate::policy::{ArgoCd, ArgoCdForm, Policy, Sync};
use crate::source::extends::{between, relative};

/// Folder of what is applied to Argo CD's cluster. No service's overlay can lie in it, so that it can be applied as a whole.
const FOLDER: &str = "cluster/argocd";

/// The files, in the order in which they are applied.
pub(super) fn files(plan: &Plan, lowered: &Lowered) -> Vec<Artifact> {
    let Some(stated) = &plan.policy.argocd else { return Vec::new() };
    let shared = shared(stated);
    let why = ordinary(plan);
    let applications: Vec<ApplicationContext> = plan
        .services
        .iter()
        .enumerate()
        .map(|(i, service)| application(plan, lowered, stated, i, service))
        .collect();
    let mut files = Vec::new();
    if by_argocd(plan) {
        files.extend(of_manifests(plan, stated, &shared));
    }
    match stated.form.value {
        ArgoCdForm::Applications => {
            for app in &applications {
                let path = format!("{FOLDER}/{}.yaml", app.name);
                let object =
                    argocd::application(&shared, &application_name(&plan.policy, stated, &app.name), app);
                files.push(Artifact::objects(plan, &path, "an Application", vec![(object, why)]));
            }
        }
        // The whole fleet has them, and a build of the fleet writes them.
        ArgoCdForm::ApplicationSet if stated.fleet.is_some() => {}
        ArgoCdForm::ApplicationSet => {
            let site = site(plan, stated, applications);
            for (path, object) in argocd::application_sets(&shared, &[site]) {
                let path = format!("{FOLDER}/{path}");
                files.push(Artifact::objects(plan, &path, "an ApplicationSet", vec![(object, why)]));
            }
        }
    }
    files
}

/// The Application of the manifests that must be there before the services.
fn of_manifests(plan: &Plan, stated: &ArgoCd, shared: &ArgoCdContext) -> Option<Artifact> {
    let manifests = manifests(plan);
    let names: Vec<&str> = manifests.iter().filter_map(|file| Some(file.path.rsplit_once('/')?.1)).collect();
    let include = match names[..] {
        [] => return None,
        [one] => one.to_owned(),
        _ => format!("{{{}}}", names.join(",")),
    };
    let cluster = &plan.policy.cluster;
    let folder = in_repository(stated, &format!("{}/cluster", cluster.output.value));
    let name = application_name(&plan.policy, stated, MANIFESTS);
    let object = argocd::manifests(shared, &name, &stated.namespace.value, &folder, &include);
    let about = "an Application; sync it before every other";
    Some(Artifact::objects(
        plan,
        &format!("{FOLDER}/{MANIFESTS}.yaml"),
        about,
        vec![(object, ordinary(plan))],
    ))
}

/// Name of the Application of the manifests.
const MANIFESTS: &str = "lifeboat-manifests";

/// What the Application of a service is called. An Argo CD that deploys to other clusters may hold those of many sites,
/// and a set does by design: there the cluster's name comes first.
pub(super) fn application_name(policy: &Policy, stated: &ArgoCd, service: &str) -> String {
    match stated.form.value {
        ArgoCdForm::Applications if is_local(&stated.destination.value) => service.to_owned(),
        ArgoCdForm::Applications | ArgoCdForm::ApplicationSet => {
            format!("{}-{service}", policy.cluster.name.value)
        }
    }
}

fn shared(stated: &ArgoCd) -> ArgoCdContext {
    ArgoCdContext {
        repository: stated.repository.value.clone(),
        revision: stated.revision.value.clone(),
        project: stated.project.value.clone(),
        namespace: stated.namespace.value.clone(),
        destination: stated.destination.value.clone(),
        automated: stated.sync.value == Sync::Automated,
        prune: stated.prune.value,
        self_heal: stated.self_heal.value,
    }
}

fn application(
    plan: &Plan,
    lowered: &Lowered,
    stated: &ArgoCd,
    index: usize,
    service: &ServicePlan,
) -> ApplicationContext {
    let release = &plan.policy.services[service.index];
    let mut value_files: Vec<String> =
        release.values.iter().map(|file| in_repository(stated, &from_policy(plan, &file.value))).collect();
    if lowered.overlays.iter().any(|overlay| overlay.service == index) {
        let overlay = format!("{}/{}/values.yaml", plan.policy.cluster.output.value, release.name.value);
        value_files.push(in_repository(stated, &overlay));
    }
    ApplicationContext {
        name: release.name.value.clone(),
        chart_repository: service.edition.repository.clone(),
        chart: service.edition.chart.clone(),
        version: service.edition.version.to_string(),
        release: release.release.value.clone(),
        namespace: release.namespace.value.clone(),
        value_files,
    }
}

/// A file's path from the policy's folder. Names of files are as seen from where lifeboat runs.
pub(super) fn from_policy(plan: &Plan, file: &str) -> String {
    let folder = plan.policy.file.rsplit_once('/').map_or("", |(folder, _)| folder);
    between(folder, file)
}

/// A path relative to the policy as a path from the repository's root.
fn in_repository(stated: &ArgoCd, path: &str) -> String {
    let folder = stated.path.value.trim_matches('/');
    if folder.is_empty() { relative("policy", path) } else { relative(&format!("{folder}/policy"), path) }
}

/// What a build of the fleet needs of one of its sites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Folder of the ApplicationSets, relative to the site's policy.
    pub folder: String,
    /// The site's own output folder, relative to its policy.
    pub output: String,
    /// What all sites must have in common.
    pub shared: ArgoCdContext,
    /// The site.
    pub site: SiteContext,
}

/// A site's part in its fleet's ApplicationSets, if it has one.
#[must_use]
pub fn member(plan: &Plan, lowered: &Lowered) -> Option<Member> {
    let stated = plan.policy.argocd.as_ref()?;
    let folder = stated.fleet.as_ref().filter(|_| stated.form.value == ArgoCdForm::ApplicationSet)?;
    let services = plan.services.iter().enumerate();
    let applications = services.map(|(i, service)| application(plan, lowered, stated, i, service)).collect();
    // Each site has a cluster of its own; the rest of the settings is the fleet's.
    let shared = ArgoCdContext { destination: String::new(), ..shared(stated) };
    Some(Member {
        folder: folder.value.clone(),
        output: plan.policy.cluster.output.value.clone(),
        shared,
        site: site(plan, stated, applications),
    })
}

fn site(plan: &Plan, stated: &ArgoCd, applications: Vec<ApplicationContext>) -> SiteContext {
    SiteContext {
        site: plan.policy.cluster.name.value.clone(),
        destination: stated.destination.value.clone(),
        applications,
    }
}

/// A service whose Application has the name of that of the manifests. In the other form their files have one path, too.
pub(super) fn clash(plan: &Plan) -> Option<Diagnostic> {
    let stated = plan.policy.argocd.as_ref()?;
    let sets = stated.form.value == ArgoCdForm::ApplicationSet && by_argocd(plan);
    let service = plan.policy.services.iter().find(|service| sets && service.name.value == MANIFESTS)?;
    let message = format!("two Applications of the site are called `{MANIFESTS}`");
    let finding =
        Diagnostic::new(codes::OUTPUT_CLASH, message).about(MANIFESTS).help("give the service another name");
    Some(match service.name.span {
        Some(span) => finding.at(span, "this service's"),
        None => finding,
    })
}

/// Values files that an Application would have to look for outside the repository.
pub(super) fn outside(plan: &Plan, lowered: &Lowered) -> Vec<Diagnostic> {
    let Some(stated) = &plan.policy.argocd else { return Vec::new() };
    let mut found = Vec::new();
    for (index, service) in plan.services.iter().enumerate() {
        let app = application(plan, lowered, stated, index, service);
        for file in app.value_files.iter().filter(|file| file.starts_with("..") || file.starts_with('/')) {
            let message = format!("`{file}` of `{}` is outside the Git repository", app.name);
            let mut finding = Diagnostic::new(codes::OUTSIDE_REPOSITORY, message)
                .about(&app.name)
                .help("`argocd.path` is the policy's folder as seen from the repository's root");
            if let Some(span) = stated.path.span.or(stated.repository.span) {
                finding = finding.at(span, "seen from here");
            }
            found.push(finding);
        }
    }
    found
}
