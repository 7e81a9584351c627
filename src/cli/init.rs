//! `lifeboat init`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::context::BROKEN;

/// The policy that `init` writes. It compiles as it is; a test sees to that.
const TEMPLATE: &str = include_str!("../../templates/init.toml");

/// Write a commented policy to start from. Asks nothing, overwrites nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  lifeboat init\n  lifeboat init sites/plant-7")]
pub(crate) struct Args {
    /// The folder to write to.
    #[arg(default_value = ".")]
    dir: PathBuf,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let files = [("policy.toml", TEMPLATE.to_owned()), ("policy.schema.json", lifeboat::policy::schema())];
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
    anstream::println!("next: put your nodes in, then run `lifeboat build{shown}`");
    ExitCode::SUCCESS
}

/// Writes a file that must not be there, so that a race cannot overwrite one.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}
