//! `lifeboat diff`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use lifeboat::catalogue::Catalogue;
use lifeboat::compile::Compilation;
use lifeboat::diag::{Diagnostic, codes};
use lifeboat::diff::{self, Diff, Side, render};
use lifeboat::emit::record;
use lifeboat::policy::Policy;
use lifeboat::prove::Model;
use lifeboat::source::SourceMap;
use lifeboat::source::extends::{LoadError, Loader, matching};

use super::context::{BROKEN, Context, FINDINGS, Format, name_of};
use super::outputs::{self, Compiled, Present};
use super::silent;

/// Show what a change means: claims that flip, who is down or evicted after which loss, what must be done
/// by hand; then the outputs.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  lifeboat diff\n  lifeboat diff --from main\n  lifeboat diff --from origin/main --format markdown\n  lifeboat diff --from sites/a.toml --to sites/b.toml\n  lifeboat diff --from golden-before --to golden\n\nEach side is a policy, a folder (with a policy, or of outputs), or a Git revision; of a revision the policy of the same path is read.\nExit code: 0 no claim is broken by the change, 1 a claim is refuted that was not before, 2 broken input."
)]
pub(crate) struct Args {
    /// The policy.
    #[arg(default_value = "policy.toml")]
    policy: PathBuf,
    /// Before: a policy, a folder, or a Git revision.
    #[arg(long, value_name = "WHAT", default_value = "HEAD")]
    from: String,
    /// After; the policy as it stands, unless given.
    #[arg(long, value_name = "WHAT")]
    to: Option<String>,
}

pub(crate) fn run(context: &Context, args: &Args) -> ExitCode {
    match compare(context, args) {
        Ok(found) => {
            match context.format {
                Format::Json => anstream::println!("{}", render::json(&found)),
                Format::Markdown => anstream::print!("{}", render::markdown(&found)),
                _ => anstream::print!("{}", render::human(&found)),
            }
            if found.breaks() { ExitCode::from(FINDINGS) } else { ExitCode::SUCCESS }
        }
        Err(Stop::Reported(code)) => code,
        Err(Stop::Said(message)) => {
            anstream::eprintln!("error: {message}");
            ExitCode::from(BROKEN)
        }
    }
}

/// Why there is no comparison.
enum Stop {
    Reported(ExitCode),
    Said(String),
}

/// What one side turned out to be.
enum Kind {
    Policy(PathBuf),
    Outputs(PathBuf),
    Revision(String),
}

fn compare(context: &Context, args: &Args) -> Result<Diff, Stop> {
    let from = kind(&args.from, &args.policy)?;
    let to = match &args.to {
        Some(to) => kind(to, &args.policy)?,
        None => Kind::Policy(args.policy.clone()),
    };
    if let (Kind::Outputs(a), Kind::Outputs(b)) = (&from, &to) {
        let files = diff::files(&texts(a)?, &texts(b)?);
        return Ok(Diff { files, ..Diff::default() });
    }
    if let (Kind::Outputs(folder), other) | (other, Kind::Outputs(folder)) = (&from, &to) {
        let compiled = side(context, other, &args.policy)?;
        let all = &compiled.artifacts;
        let mine = all.iter().map(|a| (a.path.clone(), a.text.clone())).collect();
        let theirs = texts(folder)?;
        let files = if matches!(from, Kind::Outputs(_)) {
            diff::files(&theirs, &mine)
        } else {
            diff::files(&mine, &theirs)
        };
        return Ok(Diff { files, ..Diff::default() });
    }
    let (before, after) = (side(context, &from, &args.policy)?, side(context, &to, &args.policy)?);
    let model = |compiled: &Compilation| Model::of_plan(&compiled.plan).ok();
    let (old, new) = (model(&before), model(&after));
    Ok(diff::diff(
        Side { compilation: &before, model: old.as_ref() },
        Side { compilation: &after, model: new.as_ref() },
    ))
}

/// A name is a path if something stands there, else a revision.
fn kind(what: &str, policy: &Path) -> Result<Kind, Stop> {
    let path = Path::new(what);
    if path.is_file() {
        return Ok(Kind::Policy(path.to_path_buf()));
    }
    if path.is_dir() {
        let inside = path.join(policy.file_name().unwrap_or_else(|| "policy.toml".as_ref()));
        return if inside.is_file() {
            Ok(Kind::Policy(inside))
        } else if path.join(record::FILE).is_file() {
            Ok(Kind::Outputs(path.to_path_buf()))
        } else {
            let name = name_of(path);
            Err(Stop::Said(format!("`{name}` has neither a policy nor the outputs of a build")))
        };
    }
    revision(what).map(Kind::Revision)
}

/// The commit that a revision names.
fn revision(what: &str) -> Result<String, Stop> {
    let verified =
        git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{what}^{{commit}}")]);
    match verified {
        Ok(hash) => Ok(hash.trim().to_owned()),
        Err(why) => {
            let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
            Err(Stop::Said(format!(
                "`{what}` is no file, no folder and no Git revision{why}\n  help: name what to compare with: lifeboat diff --from main"
            )))
        }
    }
}

/// Runs Git without a shell; its output, or the first line of its complaint.
fn git(arguments: &[&str]) -> Result<String, String> {
    let run = Command::new("git").args(arguments).output().map_err(|error| format!("git: {error}"))?;
    if run.status.success() {
        return String::from_utf8(run.stdout).map_err(|_| "not UTF-8".to_owned());
    }
    let complaint = String::from_utf8_lossy(&run.stderr);
    Err(complaint.lines().next().unwrap_or_default().to_owned())
}

/// Compiles one side. What a policy is warned about is the business of `check`; a comparison shows the
/// change, and only errors stop it.
fn side(context: &Context, kind: &Kind, policy: &Path) -> Result<Compilation, Stop> {
    let done = |result: Result<Compiled, ExitCode>| result.map(|c| c.compilation).map_err(Stop::Reported);
    match kind {
        Kind::Policy(path) => done(silent::compile(context, path)),
        Kind::Revision(hash) => {
            let revision = Revision { hash: hash.clone() };
            let charts = |catalogue, checked: &Policy, sources: &mut SourceMap| {
                revision.charts(catalogue, checked, sources)
            };
            done(silent::compile_from(context, policy, &revision, charts))
        }
        Kind::Outputs(_) => Err(Stop::Said("outputs are no policy".to_owned())),
    }
}

/// The files that a build recorded in a folder.
fn texts(folder: &Path) -> Result<BTreeMap<String, String>, Stop> {
    let unreadable =
        |path: &str, why: String| Stop::Said(format!("`{}`: {why}", name_of(&folder.join(path))));
    let mut found = BTreeMap::new();
    for path in outputs::files_below(folder).map_err(|e| unreadable("", e.to_string()))? {
        match outputs::present(folder, &path).map_err(|e| unreadable(&path, e.to_string()))? {
            Present::Text(text) => {
                found.insert(path, text);
            }
            Present::Missing => {}
            Present::Other(why) => return Err(unreadable(&path, why)),
        }
    }
    Ok(found)
}

/// Largest catalogue file of a revision, in bytes.
const MOST_CHART: u64 = 1 << 20;

/// Reads files as a commit has them.
struct Revision {
    hash: String,
}

impl Revision {
    /// A catalogue with the charts that lay beside the policy then.
    fn charts(
        &self,
        mut catalogue: Catalogue,
        checked: &Policy,
        sources: &mut SourceMap,
    ) -> Result<Catalogue, Vec<Diagnostic>> {
        let Some(charts) = &checked.cluster.charts else { return Ok(catalogue) };
        let folder = format!("{}/", plain(&charts.value));
        let listed = git(&["ls-tree", "--name-only", "-z", &self.hash, "--", &folder]).map_err(|why| {
            let message = format!("`{}`: {why}", charts.value);
            vec![
                Diagnostic::new(codes::build::CHARTS_UNREADABLE, message)
                    .help("compare with a later revision"),
            ]
        })?;
        let names = listed.split('\0').filter(|name| name.ends_with(".toml"));
        let files = names.filter_map(|name| Some((name.to_owned(), self.load(name, MOST_CHART).ok()?)));
        catalogue.extend(sources, files.collect::<Vec<_>>())?;
        Ok(catalogue)
    }
}

impl Loader for Revision {
    fn load(&self, name: &str, limit: u64) -> Result<String, LoadError> {
        // `./` makes Git resolve the path from here and not from the root of the repository.
        let path = Path::new(name);
        let text = match (path.is_absolute(), path.parent(), path.file_name()) {
            (true, Some(folder), Some(file)) => {
                let object = format!("{}:./{}", self.hash, file.to_string_lossy());
                git(&["-C", &folder.to_string_lossy(), "cat-file", "blob", &object])
            }
            _ => git(&["cat-file", "blob", &format!("{}:./{}", self.hash, plain(name))]),
        };
        let text = text.map_err(|_| LoadError::NotFound)?;
        let bytes = text.len() as u64;
        if bytes > limit {
            return Err(LoadError::TooLarge { bytes: Some(bytes), limit });
        }
        Ok(text)
    }

    fn list(&self, glob: &str) -> Result<Vec<String>, LoadError> {
        let glob = plain(glob);
        // Names relative to here, as those of the policy are; what lies above is asked for by its folder.
        let fixed = glob.split('/').take_while(|part| !part.contains(['*', '?', '[']));
        let folder: Vec<&str> = fixed.take_while(|part| *part == "..").collect();
        let below = if folder.is_empty() { ".".to_owned() } else { folder.join("/") };
        let listed = git(&["ls-tree", "-r", "--name-only", "-z", &self.hash, "--", &below])
            .map_err(|_| LoadError::NotFound)?;
        matching(&glob, listed.split('\0').filter(|name| !name.is_empty()))
    }
}

/// A relative name without `.` and inner `..`, which Git does not resolve.
fn plain(name: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
