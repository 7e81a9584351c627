//! `lifeboat build`.

use std::path::PathBuf;
use std::process::ExitCode;

use lifeboat::diag::{Diagnostic, codes::build as codes};
use lifeboat::prove::Verdict;

use super::context::{BROKEN, Context, FINDINGS, name_of};
use super::fleet::{self, Policies, Verb};
use super::outputs::{self, Compiled, Present};

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

/// What a build did to its folder.
#[derive(Debug, Default)]
pub(super) struct Changes {
    added: Vec<String>,
    changed: Vec<String>,
    removed: Vec<String>,
}

impl Changes {
    /// One line.
    pub(super) fn line(&self, compiled: &Compiled) -> String {
        let (folder, total) = (name_of(&compiled.folder), compiled.compilation.artifacts.len());
        let Changes { added, changed, removed } = self;
        if added.is_empty() && changed.is_empty() && removed.is_empty() {
            return format!("{folder}: {total} files, nothing changed");
        }
        let (added, changed, removed) = (added.len(), changed.len(), removed.len());
        format!("{folder}: {total} files, {added} new, {changed} changed, {removed} removed")
    }
}

type Refused = (u8, Vec<Diagnostic>);

pub(super) fn write(compiled: &Compiled, accept: bool) -> Result<Changes, Refused> {
    let Compiled { compilation, folder, .. } = compiled;
    let earlier = outputs::earlier(folder).map_err(|finding| (BROKEN, vec![finding]))?;
    if let Some(earlier) = &earlier
        && !accept
    {
        let findings: Vec<_> = compilation.record.conflicts(earlier).iter().map(migration).collect();
        if !findings.is_empty() {
            return Err((FINDINGS, findings));
        }
    }
    let mut changes = Changes::default();
    let mut todo = Vec::new();
    for artifact in &compilation.artifacts {
        let path = folder.join(&artifact.path);
        let present = outputs::present(folder, &artifact.path)
            .map_err(|e| (BROKEN, vec![outputs::unwritable(&path, &e)]))?;
        match present {
            Present::Text(text) if text == artifact.text => {
                if !outputs::mode_differs(folder, &artifact.path, artifact.executable) {
                    continue;
                }
                changes.changed.push(artifact.path.clone());
            }
            Present::Text(_) => changes.changed.push(artifact.path.clone()),
            Present::Missing => changes.added.push(artifact.path.clone()),
            Present::Other(why) => {
                let error = std::io::Error::other(why);
                return Err((BROKEN, vec![outputs::unwritable(&path, &error)]));
            }
        }
        todo.push(artifact);
    }
    // Everything can be written as far as one can see; now each file is replaced whole, the record last.
    for artifact in todo {
        outputs::write(folder, &artifact.path, &artifact.text, artifact.executable)
            .map_err(|e| (BROKEN, vec![outputs::unwritable(&folder.join(&artifact.path), &e)]))?;
    }
    for path in earlier.iter().flat_map(|earlier| earlier.files.keys()) {
        if safe(path) && !compilation.record.files.contains_key(path) {
            outputs::remove(folder, path)
                .map_err(|e| (BROKEN, vec![outputs::unwritable(&folder.join(path), &e)]))?;
            changes.removed.push(path.clone());
        }
    }
    Ok(changes)
}

/// Whether a path of a record stays in the folder. Records are read from disk and may say anything.
fn safe(path: &str) -> bool {
    !path.is_empty() && path.split('/').all(|part| !matches!(part, "" | "." | "..")) && !path.contains('\\')
}

fn migration((what, before, now): &(String, String, String)) -> Diagnostic {
    let steps = match what.split_once(' ') {
        Some(("PriorityClass", name)) => format!(
            "kubectl delete priorityclass {name}, apply cluster/priority-classes.yaml, then restart the pods of the class: \
             running pods keep the old value"
        ),
        Some(("StatefulSet", name)) => match name.split_once('/') {
            Some((namespace, name)) => format!(
                "kubectl -n {namespace} delete statefulset {name} --cascade=orphan, sync the new one, then delete its pods one by \
                 one; a claim that is left behind keeps its data until it is deleted"
            ),
            None => "delete and recreate it".to_owned(),
        },
        _ => "delete and recreate it".to_owned(),
    };
    Diagnostic::new(
        codes::IMMUTABLE_CHANGE,
        format!("{what} cannot change from `{before}` to `{now}` in place"),
    )
    .note(format!("the migration: {steps}"))
    .help("when you are ready to carry it out: `lifeboat build --accept`")
}

fn summary(compiled: &Compiled, changes: &Changes) {
    let folder = name_of(&compiled.folder);
    let Changes { added, changed, removed } = changes;
    for (mark, paths) in [("+", added), ("~", changed), ("-", removed)] {
        for path in paths {
            anstream::println!("{mark} {folder}/{path}");
        }
    }
    anstream::println!("{}", changes.line(compiled));
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
}
