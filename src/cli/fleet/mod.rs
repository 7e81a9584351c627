//! `build`, `check` and `prove` over many sites: each is done by itself, in as many threads as there are processors, and
//! told in the order in which the sites were named.

mod expand;
mod ordered;
mod set;
mod site;
mod summary;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use lifeboat::diag::{Severity, codes::fleet as codes};
use lifeboat::fleet::site::Claimed;
use lifeboat::fleet::{Share, Standing};
use serde_json::json;

use super::context::{BROKEN, Context, FINDINGS, Files, Format, name_of};
use site::{Job, Told};

pub(crate) use site::Verb;

/// The policies of a run.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Policies {
    /// Policies, or folders of them: each is a site of a fleet.
    #[arg(default_value = "policy.toml", value_name = "POLICY")]
    paths: Vec<PathBuf>,
    /// Threads for the sites of a fleet; as many as there are processors unless stated.
    #[arg(long, value_name = "N", help_heading = "Fleets")]
    jobs: Option<std::num::NonZeroUsize>,
}

impl Policies {
    /// The only policy, unless this is a fleet.
    pub(crate) fn single(&self) -> Option<&Path> {
        match self.paths.as_slice() {
            [only] if !only.is_dir() => Some(only),
            _ => None,
        }
    }
}

/// Runs a command over a fleet. `out` is the folder in which each site gets one of its cluster's name, instead of the
/// folder that its policy states.
pub(crate) fn run(context: &Context, policies: &Policies, verb: &Verb, out: Option<&Path>) -> ExitCode {
    let expand::Expanded { sites, bases, problems } = expand::sites(&policies.paths);
    let failed = context.report(problems, &lifeboat::source::SourceMap::default());
    if sites.is_empty() {
        return ExitCode::from(BROKEN);
    }
    let share = Share::of(&Files, bases);
    let threads = policies.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, usize::from);
    let clashes = if verb.has_folder() { clashes(&share, &sites, threads, out) } else { BTreeMap::new() };
    let job = Job { context, share: &share, verb, out };
    let mut printer = Printer::new(context);
    let mut told = Vec::with_capacity(sites.len());
    let mut claims = BTreeSet::new();
    ordered::each(
        sites.len(),
        threads,
        |index| job.tell(&sites[index], clashes.get(&index)),
        |site: Told| {
            printer.site(&site);
            told.push(site.keep(&mut claims));
        },
    );
    printer.repeated();
    let fleets = if verb.has_folder() { set::all(verb, &told, out) } else { set::Outcome::default() };
    for said in &fleets.said {
        if context.format != Format::Json {
            anstream::println!("{said}");
        }
    }
    let refused = context.report(fleets.findings, &lifeboat::source::SourceMap::default());
    let broken = failed || fleets.broken || told.iter().any(|told| told.site.standing == Standing::Broken);
    let found = refused || told.iter().any(|told| verb.fails(told.site.standing));
    summary::print(context, &share, told);
    match (broken, found) {
        (true, _) => ExitCode::from(BROKEN),
        (false, true) => ExitCode::from(FINDINGS),
        (false, false) => ExitCode::SUCCESS,
    }
}

/// Sites that would write another one's folder, with that one.
fn clashes(share: &Share, sites: &[PathBuf], threads: usize, out: Option<&Path>) -> BTreeMap<usize, String> {
    let mut folders: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut at = 0;
    ordered::each(
        sites.len(),
        threads,
        |index| site::folder(share, &sites[index], out),
        |folder| {
            if let Some(folder) = folder {
                folders.entry(folder).or_default().push(at);
            }
            at += 1;
        },
    );
    let mut clashes = BTreeMap::new();
    for (folder, owners) in folders.into_iter().filter(|(_, owners)| owners.len() > 1) {
        for &owner in &owners {
            let other = owners.iter().find(|&&other| other != owner).copied().unwrap_or(owner);
            clashes
                .insert(owner, format!("`{folder}` is the output folder of {} too", name_of(&sites[other])));
        }
    }
    clashes
}

/// Prints sites as they come. What several sites share is printed once: what is no error, and what stands in a base.
struct Printer<'a> {
    context: &'a Context,
    seen: BTreeSet<String>,
    repeated: usize,
}

impl<'a> Printer<'a> {
    fn new(context: &'a Context) -> Self {
        Self { context, seen: BTreeSet::new(), repeated: 0 }
    }

    fn site(&mut self, told: &Told) {
        if self.context.format == Format::Json {
            for base in told.bases.iter().filter(|base| self.seen.insert((*base).clone())) {
                let of = told.findings.iter().filter(|said| said.base.as_ref() == Some(base));
                let findings: Vec<_> = of.map(|said| &said.object).collect();
                anstream::println!("{}", json!({"base": base, "findings": findings}));
            }
            anstream::println!("{}", told.json());
            return;
        }
        let mut heading = "";
        for said in &told.findings {
            let shared = !said.verdict && (said.severity != Severity::Error || said.base.is_some());
            if shared && !self.seen.insert(said.text.clone()) {
                self.repeated += 1;
                continue;
            }
            let about = said.base.as_deref().unwrap_or(&told.site.policy);
            if about != heading {
                anstream::eprintln!("in {about}:");
                heading = about;
            }
            anstream::eprintln!("{}", said.text);
        }
        anstream::println!("{}: {}", told.site.policy, told.said);
    }

    fn repeated(&self) {
        if self.repeated > 0 {
            anstream::eprintln!("{} more findings are the same as one above", self.repeated);
        }
    }
}

impl Told {
    fn json(&self) -> serde_json::Value {
        let own = self.findings.iter().filter(|said| self.bases.is_empty() || said.base.is_none());
        let findings: Vec<_> = own.map(|said| &said.object).collect();
        let claims: Vec<_> = self
            .site
            .claims
            .iter()
            .map(|c| json!({"scenario": c.scenario, "claim": c.claim, "verdict": c.verdict}))
            .collect();
        let mut object = json!({"site": self.site.policy, "cluster": self.site.cluster,
            "standing": self.site.standing.word(), "says": self.said, "claims": claims, "findings": findings});
        if !self.bases.is_empty() {
            object["brokenBases"] = json!(self.bases);
        }
        object
    }

    /// What the summary needs: a fleet's findings need not be in memory at once, and most of its sites prove the same.
    fn keep(mut self, claims: &mut BTreeSet<Arc<[Claimed]>>) -> Self {
        self.findings = Vec::new();
        self.said = String::new();
        match claims.get(&self.site.claims) {
            Some(known) => self.site.claims = Arc::clone(known),
            None => drop(claims.insert(Arc::clone(&self.site.claims))),
        }
        self
    }
}

/// The code for two sites with one folder.
const CLASH: lifeboat::diag::Code = codes::SHARED_OUTPUT;
