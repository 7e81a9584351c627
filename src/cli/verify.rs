//! `lifeboat verify`.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lifeboat::diag::Severity;
use lifeboat::source::SourceMap;
use lifeboat::verify::{Input, Report, render, verify};
use lifeboat::yaml::Budget;

use super::context::{BROKEN, Context, Format, name_of};
use super::outputs;

/// Largest tree of folders that is walked.
const MAX_FILES: usize = 100_000;
const MAX_DEPTH: usize = 32;

/// Hold rendered manifests, or a dump of a cluster, against the policy.
///
/// Reads YAML and JSON: the output of `helm template`, folders of rendered manifests, `kubectl get -A -o
/// yaml`. Answers for each workload: holds, violates, not in the policy.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  helm template argocd argo/argo-cd -n platform-infrastructure -f values/argo-cd.yaml -f golden/argocd/values.yaml | lifeboat verify -
  lifeboat verify rendered/
  kubectl get nodes,deploy,sts,ds,priorityclasses,pdb -A -o yaml | lifeboat verify - --format markdown")]
pub(crate) struct Args {
    /// Files, folders (their `.yaml`, `.yml` and `.json` files), or `-` for standard input.
    #[arg(required = true, value_name = "FILE|DIR|-")]
    inputs: Vec<PathBuf>,
    /// The policy.
    #[arg(short, long, default_value = "policy.toml", value_name = "POLICY")]
    policy: PathBuf,
    /// Show what is for information only, too.
    #[arg(long)]
    notes: bool,
}

pub(crate) fn run(context: &Context, args: &Args) -> ExitCode {
    let prepared = match outputs::prepare(context, &args.policy) {
        Ok(prepared) => prepared,
        Err(code) => return code,
    };
    let (plan, sources) = (&prepared.plan, &prepared.sources);
    let files = match files(&args.inputs) {
        Ok(files) => files,
        Err(error) => {
            anstream::eprintln!("error: {error}");
            return ExitCode::from(BROKEN);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut report = verify(plan, files.iter().map(|path| open(path)), &Budget::default(), threads);
    levels(context, &mut report);
    print(context, &report, sources, args.notes);
    ExitCode::from(report.exit_code())
}

/// Prints a report on standard output, in the format that is asked for.
pub(crate) fn print(context: &Context, report: &Report, sources: &SourceMap, notes: bool) {
    let text = match context.format {
        Format::Human => render::human(report, sources, notes),
        Format::Short => render::short(report, sources),
        Format::Json => render::json(report, sources),
        Format::Sarif => render::sarif(report, sources),
        Format::Github => render::github(report, sources),
        Format::Junit => render::junit(report, sources),
        Format::Markdown => render::markdown(report, sources),
    };
    // A closed pipe (`| head`) is no reason to fail.
    super::quiet::print(text.as_bytes());
}

/// `-D` and `-A`.
pub(crate) fn levels(context: &Context, report: &mut Report) {
    let levels = &context.levels;
    report.findings.retain(|finding| {
        finding.diagnostic.severity == Severity::Error || !levels.allow.contains(&finding.diagnostic.code)
    });
    for finding in &mut report.findings {
        let diagnostic = &mut finding.diagnostic;
        let denied = levels.deny.contains(&diagnostic.code)
            || (levels.deny_warnings && diagnostic.severity == Severity::Warning);
        if denied {
            diagnostic.severity = Severity::Error;
        }
    }
}

/// Opens a file, or standard input for `-`.
pub(crate) fn open(path: &Path) -> Input {
    if path == Path::new("-") {
        return Input {
            name: "<stdin>".to_owned(),
            stream: Ok(Box::new(BufReader::with_capacity(1 << 16, std::io::stdin()))),
        };
    }
    let file = std::fs::File::open(path).map_err(|error| error.to_string());
    Input {
        name: name_of(path),
        stream: file.map(|file| Box::new(BufReader::with_capacity(1 << 16, file)) as _),
    }
}

/// The files behind the arguments, folders opened, each folder in the order of names.
pub(crate) fn files(inputs: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for input in inputs {
        if input != Path::new("-") && input.is_dir() {
            let before = files.len();
            walk(input, 0, &mut files)?;
            if files.len() == before {
                return Err(format!("{} holds no .yaml, .yml or .json file", input.display()));
            }
        } else {
            files.push(input.clone());
        }
    }
    Ok(files)
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", folder.display());
    if depth > MAX_DEPTH {
        return Err(format!("{}: folders nested deeper than {MAX_DEPTH}", folder.display()));
    }
    let mut entries =
        std::fs::read_dir(folder).map_err(wrong)?.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let kind = entry.file_type().map_err(wrong)?;
        // A link to a folder could lead round in a circle; links to files are read.
        if kind.is_dir() && !hidden {
            walk(&path, depth + 1, files)?;
        } else if !kind.is_dir() && !path.is_dir() && has_extension(&path) {
            if files.len() >= MAX_FILES {
                return Err(format!("more than {MAX_FILES} files"));
            }
            files.push(path);
        }
    }
    Ok(())
}

fn has_extension(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    })
}
