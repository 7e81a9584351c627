//! `[argocd]`.

use super::super::shapes::{ArgoCdForm, ClassDelivery, Sync, TomlPolicy};
use super::super::{ArgoCd, Service};
use super::{At, Cx, map_or, or, stand_in};
use crate::diag::codes::policy as codes;
use crate::emit::argocd::is_local;
use crate::shape::{Field, Name};

pub(super) fn check(cx: &mut Cx<'_>, toml: &TomlPolicy, services: &[Service]) -> Option<ArgoCd> {
    let table = toml.argocd.as_ref()?;
    let (at, argocd) = (At::from(table), &table.value);
    let help = "name the Git repository that the outputs are committed to";
    let repository = cx.need(at, "repository", argocd.repository.as_ref(), help);
    let repository = repository.unwrap_or_else(|| stand_in(at, "repository", "repository".to_owned()));
    let sync = or(at, "sync", argocd.sync.as_ref(), Sync::Manual);
    let prune = or(at, "prune", argocd.prune.as_ref(), false);
    let self_heal = or(at, "self-heal", argocd.self_heal.as_ref(), false);
    for (key, field) in [("prune", &prune), ("self-heal", &self_heal)] {
        if field.value && sync.value == Sync::Manual {
            let message = format!("`argocd.{key}` is part of an automated sync, which is off");
            let mut finding =
                Cx::finding(codes::UNUSED_KEY, message, field.span, "does nothing").about(&field.path);
            if let Some(span) = sync.span {
                finding = finding.label(span, "manual");
            }
            cx.report(finding.help("write sync = \"automated\", or take the line out"));
        }
    }
    let path = or(at, "path", argocd.path.as_ref(), String::new());
    let repository = no_blanks(cx, repository);
    let revision = no_blanks(cx, or(at, "revision", argocd.revision.as_ref(), "main".to_owned()));
    let local = "https://kubernetes.default.svc".to_owned();
    let destination = no_blanks(cx, or(at, "destination", argocd.destination.as_ref(), local));
    let namespace = namespace(cx, at, argocd.namespace.as_ref(), &destination, services);
    let parts = path.value.split('/');
    if !path.value.is_empty() && parts.clone().any(|part| matches!(part, "" | "." | "..")) {
        let message = format!("{:?} is no folder in the repository", path.value);
        let help = "write it from the repository's root, without a `/` at its ends: \"sites/plant-7\"";
        cx.report(Cx::finding(codes::UNSAFE_PATH, message, path.span, "this folder").help(help));
    }
    let form = or(at, "form", argocd.form.as_ref(), ArgoCdForm::Applications);
    Some(ArgoCd {
        repository,
        revision,
        path,
        project: map_or(at, "project", argocd.project.as_ref(), |name| name.0, "default".to_owned()),
        namespace,
        destination,
        sync,
        prune,
        self_heal,
        priority_classes: or(at, "priority-classes", argocd.priority_classes.as_ref(), ClassDelivery::Addon),
        fleet: fleet(cx, argocd.fleet.as_ref(), &form),
        form,
    })
}

/// The namespace of the Applications. An Argo CD that the policy installs for its own cluster looks for them in its own.
fn namespace(
    cx: &mut Cx<'_>,
    at: At<'_>,
    stated: Option<&Field<Name>>,
    destination: &Field<String>,
    services: &[Service],
) -> Field<String> {
    let local = is_local(&destination.value);
    let own: Vec<&Service> =
        services.iter().filter(|service| local && service.chart.value == "argo-cd").collect();
    // Where one of them runs is not known: that was reported.
    let known = own.iter().all(|service| !service.lacks.namespace);
    let default = match own[..] {
        [one] if known => one.namespace.value.clone(),
        _ => "argocd".to_owned(),
    };
    let namespace = map_or(at, "namespace", stated, |name| name.0, default);
    if let Some(first) = own.first().filter(|_| known)
        && own.iter().all(|service| service.namespace.value != namespace.value)
    {
        let message = format!("nobody in namespace `{}` looks for Applications", namespace.value);
        let mut finding =
            Cx::finding(codes::ARGOCD_ELSEWHERE, message, namespace.span, "they would lie here")
                .about(&namespace.path);
        if let Some(span) = first.namespace.span {
            finding = finding.label(span, "Argo CD runs here");
        }
        let help = format!(
            "write namespace = \"{}\", or allow it if `application.namespaces` of Argo CD names this one",
            first.namespace.value
        );
        cx.report(finding.help(help));
    }
    namespace
}

/// The folder of a fleet's ApplicationSets, which lifeboat owns like an output folder.
fn fleet(cx: &mut Cx<'_>, stated: Option<&Field<String>>, form: &Field<ArgoCdForm>) -> Option<Field<String>> {
    let stated = stated?;
    if form.value != ArgoCdForm::ApplicationSet {
        let message = "`argocd.fleet` is where ApplicationSets go, and there are none";
        let finding =
            Cx::finding(codes::UNUSED_KEY, message, stated.span, "does nothing").about(&stated.path);
        cx.report(finding.help("write form = \"application-set\", or take the line out"));
    }
    super::cluster::owned_folder(cx, stated);
    Some(stated.with(stated.value.trim_end_matches('/').to_owned()))
}

fn no_blanks(cx: &mut Cx<'_>, field: Field<String>) -> Field<String> {
    if field.value.is_empty() || field.value.chars().any(|c| c.is_whitespace() || c.is_control()) {
        let message = format!("`{}` is empty or has blanks in it", field.path);
        cx.report(
            Cx::finding(codes::BAD_VALUE, message, field.span, "this value").help("write it without blanks"),
        );
    }
    field
}
