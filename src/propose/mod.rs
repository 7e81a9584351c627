//! A policy for a cluster that is there already, from a dump of its nodes, workloads and classes.
//!
//! ```text
//! dump ─ seen ─▶ Seen ─ write (nodes, tiers, services, workloads) ─▶ Draft ─ compile, mend ─▶ policy.toml
//! ```
//!
//! The proposal says what was seen and marks what was guessed with a question mark. It is compiled before it is
//! handed out: what the compiler refuses is taken out again, with the reason in a comment.

mod draft;
mod nodes;
mod seen;
mod services;
mod tiers;
mod workloads;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::Catalogue;
use crate::compile;
use crate::diag::{Diagnostic, Severity, codes};
use crate::policy;
use crate::source::SourceMap;

use draft::Draft;
use seen::Seen;
use tiers::Tiers;

/// Rounds of compiling and taking out what was refused. Each takes out all that a round refuses.
const ROUNDS: usize = 64;

/// The name that the proposal is compiled under.
const NAME: &str = "policy.toml";

/// What `kubectl get nodes,deploy,sts,ds,priorityclasses -A -o yaml` printed, as a policy that compiles.
///
/// # Errors
/// One line: the text is no YAML or JSON, names no node that a policy could name, or leaves nothing that compiles.
pub fn policy(dump: &str) -> Result<String, String> {
    let seen = Seen::read(dump)?;
    let catalogue = Catalogue::builtin();
    let mut names = Unique::default();
    let tiers = Tiers::of(&seen, &mut names);
    let cluster = nodes::Cluster::of(&seen);
    let packaged = services::packaged(&catalogue, &seen, &cluster);
    let releases = services::releases(&catalogue, &seen);
    let mut draft = Draft::default();
    cluster.write(&mut draft, &packaged);
    let boat = nodes::write(&mut draft, &seen)?;
    tiers.write(&mut draft, boat);
    let mut taken = packaged.objects;
    for release in &releases {
        taken.extend(release.objects());
        services::write(&mut draft, &seen, &tiers, release, &mut names);
    }
    let rest = || seen.workloads().filter(|(id, _)| !taken.contains(id)).map(|(_, workload)| workload);
    draft.sections.extend(services::strangers(rest()));
    for workload in rest() {
        draft.sections.push(workloads::section(workload, &tiers, &mut names));
    }
    nodes::scenarios(&mut draft);
    mended(draft, &catalogue)
}

/// Names that no other tier, service or workload of the proposal has: they share one space.
#[derive(Default)]
struct Unique {
    used: BTreeSet<String>,
}

impl Unique {
    /// The first of these that a policy can use and that is free; or the last one with a number.
    fn claim(&mut self, wanted: &[&str]) -> String {
        let plain: Vec<String> = wanted.iter().map(|name| dns_label(name)).collect();
        let free = plain.iter().find(|name| !self.used.contains(*name)).cloned();
        let last = plain.last().cloned().unwrap_or_default();
        let numbered = || (2..).map(|n: u32| format!("{last}-{n}")).find(|name| !self.used.contains(name));
        let name = free.or_else(numbered).unwrap_or(last);
        self.used.insert(name.clone());
        name
    }
}

/// A name of Kubernetes as one that a policy can use: a DNS label.
fn dns_label(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    // Room for a number that tells two apart.
    let text: String = name.chars().take(50).map(allowed).collect();
    let text = text.trim_matches('-');
    if text.is_empty() { "unnamed".to_owned() } else { text.to_owned() }
}

/// Compiles the draft, and takes out what is refused until nothing is.
fn mended(mut draft: Draft, catalogue: &Catalogue) -> Result<String, String> {
    let mut why = String::new();
    for _ in 0..ROUNDS {
        let text = draft.text();
        let mut sources = SourceMap::default();
        let Err(findings) = compiled(&text, catalogue, &mut sources) else { return Ok(text) };
        let error = |finding: &&Diagnostic| finding.severity == Severity::Error;
        // Who boards depends on what else is taken out: the lock's label is judged when nothing else is wrong.
        let lock = |finding: &Diagnostic| finding.code == codes::build::LOCK_SELECTOR_AMBIGUOUS;
        let only = findings.iter().filter(error).all(lock);
        let mut errors = findings.iter().filter(error).filter(|finding| only || !lock(finding)).peekable();
        why = errors.peek().map_or_else(String::new, |finding| finding.message.clone());
        // From the bottom, so that the lines above keep their numbers.
        let mut lines: BTreeMap<usize, &str> = BTreeMap::new();
        for error in errors {
            if let Some(line) = line_of(error, &sources) {
                lines.entry(line).or_insert(&error.message);
            }
        }
        let before = text.len();
        draft.take_out(&lines);
        if draft.text().len() == before && !draft.take_out_last(&why) {
            break;
        }
    }
    Err(format!("nothing that compiles can be made of it: {why}"))
}

/// The line of the proposal that a finding speaks of.
fn line_of(finding: &Diagnostic, sources: &SourceMap) -> Option<usize> {
    let mut spans = finding.primary.iter().chain(&finding.labels).map(|label| label.span);
    spans.find_map(|span| {
        let file = sources.get(span.file);
        (&*file.name == NAME).then(|| file.line_col(span.start).0)
    })
}

fn compiled(text: &str, catalogue: &Catalogue, sources: &mut SourceMap) -> Result<(), Vec<Diagnostic>> {
    let files = BTreeMap::from([(NAME.to_owned(), text.to_owned())]);
    let load = |sources: &mut SourceMap| policy::load(&files, sources, NAME).map(|checked| checked.policy);
    // Planning finds nearly all, without the proof.
    let plan = load(sources).and_then(|policy| compile::plan(policy, catalogue, &files, sources));
    plan?;
    *sources = SourceMap::default();
    load(sources).and_then(|policy| compile::compile(policy, catalogue, &files, sources)).map(|_| ())
}
