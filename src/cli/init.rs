//! `lifeboat init`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lifeboat::source::extends::{LoadError, Loader};

use super::context::{BROKEN, Files, name_of};

/// Largest dump that is read, in bytes.
const MOST_DUMP: u64 = 64 << 20;

/// The policy that `init` writes. It compiles as it is; a test sees to that.
const TEMPLATE: &str = include_str!("../../templates/init.toml");

/// Write a commented policy to start from. Asks nothing, overwrites nothing.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  lifeboat init\n  lifeboat init sites/plant-7\n  kubectl get nodes,deploy,sts,ds,priorityclasses -A -o yaml > dump.yaml\n  lifeboat init --from-cluster dump.yaml"
)]
pub(crate) struct Args {
    /// The folder to write to.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Propose a policy for what a dump shows: nodes, deployments, statefulsets, daemonsets and priority classes.
    #[arg(long, value_name = "DUMP")]
    from_cluster: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let text = match args.from_cluster.as_deref().map(proposed) {
        None => TEMPLATE.to_owned(),
        Some(Ok(text)) => text,
        Some(Err(message)) => {
            anstream::eprintln!("error: {message}");
            return ExitCode::from(BROKEN);
        }
    };
    let files = [("policy.toml", text), ("policy.schema.json", lifeboat::policy::schema())];
    let existing: Vec<_> = files
        .iter()
        .map(|(name, _)| args.dir.join(name))
        .filter(|path| path.symlink_metadata().is_ok())
        .collect();
    if !existing.is_empty() {
        for path in &existing {
            anstream::eprintln!("error: {} is there already, and init overwrites nothing", path.display());
        }
        anstream::eprintln!("  help: name another folder: lifeboat init DIR");
        return ExitCode::from(BROKEN);
    }
    if let Err(error) = std::fs::create_dir_all(&args.dir) {
        anstream::eprintln!("error: {} cannot be made: {error}", args.dir.display());
        return ExitCode::from(BROKEN);
    }
    for (name, text) in &files {
        let path = args.dir.join(name);
        if let Err(error) = write_new(&path, text) {
            anstream::eprintln!("error: {} cannot be written: {error}", path.display());
            return ExitCode::from(BROKEN);
        }
        anstream::println!("wrote {}", path.display());
    }
    let policy = args.dir.join("policy.toml");
    let shown = if args.dir == Path::new(".") { String::new() } else { format!(" {}", policy.display()) };
    let first = if args.from_cluster.is_some() {
        "check the lines with a question mark"
    } else {
        "put your nodes in"
    };
    anstream::println!("next: {first}, then run `lifeboat build{shown}`");
    ExitCode::SUCCESS
}

/// The policy that a dump proposes.
fn proposed(dump: &Path) -> Result<String, String> {
    let text = Files.load(&name_of(dump), MOST_DUMP).map_err(|error| match error {
        LoadError::NotFound => format!("there is no `{}`", name_of(dump)),
        other => format!("`{}` cannot be read: {other:?}", name_of(dump)),
    })?;
    lifeboat::propose::policy(&text).map_err(|why| format!("`{}`: {why}", name_of(dump)))
}

/// Writes a file that must not be there, so that a race cannot overwrite one.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}
