//! What a fleet has beside its sites' folders: the ApplicationSets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lifeboat::diag::{Diagnostic, codes::fleet as codes};
use lifeboat::emit::delivery::Member;
use lifeboat::emit::fleet;
use lifeboat::emit::record::FILE;
use lifeboat::fleet::Standing;
use lifeboat::source::extends::relative;

use super::super::context::name_of;
use super::super::{check, outputs, publish};
use super::BROKEN;
use super::site::{Told, Verb};

/// What came of a fleet's folders.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) findings: Vec<Diagnostic>,
    pub(super) said: Vec<String>,
    pub(super) broken: bool,
}

/// Writes or compares the folder of each fleet that the sites belong to. `out` is the folder that all outputs go to
/// instead of their own.
pub(super) fn all(verb: &Verb, told: &[Told], out: Option<&Path>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut fleets: BTreeMap<String, Vec<(&str, &Member)>> = BTreeMap::new();
    for told in told {
        if let Some(member) = &told.member {
            let own = relative(&told.site.policy, &member.folder);
            let folder = out.map_or(own, |out| name_of(&out.join("fleet")));
            fleets.entry(folder).or_default().push((&told.site.policy, member));
        }
    }
    let broken: Vec<&str> = told
        .iter()
        .filter(|told| told.site.standing == Standing::Broken)
        .map(|told| told.site.policy.as_str())
        .collect();
    for (folder, members) in fleets {
        one(verb, Path::new(&folder), &members, &broken, &mut outcome);
    }
    outcome
}

fn one(verb: &Verb, folder: &Path, members: &[(&str, &Member)], broken: &[&str], outcome: &mut Outcome) {
    let missing = missing(folder, members, broken);
    if !missing.is_empty() {
        let message = format!("`{}` is left as it is: {}", name_of(folder), missing.join(", "));
        let finding = Diagnostic::new(codes::FLEET_INCOMPLETE, message);
        outcome.findings.push(finding.help("name the whole folder of sites, and mend those that are broken"));
        return;
    }
    outcome.findings.extend(removed(folder, members));
    let (artifacts, record) = match fleet::artifacts(&name_of(folder), members) {
        Ok(made) => made,
        Err(findings) => {
            outcome.broken = true;
            outcome.findings.extend(findings);
            return;
        }
    };
    if let Verb::Build { .. } = verb {
        match publish::publish(folder, &artifacts, &record, |_| Vec::new()) {
            Ok(changes) => outcome.said.push(changes.line(folder)),
            Err((code, findings)) => {
                outcome.broken |= code == BROKEN;
                outcome.findings.extend(findings);
            }
        }
        return;
    }
    match check::compare(folder, &artifacts, "lifeboat build") {
        Ok(findings) => {
            let drift = if findings.is_empty() { "as the policies say" } else { "not what the policies say" };
            outcome.said.push(format!("{}: {drift}", name_of(folder)));
            outcome.findings.extend(findings);
        }
        Err(finding) => {
            outcome.broken = true;
            outcome.findings.push(*finding);
        }
    }
}

/// Sites of the last build whose policies are gone: Argo CD deletes them with the sets.
fn removed(folder: &Path, members: &[(&str, &Member)]) -> Vec<Diagnostic> {
    let seen_from = |site: &str| relative(&name_of(&folder.join(FILE)), site);
    let before = outputs::before(folder);
    let mut found = Vec::new();
    for site in &before.sites {
        let policy = seen_from(site);
        if PathBuf::from(&policy).is_file() {
            continue;
        }
        let output = before.outputs.get(site).map(|output| seen_from(output));
        // A policy that was only renamed writes the same folder.
        let lives_on = members.iter().any(|(own, member)| Some(relative(own, &member.output)) == output);
        if lives_on {
            continue;
        }
        let message = format!(
            "{policy} is gone, and its site with it: once `{}` is applied, Argo CD deletes its Applications and what they installed",
            name_of(folder)
        );
        let help = match output.filter(|output| Path::new(output).is_dir()) {
            Some(output) => format!(
                "if that is meant, `git rm -r {output}`, which no build touches any more; if not, bring {policy} back and build again"
            ),
            None => format!("if that is not meant, bring {policy} back and build again"),
        };
        found.push(Diagnostic::new(codes::SITE_REMOVED, message).about(&policy).help(help));
    }
    found
}

/// Sites of the last build that are not here though their policies are, and sites that are broken: from what is left no
/// whole list can be made.
fn missing(folder: &Path, members: &[(&str, &Member)], broken: &[&str]) -> Vec<String> {
    let mut missing: Vec<String> = broken.iter().map(|policy| format!("{policy} is broken")).collect();
    for site in outputs::before(folder).sites {
        let policy = relative(&name_of(&folder.join(FILE)), &site);
        let here = members.iter().any(|(own, _)| *own == policy) || broken.contains(&policy.as_str());
        if !here && PathBuf::from(&policy).is_file() {
            missing.push(format!("{policy} belongs to it and was not named"));
        }
    }
    missing
}
