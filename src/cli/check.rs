//! `lifeboat check`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lifeboat::diag::{Diagnostic, codes::build as codes};
use lifeboat::emit::{Artifact, history, record::FILE};
use similar::TextDiff;

use super::context::{BROKEN, Context, FINDINGS, name_of};
use super::fleet::{self, Policies, Verb};
use super::outputs::{self, Present};

/// Lines of context in a diff.
const AROUND: usize = 3;
/// Most lines of one file's diff; the command that repairs it shows the rest.
const MOST_LINES: usize = 200;

/// Compile a policy and compare with what is committed: the gate in CI.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  lifeboat check\n  lifeboat check --format json\n  lifeboat check sites/\n\nExit code: 0 the outputs are what the policy says, 1 they are not, 2 broken input."
)]
pub(crate) struct Args {
    #[command(flatten)]
    policies: Policies,
    /// The output folder, instead of the policy's.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn run(context: &Context, args: &Args) -> ExitCode {
    let Some(policy) = args.policies.single() else {
        return fleet::run(context, &args.policies, &Verb::Check, args.out.as_deref());
    };
    let compiled = match outputs::compile(context, policy, args.out.as_deref()) {
        Ok(compiled) => compiled,
        Err(code) => return code,
    };
    let findings = match compare(
        &compiled.folder,
        &compiled.compilation.artifacts,
        &repair(policy, args.out.as_deref()),
    ) {
        Ok(findings) => findings,
        Err(finding) => {
            context.report(vec![*finding], &compiled.sources);
            return ExitCode::from(BROKEN);
        }
    };
    let clean = findings.is_empty();
    let mut findings = findings;
    findings.extend(compiled.compilation.claims.iter().cloned());
    let failed = context.report(findings, &compiled.sources);
    if clean {
        let folder = name_of(&compiled.folder);
        anstream::println!("{folder}: {} files, as the policy says", compiled.compilation.artifacts.len());
    }
    if failed { ExitCode::from(FINDINGS) } else { ExitCode::SUCCESS }
}

/// The command that repairs everything, with the arguments that were given.
pub(super) fn repair(policy: &Path, out: Option<&Path>) -> String {
    let mut command = "lifeboat build".to_owned();
    if policy.as_os_str() != "policy.toml" {
        command = format!("{command} {}", name_of(policy));
    }
    if let Some(out) = out {
        command = format!("{command} --out {}", name_of(out));
    }
    command
}

/// What differs between a folder and what was compiled for it.
pub(super) fn compare(
    folder: &Path,
    artifacts: &[Artifact],
    repair: &str,
) -> Result<Vec<Diagnostic>, Box<Diagnostic>> {
    let unreadable =
        |path: &str, error: &std::io::Error| Box::new(outputs::unwritable(&folder.join(path), error));
    let earlier = outputs::earlier(folder).map_err(Box::new)?;
    if let Some(earlier) = &earlier
        && earlier.lifeboat != env!("CARGO_PKG_VERSION")
    {
        return Ok(vec![other_version(folder, artifacts, &earlier.lifeboat, repair)]);
    }
    let mut findings = Vec::new();
    for artifact in artifacts {
        let path = &artifact.path;
        let name = name_of(&folder.join(path));
        let help = format!("`{repair}`");
        match outputs::present(folder, path).map_err(|e| unreadable(path, &e))? {
            Present::Missing => {
                let missing = Diagnostic::new(codes::MISSING_FILE, format!("`{name}` is missing"));
                findings.push(missing.about_file(name, None).help(help));
            }
            Present::Other(why) => {
                let message = format!("`{name}` is not what a build writes: {why}");
                let help = format!("take it away, then {help}: a build writes over no such thing");
                findings
                    .push(Diagnostic::new(codes::CHANGED_FILE, message).about_file(name, None).help(help));
            }
            Present::Text(text) if text != artifact.text => {
                // The record comes last and follows from the other files: its digests would only repeat them.
                if *path == FILE && !findings.is_empty() {
                    continue;
                }
                let message = format!("`{name}` differs from what the policy says");
                findings.push(
                    Diagnostic::new(codes::CHANGED_FILE, message)
                        .about_file(name, Some(first_difference(&text, &artifact.text)))
                        .note(diff(&text, &artifact.text, path))
                        .help(help),
                );
            }
            Present::Text(_) => {
                if outputs::mode_differs(folder, path, artifact.executable) {
                    let message = format!("`{name}` has lost its run bit, or has one too many");
                    let changed = Diagnostic::new(codes::CHANGED_FILE, message);
                    findings.push(changed.about_file(name, None).help(help));
                }
            }
        }
    }
    let known = |path: &String| artifacts.iter().any(|artifact| artifact.path == *path);
    for path in outputs::files_below(folder).map_err(|e| unreadable("", &e))? {
        if known(&path) {
            continue;
        }
        let name = name_of(&folder.join(&path));
        let ours = earlier.as_ref().is_some_and(|earlier| earlier.files.contains_key(&path));
        let finding = if ours {
            Diagnostic::new(codes::STRAY_FILE, format!("`{name}` is left over from an earlier build"))
                .help(format!("`{repair}` removes it"))
        } else {
            Diagnostic::new(codes::FOREIGN_FILE, format!("`{name}` was not written by lifeboat"))
                .help("move it out of the output folder")
        };
        findings.push(finding.about_file(name, None));
    }
    Ok(findings)
}

/// What this version would write differently, and why.
fn other_version(folder: &Path, artifacts: &[Artifact], before: &str, repair: &str) -> Diagnostic {
    let now = env!("CARGO_PKG_VERSION");
    let message = format!("the outputs were written by lifeboat {before}, this is {now}");
    let help = format!("use lifeboat {before}, or run `{repair}` and review what changes");
    let mut finding = Diagnostic::new(codes::OTHER_VERSION, message).help(help);
    for artifact in artifacts.iter().filter(|artifact| artifact.path != FILE) {
        let same = matches!(outputs::present(folder, &artifact.path), Ok(Present::Text(text)) if text == artifact.text);
        if same {
            continue;
        }
        let reasons: Vec<&str> =
            history::reasons(before, Some(&artifact.path)).iter().map(|change| change.why).collect();
        let why = if reasons.is_empty() {
            "the policy or a chart changed too".to_owned()
        } else {
            reasons.join("; ")
        };
        finding = finding.note(format!("`{}` would differ: {why}", artifact.path));
    }
    if finding.notes.is_empty() {
        finding = finding.note("every file would be the same but the record of the version");
    }
    finding
}

/// The first line of the committed text, counted from 1, that is not as compiled.
fn first_difference(committed: &str, compiled: &str) -> usize {
    let same = committed.lines().zip(compiled.lines()).take_while(|(a, b)| a == b).count();
    (same + 1).min(committed.lines().count().max(1))
}

fn diff(committed: &str, compiled: &str, path: &str) -> String {
    let diff = TextDiff::from_lines(committed, compiled);
    let text = diff
        .unified_diff()
        .context_radius(AROUND)
        .header(&format!("committed/{path}"), &format!("compiled/{path}"))
        .to_string();
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() <= MOST_LINES {
        return text.trim_end().to_owned();
    }
    format!("{}\n… {} more lines", lines[..MOST_LINES].join("\n"), lines.len() - MOST_LINES)
}
