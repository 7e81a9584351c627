//! What a build of a whole fleet writes beside the sites' own outputs: the ApplicationSets, in a folder of their own.

use std::collections::BTreeMap;

use super::argocd::application_sets;
use super::artifact::Artifact;
use super::delivery::Member;
use super::record::Record;
use crate::diag::{Diagnostic, codes::fleet as codes};
use crate::source::extends::{between, relative};
use crate::yaml::write::{Node, write_all};

/// Most bytes of one ApplicationSet. etcd refuses requests of more than 1.5 MiB, and the API server stores more than the
/// file holds (managed fields).
pub const MOST_BYTES: usize = 1 << 20;

/// The files of a fleet's folder, the record last. Members come with the names of their policies, which the record keeps
/// as seen from the folder.
///
/// # Errors
/// Sites that cannot share their ApplicationSets.
pub fn artifacts(
    folder: &str,
    members: &[(&str, &Member)],
) -> Result<(Vec<Artifact>, Record), Vec<Diagnostic>> {
    let errors = disagreements(members);
    let Some((_, first)) = members.first().filter(|_| errors.is_empty()) else { return Err(errors) };
    let sites: Vec<_> = members.iter().map(|(_, member)| member.site.clone()).collect();
    let heading = format!("# Written by lifeboat: an ApplicationSet over {} sites\n", sites.len());
    let mut files = Vec::new();
    let mut errors = Vec::new();
    for (path, object) in application_sets(&first.shared, &sites) {
        let text = heading.clone() + &write_all(&[Node::from(object)]).text;
        if text.len() > MOST_BYTES {
            let message = format!(
                "`{path}` is {} KiB for {} sites, more than etcd takes",
                text.len() >> 10,
                sites.len()
            );
            let help = "give the sites of each region an `argocd.fleet` of their own";
            errors.push(Diagnostic::new(codes::FLEET_TOO_LARGE, message).help(help));
        }
        files.push(Artifact::text(path, text));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let seen = |(policy, member): &(&str, &Member)| {
        (between(folder, policy), between(folder, &relative(policy, &member.output)))
    };
    let record = Record::of_fleet(&files, members.iter().map(seen).collect());
    files.push(Artifact::text(super::record::FILE, record.text()));
    Ok((files, record))
}

/// Sites whose settings differ where one ApplicationSet has one, and sites with one cluster.
fn disagreements(members: &[(&str, &Member)]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut clusters: BTreeMap<&str, &str> = BTreeMap::new();
    for (policy, member) in members {
        if let Some((other, first)) = members.first().filter(|(_, first)| first.shared != member.shared) {
            let (a, b) = (serde_json::json!(first.shared), serde_json::json!(member.shared));
            let keys = a.as_object().into_iter().flatten();
            let differing: Vec<&str> = keys
                .filter(|(key, value)| b.get(key.as_str()) != Some(value))
                .map(|(key, _)| key.as_str())
                .collect();
            let message = format!("{policy} and {other} differ in `argocd` ({})", differing.join(", "));
            let help = "sites of one `argocd.fleet` share these settings: state them in the base";
            found.push(Diagnostic::new(codes::FLEET_DISAGREES, message).help(help));
        }
        if let Some(other) = clusters.insert(&member.site.destination, policy) {
            let message = format!(
                "{policy} and {other} have the same `argocd.destination`, {}",
                member.site.destination
            );
            let help = "each site is a cluster of its own: state its API server or its name in Argo CD";
            found.push(Diagnostic::new(codes::FLEET_DISAGREES, message).help(help));
        }
    }
    found
}
