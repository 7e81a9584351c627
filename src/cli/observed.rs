//! `lifeboat prove --rendered`: the cluster under proof is read, not planned.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lifeboat::cluster::Cluster;
use lifeboat::observed::{Observed, observe, render, usage};
use lifeboat::plan::Plan;
use lifeboat::source::SourceMap;
use lifeboat::source::extends::{LoadError, Loader};
use lifeboat::yaml::Budget;

use super::context::{BROKEN, Context, Files, Format, name_of};
use super::verify;

/// Reads the inputs, and reports what is wrong with them. Broken input is not proved.
pub(crate) fn read(
    context: &Context,
    plan: &Plan,
    sources: &SourceMap,
    inputs: &[PathBuf],
) -> Result<(Observed, bool), ExitCode> {
    let files = verify::files(inputs).map_err(|error| {
        anstream::eprintln!("error: {error}");
        ExitCode::from(BROKEN)
    })?;
    let mut observed = observe(plan, files.iter().map(|path| verify::open(path)), &Budget::default());
    let failed = context.report(std::mem::take(&mut observed.findings), sources);
    if context.format != Format::Json {
        anstream::print!("{}", render::human(&observed));
    }
    if observed.broken {
        anstream::eprintln!("error: nothing is proved of input that is broken");
        return Err(ExitCode::from(BROKEN));
    }
    Ok((observed, failed))
}

/// Largest text of figures, in bytes.
const MOST_TEXT: u64 = 32 << 20;

/// Reports requests that are far below the figures in a file. Returns whether one is an error.
pub(crate) fn usage(
    context: &Context,
    plan: &Plan,
    cluster: &Cluster,
    sources: &SourceMap,
    file: &Path,
) -> Result<bool, ExitCode> {
    let text = Files.load(&name_of(file), MOST_TEXT).map_err(|error| {
        let why = match error {
            LoadError::NotFound => "there is no such file".to_owned(),
            LoadError::IsFolder => "it is a folder".to_owned(),
            LoadError::TooLarge { limit, .. } => format!("it is larger than {limit} bytes"),
            LoadError::NotUtf8 { offset } => format!("it is not UTF-8 at byte {offset}"),
            LoadError::Other(why) => why,
        };
        anstream::eprintln!("error: {}: {why}", name_of(file));
        ExitCode::from(BROKEN)
    })?;
    let (uses, unreadable) = usage::read(&name_of(file), &text);
    if !unreadable.is_empty() {
        context.report(unreadable, sources);
        return Err(ExitCode::from(BROKEN));
    }
    Ok(context.report(usage::check(plan, cluster, &uses), sources))
}
