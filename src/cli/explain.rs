//! `lifeboat explain`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lifeboat::catalogue::Catalogue;
use lifeboat::compile;
use lifeboat::diag::{Code, Severity, codes};
use lifeboat::emit::Artifact;
use lifeboat::explain::{self, Page, World, render};
use lifeboat::policy;
use lifeboat::prove::Model;
use lifeboat::shape::did_you_mean;
use lifeboat::source::SourceMap;
use lifeboat::source::extends::{self, LoadError, Loader};
use lifeboat::source::tree::Value;

use super::context::{BROKEN, Context, Files, Format, name_of};
use super::outputs::Compiled;
use super::silent;

/// Explain anything: an output's line, a service, a component, a node, a tier, a scenario, a rule, a values path, a
/// finding's code; and what a line or a path of the policy causes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  lifeboat explain golden/argocd/values.yaml:12\n  lifeboat explain prometheus/prometheus\n  lifeboat explain worker-1\n  lifeboat explain red\n  lifeboat explain lifeboat.taint\n  lifeboat explain prometheus --lose worker-2\n  lifeboat explain critical\n  lifeboat explain controller.tolerations\n  lifeboat explain policy.toml:31\n  lifeboat explain nobody-ashore --format json\n\nExit code: 0 explained, 2 nothing is known by that name, or broken input."
)]
pub(crate) struct Args {
    /// What: FILE:LINE, a name of the policy, a values path, or a code such as `unknown-key`.
    subject: String,
    /// Say why it is where it is after these nodes are lost: at once (`a,b`) or in order (`a then b`).
    #[arg(long, value_name = "NODES")]
    lose: Option<String>,
    /// The policy.
    #[arg(long, default_value = "policy.toml")]
    policy: PathBuf,
}

pub(crate) fn run(context: &Context, args: &Args) -> ExitCode {
    if let Some(code) = Code::find(&args.subject) {
        if context.format == Format::Json {
            anstream::println!("{}", code.to_json());
        } else {
            anstream::print!("{}", code.to_text());
        }
        return ExitCode::SUCCESS;
    }
    // What cannot be a code needs the policy; without one, say what was not found.
    if !args.policy.is_file() {
        return unknown(&args.subject, codes::all().map(|c| c.name().to_owned()).collect());
    }
    let compiled = match silent::compile(context, &args.policy) {
        Ok(compiled) => compiled,
        Err(code) => return code,
    };
    let model = Model::of_plan(&compiled.compilation.plan).ok();
    let world =
        World { compilation: &compiled.compilation, sources: &compiled.sources, model: model.as_ref() };
    let page = match (&args.lose, world.model) {
        (None, _) => find(world, &compiled, &args.policy, &args.subject),
        (Some(_), None) => {
            anstream::eprintln!("error: this cluster is not one that the prover can take");
            return ExitCode::from(BROKEN);
        }
        (Some(lose), Some(model)) => match super::prove::losses(model, lose) {
            Ok(losses) => explain::lose(world, &args.subject, &losses),
            Err(message) => {
                anstream::eprintln!("error: {message}");
                return ExitCode::from(BROKEN);
            }
        },
    };
    match page {
        Some(page) => {
            print(context, &page);
            ExitCode::SUCCESS
        }
        None if args.lose.is_some() && explain::names(world).contains(&args.subject) => {
            anstream::eprintln!(
                "error: `--lose` tells of services, components, tiers and workloads, and {:?} is none: `lifeboat prove --lose` tells all",
                args.subject
            );
            ExitCode::from(BROKEN)
        }
        None => {
            if let Some(message) = beyond(world, &compiled, &args.subject) {
                anstream::eprintln!("error: {message}");
                return ExitCode::from(BROKEN);
            }
            let mut known = explain::names(world);
            known.extend(codes::all().map(|c| c.name().to_owned()));
            unknown(&args.subject, known)
        }
    }
}

fn find(world: World<'_>, compiled: &Compiled, policy: &Path, subject: &str) -> Option<Page> {
    if subject.is_empty() {
        return None;
    }
    if let Some((file, line)) = subject.rsplit_once(':')
        && let Ok(line) = line.parse::<u32>()
    {
        let output = below(&compiled.folder, file).and_then(|path| explain::output_line(world, &path, line));
        let source = file.trim_start_matches("./");
        return output.or_else(|| {
            explain::source_line(world, source, line as usize, Some(&|name, text| again(policy, name, text)))
        });
    }
    explain::name(world, subject).or_else(|| key(world, policy, subject))
}

/// What a key of the policy causes, by its path (`recovery.fencing`): what its line does.
fn key(world: World<'_>, policy: &Path, subject: &str) -> Option<Page> {
    let mut sources = SourceMap::default();
    let (tree, _) = extends::read(&Files, &mut sources, &name_of(policy));
    let (mut node, mut span) = (&tree, None);
    for key in subject.split('.') {
        let Value::Table(table) = &node.value else { return None };
        let entry = table.get(key)?;
        (node, span) = (&entry.node, Some(entry.key));
    }
    let file = sources.get(span?.file);
    let (line, _) = file.line_col(span?.start);
    explain::source_line(world, &file.name, line, Some(&|name, text| again(policy, name, text)))
}

/// Compiles the policy with another text for one of its files, but for the proof.
fn again(policy: &Path, name: &str, text: &str) -> Result<Vec<Artifact>, String> {
    let loader = Edited { name, text };
    let mut sources = SourceMap::default();
    let outputs = policy::load(&loader, &mut sources, &name_of(policy)).and_then(|checked| {
        let catalogue = super::outputs::with_charts(Catalogue::builtin(), &checked.policy, &mut sources)?;
        compile::unproved(checked.policy, &catalogue, &loader, &mut sources)
    });
    outputs.map_err(|findings| {
        let mut errors = findings.into_iter().filter(|finding| finding.severity == Severity::Error);
        errors.next().map_or_else(|| "it does not compile".to_owned(), |error| error.message)
    })
}

/// The files as they are, but for one.
struct Edited<'a> {
    name: &'a str,
    text: &'a str,
}

impl Loader for Edited<'_> {
    fn load(&self, name: &str, limit: u64) -> Result<String, LoadError> {
        if name == self.name { Ok(self.text.to_owned()) } else { Files.load(name, limit) }
    }

    fn list(&self, glob: &str) -> Result<Vec<String>, LoadError> {
        Files.list(glob)
    }
}

/// What is wrong with a place that is none: the file has fewer lines.
fn beyond(world: World<'_>, compiled: &Compiled, subject: &str) -> Option<String> {
    let (file, line) = subject.rsplit_once(':')?;
    line.parse::<u32>().ok()?;
    let output = below(&compiled.folder, file);
    let lines = explain::lines_of(world, output.as_deref(), file.trim_start_matches("./"))?;
    let plural = if lines == 1 { "" } else { "s" };
    Some(format!("{file} has {lines} line{plural}, and {line} is none of them"))
}

/// A path below the output folder.
fn below(folder: &Path, file: &str) -> Option<String> {
    let file = Path::new(file.trim_start_matches("./"));
    let folder = name_of(folder);
    file.strip_prefix(folder.trim_start_matches("./")).ok().map(name_of)
}

fn print(context: &Context, page: &Page) {
    if context.format == Format::Json {
        anstream::println!("{}", serde_json::to_string(page).unwrap_or_default());
    } else {
        anstream::print!("{}", render::human(page));
    }
}

fn unknown(subject: &str, known: Vec<String>) -> ExitCode {
    let near = did_you_mean(subject, known.iter().map(String::as_str));
    let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    anstream::eprintln!("error: nothing is known by the name {subject:?}{hint}");
    ExitCode::from(BROKEN)
}
