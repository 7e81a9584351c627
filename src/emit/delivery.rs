//! `argocd/`: Applications that consume the outputs, if the policy names a repository.

use super::Artifact;
use super::argocd::{self, ApplicationContext, ArgoCdContext, SiteContext};
use super::manifests::ordinary;
use super::template::RenderError;
use crate::overlay::Lowered;
use crate::plan::{Plan, ServicePlan};
use crate::policy::{ArgoCd, ArgoCdForm, ClassDelivery, Sync};

pub(super) fn files(plan: &Plan, lowered: &Lowered) -> Result<Vec<Artifact>, RenderError> {
    let Some(stated) = &plan.policy.argocd else { return Ok(Vec::new()) };
    let shared = shared(stated);
    let why = ordinary(plan);
    let applications: Vec<ApplicationContext> = plan
        .services
        .iter()
        .enumerate()
        .map(|(i, service)| application(plan, lowered, stated, i, service))
        .collect();
    let mut files = Vec::new();
    match stated.form.value {
        ArgoCdForm::Applications => {
            for app in &applications {
                let path = format!("argocd/{}.yaml", app.name);
                let object = argocd::application(&shared, app);
                files.push(Artifact::objects(plan, &path, "an Application", vec![(object, why)]));
            }
        }
        ArgoCdForm::ApplicationSet => {
            let site = SiteContext {
                site: plan.policy.cluster.name.value.clone(),
                destination: stated.destination.value.clone(),
                applications,
            };
            let object = argocd::application_set(&shared, "lifeboat", &[site]);
            files.push(Artifact::objects(
                plan,
                "argocd/application-set.yaml",
                "an ApplicationSet",
                vec![(object, why)],
            ));
        }
    }
    if stated.priority_classes.value == ClassDelivery::Application {
        let folder = in_repository(stated, &format!("{}/cluster", plan.policy.cluster.output.value));
        let object = argocd::manifests(
            &shared,
            "priority-classes",
            &stated.namespace.value,
            &folder,
            "priority-classes.yaml",
        );
        let about = "an Application; sync it before every other";
        files.push(Artifact::objects(plan, "argocd/priority-classes.yaml", about, vec![(object, why)]));
    }
    Ok(files)
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
        release.values.iter().map(|file| in_repository(stated, &file.value)).collect();
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

/// A path relative to the policy as a path from the repository's root.
fn in_repository(stated: &ArgoCd, path: &str) -> String {
    let folder = stated.path.value.trim_matches('/');
    let path = path.trim_start_matches("./");
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}
