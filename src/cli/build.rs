//! `lifeboat build`.

use std::path::PathBuf;
use std::process::ExitCode;

use lifeboat::diag::{Diagnostic, codes::build as codes};
use lifeboat::emit::record::Record;
use lifeboat::emit::{history, immutable, releases};
use lifeboat::prove::Verdict;

use super::context::{Context, FINDINGS, name_of};
use super::fleet::{self, Policies, Verb};
use super::outputs::{self, Compiled};
use super::publish::{Changes, Refused, publish};

/// Compile a policy and write its outputs.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  lifeboat build\n  lifeboat build sites/plant-7.toml --out golden/plant-7\n  lifeboat build sites/\n\nCommit the policy and the outputs together; `lifeboat check` is the gate in CI.\nExit code: 0 written or up to date, 1 refused, 2 broken input."
)]
pub(crate) struct Args {
    #[command(flatten)]
    policies: Policies,
    /// The output folder, instead of the policy's.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Record that a change which Kubernetes cannot make in place is being carried out by hand.
    #[arg(long)]
    accept: bool,
}

pub(crate) fn run(context: &Context, args: &Args) -> ExitCode {
    let Some(policy) = args.policies.single() else {
        let verb = Verb::Build { accept: args.accept };
        return fleet::run(context, &args.policies, &verb, args.out.as_deref());
    };
    let compiled = match outputs::compile(context, policy, args.out.as_deref()) {
        Ok(compiled) => compiled,
        Err(code) => return code,
    };
    let earlier = outputs::before(&compiled.folder);
    let noted = noted(&compiled, &earlier);
    if context.report(noted, &compiled.sources) {
        return ExitCode::from(FINDINGS);
    }
    match write(&compiled, args.accept) {
        Ok(changes) => {
            // A refuted claim is for the review and for `check`; the outputs are what the policy says.
            context.report(compiled.compilation.claims.clone(), &compiled.sources);
            summary(&compiled, &changes);
            ExitCode::SUCCESS
        }
        Err((code, findings)) => {
            context.report(findings, &compiled.sources);
            ExitCode::from(code)
        }
    }
}

/// What a person should know of the step from the build before to this one.
pub(super) fn noted(compiled: &Compiled, earlier: &Record) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let now = env!("CARGO_PKG_VERSION");
    if history::is_newer(&earlier.lifeboat) {
        let (before, folder) = (&earlier.lifeboat, name_of(&compiled.folder));
        let message =
            format!("`{folder}` was written by lifeboat {before}, which is newer than this one, {now}");
        let help = format!(
            "use lifeboat {before}, and pin it: lifeboat-version = \"{before}\" in `[cluster]`; `git restore {folder}` takes this build back"
        );
        found.push(Diagnostic::new(codes::NEWER_LIFEBOAT, message).help(help));
    }
    for (what, way) in releases::left(&earlier.releases, &compiled.compilation.plan) {
        let message = format!("{what} is no longer in the policy, and goes on running");
        let help = format!("before the new one is installed: `{way}`; its data do not follow");
        found.push(Diagnostic::new(codes::RELEASE_LEFT, message).about(&what).help(help));
    }
    found
}

/// Writes what was compiled. A change that Kubernetes cannot make in place is refused unless it is accepted.
pub(super) fn write(compiled: &Compiled, accept: bool) -> Result<Changes, Refused> {
    let Compiled { compilation, folder, .. } = compiled;
    publish(folder, &compilation.artifacts, &compilation.record, |earlier| {
        let conflicts = if accept { Vec::new() } else { compilation.record.conflicts(earlier) };
        conflicts.iter().map(migration).collect()
    })
}

fn migration((what, before, now): &(String, String, String)) -> Diagnostic {
    let steps = immutable::migration(what, before, now);
    Diagnostic::new(
        codes::IMMUTABLE_CHANGE,
        format!("{what} cannot change from `{before}` to `{now}` in place"),
    )
    .note(format!("the migration: {steps}"))
    .help("when you are ready to carry it out: `lifeboat build --accept`")
}

fn summary(compiled: &Compiled, changes: &Changes) {
    let folder = name_of(&compiled.folder);
    let Changes { added, changed, removed, .. } = changes;
    for (mark, paths) in [("+", added), ("~", changed), ("-", removed)] {
        for path in paths {
            anstream::println!("{mark} {folder}/{path}");
        }
    }
    anstream::println!("{}", changes.line(&compiled.folder));
    for line in changes.on_hosts() {
        anstream::println!("host files: {line}");
    }
    if let Some(other) = changes.other_version.as_ref().filter(|other| !history::is_newer(other)) {
        anstream::println!("written by lifeboat {other} before; {}", history::since(other));
    }
    if let Some(proof) = &compiled.compilation.proof {
        let (mut proved, mut refuted, mut open) = (0, 0, 0);
        for claim in &proof.claims {
            match &claim.verdict {
                Verdict::Proved(_) => proved += 1,
                Verdict::Refuted { .. } => refuted += 1,
                Verdict::Sampled { .. } => open += 1,
            }
        }
        anstream::println!(
            "claims: {proved} proved, {refuted} refuted, {open} not proved; {folder}/SURVIVAL.md has the table"
        );
    }
    // Whoever builds for the first time may not know what else there is.
    if changes.changed.is_empty()
        && changes.removed.is_empty()
        && added.len() == compiled.compilation.artifacts.len()
    {
        let policy = &compiled.compilation.plan.policy.file;
        let shown = if policy == "policy.toml" { String::new() } else { format!(" {policy}") };
        anstream::println!(
            "next: look at it with `lifeboat report{shown} --html report.html`, and commit policy and outputs together"
        );
    }
}
